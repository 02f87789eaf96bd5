"""A variational autoencoder of lines, such as melodies (Bowman et al. 2016; Roberts et al. 2018, without hierarchy).

    q(z|x) = N(mean, std^2) of the last states of two GRUs, which read the line forwards and backwards
    p(x|z) = product over t of p(x_t | x_0 ... x_(t-1), z): a GRU that is given z at every step

A decoder that knows all symbols before the next one can do without z. Then KL(q(z|x) || p(z)) falls to 0 in the first
steps of training, and with it what the codes tell: the posterior collapses. Two remedies are used:

    word dropout    in training the decoder does not get to see a share of the symbols before, and has to ask z
                    (Bowman et al. 2016)
    free bits       the loss is -E[log p(x|z)] + max(KL, lambda): the first lambda nats of the KL cost nothing, so that
                    nothing pushes them out (Kingma et al. 2016; Roberts et al. 2018)

MusicVAE (Roberts et al. 2018, section 3.2) is for longer music. Its decoder has two levels: one GRU makes of z a vector
for each bar, another writes each bar from its vector alone, so that only z can tell a bar of those before. Here a line
is four bars, for which one level is enough.

Lesson 18 derives it.
"""

from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, no_grad, raw
from ...backend import Array, device_of, to_device, xp_of
from ...data import PAD, Dataset
from ...distributions import Categorical, Normal, gaussian_of, kl_to_standard_normal
from ...errors import ArgumentError, ShapeError, whole
from ...nn import Dense, Embedding, Module, sum_features
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..memory import check_size
from ..recipe import BATCH_SIZE, LATENT_DIM, LR, STEPS, WIDTH, Option, Recipe, Settings, Shape
from ..sequences.gru import GRULayer
from ..sequences.sampling import AS_THE_MODEL_SAYS, Draw, beginning
from ..sequences.sequence_model import ALPHABET, SequenceModel, rising_then_falling
from .iwae import log_mean_exp
from .vae import ELBO, VAELoss, VAETrainer, each, log_standard_normal

SAMPLES = 16  # codes of a line, for `log_prob`
LIKELIEST = Draw(temperature=0)


class MelodyVAE(Module):
    """An encoder of lines, a decoder that writes them, and the bound that trains both.

    Args:
        symbols: how many there are; 0 ends a line, and begins it.
        length: T, the symbols of a line besides the first.
        width: of symbols and states. latent_dim: the length of z.
        word_dropout: the share of symbols that the decoder does not get to see in training.
        free_bits: nats of the KL, of a line, that cost nothing.
        rng: where the weights are drawn from.
    """

    def __init__(
        self,
        symbols: int,
        length: int,
        width: int,
        latent_dim: int,
        word_dropout: float = 0.1,
        free_bits: float = 12.0,
        rng: Generator | None = None,
    ) -> None:
        positive(symbols=symbols, length=length, width=width, latent_dim=latent_dim)
        if not 0 <= word_dropout < 1:
            raise ArgumentError(f"word_dropout: expected 0 <= word_dropout < 1, got {word_dropout}")
        rng = given_or_default(rng)
        self.symbols, self.length, self.latent_dim = symbols, length, latent_dim
        self.word_dropout, self.free_bits = word_dropout, free_bits
        self.table = Embedding(symbols + 1, width, rng=rng)  # the last one: not to be seen
        self.readers = [GRULayer(width, width, rng), GRULayer(width, width, rng)]
        self.code = Dense(2 * width, 2 * latent_dim, rng=rng)
        self.writer = GRULayer(width, width, rng)
        self.begin = Dense(latent_dim, width, rng=rng)
        self.at_each_step = Dense(latent_dim, 3 * width, bias=False, rng=rng)
        self.head = Dense(width, symbols, rng=rng)

    # ------------------------------------------------------------------------------------------------- both networks

    def encode(self, x: Tensor) -> Normal:
        """q(z|x) of lines x, integers (N, T+1) with PAD after their end: a Normal of shape (N, latent_dim)."""
        line = raw(x)
        xp, n = xp_of(line), len(line)
        length = (line != PAD).sum(axis=1)  # (N,)
        place = xp.arange(line.shape[1])[None]
        mirrored = xp.where(place < length[:, None], length[:, None] - 1 - place, place)  # what is after the end stays
        read = []
        for reader, order in zip(self.readers, (xp.broadcast_to(place, line.shape), mirrored), strict=True):
            ids = xp.take_along_axis(_known(line), order, axis=1)
            states = reader(self.table(ids))  # (N, T+1, C)
            read.append(states[xp.arange(n), length - 1])  # when the last symbol has been read
        return gaussian_of(self.code(ops.concatenate(read, axis=1)), self.latent_dim, "MelodyVAE: the encoder")

    def write(self, ids: Array, z: Tensor, h: Tensor | Array) -> Tensor:
        """The writer's states after each of the symbols ids (N, t), from the state h (N, C) before: (N, t, C)."""
        p = self.writer.inputs(self.table(ids)) + ops.expand_dims(self.at_each_step(z), 1)
        return ops.gru(p, self.writer.w, self.writer.b, h)

    def first_state(self, z: Tensor) -> Tensor:
        """The writer's state before the first symbol, of codes z (N, latent_dim)."""
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise ShapeError(f"MelodyVAE: codes have shape {z.shape}, expected (N, {self.latent_dim})")
        return ops.tanh(self.begin(z))

    # ---------------------------------------------------------------------------------------------------- the bound

    def log_likelihood(self, x: Array, z: Tensor, rng: Generator | None = None) -> Tensor:
        """log p(x|z) of lines x (N, T+1) in nats, (N,); while training, a share of the symbols is not shown."""
        xp, known = xp_of(x), _known(x)
        shown = known[:, :-1]
        if self.training and self.word_dropout:
            hidden = given_or_default(rng).uniform(shown.shape, device=device_of(x)) < self.word_dropout
            hidden[:, 0] = False  # the first is always the same
            shown = xp.where(hidden, self.symbols, shown)
        logits = self.head(self.write(shown, z, self.first_state(z)))
        log_p = Categorical(logits).log_prob(known[:, 1:]) * Tensor(self.counted(x).astype(np.float32))
        return ops.sum(log_p, axis=1)

    counted = staticmethod(SequenceModel.counted)

    def elbo(self, x: Tensor, rng: Generator | None = None) -> ELBO:
        """The bound on log p(x) of each line, from one code."""
        rng = given_or_default(rng)
        q = self.encode(x)
        return ELBO(self.log_likelihood(x.data, q.sample(rng), rng), sum_features(kl_to_standard_normal(q)))

    def loss(self, x: Tensor, rng: Generator | None = None) -> VAELoss:
        """In nats a line, averaged over the batch: in training with free bits, else -ELBO; and its two parts."""
        log_likelihood, kl = self.elbo(x, rng)
        reconstruction, kl = -ops.mean(log_likelihood), ops.mean(kl)
        return VAELoss(reconstruction + (ops.maximum(kl, self.free_bits) if self.training else kl), reconstruction, kl)

    def log_prob(self, x: Tensor, rng: Generator | None = None) -> Tensor:
        """A bound on log p(x) of each line in nats, (N,): the importance-weighted one of 16 codes (see `iwae`)."""
        rng, n = given_or_default(rng), x.shape[0]
        encoded = self.encode(x)
        q = Normal(each(encoded.mean, SAMPLES), each(encoded.log_var, SAMPLES))
        z = q.sample(rng)
        with self.evaluating():
            log_p = self.log_likelihood(xp_of(x.data).repeat(x.data, SAMPLES, axis=0), z)
        log_w = log_p + sum_features(log_standard_normal(z) - q.log_prob(z))
        return log_mean_exp(ops.reshape(log_w, (n, SAMPLES)))

    # ------------------------------------------------------------------------------------------------ what it writes

    def decode(
        self, z: Tensor, rng: Generator | None = None, *, prompt: Array | None = None, length: int, draw: Draw
    ) -> Array:
        """Lines that are written from codes z (N, latent_dim), a symbol at a time.

        Args:
            z: what they are to be like. rng: where the draws come from.
            prompt: symbols (t,) that all begin with; default: symbol 0. length: how many are drawn at most.
            draw: how.

        Returns:
            Integers (N, t + length), or fewer if all have ended; PAD after the end.

        Raises:
            ShapeError, DTypeError, ArgumentError, NumericalError: of the prompt see `beginning`, of logits `finite`.
        """
        whole("length", length)
        rng = given_or_default(rng)
        x = to_device(np.tile(beginning(prompt, self.symbols, 0), (z.shape[0], 1)), self.device)
        xp, fed, ended = xp_of(x), x, False
        with self.evaluating(), no_grad():
            h: Any = self.first_state(z)
            for _ in range(length):
                h = self.write(fed, z, h)[:, -1]
                new = xp.where(ended, PAD, draw(self.head(h), rng))
                x = xp.concatenate([x, new[:, None]], axis=1)
                ended = (new == 0) | (new == PAD)
                if bool(ended.all()):
                    break
                fed = xp.where(new == PAD, 0, new)[:, None]
        return x

    def sample(
        self,
        n: int,
        rng: Generator | None = None,
        *,
        prompt: Array | None = None,
        length: int = 256,
        draw: Draw = AS_THE_MODEL_SAYS,
    ) -> Array:
        """n lines, each from a code z ~ N(0, 1) of its own; see `decode`."""
        whole("n", n)
        rng = given_or_default(rng)
        z = Tensor(rng.normal((n, self.latent_dim), device=self.device))
        return self.decode(z, rng, prompt=prompt, length=length, draw=draw)

    def from_codes(self, z: Tensor) -> Tensor:
        """At codes z (N, latent_dim) the line whose every symbol is the likeliest after those before it: (N, T+1)."""
        x = self.decode(z, length=self.length, draw=LIKELIEST)
        missing = self.length + 1 - x.shape[1]
        return Tensor(np.pad(x, ((0, 0), (0, missing)), constant_values=PAD) if missing else x)

    def reconstruct(self, x: Tensor) -> Tensor:
        """Such lines at the means of q(z|x)."""
        return self.from_codes(self.encode(x).mean)


def _known(x: Array) -> Array:
    """Symbols to be looked up: what is after the end has some, which counts for nothing."""
    return xp_of(x).where(x == PAD, 0, x).astype(np.int64)


# ---------------------------------------------------------------------------------------------------------- recipes

WORD_DROPOUT = Option(
    "word_dropout", 0.1, "share of symbols that the decoder does not see in training", least=0, below=1
)
FREE_BITS = Option("free_bits", 12.0, "nats of a line's KL that cost nothing", least=0, most=1e6)


def melody_vae(s: Settings, shape: Shape, rng: Generator) -> MelodyVAE:
    """Lines of T + 1 symbols; the first is given."""
    return MelodyVAE(len(s.alphabet), shape[0] - 1, s.width, s.latent_dim, s.word_dropout, s.free_bits, rng)


def melody_trainer(model: MelodyVAE, s: Settings) -> VAETrainer:
    """Adam, with a rate that rises and then falls."""
    return VAETrainer(model, rising_then_falling(s))


def check(s: Settings, data: Dataset) -> None:
    """A step keeps gates and states of two readers and a writer at all places, and the symbols' logits."""
    places, symbols = data.shape[0], len(data.alphabet)
    numbers = places * (36 * s.width + 5 * (s.width + symbols)) + 12 * s.latent_dim
    check_size(s, numbers, 18 * s.width**2 + 2 * s.width * symbols + 8 * s.width * s.latent_dim)


def what_the_loss_means(s: Settings) -> str:
    """For the end of a training."""
    loss = f"reconstruction + max({s.free_bits:g} free bits, kl)"
    return f"nats per line; the loss is {loss}, test_loss reconstruction + kl, a bound on -log p(x)"


RECIPES = (
    Recipe(
        "melody-vae",
        "VAE of melodies and other lines (Bowman et al. 2016; Roberts et al. 2018)",
        melody_vae,
        melody_trainer,
        (STEPS(3000), BATCH_SIZE(64), LR(4e-3), LATENT_DIM(32), WIDTH(128), WORD_DROPOUT, FREE_BITS, ALPHABET),
        takes=("lines",),
        example="melodies",
        shows=("reconstructions", "codes", "encodings", "log-probabilities"),
        check=check,
        meaning=what_the_loss_means,
        unit=lambda s: "nats per line",
    ),
)
