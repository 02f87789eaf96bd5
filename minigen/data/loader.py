"""Loader: the examples of an array in batches, each epoch in a new order that depends on the seed alone."""

import mmap
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..backend import Array, is_array, to_device, xp_of
from ..errors import ArgumentError, DTypeError, ShapeError
from ..random import Generator, given_or_default


class Loader:
    """Iterating gives one epoch of batches; iterating again gives the next, differently shuffled.

    Args:
        arrays: one array (N, ...), or several of the same length, such as examples and labels.
        batch_size: examples in a batch.
        rng: where the order comes from; default `Generator(0)`.
        shuffle: whether to shuffle at all.
        drop_last: leave out the last batch of an epoch if it is not full.
        device: where the batches lie. The arrays are moved there once, as a whole. Those on the disk (np.memmap) and
            overlapping windows of one text stay where they are, and are read batch by batch.
        transform: what to do with each batch of the first array, such as to scale it.
        part: (i, n) for the i-th of n equal parts of each batch, such as a process's own; the order is that of all.
    """

    def __init__(
        self,
        *arrays: Array,
        batch_size: int,
        rng: Generator | None = None,
        shuffle: bool = True,
        drop_last: bool = True,
        device: str = "cpu",
        transform: Callable[[Array], Array] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        for a in arrays:
            if not is_array(a):
                raise DTypeError(f"arrays: expected arrays, got {type(a).__name__}; of a data set, give x, or x and y")
        if not arrays or not all(a.ndim and len(a) == len(arrays[0]) for a in arrays):
            raise ShapeError(f"arrays: expected one or more of the same length, got shapes {[a.shape for a in arrays]}")
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ArgumentError(f"batch_size: expected an integer >= 1, got {batch_size!r}")
        if drop_last and batch_size > len(arrays[0]):
            raise ArgumentError(
                f"batch_size: {batch_size} exceeds the {len(arrays[0])} examples; take a smaller one or drop_last=False"
            )
        if batch_size % part[1]:
            raise ArgumentError(f"batch_size: {batch_size} examples cannot be cut into {part[1]} equal parts")
        self.arrays: list[Array] = [a if _stays(a) else to_device(a, device) for a in arrays]
        self.transform, self.part = transform, part
        self.batch_size, self.shuffle, self.drop_last, self.device = int(batch_size), shuffle, drop_last, device
        self.rng = Generator(0) if rng is None else given_or_default(rng)
        self._start = self._next = 0  # the batch to begin the next iteration with, and the one that is due in this one
        self._before: dict[str, Any] = {}  # the stream before the order of this iteration was drawn

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        full, rest = divmod(len(self.arrays[0]), self.batch_size)
        return full if self.drop_last or not rest else full + 1

    def __iter__(self) -> Iterator[Any]:
        n = len(self.arrays[0])
        start, self._start = self._start, 0
        self._before = self.rng.state()
        order = self.rng.permutation(n) if self.shuffle else np.arange(n)
        orders = [order if _stays(a) else to_device(order, self.device) for a in self.arrays]
        which, parts = self.part
        for i in range(start, len(self)):
            stop = min((i + 1) * self.batch_size, n)
            first, size = i * self.batch_size, stop - i * self.batch_size
            part = slice(first + size * which // parts, first + size * (which + 1) // parts)
            batch = [to_device(_taken(a, o[part]), self.device) for a, o in zip(self.arrays, orders, strict=True)]
            if self.transform:
                batch[0] = self.transform(batch[0])
            self._next = (i + 1) % len(self)
            yield tuple(batch) if len(batch) > 1 else batch[0]

    def state(self) -> dict[str, Any]:
        """Where the newest iteration stands: the random stream before its order was drawn, and which batch is next."""
        return {"rng": self._before if self._next else self.rng.state(), "next": self._next}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state()` of a loader of the same arrays: the next iteration is the rest of that epoch.

        Raises:
            ArgumentError: not such a state. Nothing is changed then.
        """
        due = state.get("next")
        if isinstance(due, bool) or not isinstance(due, int) or not 0 <= due < max(len(self), 1):
            raise ArgumentError(f"state: expected the next batch, 0 ... {len(self) - 1}, got {due!r}")
        self.rng.load_state(state.get("rng", {}))
        self._before, self._start, self._next = self.rng.state(), due, due


def _stays(a: Array) -> bool:
    """Whether an array stays where it is: on the disk, or as windows that share memory, which a copy would not."""
    if not isinstance(a, np.ndarray) or isinstance(a, np.memmap):
        return isinstance(a, np.memmap)
    low, high = np.lib.array_utils.byte_bounds(a)
    return bool(high - low < a.nbytes)


def _taken(a: Array, chosen: Array) -> Array:
    """The chosen examples of an array; pages read from the disk for them do not stay in memory."""
    if isinstance(a, np.ndarray) and not a.flags.c_contiguous:
        return np.asarray(a[chosen])  # take would copy the whole first
    batch = xp_of(a).take(a, chosen, axis=0)
    if not isinstance(a, np.memmap):
        return batch
    if a.mode == "r" and hasattr(mmap, "MADV_DONTNEED"):
        a._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]  # read-only: nothing is lost
    return np.asarray(batch)
