"""A model of sequences: each symbol is given a distribution by those before it.

    log p(x) = sum_t log p(x_t | x_0 ... x_(t-1))        (the chain rule of probability; exact, no bound)

Three parts: an input, which makes a vector of each symbol; a body, which sees the vectors up to each place and none
after it; an output, which makes a distribution of the body's vector. A body maps (N, T, C) to (N, T, C), and can go on
where it has stopped: `state = body.start(n)`, then `body(h, state)` for the next vectors.

In training all places are predicted at once from the true symbols before them (teacher forcing; Williams and Zipser
1989). No lesson derives the chain rule of words yet.
"""

from typing import Any, Protocol

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array, xp_of
from ...data import PAD
from ...nn import Dropout, Module
from ...optim import AdamW, cosine, warmup
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..recipe import Option, Settings
from ..trainer import Metrics, Trainer

WARM_UP = 0.05  # of the steps: Adam's second moments are no means yet
MOST = 1.0  # norm of a gradient


class Body(Protocol):
    """What a body of a sequence model can do.

    Attributes:
        limit: how many vectors it can see at once; None if there is no limit.
    """

    limit: int | None

    def start(self, n: int) -> Any:
        """The state of n sequences of which nothing has been seen; `state.seen` counts."""

    def __call__(self, h: Tensor, state: Any = None) -> Tensor:
        """(N, T, C) -> (N, T, C); with a state, which it changes, after what the state has seen."""


class SequenceModel(Module):
    """A body with an input and an output.

    Args:
        body: see `Body`.
    """

    def __init__(self, body: Any) -> None:
        self.body = body

    @staticmethod
    def counted(x: Array) -> Array:
        """Which places but the first are there to be predicted: sequences (N, T+1, ...) -> (N, T), True or False."""
        return (x[:, 1:] != PAD).reshape(*x[:, 1:].shape[:2], -1)[:, :, 0]

    def log_probs(self, x: Array) -> Tensor:
        """log p of each place but the first given all before it, in nats; 0 where none is there to be predicted.

        Args:
            x: sequences (N, T+1, ...), whose places after the end hold PAD.

        Returns:
            (N, T).
        """
        raise NotImplementedError(f"{type(self).__name__}.log_probs: a sequence model is defined by this method")

    def log_prob(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """log p of whole sequences given their first place, in nats: (N, T+1, ...) -> (N,). It draws nothing."""
        return ops.sum(self.log_probs(x.data), axis=1)

    def seen(self, x: Array) -> tuple[Any, Tensor]:
        """A state that has seen the end of x (N, T, ...), as much as leaves room for more; and the next logits."""
        limit = self.body.limit
        if limit is not None and x.shape[1] > limit:
            x = x[:, -(limit // 2 + 1) :]
        state = self.body.start(len(x))
        return state, self(x, state)[:, -1]

    def prepare(self, x: Array) -> None:
        """What is set by the data before the first step, from some training examples (N, T+1, ...)."""

    def loss(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """-log p of a place, in nats, averaged over all that count; `rng` draws the masks of dropout."""
        for module in self.modules():
            if isinstance(module, Dropout):
                module.rng = given_or_default(rng)  # a run that is resumed draws the same
        places = xp_of(x.data).maximum(self.counted(x.data).sum(dtype=np.float32), 1)  # stays on the device
        return -ops.sum(self.log_probs(x.data)) / places


class SequenceTrainer(Trainer):
    """AdamW, with gradients clipped to norm 1 (Pascanu et al. 2013).

    Args:
        model: it is trained in place.
        schedule: of the learning rate.
        weight_decay: see `AdamW`.
    """

    def __init__(self, model: SequenceModel, schedule: Schedule, weight_decay: float = 0.0) -> None:
        self.optimizer = AdamW(model.parameters(), lr=schedule, betas=(0.9, 0.99), weight_decay=weight_decay)
        self.optimizer.max_norm = MOST
        super().__init__(model, self.optimizer)

    def prepare(self, x: Tensor) -> None:
        """See `SequenceModel.prepare`."""
        self.model.prepare(x.data)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on the batch x (N, T+1, ...); its loss in nats a place."""
        losses = []
        for shard in self.each(self.shards(x, rng)):
            loss = self.model.loss(shard.x, shard.rng)
            self.optimizer.add(loss)
            losses.append({"loss": loss})
        self.optimizer.step()
        return self.mean(losses)

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The loss of sequences that are not trained on."""
        with no_grad():
            return {"test_loss": self.model.loss(x, rng)}

    def weight(self, x: Tensor) -> int:
        """The places that count: a mean over batches is one over all places."""
        return int((self.model.counted(x.data)).sum())


# ---------------------------------------------------------------------------------------------------------- recipes

ALPHABET = Option("alphabet", "\n", "characters that the data have, in the order of their numbers", given_by_data=True)
DROPOUT = Option("dropout", 0.0, "share of the values that are left out in training", least=0, below=1)
WEIGHT_DECAY = Option(
    "weight_decay", 0.1, "pull of the weights towards 0, in units of the learning rate", least=0, most=10
)


def rising_then_falling(s: Settings) -> Schedule:
    """A twentieth of the steps upwards, then half a cosine wave down to a tenth of the rate."""
    return warmup(cosine(s.lr, s.steps, s.lr / 10), max(1, int(WARM_UP * s.steps)))


def sequence_trainer(model: SequenceModel, s: Settings) -> SequenceTrainer:
    """The trainer of all these models."""
    return SequenceTrainer(model, rising_then_falling(s), s.weight_decay)
