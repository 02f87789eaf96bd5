"""The exercises of lesson 16: on which inputs they are checked, and hints."""

import functools

import numpy as np

from minigen.data import PAD, load
from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth
from minigen.models.sequences.ngram import NGram

LOOKS_BACK = 6


def texts(symbols, length, used=None):
    """A text in which the first and the last symbol of the alphabet occur; with `used` only so many symbols do."""

    def draw(rng):
        v = symbols or int(rng.integers(5, 12))
        text = rng.integers(used or v, size=length)
        if not used and length > 1:
            text[rng.permutation(length)[:2]] = 0, v - 1
        return {"text": text, "symbols": v}

    return draw


def repeated_pair(rng):
    """One pair that comes many times in a row, and one symbol that follows itself."""
    a, b = (int(s) for s in rng.choice(6, 2, replace=False))
    return {"text": np.array([a, b] * 9 + [b, b, b, a]), "symbols": 6}


def table(rng, v, zeros=False):
    """Rows with the sum 1; with `zeros` a third of the entries is 0, none on the diagonal."""
    p = rng.uniform(0.05, 1, (v, v)) ** 3
    if zeros:
        p[(rng.random((v, v)) < 1 / 3) & ~np.eye(v, dtype=bool)] = 0
    return p / p.sum(axis=1, keepdims=True)


def losses(v=0, length=0):
    """A text and a table without zeros."""

    def draw(rng):
        n = v or int(rng.integers(4, 9))
        return {"text": rng.integers(n, size=length or int(rng.integers(10, 40))), "p": table(rng, n)}

    return draw


def zeros_that_do_not_matter(rng):
    """A table with zeros, and a text that never needs one."""
    v = int(rng.integers(4, 8))
    p, text = table(rng, v, zeros=True), [int(rng.integers(v))]
    for _ in range(20):
        text.append(int(rng.choice(v, p=p[text[-1]])))
    return {"text": np.array(text), "p": p}


def an_impossible_pair(rng):
    """A table with a zero that the text meets once."""
    v = int(rng.integers(4, 8))
    text, p = rng.integers(v - 1, size=20), table(rng, v)
    t = int(rng.integers(1, 20))
    text[t] = v - 1  # here alone
    p[text[t - 1], text[t]] = 0
    return {"text": text, "p": p / p.sum(axis=1, keepdims=True)}


def tiny_shares(rng):
    """Pairs with probabilities of 1e-300 and less than 1e-16."""
    v = 4
    p = table(rng, v)
    p[0, 1], p[1, 0], p[2, 3] = 1e-300, 1e-20, 1e-17
    return {"text": np.array([0, 1, 0, 1, 2, 3, 3, 0]), "p": p / p.sum(axis=1, keepdims=True)}


def contexts(rows=0, v=0, most=9, empty=0):
    """Counts of some contexts, and what their shorter contexts say; the last `empty` rows were never seen."""

    def draw(rng):
        h, s = rows or int(rng.integers(3, 7)), v or int(rng.integers(7, 11))
        counts = rng.integers(1, most + 1, size=(h, s)) * (rng.random((h, s)) < 0.5)
        counts[np.arange(h), rng.integers(s, size=h)] += 1
        counts[h - empty :] = 0
        shorter = rng.uniform(0.05, 1, (h, s))
        return {"counts": counts, "shorter": shorter / shorter.sum(axis=1, keepdims=True)}

    return draw


def seen_once(rng):
    """Contexts that were seen once, and one that always had the same follower."""
    inputs = contexts(4, 6)(rng)
    counts = np.zeros((4, 6), int)
    counts[np.arange(4), rng.integers(6, size=4)] = 1, 1, 50, 1
    return inputs | {"counts": counts}


def zeros_in_shorter(rng):
    """The shorter contexts give some symbols the probability 0."""
    inputs = contexts(3, 6)(rng)
    shorter = inputs["shorter"].copy()
    shorter[:, rng.permutation(6)[:2]] = 0
    return inputs | {"shorter": shorter / shorter.sum(axis=1, keepdims=True)}


def distributions(temperature, zeros=False, alike=False, rows=0, v=0):
    """Distributions and a temperature."""

    def draw(rng):
        n, s = rows or int(rng.integers(3, 6)), v or int(rng.integers(6, 9))
        p = rng.uniform(0.1, 1, (n, s)) ** 2
        if zeros:
            p[:, :2] = 0
            p[0] = np.arange(s) == s - 1
        if alike:
            p[:, :3] = p.max(axis=1, keepdims=True)
        t = temperature if np.isscalar(temperature) else float(rng.uniform(*temperature))
        return {"p": rng.permuted(p / p.sum(axis=1, keepdims=True), axis=1), "temperature": t}

    return draw


def tables(alpha, rows=0, v=0, most=9, empty=0, share=0.5):
    """Counts of pairs, and what is added."""

    def draw(rng):
        a = alpha if np.isscalar(alpha) else float(rng.uniform(*alpha))
        h, s = rows or int(rng.integers(3, 7)), v or int(rng.integers(7, 11))
        counts = rng.integers(1, most + 1, size=(h, s)) * (rng.random((h, s)) < share)
        counts[0, 0] = max(counts[0, 0], 1)
        counts[h - empty :] = 0
        return {"counts": counts, "alpha": a}

    return draw


def one_of_each(rng):
    """Every pair was seen once at most."""
    return tables((0.1, 1.0), most=1)(rng)


@functools.lru_cache(1)
def all_names():
    """All names of the package, (N, 13), with 255 after the end."""
    return np.concatenate([load("names", split).x for split in ("train", "test")])


def places_of(new, rng):
    """The six symbols before one symbol of each name, (M, 6), the symbol, and its column in `new` without the first.

    One of each name: the context of the next symbol would tell what this one is.
    """
    padded = np.hstack([np.full((len(new), LOOKS_BACK), 27), new.astype(int)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, LOOKS_BACK + 1, axis=1)[:, 1:]
    there = new[:, 1:] != PAD
    column = (rng.random(len(new)) * there.sum(axis=1)).astype(int)
    windows = windows[np.arange(len(new)), column]
    return windows[:, :-1], windows[:, -1], column


def names(held_out):
    """Inputs of names_model."""

    def draw(rng):
        new, train = np.split(rng.permutation(all_names()), [held_out])
        before, following, column = places_of(new, rng)
        train = np.where(train == PAD, 27, train).astype(int)
        inputs = {"train": train, "before": before, "seed": int(rng.integers(2**31))}
        return WithTruth(inputs, new=new, following=following, column=column)

    return draw


def gain_in_nats(inputs, answer):
    """The measure of `names_model`: nats a symbol, less those of Witten and Bell's smoothing with order 3."""
    p = np.asarray(answer, np.float64)
    wanted = len(inputs["before"]), 27
    if p.shape != wanted:
        raise ArgumentError(f"has shape {p.shape}, expected {wanted}: a row for each symbol to predict")
    if not (np.isfinite(p).all() and (p > 0).all() and np.allclose(p.sum(axis=1), 1, atol=1e-6)):
        raise ArgumentError("has rows that are no distributions: every p has to be above 0, and their sum 1")
    train = np.where(inputs["train"] == 27, PAD, inputs["train"]).astype(np.uint8)
    new, following, column = inputs.truth.values()
    rows = np.arange(len(p))
    gain = float((NGram(3, 27).fit(train).log_probs(new)[rows, column] - np.log(p[rows, following])).mean())
    return Measure(gain, -0.04, "nats a symbol, less those of the lesson's best model", better="lower")


EXERCISES = [
    Exercise(
        key="16.1",
        function="count_pairs",
        section="A text is a product",
        cases={
            "a text": texts(9, 60),
            "another one of its length": texts(9, 60),
            "the largest alphabet": texts(255, 300),
            "a longer one": texts(27, 500),
            "pairs that come often": repeated_pair,
            "a pair that comes 70 000 times": texts(1, 70_001),
            "symbols that do not occur": texts(30, 40, used=6),
            "one pair": texts(5, 2),
            "one symbol": texts(3, 1),
            "an alphabet of one": texts(1, 7),
        },
        hints=(
            "text[:-1] are the first symbols of all pairs, and text[1:] are the second ones.",
            "counts[text[:-1], text[1:]] += 1 adds 1 only once for a pair that comes several times. Which function of "
            "NumPy adds for every index, also for those that are repeated?",
            "counts = np.zeros((symbols, symbols), int), then np.add.at(counts, (text[:-1], text[1:]), 1).",
        ),
    ),
    Exercise(
        key="16.2",
        function="nats_a_symbol",
        section="Counting is maximum likelihood",
        cases={
            "a text": losses(),
            "a longer one": losses(27, 500),
            "one pair": losses(length=2),
            "an alphabet of one": losses(v=1, length=5),
            "zeros that the text does not need": zeros_that_do_not_matter,
            "a zero that it meets": an_impossible_pair,
            "tiny probabilities": tiny_shares,
        },
        hints=(
            "p[a, b] with two arrays of indices gives one entry for each pair of them.",
            "p[text[:-1], text[1:]] are the T - 1 factors of the product. Take the logarithm of each, then the mean, "
            "and the minus sign.",
            "float(-np.log(p[text[:-1], text[1:]]).mean()); np.log(0) is -inf, as it should be, with a warning that "
            "np.errstate(divide='ignore') silences.",
        ),
    ),
    Exercise(
        key="16.3",
        function="interpolated",
        section="Ask the shorter context",
        cases={
            "some contexts": contexts(),
            "contexts that were never seen": contexts(empty=2),
            "seen once, or always the same": seen_once,
            "large counts": contexts(most=10**9),
            "one context": contexts(rows=1),
            "never seen at all": contexts(rows=2, empty=2),
            "an alphabet of one": contexts(v=1),
            "a shorter context with zeros": zeros_in_shorter,
        },
        hints=(
            "Two numbers for each row: the sum of its counts, and how many of its counts are not 0.",
            "With keepdims=True both have the shape (H, 1), and the formula is one line. Where both are 0, it would be "
            "0 / 0: what should stand there?",
            "n = counts.sum(axis=1, keepdims=True); kinds = (counts > 0).sum(axis=1, keepdims=True); then "
            "np.where(n > 0, (counts + kinds * shorter) / np.maximum(n + kinds, 1), shorter).",
        ),
    ),
    Exercise(
        key="16.4",
        function="with_temperature",
        section="Drawing names",
        cases={
            "a little sharper": distributions((0.4, 0.8)),
            "a little flatter": distributions((1.5, 3.0)),
            "nearly the likeliest alone": distributions(0.001),
            "equally likely ones, sharpened": distributions(0.001, alike=True),
            "very flat": distributions(100.0),
            "with zeros": distributions((0.4, 2.0), zeros=True),
            "with zeros, nearly the likeliest alone": distributions(0.001, zeros=True),
            "with zeros, very flat": distributions(1000.0, zeros=True),
            "unchanged": distributions(1.0),
            "one distribution": distributions((0.4, 2.0), rows=1),
            "one symbol": distributions((0.4, 2.0), v=1),
        },
        hints=(
            "Raise to the power first, and divide by the sum of the row then. Any factor that you multiply a row with "
            "before it is raised is gone afterwards. Which factor keeps the powers from being too small?",
            "Divided by its largest entry, a row has a 1, and 1 to any power is 1: the sum is never 0.",
            "raised = (p / p.max(axis=1, keepdims=True)) ** (1 / temperature); return raised / "
            "raised.sum(axis=1, keepdims=True).",
        ),
    ),
    Exercise(
        key="16.5",
        function="leave_one_out",
        section="What has never been seen",
        level=2,
        cases={
            "some contexts": tables((0.1, 2.0)),
            "contexts that were never seen": tables((0.1, 2.0), empty=2),
            "seen once at most": one_of_each,
            "little is added": tables(1e-9),
            "much is added": tables(1e6),
            "large counts": tables((0.1, 2.0), most=10**9),
            "one context": tables((0.1, 2.0), rows=1),
            "one pair": tables((0.1, 2.0), rows=1, v=5, most=1, share=0.0),
            "an alphabet of one": tables((0.1, 2.0), v=1, share=1.0),
            "1 is added": tables(1.0),
        },
        hints=(
            "Take one of the pairs (h, s) out. Which two numbers of the table change, and by how much?",
            "Only c(h, s) and N(h) become smaller, by 1 each. So the pair's symbol gets the probability "
            "(c - 1 + alpha) / (N - 1 + alpha V). How many pairs get the same one?",
            "c(h, s) of them do. The loss is -1/(number of pairs) times the sum of c log((c - 1 + alpha) / (N - 1 + "
            "alpha V)) over all entries with c > 0.",
        ),
    ),
    Exercise(
        key="16.6",
        function="names_model",
        section="A misconception, put to the test",
        level=3,
        measure=gain_in_nats,
        cases={
            "some names": names(1500),
            "more names to predict": names(2000),
        },
        hints=(
            "Begin with the lesson's smoothing of order 3 and get the measure 0. Then change one thing: how much "
            "weight goes to the shorter context?",
            "The formula gives the shorter context the weight T. What happens with 2 T or 3 T? And is order 3 still "
            "the best order then?",
            "3 T with order 4 is good enough. Better still: subtract a number like 0.8 from every count that is not 0, "
            "give what you took to the shorter context, and count there in how many different longer contexts a symbol "
            "occurs (Kneser and Ney).",
        ),
    ),
]
