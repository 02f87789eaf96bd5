"""What lesson 23 trains: small scenes with names, emoji, pairs of encoders, and digits with labels."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

from ...autodiff import Tensor, no_grad
from ...backend import Array
from ...data import Dataset
from ...data.emoji import decode_names, encode_names, held_out, load_emoji, located, words_of
from ...metrics.retrieval import colour_histogram, names_by_bridge, recall_at
from ...models.diffusion.denoiser import DenoiserTrainer
from ...models.diffusion.flow_matching import FlowMatching
from ...models.diffusion.networks import Dense2
from ...models.networks import conv_encoder, dense_decoder, dense_encoder
from ...models.pairs.contrastive import ContrastivePair, ContrastiveTrainer
from ...models.pairs.words import BagOfWords
from ...models.vaes.joint import JointVAE
from ...models.vaes.vae import VAETrainer
from ...nn import Embedding, Module
from ...ops import sum as total
from ...optim import cosine, warmup
from ...random import Generator
from ...train import steps

SIDE, HELD_OUT = 16, 110  # pixels of a scene; scenes that are not trained on
COLOURS = {
    "orange": (0.84, 0.37, 0.0),
    "yellow": (0.94, 0.89, 0.26),
    "green": (0.0, 0.62, 0.45),
    "blue": (0.0, 0.45, 0.7),
    "pink": (0.8, 0.47, 0.65),
    "black": (0.0, 0.0, 0.0),
}
SHAPES = {
    "square": ("#######",) * 7,
    "cross": ("..###..", "..###..", "#######", "#######", "#######", "..###..", "..###.."),
    "ring": (".#####.", "#######", "##...##", "##...##", "##...##", "#######", ".#####."),
    "triangle": ("...#...", "...#...", "..###..", "..###..", ".#####.", ".#####.", "#######"),
}
MASKS = {name: np.array([[pixel == "#" for pixel in row] for row in rows]) for name, rows in SHAPES.items()}

# ----------------------------------------------------------------------------------------------------------- scenes


def scene_names() -> list[str]:
    """All 24 x 23 names of two different things, one above the other."""
    things = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
    return [f"{a} above {b}" for a, b in itertools.permutations(things, 2)]


def paint(names: Sequence[str], rng: np.random.Generator) -> np.ndarray:
    """A new picture for each name, (N, 16, 16, 3) in [0, 1]: the things lie anywhere from left to right."""
    x = np.ones((len(names), SIDE, SIDE, 3), np.float32)
    for picture, name in zip(x, names, strict=True):
        for row, thing in zip((0, 8), name.split(" above "), strict=True):
            colour, shape = thing.split()
            top, left = row + rng.integers(2), rng.integers(SIDE - 6)
            picture[top : top + 7, left : left + 7][MASKS[shape]] = COLOURS[colour]
    return (x * rng.uniform(0.8, 1.0, (len(x), 1, 1, 1)).astype(np.float32)).clip(0, 1)


def scenes() -> tuple[list[str], np.ndarray, tuple[str, ...], np.ndarray]:
    """The names (552), the places of their words (552, 5), the words, and which names are held out, (552,) of bool."""
    names = scene_names()
    words = words_of(names)
    return names, encode_names(names, words), words, held_out(names, HELD_OUT)


class WordsInOrder(Module):
    """A name as one vector: the sum of vectors, of which each word has another one at each place."""

    def __init__(self, vocabulary: int, longest: int, features: int, rng: Generator) -> None:
        self.vocabulary = vocabulary
        self.vectors = Embedding(vocabulary * longest, features, rng=rng)

    def forward(self, names: Array) -> Tensor:
        """Names (N, T) -> (N, features)."""
        return total(self.vectors(names + self.vocabulary * np.arange(names.shape[1])), axis=1)


def scene_pair(
    order: bool = False, n: int = 400, batch: int = 64, seed: int = 0, features: int = 32
) -> tuple[ContrastivePair, list[float]]:
    """A contrastive pair of scenes that are not held out, each painted anew whenever it is seen; and its losses."""
    names, y, words, out = scenes()
    rng, trained_on = Generator(seed), np.flatnonzero(~out)
    of_names: Module = BagOfWords(len(words), features, rng)
    if order:
        of_names = WordsInOrder(len(words), y.shape[1], features, rng)
    model = ContrastivePair(conv_encoder((SIDE, SIDE, 3), features, 16, rng), of_names)
    trainer = ContrastiveTrainer(model, warmup(cosine(3e-3, n), 20), 0.01, moved=0, word_dropout=0.0)

    def batches() -> Any:
        for _ in range(n):
            rows = rng.host.choice(trained_on, batch, replace=False)
            yield paint([names[i] for i in rows], rng.host), y[rows]

    return model, [float(m["loss"].item()) for _, m in steps(trainer, batches(), rng, n)]


def compared(model: ContrastivePair, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The cosine of each picture (N, ...) with each name (M, T): (N, M)."""
    with no_grad():
        return np.asarray(model.encode_pictures(Tensor(x)).numpy() @ model.encode_names(y).numpy().T)


def recalls(s: np.ndarray, seen: np.ndarray, k: int) -> dict[str, float]:
    """recall@k of pictures that look for their names, by cosines (N, N): of those trained on, and of those held out.

    Args:
        seen: (N,) of bool.
    """
    own = np.arange(len(s))
    return {name: recall_at(s[rows], own[rows], k) for name, rows in (("trained on", seen), ("held out", ~seen))}


def bridge(x: np.ndarray, y: np.ndarray, seen: np.ndarray, k: int) -> float:
    """recall@k of held-out pictures without learning: names like that of the known picture with the nearest colours."""
    colours = colour_histogram(x)
    suits = names_by_bridge(colours[~seen], colours[seen], y[seen], y)
    return recall_at(suits, np.flatnonzero(~seen), k)


# ------------------------------------------------------------------------------------------------------------ emoji


class Emoji(NamedTuple):
    """Pictures x (N, 16, 16, 3), names as text and as places of words y (N, T), the words, and who is trained on."""

    x: np.ndarray
    names: list[str]
    y: np.ndarray
    words: tuple[str, ...]
    seen: np.ndarray


def emoji() -> Emoji | None:
    """All emoji, of half the size, where the font is; else nothing."""
    if located() is None:
        return None
    parts = load_emoji("train"), load_emoji("test")
    x, y = np.concatenate([p.x for p in parts]), np.concatenate([np.asarray(p.y) for p in parts])
    small = x.reshape(-1, SIDE, 2, SIDE, 2, 3).mean(axis=(2, 4))
    return Emoji(small, decode_names(y, parts[0].words), y, parts[0].words, np.arange(len(x)) < len(parts[0]))


def emoji_pair(of: Emoji, n: int = 300, batch: int = 128, seed: int = 0) -> ContrastivePair:
    """A contrastive pair of the emoji that are trained on. Pictures are moved, and names lose words."""
    rng, trained_on = Generator(seed), np.flatnonzero(of.seen)
    model = ContrastivePair(conv_encoder((SIDE, SIDE, 3), 64, 16, rng), BagOfWords(len(of.words), 64, rng))
    trainer = ContrastiveTrainer(model, warmup(cosine(3e-3, n), 20), 0.01, moved=1, word_dropout=0.2)
    rows = (rng.host.choice(trained_on, batch, replace=False) for _ in range(n))
    for _ in steps(trainer, ((of.x[r], of.y[r]) for r in rows), rng, n):
        pass
    return model


# ----------------------------------------------------------------------------------------------------------- digits


def joint_vae(digits: Dataset, weight: float = 20.0, n: int = 700, latents: int = 8, seed: int = 0) -> JointVAE:
    """A joint VAE of images and labels."""
    rng, shape = Generator(seed), digits.shape
    model = JointVAE(
        dense_encoder(shape, 2 * latents, [200], rng),
        dense_decoder(latents, shape, [200], rng),
        dense_encoder((10,), 2 * latents, [50], rng),
        dense_decoder(latents, (10,), [50], rng),
        latents,
        10,
        label_weight=weight,
    )
    _fit(VAETrainer(model, warmup(cosine(3e-3, n), 20)), digits, n, rng)
    return model


def guided_flow(digits: Dataset, n: int = 600, width: int = 192, seed: int = 0) -> FlowMatching:
    """Velocities of digits as rows of 64 numbers in [-1, 1], with classes."""
    rng = Generator(seed)
    size = int(np.prod(digits.shape))
    model = FlowMatching(Dense2((size,), width, 3, 10, rng), (size,), classes=10, evaluations=20)
    flat = Dataset(digits.name, 2 * digits.x.reshape(-1, size) - 1, digits.y)
    trainer = DenoiserTrainer(model, warmup(cosine(2e-3, n), 20), n)
    _fit(trainer, flat, n, rng, 128)
    with trainer.averaged():
        averaged = model.state_dict()
    model.load_state_dict(averaged)
    return model


def _fit(trainer: Any, data: Dataset, n: int, rng: Generator, batch: int = 100) -> None:
    """n steps on random batches of examples and their labels."""
    rows = (rng.host.integers(len(data), size=batch) for _ in range(n))
    for _ in steps(trainer, ((data.x[r], np.asarray(data.y)[r]) for r in rows), rng, n):
        pass


def drawn_digits(flow: FlowMatching, w: float, each: int = 20, seed: int = 2) -> np.ndarray:
    """Digits 0, 1, ... 9, so many of each, by guidance w: (10 each, 8, 8, 1), about in [0, 1]."""
    asked = [flow.sample(each, Generator(seed), label=k, guidance=w).numpy() for k in range(10)]
    return np.asarray(np.concatenate(asked).reshape(-1, 8, 8, 1) / 2 + 0.5)


def nearest_label(x: np.ndarray, known: Dataset) -> np.ndarray:
    """The label of the nearest known image, a plain judge: (N,)."""
    distances = cdist(x.reshape(len(x), -1), known.x.reshape(len(known), -1), "sqeuclidean")
    return np.asarray(np.asarray(known.y)[distances.argmin(axis=1)])


def variety(x: np.ndarray, labels: np.ndarray) -> float:
    """The deviation of images of one label from their mean, sqrt of the sum of the variances, averaged over labels."""
    flat = x.reshape(len(x), -1)
    return float(np.mean([np.sqrt(flat[labels == k].var(axis=0).sum()) for k in np.unique(labels)]))
