"""What is shown of a model of clips: how it goes on from a few frames, beside the truth; a sheet, a GIF, decibels."""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autodiff import Tensor, no_grad
from ..backend import to_device
from ..data import Dataset, pixels
from ..data.moving import GIVEN
from ..metrics import psnr
from ..metrics.motion import last_frame, last_motion, mean_frame
from ..random import Generator
from . import plots
from .canvas import new_figure, own_settings
from .findings import Figures, Files, Measure, Measures
from .pictures import as_files
from .pictures import suffixes as suffixes
from .trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURED, MOST = 10, 100  # samples: of a run, and in one picture
NO_SAMPLES = ""
SHOWN = 6  # clips on a sheet
IN_GIF = 8
TESTED, GUESSES = 200, 8  # clips, and continuations of each
REMEMBERED = 1000  # training clips, of which the mean frame is made
DRAWN, TRUE = (0.90, 0.62, 0.0), (1.0, 1.0, 1.0)  # the edges of frames that the model drew, and of others
ENLARGED, MILLISECONDS = 6, 250  # of a GIF: a pixel's side, a frame's time

Curves = dict[str, np.ndarray]


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`."""
    return as_files(trained, n or PICTURED, rng, suffixes, MOST, lambda x: samples_picture(x, title), **how)


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`."""
    return {}, final_files(trained, test, rng)


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """None in the unit of the losses; `evaluated` has decibels."""
    return {}


def drawn(n: int, train: Dataset) -> int:
    """None: so many clips, of the test data, are continued."""
    return 0


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """How near continuations are to the truth, in decibels, beside what needs no learning."""
    some = min(TESTED, len(test))
    say(f"{GUESSES} continuations of each of {some} test clips")
    decibels, figure = measured(trained, train, test, some, rng)
    note = f"dB, of {some} test clips"
    return {name: Measure(value, None, note) for name, value in decibels.items()}, {"horizon.png": figure}


def final_files(trained: Trained, test: Dataset, rng: Generator) -> Files:
    """samples.png, continuations.png and continuations.gif."""
    x = pixels(test.x[: max(SHOWN, IN_GIF)])
    again = np.clip(trained.continued(x[:, :GIVEN], rng), 0, 1)
    note = f"{trained.title}: truth above continuation, {GIVEN} given"
    return {
        "continuations.png": sheet(np.stack([x[:SHOWN], again[:SHOWN]], axis=1), GIVEN, note),
        "continuations.gif": gif(x[:IN_GIF], again[:IN_GIF], GIVEN),
        "samples.png": samples_picture(trained.sample(SHOWN, rng), trained.title),
    }


def samples_picture(x: np.ndarray, title: str) -> "Figure":
    """Clips (N, T, H, W, C), a row each."""
    return plots.image_grid(np.clip(x, 0, 1).reshape(-1, *x.shape[2:]), x.shape[1], f"{title}: a clip a row")


def sheet(x: np.ndarray, given: int, title: str) -> "Figure":
    """Groups of clips (N, k, T, H, W, C), a row each, with a gap after the frames that are given."""
    n, k, length, h, w, c = x.shape
    blank = np.ones((n, k, 1, h, w, c), x.dtype)
    rows = np.concatenate([x[:, :, :given], blank, x[:, :, given:]], axis=2)
    return plots.image_grid(rows.reshape(-1, h, w, c), length + 1, title)


def gif(x: np.ndarray, again: np.ndarray, given: int) -> bytes:
    """True clips (N, T, H, W, C) in a row above their continuations, as bytes of a GIF that plays for ever.

    Frames that the model has drawn have an orange edge.
    """
    from PIL import Image

    frames = []
    for t in range(x.shape[1]):
        rows = [_edged(clips[:, t], colour) for clips, colour in ((x, TRUE), (again, DRAWN if t >= given else TRUE))]
        canvas = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
        large = np.rint(255 * canvas).astype(np.uint8).repeat(ENLARGED, axis=0).repeat(ENLARGED, axis=1)
        frames.append(Image.fromarray(large).quantize(64))
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0)
    return file.getvalue()


def _edged(images: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """Images (N, H, W, C) in colour, with an edge of one pixel."""
    n, h, w, _ = images.shape
    found = np.broadcast_to(np.array(colour, np.float32), (n, h + 2, w + 2, 3)).copy()
    found[:, 1:-1, 1:-1] = np.clip(images, 0, 1)
    return found


def compared(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> tuple[np.ndarray, Curves]:
    """True frames that follow the given ones, of n test clips, and guesses at them by name: (n, T - given, H, W, C)."""
    x = pixels(test.x[:n])
    given, truth = x[:, :GIVEN], x[:, GIVEN:]
    count = truth.shape[1]
    guesses = np.stack([np.clip(trained.continued(given, rng)[:, GIVEN:], 0, 1) for _ in range(GUESSES)])
    return truth, {
        f"mean of {GUESSES} guesses": guesses.mean(axis=0),
        "one guess": guesses[0],
        "words of the truth": _through_words(trained, truth),
        "last frame": last_frame(given, count),
        "mean frame": mean_frame(given, count, pixels(train.x[:REMEMBERED])),
        "last motion": last_motion(given, count),
    }


def _through_words(trained: Trained, x: np.ndarray) -> np.ndarray:
    """Clips as the decoder shows the words of their frames: the best that words can do."""
    parts = []
    with no_grad():
        for frames in np.split(x, range(50, len(x), 50)):
            rows = to_device(frames.reshape(-1, *x.shape[2:]), trained.model.device)
            parts.append(trained.model.frames.reconstruct(Tensor(rows)).numpy().reshape(frames.shape))
    return np.concatenate(parts)


def measured(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator
) -> tuple[dict[str, float], "Figure"]:
    """Decibels of each way to go on, over all frames that are not given, and a picture of them frame by frame."""
    truth, found = compared(trained, train, test, min(n, TESTED, len(test)), rng)
    ahead = {name: [psnr(truth[:, t], x[:, t]) for t in range(truth.shape[1])] for name, x in found.items()}
    title = f"{trained.title}: {len(truth)} test clips, {GIVEN} frames given"
    return {name: psnr(truth, x) for name, x in found.items()}, horizon(ahead, title)


@own_settings()
def horizon(decibels: dict[str, list[float]], title: str) -> "Figure":
    """Decibels against how many frames ahead, a line for each way to go on."""
    figure = new_figure(7, 4, dpi=110, layout="constrained")
    axes = figure.add_subplot()
    for i, (name, values) in enumerate(decibels.items()):
        ours = "guess" in name or "words" in name
        axes.plot(range(1, len(values) + 1), values, f"C{i}" + ("o-" if ours else "s--"), label=name)
    axes.set(xlabel="frames after the last that is given", ylabel="PSNR (dB)", title=title)
    axes.set_xticks(range(1, len(values) + 1))
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), borderaxespad=0, frameon=False)
    return figure
