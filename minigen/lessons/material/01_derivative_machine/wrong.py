"""Classic wrong answers to the exercises of lesson 1."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

EQUIVALENT = {
    "backward: without the last: for k in reversed(range(len(inputs))):": "node 0 is always a variable",
    "unbroadcast: only n == 1 of n == 1 and g.shape[i] != 1": "a sum over an axis of length 1 changes nothing",
    "unbroadcast: <= in n == 1": "an axis has at least one entry",
    "unbroadcast: > in g.shape[i] != 1": "an axis has at least one entry",
    "unbroadcast: not indexed: g.shape[i]": "a sum over an axis of length 1 changes nothing",
    "unbroadcast: 0 for 1 in stretched = tuple((i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)) (2)": (
        "a sum over an axis of length 1 changes nothing"
    ),
    "unbroadcast: -1 for 1 in stretched = tuple((i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1)) (2)": (
        "a sum over an axis of length 1 changes nothing"
    ),
}


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


@wrong("backward", "two uses with equal slopes count once, as in x + x: go through inputs[k] with its repetitions")
def pairs_as_a_set(inputs, slopes):
    pairs = [tuple(set(zip(*both, strict=True))) for both in zip(inputs, slopes, strict=True)]
    return ref.backward(*(tuple(tuple(pair[part] for pair in of) for of in pairs) for part in (0, 1)))


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


@wrong("backward", "it ends at the first variable: variables can stand in the middle; go through all nodes")
def ends_at_a_variable(inputs, slopes):
    total = np.zeros(len(inputs))
    total[-1] = 1.0
    for k in reversed(range(len(inputs))):
        if not inputs[k]:
            break
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += total[k] * slope
    return total


def _keeping():
    kept = {}

    def backward(inputs, slopes):
        total = kept.setdefault(len(inputs), np.zeros(len(inputs)))
        total[-1] = 1.0
        for k in reversed(range(len(inputs))):
            for i, slope in zip(inputs[k], slopes[k], strict=True):
                total[i] += total[k] * slope
        return total.copy()

    return backward


keeps = _keeping()


@wrong("backward", "is wrong in", compared=False)
def keeps_state_between_calls(inputs, slopes):
    return keeps(inputs, slopes)


@wrong("backward", "it begins at the last node that has inputs: begin at the last one, whatever it is")
def begins_at_the_last_result(inputs, slopes):
    total = np.zeros(len(inputs))
    total[max((k for k, uses in enumerate(inputs) if uses), default=-1)] = 1.0
    for k in reversed(range(len(inputs))):
        for i, slope in zip(inputs[k], slopes[k], strict=True):
            total[i] += total[k] * slope
    return total


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


@wrong(
    "multiply_backward", "you divide the result by A: that fails where A is 0; the slope with respect to A is B itself"
)
def divides_again(g, a, b):
    y = a * b
    return np.nan_to_num(g * y / a), np.nan_to_num(g * y / b)


@wrong("multiply_backward", "you divide by A or B: that is NaN where it is 0; the slope with respect to A is B itself")
def divides(g, a, b):
    y = a * b
    return g * y / a, g * y / b


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


@wrong("matmul_backward", "a transposition is missing: for square matrices the shape is right all the same")
def not_transposed_where_square(g, a, b):
    if g.shape == a.shape == b.shape and len(g) > 1:
        return g @ b, a @ g
    return g @ b.T, a.T @ g


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


@wrong("unbroadcast", "only one or two new axes are summed: there can be more, g.ndim - len(shape) of them")
def two_new_axes(g, shape):
    g = g.sum(axis=tuple(range(min(g.ndim - len(shape), 2))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 and g.shape[i] != 1), keepdims=True)


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


@wrong("unbroadcast", "axes are found by their sizes: with equal sizes none is found; new axes stand in front")
def axes_by_size(g, shape):
    total = g.sum(axis=tuple(i for i, n in enumerate(g.shape) if n not in shape), keepdims=True)
    return total.reshape(shape) if total.size == np.prod(shape) else total


@wrong("unbroadcast", "all axes of length 1 are lost")
def squeezed(g, shape):
    return np.squeeze(_summed(g, shape, _plain))


# ----------------------------------------------------------------------------------------- normalize_backward


def _parts(x):
    length = np.sqrt((x * x).sum(axis=1, keepdims=True))
    return length, x / length


@wrong("normalize_backward", "that is the direct way alone: the length is made of x too, so a second part comes back")
def length_is_constant(g, x):
    return g / _parts(x)[0]


@wrong("normalize_backward", "the division by the length is missing")
def not_divided(g, x):
    y = _parts(x)[1]
    return g - y * (g * y).sum(axis=1, keepdims=True)


@wrong(
    "normalize_backward",
    "the two parts are added: the one that comes through the length is negative, as 1/r falls with r",
)
def added(g, x):
    length, y = _parts(x)
    return (g + y * (g * y).sum(axis=1, keepdims=True)) / length


@wrong("normalize_backward", "only one entry comes back through the length: all entries of the row do; sum over them")
def without_the_sum(g, x):
    length, y = _parts(x)
    return (g - y * g * y) / length


@wrong("normalize_backward", "the sum takes g alone: each g[k] comes back with its y[k]")
def sum_of_g(g, x):
    length, y = _parts(x)
    return (g - y * g.sum(axis=1, keepdims=True)) / length


@wrong("normalize_backward", "the sum runs over all rows: each row has its own length")
def sum_over_everything(g, x):
    length, y = _parts(x)
    return (g - y * (g * y).sum()) / length


@wrong("normalize_backward", "x stands where y is meant: divide by the length, or by more powers of it")
def x_for_y(g, x):
    length = _parts(x)[0]
    return (g - x * (g * x).sum(axis=1, keepdims=True)) / length


@wrong("normalize_backward", "the length is of columns: a row's is the sum over axis=1")
def by_columns(g, x):
    return ref.normalize_backward(g.T, x.T).T


@wrong("normalize_backward", "that is the rule for a sum of 1: here the sum of the squares is 1")
def of_rows_with_sum_one(g, x):
    total = x.sum(axis=1, keepdims=True)
    return (g - (g * x / total).sum(axis=1, keepdims=True)) / total


@wrong("normalize_backward", "a little is added to the length: no row is zero, so divide by the length itself")
def with_epsilon(g, x):
    length = _parts(x)[0] + 1e-8
    y = x / length
    return (g - y * (g * y).sum(axis=1, keepdims=True)) / length


@wrong("normalize_backward", "calls the reference itself", compared=False)
def normalized_by_the_reference(g, x):
    return cheat.normalize_backward(g, x)


@wrong("normalize_backward", "precision of numeric differentiation", compared=False)
def normalize_measured(g, x, h=1e-5):
    def loss(x):
        return (g * x / np.sqrt((x * x).sum(axis=1, keepdims=True))).sum()

    out = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        e = np.zeros_like(x)
        e[i] = h
        out[i] = (loss(x + e) - loss(x - e)) / (2 * h)
    return out


# ------------------------------------------------------------------------------------------------ checkpoints


@wrong("checkpoints", "values in memory at most", compared=False)
def all_kept(steps):
    return list(range(1, steps))


@wrong("checkpoints", "values in memory at most", compared=False)
def none_kept(steps):
    return []


@wrong("checkpoints", "(goal: at most 2.25)", compared=False)
def every_tenth(steps):
    return list(range(10, steps, 10))


@wrong("checkpoints", "(goal: at most 2.25)", compared=False)
def by_halves(steps):
    kept, n = [], steps
    while n > 1:
        n //= 2
        kept.append(n)
    return sorted(set(kept))


@wrong("checkpoints", "(goal: at most 2.25)", compared=False)
def ten_of_them(steps):
    return [steps * k // 11 for k in range(1, 11)]


@wrong("checkpoints", "the numbers must increase, each from 1 to steps - 1", compared=False)
def with_the_input(steps):
    return list(range(0, steps, round(steps**0.5)))


@wrong("checkpoints", "expected a list of whole numbers, got", compared=False)
def not_whole(steps):
    return [k * steps**0.5 for k in range(1, int(steps**0.5))]


@wrong("checkpoints", "calls the reference itself", compared=False)
def checkpoints_of_the_reference(steps):
    return cheat.checkpoints(steps)
