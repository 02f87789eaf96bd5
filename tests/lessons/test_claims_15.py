"""What lesson 15 says of losses, of precision and of clouds, on 8x8 digits, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.data import load
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.lessons.pictures import broken_program as program

each_seed = pytest.mark.parametrize("seed", range(3))


@pytest.fixture(scope="module")
def digits():
    return load("digits", "train").x, load("digits", "test").x


def sampled(with_kl):
    def loss(encoder, decoder, x, rng):
        q = Normal(*mg.split(encoder(x), 2, axis=-1))
        kl = mg.mean(nn.sum_features(kl_to_standard_normal(q)))
        return nn.bce_loss(decoder(q.sample(rng)), x) + with_kl * kl

    return loss


@each_seed
def test_the_mean_image_has_all_of_the_precision_and_little_coverage(digits, seed):
    train, test = digits
    real = test[np.random.default_rng(seed).permutation(len(test))[:200]]
    precision, coverage = program.precision_and_coverage(real, np.broadcast_to(train.mean(axis=0), real.shape))
    assert precision == 1
    assert coverage < 0.4


@each_seed
def test_images_nearer_to_their_mean_score_higher_than_as_they_are(digits, seed):
    train, test = digits
    x = train[np.random.default_rng(seed).permutation(len(train))[: len(test)]]
    as_they_are = program.precision_and_coverage(test, x)
    nearer = program.precision_and_coverage(test, x + 0.3 * (train.mean(axis=0) - x))
    assert nearer > as_they_are
    assert nearer[1] >= as_they_are[1]


@each_seed
def test_the_program_reports_what_no_loss_of_bernoulli_pixels_can_be(digits, seed):
    broken = program.fit(program.broken_loss, digits[0], 2 * program.CODE, steps=50, seed=seed)[2]
    signed = program.fit(lambda *of: -program.broken_loss(*of), digits[0], 2 * program.CODE, steps=50, seed=seed)[2]
    mended = program.fit(sampled(with_kl=1), digits[0], program.CODE, steps=50, seed=seed)[2]
    assert max(broken) < 0 < min(*signed, *mended)
    assert signed[0] == pytest.approx(64 * np.log(2), rel=0.2)


@each_seed
def test_without_the_kl_clouds_are_points_far_apart(digits, seed):
    encoder = program.fit(sampled(with_kl=0), digits[0], program.CODE, steps=600, seed=seed)[0]
    with mg.no_grad():
        q = Normal(*mg.split(encoder(mg.tensor(digits[1])), 2, axis=-1))
    assert q.std.numpy().mean() < 0.02 * q.mean.numpy().std()
    assert q.mean.numpy().std() > 1.5
