"""A Bernoulli likelihood sees black and white pixels: drawn anew for every batch, and in testing the same for all."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data import Dataset
from minigen.models import recipe_of
from minigen.models.vaes.vae import VAETrainer
from minigen.report import Trained
from minigen.train import train
from minigen.train.begin_and_resume import final_metrics

from .runs import NEVER

MODELS = ["vae", "conv-vae", "cvae", "iwae", "two-layer-iwae"]
DIGITS, TEST = data.load("digits"), data.load("digits", "test")

pytestmark = pytest.mark.usefixtures("no_pictures")


def settings_of(model, **given):
    return recipe_of(model).settings(DIGITS, **{"width": 4, "latent_dim": 2, "batch_size": 20, "steps": 4} | given)


def seen_in_training(model, folder, monkeypatch, likelihood):
    """What the loss was given in each step of a run on one grey image, over and over; and that image."""
    settings, seen = settings_of(model, likelihood=likelihood), []
    built = recipe_of(model).build(settings, DIGITS.shape, Generator(0))
    loss = type(built).loss

    def noting(self, x, *others):
        if self.training:
            seen.append(x.numpy().copy())
        return loss(self, x, *others)

    monkeypatch.setattr(type(built), "loss", noting)
    image = DIGITS.x[0]
    grey = Dataset("digits", np.stack([image] * 20), np.arange(20) % 10)  # cvae wants all labels
    train(settings, grey, TEST, str(folder), quiet=True, every=NEVER)
    return seen, image


@pytest.mark.parametrize("model", MODELS)
def test_grey_images_are_drawn_anew_for_every_batch(tmp_path, monkeypatch, model):
    seen, image = seen_in_training(model, tmp_path / "run", monkeypatch, "bernoulli")
    assert len(seen) == 4
    assert ((image > 0) & (image < 1)).mean() > 0.3
    assert all(set(np.unique(x)) == {0, 1} for x in seen)
    assert not any(np.array_equal(a, b) for i, a in enumerate(seen) for b in seen[:i])
    means = np.concatenate(seen).mean(axis=0)  # of 80 drawings: a deviation of 0.056 at most
    np.testing.assert_allclose(means, image, atol=5 * 0.056)


@pytest.mark.parametrize("model", MODELS)
def test_a_gaussian_likelihood_sees_them_grey(tmp_path, monkeypatch, model):
    seen, image = seen_in_training(model, tmp_path / "run", monkeypatch, "gaussian")
    assert all(np.array_equal(x, np.stack([image] * 20)) for x in seen)


def seen_in_testing(monkeypatch, model, seed):
    """What an evaluation was given, and the metrics."""
    settings, seen = settings_of(model, likelihood="bernoulli", seed=seed), []
    recipe = recipe_of(model)
    trainer = recipe.trainer(recipe.build(settings, DIGITS.shape, Generator(seed)), settings)
    evaluate = VAETrainer.evaluate

    def noting(self, x, *others):
        seen.append(x.numpy().copy())
        return evaluate(self, x, *others)

    with monkeypatch.context() as patch:
        patch.setattr(VAETrainer, "evaluate", noting)
        found = final_metrics(Trained(trainer.model.eval(), settings, DIGITS.shape), trainer, TEST)
    return np.concatenate(seen), found


def test_all_evaluations_draw_the_same_bits(monkeypatch):
    """For every model and seed; the metrics of two models are those of one test set."""
    bits, first = seen_in_testing(monkeypatch, "vae", 0)
    assert bits.shape == TEST.x.shape
    assert set(np.unique(bits)) == {0, 1}
    assert abs(bits.mean() - TEST.x.mean()) < 0.01
    assert seen_in_testing(monkeypatch, "vae", 0)[1] == first
    for model in MODELS:
        for seed in (0, 3):
            again, found = seen_in_testing(monkeypatch, model, seed)
            assert np.array_equal(again, bits), (model, seed)
            assert found["test_loss"] > 0
