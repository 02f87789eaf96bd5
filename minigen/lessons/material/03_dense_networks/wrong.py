"""Classic wrong answers to the exercises of lesson 3."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

TINY = "exp(-50) is 2e-22, and is added to what is not small"
EQUIVALENT = {
    "bce: result at least 0": "the loss is never below 0",
    "cross_entropy: np.nan_to_num(np.log(...)) for np.log(np.exp(shifted).sum(axis=1, keepdims=True))": (
        "the largest term of the sum is 1, so that its logarithm is finite"
    ),
    "cross_entropy: np.log(np.maximum(..., 1e-8)) for np.log(np.exp(shifted).sum(axis=1, keepdims=True))": (
        "the largest term of the sum is 1"
    ),
    "cross_entropy: np.exp(np.clip(..., -50, 50)) for np.exp(shifted)": TINY,
    "cross_entropy: result at least 0": "the loss is never below 0",
    "cross_entropy_backward: np.exp(np.clip(..., -50, 50)) for np.exp(logits - logits.max(axis=1, keepdims=True))": (
        TINY
    ),
    "tries: np.exp(np.clip(..., -50, 50)) for np.exp(-np.abs(logits))": TINY,
    "tries: > in logits >= 0": "at a logit of 0 both sides give p = 1/2",
}


# -------------------------------------------------------------------------------------------------------- bce


def _nats(logits, targets):
    return np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))


@wrong("bce", "the logarithm of a sigmoid: for large logits that is log 0 or exp of 1000; use the right side")
def by_the_sigmoid(logits, targets):
    p = 1 / (1 + np.exp(-logits))
    return float((-targets * np.log(p) - (1 - targets) * np.log(1 - p)).sum(axis=1).mean())


@wrong("bce", "the probabilities are clipped: finite, but wrong, and without a gradient where it matters most")
def clipped(logits, targets):
    p = np.clip(1 / (1 + np.exp(-logits)), 1e-7, 1 - 1e-7)
    return float((-targets * np.log(p) - (1 - targets) * np.log(1 - p)).sum(axis=1).mean())


@wrong("bce", "log(1 + exp(l)) overflows for large l: write it as max(l, 0) + log(1 + exp(-|l|))")
def overflowing(logits, targets):
    return float((np.log(1 + np.exp(logits)) - logits * targets).sum(axis=1).mean())


@wrong("bce", "log(1 + exp(-l)) overflows for very negative l: the exponent is -|l|")
def without_the_bars(logits, targets):
    return float((np.log(1 + np.exp(-logits)) + logits - logits * targets).sum(axis=1).mean())


@wrong("bce", "log(1 + z) loses what is small in z: np.log1p(z) keeps it")
def without_log1p(logits, targets):
    rest = np.log(1 + np.exp(-np.abs(logits)))
    return float((np.maximum(logits, 0) - logits * targets + rest).sum(axis=1).mean())


@wrong("bce", "the small term is added to a large one, which swallows it: add it last, to the difference of the others")
def small_term_first(logits, targets):
    small = np.log1p(np.exp(-np.abs(logits)))
    return float((small + np.maximum(logits, 0) - logits * targets).sum(axis=1).mean())


@wrong("bce", "you average over the features too: sum over features, mean over the batch")
def mean_of_all(logits, targets):
    return float(_nats(logits, targets).mean())


@wrong("bce", "you sum over the batch too: sum over features, mean over the batch")
def sum_of_all(logits, targets):
    return float(_nats(logits, targets).sum())


@wrong("bce", "the axes are exchanged: axis 0 is the batch, axis 1 the features")
def axes_exchanged(logits, targets):
    return float(_nats(logits, targets).sum(axis=0).mean())


@wrong("bce", "that is one loss for each example: average over them")
def not_averaged(logits, targets):
    return _nats(logits, targets).sum(axis=1)


@wrong("bce", "the sign is flipped: that is the log-likelihood, the loss is minus it")
def likelihood(logits, targets):
    return -ref.bce(logits, targets)


@wrong("bce", "a logit of 0 means p = 1/2, and a target of 1 wants a large one: the targets are the wrong way round")
def turned_round(logits, targets):
    return ref.bce(logits, 1 - targets)


@wrong("bce", "only the half with t log p is there: (1 - t) log(1 - p) is missing")
def half(logits, targets):
    log_p = np.minimum(logits, 0) - np.log1p(np.exp(-np.abs(logits)))
    return float(-(targets * log_p).sum(axis=1).mean())


@wrong("bce", "the sigmoid is applied twice: logits come in")
def sigmoid_twice(logits, targets):
    positive = np.exp(-np.abs(logits))
    return ref.bce(np.where(logits > 0, 1, positive) / (1 + positive), targets)


@wrong("bce", "it is in bits: take the natural logarithm")
def in_bits(logits, targets):
    return ref.bce(logits, targets) / float(np.log(2))


@wrong("bce", "changes its input logits", compared=False)
def clips_in_place(logits, targets):
    loss = ref.bce(logits, targets)
    np.clip(logits, -1, 1, out=logits)
    return loss


@wrong("bce", "calls minigen", compared=False)
def of_the_library(logits, targets):
    return float(mg.nn.bce_loss(logits, targets))


@wrong("bce", "calls the reference itself", compared=False)
def of_the_reference(logits, targets):
    return cheat.bce(logits, targets)


# ---------------------------------------------------------------------------------------------- cross_entropy


def _log_softmax(logits, axis=1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _picked(log_p, labels):
    return log_p[np.arange(len(labels)), labels]


@wrong("cross_entropy", "exp overflows for large logits: subtract the largest of each row first")
def not_shifted(logits, labels):
    e = np.exp(logits)
    return float(-np.log(_picked(e / e.sum(axis=1, keepdims=True), labels)).mean())


@wrong("cross_entropy", "a small probability rounds to 0, its logarithm is -inf: subtract the log of the sum instead")
def log_of_the_softmax(logits, labels):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return float(-np.log(_picked(e / e.sum(axis=1, keepdims=True), labels)).mean())


@wrong("cross_entropy", "a small number is added in the logarithm: finite, but wrong for every unlikely class")
def log_of_a_little_more(logits, labels):
    p = np.exp(_log_softmax(logits))
    return float(-np.log(_picked(p, labels) + 1e-8).mean())


@wrong("cross_entropy", "one largest logit for the whole batch: rows far below it have only zeros to sum; use axis=1")
def one_shift_for_all(logits, labels):
    shifted = logits - logits.max()
    return float(-_picked(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)), labels).mean())


@wrong("cross_entropy", "the softmax runs over the batch: each *row* sums to 1, axis=1")
def over_the_batch(logits, labels):
    return float(-_picked(_log_softmax(logits, 0), labels).mean())


@wrong("cross_entropy", "the softmax is applied twice: logits come in, and the loss cannot come near 0")
def softmax_twice(logits, labels):
    return ref.cross_entropy(np.exp(_log_softmax(logits)), labels)


@wrong("cross_entropy", "you sum over the batch: average")
def summed(logits, labels):
    return float(-_picked(_log_softmax(logits), labels).sum())


@wrong("cross_entropy", "it is divided by N K: average over the examples alone")
def over_all_entries(logits, labels):
    return ref.cross_entropy(logits, labels) / logits.shape[1]


@wrong("cross_entropy", "the sign is flipped: it is -log p")
def positive(logits, labels):
    return -ref.cross_entropy(logits, labels)


@wrong("cross_entropy", "log_p[:, labels] takes these columns of every row: pair them, log_p[np.arange(N), labels]")
def every_row_and_label(logits, labels):
    return float(-_log_softmax(logits)[:, labels].mean())


@wrong("cross_entropy", "that is the error of the likeliest class: take the class in labels")
def likeliest_class(logits, labels):
    return float(-_log_softmax(logits).max(axis=1).mean())


@wrong("cross_entropy", "the mean of the probabilities, and then the logarithm: take the mean of the logarithms")
def log_of_the_mean(logits, labels):
    log_p = _picked(_log_softmax(logits), labels)
    return float(-(log_p.max() + np.log(np.exp(log_p - log_p.max()).mean())))


@wrong("cross_entropy", "the log of the sum is missing: the logits alone are no log-probabilities")
def not_normalised(logits, labels):
    return float(-_picked(logits - logits.max(axis=1, keepdims=True), labels).mean())


@wrong("cross_entropy", "that is one loss for each example: average over them")
def each_example(logits, labels):
    return -_picked(_log_softmax(logits), labels)


@wrong("cross_entropy", "changes its input logits", compared=False)
def shifts_in_place(logits, labels):
    logits -= logits.max(axis=1, keepdims=True)
    return ref.cross_entropy(logits, labels)


@wrong("cross_entropy", "calls minigen", compared=False)
def loss_of_the_library(logits, labels):
    return float(mg.nn.cross_entropy_loss(logits, labels))


@wrong("cross_entropy", "calls the reference itself", compared=False)
def loss_of_the_reference(logits, labels):
    return cheat.cross_entropy(logits, labels)


# ------------------------------------------------------------------------------------- cross_entropy_backward


def _one_hot(logits, labels):
    return np.eye(logits.shape[1])[labels]


@wrong("cross_entropy_backward", "the 1/N of the mean is missing")
def not_divided(logits, labels):
    return np.exp(_log_softmax(logits)) - _one_hot(logits, labels)


@wrong("cross_entropy_backward", "it is divided by N K: the loss is a mean over the N examples alone")
def divided_by_all(logits, labels):
    return ref.cross_entropy_backward(logits, labels) / logits.shape[1]


@wrong("cross_entropy_backward", "the sign is flipped: a step *against* the gradient has to raise the right class")
def negative(logits, labels):
    return -ref.cross_entropy_backward(logits, labels)


@wrong("cross_entropy_backward", "the 1 is not taken away: p alone pushes every class down")
def only_p(logits, labels):
    return np.exp(_log_softmax(logits)) / len(labels)


@wrong("cross_entropy_backward", "only the right class gets a gradient: the others have to go down as well")
def only_the_label(logits, labels):
    return ref.cross_entropy_backward(logits, labels) * _one_hot(logits, labels)


@wrong("cross_entropy_backward", "1 is taken from these columns in every row: pair them, p[np.arange(N), labels] -= 1")
def every_row(logits, labels):
    p = np.exp(_log_softmax(logits))
    p[:, labels] -= 1
    return p / len(labels)


@wrong("cross_entropy_backward", "the logits stand where p should: take the softmax first")
def logits_minus_one_hot(logits, labels):
    return (logits - _one_hot(logits, labels)) / len(labels)


@wrong("cross_entropy_backward", "that is the gradient of log p: the softmax's factors p (1 - p) are cancelled by 1/p")
def factor_left(logits, labels):
    p = np.exp(_log_softmax(logits))
    return (p - _one_hot(logits, labels)) * p * (1 - p) / len(labels)


@wrong("cross_entropy_backward", "that is the squared error's gradient through a softmax, 2 (p - y) and on")
def of_the_squared_error(logits, labels):
    p = np.exp(_log_softmax(logits))
    g = 2 * (p - _one_hot(logits, labels))
    return p * (g - (g * p).sum(axis=1, keepdims=True)) / len(labels)


@wrong("cross_entropy_backward", "the softmax runs over the batch: each row of p sums to 1, axis=1")
def softmax_over_the_batch(logits, labels):
    return (np.exp(_log_softmax(logits, 0)) - _one_hot(logits, labels)) / len(labels)


@wrong("cross_entropy_backward", "exp overflows for large logits: subtract the largest of each row first")
def softmax_without_a_shift(logits, labels):
    e = np.exp(logits)
    return (e / e.sum(axis=1, keepdims=True) - _one_hot(logits, labels)) / len(labels)


@wrong("cross_entropy_backward", "one largest logit for the whole batch: rows far below it sum to 0; use axis=1")
def softmax_with_one_shift(logits, labels):
    e = np.exp(logits - logits.max())
    return (e / e.sum(axis=1, keepdims=True) - _one_hot(logits, labels)) / len(labels)


@wrong("cross_entropy_backward", "the logits are clipped: finite, but another softmax wherever they are large")
def softmax_of_clipped(logits, labels):
    e = np.exp(np.clip(logits, -500, 500))
    return (e / e.sum(axis=1, keepdims=True) - _one_hot(logits, labels)) / len(labels)


@wrong("cross_entropy_backward", "it is zero everywhere")
def zeros(logits, labels):
    return np.zeros_like(logits)


@wrong("cross_entropy_backward", "numeric differentiation", compared=False)
def measured(logits, labels, h=1e-5):
    result = np.zeros_like(logits)
    for i in np.ndindex(*logits.shape):
        e = np.zeros_like(logits)
        e[i] = h
        result[i] = (cheat.cross_entropy(logits + e, labels) - cheat.cross_entropy(logits - e, labels)) / (2 * h)
    return result


@wrong("cross_entropy_backward", "changes its input logits", compared=False)
def in_place(logits, labels):
    gradient = ref.cross_entropy_backward(logits, labels)
    logits[np.arange(len(labels)), labels] -= 1
    return gradient


@wrong("cross_entropy_backward", "calls minigen", compared=False)
def gradient_of_the_library(logits, labels):
    x = mg.tensor(logits, requires_grad=True)
    return mg.grad(mg.nn.cross_entropy_loss(x, labels), [x])[0].numpy()


@wrong("cross_entropy_backward", "calls the reference itself", compared=False)
def gradient_of_the_reference(logits, labels):
    return cheat.cross_entropy_backward(logits, labels)


# ------------------------------------------------------------------------------------------------- he_weights


@wrong("he_weights", "the variance stands where the standard deviation should: take the root of 2 / fan_in")
def variance_as_deviation(noise):
    return noise * 2 / noise.shape[0]


@wrong("he_weights", "the 2 is missing: a ReLU lets half of the mean square through")
def no_two(noise):
    return noise / np.sqrt(noise.shape[0])


@wrong("he_weights", "that is fan_out: the sum for one output has fan_in terms, noise.shape[0]")
def fan_out(noise):
    return noise * np.sqrt(2 / noise.shape[1])


@wrong("he_weights", "that is Glorot's 2 / (fan_in + fan_out), which does not count the ReLU")
def glorot(noise):
    return noise * np.sqrt(2 / sum(noise.shape))


@wrong("he_weights", "the 2 stands outside of the root: sqrt(2 / fan_in)")
def two_outside(noise):
    return 2 * noise / np.sqrt(noise.shape[0])


@wrong("he_weights", "the scale is upside down: more inputs, smaller weights")
def upside_down(noise):
    return noise * np.sqrt(noise.shape[0] / 2)


@wrong("he_weights", "the scale is written into the code: it depends on fan_in")
def small_constant(noise):
    return noise * 0.01


@wrong("he_weights", "the noise is divided by the number of all weights: only the fan_in terms of one output count")
def over_the_size(noise):
    return noise * np.sqrt(2 / noise.size)


@wrong("he_weights", "the sample is made to have this variance exactly: scale the noise by a constant")
def standardised(noise):
    return (noise - noise.mean()) / noise.std() * np.sqrt(2 / noise.shape[0])


@wrong("he_weights", "they are zero: all units would be alike, and stay so")
def zero_weights(noise):
    return np.zeros_like(noise)


@wrong("he_weights", "has shape", compared=False)
def transposed(noise):
    return ref.he_weights(noise).T


@wrong("he_weights", "changes its input noise", compared=False)
def scales_in_place(noise):
    noise *= np.sqrt(2 / noise.shape[0])
    return noise


@wrong("he_weights", "calls the reference itself", compared=False)
def weights_of_the_reference(noise):
    return cheat.he_weights(noise)


# ------------------------------------------------------------------------------------------------------ tries


def _both(logits, failures, gradient):
    return ref.tries(logits, failures)[0], gradient


def _p(logits):
    e = np.exp(-np.abs(logits))
    return np.where(logits >= 0, 1, e) / (1 + e)


@wrong("tries", "that is the binary cross-entropy of one try: count the failures, each of them costs -log(1 - p)")
def yes_or_no(logits, failures):
    t = (failures == 0).astype(float)
    nats = np.maximum(logits, 0) - logits * t + np.log1p(np.exp(-np.abs(logits)))
    return float(nats.mean()), (_p(logits) - t) / len(logits)


@wrong("tries", "the success at the end is missing: after k failures one more try went well, and costs -log p")
def failures_alone(logits, failures):
    nats = failures * (np.maximum(logits, 0) + np.log1p(np.exp(-np.abs(logits))))
    return float(nats.mean()), failures * _p(logits) / len(logits)


@wrong("tries", "success and failure are exchanged: p is the probability that a try goes well")
def exchanged(logits, failures):
    loss, gradient = ref.tries(-logits, failures)
    return loss, -gradient


@wrong("tries", "the number of tries is failures + 1, and only `failures` of them went wrong")
def one_failure_more(logits, failures):
    return ref.tries(logits, failures + 1)


@wrong("tries", "log p and log(1 - p) overflow for large logits: write both with exp(-|l|)")
def by_the_definition(logits, failures):
    p = 1 / (1 + np.exp(-logits))
    return float(-(failures * np.log(1 - p) + np.log(p)).mean()), (failures * p - (1 - p)) / len(logits)


@wrong("tries", "p is clipped: finite, but wrong for large logits")
def clipped_p(logits, failures):
    p = np.clip(_p(logits), 1e-7, 1 - 1e-7)
    return float(-(failures * np.log(1 - p) + np.log(p)).mean()), (failures * p - (1 - p)) / len(logits)


@wrong("tries", "the sign of the gradient is flipped: failures must push the logit down")
def uphill(logits, failures):
    return _both(logits, failures, -ref.tries(logits, failures)[1])


@wrong("tries", "the 1/N of the mean is missing in the gradient")
def gradient_of_the_sum(logits, failures):
    return _both(logits, failures, ref.tries(logits, failures)[1] * len(logits))


@wrong("tries", "the loss is summed over the batch: average")
def summed_tries(logits, failures):
    loss, gradient = ref.tries(logits, failures)
    return loss * len(logits), gradient


@wrong("tries", "that is the derivative by p: by the logit it has the factor p (1 - p) more")
def derivative_by_p(logits, failures):
    p = np.clip(_p(logits), 1e-12, 1 - 1e-12)
    return _both(logits, failures, (failures / (1 - p) - 1 / p) / len(logits))


@wrong("tries", "changes its input logits", compared=False)
def tries_in_place(logits, failures):
    result = ref.tries(logits, failures)
    np.abs(logits, out=logits)
    return result


@wrong("tries", "calls the reference itself", compared=False)
def tries_of_the_reference(logits, failures):
    return cheat.tries(logits, failures)


# ------------------------------------------------------------------------------------------------------ bends


@wrong("bends", "distance from the curve", compared=False)
def straight_line(x, y, units):
    slope, height = np.polyfit(x, y, 1)
    return np.ones(1), np.array([10.0]), np.array([slope]), float(height - 10 * slope)


@wrong("bends", "distance from the curve", compared=False)
def slopes_for_changes_of_slope(x, y, units):
    knots = np.linspace(x[0], x[-1], units + 1)
    heights = np.interp(knots, x, y)
    return np.ones(units), -knots[:-1], np.diff(heights) / np.diff(knots), float(heights[0])


@wrong("bends", "distance from the curve", compared=False)
def knots_in_one_half(x, y, units):
    u, a, v, c = ref.bends(x[: len(x) // 2], y[: len(x) // 2], units)
    return u, a, v, c


@wrong("bends", "distance from the curve", compared=False)
def few_units(x, y, units):
    return ref.bends(x, y, 4)


@wrong("bends", "expected at most 16 units, got 200", compared=False)
def a_unit_for_each_point(x, y, units):
    return np.ones(len(x)), -x, np.zeros(len(x)), float(y.mean())


@wrong("bends", "expected u, a and v of one shape", compared=False)
def one_bias_for_all(x, y, units):
    return np.ones(units), 0.0, np.zeros(units), 0.0


@wrong("bends", "expected four results (u, a, v, c)", compared=False)
def without_c(x, y, units):
    return ref.bends(x, y, units)[:3]
