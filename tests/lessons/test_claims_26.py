"""What lesson 26 says of rankings, rare events and clips, for three seeds."""

from functools import cache

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data.car_following import followed
from minigen.lessons.pictures import beyond_pictures as beyond
from minigen.metrics import motion, psnr, recommendation, scenarios

SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])
FAR = 10  # added to seeds of drivers: those of the data would draw the same numbers again
CLIPS = data.pixels(data.load("moving-digits", "test").x[:300])


def ndcgs(seed):
    train, known, held_out = beyond.likes_of("tastes", seed)
    names = ("popularity", "item cosine", "EASE")
    scores = {name: recommendation.RECOMMENDERS[name](train, known) for name in names}
    scores |= {"told": beyond.told_scores(seed), "at random": Generator(seed).normal(known.shape)}
    return {name: recommendation.ndcg(s, known, held_out).mean() for name, s in scores.items()}


@SEEDS
def test_the_order_of_the_recommenders(seed):
    found = ndcgs(seed)
    assert 0.05 < found["at random"] < found["popularity"] - 0.05
    assert found["popularity"] < found["item cosine"] - 0.05
    assert found["item cosine"] < found["EASE"] + 0.01
    assert found["EASE"] < found["told"] - 0.02 < 0.7


@SEEDS
def test_mult_vae_is_above_popularity_and_about_as_good_as_ease(seed):
    train, known, held_out = beyond.likes_of("tastes", seed)
    scores = beyond.scores_of(beyond.fit_mult_vae(train, seed=seed), known)
    ours = recommendation.ndcg(scores, known, held_out)
    gain, error = beyond.mean_and_error(ours - recommendation.ndcg(recommendation.ease(train, known), known, held_out))
    assert abs(gain) < 3 * error
    assert ours.mean() > recommendation.ndcg(recommendation.popularity(train, known), known, held_out).mean() + 0.05


def test_the_tastes_are_those_that_the_likes_were_drawn_from():
    _, known, held_out = beyond.likes_of("tastes")
    p, likes = beyond.told_scores(), known | held_out
    assert (p * likes).sum(axis=1).mean() > 3 * (p.mean(axis=0) * likes).sum(axis=1).mean() / 2


@SEEDS
def test_the_gaussian_driver_is_wrong_in_the_tail(seed):
    train, test = (data.load("car-following", part).x for part in ("train", "test"))
    real, again, drawn = (
        beyond.times_of(drive, test, (FAR + 10 * seed + i for i in numbers))
        for drive, numbers in (
            (followed, range(5)),
            (followed, range(5, 8)),
            (scenarios.GaussianDriver(train).sample, range(5, 8)),
        )
    )
    assert 7 < beyond.ratio_below(drawn, real, 1)[0] < 16
    assert beyond.ratio_below(drawn, real, 4)[1] > 1.4
    for threshold in beyond.THRESHOLDS:
        _, low, high = beyond.ratio_below(again, real, threshold)
        assert low / 1.1 < 1 < 1.1 * high  # one interval in twenty misses 1


def test_drivers_of_the_seed_of_the_data_are_not_independent_of_the_leaders():
    test = data.load("car-following", "test").x
    bad, good = (beyond.times_of(followed, test, [seed]) for seed in (1, FAR))
    assert beyond.ratio_below(bad, good, 2)[1] > 1.5


def test_the_least_cost_is_small_and_zero_where_the_share_is_right():
    assert beyond.least_cost(0.01, 0.01) == 0
    assert 0 < beyond.least_cost(0.006, 0.012) < 0.01
    assert beyond.least_cost(0.006, 0.06) < 0.05  # a tenth of the deviation of a series' nats, over 100
    for q in (0.005, 0.02):
        rest = 0.01 * np.log(0.01 / q) + 0.99 * np.log(0.99 / (1 - q))
        assert beyond.least_cost(0.01, q) == pytest.approx(rest)


def test_a_shift_of_one_pixel_costs_as_much_as_black():
    truth = CLIPS[:, 5:]
    moved = np.stack([motion.shifted(truth[:, t], (1, 1)) for t in range(5)], axis=1)
    black, shifted = psnr(truth, np.zeros_like(truth)), psnr(truth, moved)
    assert abs(shifted - black) < 1
    mean = motion.mean_frame(CLIPS[:, :5], 5, data.pixels(data.load("moving-digits").x[:1000]))
    assert psnr(truth, mean) > shifted
    assert psnr(truth, mean) > psnr(truth, motion.last_motion(CLIPS[:, :5], 5))


def test_the_last_motion_is_exactly_right_in_a_part_of_the_clips():
    errors = np.square(motion.last_motion(CLIPS[:, :5], 5) - CLIPS[:, 5:]).mean(axis=(1, 2, 3, 4))
    assert 0.05 < (errors < 1e-9).mean() < 0.6


def test_a_perfect_models_guess_loses_three_decibels_to_the_mean():
    rng = np.random.default_rng(0)
    truth, guess = rng.standard_normal((2, 100_000))
    assert psnr(truth, 0 * guess) - psnr(truth, guess) == pytest.approx(10 * np.log10(2), abs=0.05)


@cache
def truth_of_the_tail():
    """The smallest times to collision of 100 000 simulated series."""
    return beyond.times_of(followed, data.load("car-following", "test").x, range(FAR, FAR + 10))


@pytest.mark.slow
@SEEDS
def test_the_recurrent_driver_is_likelier_and_nearer_in_the_tail(seed):
    train, test = (data.load("car-following", part).x for part in ("train", "test"))
    model, gaussian = beyond.fit_driver(train, seed=seed), scenarios.GaussianDriver(train)
    assert beyond.nats_of(model, test).mean() < -gaussian.log_prob(test).mean() - 10
    real = truth_of_the_tail()
    ours = beyond.times_of(beyond.driving(model), test, range(20, 25))
    theirs = beyond.times_of(gaussian.sample, test, range(20, 25))
    for threshold in beyond.THRESHOLDS:
        r, other = (beyond.ratio_below(times, real, threshold)[0] for times in (ours, theirs))
        assert abs(np.log(r)) < np.log(other) / 2
    assert beyond.ratio_below(ours, real, 1)[0] < 0.9
    assert beyond.ratio_below(ours, real, 4)[0] > 1.02


@pytest.mark.slow
@SEEDS
def test_the_words_limit_what_a_continuation_can_reach(seed):
    clips = data.load("moving-digits").x
    model = beyond.new_video(seed=seed)
    beyond.fit_frames(model, clips, steps=200, seed=seed)
    nats = beyond.fit_words(model, clips[:1500], steps=120, seed=seed)
    given, truth = CLIPS[:40, :5], CLIPS[:40, 5:]
    guesses = beyond.guesses_of(model, given, 4, seed)
    one, mean, words = psnr(truth, guesses[0]), psnr(truth, guesses.mean(axis=0)), beyond.through_words(model, truth)
    assert one < mean < psnr(truth, words)
    assert np.mean(nats[-20:]) < np.log(64) - 1
