"""Classic wrong answers to the exercises of lesson 2."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

EQUIVALENT = {
    "numeric_gradient: dropped: x = x.copy()": "every entry is put back exactly, so the input is what it was",
    "numeric_gradient: without the call: x.copy()": "every entry is put back exactly, so the input is what it was",
    "numeric_gradient: h at least 1e-6": "the step is large here, as the task says",
    "best_step: f3 zeros replaced by 0.001": "no third derivative is 0, as the task says",
    "best_step: result at least 0": "a step is positive, and 0 where f is 0",
    "error_ratios: result at least 0": "a ratio of absolute values is never negative",
    "stencil: without the call: (powers == 1).astype(np.float64)": "solve takes booleans as the numbers 0 and 1",
}


# ------------------------------------------------------------------------------------------- numeric_gradient


def _each(x, slope):
    """An array of x's shape: slope(e) for each entry, with e 1 in it and 0 in all others."""
    result = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        e = np.zeros_like(x)
        e[i] = 1.0
        result[i] = slope(e)
    return result


@wrong("numeric_gradient", "that is the forward difference: go h to both sides, f(x + h e) - f(x - h e) over 2h")
def forward_difference(x, w, h):
    return _each(x, lambda e: (ref.smooth_max(x + h * e, w) - ref.smooth_max(x, w)) / h)


@wrong("numeric_gradient", "that is the backward difference: go h to both sides, f(x + h e) - f(x - h e) over 2h")
def backward_difference(x, w, h):
    return _each(x, lambda e: (ref.smooth_max(x, w) - ref.smooth_max(x - h * e, w)) / h)


@wrong("numeric_gradient", "it is divided by h: from x - h to x + h it is 2h")
def over_h(x, w, h):
    return 2 * ref.numeric_gradient(x, w, h)


@wrong("numeric_gradient", "it is multiplied by h: a / 2 * h means (a / 2) * h; write / (2 * h)")
def without_brackets(x, w, h):
    return ref.numeric_gradient(x, w, h) * h * h


@wrong("numeric_gradient", "the difference is not divided by the distance: divide by 2h")
def only_the_difference(x, w, h):
    return ref.numeric_gradient(x, w, h) * 2 * h


@wrong("numeric_gradient", "the sign is flipped: it is f to the right minus f to the left")
def left_minus_right(x, w, h):
    return -ref.numeric_gradient(x, w, h)


@wrong("numeric_gradient", "all entries move at once: move one, and leave all others where they are")
def all_at_once(x, w, h):
    return np.full_like(x, (ref.smooth_max(x + h, w) - ref.smooth_max(x - h, w)) / (2 * h))


@wrong("numeric_gradient", "an entry is not put back before the next one moves")
def not_put_back(x, w, h):
    x, result = x.copy(), np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        x[i] += h
        right = ref.smooth_max(x, w)
        x[i] -= 2 * h
        result[i] = (right - ref.smooth_max(x, w)) / (2 * h)
    return result


@wrong("numeric_gradient", "whole rows move: x[i] is a row if x is a matrix; loop over np.ndindex(*x.shape)")
def row_by_row(x, w, h):
    result = np.zeros_like(x)
    for i in range(len(x)):
        e = np.zeros_like(x)
        e[i] = h
        result[i] = (ref.smooth_max(x + e, w) - ref.smooth_max(x - e, w)) / (2 * h)
    return result


@wrong("numeric_gradient", "w moves and x stays: it is the gradient with respect to the wrong array")
def by_the_weights(x, w, h):
    return ref.numeric_gradient(w, x, h)


TOO_EXACT = "that is too exact: a formula, or a tiny step of your own; measure it with the h that is given"


@wrong("numeric_gradient", TOO_EXACT)
def own_step(x, w, h):
    return ref.numeric_gradient(x, w, 1e-5)


@wrong("numeric_gradient", TOO_EXACT)
def from_the_formula(x, w, h):
    e = np.exp(w * x)
    return w * e / e.sum()


@wrong("numeric_gradient", "it is zero everywhere: nothing is ever written into the result")
def zeros(x, w, h):
    return np.zeros_like(x)


@wrong("numeric_gradient", "changes its input x", compared=False)
def put_back_by_arithmetic(x, w, h):
    result = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        x[i] += h
        right = ref.smooth_max(x, w)
        x[i] -= 2 * h
        result[i] = (right - ref.smooth_max(x, w)) / (2 * h)
        x[i] += h  # x + h - 2h + h is not always x
    return result


@wrong("numeric_gradient", "calls minigen", compared=False)
def measured_by_the_library(x, w, h):
    slopes = mg.autodiff.numeric_derivatives(lambda a: ref.smooth_max(a, w), x.copy(), np.ndindex(*x.shape), h)
    return slopes[:, 0].reshape(x.shape)


@wrong("numeric_gradient", "calls the reference itself", compared=False)
def measured_by_the_reference(x, w, h):
    return cheat.numeric_gradient(x, w, h)


# -------------------------------------------------------------------------------------------------- best_step


@wrong("best_step", "you set the two errors equal: the sum is smallest where its derivative is 0; that gives 3, not 6")
def equal_parts(f, f3, eps):
    return np.cbrt(6 * eps * np.abs(f / f3))


@wrong("best_step", "the factor 3 is missing: the derivative of h^2 / 6 is h / 3")
def no_three(f, f3, eps):
    return np.cbrt(eps * np.abs(f / f3))


@wrong("best_step", "that is a square root: it would be right for the forward difference; here it says h^3 = ...")
def square_root(f, f3, eps):
    return np.sqrt(3 * eps * np.abs(f / f3))


@wrong("best_step", "that is h^3: the cube root is missing")
def cubed(f, f3, eps):
    return 3 * eps * np.abs(f / f3)


@wrong("best_step", "it is divided by 3: 1/3 is the exponent; write ** (1 / 3), with brackets")
def power_without_brackets(f, f3, eps):
    return 3 * eps * np.abs(f / f3) / 3


@wrong("best_step", "|f| and |f'''| are exchanged: a curve that bends more asks for a smaller step")
def upside_down(f, f3, eps):
    return np.cbrt(3 * eps * np.abs(f3 / f))


@wrong("best_step", "f and f''' may be negative, a step is not: take np.abs of both")
def negative_steps(f, f3, eps):
    return np.cbrt(3 * eps * f / f3)


@wrong("best_step", "f and f''' may be negative, and a negative number has no power 1/3: take np.abs of both")
def powers_of_negative_numbers(f, f3, eps):
    return (3 * eps * f / f3) ** (1 / 3)


@wrong("best_step", "eps is written into the code: it is an argument, and larger in float32")
def eps_of_float64(f, f3, eps):
    return np.cbrt(3 * 1.1e-16 * np.abs(f / f3))


@wrong("best_step", "1e-5 for all: the best step depends on f, f''' and eps")
def rule_of_thumb(f, f3, eps):
    return np.full_like(f, 1e-5)


@wrong("best_step", "that is the error at the best step, and not the step")
def smallest_error(f, f3, eps):
    h = ref.best_step(f, f3, eps)
    return eps * np.abs(f) / h + h * h * np.abs(f3) / 6


@wrong("best_step", "changes its input f", compared=False)
def absolute_in_place(f, f3, eps):
    return np.cbrt(3 * eps * np.abs(f, out=f) / np.abs(f3))


@wrong("best_step", "calls the reference itself", compared=False)
def step_of_the_reference(f, f3, eps):
    return cheat.best_step(f, f3, eps)


# ------------------------------------------------------------------------------------------- softmax_backward


@wrong("softmax_backward", "zeros are the gradient for an upstream of all ones alone; this one is random")
def zeros_everywhere(y, g):
    return np.zeros_like(y)


@wrong("softmax_backward", "that is the rule of the sigmoid: here every output depends on all inputs of its row")
def of_the_sigmoid(y, g):
    return g * y * (1 - y)


@wrong("softmax_backward", "the second term is missing: subtract the sum of G Y over each row from G")
def without_the_sum(y, g):
    return g * y


@wrong("softmax_backward", "the factor Y in front is missing")
def without_the_factor(y, g):
    return g - (g * y).sum(axis=1, keepdims=True)


@wrong("softmax_backward", "the sum is one of G: it is the sum of G Y, the mean of G under the probabilities Y")
def sum_of_g(y, g):
    return y * (g - g.sum(axis=1, keepdims=True))


@wrong("softmax_backward", "you take the mean over the row: it is a sum; Y already has the weights")
def mean_of_the_row(y, g):
    return y * (g - (g * y).mean(axis=1, keepdims=True))


@wrong("softmax_backward", "you sum over the batch: sum over the row, axis=1")
def sum_over_the_batch(y, g):
    return y * (g - (g * y).sum(axis=0, keepdims=True))


@wrong("softmax_backward", "you sum over everything: each row has its own sum, axis=1 with keepdims=True")
def sum_over_everything(y, g):
    return y * (g - (g * y).sum())


@wrong("softmax_backward", "that is the rule of log softmax: what was computed here is Y itself")
def of_log_softmax(y, g):
    return g - y * g.sum(axis=1, keepdims=True)


@wrong("softmax_backward", "the sign is flipped")
def negative(y, g):
    return -ref.softmax_backward(y, g)


@wrong("softmax_backward", "it is divided by the number of rows: g already holds any 1/N")
def over_the_rows(y, g):
    return ref.softmax_backward(y, g) / len(y)


@wrong("softmax_backward", "those are all derivatives (N, K, K): multiply by G and sum over k")
def jacobians(y, g):
    return y[:, :, None] * (np.eye(y.shape[1]) - y[:, None, :])


@wrong("softmax_backward", "the precision of numeric differentiation", compared=False)
def measured(y, g, h=1e-5):
    def loss(x):
        e = np.exp(x)
        return (e / e.sum(axis=1, keepdims=True) * g).sum()

    x = np.log(y)
    return _each(x, lambda e: (loss(x + h * e) - loss(x - h * e)) / (2 * h))


@wrong("softmax_backward", "changes its input g", compared=False)
def in_place(y, g):
    g -= (g * y).sum(axis=1, keepdims=True)
    return y * g


@wrong("softmax_backward", "calls minigen", compared=False)
def of_the_library(y, g):
    x = mg.tensor(np.log(y), requires_grad=True)
    return mg.grad((mg.softmax(x) * mg.tensor(g)).sum(), [x])[0].numpy()


@wrong("softmax_backward", "calls the reference itself", compared=False)
def of_the_reference(y, g):
    return cheat.softmax_backward(y, g)


@wrong("softmax_backward", "y is cut off: small probabilities are small, and not 1e-7; use y as it is")
def clipped(y, g):
    y = np.clip(y, 1e-7, 1 - 1e-7)
    return y * (g - (g * y).sum(axis=1, keepdims=True))


@wrong("softmax_backward", "a little is added to y: small probabilities are small, and nothing divides by them")
def shifted(y, g):
    y = y + 1e-8
    return y * (g - (g * y).sum(axis=1, keepdims=True))


# ----------------------------------------------------------------------------------------------- error_ratios


def _finite(analytic, numeric, ratios):
    return np.where(np.isfinite(analytic) & np.isfinite(numeric), ratios, np.inf)


@wrong("error_ratios", "NaN is left: `ratio > 1` is false for NaN, so a gradient of NaN would count as right")
def leaves_nan(analytic, numeric, rtol, atol):
    return np.abs(analytic - numeric) / (atol + rtol * np.abs(numeric))


@wrong("error_ratios", "NaN becomes 0: the entries that are most wrong would count as right")
def nan_to_zero(analytic, numeric, rtol, atol):
    return np.nan_to_num(leaves_nan(analytic, numeric, rtol, atol), nan=0.0, posinf=np.inf)


@wrong("error_ratios", "two infinities count as equal: nothing has been shown there; the ratio is infinite")
def infinities_are_equal(analytic, numeric, rtol, atol):
    equal = np.isinf(analytic) & (analytic == numeric)
    return np.where(equal, 0.0, ref.error_ratios(analytic, numeric, rtol, atol))


@wrong("error_ratios", "the numerator needs np.abs: an error below 0 is as bad as one above")
def no_absolute_value(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, (analytic - numeric) / (atol + rtol * np.abs(numeric)))


@wrong("error_ratios", "the denominator needs |numeric|: with negative slopes it would vanish or turn negative")
def no_absolute_value_below(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, np.abs(analytic - numeric) / (atol + rtol * numeric))


@wrong("error_ratios", "atol is missing: where the measured slope is 0 it is a division by 0")
def relative_only(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, np.abs(analytic - numeric) / (rtol * np.abs(numeric)))


@wrong("error_ratios", "rtol is missing: a slope of 1000 cannot be measured to 1e-5")
def absolute_only(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, np.abs(analytic - numeric) / atol)


@wrong("error_ratios", "rtol and atol are exchanged")
def exchanged(analytic, numeric, rtol, atol):
    return ref.error_ratios(analytic, numeric, atol, rtol)


@wrong("error_ratios", "it is relative to the analytic gradient: that is the one in doubt; a huge wrong one would pass")
def relative_to_the_suspect(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, np.abs(analytic - numeric) / (atol + rtol * np.abs(analytic)))


@wrong("error_ratios", "atol and rtol |numeric| are added: you take the larger one")
def the_larger(analytic, numeric, rtol, atol):
    return _finite(analytic, numeric, np.abs(analytic - numeric) / np.maximum(atol, rtol * np.abs(numeric)))


@wrong("error_ratios", "one size for all: small entries hide behind the largest; use |numeric[i]| of each")
def one_size_for_all(analytic, numeric, rtol, atol):
    largest = np.abs(numeric[np.isfinite(numeric)]).max()
    return _finite(analytic, numeric, np.abs(analytic - numeric) / (atol + rtol * largest))


@wrong("error_ratios", "that is one number: keep the ratio of each entry, the message has to say which is wrong")
def worst_only(analytic, numeric, rtol, atol):
    return float(ref.error_ratios(analytic, numeric, rtol, atol).max())


@wrong("error_ratios", "that is right or wrong: return the ratios, and compare them with 1 later")
def verdicts(analytic, numeric, rtol, atol):
    return ref.error_ratios(analytic, numeric, rtol, atol) > 1


@wrong("error_ratios", "changes its input analytic", compared=False)
def subtracts_in_place(analytic, numeric, rtol, atol):
    ratios = ref.error_ratios(analytic, numeric, rtol, atol)
    analytic -= numeric
    return ratios


@wrong("error_ratios", "calls the reference itself", compared=False)
def ratios_of_the_reference(analytic, numeric, rtol, atol):
    return cheat.error_ratios(analytic, numeric, rtol, atol)


# ---------------------------------------------------------------------------------------------------- stencil


def _solve(offsets, right):
    return np.linalg.solve(offsets ** np.arange(len(offsets))[:, None], right)


@wrong("stencil", "these are the weights of the value: the derivative of x^p at 0 is 1 for p = 1, and not for p = 0")
def of_the_value(offsets):
    return _solve(offsets, np.eye(len(offsets))[0])


@wrong("stencil", "the matrix is transposed: row p holds the powers p of all offsets")
def transposed(offsets):
    powers = np.arange(len(offsets))
    return np.linalg.solve(offsets[:, None] ** powers, (powers == 1).astype(np.float64))


@wrong("stencil", "the weights belong to the sorted offsets: give them in the order of the offsets")
def in_sorted_order(offsets):
    return ref.stencil(np.sort(offsets))


@wrong("stencil", "only the two outermost points get weights: that is right for two points")
def two_points(offsets):
    w = np.zeros(len(offsets))
    low, high = offsets.argmin(), offsets.argmax()
    w[high] = 1 / (offsets[high] - offsets[low])
    w[low] = -w[high]
    return w


@wrong("stencil", "the equation of f = 1 is missing: the weights must add up to 0, or constants get a slope")
def without_the_constant(offsets):
    n = len(offsets)
    return np.linalg.lstsq(offsets ** np.arange(1, n)[:, None], np.eye(n - 1)[0], rcond=None)[0]


@wrong("stencil", "the sign is flipped")
def mirrored(offsets):
    return -ref.stencil(offsets)


@wrong("stencil", "that is a line fitted by least squares: the formula has to be exact up to the degree n - 1")
def fitted_line(offsets):
    away = offsets - offsets.mean()
    return away / (away * away).sum()


@wrong("stencil", "calls the reference itself", compared=False)
def stencil_of_the_reference(offsets):
    return cheat.stencil(offsets)


# ------------------------------------------------------------------------------------------------ sharp_slope


@wrong("sharp_slope", "right digits", compared=False)
def central_1e5(x):
    return (ref.winding(x + 1e-5) - ref.winding(x - 1e-5)) / 2e-5


@wrong("sharp_slope", "right digits", compared=False)
def tiny_step(x):
    return (ref.winding(x + 1e-12) - ref.winding(x - 1e-12)) / 2e-12


@wrong("sharp_slope", "right digits", compared=False)
def forward_1e8(x):
    return (ref.winding(x + 1e-8) - ref.winding(x)) / 1e-8


@wrong("sharp_slope", "(goal: at least 11.5)", compared=False)
def four_points_too_far(x):
    def central(h):
        return (ref.winding(x + h) - ref.winding(x - h)) / (2 * h)

    return (4 * central(0.005) - central(0.01)) / 3


@wrong("sharp_slope", "(goal: at least 11.5)", compared=False)
def mean_of_many(x):
    steps = np.geomspace(1e-6, 1e-5, 50)
    return np.mean([(ref.winding(x + h) - ref.winding(x - h)) / (2 * h) for h in steps], axis=0)


@wrong("sharp_slope", "the slopes have shape", compared=False)
def one_slope(x):
    return np.array([winding_slope(x).mean()])


def winding_slope(x):
    return ref.winding(x + 1e-20j).imag / 1e-20


@wrong("sharp_slope", "calls the reference itself", compared=False)
def slope_of_the_reference(x):
    return cheat.sharp_slope(x)
