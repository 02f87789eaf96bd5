"""Two cores and more: a thread for each independent piece of work, and who splits a product.

NumPy lets go of Python's lock while it computes, so plain threads run its work side by side. It pays for work of some
milliseconds in few calls: a convolution, whose images are shared out, each thread copying windows and multiplying
(`minigen.ops.conv`), and the product of large matrices (`matmul`). It does not pay for a function of each element: a
call below 0.1 ms spends longer on getting the lock back than it computes, and the other core has none of the data.

NumPy's BLAS would split every product over threads of its own. Those know nothing of ours, and keep a core busy for
some 25 ms after each product, waiting for more; and where another program wants that core, a product waits for the
thread that does not get it. So while we compute, BLAS is told to use one thread and afterwards gets back what it had.

The number of threads is the one BLAS is set to: OMP_NUM_THREADS=1 and `threadpoolctl.threadpool_limits(1)` hold here
too. Work is dealt out by position and never by who is free first: same number of threads, same bytes.
"""

import contextlib
import functools
import itertools
import math
import operator
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from . import sums
from .backend import Array, xp_of

# A thread should have 0.1 ms of work at least, which is this many multiply-adds: waking it and waiting costs 0.03 ms.
GRAIN = 4_000_000
ONE_ELEMENT = 40  # as many multiply-adds as copying an element takes
LOOKS = 2000  # about 2 ms
SMALL_PRODUCT = 1 << 18  # multiply-adds below which BLAS itself stays on one thread

_let_others_run: Callable[[], object] = getattr(os, "sched_yield", functools.partial(time.sleep, 0))

Piece = TypeVar("Piece")
Result = TypeVar("Result")


class _Blas:
    """The BLAS libraries of this process."""

    def __init__(self) -> None:
        from threadpoolctl import ThreadpoolController

        self.libraries = ThreadpoolController().select(user_api="blas").lib_controllers

    @property
    def threads(self) -> int:
        """How many threads a product may use."""
        return max((library.get_num_threads() for library in self.libraries), default=1)

    @threads.setter
    def threads(self, count: int) -> None:
        for library in self.libraries:
            library.set_num_threads(count)


_blas = functools.cache(_Blas)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread inside a `with` block: then the bytes do not depend on how many cores there are."""
    blas = _blas()
    threads, blas.threads = blas.threads, 1
    try:
        yield
    finally:
        blas.threads = threads


class _Worker:
    """A thread that does one piece of work at a time, and the two locks by which it is asked and answers."""

    def __init__(self, number: int) -> None:
        self.asked, self.finished = threading.Lock(), threading.Lock()
        self.asked.acquire()
        self.finished.acquire()
        self.work: Callable[[], Any] = lambda: None
        self.result: Any = None
        self.error: BaseException | None = None
        threading.Thread(target=self._serve, name=f"minigen-{number}", daemon=True).start()

    def _serve(self) -> None:
        while True:
            self.asked.acquire()
            try:
                self.result, self.error = self.work(), None
            except BaseException as error:
                self.result, self.error = None, error
            self.finished.release()

    def ask(self, work: Callable[[], Any]) -> None:
        """Have `work()` done."""
        self.work = work
        self.asked.release()

    def wait(self) -> None:
        """Return when it is done. Being woken up takes long, so look often for a while before going to sleep."""
        for _ in range(LOOKS):
            if self.finished.acquire(blocking=False):
                return
            _let_others_run()
        self.finished.acquire()

    def answer(self) -> Any:
        """What came of the work, which is then forgotten: its result, or its error raised."""
        result, error = self.result, self.error
        self.work, self.result, self.error = lambda: None, None, None
        if error is not None:
            raise error
        return result


_worker = functools.cache(_Worker)  # started when first asked for
_workers_are_taken = threading.Lock()


def _after_fork() -> None:
    """A fork copies the workers' locks, but not their threads."""
    _worker.cache_clear()
    if _workers_are_taken.locked():
        _workers_are_taken.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def split(length: int, cost: float) -> list[slice]:
    """range(length) in equal parts, one for each thread that is worth waking for `cost` multiply-adds in all.

    Inside of `run` it is one part, as BLAS has one thread then.
    """
    worth = min(length, int(cost // GRAIN))
    parts = min(worth, _blas().threads) if worth > 1 else 1  # to ask BLAS takes longer than small work
    bounds = [length * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def run(work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
    """[work(piece) for piece in pieces], all at the same time: the first here, each other one on its own thread.

    While another thread of the program is in here, they are done here one after the other.
    """
    with beside([functools.partial(work, piece) for piece in pieces[1:]]) as results:
        first = work(pieces[0])
    return [first, *results]


@contextlib.contextmanager
def beside(tasks: Sequence[Callable[[], Result]]) -> Iterator[list[Result]]:
    """Do each task on a thread of its own while the `with` block runs; then the list holds what came of them.

    While another thread of the program is in here, they are done after the block, one after the other.
    """
    blas = _blas()
    threads = blas.threads
    if threads > 1:
        blas.threads = 1
    results: list[Result] = []
    try:
        if not tasks or not _workers_are_taken.acquire(blocking=False):
            yield results
            results += [task() for task in tasks]
            return
        try:
            workers = [_worker(number) for number in range(1, len(tasks) + 1)]
            try:
                for worker, task in zip(workers, tasks, strict=True):
                    worker.ask(task)
                try:
                    yield results
                finally:  # even after an error, no thread writes to the arrays any more when this returns
                    for worker in workers:
                        worker.wait()
            except KeyboardInterrupt:  # also while asking or waiting: the next one would get an answer left over
                _worker.cache_clear()
                raise
            results += [worker.answer() for worker in workers]
        finally:
            _workers_are_taken.release()
    finally:
        if threads > 1:
            blas.threads = threads


def matmul(a: Array, b: Array, out: Array | None = None, bias: Array | None = None) -> Array:
    """a @ b for matrices (n, k) and (k, m), plus `bias` (m,); of a large product, each thread computes a part.

    A part is some rows or columns, and the bias is added to it while it is in the cache. `out` is where to write it.
    """
    (n, k), m = a.shape, b.shape[1]
    xp = xp_of(a, b)
    if n * k * m < SMALL_PRODUCT or xp is not np or k == 1:
        y: Array = np.multiply(a, b, out=out) if k == 1 and xp is np else xp.matmul(a, b, out=out)
        if bias is not None:
            y += bias
        return y
    y = np.empty((n, m), np.result_type(a.dtype, b.dtype)) if out is None else out

    def rows(part: slice) -> None:
        np.matmul(a[part], b, out=y[part])
        if bias is not None:
            y[part] += bias

    def columns(part: slice) -> None:
        np.matmul(a, b[:, part], out=y[:, part])
        if bias is not None:
            y[:, part] += bias[part]

    run(rows if n > m else columns, split(max(n, m), n * k * m))
    return y


def run_split(work: Callable[[slice], Result], length: int, cost: float) -> list[Result]:
    """[work(part), ...] for the parts of range(length) that `split` makes; small work is done as it is."""
    if cost < SMALL_PRODUCT:
        return [work(slice(0, length))]
    return run(work, split(length, cost))


def run_by_rows(work: Callable[[slice], Result], rows: Array, cost: float = ONE_ELEMENT) -> list[Result]:
    """[work(part), ...] for parts of the rows of a matrix, one for each thread; on a GPU, for all rows at once.

    `cost` is that of an element, in multiply-adds.
    """
    if xp_of(rows) is not np:
        return [work(slice(0, len(rows)))]
    return run_split(work, len(rows), rows.size * cost)


def run_in_parts(work: Callable[..., object], *arrays: Array, cost: float = ONE_ELEMENT) -> None:
    """work(*arrays) for arrays of one shape, each thread with some of the first axis; `cost` as in `run_by_rows`."""
    if not arrays[0].ndim:
        work(*arrays)
        return
    run_by_rows(lambda n: work(*(a[n] for a in arrays)), arrays[0], cost)


def by_channel(*arrays: Array) -> list[Array]:
    """Arrays (..., C) as matrices, and vectors (C,) to go with each of their rows.

    NumPy walks a row at a time, and the rows of a few channels are short; on the CPU several make one longer row, and
    the vectors are repeated as often.
    """
    x = arrays[0]
    channels = x.shape[-1]
    repeat = math.gcd(x.size // channels, max(1, 512 // channels)) if xp_of(x) is np else 1
    return [a.reshape(-1, repeat * channels) if a.ndim > 1 else xp_of(a).tile(a, repeat) for a in arrays]


def channel_sums(x: Array, factor: Array | None = None) -> Array:
    """The sum of x, or of x * factor, over all axes but the last: (..., C) -> (C,)."""
    xp, channels = xp_of(x), x.shape[-1]
    if xp is not np:
        return xp.sum((x if factor is None else x * factor).reshape(-1, channels), axis=0)
    given = by_channel(x) if factor is None else by_channel(x, factor)
    if x.size < SMALL_PRODUCT:
        return sums.row_sums(*given).reshape(-1, channels).sum(axis=0)
    parts = run_by_rows(lambda n: sums.row_sums(*(a[n] for a in given)), given[0], cost=1)
    return functools.reduce(operator.add, parts).reshape(-1, channels).sum(axis=0)
