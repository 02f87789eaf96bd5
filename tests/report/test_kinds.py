"""Every kind of data has its module, and every model one that answers."""

import pytest

from minigen import Generator
from minigen.errors import ArgumentError
from minigen.models import RECIPES, recipe_of
from minigen.models.recipe import KINDS
from minigen.report import kinds
from tests.examples import BY_KIND, first_for

from .test_trained import untrained

ASKED = [name for name in vars(kinds.Showing) if not name.startswith("_")]


def test_every_kind_has_its_module():
    assert set(kinds.BY_KIND) == set(KINDS) == set(BY_KIND)
    for module in {*kinds.BY_KIND.values(), *kinds.BY_CAPABILITY.values()}:
        assert all(callable(getattr(module, name)) for name in ASKED)
        assert isinstance(module.NO_SAMPLES, str)


@pytest.mark.parametrize("model", RECIPES)
def test_a_model_has_samples_or_says_why_not(model):
    shown = untrained(model, data := first_for(recipe_of(model)))
    module = kinds.showing(shown)
    assert bool(module.suffixes(shown)) != bool(module.NO_SAMPLES)
    if module.NO_SAMPLES:
        with pytest.raises(ArgumentError, match=f"folder: '{model}'"):
            module.samples(shown, 1, Generator(0), (), lambda: data, "")
