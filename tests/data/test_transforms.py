"""Transformations: each does what it says, undoes itself, keeps the type, and refuses what it would garble."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minigen import Generator, backend, data
from minigen.data import Standardizer, binarize, scale, unscale
from minigen.errors import ArgumentError, DTypeError, ShapeError

PIXELS = arrays(np.float32, array_shapes(max_side=5), elements=st.floats(0, 1, width=32))
BOUNDS = st.tuples(st.integers(-20, 20), st.integers(1, 20)).map(lambda b: (b[0] / 4, (b[0] + b[1]) / 4))


@given(PIXELS, BOUNDS)
def test_scaling_there_and_back(x, bounds):
    low, high = bounds
    y = scale(x, low, high)
    assert y.dtype == np.float32
    assert low <= y.min() <= y.max() <= high
    assert np.allclose(y, low + (high - low) * x.astype(np.float64), atol=1e-5)
    back = unscale(y, low, high)
    assert back.dtype == np.float32
    assert np.allclose(back, x, atol=2e-6 * (1 + max(abs(low), abs(high)) / (high - low)))


def test_the_ends_are_exact():
    ends = np.array([0, 0.5, 1], np.float32)
    assert scale(ends, -1).tolist() == [-1, 0, 1]
    assert unscale(scale(ends, -1), -1).tolist() == ends.tolist()
    assert scale(ends, 0).tolist() == ends.tolist()
    assert scale(ends.astype(np.float64), -1).dtype == np.float64


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (float("nan"), 1), (0, float("nan"))])
def test_an_empty_interval(low, high):
    for function in (scale, unscale):
        with pytest.raises(ArgumentError, match="low: expected a number below high"):
            function(np.zeros(2, np.float32), low, high)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_bytes_are_refused_not_garbled(dtype):
    x = np.ones((3, 2), dtype)
    calls = [
        lambda: scale(x, -1),
        lambda: unscale(x, -1),
        lambda: Standardizer(x),
        lambda: binarize(x, Generator()),
    ]
    for call in calls:
        with pytest.raises(DTypeError, match=f"expected floats, got {np.dtype(dtype)}"):
            call()


def test_scaling_on_the_device(device):
    x = np.linspace(0, 1, 9, dtype=np.float32)
    ours = scale(backend.to_device(x, device), -1)
    assert backend.device_of(ours) == device
    assert np.array_equal(backend.to_numpy(ours), scale(x, -1))
    assert np.allclose(backend.to_numpy(unscale(ours, -1)), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_standardised_features_have_mean_0_and_deviation_1(dtype):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((500, 2, 3)) * [1e-3, 1, 1e3] + [5, -70, 1e4]).astype(dtype)
    standard = Standardizer(x)
    z = standard(x)
    assert z.dtype == dtype
    assert z.shape == x.shape
    atol = 1e-3 if dtype == np.float32 else 1e-9  # 5 with a deviation of 1e-3 has few digits left in float32
    assert np.allclose(z.mean(axis=0), 0, atol=atol)
    assert np.allclose(z.std(axis=0), 1, atol=atol)
    assert np.allclose(standard.inverse(z), x, rtol=1e-6)


def test_test_data_are_standardised_by_the_training_data():
    train = np.array([[0.0, 10.0], [2.0, 30.0]])
    standard = Standardizer(train)
    assert standard(np.array([[1.0, 40.0]])).tolist() == [[0, 2]]
    assert standard.inverse(np.array([[3.0, -1.0]])).tolist() == [[4, 10]]


@given(
    st.floats(-1e6, 1e6).filter(lambda c: c == 0 or abs(c) > 1e-6),
    st.integers(1, 50),
    st.sampled_from([np.float32, np.float64]),
)
def test_constant_features_become_0_and_come_back(constant, n, dtype):
    x = np.full((n, 2), constant, dtype)
    x[:, 1] = np.arange(n)
    standard = Standardizer(x)
    z = standard(x)
    assert np.all(z[:, 0] == 0)
    assert np.array_equal(standard.inverse(z)[:, 0], x[:, 0])
    assert (standard(x[:1] + dtype(1))[0, 0]) == x[0, 0] + dtype(1) - x[0, 0]  # shifted only, not blown up


def test_deviations_too_small_for_the_type():
    x = np.array([[0.0], [1e-45]], np.float32)  # the smallest float32; its deviation rounds to 0
    assert np.isfinite(Standardizer(x)(x)).all()


def test_digits_standardise():
    x = data.load("digits").x
    z = Standardizer(x)(x)
    assert np.isfinite(z).all()  # some pixels are always black
    constant = x.std(axis=0) == 0
    assert constant.any()
    assert np.all(z[:, constant] == 0)
    assert np.allclose(z.std(axis=0)[~constant], 1, atol=1e-3)


def test_nothing_to_standardise_by():
    with pytest.raises(ShapeError, match="x is empty"):
        Standardizer(np.zeros((0, 3)))


def test_binarised_pixels_are_bernoulli():
    n = 20_000
    p = np.array([0, 0.1, 0.5, 0.9, 1], np.float32)
    rng = Generator(0)
    bits = binarize(np.broadcast_to(p, (n, 5)), rng)
    assert bits.dtype == np.float32
    assert set(np.unique(bits)) == {0, 1}
    assert np.all(np.abs(bits.mean(axis=0, dtype=np.float64) - p) <= 5 * np.sqrt(p * (1 - p) / n))
    assert np.all(bits[:, 0] == 0)
    assert np.all(bits[:, 4] == 1)
    independent = np.corrcoef(bits[:, 1:4].T) - np.eye(3)
    assert np.all(np.abs(independent) < 5 / np.sqrt(n))


def test_binarised_anew_at_every_call_and_by_the_seed():
    x = np.full((8, 8), 0.5, np.float32)
    rng = Generator(1)
    first = binarize(x, rng)
    assert not np.array_equal(first, binarize(x, rng))
    assert np.array_equal(first, binarize(x, Generator(1)))
    assert binarize(x.astype(np.float64), rng).dtype == np.float64
    assert np.all(x == 0.5)


def test_binarised_where_it_lies(device, device_kind):
    x = backend.to_device(np.full((200, 50), 0.25, np.float32), device)
    rng = Generator(0)
    binarize(x, rng)  # the first call makes the random stream
    if device_kind == "double":
        with backend.module_for("cuda").forbid_sync():
            bits = binarize(x, rng)
    else:
        bits = binarize(x, rng)
    assert backend.device_of(bits) == device
    assert backend.to_numpy(bits).mean() == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / 10_000))


def test_binarize_refuses_what_is_no_grey_level_and_keeps_nan():
    x = np.full((4, 3), 0.5, np.float32)
    for beyond in (-0.1, 1.5, 255):
        with pytest.raises(ArgumentError, match=r"grey levels in \[0, 1\]"):
            binarize(np.where(np.eye(4, 3) > 0, np.float32(beyond), x), Generator(0))
    x[1, 2] = np.nan
    drawn = binarize(x, Generator(0))
    assert np.isnan(drawn[1, 2])
    assert np.isnan(drawn).sum() == 1
