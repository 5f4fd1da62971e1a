"""The Standard Webhooks libraries for Python and JavaScript read deliveries of clicks, messages and leads. (That of crates.io is in
tests/it/standard_webhooks.rs.)"""
import json
import os
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from standardwebhooks import Webhook, WebhookVerificationError

from business import SECONDS_MAX, Listener

EVENTS = ["widget.click", "lead.correlated", "lead.complete"]
# Older than the five minutes that the libraries allow.
OLD_SECONDS = 6 * 60


def by_python(secret, headers, body, at=None):
    """The parsed body, or why the library refuses it. With `at`, it is signed anew as of that second."""
    # Ours is no base64: its bytes are the key.
    webhook = Webhook(secret.encode())
    if at:
        signature = webhook.sign(headers["webhook-id"], datetime.fromtimestamp(at, UTC), body.decode())
        headers = headers | {"webhook-timestamp": str(at), "webhook-signature": signature}
    try:
        return webhook.verify(body, headers), None
    except WebhookVerificationError as error:
        return None, str(error)


def by_javascript(secret, headers, body, at=None):
    line = json.dumps({"secret": secret, "headers": headers, "body": body.decode(), "at": at})
    done = subprocess.run(
        ["node", Path(__file__).with_name("verify.mjs")], input=line, cwd=os.environ["CLIENTS_DIR"],
        capture_output=True, text=True, timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    return said.get("event"), said.get("refused")


def tests(business):
    key = business.key()

    @cache
    def received():
        """A webhook and its deliveries: of a click, of the message that it led to, and of the lead."""
        listener = Listener()
        secret = business.partner(key, "PUT", "/webhook-config", {"url": f"{listener.url}/hook"})["secret"]
        business.lead("6581110001", "libraries")
        return SimpleNamespace(listener=listener, secret=secret, events={name: listener.event(name) for name in EVENTS})

    def accepts(verify):
        for name, request in received().events.items():
            event, refused = verify(received().secret, request.headers, request.body)
            assert refused is None and event == request.json(), (name, refused)
        lead = received().events["lead.complete"].json()["data"]["lead_data"]
        assert lead["name"] == "Zoë Tan" and lead["phone"] == "+6581110001", lead

    def refuses(verify):
        secret, request = received().secret, received().events["lead.complete"]
        changed = request.body.replace(b"zoe.tan@", b"eve.tan@")
        another = {**request.headers, "webhook-id": "evt_another"}
        later = {**request.headers, "webhook-timestamp": str(int(request.headers["webhook-timestamp"]) + 1)}
        unsigned = {name: value for name, value in request.headers.items() if name != "webhook-signature"}
        now = int(time.time())
        for what, attempt, reason in [
            ("another body", (secret, request.headers, changed), "No matching signature"),
            ("another id", (secret, another, request.body), "No matching signature"),
            ("another time", (secret, later, request.body), "No matching signature"),
            ("another secret", (f"{secret}0", request.headers, request.body), "No matching signature"),
            ("no signature", (secret, unsigned, request.body), "Missing required headers"),
            ("an old one", (secret, request.headers, request.body, now - OLD_SECONDS), "Message timestamp too old"),
        ]:
            event, refused = verify(*attempt)
            assert event is None and reason in refused, (what, event, refused)
        # It is the age alone that it refuses there.
        assert verify(secret, request.headers, request.body, now)[1] is None

    def accepts_both_secrets(verify):
        listener, old = received().listener, received().secret
        new = business.partner(key, "POST", "/webhook-config/rotate-secret")["secret"]
        received().secret = new
        before = len(listener.requests)
        business.click()
        request = listener.wait_for("click after the rotation", lambda one: one in listener.requests[before:])
        assert old != new and len(request.headers["webhook-signature"].split()) == 2, request.headers
        for secret in (old, new):
            event, refused = verify(secret, request.headers, request.body)
            assert event == request.json(), refused

    def the_python_library_accepts_what_is_delivered():
        accepts(by_python)

    def the_javascript_library_accepts_what_is_delivered():
        accepts(by_javascript)

    def the_python_library_refuses_what_is_changed_foreign_or_old():
        refuses(by_python)

    def the_javascript_library_refuses_what_is_changed_foreign_or_old():
        refuses(by_javascript)

    def after_a_rotation_both_secrets_verify_in_python():
        accepts_both_secrets(by_python)

    def after_a_rotation_both_secrets_verify_in_javascript():
        accepts_both_secrets(by_javascript)

    return [
        the_python_library_accepts_what_is_delivered, the_javascript_library_accepts_what_is_delivered,
        the_python_library_refuses_what_is_changed_foreign_or_old, the_javascript_library_refuses_what_is_changed_foreign_or_old,
        after_a_rotation_both_secrets_verify_in_python, after_a_rotation_both_secrets_verify_in_javascript,
    ]
