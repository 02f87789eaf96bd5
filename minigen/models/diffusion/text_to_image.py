"""Pictures of what is said (Ho & Salimans 2022; in the large Ramesh et al. 2022): diffusion that is told a name.

The network is that of `ddpm`. Where a class would be added to the time, the mean of the words' vectors is
(`BagOfWords`). One name in ten is not told in training, so that a picture can be guided away from what all pictures
have in common:

    v(x_t, t, "")  +  (1 + w) (v(x_t, t, name) - v(x_t, t, ""))

A name that was never seen can be drawn if its words were: "green apple" after "green heart" and "red apple", if the
model has taken them apart. The run says how often the right picture is found by what was drawn.

Lesson 23 uses it.
"""

from typing import Any

import numpy as np

from ...autodiff import Tensor
from ...backend import Array, to_device
from ...errors import ArgumentError, ShapeError
from ...random import Generator, given_or_default
from ..labels import each_in_turn
from ..pairs.contrastive import VOCABULARY
from ..recipe import SCHEDULE, Recipe, Settings, Shape
from .ddpm import GUIDANCE, LEVELS, OPTIONS, Diffusion, check_evaluations, denoiser_trainer, squared_error
from .networks import UNet
from .noise import Noise

NOTHING = 0  # in place of a word


class TextToImage(Diffusion):
    """A `Diffusion` whose labels are names, the places of their words: integers (N, T), filled up with 0."""

    @property
    def not_told(self) -> int:
        """A name without words."""
        return NOTHING

    def nothing_told(self, n: int) -> Array:
        """Names without words, (n, 1)."""
        return super().nothing_told(n)[:, None]

    def checked(self, labels: Array | None, n: int) -> Array:
        """See `Denoiser.checked`."""
        if labels is None:
            raise ArgumentError("labels: a model of words and pictures learns from pictures with their names, got none")
        if labels.ndim != 2 or len(labels) != n:
            raise ShapeError(f"labels: expected names (N, T) for the {n} pictures, got shape {labels.shape}")
        return labels

    def labels_of(self, n: int, label: Any) -> Array:
        """The names of n samples: (T,) for all, (n, T), or each word in turn."""
        names = 1 + each_in_turn(n, max(self.classes - 1, 1))[:, None] if label is None else np.asarray(label, np.int64)
        names = np.tile(names, (n, 1)) if names.ndim == 1 else names
        if names.ndim != 2 or len(names) != n or not (names.min() >= 0 and names.max() < self.classes):
            raise ArgumentError(
                f"prompt: expected the places of words, 0 ... {self.classes - 1}, (T,) or ({n}, T), got {names.shape}"
            )
        return to_device(names, self.device)

    def sample(  # type: ignore[override]  # a name in place of a class
        self,
        n: int,
        rng: Generator | None = None,
        prompt: Array | None = None,
        evaluations: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
    ) -> Tensor:
        """n pictures; see `Diffusion.sample`.

        Args:
            prompt: the places of a name's words, (T,) for all or (n, T); by default each word in turn.

        Raises:
            ArgumentError: a value that is impossible.
        """
        return self.drawn(n, given_or_default(rng), prompt, evaluations, guidance, sampler)


def text_to_image(s: Settings, shape: Shape, rng: Generator) -> TextToImage:
    """As the options say."""
    network = UNet(shape, s.width, s.vocabulary, rng, words=True)
    how = (s.evaluations, s.guidance, s.sampler)
    return TextToImage(network, shape, Noise(s.timesteps, s.noising), s.guesses, s.levels, s.vocabulary, *how)


def meaning_of_error(s: Settings) -> str:
    """What the loss is, and what is measured."""
    return (
        f"test_bound is a bound on -log P(x|y), of {s.levels} levels, in nats; the loss is the mean square error of "
        f"the guess at {s.guesses}; found is the share of held-out names whose picture is among ten found by what was "
        "drawn, seen_found of names that were trained on"
    )


RECIPES = (
    Recipe(
        "text-to-image",
        "pictures of names: denoising diffusion, told the words (Ho & Salimans 2022)",
        text_to_image,
        denoiser_trainer,
        (*(option for option in OPTIONS if option.name != "depth"), GUIDANCE, SCHEDULE("cosine"), LEVELS, VOCABULARY),
        takes=("pairs",),
        shows=("denoising", "log-probabilities", "bounds"),
        check=check_evaluations,
        meaning=meaning_of_error,
        unit=squared_error,
        black=-1.0,
    ),
)
