"""Lesson 11: taming GANs. Six functions to write, in plain NumPy.

s stands for the discriminator's output, a logit or a critic's score, and h for the learning rate.
Use NumPy and Python's own library, and nothing else. Check your work with `check("11.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 11`.
"""

import numpy as np


def dirac_step(theta: np.ndarray, psi: np.ndarray, lr: float, gamma: float) -> tuple[np.ndarray, np.ndarray]:
    """One step of gradient descent of both players of the Dirac-GAN, at the same time.

    All real examples are 0, all fakes are theta, and the discriminator is s(x) = psi x. With sigma(t) = 1/(1 + e^-t)
    and the penalty R1, gamma/2 (ds/dx)^2 at the real examples, the losses are

        discriminator:  log 2 + log(1 + e^(psi theta)) + gamma/2 psi^2
        generator:      -log(1 + e^(psi theta))

    Each player goes down the gradient of its own loss with respect to its own number. Both gradients are taken before
    anyone moves.

    Args:
        theta, psi: (K,), the state of K games that know nothing of each other; psi theta is between -100 and 100.
        lr: h, of both players, above 0. gamma: the weight of the penalty; 0 for none.

    Returns:
        (theta, psi) after the step, each (K,).
    """
    # answer
    believed = 1 / (1 + np.exp(-psi * theta))
    return theta + lr * psi * believed, psi - lr * (theta * believed + gamma * psi)
    # end


def wasserstein_1d(x: np.ndarray, y: np.ndarray) -> float:
    """The Wasserstein-1 distance between two samples of numbers of the same size.

        W(x, y) = min over all ways to pair each x with a y of its own:  mean of |x - y|

    In one dimension the best pairing is known: the smallest with the smallest, and so on.

    Args:
        x, y: (n,), in no particular order; they are not changed.

    Returns:
        One number.
    """
    # answer
    return float(np.abs(np.sort(x) - np.sort(y)).mean())
    # end


def penalty_gradients(x: np.ndarray, w: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of the gradient penalty of a critic with one hidden layer: a gradient of a gradient.

    The critic is s(x) = sum_j v_j tanh(a_j) with a_j = sum_d x_d w_dj. Its slope g at example n, and the penalty P, are

        g[n, d] = sum_j  v_j  (1 - tanh^2(a[n, j]))  w[d, j]            P = 1/N sum_n (|g[n]| - 1)^2

    where |g[n]| is the length of the vector g[n, :]. The weights w enter g twice: as the last factor, and inside a.
    The derivative of 1 - tanh^2(a) is -2 tanh(a) (1 - tanh^2(a)).

    Args:
        x: (N, D), the places. w: (D, J), the first layer. v: (J,), the second.

    Returns:
        (dw, dv) = (dP/dw, dP/dv), of shapes (D, J) and (J,).
    """
    # answer
    t = np.tanh(x @ w)  # (N, J)
    d = 1 - t * t
    g = (d * v) @ w.T  # (N, D)
    length = np.sqrt((g * g).sum(axis=1, keepdims=True))
    dg = 2 * (length - 1) / length * g / len(x)  # dP/dg, (N, D)
    back = dg @ w  # dP/d(v d), (N, J)
    da = back * v * (-2 * t * d)
    return dg.T @ (d * v) + x.T @ da, (back * d).sum(axis=0)
    # end


def power_iteration(w: np.ndarray, u: np.ndarray, rounds: int) -> tuple[float, np.ndarray]:
    """The largest singular value of a matrix, as far as some rounds of power iteration find it.

    A round is, with |.| the length of a vector and the new v in the second line,

        v = w u / |w u|
        u = w^T v / |w^T v|

    and after the last round sigma = v^T w u.

    Args:
        w: (inputs, outputs). u: (outputs,), where to start. rounds: >= 1.

    Returns:
        (sigma, u): the number, and the last u, (outputs,), from which one may go on.
    """
    # answer
    for _ in range(rounds):
        v = w @ u
        v = v / np.sqrt(v @ v)
        u = v @ w
        u = u / np.sqrt(u @ u)
    return float(v @ w @ u), u
    # end


def largest_step(gamma: np.ndarray) -> np.ndarray:
    """How long the steps of the Dirac-GAN may be, near its solution, with R1 and both players at once.

    Near (0, 0) sigma is 1/2, and a step of length h is linear:

        new theta = theta + h psi / 2
        new psi   = psi - h (theta / 2 + gamma psi)

    The game settles if (theta, psi) goes to (0, 0) from every start. Find the number H with this property: the game
    settles for every h with 0 < h < H, and for no h > H.

    Args:
        gamma: (K,), the weights of the penalty in K games, each 0 or more.

    Returns:
        H of each game, (K,); 0 where the game settles with no h at all.
    """
    # answer
    large = np.maximum(gamma, 1)  # there the eigenvalues are real
    return np.where(gamma < 1, 4 * gamma, 4 / (large + np.sqrt(large**2 - 1)))
    # end


def best_critic(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values of a critic f at real and fake examples that find as much of the Wasserstein distance as possible.

    What counts is

        (mean of f(real) - mean of f(fake)) / max(1, steepest slope) / W

    where W is the Wasserstein distance of the samples, and the steepest slope is the largest |f(p) - f(q)| / |p - q| of
    any two examples p and q, real or fake. By duality this is at most 1. The goal is 0.99 or more.

    Args:
        real, fake: (n, 2), points in the plane; no two points are the same.

    Returns:
        (f(real), f(fake)), each (n,).
    """
    # answer
    n = len(fake)
    height = np.zeros(n)  # f is the lowest of n cones of slope 1, one over each fake: no steeper than 1 anywhere
    average = np.zeros(n)

    def f(places, height):
        return (height + np.sqrt(((places[:, None] - fake) ** 2).sum(axis=2))).min(axis=1)

    distance = np.sqrt(((real[:, None] - fake) ** 2).sum(axis=2))
    for step in range(3000):
        chosen = (height + distance).argmin(axis=1)  # the fake that each real example is carried from
        height += 0.3 / np.sqrt(1 + step) * (np.bincount(chosen, minlength=n) - 1)  # raise what is chosen too often
        if step >= 1500:
            average += height / 1500
    return f(real, average), f(fake, average)
    # end
