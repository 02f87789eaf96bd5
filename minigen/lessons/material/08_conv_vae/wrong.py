"""Classic wrong answers to the exercises of lesson 8."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)
LOG_2PI = np.log(2 * np.pi)

SMALL = "the mean of the weights is at least 1/K of the largest, so this changes nothing"
UNUSED = "np.where takes the other value in this place"
EQUIVALENT = {
    "log_mean_exp: np.nan_to_num(np.log(...)) for np.log(np.exp(log_w - largest).mean(axis=1))": SMALL,
    "log_mean_exp: np.log(np.maximum(..., 1e-8)) for np.log(np.exp(log_w - largest).mean(axis=1))": SMALL,
    "log_mean_exp: np.exp(np.clip(..., -50, 50)) for np.exp(log_w - largest)": "e^-50 beside 1 is lost in rounding",
    "log_mean_exp_backward: np.exp(np.clip(..., -50, 50)) for np.exp(log_w - log_w.max(axis=1, keepdims=True))": (
        "e^-50 beside 1 is lost in rounding"
    ),
    "log_mass: logits for np.where(zero, 1.0, logits)": "0 / 0 is computed, with a warning, and not used",
    "log_mass: 1.01 for 1 in safe = np.where(zero, 1.0, logits)": UNUSED,
    "log_mass: 0 for 1 in safe = np.where(zero, 1.0, logits)": UNUSED,
    "log_mass: np.nan_to_num(np.log(...)) for np.log(np.tanh(safe / 2) / safe)": "the mass is a positive number",
    "effective_share: 2 - ratio for np.maximum(2 - ratio, 0)": "where it is negative, the share is set to 0",
    "effective_share: room for np.where(room > 0, room, 1.0)": "where room is 0, the share is set to 0",
    "effective_share: >= in room > 0": "where room is exactly 0, the share computed is 0 as well",
    "effective_share: 1.01 for 1 in safe = np.where(room > 0, room, 1.0)": UNUSED,
    "effective_share: 0 for 1 in safe = np.where(room > 0, room, 1.0)": UNUSED,
    "effective_share: np.nan_to_num(np.log(...)) for np.log(ratio * safe)": "both factors are positive",
    "effective_share: result at least 0": "a share is never negative",
}

# ------------------------------------------------------------------------------------------------ log_weights


def _terms(z, mean, log_var):
    """log p(z) and log q(z|x) of each latent, (N, K, D)."""
    mean, log_var = mean[:, None], log_var[:, None]
    return -0.5 * (LOG_2PI + z**2), -0.5 * (LOG_2PI + log_var + (z - mean) ** 2 / np.exp(log_var))


@wrong("log_weights", "log p(z) is missing: w = p(x|z) p(z) / q(z|x)")
def no_prior(log_likelihood, z, mean, log_var):
    return log_likelihood - _terms(z, mean, log_var)[1].sum(axis=2)


@wrong("log_weights", "log q(z|x) is missing: w = p(x|z) p(z) / q(z|x)")
def no_proposal(log_likelihood, z, mean, log_var):
    return log_likelihood + _terms(z, mean, log_var)[0].sum(axis=2)


@wrong("log_weights", "log q(z|x) is added: one divides by q, so subtract its logarithm")
def proposal_added(log_likelihood, z, mean, log_var):
    prior, q = _terms(z, mean, log_var)
    return log_likelihood + (prior + q).sum(axis=2)


@wrong("log_weights", "log p(z) and log q(z|x) are exchanged: one divides by q")
def exchanged(log_likelihood, z, mean, log_var):
    prior, q = _terms(z, mean, log_var)
    return log_likelihood + (q - prior).sum(axis=2)


@wrong("log_weights", "log p(x|z) is missing: w = p(x|z) p(z) / q(z|x)")
def no_likelihood(log_likelihood, z, mean, log_var):
    prior, q = _terms(z, mean, log_var)
    return (prior - q).sum(axis=2)


@wrong("log_weights", "log 2 pi is in one of the two Gaussians only: it cancels if it is in both, or in neither")
def constant_once(log_likelihood, z, mean, log_var):
    return ref.log_weights(log_likelihood, z, mean, log_var) + 0.5 * LOG_2PI * z.shape[2]


@wrong("log_weights", "log_var is missing in log q: a narrow Gaussian is high, its density is divided by the deviation")
def no_normaliser(log_likelihood, z, mean, log_var):
    return ref.log_weights(log_likelihood, z, mean, log_var) - 0.5 * log_var.sum(axis=1, keepdims=True)


@wrong("log_weights", "(z - mean)^2 is not divided by the variance e^log_var")
def unscaled(log_likelihood, z, mean, log_var):
    mean, log_var = mean[:, None], log_var[:, None]
    return log_likelihood + 0.5 * (log_var + (z - mean) ** 2 - z**2).sum(axis=2)


@wrong("log_weights", "e^log_var is squared: it is the variance already")
def squared_variance(log_likelihood, z, mean, log_var):
    mean, log_var = mean[:, None], log_var[:, None]
    return log_likelihood + 0.5 * (log_var + (z - mean) ** 2 / np.exp(2 * log_var) - z**2).sum(axis=2)


@wrong("log_weights", "the factor 1/2 is missing in both Gaussians")
def no_half(log_likelihood, z, mean, log_var):
    prior, q = _terms(z, mean, log_var)
    return log_likelihood + 2 * (prior - q).sum(axis=2)


@wrong("log_weights", "you take the mean over the latents: logarithms of independent densities add up, so use sum")
def mean_over_latents(log_likelihood, z, mean, log_var):
    prior, q = _terms(z, mean, log_var)
    return log_likelihood + (prior - q).mean(axis=2)


@wrong("log_weights", "that is log p(x|z) - KL, the same for all codes: the weight is of each single z")
def closed_form(log_likelihood, z, mean, log_var):
    return log_likelihood - 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1, keepdims=True)


@wrong("log_weights", "the log-variance is clipped: a very narrow or wide Gaussian is asked for too")
def clipped(log_likelihood, z, mean, log_var):
    return ref.log_weights(log_likelihood, z, mean, np.clip(log_var, -20, 20))


@wrong("log_weights", "changes its input z", compared=False)
def in_place(log_likelihood, z, mean, log_var):
    right = ref.log_weights(log_likelihood, z, mean, log_var)
    z -= mean[:, None]
    return right


@wrong("log_weights", "calls minigen", compared=False)
def of_the_library(log_likelihood, z, mean, log_var):
    q = mg.distributions.Normal(mean[:, None] + 0 * z, log_var[:, None] + 0 * z)
    return log_likelihood + (-0.5 * (LOG_2PI + z**2) - q.log_prob(z)).sum(axis=2)


# ----------------------------------------------------------------------------------------------- log_mean_exp


@wrong("log_mean_exp", "that is the mean of the logarithms, which is the ELBO however many codes there are")
def mean_of_logs(log_w):
    return log_w.mean(axis=1)


@wrong("log_mean_exp", "that is the logarithm of the sum: of the mean, take log K off")
def log_sum_exp(log_w):
    return ref.log_mean_exp(log_w) + np.log(log_w.shape[1])


@wrong("log_mean_exp", "e^log_w over- or underflows: take the maximum of each example off first")
def naive(log_w):
    return np.log(np.exp(log_w).mean(axis=1))


@wrong("log_mean_exp", "one maximum for all examples: those far below it underflow; take each example's own")
def one_maximum(log_w):
    return log_w.max() + np.log(np.exp(log_w - log_w.max()).mean(axis=1))


@wrong("log_mean_exp", "the first code is taken off: another may be larger by thousands and overflow; take the maximum")
def first_code(log_w):
    return log_w[:, 0] + np.log(np.exp(log_w - log_w[:, :1]).mean(axis=1))


# Differences that are clipped at -30: too near the right answer to be known by the numbers.
@wrong("log_mean_exp", "1000 codes of which one counts", compared=False)
def clipped_spread(log_w):
    largest = log_w.max(axis=1, keepdims=True)
    return largest[:, 0] + np.log(np.exp(np.maximum(log_w - largest, -30)).mean(axis=1))


@wrong("log_mean_exp", "the maximum is taken off and not added again")
def maximum_lost(log_w):
    return ref.log_mean_exp(log_w) - log_w.max(axis=1)


@wrong("log_mean_exp", "that is the largest log-weight alone: the other codes count too")
def only_the_largest(log_w):
    return log_w.max(axis=1)


@wrong("log_mean_exp", "you average over the examples: the mean is over the codes, axis 1")
def over_examples(log_w):
    return ref.log_mean_exp(log_w.T)


@wrong("log_mean_exp", "log K is added: the mean is the sum divided by K")
def added(log_w):
    return ref.log_mean_exp(log_w) + 2 * np.log(log_w.shape[1])


@wrong("log_mean_exp", "that is the mean of the weights, without the logarithm")
def without_the_log(log_w):
    return np.exp(log_w).mean(axis=1)


@wrong("log_mean_exp", "the axis of the codes is left: with keepdims the maximum is (N, 1), the result is (N,)")
def axis_left(log_w):
    return ref.log_mean_exp(log_w)[:, None]


@wrong("log_mean_exp", "the sign is flipped: that is the negative log-likelihood")
def negative(log_w):
    return -ref.log_mean_exp(log_w)


@wrong("log_mean_exp", "calls minigen", compared=False)
def log_sum_exp_of_the_library(log_w):
    return mg.logsumexp(log_w, axis=1) - np.log(log_w.shape[1])


@wrong("log_mean_exp", "changes its input log_w", compared=False)
def shifted_in_place(log_w):
    largest = log_w.max(axis=1, keepdims=True)
    log_w -= largest
    return largest[:, 0] + np.log(np.exp(log_w).mean(axis=1))


# -------------------------------------------------------------------------------------- log_mean_exp_backward


@wrong("log_mean_exp_backward", "every code counts 1/K: that is the gradient of the ELBO, the mean of the logarithms")
def uniform(g, log_w):
    return g[:, None] * np.full_like(log_w, 1 / log_w.shape[1])


@wrong("log_mean_exp_backward", "the upstream gradient is ignored: multiply by g")
def no_upstream(g, log_w):
    return ref.log_mean_exp_backward(np.ones_like(g), log_w)


@wrong("log_mean_exp_backward", "e^log_w over- or underflows: take the maximum of each example off first")
def naive_backward(g, log_w):
    w = np.exp(log_w)
    return g[:, None] * w / w.sum(axis=1, keepdims=True)


@wrong(
    "log_mean_exp_backward",
    "the first code is taken off: another may be larger by thousands and overflow; take the maximum",
)
def first_code_backward(g, log_w):
    w = np.exp(log_w - log_w[:, :1])
    return g[:, None] * w / w.sum(axis=1, keepdims=True)


@wrong("log_mean_exp_backward", "1000 codes of which one counts", compared=False)
def clipped_shares(g, log_w):
    w = np.exp(np.maximum(log_w - log_w.max(axis=1, keepdims=True), -30))
    return g[:, None] * w / w.sum(axis=1, keepdims=True)


@wrong("log_mean_exp_backward", "the weights are not divided by their sum: (log s)' = s'/s")
def not_normalised(g, log_w):
    return g[:, None] * np.exp(log_w - log_w.max(axis=1, keepdims=True))


@wrong("log_mean_exp_backward", "a factor of 1/K is too much: it cancels, as it is in s and in s'")
def divided_by_k(g, log_w):
    return ref.log_mean_exp_backward(g, log_w) / log_w.shape[1]


@wrong("log_mean_exp_backward", "only the largest weight counts: that is the gradient of the maximum")
def of_the_maximum(g, log_w):
    return g[:, None] * (log_w == log_w.max(axis=1, keepdims=True))


@wrong(
    "log_mean_exp_backward", "the shares are taken over the examples: the weights of one example's codes add up to 1"
)
def over_the_examples(g, log_w):
    w = np.exp(log_w - log_w.max(axis=0, keepdims=True))
    return g[:, None] * w / w.sum(axis=0, keepdims=True)


@wrong("log_mean_exp_backward", "the sign is flipped: raising a weight raises the bound")
def falling(g, log_w):
    return -ref.log_mean_exp_backward(g, log_w)


@wrong("log_mean_exp_backward", "the shares are squared: once is enough for log_w")
def squared_shares(g, log_w):
    return g[:, None] * ref.log_mean_exp_backward(np.ones_like(g), log_w) ** 2


@wrong(
    "log_mean_exp_backward",
    "share (1 - share) is the derivative of a share: here the derivative of log sum w is asked for",
)
def of_a_share(g, log_w):
    shares = ref.log_mean_exp_backward(np.ones_like(g), log_w)
    return g[:, None] * shares * (1 - shares)


@wrong("log_mean_exp_backward", "numeric differentiation", compared=False)
def measured(g, log_w, h=1e-5):
    out = np.zeros_like(log_w)
    for index in np.ndindex(*log_w.shape):
        step = np.zeros_like(log_w)
        step[index] = h
        up, down = (cheat.log_mean_exp(log_w + s) for s in (step, -step))
        out[index] = (g * (up - down)).sum() / (2 * h)
    return out


@wrong("log_mean_exp_backward", "calls the reference itself", compared=False)
def the_reference(g, log_w):
    return cheat.log_mean_exp_backward(g, log_w)


@wrong("log_mean_exp_backward", "calls minigen", compared=False)
def softmax_of_the_library(g, log_w):
    return g[:, None] * mg.softmax(log_w)


# --------------------------------------------------------------------------------------------------- log_mass


def _with_limit(logits, formula):
    """log of the formula where logits are not 0, and log 1/2 where they are."""
    zero = logits == 0
    return np.where(zero, -np.log(2.0), np.log(formula(np.where(zero, 1.0, logits))))


@wrong("log_mass", "that is the mass of black and white, which is 1: x may be anything between")
def of_two_values(logits):
    return np.zeros_like(logits)


@wrong("log_mass", "the sign is flipped: that is the logarithm of the factor that would make it a density")
def normaliser(logits):
    return -ref.log_mass(logits)


@wrong("log_mass", "that is the mass itself, not its logarithm")
def mass(logits):
    return np.exp(ref.log_mass(logits))


@wrong("log_mass", "0 / 0 at l = 0: the limit there is 1/2")
def naive_mass(logits):
    return np.log(np.tanh(logits / 2) / logits)


@wrong("log_mass", "e^l overflows for large l: tanh(l / 2) / l does not")
def overflowing(logits):
    return _with_limit(logits, lambda a: (np.exp(a) - 1) / (a * (1 + np.exp(a))))


@wrong("log_mass", "the factor 1 / (1 + e^l) is missing: that is the integral of e^(l x) alone")
def not_divided(logits):
    return ref.log_mass(logits) + np.logaddexp(0, logits)


@wrong("log_mass", "tanh(l) instead of tanh(l / 2)")
def full_angle(logits):
    return _with_limit(logits, lambda a: np.tanh(a) / a)


@wrong("log_mass", "that is 1/2 everywhere: the mean of the values at x = 0 and x = 1, not the integral between them")
def half_everywhere(logits):
    return np.full_like(logits, -np.log(2.0))


@wrong("log_mass", "the limit at l = 0 is 1/2, not 1: its logarithm is -log 2")
def one_at_zero(logits):
    return np.where(logits == 0, 0.0, ref.log_mass(logits))


@wrong("log_mass", "log 1/2 in a whole neighbourhood of 0: near 0 the mass is about 1/2 - l^2 / 24, which is seen")
def flat_near_zero(logits):
    return np.where(np.abs(logits) < 1e-3, -np.log(2.0), ref.log_mass(logits))


@wrong("log_mass", "everything is summed: each entry has a mass of its own")
def summed(logits):
    return np.asarray(ref.log_mass(logits).sum())


@wrong("log_mass", "you integrate numerically: sums of a thousand points are not exact. Use the formula")
def by_a_sum(logits):
    x = (np.arange(1000) + 0.5) / 1000
    return np.log(np.exp(logits[..., None] * x - np.logaddexp(0, logits)[..., None]).mean(axis=-1))


@wrong("log_mass", "calls minigen", compared=False)
def tanh_of_the_library(logits):
    return _with_limit(logits, lambda a: mg.tanh(a / 2) / a)


@wrong("log_mass", "changes its input logits", compared=False)
def zeros_replaced_in_place(logits):
    zero = logits == 0
    logits[zero] = 1.0
    return np.where(zero, -np.log(2.0), np.log(np.tanh(logits / 2) / logits))


# -------------------------------------------------------------------------------------------- effective_share


def _share(s, v, distance):
    """Of one latent, with the variances s of q and v of the posterior; 0 where it is not finite."""
    with np.errstate(all="ignore"):
        share = np.sqrt(v / s * (2 - v / s)) * np.exp(-(distance**2) / (2 * s - v))
    return np.where(2 * s > v, share, 0.0)


@wrong(
    "effective_share", "where the posterior has more than twice q's variance, the integral is infinite: the share is 0"
)
def infinite_overlooked(mean, log_var, true_mean, true_log_var):
    s, v = np.exp(log_var), np.exp(true_log_var)
    with np.errstate(all="ignore"):
        return (np.sqrt(v / s * (2 - v / s)) * np.exp(-((mean - true_mean) ** 2) / (2 * s - v))).prod(axis=1)


@wrong("effective_share", "v (2 s - v) over- or underflows where s and v are very large or small: use the ratio v / s")
def product_of_variances(mean, log_var, true_mean, true_log_var):
    s, v = np.exp(log_var), np.exp(true_log_var)
    with np.errstate(all="ignore"):
        share = np.sqrt(v * (2 * s - v)) / s * np.exp(-((mean - true_mean) ** 2) / (2 * s - v))
    return np.where(2 * s > v, share, 0.0).prod(axis=1)


@wrong("effective_share", "that is 1 / E[w^2], the other way round: the share of the codes is at most 1")
def upside_down(mean, log_var, true_mean, true_log_var):
    with np.errstate(divide="ignore"):
        return 1 / ref.effective_share(mean, log_var, true_mean, true_log_var)


@wrong("effective_share", "the variances are exchanged: the codes are drawn from q, and w has q in the denominator")
def exchanged_variances(mean, log_var, true_mean, true_log_var):
    return ref.effective_share(mean, true_log_var, true_mean, log_var)


@wrong("effective_share", "the distance of the means is missing: codes beside the posterior count less")
def distance_missing(mean, log_var, true_mean, true_log_var):
    return ref.effective_share(mean, log_var, mean, true_log_var)


@wrong("effective_share", "the latents' shares are averaged: they are independent, so the expectations multiply")
def mean_of_shares(mean, log_var, true_mean, true_log_var):
    return _share(np.exp(log_var), np.exp(true_log_var), mean - true_mean).mean(axis=1)


@wrong("effective_share", "only the worst latent counts: they are independent, so the expectations multiply")
def worst_latent(mean, log_var, true_mean, true_log_var):
    return _share(np.exp(log_var), np.exp(true_log_var), mean - true_mean).min(axis=1)


@wrong("effective_share", "that is e^-KL(q || posterior): the mean of log w, while here the square of w is asked for")
def from_kl(mean, log_var, true_mean, true_log_var):
    s, v = np.exp(log_var), np.exp(true_log_var)
    return np.exp(-0.5 * ((s + (mean - true_mean) ** 2) / v - 1 - log_var + true_log_var).sum(axis=1))


@wrong("effective_share", "the latents are left: multiply over the D latents, the result is (N,)")
def latents_left(mean, log_var, true_mean, true_log_var):
    return _share(np.exp(log_var), np.exp(true_log_var), mean - true_mean)


@wrong("effective_share", "e^log_var is the variance, not the deviation")
def deviations(mean, log_var, true_mean, true_log_var):
    return ref.effective_share(mean, 2 * log_var, true_mean, 2 * true_log_var)


@wrong("effective_share", "calls minigen", compared=False)
def drawn_by_the_library(mean, log_var, true_mean, true_log_var):
    q, posterior = mg.distributions.Normal(mean, log_var), mg.distributions.Normal(true_mean, true_log_var)
    z = q.sample(mg.Generator(0))
    return np.exp(posterior.log_prob(z) - q.log_prob(z)).sum(axis=1)


# -------------------------------------------------------------------------------------- pattern_probabilities


def _counts(patches, patterns):
    """How often each pattern was seen."""
    return (patterns[:, None] == patches).all(axis=2).sum(axis=1)


@wrong("pattern_probabilities", "has probability 0: it costs infinitely many nats", compared=False)
def shares_seen(patches, patterns):
    return _counts(patches, patterns) / len(patches)


@wrong("pattern_probabilities", "nats gained over independent pixels: 0.", compared=False)
def one_more_each(patches, patterns):
    counts = _counts(patches, patterns) + 1
    return counts / counts.sum()


@wrong("pattern_probabilities", "nats gained over independent pixels: 0 (goal", compared=False)
def independent_pixels(patches, patterns):
    ones = (patches.sum(axis=0) + 1) / (len(patches) + 2)
    return np.where(patterns, ones, 1 - ones).prod(axis=1)


@wrong("pattern_probabilities", "nats gained over independent pixels: -", compared=False)
def all_alike(patches, patterns):
    return np.full(512, 1 / 512)


@wrong("pattern_probabilities", "the probabilities add up to", compared=False)
def more_than_one(patches, patterns):
    return _counts(patches, patterns) / len(patches) + 1 / 512


@wrong("pattern_probabilities", "they are finite, and none is negative", compared=False)
def logarithms(patches, patterns):
    return np.log(ref.pattern_probabilities(patches, patterns))


@wrong("pattern_probabilities", "expected (512,), a probability of each pattern", compared=False)
def of_the_images_seen(patches, patterns):
    return np.full(len(patches), 1 / len(patches))


@wrong("pattern_probabilities", "calls minigen", compared=False)
def softmax_of_counts(patches, patterns):
    return mg.softmax(mg.tensor(_counts(patches, patterns).astype(float)))
