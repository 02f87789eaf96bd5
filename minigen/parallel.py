"""Two cores and more: pieces of work that do not touch each other, a thread for each; and who splits a product.

NumPy lets go of Python's lock while it computes, so plain threads run its work side by side. It pays for work of some
milliseconds in few calls, such as a convolution: its images are shared out, and each thread copies windows and
multiplies (`minigen.ops.conv`). It does not pay for a function of each element: a call below 0.1 ms spends longer on
getting the lock back than it computes.

NumPy's BLAS would split every product over threads of its own. Those know nothing of ours and keep a core busy for some
25 ms after each product, waiting for more. So while our threads work, BLAS is told to use one thread and afterwards
gets back what it had; and of other products, it splits only the large ones, those of wide dense layers (`matmul`).

The number of threads is the one BLAS is set to: OMP_NUM_THREADS=1 and `threadpoolctl.threadpool_limits(1)` hold here
too. Work is dealt out by position and never by who is free first: same number of threads, same bytes.
"""

import functools
import itertools
import math
import os
import threading
import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np

from .backend import Array, xp_of

# Waking a thread and waiting for it costs about 0.1 ms; in that time a core does this many multiply-adds.
GRAIN = 4_000_000
ONE_ELEMENT = 40  # as many multiply-adds as copying an element takes
LOOKS = 2000  # about 2 ms
SMALL_PRODUCT = 1 << 18  # multiply-adds below which BLAS itself stays on one thread
LARGE_PRODUCT = 32_000_000  # multiply-adds, 0.8 ms on a core
LONG_SUM = 128  # products with fewer terms in their sums wait for memory more than they compute

_let_others_run: Callable[[], Any] = getattr(os, "sched_yield", functools.partial(time.sleep, 0))

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


class _Task:
    """One piece of work for another thread, and what came of it."""

    def __init__(self, work: Callable[[Any], Any], piece: Any) -> None:
        self.work, self.piece = work, piece
        self.result: Any = None
        self.error: BaseException | None = None
        self.unfinished = threading.Lock()
        self.unfinished.acquire()

    def do(self) -> None:
        try:
            self.result = self.work(self.piece)
        except BaseException as error:
            self.error = error
        self.unfinished.release()

    def wait(self) -> None:
        """Return when the task is done. Being woken up takes long, so look often for a while before going to sleep."""
        for _ in range(LOOKS):
            if self.unfinished.acquire(blocking=False):
                return
            _let_others_run()
        self.unfinished.acquire()


def _work_forever(tasks: "SimpleQueue[_Task]") -> None:
    while True:
        tasks.get().do()


@functools.cache
def _queue(worker: int) -> "SimpleQueue[_Task]":
    """The tasks of a worker thread, which is started with the first."""
    tasks: SimpleQueue[_Task] = SimpleQueue()
    threading.Thread(target=_work_forever, args=(tasks,), name=f"minigen-{worker}", daemon=True).start()
    return tasks


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_queue.cache_clear)  # a fork takes the queues along, but not their threads


def split(length: int, cost: float) -> list[slice]:
    """range(length) in equal parts, one for each thread that is worth waking for `cost` multiply-adds in all.

    Inside of `run` it is one part, as BLAS has one thread then.
    """
    parts = max(1, min(_blas().threads, length, int(cost // GRAIN)))
    bounds = [length * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in itertools.pairwise(bounds)]


def run(work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
    """[work(piece) for piece in pieces], all at the same time: the first here, each other one on its own thread."""
    blas = _blas()
    threads = blas.threads
    if threads > 1:
        blas.threads = 1
    try:
        tasks = [_Task(work, piece) for piece in pieces[1:]]
        for worker, task in enumerate(tasks):
            _queue(worker).put(task)
        try:
            first = work(pieces[0])
        finally:  # whatever happens here, nobody writes to the arrays any more when this returns
            for task in tasks:
                task.wait()
    finally:
        if threads > 1:
            blas.threads = threads
    for task in tasks:
        if task.error is not None:
            raise task.error
    return [first, *(task.result for task in tasks)]


def matmul(a: Array, b: Array) -> Array:
    """a @ b for matrices (n, k) and (k, m). Only large products are given all of BLAS's threads; see above."""
    (n, k), m = a.shape, b.shape[1]
    if n * k * m < SMALL_PRODUCT or xp_of(a, b) is not np:
        return a @ b
    if k == 1:
        return a * b
    if n * k * m >= LARGE_PRODUCT and k >= LONG_SUM:
        return a @ b
    y: Any = np.empty((n, m), np.result_type(a.dtype, b.dtype))
    run(lambda _: np.matmul(a, b, out=y), [0])
    return y


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
    if factor is None:  # a row of ones times a matrix is the sum of its rows, and that product is the fastest way to it
        (rows,) = by_channel(x)
        sums = matmul(np.ones((1, rows.shape[0]), x.dtype), rows)
    else:
        sums = np.einsum("ij,ij->j", *by_channel(x, factor))  # one pass over both, and no array of products
    return sums.reshape(-1, channels).sum(axis=0)
