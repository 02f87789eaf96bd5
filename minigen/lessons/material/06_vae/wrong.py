"""Classic wrong answers to the exercises of lesson 6."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


EQUIVALENT = {
    "gaussian_kl: result at least 0": "a divergence is not negative",
    "kl_between: result at least 0": "a divergence is not negative",
    "negative_elbo: result at least 0": "both costs are not negative",
    "sample_code_backward: without the call: g.copy()": "the numbers are the same",
    "negative_elbo: mean sorted": "the KL is a sum over all entries of the mean, in any order",
    "negative_elbo: log_var sorted": "the KL is a sum over all entries of log_var, in any order",
    "negative_elbo: 2 for 1 in cost = np.logaddexp(0, (1 - 2 * x) * logits).reshape(len(x), -1).sum(axis=1) (2)": (
        "reshape takes any negative number for the length that is left over"
    ),
}


# ------------------------------------------------------------------------------------------------ gaussian_kl


@wrong("gaussian_kl", "the sign is flipped: a divergence is never negative")
def negative(mean, log_var):
    return -ref.gaussian_kl(mean, log_var)


@wrong("gaussian_kl", "the factor 1/2 is missing")
def without_half(mean, log_var):
    return 2 * ref.gaussian_kl(mean, log_var)


@wrong("gaussian_kl", "you take the mean over the latents: their divergences add up, so use sum")
def mean_over_latents(mean, log_var):
    return ref.gaussian_kl(mean, log_var) / mean.shape[1]


@wrong("gaussian_kl", "you sum over the examples: each example has a divergence of its own, so sum over axis 1")
def over_examples(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=0)


@wrong("gaussian_kl", "nothing is summed: the latents of an example add up to one number")
def unsummed(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)


@wrong("gaussian_kl", "log_var is taken for the logarithm of the deviation: e^log_var is the variance already")
def log_deviation(mean, log_var):
    return ref.gaussian_kl(mean, 2 * log_var)


@wrong("gaussian_kl", "e^log_var is squared: it is the variance already, not the deviation")
def squared_variance(mean, log_var):
    return 0.5 * (mean**2 + np.exp(2 * log_var) - 1 - log_var).sum(axis=1)


@wrong("gaussian_kl", "that is the divergence the other way round, KL(N(0, 1) || q): the average is over q")
def the_other_way(mean, log_var):
    return 0.5 * ((1 + mean**2) / np.exp(log_var) - 1 + log_var).sum(axis=1)


@wrong("gaussian_kl", "the term -1 is missing: for mean 0 and variance 1 the divergence is 0")
def without_one(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - log_var).sum(axis=1)


@wrong("gaussian_kl", "the mean does not enter: its square is a term of its own")
def without_mean(mean, log_var):
    return ref.gaussian_kl(np.zeros_like(mean), log_var)


@wrong("gaussian_kl", "log_var enters with the wrong sign: a small variance costs, it does not pay")
def log_var_added(mean, log_var):
    return 0.5 * (mean**2 + np.exp(log_var) - 1 + log_var).sum(axis=1)


@wrong("gaussian_kl", "it is zero everywhere: nothing is computed yet")
def zeros(mean, log_var):
    return np.zeros(len(mean))


@wrong("gaussian_kl", "log_var is clipped: any number is allowed, and the divergence is exact for it")
def clipped_variance(mean, log_var):
    return ref.gaussian_kl(mean, np.clip(log_var, -100, 100))


@wrong("gaussian_kl", "changes its input mean", compared=False)
def in_place(mean, log_var):
    mean **= 2
    return 0.5 * (mean + np.exp(log_var) - 1 - log_var).sum(axis=1)


@wrong("gaussian_kl", "calls minigen", compared=False)
def of_the_library(mean, log_var):
    return mg.distributions.kl_to_standard_normal(mg.distributions.Normal(mean, log_var)).sum(axis=1)


# ------------------------------------------------------------------------------------------------ sample_code


@wrong("sample_code", "e^log_var is the variance: noise is multiplied by the deviation, its root, e^(log_var / 2)")
def variance_as_deviation(mean, log_var, noise):
    return mean + np.exp(log_var) * noise


@wrong("sample_code", "log_var itself is taken for the deviation: it can be negative; the deviation is e^(log_var / 2)")
def log_as_deviation(mean, log_var, noise):
    return mean + log_var * noise


@wrong("sample_code", "the noise is not used: that is the mean, an autoencoder without sampling")
def no_noise(mean, log_var, noise):
    return mean.copy()


@wrong("sample_code", "the mean is missing: that is noise around 0")
def no_mean(mean, log_var, noise):
    return np.exp(log_var / 2) * noise


@wrong("sample_code", "the noise has deviation 1 whatever log_var is: multiply it by e^(log_var / 2)")
def unit_noise(mean, log_var, noise):
    return mean + noise


@wrong("sample_code", "the exponent has the wrong sign: a large log_var must give much noise")
def precision(mean, log_var, noise):
    return mean + np.exp(-log_var / 2) * noise


@wrong("sample_code", "the deviation is added to the noise: multiply them")
def deviation_added(mean, log_var, noise):
    return mean + np.exp(log_var / 2) + noise


@wrong("sample_code", "all latents of an example share one noise: each has its own")
def shared_noise(mean, log_var, noise):
    return mean + np.exp(log_var / 2) * noise[:, :1]


@wrong("sample_code", "the noise is subtracted: as a random number that is as good, but here the noise is given")
def subtracted(mean, log_var, noise):
    return mean - np.exp(log_var / 2) * noise


@wrong("sample_code", "log_var is clipped: a variance near 0 stays near 0, and a huge one is huge")
def clipped_deviation(mean, log_var, noise):
    return ref.sample_code(mean, np.clip(log_var, -100, 100), noise)


@wrong("sample_code", "something is added to the deviation: a variance near 0 shows it")
def deviation_and_a_little(mean, log_var, noise):
    return mean + (np.exp(log_var / 2) + 1e-8) * noise


@wrong("sample_code", "calls minigen", compared=False)
def exponential_of_the_library(mean, log_var, noise):
    return mean + mg.exp(log_var / 2) * noise


@wrong("sample_code", "changes its input mean", compared=False)
def added_in_place(mean, log_var, noise):
    mean += np.exp(log_var / 2) * noise
    return mean


# --------------------------------------------------------------------------------------- sample_code_backward


@wrong("sample_code_backward", "the factor 1/2 is missing: (e^(v/2))' = 1/2 e^(v/2)")
def full_deviation(g, log_var, noise):
    return g.copy(), g * noise * np.exp(log_var / 2)


@wrong("sample_code_backward", "the noise is missing: log_var reaches z through deviation * noise")
def noiseless(g, log_var, noise):
    return g.copy(), g * np.exp(log_var / 2) / 2


@wrong("sample_code_backward", "the upstream gradient is ignored: multiply by g")
def no_upstream(g, log_var, noise):
    return np.ones_like(g), noise * np.exp(log_var / 2) / 2


@wrong("sample_code_backward", "that is the rule for noise times e^log_var: the deviation is e^(log_var / 2)")
def rule_of_the_variance(g, log_var, noise):
    return g.copy(), g * noise * np.exp(log_var)


@wrong(
    "sample_code_backward",
    "that is the derivative with respect to the deviation: times 1/2 e^(log_var / 2) for log_var",
)
def of_the_deviation(g, log_var, noise):
    return g.copy(), g * noise


@wrong("sample_code_backward", "dlog_var is zero everywhere: log_var changes z through the deviation")
def only_the_mean(g, log_var, noise):
    return g.copy(), np.zeros_like(g)


@wrong("sample_code_backward", "dmean is zero everywhere: if the mean rises, z rises by as much")
def only_the_deviation(g, log_var, noise):
    return np.zeros_like(g), g * noise * np.exp(log_var / 2) / 2


@wrong("sample_code_backward", "dmean is multiplied by the noise: dz/dmean = 1")
def noise_for_the_mean(g, log_var, noise):
    return g * noise, g * noise * np.exp(log_var / 2) / 2


@wrong("sample_code_backward", "the results are exchanged: dmean comes first")
def exchanged(g, log_var, noise):
    return ref.sample_code_backward(g, log_var, noise)[::-1]


@wrong("sample_code_backward", "it is divided by the number of examples: g already holds any 1/N")
def averaged(g, log_var, noise):
    return g / len(g), g * noise * np.exp(log_var / 2) / 2 / len(g)


@wrong(
    "sample_code_backward", "log_var is clipped: sample_code does not clip it, so its gradient is not 0 there either"
)
def of_a_clipped_variance(g, log_var, noise):
    inside = abs(log_var) < 100
    return g.copy(), np.where(inside, g * noise * np.exp(log_var / 2) / 2, 0.0)


@wrong("sample_code_backward", "changes its input g", compared=False)
def scales_in_place(g, log_var, noise):
    dmean = g.copy()
    g *= noise * np.exp(log_var / 2) / 2
    return dmean, g


@wrong("sample_code_backward", "numeric differentiation", compared=False)
def measured(g, log_var, noise, h=1e-5):
    zeros = np.zeros_like(g)
    dlog_var = np.zeros_like(g)
    for index in np.ndindex(*g.shape):
        step = np.zeros_like(g)
        step[index] = h
        up, down = (cheat.sample_code(zeros, log_var + s, noise) for s in (step, -step))
        dlog_var[index] = (g * (up - down)).sum() / (2 * h)
    return g.copy(), dlog_var


@wrong("sample_code_backward", "calls the reference itself", compared=False)
def the_reference(g, log_var, noise):
    return cheat.sample_code_backward(g, log_var, noise)


# ---------------------------------------------------------------------------------------------- negative_elbo


def _parts(x, logits, mean, log_var):
    """-log p(x|z) of each pixel, (N, J), and the KL of each example."""
    return np.logaddexp(0, (1 - 2 * x) * logits).reshape(len(x), -1), ref.gaussian_kl(mean, log_var)


@wrong("negative_elbo", "that is the ELBO: a loss is to be made small, so take its negative")
def the_bound_itself(x, logits, mean, log_var):
    return -ref.negative_elbo(x, logits, mean, log_var)


@wrong("negative_elbo", "the KL has the wrong sign: it is a cost, and is added to -log p(x|z)")
def kl_subtracted(x, logits, mean, log_var):
    pixels, kl = _parts(x, logits, mean, log_var)
    return float((pixels.sum(axis=1) - kl).mean())


@wrong("negative_elbo", "the KL is missing: without it this is an autoencoder")
def no_kl(x, logits, mean, log_var):
    return float(_parts(x, logits, mean, log_var)[0].sum(axis=1).mean())


@wrong("negative_elbo", "only the KL is there: -log p(x|z) is missing")
def only_kl(x, logits, mean, log_var):
    return float(ref.gaussian_kl(mean, log_var).mean())


@wrong(
    "negative_elbo",
    "you average over the pixels: log-probabilities of independent pixels add up, the KL is in nats too",
)
def mean_over_pixels(x, logits, mean, log_var):
    pixels, kl = _parts(x, logits, mean, log_var)
    return float((pixels.mean(axis=1) + kl).mean())


@wrong("negative_elbo", "you sum over the batch: the loss is per example, so take the mean over N")
def summed_over_the_batch(x, logits, mean, log_var):
    return ref.negative_elbo(x, logits, mean, log_var) * len(x)


@wrong("negative_elbo", "the KL is summed over the batch and the pixels are not: both are averages over the examples")
def kl_of_the_batch(x, logits, mean, log_var):
    pixels, kl = _parts(x, logits, mean, log_var)
    return float(pixels.sum(axis=1).mean() + kl.sum())


@wrong("negative_elbo", "sigmoid first and then log: log 0 for large logits; use np.logaddexp(0, s)")
def sigmoid_then_log(x, logits, mean, log_var):
    p = 1 / (1 + np.exp(-logits))
    pixels = -(x * np.log(p) + (1 - x) * np.log(1 - p)).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "e^logits overflows for large logits: np.logaddexp(0, logits) does not")
def overflowing(x, logits, mean, log_var):
    pixels = (np.log(1 + np.exp(logits)) - x * logits).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "the probability is clipped to avoid log 0: that caps the loss, and its gradient there is 0")
def clipped(x, logits, mean, log_var):
    p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    pixels = -(x * np.log(p) + (1 - x) * np.log(1 - p)).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong(
    "negative_elbo",
    "two large numbers nearly cancel where the decoder is sure and right: write log(1 + e^s) with s = (1 - 2 x) logits",
)
def cancelling(x, logits, mean, log_var):
    pixels = (np.logaddexp(0, logits) - x * logits).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "a decoder that is sure and right", compared=False)
def log_of_one_and_little(x, logits, mean, log_var):
    s = (1 - 2 * x) * logits
    pixels = (np.maximum(s, 0) + np.log(1 + np.exp(-abs(s)))).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "a decoder that is sure and wrong", compared=False)
def cut_at_20(x, logits, mean, log_var):
    s = (1 - 2 * x) * logits
    pixels = np.where(s > 20, s, np.logaddexp(0, s)).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "the pixels that are 0 do not count: (1 - x) log(1 - p) is missing")
def only_ones(x, logits, mean, log_var):
    pixels = (x * np.logaddexp(0, -logits)).reshape(len(x), -1)
    return float((pixels.sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "that is the squared error of a Gaussian decoder: here the pixels are Bernoulli")
def squared_error(x, logits, mean, log_var):
    error = (x - 1 / (1 + np.exp(-logits))).reshape(len(x), -1)
    return float(((error**2).sum(axis=1) + ref.gaussian_kl(mean, log_var)).mean())


@wrong("negative_elbo", "one number for each example is returned: take the mean over N")
def of_each_example(x, logits, mean, log_var):
    pixels, kl = _parts(x, logits, mean, log_var)
    return pixels.sum(axis=1) + kl


@wrong("negative_elbo", "calls minigen", compared=False)
def loss_of_the_library(x, logits, mean, log_var):
    return float(mg.nn.bce_loss(logits, x) + mg.nn.kl_loss(mean, log_var))


# ------------------------------------------------------------------------------------------------- kl_between


@wrong("kl_between", "that is KL(p || q): the average is over q")
def p_and_q_exchanged(mean_q, log_var_q, mean_p, log_var_p):
    return ref.kl_between(mean_p, log_var_p, mean_q, log_var_q)


@wrong("kl_between", "p is not looked at: that is the divergence to N(0, 1)")
def to_the_standard_normal(mean_q, log_var_q, mean_p, log_var_p):
    return ref.gaussian_kl(mean_q, log_var_q)


@wrong("kl_between", "the difference of two divergences to N(0, 1) is no divergence: start from E_q[log q - log p]")
def difference_of_two(mean_q, log_var_q, mean_p, log_var_p):
    return ref.gaussian_kl(mean_q, log_var_q) - ref.gaussian_kl(mean_p, log_var_p)


@wrong("kl_between", "the distance of the means is measured in deviations of q: p's variance divides it")
def in_deviations_of_q(mean_q, log_var_q, mean_p, log_var_p):
    d = mean_q - mean_p
    return 0.5 * (np.exp(log_var_q - log_var_p) + (d * np.exp(-log_var_q / 2)) ** 2 - 1 - log_var_q + log_var_p).sum(1)


@wrong("kl_between", "the distance of the means is not divided by p's variance")
def distance_undivided(mean_q, log_var_q, mean_p, log_var_p):
    d = mean_q - mean_p
    return 0.5 * (np.exp(log_var_q - log_var_p) + d**2 - 1 - log_var_q + log_var_p).sum(axis=1)


@wrong("kl_between", "the factor 1/2 is missing")
def twice(mean_q, log_var_q, mean_p, log_var_p):
    return 2 * ref.kl_between(mean_q, log_var_q, mean_p, log_var_p)


@wrong("kl_between", "the logarithms of the deviations are missing, or have the wrong sign")
def logarithms_exchanged(mean_q, log_var_q, mean_p, log_var_p):
    return ref.kl_between(mean_q, log_var_q, mean_p, log_var_p) + (log_var_q - log_var_p).sum(axis=1)


@wrong("kl_between", "e^log_var overflows or vanishes alone: only the difference of the two matters")
def quotient_of_powers(mean_q, log_var_q, mean_p, log_var_p):
    v, w = np.exp(log_var_q), np.exp(log_var_p)
    d = mean_q - mean_p
    return 0.5 * (v / w + d**2 / w - 1 - log_var_q + log_var_p).sum(axis=1)


@wrong("kl_between", "calls the reference itself", compared=False)
def the_reference_between(mean_q, log_var_q, mean_p, log_var_p):
    return cheat.kl_between(mean_q, log_var_q, mean_p, log_var_p)


# --------------------------------------------------------------------------------------- slopes_from_values


@wrong("slopes_from_values", "does not reach the goal", compared=False)
def score_function(f, noise, std, seed):
    return (f[..., None] * noise).mean(axis=1) / std


@wrong("slopes_from_values", "does not reach the goal", compared=False)
def with_a_baseline(f, noise, std, seed):
    return ((f - f.mean(axis=1, keepdims=True))[..., None] * noise).mean(axis=1) / std


@wrong("slopes_from_values", "does not reach the goal", compared=False)
def nothing(f, noise, std, seed):
    return np.zeros((len(f), len(std)))


@wrong("slopes_from_values", "does not reach the goal", compared=False)
def each_latent_by_itself(f, noise, std, seed):
    f = f - f.mean(axis=1, keepdims=True)
    return (f[..., None] * noise).mean(axis=1) / (noise**2).mean(axis=1) / std


@wrong("slopes_from_values", "does not reach the goal", compared=False)
def std_forgotten(f, noise, std, seed):
    return ref.slopes_from_values(f, noise, std, seed) * std


@wrong("slopes_from_values", "a row for each function", compared=False)
def all_functions_together(f, noise, std, seed):
    return ref.slopes_from_values(f, noise, std, seed).mean(axis=0)
