"""What MADE and the PixelCNN have in common: probabilities, levels, training."""

import itertools
import math

import numpy as np
import pytest

import minigen as mg
from minigen import backend, data
from minigen.errors import ArgumentError
from minigen.models import recipe_of
from minigen.models.autoregressive.made import MADE
from minigen.models.autoregressive.pixelcnn import PixelCNN
from minigen.optim import Adam


def models(shape, levels, named=False):
    yield MADE(shape, levels, [12], named=named, rng=mg.Generator(1))
    yield PixelCNN(shape, levels, 6, depth=2, named=named, rng=mg.Generator(1))


@pytest.mark.parametrize(("levels", "named"), [(2, False), (3, False), (3, True)])
def test_over_all_grids_the_probabilities_add_up_to_1(levels, named, device):
    grids = np.array(list(itertools.product(range(levels), repeat=6))).reshape(-1, 2, 1, 3)
    for model in models((2, 1, 3), levels, named):
        p = np.exp(model.log_p(backend.to_device(grids, device)).numpy().astype(np.float64))
        assert p.sum() == pytest.approx(1, abs=1e-5)
        assert p.std() > 1e-4  # they are not all alike


def test_one_logit_is_enough_for_black_and_white():
    """Black and white: one logit, whose sigmoid is the probability of white."""
    grid = np.random.default_rng(0).integers(2, size=(5, 2, 2, 1))
    for one in models((2, 2, 1), 2):
        logits = one(grid).numpy()[..., 0]
        p = 1 / (1 + np.exp(-logits))
        expected = np.log(np.where(grid == 1, p, 1 - p)).sum(axis=(1, 2, 3))
        np.testing.assert_allclose(one.log_p(grid).numpy(), expected, rtol=1e-5)


def test_grey_values_are_rounded_to_the_nearest_level():
    x = np.array([0.0, 0.12, 0.13, 0.37, 0.38, 1.0], np.float32).reshape(1, 2, 3, 1)  # levels of a quarter
    for model in models((2, 3, 1), 5):
        expected = model.log_p(np.array([0, 0, 1, 1, 2, 4]).reshape(1, 2, 3, 1)).item()
        assert model.log_prob(mg.tensor(x), mg.Generator(0)).item() == expected
        assert model.loss(mg.tensor(x)).total.item() == -expected


def test_of_two_levels_grey_values_are_drawn_black_or_white():
    x = np.full((400, 2, 2, 1), 0.3, np.float32)
    for model in models((2, 2, 1), 2):
        drawn = data.binarize(x, mg.Generator(7))
        found = model.log_prob(mg.tensor(x), mg.Generator(7)).numpy()
        assert (found == model.log_prob(mg.tensor(drawn)).numpy()).all()
        assert (found == model.log_prob(mg.tensor(drawn), mg.Generator(1)).numpy()).all()
        assert found.std() > 0


def test_samples_are_levels_of_grey():
    for model in models((2, 3, 1), 5):
        samples = model.sample(20, mg.Generator(0)).numpy()
        assert set(np.unique(4 * samples)) == {0, 1, 2, 3, 4}
        with pytest.raises(ArgumentError, match="n: "):
            model.sample(0)


def test_many_samples_are_drawn_in_parts(monkeypatch):
    for model in models((2, 3, 1), 5):
        whole = model.draw(7, mg.Generator(0))
        monkeypatch.setattr("minigen.models.trainer.AT_ONCE", 3 * model.numbers)
        parts = model.draw(7, mg.Generator(0))
        assert parts.shape == whole.shape
        assert (parts[:3] == model.draw(3, mg.Generator(0))).all()
        monkeypatch.undo()


def test_what_was_learnt_is_drawn():
    """Grids of one word each, the first two words as often: after training samples are such grids."""
    rng = np.random.default_rng(0)
    for model in models((2, 3, 1), 4, named=True):
        optimizer = Adam(model.parameters(), lr=1e-2)
        for _ in range(250):
            loss = -mg.mean(model.log_p(np.broadcast_to(rng.integers(2, size=(32, 1, 1, 1)), (32, 2, 3, 1))))
            optimizer.step(loss)
        assert loss.item() == pytest.approx(math.log(2), abs=0.2)
        drawn = model.draw(300, mg.Generator(5))
        alike = (drawn == drawn[:, :1, :1]).all(axis=(1, 2, 3))
        assert alike.mean() > 0.9
        assert 0.4 < (drawn[alike][:, 0, 0, 0] == 0).mean() < 0.6


@pytest.mark.parametrize("name", ["made", "pixelcnn"])
def test_two_levels_are_drawn_anew_and_more_are_not(name):
    digits = data.load("digits")
    x = mg.Tensor(digits.x[:20])
    for levels, values in ((2, {0.0, 1.0}), (17, set(np.arange(17) / 16))):
        recipe = recipe_of(name)
        settings = recipe.settings(digits, levels=levels, width=4)
        trainer = recipe.trainer(recipe.build(settings, digits.shape, mg.Generator(0)), settings)
        target = trainer.target(x, mg.Generator(0)).numpy()
        assert set(np.unique(target).astype(float)) <= values
        assert f"{levels} grey" in recipe.meaning(settings) or "black or white" in recipe.meaning(settings)


def test_too_many_levels_are_refused_before_a_step_is_taken():
    photographs = data.Dataset("celeba", np.zeros((64, 64, 64, 3), np.uint8), None)
    with pytest.raises(ArgumentError, match=r"levels 256, width 32, depth 6 and batch_size 64: .* GB of memory"):
        recipe_of("pixelcnn").settings(photographs, levels=256)
