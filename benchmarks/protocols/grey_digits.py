"""The families of the yardstick, each on the 8x8 digits as 17 grey levels.

Tomczak's split of the digits in scikit-learn's order (intro_dgm, class `Digits`): 1000 images to train on, 350 to stop
by, 447 to test. His patience too: training ends when the validation images have not become likelier for 20 epochs, and
the weights of the best epoch are taken. Batches of 50, Adam at the rate that each entry names.

Of MADE, 200, 500 and two layers of 200 hidden units were tried, 200 with direct connections, and levels as numbers
or as a 1 in the place of each. The validation images chose, never the test images. The other families have the sizes
that were tried first.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minigen as mg
from minigen.autodiff import no_grad
from minigen.lessons.pictures.yardstick import LEVELS, PIXELS, SHAPE, GreyVAE, grey_vae, images, log_p_of, shares, split
from minigen.metrics import nll
from minigen.models import IWAE
from minigen.models.autoregressive.grids import GridTrainer
from minigen.models.autoregressive.made import MADE
from minigen.models.autoregressive.pixelcnn import PixelCNN
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.ngram import NGram
from minigen.models.sequences.sequence_model import SequenceTrainer
from minigen.models.sequences.transformer import Transformer
from minigen.models.trainer import Trainer
from minigen.models.vaes.iwae import log_mean_exp
from minigen.models.vaes.vae import VAETrainer

PATIENCE, MOST, BATCH = 20, 400, 50
CODES, AVERAGED = 5000, 100  # codes of a VAE; epochs, over a tenth of which a diffusion model's weights are averaged
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


# --------------------------------------------------------------------------------------------------------- counting


def independent(parts: Split, seed: int) -> Found:
    """A table of levels for each pixel by itself."""
    fits = []
    for smoothing in (0.01, 0.03, 0.1, 0.3, 1.0):
        table = shares(parts.train, smoothing=smoothing)
        fits.append((-float(log_p_of(table, parts.valid).mean()), smoothing, table))
    valid, smoothing, table = min(fits, key=lambda fit: fit[0])
    how = "counted; smoothing chosen by the validation images"
    return Found(-log_p_of(table, parts.test), EXACT, how, valid, {"smoothing": smoothing})


def mixture(parts: Split, seed: int) -> Found:
    """A mixture of such tables, by expectation and maximisation."""
    fits = [em(parts, m, smoothing, seed) for m in (5, 10, 20, 40) for smoothing in (0.03, 0.1, 0.3)]
    valid, m, smoothing, log_pi, tables = min(fits, key=lambda fit: fit[0])
    nats = -mixed(log_pi, tables, parts.test)[1]
    how = "EM; parts and smoothing chosen by the validation images"
    return Found(nats, EXACT, how, valid, {"parts": m, "smoothing": smoothing})


def mixed(log_pi: np.ndarray, tables: list[np.ndarray], levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log p of images (N, 64) with each part (N, M), and of all parts together (N,)."""
    joint = log_pi + np.stack([log_p_of(table, levels) for table in tables], axis=1)
    return joint, np.asarray(np.logaddexp.reduce(joint, axis=1))


def em(parts: Split, m: int, smoothing: float, seed: int) -> tuple[float, int, float, np.ndarray, list[np.ndarray]]:
    """(validation, m, smoothing, log weights (m,), m tables) of the best iteration."""
    taken = np.random.default_rng(seed).dirichlet(np.ones(m), len(parts.train))  # by each part of each image
    best: Any = (np.inf, m, smoothing, None, None)
    for _ in range(40):
        log_pi = np.log(taken.mean(axis=0) + 1e-9)
        tables = [shares(parts.train, weights, smoothing) for weights in taken.T]
        joint, together = mixed(log_pi, tables, parts.train)
        taken = np.exp(joint - together[:, None])
        valid = -float(mixed(log_pi, tables, parts.valid)[1].mean())
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
        with trainer.averaged(), trainer.model.evaluating(), no_grad():
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


def exactly(
    model: Any, trainer: Trainer, parts: Split, seed: int, as_seen: Callable[[np.ndarray], np.ndarray]
) -> Found:
    """Of a model whose `log_prob` is exact."""
    train, valid, test = (as_seen(part) for part in parts)
    best, about = fitted(trainer, train, lambda: float(nats(model, valid).mean()), seed)
    return Found(nats(model, test), EXACT, "one pass of the network an image", best, about)


def made(parts: Split, seed: int) -> Found:
    """Dense layers with masks."""
    model = MADE(SHAPE, LEVELS, [200], direct=True, rng=mg.Generator(seed))
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


def diffusion(parts: Split, seed: int) -> Found:
    """A U-Net that takes noise away, in a thousand steps."""
    from minigen.models.diffusion.ddpm import Diffusion
    from minigen.models.diffusion.denoiser import DenoiserTrainer
    from minigen.models.diffusion.networks import UNet
    from minigen.models.diffusion.noise import Noise

    model = Diffusion(UNet(SHAPE, 32, 0, mg.Generator(seed)), SHAPE, Noise(1000, "cosine"), levels=LEVELS)
    train, valid, test = (2 * images(part) - 1 for part in parts)
    trainer = DenoiserTrainer(model, lambda t: 1e-3, AVERAGED * len(train) // BATCH)
    best, about = fitted(trainer, train, lambda: float(nats(model, valid).mean()), seed)
    return Found(nats(model, test, 20), ABOVE, "the bound, 320 of its 1000 terms an image", best, about)


# ------------------------------------------------------------------------------------------------------------- VAEs


class TrainedVAE(GreyVAE):
    """Trained on one code."""

    def log_prob(self, x: mg.Tensor, rng: mg.Generator) -> mg.Tensor:
        """The ELBO of each image, from one code: a lower bound on log p."""
        bound = self.elbo(x, rng)
        return bound.log_likelihood - bound.kl


class TrainedIWAE(GreyVAE, IWAE):  # type: ignore[misc]  # the decoder of the one, the loss of the other
    """Trained on several."""

    def log_prob(self, x: mg.Tensor, rng: mg.Generator) -> mg.Tensor:
        """L_k of each image."""
        return log_mean_exp(self.log_weights(x, self.samples, rng))


def bounded(kind: Any, tight: bool, parts: Split, seed: int, **more: Any) -> Found:
    """Of a VAE or an IWAE: the ELBO, or the bound of CODES codes."""
    model = grey_vae(seed=seed, kind=kind, **more)
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
    "ddpm": diffusion,
    "vae": lambda parts, seed: bounded(TrainedVAE, False, parts, seed),
    "vae, 5000 codes": lambda parts, seed: bounded(TrainedVAE, True, parts, seed),
    "iwae, 5000 codes": lambda parts, seed: bounded(TrainedIWAE, True, parts, seed, samples=10),
}


def entry(name: str, seed: int) -> dict[str, Any]:
    """An entry of the table: trained, and measured on the test images."""
    parts, start = Split(*split()), time.process_time()
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
