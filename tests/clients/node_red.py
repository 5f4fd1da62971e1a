"""Node-RED runs the flow of docs/clients/node-red.json."""
import http.client
import json
import os
import time
from functools import cache
from pathlib import Path
from types import SimpleNamespace

from business import BASE_URL
from flows import CRM_URL, Connection, becomes_a_contact, imported
from processes import Program, free_port

START_SECONDS_MAX = 90
PATH = "/aurix"
# On this machine alone, and nothing fetched: no telemetry, no look for newer versions, no catalogue of nodes.
SETTINGS = """module.exports = {{
    uiHost: "127.0.0.1", uiPort: {port}, flowFile: "flows.json", credentialSecret: false,
    telemetry: {{ enabled: false, updateNotification: false }}, diagnostics: {{ enabled: false }},
    externalModules: {{ autoInstall: false, palette: {{ allowInstall: false, catalogues: [] }}, modules: {{ allowInstall: false }} }},
    editorTheme: {{ tours: false, palette: {{ catalogues: [] }} }},
}};
"""


def tests(business):
    running = []

    @cache
    def node_red():
        """Node-RED with the flow, and the business's key, whose webhook leads to it."""
        port = free_port()
        connection = Connection(business, f"http://127.0.0.1:{port}{PATH}")
        folder = business.folder / "node-red"
        folder.mkdir()
        (folder / "settings.js").write_text(SETTINGS.format(port=port))
        flow = imported("node-red.json", {BASE_URL: business.url, CRM_URL: connection.crm.url})
        (folder / "flows.json").write_text(flow)
        # What people type into the two fields of the flow that hide it.
        secrets = {"API_KEY": connection.key, "WEBHOOK_SECRET": connection.secret}
        tab = json.loads(flow)[0]
        assert {field["name"] for field in tab["env"] if field["type"] == "cred"} == set(secrets)
        (folder / "flows_cred.json").write_text(json.dumps({tab["id"]: secrets}))
        script = Path(os.environ["CLIENTS_DIR"], "node_modules/node-red/red.js")
        started = time.monotonic()
        program = Program(["node", script, "--userDir", folder], cwd=folder, env=os.environ | {"NODE_ENV": "production"})
        running.append((program, connection))
        program.wait_for("Started flows", START_SECONDS_MAX)
        version = program.wait_for(r"Node-RED version: v(\S+)", START_SECONDS_MAX)[1]
        print(f"figure: Node-RED {version} runs after {time.monotonic() - started:.1f} s")
        return SimpleNamespace(port=port, connection=connection, program=program)

    def node_red_makes_a_contact_of_a_lead():
        becomes_a_contact(node_red().connection, "6581110007", "node-red")

    def node_red_answers_each_delivery_before_it_works_on_it():
        assert node_red().connection.answers() == {"widget.click": 204, "lead.correlated": 204, "lead.complete": 204}

    def node_red_refuses_what_is_not_signed():
        crm = node_red().connection.crm
        before = len(crm.requests)
        body = json.dumps({"event_type": "lead.complete", "data": {"conversation_id": 1, "lead_data": {}}})
        for signature in ({}, {"x-hub-signature": "0" * 64}):
            connection = http.client.HTTPConnection("127.0.0.1", node_red().port, timeout=START_SECONDS_MAX)
            connection.request("POST", PATH, body, {"content-type": "application/json"} | signature)
            assert connection.getresponse().status == 401
            connection.close()
        assert len(crm.requests) == before

    def node_red_stops():
        for program, connection in running:
            connection.stop()
            assert program.stop() == 0, program.output()
            # What its nodes complain of.
            assert not program.find(r"\[error\]|\[warn\] \["), program.output()

    return [
        node_red_makes_a_contact_of_a_lead, node_red_answers_each_delivery_before_it_works_on_it, node_red_refuses_what_is_not_signed,
        node_red_stops,
    ]
