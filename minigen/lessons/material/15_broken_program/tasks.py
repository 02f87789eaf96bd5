"""The exercises of lesson 15: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def different(rng, count):
    """So many sizes, no two alike."""
    return [int(n) for n in rng.choice(np.arange(3, 10), count, replace=False)]


def codes(rng):
    """Inputs of codes_from_outputs."""
    n, d = different(rng, 2)
    return {"h": rng.standard_normal((n, 2 * d)), "noise": rng.standard_normal((n, d))}


def bound(size, sign=0):
    """Inputs of repaired_vae_loss, with logits of about this size; all of one sign, if that is given."""

    def draw(rng):
        n, pixels, d = different(rng, 3)
        logits = size * rng.standard_normal((n, pixels))
        logits = sign * np.abs(logits) if sign else logits
        return {"logits": logits, "x": rng.random((n, pixels)), "h": rng.standard_normal((n, 2 * d))}

    return draw


def verdicts(size):
    """Logits of about this size for real images and fakes, as many of each or not."""

    def draw(rng):
        n, m = different(rng, 2)
        return {"real_logits": size * rng.standard_normal(n), "fake_logits": size * rng.standard_normal(m)}

    return draw


def of_losses(reference, inputs):
    """The two losses, as functions of the logits."""
    real, fake = inputs.values()
    losses = reference["player_losses"]
    return [
        (lambda s: losses(s, fake)[0], real),
        (lambda s: losses(real, s)[0], fake),
        (lambda s: losses(real, s)[1], fake),
    ]


EXERCISES = [
    Exercise(
        key="15.1",
        function="codes_from_outputs",
        section="Fault 3: nothing is sampled",
        cases={"random outputs": codes, "other sizes": codes, "and others": codes},
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
        cases={"undecided": verdicts(1.0), "sure": verdicts(5.0), "logits of +-1000": verdicts(1000.0)},
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
        cases={"undecided": verdicts(1.0), "sure": verdicts(5.0), "again": verdicts(2.0)},
        measured=of_losses,
        hints=(
            "Differentiate softplus(-s): outer derivative times inner. And of a mean over N entries, how much does one "
            "entry get?",
            "d softplus(s) / ds = sigmoid(s), and d softplus(-s) / ds = -sigmoid(-s). Divide by the number of logits "
            "in that mean: N or M.",
            "With sigmoid(s) = 1 / (1 + np.exp(-s)): d_fake = sigmoid(fake) / M, d_real = -sigmoid(-real) / N, and "
            "g_fake = -sigmoid(-fake) / M.",
        ),
    ),
]
