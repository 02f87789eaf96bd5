"""Lesson 4: from gradient descent to Adam. Six functions to write, in plain NumPy.

w are the weights, g = dL/dw is their gradient; arrays of one shape, whatever it is. What an optimizer remembers from
step to step comes in as an argument and goes out as a result: return new arrays, and leave the inputs as they are.
Use NumPy and Python's own library, and nothing else. Check your work with `check("04.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 04`.
"""

import numpy as np


def momentum_step(
    w: np.ndarray, b: np.ndarray, g: np.ndarray, lr: float, momentum: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of gradient descent with momentum.

        b <- momentum b + g
        w <- w - lr b            with the new b

    Args:
        w: the weights. b: what is left of the gradients so far, zeros before the first step. g: the gradient at w.
        lr: the learning rate. momentum: how much of b is kept, in [0, 1).

    Returns:
        (w, b) after the step, of the same shape.
    """
    # answer
    b = momentum * b + g
    return w - lr * b, b
    # end


def running_means(g: np.ndarray, beta: float) -> np.ndarray:
    """The running mean of a series, after each of its entries, corrected for its start at 0.

        m_t = beta m_{t-1} + (1 - beta) g_t,    m_0 = 0
        m_hat_t = m_t / (1 - beta^t),           t = 1, 2, ..., T

    Args:
        g: (T, ...), the series; g[0] is g_1. beta: how slowly the mean forgets, in [0, 1).

    Returns:
        (T, ...): m_hat_1 ... m_hat_T.
    """
    # answer
    m = np.zeros_like(g[0])
    means = np.zeros_like(g)
    for i in range(len(g)):
        m = beta * m + (1 - beta) * g[i]
        means[i] = m / (1 - beta ** (i + 1))
    return means
    # end


def adam_step(
    w: np.ndarray,
    m: np.ndarray,
    v: np.ndarray,
    g: np.ndarray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step of Adam (Kingma & Ba 2015, algorithm 1).

        m <- beta1 m + (1 - beta1) g        m_hat = m / (1 - beta1^t)
        v <- beta2 v + (1 - beta2) g^2      v_hat = v / (1 - beta2^t)
        w <- w - lr m_hat / (sqrt(v_hat) + eps)

    Args:
        w: the weights. m, v: the running means of g and of g^2, entry by entry, zeros before the first step.
        g: the gradient at w. t: which step this is, from 1. lr: the learning rate.
        beta1, beta2: how slowly the two means forget. eps: keeps the denominator away from 0.

    Returns:
        (w, m, v) after the step; m and v as they are remembered, without the correction.
    """
    # answer
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
    # end


def learning_rates(steps: np.ndarray, lr: float, warmup: int, total: int) -> np.ndarray:
    """A schedule: up in a straight line, and down along half a cosine wave.

        rate(t) = lr * min((t + 1) / warmup, 1) * (1 + cos(pi min(t / total, 1))) / 2,      t = 0, 1, 2, ...

    Args:
        steps: (S,) integers, the steps t at which the rate is asked for; some may lie beyond `total`.
        lr: the full rate. warmup: steps until the first factor is 1. total: the step from which on the rate is 0.

    Returns:
        (S,) float64.
    """
    # answer
    up = np.minimum((steps + 1) / warmup, 1)
    down = (1 + np.cos(np.pi * np.minimum(steps / total, 1))) / 2
    return lr * up * down
    # end


def noise_left(beta: float, t: np.ndarray) -> np.ndarray:
    """How much of the noise is left in a corrected running mean.

    The gradients g_1, g_2, ... are independent, each of mean 0 and variance 1. Their running mean is that of
    `running_means`: m_t = beta m_{t-1} + (1 - beta) g_t with m_0 = 0, and m_hat_t = m_t / (1 - beta^t).

    Args:
        beta: in [0, 1). t: (S,) whole numbers from 1 on, the steps that are asked about.

    Returns:
        (S,): the standard deviation of m_hat_t, exactly; no random numbers are needed.
    """
    # answer
    power = beta**t
    return np.sqrt((1 - beta) / (1 + beta) * (1 + power) / (1 - power))
    # end


def rates_that_settle(curvature: np.ndarray, noise: float, start: np.ndarray, steps: int) -> np.ndarray:
    """A schedule of your own, for noisy gradient descent in a bowl.

    Each weight takes the steps w <- w - rate (curvature w + xi), with a noise xi of mean 0 and standard deviation
    `noise` that is new for each weight and step. The loss is sum(curvature w^2) / 2. What counts is its mean, over all
    noise, after the last step. The goal: at most 0.7 of what the best constant rate reaches.

    Args:
        curvature: (W,), positive. noise: its standard deviation. start: (W,), the weights at first.
        steps: how many there are.

    Returns:
        (steps,): the rate of each step, positive or zero.
    """
    # answer
    falling = (1 + np.cos(np.pi * np.arange(steps) / steps)) / 2

    def loss(rates):
        square = start**2  # the mean of w^2
        for rate in rates:
            square = (1 - rate * curvature) ** 2 * square + (rate * noise) ** 2
        return (curvature * square).sum() / 2

    return min((peak * falling for peak in np.geomspace(0.001, 1.9, 40) / curvature.max()), key=loss)
    # end
