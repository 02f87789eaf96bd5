"""The car follower: its likelihood beside PyTorch's Gaussian and by steps, causality, drives, what it learns."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from minigen.data.car_following import GAP, LEADER, SPEED, STEP, conditions, followed, next_gap
from minigen.errors import ArgumentError, ShapeError
from minigen.models import recipe_of
from minigen.models.sequences.car_following import CarFollower
from tests.examples import BY_KIND


def series(n=5, steps=12, seed=0):
    return followed(conditions(n, mg.Generator(seed), steps), mg.Generator(seed + 1))


def model(steps=12, width=6, seed=0):
    net = CarFollower(width, steps, mg.Generator(seed))
    net.head.w.data *= 3  # so that what it says differs from place to place
    return net.eval()


def test_the_likelihood_is_a_product_of_gaussians(device):
    torch = pytest.importorskip("torch")
    with backend.device(device):
        net, x = model(), series()
        p = net.accelerations(mg.tensor(x).data)
        mean, std = (backend.to_numpy(a.data)[..., 0] for a in (p.mean, p.std))
        done = np.diff(x[..., SPEED], axis=1) / STEP
        each = torch.distributions.Normal(torch.tensor(mean), torch.tensor(std)).log_prob(torch.tensor(done))
        np.testing.assert_allclose(net.log_prob(mg.tensor(x)).numpy(), each.sum(1).numpy(), rtol=1e-4)
        assert net.loss(mg.tensor(x)).total.item() == pytest.approx(-each.sum(1).mean().item(), rel=1e-4)


def test_no_acceleration_is_told_by_what_comes_after():
    """Neither the driver's future nor the leader's."""
    net, x = model(), series()
    before = net.accelerations(x).mean.numpy()
    for channel in (LEADER, GAP, SPEED):
        for t in (3, 12):
            other = x.copy()
            other[:, t, channel] += 5
            after = net.accelerations(other).mean.numpy()
            assert np.array_equal(before[:, :t], after[:, :t])
            assert t == 12 or not np.allclose(before[:, t], after[:, t])


def test_a_drive_keeps_what_is_given_and_its_gap_follows_from_its_speeds(device):
    with backend.device(device):
        net, x = model(), series(400)
        y = net.continued(mg.tensor(x), mg.Generator(3)).numpy()
    assert np.array_equal(y[..., LEADER], x[..., LEADER])
    assert np.array_equal(y[:, 0], x[:, 0])
    assert not np.array_equal(y[:, 1:, SPEED], x[:, 1:, SPEED])
    assert y[..., SPEED].min() >= 0
    for t in range(12):
        expected = next_gap(y[:, t, GAP], y[:, t : t + 2, LEADER], y[:, t : t + 2, SPEED])
        np.testing.assert_allclose(y[:, t + 1, GAP], expected, atol=1e-4)


def test_what_is_drawn_is_what_the_likelihood_says():
    """Of its own drives, the standardised accelerations are N(0, 1): the steps of a drive see what `log_prob` sees."""
    net = model()
    y = net.continued(mg.tensor(series(600)), mg.Generator(4))
    p, done = net.accelerations(y.data), np.diff(y.numpy()[..., SPEED], axis=1) / STEP
    z = (done - p.mean.numpy()[..., 0]) / p.std.numpy()[..., 0]
    assert abs(z.mean()) < 5 / z.size**0.5
    assert z.std() == pytest.approx(1, abs=5 / (2 * z.size) ** 0.5)


def test_samples_have_leaders_of_their_own():
    x = model().sample(20, mg.Generator(0)).numpy()
    assert (x.shape, x.dtype) == ((20, 13, 3), np.float32)
    assert len(np.unique(x[:, 0, SPEED])) == 20
    assert np.array_equal(x, model().sample(20, mg.Generator(0)).numpy())


def test_it_learns_what_a_gaussian_cannot():
    """In a hundred steps: below the Gaussian fitted to the same series, on others."""
    from minigen.metrics.scenarios import GaussianDriver

    train, test = series(3000, 30, 5), series(1000, 30, 9)
    recipe = recipe_of("car-follower")
    settings = recipe.settings(BY_KIND["series"], width=16, steps=120, batch_size=100, lr=1e-2)
    net = recipe.build(settings, (31, 3), mg.Generator(0))
    trainer = recipe.trainer(net, settings)
    for i in range(120):
        trainer.step(mg.tensor(train[100 * (i % 30) : 100 * (i % 30) + 100]), mg.Generator(0))
    ours, simple = net.loss(mg.tensor(test)).total.item(), -GaussianDriver(train).log_prob(test).mean()
    assert ours < simple - 2


def test_refusals():
    for wrong in (np.zeros((2, 1, 3)), np.zeros((2, 5, 2)), np.zeros((2, 3))):
        with pytest.raises(ShapeError, match="CarFollower: series have shape"):
            model().log_prob(mg.tensor(wrong.astype(np.float32)))
    recipe = recipe_of("car-follower")
    with pytest.raises(ArgumentError, match="shape: expected series"):
        recipe.build(recipe.settings(BY_KIND["series"]), (61, 2), mg.Generator(0))
