"""Piano rolls: every frame but a piece's first predicted once, the numbers of the papers, and what is refused."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen import data
from minigen.data import PAD, music
from minigen.data.music import FRAMES, KEYS, TOO_HIGH, pieces, read_rolls, windows
from minigen.errors import ArgumentError, DataError
from tests.fuzz.samples import MATLAB, cells, rolls

SHARED = os.environ.get("MINIGEN_DATA", "")
needs_music = pytest.mark.skipif(
    not SHARED or not all(data.locate(name, SHARED) for name in music.MUSIC),
    reason="the music is not in the folder of MINIGEN_DATA",
)


def put(folder, name, **lists):
    path = folder / music.MUSIC[name].name
    path.write_bytes(MATLAB + cells(**lists))
    return path


@given(st.integers(2, 30), st.integers(1, 9))
def test_windows_predict_each_frame_but_the_first_once(length, frames):
    roll = np.random.default_rng(length).integers(0, 2, (length, KEYS), np.uint8)
    x = windows(roll, frames)
    assert x.dtype == np.uint8
    assert x.shape[1:] == (frames + 1, KEYS)
    ended = (x == PAD).all(axis=2)
    assert np.array_equal(ended, (x == PAD).any(axis=2))  # a frame is there as a whole or not at all
    assert np.array_equal(x[:, 1:][~ended[:, 1:]], roll[1:])
    assert np.array_equal(x[:, 0], roll[:-1:frames])
    assert not ended[:-1].any()


def test_what_a_file_holds(tmp_path):
    parts = {name: rolls(i + 1) for i, name in enumerate(music.SPLITS.values())}
    for part in parts.values():
        for roll in part:
            roll[:, :12] = 0  # as in the real file, whose chorales stand an octave too high
    for name in ("jsb", "nottingham"):
        put(tmp_path, name, **parts)
    for split, name in music.SPLITS.items():
        for theirs, ours in zip(parts[name], pieces("nottingham", split, tmp_path), strict=True):
            assert np.array_equal(theirs, ours)
        for theirs, ours in zip(parts[name], pieces("jsb", split, tmp_path), strict=True):
            assert np.array_equal(theirs[:, 12:], ours[:, :-12])
            assert not ours[:, -12:].any()
    for split in ("train", "test"):
        dataset = data.load("jsb", split, folder=tmp_path)
        assert data.kind_of("jsb") == data.kind_of("nottingham") == "rolls"
        assert dataset.shape == (FRAMES + 1, KEYS)
        assert np.array_equal(dataset.x, np.concatenate([windows(x) for x in pieces("jsb", split, tmp_path)]))


def test_unknown_names(tmp_path):
    with pytest.raises(ArgumentError, match="music: unknown name 'bach'"):
        pieces("bach", "train")
    with pytest.raises(ArgumentError, match="split: unknown name 'tests'; did you mean 'test'"):
        pieces("jsb", "tests", tmp_path)


@pytest.mark.parametrize(
    ("lists", "fault"),
    [
        ({"testdata": rolls()}, "has no pieces in 'traindata'"),
        ({"traindata": [np.zeros((4, 87), np.uint8)]}, r"piece 0 of 'traindata' has the shape \(4, 87\)"),
        (
            {"traindata": [np.zeros((n, 88), np.uint8) for n in (2, 1)]},
            r"piece 1 of 'traindata' has the shape \(1, 88\)",
        ),
        ({"traindata": [np.full((4, 88), 2, np.uint8)]}, "its values go up to 2; expected .* of 0 and 1"),
        ({"traindata": [np.ones((4, 88), np.uint8)]}, "piece 0 of 'traindata' has notes below key 12"),
        ({"traindata": [np.zeros((music.LONGEST + 1, 88), np.uint8)]}, r"has the shape \(10001, 88\)"),
    ],
)
def test_what_is_no_music(tmp_path, lists, fault):
    path = put(tmp_path, "jsb", **lists)
    with pytest.raises(DataError, match=fault) as refused:
        read_rolls(path, "train", TOO_HIGH["jsb"])
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


# --------------------------------------------------------------------------------------------------------- real music


@needs_music
@pytest.mark.parametrize(
    ("name", "counts", "frames"),
    [("jsb", (229, 76, 77), (13_807, 4602, 4725)), ("nottingham", (694, 173, 170), (176_561, 45_513, 44_463))],
)
def test_pieces_and_frames(name, counts, frames):
    for split, count, length in zip(music.SPLITS, counts, frames, strict=True):
        found = pieces(name, split, SHARED)
        assert (len(found), sum(map(len, found))) == (count, length)


@needs_music
def test_chorales_have_four_voices_where_they_are_sung():
    x = np.concatenate(pieces("jsb", "train", SHARED))
    assert x.sum(axis=1).max() == 4
    assert (x.sum(axis=1) == 4).mean() > 0.9
    highest = KEYS - 1 - x[x.any(axis=1), ::-1].argmax(axis=1) + music.A0
    assert 69 < highest.mean() < 74  # a soprano sings around B4 and C5
    classes = np.bincount((np.argwhere(x)[:, 1] + music.A0) % 12, minlength=12)
    assert set(classes.argsort()[-2:]) == {0, 7}  # all of them in C: C and G are the most frequent


@needs_music
@pytest.mark.long
@pytest.mark.parametrize(("name", "alone", "repeated"), [("jsb", 11.09, 10.49), ("nottingham", 10.26, 5.16)])
def test_what_counting_says_of_a_frame(name, alone, repeated):
    """Nats a frame of the test part: keys independent of all else, and of all but themselves a frame before.

    A wrong order of columns, or a frame out of step, would change the second.
    """
    train, test = pieces(name, "train", SHARED), pieces(name, "test", SHARED)

    def pairs(rolls):
        return np.concatenate([r[:-1] for r in rolls]), np.concatenate([r[1:] for r in rolls])

    def nats(p, x):
        return -np.log(np.where(x == 1, p, 1 - p)).sum(axis=1).mean()

    (before, after), (given_before, x) = pairs(train), pairs(test)
    whole = np.concatenate(train)
    assert nats((whole.sum(axis=0) + 1) / (len(whole) + 2), x) == pytest.approx(alone, abs=0.01)
    p = [((after * (before == v)).sum(axis=0) + 1) / ((before == v).sum(axis=0) + 2) for v in (0, 1)]
    assert nats(np.where(given_before == 1, p[1], p[0]), x) == pytest.approx(repeated, abs=0.01)
