"""Lesson 20: one yardstick. Six functions to write, in plain NumPy.

N images of D pixels, each of which has one of K grey levels 0 ... K-1. All logarithms are natural: nats.
Use NumPy and Python's own library, and nothing else. Check your work with `check("20.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 20`.
"""

import numpy as np


def made_masks(below: np.ndarray, degrees: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The masks of a network with one hidden layer, so that no output sees an input with a place at or after its own.

        inside[i, k] = 1 if degrees[k] >= below[i],    else 0
        last[k, d]   = 1 if outputs[d] >  degrees[k],  else 0

    Args:
        below: the place of each input in the order of the pixels, (I,) whole numbers. degrees: of the hidden units,
            (H,) whole numbers. outputs: the place of each output, (O,) whole numbers. None of them need be sorted.

    Returns:
        (inside, last), of shapes (I, H) and (H, O): floats, 0.0 or 1.0.
    """
    # answer
    return (degrees >= below[:, None]).astype(float), (outputs > degrees[:, None]).astype(float)
    # end


def log_probability(logits: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """log p of each image: the sum over its pixels of log softmax(logits)[level].

        log p[n] = sum_d  ( logits[n, d, levels[n, d]] - log sum_k e^logits[n, d, k] )

    The logits may be of any size, +-1000 too: subtract the largest of each pixel before you take exponentials.

    Args:
        logits: (N, D, K). levels: (N, D), whole numbers in 0 ... K-1.

    Returns:
        (N,).
    """
    # answer
    shifted = logits - logits.max(axis=2, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    return np.take_along_axis(log_p, levels[:, :, None], axis=2)[:, :, 0].sum(axis=1)
    # end


def dequantised_bound(log_density: np.ndarray, log_q: np.ndarray, pixels: int, levels: int) -> np.ndarray:
    """The bound on the log-probability of levels, from a density of the numbers v = (level + u) / levels in (0, 1).

    S times noise u was drawn for each image, with density q, and the model gave log p(v):

        bound[n] = 1/S sum_s ( log_density[n, s] - log_q[n, s] )  -  pixels * log(levels)

    Args:
        log_density, log_q: (N, S). Uniform noise has log_q = 0. pixels: D. levels: K.

    Returns:
        (N,).
    """
    # answer
    return (log_density - log_q).mean(axis=1) - pixels * np.log(levels)
    # end


def paired_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """How much larger the first model's nats are on average, and the standard error of that, for the same images.

        difference = 1/N sum_n ( first[n] - second[n] )
        error      = sqrt( sum_n (first[n] - second[n] - difference)^2 / (N - 1) ) / sqrt(N)

    Args:
        first, second: nats of the same N images under two models, each (N,), N at least 2.

    Returns:
        (difference, error), two numbers.
    """
    # answer
    difference = first - second
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))
    # end


def uniform_bound(levels: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The bound that uniform noise makes of independent Gaussian pixels, exactly: no noise is drawn.

    A level k is the cell from k to k + 1, and the density of pixel d is N(mean[d], deviation[d]^2). The bound on the
    log-probability of an image is the mean of log density(k + u) over u uniform in (0, 1), summed over its pixels.

    Args:
        levels: (N, D), whole numbers. mean, deviation: (D,), in units of a level; deviations are positive, large or
            small.

    Returns:
        (N,).
    """
    # answer
    squared = (levels + 0.5 - mean) ** 2 + 1 / 12
    return -(squared / (2 * deviation**2) + np.log(deviation) + 0.5 * np.log(2 * np.pi)).sum(axis=1)
    # end


def next_pixel(train: np.ndarray, images: np.ndarray, pixel: np.ndarray, seed: int) -> np.ndarray:
    """An open task: the distribution of one pixel of each image, given the pixels before it.

    The measure is the mean of -log p of the level that is really there, divided by that of independent pixels (the
    share of each level at this pixel in `train`, with 0.3 added to each count). The goal is 0.88 at most.

    Args:
        train: whole images to learn from, (M, 64) levels 0 ... 16. images: (N, 64); the asked pixel and all after it
            are -1. pixel: which pixel of each image is asked, (N,) whole numbers. seed: for random numbers, if you need
            any.

    Returns:
        (N, 17): the probabilities of the levels, each row with the sum 1 and no entry below 1e-6.
    """
    # answer
    tables = []
    for image, place in zip(images, pixel, strict=True):
        # Each training image counts as much as it is alike in the pixels before: above all in those close by.
        rows, columns = np.divmod(np.arange(place), 8)
        far = (rows - place // 8) ** 2 + (columns - place % 8) ** 2
        distance = ((train[:, :place] - image[:place]) ** 2 / (1.0 + far) ** 1.5).sum(axis=1)
        weights = np.exp(-(distance - distance.min()) / 8)
        levels = np.arange(17)
        near = np.exp(-0.5 * ((levels[:, None] - levels) / 1.6) ** 2)  # a level stands for its neighbours too
        near[0], near[16] = np.eye(17)[0], np.eye(17)[16]  # but not the ends, black and white
        near /= near.sum(axis=1, keepdims=True)
        counts = np.array([weights[train[:, place] == k].sum() for k in levels]) @ near
        plain = np.array([(train[:, place] == k).mean() for k in levels]) + 0.3 / len(train)
        table = counts + 1.5 * plain / plain.sum()
        tables.append(table / table.sum())
    tables = np.maximum(np.array(tables), 1e-6)
    return tables / tables.sum(axis=1, keepdims=True)
    # end
