"""Randomness is explicit: every function that draws takes a `Generator`, and a generator starts from a seed.

Weights and permutations are drawn on the host, whatever the device, so that a CPU and a GPU run start equal. Noise
inside a training step is drawn on the device where it is used: same seed, same device, same numbers.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .backend import Array, default_device, module_for, to_device
from .errors import ArgumentError

SEEDS = 2**63  # how many there are, from 0: an integer of the machine holds each of them


def next_seed(seed: int) -> int:
    """The seed after this one; after the last comes the first."""
    return (seed + 1) % SEEDS


class Generator:
    """A seeded source of random arrays: one stream on the host and, once it is used, one on the CUDA device.

    Args:
        seed: an integer from 0 to 2^63 - 1.

    Raises:
        ArgumentError: it is none.
    """

    def __init__(self, seed: int = 0) -> None:
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < SEEDS:
            large = isinstance(seed, (int, np.integer)) and seed >= SEEDS
            got = f"one of {int(seed).bit_length()} bits" if large else repr(seed)
            raise ArgumentError(f"seed: expected an integer {'below 2^63' if large else '>= 0'}, got {got}")
        self.seed = int(seed)
        self.host = np.random.default_rng(self.seed)
        self._cuda: Any = None

    def _stream(self, device: str | None) -> Any:
        device = device or default_device()
        if device == "cpu":
            return self.host
        if self._cuda is None:
            self._cuda = module_for(device).random.default_rng(self.seed)
        return self._cuda

    def normal(self, shape: tuple[int, ...], *, dtype: DTypeLike = np.float32, device: str | None = None) -> Array:
        """Independent N(0, 1) numbers, drawn on `device` (default: the default device)."""
        return self._stream(device).standard_normal(shape, dtype=dtype)

    def uniform(self, shape: tuple[int, ...], *, dtype: DTypeLike = np.float32, device: str | None = None) -> Array:
        """Independent numbers, uniform on [0, 1), drawn on `device` (default: the default device)."""
        return self._stream(device).random(shape, dtype=dtype)

    def integers(self, high: int, shape: tuple[int, ...], *, device: str | None = None) -> Array:
        """Independent integers 0 ... high-1, drawn on the host and moved to `device` (default: the default device)."""
        return to_device(self.host.integers(high, size=shape), device or default_device())

    def permutation(self, n: int) -> np.ndarray:
        """The numbers 0 ... n-1 in random order, on the host."""
        return self.host.permutation(n)

    def spawn(self) -> "Generator":
        """A new generator whose numbers are independent of this one's; draws once from the host stream."""
        return Generator(int(self.host.integers(SEEDS)))

    def shards(self, numbers: Iterable[int]) -> list["Generator"]:
        """New generators, independent of each other and of this one, for shards with these numbers, from 0.

        They draw once from the host stream, however many there are: the generator of a number is the same for whoever
        asks for it, alone or among others.
        """
        drawn = int(self.host.integers(2**63))
        seeds = (np.random.SeedSequence((drawn, number)).generate_state(1, np.uint64)[0] for number in numbers)
        return [Generator(int(seed) % SEEDS) for seed in seeds]

    def state(self) -> dict[str, Any]:
        """Where the host stream stands, as numbers and strings that JSON can hold."""
        return dict(self.host.bit_generator.state)

    def load_state(self, state: dict[str, Any]) -> None:
        """Continue from `state()`: the host stream gives the same numbers; a CUDA stream starts anew, seeded by it.

        Raises:
            ArgumentError: not the state of such a stream. Nothing is changed then.
        """
        try:
            self.host.bit_generator.state = state
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            raise ArgumentError(f"state: not the state of a random stream ({error}); give what state() gave") from None
        ahead = np.random.Generator(type(self.host.bit_generator)())
        ahead.bit_generator.state = state
        self.seed, self._cuda = int(ahead.integers(2**63)), None

    def __repr__(self) -> str:
        return f"Generator(seed={self.seed})"


_default = Generator()


def default_generator() -> Generator:
    """The generator used by everything that is not given one of its own; `seed` sets it."""
    return _default


def seed(value: int) -> None:
    """Start the default generator anew from `value`."""
    global _default
    _default = Generator(value)


def given_or_default(rng: Generator | None) -> Generator:
    """The generator that an argument `rng` stands for: the default one for None; a seed in its place is an error."""
    if rng is None:
        return _default
    if not isinstance(rng, Generator):
        raise ArgumentError(f"rng: expected a Generator, got {rng!r}; write mg.Generator({rng!r})")
    return rng
