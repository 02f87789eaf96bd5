"""What is shown and measured of a model, by its kind of data: for each a module, all with the same functions.

A new kind of data needs such a module, and a line in the table below. Nothing else asks what kind a model's data are.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..data import Dataset
from ..random import Generator
from . import clips, illustrations, pictures, recommendation, restorations, retrieval, scenarios, sequences
from .findings import Figures, Files, Measures
from .trained import Trained


class Showing(Protocol):
    """The functions of such a module."""

    NO_SAMPLES: str  # why there are none; else empty

    def suffixes(self, trained: Trained) -> tuple[str, ...]:
        """How the name of a file of samples may end; where none is named, all but .npy, as a run leaves them."""

    def samples(
        self,
        trained: Trained,
        n: int | None,
        rng: Generator,
        suffixes: Sequence[str],
        test: Callable[[], Dataset],
        title: str,
        **how: Any,
    ) -> tuple[str, Files]:
        """The same samples in words, and as the content of a file of each ending.

        Args:
            trained: the model. n: how many; None: as many as a run leaves. rng: where the draws come from.
            suffixes: endings that suit it. test: loads its test data. title: of a picture.
            how: see `minigen.report.samples.check_how`.
        """

    def results(
        self, trained: Trained, train: Dataset, test: Dataset, rng: Generator
    ) -> tuple[dict[str, float], Files]:
        """What a finished run leaves: measures besides the trainer's own, and files by name."""

    def baselines(self, train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
        """What needs no net, in the unit of the losses, to be held against them."""

    def drawn(self, n: int, train: Dataset) -> int:
        """How many samples `evaluated` draws where n are asked for."""

    def evaluated(
        self, trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
    ) -> tuple[Measures, Figures]:
        """All measures that suit the model and its data, of n samples, and pictures; `say` is told what takes time."""


BY_KIND: dict[str, Showing] = {
    "images": pictures,
    "points": pictures,
    "pairs": illustrations,
    "text": sequences,
    "lines": sequences,
    "rolls": sequences,
    "likes": recommendation,
    "series": scenarios,
    "clips": clips,
}
BY_CAPABILITY: dict[str, Showing] = {"restorations": restorations, "similarities": retrieval}  # comes first


def showing(trained: Trained) -> Showing:
    """The module for a trained model."""
    first = (module for name, module in BY_CAPABILITY.items() if trained.can_show(name))
    return next(first, BY_KIND[trained.kind])


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """What needs no net, beside the losses of one that learns such data; see `Showing.baselines`."""
    return BY_KIND[train.kind].baselines(train, test, a_line)


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """What a finished run leaves; see `Showing.results`."""
    return showing(trained).results(trained, train, test, rng)


def evaluate(
    trained: Trained, train: Dataset, test: Dataset, n: int, seed: int, say: Callable[[str], object] = lambda text: None
) -> tuple[Measures, Figures]:
    """All measures that suit the model and its data, and pictures.

    Args:
        trained: the model. train, test: its data.
        n: how many samples; fewer are drawn where `Showing.drawn` says so.
        seed: of the samples, and of the halves of the real data.
        say: is told what is being computed, as it may take minutes.

    Raises:
        ArgumentError: too few samples for a measure, or a model that does not generate.
    """
    trained.recipe.check_data(trained.settings, train)
    module = showing(trained)
    return module.evaluated(trained, train, test, module.drawn(n, train), Generator(seed), say)
