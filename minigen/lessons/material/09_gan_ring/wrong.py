"""Classic wrong answers to the exercises of lesson 9."""

import numpy as np

import minigen as mg
from minigen.lessons import WrongAnswers, reference_of
from minigen.metrics import modes_found

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


def softplus(s):
    """log(1 + e^s)."""
    return np.logaddexp(0, s)


def sigmoid(s):
    """1 / (1 + e^-s)."""
    return 1 / (1 + np.exp(-s))


# -------------------------------------------------------------------------------------------------- game_loss


@wrong("game_loss", "that is V, which D maximises; its loss, which it minimises, is -V")
def value_of_the_game(real, fake):
    return -ref.game_loss(real, fake)


@wrong("game_loss", "real and fake are exchanged: D wants large logits for real examples")
def exchanged(real, fake):
    return ref.game_loss(fake, real)


@wrong("game_loss", "-log D of the fakes is the generator's loss: D wants log(1 - D) of them to be large")
def fakes_called_real(real, fake):
    return float(softplus(-real).mean() + softplus(-fake).mean())


@wrong("game_loss", "D itself is formed: it rounds to 0 or 1, and then its logarithm is infinite")
def log_of_sigmoid(real, fake):
    return float(-np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean())


@wrong("game_loss", "D is clipped: then no example costs more than a certain loss, and beyond it none has a gradient")
def clipped(real, fake):
    d = np.clip(sigmoid(np.concatenate([real, fake])), 1e-7, 1 - 1e-7)
    return float(-np.log(d[: len(real)]).mean() - np.log(1 - d[len(real) :]).mean())


@wrong("game_loss", "e^s overflows for large s: np.logaddexp(0, s) is log(1 + e^s) without forming e^s")
def overflowing(real, fake):
    return float(np.log(1 + np.exp(-real)).mean() + np.log(1 + np.exp(fake)).mean())


@wrong("game_loss", "the examples are summed: take the mean over each batch")
def summed(real, fake):
    return float(softplus(-real).sum() + softplus(fake).sum())


@wrong("game_loss", "the two means are added, not averaged: at the balance the loss is 2 log 2")
def halved(real, fake):
    return ref.game_loss(real, fake) / 2


@wrong("game_loss", "that is one mean over all examples: real ones and fakes have a mean each, and these are added")
def one_mean(real, fake):
    return float(np.concatenate([softplus(-real), softplus(fake)]).mean())


@wrong("game_loss", "only the real examples count: the fakes' part, -mean log(1 - D), is missing")
def real_alone(real, fake):
    return float(softplus(-real).mean())


@wrong("game_loss", "only the fakes count: the real examples' part, -mean log D, is missing")
def fakes_alone(real, fake):
    return float(softplus(fake).mean())


@wrong("game_loss", "that is the Wasserstein loss, of the bare logits: here log D and log(1 - D) are asked for")
def wasserstein(real, fake):
    return float(fake.mean() - real.mean())


@wrong("game_loss", "that is in bits: take the natural logarithm")
def in_bits(real, fake):
    return ref.game_loss(real, fake) / np.log(2)


@wrong("game_loss", "sum or average over all axes", compared=False)
def not_averaged(real, fake):
    return softplus(-real) + softplus(fake).mean()


@wrong("game_loss", "changes its input real", compared=False)
def changes_real(real, fake):
    real *= -1
    return float(softplus(real).mean() + softplus(fake).mean())


@wrong("game_loss", "calls minigen", compared=False)
def loss_of_the_library(real, fake):
    return float(mg.ops.softplus(-real).mean() + mg.ops.softplus(fake).mean())


@wrong("game_loss", "softplus is cut: for s > 20 it is s, but for s < -20 it is e^s, not 0")
def cut_at_minus_20(real, fake):
    parts = [np.where(s < -20, 0.0, softplus(s)).mean() for s in (-real, fake)]
    return float(sum(parts))


@wrong("game_loss", "softplus is cut at 20: there s is still 2e-9 too little")
def cut_at_20(real, fake):
    return float(sum(np.where(s > 20, s, softplus(np.minimum(s, 20))).mean() for s in (-real, fake)))


@wrong("game_loss", "1 + e^-|s| rounds to 1 where all are told apart: np.log1p(e) is log(1 + e) for a tiny e too")
def without_log1p(real, fake):
    return float(sum((np.maximum(s, 0) + np.log(1 + np.exp(-np.abs(s)))).mean() for s in (-real, fake)))


# ----------------------------------------------------------------------------------------- best_discriminator


@wrong("best_discriminator", "p and q are exchanged: d is the belief that an example is real")
def of_the_fakes(p, q):
    d, value = ref.best_discriminator(p, q)
    return 1 - d, value


@wrong("best_discriminator", "that is the ratio p / q, the odds; as a probability it is p / (p + q)")
def odds(p, q):
    return p / q, ref.best_discriminator(p, q)[1]


@wrong(
    "best_discriminator", "the best d is not a yes or a no: where both occur, it is the share of real ones among them"
)
def decided(p, q):
    d = np.where(p == q, 0.5, (p > q).astype(float))
    return d, ref.best_discriminator(p, q)[1]


@wrong("best_discriminator", "0 / 0 is NaN: where neither p nor q is ever, d is 1/2")
def nan_in_empty_places(p, q):
    return p / (p + q), ref.best_discriminator(p, q)[1]


@wrong("best_discriminator", "where neither p nor q is ever, d is to be 1/2")
def zero_in_empty_places(p, q):
    d, value = ref.best_discriminator(p, q)
    return np.where(p + q > 0, d, 0.0), value


@wrong("best_discriminator", "0 log 0 is NaN to NumPy, and its limit is 0: leave these places out of the sum")
def nan_in_the_value(p, q):
    d, _ = ref.best_discriminator(p, q)
    return d, float((p * np.log(d) + q * np.log(1 - d)).sum())


@wrong("best_discriminator", "the fakes' part of V, the sum of q log(1 - d), is missing")
def value_of_real(p, q):
    d, _ = ref.best_discriminator(p, q)
    return d, float(np.log(d[p > 0]) @ p[p > 0])


@wrong("best_discriminator", "the value is weighted by p alone: the fakes' part has the weights q")
def weighted_by_p(p, q):
    d, _ = ref.best_discriminator(p, q)
    both = (p > 0) & (q > 0)
    return d, float(np.log(d[p > 0]) @ p[p > 0] + np.log(1 - d[both]) @ p[both])


@wrong("best_discriminator", "the sign of the value: V is a sum of logarithms of probabilities, and negative")
def loss_not_value(p, q):
    d, value = ref.best_discriminator(p, q)
    return d, -value


@wrong("best_discriminator", "you take the mean over the places: p and q are weights already, so sum")
def mean_over_places(p, q):
    d, value = ref.best_discriminator(p, q)
    return d, value / len(p)


@wrong("best_discriminator", "that is the Jensen-Shannon divergence: the value is -log 4 + twice that")
def divergence(p, q):
    d, value = ref.best_discriminator(p, q)
    return d, (value + np.log(4)) / 2


@wrong("best_discriminator", "log 4 is missing: as for D = 1/2 everywhere, the value of p = q is -log 4")
def without_log_4(p, q):
    d, value = ref.best_discriminator(p, q)
    return d, value + np.log(4)


@wrong("best_discriminator", "changes its input q", compared=False)
def changes_q(p, q):
    answer = ref.best_discriminator(p, q)
    q += p
    return answer


@wrong("best_discriminator", "expected (d, value)", compared=False)
def without_the_value(p, q):
    return ref.best_discriminator(p, q)[0]


@wrong("best_discriminator", "calls the reference itself", compared=False)
def the_reference(p, q):
    return cheat.best_discriminator(p, q)


@wrong("best_discriminator", "1 - d rounds to 0 where q is tiny beside p: write it as q / (p + q)")
def rounded(p, q):
    d, _ = ref.best_discriminator(p, q)
    return d, float(np.log(d[p > 0]) @ p[p > 0] + np.log(1 - d[q > 0]) @ q[q > 0])


@wrong(
    "best_discriminator", "np.nan_to_num also turns minus infinity into -1.8e308: leave out the places with p or q 0"
)
def nan_to_num(p, q):
    d = np.nan_to_num(p / (p + q), nan=0.5)
    return d, float(np.nan_to_num(p * np.log(d)).sum() + np.nan_to_num(q * np.log(1 - d)).sum())


# ---------------------------------------------------------------------------------------- generator_gradients


@wrong("generator_gradients", "the sign of the minimax gradient: G raises the logit to lower log(1 - D)")
def discriminators_direction(s):
    minimax, other = ref.generator_gradients(s)
    return -minimax, other


@wrong("generator_gradients", "the sign of the non-saturating gradient: G raises the logit to lower -log D")
def away_from_real(s):
    minimax, other = ref.generator_gradients(s)
    return minimax, -other


@wrong("generator_gradients", "both signs are flipped: so G would be led to what D rejects")
def both_flipped(s):
    minimax, other = ref.generator_gradients(s)
    return -minimax, -other


@wrong("generator_gradients", "the two are exchanged: the minimax gradient is the one that vanishes for s << 0")
def two_exchanged(s):
    return ref.generator_gradients(s)[::-1]


@wrong("generator_gradients", "1/N is missing: the losses are means over the batch")
def of_the_sums(s):
    return tuple(len(s) * g for g in ref.generator_gradients(s))


@wrong("generator_gradients", "these are derivatives with respect to D: go on to s, dD/ds = D (1 - D)")
def with_respect_to_d(s):
    d = sigmoid(s)
    return -1 / (1 - d) / len(s), -1 / d / len(s)


@wrong("generator_gradients", "that is dD/ds = D (1 - D), the slope of the sigmoid: the logarithm's 1 / D is missing")
def slope_of_the_sigmoid(s):
    d = sigmoid(s)
    return -d * (1 - d) / len(s), -d * (1 - d) / len(s)


@wrong("generator_gradients", "these are the losses of each example, not their gradients")
def losses(s):
    return -softplus(s) / len(s), softplus(-s) / len(s)


@wrong("generator_gradients", "both are the minimax gradient: that of -log D is -(1 - D)")
def twice_minimax(s):
    minimax, _ = ref.generator_gradients(s)
    return minimax, minimax


@wrong("generator_gradients", "both are the non-saturating gradient: that of log(1 - D) is -D")
def twice_non_saturating(s):
    _, other = ref.generator_gradients(s)
    return other, other


@wrong("generator_gradients", "e^s overflows, and infinity / infinity is NaN: 1 / (1 + e^-s) is the same and does not")
def overflowing_sigmoid(s):
    d = np.exp(s) / (1 + np.exp(s))
    return -d / len(s), -(1 - d) / len(s)


@wrong("generator_gradients", "both are zero everywhere")
def zeros(s):
    return np.zeros_like(s), np.zeros_like(s)


@wrong("generator_gradients", "a batch size of 64 is written into the code: divide by len(s)")
def batch_of_64(s):
    return tuple(len(s) / 64 * g for g in ref.generator_gradients(s))


@wrong("generator_gradients", "changes its input s", compared=False)
def changes_the_logits(s):
    s *= -1
    return -1 / (1 + np.exp(s)) / len(s), -(1 - 1 / (1 + np.exp(s))) / len(s)


@wrong("generator_gradients", "the precision of numeric differentiation", compared=False)
def measured(s):
    h = 1e-5
    return (
        -(softplus(s + h) - softplus(s - h)) / (2 * h) / len(s),
        (softplus(-s - h) - softplus(h - s)) / (2 * h) / len(s),
    )


@wrong("generator_gradients", "calls minigen", compared=False)
def sigmoid_of_the_library(s):
    d = mg.ops.sigmoid(s)
    return -d / len(s), -(1 - d) / len(s)


# ------------------------------------------------------------------------------------------------ count_modes


def counted(distance, limit):
    """Found and quality, for distances (N, K) and what they must be less than."""
    good = distance.min(axis=1) < limit
    return len(np.unique(distance.argmin(axis=1)[good])), float(good.mean())


def distances(samples, centres, power=2):
    """(N, K)."""
    return (np.abs(samples[:, None] - centres) ** power).sum(axis=2) ** (1 / power)


@wrong("count_modes", "a cluster is found by *good* samples alone: here everyone's nearest centre counts")
def by_any_sample(samples, centres, sigma):
    found = len(np.unique(distances(samples, centres).argmin(axis=1)))
    return found, ref.count_modes(samples, centres, sigma)[1]


@wrong("count_modes", "within one sigma: a sample is good within three")
def one_sigma(samples, centres, sigma):
    return counted(distances(samples, centres), sigma)


@wrong("count_modes", "the squared distance is compared with 3 sigma: take the root")
def squared(samples, centres, sigma):
    return counted(distances(samples, centres) ** 2, 3 * sigma)


@wrong("count_modes", "the variance instead of the deviation: 3 sigma, not 3 sigma^2")
def variance(samples, centres, sigma):
    return counted(distances(samples, centres), 3 * sigma**2)


@wrong("count_modes", "each axis is compared by itself, which is a box: the distance is the root of the sum of squares")
def box(samples, centres, sigma):
    return counted(np.abs(samples[:, None] - centres).max(axis=2), 3 * sigma)


@wrong("count_modes", "the absolute differences are summed: the distance is the root of the sum of squares")
def manhattan(samples, centres, sigma):
    return counted(distances(samples, centres, 1), 3 * sigma)


@wrong("count_modes", "sigma is a parameter: 0.01 is that of the lesson's ring alone")
def sigma_of_the_ring(samples, centres, sigma):
    return counted(distances(samples, centres), 0.03)


@wrong("count_modes", "the number of good samples instead of the number of clusters they belong to")
def counts_samples(samples, centres, sigma):
    quality = ref.count_modes(samples, centres, sigma)[1]
    return round(quality * len(samples)), quality


@wrong("count_modes", "quality is the share of good *samples*; that is the share of clusters found")
def share_of_clusters(samples, centres, sigma):
    found, _ = ref.count_modes(samples, centres, sigma)
    return found, found / len(centres)


@wrong("count_modes", "quality is a share: divide the number of good samples by N")
def number_of_good(samples, centres, sigma):
    found, quality = ref.count_modes(samples, centres, sigma)
    return found, quality * len(samples)


@wrong("count_modes", "that is the share of *bad* samples")
def share_of_bad(samples, centres, sigma):
    found, quality = ref.count_modes(samples, centres, sigma)
    return found, 1 - quality


@wrong("count_modes", "only the first two coordinates are used: points have D of them")
def in_the_plane(samples, centres, sigma):
    return counted(distances(samples[:, :2], centres[:, :2]), 3 * sigma)


@wrong("count_modes", "clusters that are missed are counted, not those found")
def missed(samples, centres, sigma):
    found, quality = ref.count_modes(samples, centres, sigma)
    return len(centres) - found, quality


@wrong("count_modes", "changes its input samples", compared=False)
def changes_samples(samples, centres, sigma):
    answer = ref.count_modes(samples, centres, sigma)
    samples /= sigma
    return answer


@wrong("count_modes", "calls minigen", compared=False)
def count_of_the_library(samples, centres, sigma):
    return tuple(modes_found(samples, centres, sigma))


@wrong("count_modes", "a sample belongs to its nearest centre alone: here pairs of a sample and a centre are counted")
def pairs(samples, centres, sigma):
    near = distances(samples, centres) < 3 * sigma
    return int(near.any(axis=0).sum()), float(near.sum() / len(samples))


@wrong(
    "count_modes", "where clusters overlap, a sample is within 3 sigma of two centres, and belongs to the nearest alone"
)
def every_centre_in_reach(samples, centres, sigma):
    near = distances(samples, centres) < 3 * sigma
    return int(near.any(axis=0).sum()), float(near.any(axis=1).mean())


@wrong("count_modes", "exactly 3 sigma is not *less* than 3 sigma")
def up_to_3_sigma(samples, centres, sigma):
    return counted(distances(samples, centres), np.nextafter(3 * sigma, np.inf))


@wrong("count_modes", "of several centres that are equally near, the first counts")
def last_of_the_nearest(samples, centres, sigma):
    distance = distances(samples, centres)
    nearest = distance.shape[1] - 1 - distance[:, ::-1].argmin(axis=1)
    good = distance.min(axis=1) < 3 * sigma
    return len(np.unique(nearest[good])), float(good.mean())


# ------------------------------------------------------------------------------------------- packed_best_loss


@wrong("packed_best_loss", "that is the loss for single examples: m does not matter here")
def single_examples(p, q, m):
    return ref.packed_best_loss(p, q, 1)


@wrong("packed_best_loss", "that is m times the loss for single examples: a pack has one label, not m")
def m_times_the_loss(p, q, m):
    return m * ref.packed_best_loss(p, q, 1)


@wrong("packed_best_loss", "that is V, which D maximises: its loss is -V")
def value_of_packs(p, q, m):
    return -ref.packed_best_loss(p, q, m)


@wrong("packed_best_loss", "the divergence of packs is not m times that of examples: it is never more than log 2")
def m_times_the_divergence(p, q, m):
    return float(2 * np.log(2) - m * (2 * np.log(2) - ref.packed_best_loss(p, q, 1)))


@wrong("packed_best_loss", "only packs of m equal examples are counted: a pack may hold different ones")
def equal_examples(p, q, m):
    p, q = p**m, q**m
    both = (p > 0) & (q > 0)
    return float(p[both] @ np.log1p(q[both] / p[both]) + q[both] @ np.log1p(p[both] / q[both]))


@wrong("packed_best_loss", "that is the divergence JSD: the loss is 2 log 2 - 2 JSD")
def divergence_of_packs(p, q, m):
    return float(np.log(2) - ref.packed_best_loss(p, q, m) / 2)


@wrong("packed_best_loss", "2 log 2 is missing: if p = q, no D does better than a coin, whose loss is 2 log 2")
def without_2_log_2(p, q, m):
    return ref.packed_best_loss(p, q, m) - 2 * float(np.log(2))


@wrong("packed_best_loss", "the product of m probabilities: m times np.outer, starting from 1, not from p")
def one_too_many(p, q, m):
    return ref.packed_best_loss(p, q, m + 1)


@wrong("packed_best_loss", "calls the reference itself", compared=False)
def the_reference_for_packs(p, q, m):
    return cheat.packed_best_loss(p, q, m)


# --------------------------------------------------------------------------------------------------- coverage


@wrong("coverage", "error of the share", compared=False)
def ratio_of_spreads(real, fake):
    return float(min(1.0, fake.var(axis=0).mean() / real.var(axis=0).mean()))


@wrong("coverage", "error of the share", compared=False)
def share_of_good_fakes(real, fake):
    distance = np.linalg.norm(fake[:, None] - real, axis=2).min(axis=1)
    return float((distance < 0.3).mean())


@wrong("coverage", "error of the share", compared=False)
def share_of_the_box(real, fake):
    cells = [set(map(tuple, np.floor(x / 4))) for x in (real, fake)]
    return len(cells[0] & cells[1]) / len(cells[0])


@wrong("coverage", "expected one number", compared=False)
def a_share_for_each_example(real, fake):
    return np.linalg.norm(real[:, None] - fake, axis=2).min(axis=1) < 0.3


ORDER = "a mean, or a product of two vectors, does not depend on the order"
REPLACED = "where the sum is 0, np.where takes 1/2 in its place"
POSITIVE = "only logarithms of positive numbers are taken"
ROUNDING = "D = exp(-softplus) differs by no more than the rounding of 1"
SYMMETRIC = "the loss is the same if data and fakes are exchanged"
ONE_PLACE = "K^m is at most 1000: for m > 9 there is one place, and then m does not matter"
NEVER_NEGATIVE = "a loss of softplus, a number of clusters and a share are never negative"
D_IS = "d = np.where(total > 0, p / np.where(total > 0, total, 1), 0.5)"

EQUIVALENT = {
    "game_loss: real sorted": ORDER,
    "game_loss: fake sorted": ORDER,
    "game_loss: result at least 0": NEVER_NEGATIVE,
    "best_discriminator: sides exchanged in np.log(d[p > 0]) @ p[p > 0]": ORDER,
    "best_discriminator: sides exchanged in np.log(q[q > 0] / total[q > 0]) @ q[q > 0]": ORDER,
    "best_discriminator: total for np.where(total > 0, total, 1)": REPLACED,
    "best_discriminator: >= in total > 0 (2)": REPLACED,
    **{f"best_discriminator: {number} for 1 in {D_IS}": REPLACED for number in (2, 0, -1)},
    "best_discriminator: np.nan_to_num(np.log(...)) for np.log(d[p > 0])": POSITIVE,
    "best_discriminator: np.nan_to_num(np.log(...)) for np.log(q[q > 0] / total[q > 0])": POSITIVE,
    **{
        f"generator_gradients: {softplus} for np.logaddexp(0, {logit})": ROUNDING
        for softplus in ("np.log(1 + np.exp(x))", "np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))")
        for logit in ("s", "-s")
    },
    "count_modes: result at least 0": NEVER_NEGATIVE,
    "packed_best_loss: order turned in (packs_p[both], packs_q[both])": SYMMETRIC,
    "packed_best_loss: p and q exchanged": SYMMETRIC,
    "packed_best_loss: sides exchanged in a @ np.log1p(b / a)": ORDER,
    "packed_best_loss: sides exchanged in b @ np.log1p(a / b)": ORDER,
    "packed_best_loss: m capped at 10": ONE_PLACE,
    "packed_best_loss: m capped at 100": ONE_PLACE,
    "packed_best_loss: m at least 1": "a pack holds at least one example",
    "packed_best_loss: result at least 0": NEVER_NEGATIVE,
}
