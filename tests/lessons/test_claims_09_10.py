"""What lessons 9 and 10 conclude, where it is cheap to see, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn, ops
from minigen.lessons.pictures import dcgan, gan_ring

each_seed = pytest.mark.parametrize("seed", range(3))


def test_far_apart_the_jsd_is_flat_and_the_best_loss_is_0():
    x = np.linspace(-12, 24, 2400)
    data = gan_ring.normal(x, 0, 1)
    at_0, at_7, at_12 = (gan_ring.best_loss(x, data, gan_ring.normal(x, t, 1)) for t in (0, 7, 12))
    assert at_0 == pytest.approx(2 * np.log(2), rel=1e-6)
    assert at_12 < at_7 < 2e-3


@each_seed
def test_against_a_discriminator_that_stands_still_the_fakes_crowd_together(seed):
    gan = gan_ring.new_game(seed)
    gan_ring.play(gan, turns=1, steps=(40, 0))
    before = np.cov(gan_ring.look(gan)[0].T)
    gan_ring.play(gan, turns=1, steps=(0, 100), rates=(0.0, 1e-2))
    # In a point, or along a line where D says the same: in either case the cloud has lost its area.
    assert np.linalg.det(np.cov(gan_ring.look(gan)[0].T)) < 0.05 * np.linalg.det(before)


@each_seed
def test_with_constant_statistics_the_weights_run_away_and_the_loss_stays(seed):
    numbers = np.random.default_rng(seed)
    inputs = numbers.standard_normal((64, 1))
    target = mg.Tensor(2 * inputs + 1 + 0.3 * numbers.standard_normal((64, 1)))
    w, b = (mg.Tensor(np.array([start]), requires_grad=True) for start in (1.0, 0.0))
    losses = []
    for _ in range(200):
        u = inputs * w + b
        loss = nn.mse_loss((u - u.data.mean()) / np.sqrt(u.data.var() + 1e-5), target)
        losses.append(loss.item())
        for parameter, slope in zip((w, b), mg.grad(loss, [w, b]), strict=True):
            parameter.data -= 0.05 * slope.data
    assert w.item() > 2
    assert b.item() > 2
    assert np.ptp(losses) < 1e-4 * losses[0]


@each_seed
def test_the_neighbours_matter_more_in_a_small_batch(seed):
    x = np.random.default_rng(seed).standard_normal((4096, 8))
    changes = []
    for size in (64, 4):
        batches = x[: 16 * size].reshape(16, size, 8).copy()
        batches[:, 0] = x[0]
        first = np.array([ops.batch_norm(batch, np.ones(8), np.zeros(8), 1e-5)[0][0] for batch in batches])
        changes.append(np.abs(np.diff(first, axis=0)).mean())
    assert changes[1] > 2 * changes[0]


def test_a_rank_correlation_knows_only_the_order():
    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert dcgan.rank_correlation(a, np.exp(a)) == pytest.approx(1)
    assert dcgan.rank_correlation(a, -(a**3)) == pytest.approx(-1)
