"""CelebA: photographs from a folder or an archive, cut and kept on the disk; anything else there is refused."""

import io
import os
import re
import struct
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

from minigen import data
from minigen.data import celeba, photographs
from minigen.data.download import cache_folder
from minigen.errors import DataError
from tests.faults import record
from tests.fuzz import samples

PREFIX = "img_align_celeba/"


def names(n):
    return [f"{i:06}.jpg" for i in range(1, n + 1)]


@pytest.fixture
def archive(tmp_path):
    """Write an archive of these members; gives its path."""

    def write(members, **named):
        path = tmp_path / "archive" / "img_align_celeba.zip"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(members if isinstance(members, bytes) else samples.zipped(members, **named))
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """A folder of ten photographs."""
    place = tmp_path / "celeba" / "img_align_celeba"
    place.mkdir(parents=True)
    for i, name in enumerate(names(10)):
        (place / name).write_bytes(samples.jpeg(i))
    return place


def expected(seed):
    with Image.open(io.BytesIO(samples.jpeg(seed))) as image:
        return np.asarray(image.crop((0, 20, 178, 198)).resize((64, 64), Image.Resampling.BILINEAR))


def kept():
    return sorted(path.name for path in (cache_folder() / "celeba").iterdir())


def refusal(path):
    """The line that refuses a source; nothing is left in the cache."""
    with pytest.raises(DataError) as error:
        data.load("celeba", folder=path.parent)
    line = str(error.value)
    assert line.startswith(str(path)), line
    assert "\n" not in line
    assert not (cache_folder() / "celeba").exists() or kept() == []
    return line


def test_folder_and_archive_give_the_same(folder, tmp_path):
    members = [(PREFIX, b""), *((PREFIX + name, samples.jpeg(i)) for i, name in enumerate(names(10)))]
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "img_align_celeba.zip").write_bytes(samples.zipped(members[::-1]))
    for place in (tmp_path, tmp_path / "other"):
        train, test = (data.load("celeba", split, folder=place) for split in ("train", "test"))
        assert (len(train), len(test)) == (8, 1)
        assert train.shape == (64, 64, 3)
        assert train.is_image
        assert train.y is None
        assert isinstance(train.x, np.memmap)
        assert train.x.dtype == np.uint8
        assert all(np.array_equal(image, expected(i)) for i, image in enumerate(train.x))
        assert np.array_equal(test.x[0], expected(9))
        assert data.pixels(train.x[:2]).max() <= 1
        assert repr(train) == "Dataset('celeba': 8 examples of shape (64, 64, 3), no labels)"


def test_the_official_splits():
    n, train, test = celeba.OFFICIAL, celeba.TRAIN, celeba.TEST
    assert round(n * train / n) == train
    assert round(n * test / n) == test
    assert train + test <= n


def test_images_are_decoded_once(folder, tmp_path, monkeypatch):
    first = data.load("celeba", folder=tmp_path)
    assert len(kept()) == 1
    monkeypatch.setattr(photographs, "decode", lambda *_: pytest.fail("decoded again"))
    assert np.array_equal(data.load("celeba", folder=tmp_path).x, first.x)


@pytest.mark.parametrize("change", ["content", "name", "more", "fewer"])
def test_a_source_that_changed_is_read_again(folder, tmp_path, change):
    data.load("celeba", folder=tmp_path)
    before = kept()
    if change == "content":
        (folder / "000001.jpg").write_bytes(samples.jpeg(77))
    elif change == "name":
        (folder / "000010.jpg").rename(folder / "000000.jpg")
    elif change == "more":
        (folder / "000011.jpg").write_bytes(samples.jpeg(10))
    else:
        (folder / "000001.jpg").unlink()
    first = data.load("celeba", folder=tmp_path).x[0]
    assert np.array_equal(first, expected({"content": 77, "name": 9, "more": 0, "fewer": 1}[change]))
    assert len(kept()) == 1
    assert kept() != before


def test_a_cache_that_was_cut_is_noticed(folder, tmp_path):
    data.load("celeba", folder=tmp_path)
    (path,) = (cache_folder() / "celeba").iterdir()
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=r"\.npy: is not what was written there; remove it"):
        data.load("celeba", folder=tmp_path)


def test_the_cache_is_a_numpy_file(folder, tmp_path):
    train = data.load("celeba", folder=tmp_path)
    (path,) = (cache_folder() / "celeba").iterdir()
    assert np.array_equal(np.load(path, mmap_mode="r")[:8], train.x)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_cache_that_is_not_finished_is_not_there(folder, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(celeba, "persist", fail)
    with pytest.raises((DataError, KeyboardInterrupt)) as refusal:
        data.load("celeba", folder=tmp_path)
    assert kept() == []
    if isinstance(error, OSError):
        assert re.search(
            r"cache: cannot write .* \(No space left on device\); make room or set MINIGEN_CACHE", str(refusal.value)
        )


KILLED = """
import os, signal, sys
from minigen import data
from minigen.data import photographs
decode, left = photographs.decode, [int(sys.argv[2])]
def dying(where, content):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return decode(where, content)
photographs.decode = dying
data.load("celeba", folder=sys.argv[1])
"""


def test_fault_killed_while_decoding(folder, tmp_path):
    moments, losses = (0, 5, 9), 0
    for moment in moments:
        done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), str(moment)], stderr=subprocess.DEVNULL)
        assert done.returncode == -9
        losses += any(name.endswith(".npy") for name in kept())
    train = data.load("celeba", folder=tmp_path)
    losses += not np.array_equal(train.x[7], expected(7)) or len(kept()) != 1
    record("CelebA: killed while decoding", len(moments), losses, "the cache is whole or not there")
    assert losses == 0


def test_without_it_one_line_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"celeba: there is no img_align_celeba.zip.*mmlab.*put it into FOLDER/celeba"):
        data.load("celeba")
    with pytest.raises(DataError, match=r"celeba: neither .*celeba nor .* holds img_align_celeba.zip"):
        data.load("celeba", folder=tmp_path)


# ------------------------------------------------------------------------------------------------------------- refused


def chunked(content, size):
    """A JPEG whose header promises other pixels: SOF0 is the marker, length, precision, height, width."""
    at = content.index(b"\xff\xc0")
    return content[: at + 5] + struct.pack(">HH", *size[::-1]) + content[at + 9 :]


def photographs_that_are_none():
    good = samples.jpeg()
    return {
        "nothing": (b"", "is not a whole JPEG"),
        "text": (b"hello", "is not a whole JPEG"),
        "a PNG": (samples.jpeg(kind="PNG"), "is not a whole JPEG"),
        "a GIF": (samples.jpeg(kind="GIF"), "is not a whole JPEG"),
        "half": (good[: len(good) // 2], "is not a whole JPEG"),
        "a header": (good[:20], "is not a whole JPEG"),
        "small": (samples.jpeg(size=(64, 64)), "has 64x64 pixels, expected 178x218"),
        "turned": (samples.jpeg(size=(218, 178)), "has 218x178 pixels"),
        "a bomb": (chunked(good, (65500, 65500)), "is not a whole JPEG|pixels"),
        "a lesser bomb": (chunked(good, (12000, 12000)), "is not a whole JPEG|has 12000x12000 pixels"),
        "long": (good + bytes(photographs.LARGEST), "has 13.... bytes, expected at most 131072"),
    }


def test_fault_files_that_are_no_photographs(folder, archive, little_memory):
    cases = photographs_that_are_none()
    little_memory()
    for name, (content, fault) in cases.items():
        (folder / "000005.jpg").write_bytes(content)
        line = refusal(folder)
        assert re.search(rf"'000005.jpg' ({fault})", line), (name, line)
    for name, (content, fault) in cases.items():
        path = archive([(PREFIX + "000001.jpg", samples.jpeg()), (PREFIX + "000002.jpg", content)])
        line = refusal(path)
        assert re.search(rf"'img_align_celeba/000002.jpg' ({fault})", line), (name, line)
    record("CelebA: files that are no photographs", 2 * len(cases), 0, "named in one line")


def test_what_else_lies_in_a_folder(folder, tmp_path):
    (folder / ".DS_Store").write_bytes(b"of the system")
    data.load("celeba", folder=tmp_path)
    (folder / "notes.txt").write_text("")
    with pytest.raises(DataError, match=r"'notes.txt' is not named like a JPEG; leave only the photographs there"):
        data.load("celeba", folder=tmp_path)


def test_links_in_a_folder_are_followed(folder, tmp_path):
    """The folder is the user's own; a link may lead to another disk."""
    (folder / "000001.jpg").rename(tmp_path / "elsewhere")
    (folder / "000001.jpg").symlink_to(tmp_path / "elsewhere")
    assert np.array_equal(data.load("celeba", folder=tmp_path).x[0], expected(0))


@pytest.mark.parametrize("kind", ["broken link", "loop", "pipe", "device", "folder"])
def test_what_is_no_file_is_not_opened(folder, kind):
    path = folder / "000011.jpg"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to({"broken link": "nowhere", "loop": "000011.jpg", "device": "/dev/zero"}[kind])
    assert re.search("'000011.jpg' (is not a file|cannot be read)", refusal(folder))


def entry(name, mode=0o100644):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def small(members, **named):
    return samples.zipped([(name, content) for name, content in members], **named)


def hostile_archives():
    good = samples.jpeg()
    right = small([("000001.jpg", good)])
    at = right.index(b"PK\1\2")  # the list of contents: what it says can be made to differ from what is there
    end = right.index(b"PK\5\6")
    encrypted = right[: at + 8] + b"\1" + right[at + 9 :]
    shorter = right[: at + 24] + struct.pack("<I", 100) + right[at + 28 :]
    return {
        "empty": (b"", "is not a zip archive"),
        "text": (b"<html>", "is not a zip archive"),
        "half": (right[: len(right) // 2], "is not a zip archive"),
        "no members": (small([]), "holds 0 photographs"),
        "only a folder": (small([(PREFIX, b"")]), "holds 0 photographs"),
        "climbs": (small([("../../x.jpg", good)]), "leads out of the archive"),
        "climbs later": (small([("a/../../x.jpg", good)]), "leads out of the archive"),
        "absolute": (small([("/etc/x.jpg", good)]), "leads out of the archive"),
        "of Windows": (small([("a\\..\\x.jpg", good)]), "leads out of the archive"),
        "a link": (small([(entry("x.jpg", 0o120777), b"/etc/passwd")]), "is a link or a device"),
        "a device": (small([(entry("x.jpg", 0o020666), b"")]), "is a link or a device"),
        "a text": (small([("readme.txt", b"")]), "is not named like a JPEG"),
        "a bomb": (small([("x.jpg", bytes(200 << 20))], compression=zipfile.ZIP_DEFLATED), "has 209715200 bytes"),
        "bzip2": (small([("x.jpg", good)], compression=zipfile.ZIP_BZIP2), "compressed in an unusual way"),
        "LZMA": (small([("x.jpg", good)], compression=zipfile.ZIP_LZMA), "compressed in an unusual way"),
        "a password": (encrypted, "cannot be read .*encrypted"),
        "a wrong checksum": (right.replace(good[-9:], bytes(9)), "cannot be read .Bad CRC-32"),
        "a false size": (shorter, "cannot be read|is not a whole JPEG|Bad"),
        "a large list": (right[: end + 12] + struct.pack("<I", 1 << 30) + right[end + 16 :], "is not a zip archive"),
    }


def test_fault_hostile_archives(archive, little_memory):
    cases = hostile_archives()
    little_memory()
    for name, (content, fault) in cases.items():
        try:
            line = refusal(archive(content))
        except pytest.fail.Exception:
            pytest.fail(f"{name}: accepted")
        assert re.search(fault, line), (name, line)
    record("CelebA: hostile archives", len(cases), 0, "bombs, paths, links, false sizes: one line, nothing unpacked")


def test_a_lying_size_does_not_unpack_a_bomb(archive, little_memory):
    """The list of contents says 100 bytes, the content unpacks to 200 MB."""
    content = bytearray(small([("x.jpg", bytes(200 << 20))], compression=zipfile.ZIP_DEFLATED))
    at = content.index(b"PK\1\2")
    content[at + 24 : at + 28] = struct.pack("<I", 100)
    path = archive(bytes(content))
    little_memory()
    refusal(path)


def test_too_large_a_list_is_not_read(archive, monkeypatch):
    monkeypatch.setattr(photographs, "DIRECTORY", 2000)
    path = archive([(f"{i:06}.jpg", b"") for i in range(100)])
    assert "its list of contents has" in refusal(path)
