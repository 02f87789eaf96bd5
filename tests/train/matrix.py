"""Every model on every data set with every option: the cells of this matrix, and what must hold in each.

    python -m tests.train.matrix                # the whole matrix: a line for each fault, some twenty minutes
    python -m tests.train.matrix gan infogan    # the cells of these models

A cell is three steps of a small model with one option changed. What must hold:

- nothing ends with a traceback: what cannot be is refused, in one line that names the option;
- a refusal leaves a folder that can be used, or none;
- another value gives other weights, metrics or samples: no option is without effect;
- stopped after the second step and resumed, the run ends with the same bytes;
- what was trained can be sampled, drawn and looked into, or says in one line why not.
"""

import contextlib
import dataclasses
import functools
import math
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minigen import data
from minigen.data import Dataset
from minigen.errors import ArgumentError, MinigenError, NumericalError
from minigen.models import RECIPES, Recipe, Settings, recipe_of
from minigen.models.recipe import LARGEST, Option
from minigen.random import Generator
from minigen.report import (
    Trained,
    clips,
    evaluate,
    evaluation,
    latent_pictures,
    membership,
    plots,
    restorations,
    retrieval,
    scenarios,
)
from minigen.runs import Every, Run, load_run, remove_checkpoints
from minigen.train import begin_and_resume, reopen, resume, train
from tests.examples import BY_KIND

from .runs import rows, weights

SMALL = {
    **{"steps": 3, "batch_size": 12, "width": 4, "latent_dim": 3, "samples": 2, "words": 8, "unroll": 2},
    "evaluations": 4,  # of a network, for a sample
}
SHAPES = {
    **{"mnist": (28, 1), "fashion_mnist": (28, 1), "stacked_mnist": (28, 3), "cifar10": (32, 3), "celeba": (64, 3)},
    **{"orl32": (32, 1), "orl64": (64, 1), "brain": (64, 1)},
}
BYTES = ("stacked_mnist", "celeba")
WHOLE_ON = ("digits", "ring", "grid")  # where networks of full size take little time
EXAMPLES = {"train": 48, "test": 24}
PAIRS = BY_KIND["pairs"]

# Values at the edges of what an option allows, and beyond; more of single options, where a bound is not all there is.
EDGES_OF_NUMBERS = (math.nan, math.inf, -1.0, 1e-30, 1e30)
EDGES_OF_INTEGERS = (-1, 0, 1, 3, 7, LARGEST, LARGEST + 1)
EDGES: dict[str, tuple[float, ...]] = {
    "amount": (1.0, 2.5, 3.5, 7.0, 64.0, 1e-3, 0.999),
    "batch_size": (5, 47, 48, 49),
    "latent_dim": (2,),  # draws the plane
}
UNBOUNDED = {"steps", "unroll", "samples", "evaluations"}  # their largest values are allowed, and take long
OF_SAMPLES = {"evaluations", "solver", "guidance"}  # options that change what is drawn, and no weights
NOTHING = 1e-7  # in place of 0, less cannot be told from it in float32: of an average, nothing is kept


@dataclasses.dataclass(frozen=True)
class Cell:
    """A model on a data set with one option changed, or none.

    Attributes:
        edge: whether the value is an unlikely one, with which numbers may overflow.
        whole: whether the networks have the sizes that they have where nothing is chosen: small ones bear more.
    """

    model: str
    data: str
    option: str = ""
    value: Any = None
    edge: bool = False
    whole: bool = False

    def __str__(self) -> str:
        changed = f" --{self.option.replace('_', '-')} {self.value}" if self.option else ""
        return f"{self.model} --data {self.data}{changed}{' of full size' if self.whole else ''}"

    def settings(self, changed: bool = True) -> Settings:
        """Of its run, or of one in which no option is changed."""
        given = {self.option: self.value} if self.option and changed else {}
        return small(self.model, self.data, sizes=not self.whole, **given)


@functools.cache
def examples(name: str, split: str) -> Dataset:
    """Some examples of each label; of images that are not here, coloured patches of their size."""
    if name == "emoji":  # which needs a font
        rows = np.arange(split == "test", 2 * EXAMPLES[split], 2)
        return dataclasses.replace(PAIRS, x=PAIRS.x[rows], y=PAIRS.y[rows])
    if name not in SHAPES or (name in ("mnist", "stacked_mnist") and data.locate(name)):
        whole = data.load(name, split)
        spread = np.linspace(0, len(whole) - 1, EXAMPLES[split]).astype(int)
        if whole.words:
            return dataclasses.replace(whole, x=whole.x[spread], y=whole.y[spread])
        if whole.y is None:
            return dataclasses.replace(whole, x=whole.x[spread])
        some = np.argsort(whole.y, kind="stable")[spread]
        return dataclasses.replace(whole, x=whole.x[some], y=whole.y[some])
    side, channels = SHAPES[name]
    rng, n = np.random.default_rng(split == "test"), EXAMPLES[split]
    x = rng.random((n, 4, 4, channels), dtype=np.float32).repeat(side // 4, axis=1).repeat(side // 4, axis=2)
    return Dataset(name, (255 * x).astype(np.uint8) if name in BYTES else x, np.arange(n) % 10)


def fast(recipe: Recipe) -> dict[str, float]:
    """A high rate for networks that begin with 0: after three small steps a sample is noise, to the last digit."""
    return {"lr": 0.03} if "evaluations" in recipe.choosable else {}


def small(model: str, name: str, sizes: bool = True, **given: Any) -> Settings:
    """Settings of a few steps on a few examples, and if `sizes` of small networks."""
    recipe = recipe_of(model)
    few = SMALL if sizes else {"steps": SMALL["steps"], "batch_size": SMALL["batch_size"]}
    own = {option: value for option, value in few.items() if option in recipe.choosable}
    own |= fast(recipe)
    return recipe.settings(examples(name, "train"), **own | given)


def ordinary(option: Option, value: Any) -> list[Any]:
    """Two values that somebody may well choose in place of this one; all the others, of choices."""
    if option.choices:
        others: tuple[Any, ...] = option.choices
    elif isinstance(value, int):
        others = value + 1, 2 * value
    else:
        others = value / 2, 2 * value, *(() if value else (0.5,))
    found = []
    for other in others:
        with contextlib.suppress(ArgumentError):
            found.append(option.checked(other))
    return [other for other in dict.fromkeys(found) if other != value]


def unlikely(option: Option) -> list[Any]:
    """Values at the edges of what is allowed, and outside."""
    if option.choices:
        return ["", "nonsense"]
    edges = EDGES_OF_INTEGERS if isinstance(option.default, int) else EDGES_OF_NUMBERS
    bounds = [bound for bound in (option.least, option.most) if bound is not None]
    values = dict.fromkeys([*edges, *bounds, *EDGES.get(option.name, ())])
    return [value for value in values if not (option.name in UNBOUNDED and LARGEST >= value > 7)]


def cells(models: tuple[str, ...] = tuple(RECIPES)) -> Iterator[Cell]:
    """All of them, those of a model together."""
    for model in models:
        recipe = recipe_of(model)
        for name in data.DATASETS:
            if data.kind_of(name) not in recipe.takes or not (name in (*SHAPES, "emoji") or data.locate(name)):
                continue  # of texts and music there is no stand-in
            yield Cell(model, name)
            plain = small(model, name)
            for option in recipe.options:
                if option.given_by_data:
                    continue
                for value in ordinary(option, plain.options[option.name]):
                    yield Cell(model, name, option.name, value)
                    if option.choices and name in WHOLE_ON:
                        yield Cell(model, name, option.name, value, whole=True)
                for value in unlikely(option):
                    if value != plain.options[option.name]:
                        yield Cell(model, name, option.name, value, edge=True)


class Fault(AssertionError):
    """What is wrong with a cell, in one line."""


def must(holds: bool, otherwise: str) -> None:
    """Raise the fault unless it holds."""
    if not holds:
        raise Fault(otherwise)


def check(cell: Cell, folder: Path) -> str:
    """Try a cell in a folder that is not there yet; 'trained', 'refused' or 'not finite'.

    Raises:
        Fault: something does not hold.
    """
    sets = examples(cell.data, "train"), examples(cell.data, "test")
    try:
        settings = cell.settings()
        run = train(settings, *sets, str(folder), quiet=True, every=Every(steps=2))
    except MinigenError as error:
        _check_refusal(cell, error)
        _check_folder(cell, folder, error)
        return "not finite" if isinstance(error, NumericalError) else "refused"
    _check_resumed(run, sets)
    remove_checkpoints(folder)
    _check_shown(load_run(folder), sets)
    if has_effect(cell):
        must(outcome(folder) != plain(Cell(cell.model, cell.data, whole=cell.whole)), "the option has no effect")
    return "trained"


def outcome(folder: Path) -> tuple[bytes, str, bytes]:
    """What a run has come to; and what it draws, if there are options for that."""
    run = load_run(folder)
    drawn = b""
    if OF_SAMPLES & run.settings.options.keys():
        drawn = Trained(run.load_model(), run.settings, run.shape).sample(3, Generator(3)).tobytes()
    return weights(folder), repr(rows(folder)), drawn  # as text a NaN equals itself


def has_effect(cell: Cell) -> bool:
    """Whether other bytes are due."""
    if not cell.option:
        return False
    before = cell.settings(changed=False).options[cell.option]
    return bool(cell.value != before) and not (before == 0 and cell.value < NOTHING)


@functools.cache
def plain(cell: Cell) -> tuple[bytes, str, bytes]:
    """What comes of a cell in which no option is changed."""
    with tempfile.TemporaryDirectory() as folder:
        sets = examples(cell.data, "train"), examples(cell.data, "test")
        train(cell.settings(), *sets, str(folder), quiet=True, every=Every(steps=2))
        return outcome(Path(folder))


def _check_refusal(cell: Cell, error: MinigenError) -> None:
    told = str(error)
    must("\n" not in told, f"more than one line: {told!r}")
    must(bool(cell.option), f"refused without need: {told}")
    if isinstance(error, NumericalError):
        must(cell.edge, f"an ordinary value, and not finite: {told}")
    else:
        flag = cell.option.replace("_", "-")
        must(cell.option in told or flag in told, f"the refusal does not name the option: {told}")


def _check_folder(cell: Cell, folder: Path, error: MinigenError) -> None:
    """It is not there, or can be used: for the same run (only numbers failed) or for another."""
    if not folder.exists():
        return
    sets = examples(cell.data, "train"), examples(cell.data, "test")
    try:
        if isinstance(error, NumericalError):
            reopen(folder, sets[0])
        else:
            train(small(cell.model, cell.data), *sets, str(folder), quiet=True, every=Every(steps=2))
    except MinigenError as refusal:
        raise Fault(f"a folder that is of no use was left: {refusal}; first {error}") from None


def _check_resumed(run: Run, sets: tuple[Dataset, Dataset]) -> None:
    """From what the folder held before the last step, the run goes on to the same end."""
    if run.settings.steps < 3:  # of fewer there is but one checkpoint
        return
    stopped = run.folder.with_name(run.folder.name + " stopped")
    shutil.copytree(run.folder, stopped)
    (stopped / "model.safetensors").unlink()
    *_, newest = sorted(stopped.glob("checkpoint-*"))
    newest.unlink()
    must(any(stopped.glob("checkpoint-*")), "no checkpoint before the last")
    resume(stopped, *sets, quiet=True)
    must(weights(stopped) == weights(run.folder), "resumed, it ends with other weights")
    must(repr(rows(stopped)) == repr(rows(run.folder)), "resumed, it ends with other metrics")
    shutil.rmtree(stopped)


def _check_shown(run: Run, sets: tuple[Dataset, Dataset]) -> None:
    """Whatever a finished run offers works on it, or is refused in one line."""
    trained = Trained(run.load_model(), run.settings, run.shape)
    if trained.kind == "likes":
        must(trained.symbols(7, Generator(3)).shape == (7, *run.shape), "made-up users of another shape")
    elif trained.kind in ("text", "lines", "rolls"):
        must(len(trained.symbols(7, Generator(3), length=3)) == 7, "another number of samples")
    elif trained.recipe.generates:
        must(trained.sample(7, Generator(3)).shape == (7, *run.shape), "samples of another shape")
    for show in (
        lambda: latent_pictures(trained, sets[1], Generator(0)),
        lambda: evaluate(trained, *sets, 20, 0),
    ):
        try:
            show()
        except MinigenError as error:
            must("\n" not in str(error), f"more than one line: {error!r}")


def without_drawing(setattr: Any = setattr) -> None:
    """From here on, what would be drawn is looked at and not drawn; and no classifier judges the samples."""

    def grid(images: np.ndarray, *about: Any, **more: Any) -> None:
        plots.mosaic(np.asarray(images), 10)

    def pairs(originals: np.ndarray, others: np.ndarray, *about: Any, **more: Any) -> None:
        must(originals.shape == others.shape, "pairs of different shapes")
        plots.mosaic(np.asarray(others), 10)

    def scatter(samples: np.ndarray, points: np.ndarray, *about: Any, **more: Any) -> None:
        must(samples.ndim == points.ndim == 2, "points that are none")

    for name, stand_in in {"image_grid": grid, "pairs": pairs, "scatter": scatter}.items():
        setattr(plots, name, stand_in)
    for room, name in ((scenarios, "trajectories"), (scenarios, "tail"), (clips, "horizon")):
        setattr(room, name, lambda *about: None)
    setattr(clips, "GUESSES", 2)
    setattr(begin_and_resume, "curves", lambda *about: None)
    setattr(begin_and_resume, "remove_checkpoints", lambda folder: None)  # `check` goes on from them
    setattr(Run, "picture", lambda *about, **more: None)
    setattr(evaluation, "MUST_REACH", {})
    setattr(evaluation, "_of_stacks", lambda *about: {})
    setattr(evaluation, "LIKELIHOOD_SAMPLES", 8)
    setattr(evaluation, "LIKELIHOOD_IMAGES", 8)
    setattr(membership, "ATTACKED", 8)
    setattr(restorations, "GUESSES", 2)
    setattr(retrieval, "finds", lambda *about: None)


def found(cell: Cell, folder: Path) -> str:
    """The cell's outcome, or 'FAULT: ' and what is wrong."""
    try:
        return check(cell, folder)
    except Fault as fault:
        return f"FAULT: {fault}"
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"FAULT: {type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"


def main(models: list[str]) -> int:
    """Try the cells of these models, or all; how many are at fault."""
    without_drawing()
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for i, cell in enumerate(cells(tuple(models or RECIPES))):
            told = found(cell, Path(folder) / str(i))
            counts[told[:5]] = counts.get(told[:5], 0) + 1
            if told.startswith("FAULT"):
                print(f"{cell}: {told}", flush=True)
            shutil.rmtree(Path(folder) / str(i), ignore_errors=True)
    print(counts)
    return counts.get("FAULT", 0)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
