"""Whatever a model offers has an effect: another value of an option gives other weights or losses, or is refused.

An option that is read nowhere would be accepted, written into the run's folder, and believed.
"""

import dataclasses
import functools
import itertools

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.errors import ArgumentError
from minigen.models import RECIPES, Option, recipe_of
from minigen.models.gans.gan import GANTrainer
from tests.examples import BY_KIND, first_for, targets
from tests.train.matrix import OF_SAMPLES, fast, ordinary

SMALL = {
    **{"steps": 3, "batch_size": 20, "width": 4, "latent_dim": 3, "samples": 2, "words": 8, "unroll": 2},
    "evaluations": 4,  # of a network, for a sample
}
NEEDS = {"depth": {"net": "dense"}}  # what else must be chosen for an option to be one
PAIRS = [  # on the kind of data that a model takes first; with -m slow on the others
    pytest.param(model, name, option, marks=pytest.mark.slow if i else ())
    for model, recipe in RECIPES.items()
    for i, name in enumerate(recipe.takes)
    for option in recipe.choosable
]

REFUSED = {(model, "images", "depth") for model in ("ddpm", "cddpm", "flow-matching", "cflow-matching")}  # of points


def small(recipe, data_set, **given):
    own = {name: value for name, value in SMALL.items() if name in recipe.choosable}
    return recipe.settings(data_set, **own | fast(recipe) | given)


def outcome(recipe, data_set, settings, steps=None):
    """Weights (averaged, where there is an average), metrics, and samples if options are about them, of a short run."""
    model = recipe.build(settings, data_set.shape, mg.Generator(0))
    trainer, rng = recipe.trainer(model, settings), mg.Generator(1)
    found = {}
    for i in range(steps or settings.steps):
        part = np.arange(i * settings.batch_size, (i + 1) * settings.batch_size) % len(data_set)
        x = recipe.prepared(data_set.x[part])
        metrics = trainer.step(mg.tensor(x), rng, *targets(recipe, data_set, part))
        found |= {f"{name} of step {i}": value.item() for name, value in metrics.items()}
    with trainer.averaged():
        found |= model.state_dict()
        if OF_SAMPLES & set(recipe.choosable):
            with mg.no_grad():
                found["samples"] = model.sample(3, mg.Generator(2)).numpy()
    assert all(np.isfinite(value).all() for value in found.values())  # a NaN would differ from itself
    return found


def differ(a, b):
    return a.keys() != b.keys() or any(not np.array_equal(a[name], b[name]) for name in a)


@functools.cache
def plain(model, name, option=""):
    recipe, data_set = recipe_of(model), BY_KIND[name]
    return outcome(recipe, data_set, small(recipe, data_set, **needs(recipe, option)))


def needs(recipe, option):
    return {name: value for name, value in NEEDS.get(option, {}).items() if name in recipe.choosable}


def effect(recipe, data_set, before, option, value):
    """'changes', 'none', or 'refused'."""
    try:
        settings = small(recipe, data_set, **needs(recipe, option), **{option: value})
    except ArgumentError:
        return "refused"
    return "changes" if differ(before, outcome(recipe, data_set, settings)) else "none"


@pytest.mark.parametrize(("model", "name", "option"), PAIRS)
def test_every_other_value_has_an_effect_or_is_refused(model, name, option):
    recipe, data_set = recipe_of(model), BY_KIND[name]
    own = next(o for o in recipe.options if o.name == option)
    values = ordinary(own, small(recipe, data_set).options[option])
    assert values
    effects = {value: effect(recipe, data_set, plain(model, name, option), option, value) for value in values}
    assert "none" not in effects.values(), effects
    if (model, name, option) in REFUSED:
        assert set(effects.values()) == {"refused"}
    elif name == "images":
        assert "changes" in effects.values(), f"all are refused: {effects}"


def test_equal_settings_have_equal_outcomes():
    """Otherwise the differences above would show nothing."""
    for model in RECIPES:
        recipe, data_set = recipe_of(model), first_for(recipe_of(model))
        assert not differ(plain(model, recipe.takes[0]), outcome(recipe, data_set, small(recipe, data_set)))


@pytest.mark.parametrize("model", [name for name, recipe in RECIPES.items() if "penalty" in recipe.choosable])
def test_a_trainer_that_clips_nothing_would_be_found(model, monkeypatch):
    recipe, data_set = recipe_of(model), data.load("digits")
    before = outcome(recipe, data_set, small(recipe, data_set, penalty="none"))
    assert effect(recipe, data_set, before, "penalty", "clipping") == "changes"
    monkeypatch.setattr(GANTrainer, "discriminator_step", lambda self: self.d_optimizer.step())
    assert effect(recipe, data_set, before, "penalty", "clipping") == "none"


def test_an_option_that_nobody_reads_would_be_found():
    recipe, data_set = recipe_of("vae"), data.load("digits")
    more = dataclasses.replace(recipe, options=(*recipe.options, Option("charm", 1.0, "unread", least=0)))
    before = outcome(more, data_set, small(more, data_set))
    assert effect(more, data_set, before, "charm", 2.0) == "none"


SCHEDULED = [
    (name, {"schedule": "cosine"} if "schedule" in recipe.choosable else {})
    for name, recipe in RECIPES.items()
    if "schedule" in recipe.choosable or name in ("iwae", "two-layer-iwae", "vq-vae", "denoise", "inpaint")
]


@pytest.mark.parametrize(("model", "given"), SCHEDULED)
def test_the_number_of_steps_sets_the_pace_of_a_schedule(model, given):
    """Of two runs of different length the second step differs already."""
    recipe, data_set = recipe_of(model), first_for(recipe_of(model))
    settings = [small(recipe, data_set, **given | {"steps": steps}) for steps in (3, 6, 12)]
    for a, b in itertools.combinations(settings, 2):
        assert differ(outcome(recipe, data_set, a, 2), outcome(recipe, data_set, b, 2))
