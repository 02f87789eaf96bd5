"""A sum that does not depend on how many processes compute it, and processes that end alike."""

import queue
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import backend, distributed
from minigen.distributed import Group, ShardMean, pairwise
from minigen.errors import ArgumentError, DeviceError
from tests.cupy_double import double
from tests.processes import finished, launched, needs_mpi


class Threads(Group):
    """A process among others, each of which is a thread."""

    def __init__(self, rank, size, letters):
        super().__init__(rank, size)
        self.letters = letters

    def sum(self, vector):
        pairwise(vector, self.rank, self.size, self._exchange)

    def _exchange(self, mine, theirs, peer):
        self.letters[self.rank, peer].put(mine.copy())
        theirs[...] = self.letters[peer, self.rank].get(timeout=30)


def on_threads(size, work):
    """[work(group)] of so many processes."""
    letters = {(a, b): queue.Queue() for a in range(size) for b in range(size)}
    results = [None] * size

    def run(rank):
        results[rank] = work(Threads(rank, size, letters))

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def tree(vectors):
    """The sum as it is defined: of the first half and of the second."""
    half = len(vectors) // 2
    return tree(vectors[:half]) + tree(vectors[half:]) if half else vectors[0]


def mean_of(group, vectors, shards):
    mean, own = ShardMean(group, shards), shards // group.size
    for vector in vectors[group.rank * own : (group.rank + 1) * own]:
        mean.add(vector[:3], vector[3:].reshape(-1, 1))  # arrays of any shapes are laid end to end
    found = np.empty_like(vectors[0])
    mean.into(found[:3], found[3:].reshape(-1, 1))
    return found


@given(st.integers(0, 5), st.integers(0, 3), st.integers(3, 9), st.integers(0, 2**32))
def test_any_number_of_processes_gives_the_bytes_of_the_tree(levels, p, size, seed):
    shards, processes = 1 << levels, 1 << min(p, levels)
    rng = np.random.default_rng(seed)
    vectors = (rng.standard_normal((shards, size)) * 10 ** rng.uniform(-6, 6, (shards, size))).astype(np.float32)
    kept = vectors.copy()
    expected = tree(list(vectors)) * np.float32(1 / shards)
    found = on_threads(processes, lambda group: mean_of(group, vectors, shards))
    assert {one.tobytes() for one in found} == {expected.tobytes()}
    assert np.array_equal(vectors, kept)  # a shard's own arrays are left as they are


def test_another_order_would_be_seen():
    """In float32 (a + b) + c is not a + (b + c): the test above can fail."""
    rng = np.random.default_rng(0)
    vectors = list(rng.standard_normal((8, 100)).astype(np.float32))
    assert tree(vectors).tobytes() != sum(vectors[1:], vectors[0]).tobytes()
    assert tree(vectors).tobytes() != tree([vectors[i] for i in (0, 2, 1, 3, 4, 5, 6, 7)]).tobytes()


def test_memory_grows_with_the_levels_of_the_tree_alone():
    mean = ShardMean(Group(), 64)
    for _ in range(63):
        mean.add(np.ones(4, np.float32))
        assert len(mean._partial) <= 6
    mean.add(np.ones(4, np.float32))
    assert len(mean._partial) == 1


def test_a_shard_that_is_missing_is_told_and_forgotten():
    mean, found = ShardMean(Group(), 4), np.empty(2, np.float32)
    mean.add(np.ones(2, np.float32))
    with pytest.raises(ArgumentError, match="expected the gradients of 4, got 1"):
        mean.into(found)
    for i in range(4):
        mean.add(np.full(2, i, np.float32))
    mean.into(found)
    assert found.tolist() == [1.5, 1.5]


@pytest.mark.parametrize(
    ("processes", "shards", "told"),
    [
        (1, 3, "shards: expected 1, 2, 4, 8, ..., got 3"),
        (1, 0, "shards: expected"),
        (3, 8, "processes: expected 1, 2, 4, 8, ..., got 3"),
        (8, 4, "processes: 8 are too many for 4 shards; start 4 or fewer"),
    ],
)
def test_numbers_that_make_no_tree_are_refused(processes, shards, told):
    with pytest.raises(ArgumentError, match=told):
        distributed.check_fit(processes, shards)


def test_a_process_alone_asks_nobody():
    group, vector = Group(), np.ones(2, np.float32)
    group.sum(vector)
    assert (group.is_first, group.largest(3), group.everyones("a"), group.from_first(lambda: 5)) == (True, 3, ["a"], 5)
    with group.together():
        assert group.once_a_machine(lambda: vector) is vector
    assert vector.tolist() == [1, 1]
    assert not Group(2, 4).is_first


# ------------------------------------------------------------------------------------------------- on a GPU


def test_the_mean_is_computed_where_the_gradients_are(device):
    mean = ShardMean(Group(), 4)
    for i in range(4):
        arrays = np.full((3, 2), i, np.float32), np.float32(i)
        mean.add(*(mg.tensor(array, device=device).data for array in arrays))
    found = mg.zeros((3, 2), device=device).data, mg.zeros((), device=device).data
    mean.into(*found)
    assert all(backend.device_of(array) == device for array in found)
    assert [backend.to_numpy(array).tolist() for array in found] == [[[1.5, 1.5]] * 3, 1.5]


def test_nccl_takes_vectors_from_gpu_to_gpu(device, device_kind):
    """Of one process: what it sends to itself comes back, and the sum is twice the vector."""
    if device == "cpu":
        pytest.skip("NCCL is for GPUs")
    connection = backend.nccl(1, 0)
    vector = mg.tensor(np.arange(5, dtype=np.float32), device=device).data
    theirs = mg.zeros(5, device=device).data

    def twice():
        connection.send_recv(vector, theirs, 0)
        backend.xp_of(vector).add(vector, theirs, out=vector)

    if device_kind == "double":
        with backend.cupy().forbid_sync(transfers=True):
            twice()
    else:
        twice()
    assert backend.to_numpy(vector).tolist() == [0, 2, 4, 6, 8]


class World:
    """What MPIGroup asks of mpi4py's communicator."""

    rank, size = 0, 1

    def __init__(self, processes=1):
        self.processes = processes

    def Split_type(self, kind):
        machine = World()
        machine.size = self.processes
        return machine

    def Dup(self):
        return self

    def allgather(self, value):
        return [value]


class MPI:
    """The module mpi4py.MPI."""

    COMM_TYPE_SHARED = "machine"

    def __init__(self, processes=1):
        self.COMM_WORLD = World(processes)


def test_each_process_has_a_gpu_of_its_own_or_is_told():
    with double.installed():
        distributed.MPIGroup(MPI(1)).take_gpu()
        with pytest.raises(DeviceError, match=r"a machine with 1 CUDA device\(s\) has 2; start one for each device"):
            distributed.MPIGroup(MPI(2)).take_gpu()


def test_vectors_on_a_gpu_go_through_nccl(monkeypatch):
    """Two processes, of which the other has the same vector: their sum, and nothing on the host."""
    with double.installed() as xp:

        class Both:
            def send_recv(self, mine, theirs, peer):
                assert peer == 1
                theirs[...] = mine

        monkeypatch.setattr(backend, "nccl", lambda size, rank: Both())
        backend.use_device("cuda")
        group, vector = distributed.MPIGroup(MPI()), xp.arange(4, dtype=np.float32)
        group.size = 2
        with xp.forbid_sync(transfers=True):
            group.sum(vector)
        assert vector.get().tolist() == [0, 2, 4, 6]


def test_without_nccl_the_fix_is_told(monkeypatch):
    def missing():
        raise ImportError("libnccl.so.2: not found")

    with double.installed():
        with pytest.raises(DeviceError, match=r"which is not usable here .*one device.*pip install nvidia-nccl"):
            backend.nccl(2, 0)
        monkeypatch.setattr(backend, "_import_cupyx_distributed", missing)
        with pytest.raises(DeviceError, match="libnccl"):
            backend.nccl(1, 0)


# ------------------------------------------------------------------------------------------------- started by MPI


@pytest.fixture
def no_launcher(monkeypatch):
    for names in distributed.LAUNCHERS.items():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    distributed.world.cache_clear()
    yield
    distributed.world.cache_clear()


@pytest.mark.usefixtures("no_launcher")
def test_a_launcher_is_known_by_what_it_tells(monkeypatch):
    assert distributed.launched() is None
    assert distributed.world().size == 1
    for rank, size in distributed.LAUNCHERS.items():
        with monkeypatch.context() as patch:
            patch.setenv(rank, "2")
            assert distributed.launched() == (2, 0)
            patch.setenv(size, "4")
            assert distributed.launched() == (2, 4)
            patch.setenv(size, "1")
            distributed.world.cache_clear()
            assert distributed.world().size == 1  # mpiexec -n 1 needs no mpi4py


@pytest.mark.usefixtures("no_launcher")
def test_without_mpi4py_the_first_process_tells_the_fix(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mpi4py", None)
    monkeypatch.setenv("PMI_SIZE", "2")
    monkeypatch.setenv("PMI_RANK", "0")
    with pytest.raises(ArgumentError, match=r"mpi4py is not usable .*pip install 'minigen\[mpi\]'"):
        distributed.world()
    monkeypatch.setenv("PMI_RANK", "1")
    with pytest.raises(SystemExit):
        distributed.world()


PROGRAM = """
import sys, time
import numpy as np
from minigen import data, distributed
from minigen.errors import DataError

group, read = distributed.world(), []

def load():
    read.append(group.rank)
    return data.load("digits")

def fails():
    raise DataError("no such file")

with group.together():
    digits = group.once_a_machine(load)
    alone = data.load("digits")
    same = np.array_equal(digits.x, alone.x) and np.array_equal(digits.y, alone.y) and digits.name == "digits"
    vector = np.full(3, 10.0**group.rank, np.float32)
    group.sum(vector)
    numbers = group.largest(group.rank), group.from_first(lambda: 7)
    found = group.everyones([same, digits.x.flags.writeable, read, vector.tolist(), *numbers])
    if group.is_first:
        for told in found:
            print(*told, sep="; ")
    if sys.argv[1] == "first":
        group.from_first(fails)
    if sys.argv[1] == "machine":
        group.once_a_machine(fails)
    if sys.argv[1] == "all":
        fails()
    if sys.argv[1] == "one" and group.rank == 1:
        fails()
    if sys.argv[1] == "bug" and group.rank == 1:
        raise ZeroDivisionError("a bug")
    group.largest(0)
"""


def program(tmp_path, how):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return finished(launched(4, path, how))


@needs_mpi
@pytest.mark.long
def test_four_processes(tmp_path):
    status, out, errors = program(tmp_path, "well")
    assert status == 0, errors
    rest = "[1111.0, 1111.0, 1111.0]; 3; 7"
    assert out.splitlines() == [f"True; False; {[0] if rank == 0 else []}; {rest}" for rank in range(4)]


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize("how", ["first", "machine", "all"])
def test_an_error_of_all_is_raised_in_the_first(tmp_path, how):
    status, _, errors = program(tmp_path, how)
    assert status != 0
    assert errors.count("DataError: no such file") == 1  # in the others SystemExit, which says nothing


@needs_mpi
@pytest.mark.long
def test_an_error_of_one_is_told_and_ends_all(tmp_path):
    status, _, errors = program(tmp_path, "one")
    assert status == 2
    assert [line for line in errors.splitlines() if "minigen" in line] == ["minigen: process 1 of 4: no such file"]
    status, _, errors = program(tmp_path, "bug")
    assert status == 1
    assert errors.count("ZeroDivisionError: a bug") == 1
