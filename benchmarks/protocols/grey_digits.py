"""The families of the yardstick, each on the 8x8 digits as 17 grey levels.

Tomczak's split of the digits in scikit-learn's order (intro_dgm, class `Digits`): 1000 images to train on, 350 to stop
by, 447 to test. His patience too: training ends when the validation images have not become likelier for 20 epochs, and
the weights of the best epoch are taken. Batches of 50, Adam at the rate that each entry names. Sizes and rates are the
best of a few that were tried, by the validation images: never by the test images.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minigen as mg
from minigen import ops
from minigen.autodiff import no_grad
from minigen.data.small_digits import all_digits
from minigen.metrics import nll
from minigen.models import IWAE, VAE
from minigen.models.autoregressive.grids import GridTrainer, log_softmax_at
from minigen.models.autoregressive.made import MADE
from minigen.models.autoregressive.pixelcnn import PixelCNN
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.ngram import NGram
from minigen.models.sequences.sequence_model import SequenceTrainer
from minigen.models.sequences.transformer import Transformer
from minigen.models.trainer import Trainer
from minigen.models.vaes.vae import VAETrainer
from minigen.nn import Reshape, Sequential

LEVELS, SHAPE, PIXELS = 17, (8, 8, 1), 64
PATIENCE, MOST, BATCH = 20, 400, 50
CODES = 5000
EXACT, ABOVE = "exact", "upper bound"


class Split(NamedTuple):
    """Levels 0 ... 16 of each part, (N, 64) integers."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


class Found(NamedTuple):
    """What an entry comes to.

    Attributes:
        nats: -log p of each test image, or a bound on it, (447,).
        kind: EXACT or ABOVE. how: how it was taken, in words. valid: the mean over the validation images.
        about: numbers that describe the model.
    """

    nats: np.ndarray
    kind: str
    how: str
    valid: float
    about: dict[str, Any]


def split() -> Split:
    """Tomczak's."""
    images = all_digits()[0].reshape(-1, PIXELS).astype(np.int64)
    return Split(images[:1000], images[1000:1350], images[1350:])


def images(levels: np.ndarray) -> np.ndarray:
    """Grey values in [0, 1]: (N, 64) -> (N, 8, 8, 1)."""
    return (levels / np.float32(LEVELS - 1)).astype(np.float32).reshape(-1, *SHAPE)


# --------------------------------------------------------------------------------------------------------- counting


def shares(levels: np.ndarray, weights: np.ndarray, smoothing: float) -> np.ndarray:
    """The share of each level at each pixel, after so much of a count was added to each: (64, 17)."""
    counts = np.stack([weights @ (levels == k) for k in range(LEVELS)], axis=1) + smoothing
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def log_p_of(tables: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """log p of images under independent pixels: tables (M, 64, 17), images (N, 64) -> (N, M)."""
    return np.stack([np.log(t)[np.arange(PIXELS), levels].sum(axis=1) for t in tables], axis=1)


def independent(parts: Split, seed: int) -> Found:
    """A table of levels for each pixel by itself."""
    ones, fits = np.ones(len(parts.train)), []
    for smoothing in (0.01, 0.03, 0.1, 0.3, 1.0):
        table = shares(parts.train, ones, smoothing)[None]
        fits.append((-float(log_p_of(table, parts.valid).mean()), smoothing, table))
    valid, smoothing, table = min(fits, key=lambda fit: fit[0])
    how = "counted; smoothing chosen by the validation images"
    return Found(-log_p_of(table, parts.test)[:, 0], EXACT, how, valid, {"smoothing": smoothing})


def mixture(parts: Split, seed: int) -> Found:
    """A mixture of such tables, by expectation and maximisation."""
    fits = [em(parts, m, smoothing, seed) for m in (5, 10, 20, 40) for smoothing in (0.03, 0.1, 0.3)]
    valid, m, smoothing, log_pi, tables = min(fits, key=lambda fit: fit[0])
    nats = -np.logaddexp.reduce(log_pi + log_p_of(tables, parts.test), axis=1)
    how = "EM; parts and smoothing chosen by the validation images"
    return Found(nats, EXACT, how, valid, {"parts": m, "smoothing": smoothing})


def em(parts: Split, m: int, smoothing: float, seed: int) -> tuple[float, int, float, np.ndarray, np.ndarray]:
    """(validation, m, smoothing, log weights (m,), tables (m, 64, 17)) of the best iteration."""
    rng = np.random.default_rng(seed)
    r = rng.dirichlet(np.ones(m), len(parts.train))  # how much of each image each part takes
    best: Any = (np.inf, m, smoothing, None, None)
    for _ in range(40):
        log_pi = np.log(r.mean(axis=0) + 1e-9)
        tables = np.stack([shares(parts.train, r[:, j], smoothing) for j in range(m)])
        joint = log_pi + log_p_of(tables, parts.train)
        r = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
        valid = -float(np.logaddexp.reduce(log_pi + log_p_of(tables, parts.valid), axis=1).mean())
        if valid < best[0]:
            best = (valid, m, smoothing, log_pi, tables)
    return best


def started(levels: np.ndarray) -> np.ndarray:
    """Sequences of 65 whose first symbol is given: (N, 64) -> bytes (N, 65)."""
    return np.pad(levels, ((0, 0), (1, 0))).astype(np.uint8)


def ngram(parts: Split, seed: int) -> Found:
    """Pixels as a text: Witten-Bell interpolation over the pixels just before, row by row."""
    fits = []
    for order in range(1, 6):
        model = NGram(order, LEVELS).fit(started(parts.train))
        fits.append((-float(model.log_prob(started(parts.valid)).mean()), order, model))
    valid, order, model = min(fits, key=lambda fit: fit[0])
    how = "counted; order chosen by the validation images; it does not know where in the image it is"
    return Found(-model.log_prob(started(parts.test)), EXACT, how, valid, {"order": order})


# --------------------------------------------------------------------------------------------------------- training


def fitted(trainer: Trainer, x: np.ndarray, valid: Callable[[], float], seed: int) -> tuple[float, dict[str, Any]]:
    """Train until the validation has not become better for PATIENCE epochs, and take the best weights.

    Args:
        x: training examples as the model takes them. valid: nats of the validation images.

    Returns:
        The best validation, and numbers to tell.
    """
    rng, best, state, since, epoch = mg.Generator(seed), np.inf, {}, 0, 0
    trainer.prepare(mg.Tensor(x[:500]))
    while epoch < MOST and since < PATIENCE:
        order = rng.permutation(len(x))
        trainer.model.train()
        for start in range(0, len(x), BATCH):
            trainer.step(mg.Tensor(x[order[start : start + BATCH]]), rng)
        epoch, since = epoch + 1, since + 1
        with trainer.model.evaluating(), no_grad():
            now = valid()
        if now < best:
            best, state, since = now, trainer.model.state_dict(), 0
    trainer.model.load_state_dict(state)
    trainer.model.eval()
    return best, {"epochs": epoch - since, "weights": trainer.model.n_parameters()}


def nats(model: Any, x: np.ndarray, draws: int = 1) -> np.ndarray:
    """-log_prob of each example, the mean over so many draws: (N, ...) -> (N,)."""
    rng = mg.Generator(12345)
    with model.evaluating(), no_grad():
        return -np.mean([model.log_prob(mg.Tensor(x), rng).numpy().astype(np.float64) for _ in range(draws)], axis=0)


def exactly(model: Any, trainer: Trainer, parts: Split, seed: int, as_seen: Callable[[np.ndarray], np.ndarray]) -> Found:
    """Of a model whose `log_prob` is exact."""
    train, valid, test = (as_seen(part) for part in parts)
    best, about = fitted(trainer, train, lambda: float(nats(model, valid).mean()), seed)
    return Found(nats(model, test), EXACT, "one pass of the network an image", best, about)


def made(parts: Split, seed: int) -> Found:
    """Dense layers with masks."""
    model = MADE(SHAPE, LEVELS, [300], named=True, rng=mg.Generator(seed))
    return exactly(model, GridTrainer(model, 1e-3), parts, seed, images)


def pixelcnn(parts: Split, seed: int) -> Found:
    """Convolutions with masks."""
    model = PixelCNN(SHAPE, LEVELS, 32, kernel=5, depth=4, rng=mg.Generator(seed))
    return exactly(model, GridTrainer(model, 2e-3), parts, seed, images)


def transformer(parts: Split, seed: int) -> Found:
    """Attention over the pixels before, each of which it knows by its place and level."""
    rng = mg.Generator(seed)
    model = LanguageModel(LEVELS, 64, Transformer(64, 4, 3, PIXELS, 0.1, rng), rng=rng)
    return exactly(model, SequenceTrainer(model, lambda t: 2e-3, 0.1), parts, seed, started)


def flow(parts: Split, seed: int) -> Found:
    """Couplings on dequantised pixels; the bound's noise is learnt."""
    from minigen.models.flows.flow import FlowTrainer
    from minigen.models.flows.realnvp import image_flow

    model = image_flow(SHAPE, LEVELS, 4, 48, mg.Generator(seed))
    train, valid, test = (images(part) for part in parts)
    best, about = fitted(FlowTrainer(model, 2e-3), train, lambda: float(nats(model, valid).mean()), seed)
    return Found(nats(model, test, 100), ABOVE, "variational dequantisation, the mean of 100 draws", best, about)


# ------------------------------------------------------------------------------------------------------------- VAEs


class Levels(NamedTuple):
    """A categorical distribution of each pixel: logits (N, 8, 8, 1, 17)."""

    logits: mg.Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        """Of images."""
        return tuple(self.logits.shape[:-1])

    def log_likelihood(self, x: mg.Tensor) -> mg.Tensor:
        """log p of images in [0, 1], (N,)."""
        return log_softmax_at(self.logits, np.rint(x.data * (LEVELS - 1)).astype(np.int64))


class GreyDecoder:
    """What makes a VAE one of grey levels: the decoder's output is taken as logits of 17 levels."""

    likelihood = "categorical"

    def likelihood_of(self, h: mg.Tensor) -> Levels:
        """See `VAE.likelihood_of`."""
        return Levels(h)


class GreyVAE(GreyDecoder, VAE):
    """Trained on one code."""

    def log_prob(self, x: mg.Tensor, rng: mg.Generator) -> mg.Tensor:
        """The ELBO of each image, from one code: a lower bound on log p."""
        bound = self.elbo(x, rng)
        return bound.log_likelihood - bound.kl


class GreyIWAE(GreyDecoder, IWAE):
    """Trained on several."""

    def log_prob(self, x: mg.Tensor, rng: mg.Generator) -> mg.Tensor:
        """L_k of each image."""
        log_w = self.log_weights(x, self.samples, rng)
        return ops.logsumexp(log_w, axis=1) - float(np.log(self.samples))


def vae_of(kind: Any, seed: int, **more: Any) -> Any:
    """16 codes, 200 hidden units both ways."""
    rng = mg.Generator(seed)
    encoder = dense_encoder(SHAPE, 2 * 16, [200], rng, init="glorot_uniform")
    inner = dense_decoder(16, (*SHAPE, LEVELS), [200], rng, init="glorot_uniform")
    model = kind(encoder, Sequential(*inner, Reshape(*SHAPE, LEVELS)), 16, **more)
    model.likelihood = "categorical"
    return model


def bounded(kind: Any, tight: bool, parts: Split, seed: int, **more: Any) -> Found:
    """Of a VAE or an IWAE: the ELBO, or the bound of CODES codes."""
    model = vae_of(kind, seed, **more)
    train, valid, test = (images(part) for part in parts)
    best, about = fitted(VAETrainer(model, 1e-3), train, lambda: float(nats(model, valid, 5).mean()), seed)
    if tight:
        found = nll(model, test, CODES, mg.Generator(seed + 1))
        return Found(found, ABOVE, f"{CODES} codes an image, nearly exact", best, about)
    return Found(nats(model, test, 100), ABOVE, "the ELBO, the mean of 100 codes an image", best, about)


ENTRIES: dict[str, Callable[[Split, int], Found]] = {
    "independent pixels": independent,
    "mixture of categoricals": mixture,
    "n-gram": ngram,
    "made": made,
    "pixelcnn": pixelcnn,
    "transformer": transformer,
    "realnvp": flow,
    "vae": lambda parts, seed: bounded(GreyVAE, False, parts, seed),
    "vae, 5000 codes": lambda parts, seed: bounded(GreyVAE, True, parts, seed),
    "iwae, 5000 codes": lambda parts, seed: bounded(GreyIWAE, True, parts, seed, samples=10),
}


def entry(name: str, seed: int) -> dict[str, Any]:
    """An entry of the table: trained, and measured on the test images."""
    parts, start = split(), time.process_time()
    found = ENTRIES[name](parts, seed)
    error = found.nats.std(ddof=1) / len(found.nats) ** 0.5
    return {
        "nats": round(float(found.nats.mean()), 2),
        "standard_error": round(float(error), 2),
        "valid": round(found.valid, 2),
        "kind": found.kind,
        "how": found.how,
        **found.about,
        "seed": seed,
        "cpu_seconds": round(time.process_time() - start, 1),
    }
