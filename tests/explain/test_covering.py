"""Occlusion: patch by patch in a loop, and the closed form where the answer is linear."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigen import ops
from minigen.errors import ArgumentError, ShapeError
from minigen.explain import occlusion


def images(seed, n=2, height=6, width=7, channels=2):
    return np.random.default_rng(seed).standard_normal((n, height, width, channels))


@settings(max_examples=25)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99))
def test_a_linear_answer_falls_by_what_is_covered(size, stride, seed):
    """Each patch in turn: its weights times what is lost, given to all its pixels; then the mean."""
    stride = min(size, stride)
    x, fill, w = images(seed), images(seed + 1)[0], images(seed + 2)[0]
    found = occlusion(lambda t: ops.sum(t * w, axis=(1, 2, 3)), x, fill, size, stride)
    loss = (w * (x - fill)).sum(axis=3)
    total, times = np.zeros(x.shape[:3]), np.zeros(x.shape[1:3])
    tops, lefts = (sorted({*range(0, n - size + 1, stride), n - size}) for n in (6, 7))
    for top in tops:
        for left in lefts:
            patch = slice(top, top + size), slice(left, left + size)
            total[:, *patch] += loss[:, *patch].sum(axis=(1, 2))[:, None, None]
            times[patch] += 1
    assert (times > 0).all()
    np.testing.assert_allclose(found, total / times, rtol=1e-9, atol=1e-9)


def test_a_patch_of_one_pixel():
    x, w = images(0), images(1)[0]
    found = occlusion(lambda t: ops.sum(t * w, axis=(1, 2, 3)), x, np.zeros_like(w), 1)
    np.testing.assert_allclose(found, (x * w).sum(axis=3), rtol=1e-9, atol=1e-12)


def test_it_finds_what_matters_and_leaves_the_images_as_they_are():
    x = images(0)
    before = x.copy()
    found = occlusion(lambda t: t[:, 2, 3, 0] ** 2, x, np.zeros_like(x[0]), 2)
    assert np.array_equal(x, before)
    near = np.zeros((6, 7), bool)
    near[1:4, 2:5] = True  # all pixels that share a patch with it
    assert (found[:, near] != 0).all()
    assert not found[:, ~near].any()
    assert (np.abs(found).reshape(2, -1).argmax(axis=1) == 2 * 7 + 3).all()


def test_refusals():
    x = images(0)
    for size, stride in ((0, 1), (7, 1), (2, 3), (2, 0)):
        with pytest.raises(ArgumentError, match=r"size|stride"):
            occlusion(lambda t: t[:, 0, 0, 0], x, x[0], size, stride)
    with pytest.raises(ShapeError, match=r"fill: expected images \(N, H, W, C\) and one like them"):
        occlusion(lambda t: t[:, 0, 0, 0], x, x[0, :3], 2)
