"""The exercises of lesson 5: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def pairs(axes):
    """Examples and reconstructions with that many axes, all of different lengths."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice([2, 3, 4, 5, 6], axes, replace=False))
        return {"x": rng.standard_normal(shape), "y": rng.standard_normal(shape)}

    return draw


def linear(rng):
    """Examples and the matrices of an autoencoder; N, D and d all differ."""
    n, features, code = int(rng.integers(7, 12)), int(rng.integers(4, 7)), int(rng.integers(2, 4))
    x = rng.standard_normal((n, features))
    return {"x": x, "a": rng.standard_normal((features, code)), "b": rng.standard_normal((code, features))}


def cloud(rng, n, features):
    """Points around a centre far from 0, with axes of clearly different lengths that lie askew."""
    lengths = np.sqrt(2.0 ** -np.arange(features)) * rng.uniform(0.9, 1.1, features)
    turned = np.linalg.qr(rng.standard_normal((features, features)))[0]
    points = np.linalg.qr(rng.standard_normal((n, features)))[0] * np.sqrt(n)
    return 2 + points * lengths @ turned.T


def of_pca(k):
    """Inputs of pca_reconstruct."""

    def draw(rng):
        return {"x": cloud(rng, int(rng.integers(20, 30)), int(rng.integers(5, 8))), "k": k}

    return draw


def of_codes(rng):
    """Inputs of sample_codes."""
    d = int(rng.integers(2, 5))
    return {
        "codes": cloud(rng, int(rng.integers(8, 14)), d),
        "noise": rng.standard_normal((int(rng.integers(5, 8)), d)),
    }


def of_linear(reference, inputs):
    """The error of a linear autoencoder as a function of each of its matrices."""
    x, a, b = inputs.values()
    error = reference["reconstruction_error"]
    return [(lambda a: error(x, x @ a @ b), a), (lambda b: error(x, x @ a @ b), b)]


EXERCISES = [
    Exercise(
        key="05.1",
        function="reconstruction_error",
        section="What is asked for",
        cases={"images": pairs(4), "points": pairs(2), "grey images": pairs(3)},
        hints=(
            "Which axis counts the examples? Over which axes is summed, and over which averaged?",
            "Sum the squares over everything, and divide by the number of examples, len(x): that is the sum over "
            "features, averaged over the batch.",
            "return float(np.sum((y - x) ** 2) / len(x)).",
        ),
    ),
    Exercise(
        key="05.2",
        function="linear_gradients",
        section="A linear autoencoder",
        results=("da", "db"),
        measured=of_linear,
        cases={"a batch": linear, "another": linear, "and another": linear},
        hints=(
            "Go backwards: first dL/dY, of the shape of X. Then through Y = Z B, which is a matrix product (exercise "
            "01.3), to dB and dZ. Then through Z = X A to dA.",
            "dL/dY = 2/N (Y - X). For a product Y = Z B: dB = Z^T dY and dZ = dY B^T; and for Z = X A: dA = X^T dZ.",
            "z = x @ a; g = 2 / len(x) * (z @ b - x); return x.T @ g @ b.T, z.T @ g.",
        ),
    ),
    Exercise(
        key="05.3",
        function="pca_reconstruct",
        section="The best plane, derived",
        tolerance=1e-10,
        cases={"one axis": of_pca(1), "two axes": of_pca(2), "three axes": of_pca(3)},
        hints=(
            "Four steps: subtract the mean; the covariance (D, D) of what is left; its eigenvectors; project, and add "
            "the mean again. In which order does eigh give the eigenvalues?",
            "eigh returns (values, vectors), values ascending, and the vectors are columns: the last k columns, "
            "vectors[:, -k:], are V.",
            "With c = x - x.mean(axis=0): v = np.linalg.eigh(c.T @ c / len(x))[1][:, -k:]; return x.mean(axis=0) + "
            "c @ v @ v.T.",
        ),
    ),
    Exercise(
        key="05.4",
        function="sample_codes",
        section="Where are the codes?",
        tolerance=1e-10,
        cases={"some codes": of_codes, "others": of_codes, "and others": of_codes},
        hints=(
            "In one dimension a sample is m + s e, with the standard deviation s, the root of the variance. What is "
            "the root of a covariance matrix?",
            "S is the covariance of the codes, with 1/N; np.linalg.cholesky gives its L. Each row e of noise becomes "
            "m + L e.",
            "Rows are multiplied from the right: L e for every row of noise is noise @ L.T. Add the mean.",
        ),
    ),
]
