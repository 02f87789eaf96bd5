"""Sums of products of every form, beside NumPy and the sum that defines them."""

import itertools
import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import minigen as mg

MANY = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LENGTHS = {"i": 2, "j": 3, "K": 1, "l": 2, "m": 0}


@st.composite
def sums(draw):
    """Subscripts with an explicit result, and the shapes of the operands; lengths of 1 may broadcast."""
    terms = draw(st.lists(st.text("ijKl", max_size=3), min_size=1, max_size=3))
    there = sorted(set("".join(terms)))
    result = "".join(draw(st.permutations(there))[: draw(st.integers(0, len(there)))]) if there else ""
    ones = [set(draw(st.lists(st.sampled_from(there), max_size=1))) if there else set() for _ in terms]
    shapes = [tuple(1 if c in one else LENGTHS[c] for c in term) for term, one in zip(terms, ones, strict=True)]
    return terms, result, shapes


def by_definition(terms, result, xs):
    """Every product, one at a time."""
    lengths = {}
    for term, x in zip(terms, xs, strict=True):
        for c, n in zip(term, x.shape, strict=True):
            lengths[c] = max(n, lengths.get(c, 1))
    y = np.zeros([lengths[c] for c in result])
    for values in itertools.product(*(range(n) for n in lengths.values())):
        at = dict(zip(lengths, values, strict=True))
        places = [
            tuple(at[c] if n > 1 else 0 for c, n in zip(term, x.shape, strict=True))
            for term, x in zip(terms, xs, strict=True)
        ]
        y[tuple(at[c] for c in result)] += math.prod(x[place] for x, place in zip(xs, places, strict=True))
    return y


@MANY
@given(sums(), st.integers(0, 99))
def test_values_and_gradients_to_second_order(device, case, seed):
    terms, result, shapes = case
    rng = np.random.default_rng(seed)
    xs = [rng.standard_normal(shape) for shape in shapes]
    subscripts = f"{','.join(terms)}->{result}"
    y = mg.einsum(subscripts, *(mg.tensor(x, device=device) for x in xs))
    np.testing.assert_allclose(y.numpy(), by_definition(terms, result, xs), rtol=1e-10, atol=1e-12)
    mg.gradcheck(lambda *ts: mg.einsum(subscripts, *ts), *xs, elements=6)


@MANY
@given(sums())
def test_without_a_result_it_is_numpys(device, case):
    terms, _, _ = case
    xs = [np.random.default_rng(0).standard_normal([LENGTHS[c] for c in term]) for term in terms]
    y = mg.einsum(", ".join(terms), *(mg.tensor(x, device=device) for x in xs))
    np.testing.assert_allclose(y.numpy(), np.einsum(",".join(terms), *xs), rtol=1e-10, atol=1e-12)


def test_operands_may_be_numbers_lists_and_arrays(device):
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = mg.einsum(",ij,j->i", 2.0, x, [1.0, 10.0])
    assert y.dtype == np.float32
    assert y.numpy().tolist() == [42.0, 86.0]
    y.sum().backward()
    assert x.grad.numpy().tolist() == [[2.0, 20.0]] * 2
    assert mg.einsum("i,i", mg.tensor([1, 2]), [3, 4]).dtype == np.int64


def test_nothing_is_summed_to_zero(device):
    x, y = mg.tensor(np.ones((2, 0)), requires_grad=True), mg.tensor(np.ones((0, 3)), requires_grad=True)
    z = mg.einsum("ij,jk", x, y)
    z.sum().backward()
    assert not z.numpy().any()
    assert x.grad.shape == x.shape
    assert y.grad.shape == y.shape


def test_what_is_not_finite_beside_a_diagonal_does_not_reach_it(device):
    x = mg.tensor(np.array([[1.0, np.inf], [np.nan, 2.0]]), requires_grad=True)
    y = mg.einsum("ii->i", x)
    assert y.numpy().tolist() == [1.0, 2.0]
    y.sum().backward()
    assert x.grad.numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]]
