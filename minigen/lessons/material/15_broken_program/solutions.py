"""Lesson 15: the places where the program was broken. Six functions to write, in plain NumPy.

The encoder gives h (N, 2D): for each example the mean, then the log-variance, of q(z|x). The decoder gives logits:
a pixel is 1 with probability sigmoid(logit). The discriminator gives a logit s for each image, D = sigmoid(s). And

    softplus(s) = log(1 + e^s) = np.logaddexp(0, s),      which is exact and finite for every s.

Use NumPy and Python's own library, and nothing else. Check your work with `check("15.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 15`.
"""

import numpy as np


def codes_from_outputs(h: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Codes drawn from q(z|x) = N(mean, e^log_var), given what the encoder gives.

        z = mean + std * noise,    std = e^(log_var / 2)

    Args:
        h: (N, 2D); its first D columns are the means, the last D the log-variances.
        noise: (N, D), drawn from N(0, 1).

    Returns:
        z: (N, D).
    """
    # answer
    mean, log_var = np.split(h, 2, axis=1)
    return mean + np.exp(0.5 * log_var) * noise
    # end


def repaired_vae_loss(logits: np.ndarray, x: np.ndarray, h: np.ndarray) -> float:
    """The loss of a VAE, to be minimised: -ELBO in nats per example.

        -ELBO = mean over n of [ sum over pixels of -log p(x|z)  +  sum over dimensions of KL ]

        -log p(x|z) = softplus(logit) - x logit,      KL = 1/2 (mean^2 + e^log_var - 1 - log_var)

    Args:
        logits: (N, pixels), of any size: also +-1000. x: (N, pixels), in [0, 1].
        h: (N, 2D), the means and the log-variances.

    Returns:
        A number.
    """
    # answer
    mean, log_var = np.split(h, 2, axis=1)
    reconstruction = (np.logaddexp(0, logits) - x * logits).sum(axis=1)
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    return float((reconstruction + kl).mean())
    # end


def player_losses(real_logits: np.ndarray, fake_logits: np.ndarray) -> tuple[float, float]:
    """The discriminator's loss and the generator's, given the discriminator's logits s.

    The discriminator is a classifier, with label 1 for real images and 0 for fakes; the generator wants label 1 for
    its fakes (the non-saturating loss):

        d_loss = mean over real of -log D  +  mean over fakes of -log(1 - D)
        g_loss = mean over fakes of -log D,                        D = sigmoid(s)

    Args:
        real_logits: (N,). fake_logits: (M,). Also +-1000.

    Returns:
        d_loss, g_loss: two numbers.
    """
    # answer
    d_loss = np.logaddexp(0, -real_logits).mean() + np.logaddexp(0, fake_logits).mean()
    return float(d_loss), float(np.logaddexp(0, -fake_logits).mean())
    # end


def player_gradients(real_logits: np.ndarray, fake_logits: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each loss of `player_losses` sends back to the logits. The derivative of softplus(s) is sigmoid(s).

    What is lost beside 1, as the tiny difference sigmoid(40) - 1 is, may be 0; nothing may be NaN.

    Args:
        real_logits: (N,). fake_logits: (M,). Also +-1000.

    Returns:
        d_real: d d_loss / d real_logits, (N,).
        d_fake: d d_loss / d fake_logits, (M,).
        g_fake: d g_loss / d fake_logits, (M,).
    """

    # answer
    def sigmoid(s: np.ndarray) -> np.ndarray:
        return np.exp(-np.logaddexp(0, -s))  # 1 / (1 + e^-s), where e^-s may be infinite

    n, m = len(real_logits), len(fake_logits)
    return -sigmoid(-real_logits) / n, sigmoid(fake_logits) / m, -sigmoid(-fake_logits) / m
    # end


def loss_limits(x: np.ndarray) -> tuple[float, float]:
    """Two numbers to compare the loss of a VAE with, `repaired_vae_loss`, on images x. (Derive both.)

    floor: no encoder and decoder have a loss below it, and it can be approached as closely as one likes.
    blind: the same for decoders that ignore the code, so that they give the same logits for every image.

    Logits and codes may be as large as one likes.

    Args:
        x: (N, pixels), in [0, 1]; 0 and 1 are among them.

    Returns:
        floor, blind: two numbers, in nats per example.
    """

    # answer
    def entropy(p: np.ndarray) -> np.ndarray:
        inside = (p > 0) & (p < 1)
        q = np.where(inside, p, 0.5)
        return np.where(inside, -q * np.log(q) - (1 - q) * np.log(1 - q), 0.0)

    return float(entropy(x).sum(axis=1).mean()), float(entropy(x.mean(axis=0)).sum())
    # end


def diagnose(losses: np.ndarray, mean: np.ndarray, log_var: np.ndarray, z: np.ndarray) -> list[str]:
    """Which fault has each of P programs that claim to train a VAE with Bernoulli pixels?

        "none"      it is a VAE: codes are drawn from q(z|x), and the loss has its KL
        "sign"      it minimises the ELBO, not its negative
        "no noise"  the decoder gets the means
        "variance"  the noise is multiplied by the variance, not by the deviation
        "no kl"     the loss is the reconstruction alone
        "collapse"  q(z|x) is the same for every image

    Their images have different numbers of pixels, few or many, so there is no size that a good loss has.

    The measure is the share of programs that are told rightly; the goal is nine of ten.

    Args:
        losses: (P, steps), what each program reports as its loss.
        mean, log_var: (P, N, D), what its encoder gives for N images after training.
        z: (P, N, D), the codes that its decoder gets for them.

    Returns:
        For each program one of the six names, in quotes above.
    """
    # answer
    found = []
    for loss, m, lv, code in zip(losses, mean, log_var, z, strict=True):
        noise, std = code - m, np.exp(0.5 * lv)
        if loss[-1] < 0:
            found.append("sign")
        elif np.abs(noise).max() == 0:
            found.append("no noise")
        elif m.std(axis=0).max() < 0.2:
            found.append("collapse")
        elif m.std(axis=0).max() > 1.6 and std.mean() < 0.2:
            found.append("no kl")
        else:
            scale = np.abs(noise / std).mean() / np.sqrt(2 / np.pi)  # 1 if the noise was multiplied by std
            found.append("none" if scale > 0.9 else "variance")
    return found
    # end
