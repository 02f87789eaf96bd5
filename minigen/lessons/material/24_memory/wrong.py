"""Classic wrong answers to the exercises of lesson 24."""

import math

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of
from minigen.privacy import divergence

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

# ------------------------------------------------------------------------------------------------- auc_with_error


@wrong("auc_with_error", "equal scores count 0: a tie counts 1/2")
def ties_lost(members, others):
    right = (members[:, None] > others).astype(float)
    return ref_from(right)


@wrong("auc_with_error", "equal scores count 1: a tie counts 1/2")
def ties_won(members, others):
    return ref_from((members[:, None] >= others).astype(float))


def ref_from(right):
    m, n = right.shape
    squared = right.mean(axis=1).var(ddof=1) / m + right.mean(axis=0).var(ddof=1) / n
    return float(right.mean()), float(np.sqrt(squared))


@wrong("auc_with_error", "the members should score higher: this counts how often they score lower")
def turned_round(members, others):
    return ref.auc_with_error(-members, -others)


@wrong("auc_with_error", "M and N are under the sums of squares: M - 1 and N - 1 belong there (ddof=1)")
def without_ddof(members, others):
    right = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    squared = right.mean(axis=1).var() / len(members) + right.mean(axis=0).var() / len(others)
    return float(right.mean()), float(np.sqrt(squared))


@wrong("auc_with_error", "that is the variance: its root is asked for")
def variance(members, others):
    value, error = ref.auc_with_error(members, others)
    return value, error**2


@wrong("auc_with_error", "all M N pairs are treated as independent: each score stands in many pairs")
def independent_pairs(members, others):
    right = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    return float(right.mean()), float(right.std(ddof=1) / np.sqrt(right.size))


@wrong("auc_with_error", "only the members' scatter counts here: the others are a sample too")
def of_members_only(members, others):
    right = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    return float(right.mean()), float(right.mean(axis=1).std(ddof=1) / np.sqrt(len(members)))


@wrong("auc_with_error", "M and N are exchanged under the variances")
def sizes_exchanged(members, others):
    right = (members[:, None] > others) + 0.5 * (members[:, None] == others)
    squared = right.mean(axis=1).var(ddof=1) / len(others) + right.mean(axis=0).var(ddof=1) / len(members)
    return float(right.mean()), float(np.sqrt(squared))


@wrong("auc_with_error", "calls minigen", compared=False)
def of_the_library(members, others):
    found = mg.metrics.auc(members, others)
    return found.value, (found.high - found.low) / 3.92


# ----------------------------------------------------------------------------------------------------- most_found


@wrong("most_found", "only the first line counts: where many are named, the second is lower")
def first_line_only(named, epsilon, delta):
    return np.minimum(np.exp(epsilon) * named + delta, 1.0)


@wrong("most_found", "only the second line counts: where few are named, the first is lower")
def second_line_only(named, epsilon, delta):
    return np.minimum(1 - np.exp(-epsilon) * (1 - delta - named), 1.0)


@wrong("most_found", "a share above 1: no attack finds more than all members")
def above_one(named, epsilon, delta):
    return np.minimum(np.exp(epsilon) * named + delta, 1 - np.exp(-epsilon) * (1 - delta - named))


@wrong("most_found", "the largest of the bounds is taken: all of them hold, so the lowest counts")
def largest(named, epsilon, delta):
    return np.minimum(np.maximum(np.exp(epsilon) * named + delta, 1 - np.exp(-epsilon) * (1 - delta - named)), 1.0)


@wrong("most_found", "delta is missing")
def no_delta(named, epsilon, delta):
    return ref.most_found(named, epsilon, 0.0)


@wrong("most_found", "the factor is e^epsilon, not 1 + epsilon, which is near it for small epsilon only")
def linear(named, epsilon, delta):
    first, second = (1 + epsilon) * named + delta, 1 - (1 - delta - named) / (1 + epsilon)
    return np.minimum(np.minimum(first, second), 1.0)


@wrong("most_found", "delta has the wrong sign in the second line: it makes more attacks possible, not fewer")
def wrong_sign_of_delta(named, epsilon, delta):
    first, second = np.exp(epsilon) * named + delta, 1 - np.exp(-epsilon) * (1 + delta - named)
    return np.minimum(np.minimum(first, second), 1.0)


@wrong("most_found", "calls the reference itself", compared=False)
def the_reference(named, epsilon, delta):
    return cheat.most_found(named, epsilon, delta)


# ---------------------------------------------------------------------------------------------------- clipped_sum


@wrong("clipped_sum", "the sum is clipped: each example's gradient should be, before they are added")
def sum_clipped(x, delta, clip):
    total = x.T @ delta
    return total * min(1.0, clip / max(np.linalg.norm(total), clip))


@wrong("clipped_sum", "every gradient is brought to the length C: shorter ones stay as they are")
def normalised(x, delta, clip):
    norms = np.sqrt((x**2).sum(axis=1) * (delta**2).sum(axis=1))
    return (x * (clip / np.where(norms == 0, 1, norms))[:, None]).T @ delta


@wrong("clipped_sum", "nothing is clipped")
def unclipped(x, delta, clip):
    return x.T @ delta


@wrong("clipped_sum", "each entry is clipped by itself: the norm of the whole gradient counts")
def entries_clipped(x, delta, clip):
    return np.clip(x[:, :, None] * delta[:, None, :], -clip, clip).sum(axis=0)


@wrong("clipped_sum", "the norm is that of x alone: it is |x_n| |delta_n|")
def norm_of_x(x, delta, clip):
    return (x * (clip / np.maximum(np.linalg.norm(x, axis=1), clip))[:, None]).T @ delta


@wrong("clipped_sum", "squared norms are compared with C: the root is missing")
def squared_norms(x, delta, clip):
    norms = (x**2).sum(axis=1) * (delta**2).sum(axis=1)
    return (x * (clip / np.maximum(norms, clip))[:, None]).T @ delta


@wrong("clipped_sum", "the sum is divided by the number of examples: the sum is asked for")
def averaged(x, delta, clip):
    return ref.clipped_sum(x, delta, clip) / len(x)


@wrong("clipped_sum", "x and delta are both scaled: the gradient is scaled twice")
def scaled_twice(x, delta, clip):
    norms = np.sqrt((x**2).sum(axis=1) * (delta**2).sum(axis=1))
    factors = clip / np.maximum(norms, clip)
    return (x * factors[:, None]).T @ (delta * factors[:, None])


@wrong("clipped_sum", "calls the reference itself", compared=False)
def the_reference_of_sums(x, delta, clip):
    return cheat.clipped_sum(x, delta, clip)


# --------------------------------------------------------------------------------------------- sampled_divergence


def terms_of(rate, noise, order, power=lambda i: i**2 - i):
    i = np.arange(order + 1)
    log_binomial = np.array([math.lgamma(order + 1) - math.lgamma(k + 1) - math.lgamma(order - k + 1) for k in i])
    return log_binomial + (order - i) * np.log1p(-rate) + i * np.log(rate) + power(i) / (2 * noise**2)


def log_sum(terms):
    return terms.max() + np.log(np.exp(terms - terms.max()).sum())


@wrong("sampled_divergence", "log A is not divided by a - 1")
def not_divided(rate, noise, order):
    return float(log_sum(terms_of(rate, noise, order)))


@wrong("sampled_divergence", "log A is divided by a: by a - 1 it should be")
def divided_by_the_order(rate, noise, order):
    return float(log_sum(terms_of(rate, noise, order)) / order)


@wrong("sampled_divergence", "q is forgotten: that is the divergence of two Gaussians, a / (2 sigma^2)")
def always_in_the_batch(rate, noise, order):
    return order / (2 * noise**2)


@wrong("sampled_divergence", "the exponent is i^2 - i, not i^2")
def squares_only(rate, noise, order):
    return float(log_sum(terms_of(rate, noise, order, lambda i: i**2)) / (order - 1))


@wrong("sampled_divergence", "the exponent is divided by 2 sigma^2, not by sigma^2")
def without_two(rate, noise, order):
    return float(log_sum(terms_of(rate, noise, order, lambda i: 2 * (i**2 - i))) / (order - 1))


@wrong("sampled_divergence", "the binomial coefficients are missing")
def no_binomial(rate, noise, order):
    i = np.arange(order + 1)
    terms = (order - i) * np.log1p(-rate) + i * np.log(rate) + (i**2 - i) / (2 * noise**2)
    return float(log_sum(terms) / (order - 1))


@wrong("sampled_divergence", "the exponentials are added as they are, and overflow")
def overflows(rate, noise, order):
    with np.errstate(all="ignore"):
        return float(np.log(np.exp(terms_of(rate, noise, order)).sum()) / (order - 1))


@wrong("sampled_divergence", "the last term, i = a, is missing")
def last_term_missing(rate, noise, order):
    return float(log_sum(terms_of(rate, noise, order)[:-1]) / (order - 1))


@wrong("sampled_divergence", "calls minigen", compared=False)
def of_the_accountant(rate, noise, order):
    return divergence(rate, noise, order)


# ---------------------------------------------------------------------------------------------------- least_delta


def phi(z):
    return math.erfc(-z / math.sqrt(2)) / 2


def each(epsilon, delta_of):
    return np.array([delta_of(float(e)) for e in epsilon])


@wrong("least_delta", "that is P_1(S): e^epsilon P_0(S) is not subtracted")
def only_the_first(epsilon, noise):
    return each(epsilon, lambda e: phi(1 / (2 * noise) - e * noise))


@wrong("least_delta", "e^epsilon is missing before P_0(S)")
def difference_alone(epsilon, noise):
    return each(epsilon, lambda e: phi(1 / (2 * noise) - e * noise) - phi(-1 / (2 * noise) - e * noise))


@wrong("least_delta", "S does not depend on epsilon here: it is where p_1 > p_0, not where p_1 > e^epsilon p_0")
def where_p_is_larger(epsilon, noise):
    return each(epsilon, lambda e: max(0.0, phi(0.5 / noise) - math.exp(e) * phi(-0.5 / noise)))


@wrong("least_delta", "the half-line is on the wrong side: P_1(S) and P_0(S) are those of what is left")
def other_side(epsilon, noise):
    return each(epsilon, lambda e: phi(e * noise - 1 / (2 * noise)) - math.exp(e) * phi(e * noise + 1 / (2 * noise)))


@wrong("least_delta", "the border is at sigma^2 epsilon: 1/2 is missing, the middle between 0 and 1")
def border_without_half(epsilon, noise):
    return each(epsilon, lambda e: phi(1 / noise - e * noise) - math.exp(e) * phi(-e * noise))


@wrong("least_delta", "that is the classic bound, 1.25 e^(-(sigma epsilon)^2 / 2), which is far from tight")
def classic_bound(epsilon, noise):
    return 1.25 * np.exp(-((epsilon * noise) ** 2) / 2)


@wrong("least_delta", "the variance is taken for the deviation")
def variance_for_deviation(epsilon, noise):
    return ref.least_delta(epsilon, noise**2)


@wrong("least_delta", "calls the reference itself", compared=False)
def the_reference_of_deltas(epsilon, noise):
    return cheat.least_delta(epsilon, noise)


# --------------------------------------------------------------------------------------------------- tell_members


@wrong("tell_members", "does not reach the goal", compared=False)
def low_loss(losses, reference, inside, seed):
    return -losses


@wrong("tell_members", "does not reach the goal", compared=False)
def high_loss(losses, reference, inside, seed):
    return losses


@wrong("tell_members", "does not reach the goal", compared=False)
def difficulty_alone(losses, reference, inside, seed):
    return -reference.mean(axis=0)


@wrong("tell_members", "does not reach the goal", compared=False)
def most_often_inside(losses, reference, inside, seed):
    return inside.mean(axis=0)


@wrong("tell_members", "expected (400,)", compared=False)
def a_score_for_each_model(losses, reference, inside, seed):
    return reference.mean(axis=1) - losses.mean()


@wrong("tell_members", "NaN or infinite", compared=False)
def zero_over_zero(losses, reference, inside, seed):
    return losses * np.nan


ANY_ORDER = "it does not matter which score comes first"
NEVER_BELOW_0 = "an area, an error, a share, a divergence and a delta are never below 0"
AT_MOST_40 = "epsilon is at most 40, as the task says"
POSITIVE = "only logarithms of positive numbers are taken"
NOT_SMALL = "what the logarithm is taken of is never near 0 here"
EQUIVALENT = {
    "auc_with_error: members sorted": ANY_ORDER,
    "auc_with_error: others sorted": ANY_ORDER,
    "auc_with_error: result at least 0": NEVER_BELOW_0,
    "most_found: np.exp(np.clip(..., -50, 50)) for np.exp(epsilon)": AT_MOST_40,
    "most_found: np.exp(np.clip(..., -50, 50)) for np.exp(-epsilon)": AT_MOST_40,
    "most_found: result at least 0": NEVER_BELOW_0,
    "sampled_divergence: 2 for 1 in i = np.arange(order + 1)": "the next binomial coefficient is 0",
    **{
        f"sampled_divergence: {change} for np.log((order - i[:-1]) / (i[:-1] + 1))": reason
        for change, reason in (("np.nan_to_num(np.log(...))", POSITIVE), ("np.log(np.maximum(..., 1e-8))", NOT_SMALL))
    },
    "sampled_divergence: np.nan_to_num(np.log(...)) for np.log(rate)": POSITIVE,
    **{
        f"sampled_divergence: {change} for np.log(np.exp(terms - top).sum())": reason
        for change, reason in (("np.nan_to_num(np.log(...))", POSITIVE), ("np.log(np.maximum(..., 1e-8))", NOT_SMALL))
    },
    "sampled_divergence: np.exp(np.clip(..., -50, 50)) for np.exp(terms - top)": "e^-50 shows in none of the digits",
    "sampled_divergence: noise at least 1e-6": "noise is at least 0.05, as the task says",
    "sampled_divergence: order at least 1": "the order is at least 2, as the task says",
    "sampled_divergence: result at least 0": NEVER_BELOW_0,
    "least_delta: epsilon clipped at +-100": "epsilon is at most 80, as the task says",
    "least_delta: epsilon negative entries set to 0": "epsilon is never below 0, as the task says",
    "least_delta: noise at least 1e-6": "noise is at least 0.05, as the task says",
    "least_delta: result at least 0": NEVER_BELOW_0,
}
