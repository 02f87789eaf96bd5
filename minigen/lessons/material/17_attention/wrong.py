"""Classic wrong answers to the exercises of lesson 17."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


def _softmax(s, axis=1):
    e = np.exp(s - s.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


# -------------------------------------------------------------------------------------------- attention_weights


@wrong("attention_weights", "the scores are not divided by the root of D")
def no_root(q, k):
    return _softmax(q @ k.T)


@wrong("attention_weights", "divided by D: it is the root of D")
def by_the_size(q, k):
    return _softmax(q @ k.T / q.shape[1])


@wrong("attention_weights", "divided by the root of the number of keys: D is the length of the vectors")
def root_of_the_keys(q, k):
    return _softmax(q @ k.T / np.sqrt(len(k)))


@wrong("attention_weights", "the columns sum to 1: each row should, as a query shares out its weight among the keys")
def over_the_queries(q, k):
    return _softmax(q @ k.T / np.sqrt(q.shape[1]), axis=0)


@wrong("attention_weights", "one sum for all queries: each row has its own")
def over_all(q, k):
    e = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return e / e.sum()


@wrong("attention_weights", "e to a large score is infinite: take the largest score of a row from it first")
def overflows(q, k):
    with np.errstate(all="ignore"):
        e = np.exp(q @ k.T / np.sqrt(q.shape[1]))
        return e / e.sum(axis=1, keepdims=True)


@wrong("attention_weights", "the largest score of all is taken from each row: rows far below it round to 0 / 0")
def one_maximum(q, k):
    s = q @ k.T / np.sqrt(q.shape[1])
    with np.errstate(all="ignore"):
        e = np.exp(s - s.max())
        return e / e.sum(axis=1, keepdims=True)


@wrong("attention_weights", "those are the scores: the softmax is missing")
def scores_alone(q, k):
    return q @ k.T / np.sqrt(q.shape[1])


@wrong("attention_weights", "calls minigen", compared=False)
def of_the_library(q, k):
    return mg.attention_weights(q[None, :, None], k[None, :, None], causal=False)[0, 0]


# --------------------------------------------------------------------------------------------- causal_attention


def _attend(q, k, v, seen):
    return _softmax(np.where(seen, q @ k.T / np.sqrt(q.shape[1]), -np.inf)) @ v


@wrong("causal_attention", "no mask: the queries see later keys")
def no_mask(q, k, v):
    return _softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


@wrong("causal_attention", "the queries are the first places: they should be the last ones, and see Tk - Tq keys more")
def first_places(q, k, v):
    return _attend(q, k, v, np.tri(len(q), len(k), dtype=bool))


@wrong("causal_attention", "a query sees the next key, too")
def one_too_many(q, k, v):
    return _attend(q, k, v, np.tri(len(q), len(k), len(k) - len(q) + 1, dtype=bool))


@wrong("causal_attention", "masked after the softmax: the weights that are left do not sum to 1")
def masked_afterwards(q, k, v):
    return _softmax(q @ k.T / np.sqrt(q.shape[1])) * np.tri(len(q), len(k), len(k) - len(q)) @ v


@wrong("causal_attention", "hidden scores are set to 0, and e^0 is 1: they should be minus infinity")
def masked_with_zero(q, k, v):
    return _softmax(q @ k.T / np.sqrt(q.shape[1]) * np.tri(len(q), len(k), len(k) - len(q))) @ v


@wrong("causal_attention", "hidden scores are set to a number that others can be below: use minus infinity")
def masked_with_a_number(q, k, v):
    s = np.where(np.tri(len(q), len(k), len(k) - len(q), dtype=bool), q @ k.T / np.sqrt(q.shape[1]), -1e9)
    return _softmax(s) @ v


@wrong("causal_attention", "the largest score is looked for among hidden ones too, and what is seen rounds to 0")
def hidden_maximum(q, k, v):
    s = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(s - s.max(axis=1, keepdims=True)) * np.tri(len(q), len(k), len(k) - len(q))
    with np.errstate(all="ignore"):
        return e / e.sum(axis=1, keepdims=True) @ v


@wrong("causal_attention", "the mask is turned round: earlier keys are hidden")
def upside_down(q, k, v):
    return _attend(q, k, v, np.tri(len(k), len(q), dtype=bool).T[:, ::1])


@wrong("causal_attention", "the scores are not divided by the root of D")
def root_forgotten(q, k, v):
    seen = np.tri(len(q), len(k), len(k) - len(q), dtype=bool)
    return _softmax(np.where(seen, q @ k.T, -np.inf)) @ v


@wrong("causal_attention", "calls minigen", compared=False)
def attention_of_the_library(q, k, v):
    return mg.attention(q[None, :, None], k[None, :, None], v[None, :, None])[0, :, 0]


# ------------------------------------------------------------------------------------------- attention_gradient


@wrong(
    "attention_gradient", "the softmax's derivative lacks its second term: weights sum to 1, so one takes from others"
)
def no_sum(g, p, q, k, v):
    ds = p * (g @ v.T) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ g


@wrong("attention_gradient", "the sum over the keys is not weighted by p")
def plain_sum(g, p, q, k, v):
    dp = g @ v.T
    ds = p * (dp - dp.sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ g


@wrong("attention_gradient", "the root of D is missing in dq and dk")
def root_missing(g, p, q, k, v):
    dq, dk, dv = ref.attention_gradient(g, p, q, k, v)
    return dq * np.sqrt(q.shape[1]), dk * np.sqrt(q.shape[1]), dv


@wrong("attention_gradient", "the root of D in dv, too: the values are not divided by it")
def root_everywhere(g, p, q, k, v):
    dq, dk, dv = ref.attention_gradient(g, p, q, k, v)
    return dq, dk, dv / np.sqrt(q.shape[1])


@wrong("attention_gradient", "the sum of the softmax's derivative is over the queries: it is over the keys of a row")
def wrong_axis(g, p, q, k, v):
    dp = g @ v.T
    ds = p * (dp - (p * dp).sum(axis=0, keepdims=True)) / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ g


@wrong("attention_gradient", "the derivative of the softmax is missing: dp is taken for ds")
def no_softmax(g, p, q, k, v):
    ds = g @ v.T / np.sqrt(q.shape[1])
    return ds @ k, ds.T @ q, p.T @ g


@wrong("attention_gradient", "the wrong sign of dq and dk")
def turned(g, p, q, k, v):
    dq, dk, dv = ref.attention_gradient(g, p, q, k, v)
    return -dq, -dk, dv


@wrong("attention_gradient", "calls minigen", compared=False)
def gradient_of_the_library(g, p, q, k, v):
    x = [mg.tensor(a[None, :, None], requires_grad=True) for a in (q, k, v)]
    mg.attention(*x).backward(g[None, :, None])
    return tuple(a.grad.numpy()[0, :, 0] for a in x)


# --------------------------------------------------------------------------------------------------- multi_head


def _heads(q, k, v, seen=None, size=None):
    """(H, T, D) each -> (T, H D)."""
    h, t, d = q.shape
    s = q @ k.transpose(0, 2, 1) / np.sqrt(size or d)
    s = np.where(np.tri(t, dtype=bool) if seen is None else seen, s, -np.inf)
    return (_softmax(s, axis=2) @ v).transpose(1, 0, 2).reshape(t, h * d)


@wrong("multi_head", "one head over all features")
def a_single_head(x, w, heads):
    return ref.multi_head(x, w, 1)


@wrong("multi_head", "divided by the root of C: each head has C / H numbers")
def root_of_all(x, w, heads):
    q, k, v = (x @ w).reshape(len(x), 3, heads, -1).transpose(1, 2, 0, 3)
    return _heads(q, k, v, size=x.shape[1])


@wrong("multi_head", "no mask: places see later ones")
def all_see_all(x, w, heads):
    q, k, v = (x @ w).reshape(len(x), 3, heads, -1).transpose(1, 2, 0, 3)
    return _heads(q, k, v, seen=True)


@wrong("multi_head", "hidden scores are set to a number that others can be below: use minus infinity")
def heads_masked_with_a_number(x, w, heads):
    q, k, v = (x @ w).reshape(len(x), 3, heads, -1).transpose(1, 2, 0, 3)
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])
    y = _softmax(np.where(np.tri(len(x), dtype=bool), scores, -1e9), axis=2) @ v
    return y.transpose(1, 0, 2).reshape(x.shape)


@wrong("multi_head", "the columns are shared out by head first: all queries come first, then all keys, then all values")
def by_head_first(x, w, heads):
    q, k, v = (x @ w).reshape(len(x), heads, 3, -1).transpose(2, 1, 0, 3)
    return _heads(q, k, v)


@wrong("multi_head", "every H-th column goes to a head: the columns of a head are neighbours")
def every_other_column(x, w, heads):
    q, k, v = (x @ w).reshape(len(x), 3, -1, heads).transpose(1, 3, 0, 2)
    return _heads(q, k, v)


@wrong("multi_head", "heads and places are mixed up at the end: bring the places in front before you reshape")
def not_turned_back(x, w, heads):
    t, c = x.shape
    q, k, v = (x @ w).reshape(t, 3, heads, -1).transpose(1, 2, 0, 3)
    s = np.where(np.tri(t, dtype=bool), q @ k.transpose(0, 2, 1) / np.sqrt(c // heads), -np.inf)
    return (_softmax(s, axis=2) @ v).reshape(t, c)


@wrong("multi_head", "places and heads are mixed up at the beginning: a reshape does not exchange axes")
def not_turned(x, w, heads):
    t, c = x.shape
    q, k, v = (part.reshape(heads, t, c // heads) for part in np.split(x @ w, 3, axis=1))
    return _heads(q, k, v)


@wrong("multi_head", "calls the reference itself", compared=False)
def the_reference(x, w, heads):
    return cheat.multi_head(x, w, heads)


@wrong("multi_head", "keys and values have changed places")
def values_for_keys(x, w, heads):
    c = x.shape[1]
    return ref.multi_head(x, np.concatenate([w[:, :c], w[:, 2 * c :], w[:, c : 2 * c]], axis=1), heads)


# ------------------------------------------------------------------------------------------------------- merged


def _total(l1, l2):
    return np.logaddexp(l1, l2)


@wrong("merged", "the plain mean of both: a group with larger scores has more to say")
def plain_mean(y1, l1, y2, l2):
    return (y1 + y2) / 2, _total(l1, l2)


@wrong("merged", "the sum of both: the weights of all keys together must be 1")
def plain_sum_of_both(y1, l1, y2, l2):
    return y1 + y2, _total(l1, l2)


@wrong("merged", "l is the sum of the logarithms: the logarithm of the sum is wanted")
def sum_of_logarithms(y1, l1, y2, l2):
    return ref.merged(y1, l1, y2, l2)[0], l1 + l2


@wrong("merged", "weighted by l instead of e^l")
def weighted_by_logarithms(y1, l1, y2, l2):
    with np.errstate(all="ignore"):
        w = (l1 / (l1 + l2))[:, None]
    return w * y1 + (1 - w) * y2, _total(l1, l2)


@wrong("merged", "the weights of the two groups are exchanged")
def exchanged(y1, l1, y2, l2):
    return ref.merged(y1, l2, y2, l1)


@wrong("merged", "e^l overflows, or rounds to 0: take the larger of the two from both first")
def powers_overflow(y1, l1, y2, l2):
    with np.errstate(all="ignore"):
        a, b = np.exp(l1), np.exp(l2)
        return (a[:, None] * y1 + b[:, None] * y2) / (a + b)[:, None], np.log(a + b)


@wrong("merged", "l is a sum: its logarithm is asked for")
def no_logarithm(y1, l1, y2, l2):
    with np.errstate(all="ignore"):
        return ref.merged(y1, l1, y2, l2)[0], np.exp(l1) + np.exp(l2)


@wrong("merged", "the group with the larger sum takes all")
def winner(y1, l1, y2, l2):
    return np.where((l1 >= l2)[:, None], y1, y2), np.maximum(l1, l2)


@wrong("merged", "minus infinity is compared with itself: a hidden group gives NaN")
def nan_for_hidden(y1, l1, y2, l2):
    with np.errstate(all="ignore"):
        low, high = np.minimum(l1, l2), np.maximum(l1, l2)
        total = high + np.log1p(np.exp(low - high)) + 0 * low
        return ref.merged(y1, l1, y2, l2)[0], total


@wrong("merged", "calls the reference itself", compared=False)
def the_reference_again(y1, l1, y2, l2):
    return cheat.merged(y1, l1, y2, l2)


# ---------------------------------------------------------------------------------------------------- look_back


def _clock(n, distance, speeds, length=6.0):
    def hands(t):
        a = t[:, None] * speeds
        return length / np.sqrt(len(speeds)) * np.concatenate([np.cos(a), np.sin(a)], axis=1)

    t = np.arange(n)
    return hands(t - distance), hands(t)


@wrong("look_back", "mean weight on the place to look at", compared=False)
def one_slow_clock(n, distance):
    return _clock(n, distance, np.array([2 * np.pi / 256]))


@wrong("look_back", "mean weight on the place to look at", compared=False)
def the_speeds_of_the_paper(n, distance):
    return _clock(n, distance, 10000.0 ** (-np.arange(8) / 8))


@wrong("look_back", "mean weight on the place to look at", compared=False)
def short_vectors(n, distance):
    return _clock(n, distance, 0.9 * np.pi * 0.7 ** np.arange(8), length=1.0)


@wrong("look_back", "mean weight on the place to look at", compared=False)
def forwards(n, distance):
    return ref.look_back(n, -distance)


@wrong("look_back", "mean weight on the place to look at", compared=False)
def one_off(n, distance):
    return ref.look_back(n, distance + 1)


@wrong("look_back", "mean weight on the place to look at", compared=False)
def all_alike(n, distance):
    return np.ones((n, 16)), np.ones((n, 16))


@wrong("look_back", "with D at most 16", compared=False)
def one_hot(n, distance):
    return 6 * np.eye(n, 128, -distance), 6 * np.eye(n, 128)


@wrong("look_back", "at most 6 is allowed", compared=False)
def long_vectors(n, distance):
    return _clock(n, distance, 0.9 * np.pi * 0.7 ** np.arange(8), length=100.0)


@wrong("look_back", "expected two results", compared=False)
def only_the_keys(n, distance):
    return ref.look_back(n, distance)[1]


LOST = "weights below e^-50 are lost beside the others in rounding"
AXIS = "the axis, counted from the end"
WHOLE = "H divides C, so C / H is whole"
EQUIVALENT = {
    "attention_weights: np.exp(np.clip(..., -50, 50)) for np.exp(scores - scores.max(axis=1, keepdims=True))": LOST,
    "attention_weights: result at least 0": "no weight is negative",
    "causal_attention: result without infinity": "a mean of finite values is finite",
    "multi_head: np.exp(np.clip(..., -50, 50)) for np.exp(scores - scores.max(axis=2, keepdims=True))": LOST,
    "multi_head: -2 for 2 in q, k, v = (x @ w).reshape(t, 3, heads, c // heads).transpose(1, 2, 0, 3)": AXIS,
    "multi_head: -3 for 3 in q, k, v = (x @ w).reshape(t, 3, heads, c // heads).transpose(1, 2, 0, 3) (2)": (
        "reshape takes any negative number for the length that is left over"
    ),
    "multi_head: dtype dropped in np.tri(t, dtype=bool)": "np.where takes 1.0 for True",
    "multi_head: / in c // heads": WHOLE,
    "multi_head: int() and / in c // heads": WHOLE,
    "multi_head: rounded up: c // heads": WHOLE,
    "multi_head: int() and / in c // heads (2)": WHOLE,
    "multi_head: rounded up: c // heads (2)": WHOLE,
    "multi_head: heads at least 1": "there is at least one head",
    "multi_head: result without infinity": "a mean of finite values is finite",
}
