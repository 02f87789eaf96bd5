"""Lesson 12: control. Four functions to write, in plain NumPy.

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
    of one channel of one image.

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
