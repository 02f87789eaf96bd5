"""The exercises of lesson 23: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


def pairs(temperature=0.3, n=None, d=None, unit=1.0, alike=0.0):
    """Inputs of contrastive_loss; `alike`: how much names look like their pictures."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        shape = n or rows, d or columns
        pictures = rng.standard_normal(shape)
        names = alike * pictures + rng.standard_normal(shape)
        return {"pictures": unit * pictures, "names": names, "temperature": temperature}

    return draw


def different_lengths(rng):
    """Vectors from a thousandth to a thousand long."""
    inputs = pairs()(rng)
    for name in ("pictures", "names"):
        lengths = 10.0 ** np.linspace(-3, 3, len(inputs[name]))
        inputs[name] = inputs[name] * rng.permutation(lengths)[:, None]
    return inputs


def some_zeros(draw, *names):
    """The inputs of `draw`, with zeros in some of them, of which the others are small."""

    def drawn(rng):
        inputs = draw(rng)
        for name in names:
            inputs[name] = 0.01 * inputs[name]
            inputs[name][..., ::2] = 0
        return inputs

    return drawn


def one_name_far_from_all(rng):
    """All vectors have nearly one direction but for one name, which has the opposite one."""
    n, d = sizes(rng, 2)
    first = np.ones((n, d))
    pictures, names = (first + 0.2 * rng.standard_normal((n, d)) for _ in range(2))
    names[0] = -first[0]
    return {"pictures": pictures, "names": names, "temperature": 0.001}


def the_same_name_twice(rng):
    """Two pictures of one name: nobody can tell which of the two is meant."""
    inputs = pairs(alike=3.0)(rng)
    inputs["names"][1] = inputs["names"][0]
    return inputs


def all_alike(rng):
    """Encoders that tell nothing apart."""
    inputs = pairs()(rng)
    return inputs | {name: np.repeat(inputs[name][:1], 5, axis=0) for name in ("pictures", "names")}


def opposite(rng):
    """Each picture is the opposite of its name: the loss is far above that of a guess."""
    inputs = pairs(temperature=0.001)(rng)
    return inputs | {"names": -inputs["pictures"]}


def queries(n=None, m=None, k=3, ties=0):
    """Inputs of recall_at; `ties`: similarities are rounded to so many values."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        rows, columns = n or rows, m or columns
        s = rng.uniform(-1, 1, (rows, columns))
        if ties:
            s = np.floor(ties * s) / ties
        return {"similarities": s, "right": rng.integers(columns, size=rows), "k": min(k, columns)}

    return draw


def all_equal(rng):
    """What chance finds."""
    inputs = queries(n=5, m=8)(rng)
    return inputs | {"similarities": np.zeros((5, 8))}


def tied_in_pairs(rng):
    """The right item and another one are equally similar, more than all others."""
    n, m = sizes(rng, 2)
    s, right = rng.uniform(-1, 0, (n, m)), rng.integers(m, size=n)
    s[np.arange(n), right] = s[np.arange(n), (right + 1) % m] = 0.5
    return {"similarities": s, "right": right, "k": 1}


def tiny_or_zero(rng):
    """Similarities of 0 and of less than a thousandth: the latter are larger."""
    inputs = queries(n=30, m=8)(rng)
    return inputs | {"similarities": 0.0005 * rng.integers(0, 2, (30, 8))}


def nearly_equal(rng):
    """Similarities that differ in the tenth digit: they are not equal."""
    inputs = queries(n=6, m=7)(rng)
    return inputs | {"similarities": 0.7 + 1e-10 * inputs["similarities"]}


def experts(e=2, n=None, d=None, absent=0.0, log_var=1.0, nothing=False):
    """Inputs of product_of_experts; `absent`: the share of what is missing. nothing: NaN stands there."""

    def draw(rng):
        rows, columns = sizes(rng, 2)
        shape = e, n or rows, d or columns
        present = rng.random(shape[:2]) >= absent
        if 0 < absent < 1:
            present[0, 0], present[-1, 0] = True, False
        means, log_vars = rng.standard_normal(shape), log_var * rng.standard_normal(shape).clip(-3, 3)
        if nothing:
            means[~present] = log_vars[~present] = np.nan
        return {"means": means, "log_vars": log_vars, "present": present}

    return draw


def far_away(rng):
    """Experts that speak of thousands."""
    inputs = experts()(rng)
    return inputs | {"means": 5000 * inputs["means"]}


def sure_and_unsure(rng):
    """Variances from e^-30 to e^30."""
    inputs = experts(n=3, d=4)(rng)
    ends = np.linspace(-30, 30, 12).reshape(3, 4)
    return inputs | {"log_vars": np.stack([ends, rng.permutation(ends.ravel()).reshape(3, 4)])}


def scores(w=1.5, k=None, n=None, d=None, spread=1.0, sigma=None, far=0.0, classes=3):
    """Inputs of guided_score."""

    def draw(rng):
        rows, columns, centres = sizes(rng, 3)
        rows, columns, centres = n or rows, d or columns, k or 2 * classes + centres
        of = np.concatenate([np.arange(classes), rng.integers(classes, size=centres - classes)])
        return {
            "x": far + spread * rng.standard_normal((rows, columns)),
            "centres": rng.standard_normal((centres, columns)),
            "classes": rng.permutation(of),
            "sigma": float(rng.uniform(0.5, 1.5)) if sigma is None else sigma,
            "label": int(rng.integers(classes)),
            "w": w,
        }

    return draw


def other_names_of_classes(rng):
    """Classes need not be 0, 1, 2."""
    inputs = scores()(rng)
    return inputs | {"classes": 500 * inputs["classes"] - 7, "label": 993}


def all_far_from_zero(rng):
    """Points and centres in the thousands."""
    inputs = scores()(rng)
    return inputs | {name: inputs[name] + 3000 for name in ("x", "centres")}


def sized(n, temperature):
    """Inputs of least_loss."""
    return lambda rng: {"n": n, "temperature": temperature}


def drawn_sizes(rng):
    """Some number of pairs, at some temperature."""
    return {"n": int(rng.integers(3, 2000)), "temperature": float(10 ** rng.uniform(-1, 1))}


def compositions(groups, each, count, rng):
    """`count` different names with one word of each group, (count, groups * each) of 0 and 1."""
    chosen = rng.choice(each**groups, count, replace=False)
    digits = chosen[:, None] // each ** np.arange(groups) % each
    names = np.zeros((count, groups * each))
    names[np.arange(count)[:, None], digits + each * np.arange(groups)] = 1
    return names


def worlds(groups=4, each=6, known=400, new=60, d=32, light=3.0, unit=1.0, centre=0.0):
    """Pictures made of words, light and noise."""

    def draw(rng):
        names = compositions(groups, each, known + new, rng)
        of_words, of_light = rng.standard_normal((groups * each, d)), rng.standard_normal((8, d))
        n = len(names)
        x = names @ of_words + light * rng.standard_normal((n, 8)) @ of_light + rng.standard_normal((n, d))
        x, order = centre + unit * x, rng.permutation(new)
        right = np.argsort(order)  # picture i's name stands at place right[i]
        inputs = {
            "known_pictures": x[:known],
            "known_names": names[:known],
            "pictures": x[known:],
            "names": names[known:][order],
        }
        return WithTruth(inputs, right=right)

    return draw


def found_first(inputs, answer):
    """The measure of `match_names`: the share of pictures that suit their own name best; ties as in random order."""
    right = inputs.truth["right"]
    n = len(right)
    try:
        s = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise ArgumentError("match_names: expected an array of numbers") from None
    if s.shape != (n, n):
        raise ArgumentError(f"match_names: expected shape {(n, n)}, pictures by names, got {s.shape}")
    if not np.isfinite(s).all():
        raise ArgumentError("match_names: a similarity is not finite")
    its = s[np.arange(n), right][:, None]
    value = np.where((s > its).any(axis=1), 0, 1 / (s == its).sum(axis=1)).mean()
    return Measure(float(value), 0.8, "share of pictures that suit their own name best")


EXERCISES = [
    Exercise(
        key="23.1",
        function="contrastive_loss",
        section="A contrast",
        cases={
            "some pairs": pairs(),
            "names like their pictures": pairs(alike=2.0),
            "one pair": pairs(n=1),
            "two numbers": pairs(d=2),
            "one number": pairs(d=1),
            "hot": pairs(temperature=100.0),
            "cold": pairs(temperature=0.001),
            "cold, and names like their pictures": pairs(temperature=0.001, n=40, d=4, alike=2.0),
            "cold, and all the wrong way round": opposite,
            "long vectors": pairs(unit=300.0),
            "from short to long": different_lengths,
            "the same name twice": the_same_name_twice,
            "zeros in the pictures": some_zeros(pairs(alike=2.0), "pictures"),
            "zeros in the names": some_zeros(pairs(alike=2.0), "names"),
            "cold, and one name far from all pictures": one_name_far_from_all,
            "all alike": all_alike,
            "a hundred pairs": pairs(n=100, d=20, alike=1.0),
        },
        hints=(
            "Divide each row by its length first. Then s is one matrix product. Which entries of s are right?",
            "-log softmax at the right place is log(sum of e^s) - s at the right place. One loss goes along the rows "
            "of s, the other along its columns: the rows of s.T.",
            "log(sum e^s) = top + log(sum e^(s - top)) with top = s.max(axis=1): then no power is above e^0.",
        ),
    ),
    Exercise(
        key="23.2",
        function="recall_at",
        section="Search",
        cases={
            "some queries": queries(),
            "the best one alone": queries(k=1),
            "all items": queries(k=99),
            "one query": queries(n=1),
            "one item": queries(m=1),
            "many queries": queries(n=200, m=30, k=10),
            "many equal ones": queries(n=40, ties=2),
            "many equal ones, the best one alone": queries(n=40, ties=1, k=1),
            "all equal": all_equal,
            "equal in pairs": tied_in_pairs,
            "nearly equal": nearly_equal,
            "tiny ones and zeros": tiny_or_zero,
            "among the first 150": queries(n=60, m=200, k=150),
        },
        hints=(
            "For each query count how many items are more similar than the right one. When is the right one among the "
            "first k, if nothing is equal?",
            "Of t equal items, the right one among them, after g that are more similar: the right one stands at place "
            "g + 1, ..., g + t, each with the probability 1/t. How many of these places are at most k?",
            "(k - g) / t, but never below 0 or above 1: np.clip.",
        ),
    ),
    Exercise(
        key="23.3",
        function="product_of_experts",
        section="Two experts and one code",
        results=("mean", "log_var"),
        cases={
            "two experts": experts(),
            "one expert": experts(e=1),
            "five experts": experts(e=5),
            "one example": experts(n=1),
            "one number": experts(d=1),
            "some are absent": experts(e=3, absent=0.5),
            "where they are absent, nothing stands": experts(e=3, absent=0.5, nothing=True),
            "far from the prior": far_away,
            "zeros among the means": some_zeros(experts(), "means"),
            "zeros among the logarithms": some_zeros(experts(), "log_vars"),
            "all are absent": experts(absent=1.0, nothing=True),
            "from very sure to very unsure": sure_and_unsure,
        },
        hints=(
            "The exponents of Gaussians add up: -1/2 sum T_i (z - m_i)^2, with T_i = 1 / variance_i. What stands "
            "before z^2, and what before z? The prior has T = 1 and m = 0.",
            "T = 1 + sum T_i, mean = sum T_i m_i / T, log_var = -log T. An absent expert has T_i = 0.",
            "0 * NaN is NaN: replace what is absent with np.where before you multiply, in the means as well.",
        ),
    ),
    Exercise(
        key="23.4",
        function="guided_score",
        section="Guidance",
        tolerance=1e-9,
        cases={
            "some points": scores(),
            "not guided": scores(w=0.0),
            "strongly guided": scores(w=20.0),
            "one point": scores(n=1),
            "one number": scores(d=1),
            "one centre of each class": scores(k=3),
            "one class": scores(classes=1),
            "narrow": scores(sigma=0.02),
            "wide": scores(sigma=30.0, spread=10.0),
            "so far that every density is 0": scores(far=200.0),
            "other numbers for the classes": other_names_of_classes,
            "very narrow": scores(sigma=1e-5),
            "all far from zero": all_far_from_zero,
            "zeros in x": some_zeros(scores(), "x"),
            "zeros in the centres": some_zeros(scores(sigma=0.01, spread=0.01), "centres"),
        },
        hints=(
            "Write grad log p for a mixture: grad p / p. Each Gaussian has the gradient N(x) (centre - x) / sigma^2.",
            "So the score is a mean of (centre_k - x) / sigma^2, weighted by the share of k in the density at x: a "
            "softmax of -|x - centre_k|^2 / (2 sigma^2), over all k, or over those of the class.",
            "log_p = -(d**2).sum(axis=2) / (2 * sigma**2), d = centres - x[:, None]; for the class, np.where(classes "
            "== label, log_p, -np.inf). Take away the largest before np.exp.",
        ),
    ),
    Exercise(
        key="23.5",
        function="least_loss",
        section="Temperature",
        level=2,
        cases={
            "some pairs": drawn_sizes,
            "some others": drawn_sizes,
            "two pairs": sized(2, 1.0),
            "two pairs, cold": sized(2, 0.3),
            "three pairs": sized(3, 1.0),
            "64 pairs, hot": sized(64, 1.0),
            "64 pairs": sized(64, 0.2),
            "a million pairs": sized(10**6, 0.07),
            "very hot": sized(100, 100.0),
            "very cold": sized(1000, 0.01),
        },
        tolerance=1e-9,
        hints=(
            "The loss of a picture is log(1 + sum over j != i of e^(s_ij - s_ii)). That is convex in the differences: "
            "by Jensen, for the mean m of all of them, loss >= log(1 + (n - 1) e^m). When are the two equal?",
            "How small can m be? If all right pairs agree, <u_i, v_i> = 1, so the wrong ones should be as negative as "
            "possible. But |u_1 + ... + u_n|^2 >= 0. What does that say of the mean of <u_i, u_j> over i != j?",
            "That mean is at least -1 / (n - 1), reached by the corners of a simplex, and so m = -(1 + 1 / (n - 1)) / "
            "temperature. (Pairs that do not agree do no better: subtract the means of u and v, and use the "
            "Cauchy-Schwarz inequality.) np.log1p(x) is log(1 + x), also where 1 + x rounds to 1.",
        ),
    ),
    Exercise(
        key="23.6",
        function="match_names",
        section="A misconception, put to the test",
        level=3,
        measure=found_first,
        cases={
            "names of four words": worlds(),
            "fewer known pairs": worlds(known=250),
            "names of three words": worlds(groups=3, each=8, known=350),
            "names of five words": worlds(groups=5, each=4),
            "other units": worlds(unit=0.01, centre=3.0),
            "stronger light": worlds(light=15.0),
        },
        hints=(
            "Pictures of new names can be guessed: learn from the known pairs what each word adds (least squares, "
            "np.linalg.lstsq). Do not forget what all pictures have in common.",
            "A guess is never quite right: the light is not in it. Look at what is left of the known pictures, and in "
            "which directions. A difference in such a direction says little.",
            "With the covariance C of what is left, -d^T C^-1 d is twice log p(picture | name), but for a constant. "
            "That is the similarity that the lesson derives as the best one, but for what depends on the "
            "picture alone.",
        ),
    ),
]
