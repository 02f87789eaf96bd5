"""Restorations: decibels of a model beside those of what needs no learning, over the pixels that are unknown."""

import numpy as np
import pytest

from minigen import Generator, Tensor, data
from minigen.data.damage import DAMAGES
from minigen.errors import ArgumentError
from minigen.metrics import psnr
from minigen.models import recipe_of
from minigen.report import restorations
from minigen.report.restorations import BASELINES, GUESSES, restored, results, striped
from tests.examples import first_for

from .test_trained import untrained

DIGITS, TEST = data.load("digits"), data.load("digits", "test")
MODELS = {"denoise": "noise", "inpaint": "hole", "super-resolve": "low resolution"}


def test_every_damage_has_baselines():
    assert BASELINES.keys() == DAMAGES.keys() == set(MODELS.values())


@pytest.mark.parametrize("model", MODELS)
def test_model_and_baselines_are_measured_on_the_same_damage(model):
    shown = untrained(model)
    assert (shown.recipe.damage, shown.can_show("restorations")) == (MODELS[model], True)
    found, figures = results(shown, DIGITS, TEST, Generator(3))
    assert set(figures) == {"restored.png"}
    damaged = DAMAGES[MODELS[model]](TEST.x[:1000], shown.settings.amount, Generator(3))
    for name, baseline in BASELINES[MODELS[model]].items():
        made = baseline(damaged.y, damaged.known, DIGITS.x[:10_000], shown.settings.amount)
        expected = psnr(TEST.x[:1000], made, 1 - damaged.known)
        assert found[f"psnr_{name.replace(' ', '_')}"] == pytest.approx(expected, abs=1e-3)
    assert len(found) == 2 + len(BASELINES[MODELS[model]])


@pytest.mark.parametrize("model", MODELS)
def test_one_that_knows_the_originals_beats_all(model):
    shown = untrained(model)
    shown.model.restore = lambda y, rng, guesses: type(y)(next(parts))
    parts = iter([TEST.x[i : i + 250] for i in range(0, 1000, 250) if i < len(TEST.x)] * 2)
    found, _ = results(shown, DIGITS, TEST, Generator(3))
    assert min(found["psnr"], found["psnr_one_guess"]) > 60
    assert all(value < 40 for name, value in found.items() if name not in ("psnr", "psnr_one_guess"))


@pytest.mark.parametrize("white", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_hole_is_seen_on_black_grey_and_white(white, channels):
    """Where nothing is known, the picture has colours that are far from any grey; elsewhere it is as it was."""
    x = np.full((4, 8, 8, channels), white, np.float32)
    damaged = DAMAGES["hole"](x, 0.5, Generator(0))
    seen, hole = striped(damaged), damaged.known[..., 0] == 0
    assert seen.shape == (4, 8, 8, 3)
    assert np.ptp(seen[hole], axis=1).min() > 0.5
    assert np.all(seen[~hole] == white)


def test_a_picture_of_inpainting_shows_the_holes_and_the_others_no_colour():
    for model in MODELS:
        _, figures = results(untrained(model), DIGITS, TEST, Generator(3))
        image = np.asarray(figures["restored.png"].axes[0].images[0].get_array())
        coloured = image.ndim == 3 and np.ptp(image, axis=2).max() > 0.5
        assert coloured == (model == "inpaint")


def test_guesses_are_averaged_and_lie_in_the_range():
    shown = untrained("inpaint")
    damaged = DAMAGES["hole"](TEST.x[:20], 0.5, Generator(0))
    one, again, other = (restored(shown.model, damaged, Generator(seed), 1) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    many = restored(shown.model, damaged, Generator(1), GUESSES)
    assert many.shape == TEST.x[:20].shape
    assert 0 <= many.min() <= many.max() <= 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_diffusion_model_that_knows_the_originals_restores_all(damage, monkeypatch):
    """What it is given are the damaged images in [-1, 1]; what it gives is averaged in [0, 1]."""
    monkeypatch.setattr(restorations, "FEW_GUESSES", 2)
    amount = restorations.AMOUNTS[damage]
    x, seen = TEST.x[: restorations.FEW_TESTED], []

    def knowing(model, damaged, of, how_much, rng):
        assert (of, how_much) == (damage, amount)
        start = sum(len(part) for part in seen) % len(x)
        seen.append(damaged.y)
        return Tensor(2 * x[start : start + len(damaged.y)] - 1)

    monkeypatch.setattr(restorations, "PART", len(x))
    monkeypatch.setattr(restorations.restoring, "restored", knowing)
    found, figures = restorations.of_whole_images(untrained("ddpm"), damage, None, DIGITS, TEST, Generator(3))
    assert found["psnr"] > 60
    assert set(figures) == {f"restored-{damage.replace(' ', '-')}.png"}
    expected = DAMAGES[damage](x, amount, Generator(3))
    np.testing.assert_allclose(seen[0], 2 * expected.y - 1, atol=1e-6)


@pytest.mark.parametrize("model", ["ddpm", "cddpm", "text-to-image"])
def test_every_diffusion_model_of_images_restores_and_is_told_nothing(model, monkeypatch):
    monkeypatch.setattr(restorations, "FEW_TESTED", 4)
    examples = first_for(recipe_of(model))
    shown, told = untrained(model, examples, evaluations=2), []
    guess = shown.model.guess
    monkeypatch.setattr(shown.model, "guess", lambda x_t, t, *labels: told.append(labels) or guess(x_t, t, *labels))
    found, _ = restorations.of_whole_images(shown, "hole", None, examples, examples, Generator(0))
    assert np.isfinite(found["psnr"])
    assert set(told) == {()}


def test_only_a_diffusion_model_of_images_restores_what_it_was_not_trained_for():
    for model, of in (("vae", DIGITS), ("ddpm", data.load("ring"))):
        with pytest.raises(ArgumentError, match="folder: expected a diffusion model of images"):
            restorations.of_whole_images(untrained(model, of), "hole", None, DIGITS, TEST, Generator(0))
    for damage, amount in (("scratch", None), ("hole", 2.0), ("low resolution", 3.0)):
        with pytest.raises(ArgumentError, match=r"damage|amount"):
            restorations.of_whole_images(untrained("ddpm"), damage, amount, DIGITS, TEST, Generator(0))
