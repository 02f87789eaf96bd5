"""What lesson 13 says of draws, means and sharpness, in the world of 8x8 digits, for three seeds."""

import numpy as np
import pytest

from minigen.data import load

SIGMA, K = 0.6, 4


@pytest.fixture(scope="module")
def images():
    return load("digits", "train").x.reshape(1500, -1).astype(float)


def sharpness(rows):
    return np.abs(np.diff(rows.reshape(-1, 8, 8), axis=2)).mean()


@pytest.mark.parametrize("seed", range(3))
def test_a_draw_costs_twice_as_much_as_the_mean_and_is_sharper(images, seed):
    rng = np.random.default_rng(seed)
    originals = images[rng.permutation(len(images))[:700]]
    noisy = originals + SIGMA * rng.standard_normal(originals.shape)
    squares = ((noisy**2).sum(axis=1)[:, None] - 2 * noisy @ images.T + (images**2).sum(axis=1)) / (2 * SIGMA**2)
    w = np.exp(squares.min(axis=1, keepdims=True) - squares)
    w /= w.sum(axis=1, keepdims=True)
    mean = w @ images
    draws = images[np.stack([[rng.choice(len(images), p=p) for p in w] for _ in range(K)])]
    error = ((originals - mean) ** 2).mean()
    assert ((originals - draws[0]) ** 2).mean() / error == pytest.approx(2, abs=0.15)
    assert ((originals - draws.mean(axis=0)) ** 2).mean() / error == pytest.approx(1 + 1 / K, abs=0.06)
    assert sharpness(draws[0]) == pytest.approx(sharpness(originals), rel=0.03)
    assert sharpness(mean) < 0.95 * sharpness(draws[0])
