"""Lesson 5: autoencoders and latent space. Six functions to write, in plain NumPy.

N examples, D numbers each (pixels, laid out in a row), and codes of d numbers.
Use NumPy and Python's own library, and nothing else. Check your work with `check("05.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 05`.
"""

import numpy as np


def reconstruction_error(x: np.ndarray, y: np.ndarray) -> float:
    """The squared error of reconstructions: summed over all numbers of an example, averaged over the examples.

        L = 1/N sum_n |y_n - x_n|^2

    Args:
        x: (N, ...), the examples; images have the axes height, width and channels after the first. y: the
            reconstructions, of the same shape.

    Returns:
        One number. If every example is there twice, it stays the same.
    """
    # answer
    return float(np.sum((y - x) ** 2) / len(x))
    # end


def linear_gradients(x: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The gradients of a linear autoencoder's error with respect to its two matrices.

        Z = X A (the codes),    Y = Z B (the reconstructions),    R = Y - X,    L = 1/N sum_{n,j} R[n, j]^2
        dL/dA = 2/N X^T R B^T,  dL/dB = 2/N Z^T R

    Args:
        x: (N, D). a: the encoder, (D, d). b: the decoder, (d, D).

    Returns:
        (da, db), of the shapes of a and b.
    """
    # answer
    z = x @ a
    g = 2 / len(x) * (z @ b - x)  # dL/dY
    return x.T @ g @ b.T, z.T @ g
    # end


def pca_reconstruct(x: np.ndarray, k: int) -> np.ndarray:
    """The examples, projected onto their first k principal axes: the best that a linear autoencoder can do.

    With the mean x_bar (D,) of the examples and the covariance C = 1/N sum_n (x_n - x_bar)(x_n - x_bar)^T, let the
    columns of V (D, k) be the unit eigenvectors of C with the k *largest* eigenvalues. Then

        y_n = x_bar + V V^T (x_n - x_bar)

    `np.linalg.eigh` gives the eigenvalues of a symmetric matrix in ascending order, and eigenvectors as columns.

    Args:
        x: (N, D); N may be below D. k: how many axes, 1 ... D.

    Returns:
        (N, D), the reconstructions.
    """
    # answer
    mean = x.mean(axis=0)
    centred = x - mean
    _, vectors = np.linalg.eigh(centred.T @ centred / len(x))
    v = vectors[:, -k:]
    return mean + centred @ v @ v.T
    # end


def sample_codes(codes: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """New codes, from the normal distribution with the mean and covariance of given ones.

        m = 1/N sum_n z_n,    S = 1/N sum_n (z_n - m)(z_n - m)^T = L L^T,    z = m + L e

    L is the lower triangular root of S that `np.linalg.cholesky` gives. If e has the covariance 1, L e has the
    covariance L 1 L^T = S.

    Args:
        codes: z_n, (N, d), with N > d > 1. noise: the e, (M, d), drawn from N(0, 1) by the caller.

    Returns:
        (M, d): one new code for each row of noise.
    """
    # answer
    mean = codes.mean(axis=0)
    centred = codes - mean
    root = np.linalg.cholesky(centred.T @ centred / len(codes))
    return mean + noise @ root.T
    # end


def best_denoiser(x: np.ndarray, noise_var: float) -> np.ndarray:
    """The matrix W that brings noisy examples closest to the clean ones, on average over the noise.

    Each number of an example gets noise of its own, e ~ N(0, noise_var), independent of everything else. There is no
    bottleneck, no bias, and nothing is centred. W is to make this error smallest, with the expectation over the noise:

        E(W) = 1/N sum_n E[ |(x_n + e) W - x_n|^2 ]

    Args:
        x: (N, D), the examples as rows; any N, also fewer than D. noise_var: above 0.

    Returns:
        W: (D, D).
    """
    # answer
    second_moment = x.T @ x / len(x)
    return np.linalg.solve(second_moment + noise_var * np.eye(x.shape[1]), second_moment)
    # end


def draw_codes(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    """An open task: new codes from the distribution that the given ones come from.

    The codes lie in several lumps, each of another size, direction and weight. A normal distribution with their mean
    and covariance also covers what lies between the lumps. Yours is to come closer.

    The measure is the energy distance between your codes and 1000 unseen codes of the same distribution: with M(a, b)
    the mean distance between a code of a and another code of b,

        2 M(yours, unseen) - M(yours, yours) - M(unseen, unseen)

    divided by the same for codes from the fitted normal distribution of exercise 05.4. The goal is 0.3 at most.

    Copies are refused: the median distance of your codes to the nearest given code has to be at least half of that of
    the unseen codes. No two of your codes may be equal, nor may many of them be given codes that are moved by one step.

    Args:
        codes: (N, d), from the unknown distribution. count: how many to draw, at times more than N.
            seed: for your random numbers, as in `np.random.default_rng(seed)`.

    Returns:
        (count, d).
    """
    # answer
    rng = np.random.default_rng(seed)
    # A kernel density: a small normal distribution around each code, with the covariance of the code's neighbours.
    chosen = rng.integers(len(codes), size=count)
    distances = ((codes[chosen, None] - codes) ** 2).sum(axis=2)
    near = codes[np.argsort(distances, axis=1)[:, :20]]  # (count, 20, d)
    around = near - near.mean(axis=1, keepdims=True)
    weights = rng.standard_normal((count, 20)) / np.sqrt(20)
    return codes[chosen] + 0.7 * np.einsum("mk,mkd->md", weights, around)
    # end
