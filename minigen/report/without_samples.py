"""What the modules in `kinds` share whose models make no samples."""

from collections.abc import Callable, Sequence
from typing import Any

from ..data import Dataset
from ..errors import ArgumentError
from ..random import Generator
from .findings import Files
from .trained import Trained


def suffixes(trained: Trained) -> tuple[str, ...]:
    """None."""
    return ()


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """Refused.

    Raises:
        ArgumentError: always.
    """
    raise ArgumentError(f"folder: {trained.settings.model!r} makes no samples")


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """None: they stand among the results."""
    return {}


def drawn(n: int, train: Dataset) -> int:
    """None."""
    return 0
