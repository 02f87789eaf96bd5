"""What a row of the reproduction is, and what it is run with."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minigen.data.files import write_whole

Entry = dict[str, Any]  # of reproduction.json: what one run of a row found


@dataclass
class Job:
    """One run of a row.

    Attributes:
        budget: minutes it may train, or None for the full protocol.
        seed: of all randomness. device: 'cpu' or 'cuda'.
        folder: where its state lies between two runs of it.
    """

    budget: float | None
    seed: int
    device: str
    folder: Path

    def load(self) -> dict[str, np.ndarray]:
        """What an interrupted run of this row left, or {}."""
        path = self.folder / "state.npz"
        if not path.exists():
            return {}
        with np.load(path, allow_pickle=False) as file:
            return dict(file)

    def save(self, state: dict[str, Any]) -> None:
        """Keep the arrays of `state`, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / "state.npz", lambda path: np.savez(path, **state))


class Goal(NamedTuple):
    """What a row must reach: its result `number` is <= or >= a bound.

    Attributes:
        number: a name in the row's results. sense: '<=' or '>='.
        bound: a value, or the name of another result.
        of: the row that this other result is from: its last run with the same budget on as many cores; '' for the
            same run.
    """

    number: str
    sense: str
    bound: float | str
    of: str = ""

    def __str__(self) -> str:
        """In words."""
        return f"{self.number} {self.sense} {self.bound}" + (f" of {self.of}" if self.of else "")

    def met(self, entry: Entry, entries: Sequence[Entry] = ()) -> bool | None:
        """Whether the run `entry` reached it; None if the row it is compared with has not been run.

        Args:
            entries: all runs, the newest last.
        """
        bound = self.bound
        if isinstance(bound, str):
            runs = [e for e in entries if e["row"] == self.of and _means(e) == _means(entry)] if self.of else [entry]
            if not runs:
                return None
            bound = runs[-1]["ours"][bound]
        ours = entry["ours"][self.number]
        return bool(ours <= bound if self.sense == "<=" else ours >= bound)


class Both(NamedTuple):
    """Two goals of one row."""

    one: Goal
    other: Goal

    def __str__(self) -> str:
        """In words."""
        return f"{self.one}, {self.other}"

    def met(self, entry: Entry, entries: Sequence[Entry] = ()) -> bool | None:
        """Whether the run `entry` reached both; see `Goal.met`."""
        found = [goal.met(entry, entries) for goal in self]
        return None if None in found else all(found)


def _means(entry: Entry) -> tuple[Any, ...]:
    """What a run was given: minutes, device, threads."""
    return entry["budget_minutes"], entry["machine"]["device"], entry["machine"]["threads"]


@dataclass(frozen=True)
class Row:
    """A number of the literature, and how we come to ours.

    Attributes:
        paper: who. reports: their number, in words. protocol: how ours is got within a budget.
        minutes: the budget of the runs on the page. full: what is done without one, and what it costs.
        run: does it; returns our numbers by name. goal: what they must reach, if anything.
    """

    paper: str
    reports: str
    protocol: str
    minutes: float
    full: str
    run: Callable[[Job], dict[str, Any]] = field(repr=False)
    goal: Goal | Both | None = None


class Stopwatch:
    """Seconds of computing, those of earlier runs included."""

    def __init__(self, before: float = 0.0) -> None:
        self.start = time.perf_counter() - before

    def seconds(self) -> float:
        """How many so far."""
        return time.perf_counter() - self.start
