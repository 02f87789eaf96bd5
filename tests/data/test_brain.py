"""Slices of a brain: where each comes from, that parts lie apart, and what is refused."""

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from minigen import data
from minigen.data import brain
from minigen.errors import DataError
from tests.stand_ins import brains, nifti, scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("brains")
    brains(root / "brain")
    return root


def test_the_parts(folder):
    train, test = (data.load("brain", split, folder=folder) for split in ("train", "test"))
    assert train.x.shape == (132, 64, 64, 1)
    assert test.x.shape == (36, 64, 64, 1)
    assert train.x.dtype == test.x.dtype == np.float32
    assert 0 <= train.x.min() < train.x.max() <= 1
    assert data.kind_of("brain") == train.kind == "images"
    for part in (train, test):
        assert np.array_equal(part.y, np.repeat([0, 1, 2], len(part) // 3))


def test_slices_of_the_two_parts_lie_5_mm_apart_or_more():
    train, test = ([mm for mm in range(72) if brain.part_of(mm) == part] for part in ("train", "test"))
    assert (len(train), len(test)) == (44, 12)
    assert min(abs(a - b) for a in train for b in test) == 5
    assert max(min(abs(a - b) for a in train) for b in test) <= 8  # and not so far that nothing is known


def test_pixels_are_on_the_256_levels_that_bounds_count_on(folder):
    heights = 255 * data.load("brain", folder=folder).x
    np.testing.assert_allclose(heights, np.rint(heights), atol=1e-4)


def test_a_pixel_is_the_mean_of_3x3_mm(folder):
    test, volume = data.load("brain", "test", folder=folder), scan("gm").astype(np.float64)
    image = test.x[12, :, :, 0]  # the first of the grey matter, 15 mm from the midline
    for row, column in ((20, 30), (40, 10), (63, 63), (0, 0), (33, 40)):
        y, top = 21 + 3 * column, 174 - 3 * row  # the lowest row shows what lies 18 mm below the volume
        block = [volume[98 - 15, y + i, z] if z >= 0 else 0 for i in range(3) for z in range(top - 3, top)]
        assert image[row, column] == pytest.approx(np.rint(np.mean(block)) / 255, abs=1e-6)


def test_where_it_is_found(folder, tmp_path, monkeypatch):
    assert data.locate("brain") == ""
    with pytest.raises(DataError, match=r"brain: there is no mni_icbm152_t1.*; `pip install nilearn` brings it along"):
        data.load("brain")
    monkeypatch.setattr(brain, "in_package", lambda package, path: [folder / "brain"] if package == "nilearn" else [])
    assert data.locate("brain") == str(folder / "brain")
    with pytest.raises(DataError, match=r"brain: neither .* nor .* holds mni_"):
        data.load("brain", folder=tmp_path)  # a folder that is given is the only place
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path))
    for file in brain.FILES:
        assert data.locate("brain") == str(folder / "brain")  # until all three are there
        (tmp_path / file).touch()
    assert data.locate("brain") == str(tmp_path)


def test_another_volume_is_refused(tmp_path):
    for file in brain.FILES:
        (tmp_path / file).write_bytes(gzip.compress(nifti(np.zeros((196, 233, 189), np.uint8)), 1))
    with pytest.raises(DataError, match=r"t1.*: holds a volume of \(196, 233, 189\), expected \(197, 233, 189\)"):
        data.load("brain", folder=tmp_path)


@pytest.mark.parametrize("fault", ["missing", "a folder", "a link to nothing"])
def test_the_volume_that_is_missing_is_named(tmp_path, fault):
    place = brains(tmp_path / "brain")
    path = place / brain.FILES[1]
    path.unlink()
    if fault == "a folder":
        path.mkdir()
    elif fault != "missing":
        path.symlink_to("nowhere")
    with pytest.raises(DataError, match=f"brain: neither .* nor .* holds {brain.FILES[1]}; `pip install nilearn`"):
        data.load("brain", folder=tmp_path)


def test_one_volume_under_two_names(tmp_path):
    place = brains(tmp_path / "brain")
    (place / brain.FILES[1]).write_bytes((place / brain.FILES[0]).read_bytes())
    with pytest.raises(DataError, match=f"{brain.FILES[1]}: has the same content as .*{brain.FILES[0]}; fetch anew"):
        data.load("brain", folder=tmp_path)


def test_a_volume_of_nothing(tmp_path):
    (tmp_path / "t1").write_bytes(gzip.compress(nifti(np.zeros(brain.SHAPE, np.uint8)), 1))
    with pytest.raises(DataError, match=r"t1: is 0 everywhere, expected a brain; fetch it again"):
        brain.slices(tmp_path / "t1")


def test_the_real_volumes():
    spec = importlib.util.find_spec("nilearn")
    if spec is None:
        pytest.skip("nilearn is not installed")
    place = Path(spec.submodule_search_locations[0], "datasets", "data")
    volume = brain.read_volume(place / brain.FILES[0])
    assert np.array_equal(volume, volume[::-1])  # the reason for slices along the midline
    train, test = (data.load("brain", split, folder=place) for split in ("train", "test"))
    assert np.array_equal(np.argwhere(volume.any(axis=(1, 2)))[[0, -1], 0], [26, 170])  # 72 mm to either side
    assert (train.x > 0.05).any(axis=(1, 2, 3)).all()  # no slice is empty
    nearest = ((train.x[:44, None] - test.x[None, :12]) ** 2).mean(axis=(2, 3, 4)).min(axis=0)
    mean = ((train.x[:44].mean(axis=0) - test.x[:12]) ** 2).mean(axis=(1, 2, 3))
    assert 0.2 < nearest.mean() / mean.mean() < 0.9  # of the T1 slices: something is left to guess
