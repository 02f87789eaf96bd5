"""The pictures of a finished run: which there are for which model, and what they show."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.report import modes, picture_of
from minigen.report.pictures import final_pictures

from .test_trained import untrained

DIGITS, RING = data.load("digits", "test"), data.load("ring", "test")


@pytest.mark.parametrize(
    ("model", "examples", "latent_dim", "names"),
    [
        ("vae", DIGITS, 3, {"samples.png", "reconstructions.png"}),
        ("vae", DIGITS, 2, {"samples.png", "reconstructions.png", "manifold.png"}),
        ("vae", RING, 2, {"samples.png", "reconstructions.png"}),
        ("vae-gan", DIGITS, 2, {"samples.png", "reconstructions.png", "manifold.png"}),
        ("vq-vae", DIGITS, 2, {"samples.png", "reconstructions.png"}),
        ("gan", DIGITS, 2, {"samples.png"}),
        ("gan", RING, 2, {"samples.png"}),
    ],
)
def test_which_there_are(model, examples, latent_dim, names):
    shown = untrained(model, examples, latent_dim=latent_dim)
    figures = final_pictures(shown, examples, Generator(0))
    assert set(figures) == names
    assert figures["samples.png"].axes[0].get_title() == f"{model} on {examples.name}"


def test_reconstructions_stand_below_their_originals():
    shown = untrained("vae")
    canvas = final_pictures(shown, DIGITS, Generator(0))["reconstructions.png"].axes[0].images[0].get_array()
    np.testing.assert_allclose(canvas[:8, :8], DIGITS.x[0, :, :, 0], atol=1e-6)
    np.testing.assert_allclose(canvas[9:17, :8], shown.reconstruct(DIGITS.x[:1])[0, :, :, 0].clip(0, 1), atol=1e-6)


def test_samples_come_from_the_generator_that_is_given():
    shown = untrained("gan")
    first, again, other = (
        final_pictures(shown, DIGITS, Generator(seed))["samples.png"].axes[0].images[0].get_array()
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_samples_without_data_are_images():
    assert picture_of(np.zeros((4, 8, 8, 1)), None, "").axes[0].images
    assert len(picture_of(np.zeros((4, 2)), RING, "").axes[0].collections) == 2


def test_modes_of_data_with_clusters():
    shown = untrained("gan", RING)
    assert modes(untrained("gan"), DIGITS, 10, Generator(0)) == {}
    assert set(modes(shown, RING, 100, Generator(0))) == {"modes", "high_quality"}
    shown.sample = lambda n, rng: RING.x[:n]
    found = modes(shown, RING, 500, Generator(0))
    assert found["modes"] == 8
    assert found["high_quality"] > 0.98
