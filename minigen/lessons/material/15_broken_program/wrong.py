"""Classic wrong answers to the exercises of lesson 15: the faults of the program, and their relatives."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of

_MASKED = "np.where leaves out what is computed there"
_TOO_SMALL = "sigmoid(-50) is far below the last digit of sigmoid(s) - 1, which is right as well"
EQUIVALENT = {
    "repaired_vae_loss: h sorted": "the KL is a sum over means and log-variances, in any order",
    "repaired_vae_loss: result at least 0": "with pixels in [0, 1] the loss is not negative",
    "player_losses: real_logits sorted": "a mean does not depend on the order",
    "player_losses: fake_logits sorted": "a mean does not depend on the order",
    "player_losses: result at least 0": "neither loss is negative",
    "player_gradients: np.exp(np.clip(..., -50, 50)) for np.exp(-np.logaddexp(0, -s))": _TOO_SMALL,
    "player_gradients: np.log(1 + np.exp(x)) for np.logaddexp(0, -s)": "e^-inf is 0, as it should be",
    "player_gradients: np.where(x > 20, x, np.log1p(np.exp(x))) for np.logaddexp(0, -s)": _TOO_SMALL,
    "player_gradients: np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x))) for np.logaddexp(0, -s)": _TOO_SMALL,
    "player_gradients: real_logits clipped at +-100": _TOO_SMALL,
    "player_gradients: fake_logits clipped at +-100": _TOO_SMALL,
    "loss_limits: p for np.where(inside, p, 0.5)": _MASKED,
    "loss_limits: 0.505 for 0.5 in q = np.where(inside, p, 0.5)": _MASKED,
    "loss_limits: 0 for 0.5 in q = np.where(inside, p, 0.5)": _MASKED,
    "loss_limits: np.nan_to_num(np.log(...)) for np.log(q)": _MASKED,
    "loss_limits: np.nan_to_num(np.log(...)) for np.log(1 - q)": _MASKED,
    "loss_limits: x sorted": "means over images, in any order",
    "loss_limits: result at least 0": "an entropy is not negative",
}

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


@wrong("codes_from_outputs", "the log-variance is clipped: the code is asked for as it is, for any log-variance")
def clipped_codes(h, noise):
    mean, log_var = np.split(h, 2, axis=1)
    return mean + np.exp(0.5 * np.clip(log_var, -15, 15)) * noise


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


@wrong("repaired_vae_loss", "1 + e^-40 rounds to 1, and its log to 0: np.logaddexp(0, s) is exact there too")
def rounded_softplus(logits, x, h):
    softplus = np.maximum(logits, 0) + np.log(1 + np.exp(-np.abs(logits)))
    return float(((softplus - x * logits).sum(axis=1) + _terms(logits, x, h)[1].sum(axis=1)).mean())


@wrong("repaired_vae_loss", "the log-variance is clipped: the KL is asked for as it is, for any log-variance")
def clipped_log_variance(logits, x, h):
    mean, log_var = np.split(h, 2, axis=1)
    return ref.repaired_vae_loss(logits, x, np.concatenate([mean, np.clip(log_var, -10, 10)], axis=1))


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


@wrong("player_losses", "1 + e^-40 rounds to 1, and its log to 0: np.logaddexp(0, s) is exact there too")
def rounded_losses(real_logits, fake_logits):
    def softplus(s):
        return (np.maximum(s, 0) + np.log(1 + np.exp(-np.abs(s)))).mean()

    return float(softplus(-real_logits) + softplus(fake_logits)), float(softplus(-fake_logits))


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


# ----------------------------------------------------------------------------------------------------- loss_limits


def _entropy(p):
    inside = (p > 0) & (p < 1)
    q = np.where(inside, p, 0.5)
    return np.where(inside, -q * np.log(q) - (1 - q) * np.log(1 - q), 0.0)


@wrong("loss_limits", "the floor is 0 for black and white pixels only: a grey pixel cannot be predicted for sure")
def floor_of_zero(x):
    return 0.0, ref.loss_limits(x)[1]


@wrong("loss_limits", "0 log 0 is 0, and NumPy makes it NaN: treat pixels of 0 and 1 apart")
def nan_at_the_ends(x):
    with np.errstate(all="ignore"):
        floor = -(x * np.log(x) + (1 - x) * np.log(1 - x)).sum(axis=1).mean()
        p = x.mean(axis=0)
        return float(floor), float(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum())


@wrong("loss_limits", "blind is that of logits 0, a coin for each pixel: the best constant logit is another one")
def coins(x):
    return ref.loss_limits(x)[0], float(np.log(2) * x.shape[1])


@wrong("loss_limits", "blind uses one brightness for all pixels: each pixel has a logit of its own")
def one_brightness(x):
    return ref.loss_limits(x)[0], float(x.shape[1] * _entropy(np.array(x.mean())))


@wrong("loss_limits", "averaged over the pixels: the loss is their sum")
def per_pixel(x):
    floor, blind = ref.loss_limits(x)
    return floor / x.shape[1], blind / x.shape[1]


@wrong("loss_limits", "summed over the images: the loss is their mean")
def summed_over_images(x):
    floor, blind = ref.loss_limits(x)
    return floor * len(x), blind * len(x)


@wrong("loss_limits", "in bits: the loss is in nats, with the natural logarithm")
def in_bits(x):
    floor, blind = ref.loss_limits(x)
    return floor / np.log(2), blind / np.log(2)


@wrong("loss_limits", "floor and blind are exchanged: a decoder that sees its code can do better")
def limits_exchanged(x):
    return ref.loss_limits(x)[::-1]


@wrong("loss_limits", "calls the reference itself", compared=False)
def limits_of_the_reference(x):
    return cheat.loss_limits(x)


# -------------------------------------------------------------------------------------------------------- diagnose


@wrong("diagnose", "does not reach the goal", compared=False)
def always_well(losses, mean, log_var, z):
    return ["none"] * len(losses)


@wrong("diagnose", "does not reach the goal", compared=False)
def by_the_loss_alone(losses, mean, log_var, z):
    return ["sign" if loss[-1] < 0 else "no kl" if loss[-1] < 90 else "none" for loss in losses]


@wrong("diagnose", "does not reach the goal", compared=False)
def by_the_means_alone(losses, mean, log_var, z):
    spread = mean.std(axis=(1, 2))
    return ["collapse" if s < 0.2 else "sign" if s > 5 else "no kl" if s > 1.5 else "none" for s in spread]


@wrong("diagnose", "does not reach the goal", compared=False)
def without_the_scale_of_the_noise(losses, mean, log_var, z):
    found = ref.diagnose(losses, mean, log_var, z)
    return ["none" if name == "variance" else name for name in found]


@wrong("diagnose", "expected names from", compared=False)
def numbers(losses, mean, log_var, z):
    return [0] * len(losses)
