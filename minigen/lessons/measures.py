"""How far an answer to an open task goes: a number, and the goal to reach; and what its measure alone knows."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ArgumentError


class WithTruth(dict[str, Any]):
    """Inputs of an open task, and what only its measure may know: new points, or what was hidden.

    The answer is given the inputs alone, so it cannot look at the truth. It must not be able to draw it again either:
    the truth comes from the generator that the case is given, never from a seed that stands among the inputs or can be
    computed from them.

    Attributes:
        truth: by name.
    """

    def __init__(self, inputs: Mapping[str, Any], **truth: Any) -> None:
        super().__init__(inputs)
        self.truth = truth


@dataclass(frozen=True)
class Measure:
    """What the measure of an open task found in one case.

    Attributes:
        value: what was measured. goal: the worst value that is still good enough.
        what: the name of the number, like 'modes found'. better: which values are better, 'higher' or 'lower'.
    """

    value: float
    goal: float
    what: str
    better: str = "higher"

    def __post_init__(self) -> None:
        if self.better not in ("higher", "lower"):
            raise ArgumentError(f"Measure: expected better='higher' or 'lower', got {self.better!r}")

    @property
    def reached(self) -> bool:
        """Whether the value is as good as the goal, or better; NaN never is."""
        return self.value >= self.goal if self.better == "higher" else self.value <= self.goal

    def __str__(self) -> str:
        bound = "at least" if self.better == "higher" else "at most"
        return f"{self.what}: {self._shown(self.value)} (goal: {bound} {self._shown(self.goal)})"

    def _shown(self, number: float) -> str:
        """Four digits, or as many as it takes to see on which side of the goal the value lies."""
        number += 0.0  # -0 becomes 0
        if math.isfinite(self.value) and self.value != self.goal:
            for digits in range(4, 17):
                if f"{self.value:.{digits}g}" != f"{self.goal:.{digits}g}":
                    return f"{number:.{digits}g}"
        return f"{number:.4g}"
