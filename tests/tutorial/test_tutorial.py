"""The integration tutorial, followed word for word: its listener and its curl command, taken from the document itself.

Only the base URL, the API key and the listener's address are put in, as the tutorial tells its reader to. Needs AURIX_BIN (the
program), curl, and a Python that has what requirements.txt names. Closes with `N passed, N failed`.
"""
import ast
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
import traceback
from pathlib import Path
from urllib.parse import quote, unquote_plus, urlsplit

from processes import Platform, Program, free_port, is_free

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = ROOT.parent / "shared" / "sources" / "aurix-integration-tutorial.md"
TUTORIAL_BASE_URL = "https://chatbot-api.oomdigital.com"
TUTORIAL_PORT = 8005
SECONDS_MAX = 30

NUMBER = "+6591234567"
CUSTOMER = "6581112222"
PHONE_NUMBER_ID = "106540352242922"
APP_SECRET = "a-secret-of-the-app"
CLICK_URL = "https://shop.example/landing?utm_source=google"


class Reader:
    """One reader of the tutorial, and everything they started."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.platform = Platform()
        self.programs = []
        self.listener = self.server = None
        settings = {name: value for name, value in os.environ.items() if not name.startswith("AURIX_")}
        self.environment = settings | {
            "AURIX_DATA_DIR": str(self.folder / "data"),
            "AURIX_LISTEN": "127.0.0.1:0",
            "AURIX_ALLOW_HTTP": "true",
            "AURIX_ALLOW_NETWORKS": "127.0.0.0/8,::1/128",
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, command, **more):
        program = Program(command, cwd=self.folder, env=self.environment | more)
        self.programs.append(program)
        return program

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

    # The tutorial's steps, in its order.

    def aurix_runs_with_a_project_a_key_and_a_button(self):
        self.server = self.start([os.environ["AURIX_BIN"], "serve"])
        self.address = self.server.wait_for(r"http://(127\.0\.0\.1:\d+)", SECONDS_MAX)[1]
        project = self.command("project", "create", "Tutorial")["project_id"]
        self.key = self.command("key", "create", "--project", project, "--service", "topkee")["key"]
        channel = self.command(
            "channel", "add", "whatsapp", "--project", project, "--phone-number-id", PHONE_NUMBER_ID, "--number", NUMBER,
            "--access-token", "an-access-token", "--app-secret", APP_SECRET, "--verify-token", "a-verify-token",
            "--api-base", self.platform.url,
        )
        self.channel_path = urlsplit(channel["webhook_url"]).path
        widget = self.command("widget", "create", "--project", project, "--channel", channel["channel_id"])
        self.widget = widget["widget_id"]

    def step_1_the_listener_starts(self):
        script = fenced_block("python", "webhook_listener")
        (self.folder / "webhook_listener.py").write_text(script)
        self.port = TUTORIAL_PORT if is_free(TUTORIAL_PORT) else free_port()
        self.start_listener()

    def start_listener(self, **environment):
        command = [sys.executable, "webhook_listener.py"]
        if self.port != TUTORIAL_PORT:
            print(f"  port {TUTORIAL_PORT} is taken: the listener runs on {self.port}")
            command = [sys.executable, "-m", "uvicorn", "webhook_listener:app", "--port", str(self.port)]
        self.listener = self.start(command, **environment)
        self.listener.wait_for(r"Uvicorn running on", SECONDS_MAX)

    def step_3_the_curl_command_registers_it(self):
        self.webhook_url = f"http://127.0.0.1:{self.port}/webhook"
        command = fenced_block("bash", "curl -X PUT")
        for theirs, ours in [
            (TUTORIAL_BASE_URL, f"http://{self.address}"),
            ("<YOUR_API_KEY>", self.key),
            ("<YOUR_WEBHOOK_URL>", self.webhook_url),
        ]:
            assert theirs in command, f"the tutorial's command has no {theirs}"
            command = command.replace(theirs, ours)
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=SECONDS_MAX)
        assert done.returncode == 0, done.stderr
        self.config = json.loads(done.stdout)

    def the_response_has_the_tutorials_shape(self):
        shown = json.loads(fenced_block("json", '"service_name"'))
        assert set(shown) <= set(self.config), f"the tutorial shows {sorted(shown)}, the response is {self.config}"
        assert self.config["service_name"] == "topkee", self.config
        assert self.config["target_url"] == self.webhook_url, self.config
        assert self.config["secret"].startswith("aurix_"), self.config
        assert self.config["is_active"] is True, self.config
        assert isinstance(self.config["id"], str) and self.config["id"], self.config

    def the_listener_restarts_with_the_secret(self):
        self.listener.stop(signal.SIGINT)  # Ctrl-C, as the reader would
        self.start_listener(AURIX_WEBHOOK_SECRET=self.config["secret"])

    def step_4_a_click_of_the_button_arrives(self):
        browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        path = f"/c/{self.widget}?click_url={quote(CLICK_URL, safe='')}"
        status, headers, _ = self.request("GET", path, **{"User-Agent": browser})
        assert status == 302, f"{status} instead of a redirect"
        self.text = unquote_plus(urlsplit(headers["location"]).query.removeprefix("text="))
        self.reference = re.search(r"Reference: (O-[0-9A-Za-z]{7})", self.text)[1]
        data = self.event("widget.click")
        assert data["correlation_id"] == self.reference, data
        assert data["click_url"] == CLICK_URL, data
        assert data["parsed_params"] == {"utm_source": "google"}, data
        assert data["ip_address"] == "127.0.0.1" and data["user_agent"] == browser, data

    def step_4_their_message_arrives_as_a_lead(self):
        body = json.dumps(whatsapp_message(self.text)).encode()
        signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}
        status, _, text = self.request("POST", self.channel_path, body, **headers)
        assert status == 200, f"{status}: {text}"
        data = self.event("lead.correlated")
        assert data["correlation_id"] == self.reference, data
        assert isinstance(data["conversation_id"], int), data
        assert data["phone_number"] == f"+{CUSTOMER}", data
        assert data["lead_status"] == "correlated" and data["channel_id"], data

    def event(self, event_type):
        """The data of an event that the listener has verified, as it logged it."""
        self.listener.wait_for(f"Received valid event: {re.escape(event_type)}$", SECONDS_MAX)
        logged = self.listener.wait_for(r"Data: (\{'event_type': '" + re.escape(event_type) + r"'.*\})$", SECONDS_MAX)
        body = ast.literal_eval(logged[1])
        assert body["event_id"].startswith("evt_") and body["timestamp"].endswith("Z"), body
        return body["data"]

    def no_signature_was_wrong(self):
        for listener in self.programs[1:]:
            wrong = listener.find("invalid signature|Error processing|Traceback")
            assert not wrong, listener.output()

    def aurix_stops_in_order(self):
        code = self.server.stop()
        assert code == 0, f"exit code {code}:\n{self.server.output()}"

    def close(self):
        for program in reversed(self.programs):
            program.stop(signal.SIGKILL)
        self.platform.stop()


STEPS = [
    Reader.aurix_runs_with_a_project_a_key_and_a_button,
    Reader.step_1_the_listener_starts,
    Reader.step_3_the_curl_command_registers_it,
    Reader.the_response_has_the_tutorials_shape,
    Reader.the_listener_restarts_with_the_secret,
    Reader.step_4_a_click_of_the_button_arrives,
    Reader.step_4_their_message_arrives_as_a_lead,
    Reader.no_signature_was_wrong,
    Reader.aurix_stops_in_order,
]


def fenced_block(language, containing):
    """The one block of that language in the tutorial that contains the words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", TUTORIAL.read_text(), re.MULTILINE | re.DOTALL)
    found = [block for block in blocks if containing in block]
    assert len(found) == 1, f"the tutorial has {len(found)} blocks of {language} with {containing!r}"
    return found[0]


def whatsapp_message(text):
    """A text message as the Cloud API's webhook brings it."""
    message = {"from": CUSTOMER, "id": "wamid.tutorial1", "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": NUMBER.removeprefix("+"), "phone_number_id": PHONE_NUMBER_ID},
        "contacts": [{"profile": {"name": "Mei"}, "wa_id": CUSTOMER}],
        "messages": [message],
    }
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}


def main():
    if not TUTORIAL.exists():
        for step in STEPS:
            print(f"skipped: tutorial::{step.__name__}: {TUTORIAL.name} is not beside the checkout")
        print(f"0 passed, 0 failed, {len(STEPS)} skipped")
        return 0
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="aurix-tutorial-") as folder:
        reader = Reader(folder)
        try:
            for step in STEPS:
                step(reader)
                passed += 1
                print(f"ok {step.__name__.replace('_', ' ')}")
        except Exception:
            failed = 1
            print(f"not ok {step.__name__.replace('_', ' ')}")
            traceback.print_exc(file=sys.stdout)
            for program in reader.programs:
                print(f"{program.name}:\n{program.output()}")
        finally:
            reader.close()
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
