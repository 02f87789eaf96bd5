"""Classic wrong answers to the exercises of lesson 0."""

import numpy as np

from minigen.lessons import WrongAnswers, reference_of
from minigen.report.latent import lerp

wrong = WrongAnswers()
ref = reference_of(__file__)
cheat = reference_of(__file__, watched=True)


@wrong("blend", "the part of b is missing: add t * b")
def only_a(a, b, t):
    return (1 - t) * a


@wrong("blend", "all of b is added: its part is t * b")
def all_of_b(a, b, t):
    return (1 - t) * a + b


@wrong("blend", "the part of b is subtracted: add it")
def subtracted(a, b, t):
    return (1 - t) * a - t * b


@wrong("blend", "t and 1 - t are exchanged: at t = 0 it is a, at t = 1 it is b")
def the_other_way(a, b, t):
    return t * a + (1 - t) * b


@wrong("blend", "b has the weight of a, 1 - t: it is t")
def the_same_weight(a, b, t):
    return (1 - t) * a + (1 - t) * b


@wrong("blend", "that is always the middle: go as far as t says")
def the_middle(a, b, t):
    return (a + b) / 2


@wrong("blend", "that jumps from a to b: the way is made of weighted sums")
def the_nearer_one(a, b, t):
    return a.copy() if t < 0.5 else b.copy()


@wrong("blend", "t * b is missing brackets or a factor: you add t and b")
def t_plus_b(a, b, t):
    return (1 - t) * a + t + b


@wrong("blend", "the two parts are multiplied: add them")
def product(a, b, t):
    return (1 - t) * a * t * b


@wrong("blend", "it is zero everywhere")
def zeros(a, b, t):
    return np.zeros_like(a)


@wrong("blend", "the `return` at the end is missing", compared=False)
def no_return(a, b, t):
    (1 - t) * a + t * b


@wrong("blend", "changes its input a", compared=False)
def in_place(a, b, t):
    a *= 1 - t
    a += t * b
    return a


@wrong("blend", "calls minigen.report.latent.lerp", compared=False)
def of_the_library(a, b, t):
    return lerp(a, b, t)


@wrong("blend", "calls the reference itself", compared=False)
def of_the_reference(a, b, t):
    return cheat.blend(a, b, t)


@wrong("blend", "t is cut to [0, 1]: the formula holds for any t")
def cut(a, b, t):
    t = min(max(t, 0.0), 1.0)
    return (1 - t) * a + t * b


# -------------------------------------------------------------------------------------------------- other_end


@wrong("other_end", "that is one step further, m + (m - a): right only for t = 1/2; divide m - a by t")
def mirrored(a, m, t):
    return 2 * m - a


@wrong("other_end", "that goes from a to m and on by t: it is blend(a, m, t), and not its inverse")
def blended(a, m, t):
    return (1 - t) * a + t * m


@wrong("other_end", "a is missing: (m - a) / t is the whole way, and it starts at a")
def the_way_alone(a, m, t):
    return (m - a) / t


@wrong("other_end", "that starts at m: the way starts at a")
def from_m(a, m, t):
    return m + (m - a) / t


@wrong("other_end", "the part of a is not subtracted before you divide by t")
def only_divided(a, m, t):
    return m / t


@wrong("other_end", "t and 1 - t are exchanged")
def the_other_part(a, m, t):
    with np.errstate(all="ignore"):
        return (m - t * a) / np.float64(1 - t)


@wrong("other_end", "m counts as the end where it lies beyond it: t is cut to [0, 1]")
def t_is_cut(a, m, t):
    return a + (m - a) / min(max(t, 1e-3), 1.0)


@wrong("other_end", "calls minigen.report.latent.lerp", compared=False)
def by_lerp(a, m, t):
    return lerp(a, m, 1 / t)


@wrong("other_end", "calls the reference itself", compared=False)
def end_of_the_reference(a, m, t):
    return cheat.other_end(a, m, t)


# ------------------------------------------------------------------------------------------------- walk_round


@wrong("walk_round", "the farthest that the walk gets from the cloud", compared=False)
def straight(start, end, cloud):
    t = np.linspace(0, 1, 50)[:, None]
    return (1 - t) * start + t * end


@wrong("walk_round", "the farthest that the walk gets from the cloud:", compared=False)
def with_the_radius_of_one_ring(start, end, cloud):
    centre, walk = cloud.mean(axis=0), ref.walk_round(start, end, cloud)
    walk[1:-1] = centre + 3 * (walk[1:-1] - centre) / np.linalg.norm(walk[1:-1] - centre, axis=1, keepdims=True)
    return walk


@wrong("walk_round", "the farthest that the walk gets from the cloud:", compared=False)
def around_the_origin(start, end, cloud):
    t = np.linspace(0, 1, 100)[:, None]
    way, radius = (1 - t) * start + t * end, np.linalg.norm(cloud, axis=1).mean()
    walk = radius * way / np.linalg.norm(way, axis=1, keepdims=True)
    walk[0], walk[-1] = start, end
    return walk


@wrong("walk_round", "(goal: at most 0.35)", compared=False)
def one_station_between(start, end, cloud):
    middle = ref.walk_round(start, end, cloud)[50]
    return np.array([start, middle, end])


@wrong("walk_round", "the first station is not start", compared=False)
def without_the_ends(start, end, cloud):
    return ref.walk_round(start, end, cloud)[1:-1]


@wrong("walk_round", "expected (n, 2) with 2 <= n <= 100", compared=False)
def too_many_stations(start, end, cloud):
    return np.repeat(ref.walk_round(start, end, cloud), 2, axis=0)


@wrong("walk_round", "the last station is not end", compared=False)
def backwards(start, end, cloud):
    walk = ref.walk_round(start, end, cloud)
    return np.vstack([walk[:-1], start])


@wrong("walk_round", "calls the reference itself", compared=False)
def walk_of_the_reference(start, end, cloud):
    return cheat.walk_round(start, end, cloud)
