"""Programs that run flows: each gets an event by webhook, asks the partner API for the lead, and posts a contact to the CRM. What they run
is the file that docs/clients.md has people import, with the reader's own values put in."""
import json
import time

from business import ROOT, SECONDS_MAX, Listener

FOLDER = ROOT / "docs/clients"
CRM_URL = "https://crm.example.com/contacts"


def imported(name, values):
    """The text of a file to import, with what its reader is told to put in. Each has to have its place."""
    text = (FOLDER / name).read_text()
    for theirs, ours in values.items():
        quoted = json.dumps(theirs)
        assert quoted in text, f"docs/clients/{name} has no {quoted}"
        text = text.replace(quoted, json.dumps(ours))
    return text


class Connection:
    """A key whose webhook leads to a flow, and the CRM that the flow posts to."""

    def __init__(self, business, hook):
        self.business, self.crm = business, Listener()
        self.key = business.key()
        self.secret = business.partner(self.key, "PUT", "/webhook-config", {"url": hook})["secret"]

    def answers(self):
        """How each event was answered, once none is under way."""
        webhook = self.business.partner(self.key, "GET", "/webhook-config")["id"]
        giving_up = time.monotonic() + SECONDS_MAX
        while time.monotonic() < giving_up:
            listed = self.business.command("delivery", "list", "--webhook", webhook)["deliveries"]
            if all(delivery["status"] == "delivered" for delivery in listed):
                shown = [self.business.command("delivery", "show", delivery["id"]) for delivery in listed]
                return {delivery["event_type"]: delivery["attempt_log"][-1]["status_code"] for delivery in shown}
            time.sleep(0.1)
        raise AssertionError(f"not delivered: {listed}")

    def stop(self):
        self.crm.stop()


def becomes_a_contact(connection, person, campaign):
    """A lead goes all the way: from the click by Aurix, the flow and back to the CRM."""
    business = connection.business
    business.lead(person, campaign)
    contact = connection.crm.wait_for("contact", lambda request: request.json()["campaign"] == campaign).json()
    rows = business.partner(connection.key, "GET", "/leads?limit=1")["data"]
    assert contact == {
        "name": "Zoë Tan", "email": "zoe.tan@example.com", "phone": f"+{person}", "campaign": campaign,
        "reference": rows[0]["wa_inbound_source_correlation_id"],
    }, contact
