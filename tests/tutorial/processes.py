"""Programs and servers around the tutorial test: started, listened to with a limit, stopped."""
import json
import re
import signal
import socket
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOP_SECONDS_MAX = 25


class Program:
    """A running program whose output is read line by line as it comes."""

    def __init__(self, command, **options):
        self.name = " ".join(map(str, command))
        self.lines = []
        self.ended = False
        self.news = threading.Condition()
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.ended = True
            self.news.notify_all()

    def find(self, pattern):
        """The first match of a pattern in a line printed so far, or None."""
        return next((match for match in map(re.compile(pattern).search, self.lines) if match), None)

    def wait_for(self, pattern, seconds):
        """The first match of a pattern in a line, now or within the time."""
        with self.news:
            self.news.wait_for(lambda: self.ended or self.find(pattern), seconds)
            match = self.find(pattern)
        if match is None:
            raise AssertionError(f"{self.name} did not print {pattern!r} within {seconds} s:\n{self.output()}")
        return match

    def output(self):
        return "\n".join(f"    {line}" for line in self.lines[-60:])

    def stop(self, with_signal=signal.SIGTERM):
        """Stops the program and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            code = self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop within {STOP_SECONDS_MAX} s:\n{self.output()}") from None
        self.reader.join(STOP_SECONDS_MAX)
        return code


class Platform:
    """Stands for WhatsApp's Cloud API: takes every message that is sent, and gives it an id."""

    def __init__(self):
        sent = self.sent = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                # That a message was read is no message.
                if json.loads(body).get("status") != "read":
                    sent.append(body)
                response = {"messaging_product": "whatsapp", "messages": [{"id": f"wamid.reply{len(sent)}"}]}
                body = json.dumps(response).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def is_free(port):
    """Whether a port can be listened on, on every address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
        except OSError:
            return False
        return True


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
