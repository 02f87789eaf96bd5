"""Classic wrong answers to the exercise of lesson 0."""

import numpy as np

from minigen.lessons import WrongAnswers, reference_of
from minigen.report.latent import lerp

wrong = WrongAnswers()
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
