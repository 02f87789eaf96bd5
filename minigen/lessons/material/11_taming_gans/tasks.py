"""The exercises of lesson 11: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def games(gamma):
    """States of several Dirac-GANs, none near a balance."""

    def draw(rng):
        k = int(rng.integers(3, 7))
        theta, psi = rng.uniform(0.5, 2, (2, k)) * rng.choice([-1, 1], (2, k))
        theta[0], psi[0] = abs(theta[0]), abs(psi[0])  # of both signs: at least one product is positive
        theta[1], psi[1] = abs(theta[1]), -abs(psi[1])
        return {"theta": theta, "psi": psi, "lr": float(rng.uniform(0.1, 0.5)), "gamma": gamma}

    return draw


def at_rest_and_far(rng):
    """Zeros, and large numbers whose product is none."""
    sizes = [0.0, 0.0, 1.0, 6.0, 150.0, 0.2]
    others = [0.0, 1.0, 0.0, -5.0, 0.2, 150.0]
    factor = rng.uniform(1, 1.5, 6)
    return {"theta": sizes * factor, "psi": others * factor, "lr": float(rng.uniform(0.1, 0.5)), "gamma": 0.5}


def tiny_steps(rng):
    """One game, and a step of a ten-millionth."""
    theta, psi = rng.uniform(0.5, 2, (2, 1))
    return {"theta": theta, "psi": psi, "lr": 1e-7, "gamma": 0.3}


def samples(rng):
    """Two samples that overlap, of one size."""
    n = int(rng.integers(5, 12))
    return {"x": rng.standard_normal(n), "y": 0.5 + 2 * rng.standard_normal(n)}


def apart(rng):
    """Two samples that do not overlap, not ordered."""
    n = int(rng.integers(5, 12))
    return {"x": -4 + rng.standard_normal(n), "y": 6 + 2 * rng.standard_normal(n)}


def tied(rng):
    """Samples with zeros, and with numbers that occur more than once or in both."""
    x = rng.permutation(np.array([0.0, 0.0, 1.0, 2.0, 5.0]))
    return {"x": x + 0.0, "y": rng.permutation(np.array([0.0, 1.0, 1.0, 3.0, -4.0]))}


def single(rng):
    """One number each."""
    return {"x": rng.standard_normal(1), "y": 3 + rng.standard_normal(1)}


def critics(rng):
    """Places and a critic, with N, D and J all different."""
    return critics_of(*(int(k) for k in rng.choice([2, 3, 4, 5, 6], 3, replace=False)))(rng)


def critics_of(n, d, j):
    """Places and a critic of these sizes."""

    def draw(rng):
        w, v = rng.standard_normal((d, j)), rng.standard_normal(j)
        return {"x": 0.7 * rng.standard_normal((n, d)), "w": w, "v": v}

    return draw


def critics_of_all_sizes(large):
    """Critics with zeros, and with large numbers in x, w or v, but no tanh that is quite flat."""

    def draw(rng):
        x, w, v = 0.7 * rng.standard_normal((4, 3)), 0.7 * rng.standard_normal((3, 5)), rng.standard_normal(5)
        x[0, 1], w[2, 3], v[4] = 0, 0, 0
        if large == "x":
            x[:, 0], w[0] = 150 * rng.uniform(1, 1.5, 4), w[0] / 200
        elif large == "w":
            x[:, 0], w[0], v = x[:, 0] / 200, 150 * rng.uniform(1, 1.5, 5), v / 100
        else:
            v[:2] = 150 * rng.uniform(1, 1.5, 2)
        return {"x": x, "w": w, "v": v}

    return draw


def penalty_of(x, w, v):
    """P of the docstring of penalty_gradients."""
    g = ((1 - np.tanh(x @ w) ** 2) * v) @ w.T
    return float(((np.sqrt((g * g).sum(axis=1)) - 1) ** 2).mean())


def penalty(reference, inputs):
    """P as a function of w and of v."""
    x, w, v = inputs.values()
    return [(lambda w: penalty_of(x, w, v), w), (lambda v: penalty_of(x, w, v), v)]


def matrices(rounds, shape=None):
    """A matrix that is not square, and a start of any length."""

    def draw(rng):
        rows, columns = shape or (int(k) for k in rng.choice([3, 4, 5, 6, 7], 2, replace=False))
        return {"w": rng.standard_normal((rows, columns)), "u": 2 * rng.standard_normal(columns), "rounds": rounds}

    return draw


def penalties(low, high):
    """Weights of a penalty in that range, and its two ends."""

    def draw(rng):
        return {"gamma": rng.permutation(np.array([low, high, *rng.uniform(low, high, int(rng.integers(2, 6)))]))}

    return draw


def any_penalties(rng):
    """Weights of all sizes, among them 0 and 1."""
    return {"gamma": np.array([0.0, 1.0, 1.5, *rng.uniform(0.05, 0.95, 2), *rng.uniform(1.1, 5, 2), 1000.0])}


def heaps(count, n=8):
    """Real examples around some places, fakes around one; n of each."""

    def draw(rng):
        centres = rng.uniform(-2, 2, (count, 2))
        real = centres[np.arange(n) % count] + 0.3 * rng.standard_normal((n, 2))
        return {"real": real, "fake": 0.6 * rng.standard_normal((n, 2))}

    return draw


def distance_of(real, fake):
    """W of two samples of n points: the cheapest of all ways to pair them, found subset by subset."""
    n, cost = len(real), np.sqrt(((real[:, None] - fake) ** 2).sum(axis=2))
    cheapest = {0: 0.0}  # of pairing the first of the real examples with this set of fakes
    for row in cost:
        found = {}
        for used, so_far in cheapest.items():
            for j in range(n):
                if not used >> j & 1:
                    key = used | 1 << j
                    found[key] = min(found.get(key, np.inf), so_far + row[j])
        cheapest = found
    return cheapest[2**n - 1] / n


def share(inputs, answer):
    """How much of W a critic's values find."""
    real, fake = inputs["real"], inputs["fake"]
    try:
        of_real, of_fake = (np.asarray(values, np.float64) for values in answer)
    except (TypeError, ValueError):
        raise ArgumentError("expected two arrays of numbers, f(real) and f(fake)") from None
    if of_real.shape != (len(real),) or of_fake.shape != (len(fake),):
        raise ArgumentError(
            f"expected a value for each of {len(real)} real and {len(fake)} fake examples, got arrays of shapes "
            f"{of_real.shape} and {of_fake.shape}"
        )
    values, places = np.concatenate([of_real, of_fake]), np.concatenate([real, fake])
    if not np.isfinite(values).all():
        raise ArgumentError("expected finite values of f")
    first, second = np.triu_indices(len(places), 1)
    steepest = (abs(values[first] - values[second]) / np.linalg.norm(places[first] - places[second], axis=1)).max()
    gap = of_real.mean() - of_fake.mean()
    return Measure(float(gap / max(1.0, steepest) / distance_of(real, fake)), 0.99, "share of W that is found")


def slowly(rng):
    """A matrix whose singular values are so near to each other that 150 rounds are not enough."""
    left, right = (np.linalg.qr(rng.standard_normal((5, 5)))[0] for _ in range(2))
    return {"w": left * np.linspace(1, 0.99, 5) @ right, "u": rng.standard_normal(5), "rounds": 150}


def with_zeros(rng):
    """A matrix and a start in which zeros stand."""
    w, u = rng.standard_normal((4, 3)), rng.standard_normal(3)
    w[0, 1], w[2, 2], u[1] = 0, 0, 0
    return {"w": w, "u": u, "rounds": 2}


EXERCISES = [
    Exercise(
        key="11.1",
        function="dirac_step",
        section="R1: a price on steepness",
        results=("theta", "psi"),
        cases={
            "no penalty": games(0.0),
            "gamma 0.3": games(0.3),
            "gamma 2": games(2.0),
            "gamma 0.7": games(0.7),
            "at rest and far away": at_rest_and_far,
            "tiny steps": tiny_steps,
        },
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
        cases={"overlapping": samples, "far apart": apart, "ties": tied, "one number": single},
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
        cases={
            "some sizes": critics,
            "other sizes": critics,
            "large x": critics_of_all_sizes("x"),
            "large w": critics_of_all_sizes("w"),
            "large v": critics_of_all_sizes("v"),
            "one place": critics_of(1, 3, 4),
            "places on a line": critics_of(4, 1, 3),
            "one hidden unit": critics_of(3, 4, 1),
        },
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
        cases={
            "one round": matrices(1),
            "two rounds": matrices(2),
            "three rounds": matrices(3),
            "150 rounds": slowly,
            "zeros": with_zeros,
            "one output": matrices(2, (4, 1)),
            "one input": matrices(2, (1, 4)),
        },
        hints=(
            "Write the two lines of the docstring with @ and a division by np.sqrt(v @ v), inside a loop over rounds.",
            "Within a round u is made of the *new* v; the next round starts from the new u. sigma is computed once, at "
            "the end, with the last v and u.",
            "v = w @ u; v = v / np.sqrt(v @ v); u = v @ w; u = u / np.sqrt(u @ u). After the loop "
            "return float(v @ w @ u), u.",
        ),
    ),
    Exercise(
        key="11.5",
        function="largest_step",
        section="How long may a step be?",
        level=2,
        cases={
            "gamma from 0.05 to 0.95": penalties(0.05, 0.95),
            "gamma from 1 to 4": penalties(1.0, 4.0),
            "of all sizes": any_penalties,
            "gamma from 4 to 12": penalties(4.0, 12.0),
            "gamma from 30 to 60": penalties(30.0, 60.0),
            "gamma of thousands": penalties(2e3, 8e3),
            "one gamma, of a billion": lambda rng: {"gamma": rng.uniform(1e9, 2e9, 1)},
            "one gamma, of a billionth": lambda rng: {"gamma": rng.uniform(1e-9, 2e-9, 1)},
        },
        hints=(
            "A step multiplies (theta, psi) by a matrix I + h A, and A is the matrix of the lesson. If lambda is an "
            "eigenvalue of A, what is that of I + h A? What must hold for it if powers of the matrix go to 0?",
            "|1 + h lambda| < 1 for both lambda. For gamma < 1 they are complex, and |1 + h lambda|^2 = 1 + "
            "2 h Re(lambda) + h^2 |lambda|^2; their product, |lambda|^2, is 1/4. For gamma >= 1 they are real and "
            "negative.",
            "For gamma < 1: 1 - h gamma + h^2/4 < 1. For gamma >= 1: h times the larger |lambda| must stay below 2. "
            "np.where chooses between the two; keep the root's argument from being negative.",
        ),
    ),
    Exercise(
        key="11.6",
        function="best_critic",
        section="Duality: from carriers to a critic",
        level=3,
        measure=share,
        cases={
            "two heaps": heaps(2),
            "three heaps": heaps(3),
            "eight places": heaps(8),
            "ten of each": heaps(3, 10),
            "five": heaps(2, 5),
        },
        hints=(
            "Start with something simple that is nowhere steeper than 1, such as the distance to the nearest fake, and "
            "see how far it goes. What would improve it?",
            "The lowest of several functions of slope 1 is no steeper than 1 either. So f(p) = min over the fakes y of "
            "h(y) + |p - y| is allowed for any heights h, and the heights can be learned.",
            "The mean of f(real) - mean of h is what the heights should make large. It grows if h is raised at "
            "those fakes that are nearest (with h added) for more than one real example, and lowered at those that are "
            "nearest for none. Take many such steps, ever smaller ones.",
        ),
    ),
]
