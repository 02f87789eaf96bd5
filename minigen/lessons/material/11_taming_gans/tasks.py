"""The exercises of lesson 11: on which inputs they are checked, and hints."""

import numpy as np

from minigen.lessons import Exercise


def games(gamma):
    """States of several Dirac-GANs, none near a balance."""

    def draw(rng):
        k = int(rng.integers(3, 7))
        theta, psi = rng.uniform(0.5, 2, (2, k)) * rng.choice([-1, 1], (2, k))
        theta[0], psi[0] = abs(theta[0]), abs(psi[0])  # of both signs: at least one product is positive
        theta[1], psi[1] = abs(theta[1]), -abs(psi[1])
        return {"theta": theta, "psi": psi, "lr": float(rng.uniform(0.1, 0.5)), "gamma": gamma}

    return draw


def samples(rng):
    """Two samples that overlap, of one size."""
    n = int(rng.integers(5, 12))
    return {"x": rng.standard_normal(n), "y": 0.5 + 2 * rng.standard_normal(n)}


def apart(rng):
    """Two samples that do not overlap, not ordered."""
    n = int(rng.integers(5, 12))
    return {"x": -4 + rng.standard_normal(n), "y": 6 + 2 * rng.standard_normal(n)}


def critics(rng):
    """Places and a critic, with N, D and J all different."""
    n, d, j = (int(k) for k in rng.choice([2, 3, 4, 5, 6], 3, replace=False))
    w, v = rng.standard_normal((d, j)), rng.standard_normal(j)
    return {"x": 0.7 * rng.standard_normal((n, d)), "w": w, "v": v}


def penalty_of(x, w, v):
    """P of the docstring of penalty_gradients."""
    g = ((1 - np.tanh(x @ w) ** 2) * v) @ w.T
    return float(((np.sqrt((g * g).sum(axis=1)) - 1) ** 2).mean())


def penalty(reference, inputs):
    """P as a function of w and of v."""
    x, w, v = inputs.values()
    return [(lambda w: penalty_of(x, w, v), w), (lambda v: penalty_of(x, w, v), v)]


def matrices(rounds):
    """A matrix that is not square, and a start of any length."""

    def draw(rng):
        rows, columns = (int(k) for k in rng.choice([3, 4, 5, 6, 7], 2, replace=False))
        return {"w": rng.standard_normal((rows, columns)), "u": 2 * rng.standard_normal(columns), "rounds": rounds}

    return draw


EXERCISES = [
    Exercise(
        key="11.1",
        function="dirac_step",
        section="R1: a price on steepness",
        results=("theta", "psi"),
        cases={"no penalty": games(0.0), "gamma 0.3": games(0.3), "gamma 2": games(2.0), "gamma 0.7": games(0.7)},
        hints=(
            "Differentiate each loss on paper, the discriminator's with respect to psi and the generator's with "
            "respect to theta. What is the derivative of log(1 + e^t)?",
            "It is sigma(t). By the chain rule the discriminator's gradient is theta sigma(psi theta) + gamma psi, the "
            "generator's -psi sigma(psi theta). Both numbers go *down* their gradient.",
            "s = 1 / (1 + np.exp(-psi * theta)); return theta + lr * psi * s, psi - lr * (theta * s + gamma * psi). "
            "Both use the old theta and psi.",
        ),
    ),
    Exercise(
        key="11.2",
        function="wasserstein_1d",
        section="The Wasserstein distance",
        cases={"overlapping": samples, "far apart": apart, "overlapping again": samples},
        hints=(
            "Take x = (3, 1) and y = (2, 4). There are two ways to pair them: what does each cost?",
            "Sort both, pair the k-th smallest x with the k-th smallest y, and average the distances. np.sort gives a "
            "sorted copy; x.sort() would change the caller's array.",
            "float(np.abs(np.sort(x) - np.sort(y)).mean())",
        ),
    ),
    Exercise(
        key="11.3",
        function="penalty_gradients",
        section="A gradient of a gradient",
        results=("dw", "dv"),
        measured=penalty,
        cases={"some sizes": critics, "other sizes": critics, "and others": critics},
        hints=(
            "Compute P forwards first, and keep every intermediate: t = tanh(x w), d = 1 - t^2, g = (d v) w^T, the "
            "lengths, P. Now go backwards through just these lines.",
            "The derivative of (|g| - 1)^2 with respect to g is 2 (|g| - 1) g / |g|; with the 1/N call it dg, (N, D). "
            "Then g = (d v) w^T is a matrix product of two things, and both depend on w.",
            "back = dg @ w is dP/d(d v), (N, J). So dv = (back * d).sum(0), da = back * v * (-2 * t * d), and "
            "dw = dg.T @ (d * v) + x.T @ da.",
        ),
    ),
    Exercise(
        key="11.4",
        function="power_iteration",
        section="Spectral normalisation",
        results=("sigma", "u"),
        cases={"one round": matrices(1), "two rounds": matrices(2), "three rounds": matrices(3)},
        hints=(
            "Write the two lines of the docstring with @ and a division by np.sqrt(v @ v), inside a loop over rounds.",
            "Within a round u is made of the *new* v; the next round starts from the new u. sigma is computed once, at "
            "the end, with the last v and u.",
            "v = w @ u; v = v / np.sqrt(v @ v); u = v @ w; u = u / np.sqrt(u @ u). After the loop "
            "return float(v @ w @ u), u.",
        ),
    ),
]
