"""MADE: masks by degrees, equations 12 and 13."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import backend
from minigen.models.autoregressive.made import MADE
from minigen.optim import Adam
from tests.models.autoregressive.ahead import in_float64, sees_no_later_place


@settings(max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([1, 3]),
    st.sampled_from([2, 4]),
    st.booleans(),
    st.booleans(),
    st.lists(st.integers(1, 30), max_size=3),
)
def test_no_output_sees_its_own_place_or_a_later_one(height, width, colours, levels, named, direct, hidden):
    rng = mg.Generator(height)
    model = MADE((height, width, colours), levels, hidden, direct=direct, named=named, rng=rng)
    sees_no_later_place(in_float64(model), width)


def test_nor_does_a_trained_one(device):
    model, rng = MADE((4, 5, 1), 3, [200, 200], rng=mg.Generator(0)), np.random.default_rng(0)
    optimizer = Adam(model.parameters(), lr=1e-2)
    grid = backend.to_device(rng.integers(3, size=(20, 4, 5, 1)), device)
    for _ in range(10):
        optimizer.step(-mg.mean(model.log_p(grid)))
    assert sees_no_later_place(model, 1)[:-1].all()


def test_paths_by_counting():
    """The product of the masks counts the paths from input to output: none from d' to d unless d' < d, else some."""
    model = MADE((3, 4, 1), 2, [40, 30, 50], rng=mg.Generator(0))
    paths = np.eye(12)
    for layer in (*model.hidden, model.last):
        paths = paths @ layer.mask.numpy()
    assert ((paths > 0) == np.triu(np.ones((12, 12)), 1)).all()


def test_the_hidden_units_serve_all_pixels_alike():
    mask = MADE((2, 3, 1), 2, [50], rng=mg.Generator(0)).hidden[0].mask.numpy()  # (6, 50)
    degrees = mask.sum(axis=0)
    assert [int((degrees == d).sum()) for d in range(7)] == [0, 10, 10, 10, 10, 10, 0]


@pytest.mark.parametrize("hidden", [[], [20], [20, 15]])
@pytest.mark.parametrize(("levels", "named", "direct"), [(2, False, True), (5, False, False), (3, True, True)])
def test_what_is_drawn_pixel_by_pixel_is_what_full_passes_draw(hidden, levels, named, direct, device):
    model = MADE((3, 4, 1), levels, hidden, direct=direct, named=named, rng=mg.Generator(2))
    rng, grid = mg.Generator(3), backend.to_device(np.zeros((9, 3, 4, 1), np.int64), device)
    for place in np.ndindex(3, 4, 1):
        here = (slice(None), *place)
        grid[here] = model.drawn_from(model(grid).data[here], rng)
    assert (backend.to_numpy(model.draw(9, mg.Generator(3))) == backend.to_numpy(grid)).all()


def test_direct_connections_are_a_logistic_regression_on_the_pixels_before():
    """With a hidden layer that gives 0, nothing else is left."""
    model, grid = (
        MADE((2, 3, 1), 2, [5], direct=True, rng=mg.Generator(0)),
        np.random.default_rng(0).integers(2, size=6),
    )
    model.last.w.data[...] = 0
    w, b = model.direct.w.numpy(), model.direct.b.numpy()
    logits = model(grid.reshape(1, 2, 3, 1)).numpy().reshape(6)
    np.testing.assert_allclose(logits, [grid[:d] @ w[:d, d] + b[d] for d in range(6)], rtol=1e-5)


def test_it_learns_a_distribution_that_is_known():
    """Of two pixels, the second copies the first in 90 of 100: the loss comes down to the entropy."""
    rng = np.random.default_rng(0)
    first = rng.integers(2, size=4000)
    second = np.where(rng.random(4000) < 0.9, first, 1 - first)
    grid = np.stack([first, second], axis=1).reshape(-1, 1, 2, 1)
    model = MADE((1, 2, 1), 2, [8], rng=mg.Generator(0))
    optimizer = Adam(model.parameters(), lr=3e-2)
    for _ in range(150):
        loss = -mg.mean(model.log_p(grid))
        optimizer.step(loss)
    share = (first == second).mean()
    ones = first.mean()
    entropy = -sum(p * math.log(p) for p in (ones, 1 - ones)) - sum(p * math.log(p) for p in (share, 1 - share))
    assert loss.item() == pytest.approx(entropy, abs=2e-3)
