"""Programs of others, as they are, against the program that was just built: the Standard Webhooks libraries check its deliveries, a client
that was generated out of docs/openapi.json does what the console does, and Node-RED runs the flow of docs/clients.

Needs AURIX_BIN (the program), CLIENTS_DIR (where package.json is installed), and a Python that has what requirements.txt names. No
program reaches further than this machine.
"""
import json
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import generated
import libraries
import node_red
from business import ROOT, Business
from checks import run  # beside business.py's: its folder is on the path by now


def the_document_names_the_versions_that_are_run():
    here = Path(__file__).resolve().parent
    npm = json.loads((here / "package.json").read_text())["dependencies"]
    crates = {crate["name"]: crate["version"] for crate in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    python = dict(re.findall(r"^([\w-]+)==(.*)$", (here / "requirements.txt").read_text(), re.MULTILINE))
    libraries = f"Python {python['standardwebhooks']}, JavaScript {npm['standardwebhooks']}, Rust {crates['standardwebhooks']}"
    rows = re.findall(r"^\| \[[^]]*\]\(#[\w-]+\) \| ([^|]*) \|", (ROOT / "docs/clients.md").read_text(), re.MULTILINE)
    generator = f"openapi-python-client {python['openapi-python-client']}"
    assert rows == [libraries, generator, npm["node-red"]], rows


def main():
    folder = Path(tempfile.mkdtemp(prefix="aurix-clients."))
    business = Business(folder)
    try:
        return run("clients", [the_document_names_the_versions_that_are_run, *libraries.tests(business), *generated.tests(business), *node_red.tests(business)])
    finally:
        business.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
