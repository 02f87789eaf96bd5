"""A trained model from outside: NumPy in, NumPy out, pixels in [0, 1], in parts of a size that fits."""

import numpy as np
import pytest

from minigen import Generator, backend, data
from minigen.models import RECIPES, recipe_of
from minigen.models.recipe import CAPABILITIES
from minigen.report import Trained, trained
from tests.examples import first_for, own

DIGITS = data.load("digits", "test")


def untrained(model, examples=DIGITS, **given):
    """With first weights: they are enough to see what goes in and comes out."""
    recipe, device = recipe_of(model), backend.default_device()
    sizes = own(recipe, width=4, latent_dim=3, batch_size=20, steps=1)
    settings = recipe.settings(examples, device=device, **sizes | given)
    return Trained(recipe.build(settings, examples.shape, Generator(0)).eval(), settings, examples.shape)


@pytest.mark.parametrize("model", RECIPES)
def test_what_it_can_show_it_shows(model):
    """Each capability that the recipe claims is a method of the model; numbers come back as the host's."""
    examples = first_for(recipe_of(model))
    shown = untrained(model, examples)
    assert shown.can_show()
    for name in shown.recipe.shows:
        assert shown.can_show(name)
        assert callable(getattr(shown.model, CAPABILITIES[name]))
    assert not shown.can_show("wishes", *shown.recipe.shows)
    if shown.can_show("log-probabilities"):
        assert shown.log_prob(examples.x[:5], Generator(0)).shape == (5,)
    if shown.can_show("continuations"):
        again = shown.continued(examples.x[:3, :2] if shown.kind == "clips" else examples.x[:3], Generator(0))
        assert (again.shape, again.dtype) == ((3, *examples.shape), np.float32)
    if shown.kind == "likes":
        assert shown.symbols(3, Generator(0)).shape == (3, *examples.shape)
    elif shown.kind in ("text", "lines", "rolls"):
        assert shown.symbols(3, Generator(0), length=4).shape[0] == 3
    elif shown.recipe.generates:
        samples = shown.sample(3, Generator(0))
        assert (samples.shape, samples.dtype) == ((3, *examples.shape), np.float32)
    if shown.can_show("reconstructions"):
        again = shown.reconstruct(examples.x[:5])
        assert again.shape == (5, *examples.shape)
        assert again.dtype == (np.float32 if examples.is_image else np.int64)
    if shown.can_show("codes", "encodings"):
        codes = shown.encode(examples.x[:5])
        assert codes.shape == (5, shown.model.latent_dim)
        assert shown.from_codes(codes).shape == (5, *examples.shape)
    if shown.can_show("recommendations"):
        assert shown.scores(examples.x[:5]).shape == (5, *examples.shape)
    if shown.can_show("class logits"):
        assert shown.class_of(DIGITS.x[:5]).shape == (5,)


@pytest.mark.parametrize("model", ["vae", "vae-gan", "acgan"])
def test_both_devices_show_the_same(device, model):
    """The weights come from one seed; no noise is drawn."""
    shown = untrained(model)
    with backend.device("cpu"):
        expected = untrained(model)
    for show in ("reconstruct", "encode") if model != "acgan" else ("class_of",):
        found = getattr(shown, show)(DIGITS.x[:20])
        assert isinstance(found, np.ndarray)
        np.testing.assert_allclose(found, getattr(expected, show)(DIGITS.x[:20]), atol=1e-5)


def test_parts_make_no_difference(monkeypatch):
    shown = untrained("vae")
    whole = [shown.reconstruct(DIGITS.x[:50]), shown.encode(DIGITS.x[:50]), shown.from_codes(np.ones((50, 3), "f4"))]
    monkeypatch.setattr(trained, "PART", 7)
    parts = [shown.reconstruct(DIGITS.x[:50]), shown.encode(DIGITS.x[:50]), shown.from_codes(np.ones((50, 3), "f4"))]
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert shown.sample(20, Generator(0)).shape == (20, 8, 8, 1)


def test_a_black_pixel_is_0_outside_and_minus_1_inside_of_a_gan():
    shown, seen = untrained("vae-gan"), []
    shown.model.reconstruct = lambda x: seen.append(x.numpy()) or x
    x = DIGITS.x[:5]
    np.testing.assert_allclose(shown.reconstruct(x), x, atol=1e-6)
    np.testing.assert_allclose(seen[0], 2 * x - 1, atol=1e-6)
    np.testing.assert_allclose(shown.reconstruct((255 * x).round().astype(np.uint8)), x, atol=1 / 255)


def test_points_stay_where_they_are():
    ring = data.load("ring")
    shown = untrained("gan", ring)
    shown.model.sample = lambda n, rng: shown._scaled(ring.x[:n])
    assert np.array_equal(shown.sample(10, Generator(0)), ring.x[:10])


def test_a_code_is_a_mean_or_a_draw():
    shown = untrained("vae")
    mean, again = shown.encode(DIGITS.x[:5]), shown.encode(DIGITS.x[:5])
    one, other = (shown.encode(DIGITS.x[:5], Generator(seed)) for seed in (0, 1))
    assert np.array_equal(mean, again)
    assert not np.array_equal(one, mean)
    assert not np.array_equal(one, other)
