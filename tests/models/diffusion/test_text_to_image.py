"""Diffusion that is told names: what is told reaches the network, what is not told does not, and colours are learnt."""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError, ShapeError
from minigen.models import recipe_of
from minigen.nn import Module
from tests.examples import BY_KIND

PAIRS = BY_KIND["pairs"]


class Spy(Module):
    """Notes the names that it is told; gives the number of their words as noise."""

    def __init__(self):
        self.seen = []

    def forward(self, x, t, labels=None):
        self.seen.append(np.array(labels))
        words = (np.asarray(labels) > 0).sum(axis=1).astype(np.float32)
        return mg.tensor(np.zeros(x.shape, np.float32) + words.reshape(-1, 1, 1, 1))


def model_of(width=4, **options):
    recipe = recipe_of("text-to-image")
    settings = recipe.settings(PAIRS, width=width, **options)
    return recipe.build(settings, PAIRS.shape, mg.Generator(0)), settings


def spied(**options):
    model, _ = model_of(**options)
    model.network = Spy()
    return model


def test_a_tenth_of_the_names_are_not_told():
    model, rng = spied(), mg.Generator(1)
    x, y = mg.tensor(np.repeat(PAIRS.x[:100], 10, axis=0) * 2 - 1), np.repeat(PAIRS.y[:100], 10, axis=0)
    model.loss(x, rng, y)
    (told,) = model.network.seen
    empty = (told == 0).all(axis=1)
    assert 0.06 < empty.mean() < 0.14
    assert np.array_equal(told[~empty], y[~empty])


def test_guidance_goes_away_from_what_no_name_says():
    model = spied()
    x = mg.tensor(np.zeros((2, *PAIRS.shape), np.float32))
    names = np.array([[1, 2, 3], [4, 0, 0]])
    out = model.output(x, np.full(2, 0.5), names, 2.0).numpy()[:, 0, 0, 0]
    np.testing.assert_allclose(out, [3 + 2 * 3, 1 + 2 * 1])
    assert np.array_equal(model.network.seen[-1], np.concatenate([names, np.zeros_like(names)]))


def test_one_name_is_told_of_all_samples_or_one_of_each():
    model = spied()
    for prompt, expected in (([3, 1], [[3, 1]] * 3), ([[1], [2], [0]], [[1], [2], [0]]), (None, [[1], [2], [3]])):
        model.sample(3, mg.Generator(0), prompt=prompt, evaluations=1, guidance=0.0)
        assert np.array_equal(model.network.seen[-1], expected)


@pytest.mark.parametrize("prompt", [[10**6], [-1], [[1], [2]], [[[1]]]])
def test_what_is_no_name_is_refused(prompt):
    with pytest.raises(ArgumentError, match="prompt: expected the places of words"):
        spied().sample(3, mg.Generator(0), prompt=prompt)


def test_names_are_wanted_in_training():
    model, _ = model_of()
    x = mg.tensor(PAIRS.x[:4])
    with pytest.raises(ArgumentError, match="learns from pictures with their names"):
        model.loss(x, mg.Generator(0))
    with pytest.raises(ShapeError, match="expected names"):
        model.loss(x, mg.Generator(0), np.zeros(4, np.int64))


@pytest.mark.slow
def test_squares_have_the_colours_that_are_named():
    """Pairs of colours that were never together are drawn, too: nearer to the truth than to any other's."""
    recipe = recipe_of("text-to-image")
    settings = recipe.settings(PAIRS, width=16, steps=800, lr=3e-3, batch_size=32)
    rng = mg.Generator(0)
    model = recipe.build(settings, PAIRS.shape, rng)
    trainer = recipe.trainer(model, settings)
    held = slice(0, 20)
    x, y = PAIRS.x[20:], PAIRS.y[20:]
    for _ in range(settings.steps):
        some = rng.host.integers(len(x), size=32)
        trainer.step(mg.tensor(recipe.prepared(x[some])), rng, y[some])
    with trainer.averaged(), mg.no_grad():
        made = (model.sample(20, rng, prompt=PAIRS.y[held], evaluations=20).numpy() + 1) / 2
    apart = np.abs(made[:, None, 1:7, 1:7] - PAIRS.x[None, held, 1:7, 1:7]).mean(axis=(2, 3, 4))
    assert (apart.argmin(axis=1) == np.arange(20)).mean() > 0.5  # chance: 0.05
