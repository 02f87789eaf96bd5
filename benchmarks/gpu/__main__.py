"""Tests, parity and times on a GPU, within ten minutes and without a network.

    bash benchmarks/gpu.sh OUT

The parts come in the order of their worth. Each runs in a process of its own, for its own time at most, and writes its
own JSON into OUT as it goes, so that a run that is cut off leaves what it has. A part that fails does not stop the
next. What each said is in OUT/PART.log, how it ended in OUT/parts.json, and all that was found in OUT/README.md.
"""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
TOTAL = 600.0  # seconds
FOR_TABLE = 10.0  # seconds of them
LEAST = 2.0  # seconds: a part is not started for less
GRACE = 0.9  # of its time, after which a part should end by itself


class Part(NamedTuple):
    """A part of the run: the module of this package that does it, what that is told, and seconds of TOTAL."""

    name: str
    module: str
    arguments: tuple[str, ...]
    seconds: float
    tf32: bool = False


PARTS = (
    Part("doctor", "doctor", (), 20),
    Part("tests-quick", "suite", ("quick",), 110),
    Part("parity", "parity", (), 60),
    Part("torch-float32", "peers", ("float32",), 150),
    Part("torch-tf32", "peers", ("tf32",), 100, tf32=True),
    Part("bench", "bench", (), 60),
    Part("tests-rest", "suite", ("rest",), TOTAL),  # what is left
)


class Ending(NamedTuple):
    """How a part ended."""

    part: str
    state: str  # 'ok', 'failed', 'cut off' or 'not started'
    seconds: float
    said: str  # its last line

    @property
    def line(self) -> str:
        """For the console."""
        return f"{self.part}: {self.state} after {self.seconds:.0f} s: {self.said}"


def command(part: Part, out: Path, rehearse: bool, seconds: float) -> list[str]:
    """The command that does a part."""
    words = [sys.executable, "-m", f"benchmarks.gpu.{part.module}", str(out), *part.arguments]
    return [*words, "--seconds", f"{seconds:.1f}", *(["--rehearse"] if rehearse else [])]


def run(part: Part, words: Sequence[str], out: Path, limit: float) -> Ending:
    """Run a part, with all its processes, for `limit` seconds at most."""
    log, start = out / f"{part.name}.log", time.monotonic()
    settings = {"CUPY_TF32": str(int(part.tf32)), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as file:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            state = "failed" if process.wait(limit) else "ok"
        except subprocess.TimeoutExpired:
            state = "cut off"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its contenders too
            process.wait()
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    return Ending(part.name, state, time.monotonic() - start, lines[-1][:200])


def run_all(parts: Sequence[Part], out: Path, rehearse: bool, total: float) -> list[Ending]:
    """Run the parts in order; parts.json is written anew after each, and the table at the end."""
    end, endings = time.monotonic() + total, []
    for part in parts:
        for old in out.glob(f"{part.name}.*"):
            old.unlink()  # or it would pass for a result of this run
    for part in parts:
        limit = min(part.seconds * total / TOTAL, end - time.monotonic() - FOR_TABLE * total / TOTAL)
        if limit < LEAST:
            endings.append(Ending(part.name, "not started", 0.0, f"{max(0.0, limit):.0f} s were left for it"))
        else:
            endings.append(run(part, command(part, out, rehearse, GRACE * limit), out, limit))
        print(endings[-1].line, flush=True)
        content = {"rehearsal": rehearse, "seconds": total, "parts": [ending._asdict() for ending in endings]}
        (out / "parts.json").write_text(json.dumps(content, indent=1, allow_nan=False) + "\n")
    table = Part("table", "table", (), FOR_TABLE)
    endings.append(run(table, [sys.executable, "-m", "benchmarks.gpu.table", str(out)], out, FOR_TABLE))
    print(endings[-1].line, flush=True)
    return endings


def stop(number: int, frame: Any) -> None:
    """End with the part that runs."""
    sys.exit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run; the exit status is 0 if all parts ended well."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="benchmarks/gpu.sh", description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT", help="a folder")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(p.name for p in PARTS)}; default: all")
    parser.add_argument("--rehearse", action="store_true", help="small, with the double of CuPy in place of a GPU")
    options = parser.parse_args(argv)
    for name in options.parts:
        if name not in {part.name for part in PARTS}:
            parser.error(f"unknown part {name!r}; expected some of {', '.join(part.name for part in PARTS)}")
    total = os.environ.get("GPU_SECONDS", str(TOTAL))
    if not total.replace(".", "", 1).isdigit() or float(total) <= 0:
        parser.error(f"GPU_SECONDS: expected a number above 0, got {total!r}")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"OUT: cannot make the folder {options.out} ({error.strerror}); choose another")
    signal.signal(signal.SIGTERM, stop)
    chosen = [part for part in PARTS if part.name in options.parts or not options.parts]
    endings = run_all(chosen, options.out.resolve(), options.rehearse, float(total))
    return 0 if all(ending.state == "ok" for ending in endings) else 1


if __name__ == "__main__":
    sys.exit(main())
