"""Settings: the recipe's choices, and one clear line for each that cannot be."""

import copy
import itertools
import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from minigen import data
from minigen.errors import ArgumentError
from minigen.models import ACGAN, RECIPES, InfoGAN, recipe_of
from tests.examples import first_for
from tests.models.gans.small import Fixed, K, Z, generator

DIGITS = data.load("digits")


@pytest.mark.parametrize("model", sorted(RECIPES))
def test_recipes_are_complete(model):
    data_set = first_for(recipe_of(model))
    settings = recipe_of(model).settings(data_set)
    assert settings.data == data_set.name
    assert settings.steps > 0
    assert list(settings.options) == [option.name for option in recipe_of(model).options]
    assert {"steps", "batch_size", "lr", "width"} <= settings.options.keys()


def test_epochs_become_steps():
    assert recipe_of("vae").settings(DIGITS, epochs=3, batch_size=100).steps == 3 * (len(DIGITS) // 100)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"steps": 0}, "steps: expected an integer >= 1, got 0"),
        ({"epochs": -1}, "epochs: expected an integer >= 1, got -1"),
        ({"epochs": 2, "steps": 3}, "epochs and steps: give one of the two"),
        ({"batch_size": 0}, "batch_size: expected an integer >= 1"),
        ({"batch_size": 10**6}, "batch_size: 1000000 exceeds the"),
        ({"latent_dim": -2}, "latent_dim: expected an integer >= 1"),
        ({"lr": 0.0}, "lr: expected a number with 0 < lr <= 1, got 0.0"),
        ({"lr": float("nan")}, "lr: expected a number with 0 < lr <= 1, got nan"),
        ({"loss": "minimax"}, "loss: 'vae' has no such option"),
        ({"ema": 0.9}, "ema: 'vae' has no such option"),
        ({"amount": 0.5}, "amount: 'vae' has no such option"),
    ],
)
def test_what_cannot_be_is_named(given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of("vae").settings(DIGITS, **given)


@pytest.mark.parametrize("model", ["ddpm", "cddpm", "flow-matching", "cflow-matching"])
def test_an_option_without_effect_on_these_data_is_refused_even_with_its_default(model):
    recipe = recipe_of(model)
    usual = recipe.settings(DIGITS)
    for depth in (usual.depth, 5):
        with pytest.raises(ArgumentError, match="depth: it is of points, and 'digits' holds images; leave it out"):
            recipe.settings(DIGITS, depth=depth)
    with pytest.raises(ArgumentError, match="depth: it is of points"):
        recipe.check_with(usual.but(depth=5), DIGITS)
    assert recipe.settings(data.load("ring"), depth=5).depth == 5


def test_unknown_models_get_the_nearest_name():
    with pytest.raises(ArgumentError, match="did you mean 'dcgan'"):
        recipe_of("dcgna").settings(DIGITS)


def test_convolutional_models_refuse_points():
    with pytest.raises(ArgumentError, match="'dcgan' learns from images, and 'ring' holds points"):
        recipe_of("dcgan").settings(data.load("ring"))


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        ("gan", {"ema": 1.0}, "ema: expected a number with 0 <= ema < 1, got 1.0"),
        ("denoise", {"amount": 0.0}, "amount: expected a number > 0, got 0.0"),
        ("denoise", {"amount": 11.0}, "amount: expected the noise's deviation"),
        ("inpaint", {"amount": 1.0}, "amount: expected the hole's side as a share of the image's"),
        ("super-resolve", {"amount": 3.0}, r"amount: expected a factor >= 2 that divides the sides \(8, 8\), got 3.0"),
        ("inpaint", {"likelihood": "gaussian"}, "likelihood: 'inpaint' has no such option"),
    ],
)
def test_what_a_model_cannot_have(model, given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of(model).settings(DIGITS, **given)


@pytest.mark.parametrize(
    ("model", "data_name", "given", "message"),
    [
        ("gan", "digits", {"net": "dcgn"}, "net: unknown name 'dcgn'; did you mean 'dcgan'"),
        ("gan", "digits", {"loss": "wasserstien"}, "did you mean 'wasserstein'"),
        ("gan", "digits", {"penalty": "gradient"}, "did you mean 'gradient-penalty'"),
        ("gan", "ring", {"net": "dcgan-sn"}, "net: 'dcgan-sn' is for images and 'ring' holds points; use 'dense'"),
        ("gan", "digits", {"net": "dcgan", "depth": 3}, "depth: 'dcgan' has as many layers as .* use --net dense"),
        ("cgan", "digits", {"depth": 3}, "depth: 'dcgan' has as many layers"),
        ("dcgan", "digits", {"depth": 3}, "depth: 'dcgan' has no such option"),
        ("dcgan", "digits", {"penalty": "gradient-penalty"}, "batch norm in 'dcgan' mixes them; use --net dcgan-plain"),
        ("gan", "digits", {"pack": 3}, "batch_size: 64 examples cannot be shared among 1 steps .* packs of 3"),
        ("gan", "digits", {"critic_steps": 0}, "critic_steps: expected an integer >= 1"),
        ("vae", "digits", {"pack": 2}, "pack: 'vae' has no such option"),
        ("gan", "digits", {"samples": 2}, "samples: 'gan' has no such option"),
    ],
)
def test_what_does_not_go_together_is_refused(model, data_name, given, message):
    with pytest.raises(ArgumentError, match=message):
        recipe_of(model).settings(data.load(data_name), **given)


@pytest.mark.parametrize(
    ("model", "given"),
    [
        ("vae", {"activation": "relu"}),
        ("iwae", {"schedule": "cosine"}),
        ("vq-vae", {"schedule": "cosine"}),
        ("vae", {"samples": 2}),
        ("vae", {"classes": 10}),
        ("iwae", {"beta": 2.0}),
        ("cvae", {"classes": 10}),  # the data decide
        ("vae-gan", {"schedule": "cosine"}),
        ("vae-gan", {"ema": 0.9}),
        ("vae-gan", {"critic_steps": 2}),
        ("acgan", {"pack": 2}),
        ("infogan", {"pack": 2}),
        ("vq-vae", {"likelihood": "gaussian"}),
        ("gan", {"unroll": 3}),
        ("denoise", {"penalty": "r1"}),
    ],
)
def test_an_option_that_the_model_has_not_is_refused_with_those_it_has(model, given):
    (name,) = given
    with pytest.raises(ArgumentError, match=rf"^{name}: '{model}' has no such option; it has steps, ") as caught:
        recipe_of(model).settings(DIGITS, **given)
    assert str(caught.value).endswith(", ".join(recipe_of(model).choosable))


@pytest.mark.parametrize(("kind", "outputs"), [(ACGAN, 1 + K), (InfoGAN, 1 + K)])
def test_discriminators_that_name_classes_judge_no_packs(kind, outputs):
    with pytest.raises(ArgumentError, match=r"pack: .*GAN judges examples one by one, got 2"):
        kind(generator(), Fixed(np.zeros(outputs)), Z, K, pack=2)
    assert kind(generator(), Fixed(np.zeros(outputs)), Z, K).pack == 1


def test_a_bernoulli_likelihood_is_one_of_pixels():
    with pytest.raises(ArgumentError, match="likelihood: 'bernoulli' is for pixels and 'ring' holds points"):
        recipe_of("vae").settings(data.load("ring"), likelihood="bernoulli")


def test_settings_are_read_by_name_and_only_those_of_the_model():
    settings = recipe_of("vae").settings(DIGITS, latent_dim=7, seed=3)
    assert settings.latent_dim == settings.get("latent_dim", 0) == 7
    assert settings.get("pack", 1) == 1
    with pytest.raises(AttributeError, match="'vae' has no option 'pack'"):
        _ = settings.pack
    other = settings.but(steps=3)
    assert (other.steps, other.latent_dim, other.seed) == (3, 7, 3)
    assert settings.steps != 3
    assert copy.deepcopy(other) == other


def test_settings_of_another_data_set_are_checked_again():
    settings = recipe_of("cvae").settings(DIGITS)
    with pytest.raises(ArgumentError, match="classes: the data have 8, the run has 10; give the data"):
        recipe_of("cvae").check_with(settings.but(likelihood="gaussian"), data.load("ring"))
    with pytest.raises(ArgumentError, match="batch_size: 128 exceeds the 20 examples"):
        recipe_of("cvae").check_with(settings, data.Dataset("few", DIGITS.x[:20], DIGITS.y[:20]))


# ----------------------------------------------------------------------------------------------- any value at all

OPTIONS = list({option: None for recipe in RECIPES.values() for option in recipe.options})
ANY = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.text(),
    st.binary(),
    st.complex_numbers(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.floats()),
    st.sampled_from([name for option in OPTIONS for name in option.choices]),
    st.sampled_from([np.float64(0.5), np.float32(0.5), np.int64(3), np.zeros(3), np.zeros((5, 5)), len, 2**53 + 1]),
)


@given(st.sampled_from(OPTIONS), ANY)
@example(OPTIONS[0], 10**400)
@example(next(option for option in OPTIONS if option.choices), np.zeros((5, 5)))
def test_any_value_is_taken_as_the_option_s_type_or_refused_in_one_line(option, value):
    try:
        taken = option.checked(value)
    except ArgumentError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert refusal.startswith(f"{option.name}: ")
        assert len(refusal.splitlines()) == 1
        return
    assert type(taken) is type(option.default)
    assert taken == type(option.default)(value)  # a large integer is rounded where a float is due
    assert not isinstance(value, bool)
    if option.choices:
        assert taken in option.choices
        return
    if isinstance(taken, str):
        assert len(set(taken)) == len(taken) > 0
        return
    assert math.isfinite(taken)
    assert option.least is None or taken >= option.least
    assert option.most is None or taken <= option.most
    assert option.above is None or taken > option.above
    assert option.below is None or taken < option.below


def test_the_bounds_themselves():
    """Those of `least` and `most` are allowed, those of `above` and `below` are not."""
    for option, (name, allowed) in itertools.product(
        OPTIONS, {"least": True, "most": True, "above": False, "below": False}.items()
    ):
        bound = getattr(option, name)
        if bound is None:
            continue
        bound = type(option.default)(bound)
        if allowed:
            assert option.checked(bound) == bound
            beyond = bound + (1 if name == "most" else -1)
            with pytest.raises(ArgumentError, match=f"^{option.name}: "):
                option.checked(beyond)
        else:
            with pytest.raises(ArgumentError, match=f"^{option.name}: expected a number"):
                option.checked(bound)
