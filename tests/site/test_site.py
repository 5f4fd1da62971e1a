"""The documentation: the site builds, its links lead somewhere, and what it says is what the program does.

Needs AURIX_BIN (the program) and a Python that has what docs/site/requirements.txt names.
"""
import http.client
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("deploy/deb", "tests/packages", "tests/tutorial", "tests/site")]
import commands  # noqa: E402
import snippets  # noqa: E402
from checks import run  # noqa: E402
from processes import Program  # noqa: E402

PROGRAM = os.environ["AURIX_BIN"]
SECONDS_MAX = 60
FOLDER = Path(tempfile.mkdtemp(prefix="aurix-site."))
# Elements whose address a browser loads by itself.
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "link": "href"}
# Of these a browser loads nothing: they say what a page is.
UNLOADED_RELATIONS = {"canonical", "next", "prev", "alternate"}
# For people who change the program: these name what the tests read, too.
FOR_DEVELOPERS = {"CONTRIBUTING.md", "docs/testing.md", "docs/performance.md", "fuzz/README.md"}
FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
SHELL = {"", "sh", "bash", "console"}


@cache
def site():
    """The built site. Fails on any complaint of MkDocs: a page outside of the navigation, a link or an anchor to nowhere."""
    environment = os.environ | {"DOCS_PYTHON": sys.executable, "CARGO_TARGET_DIR": str(FOLDER)}
    done = subprocess.run([ROOT / "docs/build"], env=environment, capture_output=True, text=True, timeout=SECONDS_MAX, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return FOLDER / "site"


def documents():
    """Each Markdown document of the site: its name and its text."""
    site()
    staged = FOLDER / "site-src"
    return {str(path.relative_to(staged)): path.read_text() for path in sorted(staged.rglob("*.md"))}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.loaded, self.classes = set(), [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.update(filter(None, [found.get("id"), found.get("name") if tag == "a" else None]))
        self.classes.update((found.get("class") or "").split())
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        address = found.get(LOADED.get(tag, ""))
        if address and not (tag == "link" and UNLOADED_RELATIONS & set(found.get("rel", "").split())):
            self.loaded.append(address)


@cache
def pages():
    return {path: Page(path.read_text()) for path in site().rglob("*.html")}


def every_link_within_the_site_leads_somewhere():
    assert len(pages()) > 40, len(pages())
    count, broken = 0, []
    for path, page in pages().items():
        if path.name == "404.html":
            continue
        for address in [*page.links, *page.loaded]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            count += 1
            if not target.is_file():
                broken.append(f"{path.name}: {address}")
            elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in pages()[target].ids:
                broken.append(f"{path.name}: {address} (no such place on the page)")
    print(f"figure: {len(pages())} pages of documentation, {count} links within them")
    assert not broken, "\n".join(sorted(set(broken)))


def no_page_loads_anything_from_another_host():
    for path, page in pages().items():
        assert not [address for address in page.loaded if urlsplit(address).netloc], f"{path.name}: {page.loaded}"
        # The theme would fetch a library for it.
        assert "mermaid" not in page.classes, path
    for path in site().rglob("*.css"):
        assert not re.search(r"url\(['\"]?(?:https?:)?//|@import", path.read_text()), path


def search_works_without_a_network():
    index = (site() / "search/search_index.js").read_text()
    entries = json.loads(index.partition("=")[2].rstrip().rstrip(";"))["docs"]
    assert any("Bitrix24" in entry["text"] for entry in entries) and any(entry["location"].startswith("docs/reference") for entry in entries)
    assert list(site().glob("assets/javascripts/workers/search*.js"))


def every_page_is_light_and_dark():
    text = (site() / "index.html").read_text()
    assert 'data-md-color-scheme="default"' in text and 'data-md-color-scheme="slate"' in text and "prefers-color-scheme: dark" in text


@cache
def program():
    return commands.read(PROGRAM)


def lines_of(block):
    """The commands of a shell block, continued lines joined."""
    for line in block.replace("\\\n", " ").splitlines():
        line = re.sub(r"^\s*\$ ", "", line).strip()
        try:
            words = shlex.split(line, comments=True)
        except ValueError:
            continue
        start = 0
        for index, word in enumerate([*words, ";"]):
            if word in {"|", "&&", "||", ";", "&"}:
                yield words[start:index]
                start = index + 1


def calls(text):
    """What the code blocks of a document have the program do, as words after `aurix`."""
    for _, language, block in FENCE.findall(text):
        if language not in SHELL:
            continue
        for words in lines_of(block):
            while words and (re.fullmatch(r"[A-Z_]+=.*", words[0]) or words[0] in {"sudo", "export"}):
                words = words[1:]
            name = words[0].rsplit("/", 1)[-1] if words else ""
            if name in {"aurix", "aurix-admin"}:
                yield words[1:]
            elif words[:4] == ["cargo", "run", "--release", "--"]:
                yield words[4:]


def leading(words):
    """The options before the command, whose values are apart, and the rest: `--server URL webhook list`."""
    given = []
    while words and words[0].startswith("--") and words[0] != "--json" and len(words) > 2:
        given, words = [*given, words[0]], words[1 if "=" in words[0] else 2:]
    return given, words


def complaint(words):
    """What the program would not understand of these words."""
    if words[:1] == ["help"]:
        return None
    given, words = leading(words)
    command, rest = program().find([word for word in words if word != "--json"])
    if command.subcommands and rest and not rest[0].startswith("-") and command.words:
        return f"no such subcommand: {rest[0]}"
    if not command.words and rest and rest[0] != "COMMAND" and not rest[0].startswith("-"):
        return f"no such command: {rest[0]}"
    unknown = [word for word in given + rest if re.match(r"--[a-z]", word) and word.split("=")[0] not in command.options]
    return f"no such option: {unknown}" if unknown else None


def the_check_of_commands_finds_mistakes():
    assert complaint(["webhook", "add", "--project", "1", "--url", "x"]) is None
    assert complaint(["--server", "https://x", "webhook", "list", "--project", "1"]) is None
    for wrong in (["webhok", "add"], ["--sever", "x", "webhook", "list"], ["--server", "x", "webhok", "list"], ["webhook", "ad"], ["webhook", "add", "--adress", "x"]):
        assert complaint(wrong), wrong
    block = "```sh\nA=1 aurix serve \\\n  --listn x &   # comment\n```\n"
    assert [complaint(words) for words in calls(block)] == ["no such option: ['--listn']"]


def every_command_in_the_documents_exists():
    found = [(name, words) for name, text in documents().items() for words in calls(text)]
    print(f"figure: {len(found)} commands in the documents, each known to the program")
    assert len(found) > 60, len(found)
    wrong = [f"{name}: aurix {' '.join(words)}: {said}" for name, words in found if (said := complaint(words))]
    assert not wrong, "\n".join(wrong)


def every_setting_in_the_documents_exists():
    settings = set().union(*(command.variables for command in commands.read(PROGRAM).all()))
    for name, text in documents().items():
        if name not in FOR_DEVELOPERS and not name.startswith("docs/decisions"):
            named = set(re.findall(r"\bAURIX_[A-Z_]*[A-Z]\b", text))
            assert named <= settings, f"{name}: {named - settings}"


def the_recipes_are_those_of_the_program():
    text = (ROOT / "docs/recipes.md").read_text()
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
    source = (ROOT / "src/outbound/receivers/guides.rs").read_text()
    ids = re.findall(r'^        \w+ = "(\w+)",$', (ROOT / "src/outbound/receivers/mod.rs").read_text(), re.MULTILINE)
    guides = re.findall(r"^pub\(super\) const \w+: Guide = Guide \{\n(.*?)^\};", source, re.MULTILINE | re.DOTALL)
    assert len(guides) == len(ids) == len(sections) > 8
    texts = re.compile(r'"((?:[^"\\]|\\.)*)"')
    for guide in guides:
        name = re.search(r'name: "([^"]*)"', guide)[1]
        section = sections[name]
        url, makes = (re.search(rf'{key}: "([^"]*)"', guide)[1] for key in ("url", "makes"))
        steps = texts.findall(re.search(r"steps: &\[(.*?)\],\n    headers", guide, re.DOTALL)[1])
        headers = re.findall(r'\("([^"]*)", "([^"]*)"\)', guide)
        assert url in section and f"Makes {makes}." in section, name
        assert steps and all(f"{number}. {step}\n" in section for number, step in enumerate(steps, 1)), (name, steps)
        assert re.findall(r"--header '([^']*)'", section) == [f"{header}: {value}" for header, value in headers], name
        assert ("--event lead.created" in section) == ("is_record: true" in guide), name
        starter = re.findall(r"--starter (\w+)", section)
        assert starter == re.findall(r'include_str!\("(\w+)\.jinja"\)', guide), name


class Server:
    """A server on a free port."""

    def __init__(self, folder):
        folder.mkdir()
        settings = {name: value for name, value in os.environ.items() if not name.startswith("AURIX_")}
        self.environment = settings | {
            "AURIX_DATA_DIR": str(folder / "data"), "AURIX_LISTEN": "127.0.0.1:0", "AURIX_ALLOW_HTTP": "true",
            "AURIX_ALLOW_NETWORKS": "127.0.0.0/8",
        }
        self.program = Program([PROGRAM, "serve"], cwd=folder, env=self.environment)
        self.address = self.program.wait_for(r"http://(127\.0\.0\.1:\d+)", SECONDS_MAX)[1]

    def command(self, *words):
        done = subprocess.run([PROGRAM, *words, "--json"], env=self.environment, capture_output=True, text=True, timeout=SECONDS_MAX)
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return json.loads(done.stdout)


@cache
def server():
    return Server(FOLDER / "server")


def the_api_reference_is_that_of_the_program():
    connection = http.client.HTTPConnection(server().address, timeout=SECONDS_MAX)
    connection.request("GET", "/openapi.json")
    said = json.loads(connection.getresponse().read())
    written = json.loads((ROOT / "docs/openapi.json").read_text())
    (FOLDER / "openapi.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n")
    assert said == written, "docs/openapi.json is old: run scripts/openapi"
    page = (ROOT / "docs/openapi.json", site() / "docs/reference.html")[1].read_text()
    for path in said["paths"]:
        assert path in page, path


def the_snippets_are_those_of_the_console_and_of_the_page():
    files = {path.name for path in (ROOT / "docs/verify").iterdir()}
    console = re.findall(r'include_str!\("../../../../docs/verify/([^"]+)"\)', (ROOT / "src/http/console/log/snippets.rs").read_text())
    page = re.findall(r'--8<-- "docs/verify/([^"]+)"', (ROOT / "docs/verify.md").read_text())
    assert files == set(console) == set(page) and len(files) == len(console) == len(page) == 6


TESTS = [
    every_link_within_the_site_leads_somewhere, no_page_loads_anything_from_another_host, search_works_without_a_network,
    every_page_is_light_and_dark, the_check_of_commands_finds_mistakes, every_command_in_the_documents_exists,
    every_setting_in_the_documents_exists, the_recipes_are_those_of_the_program, the_api_reference_is_that_of_the_program,
    the_snippets_are_those_of_the_console_and_of_the_page, *snippets.tests(server, FOLDER),
]

if __name__ == "__main__":
    try:
        sys.exit(run("site", TESTS))
    finally:
        if server.cache_info().currsize:
            server().program.stop()
        shutil.rmtree(FOLDER, ignore_errors=True)
