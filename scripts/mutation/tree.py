"""The copy of the tree: brings it up to date, lists its mutants, writes them in behind switches, and builds it until it compiles."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import switches
from .switches import ABSENT, BOUND, COPIED, MARKED, PLAIN, Marks, Mutant

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = Path(os.environ.get("MUTANTS_DIR", ROOT / "target/mutants"))
ORIGINAL, TREE, BUILD = WORK / "original", WORK / "tree", WORK / "build"
ROUNDS_MAX = 30
BUILD_SECONDS_MAX = 1800
# Errors that say that a variant has no meaning, whether it is written behind a switch or in place of the original.
TYPE_ERRORS = {"E0277", "E0308", "E0369", "E0368", "E0599", "E0600", "E0614", "E0061", "E0423", "E0425", "E0433"}
# Tests start the program with an empty environment; the switch has to come through.
CLEARED, PASSED_ON = ".env_clear()", '.env_clear().envs(std::env::vars().filter(|(name, _)| name.starts_with("MUTANT")))'


def digest(*paths: Path) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.read_bytes() if path.is_file() else b"")
    return total.hexdigest()


def code_digest(file: str) -> str:
    """The digest of a source without the unit tests at its end: a new one changes no mutant."""
    path = ORIGINAL / file
    code = path.read_bytes().split(b"\n#[cfg(test)]\nmod ")[0] if path.is_file() else b""
    return hashlib.sha256(code).hexdigest()


def tracked() -> set[str]:
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    return {name for name in listed if name and (ROOT / name).is_file()}


def write_if_new(path: Path, text: bytes) -> None:
    """Files that stay the same keep their time, so that cargo builds no more than it must."""
    if not path.is_file() or path.read_bytes() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def copy_tree() -> None:
    """Brings `original`, the checkout as it is, up to date."""
    wanted = tracked()
    for name in wanted:
        if not (ORIGINAL / name).is_file() or (ORIGINAL / name).read_bytes() != (ROOT / name).read_bytes():
            (ORIGINAL / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, ORIGINAL / name)
    for copy in [path for path in ORIGINAL.rglob("*") if path.is_file()]:
        if str(copy.relative_to(ORIGINAL)) not in wanted:
            copy.unlink()


def source_digest() -> str:
    return digest(*sorted((ORIGINAL / "src").rglob("*.rs")), ORIGINAL / "Cargo.lock", ORIGINAL / ".cargo/mutants.toml")


def list_mutants() -> list[Mutant]:
    """All mutants of the library, in an order that depends on nothing but the sources."""
    path = WORK / "all.json"
    known = json.loads(path.read_text()) if path.is_file() else {}
    if known.get("sources") != source_digest():
        command = ["cargo", "mutants", "--list", "--json", "--package", "aurix"]
        listed = subprocess.run(command, cwd=ORIGINAL, check=True, stdout=subprocess.PIPE).stdout
        found = [mutant for mutant in json.loads(listed) if mutant["file"].startswith("src/")]
        known = {"sources": source_digest(), "mutants": sorted(found, key=lambda mutant: (mutant["name"], mutant["genre"]))}
        path.write_text(json.dumps(known))
    sources: dict[str, list[str]] = {}
    return [read_mutant(number, mutant, sources) for number, mutant in enumerate(known["mutants"])]


def read_mutant(number: int, listed: dict, sources: dict[str, list[str]]) -> Mutant:
    """Lines and columns count from 1, columns in characters."""
    file = listed["file"]
    lines = sources.setdefault(file, (ORIGINAL / file).read_text().splitlines(keepends=True) if file not in sources else sources[file])

    def offset(at: dict) -> int:
        before = sum(len(line.encode()) for line in lines[:at["line"] - 1])
        return before + len(lines[at["line"] - 1][:at["column"] - 1].encode()) if at["line"] <= len(lines) else before
    function = listed.get("function") or {}
    return Mutant(number, listed["name"], file, listed["genre"], offset(listed["span"]["start"]), offset(listed["span"]["end"]),
                  listed["replacement"], function.get("function_name") or "", function.get("return_type") or "")


class Switched:
    """The copy with all mutants in it, and what was found while it was made to compile."""

    def __init__(self, mutants: list[Mutant]):
        self.mutants = mutants
        self.of_file: dict[str, list[Mutant]] = {}
        for mutant in mutants:
            self.of_file.setdefault(mutant.file, []).append(mutant)
        self.forms: dict[int, str] = {mutant.number: BOUND for mutant in mutants}
        self.unviable: set[int] = set()
        self.marks: dict[str, Marks] = {}
        self.path, self.sources = WORK / "forms.json", source_digest()
        known = json.loads(self.path.read_text()) if self.path.is_file() else {}
        for file, of_file in self.of_file.items():
            if known.get(file, {}).get("digest") == code_digest(file):
                self.forms |= {mutant.number: known[file]["forms"].get(mutant.name, BOUND) for mutant in of_file}
                self.unviable |= {mutant.number for mutant in of_file if mutant.name in known[file]["unviable"]}

    def save(self) -> None:
        """Keeps what was found, file by file, for as long as each stays the same."""
        known = {}
        for file, of_file in self.of_file.items():
            forms = {mutant.name: self.forms[mutant.number] for mutant in of_file if self.forms[mutant.number] != BOUND}
            unviable = [mutant.name for mutant in of_file if mutant.number in self.unviable]
            known[file] = {"digest": code_digest(file), "forms": forms, "unviable": unviable}
        self.path.write_text(json.dumps(known))

    def alone(self, mutant: Mutant) -> bool:
        """Whether it cannot be switched, and has to be built by itself."""
        return self.forms[mutant.number] in (MARKED, ABSENT) and mutant.number not in self.unviable

    def is_let_chain(self, mutant: Mutant) -> bool:
        return switches.in_let_chain((ORIGINAL / mutant.file).read_bytes(), mutant)

    def write(self) -> None:
        """Writes the copy: the checkout with the mutants in their present forms."""
        wanted = {str(path.relative_to(ORIGINAL)) for path in ORIGINAL.rglob("*") if path.is_file()} | {"src/mutant_switch.rs"}
        for name in wanted - {"src/mutant_switch.rs"}:
            write_if_new(TREE / name, self.written(name))
        count = str(max(len(self.mutants), 1))
        write_if_new(TREE / "src/mutant_switch.rs", switches.SWITCH.replace("COUNT", count).encode())
        for path in [path for path in TREE.rglob("*") if path.is_file()]:
            if str(path.relative_to(TREE)) not in wanted:
                path.unlink()

    def written(self, name: str) -> bytes:
        source = (ORIGINAL / name).read_bytes()
        if name.startswith("tests/") and name.endswith(".rs"):
            return source.replace(CLEARED.encode(), PASSED_ON.encode())
        mutants = [mutant for mutant in self.of_file.get(name, []) if mutant.number not in self.unviable]
        if mutants:
            source = switches.write_switches(source, mutants, self.forms, "aurix" if name == "src/main.rs" else "crate")
            self.marks[name] = Marks(source)
        return source + b"\n#[doc(hidden)]\npub mod mutant_switch;\n" if name == "src/lib.rs" else source

    def write_plain(self, mutant: Mutant) -> None:
        """Puts one mutant in place of its original, and nothing else into its file."""
        source = (ORIGINAL / mutant.file).read_bytes()
        write_if_new(TREE / mutant.file, switches.write_switches(source, [mutant], {mutant.number: PLAIN}, "crate"))

    # Building.

    def build(self) -> dict[str, Path]:
        """Builds the copy, giving up forms that the compiler refuses. Gives the test programs: `lib` and `it`."""
        for command in (["build", "--lib"], ["test", "--no-run", "--lib", "--test", "it"]):
            for round_ in range(ROUNDS_MAX):
                self.write()
                began = time.monotonic()
                programs, errors = cargo(command)
                print(f"  cargo {command[0]}: {time.monotonic() - began:.0f} s, {len(errors)} errors", flush=True)
                if programs is not None:
                    break
                if not self.give_up(errors):
                    sys.exit("the tree does not compile:\n" + "\n".join(error["rendered"] for error in errors[:3]))
                self.save()
            else:
                sys.exit(f"the tree does not compile after {ROUNDS_MAX} rounds")
        self.save()
        return programs

    def give_up(self, errors: list[dict]) -> bool:
        """Takes the next form of every mutant that an error belongs to; gives whether there was one."""
        refused: dict[int, bool] = {}
        for error in errors:
            found, own = self.owners(error)
            code = (error.get("code") or {}).get("code")
            for number in found:
                refused[number] = refused.get(number, False) or (own and code in TYPE_ERRORS)
        for number, meaningless in refused.items():
            mutant, form = self.mutants[number], self.forms[number]
            if meaningless and self.same_in_place(mutant, form):
                self.unviable.add(number)
            self.forms[number] = switches.next_form(mutant, form)
        return bool(refused)

    @staticmethod
    def same_in_place(mutant: Mutant, form: str) -> bool:
        """Whether a type error of the switched variant is one of the mutant itself."""
        if mutant.genre == "FnValue":
            return "impl " not in mutant.returns
        return form == COPIED

    def owners(self, error: dict) -> tuple[set[int], bool]:
        """The mutants that an error belongs to: by its place, else by its further places, else by the function around it."""
        spans = sorted(map(outermost, error["spans"]), key=lambda span: not span["is_primary"])
        spans = [span for span in spans if span["file_name"] in self.marks]
        for span in spans:
            found, own = self.marks[span["file_name"]].at(span["byte_start"])
            live = {number for number in found if self.forms[number] != ABSENT}
            if live:
                return live, own
        for span in spans:
            start, end = function_around((TREE / span["file_name"]).read_bytes(), span["byte_start"])
            live = {number for number in self.marks[span["file_name"]].between(start, end) if self.forms[number] != ABSENT}
            if live:
                return live, False
        return set(), False


def outermost(span: dict) -> dict:
    """Where a span is written: of what a macro expands to, the macro's call."""
    while span["expansion"]:
        span = span["expansion"]["span"] | {"is_primary": span["is_primary"]}
    return span


def function_around(source: bytes, offset: int) -> tuple[int, int]:
    node = switches.PARSER.parse(source).root_node.descendant_for_byte_range(offset, offset)
    while node is not None and node.type != "function_item":
        node = node.parent
    return (node.start_byte, node.end_byte) if node else (0, len(source))


def cargo(words: list[str]) -> tuple[dict[str, Path] | None, list[dict]]:
    """Runs cargo in the copy. Gives the programs that were built, or None and the errors."""
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(BUILD), "CARGO_INCREMENTAL": "1", "CARGO_PROFILE_DEV_DEBUG": "0", "RUSTFLAGS": "--cap-lints=allow",
        "CARGO_TERM_COLOR": "never",
    }
    command = ["nice", "-n", "10", "cargo", words[0], "--locked", "--features=aurix/otlp", "--message-format=json", *words[1:]]
    with (WORK / "cargo.log").open("w") as log:
        done = subprocess.run(command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                              timeout=BUILD_SECONDS_MAX)
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    errors = [message["message"] for message in messages
              if message["reason"] == "compiler-message" and message["message"]["level"] == "error"]
    if done.returncode != 0:
        if not errors:
            sys.exit(f"cargo failed: {WORK}/cargo.log\n{(WORK / 'cargo.log').read_text()[-2000:]}")
        return None, [error for error in errors if error["spans"]] or errors
    built = [message for message in messages if message["reason"] == "compiler-artifact" and message.get("executable")]
    return {message["target"]["name"].replace("aurix", "lib"): Path(message["executable"]) for message in built
            if message["profile"]["test"]}, []
