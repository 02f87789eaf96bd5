"""The exercises of lesson 24: on which inputs they are checked, and hints."""

import numpy as np

from minigen.data.small_digits import all_digits
from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth
from minigen.metrics import auc


def sizes(rng, count):
    """So many different sizes."""
    return [int(n) for n in rng.choice(np.arange(3, 9), count, replace=False)]


# ------------------------------------------------------------------------------------------------- auc_with_error


def scores(apart=1.0, members=0, others=0, ties=False, spread=1.0):
    """Inputs of auc_with_error; ties: scores are whole numbers, of which many are equal, and some are 0."""

    def draw(rng):
        m, n = sizes(rng, 2)
        m, n = members or m, others or n
        of_members, of_others = apart + spread * rng.standard_normal(m), spread * rng.standard_normal(n)
        if ties:
            of_members, of_others = np.round(of_members), np.round(of_others)
            of_members[0], of_others[0], of_others[1] = 0, 0, 0
        return {"members": of_members, "others": of_others}

    return draw


def all_alike(rng):
    """Inputs of auc_with_error: one score for all."""
    m, n = sizes(rng, 2)
    return {"members": np.full(m, 2.5), "others": np.full(n, 2.5)}


# ----------------------------------------------------------------------------------------------------- most_found


def shares(epsilon=1.0, delta=1e-3, n=0, scale=1.0, near_one=False):
    """Inputs of most_found; scale: of the shares. near_one: they lie within `scale` of 1."""

    def draw(rng):
        named = scale * rng.random(n or sizes(rng, 1)[0])
        return {"named": 1 - named if near_one else named, "epsilon": epsilon, "delta": delta}

    return draw


def the_ends(rng):
    """Inputs of most_found: nobody named, everybody named, and the middle."""
    return {"named": np.array([1.0, 0.0, 0.5, 0.0, 1.0]), "epsilon": float(rng.uniform(0.5, 2)), "delta": 0.01}


# ---------------------------------------------------------------------------------------------------- clipped_sum


def gradients(clip=1.0, n=0, inputs=0, outputs=0, scale=1.0, zeros=False):
    """Inputs of clipped_sum; zeros: some examples have no gradient, and some entries are 0."""

    def draw(rng):
        a, b, c = sizes(rng, 3)
        a, b, c = n or a, inputs or b, outputs or c
        x, delta = scale * rng.standard_normal((a, b)), rng.standard_normal((a, c))
        if zeros:
            x[0], delta[-1] = 0, 0
            x[1, 0], delta[1, 0] = 0, 0
        return {"x": x, "delta": delta, "clip": clip}

    return draw


def one_that_is_huge(rng):
    """Inputs of clipped_sum: without clipping, one example is all that counts."""
    inputs = gradients(clip=3.0)(rng)
    inputs["x"][1] *= 1e6
    return inputs


# --------------------------------------------------------------------------------------------- sampled_divergence


def step(rate, noise, orders=(3, 9)):
    """Inputs of sampled_divergence."""

    def draw(rng):
        low, high = rate if isinstance(rate, tuple) else (rate, rate)
        order = int(rng.integers(*orders)) if isinstance(orders, tuple) else orders
        return {"rate": float(rng.uniform(low, high)), "noise": float(noise * rng.uniform(1, 1.2)), "order": order}

    return draw


# ---------------------------------------------------------------------------------------------------- least_delta


def promises(noise, high, n=0, zero=False):
    """Inputs of least_delta: epsilons up to `high`."""

    def draw(rng):
        epsilon = rng.uniform(0, high, n or sizes(rng, 1)[0])
        if zero:
            epsilon[0] = 0
        return {"epsilon": epsilon, "noise": float(noise * rng.uniform(1, 1.1))}

    return draw


def large_promises(rng):
    """Inputs of least_delta: little noise, so that epsilon must be large before delta is small."""
    return {"epsilon": rng.uniform(52, 80, sizes(rng, 1)[0]), "noise": 0.1}


# --------------------------------------------------------------------------------------------------- tell_members

DIGITS, FEATURES, MODELS, GOAL = 400, 40, 24, 0.8


def trained_on_halves(rng):
    """Least squares on random features of some digits, each model on a half by coins: its squared error of each."""
    images, labels = all_digits()
    chosen = rng.permutation(len(images))[:DIGITS]
    x, wanted = images[chosen].reshape(DIGITS, -1) / 16, np.eye(10)[labels[chosen]]
    features = np.cos(0.7 * x @ rng.standard_normal((64, FEATURES)) + rng.uniform(0, 2 * np.pi, FEATURES))
    inside = rng.random((MODELS + 1, DIGITS)) < 0.5
    errors = []
    for coins in inside:
        seen = features[coins]
        weights = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(FEATURES), seen.T @ wanted[coins])
        errors.append(((features @ weights - wanted) ** 2).sum(axis=1))
    return np.array(errors), inside


def attacked(rng):
    """Inputs of tell_members."""
    losses, inside = trained_on_halves(rng)
    inputs = {"losses": losses[0], "reference": losses[1:], "inside": inside[1:], "seed": int(rng.integers(2**31))}
    return WithTruth(inputs, inside=inside[0])


def area_of_scores(inputs, answer):
    """The AUC of the answer's scores."""
    found, truth = np.asarray(answer, np.float64), inputs.truth["inside"]
    if found.shape != truth.shape:
        raise ArgumentError(f"has shape {found.shape}, expected {truth.shape}: a score for each example")
    return Measure(auc(found[truth], found[~truth]).value, GOAL, "area under the ROC curve")


EXERCISES = [
    Exercise(
        key="24.1",
        function="auc_with_error",
        section="An attack is a test",
        results=("auc", "error"),
        cases={
            "some scores": scores(),
            "members score lower": scores(apart=-1.0),
            "many equal scores": scores(ties=True),
            "scores that are all alike": all_alike,
            "two of each": scores(members=2, others=2),
            "few members": scores(members=2, others=40),
            "few others": scores(members=40, others=2),
            "an attack that never errs": scores(apart=100.0),
            "scores near each other": scores(apart=0.0, spread=1e-9),
        },
        hints=(
            "Compare each member with each other example: members[:, None] > others is a table (M, N).",
            "right = (members[:, None] > others) + 0.5 * (members[:, None] == others). V_x is its mean over one axis, "
            "V_y over the other.",
            "float(right.mean()), float(np.sqrt(V_x.var(ddof=1) / len(members) + V_y.var(ddof=1) / len(others))).",
        ),
    ),
    Exercise(
        key="24.2",
        function="most_found",
        section="A promise about every attack",
        cases={
            "epsilon 1": shares(),
            "epsilon 0": shares(epsilon=0.0),
            "epsilon 0 and delta 0": shares(epsilon=0.0, delta=0.0),
            "a large delta": shares(delta=0.4),
            "delta 1": shares(delta=1.0),
            "few are named": shares(epsilon=3.0, scale=0.01),
            "nearly all are named": shares(epsilon=3.0, scale=0.01, near_one=True),
            "one attack": shares(n=1),
            "the ends": the_ends,
            "a large epsilon": shares(epsilon=8.0),
            "epsilon 30": shares(epsilon=30.0),
            "a huge epsilon": shares(epsilon=33.0, delta=0.0, scale=1e-15),
            "epsilon 22, and nobody is named": shares(epsilon=22.0, delta=0.0, scale=1e-11),
        },
        hints=(
            "Three upper bounds hold at once. Which of them counts?",
            "np.minimum takes two arrays, or an array and a number, entry by entry.",
            "np.minimum(np.minimum(np.exp(epsilon) * named + delta, 1 - np.exp(-epsilon) * (1 - delta - named)), 1.0).",
        ),
    ),
    Exercise(
        key="24.3",
        function="clipped_sum",
        section="No example moves the sum by more than C",
        cases={
            "some are clipped": gradients(clip=3.0),
            "none is clipped": gradients(clip=1e6),
            "all are clipped": gradients(clip=0.01),
            "a tiny C": gradients(clip=1e-9),
            "tiny gradients": gradients(clip=1e-8, scale=1e-9),
            "one example": gradients(n=1),
            "one input": gradients(inputs=1),
            "one output": gradients(outputs=1),
            "gradients of 0": gradients(zeros=True),
            "one that is huge": one_that_is_huge,
            "many examples": gradients(n=200, clip=3.0),
        },
        hints=(
            "First the norms, (N,): two sums of squares for each example, and no matrix G_n.",
            "min(1, C / norm) is C / max(norm, C), which also holds for a norm of 0.",
            "The sum over n of c_n x_n^T delta_n is one product: (x * factors[:, None]).T @ delta.",
        ),
    ),
    Exercise(
        key="24.4",
        function="sampled_divergence",
        section="Many steps add up",
        tolerance=1e-9,
        cases={
            "an ordinary step": step((0.05, 0.3), 1.0),
            "order 2": step((0.05, 0.3), 1.0, 2),
            "nearly always in the batch": step((0.9, 0.99), 1.0),
            "much noise": step((0.3, 0.6), 3.0),
            "little noise": step((0.01, 0.1), 0.2),
            "very little noise": step((0.01, 0.1), 0.05),
            "very little noise, and a high order": step((0.01, 0.1), 0.05, (12, 16)),
            "seldom in the batch": step(1e-10, 0.1),
            "seldom in the batch, and much noise": step(0.01, 3.0, (8, 12)),
            "order 20": step((0.1, 0.3), 1.0, 20),
            "order 150": step((0.1, 0.3), 2.0, 150),
        },
        hints=(
            "Write the logarithm of each term, for i = 0 ... a, as an array. The logarithm of a product is a sum.",
            "log binom(a, i + 1) = log binom(a, i) + log((a - i) / (i + 1)), beginning with 0: a cumulated sum. "
            "log(1 - q) is np.log1p(-q).",
            "top = terms.max(); log A = top + np.log(np.exp(terms - top).sum()); D = log A / (order - 1).",
        ),
    ),
    Exercise(
        key="24.5",
        function="least_delta",
        section="One noisy sum",
        level=2,
        tolerance=1e-10,
        cases={
            "some noise": promises(1.0, 4.0),
            "little noise": promises(0.3, 15.0),
            "much noise": promises(8.0, 0.3),
            "epsilon 0": promises(1.0, 3.0, zero=True),
            "epsilon 0 alone": lambda rng: {"epsilon": np.zeros(1), "noise": float(rng.uniform(0.5, 2))},
            "one epsilon": promises(1.0, 3.0, n=1),
            "large epsilons": large_promises,
            "epsilons about 30": lambda rng: {"epsilon": rng.uniform(22, 45, sizes(rng, 1)[0]), "noise": 0.15},
        },
        hints=(
            "P_1(S) - e^epsilon P_0(S) is an integral of p_1(z) - e^epsilon p_0(z) over S. Which z belong in the best "
            "S?",
            "Those where p_1(z) > e^epsilon p_0(z), so where (2 z - 1) / (2 sigma^2) > epsilon. From which z on?",
            "From z = sigma^2 epsilon + 1/2 on, so P_1(S) = Phi((1 - that) / sigma) = Phi(1/(2 sigma) - sigma epsilon)."
            " And P_0(S)?",
        ),
    ),
    Exercise(
        key="24.6",
        function="tell_members",
        section="A misconception, put to the test",
        level=3,
        measure=area_of_scores,
        cases={"some digits": attacked, "others": attacked, "and others": attacked},
        hints=(
            "A low loss may only say that a digit is easy. Compare it with the losses of this digit under your models.",
            "Some of your models know this digit and some do not: two groups of losses. To which of them is the loss "
            "of the attacked model nearer? Logarithms of losses have a more even spread than losses.",
            "With the means of both groups of logarithms: (log loss - mean_out)^2 - (log loss - mean_in)^2.",
        ),
    ),
]
