"""The pictures of lesson 24: what they draw is what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from minigen.lessons.pictures import membership
from minigen.metrics import auc
from minigen.privacy import spent


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def lines(axis):
    return {line.get_label(): line.get_xydata() for line in axis.get_lines()}


def test_the_area_in_the_opening_is_that_of_the_scores():
    rng = np.random.default_rng(0)
    members, others = 1 + rng.standard_normal(50), rng.standard_normal(80)
    figure = membership.opening(members, others)
    assert figure.axes[1].get_title() == f"area {auc(members, others).value:.2f}"


@pytest.mark.parametrize(("noise", "epsilon"), [(0.5, 0.0), (1.0, 1.0), (3.0, 0.4)])
def test_the_best_attack_stays_below_what_is_allowed_and_touches_it(noise, epsilon):
    drawn = lines(membership.promise_to_move()(noise, epsilon).axes[1])
    gap = drawn["allowed"][:, 1] - drawn["best attack"][:, 1]
    assert gap.min() > -1e-9
    assert gap.min() < 1e-2


def test_the_widgets_epsilon_is_the_accountants_and_does_not_depend_on_the_clip():
    draw = membership.settings_to_move(np.linspace(0.1, 3, 100), 1500, 0.05, 1e-4)
    titles = [[axis.get_title() for axis in draw(2.0, clip, 30).axes] for clip in (0.5, 1.0)]
    assert titles[0][0] == titles[1][0]
    assert titles[0][0] == f"epsilon {spent(0.05, 2.0, 600, 1e-4).epsilon:.2f}"
    assert titles[1][1] == f"noise on each weight {2 * 1.0 / 75:.4f}"
    assert titles[0][1] == f"noise on each weight {2 * 0.5 / 75:.4f}"


def test_each_model_has_its_panel_and_each_size_its_line():
    found = {"vae": {50: {10.0: auc(np.arange(5.0), np.arange(4.0)), 20.0: auc(np.arange(5.0), np.arange(3.0))}}}
    figure = membership.epochs({**found, "gan": found["vae"]}, {50: auc(np.arange(3.0), np.arange(3.0))})
    assert [axis.get_title() for axis in figure.axes] == ["a VAE", "a GAN"]
    np.testing.assert_allclose(lines(figure.axes[0])["50 images"][:, 0], [10, 20])
