"""What the training steps of all models share: a model, its optimizers, and their state as named arrays.

No lesson derives it.
"""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..autodiff import Tensor
from ..backend import Array
from ..errors import ArgumentError
from ..nn import Module
from ..optim import EMA, Optimizer
from ..random import Generator

Metrics = dict[str, Tensor]


class Trainer:
    """Takes the training steps of a model. Each kind of model has its own, in the model's file.

    Args:
        model: what is trained, in place.
        optimizers: one for each player.

    Attributes:
        ema: the average of some weights, to be used in their place in the end, or None.
    """

    def __init__(self, model: Module, *optimizers: Optimizer) -> None:
        self.model: Any = model
        self.optimizers = optimizers
        self.ema: EMA | None = None

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, *shape), and its labels (N,) if the model wants them; metrics from before it."""
        raise NotImplementedError(f"{type(self).__name__}.step: a trainer is defined by this method")

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """Metrics of a batch that is not trained on, prepared by `target`."""
        return {}

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
