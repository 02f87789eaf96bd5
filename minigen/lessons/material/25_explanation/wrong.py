"""Classic wrong answers to the exercises of lesson 25."""

import numpy as np

import minigen as mg
from minigen import explain
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

# --------------------------------------------------------------------------------------------- collected_shares


def _gradient(z, w, b, v):
    return (v * (1 - np.tanh(z @ w.T + b) ** 2)) @ w


@wrong("collected_shares", "the slope is taken at x alone: that is gradient times input, which levels off")
def gradient_times_input(x, baseline, w, b, v, steps):
    return (x - baseline) * _gradient(x, w, b, v)


@wrong("collected_shares", "the points are the ends of the parts: take their middles, (k + 1/2) / n")
def at_the_ends(x, baseline, w, b, v, steps):
    total = sum(_gradient(baseline + a * (x - baseline), w, b, v) for a in (np.arange(steps) + 1) / steps)
    return (x - baseline) * total / steps


@wrong("collected_shares", "the gradients are added up, not averaged: divide by the number of steps")
def not_divided(x, baseline, w, b, v, steps):
    return steps * ref.collected_shares(x, baseline, w, b, v, steps)


@wrong("collected_shares", "the mean gradient is multiplied by x: it is x - baseline that was walked")
def times_x(x, baseline, w, b, v, steps):
    a = (np.arange(steps) + 0.5) / steps
    return x * np.mean([_gradient(baseline + t * (x - baseline), w, b, v) for t in a], axis=0)


@wrong("collected_shares", "that is the mean gradient: it is still to be multiplied by x - baseline")
def mean_gradient(x, baseline, w, b, v, steps):
    a = (np.arange(steps) + 0.5) / steps
    return np.mean([_gradient(baseline + t * (x - baseline), w, b, v) for t in a], axis=0)


@wrong("collected_shares", "the way begins at 0: it begins at the baseline")
def from_zero(x, baseline, w, b, v, steps):
    a = (np.arange(steps) + 0.5) / steps
    return (x - baseline) * np.mean([_gradient(t * x, w, b, v) for t in a], axis=0)


@wrong("collected_shares", "the slope of tanh is 1 - tanh^2, not 1 - tanh")
def slope_without_square(x, baseline, w, b, v, steps):
    total = np.zeros_like(x)
    for a in (np.arange(steps) + 0.5) / steps:
        total += (v * (1 - np.tanh((baseline + a * (x - baseline)) @ w.T + b))) @ w
    return (x - baseline) * total / steps


@wrong("collected_shares", "one number for each example: its sum has been taken, but each x_i has a share of its own")
def summed(x, baseline, w, b, v, steps):
    return ref.collected_shares(x, baseline, w, b, v, steps).sum(axis=1)


@wrong("collected_shares", "calls minigen", compared=False)
def of_the_library(x, baseline, w, b, v, steps):
    def f(z):
        return mg.tanh(z @ w.T + b) @ v

    return explain.integrated_gradients(f, x, baseline, steps).values


# ------------------------------------------------------------------------------------------------ covered_falls


def _answer(x, w, b, v):
    return np.tanh(w @ x + b) @ v


def _falls(x, fill, w, b, v, size, starts, sign=1.0):
    falls, times = np.zeros(len(x)), np.zeros(len(x))
    for start in starts:
        covered = x.copy()
        covered[start : start + size] = fill[start : start + size]
        falls[start : start + size] += sign * (_answer(x, w, b, v) - _answer(covered, w, b, v))
        times[start : start + size] += 1
    return falls, times


@wrong("covered_falls", "covered with 0: a window takes the numbers of `fill`")
def covered_with_zero(x, fill, w, b, v, size):
    return ref.covered_falls(x, np.zeros_like(x), w, b, v, size)


@wrong("covered_falls", "the sign is turned: a number that F needs makes it fall, and that counts as positive")
def rises(x, fill, w, b, v, size):
    return -ref.covered_falls(x, fill, w, b, v, size)


@wrong("covered_falls", "the falls are added up: each number gets the mean over the windows that cover it")
def not_averaged(x, fill, w, b, v, size):
    return _falls(x, fill, w, b, v, size, range(len(x) - size + 1))[0]


@wrong("covered_falls", "divided by the size everywhere: numbers near the ends are covered by fewer windows")
def divided_by_size(x, fill, w, b, v, size):
    return not_averaged(x, fill, w, b, v, size) / size


@wrong("covered_falls", "the last window is left out: there are D - size + 1")
def one_too_few(x, fill, w, b, v, size):
    falls, times = _falls(x, fill, w, b, v, size, range(len(x) - size))
    with np.errstate(all="ignore"):
        return falls / times


@wrong("covered_falls", "the windows stay covered: each one begins anew from the whole x")
def stays_covered(x, fill, w, b, v, size):
    falls, times, covered = np.zeros(len(x)), np.zeros(len(x)), x.copy()
    for start in range(len(x) - size + 1):
        covered[start : start + size] = fill[start : start + size]
        falls[start : start + size] += _answer(x, w, b, v) - _answer(covered, w, b, v)
        times[start : start + size] += 1
    return falls / times


@wrong("covered_falls", "each number is covered alone: a window of `size` neighbours is")
def one_at_a_time(x, fill, w, b, v, size):
    return ref.covered_falls(x, fill, w, b, v, 1)


@wrong("covered_falls", "changes its input x", compared=False)
def in_place(x, fill, w, b, v, size):
    before, kept = _answer(x, w, b, v), x.copy()
    for start in range(len(x) - size + 1):
        x[start : start + size] = fill[start : start + size]
    return ref.covered_falls(kept, fill, w, b, v, size) + 0 * before


@wrong("covered_falls", "calls the reference itself", compared=False)
def the_reference(x, fill, w, b, v, size):
    return cheat.covered_falls(x, fill, w, b, v, size)


# ------------------------------------------------------------------------------------------------- mean_ablated


def _mixed(y, w):
    return y.reshape(*y.shape[:2], -1) @ w


@wrong("mean_ablated", "the head says 0: it should say its mean over the examples")
def by_zero(y, w, head):
    y = y.copy()
    y[:, :, head] = 0
    return _mixed(y, w)


@wrong("mean_ablated", "the mean is taken over the places: it is one over the examples, of each place")
def over_places(y, w, head):
    y = y.copy()
    y[:, :, head] = y[:, :, head].mean(axis=1, keepdims=True)
    return _mixed(y, w)


@wrong("mean_ablated", "one mean for all places: each place has its own")
def over_both(y, w, head):
    y = y.copy()
    y[:, :, head] = y[:, :, head].mean(axis=(0, 1))
    return _mixed(y, w)


@wrong("mean_ablated", "all heads say their mean: only one should")
def all_heads(y, w, head):
    return _mixed(np.broadcast_to(y.mean(axis=0), y.shape), w)


@wrong("mean_ablated", "the other heads say their mean, and this one does not: it is the other way round")
def the_others(y, w, head):
    replaced = np.broadcast_to(y.mean(axis=0), y.shape).copy()
    replaced[:, :, head] = y[:, :, head]
    return _mixed(replaced, w)


@wrong("mean_ablated", "only what the head adds is returned: the other heads go on as they were")
def the_head_alone(y, w, head):
    alone = np.zeros_like(y)
    alone[:, :, head] = y[:, :, head].mean(axis=0)
    return _mixed(alone, w)


@wrong("mean_ablated", "heads and their numbers have changed places: head 0 comes first, with all its numbers")
def transposed(y, w, head):
    y = y.copy()
    y[:, :, head] = y[:, :, head].mean(axis=0)
    return _mixed(y.transpose(0, 1, 3, 2), w)


@wrong("mean_ablated", "changes its input y", compared=False)
def in_place_of_y(y, w, head):
    y[:, :, head] = y[:, :, head].mean(axis=0)
    return _mixed(y, w)


@wrong("mean_ablated", "calls minigen", compared=False)
def mean_of_the_library(y, w, head):
    y = y.copy()
    y[:, :, head] = mg.mean(y[:, :, head], axis=0)
    return _mixed(y, w)


# ------------------------------------------------------------------------------------------------- prefix_score


def _looked(p, match):
    return (p * match).sum(axis=1), match.any(axis=1)


def _followers(s):
    match = np.zeros((len(s), len(s)), bool)
    match[:, 1:] = np.tril(s[:, None] == s[:-1], -1)
    return match


@wrong("prefix_score", "it looks at the same symbol again: what followed it stands one place later")
def same_symbol(p, s):
    looked, any_ = _looked(p, np.tril(s[:, None] == s, -1))
    return float(looked[any_].mean())


@wrong("prefix_score", "places whose symbol is new count as 0: they should not count at all")
def all_places(p, s):
    return float(_looked(p, _followers(s))[0].mean())


@wrong("prefix_score", "that is the place before the same symbol, not the one after it")
def one_too_early(p, s):
    match = np.zeros((len(s), len(s)), bool)
    match[:, :-1] = np.tril(s[:, None] == s[1:], -2)
    looked, _ = _looked(p, match)
    return float(looked[_looked(p, _followers(s))[1]].mean())


@wrong("prefix_score", "only the last time counts: all earlier times do")
def last_time_only(p, s):
    match = _followers(s)
    for row in match:
        row[: np.flatnonzero(row)[-1] if row.any() else 0] = False
    looked, any_ = _looked(p, match)
    return float(looked[any_].mean())


@wrong("prefix_score", "the mean attention to such a place: what all of them get is to be added up")
def mean_of_each(p, s):
    match = _followers(s)
    looked, any_ = _looked(p, match)
    return float((looked[any_] / match.sum(axis=1)[any_]).mean())


@wrong("prefix_score", "rows and columns are exchanged: p[i, j] is what place i pays to j")
def transposed_attention(p, s):
    looked, _ = _looked(p.T, _followers(s))
    return float(looked[_followers(s).any(axis=1)].mean())


@wrong("prefix_score", "the second half alone: every place counts whose symbol came before")
def second_half(p, s):
    looked, any_ = _looked(p, _followers(s))
    half = np.arange(len(s)) >= (len(s) + 1) // 2
    return float(looked[any_ & half].mean())


@wrong("prefix_score", "calls minigen", compared=False)
def score_of_the_library(p, s):
    return float(explain.prefix_matching(p[None, None, None], s[None]).scores[0, 0])


# ------------------------------------------------------------------------------------------------- exact_shares


def _ends(x, baseline, w, b):
    return w @ baseline + b, x @ w.T + b


@wrong("exact_shares", "a unit counts if it is on at x: what matters is for how much of the way it was")
def on_at_the_end(x, baseline, w, b, v):
    return (x - baseline) * ((v * (_ends(x, baseline, w, b)[1] > 0)) @ w)


@wrong("exact_shares", "a unit counts if it is on at the baseline: what matters is for how much of the way it was")
def on_at_the_beginning(x, baseline, w, b, v):
    return (x - baseline) * ((v * (_ends(x, baseline, w, b)[0] > 0)) @ w)


@wrong("exact_shares", "the mean of both ends: a unit that is on at one end only may be on for less than half the way")
def trapezoid(x, baseline, w, b, v):
    before, after = _ends(x, baseline, w, b)
    return (x - baseline) * ((v * ((before > 0) + (after > 0.0)) / 2) @ w)


@wrong("exact_shares", "that is a sum over steps, which misses where units are switched: find the integral")
def by_steps(x, baseline, w, b, v):
    total = 0
    for a in (np.arange(64) + 0.5) / 64:
        total = total + (v * ((baseline + a * (x - baseline)) @ w.T + b > 0)) @ w
    return (x - baseline) * total / 64


@wrong("exact_shares", "for a unit that is switched off on the way, the share is that of the way after it: take 1 less")
def as_if_switched_on(x, baseline, w, b, v):
    before, after = _ends(x, baseline, w, b)
    change = np.where(after == before, 1, after - before)
    share = np.where((before > 0) & (after > 0), 1.0, np.where((before > 0) == (after > 0), 0.0, after / change))
    return (x - baseline) * ((v * share) @ w)


@wrong("exact_shares", "a unit whose input stays gets nothing: it is on or off all along, and its slope counts")
def still_units_left_out(x, baseline, w, b, v):
    before, after = _ends(x, baseline, w, b)
    change, rise = after - before, np.maximum(after, 0) - np.maximum(before, 0)
    return (x - baseline) * ((v * np.where(change == 0, 0.0, rise / np.where(change == 0, 1, change))) @ w)


@wrong("exact_shares", "0 / 0 for a unit whose input stays: it is on or off all along")
def still_units_not_a_number(x, baseline, w, b, v):
    before, after = _ends(x, baseline, w, b)
    with np.errstate(all="ignore"):
        return (x - baseline) * ((v * (np.maximum(after, 0) - np.maximum(before, 0)) / (after - before)) @ w)


@wrong("exact_shares", "multiplied by x: it is x - baseline that was walked")
def exact_times_x(x, baseline, w, b, v):
    before, after = _ends(x, baseline, w, b)
    change = np.where(after == before, 1, after - before)
    share = np.where(after == before, before > 0, (np.maximum(after, 0) - np.maximum(before, 0)) / change)
    return x * ((v * share) @ w)


@wrong("exact_shares", "calls the reference itself", compared=False)
def the_reference_of_shares(x, baseline, w, b, v):
    return cheat.exact_shares(x, baseline, w, b, v)


# ------------------------------------------------------------------------------------------------- next_in_walk


@wrong("next_in_walk", "nats above one who knows the rules", compared=False)
def all_alike(s, symbols, jumps):
    return np.full((len(s), symbols), 1 / symbols)


@wrong("next_in_walk", "nats above one who knows the rules", compared=False)
def last_follower(s, symbols, jumps):
    """The rule is taken from the last time alone, which may have been a jump."""
    p = np.full((len(s), symbols), 1 / symbols)
    for row, walk in zip(p, s, strict=True):
        places = np.flatnonzero(walk[:-1] == walk[-1])
        if len(places):
            row[:] = jumps / symbols
            row[walk[places[-1] + 1]] += 1 - jumps
    return p


@wrong("next_in_walk", "nats above one who knows the rules", compared=False)
def counts_and_one(s, symbols, jumps):
    """Laplace's counts (lesson 16), of what followed in this walk."""
    hit = s[:, :-1] == s[:, -1:]
    counts = (hit[:, :, None] * np.eye(symbols)[s[:, 1:]]).sum(axis=1) + 1
    return counts / counts.sum(axis=1, keepdims=True)


@wrong("next_in_walk", "nats above one who knows the rules", compared=False)
def counts_of_all_walks(s, symbols, jumps):
    """One table for all walks, though each has a rule of its own."""
    table = np.ones((symbols, symbols))
    np.add.at(table, (s[:, :-1].ravel(), s[:, 1:].ravel()), 1)
    return (table / table.sum(axis=1, keepdims=True))[s[:, -1]]


@wrong("next_in_walk", "whose rows sum to 1", compared=False)
def unnormalised(s, symbols, jumps):
    return np.ones((len(s), symbols))


@wrong("next_in_walk", "expected probabilities of shape", compared=False)
def the_symbol_itself(s, symbols, jumps):
    return ref.next_in_walk(s, symbols, jumps).argmax(axis=1)


NOT_ZERO = "no hidden unit has the input 0 at the baseline, as the task says"
DOT = "a product of two vectors does not depend on the order"
NOT_USED = "what stands there is used for no unit: np.where takes the other branch where the input stays"
EQUIVALENT = {
    "*: steps at least 1": "there is at least one step",
    "*: size at least 1": "a window has at least one number",
    "covered_falls: sides exchanged in np.tanh(w @ x + b) @ v": DOT,
    "covered_falls: sides exchanged in np.tanh(w @ covered + b) @ v": DOT,
    "mean_ablated: 2 for 1 in return y.reshape(*y.shape[:2], -1) @ w": (
        "reshape takes any negative number for the length that is left over"
    ),
    "prefix_score: result at least 0": "no attention is negative",
    "exact_shares: >= in before > 0": NOT_ZERO,
    "exact_shares: order turned in (w @ baseline + b, x @ w.T + b)": (
        "the share of the way on which a unit is on is the same from the other end"
    ),
    "exact_shares: change for np.where(still, 1, change)": NOT_USED,
    **{
        f"exact_shares: {n} for 1 in on = np.where(still, before > 0, rise / np.where(still, 1, change))": NOT_USED
        for n in (2, 0, -1)
    },
}
