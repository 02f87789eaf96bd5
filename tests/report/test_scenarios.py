"""Drivers beside the simulator's: what the pictures show, what the table says."""

import numpy as np
import pytest

from minigen import Generator
from minigen.data import Dataset
from minigen.data.car_following import GAP, LEADER, SPEED, conditions, followed
from minigen.report import evaluate, scenarios
from minigen.report.scenarios import DRIVERS, SHOWN, THRESHOLDS, baselines, compared, shares, tail, trajectories

from .test_trained import untrained

TRAIN, TEST = (
    Dataset("car-following", followed(conditions(n, Generator(n), 30), Generator(n + 1))) for n in (600, 400)
)


def test_a_run_leaves_drivers_of_both_behind_the_same_leaders():
    (name, figure), *others = scenarios.results(untrained("car-follower", TRAIN), TRAIN, TEST, Generator(0))[1].items()
    assert (name, others) == ("samples.png", [])
    above, below = figure.axes[:SHOWN], figure.axes[SHOWN:]
    assert len(above) == len(below) == SHOWN
    for axes in above:
        by_colour = {}
        for line in axes.lines:
            by_colour.setdefault(line.get_color(), []).append(line.get_ydata())
        drivers = [x for x in by_colour["0.35"] if len(x)], [x for x in by_colour["C3"] if len(x)]
        assert [len(x) for x in drivers] == [DRIVERS, DRIVERS]
        (leader,) = (x for x in by_colour["black"] if len(x))
        assert any(np.array_equal(leader, x) for x in TEST.x[:, :, LEADER])
        assert {x[0] for kind in drivers for x in kind} == {leader[0]}  # all begin alike


def test_channels_stand_under_their_own_names():
    x = TEST.x[:2, None]
    figure = trajectories({"simulated": x}, "two")
    for i in range(2):
        assert np.array_equal(figure.axes[i].lines[0].get_ydata(), TEST.x[i, :, SPEED])
        assert np.array_equal(figure.axes[2 + i].lines[0].get_ydata(), TEST.x[i, :, GAP])
    assert [figure.axes[i].get_ylabel() for i in (0, 2)] == ["speed (m/s)", "gap (m)"]
    assert len(scenarios.samples_picture(TEST.x[:3], "three").axes) == 6


def test_the_simulator_beside_itself_has_a_ratio_of_1():
    """A model that gives the simulator's drivers: its ratio is 1, and all thresholds are told for all drivers."""
    shown = untrained("car-follower", TRAIN)
    shown.continued = lambda given, rng: given
    ttc = compared(shown, TRAIN, TEST, 400, Generator(0))
    found = shares(ttc)
    assert len(found) == 4 * len(THRESHOLDS)
    for threshold in THRESHOLDS:
        share, real, note = found[f"TTC < {threshold:g} s"]
        assert share == real == (ttc["simulated"] < threshold).mean()
        assert note.startswith("ratio 1.00 (")
        assert f"TTC < {threshold:g} s, Gaussian" in found


def test_all_drivers_are_in_the_same_situations(monkeypatch):
    given = []
    shown = untrained("car-follower", TRAIN)
    shown.continued = lambda x, rng: given.append(x) or x
    compared(shown, TRAIN, TEST, 150, Generator(0))
    assert np.array_equal(given[0], TEST.x[:150])


def test_the_tail_shows_shares_and_ratios():
    rng = np.random.default_rng(0)
    ttc = {name: rng.exponential(2, 500) for name in ("simulated", "generated", "Gaussian", "simulated again")}
    above, below = tail(ttc, "title").axes
    lines = {line.get_label(): line for line in above.lines}
    assert list(lines) == ["simulated", "generated", "Gaussian"]
    seconds, share = lines["generated"].get_data()
    for second, one in zip(seconds, share, strict=True):
        assert one == (ttc["generated"] < second).mean()
    ratio = below.lines[0].get_ydata()
    np.testing.assert_allclose(ratio, share / lines["simulated"].get_ydata(), rtol=1e-9)


def test_evaluation_has_the_likelihood_beside_a_gaussians():
    shown = untrained("car-follower", TRAIN)
    measures, figures = evaluate(shown, TRAIN, TEST, 100, 0)
    assert set(figures) == {"tail.png"}
    nats = -float(shown.model.log_prob(shown._scaled(TEST.x)).numpy().mean())
    assert measures["NLL"].value == pytest.approx(nats, rel=1e-5)
    assert measures["NLL, gaussian"].value == baselines(TRAIN, TEST)["gaussian"]
