"""Lesson 26: beyond pictures. Six functions to write, in plain NumPy.

Three studies: what a user likes, how often two cars nearly collide, and how a clip goes on.
Use NumPy and Python's own library, and nothing else. Check your work with `check("26.1")` in the lesson, or in a
terminal with `python -m minigen.lessons check 26`.
"""

import numpy as np


def ndcg(scores: np.ndarray, known: np.ndarray, held_out: np.ndarray, at: int) -> float:
    """How near to the top of the list the held-out items of one user are: NDCG@at, from 0 to 1.

    The items that are not known are ranked by their scores, the largest first: ranks r = 1, 2, ... An item that is held
    out and has the rank r counts 1 / log2(r + 1) if r is at most `at`. The sum is divided by the largest sum that any
    ranking could reach with these held-out items and this `at`.

    Args:
        scores: (I,), no two of them equal. known, held_out: (I,), True or False; no item is both, and at least one is
            held out. at: how many ranks count, >= 1; it may be more than there are items.

    Returns:
        A number.
    """
    # answer
    order = np.argsort(np.where(known, np.inf, -scores))[:at]
    gains = 1 / np.log2(np.arange(2, len(scores) + 2))
    return float(gains[: len(order)][held_out[order]].sum() / gains[:at][: held_out.sum()].sum())
    # end


def ease(likes: np.ndarray, penalty: float) -> np.ndarray:
    """The matrix B that minimises |X - X B|^2 + penalty |B|^2, where all B[j, j] are 0.

    (|.|^2 is the sum of the squares of all entries.) The lesson derives its closed form.

    Args:
        likes: X, (U, I), zeros and ones. penalty: > 0.

    Returns:
        B, (I, I): the scores of a user with the likes x are x @ B.
    """
    # answer
    p = np.linalg.inv(likes.T @ likes + penalty * np.eye(likes.shape[1]))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    return b
    # end


def smallest_ttc(gap: np.ndarray, speed: np.ndarray, leader: np.ndarray, longest: float) -> np.ndarray:
    """The smallest time to collision of each series, in seconds.

        TTC = gap / (speed - leader)      where the driver is faster than the leader

    It is 0 wherever the gap is 0 or below: there the cars have met. Where they have not met and the driver is not
    faster, no collision is ahead, and the TTC counts as `longest`. So does every TTC that is longer than that.

    Args:
        gap: in metres, (N, T). speed, leader: of the driver and of the leader, in m/s, (N, T);
            backwards is negative. longest: at least 0.1.

    Returns:
        (N,).
    """
    # answer
    closing = speed - leader
    ttc = np.full(gap.shape, float(longest))
    meeting = (gap > 0) & (gap < longest * closing)
    ttc[meeting] = gap[meeting] / closing[meeting]
    ttc[gap <= 0] = 0
    return ttc.min(axis=1)
    # end


def share_interval(k: int, n: int, z: float) -> tuple[float, float]:
    """The shares p that are no surprise if an event came k times in n: Wilson's interval.

    A count of n tries has the mean n p and the variance n p (1 - p). The interval holds every p for which the counted
    share is at most z standard deviations from p, where the deviation is the one that p itself says:

        |k / n - p|  <=  z sqrt(p (1 - p) / n)

    Args:
        k: from 0 to n. n: >= 1. z: at least 0.1; 1.96 for 95 %.

    Returns:
        (low, high), its two ends.
    """
    # answer
    middle = (k + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(k * (n - k) / n + z**2 / 4) / (n + z**2)
    return middle - half, middle + half
    # end


def errors_of_guesses(truth: np.ndarray, guesses: np.ndarray) -> tuple[float, float, float]:
    """What one guess costs, what the mean of K guesses costs, and what the mean of infinitely many would cost.

    A model draws K guesses g_k at each of N clips, independently of each other. All errors are squared and averaged
    over clips and pixels:

        one     the error of one guess: averaged over the K guesses too
        mean    the error of the mean of the K guesses
        limit   an estimate of the error of the mean m of infinitely many guesses, which is right on average:
                E[limit] = the error of m

    Args:
        truth: (N, D). guesses: (K, N, D), K >= 2.

    Returns:
        (one, mean, limit), three numbers. limit may be below 0.
    """
    # answer
    one = ((guesses - truth) ** 2).mean()
    mean = ((guesses.mean(axis=0) - truth) ** 2).mean()
    return one, mean, mean - (one - mean) / (len(guesses) - 1)
    # end


def crash_probability(gap: float, drift: float, deviation: float, steps: int, seed: int) -> float:
    """An open task: how likely two cars meet, where that is far too rare to be counted.

    The gap s begins at `gap`, and in each step a random number is added to it:

        s_(t+1) = s_t + drift + deviation e_t,     e_t independent, from N(0, 1)

    What is the probability that s_t <= 0 for at least one of t = 1 ... steps? It lies between 1e-9 and 1e-3. The
    measure is the relative error, |answer / truth - 1|; the goal is 0.1 at most.

    Args:
        gap: > 0. drift: of either sign. deviation: > 0. steps: 5 to 60. seed: for random numbers, if you need any.

    Returns:
        A number, > 0.
    """
    # answer
    rng = np.random.default_rng(seed)
    hurried = -max(abs(drift), gap / steps)  # with this drift crashes are common
    n = 20_000
    moved, weights, driving = np.zeros(n), np.zeros(n), np.ones(n, bool)
    for t in range(1, steps + 1):
        moved += hurried + deviation * rng.standard_normal(n)
        crashed = driving & (gap + moved <= 0)
        # How much likelier the path was under the true drift: the quotient of two products of Gaussian densities.
        log_w = ((drift - hurried) * moved - t * (drift**2 - hurried**2) / 2) / deviation**2
        weights[crashed] = np.exp(log_w[crashed])
        driving &= ~crashed
    return float(weights.mean())
    # end
