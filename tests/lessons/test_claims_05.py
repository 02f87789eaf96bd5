"""What lesson 5 concludes, on the small digits and for three seeds each."""

import numpy as np
import pytest

from minigen.data import load
from minigen.lessons.pictures import autoencoders as ae

X = load("digits").x
SHAPE, SIZE = X.shape[1:], X[0].size
CENTRED = (X - X.mean(axis=0)).reshape(len(X), -1).astype(np.float64)
VALUES, VECTORS = np.linalg.eigh(CENTRED.T @ CENTRED / len(X))


def test_a_linear_autoencoder_finds_the_plane_but_not_the_axes():
    axes, apart = VECTORS.T[::-1][:2], []
    for seed in (1, 2, 3):
        encoder, decoder = ae.fit(ae.linear(SHAPE, 2, seed), X, lr=0.3 / SIZE**0.5)
        b, again = decoder[0].w.numpy(), ae.apply(decoder, ae.apply(encoder, X))
        assert ae.squared_error(again, X).item() == pytest.approx(VALUES[:-2].sum(), rel=0.01)
        assert ae.angles(b, axes)[1] < 20
        apart += [min(ae.angles(row[None], axis[None])[0] for axis in axes) for row in b]
    assert np.mean(apart) > 10  # how near each row comes is an accident


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_smaller_error_does_not_mean_better_samples(seed):
    digits = load("digits")
    judge = ae.train_judge(digits.x, digits.y, steps=500)
    noise = np.random.default_rng(seed).standard_normal((400, 32))
    errors, shares = [], []
    for d in (2, 32):
        encoder, decoder = ae.fit(ae.autoencoder(SHAPE, d, seed), X, steps=500)
        codes = ae.apply(encoder, X)
        errors.append(((ae.apply(decoder, codes) - X) ** 2).sum() / len(X))
        drawn = codes.mean(axis=0) + noise[:, :d] @ np.linalg.cholesky(np.cov(codes.T, bias=True)).T
        shares.append((judge(ae.apply(decoder, drawn)) < 10).mean())
    assert errors[1] < errors[0] / 3
    assert shares[1] < 0.8 * shares[0]


def test_the_judge_says_no_to_mixtures_and_to_noise():
    digits, other = load("digits"), load("digits", "test")
    judge = ae.train_judge(digits.x, digits.y, steps=500)
    assert (judge(other.x) < 10).mean() > 0.7
    for seed in range(3):
        rng = np.random.default_rng(seed)
        assert (judge(ae.chimeras(other.x, rng)) < 10).mean() < 0.3
        assert (judge(rng.uniform(size=other.x.shape)) < 10).mean() < 0.1
