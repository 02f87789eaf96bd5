"""Classic wrong answers to the exercises of lesson 16."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


NEVER_NEGATIVE = "counts, losses and probabilities are never negative"
MASKED = "np.where leaves out the rows in which both are 0"
N_AND_T = "return np.where(n > 0, (counts + kinds * shorter) / np.maximum(n + kinds, 1), shorter)"
EQUIVALENT = {
    "count_pairs: int dropped in np.zeros((symbols, symbols), int)": "whole floats pass for integers",
    "count_pairs: symbols at least 1": "an alphabet has a symbol",
    "count_pairs: result at least 0": NEVER_NEGATIVE,
    "nats_a_symbol: result at least 0": NEVER_NEGATIVE,
    "interpolated: n + kinds for np.maximum(n + kinds, 1)": MASKED,
    **{f"interpolated: {number} for 1 in {N_AND_T}": MASKED for number in (2, 0, -1)},
    "interpolated: result at least 0": NEVER_NEGATIVE,
    "with_temperature: + 1e-8 under p / p.max(axis=1, keepdims=True)": "any factor of a row cancels",
    "with_temperature: temperature at least 1e-6": "a temperature is 0.001 or more",
    "with_temperature: result at least 0": NEVER_NEGATIVE,
    "leave_one_out: np.nan_to_num(np.log(...)) for np.log(p[seen])": "where a pair was seen, p is positive",
    "leave_one_out: result at least 0": NEVER_NEGATIVE,
}


# ------------------------------------------------------------------------------------------------ count_pairs


@wrong("count_pairs", "+= with an array of indices adds 1 only once for a pair that comes several times: np.add.at")
def repeats_lost(text, symbols):
    counts = np.zeros((symbols, symbols), int)
    counts[text[:-1], text[1:]] += 1
    return counts


@wrong("count_pairs", "rows and columns are exchanged: the row is the symbol that comes first")
def transposed(text, symbols):
    return ref.count_pairs(text, symbols).T


@wrong("count_pairs", "the text is taken for a circle: the first symbol does not follow the last one")
def circle(text, symbols):
    counts = np.zeros((symbols, symbols), int)
    np.add.at(counts, (np.roll(text, 1), text), 1)
    return counts


@wrong("count_pairs", "the last pair is missing")
def without_the_last_pair(text, symbols):
    return ref.count_pairs(text[: max(1, len(text) - 1)], symbols)


@wrong("count_pairs", "the first pair is missing")
def without_the_first_pair(text, symbols):
    return ref.count_pairs(text[1:] if len(text) > 1 else text, symbols)


@wrong("count_pairs", "both orders of a pair are counted: 'ab' is not 'ba'")
def both_orders(text, symbols):
    counts = ref.count_pairs(text, symbols)
    return counts + counts.T


@wrong("count_pairs", "symbols are counted with the next but one")
def next_but_one(text, symbols):
    counts = np.zeros((symbols, symbols), int)
    np.add.at(counts, (text[:-2], text[2:]), 1)
    return counts


@wrong("count_pairs", "1 is added to every count: here nothing is smoothed")
def smoothed(text, symbols):
    return ref.count_pairs(text, symbols) + 1


@wrong("count_pairs", "a byte counts to 255 and begins again at 0: count with int")
def in_bytes(text, symbols):
    counts = np.zeros((symbols, symbols), np.uint8)
    np.add.at(counts, (text[:-1], text[1:]), 1)
    return counts


@wrong("count_pairs", "has shape", compared=False)
def table_of_the_text(text, symbols):
    return ref.count_pairs(text, int(text.max()) + 1)


@wrong("count_pairs", "has dtype float64", compared=False)
def shares(text, symbols):
    counts = ref.count_pairs(text, symbols)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


@wrong("count_pairs", "calls the reference itself", compared=False)
def the_reference_for_pairs(text, symbols):
    return cheat.count_pairs(text, symbols)


@wrong("count_pairs", "nothing is counted yet")
def nothing(text, symbols):
    return np.zeros((symbols, symbols), int)


# ---------------------------------------------------------------------------------------------- nats_a_symbol


@wrong("nats_a_symbol", "that is in bits: nats need the natural logarithm")
def bits(text, p):
    return ref.nats_a_symbol(text, p) / np.log(2)


@wrong("nats_a_symbol", "the sign is flipped: a loss is to be made small")
def negative(text, p):
    return -ref.nats_a_symbol(text, p)


@wrong("nats_a_symbol", "you sum over the symbols: the loss is a mean")
def summed(text, p):
    return ref.nats_a_symbol(text, p) * (len(text) - 1)


@wrong("nats_a_symbol", "you divide by T: the first symbol is given, and T - 1 are predicted")
def divided_by_all(text, p):
    return ref.nats_a_symbol(text, p) * (len(text) - 1) / len(text)


@wrong("nats_a_symbol", "rows and columns are exchanged: p[h, s] is the probability of s after h")
def p_of_the_one_before(text, p):
    return ref.nats_a_symbol(text, p.T)


@wrong("nats_a_symbol", "that is the perplexity, e to the loss")
def perplexity(text, p):
    return float(np.exp(ref.nats_a_symbol(text, p)))


@wrong("nats_a_symbol", "the logarithm of the mean is taken: the loss is the mean of the logarithms")
def logarithm_of_the_mean(text, p):
    return float(-np.log(p[text[:-1], text[1:]].mean()))


@wrong("nats_a_symbol", "the product of all factors underflows: add logarithms")
def product_first(text, p):
    with np.errstate(divide="ignore"):
        return float(-np.log(np.prod(p[text[:-1], text[1:]])) / (len(text) - 1))


@wrong("nats_a_symbol", "something is added to p: an impossible pair costs infinitely much, and a tiny p is as it is")
def something_added(text, p):
    return float(-np.log(p[text[:-1], text[1:]] + 1e-12).mean())


@wrong("nats_a_symbol", "p is clipped: an impossible pair costs infinitely much, and a tiny p is as it is")
def clipped(text, p):
    return float(-np.log(np.maximum(p[text[:-1], text[1:]], 1e-12)).mean())


@wrong("nats_a_symbol", "impossible pairs are left out: they cost infinitely much")
def impossible_left_out(text, p):
    found = p[text[:-1], text[1:]]
    return float(-np.log(found[found > 0]).mean())


@wrong("nats_a_symbol", "every entry of the table counts once: it counts as often as the text has this pair")
def mean_of_the_table(text, p):
    with np.errstate(divide="ignore"):
        return float(-np.log(p).mean())


@wrong("nats_a_symbol", "calls minigen", compared=False)
def logarithm_of_the_library(text, p):
    return float(-mg.log(p[text[:-1], text[1:]]).mean())


# ----------------------------------------------------------------------------------------------- interpolated


def _row_numbers(counts):
    """N and T of each row."""
    return counts.sum(axis=1, keepdims=True), (counts > 0).sum(axis=1, keepdims=True)


@wrong("interpolated", "the counts alone are used: that is the relative frequency")
def frequencies(counts, shorter):
    n, _ = _row_numbers(counts)
    return np.where(n > 0, counts / np.maximum(n, 1), shorter)


@wrong("interpolated", "only the shorter context is asked")
def shorter_alone(counts, shorter):
    return shorter.copy()


@wrong("interpolated", "a context that was never seen has to say what the shorter one says, not 0")
def zeros_for_the_unseen(counts, shorter):
    n, kinds = _row_numbers(counts)
    return (counts + kinds * shorter) / np.maximum(n + kinds, 1)


@wrong("interpolated", "is NaN or infinite", compared=False)
def nan_for_the_unseen(counts, shorter):
    n, kinds = _row_numbers(counts)
    return (counts + kinds * shorter) / (n + kinds)


@wrong("interpolated", "T is the number of different symbols that followed, here it is V")
def all_kinds(counts, shorter):
    n, _ = _row_numbers(counts)
    return (counts + counts.shape[1] * shorter) / (n + counts.shape[1])


@wrong("interpolated", "T is 1 in every row: it is the number of different symbols that followed")
def one_kind(counts, shorter):
    n, _ = _row_numbers(counts)
    return (counts + shorter) / (n + 1)


@wrong("interpolated", "only symbols that were never seen get something from the shorter context: all of them do")
def backed_off(counts, shorter):
    n, kinds = _row_numbers(counts)
    return np.where(
        n > 0,
        np.where(counts > 0, counts / np.maximum(n + kinds, 1), kinds * shorter / np.maximum(n + kinds, 1)),
        shorter,
    )


@wrong("interpolated", "N and T belong to each context: sum over the symbols, axis 1")
def of_the_whole_table(counts, shorter):
    n, kinds = counts.sum(), (counts > 0).sum()
    return (counts + kinds * shorter) / (n + kinds) if n else shorter.copy()


@wrong("interpolated", "the weights are exchanged: N belongs to the counts and T to the shorter context")
def weights_exchanged(counts, shorter):
    n, kinds = _row_numbers(counts)
    total = np.maximum(n + kinds, 1)
    return np.where(n > 0, kinds / total * counts / np.maximum(n, 1) + n / total * shorter, shorter)


@wrong("interpolated", "T is the number of symbols that were seen once: it is that of all that were seen")
def singletons(counts, shorter):
    n, kinds = counts.sum(axis=1, keepdims=True), (counts == 1).sum(axis=1, keepdims=True)
    return np.where(n > 0, (counts + kinds * shorter) / np.maximum(n + kinds, 1), shorter)


@wrong("interpolated", "changes its input shorter", compared=False)
def in_place(counts, shorter):
    answer = ref.interpolated(counts, shorter)
    shorter *= 0
    return answer


@wrong("interpolated", "calls the reference itself", compared=False)
def the_reference_for_a_step(counts, shorter):
    return cheat.interpolated(counts, shorter)


# ------------------------------------------------------------------------------------------- with_temperature


@wrong("with_temperature", "the power is 1 / temperature: a low temperature sharpens")
def power_of_the_temperature(p, temperature):
    return ref.with_temperature(p, 1 / temperature)


@wrong("with_temperature", "the sum is not made 1 again")
def sum_left_as_it_is(p, temperature):
    return p ** (1 / temperature)


@wrong("with_temperature", "all powers underflow at low temperatures: divide by the largest p of the row first")
def underflow(p, temperature):
    raised = p ** (1 / temperature)
    return raised / raised.sum(axis=1, keepdims=True)


@wrong("with_temperature", "the whole table is made 1: each row is a distribution")
def sum_of_the_table(p, temperature):
    raised = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature)
    return raised / raised.sum()


@wrong("with_temperature", "that changes nothing: divided by the temperature and by the sum, p is as before")
def divided(p, temperature):
    return p / temperature / (p / temperature).sum(axis=1, keepdims=True)


@wrong("with_temperature", "the softmax of p: its logits are the logarithms of p")
def softmax_of_p(p, temperature):
    raised = np.exp((p - p.max(axis=1, keepdims=True)) / temperature)
    return raised / raised.sum(axis=1, keepdims=True)


@wrong("with_temperature", "only the likeliest symbol is left: that is temperature 0")
def likeliest(p, temperature):
    best = p == p.max(axis=1, keepdims=True)
    return best / best.sum(axis=1, keepdims=True)


@wrong("with_temperature", "something is added to p: what has the probability 0 keeps it")
def something_for_all(p, temperature):
    return ref.with_temperature(p + 1e-9, temperature)


@wrong("with_temperature", "calls minigen", compared=False)
def softmax_of_the_library(p, temperature):
    return mg.ops.softmax(np.log(p) / temperature)


# ---------------------------------------------------------------------------------------------- leave_one_out


def _mean(counts, p):
    """The mean of -log p over all pairs."""
    seen = counts > 0
    return float(-(counts[seen] * np.log(p[seen])).sum() / counts.sum())


@wrong("leave_one_out", "the pair is still among the counts: that is the training loss")
def training_loss(counts, alpha):
    n = counts.sum(axis=1, keepdims=True)
    return _mean(counts, (counts + alpha) / (n + alpha * counts.shape[1]))


@wrong("leave_one_out", "the pair is taken from the sum N too, not only from c")
def only_the_count(counts, alpha):
    n = counts.sum(axis=1, keepdims=True)
    return _mean(counts, (counts - 1 + alpha) / (n + alpha * counts.shape[1]))


@wrong("leave_one_out", "alpha is added to V counts of the row: N grows by alpha V")
def alpha_once(counts, alpha):
    n = counts.sum(axis=1, keepdims=True)
    return _mean(counts, (counts - 1 + alpha) / (n - 1 + alpha))


@wrong("leave_one_out", "each kind of pair counts once: it counts as often as it occurs")
def each_kind_once(counts, alpha):
    n, seen = counts.sum(axis=1, keepdims=True), counts > 0
    p = (counts - 1 + alpha) / (n - 1 + alpha * counts.shape[1])
    return float(-np.log(p[seen]).mean())


@wrong("leave_one_out", "you sum over the pairs: the loss is their mean")
def sum_over_pairs(counts, alpha):
    return ref.leave_one_out(counts, alpha) * float(counts.sum())


@wrong("leave_one_out", "the whole kind of pair is taken out: only one pair is")
def the_whole_kind(counts, alpha):
    n = counts.sum(axis=1, keepdims=True)
    return _mean(counts, alpha / (n - counts + alpha * counts.shape[1]))


@wrong("leave_one_out", "the sign is flipped: a loss is -log p")
def flipped(counts, alpha):
    return -ref.leave_one_out(counts, alpha)


@wrong("leave_one_out", "the mean of the contexts' means: each pair counts the same, in whichever context it is")
def mean_of_means(counts, alpha):
    rows = [ref.leave_one_out(row[None], alpha) for row in counts if row.any()]
    return float(np.mean(rows))


@wrong("leave_one_out", "that is in bits")
def in_bits(counts, alpha):
    return ref.leave_one_out(counts, alpha) / float(np.log(2))


@wrong("leave_one_out", "calls the reference itself", compared=False)
def the_reference(counts, alpha):
    return cheat.leave_one_out(counts, alpha)


# ------------------------------------------------------------------------------------------------ names_model


def _by_witten_bell(train, before, order, times=1.0, alpha=0.0):
    """The lesson's smoothing with any weight of what is new; with alpha, one order with alpha added."""
    padded = np.hstack([np.full((len(train), 6), 27), train])
    windows = np.lib.stride_tricks.sliding_window_view(padded, 7, axis=1)[:, 1:].reshape(-1, 7)
    windows = windows[windows[:, -1] < 27]
    p = np.full((len(before), 27), 1 / 27)
    for k in [order] if alpha else range(order + 1):
        digits = 28 ** np.arange(k)
        contexts, rows = np.unique(windows[:, 6 - k : 6] @ digits, return_inverse=True)
        asked = before[:, 6 - k :] @ digits
        counts = np.zeros((len(contexts) + 1, 27))
        np.add.at(counts, (rows, windows[:, -1]), 1)
        found = np.searchsorted(contexts, asked).clip(max=len(contexts) - 1)
        c = counts[np.where(contexts[found] == asked, found, len(contexts))]
        new = 27 * alpha if alpha else np.maximum(times * (c > 0).sum(axis=1, keepdims=True), 1)
        p = (c + new * p) / (c.sum(axis=1, keepdims=True) + new)
    return p


@wrong("names_model", "less those of the lesson's best model", compared=False)
def of_the_lesson(train, before, seed):
    return _by_witten_bell(train, before, 3)


@wrong("names_model", "less those of the lesson's best model", compared=False)
def longer_contexts(train, before, seed):
    return _by_witten_bell(train, before, 6)


@wrong("names_model", "less those of the lesson's best model", compared=False)
def a_tenth_added(train, before, seed):
    return _by_witten_bell(train, before, 3, alpha=0.1)


@wrong("names_model", "less those of the lesson's best model", compared=False)
def from_the_other_rows(train, before, seed):
    """What follows a context in other rows: if they were of the same names, they would tell the answers."""
    p = _by_witten_bell(train, before, 3)
    follows = {}
    for row in before:
        follows.setdefault(tuple(row[:-1]), []).append(row[-1])
    for i, row in enumerate(before):
        seen = [s for s in follows.get(tuple(row[1:]), ()) if s < 27]
        if seen:
            p[i] = 0.1 * p[i] + 0.9 * np.bincount(seen, minlength=27) / len(seen)
    return p


@wrong("names_model", "every p has to be above 0", compared=False)
def without_smoothing(train, before, seed):
    return _by_witten_bell(train, before, 3, alpha=5e-324)


@wrong("names_model", "their sum 1", compared=False)
def only_counted(train, before, seed):
    return 27 * _by_witten_bell(train, before, 3)


@wrong("names_model", "a row for each symbol to predict", compared=False)
def one_distribution(train, before, seed):
    return np.full(27, 1 / 27)
