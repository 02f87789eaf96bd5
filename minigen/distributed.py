"""Several processes that train one model: who they are, and a sum of gradients whose bytes do not depend on them.

    mpiexec -n 4 python -m minigen train vae        (the extra `mpi`: mpi4py and an MPI)

A batch is cut into S shards, S a power of two, and process r of P takes S/P of them, in order. The loss is a mean, so
the batch's gradient is the mean of the shards' gradients. A float32 sum depends on the order of its additions; here
they always form the same binary tree,

    ((v0 + v1) + (v2 + v3)) + ((v4 + v5) + (v6 + v7))

A process adds what is below its own part of the tree (`ShardMean`). Then the processes exchange their sums with the one
at distance 1, 2, 4, ... and add, the lower rank's on the left (recursive doubling; Thakur, Rabenseifner and Gropp 2005,
section 4): both partners compute the same sum of the same two numbers. So the order depends on S, and never on P:
1, 2, 4 and 8 processes get the same bytes.

MPI starts and connects the processes (mpi4py), and NCCL their GPUs (cupyx.distributed).

Lesson 14 shows what the order of a sum does.
"""

import contextlib
import functools
import os
import pickle
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from . import backend
from .backend import Array, xp_of
from .errors import ArgumentError, DeviceError, MinigenError

T = TypeVar("T")
LAUNCHERS = {  # what MPI's launchers tell a process: its rank, and how many there are
    "PMI_RANK": "PMI_SIZE",  # MPICH, Intel MPI
    "OMPI_COMM_WORLD_RANK": "OMPI_COMM_WORLD_SIZE",  # Open MPI
    "PMIX_RANK": "PMIX_SIZE",  # Slurm and others; the second is not always there
}
PATIENCE = 5.0  # seconds that a process which fails waits for the others to fail as well
LOOK_EVERY = 2e-3  # seconds; whoever waits for the first process leaves the core to it


def power_of_two(number: int) -> bool:
    """Whether it is 1, 2, 4, ..."""
    return number > 0 and not number & (number - 1)


def check_fit(processes: int, shards: int) -> None:
    """Refuse numbers that do not make a binary tree.

    Raises:
        ArgumentError: one is no power of two, or there are more processes than shards.
    """
    if not power_of_two(shards):
        raise ArgumentError(f"shards: expected 1, 2, 4, 8, ..., got {shards}; gradients are added in pairs")
    if not power_of_two(processes):
        raise ArgumentError(f"processes: expected 1, 2, 4, 8, ..., got {processes}; start as many with mpiexec -n")
    if processes > shards:
        raise ArgumentError(f"processes: {processes} are too many for {shards} shards; start {shards} or fewer")


class Group:
    """The processes that train together, seen from one of them. This one is on its own: it asks nobody.

    Args:
        rank: which of them this is, 0 ... size - 1.
        size: how many there are. With more than one, it computes its part, without the others.
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def sum(self, vector: Array) -> None:
        """Put the sum of all processes' vectors (n,) in place of each, in the order of the tree."""

    def largest(self, number: int) -> int:
        """The largest of the numbers that the processes bring."""
        return number

    def everyones(self, value: T) -> list[T]:
        """What each process brings, in the order of the ranks."""
        return [value]

    def from_first(self, work: Callable[[], T]) -> T:
        """What `work()` returns or raises in the first process, in all; only there it is done."""
        return work()

    def once_a_machine(self, load: Callable[[], T]) -> T:
        """What `load()` returns, called by one process of each machine; its arrays lie in memory that all share."""
        return load()

    def take_gpu(self) -> None:
        """Compute on a CUDA device of one's own from here on."""

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """A block that all processes leave in the same way, or none is left behind."""
        yield


def pairwise(vector: Array, rank: int, size: int, exchange: Callable[[Array, Array, int], None]) -> None:
    """Add the vectors of `size` processes in place by recursive doubling.

    Args:
        vector: this process's, (n,).
        rank, size: which of how many it is.
        exchange: exchange(mine, theirs, peer) sends `mine` to a process and receives `theirs` from it.
    """
    theirs, distance = xp_of(vector).empty_like(vector), 1
    while distance < size:
        peer = rank ^ distance
        exchange(vector, theirs, peer)
        low, high = (vector, theirs) if rank < peer else (theirs, vector)
        xp_of(vector).add(low, high, out=vector)
        distance *= 2


class ShardMean:
    """The mean of what the shards of a batch have: added as they come, then between the processes.

    Memory: one vector for each level of the process's part of the tree, as with a binary counter.

    Args:
        group: the processes.
        shards: S, of all of them.
    """

    def __init__(self, group: Group, shards: int) -> None:
        check_fit(group.size, shards)
        self.group, self.shards = group, shards
        self.clear()

    def clear(self) -> None:
        """Forget what was added."""
        self._partial: list[tuple[int, Array]] = []  # how many shards, and their sum

    def add(self, *arrays: Array) -> None:
        """Add what the next shard has: arrays of one dtype, of the same shapes for each shard."""
        count, total = 1, None
        while self._partial and self._partial[-1][0] == count:
            _, left = self._partial.pop()
            if total is None:  # the shard's own arrays are not copied first
                for part, array in zip(_parts(left, arrays), arrays, strict=True):
                    part += array.ravel()
            else:
                left += total
            count, total = 2 * count, left
        if total is None:
            total = xp_of(*arrays).concatenate([array.ravel() for array in arrays])
        self._partial.append((count, total))

    def into(self, *arrays: Array) -> None:
        """Write the mean over all shards of all processes into arrays like those that were added; then begin anew.

        Raises:
            ArgumentError: not every shard of this process was added.
        """
        added, own = sum(count for count, _ in self._partial), self.shards // self.group.size
        if added != own:
            self.clear()
            raise ArgumentError(f"shards: expected the gradients of {own}, got {added}; call add(loss) once for each")
        ((_, total),) = self._partial
        self.clear()
        self.group.sum(total)
        total *= 1 / self.shards  # a power of two: exact
        for part, array in zip(_parts(total, arrays), arrays, strict=True):
            array[...] = part.reshape(array.shape)


def _parts(vector: Array, arrays: tuple[Array, ...]) -> Iterator[Array]:
    """The stretches of a vector that hold arrays of these sizes, end to end."""
    start = 0
    for array in arrays:
        yield vector[start : start + array.size]
        start += array.size


# ---------------------------------------------------------------------------------------------------------------- MPI


def launched() -> tuple[int, int] | None:
    """(rank, size) as MPI's launcher told this process, size 0 if it did not say; None without a launcher."""
    for rank, size in LAUNCHERS.items():
        if os.environ.get(rank, "").isdigit():
            told = os.environ.get(size, "")
            return int(os.environ[rank]), int(told) if told.isdigit() else 0
    return None


@functools.cache
def world() -> Group:
    """All the processes that MPI's launcher has started; without one, this process alone.

    Raises:
        ArgumentError: they cannot be connected; says what to install. It is raised in the first; the others end.
    """
    rank, size = launched() or (0, 1)
    if size == 1:
        return Group()
    fault = ""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        fault = f"started by an MPI launcher, but mpi4py is not usable ({' '.join(str(error).split())})"
    else:
        if MPI.COMM_WORLD.size > 1:
            return MPIGroup(MPI)
        if size:
            fault = f"the launcher started {size}, but mpi4py sees one: it uses another MPI than the launcher"
    if not fault:
        return Group()
    if rank:
        raise SystemExit(2)
    raise ArgumentError(f"processes: {fault}; pip install 'minigen[mpi]', and take the mpiexec that comes with it")


class MPIGroup(Group):
    """All processes of an MPI launcher.

    Args:
        mpi: the module mpi4py.MPI.
    """

    def __init__(self, mpi: Any) -> None:
        self.mpi, self.comm = mpi, mpi.COMM_WORLD
        super().__init__(self.comm.rank, self.comm.size)
        self.machine = self.comm.Split_type(mpi.COMM_TYPE_SHARED)
        self._endings = self.comm.Dup()  # apart from the rest: whoever fails alone is not taken for somebody who sums
        self._windows: list[Any] = []
        self._nccl: Any = None

    def sum(self, vector: Array) -> None:
        """See `Group`. Vectors on a GPU go from GPU to GPU."""
        on_host = backend.device_of(vector) == "cpu"
        pairwise(vector, self.rank, self.size, self._exchange if on_host else self._exchange_on_gpu)

    def _exchange(self, mine: Array, theirs: Array, peer: int) -> None:
        self.comm.Sendrecv(mine, peer, recvbuf=theirs, source=peer)

    def _exchange_on_gpu(self, mine: Array, theirs: Array, peer: int) -> None:
        if self._nccl is None:
            self._nccl = backend.nccl(self.size, self.rank)
        self._nccl.send_recv(mine, theirs, peer)

    def largest(self, number: int) -> int:
        """See `Group`."""
        return int(self.comm.allreduce(number, op=self.mpi.MAX))

    def everyones(self, value: T) -> list[T]:
        """See `Group`."""
        found: list[T] = self.comm.allgather(value)
        return found

    def from_first(self, work: Callable[[], T]) -> T:
        """See `Group`."""
        outcome = _outcome(work) if self.is_first else None
        self._arrived(self.comm)  # it may take minutes, in which MPI's own waiting would keep the core busy
        return _delivered(self.comm.bcast(outcome))

    def once_a_machine(self, load: Callable[[], T]) -> T:
        """See `Group`. What is memory-mapped is opened by each process."""
        outcome = _outcome(load) if self.machine.rank == 0 else None
        self._arrived(self.comm)
        failed = [error for error in self.everyones(outcome[1] if outcome else None) if error is not None]
        if failed:
            raise failed[0]
        content = outcome[0] if outcome else None
        if self.machine.bcast(any(isinstance(a, np.memmap) for a in vars(content).values()) if outcome else None):
            return load() if content is None else content
        return self._shared(content)

    def _shared(self, content: Any) -> Any:
        """An object of the machine's first process in all of them, its arrays in one stretch of shared memory."""
        buffers: list[pickle.PickleBuffer] = []
        head = pickle.dumps(content, protocol=5, buffer_callback=buffers.append) if self.machine.rank == 0 else b""
        head, sizes = self.machine.bcast((head, [buffer.raw().nbytes for buffer in buffers]))
        starts = np.cumsum([0, *(-(-size // 64) * 64 for size in sizes)])  # each at the beginning of a cache line
        window = self.mpi.Win.Allocate_shared(int(starts[-1]) if self.machine.rank == 0 else 0, 1, comm=self.machine)
        self._windows.append(window)  # the memory is there as long as the group
        memory = memoryview(window.Shared_query(0)[0]).cast("B")
        parts = [memory[start : start + size] for start, size in zip(starts, sizes, strict=False)]
        for part, buffer in zip(parts, buffers, strict=False):
            part[:] = buffer.raw()
        self.machine.Barrier()
        return pickle.loads(head, buffers=[part.toreadonly() for part in parts])

    def take_gpu(self) -> None:
        """See `Group`: the device whose number is the process's on its machine.

        Raises:
            DeviceError: a machine has fewer devices than processes.
        """
        for gpus, processes in self.everyones((backend.gpus(), self.machine.size)):
            if gpus < processes:
                raise DeviceError(
                    f"processes: a machine with {gpus} CUDA device(s) has {processes}; start one for each device"
                )
        backend.use_gpu(self.machine.rank)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """See `Group`. An error of all is raised in the first process, and the others end with its status, silently.

        An error of one alone is told by that one, and ends all: the others would wait for it for ever.
        """
        try:
            yield
        except BaseException as error:
            status = int(getattr(error, "status", 2 if isinstance(error, MinigenError) else 1))
            if not self._arrived(self._endings, PATIENCE):
                if isinstance(error, MinigenError | KeyboardInterrupt):
                    text = " ".join(str(error).split()) or "interrupted"
                    print(f"minigen: process {self.rank} of {self.size}: {text}", file=sys.stderr, flush=True)
                else:
                    traceback.print_exc()
                time.sleep(0.3)  # the launcher reads it before it ends all
                self.comm.Abort(status)
            if self.is_first:
                raise
            raise SystemExit(status) from None
        self._arrived(self._endings)

    def _arrived(self, comm: Any, patience: float = float("inf")) -> bool:
        """Wait until all processes are here, or for so many seconds; says whether they are."""
        request, until = comm.Ibarrier(), time.monotonic() + patience
        while not request.Test():
            if time.monotonic() > until:
                return False
            time.sleep(LOOK_EVERY)
        return True


def _outcome(work: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What came of it: the result, or the error."""
    try:
        return work(), None
    except (Exception, KeyboardInterrupt) as error:
        return None, error


def _delivered(outcome: tuple[Any, BaseException | None]) -> Any:
    """The result, or the error raised."""
    result, error = outcome
    if error is not None:
        raise error
    return result
