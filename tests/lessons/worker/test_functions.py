"""A function of a notebook and what it needs, sent as data and made anew."""

import functools
import math

import numpy as np
import pytest

from minigen.lessons.worker.functions import as_data, rebuilt
from minigen.lessons.worker.libraries import NotHere, Usage
from minigen.lessons.worker.messages import pack, unpack

CELL = """
import math, os.path
import numpy as np
import numpy.linalg as la
from functools import reduce
from math import sqrt as root

SCALE, TABLE, WORDS = 2.0, np.arange(3), {"a": [1, (2,)]}

def helper(x, times=3, *, plus=1):
    return x * times + plus

def even(n): return True if n == 0 else odd(n - 1)
def odd(n): return False if n == 0 else even(n - 1)

def outer(power):
    def inner(x):
        return x ** power if x < 10 else inner(x / 10)
    return inner

def numbers(x): return SCALE * x + TABLE.sum() + WORDS["a"][1][0]
def modules(x): return math.floor(x) + np.exp(0) + la.norm([x]) + root(4) + reduce(max, [1, 2]) + os.path.isabs("a")
def helped(x): return helper(x) + helper(x, plus=0)
def mutual(x): return even(int(x))
def lambdas(x): return sum(map(lambda y: helper(y), [x]))
def recursive(x): return 1 if x < 1 else x * recursive(x - 1)
def defaults(x, y=TABLE, *, z=(1, 2)): return x + y.sum() + z[1]
closure = outer(3)
def comprehension(x): return [SCALE * y for y in range(int(x))]
"""


def made_anew(fn, siblings=None, usage=None):
    return rebuilt(unpack(pack(as_data(fn))), siblings or {}, usage or Usage(), {"__name__": "exercises"})


@pytest.mark.parametrize(
    "name",
    ["numbers", "modules", "helped", "mutual", "lambdas", "recursive", "defaults", "closure", "comprehension"],
)
def test_it_computes_the_same(name):
    space = {"__name__": "__main__"}
    exec(CELL, space)
    assert made_anew(space[name])(4.0) == space[name](4.0)


def test_the_other_exercises_are_the_references():
    space = {"__name__": "__main__"}
    exec("def other(x): return 0\ndef own(x): return other(x)", space)
    assert made_anew(space["own"], {"other": lambda x: 7})(1) == 7


def test_what_a_file_would_not_hold_is_named():
    space = {"__name__": "__main__", "digits": object()}
    exec("def own(x): return digits.x[0]\ndef unused(x): return x if x else digits.x", space)
    usage = Usage()
    fn = made_anew(space["own"], usage=usage)
    usage.reading = False
    with pytest.raises(NotHere, match="digits, a object of the notebook"):
        fn(1)
    assert made_anew(space["unused"])(1) == 1


def test_functions_of_libraries_go_by_their_names():
    space = {"__name__": "__main__", "f": np.exp, "g": math.sqrt, "h": np.einsum, "i": functools.reduce}
    exec("def own(x): return f(0) + g(4) + h('i->', np.ones(2)) + i(max, [1, 2])\nimport numpy as np", space)
    assert made_anew(space["own"])(1) == 1 + 2 + 2 + 2
