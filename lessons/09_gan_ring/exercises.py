"""Lesson 9: the GAN game. Four functions to write, in plain NumPy.

The discriminator gives a logit s, and D = sigmoid(s) = 1 / (1 + e^-s) is its belief that an example is real. Then

    -log D = log(1 + e^-s),    -log(1 - D) = log(1 + e^s)

Check your work with `python -m pytest lessons/09_gan_ring`, or with `check("09.1")` in the lesson.
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
    raise NotImplementedError("game_loss: not written yet")


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
    raise NotImplementedError("best_discriminator: not written yet")


def generator_gradients(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients, with respect to the fakes' logits, of the generator's two losses.

        minimax:          mean of log(1 - D)
        non-saturating:   mean of -log D

    Args:
        s: (N,), the logits of the fakes.

    Returns:
        (minimax, non_saturating), both (N,).
    """
    raise NotImplementedError("generator_gradients: not written yet")


def count_modes(samples: np.ndarray, centres: np.ndarray, sigma: float) -> tuple[int, float]:
    """How many clusters the samples reach, and how many of the samples are good.

    A sample is good if its (Euclidean) distance from the nearest centre is less than 3 sigma. A cluster is found if at
    least one good sample lies at its centre.

    Args:
        samples: (N, D). centres: (K, D). sigma: the deviation of each cluster along each axis.

    Returns:
        (found, quality): the number of clusters found, an int, and the share of the samples that are good, a float.
    """
    raise NotImplementedError("count_modes: not written yet")
