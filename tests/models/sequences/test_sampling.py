"""How a symbol is drawn: with all of its probability, or with the likeliest part of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigen as mg
from minigen.errors import ArgumentError, DTypeError, NumericalError, ShapeError
from minigen.models.sequences.sampling import AS_THE_MODEL_SAYS, Draw, beginning

rows = hnp.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(2, 9)), elements=st.floats(-8, 8, width=32))


ties = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 3), st.integers(2, 9)), elements=st.sampled_from([0.0, 1.0, 3.0])
)


@given(rows | ties, st.integers(1, 12))
def test_top_k_leaves_the_k_likeliest_and_of_equals_the_first(z, k):
    allowed = np.isfinite(Draw(top_k=k).allowed(z))
    for row, left in zip(z, allowed, strict=True):
        ranked = sorted(range(len(row)), key=lambda i: (-row[i], i))
        assert set(np.flatnonzero(left)) == set(ranked[:k])


@given(rows | ties, st.floats(0, 1, exclude_min=True), st.integers(0, 9))
def test_top_p_leaves_the_smallest_set_that_has_p(z, p, k):
    """Whatever p is: also where float32 takes it for 0 or 1."""
    allowed = np.isfinite(Draw(top_p=p, top_k=k).allowed(z))
    for row, left in zip(z.astype(np.float64), allowed, strict=True):
        ranked = sorted(range(len(row)), key=lambda i: (-row[i], i))[: k or None]
        share = np.exp(row[ranked] - row.max())
        share /= share.sum()
        kept = left.sum()
        assert set(np.flatnonzero(left)) == set(ranked[:kept])
        assert kept >= 1  # the likeliest always
        assert kept == len(ranked) or share[:kept].sum() >= p - 1e-12
        assert share[: kept - 1].sum() < p + 1e-12  # with one fewer it would not have p


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


@pytest.mark.parametrize("draw", [AS_THE_MODEL_SAYS, Draw(temperature=0), Draw(top_k=1), Draw(top_p=0.5)])
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_no_number_is_not_drawn_from(draw, wrong):
    with pytest.raises(NumericalError, match="logits: expected finite numbers"):
        draw(mg.tensor(np.array([[0.0, wrong, 1.0]], np.float32)), mg.Generator(0))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([[1, 2]], ShapeError, r"prompt: expected symbols \(t,\), the same for all, got shape \(1, 2\)"),
        (3, ShapeError, r"got shape \(\)"),
        ([], ArgumentError, "prompt: expected at least one symbol, got none"),
        ([1.7], DTypeError, "prompt: expected integers 0 ... 4, got float64"),
        ([True], DTypeError, "got bool"),
        (["a"], DTypeError, "prompt: expected integers"),
        ([1, 5], ArgumentError, "prompt: expected symbols 0 ... 4, got 5"),
        ([-1], ArgumentError, "prompt: expected symbols 0 ... 4, got -1"),
        ([0, 1, 0], ArgumentError, "prompt: expected a part of one line, got its end, symbol 0, inside"),
    ],
)
def test_what_is_no_prompt_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        beginning(given, 5, end=0)


def test_a_prompt():
    assert beginning(None, 5).tolist() == [0]
    assert beginning(np.array([0, 4], np.uint8), 5, end=0).dtype == np.int64
    assert beginning([1, 0, 2], 5).tolist() == [1, 0, 2]  # of a text that does not end


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
