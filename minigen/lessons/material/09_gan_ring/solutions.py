"""Lesson 9: the GAN game. Six functions to write, in plain NumPy.

The discriminator gives a logit s, and D = sigmoid(s) = 1 / (1 + e^-s) is its belief that an example is real. Then

    -log D = log(1 + e^-s),    -log(1 - D) = log(1 + e^s)

Use NumPy and Python's own library, and nothing else. Check your work with `check("09.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 09`.
"""

import numpy as np


def game_loss(real: np.ndarray, fake: np.ndarray) -> float:
    """The discriminator's loss: the negative value of the game, -V.

        -mean over real examples of log D  -  mean over fakes of log(1 - D)

    It must be exact to 12 digits for every logit: for one of -800, and also where all examples are told apart so well
    that the loss is only 1e-15. So work with s and never form D; and note that 1 + 1e-20 is 1 to the computer.

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

    A place that a distribution never visits adds nothing to its sum: 0 log 0 = 0. Where p and q are both 0, every d is
    as good as any other; let it be 1/2. A share may be tiny, like 1e-20, and the value must still be finite.

    Args:
        p: (K,), the share of the data in each of K places. q: (K,), that of the fakes. Both sum to 1.

    Returns:
        (d, value): the maximising d, (K,), and V(d), a float.
    """
    # answer
    total = p + q
    d = np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)
    value = np.log(d[p > 0]) @ p[p > 0] + np.log(q[q > 0] / total[q > 0]) @ q[q > 0]  # 1 - d = q / (p + q)
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

    A sample belongs to the nearest of the centres (Euclidean distance; to the first of them if several are equally
    near), and to no other. It is good if that distance is less than 3 sigma; exactly 3 sigma is not good. A cluster is
    found if at least one good sample belongs to it. The clusters may overlap.

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


def packed_best_loss(p: np.ndarray, q: np.ndarray, m: int) -> float:
    """The loss -V of the best discriminator that judges m examples at once.

    It is shown a pack of m places, drawn independently of each other, all m from the data or all m from the fakes. Its
    loss is -mean over real packs of log D - mean over packs of fakes of log(1 - D), and D may be any function of the
    pack. Packs are ordered: (1, 2) and (2, 1) are two packs.

    Args:
        p: (K,), the share of the data in each of K places. q: (K,), that of the fakes. Both sum to 1.
        m: how many examples are in a pack, at least 1. K^m is at most 1000.

    Returns:
        The smallest loss that any D can have, a float, in nats.
    """
    # answer
    packs_p, packs_q = p, q
    for _ in range(m - 1):  # the probability of a pack is the product of its members'
        packs_p, packs_q = np.outer(packs_p, p).ravel(), np.outer(packs_q, q).ravel()
    both = (packs_p > 0) & (packs_q > 0)  # where only one of the two ever is, D is sure and right: no loss
    a, b = packs_p[both], packs_q[both]
    return float(a @ np.log1p(b / a) + b @ np.log1p(a / b))
    # end


def coverage(real: np.ndarray, fake: np.ndarray) -> float:
    """How much of the data do the fakes cover? An open task: every way to find out is right that finds it out.

    The data are clusters, equally large and round, well apart (the distance of two centres is at least ten times the
    deviation of a cluster), each of as many examples. Nobody tells you how many clusters there are, or where, or
    whether the numbers are thousandths or hundreds. The fakes reach some of the clusters: those have at least twenty
    fakes near them, and the others none. Fakes may also lie in between, where no data are. Return the share of the
    clusters that are reached.

    The goal: your number is off by at most 0.1.

    Args:
        real: (N, 2), examples. fake: (M, 2), fakes; M need not be N.

    Returns:
        A float between 0 and 1.
    """
    # answer
    between = np.linalg.norm(real[:, None] - real, axis=2)
    radius = 8 * np.median(np.sort(between, axis=1)[:, 1])  # of the distance to the nearest neighbour
    nearest_fake = np.linalg.norm(real[:, None] - fake, axis=2).min(axis=1)
    return float((nearest_fake < radius).mean())  # clusters are equally large: examples stand for their clusters
    # end
