"""Classic wrong answers to the exercises of lesson 15: the faults of the program, and their relatives."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


# ------------------------------------------------------------------------------------------------ codes_from_outputs


@wrong("codes_from_outputs", "nothing is drawn: the noise is missing, z is the mean")
def no_noise(h, noise):
    return np.split(h, 2, axis=1)[0].copy()


@wrong("codes_from_outputs", "z has to have D columns: that are all 2D outputs of the encoder")
def everything(h, noise):
    return h.copy()


@wrong("codes_from_outputs", "e^log_var is the variance; the noise is multiplied by its square root, e^(log_var / 2)")
def variance_as_deviation(h, noise):
    mean, log_var = np.split(h, 2, axis=1)
    return mean + np.exp(log_var) * noise


@wrong(
    "codes_from_outputs", "the log-variance itself is used as the deviation: it may be negative; take e^(log_var / 2)"
)
def log_variance_as_deviation(h, noise):
    mean, log_var = np.split(h, 2, axis=1)
    return mean + log_var * noise


@wrong("codes_from_outputs", "mean and log-variance are exchanged: the means come first")
def exchanged(h, noise):
    log_var, mean = np.split(h, 2, axis=1)
    return mean + np.exp(0.5 * log_var) * noise


@wrong("codes_from_outputs", "you take every other column: the D means come first, then the D log-variances")
def interleaved(h, noise):
    return h[:, ::2] + np.exp(0.5 * h[:, 1::2]) * noise


@wrong("codes_from_outputs", "the mean is missing: that is noise around 0, whatever the image")
def no_mean(h, noise):
    return np.exp(0.5 * np.split(h, 2, axis=1)[1]) * noise


@wrong("codes_from_outputs", "the noise is not scaled: multiply it by the deviation")
def unscaled(h, noise):
    return np.split(h, 2, axis=1)[0] + noise


@wrong("codes_from_outputs", "the deviation has the wrong sign in its exponent: e^(-log_var / 2) is one over it")
def precision(h, noise):
    mean, log_var = np.split(h, 2, axis=1)
    return mean + np.exp(-0.5 * log_var) * noise


@wrong("codes_from_outputs", "changes its input noise", compared=False)
def in_place(h, noise):
    mean, log_var = np.split(h, 2, axis=1)
    noise *= np.exp(0.5 * log_var)
    return mean + noise


@wrong("codes_from_outputs", "calls the reference itself", compared=False)
def the_reference(h, noise):
    return cheat.codes_from_outputs(h, noise)


# ----------------------------------------------------------------------------------------------- repaired_vae_loss


def _terms(logits, x, h):
    """The cross-entropy of each pixel and the KL of each dimension."""
    mean, log_var = np.split(h, 2, axis=1)
    return np.logaddexp(0, logits) - x * logits, 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)


@wrong("repaired_vae_loss", "the sign is that of the ELBO itself: a loss is minimised, so -ELBO")
def elbo(logits, x, h):
    return -ref.repaired_vae_loss(logits, x, h)


@wrong("repaired_vae_loss", "the KL is missing")
def no_kl(logits, x, h):
    return float(_terms(logits, x, h)[0].sum(axis=1).mean())


@wrong("repaired_vae_loss", "the KL is subtracted: -ELBO = reconstruction + KL")
def kl_rewarded(logits, x, h):
    reconstruction, kl = _terms(logits, x, h)
    return float((reconstruction.sum(axis=1) - kl.sum(axis=1)).mean())


@wrong("repaired_vae_loss", "the cross-entropy is averaged over the pixels: sum it, or the KL counts far too much")
def mean_over_pixels(logits, x, h):
    reconstruction, kl = _terms(logits, x, h)
    return float((reconstruction.mean(axis=1) + kl.sum(axis=1)).mean())


@wrong("repaired_vae_loss", "the KL is averaged over the dimensions: sum it")
def mean_over_dimensions(logits, x, h):
    reconstruction, kl = _terms(logits, x, h)
    return float((reconstruction.sum(axis=1) + kl.mean(axis=1)).mean())


@wrong("repaired_vae_loss", "it is summed over the batch: take the mean over the examples")
def sum_over_batch(logits, x, h):
    return float(ref.repaired_vae_loss(logits, x, h) * len(x))


@wrong("repaired_vae_loss", "the factor 1/2 of the KL is missing")
def whole_kl(logits, x, h):
    reconstruction, kl = _terms(logits, x, h)
    return float((reconstruction.sum(axis=1) + 2 * kl.sum(axis=1)).mean())


@wrong("repaired_vae_loss", "in the KL the log-variance stands where the variance e^log_var belongs")
def no_exponential(logits, x, h):
    mean = np.split(h, 2, axis=1)[0]
    return float((_terms(logits, x, h)[0].sum(axis=1) + 0.5 * (mean**2 - 1).sum(axis=1)).mean())


@wrong("repaired_vae_loss", "mean and log-variance are exchanged in the KL: the means come first")
def exchanged_in_kl(logits, x, h):
    return ref.repaired_vae_loss(logits, x, np.concatenate(np.split(h, 2, axis=1)[::-1], axis=1))


@wrong("repaired_vae_loss", "that is the squared error of the probabilities: the pixels are Bernoulli variables")
def squared_error(logits, x, h):
    kl = _terms(logits, x, h)[1]
    return float((((_sigmoid(logits) - x) ** 2).sum(axis=1) + kl.sum(axis=1)).mean())


@wrong("repaired_vae_loss", "sigmoid(1000) is 1, and log(1 - 1) is infinite: use softplus, not the log of a sigmoid")
def log_of_sigmoid(logits, x, h):
    p = _sigmoid(logits)
    reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1)
    return float((reconstruction + _terms(logits, x, h)[1].sum(axis=1)).mean())


@wrong("repaired_vae_loss", "e^1000 is infinite: np.logaddexp(0, s) is log(1 + e^s) without it")
def plain_softplus(logits, x, h):
    reconstruction = (np.log(1 + np.exp(logits)) - x * logits).sum(axis=1)
    return float((reconstruction + _terms(logits, x, h)[1].sum(axis=1)).mean())


@wrong("repaired_vae_loss", "calls minigen", compared=False)
def of_the_library(logits, x, h):
    return float(mg.nn.bce_loss(logits, x) + mg.nn.kl_loss(*np.split(h, 2, axis=1)))


def _sigmoid(s):
    return 1 / (1 + np.exp(-s))


# --------------------------------------------------------------------------------------------------- player_losses


def _mean_softplus(s):
    return float(np.logaddexp(0, s).mean())


@wrong("player_losses", "the labels are exchanged in d_loss: real images have label 1, fakes 0")
def labels_exchanged(real_logits, fake_logits):
    return _mean_softplus(real_logits) + _mean_softplus(-fake_logits), _mean_softplus(-fake_logits)


@wrong("player_losses", "fakes have label 1 in d_loss: their label is 0")
def all_real(real_logits, fake_logits):
    return _mean_softplus(-real_logits) + _mean_softplus(-fake_logits), _mean_softplus(-fake_logits)


@wrong("player_losses", "d_loss sees no fakes: a discriminator that says 'real' to everything has no loss then")
def real_only(real_logits, fake_logits):
    return _mean_softplus(-real_logits), _mean_softplus(-fake_logits)


@wrong("player_losses", "g_loss is the discriminator's on fakes: the generator wants label 1 for them")
def generator_as_discriminator(real_logits, fake_logits):
    return ref.player_losses(real_logits, fake_logits)[0], _mean_softplus(fake_logits)


@wrong("player_losses", "g_loss is the minimax one, mean of log(1 - D): the non-saturating one is the mean of -log D")
def minimax(real_logits, fake_logits):
    return ref.player_losses(real_logits, fake_logits)[0], -_mean_softplus(fake_logits)


@wrong("player_losses", "g_loss is taken on the real images: the generator can do nothing about those")
def generator_on_real(real_logits, fake_logits):
    return ref.player_losses(real_logits, fake_logits)[0], _mean_softplus(-real_logits)


@wrong("player_losses", "both losses have the wrong sign: they are minimised")
def to_maximise(real_logits, fake_logits):
    d_loss, g_loss = ref.player_losses(real_logits, fake_logits)
    return -d_loss, -g_loss


@wrong("player_losses", "d_loss is halved: it is the sum of two means")
def halved(real_logits, fake_logits):
    d_loss, g_loss = ref.player_losses(real_logits, fake_logits)
    return d_loss / 2, g_loss


@wrong("player_losses", "real and fake logits are averaged together: take the mean of each by itself, then add")
def one_mean(real_logits, fake_logits):
    both = np.concatenate([-real_logits, fake_logits])
    return _mean_softplus(both), _mean_softplus(-fake_logits)


@wrong("player_losses", "that is the squared error of D: a classifier's loss is the negative log-likelihood of labels")
def squares(real_logits, fake_logits):
    real, fake = _sigmoid(real_logits), _sigmoid(fake_logits)
    return float(((real - 1) ** 2).mean() + (fake**2).mean()), float(((fake - 1) ** 2).mean())


@wrong("player_losses", "log of a sigmoid that has rounded to 0 is infinite: softplus of the logit is exact")
def logs_of_sigmoids(real_logits, fake_logits):
    real, fake = _sigmoid(real_logits), _sigmoid(fake_logits)
    return float(-np.log(real).mean() - np.log(1 - fake).mean()), float(-np.log(fake).mean())


@wrong("player_losses", "calls minigen", compared=False)
def losses_of_the_library(real_logits, fake_logits):
    d_loss = mg.mean(mg.softplus(-real_logits)) + mg.mean(mg.softplus(fake_logits))
    return float(d_loss), float(mg.mean(mg.softplus(-fake_logits)))


# ------------------------------------------------------------------------------------------------ player_gradients


@wrong("player_gradients", "d_real has the wrong sign: a larger logit of a real image makes the loss smaller")
def real_sign(real_logits, fake_logits):
    d_real, d_fake, g_fake = ref.player_gradients(real_logits, fake_logits)
    return -d_real, d_fake, g_fake


@wrong("player_gradients", "g_fake is that of the minimax loss, -sigmoid(s): it vanishes where the fake is bad, s << 0")
def saturating(real_logits, fake_logits):
    d_real, d_fake, _ = ref.player_gradients(real_logits, fake_logits)
    return d_real, d_fake, -d_fake


@wrong("player_gradients", "g_fake is zero: a generator with this gradient is never updated")
def never_updated(real_logits, fake_logits):
    d_real, d_fake, g_fake = ref.player_gradients(real_logits, fake_logits)
    return d_real, d_fake, np.zeros_like(g_fake)


@wrong("player_gradients", "the division by the number of logits is missing: the losses are means")
def of_sums(real_logits, fake_logits):
    d_real, d_fake, g_fake = ref.player_gradients(real_logits, fake_logits)
    return d_real * len(d_real), d_fake * len(d_fake), g_fake * len(g_fake)


@wrong("player_gradients", "all are divided by N + M: each loss is a sum of means, over N real and over M fake logits")
def of_all(real_logits, fake_logits):
    n, m = len(real_logits), len(fake_logits)
    d_real, d_fake, g_fake = ref.player_gradients(real_logits, fake_logits)
    return d_real * n / (n + m), d_fake * m / (n + m), g_fake * m / (n + m)


@wrong("player_gradients", "the derivative of softplus(-s) is -sigmoid(-s), not -sigmoid(s)")
def inner_sign(real_logits, fake_logits):
    real, fake = _sigmoid(real_logits) / len(real_logits), _sigmoid(fake_logits) / len(fake_logits)
    return -real, fake, -fake


@wrong("player_gradients", "D(1 - D) is the derivative of the sigmoid: the log in the loss takes one factor away")
def of_the_sigmoid(real_logits, fake_logits):
    real, fake = _sigmoid(real_logits), _sigmoid(fake_logits)
    slope = fake * (1 - fake) / len(fake)
    return -real * (1 - real) / len(real), slope, -slope


@wrong("player_gradients", "d_real and d_fake are exchanged: the real ones come first")
def exchanged_gradients(real_logits, fake_logits):
    d_real, d_fake, g_fake = ref.player_gradients(real_logits, fake_logits)
    return d_fake, d_real, g_fake


@wrong("player_gradients", "numeric differentiation", compared=False)
def measured(real_logits, fake_logits):
    def differences(loss, x, h=1e-5):
        steps = h * np.eye(len(x))
        return np.array([(loss(x + step) - loss(x - step)) / (2 * h) for step in steps])

    return (
        differences(lambda s: cheat.player_losses(s, fake_logits)[0], real_logits),
        differences(lambda s: cheat.player_losses(real_logits, s)[0], fake_logits),
        differences(lambda s: cheat.player_losses(real_logits, s)[1], fake_logits),
    )


@wrong("player_gradients", "calls the reference itself", compared=False)
def gradients_of_the_reference(real_logits, fake_logits):
    return cheat.player_gradients(real_logits, fake_logits)
