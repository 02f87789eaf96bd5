"""The exercises of lesson 9: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


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


def fakes(scale, extreme=0.0):
    """Logits of fakes."""

    def draw(rng):
        s = scale * rng.standard_normal(sizes(rng, 1)[0]) - 1
        if extreme:
            s[:2] = -extreme, extreme
        return {"s": s}

    return draw


def clusters(dimensions):
    """Samples near some centres, samples just outside of others, and none at the rest."""

    def draw(rng):
        found, missed, empty = rng.choice([2, 3, 4, 5], 3, replace=False)
        count, sigma = int(found + missed + empty), round(float(rng.uniform(0.1, 0.25)), 3)
        places = np.stack(np.meshgrid(*[np.arange(-2.0, 3.0)] * dimensions), axis=-1).reshape(-1, dimensions)
        centres = 4 * rng.permutation(places)[:count]
        good = np.concatenate([np.arange(found), rng.integers(found, size=20)])
        bad = np.concatenate([np.arange(found + missed), rng.integers(found + missed, size=20)])
        near = np.concatenate([good, bad])
        radius = np.concatenate([rng.uniform(0.3, 2.9, len(good)), rng.uniform(3.1, 4.5, len(bad))])
        ray = rng.standard_normal((len(near), dimensions))
        samples = centres[near] + (sigma * radius / np.linalg.norm(ray, axis=1))[:, None] * ray
        return {"samples": rng.permutation(samples), "centres": centres, "sigma": sigma}

    return draw


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
        },
        hints=(
            "The sum has one term for each place, and each term has its own d[k]. So maximise a log d + b log(1 - d) "
            "over one number d.",
            "d = p / (p + q). Where p + q is 0 put 1/2. For the value, log d is needed only where p > 0, and "
            "log(1 - d) only where q > 0; everywhere else the term is 0.",
            "d = np.where(t > 0, p / np.where(t > 0, t, 1), 0.5) with t = p + q; then "
            "np.log(d[p > 0]) @ p[p > 0] + np.log(1 - d[q > 0]) @ q[q > 0], as a float.",
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
        },
        hints=(
            "Write both losses with softplus: log(1 - D) = -log(1 + e^s), and -log D = log(1 + e^-s). What is the "
            "derivative of log(1 + e^s)?",
            "d/ds log(1 + e^s) = e^s / (1 + e^s) = D, so that of -log(1 + e^s) is -D. By the chain rule that of "
            "log(1 + e^-s) is -(1 - D). Both losses are means over the batch.",
            "d = 1 / (1 + np.exp(-s)); return -d / len(s), -(1 - d) / len(s).",
        ),
    ),
    Exercise(
        key="09.4",
        function="count_modes",
        section="Mode collapse, frame by frame",
        results=("found", "quality"),
        cases={"in the plane": clusters(2), "in space": clusters(3), "in the plane again": clusters(2)},
        hints=(
            "First make the table of distances of all samples (rows) from all centres (columns). What do you need of "
            "each row?",
            "samples[:, None] - centres has shape (N, K, D); the root of the sum of its squares over the last axis is "
            "(N, K). The row's min says whether the sample is good, its argmin whose it is.",
            "good = distance.min(axis=1) < 3 * sigma; found = len(np.unique(distance.argmin(axis=1)[good])); quality "
            "= float(good.mean()).",
        ),
    ),
]
