"""Digits that move: where they are by a loop that bounces, and what the clips hold."""

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data.moving import FRAMES, SCENES, Scene, bounced, moving


def walked(p, v, room, t):
    """The same by steps of one pixel, each turned round at a wall."""
    sign = 1 if v >= 0 else -1
    for _ in range(abs(v) * t):
        if not 0 <= p + sign <= room:
            sign = -sign
        p += sign
    return p


@pytest.mark.parametrize("v", [-3, -1, 0, 1, 2, 3])
def test_bounced_by_steps(v):
    for p in range(9):
        for t in range(12):
            assert bounced(np.array([p + v * t]), np.array([8])) == walked(p, v, 8, t)


def test_a_clip_shows_its_digit_somewhere_in_every_frame():
    """A single bright pixel of a digit tells where it is; it moves as fast as in the frame before, or bounces."""
    image = np.zeros((1, 3, 3), np.uint8)
    image[0, 0, 0] = 200
    x = moving(image, Scene(9, 1, 2, {}), 50, Generator(0), 20)
    assert x.shape == (50, 20, 9, 9, 1)
    assert (x.reshape(50, 20, -1).sum(axis=2) == 200).all()
    at = np.stack(np.unravel_index(x.reshape(50, 20, -1).argmax(axis=2), (9, 9)), axis=2)  # (50, 20, 2)
    assert at.max() == 6
    assert at.min() == 0
    steps = np.abs(np.diff(at, axis=1))
    assert steps.max() == 2
    assert (steps.reshape(50, -1).max(axis=1) > 0).all()  # none stands still
    inside = (at[:, 1:-1] >= 2).all(axis=2) & (at[:, 1:-1] <= 4).all(axis=2)
    assert (np.diff(at, 2, axis=1)[inside] == 0).all()  # linear away from the walls


def test_of_two_digits_the_brighter_is_seen():
    bright, dark = np.full((1, 2, 2), 250, np.uint8), np.full((1, 2, 2), 9, np.uint8)
    x = moving(np.concatenate([bright, dark]), Scene(3, 2, 1, {}), 300, Generator(0), 4)
    assert set(np.unique(x)) == {0, 9, 250}


@pytest.mark.parametrize("split", ["train", "test"])
def test_moving_digits(split):
    clips = data.load("moving-digits", split)
    assert clips.shape == (FRAMES, 16, 16, 1)
    assert (len(clips), clips.x.dtype, clips.kind) == (SCENES["moving-digits"].sizes[split], np.uint8, "clips")
    assert np.array_equal(clips.x[:50], data.load("moving-digits", split).x[:50])
    sums = clips.x.reshape(len(clips), FRAMES, -1).sum(axis=2, dtype=int)
    assert (sums == sums[:, :1]).all()  # a whole digit in each frame
    digits = {round(255 * float(s)) for s in data.load("digits", split).x.reshape(-1, 64).sum(axis=1)}
    assert all(any(abs(int(s) - d) <= 32 for d in digits) for s in sums[:30, 0])


def test_moving_mnist_is_made_of_mnist(tmp_path, put):
    images = np.zeros((4, 28, 28), np.uint8)
    images[:, 4:24, 4:24] = 200
    for split in ("train", "test"):
        put(tmp_path / "mnist", split, images, np.arange(4, dtype=np.uint8))
    clips = data.load("moving-mnist", "test", folder=tmp_path)
    assert clips.shape == (FRAMES, 32, 32, 1)
    assert clips.x.max() == 200
    assert data.locate("moving-mnist", tmp_path) == data.locate("mnist", tmp_path)
