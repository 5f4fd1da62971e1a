"""The run behind scripts/mutants: chooses mutants, tries each, and keeps every outcome.

A mutant is `caught` when a test fails, `timeout` when tests do not end, `unviable` when it does not compile, and `missed` when all
tests that reach it pass, or none does.
"""
import argparse
import hashlib
import json
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

from . import report, tree, trials
from .switches import ABSENT, Mutant
from .tree import ROOT, WORK, Switched

SAMPLED = ["store", "clicks", "conversations", "deliveries", "projects", "maintenance", "net", "outbound", "domain", "http"]


def main() -> None:
    options = parse()
    folder = WORK / name_of(options)
    if options.status:
        sys.exit(0 if report.show(folder) else 1)
    tree.copy_tree()
    mutants = tree.list_mutants()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    chosen = load_list(folder, options, mutants)
    outcomes = report.load_outcomes(folder)
    if options.again:
        outcomes = {name: outcome for name, outcome in outcomes.items() if outcome["outcome"] != "missed"}
        (folder / "outcomes.jsonl").write_text("".join(json.dumps(outcome) + "\n" for outcome in outcomes.values()))
    if len(outcomes) < len(chosen):
        Run(folder, chosen, outcomes, options.minutes).go(mutants)
    report.show(folder)
    if options.docs:
        report.write_docs(folder, command_of(options))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", add_help=False)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    for flag in ["--status", "--again", "--fresh", "--docs"]:
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    if bool(options.files) == bool(options.sample):
        parser.error("give files, or --sample COUNT")
    for file in options.files:
        if not (ROOT / file).is_file() or not file.startswith("src/"):
            parser.error(f"there is no file {file} of the library, named from the top of the tree")
    return options


def name_of(options: argparse.Namespace) -> str:
    """The folder of a run: the same arguments find it again."""
    if options.sample:
        return f"sample-{options.sample}-seed-{options.seed}"
    return f"files-{hashlib.sha256(' '.join(sorted(set(options.files))).encode()).hexdigest()[:12]}"


def command_of(options: argparse.Namespace) -> str:
    words = [f"--sample {options.sample} --seed {options.seed}"] if options.sample else sorted(set(options.files))
    return " ".join(["scripts/mutants", *words])


def load_list(folder: Path, options: argparse.Namespace, mutants: list[Mutant]) -> list[Mutant]:
    """The mutants of this run: those of its first start, unless a file has changed since."""
    path, by_name = folder / "list.json", {mutant.name: mutant for mutant in mutants}
    if path.is_file():
        listed = json.loads(path.read_text())
        changed = sorted({known["file"] for known in listed if tree.code_digest(known["file"]) != known["digest"]})
        if changed:
            sys.exit(f"changed since the list was made: {', '.join(changed)}. Begin anew: --fresh")
        return [by_name[known["name"]] for known in listed]
    chosen = sorted((mutant for mutant in by_name.values() if is_wanted(mutant, options.files)), key=lambda mutant: mutant.name)
    if options.sample:
        chosen = random.Random(options.seed).sample(chosen, min(options.sample, len(chosen)))
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"name": mutant.name, "file": mutant.file, "digest": tree.code_digest(mutant.file)}
                                for mutant in chosen], indent=1))
    return chosen


def is_wanted(mutant: Mutant, files: list[str]) -> bool:
    if files:
        return mutant.file in files
    return any(mutant.file == f"src/{module}.rs" or mutant.file.startswith(f"src/{module}/") for module in SAMPLED)


class Run:
    """Tries the mutants of a run that have no outcome yet."""

    def __init__(self, folder: Path, chosen: list[Mutant], outcomes: dict[str, dict], minutes: float | None):
        self.folder, self.chosen, self.outcomes, self.minutes = folder, chosen, outcomes, minutes
        self.began, self.lock, self.late = time.monotonic(), threading.Lock(), False

    def go(self, mutants: list[Mutant]) -> None:
        print("building the tree with all mutants in it", flush=True)
        switched = Switched(mutants)
        programs = switched.build()
        reach = trials.Reach(programs, switched.sources)
        reach.measure()
        self.reach, self.tests, self.first = reach, reach.by_mutant(), time.monotonic()
        waiting = [mutant for mutant in self.chosen if mutant.name not in self.outcomes]
        self.waiting = len(waiting)
        for mutant in waiting:
            if mutant.number in switched.unviable:
                self.keep(mutant, "unviable", "the compiler refuses it", 0.0)
        alone = [mutant for mutant in waiting if switched.alone(mutant)]
        together = [mutant for mutant in waiting if mutant not in alone and mutant.number not in switched.unviable]
        trials.in_parallel(lambda mutant: self.try_switched(mutant, programs), together)
        for mutant in alone:
            self.try_alone(mutant, switched)
        switched.write()
        if self.late:
            print(f"stopped after {self.minutes:g} minutes; the same command goes on")

    def try_switched(self, mutant: Mutant, programs: dict[str, Path]) -> None:
        if self.is_late():
            return
        began = time.monotonic()
        outcome, where = trials.judge(programs, self.tests.get(mutant.number, []), self.reach, mutant.number)
        self.keep(mutant, outcome, where, time.monotonic() - began)

    def try_alone(self, mutant: Mutant, switched: Switched) -> None:
        """Builds a mutant that cannot be switched in place of its original."""
        if self.is_late():
            return
        began = time.monotonic()
        if switched.is_let_chain(mutant):
            self.keep(mutant, "unviable", "only && joins a let", 0.0)
            return
        switched.write()
        switched.write_plain(mutant)
        programs, _ = tree.cargo(["test", "--no-run", "--lib", "--test", "it"])
        if programs is None:
            self.keep(mutant, "unviable", "the compiler refuses it", time.monotonic() - began)
            return
        tests = self.tests.get(mutant.number, [])
        if switched.forms[mutant.number] == ABSENT: # nothing tells who reaches it: a constant, mostly
            tests = self.reach.near({other.number for other in switched.of_file[mutant.file]})
        outcome, where = trials.judge(programs, tests, self.reach, None)
        self.keep(mutant, outcome, where, time.monotonic() - began)

    def is_late(self) -> bool:
        self.late = self.late or bool(self.minutes) and time.monotonic() - self.began > self.minutes * 60
        return self.late

    def keep(self, mutant: Mutant, outcome: str, where: str, seconds: float) -> None:
        with self.lock:
            self.outcomes[mutant.name] = {"name": mutant.name, "outcome": outcome, "where": where, "seconds": round(seconds, 1)}
            with (self.folder / "outcomes.jsonl").open("a") as file:
                file.write(json.dumps(self.outcomes[mutant.name]) + "\n")
            left = len(self.chosen) - len(self.outcomes)
            pace = (time.monotonic() - self.first) / max(1, self.waiting - left)
            print(f"[{len(self.outcomes)}/{len(self.chosen)}] {outcome:8} {seconds:6.1f} s  {mutant.name}   ({where}; "
                  f"{report.rate_of(self.outcomes)}, about {left * pace / 60:.0f} minutes left)", flush=True)


def stop(*_) -> None:
    trials.STOPPED.set()
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
