"""Denoising diffusion (Ho, Jain & Abbeel 2020): learn to take away a little noise, and begin with nothing else.

A network sees x_t = a_t x + s_t z (see `noise`) and t, and guesses what is in it. From a guess at z, or at
v = a_t z - s_t x (Salimans & Ho 2022, section 4), follows one at the example:

    x' = (x_t - s_t z') / a_t           or           x' = a_t x_t - s_t v'

The loss is the mean square error of the guess at z (Ho et al., equation 14) or at v. At every noise level this is
lesson 13's denoiser, whose best answer is the mean of all x that may be behind x_t.

To draw, go from t to an earlier s, again and again (Song, Meng & Ermon 2021, equations 12 and 16), with z' from x':

    x_s = a_s x' + sqrt(s_s^2 - c^2) z' + c z,     c = eta (s_s / s_t) sqrt(1 - a_t^2 / a_s^2),     z ~ N(0, 1)

With eta = 1 and all T steps this is the ancestral sampling of Ho et al. ('ddpm'); with eta = 0 nothing is random after
the beginning ('ddim'), and few steps, taken evenly out of T, do nearly as well.

The bound. Drawn backwards, x_T, ..., x_1, x is a chain of latent variables, so there is an ELBO, as for a VAE:

    -log P(x) <= KL(q(x_T|x) || N(0, 1)) + sum_t KL(q(x_{t-1}|x_t, x) || p(x_{t-1}|x_t)) + E[-log P(x|x_1)]

All KLs are between Gaussians. Those in the middle become (Kingma et al. 2021, equations 13 to 15, R = a^2 / s^2)

    1/2 (R_{t-1} - R_t) ||x - x'||^2

Nothing obliges the chain to end at 1. Pixels with few levels are told exactly by an x_t with a little noise in it, and
what lies below is only a chance to lose nats; so the last latent is x_f with the first f whose noise is a quarter of
the distance between two levels, and P(x|x_f) is the level that fits, by Bayes with an even prior.

Lesson 21 derives it.
"""

import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, xp_of
from ...data import Dataset
from ...distributions import LOG_2PI
from ...errors import one_of, whole
from ...nn import Module, sum_features
from ...optim import warmup
from ...random import Generator, given_or_default
from ..recipe import (
    BATCH_SIZE,
    CLASSES_OF_DATA,
    DEPTH,
    LR,
    SCHEDULE,
    SCHEDULES,
    STEPS,
    WIDTH,
    Option,
    Recipe,
    Settings,
    Shape,
)
from ..trainer import Metrics
from .denoiser import (
    MOST_EVALUATIONS,
    MOST_GUIDANCE,
    USUAL_EVALUATIONS,
    Denoiser,
    DenoiserTrainer,
    checked_evaluations,
    column,
    spread_out,
)
from .networks import denoising_network
from .noise import SCHEDULES as NOISES
from .noise import Noise

GUESSES, SAMPLERS = ("v", "noise"), ("ddim", "ddpm")
DRAWS = 16  # of t for each example, where the bound is estimated
LAST_NOISE = 0.25  # of the distance between two levels
AT_ONCE = 1 << 22  # numbers that are held against all levels


class DiffusionLoss(NamedTuple):
    """A scalar: the mean square error of the guess, of a number."""

    total: Tensor


class Bound(NamedTuple):
    """The terms of the bound on -log P(x) for each example, in nats: (N,) each."""

    prior: Tensor
    steps: Tensor
    decoder: Tensor

    @property
    def total(self) -> Tensor:
        """The bound."""
        return self.prior + self.steps + self.decoder


class Diffusion(Denoiser):
    """A denoiser of T noise levels.

    Args:
        network, shape, classes, evaluations, guidance: see `Denoiser`; by default up to 50 evaluations.
        noise: the schedule. guesses: 'v' or 'noise', what the network guesses.
        levels: of pixels in [-1, 1]; 0 for real numbers.
        sampler: 'ddim' or 'ddpm'.

    Raises:
        ArgumentError: a name that is unknown, or a number that is impossible.
    """

    def __init__(
        self,
        network: Module,
        shape: Shape,
        noise: Noise,
        guesses: str = "v",
        levels: int = 0,
        classes: int = 0,
        evaluations: int | None = None,
        guidance: float = 0.0,
        sampler: str = "ddim",
    ) -> None:
        evaluations = min(USUAL_EVALUATIONS, noise.steps) if evaluations is None else evaluations
        super().__init__(network, shape, classes, evaluations, guidance, most=noise.steps)
        self.noise, self.levels = noise, whole("levels", levels, least=0)
        self.guesses, self.sampler = one_of("guesses", guesses, GUESSES), one_of("sampler", sampler, SAMPLERS)
        coarse = noise.deviation[1:] / noise.signal[1:] >= LAST_NOISE * 2 / max(levels - 1, 1)
        self.last_latent = 1 + int(coarse.argmax()) if levels else 1  # f

    def noised(self, x: Tensor, t: np.ndarray, z: Tensor) -> Tensor:
        """x_t = a_t x + s_t z for x (N, *shape), t (N,) from 0 to T."""
        return column(self.noise.signal[t], x) * x + column(self.noise.deviation[t], x) * z

    def loss(self, x: Tensor, rng: Generator | None = None, labels: Array | None = None) -> DiffusionLoss:
        """The mean square error of the guess at one noise level for each example of x (N, *shape)."""
        x, rng, n = self.inside(x), given_or_default(rng), len(x)
        t = 1 + np.floor(self.noise.steps * spread_out(n, rng)).astype(int)
        z = Tensor(rng.normal(x.shape, dtype=x.dtype, device=x.device))
        target = z
        if self.guesses == "v":
            target = column(self.noise.signal[t], x) * z - column(self.noise.deviation[t], x) * x
        guess = self.output(self.noised(x, t, z), t / self.noise.steps, self.some_told(labels, n, rng))
        return DiffusionLoss(ops.mean((guess - target) ** 2))  # equation 14

    def guess(self, x_t: Tensor, t: np.ndarray, labels: Array | None = None, guidance: float = 0.0) -> Tensor:
        """x', a guess at the example behind x_t (N, *shape); no number lies farther out than one of the data."""
        a, s = column(self.noise.signal[t], x_t), column(self.noise.deviation[t], x_t)
        out = self.output(x_t, t / self.noise.steps, labels, guidance)
        guess = a * x_t - s * out if self.guesses == "v" else (x_t - s * out) / a
        reach = self.reach.data
        return ops.clip(guess, -reach, reach)

    def earlier(self, x_t: Tensor, guess: Tensor, t: int, s: int, eta: float, rng: Generator) -> Tensor:
        """x_s for x_t (N, *shape) and the guess at the example, with s < t."""
        (a_t, a_s), (s_t, s_s) = self.noise.signal[[t, s]], self.noise.deviation[[t, s]]
        z = (x_t - float(a_t) * guess) / float(s_t)
        c = eta * s_s / s_t * math.sqrt(1 - (a_t / a_s) ** 2)
        x_s = float(a_s) * guess + math.sqrt(max(s_s**2 - c**2, 0.0)) * z  # Song et al., equation 12
        if c == 0:
            return x_s
        return x_s + float(c) * Tensor(rng.normal(x_t.shape, dtype=x_t.dtype, device=x_t.device))

    def sample(
        self,
        n: int,
        rng: Generator | None = None,
        label: int | None = None,
        evaluations: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
    ) -> Tensor:
        """n examples, from noise in so many evaluations of the network, at most T.

        Args:
            label: the class, or each in turn. guidance: w. sampler: 'ddim' or 'ddpm'.

        Raises:
            ArgumentError: a value that is impossible.
        """
        return self.drawn(n, given_or_default(rng), label, evaluations, guidance, sampler)

    def drawn(
        self,
        n: int,
        rng: Generator,
        label: Any,
        evaluations: int | None,
        guidance: float | None,
        sampler: str | None,
    ) -> Tensor:
        """See `sample`; of all that can be told."""
        labels, evaluations, guidance = self.asked(n, label, evaluations, guidance)
        sampler = self.sampler if sampler is None else one_of("sampler", sampler, SAMPLERS)
        x, rng = self.start(n, rng)
        for t, s in itertools.pairwise(self.noise.fewer(evaluations).tolist()):
            guess = self.guess(x, np.full(n, t), labels, guidance)
            x = self.earlier(x, guess, t, s, 1.0 if sampler == "ddpm" else 0.0, rng)
        return self.outside(x)

    def bound(self, x: Tensor, rng: Generator | None = None, labels: Array | None = None, draws: int = DRAWS) -> Bound:
        """The bound on -log P(x) of each example of x (N, *shape), or on the density where there are no levels.

        Args:
            labels: of the examples, for a bound on -log P(x|y); without them nothing is told.
            draws: of t for each example, evenly over the chain, whose terms are estimated by them without a bias; each
                costs one evaluation of the network.
        """
        draws = whole("draws", draws)
        x, rng, n, first = self.inside(x), given_or_default(rng), len(x), self.last_latent

        def noisy(t: np.ndarray) -> Tensor:
            return self.noised(x, t, Tensor(rng.normal(x.shape, dtype=x.dtype, device=x.device)))

        a, s = float(self.noise.signal[-1]), float(self.noise.deviation[-1])
        prior = sum_features(0.5 * (a * a * x * x + (s * s - 1 - math.log(s * s))))
        count, steps = self.noise.steps - first, Tensor(xp_of(x.data).zeros(n, x.dtype))
        for i in range(draws):
            u = rng.uniform((n,), dtype=np.float64, device="cpu")  # no example depends on another
            t = first + 1 + np.floor(count * (i + u) / draws).astype(int)
            drop = column(self.noise.ratio(t - 1) - self.noise.ratio(t), x)
            square = (x - self.guess(noisy(t), t, labels)) ** 2
            steps = steps + count / draws * 0.5 * sum_features(square * drop)  # Kingma et al., equation 15
        return Bound(prior, steps, -self._log_decoder(x, noisy(np.full(n, first)), first))

    def _log_decoder(self, x: Tensor, x_f: Tensor, f: int) -> Tensor:
        """log P(x|x_f) of each example; of real numbers the density of x = x_f / a_f, with the noise of x_f."""
        a, s = float(self.noise.signal[f]), float(self.noise.deviation[f])
        log_fit = -0.5 * ((x_f - a * x) / s) ** 2
        if not self.levels:
            return sum_features(log_fit - 0.5 * LOG_2PI - math.log(s / a) - ops.log(self.scale))
        levels = xp_of(x.data).linspace(-1, 1, self.levels, dtype=x.dtype)
        sums, part = [], max(1, AT_ONCE // (math.prod(self.shape) * self.levels))
        for i in range(0, len(x_f), part):
            some = x_f[i : i + part]
            fits = -0.5 * ((ops.reshape(some, (*some.shape, 1)) - a * levels) / s) ** 2  # (part, *shape, K)
            sums.append(ops.logsumexp(fits, axis=-1))
        return sum_features(log_fit - ops.concatenate(sums))

    def log_prob(self, x: Tensor, rng: Generator | None = None, labels: Array | None = None) -> Tensor:
        """A lower bound on log P(x), given labels on log P(x|y), of each example in nats, estimated; see `bound`."""
        return -self.bound(x, rng, labels).total

    def measures(self, x: Tensor, rng: Generator, labels: Array | None = None) -> Metrics:
        """The bound in nats per example, by one draw of t for each example."""
        return {"test_bound": ops.mean(self.bound(x, rng, labels, draws=1).total)}


# ---------------------------------------------------------------------------------------------------------- recipes

WARMUP = 100  # steps
LAYERS = 3  # hidden ones, of points
TIMESTEPS = Option("timesteps", 1000, "T, the noise levels of the data", least=2, most=MOST_EVALUATIONS)
GUESS = Option("guesses", "v", "what the network guesses: v, or the noise", choices=GUESSES)
NOISE = Option("noising", "cosine", "how noise comes in", choices=NOISES)
EVALUATIONS = Option("evaluations", USUAL_EVALUATIONS, "of the network, for a sample", least=1, most=MOST_EVALUATIONS)
SAMPLER = Option(
    "sampler", "ddim", "how samples are drawn: ddim without noise on the way, ddpm with it", choices=SAMPLERS
)
GUIDANCE = Option(
    "guidance", 1.0, "w of a sample, how far from what is common to all classes", least=0, most=MOST_GUIDANCE
)
LEVELS = Option("levels", 256, "grey levels that the data have; 0: real numbers", least=0, most=256, given_by_data=True)
OPTIONS = (
    *(STEPS(4000), BATCH_SIZE(64), LR(2e-3), WIDTH(32)),
    DEPTH(LAYERS, help="hidden layers, of points", kinds=("points",)),
    *(TIMESTEPS, NOISE, GUESS, EVALUATIONS, SAMPLER),
)
FOR_DATA = {
    "digits": {"levels": 17},
    "points": {"levels": 0, "width": 128, "batch_size": 256, "steps": 6000, "evaluations": 100},
}


def diffusion(s: Settings, shape: Shape, rng: Generator) -> Diffusion:
    """As the options say, with classes or without."""
    classes = s.get("classes", 0)
    network = denoising_network(shape, s.width, s.depth, classes, rng)
    how = (s.evaluations, s.get("guidance", 0.0), s.sampler)
    return Diffusion(network, shape, Noise(s.timesteps, s.noising), s.guesses, s.levels, classes, *how)


def denoiser_trainer(model: Denoiser, s: Settings) -> DenoiserTrainer:
    """With a rate that rises for some steps first."""
    return DenoiserTrainer(model, warmup(SCHEDULES[s.schedule](s), min(WARMUP, s.steps)), s.steps)


def check_evaluations(s: Settings, data: Dataset) -> None:
    """No more evaluations than there are noise levels."""
    checked_evaluations(s.evaluations, s.timesteps)


def meaning_of_error(s: Settings) -> str:
    """What the loss is, and the bound."""
    what = "-log p(x), a density" if s.levels == 0 else f"-log P(x), of {s.levels} levels"
    if "classes" in s.options:
        what = what.replace("(x)", "(x|y)")
    return f"test_bound is a bound on {what}, in nats; the loss is the mean square error of the guess at {s.guesses}"


def squared_error(s: Settings) -> str:
    """What the loss is measured in."""
    return "squared error\nper number"


RECIPES = (
    Recipe(
        "ddpm",
        "denoising diffusion (Ho et al. 2020)",
        diffusion,
        denoiser_trainer,
        (*OPTIONS, SCHEDULE("cosine"), LEVELS),
        shows=("denoising", "log-probabilities", "bounds"),
        for_data=FOR_DATA,
        check=check_evaluations,
        meaning=meaning_of_error,
        unit=squared_error,
        black=-1.0,
    ),
    Recipe(
        "cddpm",
        "denoising diffusion of classes, with classifier-free guidance (Ho & Salimans 2022)",
        diffusion,
        denoiser_trainer,
        (*OPTIONS, GUIDANCE, SCHEDULE("cosine"), LEVELS, CLASSES_OF_DATA),
        shows=("denoising", "log-probabilities", "bounds"),
        for_data=FOR_DATA,
        labelled=True,
        check=check_evaluations,
        meaning=meaning_of_error,
        unit=squared_error,
        black=-1.0,
    ),
)
