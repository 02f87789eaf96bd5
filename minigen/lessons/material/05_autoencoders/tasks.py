"""The exercises of lesson 5: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def with_zeros(draw):
    """The same inputs, with zeros in every array, each at other places."""

    def drawn(rng):
        inputs = draw(rng)
        for i, value in enumerate(inputs.values()):
            if isinstance(value, np.ndarray):
                value.flat[i::5] = 0
        return inputs

    return drawn


def with_copies(draw):
    """The same inputs, with rows of the first array that come again; the others keep theirs."""

    def drawn(rng):
        inputs = draw(rng)
        name = next(iter(inputs))
        inputs[name] = inputs[name].copy()
        inputs[name][-2:] = inputs[name][0]
        return inputs

    return drawn


def scaled(draw, low, high):
    """The same inputs, with all arrays multiplied by one number between these powers of ten."""

    def drawn(rng):
        inputs, size = draw(rng), 10 ** rng.uniform(low, high)
        return {name: size * value if isinstance(value, np.ndarray) else value for name, value in inputs.items()}

    return drawn


def lonely_pairs(rng):
    """Images with an axis more than usual, and axes of length 1."""
    shape = (int(rng.integers(3, 7)), 1, *(int(n) for n in rng.choice([2, 3, 4], 3, replace=False)), 1)
    return {"x": rng.standard_normal(shape), "y": rng.standard_normal(shape)}


def nearly_right(rng):
    """Reconstructions that are nearly right, of examples far from 0."""
    inputs = pairs(3)(rng)
    x = 10 + inputs["x"]
    return {"x": x, "y": x + 10 ** rng.uniform(-7, -5) * inputs["y"]}


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


def of_sizes(n, features, code):
    """The same, with these sizes."""

    def draw(rng):
        x = rng.standard_normal((n, features))
        return {"x": x, "a": rng.standard_normal((features, code)), "b": rng.standard_normal((code, features))}

    return draw


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


def along_the_coordinates(rng):
    """Axes along the coordinates: the two longest are neither the first coordinates nor the last."""
    lengths = np.array([2, *rng.permutation([5, 7]), *rng.permutation([1, 3])]) * rng.uniform(0.9, 1.1, 5)
    return {"x": 2 + np.concatenate([np.diag(lengths), -np.diag(lengths)]), "k": 2}


def many_axes(rng):
    """More axes than a hundred."""
    turned, points = (np.linalg.qr(rng.standard_normal((n, 120)))[0] for n in (120, 130))
    return {"x": 2 + 11 * points * np.linspace(2, 1, 120) @ turned.T, "k": 105}


def few_examples(rng):
    """Fewer examples than numbers: the covariance has eigenvalues that are 0."""
    return {"x": 3 + 2.0 ** -np.arange(4)[:, None] * np.linalg.qr(rng.standard_normal((9, 9)))[0][:4], "k": 2}


def flat(rng):
    """Axes whose lengths fall by a factor of ten each; all but the shortest count."""
    turned, points = (np.linalg.qr(rng.standard_normal((n, 4)))[0] for n in (4, 20))
    return {"x": points * 10.0 ** -np.arange(4) @ turned.T, "k": 3}


def points(n, features, k):
    """Inputs of pca_reconstruct with these sizes."""
    return lambda rng: {"x": 2 + rng.standard_normal((n, features)), "k": k}


def of_codes(spread=1.0, drawn=None, latents=None):
    """Inputs of sample_codes: codes with this spread, and that many rows of noise."""

    def draw(rng):
        d = latents or int(rng.integers(2, 5))
        codes = cloud(rng, int(rng.integers(8, 14)) + 2 * (latents or 0), d)
        rows = drawn or int(rng.integers(5, 8))
        return {"codes": spread * codes, "noise": rng.standard_normal((rows, d))}

    return draw


def noisy(n, features, noise_var, scale=1.0):
    """Inputs of best_denoiser; the examples are not centred."""

    def draw(rng):
        x = scale * (
            rng.standard_normal(features) + rng.standard_normal((n, features)) @ rng.standard_normal((features,) * 2)
        )
        return {"x": x, "noise_var": noise_var * float(rng.uniform(0.5, 2))}

    return draw


def lumps(rng, *counts):
    """So many codes, several times, of the same four lumps, whose centres, shapes and weights are drawn first."""
    corners = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    centres = 4 * corners @ np.linalg.qr(rng.standard_normal((3, 3)))[0] + rng.uniform(-2, 2, 3)
    roots = rng.uniform(0.4, 0.9, (4, 1, 1)) * rng.standard_normal((4, 3, 3))
    weights = rng.dirichlet(np.full(4, 20.0))
    drawn = [rng.choice(4, size=count, p=weights) for count in counts]
    return [centres[n] + np.einsum("nij,nj->ni", roots[n], rng.standard_normal((len(n), 3))) for n in drawn]


def unknown_codes(count):
    """Inputs of draw_codes, which asks for so many."""

    def draw(rng):
        codes, unseen = lumps(rng, 1000, 1000)
        inputs = {"codes": codes, "count": count, "seed": int(rng.integers(2**31))}
        return WithTruth(inputs, unseen=unseen, noise=rng.standard_normal((1000, 3)))

    return draw


def moved_together(drawn, codes):
    """How many of the drawn codes differ from a given one by the same step, at most; looked for along the first axis.

    Between independent draws, hardly any two steps agree in their first seven digits or so.
    """
    steps = (drawn[:, None, 0] - codes[:, 0]).ravel() / codes[:, 0].std()
    return int(np.unique(np.round(steps, 6), return_counts=True)[1].max())


def distances(a, b):
    """Between all rows of a and all rows of b."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.sqrt(np.maximum(squares, 0))


def energy_distance(a, b):
    """2 M(a, b) - M(a, a) - M(b, b), where a row is never compared with itself."""
    within = sum(distances(c, c).sum() / (len(c) * (len(c) - 1)) for c in (a, b))
    return 2 * distances(a, b).mean() - within


def closeness(inputs, answer):
    """The energy distance of drawn codes to unseen ones, over that of the fitted normal distribution."""
    codes, count, _ = inputs.values()
    drawn = np.asarray(answer, np.float64)
    if drawn.shape != (count, codes.shape[1]):
        raise ArgumentError(
            f"has shape {drawn.shape}, expected {(count, codes.shape[1])}: as many codes as were asked for"
        )
    if not np.isfinite(drawn).all():
        raise ArgumentError("has codes that are not finite")
    if len(np.unique(drawn, axis=0)) < count:
        raise ArgumentError("has equal codes: draw each one anew")
    unseen, noise = inputs.truth.values()
    mine, theirs = (np.median(distances(some, codes).min(axis=1)) for some in (drawn, unseen))
    if mine < theirs / 2:
        raise ArgumentError(
            f"copies: the median distance to the nearest given code is {mine:.2g}, and {theirs:.2g} for unseen codes"
        )
    if moved_together(drawn, codes) > count / 10:
        raise ArgumentError("copies: many of your codes are given ones, moved by the same step")
    root = np.linalg.cholesky(np.cov(codes.T, bias=True))
    normal = codes.mean(axis=0) + noise @ root.T
    relative = energy_distance(drawn, unseen) / energy_distance(normal, unseen)
    return Measure(relative, 0.3, "energy distance, relative to the fitted normal", better="lower")


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
        cases={
            "images": pairs(4),
            "points": pairs(2),
            "grey images": pairs(3),
            "one example": lambda rng: {name: a[:1] for name, a in pairs(3)(rng).items()},
            "zeros": with_zeros(pairs(3)),
            "examples that come twice": with_copies(pairs(2)),
            "more axes, some of length 1": lonely_pairs,
            "nearly right": nearly_right,
            "tiny": scaled(pairs(2), -30, -10),
            "huge": scaled(pairs(2), 4, 8),
        },
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
        cases={
            "a batch": linear,
            "another": linear,
            "one example": of_sizes(1, 4, 2),
            "one number in a code": of_sizes(6, 4, 1),
            "as many as in an example": of_sizes(5, 3, 3),
            "zeros": with_zeros(of_sizes(6, 5, 2)),
            "examples that come twice": with_copies(of_sizes(7, 4, 2)),
            "one of everything": of_sizes(1, 1, 1),
            "one number": of_sizes(5, 1, 3),
        },
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
        cases={
            "one axis": of_pca(1),
            "two axes": of_pca(2),
            "three axes": of_pca(3),
            "axes along the coordinates": along_the_coordinates,
            "fewer examples than numbers": few_examples,
            "all axes": lambda rng: {"x": cloud(rng, 12, 4), "k": 4},
            "many axes": many_axes,
            "zeros": with_zeros(of_pca(2)),
            "examples that come twice": with_copies(of_pca(2)),
            "axes of very different lengths": flat,
            "a small cloud": scaled(of_pca(2), -12, -3),
            "a large cloud": scaled(of_pca(2), 4, 8),
            "one example": points(1, 4, 1),
            "one number": points(7, 1, 1),
        },
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
        cases={
            "some codes": of_codes(),
            "one draw": of_codes(drawn=1),
            "codes close together": of_codes(spread=1e-4),
            "codes far apart": of_codes(spread=-1e4),
            "zeros": with_zeros(of_codes()),
            "codes that come twice": with_copies(of_codes()),
            "codes even closer together": of_codes(spread=1e-12),
            "many latents": of_codes(latents=12),
        },
        hints=(
            "In one dimension a sample is m + s e, with the standard deviation s, the root of the variance. What is "
            "the root of a covariance matrix?",
            "S is the covariance of the codes, with 1/N; np.linalg.cholesky gives its L. Each row e of noise becomes "
            "m + L e.",
            "Rows are multiplied from the right: L e for every row of noise is noise @ L.T. Add the mean.",
        ),
    ),
    Exercise(
        key="05.5",
        function="best_denoiser",
        section="The best plane, derived",
        level=2,
        tolerance=1e-9,
        cases={
            "little noise": noisy(9, 4, 0.1),
            "much noise": noisy(7, 3, 30.0),
            "hardly any noise": noisy(9, 3, 1e-7),
            "zeros": with_zeros(noisy(7, 3, 1.0)),
            "fewer examples than numbers": noisy(3, 5, 0.5),
            "one number": noisy(6, 1, 1.0),
            "one example, and much larger": noisy(1, 3, 1.0, scale=20.0),
            "examples that come twice": with_copies(noisy(7, 3, 1.0)),
            "tiny examples, and less noise": noisy(9, 3, 1e-14, scale=1e-6),
            "noise above everything": noisy(7, 3, 1e6),
            "all of it large": noisy(7, 4, 1e10, scale=1e5),
        },
        hints=(
            "Write (x + e) W - x as (x W - x) + e W and square it. What is the expectation of the mixed term, and what "
            "is E[|e W|^2] if each number of e has the variance noise_var?",
            "E(W) is the squared error of a linear map without noise, plus noise_var times the sum of all squared "
            "entries of W. Set its derivative with respect to W to zero; exercise 05.2 has the first part.",
            "With S = X^T X / N the condition is (S + noise_var 1) W = S: np.linalg.solve. Along an eigenvector of S "
            "with eigenvalue l, W multiplies by l / (l + noise_var).",
        ),
    ),
    Exercise(
        key="05.6",
        function="draw_codes",
        section="Where are the codes?",
        level=3,
        measure=closeness,
        cases={
            "some lumps": unknown_codes(500),
            "others": unknown_codes(500),
            "more codes than are given": unknown_codes(1500),
        },
        hints=(
            "One normal distribution covers what lies between the lumps. What about several, or a very small one "
            "around each given code?",
            "Either find the lumps (k-means: assign each code to the nearest centre, move the centres to the means, "
            "repeat) and draw from a normal distribution for each; or choose a given code at random and add noise.",
            "With noise, the deviation matters: too small and you copy, too large and the lumps run into each other. "
            "Try codes[rng.integers(len(codes), size=count)] + h * noise for a few h, and compare with unused codes.",
        ),
    ),
]
