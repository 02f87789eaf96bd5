"""Lesson 19: change of variables. Six functions to write, in plain NumPy.

A map z = f(x) of D numbers to D numbers has the Jacobian J[i, j] = dz_i / dx_j, and log p(x) = log p(z) + log |det J|.
Everywhere below, log is the natural logarithm, and a log-determinant means log |det J|, of each example by itself.

Use NumPy and Python's own library, and nothing else. Check your work with `check("19.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 19`.
"""

import numpy as np


def log_density(x: np.ndarray, mean: np.ndarray, log_std: np.ndarray) -> np.ndarray:
    """The log-density of x, whose image z = (x - mean) e^-log_std is N(0, 1) in each of its D numbers.

        log N(z; 0, 1) = -1/2 (log 2 pi + z^2)        for each number; the logarithms of independent numbers add up

    Args:
        x: (N, D). mean, log_std: (D,), any numbers; log_std is between -50 and 50.

    Returns:
        (N,), in nats.
    """
    # answer
    z = (x - mean) * np.exp(-log_std)
    return -0.5 * (np.log(2 * np.pi) + z**2).sum(axis=1) - log_std.sum()
    # end


def coupling(x: np.ndarray, s: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """An affine coupling, given what its network said.

    With m = D // 2, the last m numbers of each x are moved, and the others stay as they are:

        y_a = x_a,    y_b = x_b e^s + t

    Args:
        x: (N, D), D at least 2; it may be odd. s, t: (N, m), what the network made of x_a.

    Returns:
        (y, log_det): (N, D), and the log-determinant of dy/dx of each example, (N,).
    """
    # answer
    kept = x.shape[1] - x.shape[1] // 2
    return np.concatenate([x[:, :kept], x[:, kept:] * np.exp(s) + t], axis=1), s.sum(axis=1)
    # end


def coupling_inverse(y: np.ndarray, s: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undo `coupling`.

    Args:
        y: (N, D), what `coupling` gave. s, t: (N, D // 2), those it was given; the network could be asked again, as
            y_a is x_a.

    Returns:
        (x, log_det): (N, D), and the log-determinant of this map, dx/dy, of each example, (N,).
    """
    # answer
    kept = y.shape[1] - y.shape[1] // 2
    return np.concatenate([y[:, :kept], (y[:, kept:] - t) * np.exp(-s)], axis=1), -s.sum(axis=1)
    # end


def logit_map(v: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """From pixels in [0, 1] to real numbers: a little shrinking, then the logit.

        a = alpha / 2 + (1 - alpha) v,    y = log(a / (1 - a))        for each number

    Both steps stretch or shrink, and both count in the log-determinant.

    Args:
        v: (N, D), from 0 to 1, both included. alpha: more than 0, and at most 0.9.

    Returns:
        (y, log_det): (N, D), and the log-determinant of dy/dv of each example, (N,).
    """
    # answer
    a = alpha / 2 + (1 - alpha) * v
    b = alpha / 2 + (1 - alpha) * (1 - v)  # 1 - a
    return np.log(a) - np.log(b), (np.log(1 - alpha) - np.log(a) - np.log(b)).sum(axis=1)
    # end


def planar_log_det(x: np.ndarray, u: np.ndarray, w: np.ndarray, b: float) -> np.ndarray:
    """The log-determinant of a planar map (Rezende & Mohamed 2015), which moves every point along one direction:

        y = x + u tanh(<w, x> + b)

    Find a formula that needs some D multiplications for an example, and no matrix of D x D numbers.

    Args:
        x: (N, D). u, w: (D,). b: a number. The determinant may be negative; its size is at least 0.001.

    Returns:
        log |det dy/dx| of each example, (N,).
    """
    # answer
    slope = 1 - np.tanh(x @ w + b) ** 2
    return np.log(np.abs(1 + slope * (u @ w)))  # J = 1 + slope u w^T turns only u
    # end


def fit_banana(x: np.ndarray, seed: int) -> tuple[float, float, np.ndarray, np.ndarray]:
    """A flow for one cloud of points, fitted by you. An open task: every way to find the numbers is right.

    The flow is one coupling. The first number of a point is Gaussian; it says where the second lies, and how widely it
    is scattered, by two polynomials:

        z_1 = (x_1 - mean) e^-log_std
        z_2 = (x_2 - t(x_1)) e^-s(x_1)
        t(x_1) = shift[0] + shift[1] x_1 + shift[2] x_1^2 + ...          s(x_1) = scale[0] + scale[1] x_1 + ...

    The points were drawn from such a flow: z ~ N(0, 1), t of degree 2, s of degree 1.

    The goal: on fresh points from where x came from, the mean of -log p(x) is at most 0.03 nats above that of the flow
    that drew them. These are 4000 without those few whose x_1 is more than 2.5 deviations from its mean.

    Args:
        x: (N, 2), the points. seed: an integer, for whatever you draw.

    Returns:
        (mean, log_std, shift, scale): two floats, and the coefficients of the polynomials, 1-D arrays of at most 8
        numbers, the constant first.
    """
    # answer
    first, second = x.T
    mean, std = first.mean(), first.std()
    powers = ((first - mean) / std)[:, None] ** np.arange(3)  # well-scaled: 1, z_1, z_1^2
    scale = np.zeros(2)
    for _ in range(60):
        weight = np.exp(-powers[:, :2] @ scale)  # rows with little scatter count more
        shift = np.linalg.lstsq(powers * weight[:, None], second * weight, rcond=None)[0]
        squares = (second - powers @ shift) ** 2
        if not scale.any():
            scale[0] = 0.5 * np.log(squares.mean())
        excess = squares * np.exp(-2 * powers[:, :2] @ scale) - 1  # 0 on average where the scale is right
        step = np.linalg.lstsq(powers[:, :2], excess / 2, rcond=None)[0]  # Newton's, with the mean curvature
        scale = scale + np.clip(step, -1, 1)
    z = np.polynomial.Polynomial([-mean / std, 1 / std])  # of x_1
    shift = sum(c * z**k for k, c in enumerate(shift)).coef
    scale = (scale[0] + scale[1] * z).coef
    return float(mean), float(np.log(std)), shift, scale
    # end
