"""Classic wrong answers to the exercises of lesson 12."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


# ------------------------------------------------------------------------------------------ with_class_planes


def _with(x, numbers):
    """x and, at every pixel, the numbers (N, K)."""
    return np.concatenate([x, np.broadcast_to(numbers[:, None, None], (*x.shape[:3], numbers.shape[1]))], axis=3)


def _one_hot(labels, classes):
    return np.eye(classes)[labels]


@wrong("with_class_planes", "the planes come first: the image's channels do")
def planes_first(x, labels, classes):
    both = ref.with_class_planes(x, labels, classes)
    return np.concatenate([both[..., x.shape[3] :], x], axis=3)


@wrong("with_class_planes", "there is one plane with the number of the class: 7 is not more than 3, use one-hot planes")
def one_plane(x, labels, classes):
    return _with(x, labels[:, None].astype(x.dtype))


@wrong("with_class_planes", "the planes hold the number of the class: write a 1")
def numbers_for_ones(x, labels, classes):
    return _with(x, labels[:, None] * _one_hot(labels, classes))


@wrong("with_class_planes", "all planes are zero")
def zeros(x, labels, classes):
    return _with(x, np.zeros((len(x), classes)))


@wrong("with_class_planes", "only one pixel is told: write the 1 at every pixel of the plane")
def one_pixel(x, labels, classes):
    both = _with(x, np.zeros((len(x), classes)))
    both[:, 0, 0, x.shape[3] :] = _one_hot(labels, classes)
    return both


@wrong("with_class_planes", "every image has the first one's label")
def label_of_the_first(x, labels, classes):
    return ref.with_class_planes(x, np.full_like(labels, labels[0]), classes)


@wrong("with_class_planes", "the planes are counted from 1: class 0 has plane 0")
def counted_from_one(x, labels, classes):
    return _with(x, _one_hot((labels + 1) % classes, classes))


@wrong("with_class_planes", "the planes are turned round: a 0 for the class and 1 for all others")
def inverted(x, labels, classes):
    return _with(x, 1 - _one_hot(labels, classes))


@wrong("with_class_planes", "ten classes are written into the code: there are `classes`")
def ten(x, labels, classes):
    return _with(x, _one_hot(labels, 10))


@wrong("with_class_planes", "there are as many planes as the largest label needs: a batch need not hold every class")
def as_many_as_seen(x, labels, classes):
    return _with(x, _one_hot(labels, labels.max() + 1))


@wrong("with_class_planes", "the planes are added to the image: put them behind it, as channels more")
def added(x, labels, classes):
    return x + labels[:, None, None, None] / classes


@wrong("with_class_planes", "calls minigen", compared=False)
def one_hot_of_the_library(x, labels, classes):
    from minigen.nn import one_hot

    return _with(x, one_hot(labels, classes).astype(x.dtype))


@wrong("with_class_planes", "changes its input labels", compared=False)
def changes_the_labels(x, labels, classes):
    both = ref.with_class_planes(x, labels, classes)
    labels[...] = 0
    return both


# ------------------------------------------------------------------------------------------ information_bound


def _log_q(logits, axis=1):
    shifted = logits - logits.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _chosen(table, codes):
    return table[np.arange(len(codes)), codes]


@wrong("information_bound", "log K is missing: L = H(c) + E[log Q], and a uniform c has H = log K")
def without_entropy(logits, codes):
    return float(_chosen(_log_q(logits), codes).mean())


@wrong("information_bound", "the sign is flipped: that is what is minimised; the bound itself has + log Q")
def negative(logits, codes):
    return -ref.information_bound(logits, codes)


@wrong("information_bound", "log Q has the wrong sign: it is added to log K, and makes it smaller")
def subtracted(logits, codes):
    return float(np.log(logits.shape[1]) - _chosen(_log_q(logits), codes).mean())


@wrong("information_bound", "it is log N: the entropy is that of K categories")
def log_of_the_batch(logits, codes):
    return float(np.log(len(logits)) + _chosen(_log_q(logits), codes).mean())


@wrong("information_bound", "the log is missing: the mean of Q itself")
def probabilities(logits, codes):
    return float(np.log(logits.shape[1]) + np.exp(_chosen(_log_q(logits), codes)).mean())


@wrong("information_bound", "that is the log of the mean of Q: the mean of the logs is asked for")
def log_of_the_mean(logits, codes):
    return float(np.log(logits.shape[1]) + np.log(np.exp(_chosen(_log_q(logits), codes)).mean()))


@wrong("information_bound", "the logits are taken for log Q: normalise them, log_softmax")
def raw_logits(logits, codes):
    return float(np.log(logits.shape[1]) + _chosen(logits, codes).mean())


@wrong("information_bound", "the softmax runs over the batch: each row is a distribution, axis=1")
def over_the_batch(logits, codes):
    return float(np.log(logits.shape[1]) + _chosen(_log_q(logits, axis=0), codes).mean())


@wrong("information_bound", "it is the sum over the examples: take the mean")
def summed(logits, codes):
    return float(np.log(logits.shape[1]) + _chosen(_log_q(logits), codes).sum())


@wrong("information_bound", "the likeliest category is taken instead of the code: so Q is never found to be wrong")
def of_the_likeliest(logits, codes):
    return float(np.log(logits.shape[1]) + _log_q(logits).max(axis=1).mean())


@wrong("information_bound", "all categories count, and only that of the code should")
def all_categories(logits, codes):
    return float(np.log(logits.shape[1]) + _log_q(logits).mean())


@wrong("information_bound", "e^1000 is infinite: subtract each row's largest logit first")
def overflows(logits, codes):
    q = np.exp(logits)
    return float(np.log(logits.shape[1]) + np.log(_chosen(q / q.sum(axis=1, keepdims=True), codes)).mean())


@wrong("information_bound", "the information is measured in bits: log2; nats are asked for")
def in_bits(logits, codes):
    return ref.information_bound(logits, codes) / float(np.log(2))


@wrong("information_bound", "calls minigen", compared=False)
def of_the_library(logits, codes):
    return float(np.log(logits.shape[1]) + _chosen(mg.log_softmax(logits), codes).mean())


@wrong("information_bound", "changes its input logits", compared=False)
def in_place(logits, codes):
    bound = ref.information_bound(logits, codes)
    logits -= logits.max(axis=1, keepdims=True)
    return bound


# --------------------------------------------------------------------------------------- information_gradient


@wrong("information_gradient", "the sign is flipped: Q - y is the gradient of the loss, -L")
def of_the_loss(logits, codes):
    return -ref.information_gradient(logits, codes)


@wrong("information_gradient", "the 1/N is missing: L is a mean over the examples")
def no_mean(logits, codes):
    return ref.information_gradient(logits, codes) * len(logits)


@wrong("information_gradient", "it is divided by K as well: L is a mean over the examples alone")
def mean_over_all(logits, codes):
    return ref.information_gradient(logits, codes) / logits.shape[1]


@wrong("information_gradient", "the softmax is forgotten: the sum inside of the log depends on every logit")
def one_hot_only(logits, codes):
    return _one_hot(codes, logits.shape[1]) / len(logits)


@wrong("information_gradient", "the one-hot vector is forgotten: the code's own logit raises log Q")
def softmax_only(logits, codes):
    return -np.exp(_log_q(logits)) / len(logits)


@wrong("information_gradient", "only the code's own logit gets something: the others lower its probability too")
def own_logit_only(logits, codes):
    return _one_hot(codes, logits.shape[1]) * ref.information_gradient(logits, codes)


@wrong("information_gradient", "the softmax runs over the batch: each row is a distribution, axis=1")
def softmax_over_the_batch(logits, codes):
    return (_one_hot(codes, logits.shape[1]) - np.exp(_log_q(logits, axis=0))) / len(logits)


@wrong("information_gradient", "that is the gradient of Q itself, without the log: the factor Q(code) is too much")
def without_the_log(logits, codes):
    return ref.information_gradient(logits, codes) * np.exp(_chosen(_log_q(logits), codes))[:, None]


@wrong("information_gradient", "log Q is used instead of Q: the derivative of log sum exp is the softmax itself")
def with_logs(logits, codes):
    return (_one_hot(codes, logits.shape[1]) - _log_q(logits)) / len(logits)


@wrong("information_gradient", "it is zero everywhere")
def nothing(logits, codes):
    return np.zeros_like(logits)


@wrong("information_gradient", "that is numeric differentiation", compared=False)
def measured(logits, codes, h=1e-5):
    gradient = np.zeros_like(logits)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = h
        rise = cheat.information_bound(logits + step, codes) - cheat.information_bound(logits - step, codes)
        gradient[index] = rise / (2 * h)
    return gradient


@wrong("information_gradient", "calls the reference itself", compared=False)
def the_reference(logits, codes):
    return cheat.information_gradient(logits, codes)


# ------------------------------------------------------------------------------------------------------ adain


def _styled(x, scale, shift, eps, axes=(1, 2)):
    y = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    return (1 + scale[:, None, None]) * y + shift[:, None, None]


@wrong("adain", "mean and variance are the batch's: that is batch norm; each image has its own, axes (1, 2)")
def batch_norm(x, scale, shift, eps):
    return _styled(x, scale, shift, eps, (0, 1, 2))


@wrong("adain", "mean and variance run over the channels too: that is layer norm; each channel has its own")
def layer_norm(x, scale, shift, eps):
    return _styled(x, scale, shift, eps, (1, 2, 3))


@wrong("adain", "mean and variance run over the channels of each pixel: take them over the pixels, axes (1, 2)")
def over_channels(x, scale, shift, eps):
    return _styled(x, scale, shift, eps, (3,))


@wrong("adain", "it is divided by the variance: divide by its root, the standard deviation")
def by_the_variance(x, scale, shift, eps):
    y = (x - x.mean(axis=(1, 2), keepdims=True)) / (x.var(axis=(1, 2), keepdims=True) + eps)
    return (1 + scale[:, None, None]) * y + shift[:, None, None]


@wrong("adain", "the variance is divided by HW - 1: the mean squared deviation is meant")
def unbiased(x, scale, shift, eps):
    var = x.var(axis=(1, 2), keepdims=True, ddof=1)
    return (1 + scale[:, None, None]) * (x - x.mean(axis=(1, 2), keepdims=True)) / np.sqrt(var + eps) + shift[
        :, None, None
    ]


@wrong("adain", "eps stands outside of the root: sqrt(var + eps)")
def eps_outside(x, scale, shift, eps):
    y = (x - x.mean(axis=(1, 2), keepdims=True)) / (x.std(axis=(1, 2), keepdims=True) + eps)
    return (1 + scale[:, None, None]) * y + shift[:, None, None]


@wrong("adain", "the factor is 1 + scale: a style of zeros leaves the standardised image as it is")
def scale_alone(x, scale, shift, eps):
    return _styled(x, scale - 1, shift, eps)


@wrong("adain", "scale and shift are exchanged")
def exchanged(x, scale, shift, eps):
    return _styled(x, shift, scale, eps)


@wrong("adain", "the mean is not subtracted")
def not_centred(x, scale, shift, eps):
    return (1 + scale[:, None, None]) * x / np.sqrt(x.var(axis=(1, 2), keepdims=True) + eps) + shift[:, None, None]


@wrong("adain", "x is not standardised: the style would add to the channel's own mean and deviation")
def only_the_style(x, scale, shift, eps):
    return (1 + scale[:, None, None]) * x + shift[:, None, None]


@wrong("adain", "the shift is scaled as well: it is added last")
def shift_before_scale(x, scale, shift, eps):
    return _styled(x, scale, (1 + scale) * shift, eps)


@wrong("adain", "every image gets the first one's style")
def first_style(x, scale, shift, eps):
    return _styled(x, np.broadcast_to(scale[0], scale.shape), np.broadcast_to(shift[0], shift.shape), eps)


@wrong("adain", "changes its input x", compared=False)
def in_the_callers_image(x, scale, shift, eps):
    y = _styled(x, scale, shift, eps)
    x -= x.mean(axis=(1, 2), keepdims=True)
    return y


@wrong("adain", "calls minigen", compared=False)
def standardised_by_the_library(x, scale, shift, eps):
    y, _, _ = mg.standardize(x, (1, 2), eps)
    return (1 + scale[:, None, None]) * y + shift[:, None, None]


# ------------------------------------------------------------------------------------------- continuous_bound


def _bound(variance, entropy=0.6931471805599453):
    return float(entropy - 0.5 * np.log(2 * np.pi * variance) - 0.5)


@wrong("continuous_bound", "the variance is taken around the errors' own mean: a shift is an error too")
def around_the_mean_error(codes, means):
    return _bound(np.var(codes - means) + 1e-300)


@wrong("continuous_bound", "s is 1: a narrower or wider Q gives more")
def unit_deviation(codes, means):
    return float(np.log(2) - 0.5 * np.log(2 * np.pi) - 0.5 * np.mean((codes - means) ** 2))


@wrong("continuous_bound", "the entropy of the code is missing: its density is 1/2, so H(c) = log 2")
def no_entropy(codes, means):
    return _bound(np.mean((codes - means) ** 2), 0.0)


@wrong("continuous_bound", "the last term of the normal density is missing: with the best s it is 1/2 on average")
def no_half(codes, means):
    return _bound(np.mean((codes - means) ** 2)) + 0.5


@wrong("continuous_bound", "the factor of the normal density is missing, 1 / sqrt(2 pi)")
def no_two_pi(codes, means):
    return _bound(np.mean((codes - means) ** 2) / (2 * np.pi))


@wrong("continuous_bound", "each fake has an s of its own: one s for all is asked for")
def own_deviations(codes, means):
    return float(np.mean([_bound((c - m) ** 2) for c, m in zip(codes, means, strict=True)]) + 1e-3)


@wrong("continuous_bound", "s is the mean absolute error: the best one is the root of the mean square")
def absolute(codes, means):
    s = np.abs(codes - means).mean() * 1.0001
    return float(np.log(2) - np.log(s) - 0.5 * np.log(2 * np.pi) - np.mean((codes - means) ** 2) / (2 * s * s))


@wrong("continuous_bound", "the bound may be negative")
def never_negative(codes, means):
    return max(0.0, _bound(np.mean((codes - means) ** 2)))


@wrong("continuous_bound", "the sum of the squares is taken: the mean")
def summed_squares(codes, means):
    return _bound(np.sum((codes - means) ** 2) * 1.0001)


@wrong("continuous_bound", "calls minigen", compared=False)
def logarithm_of_the_library(codes, means):
    return float(np.log(2) - 0.5 * mg.log(2 * np.pi * np.mean((codes - means) ** 2)).item() - 0.5)


# -------------------------------------------------------------------------------------------------- find_code


def _error(z, w1, b1, w2, b2, wanted, drawn):
    return (((np.tanh(z @ w1 + b1) @ w2 + b2 - wanted)[..., drawn]) ** 2).sum(axis=-1)


@wrong("find_code", "error, as a share of that of z = 0", compared=False)
def at_the_mean(w1, b1, w2, b2, wanted, drawn):
    return np.zeros(len(w1))


@wrong("find_code", "error, as a share of that of z = 0", compared=False)
def ten_tries(w1, b1, w2, b2, wanted, drawn):
    tries = np.random.default_rng(0).standard_normal((10, len(w1)))
    return tries[np.argmin(_error(tries, w1, b1, w2, b2, wanted, drawn))]


@wrong("find_code", "error, as a share of that of z = 0", compared=False)
def one_linear_step(w1, b1, w2, b2, wanted, drawn):
    hidden = np.tanh(b1)
    slopes = ((1 - hidden**2) * w1) @ w2
    z = np.linalg.lstsq(slopes[:, drawn].T, (wanted - hidden @ w2 - b2)[drawn], rcond=None)[0]
    return z * min(1, 3.9 / np.sqrt(z @ z))


@wrong("find_code", "error, as a share of that of z = 0", compared=False)
def undrawn_pixels_count(w1, b1, w2, b2, wanted, drawn):
    return ref.find_code(w1, b1, w2, b2, wanted, np.ones_like(drawn))


@wrong("find_code", "4 is the longest that is allowed", compared=False)
def far_out(w1, b1, w2, b2, wanted, drawn):
    return np.full(len(w1), 9.0)


@wrong("find_code", "finite numbers, got an array of shape", compared=False)
def the_image(w1, b1, w2, b2, wanted, drawn):
    return wanted


EQUIVALENT = {
    "with_class_planes: without the call: (labels[:, None] == np.arange(classes)).astype(x.dtype)": (
        "np.concatenate turns True and False into numbers of x's type"
    ),
    "with_class_planes: : dropped from (:, None, None, :) (2)": "an index that is left out at the end takes all",
    "with_class_planes: classes at least 1": "there is at least one class",
    "information_bound: np.nan_to_num(np.log(...)) for np.log(np.exp(shifted).sum(axis=1, keepdims=True))": (
        "one of the exponentials is 1, so the logarithm is finite"
    ),
    "information_bound: np.log(np.maximum(..., 1e-8)) for np.log(np.exp(shifted).sum(axis=1, keepdims=True))": (
        "the sum is 1 or more, as one of the exponentials is 1"
    ),
    "information_bound: np.nan_to_num(np.log(...)) for np.log(k)": "k is 1 or more, so the logarithm is finite",
    "information_bound: np.log(np.maximum(..., 1e-8)) for np.log(k)": "k is 1 or more, so the maximum is k",
    "information_bound: np.exp(np.clip(..., -50, 50)) for np.exp(shifted)": "e^-50 beside 1: float64 rounds it away",
    "information_gradient: np.exp(np.clip(..., -50, 50)) for np.exp(logits - logits.max(axis=1, keepdims=True))": (
        "e^-50 beside 1: float64 rounds it away"
    ),
    "continuous_bound: np.nan_to_num(np.log(...)) for np.log(2 * np.pi * variance)": "the variance is above 0",
    "continuous_bound: codes clipped at +-20": "codes are between -1 and 1",
    "continuous_bound: codes clipped at +-100": "codes are between -1 and 1",
    "continuous_bound: codes and means exchanged": "their squared difference is the same",
}
