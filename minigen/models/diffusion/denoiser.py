"""What diffusion and flow matching share: a network of x, time and class, guidance, and the trainer.

Classifier-free guidance (Ho & Salimans 2022, equation 6). In training one label in ten is not told. So the network
knows both what leads to a class and what leads to any example at all, and away from "any" lies what is typical of the
class:

    f(x, t, y)  +  w (f(x, t, y) - f(x, t, not told))

w = 0 samples what was learnt. A larger w gives clearer examples of the class, and fewer different ones: it is a mean of
two outputs that has no density behind it any more.

The weights that are used in the end are averages over the last tenth of the training, or so (`HORIZON`): with a time
drawn anew at every step, single steps are noisy. An average that reaches farther back than the run is as bad as none.

Lesson 21 uses it, lesson 23 the guidance.
"""

from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array, device_of, module_for, to_device, to_numpy, xp_of
from ...errors import ArgumentError, ShapeError, is_whole, whole
from ...nn import Buffer, Module
from ...optim import EMA, Adam
from ...optim.check import is_number
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..labels import chosen_labels, given_labels
from ..trainer import Metrics, Trainer

Shape = tuple[int, ...]
NOT_TOLD = 0.1  # share of labels in training (Ho & Salimans, section 4.1: 0.1 or 0.2)
HORIZON = 0.1  # of the steps, that the average reaches back
MOST = 1.0  # norm of a gradient
USUAL_EVALUATIONS, MOST_EVALUATIONS = 50, 10_000
MOST_GUIDANCE = 100


class Denoiser(Module):
    """A network that is told a time, and the numbers that it works on.

    Pixels lie in [-1, 1]. Points are shifted and divided by their deviation first, which `prepare` measures.

    Args:
        network: (x (N, *shape), times (N,), labels (N,) or None) -> (N, *shape).
        shape: of an example. classes: how many, 0 for none.
        evaluations: of the network for a sample, where nothing else is asked for. most: that can be asked for.
        guidance: w, likewise.

    Raises:
        ArgumentError: a number that is impossible.
    """

    def __init__(
        self,
        network: Module,
        shape: Shape,
        classes: int,
        evaluations: int,
        guidance: float = 0.0,
        most: int = MOST_EVALUATIONS,
    ) -> None:
        self.network, self.shape, self.classes = network, shape, whole("classes", classes, least=0)
        self.most = most
        self.evaluations, self.guidance = checked_evaluations(evaluations, most), checked_guidance(guidance)
        self.centre = Buffer(np.zeros(shape[-1], np.float32))
        self.scale, self.reach = (Buffer(np.ones(1, np.float32)) for _ in range(2))

    def prepare(self, x: Tensor) -> None:
        """Take centre, deviation and reach of points from examples x (N, D)."""
        if x.ndim == 2:
            points = to_numpy(x.data).astype(np.float64)
            centre, scale = points.mean(axis=0), max(float((points - points.mean(axis=0)).std()), 1e-6)
            reach = np.abs((points - centre) / scale).max()
            for buffer, value in ((self.centre, centre), (self.scale, scale), (self.reach, reach)):
                buffer.data[...] = xp_of(buffer.data).asarray(value)

    def inside(self, x: Tensor) -> Tensor:
        """Examples (N, *shape) in the numbers that the network works on.

        Raises:
            ShapeError: they are of another shape.
        """
        if x.shape[1:] != self.shape:
            raise ShapeError(f"{type(self).__name__}: examples have shape {x.shape[1:]}, expected {self.shape}")
        return (x - self.centre) / self.scale

    def outside(self, x: Tensor) -> Tensor:
        """The way back."""
        return x * self.scale + self.centre

    def output(self, x: Tensor, t: np.ndarray, labels: Array | None = None, guidance: float = 0.0) -> Tensor:
        """f(x, t, y), away from f(x, t, not told): x (N, *shape), t (N,) in [0, 1], labels (N,) or None."""
        if not self.classes:
            return self.network(x, t)
        if labels is None:
            labels = self.nothing_told(len(x))
        if not guidance:
            return self.network(x, t, labels)
        xp = xp_of(x.data)
        told = xp.concatenate([labels, xp.full_like(labels, self.not_told)])
        told, not_told = ops.split(self.network(ops.concatenate([x, x]), np.concatenate([t, t]), told), 2)
        return told + guidance * (told - not_told)

    def some_told(self, labels: Array | None, n: int, rng: Generator) -> Array | None:
        """Labels of n examples in training, of which one in ten is "not told"; None without classes."""
        if not self.classes:
            return None
        labels = self.checked(labels, n)
        u = rng.uniform((n,), device=device_of(labels)).reshape(-1, *(1,) * (labels.ndim - 1))
        return xp_of(labels).where(u < NOT_TOLD, self.not_told, labels)

    @property
    def not_told(self) -> int:
        """The label that tells nothing."""
        return self.classes

    def nothing_told(self, n: int) -> Array:
        """The labels of n examples of which nothing is told."""
        return module_for(self.device).full(n, self.not_told, np.int64)

    def checked(self, labels: Array | None, n: int) -> Array:
        """The labels of n examples.

        Raises:
            ArgumentError, ShapeError: there are none, or not one for each.
        """
        return given_labels("a guided model", labels, n)

    def asked(self, n: int, label: Any, evaluations: int | None, guidance: float | None) -> tuple[Any, int, float]:
        """The labels of n samples, how many evaluations and what guidance, checked; what is not given is the model's.

        Raises:
            ArgumentError: a value that is impossible.
        """
        n = whole("n", n)
        evaluations = self.evaluations if evaluations is None else checked_evaluations(evaluations, self.most)
        guidance = self.guidance if guidance is None else checked_guidance(guidance)
        if not self.classes and (label is not None or guidance):
            raise ArgumentError("label and guidance: this model knows no classes; leave them out")
        return self.labels_of(n, label), evaluations, guidance

    def labels_of(self, n: int, label: Any) -> Array | None:
        """The labels of n samples: all of them `label`, or each in turn; None without classes.

        Raises:
            ArgumentError: there is no such label.
        """
        return to_device(chosen_labels(n, self.classes, label), self.device) if self.classes else None

    def start(self, n: int, rng: Generator | None) -> tuple[Tensor, Generator]:
        """Noise (n, *shape) to begin with, and where more of it comes from."""
        rng = given_or_default(rng)
        return Tensor(rng.normal((n, *self.shape), device=self.device)), rng


def spread_out(n: int, rng: Generator) -> np.ndarray:
    """n numbers in [0, 1), each uniform, all together even: one in each n-th of a circle (Kingma et al. 2021, I.1)."""
    return (np.arange(n) / n + float(rng.uniform((1,), device="cpu")[0])) % 1


def checked_evaluations(evaluations: int, most: int) -> int:
    """The evaluations of a network for a sample: diffusion takes no more than its noise levels.

    Raises:
        ArgumentError: they are no integer from 1 to `most`.
    """
    if not is_whole(evaluations) or not 1 <= evaluations <= most:
        limit = most if most == MOST_EVALUATIONS else f"{most}, the timesteps"
        raise ArgumentError(f"evaluations: expected an integer with 1 <= evaluations <= {limit}, got {evaluations!r}")
    return int(evaluations)


def checked_guidance(guidance: float) -> float:
    """w.

    Raises:
        ArgumentError: it is outside its range.
    """
    if not (is_number(guidance) and 0 <= guidance <= MOST_GUIDANCE):
        raise ArgumentError(f"guidance: expected a number with 0 <= guidance <= {MOST_GUIDANCE}, got {guidance!r}")
    return float(guidance)


def column(values: np.ndarray, x: Tensor) -> Array:
    """Numbers (N,), one for each example of x (N, *shape), that can be multiplied with it."""
    return to_device(np.asarray(values, x.dtype).reshape(-1, *(1,) * (x.ndim - 1)), x.device)


class DenoiserTrainer(Trainer):
    """Adam on the model's loss, with clipped gradients and averaged weights.

    Args:
        model: it is trained in place; its `loss` returns a named tuple of scalars, of which `total` is descended on.
        lr: a schedule. steps: how many there will be, for the average.
    """

    def __init__(self, model: Denoiser, lr: Schedule, steps: int) -> None:
        self.optimizer = Adam(model.parameters(), lr=lr)
        self.optimizer.max_norm = MOST
        super().__init__(model, self.optimizer)
        self.ema = EMA(model, max(0.0, 1 - 1 / (HORIZON * steps)))

    def prepare(self, x: Tensor) -> None:
        """See `Denoiser.prepare`; the average begins with what it measures."""
        self.model.prepare(x)
        assert self.ema is not None
        self.ema = EMA(self.model, self.ema.decay)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, *shape); returns the loss before it."""
        terms = []
        for shard in self.each(self.shards(x, rng, *labels)):
            loss = self.model.loss(shard.x, shard.rng, *shard.labels)
            self.optimizer.add(loss.total)
            terms.append({"loss": loss.total})
        self.optimizer.step()
        assert self.ema is not None
        self.ema.update()
        return self.mean(terms)

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The loss of a batch that is not trained on, and what else the model measures there."""
        with no_grad():
            return {"test_loss": self.model.loss(x, rng, *labels).total, **self.model.measures(x, rng, *labels)}
