"""Schedules: the sums of small noises, in closed form and added up step by step."""

import numpy as np
import pytest

from minigen.errors import ArgumentError
from minigen.models.diffusion.noise import SCHEDULES, Noise


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 10, 1000])
def test_signal_and_noise_have_variance_one_and_the_signal_only_falls(schedule, steps):
    noise = Noise(steps, schedule)
    np.testing.assert_allclose(noise.signal**2 + noise.deviation**2, 1)
    assert (noise.signal[0], noise.deviation[0]) == (1, 0)
    assert (np.diff(noise.signal) < 0).all()
    assert noise.signal.shape == noise.deviation.shape == (steps + 1,)
    assert (np.diff(noise.ratio(np.arange(1, steps + 1))) < 0).all()


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_many_small_noises_are_one_large_one(schedule):
    """x_t = sqrt(1 - beta) x_{t-1} + sqrt(beta) z for 20 steps, of 200 000 numbers that begin at 3."""
    noise, rng = Noise(20, schedule), np.random.default_rng(0)
    x = np.full(200_000, 3.0)
    for t in range(1, 16):
        beta = 1 - (noise.signal[t] / noise.signal[t - 1]) ** 2
        x = np.sqrt(1 - beta) * x + np.sqrt(beta) * rng.standard_normal(len(x))
    assert x.mean() == pytest.approx(3 * noise.signal[15], abs=4 / len(x) ** 0.5)
    assert x.std() == pytest.approx(noise.deviation[15], rel=4 / (2 * len(x)) ** 0.5)


def test_the_numbers_of_the_papers():
    """Ho et al. 2020: beta from 1e-4 to 0.02, and hardly any signal left. Nichol & Dhariwal 2021, equation 17."""
    linear, cosine = Noise(1000, "linear"), Noise(1000, "cosine")
    beta = 1 - (linear.signal[1:] / linear.signal[:-1]) ** 2
    np.testing.assert_allclose(beta, np.linspace(1e-4, 0.02, 1000), rtol=1e-9)
    assert linear.signal[-1] ** 2 == pytest.approx(4.04e-5, rel=0.01)
    t = np.arange(900) / 1000

    def f(t):
        return np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2

    np.testing.assert_allclose(cosine.signal[:900] ** 2, f(t) / f(0), rtol=1e-9)


def test_as_much_noise_in_fewer_steps():
    assert Noise(100, "linear").signal[-1] == pytest.approx(Noise(1000, "linear").signal[-1], rel=0.5)
    assert Noise(100, "cosine").signal[50] == pytest.approx(Noise(1000, "cosine").signal[500])


def test_fewer_times_go_evenly_from_noise_to_data():
    noise = Noise(1000)
    assert noise.fewer(4).tolist() == [1000, 750, 500, 250, 0]
    assert noise.fewer(1000).tolist() == list(range(1000, -1, -1))
    assert noise.fewer(5000).tolist() == noise.fewer(1000).tolist()
    for evaluations in (1, 3, 7, 999):
        times = noise.fewer(evaluations)
        assert len(times) == evaluations + 1
        assert (times[0], times[-1]) == (1000, 0)
        assert (np.diff(times) < 0).all()


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ArgumentError, match=r"schedule: .*'cosine'"):
        Noise(10, "cosin")
    with pytest.raises(ArgumentError, match="timesteps: "):
        Noise(0)
