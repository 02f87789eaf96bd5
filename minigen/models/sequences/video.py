"""Video as words: a VQ-VAE makes words of each frame, a Transformer says which words come next.

    1. frames to words    k = words of frame t, a grid (h, w) of numbers 1 ... K          (van den Oord et al. 2017)
    2. words to words     log p(k) = sum_i log p(k_i | k_1 ... k_(i-1)), over all words of all frames, in a row

(Yan et al. 2021, who let the VQ-VAE make words of several frames at once.) The words of a clip stand frame after
frame, row after row, behind a word that begins it. A clip goes on as its words do: those of the first frames are given,
the others are drawn one by one, and the decoder makes frames of them.

Two things can go wrong, and are measured apart. The decoder shows the words of the true frames at best: what the words
cannot say is lost. And the Transformer may go on otherwise than the truth did.

Lesson 17 explains the Transformer, and lesson 26 holds the clips against what needs no learning.
"""

import math
from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, xp_of
from ...data import Dataset
from ...distributions import Categorical
from ...errors import ShapeError, whole
from ...nn import Embedding, Module, Sequential, Sigmoid
from ...optim import Adam
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..memory import check_size
from ..networks import grid_decoder, grid_encoder
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, Recipe, Settings, Shape
from ..trainer import Metrics, Trainer
from ..vaes.vqvae import WORDS, VQAutoencoder, grid_of
from .language import LanguageModel
from .sequence_model import MOST, rising_then_falling
from .transformer import BLOCKS, FEATURES, HEADS, Transformer, check_heads


class WordsOfFrames(LanguageModel):
    """Logits of the next word, which is told where in its frame it stands: there all frames have something in common.

    (Yan et al. 2021 likewise have position encodings of space and of time.)

    Args:
        words: K; word K begins a clip. width: features of a place. body: see `Body`.
        grid: (h, w), the words of a frame.
        rng: where the weights are drawn from.
    """

    def __init__(self, words: int, width: int, body: Any, grid: tuple[int, int], rng: Generator | None = None) -> None:
        super().__init__(words + 1, width, body, rng=rng)
        self.in_frame = Embedding(math.prod(grid), width, rng=given_or_default(rng))
        self.in_frame.w.data *= np.float32(0.02)

    def forward(self, symbols: Array, state: Any = None) -> Tensor:
        """The logits of what comes after each place: integers (N, T) -> (N, T, K + 1)."""
        first = state.seen if state is not None else 0
        of_next = xp_of(symbols).arange(first, first + symbols.shape[1]) % self.in_frame.w.shape[0]
        return self.from_vectors(self.table(symbols) + self.in_frame(of_next), state)


class VideoGPT(Module):
    """An autoencoder of frames, and a model of the words of clips.

    Args:
        frames: the autoencoder, of frames (H, W, C).
        language: of its words.
        length: T, the frames of a clip. grid: (h, w), the words of a frame.
    """

    def __init__(self, frames: VQAutoencoder, language: WordsOfFrames, length: int, grid: tuple[int, int]) -> None:
        self.frames: Any = frames
        self.language, self.length, self.grid = language, length, grid

    def words_of(self, x: Tensor) -> Array:
        """The words of clips (N, t, H, W, C) behind the one that begins them: integers (N, 1 + t h w)."""
        if x.ndim != 5 or x.shape[1] > self.length:
            raise ShapeError(f"VideoGPT: clips have shape {x.shape}, expected (N, 1 ... {self.length}, H, W, C)")
        words = self.frames.words_of(in_a_row(x))
        return self.begun(words.reshape(x.shape[0], -1))

    def begun(self, words: Array) -> Array:
        """Words (N, M) behind the one that begins a clip."""
        xp = xp_of(words)
        return xp.concatenate([xp.full((len(words), 1), self.frames.words, words.dtype), words], axis=1)

    def nats_a_word(self, words: Array) -> Tensor:
        """-log p of the words (N, 1 + M) of clips, averaged over all but the first."""
        return -ops.mean(Categorical(self.language(words[:, :-1])).log_prob(words[:, 1:]))

    def prepare(self, x: Tensor) -> None:
        """Let the decoder begin at the mean pixel of clips x (N, T, H, W, C).

        Most of a frame is black. From grey, the first steps go straight to black, so far that a codebook is left whose
        words all mean the same.
        """
        mean = min(max(float(ops.mean(x).item()), 0.001), 0.999)
        self.frames.decoder[-2].b.data[...] = math.log(mean / (1 - mean))

    def continued(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """Clips that begin with the frames x (N, t, H, W, C) and go on as the model draws: (N, T, H, W, C)."""
        if x.shape[1] == self.length:
            return x
        words = self._drawn(self.words_of(x), given_or_default(rng))
        rest = self._shown(words[:, 1 + x.shape[1] * math.prod(self.grid) :])
        return ops.concatenate([x, rest], axis=1)

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """n clips of which nothing is given: (n, T, H, W, C)."""
        whole("n", n)
        none = xp_of(raw(self.frames.codebook)).zeros((n, 0), np.int64)
        return self._shown(self._drawn(self.begun(none), given_or_default(rng))[:, 1:])

    def _drawn(self, words: Array, rng: Generator) -> Array:
        """The words (N, 1 + m) of whole clips, (N, 1 + T h w), of which the first are given."""
        xp, missing = xp_of(words), 1 + self.length * math.prod(self.grid) - words.shape[1]
        with self.evaluating(), no_grad():
            state, logits = self.language.seen(words)
            for i in range(missing):
                possible = Categorical(logits[:, : self.frames.words])  # no clip begins within a clip
                new = raw(possible.sample(rng))[:, None]
                words = xp.concatenate([words, new], axis=1)
                if i + 1 < missing:
                    logits = self.language(new, state)[:, -1]
        return words

    def _shown(self, words: Array) -> Tensor:
        """The frames of words (N, t h w): (N, t, H, W, C)."""
        x = self.frames.decode(words.reshape(-1, *self.grid))
        return ops.reshape(x, (len(words), -1, *x.shape[1:]))


def in_a_row(x: Tensor) -> Tensor:
    """The frames of clips, one after the other: (N, T, H, W, C) -> (N T, H, W, C)."""
    return ops.reshape(x, (-1, *x.shape[2:]))


# --------------------------------------------------------------------------------------------------------- training


class VideoTrainer(Trainer):
    """A step of the autoencoder, then one of the Transformer on the words it has chosen, each with its own Adam.

    The words change their meaning while the autoencoder learns; both come to rest with the learning rates.

    Args:
        model: it is trained in place.
        schedule: of both learning rates.
    """

    def __init__(self, model: VideoGPT, schedule: Schedule) -> None:
        frames = model.frames
        self.optimizer = Adam([*frames.encoder.parameters(), *frames.decoder.parameters()], lr=schedule)
        self.language_optimizer = Adam(model.language.parameters(), lr=schedule, betas=(0.9, 0.99))
        self.language_optimizer.max_norm = MOST
        super().__init__(model, self.optimizer, self.language_optimizer)

    def prepare(self, x: Tensor) -> None:
        """See `VideoGPT.prepare`."""
        self.model.prepare(x)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """Both steps on the clips x (N, T, H, W, C); the terms of the losses, of a frame and of a word."""
        loss = self.model.frames.loss(in_a_row(x), rng)
        self.optimizer.step(loss.total)
        nats = self.model.nats_a_word(self.model.words_of(x))
        self.language_optimizer.step(nats)
        return {
            "loss": loss.total,
            "reconstruction": loss.reconstruction,
            "commitment": loss.commitment,
            "perplexity": loss.perplexity,
            "word_nats": nats,
        }

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The losses of clips that are not trained on."""
        sums: Metrics = {}
        for i in range(0, len(x), AT_ONCE):
            part = Tensor(x.data[i : i + AT_ONCE])
            share = len(part) / len(x)
            with no_grad():
                loss = self.model.frames.loss(in_a_row(part), rng)
                nats = self.model.nats_a_word(self.model.words_of(part))
            found = {"test_loss": loss.total, "test_reconstruction": loss.reconstruction, "test_word_nats": nats}
            sums = {name: share * value + sums.get(name, 0.0) for name, value in found.items()}
        return sums


AT_ONCE = 50  # clips that are evaluated at once

# ---------------------------------------------------------------------------------------------------------- recipes


def video_gpt(s: Settings, shape: Shape, rng: Generator) -> VideoGPT:
    """Convolutions with half as many channels as a word has features in the Transformer."""
    length, *frame = shape
    size = tuple(frame)
    channels = max(1, s.width // 2)
    encoder = grid_encoder(size, s.latent_dim, channels, rng)
    decoder = Sequential(*grid_decoder(s.latent_dim, size, channels, rng), Sigmoid())
    frames = VQAutoencoder(encoder, decoder, s.words, s.latent_dim, rng)
    grid = grid_of(size)
    body = Transformer(s.width, s.heads, s.depth, length * math.prod(grid), rng=rng)
    return VideoGPT(frames, WordsOfFrames(s.words, s.width, body, grid, rng), length, grid)


def check(s: Settings, data: Dataset) -> None:
    """The heads share the width; and a step keeps logits of each word and weights of attention, several times each."""
    check_heads(s.width, s.heads)
    places = data.shape[0] * math.prod(grid_of(data.shape[1:]))
    numbers = 6 * places * s.words + s.depth * (3 * s.heads * places**2 + 20 * places * s.width)
    check_size(s, numbers, 8 * s.words * (s.width + s.latent_dim) + 12 * s.depth * s.width**2)


def video_trainer(model: VideoGPT, s: Settings) -> VideoTrainer:
    """Learning rates that rise and then fall."""
    return VideoTrainer(model, rising_then_falling(s))


OPTIONS: tuple[Any, ...] = (
    STEPS(1500),
    BATCH_SIZE(16),
    LR(3e-3),
    LATENT_DIM(16),
    WORDS(128),
    BLOCKS(2),
    FEATURES(64),
    HEADS,
)

RECIPES = (
    Recipe(
        "video-gpt",
        "VQ-VAE of frames, and a Transformer over their words (van den Oord et al. 2017; Yan et al. 2021)",
        video_gpt,
        video_trainer,
        OPTIONS,
        takes=("clips",),
        shows=("continuations",),
        check=check,
        whole_batches="its codebook is placed by all vectors of a batch",
        meaning=lambda s: "the loss is a squared error per frame, with the commitment; word_nats is -log p of a word",
        unit=lambda s: "squared error",
    ),
)
