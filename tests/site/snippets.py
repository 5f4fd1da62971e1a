"""Runs each snippet of docs/verify against requests that a real server signed, where its language is installed."""
import json
import shutil
import subprocess
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from checks import Skipped

VERIFY = Path(__file__).resolve().parents[2] / "docs/verify"
SECONDS_MAX = 120

# What is added to a snippet so that it answers for files: each line of the standard input is a JSON object with `secret`, the file
# `body` and `signature`; it prints `true` or `false` for each.
PYTHON = """
import json, sys
for line in sys.stdin:
    case = json.loads(line)
    print(str(is_from_aurix(case["secret"], open(case["body"], "rb").read(), case["signature"])).lower())
"""
NODE = """
const { readFileSync } = require("node:fs");
for (const line of readFileSync(0, "utf8").trim().split("\\n")) {
  const { secret, body, signature } = JSON.parse(line);
  console.log(isFromAurix(secret, readFileSync(body), signature));
}
"""
RUBY = """
require "json"
STDIN.each_line do |line|
  one = JSON.parse(line)
  puts from_aurix?(one["secret"], File.binread(one["body"]), one["signature"])
end
"""
GO = """
func main() {
	decoder := json.NewDecoder(os.Stdin)
	for {
		var one struct{ Secret, Body, Signature string }
		if decoder.Decode(&one) != nil {
			return
		}
		body, _ := os.ReadFile(one.Body)
		fmt.Println(isFromAurix(one.Secret, body, one.Signature))
	}
}
"""
# The cases as arguments: the standard library of Java reads no JSON.
JAVA = """
class Main {
    public static void main(String[] words) throws Exception {
        for (int i = 0; i < words.length; i += 3)
            System.out.println(Verify.isFromAurix(words[i], java.nio.file.Files.readAllBytes(java.nio.file.Path.of(words[i + 1])), words[i + 2]));
    }
}
"""
# PHP's snippet reads the request itself: each case is one, to PHP's own server.
PHP = "<?php $secret = file_get_contents(__DIR__ . '/secret'); require __DIR__ . '/verify.php'; echo 'true';"


class Receiver:
    """An endpoint that keeps the requests as they come."""

    def __init__(self):
        received = self.received = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                received.append((self.rfile.read(int(self.headers["content-length"])), self.headers["x-hub-signature"]))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def program(name):
    if found := shutil.which(name):
        return found
    raise Skipped(f"{name} is not installed")


def tests(server, folder):
    """A test for each language."""

    @cache
    def cases():
        """Signed requests and broken ones: the secret, the file of the body, the signature, and whether it is ours."""
        receiver = Receiver()
        project = server().command("project", "create", "Köln & more")["project_id"]
        webhook = server().command("webhook", "add", "--project", project, "--url", receiver.url)
        identity = webhook.get("webhook_id") or webhook["id"]
        server().command("webhook", "test", identity)
        receiver.server.shutdown()
        secret = webhook["secret"]
        assert len(receiver.received) >= 3 and secret.startswith("aurix_"), (receiver.received, webhook)
        made = []
        for number, (body, signature) in enumerate(receiver.received):
            intact, changed = folder / f"body{number}", folder / f"changed{number}"
            intact.write_bytes(body)
            changed.write_bytes(body[:-1] + b" }")
            made += [(secret, intact, signature, True), (secret, changed, signature, False), (secret + "x", intact, signature, False),
                     (secret, intact, "", False), (secret, intact, signature.upper() + "0", False), (secret, intact, signature[:-1], False)]
        return made

    def judged(command, source, name, as_words=False):
        """Runs a program that answers for each case, and compares."""
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(source)
        words = [word for secret, body, signature, _ in cases() for word in (secret, str(body), signature)] if as_words else []
        lines = "".join(json.dumps({"secret": secret, "body": str(body), "signature": signature}) + "\n" for secret, body, signature, _ in cases())
        done = subprocess.run([*command, place, *words], input=lines, capture_output=True, text=True, timeout=SECONDS_MAX, cwd=place.parent)
        expected = [str(ours).lower() for *_, ours in cases()]
        assert done.returncode == 0 and done.stdout.split() == expected, (done.stdout, done.stderr, expected)

    def snippet(name):
        return (VERIFY / name).read_text()

    def the_python_snippet_knows_what_is_ours():
        judged([program("python3")], snippet("verify.py") + PYTHON, "python/check.py")

    def the_javascript_snippet_knows_what_is_ours():
        judged([program("node")], snippet("verify.js") + NODE, "node/check.cjs")

    def the_ruby_snippet_knows_what_is_ours():
        judged([program("ruby")], snippet("verify.rb") + RUBY, "ruby/check.rb")

    def the_go_snippet_knows_what_is_ours():
        source = snippet("verify.go").replace("import (", 'package main\n\nimport (\n\t"encoding/json"\n\t"fmt"\n\t"os"', 1)
        judged([program("go"), "run"], source + GO, "go/check.go")

    def the_java_snippet_knows_what_is_ours():
        # The first class of the file is the one that is run.
        imports = "".join(line + "\n" for line in snippet("Verify.java").splitlines() if line.startswith("import "))
        rest = "".join(line + "\n" for line in snippet("Verify.java").splitlines() if not line.startswith("import "))
        judged([program("java")], imports + JAVA + rest, "java/Main.java", as_words=True)

    def the_php_snippet_knows_what_is_ours():
        php = program("php")
        place = folder / "php"
        place.mkdir()
        (place / "verify.php").write_text(snippet("verify.php"))
        (place / "index.php").write_text(PHP)
        import http.client
        from processes import Program, free_port

        port = free_port()
        served = Program([php, "-S", f"127.0.0.1:{port}", "-t", str(place)])
        try:
            served.wait_for("started", SECONDS_MAX)
            for secret, body, signature, ours in cases():
                (place / "secret").write_text(secret)
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS_MAX)
                connection.request("POST", "/", body.read_bytes(), {"x-hub-signature": signature} if signature else {})
                response = connection.getresponse()
                said = (response.status, response.read())
                assert said == ((200, b"true") if ours else (401, b"")), (said, ours, served.output())
        finally:
            served.stop()

    return [
        the_python_snippet_knows_what_is_ours, the_javascript_snippet_knows_what_is_ours, the_ruby_snippet_knows_what_is_ours,
        the_go_snippet_knows_what_is_ours, the_java_snippet_knows_what_is_ours, the_php_snippet_knows_what_is_ours,
    ]
