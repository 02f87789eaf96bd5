"""How a symbol is drawn: with all of its probability, or with the likeliest part of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigen as mg
from minigen.errors import ArgumentError
from minigen.models.sequences.sampling import AS_THE_MODEL_SAYS, Draw

rows = hnp.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(2, 9)), elements=st.floats(-8, 8, width=32))


@given(rows, st.integers(0, 9))
def test_top_k_leaves_the_k_likeliest_and_what_equals_them(z, k):
    allowed = np.isfinite(Draw(top_k=k).allowed(z))
    for row, left in zip(z, allowed, strict=True):
        least = np.sort(row)[-k] if 0 < k < len(row) else row.min()
        assert np.array_equal(left, row >= least)


@given(rows, st.floats(0.05, 0.95))
def test_top_p_leaves_the_smallest_set_that_has_p(z, p):
    allowed = np.isfinite(Draw(top_p=p).allowed(z))
    for row, left in zip(z.astype(np.float64), allowed, strict=True):
        share = np.exp(row - row.max()) / np.exp(row - row.max()).sum()
        assert share[left].sum() >= p - 1e-5
        assert not left.all() or len(set(row)) < len(row) or share.sum() - share.min() <= p + 1e-5
        if (~left).any():
            assert share[left].min() >= share[~left].max()  # none that is left out is likelier
        least = share[left].min()
        assert share[share > least].sum() <= p + 1e-5  # and none too many, but for equals


@given(rows)
def test_at_temperature_0_the_likeliest_is_taken(z):
    assert np.array_equal(Draw(temperature=0)(mg.tensor(z), mg.Generator(0)), z.argmax(axis=-1))


@pytest.mark.parametrize("temperature", [1e-300, 1e-45, 1e-38, 1e-20])
def test_near_temperature_0_one_of_the_likeliest_is_taken(temperature):
    z = np.random.default_rng(0).normal(size=(50, 9)).astype(np.float32)
    assert np.array_equal(Draw(temperature=temperature)(mg.tensor(z), mg.Generator(0)), z.argmax(axis=-1))


def test_draws_have_the_probabilities_of_the_logits_over_the_temperature():
    z, n = np.array([1.0, 0.0, -1.0, 2.0], np.float32), 20_000
    for draw in (AS_THE_MODEL_SAYS, Draw(temperature=2.0), Draw(temperature=0.5, top_k=3)):
        found = np.bincount(draw(mg.tensor(np.tile(z, (n, 1))), mg.Generator(0)), minlength=4) / n
        expected = np.exp(z / draw.temperature) * [1, 1, draw.top_k != 3, 1]
        expected /= expected.sum()
        assert np.abs(found - expected).max() < 4 * 0.5 / n**0.5  # four standard errors at the most
        assert (found[expected == 0] == 0).all()


def test_the_device_draws_as_well(device):
    z = mg.tensor(np.array([[0.0, 5.0, 1.0]], np.float32), device=device)
    assert int(Draw(temperature=0.1, top_k=2, top_p=0.9)(z, mg.Generator(0))[0]) == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": -0.1}, "temperature: expected a number with 0 <= temperature <= 100, got -0.1"),
        ({"temperature": float("nan")}, "temperature: expected a number"),
        ({"top_k": -1}, "top_k: expected an integer >= 0, got -1"),
        ({"top_k": 1.5}, "top_k: expected an integer"),
        ({"top_p": 0.0}, "top_p: expected a number with 0 < top_p <= 1, got 0.0"),
    ],
)
def test_what_is_out_of_range_is_refused(given, message):
    with pytest.raises(ArgumentError, match=message):
        Draw(**given)
