"""Lesson 12: control. Six functions to write, in plain NumPy.

Images are (N, H, W, C); there are K classes, or categories of a code.
Use NumPy and Python's own library, and nothing else. Check your work with `check("12.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 12`.
"""

import numpy as np


def with_class_planes(x: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """What a conditional discriminator sees: images, and K planes more that say of which class they are to be.

        result[n, i, j, C + k] = 1 if k = labels[n], else 0          for every pixel (i, j)

    The first C channels are the image.

    Args:
        x: (N, H, W, C). labels: (N,), integers in 0 ... K - 1. classes: K.

    Returns:
        (N, H, W, C + K), of x's type.
    """
    # answer
    one_hot = (labels[:, None] == np.arange(classes)).astype(x.dtype)  # (N, K)
    planes = np.broadcast_to(one_hot[:, None, None, :], (*x.shape[:3], classes))
    return np.concatenate([x, planes], axis=3)
    # end


def information_bound(logits: np.ndarray, codes: np.ndarray) -> float:
    """InfoGAN's lower bound of the mutual information between a uniform categorical code and the example, in nats.

        L = log K + 1/N sum_n log Q(codes[n] | x_n)            Q(k | x_n) = e^logits[n,k] / sum_j e^logits[n,j]

    Logits may be as large as 1000, and e^1000 is infinite: subtract each row's largest one first. That leaves Q as it
    is.

    Args:
        logits: (N, K), what the discriminator's second head says of fake number n.
        codes: (N,), the categories these fakes were made from, integers in 0 ... K - 1.

    Returns:
        One number; not more than log K.
    """
    # answer
    n, k = logits.shape
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_q = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return float(np.log(k) + log_q[np.arange(n), codes].mean())
    # end


def information_gradient(logits: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The gradient of information_bound with respect to the logits.

    With the softmax Q and the one-hot vector y of the code,

        dL/dlogits[n, k] = (y[n, k] - Q(k | x_n)) / N

    Logits may be as large as there.

    Args:
        logits: (N, K). codes: (N,).

    Returns:
        (N, K).
    """
    # answer
    n, k = logits.shape
    q = np.exp(logits - logits.max(axis=1, keepdims=True))
    q = q / q.sum(axis=1, keepdims=True)
    return ((codes[:, None] == np.arange(k)) - q) / n
    # end


def adain(x: np.ndarray, scale: np.ndarray, shift: np.ndarray, eps: float) -> np.ndarray:
    """Adaptive instance normalisation: a style sets the mean and the deviation of every channel of every image.

        y[n, i, j, c] = (1 + scale[n, c]) (x[n, i, j, c] - m[n, c]) / sqrt(var[n, c] + eps) + shift[n, c]

    where m and var are the mean and the variance (the mean squared deviation from m) of x[n, :, :, c], over the pixels
    of one channel of one image. Subtract m before squaring: where m is large, a difference of squares loses digits.

    Args:
        x: (N, H, W, C). scale, shift: (N, C), the style of each image. eps: a small number.

    Returns:
        (N, H, W, C).
    """
    # answer
    m = x.mean(axis=(1, 2), keepdims=True)  # (N, 1, 1, C)
    var = x.var(axis=(1, 2), keepdims=True)
    return (1 + scale[:, None, None]) * (x - m) / np.sqrt(var + eps) + shift[:, None, None]
    # end


def continuous_bound(codes: np.ndarray, means: np.ndarray) -> float:
    """The best bound of the mutual information between a continuous code and the example, in nats.

    A code c is drawn uniformly between -1 and 1, and for fake number n the discriminator's second head says where it
    was: means[n]. Take for Q(c | x_n) the density of the normal distribution around means[n] with a standard deviation
    s that is the same for all fakes. As for categories,

        L(s) = H(c) + 1/N sum_n log Q(codes[n] | x_n)

    is at most I(c; x), where H(c) = -E[log p(c)] is the entropy of the code's density p. Find the largest L(s) that any
    s > 0 gives. It may be negative.

    Args:
        codes: (N,), numbers between -1 and 1. means: (N,), at least one of them different from its code.

    Returns:
        One number.
    """
    # answer
    variance = np.mean((codes - means) ** 2)
    return float(np.log(2) - 0.5 * np.log(2 * np.pi * variance) - 0.5)
    # end


def find_code(
    w1: np.ndarray, b1: np.ndarray, w2: np.ndarray, b2: np.ndarray, wanted: np.ndarray, drawn: np.ndarray
) -> np.ndarray:
    """A code z whose image agrees with some pixels that a user has drawn.

    The decoder is

        image = tanh(z w1 + b1) w2 + b2

    and what counts is the squared error of the drawn pixels, as a share of the error of the code z = 0:

        sum of (image - wanted)^2 over the drawn pixels / the same for z = 0

    The goal is 0.01 or less. z must not be longer than 4: farther out the decoder has seen nothing in training.

    Args:
        w1: (D, J). b1: (J,). w2: (J, P). b2: (P,). wanted: (P,), the pixels; 0 where nothing is drawn.
        drawn: (P,), True where a pixel is drawn.

    Returns:
        z, (D,).
    """

    # answer
    def image(z):
        hidden = np.tanh(z @ w1 + b1)
        return hidden @ w2 + b2, hidden

    def error(z):
        return ((image(z)[0] - wanted)[..., drawn] ** 2).sum(axis=-1)

    rng = np.random.default_rng(0)
    starts = rng.uniform(-2, 2, (500, len(w1)))
    best = np.zeros(len(w1))
    for z in starts[np.argsort(error(starts))[:5]]:  # from the best of many starts: the error has several valleys
        for _ in range(20):  # Gauss-Newton: as if the image were linear in z
            x, hidden = image(z)
            slopes = ((1 - hidden**2) * w1) @ w2  # (D, P)
            way = np.linalg.lstsq(slopes[:, drawn].T, (wanted - x)[drawn], rcond=None)[0]
            tries = [z + length * way for length in (1.0, 0.5, 0.1)]
            z = min([z, *(t for t in tries if t @ t < 15)], key=error)
        best = min(best, z, key=error)
    return best
    # end
