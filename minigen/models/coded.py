"""Generators that are given more than noise: a class, and numbers that come to mean something.

What such a generator takes is one vector, a *code*: noise z ~ N(0, 1), then a class as a one-hot vector, then
continuous numbers c ~ U(-1, 1):

    [ z_1 ... z_d | 0 ... 1 ... 0 | c_1 ... c_m ]

so that everything that works with codes, such as the pictures of a latent space, works with these.

Some of their discriminators have to find the class again.
"""

from typing import Any

import numpy as np

from .. import ops
from ..autodiff import Tensor, raw
from ..backend import device_of, module_for, to_device, xp_of
from ..errors import ArgumentError, ShapeError
from ..nn import Module
from ..nn.layers import positive
from ..random import Generator, given_or_default
from .gan import GAN


def one_hot(labels: Any, classes: int) -> Any:
    """A 1 at the place of each label, else 0: integers (N,) -> float32 (N, classes)."""
    xp = xp_of(labels)
    return (labels[:, None] == xp.arange(classes)).astype(np.float32)


def evenly_drawn(n: int, classes: int, rng: Generator, device: str) -> Any:
    """n random labels (N,) in random order, each class as often as any other, give or take less than 2.

    Stratified sampling: label = floor(classes u), with one u from each n-th of [0, 1). Alone, each label is as likely
    as any other; together they do not leave a batch, and what batch norm makes of it, to chance.
    """
    order = module_for(device).argsort(rng.uniform((n,), device=device))
    return (classes * (order + rng.uniform((n,), device=device)) / n).astype(np.int64)


def each_in_turn(n: int, classes: int) -> np.ndarray:
    """n labels 0, 1, ... classes - 1, 0, 1, ...: in a picture of as many columns, each column is one class."""
    return np.arange(n) % classes


def chosen_labels(n: int, classes: int, label: int | None) -> np.ndarray:
    """The labels of n samples: all of them `label`, or each in turn.

    Raises:
        ArgumentError: there is no such label.
    """
    if label is None:
        return each_in_turn(n, classes)
    if not 0 <= label < classes:
        raise ArgumentError(f"label: expected 0 ... {classes - 1}, got {label}")
    return np.full(n, label)


class CodedGAN(GAN):
    """A GAN whose generator takes codes.

    Args:
        generator: a module (N, z_dim + classes + continuous) -> (N, *shape).
        discriminator: see the kinds of it.
        z_dim: the length of the noise in a code.
        classes: how many classes there are.
        continuous: how many continuous numbers a code ends with.
        settings: loss, penalty and pack, as of `GAN`.
    """

    def __init__(
        self,
        generator: Module,
        discriminator: Module,
        z_dim: int,
        classes: int,
        continuous: int = 0,
        **settings: Any,
    ) -> None:
        positive(z_dim=z_dim, classes=classes)
        super().__init__(generator, discriminator, z_dim + classes + continuous, **settings)
        self.z_dim, self.classes, self.continuous = z_dim, classes, continuous

    def noise(self, n: int, rng: Generator | None = None, labels: Any = None) -> Tensor:
        """n codes of the classes `labels` (N,), by default drawn evenly: (n, latent_dim)."""
        if n < 1:
            raise ArgumentError(f"n: expected a number of samples >= 1, got {n}")
        rng, device = given_or_default(rng), device_of(raw(self.parameters()[0]))
        if labels is None:
            labels = evenly_drawn(n, self.classes, rng, device)
        parts = [rng.normal((n, self.z_dim), device=device), one_hot(labels, self.classes)]
        if self.continuous:
            parts.append(2 * rng.uniform((n, self.continuous), device=device) - 1)
        return Tensor(xp_of(labels).concatenate(parts, axis=1))

    def class_of(self, codes: Any) -> Any:
        """The one-hot part of codes: (N, classes)."""
        return codes[:, self.z_dim : self.z_dim + self.classes]

    def continuous_of(self, codes: Any) -> Any:
        """The continuous part of codes: (N, continuous)."""
        return codes[:, self.z_dim + self.classes :]

    def sample(self, n: int, rng: Generator | None = None, label: int | None = None) -> Any:
        """n generated examples of one class, or of each in turn."""
        labels = to_device(chosen_labels(n, self.classes, label), device_of(raw(self.parameters()[0])))
        return self.from_codes(self.noise(n, rng, labels))


class ClassifyingGAN(CodedGAN):
    """A GAN whose discriminator also names the class: its outputs are (N, [s, class logits, others]), s of 'real'."""

    def source(self, x: Any) -> Any:
        """The logits of 'real' for examples x (N, *shape): (N, 1)."""
        return self.discriminator(x)[:, :1]

    def class_logits(self, x: Any) -> Any:
        """The logits of the classes for examples x (N, *shape): (N, classes)."""
        return self.discriminator(x)[:, 1 : 1 + self.classes]


def given_labels(model: str, labels: Any, n: int) -> Any:
    """The labels of n real examples.

    Raises:
        ArgumentError, ShapeError: there are none, or not one for each.
    """
    if labels is None:
        raise ArgumentError(f"labels: a {model} learns from examples with their labels, got none")
    if labels.shape != (n,):
        raise ShapeError(f"labels: expected one for each of the {n} examples, got shape {labels.shape}")
    return labels


def class_log_likelihood(logits: Any, classes: Any) -> Any:
    """The mean of log Q(class), in nats, of one-hot classes (N, K) under logits (N, K): a scalar."""
    return ops.mean(ops.sum(ops.log_softmax(logits) * classes, axis=1))
