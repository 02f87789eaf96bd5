"""The exercises of lesson 26: on which inputs they are checked, and hints."""

import math

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure, WithTruth


def a_user(items=12, known=4, held_out=3, at=5, top="", one_sign=0, size=1.0):
    """Inputs of ndcg. top: 'held out' or 'known' items have the largest scores; 'rest': the held-out ones the least."""

    def draw(rng):
        order = rng.permutation(items)
        is_known, is_held = np.zeros(items, bool), np.zeros(items, bool)
        is_known[order[:known]] = True
        is_held[order[known : known + held_out]] = True
        scores = size * rng.standard_normal(items)
        if one_sign:
            scores = one_sign * (np.abs(scores) + 0.1)
        raised = {"held out": is_held, "known": is_known, "rest": ~is_held, "": np.zeros(items, bool)}[top]
        scores = scores + 100.0 * raised
        return {"scores": scores, "known": is_known, "held_out": is_held, "at": at}

    return draw


def a_zero_among_scores(rng):
    """Inputs of ndcg: the item that is held out has the score 0, and the others lie just above."""
    inputs = a_user(items=9, known=2, held_out=1, at=9)(rng)
    inputs["scores"] = 1e-5 * np.abs(inputs["scores"])
    inputs["scores"][inputs["held_out"]] = 0.0
    return inputs


def likes(users=30, items=6, share=0.4, penalty=None, alike=False, nobody=False):
    """Inputs of ease: zeros and ones."""

    def draw(rng):
        x = (rng.random((users, items)) < share).astype(float)
        if alike:
            x[:, 1] = x[:, 0]
        if nobody:
            x[:, 2] = 0
        return {"likes": x, "penalty": float(rng.uniform(1, 20)) if penalty is None else penalty}

    return draw


def series(n=5, t=7, nearer=0.0, closing=1.0, longest=10.0, met=0.0):
    """Inputs of smallest_ttc: gaps of some 10 m, and speeds that differ by some m/s."""

    def draw(rng):
        leader = rng.uniform(18, 38, (n, t))
        speed = leader + closing + 3 * rng.standard_normal((n, t))
        gap = rng.uniform(2, 25, (n, t)) - nearer
        if met:
            gap[rng.random((n, t)) < met] *= -1
        return {"gap": gap, "speed": speed, "leader": leader, "longest": longest}

    return draw


def never_faster(rng):
    """Inputs of smallest_ttc: no driver is faster than the leader."""
    inputs = series()(rng)
    return inputs | {"speed": inputs["leader"] - rng.uniform(0, 3, (5, 7))}


def just_met(rng):
    """Inputs of smallest_ttc: gaps of exactly 0, behind leaders that are faster, and equal speeds."""
    inputs = series(n=6)(rng)
    inputs["gap"][:3, 2] = 0.0
    inputs["speed"][:2] = inputs["leader"][:2] - 1.5
    inputs["speed"][4:] = inputs["leader"][4:]
    return inputs


def met_while_falling_back(rng):
    """Inputs of smallest_ttc: cars that have met, and whose driver is slower than the leader."""
    inputs = series()(rng)
    inputs["gap"][1:3, 3] = [-0.5, -4.0]
    inputs["speed"][:4] = inputs["leader"][:4] - rng.uniform(0.5, 3, (4, 7))
    return inputs


def bumper_to_bumper(rng):
    """Inputs of smallest_ttc: gaps of less than a metre."""
    inputs = series(closing=2.0)(rng)
    return inputs | {"gap": rng.uniform(0.05, 0.9, (5, 7))}


def rolling_back(rng):
    """Inputs of smallest_ttc: cars that stand or roll backwards."""
    inputs = series(n=9)(rng)
    leader = -rng.uniform(0.2, 3, (9, 7))
    speed = leader + rng.uniform(-1, 0.2, (9, 7))
    speed[:3], leader[3:6] = 0.0, 0.0
    speed[3:6] = rng.uniform(-0.5, 3, (3, 7))
    return inputs | {"speed": speed, "leader": leader, "longest": 1000.0}


def hardly_closing(rng):
    """Inputs of smallest_ttc: drivers that are faster by less than rounding of most numbers."""
    inputs = series()(rng)
    leader = np.full((5, 7), 24.0)
    return inputs | {"leader": leader, "speed": leader + rng.choice([0.0, 2.0**-30, -(2.0**-30)], (5, 7))}


def count(k=None, n=None, z=1.96):
    """Inputs of share_interval."""

    def draw(rng):
        tries = int(rng.integers(20, 3000)) if n is None else n
        found = int(rng.integers(1, tries)) if k is None else tries if k == "all" else k
        return {"k": found, "n": tries, "z": z}

    return draw


def guesses(k=4, n=6, d=5, spread=1.0, off=1.0, far=0.0):
    """Inputs of errors_of_guesses: guesses scatter about a mean that lies `off` the truth."""

    def draw(rng):
        truth = far + rng.standard_normal((n, d))
        mean = truth + off * rng.standard_normal((n, d))
        return {"truth": truth, "guesses": mean + spread * rng.standard_normal((k, n, d))}

    return draw


def black_pixels(rng):
    """Inputs of errors_of_guesses: most numbers are 0."""
    truth, guess = (rng.random((6, 5)) * (rng.random((6, 5)) < 0.3), rng.random((3, 6, 5)))
    return {"truth": truth, "guesses": guess * (rng.random((3, 6, 5)) < 0.3)}


def crash_of(gap, drift, deviation, steps, per=25):
    """The probability, by carrying the density of the cars that have not met along a fine grid of gaps."""

    def below(s):
        return 0.5 * np.vectorize(math.erfc)((s + drift) / (deviation * math.sqrt(2)))

    def bell(s):
        return np.exp(-0.5 * (s / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))

    h = deviation / per
    top = gap + max(0.0, drift) * steps + 8 * deviation * math.sqrt(steps)
    s = h * (np.arange(math.ceil(top / h)) + 0.5)
    reach = math.ceil((9 * deviation + abs(drift)) / h)
    kernel = h * bell(h * np.arange(-reach, reach + 1) - drift)
    crash, alive, into = float(below(np.array([gap]))[0]), bell(s - gap - drift), below(s)
    for _ in range(steps - 1):
        crash += float(h * alive @ into)
        alive = np.convolve(alive, kernel)[reach : reach + len(s)]
    return crash


def two_cars(steps, low, high, drifting=0.0, unit=1.0):
    """Inputs of crash_probability: the gap is such that the probability lies between 10^-low and 10^-high.

    drifting: of the mean change of a step, in deviations.
    """

    def draw(rng):
        deviation, drift = unit * float(rng.uniform(0.5, 2)), drifting * float(rng.uniform(0.8, 1.2))
        wanted, left, right = -float(rng.uniform(low, high)), 0.0, 80.0
        for _ in range(30):  # in units of a deviation
            middle = (left + right) / 2
            found = crash_of(middle, drift, 1.0, steps, per=4)
            left, right = (middle, right) if found > 10**wanted else (left, middle)
        inputs = {"gap": left * deviation, "drift": drift * deviation, "deviation": deviation, "steps": steps}
        truth = crash_of(*inputs.values())
        return WithTruth(inputs | {"seed": int(rng.integers(1 << 30))}, probability=truth)

    return draw


def relative_error(inputs, answer):
    """The measure of `crash_probability`."""
    try:
        value = float(answer)
    except (TypeError, ValueError):
        raise ArgumentError("crash_probability: expected a number") from None
    if not 0 <= value <= 1:
        raise ArgumentError(f"crash_probability: expected a probability, from 0 to 1, got {value}")
    return Measure(abs(value / inputs.truth["probability"] - 1), 0.1, "relative error", better="lower")


EXERCISES = [
    Exercise(
        key="26.1",
        function="ndcg",
        section="A fair measure of a ranking",
        cases={
            "a user": a_user(),
            "more held out than ranks": a_user(items=20, held_out=9, at=4),
            "more ranks than items": a_user(at=40),
            "the held-out items come first": a_user(top="held out"),
            "the held-out items come last": a_user(top="rest", items=15, at=14),
            "known items have the largest scores": a_user(top="known", known=6),
            "one item is held out": a_user(held_out=1, at=12),
            "one rank": a_user(at=1, top="held out"),
            "a score of 0": a_zero_among_scores,
            "nothing is known": a_user(known=0),
            "scores below 0": a_user(one_sign=-1),
            "scores above 0": a_user(one_sign=1),
            "huge scores": a_user(items=40, known=12, held_out=10, at=40, size=1e12),
            "many items": a_user(items=200, known=16, held_out=8, at=100),
            "more than a hundred ranks": a_user(items=300, known=10, held_out=60, at=250),
        },
        tolerance=1e-12,
        hints=(
            "Take the known items out of the race first: give them the worst of all scores. Then sort.",
            "order = the numbers of the items, the best first; held_out[order] says at which ranks one was found. The "
            "best ranking has all of them in front: min(at, how many are held out) of them count.",
            "gains = 1 / np.log2(np.arange(2, I + 2)); gains[:at][held_out[order][:at]].sum() / "
            "gains[: min(at, held_out.sum())].sum().",
        ),
    ),
    Exercise(
        key="26.2",
        function="ease",
        section="Three recommenders without a net",
        cases={
            "some users": likes(),
            "more items than users": likes(users=4, items=9),
            "few likes": likes(share=0.1),
            "many likes": likes(share=0.9),
            "two items that the same users like": likes(alike=True),
            "an item that nobody likes": likes(nobody=True),
            "a small penalty": likes(penalty=1e-3),
            "a penalty of nearly 0": likes(penalty=1e-9),
            "a large penalty": likes(penalty=1e5),
            "one user": likes(users=1, share=0.6),
            "two items": likes(items=2),
        },
        tolerance=1e-9,
        hints=(
            "G = X^T X, and P is the inverse of G + penalty times the identity.",
            "B_ij = -P_ij / P_jj: each column is divided by its own diagonal entry.",
            "b = -p / np.diag(p) divides columns, as the last axis is the column; then np.fill_diagonal(b, 0).",
        ),
    ),
    Exercise(
        key="26.3",
        function="smallest_ttc",
        section="How dangerous is it?",
        cases={
            "some series": series(),
            "one series": series(n=1),
            "one moment": series(t=1),
            "nobody is faster": never_faster,
            "some have met": series(met=0.2),
            "all have met at some time": series(nearer=20.0),
            "a gap of exactly 0": just_met,
            "met, and falling back": met_while_falling_back,
            "bumper to bumper": bumper_to_bumper,
            "standing, and rolling back": rolling_back,
            "hardly faster": hardly_closing,
            "a short horizon": series(longest=2.0),
            "a long horizon": series(longest=1e6, closing=0.0),
            "closing fast": series(closing=12.0),
        },
        hints=(
            "First the speed of approach, speed - leader. Which moments have a quotient at all?",
            "Begin with `longest` everywhere, put in the quotients where the driver is faster, then 0 where gap <= 0.",
            "ttc[m] = gap[m] / closing[m] for m = closing > 0; np.minimum(ttc, longest); ttc[gap <= 0] = 0; "
            "ttc.min(axis=1).",
        ),
    ),
    Exercise(
        key="26.4",
        function="share_interval",
        section="How sure is a count?",
        level=2,
        results=("low", "high"),
        cases={
            "a count": count(),
            "another z": count(z=1.0),
            "a large z": count(z=5.0),
            "never": count(k=0),
            "always": count(k="all"),
            "never, and a small z": count(k=0, n=5, z=0.1),
            "once in many": count(k=1, n=10_000),
            "once in one": count(k=1, n=1),
            "never in one": count(k=0, n=1),
            "half of them": count(k=50, n=100),
            "one of two, and a small z": count(k=1, n=2, z=0.1),
            "a rare event in a large number": count(k=30, n=1_000_000),
        },
        tolerance=1e-11,
        hints=(
            "Square both sides: the ends of the interval are where they are equal. What kind of equation in p is that?",
            "(k / n - p)^2 = z^2 p (1 - p) / n is quadratic: (n + z^2) p^2 - (2 k + z^2) p + k^2 / n = 0.",
            "p = ((k + z^2 / 2) +- z sqrt(k (n - k) / n + z^2 / 4)) / (n + z^2).",
        ),
    ),
    Exercise(
        key="26.5",
        function="errors_of_guesses",
        section="One guess, or the mean of many?",
        level=2,
        results=("one", "mean", "limit"),
        cases={
            "four guesses": guesses(),
            "two guesses": guesses(k=2),
            "many guesses": guesses(k=50),
            "right on average": guesses(off=0.0),
            "all guesses alike": guesses(spread=0.0),
            "wide guesses": guesses(spread=30.0, off=0.1),
            "one clip": guesses(n=1),
            "one pixel": guesses(d=1),
            "black pixels": black_pixels,
            "far from 0": guesses(far=50.0),
        },
        tolerance=1e-9,
        hints=(
            "Let m be the mean of infinitely many guesses and V the variance of a guess. What do you expect of one, "
            "and of mean, in terms of the error of m, V and K?",
            "E[one] = error of m + V, and E[mean] = error of m + V / K. Two equations, two unknowns.",
            "V = (one - mean) K / (K - 1) on average, so limit = mean - V / K = mean - (one - mean) / (K - 1).",
        ),
    ),
    Exercise(
        key="26.6",
        function="crash_probability",
        section="Too rare to be counted",
        level=3,
        measure=relative_error,
        cases={
            "one in ten thousand": two_cars(20, 3.5, 4.5),
            "one in a million": two_cars(30, 5.5, 6.5),
            "one in a hundred million, drifting apart": two_cars(40, 7.5, 8.5, drifting=0.2),
            "drifting together": two_cars(15, 4.0, 6.0, drifting=-0.2),
            "few steps": two_cars(6, 5.0, 8.0),
            "in large units": two_cars(50, 5.0, 7.0, drifting=0.1, unit=100.0),
        },
        hints=(
            "Counting needs a hundred crashes. Draw the steps from another Gaussian, under which crashes are common, "
            "and weigh each crash by how much less likely its path is in truth (lesson 8's importance weights).",
            "Change the mean of a step alone, to -max(|drift|, gap / steps). The weight of a path up to the moment of "
            "its crash is the product of the quotients of the two densities of its steps. Take logarithms.",
            "log w = ((drift - new) (s_t - gap) - t (drift^2 - new^2) / 2) / deviation^2 at the step t of the first "
            "crash; paths that never crash count 0; return the mean over all paths, 20 000 of them.",
        ),
    ),
]
