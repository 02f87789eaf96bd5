"""Parts 2 and 7: the tests that use a device, on the real one. Write OUT/tests-quick.json and OUT/tests-rest.json.

They are written as the tests run: a JUnit file would come at the end only, and a run that is cut off would leave none.
A test file that cannot be imported, as some package is missing, is listed, and the others run.
"""

import argparse
import os
import time
from collections import Counter
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.gpu import part

QUICK = ("tests/autodiff", "tests/ops", "tests/nn", "tests/optim", "tests/test_fused.py", "tests/cupy_double")
REHEARSED = {
    "quick": ["tests/optim/test_clipping.py", "tests/autodiff/test_debugging.py"],
    "rest": ["tests/models/vaes/test_vqvae.py"],
}
PROCESSES = 8  # at most: they share the device
EVERY = 1.0  # seconds between two writings
MISSING = "No module named"


def first_line(report: Any) -> str:
    """What went wrong, in one line."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = [crash.message] if crash else [line[2:] for line in str(report.longrepr).splitlines() if line[:2] == "E "]
    text = (lines or [str(report.longrepr)])[0].strip()
    return text.splitlines()[0][:300] if text else ""


class Recorder:
    """A pytest plugin: counts, and the names and first lines of failures, in a file that grows with the tests."""

    def __init__(self, found: part.Findings, until: float) -> None:
        self.found, self.until, self.written = found, until, time.monotonic()
        self.counts: Counter[str] = Counter()
        self.failures: list[dict[str, str]] = []
        self.not_imported: list[dict[str, str]] = []
        self.stopped = False

    def pytest_collectreport(self, report: Any) -> None:
        """A file that could not be imported."""
        if report.failed:
            self.not_imported.append({"test": report.nodeid, "line": first_line(report)})

    def pytest_runtest_logreport(self, report: Any) -> None:
        """A test, or what comes before and after it."""
        if report.failed:
            self.failures.append({"test": report.nodeid, "line": first_line(report)})
            self.counts["failed"] += 1
        elif report.skipped or report.when == "call":
            self.counts[report.outcome] += 1
        if time.monotonic() - self.written > EVERY:
            self.write()
        if time.monotonic() > self.until:
            self.stopped = True
            pytest.exit("the time is up")

    def write(self, **more: Any) -> None:
        """All so far."""
        self.written = time.monotonic()
        self.found.write(counts=self.counts, failures=self.failures, not_imported=self.not_imported, **more)


def arguments(options: argparse.Namespace) -> list[str]:
    """For pytest: no addopts of setup.cfg, which need pytest-xdist, and no warning of another version an error."""
    words = ["-o", "addopts=", "--strict-markers", "--import-mode=importlib", "-p", "no:cacheprovider", "-W", "default"]
    words += ["-q", "--tb=short", "--continue-on-collection-errors", "-m", "not slow and not long"]
    if options.rehearse:
        return [*words, "-k", "double", *REHEARSED[options.which]]
    if find_spec("xdist"):
        words += ["-n", str(min(PROCESSES, os.cpu_count() or 1)), "--dist", "worksteal"]
    words += ["--device", "cuda", "-k", "cuda or cupy"]  # and not those on the CPU: they are known to pass
    return [*words, *(QUICK if options.which == "quick" else ["tests", *(f"--ignore={path}" for path in QUICK)])]


def run(options: argparse.Namespace) -> int:
    """Run them; 0 if none failed, whatever the time left out of the rest."""
    with part.device(options.rehearse) as name:
        found = part.Findings(options.out / f"tests-{options.which}.json", name)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    recorder = Recorder(found, options.until)
    try:
        pytest.main(arguments(options), plugins=[recorder])
    finally:
        recorder.write()
    recorder.write(complete=not recorder.stopped)
    broken = [file["line"] for file in recorder.not_imported if MISSING not in file["line"]]
    said = [f"{n} {outcome}" for outcome, n in sorted(recorder.counts.items())]
    said += [f"{len(recorder.not_imported)} files not imported"] * bool(recorder.not_imported)
    said += ["stopped, as the time was up"] * recorder.stopped
    print(", ".join(said) or "no test ran")
    too_slow = recorder.stopped and options.which == "quick"
    return int(bool(recorder.failures or broken or too_slow or not recorder.counts["passed"]))


if __name__ == "__main__":
    part.ended(part.main(run, which=("quick", "rest")))
