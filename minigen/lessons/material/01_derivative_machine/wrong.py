"""Classic wrong answers to the exercises of lesson 1."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


# --------------------------------------------------------------------------------------------------- backward


def _pass(inputs, slopes, order, put):
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in order:
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            put(total, i, total[k] * slope)
    return total


def _add(total, i, value):
    total[i] += value


def _set(total, i, value):
    total[i] = value


@wrong("backward", "you assign with = where you need +=: a node used several times gets something from each use")
def assigns(inputs, slopes):
    return _pass(inputs, slopes, reversed(range(len(inputs))), _set)


@wrong("backward", "the first node goes first: it hands on before anything has arrived; go from the last to the first")
def first_to_last(inputs, slopes):
    return _pass(inputs, slopes, range(len(inputs)), _add)


@wrong("backward", "the last node has 0: its derivative with respect to itself is 1")
def no_start(inputs, slopes):
    return np.zeros(len(inputs))


@wrong("backward", "what arrives from behind is ignored: multiply the slope by total[k]")
def local_slopes(inputs, slopes):
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in reversed(range(len(inputs))):
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += slope
    return total


@wrong("backward", "slopes along a chain are multiplied, not added")
def adds_slopes(inputs, slopes):
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in reversed(range(len(inputs))):
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += total[k] + slope
    return total


@wrong("backward", "only the first input of each node gets something: go through all of inputs[k]")
def first_input(inputs, slopes):
    return ref.backward(tuple(i[:1] for i in inputs), tuple(s[:1] for s in slopes))


@wrong("backward", "an input that is used twice by one node counts once: go through inputs[k] with its repetitions")
def uses_as_a_set(inputs, slopes):
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in reversed(range(len(inputs))):
        for i, slope in dict(zip(inputs[k], slopes[k], strict=True)).items():
            total[i] += total[k] * slope
    return total


@wrong("backward", "it begins at the last node but one: start with k = len(inputs) - 1")
def one_too_late(inputs, slopes):
    total = np.zeros(len(inputs))
    total[-2:] = 1.0
    for k in reversed(range(len(inputs) - 1)):
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += total[k] * slope
    return total


@wrong("backward", "calls the reference itself", compared=False)
def the_reference(inputs, slopes):
    return cheat.backward(inputs, slopes)


# ------------------------------------------------------------------------------------------ multiply_backward


@wrong("multiply_backward", "da and db are exchanged: the slope with respect to A is B")
def exchanged(g, a, b):
    return g * a, g * b


@wrong("multiply_backward", "the upstream gradient is ignored: multiply by g")
def no_upstream(g, a, b):
    return b.copy(), a.copy()


@wrong("multiply_backward", "g alone is the rule of the sum: here the slopes are B and A")
def of_the_sum(g, a, b):
    return g.copy(), g.copy()


@wrong("multiply_backward", "that is g times the result: the slope of a b in a is b, not a b")
def times_the_result(g, a, b):
    return g * a * b, g * a * b


@wrong("multiply_backward", "db has the wrong sign: that is the rule of the quotient")
def of_the_quotient(g, a, b):
    return g * b, -g * a


@wrong("multiply_backward", "it is divided by the number of entries: g already holds any 1/N")
def averaged(g, a, b):
    return g * b / g.size, g * a / g.size


@wrong("multiply_backward", "only da is right: db is zero everywhere")
def half(g, a, b):
    return g * b, np.zeros_like(b)


@wrong("multiply_backward", "calls minigen", compared=False)
def the_library(g, a, b):
    a, b = mg.tensor(a, requires_grad=True), mg.tensor(b, requires_grad=True)
    da, db = mg.grad((a * b * mg.tensor(g)).sum(), [a, b])
    return da.numpy(), db.numpy()


@wrong("multiply_backward", "changes its input g", compared=False)
def in_place(g, a, b):
    db = g * a
    g *= b
    return g, db


# -------------------------------------------------------------------------------------------- matmul_backward


@wrong("matmul_backward", "the upstream gradient is ignored: multiply by g")
def ones_upstream(g, a, b):
    return ref.matmul_backward(np.ones_like(g), a, b)


@wrong("matmul_backward", "the results are transposed: da has A's shape")
def transposed(g, a, b):
    return b @ g.T, g.T @ a


@wrong("matmul_backward", "the results are exchanged: da comes first")
def in_the_other_order(g, a, b):
    da, db = ref.matmul_backward(g, a, b)
    return db, da


@wrong("matmul_backward", "it is divided by the number of rows: every row adds its share, and g already holds any 1/N")
def mean_over_rows(g, a, b):
    return g @ b.T / len(g), a.T @ g / len(g)


@wrong("matmul_backward", "the sign is flipped")
def negative(g, a, b):
    return -(g @ b.T), -(a.T @ g)


@wrong("matmul_backward", "db counts only the first row: sum over all rows n")
def first_row(g, a, b):
    return g @ b.T, a[:1].T @ g[:1]


@wrong("matmul_backward", "da is right, and db is zero everywhere")
def only_da(g, a, b):
    return g @ b.T, np.zeros_like(b)


@wrong("matmul_backward", "numeric differentiation", compared=False)
def measured(g, a, b):
    def differences(f, x, h=1e-5):
        out = np.zeros_like(x)
        for index in np.ndindex(*x.shape):
            step = np.zeros_like(x)
            step[index] = h
            out[index] = (f(x + step) - f(x - step)) / (2 * h)
        return out

    return differences(lambda x: (g * (x @ b)).sum(), a), differences(lambda x: (g * (a @ x)).sum(), b)


@wrong("matmul_backward", "calls the reference itself", compared=False)
def of_the_reference(g, a, b):
    return cheat.matmul_backward(g, a, b)


# ------------------------------------------------------------------------------------------------ unbroadcast


def _summed(g, shape, total):
    g = total(g, tuple(range(g.ndim - len(shape))), False)
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)
    return total(g, stretched, True)


@wrong("unbroadcast", "you take the mean: at a fork gradients add up")
def mean(g, shape):
    return _summed(g, shape, lambda a, axes, keep: a.mean(axis=axes, keepdims=keep) if axes else a)


@wrong("unbroadcast", "only the first repetition counts: sum over all of them")
def first(g, shape):
    g = g[(0,) * (g.ndim - len(shape))]
    return g[tuple(slice(1) if n == 1 else slice(None) for n in shape)].copy()


@wrong("unbroadcast", "the stretched axes are left: sum over the axes of length 1 in shape too")
def new_axes_only(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


@wrong("unbroadcast", "the stretched axes are lost: keepdims=True keeps them, with length 1")
def without_keepdims(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return np.asarray(g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)))


@wrong("unbroadcast", "the new axes are left: sum over the g.ndim - len(shape) axes in front")
def stretched_only(g, shape):
    extra = g.ndim - len(shape)
    return g.sum(axis=tuple(i + extra for i, n in enumerate(shape) if n == 1), keepdims=True)


@wrong("unbroadcast", "the new axes are looked for at the end: broadcasting puts them in front")
def at_the_end(g, shape):
    extra = g.ndim - len(shape)
    return g.sum(axis=tuple(range(g.ndim - extra, g.ndim))) if extra else _summed(g, shape, _plain)


def _plain(a, axes, keep):
    return a.sum(axis=axes, keepdims=keep)


@wrong("unbroadcast", "calls minigen", compared=False)
def library(g, shape):
    return mg.autodiff.broadcast.unbroadcast(g, shape)


@wrong("unbroadcast", "the largest is kept: at a fork gradients add up")
def largest(g, shape):
    return _summed(g, shape, lambda a, axes, keep: a.max(axis=axes, keepdims=keep) if axes else a)
