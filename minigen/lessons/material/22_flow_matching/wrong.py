"""Classic wrong answers to the exercises of lesson 22."""

from itertools import pairwise

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

# ---------------------------------------------------------------------------------------------------- interpolate


@wrong("interpolate", "t and 1 - t have changed places: at t = 0 there is noise")
def backwards(x_0, x_1, t):
    return ref.interpolate(x_0, x_1, 1 - t)


@wrong("interpolate", "the velocity has the wrong sign: it leads from noise to data")
def towards_noise(x_0, x_1, t):
    return ref.interpolate(x_0, x_1, t)[0], x_0 - x_1


@wrong("interpolate", "that is what is left of the way, x_1 - x_t: the velocity is that of one unit of time")
def rest_of_the_way(x_0, x_1, t):
    x_t = ref.interpolate(x_0, x_1, t)[0]
    return x_t, x_1 - x_t


@wrong("interpolate", "the velocity is that of the whole way: it is not multiplied by t")
def way_so_far(x_0, x_1, t):
    x_t = ref.interpolate(x_0, x_1, t)[0]
    return x_t, x_t - x_0


@wrong("interpolate", "all examples get the mean of the times: each has its own")
def one_time(x_0, x_1, t):
    return ref.interpolate(x_0, x_1, np.full(len(t), t.mean()))


@wrong("interpolate", "t runs along the last axis: it belongs to the first")
def along_the_last_axis(x_0, x_1, t):
    if x_0.shape[-1] != len(t):
        t = np.resize(t, x_0.shape[-1])
    return (1 - t) * x_0 + t * x_1, x_1 - x_0


@wrong("interpolate", "the weights are those of a diffusion, whose squares have the sum 1: here t and 1 - t")
def weights_of_a_circle(x_0, x_1, t):
    t = t.reshape(-1, *[1] * (x_0.ndim - 1))
    return np.sqrt(1 - t) * x_0 + np.sqrt(t) * x_1, x_1 - x_0


@wrong("interpolate", "what is left of the way, divided by what is left of the time, is 0 / 0 at t = 1: take x_1 - x_0")
def divided_by_the_rest(x_0, x_1, t):
    x_t = ref.interpolate(x_0, x_1, t)[0]
    with np.errstate(all="ignore"):
        return x_t, (x_1 - x_t) / (1 - t.reshape(len(t), *[1] * (x_0.ndim - 1)))


@wrong("interpolate", "calls the reference itself", compared=False)
def the_reference(x_0, x_1, t):
    return cheat.interpolate(x_0, x_1, t)


# ----------------------------------------------------------------------------------------------- mixture_velocity


def parts(x, t, centres, sigma, shares):
    """Variance, distances, posterior shares and slope, as the reference has them."""
    variance = (1 - t) ** 2 + (t * sigma) ** 2
    away = x[:, None] - t * centres
    log_p = np.log(shares) - (away**2).sum(axis=2) / (2 * variance)
    p = np.exp(log_p - log_p.max(axis=1)[:, None])
    return variance, away, p / p.sum(axis=1)[:, None], (t * sigma**2 - (1 - t)) / variance


@wrong("mixture_velocity", "the clusters are weighted by their shares: once x_t is known, near ones are more probable")
def prior_shares(x, t, centres, sigma, shares):
    _, away, _, slope = parts(x, t, centres, sigma, shares)
    return (shares[:, None] * (centres + slope * away)).sum(axis=1)


@wrong("mixture_velocity", "the shares are forgotten: a rare cluster counts less")
def equal_shares(x, t, centres, sigma, shares):
    return ref.mixture_velocity(x, t, centres, sigma, np.full(len(shares), 1 / len(shares)))


@wrong("mixture_velocity", "clusters are points here: inside a cluster x_1 scatters by sigma, which x_t tells of")
def of_points(x, t, centres, sigma, shares):
    p = parts(x, t, centres, sigma, shares)[2]
    return (p @ centres - x) / max(1 - t, 1e-9)


@wrong("mixture_velocity", "the mean of x_1 - x_0 in a cluster is taken without looking at x: x_0 is partly known")
def mean_of_the_centres(x, t, centres, sigma, shares):
    return parts(x, t, centres, sigma, shares)[2] @ centres


@wrong("mixture_velocity", "the centre of a cluster at the time t is t c_k, not c_k")
def centres_of_the_end(x, t, centres, sigma, shares):
    variance, _, _, slope = parts(x, t, centres, sigma, shares)
    away = x[:, None] - centres
    log_p = np.log(shares) - (away**2).sum(axis=2) / (2 * variance)
    p = np.exp(log_p - log_p.max(axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    return (p[:, :, None] * (centres + slope * away)).sum(axis=1)


@wrong("mixture_velocity", "the covariance has another sign: x_1 - x_0 falls as x_0 rises")
def sign_of_the_covariance(x, t, centres, sigma, shares):
    variance, away, p, _ = parts(x, t, centres, sigma, shares)
    return (p[:, :, None] * (centres + (t * sigma**2 + (1 - t)) / variance * away)).sum(axis=1)


@wrong("mixture_velocity", "variances are added up, not deviations: (1 - t)^2 + t^2 sigma^2")
def deviations_added(x, t, centres, sigma, shares):
    deviation = 1 - t + t * sigma
    away = x[:, None] - t * centres
    log_p = np.log(shares) - (away**2).sum(axis=2) / (2 * deviation**2)
    p = np.exp(log_p - log_p.max(axis=1)[:, None])
    p /= p.sum(axis=1)[:, None]
    return (p[:, :, None] * (centres + (t * sigma**2 - (1 - t)) / deviation**2 * away)).sum(axis=1)


@wrong("mixture_velocity", "all weights round to 0 far from the clusters: subtract the largest logarithm first")
def without_logarithms(x, t, centres, sigma, shares):
    variance, away, _, slope = parts(x, t, centres, sigma, shares)
    with np.errstate(all="ignore"):
        p = shares * np.exp(-(away**2).sum(axis=2) / (2 * variance))
        p = p / p.sum(axis=1)[:, None]
        return (p[:, :, None] * (centres + slope * away)).sum(axis=1)


@wrong("mixture_velocity", "divided by 1 - t, which is 0 at the end: take the means of x_1 and x_0 each by itself")
def divided_by_the_rest_of_the_time(x, t, centres, sigma, shares):
    variance, _, p, _ = parts(x, t, centres, sigma, shares)
    mean = p @ centres
    with np.errstate(all="ignore"):
        return (mean + t * sigma**2 / variance * (x - t * mean) - x) / (1 - t)


@wrong("mixture_velocity", "divided by t, which is 0 at the beginning: take the means of x_1 and x_0 each by itself")
def divided_by_the_time(x, t, centres, sigma, shares):
    variance, _, p, _ = parts(x, t, centres, sigma, shares)
    with np.errstate(all="ignore"):
        return (x - (1 - t) / variance * (x - t * (p @ centres))) / np.float64(t)


@wrong("mixture_velocity", "calls minigen", compared=False)
def with_the_library(x, t, centres, sigma, shares):
    _, away, _, slope = parts(x, t, centres, sigma, shares)
    p = mg.softmax(np.log(shares) - (away**2).sum(axis=2)).numpy()
    return (p[:, :, None] * (centres + slope * away)).sum(axis=1)


# ----------------------------------------------------------------------------------------------------------- heun


@wrong("heun", "that is Euler's rule: the second velocity is missing")
def euler(x, matrix, drift, times):
    for t, s in pairwise(times):
        x = x + (s - t) * (np.tanh(x @ matrix) + t * drift)
    return x


@wrong("heun", "both velocities are taken at the beginning of the step: the second belongs to t + h")
def time_stands_still(x, matrix, drift, times):
    for t, s in pairwise(times):
        first = np.tanh(x @ matrix) + t * drift
        second = np.tanh((x + (s - t) * first) @ matrix) + t * drift
        x = x + (s - t) * (first + second) / 2
    return x


@wrong("heun", "the second velocity is taken at the old place: go there first")
def place_stands_still(x, matrix, drift, times):
    for t, s in pairwise(times):
        x = x + (s - t) * (np.tanh(x @ matrix) + (t + s) / 2 * drift)
    return x


@wrong("heun", "the two velocities are added up: their mean is needed")
def sum_of_both(x, matrix, drift, times):
    for t, s in pairwise(times):
        first = np.tanh(x @ matrix) + t * drift
        second = np.tanh((x + (s - t) * first) @ matrix) + s * drift
        x = x + (s - t) * (first + second)
    return x


@wrong("heun", "only the second velocity is used: the mean of both is needed")
def second_only(x, matrix, drift, times):
    for t, s in pairwise(times):
        second = np.tanh((x + (s - t) * (np.tanh(x @ matrix) + t * drift)) @ matrix) + s * drift
        x = x + (s - t) * second
    return x


@wrong("heun", "that is the midpoint rule: of second order too, but another one")
def midpoint(x, matrix, drift, times):
    for t, s in pairwise(times):
        half = x + (s - t) / 2 * (np.tanh(x @ matrix) + t * drift)
        x = x + (s - t) * (np.tanh(half @ matrix) + (t + s) / 2 * drift)
    return x


@wrong("heun", "all steps have the same length here: they are the differences of the times")
def equal_steps(x, matrix, drift, times):
    return ref.heun(x, matrix, drift, np.linspace(times[0], times[-1], len(times)))


@wrong("heun", "the matrix stands on the wrong side: a row of x is multiplied from the left, x @ matrix")
def transposed(x, matrix, drift, times):
    return ref.heun(x, matrix.T, drift, times)


@wrong("heun", "the step is added at the place of Euler's step: add it where the step began")
def goes_twice(x, matrix, drift, times):
    for t, s in pairwise(times):
        first = np.tanh(x @ matrix) + t * drift
        x = x + (s - t) * first
        x = x + (s - t) * (first + np.tanh(x @ matrix) + s * drift) / 2
    return x


@wrong("heun", "tanh is forgotten: the velocity is tanh(x @ matrix) + t drift")
def no_tanh(x, matrix, drift, times):
    for t, s in pairwise(times):
        first = x @ matrix + t * drift
        x = x + (s - t) * (first + (x + (s - t) * first) @ matrix + s * drift) / 2
    return x


@wrong("heun", "the second place is x + first: Euler's step has the length h, x + h first")
def second_place_too_far(x, matrix, drift, times):
    for t, s in pairwise(times):
        first = np.tanh(x @ matrix) + t * drift
        x = x + (s - t) * (first + np.tanh((x + first) @ matrix) + s * drift) / 2
    return x


@wrong("heun", "calls the reference itself", compared=False)
def the_reference_of_steps(x, matrix, drift, times):
    return cheat.heun(x, matrix, drift, times)


# ---------------------------------------------------------------------------------------------- velocity_of_guess


@wrong("velocity_of_guess", "the time is a / (a + s): a itself is a weight whose square counts")
def time_is_the_weight(y, a, s, noise):
    return a, *ref.velocity_of_guess(y, a, s, noise)[1:]


@wrong("velocity_of_guess", "the time is that of diffusion, which runs towards noise: here t = 0 is noise")
def time_runs_backwards(y, a, s, noise):
    return s / (a + s), *ref.velocity_of_guess(y, a, s, noise)[1:]


@wrong("velocity_of_guess", "the time is a^2: with it the weights of the line are not those of x")
def time_is_the_square(y, a, s, noise):
    return a**2, *ref.velocity_of_guess(y, a, s, noise)[1:]


@wrong("velocity_of_guess", "the place is y itself: it does not lie on the line yet")
def not_divided(y, a, s, noise):
    t, _, velocity = ref.velocity_of_guess(y, a, s, noise)
    return t, y, velocity


@wrong("velocity_of_guess", "the place is divided by a: then the noise has the weight s / a, and not 1 - t")
def divided_by_the_signal(y, a, s, noise):
    t, _, velocity = ref.velocity_of_guess(y, a, s, noise)
    return t, y / a[:, None], velocity


@wrong("velocity_of_guess", "the velocity leads to the noise: it is E[x_1] - E[x_0]")
def velocity_to_the_noise(y, a, s, noise):
    t, x, velocity = ref.velocity_of_guess(y, a, s, noise)
    return t, x, -velocity


@wrong("velocity_of_guess", "that is the mean of x_1: the mean of x_0 is missing")
def mean_of_the_example(y, a, s, noise):
    t, x, velocity = ref.velocity_of_guess(y, a, s, noise)
    return t, x, velocity + noise


@wrong("velocity_of_guess", "x_1 is y less the noise, divided by a: the noise in y has the weight s")
def noise_without_weight(y, a, s, noise):
    t, x, _ = ref.velocity_of_guess(y, a, s, noise)
    return t, x, (y - noise) / a[:, None] - noise


@wrong("velocity_of_guess", "that is the velocity v of diffusion, a x_0 - s x_1: along a circle, not a line")
def velocity_of_the_circle(y, a, s, noise):
    t, x, _ = ref.velocity_of_guess(y, a, s, noise)
    a, s = a[:, None], s[:, None]
    return t, x, a * noise - s * (y - s * noise) / a


@wrong("velocity_of_guess", "calls the reference itself", compared=False)
def the_reference_of_guesses(y, a, s, noise):
    return cheat.velocity_of_guess(y, a, s, noise)


# ------------------------------------------------------------------------------------------------- pair_on_a_line


@wrong("pair_on_a_line", "the largest is paired with the smallest: those are the worst pairs")
def reversed_order(x_0, x_1):
    order = np.empty(len(x_0), int)
    order[np.argsort(x_1)] = np.argsort(x_0)[::-1]
    return order, float(np.sqrt(((x_0[order] - x_1) ** 2).mean()))


@wrong("pair_on_a_line", "that is the other way: for each x_0 the place of its x_1")
def inverse(x_0, x_1):
    order, w2 = ref.pair_on_a_line(x_0, x_1)
    return np.argsort(order), w2


@wrong("pair_on_a_line", "x_0 is sorted, and x_1 as well: the pairs must fit x_1 as it stands")
def only_sorted(x_0, x_1):
    return np.argsort(x_0), ref.pair_on_a_line(x_0, x_1)[1]


@wrong("pair_on_a_line", "each x_1 takes the x_0 that is nearest: some are taken twice and some never")
def nearest(x_0, x_1):
    return np.abs(x_1[:, None] - x_0).argmin(axis=1), ref.pair_on_a_line(x_0, x_1)[1]


@wrong("pair_on_a_line", "W2 is the root of the mean square")
def no_root(x_0, x_1):
    order, w2 = ref.pair_on_a_line(x_0, x_1)
    return order, w2**2


@wrong("pair_on_a_line", "that is W1, the mean distance: W2 is the root of the mean squared distance")
def w1(x_0, x_1):
    order = ref.pair_on_a_line(x_0, x_1)[0]
    return order, float(np.abs(x_0[order] - x_1).mean())


@wrong("pair_on_a_line", "squares are added up: their mean is needed")
def sum_of_squares(x_0, x_1):
    order, w2 = ref.pair_on_a_line(x_0, x_1)
    return order, w2 * float(np.sqrt(len(x_0)))


@wrong("pair_on_a_line", "the distance is that of the pairs as they came")
def of_the_first_pairs(x_0, x_1):
    return ref.pair_on_a_line(x_0, x_1)[0], float(np.sqrt(((x_0 - x_1) ** 2).mean()))


@wrong("pair_on_a_line", "calls scipy", compared=False)
def by_assignment(x_0, x_1):
    from scipy.optimize import linear_sum_assignment

    squares = (x_1[:, None] - x_0) ** 2
    order = linear_sum_assignment(squares)[1]
    return order, float(np.sqrt(((x_0[order] - x_1) ** 2).mean()))


# ------------------------------------------------------------------------------------------- nearly_optimal_pairs


@wrong("nearly_optimal_pairs", "per cent above the least", compared=False)
def as_they_came(x_0, x_1, seed):
    return np.arange(len(x_0))


@wrong("nearly_optimal_pairs", "per cent above the least", compared=False)
def sorted_by_the_first_number(x_0, x_1, seed):
    return ref.pair_on_a_line(x_0[:, 0], x_1[:, 0])[0]


@wrong("nearly_optimal_pairs", "per cent above the least", compared=False)
def greedy(x_0, x_1, seed):
    cost = ((x_1[:, None] - x_0) ** 2).sum(axis=2)
    order = np.empty(len(x_0), int)
    for _ in range(len(x_0)):
        i, j = np.unravel_index(cost.argmin(), cost.shape)
        order[i] = j
        cost[i], cost[:, j] = np.inf, np.inf
    return order


@wrong("nearly_optimal_pairs", "per cent above the least", compared=False)
def ten_orders(x_0, x_1, seed):
    rng = np.random.default_rng(seed)
    orders = [rng.permutation(len(x_0)) for _ in range(10)]
    return min(orders, key=lambda order: ((x_0[order] - x_1) ** 2).sum())


@wrong("nearly_optimal_pairs", "expected each of 0 ...", compared=False)
def the_nearest_of_all(x_0, x_1, seed):
    return ((x_1[:, None] - x_0) ** 2).sum(axis=2).argmin(axis=1)


@wrong("nearly_optimal_pairs", "integers, got", compared=False)
def points_themselves(x_0, x_1, seed):
    return x_0


ABOVE_0 = "the task says that it is above 0"

EQUIVALENT = {
    "mixture_velocity: np.exp(np.clip(..., -50, 50)) for np.exp(log_p - log_p.max(axis=1)[:, None])": (
        "a weight below e^-50 changes nothing that can be seen, and none is above 1"
    ),
    "mixture_velocity: np.nan_to_num(np.log(...)) for np.log(shares)": ABOVE_0,
    "mixture_velocity: shares zeros replaced by 0.001": ABOVE_0,
    "heun: times sorted": "the task says that they rise",
    "velocity_of_guess: a zeros replaced by 0.001": ABOVE_0,
    "velocity_of_guess: s zeros replaced by 0.001": ABOVE_0,
    "pair_on_a_line: result at least 0": "places and distances are at least 0",
}
