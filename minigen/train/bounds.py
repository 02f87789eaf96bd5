"""Training a model whose loss is one number: a bound on the likelihood, or what else descends without an opponent."""

from typing import Any

from ..autodiff import Tensor, no_grad
from ..data import binarize
from ..nn import Module
from ..optim import Adam
from ..random import Generator
from .trainers import Metrics, Trainer


class BoundTrainer(Trainer):
    """Gradient descent with Adam on the `total` of `model.loss(x, rng)`, a named tuple of scalars.

    Args:
        model: it is trained in place.
        lr: the learning rate, a number or a schedule.
        eps: Adam's.
        binary: draw each pixel black or white anew, with the probability its grey level gives, whenever it is seen. A
            Bernoulli likelihood is one only of such pixels, and a fixed drawing would soon be learnt by heart.
    """

    def __init__(self, model: Module, lr: Any, *, eps: float = 1e-8, binary: bool = False) -> None:
        self.optimizer, self.binary = Adam(model.parameters(), lr=lr, eps=eps), binary
        super().__init__(model, self.optimizer)

    def step(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """One step on the batch x (N, *shape); returns the terms of its loss before the step."""
        loss = self._loss(x, rng)
        self.descend(self.optimizer, loss.total)
        return {"loss" if name == "total" else name: value for name, value in loss._asdict().items()}

    def evaluate(self, x: Tensor, rng: Generator, *labels: Any) -> Metrics:
        """The terms of the loss on a batch that is not trained on."""
        with no_grad():
            loss = self._loss(x, rng)
        return {"test_loss" if name == "total" else f"test_{name}": value for name, value in loss._asdict().items()}

    def _loss(self, x: Tensor, rng: Generator) -> Any:
        return self.model.loss(Tensor(binarize(x.data, rng)) if self.binary else x, rng)
