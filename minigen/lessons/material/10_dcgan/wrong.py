"""Classic wrong answers to the exercises of lesson 10."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


def moments(x, **how):
    """Mean and variance of each channel."""
    axes = tuple(range(x.ndim - 1))
    return x.mean(axis=axes), x.var(axis=axes, **how)


# ------------------------------------------------------------------------------------------------- batch_norm


@wrong("batch_norm", "the statistics are over the examples alone: over height and width too, all axes but the last")
def over_the_examples(x, gamma, beta, eps):
    if x.ndim == 2:
        return ref.batch_norm(x, gamma, beta, eps)
    m, v = x.mean(axis=0), x.var(axis=0)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, m, v


@wrong("batch_norm", "each example is standardised over its channels: that is layer norm; here each channel is")
def layer_norm(x, gamma, beta, eps):
    m, v = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, *moments(x)


@wrong("batch_norm", "one mean and variance for everything: each channel has its own")
def over_everything(x, gamma, beta, eps):
    return gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta, *moments(x)


@wrong("batch_norm", "you divide by the variance: take its root")
def by_the_variance(x, gamma, beta, eps):
    m, v = moments(x)
    return gamma * (x - m) / (v + eps) + beta, m, v


@wrong("batch_norm", "v is to be the variance; that is the deviation, its root")
def returns_deviation(x, gamma, beta, eps):
    y, m, v = ref.batch_norm(x, gamma, beta, eps)
    return y, m, np.sqrt(v)


@wrong("batch_norm", "the divisor is n here, not n - 1")
def unbiased(x, gamma, beta, eps):
    m, v = moments(x, ddof=1)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, m, v


@wrong("batch_norm", "eps is added to the deviation: it belongs under the root, to the variance")
def eps_outside(x, gamma, beta, eps):
    m, v = moments(x)
    return gamma * (x - m) / (np.sqrt(v) + eps) + beta, m, v


@wrong("batch_norm", "eps is missing: a channel that is constant has variance 0")
def without_eps(x, gamma, beta, eps):
    m, v = moments(x)
    return gamma * (x - m) / np.sqrt(v) + beta, m, v


@wrong("batch_norm", "v holds eps: it is the variance alone, for the running average")
def eps_in_v(x, gamma, beta, eps):
    y, m, v = ref.batch_norm(x, gamma, beta, eps)
    return y, m, v + eps


@wrong("batch_norm", "gamma and beta are exchanged: gamma scales, beta shifts")
def exchanged(x, gamma, beta, eps):
    return ref.batch_norm(x, beta, gamma, eps)


@wrong("batch_norm", "gamma and beta are missing: that is xhat")
def only_standardised(x, gamma, beta, eps):
    return ref.batch_norm(x, np.ones_like(gamma), np.zeros_like(beta), eps)


@wrong("batch_norm", "the mean is not subtracted")
def mean_left(x, gamma, beta, eps):
    m, v = moments(x)
    return gamma * x / np.sqrt(v + eps) + beta, m, v


@wrong("batch_norm", "the variance is taken about 0: subtract the mean before you square")
def about_zero(x, gamma, beta, eps):
    m, _ = moments(x)
    v = (x * x).mean(axis=tuple(range(x.ndim - 1)))
    return gamma * (x - m) / np.sqrt(v + eps) + beta, m, v


@wrong("batch_norm", "mean(x^2) - m^2 loses all digits where the mean is large: subtract the mean before you square")
def difference_of_squares(x, gamma, beta, eps):
    axes = tuple(range(x.ndim - 1))
    m = x.mean(axis=axes)
    v = np.maximum((x * x).mean(axis=axes) - m * m, 0)
    return gamma * (x - m) / np.sqrt(v + eps) + beta, m, v


@wrong("batch_norm", "beta is scaled along: it is added last")
def beta_scaled(x, gamma, beta, eps):
    m, v = moments(x)
    return gamma * ((x - m) / np.sqrt(v + eps) + beta), m, v


@wrong("batch_norm", "changes its input x", compared=False)
def changes_x(x, gamma, beta, eps):
    answer = ref.batch_norm(x, gamma, beta, eps)
    x -= answer[1]
    return answer


@wrong("batch_norm", "calls minigen", compared=False)
def of_the_library(x, gamma, beta, eps):
    y, m, v = mg.ops.batch_norm(x, gamma, beta, eps)
    return y, m.ravel(), v.ravel()


# ---------------------------------------------------------------------------------------- batch_norm_backward


def parts(g, x, gamma, eps, **how):
    """r, xhat, and a function for means over all axes but the last."""
    m, v = moments(x, **how)
    r = 1 / np.sqrt(v + eps)
    return r, (x - m) * r, lambda a: a.mean(axis=tuple(range(x.ndim - 1)))


def with_dx(dx, g, x, gamma, eps):
    """This dx, and the right gradients of gamma and beta."""
    return dx, *ref.batch_norm_backward(g, x, gamma, eps)[1:]


@wrong("batch_norm_backward", "mean and variance are treated as constants: both depend on every x of the channel")
def constants(g, x, gamma, eps):
    r, _, _ = parts(g, x, gamma, eps)
    return with_dx(gamma * r * g, g, x, gamma, eps)


@wrong("batch_norm_backward", "the variance is treated as a constant: the term xhat mean(g xhat) is missing")
def constant_variance(g, x, gamma, eps):
    r, _, mean = parts(g, x, gamma, eps)
    return with_dx(gamma * r * (g - mean(g)), g, x, gamma, eps)


@wrong("batch_norm_backward", "the mean is treated as a constant: the term mean(g) is missing")
def constant_mean(g, x, gamma, eps):
    r, xhat, mean = parts(g, x, gamma, eps)
    return with_dx(gamma * r * (g - xhat * mean(g * xhat)), g, x, gamma, eps)


@wrong("batch_norm_backward", "gamma is missing in dx: what arrives at xhat is gamma g")
def gamma_missing(g, x, gamma, eps):
    dx, *others = ref.batch_norm_backward(g, x, gamma, eps)
    return dx / gamma, *others


@wrong("batch_norm_backward", "gamma is there twice in dx")
def gamma_twice(g, x, gamma, eps):
    dx, *others = ref.batch_norm_backward(g, x, gamma, eps)
    return dx * gamma, *others


@wrong("batch_norm_backward", "r is missing in dx: xhat is (x - m) *times r*")
def r_missing(g, x, gamma, eps):
    dx, *others = ref.batch_norm_backward(g, x, gamma, eps)
    return dx / parts(g, x, gamma, eps)[0], *others


@wrong("batch_norm_backward", "x - m instead of xhat in dx: there xhat is standardised")
def not_standardised(g, x, gamma, eps):
    r, xhat, mean = parts(g, x, gamma, eps)
    return with_dx(gamma * r * (g - mean(g) - xhat / r * mean(g * xhat / r)), g, x, gamma, eps)


@wrong("batch_norm_backward", "sums instead of the two means in dx")
def sums_in_dx(g, x, gamma, eps):
    r, xhat, mean = parts(g, x, gamma, eps)
    n = x.size // x.shape[-1]
    return with_dx(gamma * r * (g - n * mean(g) - n * xhat * mean(g * xhat)), g, x, gamma, eps)


@wrong("batch_norm_backward", "a sign in dx: both means are subtracted")
def added(g, x, gamma, eps):
    r, xhat, mean = parts(g, x, gamma, eps)
    return with_dx(gamma * r * (g - mean(g) + xhat * mean(g * xhat)), g, x, gamma, eps)


@wrong("batch_norm_backward", "the divisor of the variance is n, as in the forward pass")
def unbiased_variance(g, x, gamma, eps):
    r, xhat, mean = parts(g, x, gamma, eps, ddof=1)
    n = x.size // x.shape[-1]
    dx = gamma * r * (g - mean(g) - xhat * mean(g * xhat) * n / (n - 1))
    return dx, n * mean(g * xhat), n * mean(g)


@wrong("batch_norm_backward", "the upstream gradient is ignored: with ones, dx is 0 whatever x is")
def upstream_ignored(g, x, gamma, eps):
    return ref.batch_norm_backward(np.ones_like(g), x, gamma, eps)


@wrong("batch_norm_backward", "dgamma is multiplied with x: with xhat, which is what gamma scales")
def dgamma_of_x(g, x, gamma, eps):
    dx, _, dbeta = ref.batch_norm_backward(g, x, gamma, eps)
    return dx, (g * x).sum(axis=tuple(range(x.ndim - 1))), dbeta


@wrong("batch_norm_backward", "means instead of sums in dgamma and dbeta: g holds any 1/n already")
def means_of_shared(g, x, gamma, eps):
    dx, dgamma, dbeta = ref.batch_norm_backward(g, x, gamma, eps)
    n = x.size // x.shape[-1]
    return dx, dgamma / n, dbeta / n


@wrong("batch_norm_backward", "it is zero everywhere: dx is 0 only for an upstream gradient of ones")
def zeros(g, x, gamma, eps):
    return np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(gamma)


@wrong("batch_norm_backward", "changes its input g", compared=False)
def changes_upstream(g, x, gamma, eps):
    answer = ref.batch_norm_backward(g, x, gamma, eps)
    g -= g.mean()
    return answer


@wrong("batch_norm_backward", "numeric differentiation", compared=False)
def measured(g, x, gamma, eps):
    h, dx = 1e-5, np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        above, below = x.copy(), x.copy()
        above[index] += h
        below[index] -= h
        change = cheat.batch_norm(above, gamma, gamma, eps)[0] - cheat.batch_norm(below, gamma, gamma, eps)[0]
        dx[index] = (g * change).sum() / (2 * h)
    return with_dx(dx, g, x, gamma, eps)


@wrong("batch_norm_backward", "calls minigen", compared=False)
def gradient_of_the_library(g, x, gamma, eps):
    x, gamma, beta = (mg.Tensor(a, requires_grad=True) for a in (x, gamma, np.zeros_like(gamma)))
    (mg.ops.batch_norm(x, gamma, beta, eps)[0] * mg.Tensor(g)).sum().backward()
    return tuple(t.grad.numpy() for t in (x, gamma, beta))


# --------------------------------------------------------------------------------------------- update_running


@wrong("update_running", "momentum is the share of the *old* average (in PyTorch it is that of the new one)")
def as_in_pytorch(mean, var, x, momentum):
    return ref.update_running(mean, var, x, 1 - momentum)


@wrong("update_running", "the divisor of the variance is n - 1 here: ddof=1")
def biased(mean, var, x, momentum):
    m, v = moments(x)
    return momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * v


@wrong("update_running", "n is the number of values of a channel, N H W, not that of examples: n - 1, not N - 1")
def n_of_examples(mean, var, x, momentum):
    m, v = moments(x)
    return momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * v * len(x) / (len(x) - 1)


@wrong("update_running", "that is the batch's statistics alone: the average so far is lost")
def only_the_batch(mean, var, x, momentum):
    return moments(x, ddof=1)


@wrong("update_running", "nothing has changed: the batch is not used")
def unchanged(mean, var, x, momentum):
    return mean.copy(), var.copy()


@wrong("update_running", "1 - momentum is missing: the averages would grow and grow")
def added_up(mean, var, x, momentum):
    m, v = moments(x, ddof=1)
    return momentum * mean + m, momentum * var + v


@wrong("update_running", "the variance in the average is to be a variance, not a deviation")
def deviation(mean, var, x, momentum):
    m, v = moments(x, ddof=1)
    return momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * np.sqrt(v)


@wrong("update_running", "the deviations are averaged and squared: average the variances")
def averaged_deviations(mean, var, x, momentum):
    m, v = moments(x, ddof=1)
    return momentum * mean + (1 - momentum) * m, (momentum * np.sqrt(var) + (1 - momentum) * np.sqrt(v)) ** 2


@wrong("update_running", "the variance is taken about 0: subtract the batch's mean before you square")
def about_zero_again(mean, var, x, momentum):
    m, v = moments(x)
    n = x.size // x.shape[-1]
    return momentum * mean + (1 - momentum) * m, momentum * var + (1 - momentum) * (v + m * m) * n / (n - 1)


@wrong("update_running", "changes its input mean", compared=False)
def in_place(mean, var, x, momentum):
    new = ref.update_running(mean, var, x, momentum)
    mean[...], var[...] = new
    return new


@wrong("update_running", "calls minigen", compared=False)
def layer_of_the_library(mean, var, x, momentum):
    layer = mg.nn.BatchNorm(x.shape[-1], momentum=momentum)
    layer(mg.Tensor(x))
    return ref.update_running(mean, var, x, momentum)


# ------------------------------------------------------------------------------------------------------- fold


@wrong("fold", "the mean is not scaled: it is subtracted before the division, so b' has mean times scale")
def mean_unscaled(w, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return w * scale, beta - mean


@wrong("fold", "the sign of the mean in b': it is subtracted")
def mean_added(w, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return w * scale, beta + mean * scale


@wrong("fold", "the mean is missing in b'")
def without_mean(w, gamma, beta, mean, var, eps):
    return ref.fold(w, gamma, beta, np.zeros_like(mean), var, eps)


@wrong("fold", "beta is missing in b'")
def without_beta(w, gamma, beta, mean, var, eps):
    return ref.fold(w, gamma, np.zeros_like(beta), mean, var, eps)


@wrong("fold", "beta is scaled along: it is added after gamma and the deviation")
def beta_scaled_too(w, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return w * scale, (beta - mean) * scale


@wrong("fold", "you divide by the variance: take its root")
def variance_in_place_of_root(w, gamma, beta, mean, var, eps):
    scale = gamma / (var + eps)
    return w * scale, beta - mean * scale


@wrong("fold", "eps is added to the deviation: it belongs under the root, to the variance")
def eps_beside_the_root(w, gamma, beta, mean, var, eps):
    scale = gamma / (np.sqrt(var) + eps)
    return w * scale, beta - mean * scale


@wrong("fold", "eps is missing")
def no_eps(w, gamma, beta, mean, var, eps):
    return ref.fold(w, gamma, beta, mean, var, 0.0)


@wrong("fold", "gamma is missing")
def no_gamma(w, gamma, beta, mean, var, eps):
    return ref.fold(w, np.ones_like(gamma), beta, mean, var, eps)


@wrong("fold", "w is unchanged: scaling the output of a convolution is scaling its kernels")
def kernels_unchanged(w, gamma, beta, mean, var, eps):
    return w.copy(), ref.fold(w, gamma, beta, mean, var, eps)[1]


@wrong("fold", "you multiply by the deviation: divide by it")
def multiplied(w, gamma, beta, mean, var, eps):
    scale = gamma * np.sqrt(var + eps)
    return w * scale, beta - mean * scale


@wrong("fold", "broadcast", compared=False)
def over_the_inputs(w, gamma, beta, mean, var, eps):
    scale = gamma / np.sqrt(var + eps)
    return w * scale[:, None], beta - mean * scale


@wrong("fold", "changes its input w", compared=False)
def changes_the_kernel(w, gamma, beta, mean, var, eps):
    answer = ref.fold(w, gamma, beta, mean, var, eps)
    w[...] = answer[0]
    return answer


@wrong("fold", "calls the reference itself", compared=False)
def the_reference(w, gamma, beta, mean, var, eps):
    return cheat.fold(w, gamma, beta, mean, var, eps)


# ------------------------------------------------------------------------------------------- mixed_statistics


@wrong("mixed_statistics", "the batches' means differ, and that adds to the variance: a b (m1 - m2)^2 is missing")
def averaged_variances(n1, m1, v1, n2, m2, v2):
    m, _ = ref.mixed_statistics(n1, m1, v1, n2, m2, v2)
    return m, (n1 * v1 + n2 * v2) / (n1 + n2)


@wrong("mixed_statistics", "that holds for equal sizes alone: weight each batch with its share of the values")
def unweighted(n1, m1, v1, n2, m2, v2):
    return ref.mixed_statistics(1, m1, v1, 1, m2, v2)


@wrong("mixed_statistics", "the weights are exchanged: the first batch's share is n1 / (n1 + n2)")
def weights_exchanged(n1, m1, v1, n2, m2, v2):
    return ref.mixed_statistics(n2, m1, v1, n1, m2, v2)


@wrong("mixed_statistics", "the distance of the means is not squared")
def not_squared(n1, m1, v1, n2, m2, v2):
    m, v = averaged_variances(n1, m1, v1, n2, m2, v2)
    return m, v + n1 * n2 / (n1 + n2) ** 2 * abs(m1 - m2)


@wrong("mixed_statistics", "the whole squared distance of the means is added: its share is a b, 1/4 for equal sizes")
def whole_distance(n1, m1, v1, n2, m2, v2):
    m, v = averaged_variances(n1, m1, v1, n2, m2, v2)
    return m, v + (m1 - m2) ** 2


@wrong("mixed_statistics", "the sums of both are added, not averaged: divide by n1 + n2")
def sums_of_both(n1, m1, v1, n2, m2, v2):
    m, v = ref.mixed_statistics(n1, m1, v1, n2, m2, v2)
    return (n1 + n2) * m, (n1 + n2) * v


@wrong("mixed_statistics", "the divisor is n1 + n2 here, not n1 + n2 - 1")
def unbiased_mixture(n1, m1, v1, n2, m2, v2):
    m, v = ref.mixed_statistics(n1, m1, v1, n2, m2, v2)
    return m, v * (n1 + n2) / (n1 + n2 - 1)


@wrong("mixed_statistics", "mean(x^2) - m^2 loses digits where the means are large: use the difference of the means")
def by_squares(n1, m1, v1, n2, m2, v2):
    m, _ = ref.mixed_statistics(n1, m1, v1, n2, m2, v2)
    return m, (n1 * (v1 + m1 * m1) + n2 * (v2 + m2 * m2)) / (n1 + n2) - m * m


@wrong("mixed_statistics", "deviations are averaged: average the variances")
def averaged_roots(n1, m1, v1, n2, m2, v2):
    m, v = ref.mixed_statistics(n1, m1, v1, n2, m2, v2)
    mean = (n1 * np.sqrt(v1) + n2 * np.sqrt(v2)) / (n1 + n2)
    return m, v - (n1 * v1 + n2 * v2) / (n1 + n2) + mean**2


@wrong("mixed_statistics", "calls the reference itself", compared=False)
def the_reference_of_both(n1, m1, v1, n2, m2, v2):
    return cheat.mixed_statistics(n1, m1, v1, n2, m2, v2)


# ------------------------------------------------------------------------------------------------------ alone


@wrong("alone", "largest fault", compared=False)
def with_neighbours(batches):
    return [(x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2)) for x in batches]


@wrong("alone", "largest fault", compared=False)
def only_shifted(batches):
    return [x - x.mean(axis=(1, 2, 3), keepdims=True) for x in batches]


@wrong("alone", "largest fault", compared=False)
def of_the_first_batch(batches):
    m, s = batches[0].mean(axis=(0, 1, 2)), batches[0].std(axis=(0, 1, 2))
    return [(x - m) / s for x in batches]


@wrong("alone", "largest fault", compared=False)
def ranks(batches):
    flat = [x.reshape(len(x), -1).argsort(axis=1).argsort(axis=1).reshape(x.shape) for x in batches]
    return [(r - r.mean(axis=(1, 2, 3), keepdims=True)) / r.std(axis=(1, 2, 3), keepdims=True) for r in flat]


@wrong("alone", "expected a list of", compared=False)
def one_array(batches):
    return batches[0]


EQUIVALENT = {
    "update_running: var negative entries set to 0": "a variance is never negative",
    "update_running: x sorted": "mean and variance do not depend on the order",
    "fold: var negative entries set to 0": "a variance is never negative",
    "mixed_statistics: n1 at least 1": "a batch holds at least one value",
    "mixed_statistics: n2 at least 1": "a batch holds at least one value",
    "mixed_statistics: v1 negative entries set to 0": "a variance is never negative",
    "mixed_statistics: v2 negative entries set to 0": "a variance is never negative",
}
