"""What is told of a step's memory is what it takes, and no recipe takes sizes that need more than there may be."""

import sys
import tracemalloc

import pytest

import minigen as mg
from minigen import data
from minigen.errors import ArgumentError
from minigen.models import RECIPES, memory, recipe_of
from minigen.models.recipe import LARGEST
from minigen.train.begin_and_resume import begin
from tests.examples import BY_KIND, first_for, own

COUNTED = [
    ("transformer", "text", {"width": 64, "depth": 2}),
    ("transformer", "rolls", {"width": 64, "depth": 2, "batch_size": 8}),
    ("gru", "text", {}),
    ("gru", "lines", {"width": 256, "depth": 2, "batch_size": 8}),
    ("melody-vae", "lines", {}),
    ("made", "images", {}),
    ("pixelcnn", "images", {}),
]
TOO_LARGE = ({"width": LARGEST}, {"width": 1 << 24}, {"latent_dim": 1 << 40}, {"width": 8192, "depth": 8})


def peak(call):
    """Bytes at the most, of what the call makes."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("model", "kind", "given"), COUNTED)
def test_what_a_step_takes_is_what_is_told(model, kind, given, monkeypatch):
    recipe, examples, told = recipe_of(model), BY_KIND[kind], []
    monkeypatch.setattr(sys.modules[recipe.check.__module__], "check_size", lambda *sizes: told.append(sizes))
    settings = recipe.settings(examples, steps=2, **given)
    [(_, numbers, weights)] = told

    def steps():
        trainer = recipe.trainer(recipe.build(settings, examples.shape, mg.Generator(0)), settings)
        for _ in range(2):
            trainer.step(mg.tensor(recipe.prepared(examples.x[: settings.batch_size])), mg.Generator(1))

    foretold = 4 * (settings.shard_size * numbers + memory.EACH_WEIGHT * weights)
    assert 0.5 < foretold / peak(steps) < 2.5


@pytest.mark.parametrize("model", RECIPES)
@pytest.mark.parametrize("sizes", TOO_LARGE, ids=str)
def test_every_recipe_refuses_what_is_too_large_and_makes_next_to_nothing(model, sizes):
    recipe = recipe_of(model)
    examples = first_for(recipe)
    if own(recipe, **sizes) != sizes:
        return  # it has no such option

    def refused():
        with pytest.raises(ArgumentError) as error:
            begin(recipe.settings(examples, **sizes), examples)
        assert "\n" not in str(error.value)
        assert any(name in str(error.value) for name in sizes)

    assert peak(refused) < 1e8


def test_the_weights_of_a_run_are_counted_as_they_are_drawn(monkeypatch):
    """Where no formula foresees them."""
    digits = data.load("digits")
    settings = recipe_of("conv-vae").settings(digits)
    monkeypatch.setattr("minigen.train.begin_and_resume.MOST_WEIGHTS", 10_000)
    with pytest.raises(ArgumentError, match="width, latent_dim: a model of more than 10000 weights; take smaller ones"):
        begin(settings, digits)
