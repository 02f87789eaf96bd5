"""The exercises of lesson 15: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth

FAULTS = ("none", "sign", "no noise", "variance", "no kl", "collapse")
PROGRAMS, IMAGES, DIMENSIONS, STEPS = 60, 100, 8, 50


def different(rng, count):
    """So many sizes, no two alike."""
    return [int(n) for n in rng.choice(np.arange(3, 10), count, replace=False)]


def codes(sizes=None, mean=1.0, log_var=(-2.0, 2.0), noise=1.0):
    """Inputs of codes_from_outputs. sizes: N, D. mean, noise: their deviation. log_var: from where to where."""

    def draw(rng):
        n, d = sizes or different(rng, 2)
        h = np.concatenate([mean * rng.standard_normal((n, d)), rng.uniform(*log_var, (n, d))], axis=1)
        return {"h": h, "noise": noise * rng.standard_normal((n, d))}

    return draw


def bound(size, sign=0, log_var=(-2.0, 2.0), binary=False):
    """Inputs of repaired_vae_loss, with logits of about this size; all of one sign, if that is given.

    log_var: from where to where. binary: whether pixels are 0 or 1.
    """

    def draw(rng):
        n, pixels, d = different(rng, 3)
        logits = size * rng.standard_normal((n, pixels))
        logits = sign * np.abs(logits) if sign else logits
        x = rng.integers(2, size=(n, pixels)).astype(float) if binary else rng.random((n, pixels))
        h = np.concatenate([rng.standard_normal((n, d)), rng.uniform(*log_var, (n, d))], axis=1)
        return {"logits": logits, "x": x, "h": h}

    return draw


def black(low, high):
    """Inputs of repaired_vae_loss: black pixels, logits from low to high, and q is the prior."""

    def draw(rng):
        n, pixels, d = different(rng, 3)
        return {"logits": rng.uniform(low, high, (n, pixels)), "x": np.zeros((n, pixels)), "h": np.zeros((n, 2 * d))}

    return draw


def verdicts(size, sizes=None):
    """Logits of about this size for real images and fakes; sizes: N, M, by default different."""

    def draw(rng):
        n, m = sizes or different(rng, 2)
        return {"real_logits": size * rng.standard_normal(n), "fake_logits": size * rng.standard_normal(m)}

    return draw


def sure(real, fake):
    """Logits of a discriminator that is nearly sure: of real images around `real`, of fakes around `fake`."""

    def draw(rng):
        n, m = different(rng, 2)
        return {"real_logits": real + rng.uniform(-0.7, 0.7, n), "fake_logits": fake + rng.uniform(-0.7, 0.7, m)}

    return draw


def all_far(low, high, real, fake):
    """Logits of a size between low and high, on a logarithmic scale; real, fake: their sign."""

    def draw(rng):
        n, m = different(rng, 2)
        return {
            "real_logits": real * np.exp(rng.uniform(np.log(low), np.log(high), n)),
            "fake_logits": fake * np.exp(rng.uniform(np.log(low), np.log(high), m)),
        }

    return draw


def repeated_verdicts(rng):
    """Logits of which one comes four times, and another one twice."""
    which = [0, 0, 0, 0, 1, 1, 2]
    return {name: rng.standard_normal(3)[rng.permutation(which)] for name in ("real_logits", "fake_logits")}


def of_both_signs(low, high):
    """Logits of a size between low and high, both signs among the real ones and among the fakes, and one small one."""

    def draw(rng):
        n, m = different(rng, 2)
        real, fake = (rng.uniform(low, high, k) * (-1) ** np.arange(k) for k in (n, m))
        real[-1], fake[-1] = 0.5, -0.5
        return {"real_logits": real, "fake_logits": fake}

    return draw


def equal_verdicts(rng):
    """Logits that are all 0: the discriminator cannot tell."""
    n, m = different(rng, 2)
    return {"real_logits": np.zeros(n), "fake_logits": np.zeros(m)}


def of_losses(reference, inputs):
    """The two losses, as functions of the logits."""
    real, fake = inputs.values()
    losses = reference["player_losses"]
    return [
        (lambda s: losses(s, fake)[0], real),
        (lambda s: losses(real, s)[0], fake),
        (lambda s: losses(real, s)[1], fake),
    ]


def pixels(n, d, grey=1.0):
    """Inputs of loss_limits: of all pixels this share is grey, others are 0 or 1; one is always 0 and one always 1."""

    def draw(rng):
        x = np.where(rng.random((n, d)) < grey, rng.random((n, d)), rng.integers(2, size=(n, d)))
        x[:, 0], x[:, 1] = 0, 1
        return {"x": x}

    return draw


def nearly_black_or_white(rng):
    """Inputs of loss_limits: pixels so near to 0 or 1 that their entropy is tiny, and that 1 - x is exact."""
    values = np.array([0, 1, 2.0**-30, 1 - 2.0**-30, 2.0**-34])
    x = values[rng.integers(5, size=(4, 6))]
    x[:, 0], x[:, 1], x[:, 2], x[:, 3] = 2.0**-30, 1 - 2.0**-30, 0, 1
    x[:, 4:] = x[0, 4:]
    return {"x": x}


def program(fault, rng):
    """What a program with this fault shows: losses (STEPS,), mean, log_var and z (IMAGES, DIMENSIONS).

    The numbers are made, not trained: they have the size of those in the lesson, and vary from program to program. The
    loss depends on how many pixels its images have.
    """
    shape = (IMAGES, DIMENSIONS)
    used = rng.permutation(DIMENSIONS) < rng.integers(3, DIMENSIONS + 1)
    std = np.where(used, rng.uniform(0.1, 0.5, DIMENSIONS), 1.0)
    spread = np.where(used, np.sqrt(1 - std**2), 0.03)
    last = rng.uniform(90, 130)
    if fault == "no noise":  # only the KL asks for a variance: it becomes 1
        std = np.ones(DIMENSIONS)
        spread = np.where(used, rng.uniform(0.4, 1.5, DIMENSIONS), 0.03)
    if fault == "no kl":
        std, spread, last = rng.uniform(0.003, 0.03, DIMENSIONS), rng.uniform(2, 4, DIMENSIONS), rng.uniform(60, 90)
    if fault == "collapse":
        std, spread, last = np.ones(DIMENSIONS), np.full(DIMENSIONS, 0.03), rng.uniform(190, 210)
    if fault == "sign":
        std, spread = rng.uniform(0.1, 3, DIMENSIONS), rng.uniform(1, 30, DIMENSIONS)
    mean = spread * rng.standard_normal(shape)
    log_var = 2 * np.log(std) + 0.1 * rng.standard_normal(shape)
    deviation = np.exp(log_var if fault == "variance" else log_var / 2)
    noise = 0.0 if fault == "no noise" else deviation * rng.standard_normal(shape)
    steps = np.arange(STEPS)
    losses = last + (543 - last) * np.exp(-steps / rng.uniform(3, 8)) + rng.standard_normal(STEPS)
    if fault == "sign":
        losses = -543 * np.exp(steps / rng.uniform(2, 5))
    losses *= 10 ** rng.uniform(-1, 1)
    return losses, mean, log_var, mean + noise


def programs(rng):
    """Inputs of diagnose. Which fault is which has to be read from them."""
    faults = [str(fault) for fault in rng.permutation(np.repeat(FAULTS, PROGRAMS // len(FAULTS)))]
    losses, mean, log_var, z = (np.stack(part) for part in zip(*(program(f, rng) for f in faults), strict=True))
    return WithTruth({"losses": losses, "mean": mean, "log_var": log_var, "z": z}, faults=faults)


def told_rightly(inputs, answer):
    """The share of programs whose fault was told."""
    if not isinstance(answer, list | tuple | np.ndarray) or len(answer) != PROGRAMS:
        raise ArgumentError(f"diagnose: expected a list of {PROGRAMS} names, one for each program")
    names = [str(name) for name in answer]
    strange = next((name for name in names if name not in FAULTS), None)
    if strange is not None:
        raise ArgumentError(f"diagnose: expected names from {', '.join(FAULTS)}; got {strange!r}")
    right = [name == fault for name, fault in zip(names, inputs.truth["faults"], strict=True)]
    return Measure(float(np.mean(right)), 0.9, what="of the programs told rightly")


EXERCISES = [
    Exercise(
        key="15.1",
        function="codes_from_outputs",
        section="Fault 3: nothing is sampled",
        cases={
            "random outputs": codes(),
            "other sizes": codes(),
            "two images, two dimensions": codes((2, 2)),
            "one of each": codes((1, 1)),
            "wide clouds": codes(log_var=(110.0, 140.0)),
            "narrow clouds around 0": codes(mean=0.0, log_var=(-140.0, -110.0)),
            "no noise": codes(noise=0.0),
            "much noise": codes((3, 4), noise=500.0),
        },
        hints=(
            "h has twice as many columns as z. Which of them are the means? What are the others, exactly: a variance, "
            "a deviation, or a logarithm?",
            "np.split(h, 2, axis=1) gives mean and log_var. The deviation is the square root of the variance "
            "e^log_var; in the exponent, a square root is a half.",
            "mean + np.exp(0.5 * log_var) * noise",
        ),
    ),
    Exercise(
        key="15.2",
        function="repaired_vae_loss",
        section="Fault 4: no KL",
        cases={
            "small logits": bound(1.0),
            "other sizes": bound(2.0),
            "logits of -1000": bound(1000.0, -1),
            "of +1000": bound(1000.0, 1),
            "black and white": bound(3.0, binary=True),
            "narrow clouds": bound(1.0, log_var=(-140.0, -110.0)),
            "wide clouds": bound(1.0, log_var=(110.0, 140.0)),
            "sure, and right": black(-40, -20),
            "sure, and wrong": black(20.5, 22),
            "logits of 0": black(0, 0),
        },
        hints=(
            "Two terms for each example. Which of them may be negative? What does each say if reconstructions are "
            "perfect, or if q is the prior?",
            "The cross-entropy (N, pixels) is np.logaddexp(0, logits) - x * logits; sum it over axis 1, and the KL "
            "(N, D) also. Add the two, and take the mean over the examples.",
            "kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1); return "
            "float((reconstruction + kl).mean())",
        ),
    ),
    Exercise(
        key="15.3",
        function="player_losses",
        section="Fault 5: a discriminator fitted with images as labels",
        results=("d_loss", "g_loss"),
        cases={
            "undecided": verdicts(1.0),
            "sure": verdicts(5.0),
            "logits of +-1000": of_both_signs(200, 1000),
            "sure, and right": sure(21.3, -21.3),
            "sure, and wrong": sure(-21.3, 21.3),
            "surer, and right": all_far(45, 50, 1, -1),
            "surer, and wrong": all_far(45, 50, -1, 1),
            "as sure as can be, and right": all_far(500, 700, 1, -1),
            "as sure as can be, and wrong": all_far(500, 700, -1, 1),
            "repeated logits": repeated_verdicts,
            "as many real as fake": verdicts(2.0, (4, 4)),
            "one of each": verdicts(2.0, (1, 1)),
            "all 0": equal_verdicts,
        },
        hints=(
            "Which label shall the discriminator give to a real image, and which to a fake? Which does the generator "
            "hope for? None of the three needs an image.",
            "-log sigmoid(s) = softplus(-s), and -log(1 - sigmoid(s)) = softplus(s). So three softpluses, and of each "
            "the mean.",
            "d_loss = np.logaddexp(0, -real_logits).mean() + np.logaddexp(0, fake_logits).mean(), and g_loss is the "
            "first of these with fake_logits instead of real_logits.",
        ),
    ),
    Exercise(
        key="15.4",
        function="player_gradients",
        section="Fault 5: a discriminator fitted with images as labels",
        results=("d_real", "d_fake", "g_fake"),
        cases={
            "undecided": verdicts(1.0),
            "sure": verdicts(5.0),
            "very sure": of_both_signs(21, 25),
            "logits of +-1000": of_both_signs(720, 1000),
            "repeated logits": repeated_verdicts,
            "as many real as fake": verdicts(2.0, (4, 4)),
            "one of each": verdicts(2.0, (1, 1)),
            "all 0": equal_verdicts,
        },
        measured=of_losses,
        hints=(
            "Differentiate softplus(-s): outer derivative times inner. And of a mean over N entries, how much does one "
            "entry get?",
            "d softplus(s) / ds = sigmoid(s), and d softplus(-s) / ds = -sigmoid(-s). Divide by the number of logits "
            "in that mean: N or M.",
            "With sigmoid(s) = 1 / (1 + np.exp(-s)), or the same without overflow, np.exp(-np.logaddexp(0, -s)): "
            "d_fake = sigmoid(fake) / M, d_real = -sigmoid(-real) / N, and g_fake = -sigmoid(-fake) / M.",
        ),
    ),
    Exercise(
        key="15.5",
        function="loss_limits",
        section="Fault 1: the sign, and a misconception put to the test",
        level=2,
        results=("floor", "blind"),
        cases={
            "grey pixels": pixels(5, 4),
            "other sizes": pixels(3, 7),
            "black and white": pixels(6, 5, grey=0.0),
            "both kinds": pixels(8, 6, grey=0.5),
            "one image": pixels(1, 5),
            "nearly black or white": nearly_black_or_white,
        },
        hints=(
            "The KL can be 0 in both cases. What remains is a sum over pixels. For one pixel with value x, which "
            "probability p makes -x log p - (1 - x) log(1 - p) smallest? And what is it there?",
            "The derivative is (p - x) / (p (1 - p)), so p = x: the least is the entropy of a coin with probability x. "
            "With one p for all images, average over the images first: which p is best then?",
            "With h(p) = -p log p - (1 - p) log(1 - p), and 0 at p = 0 and p = 1: floor is the mean over images of "
            "sum over pixels of h(x), blind the sum over pixels of h(mean over images of x).",
        ),
    ),
    Exercise(
        key="15.6",
        function="diagnose",
        section="Fault 4: no KL",
        level=3,
        cases={"sixty programs": programs, "sixty others": programs},
        measure=told_rightly,
        hints=(
            "Take the faults one by one. What can never happen with Bernoulli pixels? What is z - mean in a program "
            "that does not sample?",
            "Without a KL the means lie far apart and the deviations are tiny; in a collapse the means are all alike. "
            "Draw a few numbers of each program before you choose the limits.",
            "(z - mean) / e^(log_var / 2) has deviation 1 in a program that samples as it should. With the variance in "
            "place of the deviation it is much smaller where log_var is negative.",
        ),
    ),
]
