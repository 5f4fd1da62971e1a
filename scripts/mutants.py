"""The run behind scripts/mutants: lists mutants with cargo-mutants, tries each in a copy of the tree, keeps every outcome.

A mutant is `caught` when a test fails or does not end, `unviable` when it does not compile, and `missed` when all tests pass. The
unit tests come first, since they need one build less; the integration tests follow, without those that take minutes
(reliability, simulation) and those that read the sources (tidy).
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = Path(os.environ.get("MUTANTS_DIR", ROOT / "target/mutants"))
TREE, BUILD, TEMPORARY = WORK / "tree", WORK / "build", WORK / "tmp"
SAMPLED = ["store", "clicks", "conversations", "deliveries", "projects", "maintenance", "net", "outbound", "domain", "http"]
SKIPPED = ["reliability::", "simulation::", "tidy::"]
BUILD_SECONDS_MAX = 900
TEST_SECONDS_MIN = 60
# A mutant may make tests slower; one that takes so many times as long hangs.
TEST_TIMES_MAX = 4


def main():
    options = parse()
    folder = WORK / name_of(options)
    if options.status:
        sys.exit(0 if show(folder) else 1)
    copy_tree()
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    mutants = load_list(folder, options)
    outcomes = load_outcomes(folder)
    if options.again:
        outcomes = {name: outcome for name, outcome in outcomes.items() if outcome["outcome"] != "missed"}
        (folder / "outcomes.jsonl").write_text("".join(json.dumps(outcome) + "\n" for outcome in outcomes.values()))
    limits = baseline(folder, options)
    run(folder, mutants, outcomes, limits, options.minutes)
    show(folder)


def parse():
    parser = argparse.ArgumentParser(prog="scripts/mutants", add_help=False)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float)
    for flag in ["--status", "--again", "--fresh"]:
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    if bool(options.files) == bool(options.sample):
        parser.error("give files, or --sample COUNT")
    for file in options.files:
        if not (ROOT / file).is_file():
            parser.error(f"there is no file {file}")
    return options


def name_of(options):
    """The folder of a run: the same arguments find it again."""
    if options.sample:
        return f"sample-{options.sample}-seed-{options.seed}"
    files = sorted(set(options.files))
    return f"files-{hashlib.sha256(' '.join(files).encode()).hexdigest()[:12]}"


# The tree and its mutants.


def copy_tree():
    """Brings the copy up to date. Files that are the same keep their time, so that cargo builds no more than it must."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            stdout=subprocess.PIPE).stdout.decode().split("\0")
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for name in wanted:
        source, copy = ROOT / name, TREE / name
        if not copy.is_file() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, copy)
    for copy in [path for path in TREE.rglob("*") if path.is_file()]:
        if str(copy.relative_to(TREE)) not in wanted:
            copy.unlink()


def load_list(folder, options):
    """The mutants of this run: those of its first start, unless a file has changed since."""
    path = folder / "list.json"
    if path.is_file():
        mutants = json.loads(path.read_text())
        changed = sorted({mutant["file"] for mutant in mutants if digest(mutant["file"]) != mutant["digest"]})
        if changed:
            sys.exit(f"changed since the list was made: {', '.join(changed)}. Begin anew: --fresh")
        return mutants
    globs = options.files or [f"src/{module}{end}" for module in SAMPLED for end in (".rs", "/**")]
    command = ["cargo", "mutants", "--list", "--json", *(word for glob in globs for word in ("--file", glob))]
    listed = subprocess.run(command, cwd=TREE, check=True, stdout=subprocess.PIPE).stdout
    found = sorted(json.loads(listed), key=lambda mutant: mutant["name"])
    if options.sample:
        found = random.Random(options.seed).sample(found, min(options.sample, len(found)))
    mutants = [{key: mutant[key] for key in ("name", "file", "span", "replacement")} for mutant in found]
    mutants = [mutant | {"digest": digest(mutant["file"])} for mutant in mutants]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(mutants, indent=1))
    return mutants


def digest(file):
    path = TREE / file
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def mutate(mutant):
    """The text of the mutant's file with the change in it. Lines and columns count from 1, columns in characters."""
    lines = (TREE / mutant["file"]).read_text().splitlines(keepends=True)
    start, end = mutant["span"]["start"], mutant["span"]["end"]
    before = "".join(lines[:start["line"] - 1]) + lines[start["line"] - 1][:start["column"] - 1]
    after = lines[end["line"] - 1][end["column"] - 1:] + "".join(lines[end["line"]:])
    return before + mutant["replacement"] + " /* mutated */ " + after


# Building and testing.


def baseline(folder, options):
    """Runs the tests on the tree as it is; they have to pass. Gives the longest time that each kind may take."""
    path = folder / "baseline.json"
    if path.is_file() and not options.again:
        return json.loads(path.read_text())
    limits = {}
    for kind in ("lib", "it"):
        print(f"the {kind} tests of the tree as it is", flush=True)
        for step in ("build", "test"):
            began = time.monotonic()
            if step_of(kind, step, folder / f"baseline-{kind}-{step}.log", None) != 0:
                sys.exit(f"they do not pass: {folder}/baseline-{kind}-{step}.log")
            took = time.monotonic() - began
            print(f"  {step}: {took:.0f} s", flush=True)
        limits[kind] = max(TEST_SECONDS_MIN, TEST_TIMES_MAX * took)
    path.write_text(json.dumps(limits))
    return limits


def step_of(kind, step, log, seconds_max):
    """Runs one step and gives its exit status; None where it did not end in time."""
    target = ["--lib"] if kind == "lib" else ["--test", "it"]
    skips = [word for name in SKIPPED for word in ("--skip", name)] if kind == "it" else []
    # One process for all unit tests takes the least time; the integration tests end at the first failure where nextest is there.
    nextest = kind == "it" and subprocess.run(["cargo", "nextest", "--version"], capture_output=True).returncode == 0
    if step == "build":
        command = ["cargo", "test", "--locked", "--no-run", *target]
    elif nextest:
        command = ["cargo", "nextest", "run", "--locked", "--fail-fast", *target, "--", *skips]
    else:
        command = ["cargo", "test", "--locked", *target, "--", *skips]
    shutil.rmtree(TEMPORARY, ignore_errors=True)
    TEMPORARY.mkdir(parents=True)
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(BUILD), "CARGO_INCREMENTAL": "1", "CARGO_PROFILE_DEV_DEBUG": "0", "TMPDIR": str(TEMPORARY),
        "RUSTFLAGS": "--cap-lints=allow", "CARGO_TERM_COLOR": "never", "RUST_BACKTRACE": "0",
    }
    with log.open("w") as output:
        child = subprocess.Popen(command, cwd=TREE, env=environment, stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return child.wait(timeout=seconds_max)
        except BaseException as stopped:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            if isinstance(stopped, subprocess.TimeoutExpired):
                return None
            raise


def judge(mutant, limits, log):
    """Tries a mutant: what became of it, and where."""
    file = TREE / mutant["file"]
    original = file.read_text()
    file.write_text(mutate(mutant))
    try:
        for kind in ("lib", "it"):
            if step_of(kind, "build", log, BUILD_SECONDS_MAX) != 0:
                return "unviable", kind
            status = step_of(kind, "test", log, limits[kind])
            if status != 0:
                return "caught", kind if status is not None else f"{kind}, timeout"
        return "missed", "all"
    finally:
        file.write_text(original)
        drop_databases()


def drop_databases():
    """Tests that were cut short leave their databases; on a server of our own nobody needs them."""
    psql, url = os.environ.get("MUTANTS_PSQL"), os.environ.get("AURIX_TEST_POSTGRES")
    if not psql:
        return
    ask = "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
    names = subprocess.run([psql, "-At", url, "-c", ask], capture_output=True, text=True).stdout.split()
    for name in names:
        subprocess.run([psql, "-q", url, "-c", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'], capture_output=True)


# The run.


def run(folder, mutants, outcomes, limits, minutes):
    began, done = time.monotonic(), 0
    waiting = [mutant for mutant in mutants if mutant["name"] not in outcomes]
    (folder / "logs").mkdir(exist_ok=True)
    for mutant in waiting:
        if minutes and time.monotonic() - began > minutes * 60:
            print(f"stopped after {minutes:g} minutes; the same command goes on")
            return
        started = time.monotonic()
        log = folder / "logs" / f"{hashlib.sha256(mutant['name'].encode()).hexdigest()[:12]}.log"
        outcome, where = judge(mutant, limits, log)
        outcomes[mutant["name"]] = {"name": mutant["name"], "outcome": outcome, "where": where, "log": log.name,
                                    "seconds": round(time.monotonic() - started, 1)}
        with (folder / "outcomes.jsonl").open("a") as file:
            file.write(json.dumps(outcomes[mutant["name"]]) + "\n")
        if outcome != "missed":
            log.unlink()
        done += 1
        left = (time.monotonic() - began) / done * (len(waiting) - done)
        print(f"[{len(outcomes)}/{len(mutants)}] {outcome:8} {outcomes[mutant['name']]['seconds']:6.1f} s  {mutant['name']}"
              f"   ({where}; {rate_of(outcomes)}, about {left / 60:.0f} minutes left)", flush=True)


def load_outcomes(folder):
    path = folder / "outcomes.jsonl"
    read = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    return {outcome["name"]: outcome for outcome in read}


def rate_of(outcomes):
    count = {word: sum(outcome["outcome"] == word for outcome in outcomes.values()) for word in ("caught", "missed")}
    viable = count["caught"] + count["missed"]
    return f"{count['caught']} of {viable} caught" + (f", {100 * count['caught'] / viable:.1f} %" if viable else "")


def show(folder):
    """Prints what is known of a run. Gives whether there is such a run."""
    if not (folder / "list.json").is_file():
        print("no such run: start it without --status")
        return False
    mutants, outcomes = json.loads((folder / "list.json").read_text()), load_outcomes(folder)
    unviable = sum(outcome["outcome"] == "unviable" for outcome in outcomes.values())
    seconds = sum(outcome["seconds"] for outcome in outcomes.values()) / max(len(outcomes), 1)
    print(f"\n{len(outcomes)} of {len(mutants)} mutants tried, {seconds:.0f} s each; {rate_of(outcomes)}; {unviable} do not compile")
    for outcome in outcomes.values():
        if outcome["outcome"] == "missed":
            print(f"missed: {outcome['name']}")
    return True


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
