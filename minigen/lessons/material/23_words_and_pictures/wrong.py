"""Classic wrong answers to the exercises of lesson 23."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of
from minigen.models.vaes.joint import product

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)

# --------------------------------------------------------------------------------------------- contrastive_loss


def _unit(a):
    return a / np.sqrt((a**2).sum(axis=1, keepdims=True))


def _choices(s):
    """-log softmax of each row of s at its place on the diagonal."""
    top = s.max(axis=1)
    return top + np.log(np.exp(s - top[:, None]).sum(axis=1)) - np.diag(s)


@wrong("contrastive_loss", "the vectors are not divided by their lengths: long ones are similar to everything")
def no_lengths(pictures, names, temperature):
    s = pictures @ names.T / temperature
    return (_choices(s).mean() + _choices(s.T).mean()) / 2


@wrong("contrastive_loss", "only pictures choose names: names choose pictures as well")
def one_way(pictures, names, temperature):
    return _choices(_unit(pictures) @ _unit(names).T / temperature).mean()


@wrong("contrastive_loss", "only names choose pictures: pictures choose names as well")
def other_way(pictures, names, temperature):
    return _choices(_unit(names) @ _unit(pictures).T / temperature).mean()


@wrong("contrastive_loss", "the two losses are added: half of each is asked for")
def sum_of_both(pictures, names, temperature):
    return 2 * ref.contrastive_loss(pictures, names, temperature)


@wrong("contrastive_loss", "multiplied by the temperature: a low one should make differences large")
def multiplied(pictures, names, temperature):
    return ref.contrastive_loss(pictures, names, 1 / temperature)


@wrong("contrastive_loss", "the temperature is forgotten")
def no_temperature(pictures, names, temperature):
    return ref.contrastive_loss(pictures, names, 1.0)


@wrong("contrastive_loss", "the right one is missing in the sum below: then the loss can be negative")
def others_only(pictures, names, temperature):
    s = _unit(pictures) @ _unit(names).T / temperature
    if len(s) == 1:
        return 0.0
    wrong_ones = np.where(np.eye(len(s), dtype=bool), -1e300, s)
    tops = wrong_ones.max(axis=1), wrong_ones.max(axis=0)
    rows = tops[0] + np.log(np.exp(wrong_ones - tops[0][:, None]).sum(axis=1))
    columns = tops[1] + np.log(np.exp(wrong_ones - tops[1]).sum(axis=0))
    return ((rows - np.diag(s)).mean() + (columns - np.diag(s)).mean()) / 2


@wrong("contrastive_loss", "divided by N once more: a mean over the pairs is asked for")
def mean_over_all_combinations(pictures, names, temperature):
    return ref.contrastive_loss(pictures, names, temperature) / len(pictures)


@wrong("contrastive_loss", "a sum over the pairs: their mean is asked for")
def sum_over_pairs(pictures, names, temperature):
    return ref.contrastive_loss(pictures, names, temperature) * len(pictures)


@wrong("contrastive_loss", "one softmax over all N x N combinations: each row, and each column, has its own")
def one_softmax(pictures, names, temperature):
    s = _unit(pictures) @ _unit(names).T / temperature
    return float(s.max() + np.log(np.exp(s - s.max()).sum()) - np.diag(s).mean())


@wrong("contrastive_loss", "e^s overflows where the temperature is low: take away the largest s first")
def overflow(pictures, names, temperature):
    p = np.exp(_unit(pictures) @ _unit(names).T / temperature)
    with np.errstate(all="ignore"):
        rows, columns = np.diag(p) / p.sum(axis=1), np.diag(p) / p.sum(axis=0)
        return float(-(np.log(rows).mean() + np.log(columns).mean()) / 2)


@wrong("contrastive_loss", "expected one number", compared=False)
def for_each_pair(pictures, names, temperature):
    s = _unit(pictures) @ _unit(names).T / temperature
    return (_choices(s) + _choices(s.T)) / 2


@wrong("contrastive_loss", "calls minigen", compared=False)
def of_the_library(pictures, names, temperature):
    s = mg.tensor(_unit(pictures) @ _unit(names).T / temperature)
    right = np.arange(len(pictures))
    losses = [mg.nn.cross_entropy_loss(a, right).item() for a in (s, mg.transpose(s))]
    return sum(losses) / 2


# ----------------------------------------------------------------------------------------------------- recall_at


@wrong("recall_at", "a tie counts as found: where all are equal, everything would be")
def hopeful(similarities, right, k):
    its = similarities[np.arange(len(right)), right][:, None]
    return float(((similarities > its).sum(axis=1) < k).mean())


@wrong("recall_at", "a tie counts as lost: the right item may well be the first of its equals")
def hopeless(similarities, right, k):
    its = similarities[np.arange(len(right)), right][:, None]
    return float(((similarities >= its).sum(axis=1) <= k).mean())


@wrong("recall_at", "ties are broken by the order of the items, which says nothing")
def in_order(similarities, right, k):
    first = np.argsort(-similarities, axis=1, kind="stable")[:, :k]
    return float((first == right[:, None]).any(axis=1).mean())


@wrong("recall_at", "the least similar items are taken")
def least_similar(similarities, right, k):
    return ref.recall_at(-similarities, right, k)


@wrong("recall_at", "one item too few is looked at")
def one_too_few(similarities, right, k):
    its = similarities[np.arange(len(right)), right][:, None]
    before, equal = (similarities > its).sum(axis=1), (similarities == its).sum(axis=1)
    return float(np.clip((k - 1 - before) / equal, 0, 1).mean())


@wrong("recall_at", "that is precision: the share of the k items that are right")
def precision(similarities, right, k):
    return ref.recall_at(similarities, right, k) / k


@wrong("recall_at", "the diagonal is taken for right: `right` says which item is")
def on_the_diagonal(similarities, right, k):
    return ref.recall_at(similarities, np.arange(len(right)) % similarities.shape[1], k)


@wrong("recall_at", "not limited to 0 and 1: no query can be found twice, or less than never")
def not_clipped(similarities, right, k):
    its = similarities[np.arange(len(right)), right][:, None]
    before, equal = (similarities > its).sum(axis=1), (similarities == its).sum(axis=1)
    return float(((k - before) / equal).mean())


@wrong("recall_at", "expected one number", compared=False)
def for_each_query(similarities, right, k):
    its = similarities[np.arange(len(right)), right][:, None]
    before, equal = (similarities > its).sum(axis=1), (similarities == its).sum(axis=1)
    return np.clip((k - before) / equal, 0, 1)


@wrong("recall_at", "calls minigen", compared=False)
def recall_of_the_library(similarities, right, k):
    return mg.metrics.retrieval.recall_at(similarities, right, k)


# -------------------------------------------------------------------------------------------- product_of_experts


def _precisions(log_vars, present):
    return np.where(present[:, :, None], np.exp(-np.where(present[:, :, None], log_vars, 0)), 0)


def _means(means, present):
    return np.where(present[:, :, None], means, 0)


@wrong("product_of_experts", "the prior is forgotten: it always has its say, with precision 1 and mean 0")
def no_prior(means, log_vars, present):
    t = _precisions(log_vars, present)
    with np.errstate(all="ignore"):
        return (t * _means(means, present)).sum(axis=0) / t.sum(axis=0), -np.log(t.sum(axis=0))


@wrong("product_of_experts", "the prior is counted in the variance, and not in the mean")
def prior_in_the_variance_alone(means, log_vars, present):
    t = _precisions(log_vars, present)
    with np.errstate(all="ignore"):
        return (t * _means(means, present)).sum(axis=0) / t.sum(axis=0), -np.log(1 + t.sum(axis=0))


@wrong("product_of_experts", "the means are averaged with equal weights: an expert who is sure counts more")
def plain_mean(means, log_vars, present):
    count = 1 + present.sum(axis=0)[:, None]
    return _means(means, present).sum(axis=0) / count, ref.product_of_experts(means, log_vars, present)[1]


@wrong("product_of_experts", "weighted by the variances: the unsure ones would decide")
def weighted_by_variance(means, log_vars, present):
    v = np.where(present[:, :, None], np.exp(_means(log_vars, present)), 0)
    total = 1 + v.sum(axis=0)
    return (v * _means(means, present)).sum(axis=0) / total, ref.product_of_experts(means, log_vars, present)[1]


@wrong("product_of_experts", "variances are added: in a product precisions add up, and it is narrower than each expert")
def variances_added(means, log_vars, present):
    v = np.where(present[:, :, None], np.exp(_means(log_vars, present)), 0)
    return ref.product_of_experts(means, log_vars, present)[0], np.log(1 + v.sum(axis=0))


@wrong("product_of_experts", "that is the mixture's mean: a product is not a mean of the experts")
def mixture(means, log_vars, present):
    e = 1 + present.sum(axis=0)[:, None]
    m = _means(means, present).sum(axis=0) / e
    v = np.where(present[:, :, None], np.exp(_means(log_vars, present)), 0)
    second = (v + _means(means, present) ** 2).sum(axis=0) + 1
    return m, np.log(second / e - m**2)


@wrong("product_of_experts", "log_var is the logarithm of the variance, not of the deviation")
def taken_for_a_deviation(means, log_vars, present):
    return ref.product_of_experts(means, 2 * log_vars, present)


@wrong("product_of_experts", "the logarithm of the precision: that of the variance has the other sign")
def log_precision(means, log_vars, present):
    mean, log_var = ref.product_of_experts(means, log_vars, present)
    return mean, -log_var


@wrong("product_of_experts", "absent experts are heard as well")
def all_are_heard(means, log_vars, present):
    return ref.product_of_experts(means, log_vars, np.ones_like(present))


@wrong("product_of_experts", "0 times NaN is NaN: what is absent has to be replaced before it is multiplied")
def masked_by_multiplying(means, log_vars, present):
    t = np.exp(-log_vars) * present[:, :, None]
    total = 1 + t.sum(axis=0)
    return (t * means).sum(axis=0) / total, -np.log(total)


@wrong("product_of_experts", "an absent expert is taken for N(0, 1): that is a second prior")
def absent_as_prior(means, log_vars, present):
    here = present[:, :, None]
    everyone = np.ones_like(present)
    return ref.product_of_experts(np.where(here, means, 0), np.where(here, log_vars, 0), everyone)


@wrong("product_of_experts", "calls minigen", compared=False)
def product_of_the_library(means, log_vars, present):
    found = [mg.distributions.Normal(mg.tensor(m), mg.tensor(v)) for m, v in zip(means, log_vars, strict=True)]
    q = product(*found)
    return q.mean.numpy(), q.log_var.numpy()


# --------------------------------------------------------------------------------------------------- guided_score


def _score(x, centres, sigma, inside):
    d = centres - x[:, None]
    logs = np.where(inside, -0.5 * (d**2).sum(axis=2) / sigma**2, -np.inf)
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share = share / share.sum(axis=1, keepdims=True)
    return (share[:, :, None] * d).sum(axis=1) / sigma**2


@wrong("guided_score", "guidance is 1 where it should be 0: w counts what is added to the score of the class")
def other_convention(x, centres, classes, sigma, label, w):
    told, free = _score(x, centres, sigma, classes == label), _score(x, centres, sigma, classes == classes)
    return free + w * (told - free)


@wrong("guided_score", "guided away from the class: the difference has the wrong sign")
def away(x, centres, classes, sigma, label, w):
    told, free = _score(x, centres, sigma, classes == label), _score(x, centres, sigma, classes == classes)
    return told + w * (free - told)


@wrong("guided_score", "the score of any example is weighted with 1 + w as well")
def added(x, centres, classes, sigma, label, w):
    told, free = _score(x, centres, sigma, classes == label), _score(x, centres, sigma, classes == classes)
    return (1 + w) * told + w * free


@wrong("guided_score", "w is ignored")
def not_guided(x, centres, classes, sigma, label, w):
    return _score(x, centres, sigma, classes == label)


@wrong("guided_score", "away from the other classes: p(x) holds the class itself, too")
def away_from_the_others(x, centres, classes, sigma, label, w):
    told = _score(x, centres, sigma, classes == label)
    others = classes != label
    return told + w * (told - _score(x, centres, sigma, others)) if others.any() else told


@wrong("guided_score", "from the centre to x: the density grows towards the centre")
def downhill(x, centres, classes, sigma, label, w):
    return -ref.guided_score(x, centres, classes, sigma, label, w)


@wrong("guided_score", "divided by sigma: the gradient has sigma squared below")
def one_sigma(x, centres, classes, sigma, label, w):
    return ref.guided_score(x, centres, classes, sigma, label, w) * sigma


@wrong("guided_score", "all centres count the same: at x those nearby have the larger share")
def equal_shares(x, centres, classes, sigma, label, w):
    told, free = (c.mean(axis=0) - x for c in (centres[classes == label], centres))
    return (told + w * (told - free)) / sigma**2


@wrong("guided_score", "only the nearest centre counts: the others have their share, too")
def nearest_only(x, centres, classes, sigma, label, w):
    def score(of):
        near = ((of - x[:, None]) ** 2).sum(axis=2).argmin(axis=1)
        return (of[near] - x) / sigma**2

    told, free = score(centres[classes == label]), score(centres)
    return told + w * (told - free)


@wrong("guided_score", "0 / 0 where all densities round to 0: take away the largest exponent first")
def underflow(x, centres, classes, sigma, label, w):
    d = centres - x[:, None]
    p = np.exp(-0.5 * (d**2).sum(axis=2) / sigma**2)[:, :, None]
    told = np.where((classes == label)[:, None], p, 0)
    with np.errstate(all="ignore"):
        of_class, free = ((q * d).sum(axis=1) / q.sum(axis=1) / sigma**2 for q in (told, p))
    return of_class + w * (of_class - free)


@wrong("guided_score", "the exponent is divided by sigma^2: it is |x - centre|^2 / (2 sigma^2)")
def two_forgotten(x, centres, classes, sigma, label, w):
    told, free = (_score(x, centres, sigma / np.sqrt(2), of) / 2 for of in (classes == label, classes == classes))
    return told + w * (told - free)


@wrong("guided_score", "calls the reference itself", compared=False)
def the_reference(x, centres, classes, sigma, label, w):
    return cheat.guided_score(x, centres, classes, sigma, label, w)


# ----------------------------------------------------------------------------------------------------- least_loss


@wrong("least_loss", "0 is out of reach: cosines lie between -1 and 1, so e^s has a largest value")
def zero(n, temperature):
    return 0.0


@wrong("least_loss", "wrong pairs cannot all be opposite to each other: if a is opposite to b and to c, b is c")
def all_opposite(n, temperature):
    return np.log1p((n - 1) * np.exp(-2 / temperature))


@wrong("least_loss", "wrong pairs can be better than at right angles: their cosines can be negative")
def all_at_right_angles(n, temperature):
    return np.log1p((n - 1) * np.exp(-1 / temperature))


@wrong("least_loss", "that is what a guess costs")
def a_guess(n, temperature):
    return np.log(n)


@wrong("least_loss", "the mean cosine of wrong pairs can be -1 / (n - 1), not -1 / n")
def one_n_too_many(n, temperature):
    return np.log1p((n - 1) * np.exp(-(1 + 1 / n) / temperature))


@wrong("least_loss", "the sum below has n - 1 wrong ones, not n")
def n_wrong_ones(n, temperature):
    return np.log1p(n * np.exp(-n / ((n - 1) * temperature)))


@wrong("least_loss", "that is the probability of the right one: the loss is minus its logarithm")
def probability(n, temperature):
    return 1 / (1 + (n - 1) * np.exp(-n / ((n - 1) * temperature)))


@wrong("least_loss", "the cosine is multiplied by the temperature: it is divided by it")
def times_the_temperature(n, temperature):
    return np.log1p((n - 1) * np.exp(-n / (n - 1) * temperature))


@wrong("least_loss", "1 + x rounds to 1 where x is tiny, and its logarithm to 0: np.log1p(x) does not")
def log_of_a_sum(n, temperature):
    return np.log(1 + (n - 1) * np.exp(-n / ((n - 1) * temperature)))


@wrong("least_loss", "a little above the smallest, as a search that stopped early: there is a formula")
def searched(n, temperature):
    return ref.least_loss(n, temperature) * 1.001


@wrong("least_loss", "calls the reference itself", compared=False)
def the_reference_of_the_least(n, temperature):
    return cheat.least_loss(n, temperature)


# ---------------------------------------------------------------------------------------------------- match_names


def _guesses(known_pictures, known_names, names):
    rows = np.concatenate([known_names, np.ones((len(known_names), 1))], axis=1)
    added = np.linalg.lstsq(rows, known_pictures, rcond=None)[0]
    return np.concatenate([names, np.ones((len(names), 1))], axis=1) @ added


@wrong("match_names", "share of pictures that suit their own name best", compared=False)
def by_the_bridge(known_pictures, known_names, pictures, names):
    near = ((pictures[:, None] - known_pictures) ** 2).sum(axis=2).argmin(axis=1)
    return known_names[near] @ names.T


@wrong("match_names", "share of pictures that suit their own name best", compared=False)
def plain_distance(known_pictures, known_names, pictures, names):
    guesses = _guesses(known_pictures, known_names, names)
    return -((pictures[:, None] - guesses) ** 2).sum(axis=2)


@wrong("match_names", "share of pictures that suit their own name best", compared=False)
def in_the_given_order(known_pictures, known_names, pictures, names):
    return np.eye(len(pictures))


@wrong("match_names", "share of pictures that suit their own name best", compared=False)
def all_the_same(known_pictures, known_names, pictures, names):
    return np.zeros((len(pictures), len(names)))


@wrong("match_names", "share of pictures that suit their own name best", compared=False)
def nearest_known_name(known_pictures, known_names, pictures, names):
    bridges = known_pictures[(names @ known_names.T).argmax(axis=1)]
    return -((pictures[:, None] - bridges) ** 2).sum(axis=2)


@wrong("match_names", "expected shape", compared=False)
def the_best_alone(known_pictures, known_names, pictures, names):
    return np.arange(len(pictures))


@wrong("match_names", "is NaN or infinite somewhere", compared=False)
def not_a_number(known_pictures, known_names, pictures, names):
    return np.full((len(pictures), len(names)), np.nan)


SYMMETRIC = "the loss is the same for pictures and names exchanged: it goes both ways"
NOT_BELOW_1 = "the sum below the logarithm is at least 1"
BELOW_E_50 = "a share below e^-50 changes nothing that could be measured"
AT_LEAST_1 = "it is at least 1, as the task says"
NOT_SO_SMALL = "it is never so small, as the task says"
NEVER_NEGATIVE = "it is never negative"
AT_MOST_30 = "log_vars lie between -30 and 30, as the task says"
LOG_SUM = "np.log(np.exp(scores - top[:, None]).sum(axis=1))"

EQUIVALENT = {
    "contrastive_loss: order turned in (s, s.T)": SYMMETRIC,
    "contrastive_loss: order turned in (pictures, names)": SYMMETRIC,
    "contrastive_loss: pictures and names exchanged": SYMMETRIC,
    f"contrastive_loss: np.nan_to_num(np.log(...)) for {LOG_SUM}": NOT_BELOW_1,
    f"contrastive_loss: np.log(np.maximum(..., 1e-8)) for {LOG_SUM}": NOT_BELOW_1,
    "contrastive_loss: np.exp(np.clip(..., -50, 50)) for np.exp(scores - top[:, None])": BELOW_E_50,
    "contrastive_loss: temperature at least 1e-6": NOT_SO_SMALL,
    "contrastive_loss: result at least 0": NEVER_NEGATIVE,
    "recall_at: k at least 1": AT_LEAST_1,
    "recall_at: result at least 0": NEVER_NEGATIVE,
    "product_of_experts: np.exp(np.clip(..., -50, 50)) for np.exp(-log_vars)": AT_MOST_30,
    "product_of_experts: log_vars clipped at +-100": AT_MOST_30,
    "product_of_experts: np.nan_to_num(np.log(...)) for np.log(total)": NOT_BELOW_1,
    "product_of_experts: np.log(np.maximum(..., 1e-8)) for np.log(total)": NOT_BELOW_1,
    "product_of_experts: 1 for 0 in mean = (precisions * np.where(here, means, 0)).sum(axis=0) / total (2)": (
        "what stands for an absent mean is multiplied by a precision of 0"
    ),
    "product_of_experts: present capped at 9": "it is true or false",
    "guided_score: np.exp(np.clip(..., -50, 50)) for np.exp(logs - logs.max(axis=1, keepdims=True))": BELOW_E_50,
    "guided_score: sigma at least 1e-6": NOT_SO_SMALL,
    "guided_score: result without infinity": "no result is infinite",
    "least_loss: n at least 1": AT_LEAST_1,
    "least_loss: temperature at least 1e-6": NOT_SO_SMALL,
    "least_loss: result at least 0": NEVER_NEGATIVE,
}
