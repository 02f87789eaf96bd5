"""The exercises of lesson 9: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(4, 12), count, replace=False)]


def logits(scale, extreme=0.0):
    """Logits of real examples and of fakes; with `extreme` one of each is that far on the wrong side."""

    def draw(rng):
        n, m = sizes(rng, 2)
        real, fake = scale * rng.standard_normal(n), scale * rng.standard_normal(m)
        if extreme:
            real[rng.integers(n)], fake[rng.integers(m)] = -extreme, extreme
        return {"real": real, "fake": fake}

    return draw


def sure(low, high, sign=1):
    """Logits between low and high: all examples on the right side, or for sign = -1 one of each on the wrong side."""

    def draw(rng):
        n, m = sizes(rng, 2) if sign > 0 else (1, 1)
        return {"real": sign * rng.uniform(low, high, n), "fake": -sign * rng.uniform(low, high, m)}

    return draw


def repeated(rng):
    """Some logits come several times: each of them counts."""
    n, m = sizes(rng, 2)
    real, fake = rng.standard_normal(n), rng.standard_normal(m)
    return {"real": np.append(real, np.repeat(real[:2], 3)), "fake": np.append(fake, np.repeat(fake[0], 5))}


def at_any_distance(rng):
    """One logit each, on the wrong side, as far as 1e12 on a log scale."""
    far = 10 ** rng.uniform(3, 12, 2)
    return {"real": -far[:1], "fake": far[1:]}


def alike(rng):
    """As many real examples as fakes, some logits 0."""
    n = sizes(rng, 1)[0]
    return {"real": np.append(rng.standard_normal(n), 0.0), "fake": np.append(0.0, rng.standard_normal(n))}


def shares(only_p=0, only_q=0, empty=0):
    """Two distributions over places, some of which only one of them visits, or none."""

    def draw(rng):
        k = sizes(rng, 1)[0] + only_p + only_q + empty
        p, q = rng.uniform(0.2, 1.0, k), rng.uniform(0.2, 1.0, k)
        order = rng.permutation(k)
        q[order[: only_p + empty]] = 0
        p[order[only_p : only_p + empty + only_q]] = 0
        return {"p": p / p.sum(), "q": q / q.sum()}

    return draw


def tiny(rng):
    """Shares of 1e-20 beside ordinary ones."""
    inputs = shares()(rng)
    p, q = inputs["p"], inputs["q"]
    p[0], q[1] = 1e-20, 1e-20
    return {"p": p / p.sum(), "q": q / q.sum()}


def tiny_in_both(rng):
    """Places where both shares are tiny, and one is three times the other; 1e-10 and less, down to 1e-100."""
    size = 10 ** np.array([-10.0, -20.0, -100.0, rng.uniform(-60, -10)])
    factor = rng.permuted(np.tile([1.0, 3.0], (4, 1)), axis=1)
    p, q = (np.append(size * factor[:, i], rng.uniform(0.2, 1.0, 5)) for i in range(2))
    return {"p": p / p.sum(), "q": q / q.sum()}


def many_places(rng):
    """200 places, a tenth of them with the same share."""
    p, q = rng.uniform(0.2, 1.0, (2, 200))
    p[:20], q[5:25] = 0.5, 0.7
    return {"p": p / p.sum(), "q": q / q.sum()}


def extremes(first, second):
    """Two distributions, as given."""
    return lambda rng: {"p": np.array(first), "q": np.array(second)}


def packs(draw, m):
    """Inputs of packed_best_loss: two distributions, and the size of a pack."""
    return lambda rng: draw(rng) | {"m": m}


def few(only_p=0, only_q=0, both=2):
    """Two distributions over few places, so that their packs can be counted."""

    def draw(rng):
        k = only_p + only_q + both
        p, q = rng.uniform(0.2, 1.0, k), rng.uniform(0.2, 1.0, k)
        order = rng.permutation(k)
        q[order[:only_p]] = 0
        p[order[only_p : only_p + only_q]] = 0
        return {"p": p / p.sum(), "q": q / q.sum()}

    return draw


def fakes(scale, extreme=0.0):
    """Logits of fakes."""

    def draw(rng):
        s = scale * rng.standard_normal(sizes(rng, 1)[0]) - 1
        if extreme:
            s[:2] = -extreme, extreme
        return {"s": s}

    return draw


def between(low, high):
    """Logits of fakes between two numbers."""
    return lambda rng: {"s": rng.uniform(low, high, sizes(rng, 1)[0])}


def clusters(dimensions):
    """Samples near some centres, samples just outside of others, and none at the rest."""

    def draw(rng):
        found, missed, empty = rng.choice([2, 3, 4, 5], 3, replace=False)
        count, sigma = int(found + missed + empty), round(float(rng.uniform(0.1, 0.25)), 3)
        reach = np.arange(-8.0, 9.0) if dimensions == 1 else np.arange(-2.0, 3.0)
        places = np.stack(np.meshgrid(*[reach] * dimensions), axis=-1).reshape(-1, dimensions)
        centres = 4 * rng.permutation(places)[:count]
        good = np.concatenate([np.arange(found), rng.integers(found, size=20)])
        bad = np.concatenate([np.arange(found + missed), rng.integers(found + missed, size=20)])
        near = np.concatenate([good, bad])
        radius = np.concatenate([rng.uniform(0.3, 2.9, len(good)), rng.uniform(3.1, 4.5, len(bad))])
        ray = rng.standard_normal((len(near), dimensions))
        samples = centres[near] + (sigma * radius / np.linalg.norm(ray, axis=1))[:, None] * ray
        return {"samples": rng.permutation(samples), "centres": centres, "sigma": sigma}

    return draw


def overlapping(rng):
    """Clusters whose 3 sigma overlap: the second centre is within 3 sigma of samples that belong to the first."""
    sigma, corner = 0.25, 4.0 * rng.integers(-3, 4, 2)
    shift = rng.permutation([1.0, 0.0]) * rng.choice([-1, 1])
    near = corner + rng.uniform(-0.1, 0.1, (sizes(rng, 1)[0], 2)) + 0.35 * shift
    far = corner + 20 + rng.standard_normal((3, 2))
    centres = np.stack([corner, corner + shift, corner - 8.0])
    order = rng.permutation(3)
    return {"samples": rng.permutation(np.concatenate([near, far])), "centres": centres[order], "sigma": sigma}


def repeated_samples(rng):
    """Samples of which one good and one bad one come several times."""
    inputs = clusters(2)(rng)
    samples = inputs["samples"]
    return inputs | {"samples": np.concatenate([samples, np.repeat(samples[:7], 4, axis=0)])}


def on_the_border(rng):
    """Samples exactly 3 sigma from a centre at 0, in numbers that the computer holds exactly; one a little nearer."""
    samples = np.array([[0.75, 0.0], [0.0, -0.75], [0.0, 0.75 - 1e-9], [8.0, 8.0]])
    return {"samples": rng.permutation(samples), "centres": np.array([[0.0, 0.0], [8.0, 8.0]]), "sigma": 0.25}


def halfway(rng):
    """Samples as near to one centre as to another, and good."""
    sigma, corner = 0.25, 4.0 * rng.integers(-3, 4, 2)
    samples = corner + np.array([[0.5, 0.0], [0.5, 0.25], [1.0, 0.125]])
    return {"samples": samples, "centres": corner + np.array([[1.0, 0.0], [0.0, 0.0], [8.0, 8.0]]), "sigma": sigma}


def one_sample(distance, sigma=0.1):
    """One sample and one centre, so many sigma apart."""

    def draw(rng):
        centre = rng.standard_normal((1, 2))
        return {"samples": centre + np.array([0.0, distance * sigma]), "centres": centre, "sigma": sigma}

    return draw


def covered(reached, clusters, between=0, each=50, scale=1.0):
    """Clusters of data, and fakes at so many of them; with `between` that many fakes where no data are.

    Args:
        each: how many examples a cluster has. scale: of all numbers, a power of 10.
    """

    def draw(rng):
        places = np.stack(np.meshgrid(np.arange(4.0), np.arange(4.0)), axis=-1).reshape(-1, 2)
        centres = 2 * rng.permutation(places)[:clusters] + rng.uniform(-0.2, 0.2, (clusters, 2))
        sigma = rng.uniform(0.05, 0.15)
        real = np.repeat(centres, each, axis=0) + sigma * rng.standard_normal((each * clusters, 2))
        good = np.repeat(centres[:reached], rng.integers(20, 60, reached), axis=0)
        good = good + sigma * rng.standard_normal(good.shape)
        bad = 2 * rng.integers(0, 3, (between, 2)) + 1.0 + rng.uniform(-0.05, 0.05, (between, 2))
        fake = rng.permutation(np.concatenate([good, bad]))
        return {"real": scale * rng.permutation(real), "fake": scale * fake}

    return draw


def share_off(inputs, answer):
    """The measure of `coverage`: how far the answer is from the share of the clusters that are reached.

    But for a power of 10, each cluster lies within 1 of a point with even coordinates from 0 to 6, and the fakes in
    between do not. Six clusters or more reach beyond 3.
    """
    if isinstance(answer, bool) or not isinstance(answer, (int, float, np.integer, np.floating)):
        raise ArgumentError(f"coverage: expected one number, the share of the clusters, got {type(answer).__name__}")
    if not 0 <= answer <= 1:
        raise ArgumentError(f"coverage: expected a share, from 0 to 1, got {float(answer):.6g}")
    scale = 10 ** np.round(np.log10(np.abs(inputs["real"]).max() / 4.7))
    real, fake = (np.round(inputs[name] / scale / 2) for name in ("real", "fake"))
    near = np.abs(inputs["fake"] / scale - 2 * fake).max(axis=1) < 0.9
    clusters, reached = set(map(tuple, real)), set(map(tuple, fake[near]))
    return Measure(abs(answer - len(clusters & reached) / len(clusters)), 0.1, "error of the share", better="lower")


def of_losses(reference, inputs):
    """The two losses of the generator as functions of the fakes' logits."""
    s = inputs["s"]
    return [
        (lambda s: float(-np.logaddexp(0, s).mean()), s),
        (lambda s: float(np.logaddexp(0, -s).mean()), s),
    ]


EXERCISES = [
    Exercise(
        key="09.1",
        function="game_loss",
        section="The game",
        cases={
            "logits of a beginner": logits(1.5),
            "one example far on the wrong side": logits(2.0, 50.0),
            "one farther than e^s can go": logits(2.0, 800.0),
            "all told apart with confidence": sure(16.0, 29.0),
            "all told apart with more confidence": sure(31.0, 60.0),
            "both on the wrong side": sure(20.1, 21.0, -1),
            "as many fakes as real examples": alike,
            "some logits several times": repeated,
            "told apart with almost no doubt": sure(690.0, 700.0),
            "wrong by thousands to billions": at_any_distance,
        },
        hints=(
            "What does the discriminator want: a large or a small logit for a real example? Which of the two softplus "
            "functions in the docstring of the file is small then?",
            "The loss is mean(log(1 + e^-s)) over the real logits plus mean(log(1 + e^s)) over the fakes. Two means, "
            "added. Which NumPy function gives log(e^a + e^b) without forming e^a?",
            "np.logaddexp(0, s) is log(e^0 + e^s) = log(1 + e^s). So: np.logaddexp(0, -real).mean() plus the same of "
            "+fake; float() of it.",
        ),
    ),
    Exercise(
        key="09.2",
        function="best_discriminator",
        section="The best discriminator",
        results=("d", "value"),
        cases={
            "everywhere both": shares(),
            "places that only one visits": shares(only_p=2, only_q=3),
            "and places that none visits": shares(only_p=1, only_q=1, empty=2),
            "shares of 1e-20": tiny,
            "shares of 1e-10": extremes([1e-10, 0.5, 0.5 - 1e-10], [0.5, 1e-10, 0.5 - 1e-10]),
            "no place in common": extremes([0.25, 0.75, 0.0], [0.0, 0.0, 1.0]),
            "one place": extremes([1.0], [1.0]),
            "tiny shares in both": tiny_in_both,
            "200 places": many_places,
        },
        hints=(
            "The sum has one term for each place, and each term has its own d[k]. So maximise a log d + b log(1 - d) "
            "over one number d.",
            "d = p / (p + q). Where p + q is 0 put 1/2. For the value, log d is needed only where p > 0, and "
            "log(1 - d) only where q > 0; everywhere else the term is 0.",
            "d = np.where(t > 0, p / np.where(t > 0, t, 1), 0.5) with t = p + q; then "
            "np.log(d[p > 0]) @ p[p > 0] + np.log(q[q > 0] / t[q > 0]) @ q[q > 0], as a float. (1 - d would round to 0 "
            "where q is tiny.)",
        ),
    ),
    Exercise(
        key="09.3",
        function="generator_gradients",
        section="Two losses for the generator",
        results=("minimax", "non_saturating"),
        measured=of_losses,
        cases={
            "some fakes": fakes(2.0),
            "rejected with confidence": fakes(6.0),
            "farther than e^s can go": fakes(2.0, 800.0),
            "all rejected": between(-23.0, -20.5),
            "all rejected with confidence": between(-600.0, -110.0),
            "all taken for real": between(20.5, 23.0),
            "all taken for real with confidence": between(110.0, 600.0),
            "one fake": lambda rng: {"s": np.zeros(1)},
        },
        hints=(
            "Write both losses with softplus: log(1 - D) = -log(1 + e^s), and -log D = log(1 + e^-s). What is the "
            "derivative of log(1 + e^s)?",
            "d/ds log(1 + e^s) = e^s / (1 + e^s) = D, so that of -log(1 + e^s) is -D. By the chain rule that of "
            "log(1 + e^-s) is -(1 - D). Both losses are means over the batch.",
            "d = 1 / (1 + np.exp(-s)), and 1 - d = 1 / (1 + np.exp(s)), which does not round to 0. Return -d / len(s) "
            "and -(1 - d) / len(s).",
        ),
    ),
    Exercise(
        key="09.4",
        function="count_modes",
        section="Mode collapse, frame by frame",
        results=("found", "quality"),
        cases={
            "in the plane": clusters(2),
            "in space": clusters(3),
            "on a line": clusters(1),
            "clusters that overlap": overlapping,
            "exactly 3 sigma away": on_the_border,
            "as near to one centre as to another": halfway,
            "one good sample, one centre": one_sample(1.5),
            "one bad sample, one centre": one_sample(4.0),
            "a tiny sigma": one_sample(5.0, sigma=1e-9),
            "samples several times": repeated_samples,
        },
        hints=(
            "First make the table of distances of all samples (rows) from all centres (columns). What do you need of "
            "each row?",
            "samples[:, None] - centres has shape (N, K, D); the root of the sum of its squares over the last axis is "
            "(N, K). The row's min says whether the sample is good, its argmin whose it is.",
            "good = distance.min(axis=1) < 3 * sigma; found = len(np.unique(distance.argmin(axis=1)[good])); quality "
            "= float(good.mean()).",
        ),
    ),
    Exercise(
        key="09.5",
        function="packed_best_loss",
        section="A remedy: packs",
        level=2,
        cases={
            "one at a time": packs(few(both=5), 1),
            "pairs": packs(few(1, 1), 2),
            "threes": packs(few(0, 2, 3), 3),
            "fives": packs(few(1, 0, 2), 5),
            "a heap in one place": packs(extremes([0.125] * 8, [1.0] + [0.0] * 7), 3),
            "no place in common": packs(extremes([0.5, 0.5, 0.0], [0.0, 0.0, 1.0]), 2),
            "the same": packs(extremes([0.25, 0.75], [0.25, 0.75]), 4),
            "one place": packs(extremes([1.0], [1.0]), 3),
            "shares of 1e-20": packs(tiny, 2),
            "sixes": packs(few(1, 1, 1), 6),
            "nines": packs(few(), 9),
        },
        hints=(
            "To this D a pack is one example, from a set of K^m places. What is the probability of the pack (1, 2) if "
            "it comes from the data?",
            "It is p[1] p[2]: m times np.outer and ravel give the probabilities of all packs. The best D and its value "
            "follow as for single examples, with these in place of p and q.",
            "With P and Q of the packs, the loss is the sum of -P log(P / (P + Q)) - Q log(Q / (P + Q)), over packs "
            "where the factor in front is not 0.",
        ),
    ),
    Exercise(
        key="09.6",
        function="coverage",
        section="What shows it",
        level=3,
        measure=share_off,
        cases={
            "all reached": covered(7, 7),
            "half of them": covered(4, 8),
            "one of ten": covered(1, 10),
            "three of six, and fakes in between": covered(3, 6, between=60),
            "numbers of hundreds, more examples": covered(2, 9, each=80, scale=100.0),
            "numbers of thousandths, fewer examples": covered(5, 7, each=30, scale=1e-3),
        },
        hints=(
            "Clusters are equally large: instead of clusters you can count real examples. When would you say that a "
            "real example is reached?",
            "When a fake is near. How near is near? Nobody tells you sigma, but the real examples' distances from each "
            "other do: look at the distance of each from its nearest neighbour, and take the median.",
            "The share of the real examples that have a fake within, say, eight times that median.",
        ),
    ),
]
