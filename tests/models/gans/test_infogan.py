"""InfoGAN: the bound on the information by hand, and who learns from it."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.errors import MinigenError
from minigen.models import InfoGAN, recipe_of
from minigen.models.gans.networks import dense_discriminator
from tests.models.gans.small import SHAPE, Fixed, K, Z, examples, generator


def test_information_of_a_head_that_knows_nothing_is_0_and_never_more_than_log_k(device):
    model = InfoGAN(generator(), Fixed(np.zeros(1 + K)), Z, K)
    codes = model.noise(50, mg.Generator(0))
    nothing, _ = model.information(mg.zeros((50, 1 + K), device=device), codes)
    assert abs(nothing.item()) < 1e-5
    told = mg.concatenate([mg.zeros((50, 1), device=device), 100 * model.class_of(codes)], axis=1)
    everything, _ = model.information(told, codes)
    assert np.isclose(everything.item(), math.log(K), rtol=1e-5)
    rng = np.random.default_rng(0)
    for _ in range(20):
        logits = mg.tensor(rng.standard_normal((50, 1 + K)).astype(np.float32), device=device)
        assert model.information(logits, codes)[0].item() <= math.log(K)


def test_continuous_information_by_hand(device):
    """Q = N(m, 1): the mean of log Q(c), and the entropy of U(-1, 1), log 2, for each of two codes."""
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    codes = model.noise(40, mg.Generator(0))
    c = model.continuous_of(codes).numpy().astype(np.float64)
    rng = np.random.default_rng(0)
    output = rng.standard_normal((40, 1 + K + 2)).astype(np.float32)
    log_q = -0.5 * (np.log(2 * np.pi) + (c - output[:, 1 + K :].astype(np.float64)) ** 2)
    _, found = model.information(mg.tensor(output, device=device), codes)
    assert np.isclose(found.item(), 2 * math.log(2) + log_q.sum(axis=1).mean(), rtol=1e-4)


def test_an_infogan_shows_its_discriminator_slanted_reals_and_fakes(device):
    x, _ = examples(device, 6)
    shown = {}
    for shear in (0.0, 1.0):
        judge = dense_discriminator(SHAPE, [6], mg.Generator(1), outputs=1 + K)
        model = InfoGAN(generator(K), judge, Z, K, shear=shear)
        seen, forward = [], model.discriminator.forward
        model.discriminator.forward = lambda x, seen=seen, forward=forward: seen.append(x) or forward(x)
        model.discriminator_loss(x, mg.Generator(2))
        model.generator_loss(6, mg.Generator(2)).backward()
        shown[shear] = [y.numpy() for y in seen]
        assert all(np.abs(p.grad.numpy()).max() > 0 for p in model.generator.parameters())
    assert (shown[0.0][0] == x.numpy()).all()
    for plain, slanted in zip(shown[0.0], shown[1.0], strict=True):
        assert not np.array_equal(plain, slanted)
        np.testing.assert_array_equal(np.sort(plain, axis=2), np.sort(slanted, axis=2))


@pytest.mark.parametrize(("data_set", "shear"), [("digits", -0.1), ("digits", 1.5), ("ring", 0.3)])
def test_a_shear_that_cannot_be_is_refused(data_set, shear):
    with pytest.raises(MinigenError, match=r"^shear: "):
        recipe_of("infogan").settings(data.load(data_set), shear=shear)
    with pytest.raises(MinigenError, match=r"^shear: 'gan' has no such option"):
        recipe_of("gan").settings(data.load(data_set), shear=shear)


def test_the_features_of_an_infogan_are_not_shaped_by_the_codes(device):
    """In the discriminator's step all layers but the last change as a plain GAN's do; the last reads the codes too."""
    codes, (x, _) = K + 2, examples(device, 8)
    model = InfoGAN(generator(codes), dense_discriminator(SHAPE, [6], mg.Generator(1), outputs=1 + codes), Z, K, 2)
    model.discriminator_loss(x, mg.Generator(2)).total.backward()
    *features, last = ([p.grad.numpy() for p in layer.parameters()] for layer in model.discriminator)
    noise = model.noise(8, mg.Generator(2))
    model.zero_grad()
    fake = model.still(model.generator, noise)
    model.game(model.source, x, fake, model.source(x), model.source(fake), None).total.backward()
    *of_a_gan, plain = ([p.grad.numpy() for p in layer.parameters()] for layer in model.discriminator)
    for found, expected in zip(features, of_a_gan, strict=True):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    for a, b in zip(last, plain, strict=True):
        np.testing.assert_allclose(a[..., :1], b[..., :1], rtol=1e-5, atol=1e-7)
        assert np.abs(a[..., 1:]).min() > 0
        assert (b[..., 1:] == 0).all()
