"""Runs tests: each once by itself, to learn which mutants it reaches, and then against a mutant those that reach it."""
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .tree import ORIGINAL, TREE, WORK, digest

# Those that take minutes, and those that read the sources.
SKIPPED = ("reliability::", "simulation::", "tidy::")
JOBS = os.cpu_count() or 2
# Tests wait for PostgreSQL for most of their time: two at once in each process.
THREADS = 2
# A test may take so long with a mutant: a start, and so many times what it took without.
SECONDS_MIN, TIMES_MAX = 12, 4
# Tests that run in one process, by the time that they took one by one: few at first, since most mutants fail at once.
BATCH_SECONDS_MAX = (1, 4, 15)
RESULT = re.compile(r"^test (\S+)(?: - should panic)? \.\.\. (\w+)", re.MULTILINE)
POLL_SECONDS = 0.02
# Tests that fail on the tree as it is: more than this, and the run makes no sense.
FAILING_MAX = 5
FOLDERS = itertools.count()
STOPPED = threading.Event()


@dataclass(frozen=True)
class Test:
    kind: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.kind} {self.name}"


@dataclass
class Ended:
    """How a run of some tests ended: `passed`, `failed` with the first test that did, or `timeout`."""
    how: str
    failed: str | None
    passed: set[str]
    seconds: float
    output: str


def run_tests(program: Path, names: list[str], seconds_max: float, variables: dict[str, str], threads: int = 1) -> Ended:
    """Runs tests of one program in a process of their own; ends it at the first failure."""
    folder = WORK / "tmp" / str(next(FOLDERS))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    log = folder / "output"
    environment = os.environ | variables | {"TMPDIR": str(folder), "RUST_BACKTRACE": "0", "CARGO_MANIFEST_DIR": str(TREE)}
    began, how, failed = time.monotonic(), "passed", None
    with log.open("w") as output:
        child = subprocess.Popen(["nice", "-n", "10", program, "--exact", *names, f"--test-threads={threads}"], cwd=TREE, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        while child.poll() is None and failed is None:
            if time.monotonic() - began > seconds_max:
                how = "timeout"
                break
            if STOPPED.wait(POLL_SECONDS):
                raise KeyboardInterrupt
            failed = first_failed(log)
    finally:
        ended = child.poll() is not None
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
    failed = failed or first_failed(log)
    if how == "passed" and (failed or child.returncode != 0):
        how = "failed"
    text = log.read_text(errors="replace")
    shutil.rmtree(folder, ignore_errors=True)
    if how != "passed" or not ended:
        drop_databases(child.pid)
    passed = {match[1] for match in RESULT.finditer(text) if match[2] == "ok"}
    return Ended(how, failed, passed, time.monotonic() - began, text)


def first_failed(log: Path) -> str | None:
    return next((match[1] for match in RESULT.finditer(log.read_text(errors="replace")) if match[2] == "FAILED"), None)


def drop_databases(process: int) -> None:
    """Tests that were cut short leave their databases; on a server of our own nobody needs them."""
    psql, url = os.environ.get("MUTANTS_PSQL"), os.environ.get("AURIX_TEST_POSTGRES")
    if not psql:
        return
    ask = f"SELECT datname FROM pg_database WHERE datname ~ '_{process}(_|$)'"
    names = subprocess.run([psql, "-At", url, "-c", ask], capture_output=True, text=True).stdout.split()
    for name in names:
        subprocess.run([psql, "-q", url, "-c", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'], capture_output=True)


def in_parallel(work, things: list) -> None:
    """Does the work for each of the things, a few at a time; the first error or Ctrl-C ends it."""
    with ThreadPoolExecutor(JOBS) as pool:
        try:
            for done in [pool.submit(work, thing) for thing in things]:
                done.result()
        except BaseException:
            STOPPED.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class Reach:
    """What each test reaches and how long it takes, kept in a file for as long as the sources and the tests stay the same."""

    def __init__(self, programs: dict[str, Path], sources: str):
        self.programs = programs
        self.path = WORK / "reach.json"
        known = json.loads(self.path.read_text()) if self.path.is_file() else {}
        known = known if known.get("sources") == sources else {}
        self.sources, self.tests, self.lock = sources, known.get("tests", {}), threading.Lock()
        self.failing: list[str] = []

    def measure(self) -> None:
        """Runs each test that is not known yet, or whose file was changed, by itself."""
        tests = [test for kind, program in self.programs.items() for test in list_tests(kind, program)]
        versions = {test.key: version_of(test) for test in tests}
        self.tests = {key: known for key, known in self.tests.items() if versions.get(key) == known["version"]}
        waiting = [test for test in tests if test.key not in self.tests]
        if waiting:
            print(f"which mutants do the tests reach: {len(waiting)} of {len(tests)} tests, each by itself", flush=True)
        began = time.monotonic()
        try:
            in_parallel(lambda test: self.measure_one(test, versions[test.key]), waiting)
        finally:
            self.path.write_text(json.dumps({"sources": self.sources, "tests": self.tests}))
        if waiting:
            print(f"  {time.monotonic() - began:.0f} s", flush=True)

    def measure_one(self, test: Test, version: str) -> None:
        log = WORK / f"reached-{threading.get_ident()}"
        for _ in range(2):
            log.unlink(missing_ok=True)
            ended = run_tests(self.programs[test.kind], [test.name], 300, {"MUTANTS_REACHED": str(log)})
            if ended.how == "passed":
                break
        else:
            print(f"  left out, since it fails on the tree as it is: {test.name}", flush=True)
            with self.lock:
                self.failing.append(test.name)
            if len(self.failing) > FAILING_MAX:
                sys.exit(f"too many tests fail on the tree as it is:\n{ended.output[-3000:]}")
            return
        reached = sorted({int(line) for line in log.read_text().split()}) if log.is_file() else []
        log.unlink(missing_ok=True)
        with self.lock:
            self.tests[test.key] = {"seconds": round(ended.seconds, 3), "version": version, "reached": reached}

    def seconds(self, test: Test) -> float:
        return self.tests[test.key]["seconds"]

    def by_mutant(self) -> dict[int, list[Test]]:
        """The tests that reach each mutant, those that take the least time first."""
        found: dict[int, list[Test]] = {}
        for key, known in sorted(self.tests.items(), key=lambda item: item[1]["seconds"]):
            for number in known["reached"]:
                found.setdefault(number, []).append(Test(*key.split(" ", 1)))
        return found

    def near(self, numbers: set[int]) -> list[Test]:
        """All tests, those first that reach any of these mutants."""
        ordered = sorted(self.tests.items(), key=lambda item: (numbers.isdisjoint(item[1]["reached"]), item[1]["seconds"]))
        return [Test(*key.split(" ", 1)) for key, _ in ordered]


def list_tests(kind: str, program: Path) -> list[Test]:
    listed = subprocess.run([program, "--list", "--format", "terse"], cwd=TREE, check=True, capture_output=True, text=True).stdout
    ignored = subprocess.run([program, "--list", "--ignored", "--format", "terse"], cwd=TREE, check=True, capture_output=True,
                             text=True).stdout.splitlines()
    names = [line.removesuffix(": test") for line in listed.splitlines() if line.endswith(": test") and line not in ignored]
    return [Test(kind, name) for name in names if kind == "lib" or not name.startswith(SKIPPED)]


def version_of(test: Test) -> str:
    """The digest of what a test is made of: of an integration test its module's files and those that all share."""
    folder = ORIGINAL / "tests/it"
    if test.kind == "lib":
        return ""
    module = test.name.split("::")[0]
    shared = [*sorted((folder / "support").rglob("*.rs"))]
    return digest(*shared, folder / f"{module}.rs", *sorted((folder / module).rglob("*.rs")))


def judge(programs: dict[str, Path], tests: list[Test], reach: Reach, number: int | None) -> tuple[str, str]:
    """Tries a mutant against these tests: what became of it, and by which test."""
    variables = {} if number is None else {"MUTANT_ACTIVE": str(number)}
    for batch in batches(tests, reach):
        program, kind, names = programs[batch[0].kind], batch[0].kind, sorted(test.name for test in batch)
        seconds = {test.name: reach.seconds(test) for test in batch}
        while names:
            limit = SECONDS_MIN + TIMES_MAX * sum(seconds[name] for name in names)
            ended = run_tests(program, names, limit, variables, THREADS)
            if ended.how == "passed":
                break
            # What failed or hung has to do so again by itself: the machine may be busy. The others still have to pass.
            suspects = [ended.failed] if ended.failed else [name for name in names if name not in ended.passed][:THREADS]
            for name in suspects:
                again = run_tests(program, [name], SECONDS_MIN + TIMES_MAX * seconds[name], variables)
                if again.how != "passed":
                    return ("timeout" if again.how == "timeout" else "caught"), f"{kind} {name}"
            names = [name for name in names if name not in suspects and name not in ended.passed]
    return "missed", f"{len(tests)} tests reach it" if tests else "not reached"


def batches(tests: list[Test], reach: Reach) -> list[list[Test]]:
    """Splits the tests, which are ordered by time, into runs of one program each."""
    found: list[list[Test]] = []
    limits = itertools.chain(BATCH_SECONDS_MAX, itertools.repeat(BATCH_SECONDS_MAX[-1]))
    limit, total, batch = next(limits), 0.0, {}
    for test in tests:
        batch.setdefault(test.kind, []).append(test)
        total += reach.seconds(test)
        if total > limit:
            found += batch.values()
            limit, total, batch = next(limits), 0.0, {}
    return found + list(batch.values())
