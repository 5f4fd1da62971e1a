"""Runs the tests of a file in their order, and closes with the line that ./test reads."""
import traceback


class Skipped(Exception):
    """Why a test cannot run on this machine."""


def run(module, tests):
    """Runs each test; gives the exit code."""
    passed = failed = 0
    for test in tests:
        try:
            test()
        except Skipped as reason:
            print(f"skipped: {module}::{test.__name__}: {reason}", flush=True)
        except Exception:
            failed += 1
            print(f"FAILED {test.__name__}\n{traceback.format_exc()}", flush=True)
        else:
            passed += 1
            print(f"ok {test.__name__}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0
