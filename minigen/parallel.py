"""All cores of the CPU: pieces of work that do not touch each other, a thread for each; and the matrix product.

NumPy lets go of Python's lock while it computes, so plain threads run its work side by side: copies and element-wise
functions as well as matrix products. NumPy's BLAS would split a product over threads of its own, but those know
nothing of ours and keep a core busy for a while after each product, waiting for more. So while minigen computes, BLAS
is told to use one thread, and afterwards gets back what it had.

The number of threads is the one BLAS is set to: OMP_NUM_THREADS=1 and `threadpoolctl.threadpool_limits(1)` hold here
too. Work is dealt out by position and never by who is free first: same number of threads, same bytes.
"""

import functools
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
ONE_ELEMENT = 40  # as many multiply-adds as copying an element, or a simple function of it, takes
SMALL_PRODUCT = 1 << 18  # multiply-adds below which BLAS itself stays on one thread

PIECE = 1 << 15  # elements of an array, several of which fit a core's second-level cache
LOOKS = 2000  # about 2 ms
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
_this_thread = threading.local()  # .works: it is one of our threads, and leaves the others alone


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
    _this_thread.works = True
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
    """range(length) in equal parts, one for each thread that is worth waking for `cost` multiply-adds in all."""
    threads = 1 if getattr(_this_thread, "works", False) else _blas().threads
    parts = max(1, min(threads, length, int(cost // GRAIN)))
    bounds = [length * i // parts for i in range(parts + 1)]
    return [slice(a, b) for a, b in zip(bounds, bounds[1:], strict=False)]


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
    """a @ b for matrices (n, k) and (k, m); on the CPU the rows or columns of the result are split over the threads."""
    (n, k), m = a.shape, b.shape[1]
    if n * k * m < SMALL_PRODUCT or xp_of(a, b) is not np:
        return a @ b
    y: Any = np.empty((n, m), np.result_type(a.dtype, b.dtype))
    if n > m:
        run(lambda rows: np.matmul(a[rows], b, out=y[rows]), split(n, n * k * m))
    else:
        run(lambda columns: np.matmul(a, b[:, columns], out=y[:, columns]), split(m, n * k * m))
    return y


def in_pieces(function: Callable[..., Array], *arrays: Any) -> Array:
    """function(*arrays), for a function that computes each element from the elements at the same place.

    Large arrays are cut along their first axis into pieces, so that what the function computes in between stays in
    the cache, and the pieces are shared out to the threads. Arrays may broadcast; numbers may be among them.
    """
    largest = max((a.size for a in arrays if isinstance(a, np.ndarray)), default=0)
    if largest <= PIECE:
        return function(*arrays)
    shape = np.broadcast_shapes(*(np.shape(a) for a in arrays))
    size = math.prod(shape)
    step = max(1, PIECE * shape[0] // size)
    long = [np.ndim(a) == len(shape) and a.shape[0] == shape[0] for a in arrays]

    def piece(rows: slice) -> Array:
        return function(*(a[rows] if cut else a for a, cut in zip(arrays, long, strict=True)))

    first = piece(slice(0, step))
    y = np.empty(shape, first.dtype)
    y[:step] = first

    def share(part: slice) -> None:
        for start in range(step + part.start, step + part.stop, step):
            rows = slice(start, min(start + step, step + part.stop))
            y[rows] = piece(rows)

    if step < shape[0]:
        run(share, split(shape[0] - step, 5 * ONE_ELEMENT * size))
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


def channel_sums(function: Callable[..., Array], x: Array, *others: Array) -> Array:
    """The sum of function(x, *others), computed element by element, over all axes but the last: (..., C) -> (C,).

    In pieces, as `in_pieces`; a sum of sums also loses fewer digits than one long sum. A row of ones times a matrix
    is the sum of its rows, and that product is the fastest way to it.
    """
    channels = x.shape[-1]
    x, *others = by_channel(x, *others)  # type: ignore[assignment]
    if xp_of(x) is not np:
        return xp_of(x).sum(function(x, *others), axis=0)
    rows, length = x.shape
    step = max(1, PIECE // max(1, length))
    whole = [a.ndim == 1 for a in others]

    def share(part: slice) -> Array:
        total = np.zeros(length, x.dtype)
        for start in range(part.start, part.stop, step):
            n = slice(start, min(start + step, part.stop))
            values = function(x[n], *(a if vector else a[n] for a, vector in zip(others, whole, strict=True)))
            total += np.ones(values.shape[0], x.dtype) @ values
        return total

    first, *rest = run(share, split(rows, ONE_ELEMENT * x.size))
    for total in rest:
        first += total
    return first.reshape(-1, channels).sum(axis=0)
