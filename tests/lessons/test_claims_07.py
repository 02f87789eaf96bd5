"""What lesson 7 concludes from its numbers, with three seeds."""

import numpy as np
import pytest

import minigen as mg

each_seed = pytest.mark.parametrize("seed", range(3))


@each_seed
def test_an_adjoint_test_is_passed_by_a_wrong_convolution_and_its_transpose(seed):
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((2, 7, 6, 3)), rng.standard_normal((3, 2, 3, 4))
    y = mg.conv2d(x, w, stride=2, padding=1)
    g, turned = rng.standard_normal(y.shape), w[::-1, ::-1]
    wrong = np.roll(mg.conv2d(x, turned, stride=2, padding=1), 1, axis=1)
    back = mg.conv2d_transpose(np.roll(g, -1, axis=1), turned, stride=2, padding=1, output_size=(7, 6))
    assert (wrong * g).sum() == pytest.approx((x * back).sum(), rel=1e-12)
    assert np.abs(wrong - y).max() > 1
    assert (y * g).sum() != pytest.approx((x * back).sum(), rel=1e-3)


@each_seed
def test_a_transposed_convolution_is_farther_from_the_digit_than_repetition(seed):
    x = mg.data.load("digits", "test").x[50 * seed : 50 * seed + 50].astype(np.float64)
    blur = np.outer([1, 2, 1], [1, 2, 1]).reshape(3, 3, 1, 1) / 16
    small = mg.conv2d(x, blur, stride=2, padding=1)
    again = mg.conv2d_transpose(small, blur, stride=2, padding=1, output_size=x.shape[1:3])
    repeated = small.repeat(2, axis=1).repeat(2, axis=2)
    transposed, plain, bright, black = (((y - x) ** 2).mean() for y in (again, repeated, 4 * again, 0 * x))
    assert bright < plain < transposed < black


@each_seed
def test_an_even_count_makes_no_even_picture(seed):
    """With random kernels: on average the pixels are alike, in a single picture they are not."""
    rng, flat = np.random.default_rng(seed), np.ones((1, 7, 7, 1))
    three, four = (
        mg.conv2d_transpose(flat, rng.standard_normal((k, k, 1000, 1)), stride=2)[0, 4:6, 4:6].reshape(4, 1000)
        for k in (3, 4)
    )
    large = flat.repeat(2, axis=1).repeat(2, axis=2)
    repeated = mg.conv2d(large, rng.standard_normal((3, 3, 1, 1000)))[0, 4:6, 4:6].reshape(4, 1000)
    np.testing.assert_allclose(np.sqrt((three**2).mean(axis=1)), [2, 2**0.5, 2**0.5, 1], rtol=0.1)
    np.testing.assert_allclose(np.sqrt((four**2).mean(axis=1)), 2, rtol=0.1)
    for result, spread in ((three, 0.84), (four, 0.84), (repeated, 0)):
        within = result.std(axis=0) / np.sqrt((result**2).mean(axis=0))
        assert within.mean() == pytest.approx(spread, abs=0.03)
