"""`augment`: which images are made, from which labels, and what is reported."""

import numpy as np
import pytest

from minigen import cli, data
from minigen.random import Generator
from minigen.report import Trained
from minigen.report import augmentation as augmenting
from minigen.runs import load_run
from tests.train import runs


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr(augmenting, "STEPS", 30)


def trained(folder):
    run = load_run(folder)
    return Trained(run.load_model(), run.settings, run.shape)


def test_the_command(tmp_path, capsys):
    runs.start("vae", tmp_path / "run")
    assert cli.main(["augment", str(tmp_path / "run"), "--labels", "40", "--seed", "2"]) == 0
    shown = capsys.readouterr().out
    for name in ("nearest neighbour", "classifier", "with generated", "with shifted"):
        assert f"{name} " in shown
    assert (tmp_path / "run" / "augmented.png").stat().st_size > 1000


def test_same_seed_same_accuracies(tmp_path):
    runs.start("vae", tmp_path / "run")
    train, test, measured = data.load("digits"), data.load("digits", "test"), augmenting.accuracies_from_few_labels
    first, again, other = (measured(trained(tmp_path / "run"), train, test, 20, seed)[0] for seed in (0, 0, 1))
    assert first == again != other
    assert all(0.1 < value < 1 for value in first.values())


def test_what_is_made_lies_between_images_of_one_label(tmp_path):
    """With a decoder that gives the code itself: every made image is on the line between two codes of its label."""
    runs.start("vae", tmp_path / "run")
    vae, digits = trained(tmp_path / "run"), data.load("digits")
    x, y = digits.x[:60], digits.y[:60]
    maker = augmenting.LabelledInterpolation(vae, x, y)
    vae.encode = lambda batch, rng: maker.codes[: len(batch)]
    vae.from_codes = lambda z: z
    made, labels = maker(x, y, Generator(0))
    assert (labels == y).all()
    for z, code, label in zip(made, maker.codes, y, strict=True):
        ends = maker.codes[y == label]
        away, along = z - code, ends - code
        length = np.maximum((along**2).sum(axis=1), 1e-12)
        share = (along @ away) / length
        error = np.abs(away - share[:, None] * along).max(axis=1)
        right = (error < 1e-4) & (share > -1e-4) & (share < 1 + 1e-4)
        assert right.any()


@pytest.mark.parametrize(
    ("kind", "labels", "message"), [("gan", 100, "needs a VAE"), ("vae", 19, "at least two of each")]
)
def test_refusals(tmp_path, capsys, kind, labels, message):
    runs.start(kind, tmp_path / "run")
    assert cli.main(["augment", str(tmp_path / "run"), "--labels", str(labels)]) == 2
    assert message in capsys.readouterr().err
