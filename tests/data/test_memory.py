"""A data set larger than memory: batches are read from the disk, and what was read does not stay."""

import subprocess
import sys

import numpy as np
import pytest

from minigen import Generator, data
from minigen.data import Loader, pixels, scale
from minigen.errors import DTypeError
from tests.faults import record


@pytest.fixture
def stored(tmp_path):
    """Images on the disk, and the same in memory."""
    images = np.random.default_rng(0).integers(0, 256, (50, 4, 4, 3), np.uint8)
    (tmp_path / "images").write_bytes(images.tobytes())
    return np.memmap(tmp_path / "images", np.uint8, "r", 0, images.shape), images


def test_batches_from_the_disk_are_those_from_memory(stored, device):
    on_disk, in_memory = stored
    here = Loader(on_disk, batch_size=8, rng=Generator(1), device=device, transform=lambda x: scale(pixels(x), -1))
    there = Loader(scale(pixels(in_memory), -1), batch_size=8, rng=Generator(1), device=device)
    for a, b in zip(here, there, strict=True):
        assert type(a) is type(b)
        assert a.dtype == np.float32
        assert bool((a == b).all())


def test_what_is_on_the_disk_stays_there(stored):
    on_disk, _ = stored
    loader = Loader(on_disk, np.arange(50), batch_size=5)
    assert loader.arrays[0] is on_disk
    images, numbers = next(iter(loader))
    assert not isinstance(images, np.memmap)
    assert np.array_equal(images, on_disk[numbers])


def test_only_the_first_array_is_transformed(stored):
    x, y = next(iter(Loader(stored[1], np.arange(50), batch_size=5, transform=pixels)))
    assert x.dtype == np.float32
    assert y.dtype == np.int64


def test_changes_of_a_private_copy_are_not_lost(stored):
    copy = np.memmap(stored[0].filename, np.uint8, "c", 0, stored[0].shape)
    copy[:] = 7
    assert all((batch == 7).all() for batch in Loader(copy, batch_size=10))


def test_pixels():
    every = np.arange(256, dtype=np.uint8)
    assert np.array_equal(pixels(every), np.divide(every, 255, dtype=np.float32))
    floats = np.zeros(3, np.float32)
    assert pixels(floats) is floats
    for dtype in (np.int64, bool, np.int8):
        with pytest.raises(DTypeError, match=r"expected floats, got .*data.pixels"):
            pixels(np.zeros(3, dtype))
    assert data.pixels is pixels


CODE = """
import re, sys
import numpy as np
from minigen.data import Loader, pixels, scale
path, n, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def peak():  # in KB; getrusage would begin with the peak of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
x = np.memmap(path, np.uint8, "r", 0, (n, 64, 64, 3))
if what == "train":
    from pathlib import Path
    import minigen as mg
    from minigen import nn
    mg.Tensor(np.zeros(3, np.float32))
    layer = nn.Dense(64 * 64 * 3, 4)
before = peak()
loader = Loader(x, batch_size=64, transform=lambda b: scale(pixels(b), -1))
for batch in loader:
    if what == "train":
        loss = (layer(mg.Tensor(batch.reshape(64, -1))) ** 2).mean()
        loss.backward()
print(len(loader), peak() - before)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the peak is told by Linux")
@pytest.mark.parametrize("what", ["read", "train"])
def test_fault_more_data_than_memory(tmp_path, what):
    """600 MB, all of them read in an epoch; the peak of memory grows by less than 100."""
    n = 600_000_000 // (64 * 64 * 3)
    path = tmp_path / "images"
    with open(path, "wb") as file:
        file.truncate(n * 64 * 64 * 3)
    done = subprocess.run([sys.executable, "-c", CODE, str(path), str(n), what], capture_output=True, check=True)
    batches, grown = map(int, done.stdout.split())
    assert batches == n // 64
    record(f"600 MB on the disk ({what})", 1, int(grown >= 100_000), f"memory grew by {grown / 1000:.0f} MB")
    assert grown < 100_000
