"""Lesson 9: the GAN game. Four functions to write, in plain NumPy.

The discriminator gives a logit s, and D = sigmoid(s) = 1 / (1 + e^-s) is its belief that an example is real. Then

    -log D = log(1 + e^-s),    -log(1 - D) = log(1 + e^s)

Use NumPy and Python's own library, and nothing else. Check your work with `check("09.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 09`.
"""

import numpy as np


def game_loss(real: np.ndarray, fake: np.ndarray) -> float:
    """The discriminator's loss: the negative value of the game, -V.

        -mean over real examples of log D  -  mean over fakes of log(1 - D)

    It must be exact for every logit, those of 50 and of -800 too: work with s, and never form D.

    Args:
        real: (N,), the logits of real examples. fake: (M,), those of fakes; M need not be N.

    Returns:
        A float, in nats.
    """
    # answer
    return float(np.logaddexp(0, -real).mean() + np.logaddexp(0, fake).mean())
    # end


def best_discriminator(p: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, float]:
    """The discriminator that maximises V when the distributions are known, and the value it reaches.

        V(d) = sum_k  p[k] log d[k]  +  q[k] log(1 - d[k])

    A place that a distribution never visits adds nothing to its sum: 0 log 0 = 0. Where neither p nor q is ever, every
    d is as good as any other; let it be 1/2.

    Args:
        p: (K,), the share of the data in each of K places. q: (K,), that of the fakes. Both sum to 1.

    Returns:
        (d, value): the maximising d, (K,), and V(d), a float.
    """
    # answer
    total = p + q
    d = np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)
    value = np.log(d[p > 0]) @ p[p > 0] + np.log(1 - d[q > 0]) @ q[q > 0]
    return d, float(value)
    # end


def generator_gradients(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients, with respect to the fakes' logits, of the generator's two losses.

        minimax:          mean of log(1 - D)
        non-saturating:   mean of -log D

    Args:
        s: (N,), the logits of the fakes.

    Returns:
        (minimax, non_saturating), both (N,).
    """
    # answer
    d, one_minus_d = np.exp(-np.logaddexp(0, -s)), np.exp(-np.logaddexp(0, s))  # no overflow, whatever s is
    return -d / len(s), -one_minus_d / len(s)
    # end


def count_modes(samples: np.ndarray, centres: np.ndarray, sigma: float) -> tuple[int, float]:
    """How many clusters the samples reach, and how many of the samples are good.

    A sample is good if its (Euclidean) distance from the nearest centre is less than 3 sigma. A cluster is found if at
    least one good sample lies at its centre.

    Args:
        samples: (N, D). centres: (K, D). sigma: the deviation of each cluster along each axis.

    Returns:
        (found, quality): the number of clusters found, an int, and the share of the samples that are good, a float.
    """
    # answer
    distance = np.sqrt(((samples[:, None] - centres) ** 2).sum(axis=2))  # (N, K)
    good = distance.min(axis=1) < 3 * sigma
    return len(np.unique(distance.argmin(axis=1)[good])), float(good.mean())
    # end
