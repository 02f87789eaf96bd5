"""Classic wrong answers to the exercises of lesson 19."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

LOG_2PI = np.log(2 * np.pi)

# -------------------------------------------------------------------------------------------------- log_density


@wrong("log_density", "the log-determinant is missing: that is log p(z), not log p(x)")
def no_determinant(x, mean, log_std):
    z = (x - mean) * np.exp(-log_std)
    return -0.5 * (LOG_2PI + z**2).sum(axis=1)


@wrong("log_density", "the log-determinant has the wrong sign: a large deviation spreads x, and makes it less dense")
def wrong_sign(x, mean, log_std):
    return ref.log_density(x, mean, log_std) + 2 * log_std.sum()


@wrong("log_density", "log 2 pi is counted once: each of the D numbers has its own")
def one_constant(x, mean, log_std):
    z = (x - mean) * np.exp(-log_std)
    return -0.5 * (LOG_2PI + (z**2).sum(axis=1)) - log_std.sum()


@wrong("log_density", "log 2 pi is missing")
def no_constant(x, mean, log_std):
    z = (x - mean) * np.exp(-log_std)
    return -0.5 * (z**2).sum(axis=1) - log_std.sum()


@wrong("log_density", "log_std is the logarithm of the deviation, not of the variance")
def taken_for_a_variance(x, mean, log_std):
    return ref.log_density(x, mean, log_std / 2)


@wrong("log_density", "z is stretched where it should be squeezed: it is (x - mean) e^-log_std")
def multiplied(x, mean, log_std):
    z = (x - mean) * np.exp(log_std)
    return -0.5 * (LOG_2PI + z**2).sum(axis=1) - log_std.sum()


@wrong("log_density", "the numbers of an example are averaged: logarithms of independent numbers add up")
def averaged(x, mean, log_std):
    return ref.log_density(x, mean, log_std) / x.shape[1]


@wrong("log_density", "the logarithm of a density that has rounded to 0: add up logarithms in place of multiplying")
def log_of_product(x, mean, log_std):
    z = (x - mean) * np.exp(-log_std)
    return np.log((np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi)).prod(axis=1)) - log_std.sum()


@wrong("log_density", "one number for the batch: each example has its own")
def mean_of_the_batch(x, mean, log_std):
    return ref.log_density(x, mean, log_std).mean()


@wrong("log_density", "calls minigen", compared=False)
def of_the_library(x, mean, log_std):
    p = mg.distributions.Normal(np.broadcast_to(mean, x.shape), np.broadcast_to(2 * log_std, x.shape))
    return p.log_prob(x).sum(axis=1)


# ----------------------------------------------------------------------------------------------------- coupling


@wrong("coupling", "the log-determinant is the sum of s, not of e^s")
def sum_of_factors(x, s, t):
    return ref.coupling(x, s, t)[0], np.exp(s).sum(axis=1)


@wrong("coupling", "that is the determinant: its logarithm is asked for")
def determinant(x, s, t):
    return ref.coupling(x, s, t)[0], np.exp(s.sum(axis=1))


@wrong("coupling", "the log-determinant has the wrong sign: e^s stretches, for s > 0")
def determinant_of_the_inverse(x, s, t):
    y, log_det = ref.coupling(x, s, t)
    return y, -log_det


@wrong("coupling", "first shifted, then stretched: t is added last")
def shifted_first(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    return np.concatenate([x[:, :k], (x[:, k:] + t) * np.exp(s)], axis=1), s.sum(axis=1)


@wrong("coupling", "multiplied by s itself: the factor is e^s, which is never 0 or negative")
def no_exponential(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    return np.concatenate([x[:, :k], x[:, k:] * s + t], axis=1), s.sum(axis=1)


@wrong("coupling", "the first numbers are moved: the last ones should be")
def other_half(x, s, t):
    m = x.shape[1] // 2
    return np.concatenate([x[:, :m] * np.exp(s) + t, x[:, m:]], axis=1), s.sum(axis=1)


@wrong("coupling", "the halves have changed places: those that stay come first")
def halves_exchanged(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    return np.concatenate([x[:, k:] * np.exp(s) + t, x[:, :k]], axis=1), s.sum(axis=1)


@wrong("coupling", "y has shape", compared=False)
def only_half(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    return x[:, k:] * np.exp(s) + t, s.sum(axis=1)


@wrong("coupling", "the log-determinant is averaged over the moved numbers: they add up")
def mean_of_s(x, s, t):
    return ref.coupling(x, s, t)[0], s.mean(axis=1)


@wrong("coupling", "s is clipped: any number is allowed here")
def clipped(x, s, t):
    return ref.coupling(x, np.clip(s, -5, 5), t)


@wrong("coupling", "changes its input x", compared=False)
def in_place(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    x[:, k:] = x[:, k:] * np.exp(s) + t
    return x, s.sum(axis=1)


@wrong("coupling", "calls minigen", compared=False)
def exponential_of_the_library(x, s, t):
    k = x.shape[1] - x.shape[1] // 2
    return np.concatenate([x[:, :k], x[:, k:] * mg.exp(s) + t], axis=1), s.sum(axis=1)


# ---------------------------------------------------------------------------------------------- coupling_inverse


@wrong("coupling_inverse", "divided first, then shifted back: what was done last is undone first")
def divided_first(y, s, t):
    k = y.shape[1] - y.shape[1] // 2
    return np.concatenate([y[:, :k], y[:, k:] * np.exp(-s) - t], axis=1), -s.sum(axis=1)


@wrong("coupling_inverse", "the log-determinant is that of the way there: the way back has the other sign")
def same_determinant(y, s, t):
    return ref.coupling_inverse(y, s, t)[0], s.sum(axis=1)


@wrong("coupling_inverse", "that is the coupling once more, not its inverse")
def the_coupling(y, s, t):
    return ref.coupling(y, s, t)


@wrong("coupling_inverse", "the shift is added: it should be taken away")
def shift_added(y, s, t):
    k = y.shape[1] - y.shape[1] // 2
    return np.concatenate([y[:, :k], (y[:, k:] + t) * np.exp(-s)], axis=1), -s.sum(axis=1)


@wrong("coupling_inverse", "the log-determinant is missing: it is not 0")
def no_log_det(y, s, t):
    return ref.coupling_inverse(y, s, t)[0], np.zeros(len(y))


@wrong("coupling_inverse", "calls the reference itself", compared=False)
def the_reference(y, s, t):
    return cheat.coupling_inverse(y, s, t)


# ------------------------------------------------------------------------------------------------------ logit_map


@wrong("logit_map", "the determinant of the shrinking is missing: each number is multiplied by 1 - alpha")
def shrinking_forgotten(v, alpha):
    y, log_det = ref.logit_map(v, alpha)
    return y, log_det - v.shape[1] * np.log(1 - alpha)


@wrong("logit_map", "log(1 - alpha) is counted once: each number is shrunk")
def shrunk_once(v, alpha):
    y, log_det = ref.logit_map(v, alpha)
    return y, log_det - (v.shape[1] - 1) * np.log(1 - alpha)


@wrong("logit_map", "the log-determinant has the wrong sign: the logit stretches")
def of_the_sigmoid(v, alpha):
    y, log_det = ref.logit_map(v, alpha)
    return y, -log_det


@wrong("logit_map", "the slope of the logit is taken at v: it is needed at a, where the logit is")
def slope_at_v(v, alpha):
    inside = np.clip(v, 1e-12, 1 - 1e-12)
    return ref.logit_map(v, alpha)[0], (np.log(1 - alpha) - np.log(inside) - np.log(1 - inside)).sum(axis=1)


@wrong("logit_map", "nothing is shrunk: the logit of 0 and 1 is infinite")
def not_shrunk(v, alpha):
    with np.errstate(all="ignore"):
        y = np.log(v) - np.log(1 - v)
        return y, (-np.log(v) - np.log(1 - v)).sum(axis=1)


@wrong("logit_map", "alpha is added on one side only: a runs from alpha / 2 to 1 - alpha / 2")
def one_sided(v, alpha):
    a = alpha + (1 - alpha) * v * 0.999999
    return np.log(a) - np.log(1 - a), (np.log(1 - alpha) - np.log(a) - np.log(1 - a)).sum(axis=1)


@wrong("logit_map", "pixels are clipped in place of shrunk: then the map is not invertible at the ends")
def clipped_pixels(v, alpha):
    a = np.clip(v, alpha / 2, 1 - alpha / 2)
    return np.log(a) - np.log(1 - a), (np.log(1 - alpha) - np.log(a) - np.log(1 - a)).sum(axis=1)


@wrong("logit_map", "calls minigen", compared=False)
def of_the_flow(v, alpha):
    a = alpha / 2 + (1 - alpha) * v
    return mg.log(a) - mg.log(1 - a), (np.log(1 - alpha) - mg.log(a) - mg.log(1 - a)).sum(axis=1)


# ------------------------------------------------------------------------------------------------- planar_log_det


@wrong("planar_log_det", "the slope of tanh is missing: u and w push less where tanh is flat")
def no_slope(x, u, w, b):
    return np.log(np.abs(1 + u @ w)) * np.ones(len(x))


@wrong("planar_log_det", "b is forgotten inside tanh")
def no_b(x, u, w, b):
    return ref.planar_log_det(x, u, w, 0.0)


@wrong("planar_log_det", "no absolute value: the determinant may be negative, and its logarithm is NaN then")
def no_absolute_value(x, u, w, b):
    with np.errstate(all="ignore"):
        return np.log(1 + (1 - np.tanh(x @ w + b) ** 2) * (u @ w))


@wrong("planar_log_det", "that is the determinant: its logarithm is asked for")
def not_the_logarithm(x, u, w, b):
    return np.abs(1 + (1 - np.tanh(x @ w + b) ** 2) * (u @ w))


@wrong("planar_log_det", "only the diagonal of the Jacobian is used, and the map is not triangular")
def product_of_the_diagonal(x, u, w, b):
    slope = 1 - np.tanh(x @ w + b) ** 2
    return np.log(np.abs(1 + slope[:, None] * u * w)).sum(axis=1)


@wrong("planar_log_det", "the sum of the Jacobian's extra diagonal is its logarithm only where it is small")
def trace(x, u, w, b):
    return (1 - np.tanh(x @ w + b) ** 2) * (u @ w)


@wrong("planar_log_det", "the derivative of tanh is 1 - tanh^2, not 1 - tanh")
def slope_without_square(x, u, w, b):
    return np.log(np.abs(1 + (1 - np.tanh(x @ w + b)) * (u @ w)))


@wrong("planar_log_det", "calls the reference itself", compared=False)
def the_reference_of_planes(x, u, w, b):
    return cheat.planar_log_det(x, u, w, b)


# ----------------------------------------------------------------------------------------------------- fit_banana


def _fitted(x, degree):
    """Mean and deviation of the first number, and the parabola (or line) of the second, with what is left."""
    first, second = x.T
    shift = np.polynomial.Polynomial.fit(first, second, degree).convert().coef
    return first.mean(), first.std(), shift, second - np.polynomial.polynomial.polyval(first, shift)


@wrong("fit_banana", "nats above the true flow", compared=False)
def one_gaussian(x, seed):
    mean, std, shift, rest = _fitted(x, 1)
    return mean, np.log(std), shift, np.array([np.log(rest.std())])


@wrong("fit_banana", "nats above the true flow", compared=False)
def one_deviation(x, seed):
    mean, std, shift, rest = _fitted(x, 2)
    return mean, np.log(std), shift, np.array([np.log(rest.std())])


@wrong("fit_banana", "nats above the true flow", compared=False)
def logarithms_of_the_rest(x, seed):
    """E[log |eps|] is -0.64, not 0: the deviation comes out half as large as it is."""
    mean, std, shift, rest = _fitted(x, 2)
    scale = np.polynomial.Polynomial.fit(x[:, 0], np.log(np.abs(rest)), 1).convert().coef
    return mean, np.log(std), shift, scale


@wrong("fit_banana", "nats above the true flow", compared=False)
def nothing_learnt(x, seed):
    return 0.0, 0.0, np.zeros(1), np.zeros(1)


@wrong("fit_banana", "expected four results", compared=False)
def only_the_shift(x, seed):
    return _fitted(x, 2)[2]


@wrong("fit_banana", "1 to 8 coefficients in shift", compared=False)
def a_value_for_each_point(x, seed):
    mean, std, _, rest = _fitted(x, 2)
    return mean, np.log(std), x[:, 1] - rest, np.array([np.log(rest.std())])


POSITIVE = "only logarithms of positive numbers are taken"
AT_MOST_50 = "log_std lies between -50 and 50, as the task says"
ROOM = "that changes y by less than the tolerance, which leaves room for 1 - a by subtraction"
WHOLE = "int(D / 2) is D // 2"
NOT_NEAR_0 = "the determinant is at least 0.001 in size, as the task says"

EQUIVALENT = {
    "log_density: np.exp(np.clip(..., -50, 50)) for np.exp(-log_std)": AT_MOST_50,
    "log_density: log_std clipped at +-100": AT_MOST_50,
    "coupling: int() and / in x.shape[1] // 2": WHOLE,
    "coupling_inverse: int() and / in y.shape[1] // 2": WHOLE,
    **{
        f"logit_map: np.nan_to_num(np.log(...)) for np.log({of}": POSITIVE
        for of in ("a)", "a) (2)", "b)", "b) (2)", "1 - alpha)")
    },
    "logit_map: + 1e-8 under alpha / 2": ROOM,
    "logit_map: + 1e-8 under alpha / 2 (2)": ROOM,
    "logit_map: np.log(np.maximum(..., 1e-8)) for np.log(1 - alpha)": "alpha is at most 0.9, as the task says",
    "planar_log_det: np.nan_to_num(np.log(...)) for np.log(np.abs(1 + slope * (u @ w)))": NOT_NEAR_0,
    "planar_log_det: np.log(np.maximum(..., 1e-8)) for np.log(np.abs(1 + slope * (u @ w)))": NOT_NEAR_0,
    "planar_log_det: sides exchanged in u @ w": "a product of two vectors does not depend on the order",
}
