"""One yardstick: every family on the same test images, in nats an image.

    python -m benchmarks.yardstick                        # the entries that are missing
    python -m benchmarks.yardstick made pixelcnn          # these, anew
    python -m benchmarks.yardstick --seed 1 --list

An entry goes into benchmarks/results/yardstick.json as soon as it is measured; `python -m benchmarks.pages` makes the
table of docs/yardstick.md of it. The families stand in benchmarks/protocols/grey_digits.py.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.protocols.grey_digits import ENTRIES, entry
from benchmarks.protocols.row import Goal, Job, Row
from minigen.data.files import json_text, write_whole
from minigen.errors import MinigenError, one_of

RESULTS = Path(__file__).resolve().parent / "results" / "yardstick.json"
MIXTURE, BELOW = "mixture of categoricals", 8.0  # nats that the best family must lie below it

Entries = dict[str, dict[str, Any]]


def read(file: Path | None = None) -> Entries:
    """The entries that are there, by name, in the order of ENTRIES."""
    file = file or RESULTS
    found = json.loads(file.read_text()) if file.exists() else {}
    return {name: found[name] for name in ENTRIES if name in found}


def write(entries: Entries, file: Path | None = None) -> None:
    """All of them, whole or not at all."""
    write_whole(file or RESULTS, lambda path: path.write_text(json_text(entries, indent=1) + "\n"))


def best(entries: Entries) -> dict[str, Any]:
    """The likeliest of the entries, and how far it lies below the mixture."""
    name = min(entries, key=lambda name: entries[name]["nats"])
    nats, mixture = entries[name]["nats"], entries[MIXTURE]["nats"]
    return {"family": name, "nats": nats, "mixture": mixture, "below_the_mixture": round(mixture - nats, 2)}


def run(job: Job) -> dict[str, Any]:
    """As a row of the reproduction: all entries with the job's seed; those that an interrupted run has are kept."""
    file = job.folder / "yardstick.json"
    job.folder.mkdir(parents=True, exist_ok=True)
    entries = read(file)
    for name in ENTRIES:
        if name not in entries:
            entries[name] = entry(name, job.seed)
            print(f"{name}: {entries[name]['nats']} nats", flush=True)
            write(entries, file)
    return best(entries)


ROWS = {
    "digits-best": Row(
        "a mixture of 10 categoricals (ours), on the split of Tomczak's intro_dgm",
        "100.4 nats",
        "8x8 digits of 17 grey levels, 1000 to train on, 350 to stop by, 447 to test; the likeliest of all families",
        15,
        "some 60 epochs of each family: 15 minutes",
        run,
        Goal("below_the_mixture", ">=", BELOW),
    )
}


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Every family on the 8x8 digits, in nats an image.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="entries to run, anew if they are there")
    parser.add_argument("--list", action="store_true", help="the entries, and what is known of them")
    parser.add_argument("--seed", type=int, default=0, metavar="N")
    args = parser.parse_args(argv)
    entries = read()
    if args.list:
        for name in ENTRIES:
            print(f"{name}: {entries[name]['nats']} nats, {entries[name]['kind']}" if name in entries else f"{name}: -")
        return 0
    try:
        for name in args.names:
            one_of("entry", name, ENTRIES)
        for name in args.names or [name for name in ENTRIES if name not in entries]:
            found = entry(name, args.seed)
            entries = read() | {name: found}  # what is there by now: others may run beside this
            write({name: entries[name] for name in ENTRIES if name in entries})
            print(f"{name}: {entries[name]['nats']} +- {entries[name]['standard_error']} nats", flush=True)
    except MinigenError as error:
        print(f"yardstick: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
