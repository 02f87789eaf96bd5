"""What a row of the reproduction is, and what it is run with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minigen.files import write_whole


@dataclass
class Job:
    """One run of a row.

    Attributes:
        budget: minutes it may train, or None for the paper's full protocol.
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


@dataclass(frozen=True)
class Row:
    """A number of the literature, and how we come to ours.

    Attributes:
        paper: who. reports: their number, in words. protocol: how ours is got within a budget.
        full: the cost of the full protocol. run: does it; returns our numbers by name.
    """

    paper: str
    reports: str
    protocol: str
    full: str
    run: Callable[[Job], dict[str, Any]] = field(repr=False)


class Stopwatch:
    """Seconds of computing, those of earlier runs included."""

    def __init__(self, before: float = 0.0) -> None:
        self.start = time.perf_counter() - before

    def seconds(self) -> float:
        """How many so far."""
        return time.perf_counter() - self.start
