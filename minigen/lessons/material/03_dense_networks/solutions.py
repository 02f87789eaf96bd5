"""Lesson 3: dense networks. Six functions to write, in plain NumPy.

Logits are the unbounded numbers that a network gives, before any sigmoid or softmax. Losses here take logits, and must
be right for logits of any size: float64 overflows at exp(710).
Use NumPy and Python's own library, and nothing else. Check your work with `check("03.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 03`.
"""

import numpy as np


def bce(logits: np.ndarray, targets: np.ndarray) -> float:
    """The binary cross-entropy, in nats per example: summed over the features, averaged over the batch.

    With p = 1 / (1 + exp(-l)), for each feature

        -t log p - (1 - t) log(1 - p)  =  max(l, 0) - l t + log(1 + exp(-|l|))

    of which the right side neither overflows nor takes the logarithm of 0. Add the last term last: of a prediction that
    is sure and right it is all that is left, 4e-18 for l = 40 and t = 1. It counts too, and 40 would swallow it.

    Args:
        logits: (N, D), any size. targets: (N, D), in [0, 1].

    Returns:
        A float >= 0.
    """
    # answer
    nats = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return float(nats.sum(axis=1).mean())
    # end


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """The cross-entropy of a softmax, in nats per example: -log of the probability of the right class, averaged.

        log p[n, k] = l[n, k] - log sum_j exp(l[n, j])
                    = (l[n, k] - m[n]) - log sum_j exp(l[n, j] - m[n])     for any m; the largest logit is a good one

    Args:
        logits: (N, K), any size. labels: (N,) integers, 0 ... K-1.

    Returns:
        A float >= 0: the mean over n of -log p[n, labels[n]].
    """
    # answer
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(-log_p[np.arange(len(labels)), labels].mean())
    # end


def cross_entropy_backward(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The gradient of `cross_entropy` with respect to the logits.

        d loss / d l[n, k] = (p[n, k] - (1 if k == labels[n] else 0)) / N,     p = softmax(l), row by row

    Args:
        logits: (N, K), any size. labels: (N,) integers, 0 ... K-1.

    Returns:
        (N, K).
    """
    # answer
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(labels)), labels] -= 1
    return p / len(labels)
    # end


def he_weights(noise: np.ndarray) -> np.ndarray:
    """Initial weights of a dense layer whose inputs come from ReLUs: Gaussian, of mean 0 and *variance* 2 / fan_in.

    Args:
        noise: (fan_in, fan_out), independent draws from N(0, 1).

    Returns:
        (fan_in, fan_out): the noise, scaled.
    """
    # answer
    return noise * np.sqrt(2 / noise.shape[0])
    # end


def tries(logits: np.ndarray, failures: np.ndarray) -> tuple[float, np.ndarray]:
    """The loss of a network that predicts how often one fails before the first success, and the loss's gradient.

    Each try succeeds with probability p = 1 / (1 + exp(-l)), whatever came of the tries before. The network gives l for
    each example; what was observed is the number of failures before the first success. The loss is minus the logarithm
    of the probability of what was observed, in nats, averaged over the examples.

    Args:
        logits: (N,), any size. failures: (N,) whole numbers, 0 or more.

    Returns:
        (loss, gradient): a float >= 0, and its derivative with respect to the logits, (N,).
    """
    # answer
    e = np.exp(-np.abs(logits))
    p = np.where(logits >= 0, 1, e) / (1 + e)
    minus_log_p = np.maximum(-logits, 0) + np.log1p(e)
    minus_log_q = np.maximum(logits, 0) + np.log1p(e)  # q = 1 - p
    loss = (failures * minus_log_q + minus_log_p).mean()
    return float(loss), (failures * p - (1 - p)) / len(logits)
    # end


def bends(x: np.ndarray, y: np.ndarray, units: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """A network with one hidden layer of ReLUs that follows a given curve.

        f(x) = max(x u[0] + a[0], 0) v[0] + ... + max(x u[K-1] + a[K-1], 0) v[K-1] + c

    Find its weights in any way you like: compute them, or train them. The goal: the root mean square of f(x) - y over
    the given points is at most a tenth of the standard deviation of y.

    Args:
        x: (S,), increasing. y: (S,), the curve's height at each x. units: how many units there may be, K <= units.

    Returns:
        (u, a, v, c): the weights into the units, their biases and the weights out of them, each (K,); a number.
    """
    # answer
    knots = np.linspace(x[0], x[-1], units, endpoint=False)  # where the units bend
    hidden = np.maximum(x[:, None] - knots, 0)
    solved = np.linalg.lstsq(np.column_stack([hidden, np.ones(len(x))]), y, rcond=None)[0]
    return np.ones(units), -knots, solved[:-1], float(solved[-1])
    # end
