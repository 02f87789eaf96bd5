"""The reader of NIfTI files: volumes of bytes come back, and what is refused is one line."""

import gzip
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from minigen.data import nifti as reader
from minigen.data.nifti import read_volume
from minigen.errors import DataError
from tests.stand_ins import nifti

VOLUME = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@settings(max_examples=20)
@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3)), st.booleans(), st.sampled_from([0.0, 1.0]))
def test_what_is_written_comes_back(tmp_path_factory, volume, compressed, scale):
    path = tmp_path_factory.getbasetemp() / "some.nii"
    content = nifti(volume, scale=scale)
    path.write_bytes(gzip.compress(content) if compressed else content)
    found = read_volume(path)
    assert found.dtype == np.uint8
    assert np.array_equal(found, volume)


def test_as_nibabel_writes(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    nibabel.save(nibabel.Nifti1Image(VOLUME, np.eye(4)), tmp_path / "theirs.nii.gz")
    assert np.array_equal(read_volume(tmp_path / "theirs.nii.gz"), VOLUME)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "is no NIfTI file: it begins with b''"),
        (nifti(VOLUME)[:300], "is no NIfTI file"),
        (nifti(VOLUME, magic=b"ni1\0"), "is no NIfTI file"),  # the numbers are in another file
        (b"\0\0\1\x5c" + nifti(VOLUME)[4:], "is no NIfTI file"),  # the bytes the other way round
        (nifti(VOLUME, kind=4), "of type 4, .*expected three axes of type 2"),
        (nifti(VOLUME, scale=0.5), "scaled by 0.5 and shifted by 0; expected"),
        (nifti(VOLUME, scale=float("nan")), "scaled by nan"),
        (nifti(VOLUME[0]), "holds 2 axes"),
        (nifti(VOLUME)[:-1], "promises 24 bytes from byte 352 on and has 375 in all; fetch it again"),
        (nifti(VOLUME) + b"\0", "has 377 in all"),
        (nifti(VOLUME, start=1e30), "has 376 in all"),
        (nifti(VOLUME, start=float("nan")), "from byte nan on"),
        (nifti(VOLUME, start=0), "from byte 0 on"),
        (gzip.compress(nifti(VOLUME))[:-9], "it ends within what is compressed"),
        (gzip.compress(nifti(VOLUME))[:20] + bytes(40), "is damaged"),
    ],
)
def test_damage_is_one_line(tmp_path, content, fault):
    path = tmp_path / "some.nii.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=fault) as refused:
        read_volume(path)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_negative_sizes(tmp_path):
    content = bytearray(nifti(VOLUME))
    content[42:48] = b"\xff\xff\xff\xff\x18\0"  # -1 x -1 x 24
    (tmp_path / "some.nii").write_bytes(content)
    with pytest.raises(DataError, match=r"\[-1, -1, 24\]"):
        read_volume(tmp_path / "some.nii")


def test_a_bomb_does_not_go_off(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "LONGEST", 1 << 20)
    (tmp_path / "some.nii.gz").write_bytes(gzip.compress(bytes(32 << 20)))
    tracemalloc.start()
    with pytest.raises(DataError, match="unpacks to more than 1048576 bytes"):
        read_volume(tmp_path / "some.nii.gz")
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_file_that_is_too_large(tmp_path):
    with open(tmp_path / "large.nii", "wb") as large:
        large.truncate(reader.LARGEST + 1)
    with pytest.raises(DataError, match=f"has more than {reader.LARGEST} bytes"):
        read_volume(tmp_path / "large.nii")
