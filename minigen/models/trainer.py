"""What the training steps of all models share: a model, its optimizers, the shards of a batch, and the state.

A batch may be cut into shards, on one process or several (`minigen.distributed`). A step then computes the gradient of
one shard after the other, and moves the weights by their mean:

    for shard in self.each(self.shards(x, rng, *labels)):  # one, unless the batch is cut
        self.optimizer.add(self.model.loss(shard.x, shard.rng).total)
    self.optimizer.step()

Whatever a model takes from its batch as a whole, it takes from the shard: the statistics of batch normalisation above
all ("ghost batches"; Hoffer, Hubara and Soudry 2017, algorithm 1).

Lesson 14 derives the mean of the shards' gradients.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..autodiff import Tensor, written
from ..backend import Array, xp_of
from ..distributed import Group, ShardMean, check_fit
from ..errors import ArgumentError
from ..nn import Module
from ..optim import EMA, Optimizer
from ..random import Generator

Metrics = dict[str, Tensor]


AT_ONCE = 1 << 25  # numbers in one array of what needs no gradient: 128 MiB of float32


def parts_of(count: int, numbers: int) -> list[slice]:
    """`count` examples in parts, so that an array with `numbers` numbers for each of a part's has at most AT_ONCE."""
    size = max(1, AT_ONCE // numbers)
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def evaluated_in_parts(evaluate: Callable[[Tensor], Metrics], x: Tensor, numbers: int) -> Metrics:
    """The means of what `evaluate` gives for parts of the examples x (N, *shape), see `parts_of`."""
    sums: Metrics = {}
    for part in parts_of(len(x), numbers):
        share = (part.stop - part.start) / len(x)
        for name, value in evaluate(Tensor(x.data[part])).items():
            sums[name] = sums[name] + share * value if name in sums else share * value
    return sums


class Shard(NamedTuple):
    """A part of a batch: examples (n, *shape), the source of their noise, and their labels (n,), if there are any."""

    x: Tensor
    rng: Generator
    labels: tuple[Array, ...]

    def part(self, i: int, parts: int) -> "Shard":
        """The i-th of so many parts, as equal as can be, with the same source of noise."""
        start, stop = (j * self.x.shape[0] // parts for j in (i, i + 1))
        return Shard(Tensor(self.x.data[start:stop]), self.rng, tuple(y[start:stop] for y in self.labels))


class Trainer:
    """Takes the training steps of a model. Each kind of model has its own, in the model's file.

    Args:
        model: what is trained, in place.
        optimizers: one for each player.

    Attributes:
        ema: the average of some weights, to be used in their place in the end, or None.
        group: the processes that take the steps together.
        cut: how many shards a batch is cut into, over all processes.
    """

    def __init__(self, model: Module, *optimizers: Optimizer) -> None:
        self.model: Any = model
        self.optimizers = optimizers
        self.ema: EMA | None = None
        self.group, self.cut = Group(), 1

    def join(self, group: Group, shards: int) -> None:
        """From here on, take the steps with the other processes of a group, on batches cut into so many shards.

        Args:
            group: see `minigen.distributed.world`. shards: of all processes; a power of two.

        Raises:
            ArgumentError: the numbers do not fit.
        """
        check_fit(group.size, shards)
        self.group, self.cut = group, shards
        for optimizer in self.optimizers:
            optimizer.join(group, shards)

    def prepare(self, x: Tensor) -> None:
        """What is set by the data before the first step, from some of the training examples x (N, *shape)."""

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, *shape), and its labels (N,) if the model wants them; metrics from before it.

        Of several processes, each gives its own part of the batch: N is the batch size over the number of processes.
        """
        raise NotImplementedError(f"{type(self).__name__}.step: a trainer is defined by this method")

    def shards(self, x: Tensor, rng: Generator, *labels: Array) -> list[Shard]:
        """This process's shards of a batch: x (N, *shape) and labels (N,) in equal parts, each with noise of its own.

        A batch that is not cut draws its noise from `rng` itself. Otherwise one number is drawn from it, the same in
        all processes, and each shard's noise comes from that number and the shard's.

        Raises:
            ArgumentError: the parts would not be equal.
        """
        whole = Shard(x, rng, labels)
        if self.cut == 1:
            return [whole]
        own = self.cut // self.group.size
        if x.shape[0] % own:
            raise ArgumentError(f"x: {x.shape[0]} examples cannot be cut into {own} equal shards; take a multiple")
        first = self.group.rank * own
        noise = rng.shards(range(first, first + own))
        return [whole.part(i, own)._replace(rng=noise[i]) for i in range(own)]

    def each(self, shards: Sequence[Shard]) -> Iterator[Shard]:
        """The shards of one update, one after the other. Each finds the same buffers, which in the end hold their mean.

        So running statistics are the mean of what each shard alone would have left.
        """
        if self.cut == 1:
            yield from shards
            return
        for optimizer in self.optimizers:
            optimizer.zero_grad()  # what an update that failed has left
        buffers = [buffer for _, buffer in self.model.named_buffers() if buffer.dtype.kind == "f"]
        before, mean = [buffer.data.copy() for buffer in buffers], ShardMean(self.group, self.cut)
        for shard in shards:
            for buffer, values in zip(buffers, before, strict=True):
                buffer.data[...] = values
            written(buffers, "the next shard")
            yield shard
            if buffers:
                mean.add(*(buffer.data for buffer in buffers))
        if buffers:
            mean.into(*(buffer.data for buffer in buffers))
            written(buffers, "the mean over the shards")

    def mean(self, metrics: Sequence[Mapping[str, Any]]) -> Metrics:
        """The mean over all shards of all processes, given the metrics of each of this process's shards.

        It has no graph: what nobody descended on would keep one, and the batch with it.
        """
        if self.cut == 1:
            (only,) = metrics
            return {name: value.detach() for name, value in only.items()}
        mean = ShardMean(self.group, self.cut)
        for one in metrics:
            mean.add(*(value.data for value in one.values()))
        found = {name: Tensor(xp_of(value.data).empty_like(value.data)) for name, value in metrics[0].items()}
        mean.into(*(value.data for value in found.values()))
        return found

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """Metrics of a batch that is not trained on, prepared by `target`."""
        return {}

    def weight(self, x: Tensor) -> int:
        """How much a batch counts in a mean over batches: its examples, unless a model says otherwise."""
        return x.shape[0]

    def target(self, x: Tensor, rng: Generator) -> Tensor:
        """What the model is to explain of a batch: the batch itself, unless a model says otherwise."""
        return x

    @property
    def watches(self) -> bool:
        """Whether every step looks for a NaN or an infinity before it changes a weight; see `Optimizer`."""
        return all(optimizer.watches for optimizer in self.optimizers)

    def watch(self, always: bool) -> None:
        """Let every step look, on a GPU too."""
        for optimizer in self.optimizers:
            optimizer.watches |= always

    def settle(self, batches: Iterable[Tensor]) -> None:
        """What is left to do once the last step is taken, with batches of training examples."""

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Use the averaged weights inside a `with` block, if there are any."""
        with self.ema.swapped() if self.ema else contextlib.nullcontext():
            yield

    def state(self) -> dict[str, np.ndarray]:
        """Copies of all that changes from step to step: model, optimizers, average."""
        parts = {"model": self.model.state_dict(), "ema": self.ema.state() if self.ema else {}}
        parts |= {f"optimizer{i}": optimizer.state() for i, optimizer in enumerate(self.optimizers)}
        return {f"{part}/{name}": np.asarray(value) for part, state in parts.items() for name, value in state.items()}

    def order(self) -> list[list[str]]:
        """The names of each optimizer's parameters, in the order in which its vectors hold them."""
        names = {id(tensor): name for name, tensor in self.model.named_parameters()}
        return [[names.get(id(p), "") for p in optimizer.flat.params] for optimizer in self.optimizers]

    def load_state(self, state: dict[str, np.ndarray]) -> None:
        """Go on from `state()` of a trainer with the same settings.

        Raises:
            ArgumentError, ShapeError, DTypeError: it is of another one.
        """
        parts: dict[str, dict[str, np.ndarray]] = {}
        for name, value in state.items():
            part, _, rest = name.partition("/")
            parts.setdefault(part, {})[rest] = value
        expected = {"model", *(f"optimizer{i}" for i in range(len(self.optimizers))), *(["ema"] if self.ema else [])}
        if parts.keys() != expected:
            raise ArgumentError(f"state: expected the parts {sorted(expected)}, got {sorted(parts)}")
        self.model.load_state_dict(parts["model"])
        for i, optimizer in enumerate(self.optimizers):
            optimizer.load_state(parts[f"optimizer{i}"])
        if self.ema:
            self.ema.load_state(parts["ema"])
