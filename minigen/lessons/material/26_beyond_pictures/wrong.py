"""Classic wrong answers to the exercises of lesson 26."""

import numpy as np

from minigen.lessons import WrongAnswers, reference_of
from minigen.metrics import recommendation, scenarios

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

CANCELS = "a factor that all gains have cancels in the quotient"
MET = "where the cars have met, 0 is written afterwards"
EQUIVALENT = {
    "ndcg: 2 for 1 in gains = 1 / np.log2(np.arange(2, len(scores) + 2))": CANCELS,
    "ndcg: -1 for 1 in gains = 1 / np.log2(np.arange(2, len(scores) + 2))": CANCELS,
    "ndcg: 3 for 2 in gains = 1 / np.log2(np.arange(2, len(scores) + 2)) (2)": "a gain more than there are items",
    "ndcg: known capped at 9": "it is True or False",
    "ndcg: at at least 1": "at least one rank counts",
    "ndcg: result at least 0": "gains are positive",
    "ndcg: result without infinity": "something is held out, so the best sum is not 0",
    "smallest_ttc: only the right of (gap > 0) & (gap < longest * closing)": MET,
    "smallest_ttc: >= in gap > 0": MET,
    "smallest_ttc: gap negative entries set to 0": MET,
    "smallest_ttc: <= in gap < longest * closing": "where both sides are equal, the quotient is `longest`",
    "smallest_ttc: longest at least 1e-6": "it is at least 0.1",
    "smallest_ttc: result at least 0": "no TTC is below 0",
    "share_interval: n at least 1": "there is at least one series",
    "share_interval: z at least 1e-6": "it is at least 0.1",
    "share_interval: result at least 0": "a share is at least 0",
    "errors_of_guesses: guesses sorted": "pixel by pixel, all three are the same in any order of the guesses",
}

# ----------------------------------------------------------------------------------------------------------- ndcg


def found_at(scores, known, held_out):
    """Whether the item at each rank is held out."""
    return held_out[np.argsort(np.where(known, np.inf, -scores))]


@wrong("ndcg", "known items are ranked too: they must be left out, or they take the first ranks")
def with_known(scores, known, held_out, at):
    return ref.ndcg(scores, np.zeros_like(known), held_out, at)


@wrong("ndcg", "the ranking is upside down: the largest score comes first")
def upside_down(scores, known, held_out, at):
    return ref.ndcg(-scores, known, held_out, at)


@wrong("ndcg", "that is DCG: divide by the largest sum that a ranking could reach")
def not_normalised(scores, known, held_out, at):
    found = found_at(scores, known, held_out)[:at]
    return float((found / np.log2(np.arange(2, len(found) + 2))).sum())


@wrong("ndcg", "the best sum has all held-out items, though only `at` ranks count")
def best_of_all(scores, known, held_out, at):
    found = found_at(scores, known, held_out)
    gains = 1 / np.log2(np.arange(2, len(found) + 2))
    return float(gains[:at][found[:at]].sum() / gains[: held_out.sum()].sum())


@wrong("ndcg", "ranks begin at 1, so the first counts 1 / log2(2) = 1: here each is taken one too far down")
def from_two(scores, known, held_out, at):
    found = found_at(scores, known, held_out)
    gains = 1 / np.log2(np.arange(3, len(found) + 3))
    return float(gains[:at][found[:at]].sum() / gains[: min(at, held_out.sum())].sum())


@wrong("ndcg", "that is recall: all ranks count alike, where 1 / log2(r + 1) falls with the rank")
def plain_recall(scores, known, held_out, at):
    return float(found_at(scores, known, held_out)[:at].sum() / min(at, held_out.sum()))


@wrong("ndcg", "calls minigen", compared=False)
def of_the_library(scores, known, held_out, at):
    return float(recommendation.ndcg(scores[None], known[None], held_out[None], at)[0])


# ----------------------------------------------------------------------------------------------------------- ease


@wrong("ease", "each row is divided by its diagonal entry: it is each column")
def rows_divided(likes, penalty):
    p = np.linalg.inv(likes.T @ likes + penalty * np.eye(likes.shape[1]))
    b = -p / np.diag(p)[:, None]
    np.fill_diagonal(b, 0)
    return b


@wrong("ease", "the diagonal is not 0: an item tells itself")
def diagonal_left(likes, penalty):
    p = np.linalg.inv(likes.T @ likes + penalty * np.eye(likes.shape[1]))
    return -p / np.diag(p)


@wrong("ease", "that is ridge regression with its diagonal set to 0 afterwards: the other entries must know of it")
def ridge_without_diagonal(likes, penalty):
    g = likes.T @ likes
    b = np.linalg.solve(g + penalty * np.eye(len(g)), g)
    np.fill_diagonal(b, 0)
    return b


@wrong("ease", "the sign is flipped: items that the same users like must raise each other")
def flipped(likes, penalty):
    return -ref.ease(likes, penalty)


@wrong("ease", "the penalty is added to every entry of G: it belongs on the diagonal")
def penalty_everywhere(likes, penalty):
    p = np.linalg.pinv(likes.T @ likes + penalty)
    b = -p / np.where(np.diag(p) == 0, 1, np.diag(p))
    np.fill_diagonal(b, 0)
    return b


@wrong("ease", "that is the item cosine: count G, and invert it with the penalty on its diagonal")
def cosine(likes, penalty):
    g = likes.T @ likes
    norm = np.sqrt(np.maximum(np.diag(g), 1))
    b = g / norm / norm[:, None]
    np.fill_diagonal(b, 0)
    return b


@wrong("ease", "calls the reference itself", compared=False)
def of_the_answer(likes, penalty):
    return cheat.ease(likes, penalty)


# --------------------------------------------------------------------------------------------------- smallest_ttc


def quotients(gap, closing):
    """gap / closing, without a warning."""
    with np.errstate(all="ignore"):
        return gap / closing


@wrong("smallest_ttc", "the speed of approach has the wrong sign: it is the driver's speed less the leader's")
def sign_of_approach(gap, speed, leader, longest):
    return ref.smallest_ttc(gap, leader, speed, longest)


@wrong("smallest_ttc", "that is the time gap, gap / speed: the leader moves too")
def time_gap(gap, speed, leader, longest):
    return ref.smallest_ttc(gap, speed, np.zeros_like(leader), longest)


@wrong("smallest_ttc", "negative quotients count: where the driver is not faster no collision is ahead")
def negative_times(gap, speed, leader, longest):
    return np.minimum(np.nan_to_num(quotients(gap, speed - leader)), longest).min(axis=1)


@wrong("smallest_ttc", "cars that have met count as if nothing were ahead: their TTC is 0")
def met_forgotten(gap, speed, leader, longest):
    ttc = np.where((speed > leader) & (gap > 0), quotients(gap, speed - leader), longest)
    return np.minimum(ttc, longest).min(axis=1)


@wrong("smallest_ttc", "the smallest value over all series is taken: each series has one of its own")
def of_all_series(gap, speed, leader, longest):
    return np.full(len(gap), ref.smallest_ttc(gap, speed, leader, longest).min())


@wrong("smallest_ttc", "the smallest gap over the largest speed of approach: they need not come at the same moment")
def of_extremes(gap, speed, leader, longest):
    closing = (speed - leader).max(axis=1)
    ttc = np.where(closing > 0, quotients(np.maximum(gap.min(axis=1), 0), closing), longest)
    return np.where(gap.min(axis=1) <= 0, 0, np.minimum(ttc, longest))


@wrong("smallest_ttc", "calls minigen", compared=False)
def of_the_metrics(gap, speed, leader, longest):
    return np.minimum(scenarios.smallest_ttc(np.stack([leader, gap, speed], axis=2)), longest)


# ------------------------------------------------------------------------------------------------- share_interval


@wrong("share_interval", "that is Wald's interval, with the deviation of k / n: it has no width for k = 0")
def wald(k, n, z):
    half = z * np.sqrt(k / n * (1 - k / n) / n)
    return k / n - half, k / n + half


@wrong("share_interval", "Wald's interval, cut off at 0 and 1: it has no width for k = 0")
def wald_cut(k, n, z):
    low, high = wald(k, n, z)
    return max(0.0, low), min(1.0, high)


@wrong("share_interval", "the middle stays at k / n: it moves towards a half")
def middle_kept(k, n, z):
    low, high = ref.share_interval(k, n, z)
    return k / n - (high - low) / 2, k / n + (high - low) / 2


@wrong("share_interval", "z is not squared in the middle: (k + z^2 / 2) / (n + z^2)")
def z_not_squared(k, n, z):
    low, high = ref.share_interval(k, n, z)
    return (k + z / 2) / (n + z) - (high - low) / 2, (k + z / 2) / (n + z) + (high - low) / 2


@wrong("share_interval", "the ends are exchanged: the smaller one comes first")
def exchanged(k, n, z):
    return ref.share_interval(k, n, z)[::-1]


@wrong("share_interval", "these are counts: divide by n for shares")
def counts(k, n, z):
    low, high = ref.share_interval(k, n, z)
    return n * low, n * high


@wrong("share_interval", "z is 1.96 always: use the z that is given")
def always_95(k, n, z):
    return ref.share_interval(k, n, 1.96)


@wrong("share_interval", "calls minigen", compared=False)
def interval_of_the_metrics(k, n, z):
    return scenarios.share_interval(k, n)


# ---------------------------------------------------------------------------------------------- errors_of_guesses


@wrong("errors_of_guesses", "the limit is the error of the mean of K guesses: a part of that is their scatter")
def limit_is_mean(truth, guesses):
    one, mean, _ = ref.errors_of_guesses(truth, guesses)
    return one, mean, mean


@wrong("errors_of_guesses", "the variance is divided by K where K - 1 is right: so the limit is too large on average")
def biased(truth, guesses):
    one, mean, _ = ref.errors_of_guesses(truth, guesses)
    return one, mean, mean - (one - mean) / len(guesses)


@wrong("errors_of_guesses", "the whole variance of a guess is taken off: the mean of K guesses has a K-th of it")
def variance_not_divided(truth, guesses):
    one, mean, _ = ref.errors_of_guesses(truth, guesses)
    k = len(guesses)
    return one, mean, mean - (one - mean) * k / (k - 1)


@wrong("errors_of_guesses", "the error of one guess is that of the first alone: average over all K")
def first_alone(truth, guesses):
    _, mean, limit = ref.errors_of_guesses(truth, guesses)
    return ((guesses[0] - truth) ** 2).mean(), mean, limit


@wrong("errors_of_guesses", "the mean of the K guesses' errors is no error of their mean")
def mean_of_errors(truth, guesses):
    one, _, limit = ref.errors_of_guesses(truth, guesses)
    return one, one, limit


@wrong("errors_of_guesses", "these are sums over the pixels: errors are averaged")
def sums(truth, guesses):
    return tuple(truth.shape[1] * value for value in ref.errors_of_guesses(truth, guesses))


@wrong("errors_of_guesses", "calls the reference itself", compared=False)
def of_the_reference(truth, guesses):
    return cheat.errors_of_guesses(truth, guesses)


@wrong("errors_of_guesses", "the limit is cut off at 0: then it is no longer right on average")
def cut_off(truth, guesses):
    one, mean, limit = ref.errors_of_guesses(truth, guesses)
    return one, mean, max(0.0, limit)


# ---------------------------------------------------------------------------------------------- crash_probability


@wrong("crash_probability", "does not reach the goal", compared=False)
def counted(gap, drift, deviation, steps, seed):
    rng = np.random.default_rng(seed)
    paths = gap + np.cumsum(drift + deviation * rng.standard_normal((20_000, steps)), axis=1)
    return float((paths.min(axis=1) <= 0).mean())


@wrong("crash_probability", "does not reach the goal", compared=False)
def of_the_last_step(gap, drift, deviation, steps, seed):
    """As if only the gap after the last step counted."""
    from math import erfc, sqrt

    return 0.5 * erfc((gap + drift * steps) / (deviation * sqrt(2 * steps)))


@wrong("crash_probability", "does not reach the goal", compared=False)
def in_continuous_time(gap, drift, deviation, steps, seed):
    """Brownian motion that is watched all the time: it crosses between the steps too."""
    from math import erfc, exp, sqrt

    root = deviation * sqrt(2 * steps)
    reflected = exp(-2 * drift * gap / deviation**2) * 0.5 * erfc((gap - drift * steps) / root)
    return min(1.0, 0.5 * erfc((gap + drift * steps) / root) + reflected)


@wrong("crash_probability", "does not reach the goal", compared=False)
def weights_forgotten(gap, drift, deviation, steps, seed):
    rng = np.random.default_rng(seed)
    steps_taken = -gap / steps + deviation * rng.standard_normal((20_000, steps))
    return float((gap + np.cumsum(steps_taken, axis=1)).min(axis=1).__le__(0).mean())


@wrong("crash_probability", "does not reach the goal", compared=False)
def gaussian_minimum(gap, drift, deviation, steps, seed):
    """A Gaussian fitted to the smallest gaps of simulated paths: its tail is not theirs."""
    from math import erfc, sqrt

    rng = np.random.default_rng(seed)
    least = (gap + np.cumsum(drift + deviation * rng.standard_normal((20_000, steps)), axis=1)).min(axis=1)
    return 0.5 * erfc(float(least.mean() / least.std()) / sqrt(2))


@wrong("crash_probability", "expected a number", compared=False)
def all_weights(gap, drift, deviation, steps, seed):
    return np.zeros(20_000)


@wrong("crash_probability", "expected a probability, from 0 to 1", compared=False)
def negative(gap, drift, deviation, steps, seed):
    return -1.0
