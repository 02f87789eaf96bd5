"""Classic wrong answers to the exercises of lesson 8."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)
LOG_2PI = np.log(2 * np.pi)


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
