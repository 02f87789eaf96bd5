"""The toys are drawn from the densities they claim: centres, deviations, shares, curves."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data.toys import SIZES, TOYS
from minigen.errors import ArgumentError

MIXTURES = {"ring": (8, 0.01), "grid": (25, 0.05)}


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("name", sorted(TOYS))
def test_every_toy_is_a_data_set(name, split):
    points = data.load(name, split)
    assert points.x.shape == (SIZES[split], 2)
    assert points.x.dtype == np.float32
    assert points.y.shape == (SIZES[split],)
    assert points.y.dtype == np.int64
    assert points.shape == (2,)
    assert not points.is_image
    assert np.isfinite(points.x).all()
    again = data.load(name, split)
    assert again.x.tobytes() == points.x.tobytes()
    assert again.y.tobytes() == points.y.tobytes()
    assert (points.centres is not None) == (name in MIXTURES)


@pytest.mark.parametrize("name", sorted(TOYS))
def test_train_and_test_share_no_point(name):
    train, test = ({row.tobytes() for row in data.load(name, split).x} for split in ("train", "test"))
    assert len(train) > 0.999 * SIZES["train"]
    assert not train & test


@pytest.mark.parametrize("name", sorted(TOYS))
def test_the_generator_decides(name):
    draw = TOYS[name]
    points, labels = draw(100, Generator(3))
    again = draw(100, Generator(3))
    assert points.tobytes() == again[0].tobytes()
    assert labels.tobytes() == again[1].tobytes()
    rng = Generator(3)
    assert not np.array_equal(draw(100, rng)[0], draw(100, rng)[0])
    assert draw(0, rng)[0].shape == (0, 2)


def test_the_ring_of_the_papers():
    """Lin et al. 2018 (PacGAN): eight modes at (cos(2 pi k / 8), sin(2 pi k / 8)), deviation 0.01."""
    ring = data.load("ring")
    angles = 2 * np.pi * np.arange(8) / 8
    assert np.allclose(ring.centres, np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert ring.sigma == 0.01


def test_the_grid_of_the_papers():
    """Lin et al. 2018 (PacGAN): twenty-five modes at (-4, -2, 0, 2, 4) squared, deviation 0.05."""
    grid = data.load("grid")
    assert {tuple(c) for c in grid.centres.tolist()} == {(2.0 * i, 2.0 * j) for i in range(-2, 3) for j in range(-2, 3)}
    assert grid.sigma == 0.05


@pytest.mark.parametrize("name", sorted(MIXTURES))
def test_mixtures_have_their_moments(name):
    points = data.load(name)
    modes, sigma = MIXTURES[name]
    n = len(points)
    assert points.centres.shape == (modes, 2)
    z = (points.x.astype(np.float64) - points.centres[points.y]) / sigma  # N(0, I) if all is right
    assert np.all(np.abs(z.mean(axis=0)) < 5 / np.sqrt(n))
    assert np.all(np.abs(z.var(axis=0) - 1) < 5 * np.sqrt(2 / n))
    assert abs((z[:, 0] * z[:, 1]).mean()) < 5 / np.sqrt(n)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / (2 * n))  # the kurtosis of a normal variable
    within = np.linalg.norm(z, axis=1) < 3
    p = 1 - np.exp(-9 / 2)  # P(|N(0, I_2)| < 3)
    assert abs(within.mean() - p) < 5 * np.sqrt(p * (1 - p) / n)
    counts = np.bincount(points.y, minlength=modes)
    assert len(counts) == modes
    chi2 = ((counts - n / modes) ** 2 / (n / modes)).sum()
    assert chi2 < modes - 1 + 5 * np.sqrt(2 * (modes - 1))
    nearest = np.linalg.norm(points.x[:1000, None] - points.centres, axis=2).argmin(axis=1)
    assert np.array_equal(nearest, points.y[:1000])


def test_swiss_roll_is_a_spiral():
    """Radius and angle of a point give the same t, up to the noise; t is uniform."""
    roll = data.load("swiss_roll")
    x = roll.x.astype(np.float64)
    radius = np.linalg.norm(x, axis=1) * 4.5 * np.pi
    angle = np.arctan2(x[:, 1], x[:, 0])
    t = angle + 2 * np.pi * np.rint((radius - angle) / (2 * np.pi))  # the turn that fits the radius best
    across = (radius - t) / (4.5 * np.pi)  # almost perpendicular to the spiral
    assert abs(across.mean()) < 1e-3
    assert across.std() == pytest.approx(0.02, rel=0.1)
    u = np.sort((t / (1.5 * np.pi) - 1) / 2)
    distance = np.abs(u - (np.arange(len(u)) + 0.5) / len(u))
    assert distance[len(u) // 20 : -len(u) // 20].max() < 0.01  # Kolmogorov's; the noise blurs the two ends
    inner = u.size // 3
    order = np.argsort(t)
    for third in range(3):  # away from the borders, where noise may carry a point across
        middle = order[third * inner + inner // 10 : (third + 1) * inner - inner // 10]
        assert np.all(roll.y[middle] == third)


def test_moons_are_two_half_circles():
    moons = data.load("moons")
    x = moons.x.astype(np.float64)
    n = len(x)
    assert abs(moons.y.mean() - 0.5) < 5 * 0.5 / np.sqrt(n)
    for label, centre, side in ((0, (0, 0), 1), (1, (1, 0.5), -1)):
        own = (x - centre)[moons.y == label]
        radius = np.linalg.norm(own, axis=1)
        assert abs(radius.mean() - (1 + 0.05**2 / 2)) < 5 * 0.05 / np.sqrt(len(own))  # E|1 + noise|, to second order
        assert radius.std() == pytest.approx(0.05, rel=0.03)
        height = side * own[:, 1]
        assert (height > -0.25).all()  # five deviations of the noise
        angle = (np.arctan2(height, own[:, 0]) + np.pi / 2) % (2 * np.pi) - np.pi / 2  # cut below the half circle
        u = np.sort(angle) / np.pi
        distance = np.abs(u - (np.arange(len(u)) + 0.5) / len(u))
        assert distance[len(u) // 20 : -len(u) // 20].max() < 0.015  # Kolmogorov's; the noise blurs the two ends


def test_points_have_no_folder():
    with pytest.raises(ArgumentError, match="folder: 'moons' is not read from files"):
        data.load("moons", folder="somewhere")
