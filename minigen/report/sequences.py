"""What is shown of a model of text, lines or piano rolls: what it writes and plays, its likelihood beside counting."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..data import Dataset
from ..data.alphabet import lines_of
from ..data.files import save_parts
from ..errors import ArgumentError, NumericalError
from ..metrics.answers import right_answers
from ..models.sequences.ngram import NGram, counting
from ..models.sequences.sampling import Draw
from ..models.sequences.sequence_model import SequenceModel
from ..models.vaes.melody import SAMPLES
from ..random import Generator
from .findings import Figures, Files, Measure, Measures, counted
from .playing import (
    MUSIC,
    OF_NOTES,
    apart,
    content,
    drawn_rolls,
    files,
    harmony,
    is_music,
    measures,
    music_baselines,
    roll_of,
    rolls_of,
    that_fit,
)
from .trained import Trained
from .writing import as_page, texts

LINES, SHOWN = 20, 4  # lines, and pieces of music, that a run leaves
EXAMINED, PART = 1000, 500  # lines, at most, that are looked for in the training data; and drawn at once
ORDER = 5  # of the counts that the answers to sums are held against
OF_DRAWING = ("temperature", "top_k", "top_p")
NO_SAMPLES = ""


def suffixes(trained: Trained) -> tuple[str, ...]:
    """How a file of samples may end. Lines that are music may be heard, too."""
    if trained.kind == "rolls":
        return *MUSIC, ".npy"
    return (".txt", *(MUSIC if trained.kind == "lines" and is_music(trained.settings.data) else ()))


def how_many(trained: Trained) -> int:
    """How many samples of text or music a run leaves."""
    if is_music(trained.settings.data):
        return SHOWN
    return LINES if trained.kind == "lines" else 1


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset] | None = None,
    title: str = "",
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`: the endings are .txt, .npy and those of MUSIC.

    Args:
        trained: a model of text, lines or rolls. n: how many. rng: where the draws come from.
        suffixes: endings that suit it. test, title: not asked for.
        how: prompt, length and those of `Draw`, as of `texts`; of rolls length alone.

    Raises:
        ArgumentError: of the prompt, see `texts`; none of them is music, and nothing else was asked for.
    """
    n = n or how_many(trained)
    of_draw = {name: how.pop(name) for name in OF_DRAWING if name in how}
    if of_draw:
        how["draw"] = Draw(**of_draw)
    told: list[str] = []
    found: Files = {}
    if trained.kind == "rolls":
        x = drawn_rolls(trained, n, rng, **how)
        if ".npy" in suffixes:
            told.append(counted(n, "roll"))
            found[".npy"] = lambda path: save_parts(path, x.shape, [x])
        pieces = [(f"piece {i}: the first frame is given", roll) for i, roll in enumerate(x, 1)]
    else:
        written = texts(trained, n, rng, **how)
        if ".txt" in suffixes:
            told.append(counted(n, "line" if trained.kind == "lines" else "text"))
            found[".txt"] = as_page(trained, written)
        data = trained.settings.data
        rolls = [roll_of(line, data) for line in written] if is_music(data) else []
        pieces = [(f"line {i}", roll) for i, roll in enumerate(rolls, 1) if len(roll)]
    if heard := [suffix for suffix in suffixes if suffix in MUSIC]:
        some = pieces[: that_fit([roll for _, roll in pieces], trained.settings.data)]
        between = "" if heard == [".png"] else apart(len(some), trained.settings.data)
        told.append(_of_pieces(n, len(pieces), len(some)) + between)
        if not some and not found:
            name = trained.settings.model
            raise ArgumentError(f"folder: what {name!r} wrote is no music; train it longer, or take a .txt")
        names, shown = [name for name, _ in some], [roll for _, roll in some]
        found |= {end: content(end, shown, trained.settings.data, trained.title, names) for end in heard if some}
    return ", ".join(told), found


def _of_pieces(n: int, music: int, played: int) -> str:
    """How many of n samples are music, and are played."""
    told = counted(played, "piece")
    if played < music:
        told = f"the first {played} of {counted(music, 'piece')}, as many as one file holds"
    return told + (f" ({n - music} of {n} {'is' if n - music == 1 else 'are'} no music)" if music < n else "")


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`. Of weights that came to nothing the metrics tell enough; `sample` says why."""
    try:
        files = final_files(trained, test, rng)
    except NumericalError:
        files = {}
    return measures(trained, test), files


def final_files(trained: Trained, test: Dataset, rng: Generator) -> Files:
    """samples.*; of chorales harmony.*, of an autoencoder of music reconstructions.*"""
    endings = ((".txt",) if trained.kind != "rolls" else ()) + (MUSIC if is_music(test.name) else ())
    _, made = samples(trained, None, rng, endings)
    found = {f"samples{suffix}": file for suffix, file in made.items()}
    if test.name == "chorales" and not trained.can_show("codes"):
        found |= harmony(trained, test, rng)
    if is_music(test.name) and trained.can_show("reconstructions"):
        x = test.x[:: max(1, len(test) // 3)][:3]
        again = rolls_of(trained.reconstruct(x), test.name, test.alphabet)
        both = [roll for pair in zip(rolls_of(x, test.name, test.alphabet), again, strict=False) for roll in pair]
        found |= files("reconstructions", both, test.name, trained.title, ["original", "reconstruction"] * 3)
    return found


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """Counting, in nats a symbol or a frame; of chorales also in nats a note.

    Args:
        train, test: the data. a_line: whether to count in nats a line.
    """
    found = {}
    if train.kind != "rolls":
        symbols = SequenceModel.counted(test.x).sum() / len(test) if a_line else 1.0
        for name, value in counting(train.x, test.x, len(train.alphabet), train.kind).items():
            found[name.replace(" ", "_")] = round(value * symbols, 4) + 0.0
    return found | music_baselines(train, test)


def drawn(n: int, train: Dataset) -> int:
    """How many samples `evaluated` draws where n are asked for: of lines a thousand at most, of text and rolls none."""
    return min(n, EXAMINED) if train.kind == "lines" else 0


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """The likelihood of the test data beside counting; of lines also copies, of sums the right ones."""
    say(f"the likelihood of {len(test)} test examples")
    found = _likelihood(trained, train, test, rng)
    if trained.kind == "lines":
        say(f"{n} lines, to look for copies")
        found |= _of_lines(trained, train, test, n, rng)
    return found, {}


def _likelihood(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> Measures:
    """The likelihood of all test examples, place by place, beside what needs no net."""
    total = 0 - float(trained.log_prob(test.x, rng).sum(dtype=np.float64))
    nats = total / int(trained.model.counted(test.x).sum())
    what = "frame" if trained.kind == "rolls" else "symbol"
    is_bound = trained.can_show("codes")
    ours = {"NLL": Measure(nats, None, f"nats a {what} of the test data, {'a bound' if is_bound else 'exact'}")}
    if is_bound:
        note = f"nats a line, the same bound, of {SAMPLES} codes a line; test_loss in the log is the looser one of 1"
        ours["NLL of a line"] = Measure(total / len(test), None, note)
    if what == "symbol":
        ours["bits"] = Measure(nats / math.log(2), None, "of the NLL a symbol")
    others = measures(trained, test) | baselines(train, test)
    units = {name: "note" if name in OF_NOTES else what for name in others}
    return ours | {name: Measure(value, None, f"nats a {units[name]}") for name, value in others.items()}


def _of_lines(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> Measures:
    """How many of n lines are copies, beside what is expected of new lines; of sums, how many are right."""
    known = set(lines_of(train.x, train.alphabet))
    drawn_lines = [line for i in range(0, n, PART) for line in texts(trained, min(PART, n - i), rng)]
    ours, theirs = (
        sum(line in known for line in lines) / len(lines) for lines in (drawn_lines, lines_of(test.x, test.alphabet))
    )
    note = f"share of {n} samples that are lines of the training data; of the test data {theirs:.4g} are"
    found = {"copies": Measure(ours, None, note)}
    if train.name == "adder" and not trained.can_show("codes"):
        counts = NGram(ORDER, len(train.alphabet)).fit(train.x)
        ours, theirs = (
            right_answers(x, test.x, test.alphabet) for x in (trained.likeliest(test.x), counts.likeliest(test.x))
        )
        found["right_sums"] = Measure(ours, None, f"share of {len(test)} test sums, the likeliest digit at each place")
        found["right_sums_counting"] = Measure(theirs, None, f"the same, of counts after {ORDER} symbols")
    return found
