"""Restoring without learning, and the decibels it is measured in."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import ArgumentError, ShapeError
from minigen.metrics import bicubic, fill_from_nearest, fill_with_mean, mean_filter, psnr


def images(n, h=6, w=8, c=2, seed=0):
    return np.random.default_rng(seed).random((n, h, w, c), dtype=np.float32)


@given(st.floats(1e-3, 0.9))
def test_psnr_of_a_constant_error(error):
    x = images(3)
    assert np.isclose(psnr(x.astype(np.float64), x + error), -20 * np.log10(error), atol=1e-3)


def test_psnr_known_values():
    x = np.zeros((2, 4, 4, 1))
    assert psnr(x, x + 0.1) == pytest.approx(20)
    assert psnr(x, x) == np.inf
    half = np.zeros_like(x)
    half[:, :2] = 1
    assert psnr(x, x + 0.1 * half, half) == pytest.approx(20)
    assert psnr(x, x + 0.1 * half) == pytest.approx(10 * np.log10(200))
    for nowhere in (np.zeros_like(x), -half):
        with pytest.raises(ArgumentError, match="where: expected numbers >= 0"):
            psnr(x, x, nowhere)
    with pytest.raises(ShapeError, match="restored: expected the shape"):
        psnr(x, x[:1])


def test_mean_filter_by_loops():
    y = images(2)
    found = mean_filter(y)
    for i in range(6):
        for j in range(8):
            part = y[:, max(0, i - 1) : i + 2, max(0, j - 1) : j + 2]
            assert np.allclose(found[:, i, j], part.mean(axis=(1, 2)), atol=1e-6)


def hole(n, seed=0):
    known = np.ones((n, 6, 8, 1), np.float32)
    known[:, 2:4, 3:6] = 0
    return known


def test_fill_with_mean():
    y, train, known = images(3), images(5, seed=1), hole(3)
    found = fill_with_mean(known * y, known, train)
    assert np.allclose(found[:, 2:4, 3:6], train[:, 2:4, 3:6].mean(axis=0))
    assert np.array_equal(found[:, :2], y[:, :2])


def test_fill_from_nearest_by_loops():
    y, train, known = images(7), images(20, seed=1), hole(7)
    found = fill_from_nearest(known * y, known, train)
    for image, mask, filled in zip(y, known, found, strict=True):
        distances = [np.sum(mask * (image - t) ** 2) for t in train]
        nearest = train[int(np.argmin(distances))]
        assert np.allclose(filled, mask * image + (1 - mask) * nearest)
    assert np.allclose(fill_from_nearest(known * train[:7], known, train), train[:7])  # itself


def test_bicubic_keeps_planes_and_beats_blocks_on_smooth_images():
    flat = np.full((1, 8, 8, 3), 0.25, np.float32)
    assert np.allclose(bicubic(flat, 2), flat)
    i, j = np.mgrid[0:32, 0:32] / 31
    smooth = ((np.sin(3 * i) * np.cos(4 * j) + 1) / 2).astype(np.float32)[None, :, :, None]
    blocks = np.repeat(np.repeat(smooth.reshape(1, 8, 4, 8, 4, 1).mean(axis=(2, 4)), 4, 1), 4, 2)
    assert psnr(smooth, bicubic(blocks, 4)) > psnr(smooth, blocks) + 5
