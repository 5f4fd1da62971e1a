"""The partner API and the management API do what /openapi.json says: schemathesis makes requests out of the document and checks the responses.

Needs AURIX_BIN (the program) and a Python that has what requirements.txt names. The commands of
docs/management.md are run before that. Closes with `N passed, N failed`, one test for them and one for each operation of the document.
"""
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit
from xml.etree import ElementTree

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tutorial"))
from processes import Platform, Program  # noqa: E402

SEED = 20260102
# Examples of an operation, by API: the management API has five times as many operations.
EXAMPLES_MAX = {"partner": 25, "management": 10}
SECONDS_MAX = 30
RUN_SECONDS_MAX = 240

NUMBER = "+6591234567"
PHONE_NUMBER_ID = "106540352242922"
APP_SECRET = "a-secret-of-the-app"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Server:
    """A server on a free port, with a project, a key, clicks, and leads with and without one."""

    def __init__(self, folder):
        self.folder = folder
        self.listener = Platform()
        settings = {name: value for name, value in os.environ.items() if not name.startswith("AURIX_")}
        self.environment = settings | {
            "AURIX_DATA_DIR": str(folder / "data"),
            "AURIX_LISTEN": "127.0.0.1:0",
            "AURIX_ALLOW_HTTP": "true",
            "AURIX_ALLOW_NETWORKS": "127.0.0.0/8",
            "AURIX_RATE_LIMITS": "off",
        }
        self.program = Program([os.environ["AURIX_BIN"], "serve"], cwd=folder, env=self.environment)
        self.address = self.program.wait_for(r"http://(127\.0\.0\.1:\d+)", SECONDS_MAX)[1]
        project = self.command("project", "create", "Schemathesis")["project_id"]
        self.key = self.command("key", "create", "--project", project, "--service", "topkee")["key"]
        self.token = self.command("token", "create", "--operator", "--name", "Schemathesis", "--scope", "admin")["token"]
        channel = self.command(
            "channel", "add", "whatsapp", "--project", project, "--phone-number-id", PHONE_NUMBER_ID, "--number", NUMBER,
            "--access-token", "an-access-token", "--app-secret", APP_SECRET, "--verify-token", "a-verify-token",
            "--api-base", self.listener.url,
        )
        self.channel_path = urlsplit(channel["webhook_url"]).path
        widget = self.command("widget", "create", "--project", project, "--channel", channel["channel_id"])["widget_id"]
        for number in range(4):
            self.click(f"/c/{widget}")
            self.message(number, self.click(f"/c/{widget}?click_url=https%3A%2F%2Fshop.example%2F%3Futm_source%3Dgoogle"))
        self.message(4, "Hello, I am Mei Tan, mei@example.com. Do you have time tomorrow?")
        webhook = self.command("webhook", "add", "--project", project, "--url", f"{self.listener.url}/webhook")["id"]
        self.click(f"/c/{widget}")
        self.command("link", "create", "--project", project, "--channel", channel["channel_id"], "--source", "poster")
        # What stands in paths, so that calls find something.
        self.names = {
            "AURIX_TEST_PROJECT": project, "AURIX_TEST_CHANNEL": channel["channel_id"], "AURIX_TEST_WIDGET": widget,
            "AURIX_TEST_WEBHOOK": webhook,
        }
        delivery = self.wait_for("/deliveries")
        self.names |= {"AURIX_TEST_DELIVERY": delivery["id"], "AURIX_TEST_EVENT": delivery["event_id"]}

    def command(self, *words):
        """Runs a command of Aurix and gives the JSON object that it prints."""
        line = [os.environ["AURIX_BIN"], *words, "--json"]
        done = subprocess.run(
            line, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        assert done.returncode == 0, f"aurix {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout)

    def request(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS_MAX)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, response.headers, text

    def click(self, path):
        """Clicks, and gives the text that the visitor then sends."""
        status, headers, _ = self.request("GET", path, **{"User-Agent": BROWSER})
        assert status == 302, f"{status} instead of a redirect"
        return unquote_plus(urlsplit(headers["location"]).query.removeprefix("text="))

    def message(self, number, text):
        """A person sends a text."""
        person = f"658111222{number}"
        message = {"from": person, "id": f"wamid.{number}", "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": NUMBER.removeprefix("+"), "phone_number_id": PHONE_NUMBER_ID},
            "contacts": [{"profile": {"name": "Mei"}, "wa_id": person}],
            "messages": [message],
        }
        change = {"id": "1", "changes": [{"field": "messages", "value": value}]}
        body = json.dumps({"object": "whatsapp_business_account", "entry": [change]}).encode()
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        status, _, response = self.request("POST", self.channel_path, body, **headers)
        assert status == 200, f"{status}: {response}"

    def wait_for(self, path):
        """The first row of a list of the management API, once there is one."""
        path = f"/api/v1/projects/{self.names['AURIX_TEST_PROJECT']}{path}"
        until = time.monotonic() + SECONDS_MAX
        while time.monotonic() < until:
            status, _, text = self.request("GET", path, Authorization=f"Bearer {self.token}")
            assert status == 200, text
            if rows := json.loads(text)["data"]:
                return rows[0]
            time.sleep(0.1)
        raise AssertionError(f"{path} lists nothing")

    def stop(self):
        code = self.program.stop(signal.SIGTERM)
        self.listener.stop()
        assert code == 0, f"exit code {code}:\n{self.program.output()}"


def follow_the_document(server):
    """Runs the commands of docs/management.md, from nothing to a listed lead and on, with what the server has. Each has to succeed."""
    text = (HERE.parents[1] / "docs" / "management.md").read_text()
    chapters = re.split(r"^## ", text, flags=re.MULTILINE)
    wanted = [chapter for chapter in chapters if chapter.startswith(("From nothing", "The commonest jobs"))]
    assert len(wanted) == 2, "docs/management.md has other chapters"
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", "".join(wanted), re.DOTALL))
    lines = [line for line in blocks.splitlines() if not line.startswith("aurix ")]
    known = {"BASE": f"http://{server.address}", "TOKEN": server.token, "PROJECT": server.names["AURIX_TEST_PROJECT"]}
    given = [f"{name}={known[name]}" if (name := line.partition("=")[0]) in known else line for line in lines]
    lead = server.wait_for("/leads?q=mei@example.com")
    ids = {
        "WEBHOOK": server.names["AURIX_TEST_WEBHOOK"], "WIDGET": server.names["AURIX_TEST_WIDGET"],
        "DELIVERY": server.names["AURIX_TEST_DELIVERY"],
        "LEAD": str(lead["lead_id"]), "CONVERSATION": str(lead["conversation_id"]),
    }
    script = "\n".join(['curl() { command curl --fail-with-body -sS "$@"; }', *given])
    script = script.replace("https://crm.example/hook", f"{server.listener.url}/webhook")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=server.folder, env=server.environment | ids,
        capture_output=True, text=True, timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, f"{done.stderr}\n{done.stdout}"
    assert '"lead_id"' in done.stdout and "mei@example.com" in (server.folder / "leads.csv").read_text(), done.stdout
    print(f"figure: {sum('curl' in line for line in lines)} commands of docs/management.md, each run")


# Each API with what opens it: the paths, as schemathesis chooses them.
APIS = {
    "partner": ("--exclude-path-regex", "key"),
    "management": ("--include-path-regex", "token"),
}


def schemathesis(server, api, report):
    """Runs it for one API, and gives its exit code."""
    choice, secret = APIS[api]
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"http://{server.address}/openapi.json", "--url", f"http://{server.address}",
        choice, "^/api/v1/", "--header", f"Authorization: Bearer {getattr(server, secret)}",
        "--seed", str(SEED), "--max-examples", str(EXAMPLES_MAX[api]),
        "--report", "junit", "--report-junit-path", str(report),
    ]
    settings = os.environ | server.names | {
        "SCHEMATHESIS_HOOKS": "hooks",
        "PYTHONPATH": str(HERE),
        "AURIX_TEST_LISTENER": f"{server.listener.url}/webhook",
    }
    return subprocess.run(command, cwd=server.folder, env=settings, timeout=RUN_SECONDS_MAX).returncode


def count(report):
    """How many operations passed, and how many failed."""
    failed, seen = set(), set()
    for test in ElementTree.parse(report).iter("testcase"):
        seen.add(test.get("name"))
        if test.find("failure") is not None or test.find("error") is not None:
            failed.add(test.get("name"))
    return len(seen - failed), len(failed)


def main():
    with tempfile.TemporaryDirectory(prefix="aurix-openapi-") as folder:
        server = Server(Path(folder))
        codes, passed, failed = [], 1, 0
        try:
            follow_the_document(server)
            for api in APIS:
                report = Path(folder) / f"{api}.xml"
                codes.append(schemathesis(server, api, report))
                counted = count(report) if report.exists() else (0, 1)
                passed, failed = passed + counted[0], failed + counted[1]
        finally:
            server.stop()
    print(f"seed: {SEED}")
    print(f"{passed} passed, {failed} failed")
    return 1 if any(codes) or failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
