"""What lesson 24 says of attacks, clipping and noise, for three seeds."""

import numpy as np
import pytest

from minigen import data
from minigen.lessons.pictures import membership
from minigen.metrics import auc
from minigen.privacy import noise_for, spent

TRAIN, TEST = data.load("digits"), data.load("digits", "test")
X, OTHERS = TRAIN.x, TRAIN.x[750:]
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])
DELTA = 1e-5


@SEEDS
def test_a_program_that_prints_one_member_has_an_area_near_a_half_and_one_victim(seed):
    rng = np.random.default_rng(seed)
    members, others = np.zeros(1000), np.zeros(500)
    members[rng.integers(1000)] = 1
    assert auc(members, others).value == pytest.approx(0.5 + 1 / 2000)


@SEEDS
def test_clipped_descent_ends_between_the_median_and_the_mean(seed):
    x = -np.log(np.random.default_rng(seed).random(1001))
    places = [membership.resting_place(x, clip) for clip in (1e-3, 0.3, 1, 3, 100)]
    assert places[0] == pytest.approx(np.median(x), abs=5e-3)
    assert places[-1] == pytest.approx(x.mean(), abs=1e-6)
    assert (np.diff(places) > 0).all()


def test_epsilon_grows_about_with_the_root_of_the_steps_and_not_with_the_clip():
    few, many = (spent(0.05, 1.0, count, DELTA).epsilon for count in (300, 1200))
    assert 1.8 < many / few < 2.4
    assert noise_for(few, 0.05, 1200, DELTA) > 1.3
    assert membership.added_up(0.05, 1.0, 300, DELTA) > 5 * few


def test_the_least_delta_of_the_pictures_is_a_total_variation_at_epsilon_0():
    z = np.linspace(-12, 13, 200_001)
    p, q = (np.exp(-0.5 * (z - m) ** 2) / np.sqrt(2 * np.pi) for m in (1, 0))
    assert membership.gaussian_delta(np.array([0.0]), 1.0)[0] == pytest.approx(
        np.trapezoid(np.abs(p - q), z) / 2, abs=1e-9
    )


def wrongly_labelled(seed):
    """Labels of all images, 20 of the first 750 wrong; and wrong labels of all."""
    wrong = (TRAIN.y + np.random.default_rng(seed).integers(1, 10, len(TRAIN.y))) % 10
    return np.concatenate([wrong[:20], TRAIN.y[20:]]), wrong


@pytest.mark.long
@SEEDS
def test_an_area_near_a_half_hides_what_is_learnt_by_heart_and_clipping_and_noise_take_it_away(seed):
    labels, wrong = wrongly_labelled(seed)
    of_wrong, of_all = [], []
    for clip, noise in ((1e9, 0.0), (1.0, 0.0), (1.0, 1.0)):
        model = membership.classifier(X[:750], labels[:750], 800, clip, noise, 0.1, seed=seed)
        score = membership.log_p_of_labels
        of_all.append(auc(score(model, X[:750], labels[:750]), score(model, OTHERS, TRAIN.y[750:])).value)
        of_wrong.append(auc(score(model, X[:20], wrong[:20]), score(model, X[750:950], wrong[750:950])).value)
    assert max(of_all) < 0.58
    assert of_wrong[0] > 0.9
    assert max(of_wrong[1:]) < 0.8


@pytest.mark.long
@SEEDS
def test_fewer_images_leak_more_at_the_same_number_of_steps(seed):
    found = membership.by_epochs("vae", X, OTHERS, (50, 750), (600,), seed)
    assert found[50][600.0].value > found[750][40.0].value + 0.3
    of_gan = membership.by_epochs("gan", X, OTHERS, (50,), (300,), seed)[50][300.0]
    assert of_gan.low > 0.6


@pytest.mark.long
@SEEDS
def test_more_noise_costs_accuracy(seed):
    def reached(noise, clip=1.0):
        model = membership.classifier(X, TRAIN.y, 300, clip, noise, 0.05, seed=seed)
        return membership.accuracy(model, TEST.x, TEST.y)

    plain, little, much = reached(0.0, 1e9), reached(1.0), reached(8.0)
    assert plain > 0.95
    assert plain - 0.08 < little < plain
    assert much < little - 0.05


@pytest.mark.long
def test_the_private_gan_is_attacked_with_less_success():
    private = membership.private_gan(X[:50], 300, clip=1.0, noise=4.0, rate=1.0)
    assert auc(membership.score(private, X[:50]), membership.score(private, OTHERS)).value < 0.75
    assert np.isfinite(membership.score(private, X[:50])).all()
