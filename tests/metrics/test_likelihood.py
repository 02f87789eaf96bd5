"""The likelihood of a VAE, on a model where it is known."""

import tracemalloc

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ArgumentError
from minigen.metrics import elbo, nll
from minigen.models import VAE
from minigen.models.networks import dense_decoder, dense_encoder
from tests.solvable import linear_gaussian

SHAPE = (4, 4, 1)


def bernoulli_vae():
    rng = mg.Generator(0)
    return VAE(dense_encoder(SHAPE, 4, [8], rng), dense_decoder(2, SHAPE, [8], rng), 2)


def black_and_white(n):
    return np.random.default_rng(0).integers(0, 2, (n, *SHAPE)).astype(np.float32)


def test_exact_for_the_exact_posterior(device):
    model, x, log_p = linear_gaussian()
    assert np.allclose(nll(model, x, 3), -log_p, atol=1e-4)


def test_a_wrong_posterior_costs_the_bound_but_hardly_the_likelihood():
    model, x, log_p = linear_gaussian()
    model.encoder.log_var.data += 0.5
    model.encoder.b.data += 0.2
    assert np.allclose(nll(model, x, 5000), -log_p, atol=0.05)
    assert np.mean([elbo(model, x, mg.Generator(i)).mean() for i in range(50)]) < log_p.mean() - 0.1


def test_the_likelihoods_of_all_images_add_up_to_1():
    """Of 2x2 black and white pixels there are 16 images: a decoder with the wrong sign or scale fails here."""
    rng = mg.Generator(0)
    model = VAE(dense_encoder((2, 2, 1), 2, [8], rng), dense_decoder(1, (2, 2, 1), [8], rng), 1)
    model.encoder[-1].w.data[...] = 0  # the codes come from the prior, which covers every posterior
    every = ((np.arange(16)[:, None] >> np.arange(4)) & 1).astype(np.float32).reshape(16, 2, 2, 1)
    assert np.exp(-nll(model, every, 4000)).sum() == pytest.approx(1, abs=0.02)


def test_chunks_do_not_change_the_answer(monkeypatch):
    model, x, _ = linear_gaussian()
    model.encoder.log_var.data += 0.3
    whole = nll(model, x, 3000, mg.Generator(0))
    monkeypatch.setattr("minigen.metrics.likelihood.CHUNK", 100)
    assert np.allclose(nll(model, x, 3000, mg.Generator(1)), whole, atol=0.03)


def test_memory_is_bounded():
    model, x = bernoulli_vae(), black_and_white(3)
    nll(model, x, 10)
    peaks = []
    for samples in (4000, 64000):
        tracemalloc.start()
        nll(model, x, samples)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0] + 8 * 2 * 64000


@pytest.mark.parametrize("measure", [nll, elbo])
def test_grey_pixels_are_refused(measure):
    x = black_and_white(3)
    x[1, 2, 3] = 0.5
    with pytest.raises(ArgumentError, match=r"these pixels are grey; draw them black or white with data.binarize"):
        measure(bernoulli_vae(), x)
    assert measure(bernoulli_vae(), black_and_white(3)).shape == (3,)
