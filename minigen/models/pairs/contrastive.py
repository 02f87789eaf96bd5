"""Which picture has which name? Two encoders, and a contrast between the pairs of a batch (CLIP; Radford et al. 2021).

A picture and a name each become a vector of length 1, u_i and v_j. Of N pairs there are N x N combinations, of which N
are right. With a temperature t that is learnt too, each picture has to choose its name among the N, and each name its
picture (their figure 3):

    s_ij  =  u_i . v_j / t
    loss  =  1/2 mean_i [ -log softmax_j(s_ij) at j = i ]  +  1/2 mean_j [ -log softmax_i(s_ij) at i = j ]

Nothing says what a cat looks like: only that this picture goes with these words and not with those. A guess costs
log N, so a loss means something only beside the batch size. What is learnt serves for search in both directions, as
pictures and names now lie in one space.

Pictures are moved a little, and a name loses some of its words, whenever they are seen: 1252 pairs are few.

Lesson 23 uses it.
"""

import math
from typing import NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad
from ...backend import Array, device_of, to_device, xp_of
from ...nn import Module, Parameter, cross_entropy_loss
from ...optim import AdamW
from ...optim.schedules import Schedule
from ...random import Generator
from ..networks import conv_encoder
from ..recipe import BATCH_SIZE, LR, SCHEDULE, SCHEDULES, STEPS, WIDTH, Option, Recipe, Settings, Shape
from ..trainer import Metrics, Trainer
from .words import VOCABULARY, BagOfWords

HOTTEST, COLDEST, FIRST = 1.0, 0.01, 0.07  # temperatures; the last two are the paper's (section 2.5)


class ContrastiveLoss(NamedTuple):
    """Scalars: the loss in nats and the share of right choices, averaged over the batch, and the temperature."""

    total: Tensor
    accuracy: Tensor
    temperature: Tensor


class ContrastivePair(Module):
    """An encoder of pictures and one of names.

    Args:
        pictures: a module (N, *shape) -> (N, features).
        names: a module, integers (N, T) -> (N, features).
    """

    def __init__(self, pictures: Module, names: Module) -> None:
        self.pictures, self.names = pictures, names
        self.log_scale = Parameter(np.full(1, -math.log(FIRST), np.float32))  # log 1/t

    def encode_pictures(self, x: Tensor) -> Tensor:
        """Vectors of length 1 for pictures x (N, *shape): (N, features)."""
        return of_length_one(self.pictures(x))

    def encode_names(self, y: Array) -> Tensor:
        """Vectors of length 1 for names y (N, T): (N, features)."""
        return of_length_one(self.names(y))

    @property
    def scale(self) -> Tensor:
        """1 / t, one number in an array (1,)."""
        return ops.exp(ops.clip(self.log_scale, -math.log(HOTTEST), -math.log(COLDEST)))

    def similarities(self, x: Tensor, y: Array) -> Tensor:
        """s, over the temperature: each of the pictures x (N, *shape) beside each of the names y (M, T), (N, M)."""
        return self.scale * (self.encode_pictures(x) @ ops.transpose(self.encode_names(y)))

    def loss(self, x: Tensor, y: Array) -> ContrastiveLoss:
        """The loss of N pairs, pictures x (N, *shape) and names y (N, T), and how often the right one is chosen."""
        s = self.similarities(x, y)
        xp = xp_of(y)
        right = xp.arange(len(y))
        loss = (cross_entropy_loss(s, right) + cross_entropy_loss(ops.transpose(s), right)) / 2
        chosen = xp.stack([xp.argmax(s.data, axis=axis) == right for axis in (0, 1)])
        return ContrastiveLoss(loss, Tensor(xp.asarray(chosen.mean(), s.dtype)), ops.reshape(1 / self.scale, ()))


def of_length_one(v: Tensor) -> Tensor:
    """Vectors (N, features) divided by their lengths; one of length 0 stays what it is."""
    return v / ops.sqrt(ops.sum(v * v, axis=1, keepdims=True) + 1e-12)


# --------------------------------------------------------------------------------------------------------- training


class ContrastiveTrainer(Trainer):
    """AdamW on the loss of pairs that are changed a little.

    Args:
        model: it is trained in place.
        lr: the learning rate, a number or a schedule.
        weight_decay: AdamW's.
        moved: by how many pixels a picture is moved at most, in each direction.
        word_dropout: the share of words that a name loses, in training.
    """

    def __init__(
        self, model: ContrastivePair, lr: float | Schedule, weight_decay: float, moved: int, word_dropout: float
    ) -> None:
        self.optimizer = AdamW(model.parameters(), lr=lr, weight_decay=weight_decay)
        super().__init__(model, self.optimizer)
        self.moved, self.word_dropout = moved, word_dropout

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """One step on pictures x (N, *shape) and their names (N, T); metrics from before it."""
        (names,) = labels
        pictures = Tensor(moved(x.data, self.moved, rng))
        loss = self.model.loss(pictures, without_words(names, self.word_dropout, rng))
        self.optimizer.add(loss.total)
        self.optimizer.step()
        return self.mean([{"loss": loss.total, "accuracy": loss.accuracy, "temperature": loss.temperature}])

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The loss of pairs that are not trained on, and the share of right choices among them."""
        with no_grad():
            loss = self.model.loss(x, *labels)
        return {"test_loss": loss.total, "test_accuracy": loss.accuracy}


def moved(x: Array, most: int, rng: Generator) -> Array:
    """Pictures (N, H, W, C), each moved by up to `most` pixels in a direction of its own; the edge is drawn out."""
    n, height, width, _ = x.shape
    xp = xp_of(x)
    padded = xp.pad(x, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    down, right = to_device(rng.host.integers(2 * most + 1, size=(2, n, 1, 1)), device_of(x))
    rows, columns = xp.arange(height)[:, None] + down, xp.arange(width) + right
    return padded[xp.arange(n)[:, None, None], rows, columns]


def without_words(names: Array, share: float, rng: Generator) -> Array:
    """Names (N, T) without some of their words; one that would lose all keeps all."""
    xp = xp_of(names)
    kept = np.asarray(rng.host.random(names.shape) >= share)
    left = names * to_device(kept, device_of(names))
    return xp.where((left > 0).any(axis=1, keepdims=True), left, names)


# ---------------------------------------------------------------------------------------------------------- recipes

FEATURES = Option("features", 128, "length of the vectors of pictures and names", least=1, most=4096)
WEIGHT_DECAY = Option("weight_decay", 0.01, "pull of the weights towards 0, in units of the rate", least=0, most=10)
MOVED = Option("moved", 2, "pixels that a picture is moved by at most, in training", least=0, most=16)
WORD_DROPOUT = Option("word_dropout", 0.2, "share of words that a name loses, in training", least=0, below=1)
OPTIONS = (STEPS(2000), BATCH_SIZE(256), LR, WIDTH(32), SCHEDULE("cosine"))


def contrastive(s: Settings, shape: Shape, rng: Generator) -> ContrastivePair:
    """Convolutions of stride 2 beside a bag of words."""
    return ContrastivePair(conv_encoder(shape, s.features, s.width, rng), BagOfWords(s.vocabulary, s.features, rng))


def contrastive_trainer(model: ContrastivePair, s: Settings) -> ContrastiveTrainer:
    """As the options say."""
    return ContrastiveTrainer(model, SCHEDULES[s.schedule](s), s.weight_decay, s.moved, s.word_dropout)


def meaning_of_contrast(s: Settings) -> str:
    """What the loss is."""
    guess = math.log(s.batch_size)
    return (
        f"the loss is -log p of the right one among the {s.batch_size} of a batch, in nats, a guess's is {guess:.2f}; "
        f"test_loss is that among the held-out ones alone: fewer of them make it smaller; "
        f"name_recall is the share of held-out pictures whose name is among the 10 best, seen_ of those trained on"
    )


RECIPES = (
    Recipe(
        "contrastive",
        "which picture has which name: two encoders and a contrast (Radford et al. 2021)",
        contrastive,
        contrastive_trainer,
        (*OPTIONS, FEATURES, WEIGHT_DECAY, MOVED, WORD_DROPOUT, VOCABULARY),
        takes=("pairs",),
        shows=("similarities",),
        whole_batches="each pair is held against all others of its batch",
        meaning=meaning_of_contrast,
        unit=lambda s: "nats per choice",
    ),
)
