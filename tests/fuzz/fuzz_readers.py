"""The fuzzer: python -m tests.fuzz.fuzz_readers --minutes 10

With atheris (pip install atheris), coverage guides the changes; without it they are blind: bits flipped, parts cut,
doubled, and spliced with other inputs. Each input has a limit of time and the process one of memory. Findings go to
tests/fuzz/corpus, which the tests replay.
"""

import argparse
import hashlib
import json
import os
import random
import resource
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults import record

from . import targets

CORPUS = Path(__file__).parent / "corpus"
SECONDS, MEMORY = 10, 1500 << 20  # for one input; for the process above what it has at the start
NUMBERS = [struct.pack(f, n) for f in ("<I", ">I", "<H", ">H", "<Q") for n in (0, 1, 255, 32767, 65535)] + [
    struct.pack(f, n) for f in ("<I", ">I", "<Q") for n in (0x7FFFFFFF, 0xFFFFFFFF)
]


def limited(content, path):
    """`targets.run` with an alarm."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of the processor: a paused machine is no finding
    try:
        return targets.run(content, path)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def late(*_):
    """What the alarm does."""
    raise TimeoutError(f"took more than {SECONDS} seconds")


def limit():
    """Limits for this process."""
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
    signal.signal(signal.SIGPROF, late)


def changed(content, others, rng):
    """Some changes, of the kinds that break parsers."""
    content = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = 1 + rng.randrange(max(1, len(content) - 1))
        if rng.random() < 0.4:  # headers are where formats are decided
            at = min(at, 1 + rng.randrange(600))
        kind = rng.randrange(7)
        if kind == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif kind == 1 and at < len(content):
            content[at] = rng.randrange(256)
        elif kind == 2:
            number = rng.choice(NUMBERS)
            content[at : at + len(number)] = number
        elif kind == 3:
            del content[at : at + rng.choice((1, 2, 16, 512, 1 << 20))]
        elif kind == 4:
            content[at:at] = content[at : at + rng.choice((1, 8, 64, 512))] * rng.choice((1, 2, 9))
        elif kind == 5:
            content[at:at] = rng.randbytes(rng.choice((1, 4, 64)))
        else:
            other = rng.choice(others)
            begin = rng.randrange(len(other))
            content[at : at + 64] = other[begin : begin + rng.choice((4, 64, 1024))]
    return bytes(content[: 1 << 16])


NAMES = [name for name, _, _ in targets.TARGETS]


def inputs(names=NAMES):
    """Where changes start from, for the readers of these names: the seeds, and what was found before."""
    found = targets.seeds() + [file.read_bytes() for file in sorted(CORPUS.glob("*-*"))]
    return [content for content in found if targets.TARGETS[content[0] % len(targets.TARGETS)][0] in names]


def kept(content, error):
    """Put a finding into the corpus."""
    name = f"{targets.TARGETS[content[0] % len(targets.TARGETS)][0]}-{hashlib.sha256(content).hexdigest()[:12]}"
    (CORPUS / name).write_bytes(content)
    print(f"{name}: {type(error).__name__}: {error}", flush=True)


def blind(minutes, seed, path, names):
    """Change inputs at random; keep findings; return counts."""
    rng, end, counts, found = random.Random(seed), time.monotonic() + 60 * minutes, Counter(), {}
    starts = inputs(names)
    while time.monotonic() < end:
        content = changed(rng.choice(starts), starts, rng)
        name = targets.TARGETS[content[0] % len(targets.TARGETS)][0]
        counts[name] += 1
        try:
            counts[f"{name} accepted"] += limited(content, path)
        except Exception as error:
            counts["findings"] += 1
            kind = name, type(error).__name__, str(error)[:30]
            if kind not in found:  # one example of each
                found[kind] = True
                kept(content, error)
    return counts


def told(counts, minutes, how):
    """Record the counts of a run for the table of docs/faults.md."""
    names = [name for name in NAMES if counts.get(name)]
    accepted = sum(counts.get(f"{name} accepted", 0) for name in names)
    record(
        f"files: fuzzed for {minutes:g} minutes, {how}",
        sum(counts[name] for name in names),
        counts.get("findings", 0),
        f"{', '.join(names)}; {accepted} valid still, the others refused in one line",
    )


def guided(minutes, seed, path, names):
    """Let atheris do it, in a process that ends at the first finding or when the time is over; its exit status."""
    import atheris

    counts = Counter()

    def one(content):
        name = targets.TARGETS[content[0] % len(targets.TARGETS)][0] if content else NAMES[0]
        counts[name] += 1
        counts[f"{name} accepted"] += limited(content, path)
        if time.monotonic() > end:
            told(counts, minutes, "guided by coverage")
            os._exit(0)  # atheris knows no other end

    options = [f"-rss_limit_mb={MEMORY >> 20}", f"-seed={seed}", "-max_len=65536", f"-artifact_prefix={CORPUS}/"]
    with tempfile.TemporaryDirectory() as folder:
        for content in inputs(names):
            Path(folder, hashlib.sha256(content).hexdigest()).write_bytes(content)
        atheris.instrument_all()
        end = time.monotonic() + 60 * minutes
        if not (process := os.fork()):
            atheris.Setup([sys.argv[0], *options, folder], one)
            atheris.Fuzz()
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true", help="without atheris, even if it is here")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES, help="these readers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        for content in targets.seeds():  # imports what is imported late, and the seeds must be right
            assert targets.run(content, path)
        limit()
        if not given.blind:
            try:
                import atheris  # noqa: F401
            except ImportError:
                print("no atheris here: changes are blind")
            else:
                return guided(given.minutes, given.seed, path, given.only)
        counts = blind(given.minutes, given.seed, path, given.only)
        print(json.dumps(counts, indent=2))
        told(counts, given.minutes, "changed at random")
        return bool(counts["findings"])


if __name__ == "__main__":
    sys.exit(main())
