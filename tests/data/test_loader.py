"""The Loader: every example once an epoch, orders that only the seed decides, aligned arrays, no waiting."""

import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen import Generator, backend, data
from minigen.data import Loader
from minigen.data.text import windows
from minigen.errors import ArgumentError, DTypeError, ShapeError

SIZES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32)


def epoch(loader):
    return [np.array(batch) for batch in loader]


def joined(batches):
    return np.concatenate([np.zeros(0, int), *batches]).tolist()


@given(SIZES, SIZES, SEEDS, st.booleans())
def test_every_example_once_an_epoch(n, batch_size, seed, shuffle):
    loader = Loader(np.arange(n), batch_size=batch_size, rng=Generator(seed), shuffle=shuffle, drop_last=False)
    for _ in range(3):
        batches = epoch(loader)
        assert len(batches) == len(loader) == -(-n // batch_size)
        assert all(len(batch) == batch_size for batch in batches[:-1])
        assert 1 <= len(batches[-1]) <= batch_size
        assert sorted(joined(batches)) == list(range(n))


@given(SIZES, SIZES, SEEDS)
def test_drop_last_gives_full_batches_only(n, batch_size, seed):
    if batch_size > n:
        with pytest.raises(ArgumentError, match=f"batch_size: {batch_size} exceeds the {n} examples"):
            Loader(np.arange(n), batch_size=batch_size)
        return
    loader = Loader(np.arange(n), batch_size=batch_size, rng=Generator(seed))
    batches = epoch(loader)
    assert len(batches) == len(loader) == n // batch_size
    assert {len(batch) for batch in batches} == {batch_size}
    seen = joined(batches)
    assert len(set(seen)) == len(seen)
    assert set(seen) <= set(range(n))


@given(SIZES, SIZES, SEEDS)
def test_arrays_stay_aligned(n, batch_size, seed):
    x = np.arange(n, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    loader = Loader(x, np.arange(n), -np.arange(n), batch_size=batch_size, rng=Generator(seed), drop_last=False)
    for a, b, c in loader:
        assert a.shape == (len(b), 3)
        assert a.dtype == np.float32
        assert np.array_equal(a[:, 0], b)
        assert np.array_equal(b, -c)


def test_without_shuffling_the_order_is_kept():
    loader = Loader(np.arange(10), batch_size=4, shuffle=False, drop_last=False)
    for _ in range(2):
        assert [batch.tolist() for batch in epoch(loader)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


@given(SEEDS)
def test_the_seed_decides(seed):
    def orders(seed):
        loader = Loader(np.arange(100), batch_size=25, rng=Generator(seed))
        return [joined(loader) for _ in range(3)]

    ours = orders(seed)
    assert ours == orders(seed)
    assert ours != orders(seed + 1)
    assert ours[0] != ours[1] != ours[2]


def test_every_order_is_equally_likely():
    loader = Loader(np.arange(4), batch_size=4, rng=Generator(0))
    epochs = 24 * 400
    counts = np.unique([joined(loader) for _ in range(epochs)], axis=0, return_counts=True)[1]
    assert len(counts) == 24
    chi2 = ((counts - 400) ** 2 / 400).sum()  # 23 degrees of freedom: mean 23, deviation 6.8
    assert chi2 < 23 + 5 * 6.8


def test_an_epoch_may_be_left_early():
    loader = Loader(np.arange(10), batch_size=2)
    list(itertools.islice(loader, 2))
    assert sorted(joined(loader)) == list(range(10))


def test_batches_are_copies():
    x = np.arange(6)
    for shuffle in (True, False):
        for batch in Loader(x, batch_size=2, shuffle=shuffle):
            batch[...] = -1
    assert x.tolist() == list(range(6))


def test_of_a_data_set():
    digits = data.load("digits")
    rows = {image.tobytes(): label for image, label in zip(digits.x, digits.y, strict=True)}
    loader = Loader(digits.x, digits.y, batch_size=100)
    seen = 0
    for x, y in loader:
        assert all(rows[image.tobytes()] == label for image, label in zip(x, y, strict=True))
        seen += len(y)
    assert seen == 1500


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "8", None, True])
def test_batch_sizes_that_cannot_be(batch_size):
    with pytest.raises(ArgumentError, match="batch_size: expected an integer >= 1, got"):
        Loader(np.arange(10), batch_size=batch_size)


@pytest.mark.parametrize("arrays", [(), (np.zeros(3), np.zeros(4)), (np.zeros(()),), (np.zeros((2, 5)), np.zeros(5))])
def test_lengths_that_differ(arrays):
    with pytest.raises(ShapeError, match="arrays: expected one or more of the same length, got shapes"):
        Loader(*arrays, batch_size=1)


@pytest.mark.parametrize("thing", [[1, 2, 3], 3.0, data.load("digits")], ids=["list", "number", "Dataset"])
def test_what_is_not_an_array(thing):
    with pytest.raises(DTypeError, match=r"arrays: expected arrays, got (list|float|Dataset); of a data set, give x"):
        Loader(thing, batch_size=1)


def test_unknown_devices():
    with pytest.raises(ArgumentError, match="device: unknown name 'gpu'"):
        Loader(np.arange(3), batch_size=1, device="gpu")


def test_batches_lie_on_the_device_and_are_those_of_the_host(device):
    x, y = np.arange(20, dtype=np.float32).reshape(10, 2), np.arange(10)
    ours = Loader(x, y, batch_size=4, rng=Generator(3), drop_last=False, device=device)
    host = Loader(x, y, batch_size=4, rng=Generator(3), drop_last=False)
    for _ in range(2):
        for batches in zip(ours, host, strict=True):
            for a, b in zip(*batches, strict=True):
                assert backend.device_of(a) == device
                assert a.dtype == b.dtype
                assert np.array_equal(backend.to_numpy(a), b)


def test_one_transfer_an_epoch_and_no_waiting(device, device_kind):
    if device_kind != "double":
        pytest.skip("only the double counts synchronisations")
    loader = Loader(np.arange(10.0), batch_size=2, device=device)
    batches = iter(loader)
    next(batches)  # moves the epoch's order
    with backend.module_for("cuda").forbid_sync():
        assert len(list(batches)) == 4


def test_windows_of_a_text_are_read_batch_by_batch(device):
    """They share memory, which a copy of all would take 65 times."""
    text = np.arange(300, dtype=np.uint8) % 250
    view = windows(text, 64)
    loader = Loader(view, np.arange(len(view)), batch_size=7, rng=Generator(2), drop_last=False, device=device)
    assert loader.arrays[0] is view
    seen = []
    for x, numbers in loader:
        assert backend.device_of(x) == backend.device_of(numbers) == device
        assert x.dtype == np.uint8
        x, numbers = backend.to_numpy(x), backend.to_numpy(numbers)
        assert x.flags.c_contiguous
        assert np.array_equal(x, view[numbers])
        seen += numbers.tolist()
    assert sorted(seen) == list(range(len(view)))


def test_a_view_takes_little_memory():
    view = windows(np.zeros(1 << 20, np.uint8), 64)
    tracemalloc.start()
    next(iter(Loader(view, batch_size=32, shuffle=False)))
    assert tracemalloc.get_traced_memory()[1] < 16 << 20  # the order has 8 MB, a copy had 68
    tracemalloc.stop()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 1, 0)])
@pytest.mark.parametrize("step", [1, -1, 2])
def test_arrays_of_any_order_in_memory(axes, step, device):
    x = np.random.default_rng(0).random((12, 5, 12), np.float32).transpose(axes)[::step]
    loader = Loader(x, batch_size=3, shuffle=False, device=device)
    assert backend.device_of(loader.arrays[0]) == device  # nothing is shared: moved once, as a whole
    assert np.array_equal(np.concatenate([backend.to_numpy(batch) for batch in loader]), x)


@given(st.sampled_from([1, 2, 4]), st.integers(1, 5), st.integers(20, 40), SEEDS, st.booleans())
def test_the_parts_of_processes_are_the_batches(parts, size, n, seed, drop_last):
    """All draw the same order; the parts end to end are the batch, and a state is that of all."""

    def loader(part):
        how = {"batch_size": size * parts, "rng": Generator(seed), "drop_last": drop_last}
        return Loader(np.arange(n), part=part, **how)

    whole, loaders = loader((0, 1)), [loader((i, parts)) for i in range(parts)]
    for _ in range(2):
        for batch, *own in zip(whole, *loaders, strict=True):
            assert np.array_equal(batch, np.concatenate(own))
        assert {str(one.state()) for one in loaders} == {str(whole.state())}


def test_a_batch_of_unequal_parts_is_refused():
    with pytest.raises(ArgumentError, match="batch_size: 6 examples cannot be cut into 4 equal parts"):
        Loader(np.arange(12), batch_size=6, part=(0, 4))
