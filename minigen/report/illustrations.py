"""What is shown of a model that draws names: pictures of names it has not seen, and whether they can be told apart.

A drawn picture is judged by what it finds: among all held-out pictures, those with the nearest colours (the histogram
of `minigen.metrics.retrieval`). If the true one is among the ten nearest, the name was drawn recognisably, in colour at
least. The baseline draws the training picture whose name has most words in common.
"""

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..data import Dataset, pixels
from ..data.emoji import decode_names, encode_names
from ..data.files import save_parts
from ..errors import ArgumentError
from ..metrics.retrieval import colour_histogram, recall_at, word_overlap
from ..random import Generator
from . import plots
from .canvas import new_figure, own_settings
from .evaluation import log_probability
from .findings import Figures, Files, Measure, Measures
from .pictures import suffixes as suffixes
from .pictures import told_of
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_SAMPLES = ""
PICTURED, MOST = 20, 100  # samples: of a run, and in one picture
NAMES, EACH = 8, 4  # in a picture: names, and samples of each
JUDGED, K = 100, 10  # names whose pictures are looked for, at most; finds that count


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`: of `prompt`, a name in words; by default of held-out names in turn.

    Raises:
        ArgumentError: a word that the model does not know.
    """
    n, data = n or PICTURED, test()
    assert data.y is not None
    if "prompt" in how:
        y = np.tile(_places(how.pop("prompt"), data), (n, 1))
    else:
        y = data.y[np.arange(n) % len(data)]
    most = MOST if ".npy" not in suffixes else n
    x = drawn_of(trained, y[:most], rng, **how)
    found: Files = {}
    if ".npy" in suffixes:
        found[".npy"] = lambda path: save_parts(path, x.shape, [x])
    if ".png" in suffixes:
        found[".png"] = captioned_grid(x[:MOST], decode_names(y[:MOST], data.words), title)
    return told_of(n, MOST if ".png" in suffixes else n), found


def _places(prompt: str, data: Dataset) -> np.ndarray:
    """The places of a name's words, (T,)."""
    try:
        return encode_names([prompt], data.words)[0]
    except ArgumentError as error:
        raise ArgumentError(f"prompt: {str(error).removeprefix('names: ')}") from None


def drawn_of(trained: Trained, y: np.ndarray, rng: Generator, **how: Any) -> np.ndarray:
    """A picture in [0, 1] of each name y (N, T)."""
    parts = [
        trained.sample(len(part), rng, prompt=part, **how) for part in np.split(y, range(PICTURED, len(y), PICTURED))
    ]
    return np.clip(np.concatenate(parts), 0, 1)


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`: samples.png, held-out names and their pictures; and what is found by them."""
    assert test.y is not None
    some = np.arange(0, len(test), max(1, len(test) // NAMES))[:NAMES]
    made = drawn_of(trained, np.repeat(test.y[some], EACH, axis=0), rng)
    true = pixels(np.asarray(test.x[some]))
    picture = beside_the_truth(true, made.reshape(len(some), -1, *true.shape[1:]), names_of(test, some), trained.title)
    return found(trained, train, test, rng), {"samples.png": picture}


def names_of(data: Dataset, which: np.ndarray) -> list[str]:
    """The names of some of the pairs."""
    assert data.y is not None
    return decode_names(data.y[which], data.words)


def found(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> dict[str, float]:
    """How often the right picture is among the ten nearest to what was drawn of its name, or to the baseline."""
    assert train.y is not None
    assert test.y is not None
    measures = {}
    for prefix, data in (("", test), ("seen_", train)):
        some = np.sort(rng.permutation(len(data))[:JUDGED])
        true, y = colour_histogram(pixels(np.asarray(data.x[some]))), np.asarray(data.y)[some]
        made = colour_histogram(drawn_of(trained, y, rng))
        measures[f"{prefix}found"] = recall_at(likeness(made, true), np.arange(len(some)), K)
        if not prefix:
            nearest = word_overlap(y, train.y).argmax(axis=1)
            copied = colour_histogram(pixels(np.asarray(train.x[nearest])))
            measures["found_by_a_copy"] = recall_at(likeness(copied, true), np.arange(len(some)), K)
            measures["chance"] = min(1.0, K / len(some))
    return {name: round(value, 4) for name, value in measures.items()}


def likeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The negative distance of each histogram (N, D) to each other (M, D): (N, M)."""
    return -np.abs(a[:, None] - b[None]).sum(axis=2)


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """None in the unit of the losses; `results` has them."""
    return {}


def drawn(n: int, train: Dataset) -> int:
    """As many as are judged, whatever is asked for."""
    return JUDGED


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """How often the right picture is found by what was drawn, beside a copy and chance."""
    say(f"pictures of {2 * JUDGED} names")
    notes = {
        "found": "of held-out names: the true picture is among the ten nearest in colour to what was drawn",
        "found_by_a_copy": "the same of the training picture whose name has most words in common",
        "chance": "the same of a guess",
        "seen_found": "of names that were trained on",
    }
    values = found(trained, train, test, rng)
    return log_probability(trained, test, rng) | {
        name.replace("_", " "): Measure(values[name], None, note) for name, note in notes.items()
    }, {}


@own_settings()
def captioned_grid(x: np.ndarray, names: list[str], title: str) -> "Figure":
    """Pictures (N, H, W, C) in rows of five, each above its name."""
    columns = min(5, len(x))
    rows = -(-len(x) // columns)
    figure = new_figure(1.7 * columns, 1.75 * rows + 0.4, dpi=110, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False)
    for one in axes.ravel():
        one.set_axis_off()
    for one, image, name in zip(axes.ravel(), x, names, strict=False):
        one.imshow(image)
        one.set_title("\n".join(textwrap.wrap(name, 22)[:2]), y=-0.07, va="top", fontsize=9)
    figure.suptitle(title, fontsize=10)
    return figure


@own_settings()
def beside_the_truth(true: np.ndarray, made: np.ndarray, names: list[str], title: str) -> "Figure":
    """A row for each name: the true picture, and what was drawn.

    Args:
        true: (N, H, W, C). made: (N, k, H, W, C). names: N.
    """
    n, k = made.shape[:2]
    figure = new_figure(7, 0.75 * n + 0.5, dpi=120, layout="constrained")
    axes = figure.subplots()
    grid = np.concatenate([true[:, None], np.ones_like(true)[:, None], made], axis=1)
    axes.imshow(plots.mosaic(grid.reshape(-1, *true.shape[1:]), k + 2))
    side = true.shape[1] + 1
    for row, name in enumerate(names):
        axes.text(-6, side * (row + 0.5), "\n".join(textwrap.wrap(name, 28)[:3]), ha="right", va="center", fontsize=9)
    axes.set_xlim(-4.2 * side, (k + 2) * side)
    axes.set_axis_off()
    axes.set_title(f"{title}: held-out names, the true picture, and {k} that are drawn", loc="left", fontsize=10)
    return figure
