"""The VQ-VAE (van den Oord et al. 2017): an autoencoder whose codes are words of a codebook.

The encoder gives a vector z_e at each place of a coarse grid; it is replaced by the nearest of K vectors e_k:

    z_q = e_k,    k = argmin_j |z_e - e_j|^2                                              (their equations 1 and 2)

There is no gradient through an argmin. The decoder's gradient is handed to the encoder as if z_q were z_e (straight
through), and the loss has a term that keeps z_e near its vector, the commitment (equation 3):

    L = |x - decoder(z_q)|^2 + beta |z_e - stop(z_q)|^2

The codebook itself is not descended on: e_k is the running mean of the z_e that chose it (appendix A.1):

    N_k <- gamma N_k + (1 - gamma) n_k,    m_k <- gamma m_k + (1 - gamma) sum z_e,    e_k = m_k / N_k

A vector that nobody chooses would stay unused for ever; it is put at the place of a random z_e. To sample one needs a
distribution of the words: a prior over grids, learnt apart (`autoregressive/pixelcnn.py`).

No lesson derives it yet; lesson 5 explains the autoencoder that it starts from.
"""

import math
from typing import NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw, written
from ...backend import Array, xp_of
from ...data import Dataset
from ...errors import whole
from ...nn import Buffer, Module, Sequential, Sigmoid, one_hot, sum_features
from ...nn.layers import positive
from ...optim import Adam, cosine
from ...optim.schedules import Schedule
from ...random import Generator, given_or_default
from ..autoregressive.pixelcnn import PixelCNN
from ..memory import EACH_WEIGHT, check_size
from ..networks import grid_decoder, grid_encoder, levels_of
from ..recipe import BATCH_SIZE, LARGEST, LATENT_DIM, LR, STEPS, WIDTH, Option, Recipe, Settings, Shape
from ..trainer import Metrics, Trainer, evaluated_in_parts

BETA, GAMMA, RARE = 0.25, 0.99, 0.01


class VQLoss(NamedTuple):
    """Scalars, per example: total = reconstruction + beta commitment; the words in use, as a perplexity 1 ... K."""

    total: Tensor
    reconstruction: Tensor
    commitment: Tensor
    perplexity: Tensor


class VQAutoencoder(Module):
    """An encoder, a codebook, a decoder.

    Args:
        encoder: a module (N, *shape) -> (N, h, w, D).
        decoder: a module (N, h, w, D) -> (N, *shape).
        words: K. length: D.
        rng: for the codebook.
    """

    def __init__(self, encoder: Module, decoder: Module, words: int, length: int, rng: Generator | None = None) -> None:
        positive(words=words, length=length)
        self.encoder, self.decoder, self.words = encoder, decoder, words
        self.codebook = Buffer(given_or_default(rng).normal((words, length), device="cpu"))
        self.uses = Buffer(np.zeros(words, np.float32))  # N_k: none yet, so that the first batch places all vectors
        self.sums = Buffer(np.zeros((words, length), np.float32))  # m_k

    def nearest(self, z_e: Array) -> Array:
        """The nearest word of each vector: an array (M, D) -> (M,)."""
        e = self.codebook.data
        return ((e * e).sum(axis=1) - 2 * z_e @ e.T).argmin(axis=1)  # equation 1

    def words_of(self, x: Tensor) -> Array:
        """The words of examples x (N, *shape): integers (N, h, w)."""
        with no_grad():
            z_e = raw(self.encoder(x))
        return self.nearest(z_e.reshape(-1, z_e.shape[-1])).reshape(z_e.shape[:-1])

    def decode(self, words: Array) -> Tensor:
        """The examples of grids of words: integers (N, h, w) -> (N, *shape)."""
        return self.decoder(Tensor(self.codebook.data[words]))

    def loss(self, x: Tensor, rng: Generator | None = None) -> VQLoss:
        """The loss of examples x (N, *shape); in training the codebook is moved first."""
        z_e = self.encoder(x)
        flat = raw(z_e).reshape(-1, z_e.shape[-1])  # (N h w, D)
        chosen = self.nearest(flat)
        if self.training and not self.is_frozen:
            self._move(flat, chosen, given_or_default(rng))
            chosen = self.nearest(flat)
        z_q = self.codebook.data[chosen].reshape(z_e.shape)
        again = self.decoder(z_e + Tensor(z_q - raw(z_e)))  # straight through: of the value z_q, of the gradient z_e
        reconstruction = ops.mean(sum_features((x - again) ** 2))
        commitment = ops.mean(sum_features((z_e - Tensor(z_q)) ** 2))  # equation 3
        return VQLoss(reconstruction + BETA * commitment, reconstruction, commitment, self._perplexity(chosen))

    def _move(self, z_e: Array, chosen: Array, rng: Generator) -> None:
        """Running means of the vectors (M, D) that chose each word; rarely chosen words move to one of them."""
        xp = xp_of(z_e)
        of_word = one_hot(chosen, self.words)  # (M, K)
        for buffer, new in ((self.uses.data, of_word.sum(axis=0)), (self.sums.data, of_word.T @ z_e)):
            buffer[...] = GAMMA * buffer + (1 - GAMMA) * new  # N_k and m_k, appendix A.1
        # One place out of each K-th of the batch: two words at the same place would be one word.
        parts = xp.arange(self.words) + rng.uniform((self.words,), device=self.codebook.device)
        places = (parts * (len(z_e) / self.words)).astype(np.int64)
        rare = self.uses.data < RARE * self.uses.data.mean()
        rare |= self.uses.data <= 0
        self.sums.data[...] = xp.where(rare[:, None], z_e[places], self.sums.data)
        self.uses.data[...] = xp.where(rare, 1, self.uses.data)
        self.codebook.data[...] = self.sums.data / self.uses.data[:, None]
        written([self.uses, self.sums, self.codebook], "the codebook's move")

    def _perplexity(self, chosen: Array) -> Tensor:
        """e^entropy of the words in use: K if all are chosen equally often."""
        xp = xp_of(chosen)
        share = one_hot(chosen, self.words).mean(axis=0)
        return Tensor(xp.asarray(xp.exp(-(share * xp.log(share + 1e-10)).sum())))

    def reconstruct(self, x: Tensor) -> Tensor:
        """The decoder's examples at the words of x."""
        return self.decode(self.words_of(x))


class VQVAE(VQAutoencoder):
    """Such an autoencoder, with a prior over its grids of words.

    Args:
        encoder, decoder, words, length, rng: see `VQAutoencoder`.
        prior: over grids (h, w, 1) of `words` named levels.
    """

    def __init__(
        self, encoder: Module, decoder: Module, prior: PixelCNN, words: int, length: int, rng: Generator | None = None
    ) -> None:
        super().__init__(encoder, decoder, words, length, rng)
        self.prior = prior

    def sample(self, n: int, rng: Generator | None = None) -> Tensor:
        """The decoder's examples at n grids of words drawn from the prior."""
        whole("n", n)
        return self.decode(self.prior.draw(n, rng)[..., 0])


# --------------------------------------------------------------------------------------------------------- training


class VQTrainer(Trainer):
    """A step of the autoencoder, then one of the prior on the words it has chosen, each with an Adam of its own.

    The words change their meaning while the autoencoder learns; the prior follows, and both come to rest with the
    learning rates.

    Args:
        model: it is trained in place.
        schedule: of both learning rates.
    """

    def __init__(self, model: VQVAE, schedule: Schedule) -> None:
        self.optimizer = Adam([*model.encoder.parameters(), *model.decoder.parameters()], lr=schedule)
        self.prior_optimizer = Adam(model.prior.parameters(), lr=schedule)
        super().__init__(model, self.optimizer, self.prior_optimizer)

    def step(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """Both steps on the batch x (N, *shape); returns the terms of the losses, the prior's in nats per grid."""
        loss = self.model.loss(x, rng)
        self.optimizer.step(loss.total)
        prior = -self.model.prior.log_p(self.model.words_of(x)[..., None]).mean()
        self.prior_optimizer.step(prior)
        return {
            "loss": loss.total,
            "reconstruction": loss.reconstruction,
            "commitment": loss.commitment,
            "perplexity": loss.perplexity,
            "prior": prior,
        }

    def evaluate(self, x: Tensor, rng: Generator, *labels: Array) -> Metrics:
        """The losses of a batch that is not trained on."""
        numbers = self.model.prior.numbers
        return evaluated_in_parts(lambda part: self._evaluate(part, rng), x, numbers)

    def _evaluate(self, x: Tensor, rng: Generator) -> Metrics:
        with no_grad():
            loss = self.model.loss(x, rng)
            prior = -self.model.prior.log_p(self.model.words_of(x)[..., None]).mean()
        return {"test_loss": loss.total, "test_reconstruction": loss.reconstruction, "test_prior": prior}


# ---------------------------------------------------------------------------------------------------------- recipes

WORDS = Option("words", 64, "vectors in the codebook; --latent-dim is their length", least=1, most=LARGEST)


def vqvae(s: Settings, shape: Shape, rng: Generator) -> VQVAE:
    """Convolutions down to a small grid, and up again; pixels are in [0, 1]."""
    encoder = grid_encoder(shape, s.latent_dim, s.width, rng)
    decoder = Sequential(*grid_decoder(s.latent_dim, shape, s.width, rng), Sigmoid())
    prior = PixelCNN((*grid_of(shape), 1), s.words, 2 * s.width, kernel=5, named=True, rng=rng)
    return VQVAE(encoder, decoder, prior, s.words, s.latent_dim, rng)


def grid_of(shape: Shape) -> tuple[int, int]:
    """The places of a grid of words."""
    return shape[0] >> levels_of(shape), shape[1] >> levels_of(shape)


def check_words(s: Settings, data: Dataset) -> None:
    """A step keeps a number for each word at each place several times, and the prior's weights for each with Adam's."""
    kernel = 25 * 2 * s.width  # of the prior's first layer, and of its last: 2 width
    windows = 3 * 256 * 25  # of that layer, as many as are copied at once at the least: forward, and for two gradients
    weights = s.words * (kernel + 2 * s.width + windows / EACH_WEIGHT)
    check_size(s, 10 * math.prod(grid_of(data.shape)) * s.words, weights)


def vq_trainer(model: VQVAE, s: Settings) -> VQTrainer:
    """Learning rates that fall to 0."""
    return VQTrainer(model, cosine(s.lr, s.steps))


RECIPES = (
    Recipe(
        "vq-vae",
        "autoencoder with a codebook, and a prior over its words (van den Oord et al. 2017)",
        vqvae,
        vq_trainer,
        (STEPS(3000), BATCH_SIZE(64), LR(2e-3), LATENT_DIM(16), WIDTH(32), WORDS),
        shows=("reconstructions",),
        takes=("images",),
        check=check_words,
        whole_batches="its codebook is placed by all vectors of a batch",
        meaning=lambda s: "the loss is a squared error per image, with the commitment; the prior is in nats per grid",
        unit=lambda s: "squared error",
    ),
)
