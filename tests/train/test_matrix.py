"""Every model on every data set with every option: a sample of the matrix; with -m slow all of it. See `matrix`."""

import dataclasses
import random

import pytest

from minigen.errors import ArgumentError, NumericalError
from minigen.models import RECIPES, Option
from minigen.train.supervisor import Supervisor
from tests.faults import tally

from . import matrix
from .matrix import Cell, cells, found

FAST = ("digits", "mnist", "ring", "grid", "names", "adder", "tastes", "emoji", "car-following", "moving-digits")


@pytest.fixture(autouse=True)
def no_drawing(monkeypatch):
    matrix.without_drawing(monkeypatch.setattr)


def tried(some, folder):
    """The faults of some cells."""
    told = {cell: found(cell, folder / str(i)) for i, cell in enumerate(some)}
    faults = [f"{cell}: {words}" for cell, words in told.items() if words.startswith("FAULT")]
    tally("training: a model, a data set, an option", len(told), len(faults), "it trains and is used, or is refused")
    return faults


def sample(model):
    """A model on each data set; and each option at all its choices or two values, and at two edges, each somewhere."""
    draw, values = random.Random(model), {}
    for cell in cells((model,)):
        if not cell.option:
            yield cell
        elif cell.data in FAST:
            group = values.setdefault((cell.option, cell.edge, cell.whole), {})
            group.setdefault(repr(cell.value), []).append(cell)
    for (_, edge, _), group in values.items():
        for value in draw.sample(sorted(group), 2) if edge and len(group) > 2 else group:
            yield draw.choice(group[value])


@pytest.mark.parametrize("model", RECIPES)
def test_a_model_and_one_of_its_options(model, tmp_path):
    some = [cell for cell in cells((model,)) if cell.data in FAST and not cell.whole]
    assert not tried(random.Random(model).sample(some, 3), tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("model", RECIPES)
def test_each_model_on_each_data_set(model, tmp_path):
    assert not tried((cell for cell in cells((model,)) if not cell.option), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("model", RECIPES)
def test_each_option_of_each_model_somewhere(model, tmp_path):
    assert not tried(sample(model), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("model", RECIPES)
def test_the_whole_matrix(model, tmp_path):
    assert not tried(cells((model,)), tmp_path)


# -------------------------------------------------------------------------------------- what the matrix would find


def planted(monkeypatch, **changes):
    """From here on, the recipe of the VAE is another."""
    monkeypatch.setitem(RECIPES, "vae", dataclasses.replace(RECIPES["vae"], **changes))


def refuses(error):
    def check(settings, data):
        if settings.latent_dim == 4:
            raise error

    return check


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TypeError("float"), "FAULT: TypeError: float"),
        (ArgumentError("no"), "FAULT: the refusal does not name the option: no"),
        (NumericalError("step 1: nan"), "FAULT: an ordinary value, and not finite: step 1: nan"),
        (ArgumentError("latent_dim: no"), "refused"),
    ],
)
def test_a_traceback_and_a_refusal_that_says_little_would_be_found(error, told, monkeypatch, tmp_path):
    planted(monkeypatch, check=refuses(error))
    assert found(Cell("vae", "digits", "latent_dim", 4), tmp_path / "run").startswith(told)


def test_an_option_that_nobody_reads_would_be_found(monkeypatch, tmp_path):
    planted(monkeypatch, options=(*RECIPES["vae"].options, Option("charm", 1.0, "unread", least=0)))
    told = [found(cell, tmp_path / "run") for cell in cells(("vae",)) if (cell.data, cell.option) == ("ring", "charm")]
    assert "FAULT: the option has no effect" in told


def test_a_resumed_run_that_draws_other_numbers_would_be_found(monkeypatch, tmp_path):
    load = Supervisor.load

    def forgets(self, checkpoint):
        load(self, checkpoint)
        self.rng.normal((1,))

    monkeypatch.setattr(Supervisor, "load", forgets)
    assert found(Cell("vae", "digits"), tmp_path / "run") == "FAULT: resumed, it ends with other weights"


def test_a_folder_of_no_use_would_be_found(monkeypatch, tmp_path):
    folder = tmp_path / "run"

    def leaves_something(settings, data):
        if settings.latent_dim == 4:
            folder.mkdir()
            (folder / "left.txt").touch()
            raise ArgumentError("latent_dim: no")

    planted(monkeypatch, check=leaves_something)
    told = found(Cell("vae", "digits", "latent_dim", 4), folder)
    assert told.startswith("FAULT: a folder that is of no use was left")
