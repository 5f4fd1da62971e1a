"""What is known of a run: the outcomes in its folder, the kill rate, and the block of docs/testing.md that says so."""
import json
import re
import textwrap
import tomllib
from pathlib import Path

from .tree import ROOT

DOCS, EQUIVALENT = ROOT / "docs/testing.md", Path(__file__).with_name("equivalent.toml")
BEGIN, END = "<!-- mutants -->\n", "<!-- end of mutants -->"
POSITION = re.compile(r":\d+:\d+(: |$)")


def load_outcomes(folder: Path) -> dict[str, dict]:
    path = folder / "outcomes.jsonl"
    read = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    return {outcome["name"]: outcome for outcome in read}


def count(outcomes: dict[str, dict], *words: str) -> int:
    return sum(outcome["outcome"] in words for outcome in outcomes.values())


def rate_of(outcomes: dict[str, dict]) -> str:
    caught, missed = count(outcomes, "caught", "timeout"), count(outcomes, "missed")
    return f"{caught} of {caught + missed} caught" + (f", {100 * caught / (caught + missed):.1f} %" if caught + missed else "")


def without_position(name: str) -> str:
    """Lines move; the file, the change and the function are what names a mutant."""
    return POSITION.sub(lambda match: match[1], name, count=1)


def equivalents() -> dict[str, str]:
    """Mutants that change nothing that anybody could notice, each with the reason."""
    listed = tomllib.loads(EQUIVALENT.read_text())["mutant"] if EQUIVALENT.is_file() else []
    return {mutant["name"]: mutant["reason"] for mutant in listed}


def survivors(outcomes: dict[str, dict]) -> list[str]:
    reasons = equivalents()
    missed = sorted(outcome["name"] for outcome in outcomes.values() if outcome["outcome"] == "missed")
    return [f"{name}{' (equivalent: ' + reason + ')' if (reason := reasons.get(without_position(name))) else ''}" for name in missed]


def show(folder: Path) -> bool:
    """Prints what is known of a run. Gives whether there is such a run."""
    if not (folder / "list.json").is_file():
        print("no such run: start it without --status")
        return False
    mutants, outcomes = json.loads((folder / "list.json").read_text()), load_outcomes(folder)
    seconds = sum(outcome["seconds"] for outcome in outcomes.values()) / max(len(outcomes), 1)
    print(f"\n{len(outcomes)} of {len(mutants)} mutants tried, {seconds:.1f} s each; {rate_of(outcomes)}; "
          f"{count(outcomes, 'unviable')} do not compile")
    for name in survivors(outcomes):
        print(f"missed: {name}")
    return True


def write_docs(folder: Path, command: str) -> None:
    """Writes a run that is complete into docs/testing.md, in place of what the same command wrote before."""
    mutants, outcomes = json.loads((folder / "list.json").read_text()), load_outcomes(folder)
    if len(outcomes) < len(mutants):
        print(f"docs/testing.md stays as it is: {len(mutants) - len(outcomes)} mutants were not tried yet")
        return
    text = DOCS.read_text()
    before, rest = text.split(BEGIN, 1)
    block, after = rest.split(END, 1)
    parts = {part.split("`", 2)[1]: part for part in re.split(r"^(?=\*\*`)", block, flags=re.MULTILINE) if part.startswith("**`")}
    parts[command] = part_of(command, outcomes)
    DOCS.write_text(before + BEGIN + "\n" + "".join(part.strip("\n") + "\n\n" for part in parts.values()) + END + after)
    print("docs/testing.md: written")


def part_of(command: str, outcomes: dict[str, dict]) -> str:
    left = survivors(outcomes)
    timeouts = count(outcomes, "timeout")
    said = (f"**`{command}`**: {len(outcomes)} mutants, of which {count(outcomes, 'unviable')} do not compile; {rate_of(outcomes)}"
            f" ({timeouts} by a timeout). " + (f"{len(left)} survive:" if left else "None survives."))
    lines = textwrap.wrap(said, 140, break_long_words=False, break_on_hyphens=False)
    for name in left:
        lines += textwrap.wrap(f"- {as_code(name)}", 140, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
    return "\n".join([*lines[:1], *lines[1:]]) + "\n"


def as_code(name: str) -> str:
    name, _, reason = without_position(name).partition(" (equivalent: ")
    return f"`{name}`" + (f": equivalent, {reason.removesuffix(')')}" if reason else "")
