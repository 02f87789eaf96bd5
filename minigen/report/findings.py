"""What a report is made of: numbers, with how they were taken; figures; files."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from ..data.files import json_text
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Content = Union["Figure", str, bytes, Callable[[Path], object]]  # of a file; the last writes it
Figures = dict[str, "Figure"]
Files = dict[str, Content]


@dataclass(frozen=True)
class Measure:
    """A number, what real data get in place of samples (None if that makes no sense), and how it was taken."""

    value: float
    real: float | None = None
    note: str = ""


Measures = dict[str, Measure]


def as_json(trained: Trained, measures: Measures, n: int, seed: int) -> str:
    """The content of evaluation.json.

    Args:
        n: how many samples were drawn.
    """
    settings = trained.settings
    about = {"model": settings.model, "data": settings.data, "n": n, "seed": seed}
    found = {name: {key: _finite(value) for key, value in vars(m).items()} for name, m in measures.items()}
    return json_text({**about, "measures": found}, indent=1) + "\n"


def _finite(value: Any) -> Any:
    """A value of a measure, or None where it is not defined; 0 has no sign."""
    return value if not isinstance(value, float) else value + 0.0 if math.isfinite(value) else None


def table(measures: Measures) -> str:
    """The measures as lines: name, value, what real data get if that is ever known, how it was taken."""
    compared = any(m.real is not None for m in measures.values())
    lines = [("measure", "samples", "real data", "") if compared else ("measure", "value", "", "")]
    for name, m in measures.items():
        value, real = ("" if v is None else f"{v + 0.0:.4g}" if math.isfinite(v) else "-" for v in (m.value, m.real))
        lines.append((name, value, real, m.note))
    width, beside = max(14, *(len(name) for name in measures)), 9 * compared
    return "\n".join(f"{a:<{width}} {b:>9} {c:>{beside}}  {d}".rstrip() for a, b, c, d in lines)


def counted(n: int, what: str) -> str:
    """'1 line', '2 lines'."""
    return f"{n} {what}{'s' if n != 1 else ''}"
