"""The metrics of a run as curves, a panel for each unit."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset
from . import plots
from .playing import OF_NOTES
from .recommendation import OF_RANKS
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_PLOTTED = {"step", "seconds", "g_gradient", "warnings", "skipped"}

# The units of metrics that are no losses, with the ends of their axes; a loss's unit is what the recipe says.
SHARE, RATIO, CODES = ("share", 0.0, 1.0), ("variance\n(data: 1)", 0.0, None), ("nats of codes", None, None)
OF_EXAMPLE = ("nats per example", None, None)
CLUSTERS, WORDS = ("clusters", 0.0, None), ("words in use", 0.0, None)
UNITS: dict[str, tuple[str, float | None, float | None]] = {
    "real_accuracy": SHARE,
    "fake_accuracy": SHARE,
    "class_accuracy": SHARE,
    "accuracy": SHARE,
    "high_quality": SHARE,
    "spread": RATIO,
    "modes": CLUSTERS,
    "perplexity": WORDS,
    "information": CODES,
    "continuous_information": CODES,
    "likeness": OF_EXAMPLE,
    "kl": OF_EXAMPLE,
    "beta": ("weight of the KL", 0.0, None),
    "temperature": ("temperature", 0.0, None),
    "prior": ("nats per grid", None, None),
    **dict.fromkeys(OF_RANKS, ("share of the best ranking", 0.0, 1.0)),
    "word_nats": ("nats per word", None, None),
    "bits_per_dim": ("bits per dimension", None, None),
    **dict.fromkeys(OF_NOTES, ("nats per note", None, None)),
    "negative_elbo": ("nats of -ELBO", None, None),  # of an IWAE, far above its loss
}


def curves(
    rows: list[dict[str, Any]], trained: Trained, test: Dataset, levels: Mapping[str, float] | None = None
) -> "Figure":
    """The metrics of the log, a panel for each unit.

    Args:
        rows: of the log. trained: the model.
        test: its data, which say how many clusters there are.
        levels: numbers that a panel's curves are held against, if they have its unit: of the test data, of counting.
    """
    loss = (trained.recipe.unit(trained.settings), None, None)
    ends = {
        "clusters": None if test.centres is None else len(test.centres),
        "words in use": trained.settings.get("words", 0) or None,
    }
    by_axis: dict[tuple[str, float | None, float | None], dict[str, list[float]]] = {}
    for name in {name: 0 for row in rows for name in row}:
        if name not in NOT_PLOTTED:
            axis = UNITS.get(name, loss)
            if axis == OF_EXAMPLE and loss[0].startswith("nats per"):  # a line, such as the loss has, is an example
                axis = loss
            by_axis.setdefault(axis, {})[name] = [row.get(name, np.nan) for row in rows]
    panels = [
        plots.Panel(
            *(axis[0], series, axis[1], ends.get(axis[0], axis[2])),
            {name: value for name, value in (levels or {}).items() if UNITS.get(name, loss) == axis},
        )
        for axis, series in by_axis.items()
    ]
    return plots.curves([int(row["step"]) for row in rows], panels, trained.title)
