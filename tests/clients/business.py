"""A business whose systems are connected to Aurix: the program on a free port, a project with a key and a button, WhatsApp scripted at
its HTTP border, and a system of the business that is posted to."""
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote_plus, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / folder) for folder in ("tutorial", "packages")]
from processes import Platform, Program  # noqa: E402

SECONDS_MAX = 30
SERVICE = "crm"
# The address of Aurix in the documents.
BASE_URL = "https://aurix.example.com"
NUMBER = "+6591234567"
PHONE_NUMBER_ID = "106540352242922"
APP_SECRET = "a-secret-of-the-app"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Request:
    path: str
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Listener:
    """Keeps what is posted to it, and answers 200."""

    def __init__(self):
        self.requests = []
        self.news = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                with listener.news:
                    listener.requests.append(request)
                    listener.news.notify_all()
                self.send_response(200)
                self.send_header("content-length", "2")
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def find(self, wanted):
        return next((request for request in self.requests if wanted(request)), None)

    def wait_for(self, what, wanted, seconds=SECONDS_MAX):
        """The first request that is wanted, now or within the time."""
        with self.news:
            self.news.wait_for(lambda: self.find(wanted), seconds)
            found = self.find(wanted)
            assert found, f"no {what} within {seconds} s, but {[request.body for request in self.requests]}"
            return found

    def event(self, event_type):
        return self.wait_for(event_type, lambda request: request.json().get("event_type") == event_type)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Business:
    def __init__(self, folder):
        self.folder = folder
        self.platform, self.listener = Platform(), Listener()
        settings = {name: value for name, value in os.environ.items() if not name.startswith("AURIX_")}
        self.environment = settings | {
            "AURIX_DATA_DIR": str(folder / "data"),
            "AURIX_LISTEN": "127.0.0.1:0",
            "AURIX_ALLOW_HTTP": "true",
            "AURIX_ALLOW_NETWORKS": "127.0.0.0/8",
        }
        self.program = Program([os.environ["AURIX_BIN"], "serve"], cwd=folder, env=self.environment)
        self.url, self.address = self.program.wait_for(r"(http://(127\.0\.0\.1:\d+))", SECONDS_MAX).groups()
        self.project = self.command("project", "create", "Juniper Table", "--region", "SG")["project_id"]
        self.channel = self.command(
            "channel", "add", "whatsapp", "--project", self.project, "--phone-number-id", PHONE_NUMBER_ID, "--number", NUMBER,
            "--access-token", "an-access-token", "--app-secret", APP_SECRET, "--verify-token", "a-verify-token",
            "--api-base", self.platform.url,
        )["channel_id"]
        self.widget = self.command("widget", "create", "--project", self.project, "--channel", self.channel)["widget_id"]

    def key(self, service=SERVICE):
        return self.command("key", "create", "--project", self.project, "--service", service)["key"]

    def command(self, *words):
        """Runs a command of Aurix and gives the JSON object that it prints."""
        line = [os.environ["AURIX_BIN"], *words, "--json"]
        done = subprocess.run(
            line, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=SECONDS_MAX
        )
        assert done.returncode == 0, f"aurix {' '.join(words)}: {done.stderr}"
        return json.loads(done.stdout)

    def request(self, method, path, body=None, **headers):
        """One HTTP request to Aurix: its status, its headers, its body. Redirects are not followed."""
        connection = http.client.HTTPConnection(self.address, timeout=SECONDS_MAX)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, response.headers, text

    def partner(self, key, method, path, body=None, service=SERVICE):
        """A call of the partner API: its body, or an error."""
        headers = {"Authorization": f"Bearer {key}"} | ({"Content-Type": "application/json"} if body else {})
        status, _, text = self.request(method, f"/integrations/{service}{path}", json.dumps(body) if body else None, **headers)
        assert status == 200, f"{status}: {text}"
        return json.loads(text)

    def click(self, query=""):
        """Presses the button, and gives the text that the visitor then sends."""
        status, headers, _ = self.request("GET", f"/c/{self.widget}?{query}", **{"User-Agent": BROWSER})
        assert status == 302, f"{status} instead of a redirect"
        return unquote_plus(urlsplit(headers["location"]).query.removeprefix("text="))

    def message(self, person, text):
        """A person sends a text by WhatsApp."""
        message = {"from": person, "id": f"wamid.{time.monotonic_ns()}", "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}
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
        path = f"/channels/whatsapp/{PHONE_NUMBER_ID}/webhook"
        status, _, response = self.request("POST", path, body, **headers)
        assert status == 200, f"{status}: {response}"

    def lead(self, person, campaign):
        """Somebody comes by an ad, and leaves their details: a lead that is complete once the agent has read them."""
        self.message(person, self.click(f"click_url=https%3A%2F%2Fshop.example%2F%3Futm_campaign%3D{campaign}"))
        self.message(person, "I am Zoë Tan, zoe.tan@example.com. A table for two, 谢谢!")

    def stop(self):
        code = self.program.stop()
        self.platform.stop()
        self.listener.stop()
        assert code == 0, f"exit code {code}:\n{self.program.output()}"
