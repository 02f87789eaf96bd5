"""A small style-based GAN (StyleGAN, Karras et al. 2019), with the generator of `style_generator.py`.

- Style mixing: in training half of the images take the styles of their first layers from one w and the rest from
  another. So layers learn not to rely on each other: coarse ones set the digit, fine ones the stroke (section 3.1).
- Truncation: w' = mean(w) + psi (w - mean(w)) trades variety for quality (appendix B).

Lesson 12 uses it.
"""

from typing import Any

from ... import ops
from ...autodiff import Tensor
from ...backend import xp_of
from ...errors import ArgumentError
from ...nn import Module
from ...random import Generator, given_or_default
from ..recipe import with_defaults
from .gan import GAN, KINDS, PLAIN_OPTIONS, game, gan
from .style_generator import StyleGenerator

MIXING = 0.5


class StyleGAN(GAN):
    """A GAN with a style-based generator.

    Args:
        generator: as above.
        discriminator, latent_dim, settings: see `GAN`.
    """

    generator: StyleGenerator

    def __init__(self, generator: StyleGenerator, discriminator: Module, latent_dim: int, **settings: Any) -> None:
        super().__init__(generator, discriminator, latent_dim, **settings)
        self.generator = generator

    def fakes(self, n: int, rng: Generator | None = None) -> Tensor:
        """n images with noise, half of them of two styles, the second from a random layer on."""
        rng = given_or_default(rng)
        first, second = (self.generator.styles(self.noise(n, rng)) for _ in range(2))
        count, device = len(self.generator.layers), self.device
        change = 1 + (count - 1) * rng.uniform((n, 1), device=device)  # the layer where the second style sets in
        change = xp_of(change).where(rng.uniform((n, 1), device=device) < MIXING, change, count)
        ws = [ops.where(Tensor(i < change), first, second) for i in range(count)]
        return self.generator.paint(ws, self.generator.noise(n, rng))

    def sample(self, n: int, rng: Generator | None = None, truncation: float = 1.0) -> Tensor:
        """n generated images with noise, each of one style, pulled towards the mean style by `truncation` = psi."""
        if not 0 <= truncation <= 1:
            raise ArgumentError(f"truncation: expected 0 <= psi <= 1, got {truncation}")
        rng = given_or_default(rng)
        w = self.generator.truncated(self.generator.styles(self.noise(n, rng)), truncation)
        return self.generator.paint([w] * len(self.generator.layers), self.generator.noise(n, rng))

    def mix(self, coarse: Tensor, fine: Tensor, change: int) -> Tensor:
        """Images with the styles of codes `coarse` below layer `change`, and of `fine` from there on; no noise.

        Args:
            coarse, fine: z, (N, latent_dim).
            change: 0 (all from `fine`) to the number of layers (all from `coarse`).
        """
        count = len(self.generator.layers)
        if not 0 <= change <= count:
            raise ArgumentError(f"change: expected a layer 0 ... {count}, got {change}")
        first, second = self.generator.styles(coarse), self.generator.styles(fine)
        return self.generator.paint([first if i < change else second for i in range(count)], [0.0] * count)


# ---------------------------------------------------------------------------------------------------------- recipes

KINDS["style"] = StyleGAN

RECIPES = (
    game(
        "style-gan",
        "gan with a small style-based generator (Karras et al. 2019)",
        gan,
        with_defaults(PLAIN_OPTIONS, width=32, lr=5e-4, net="style", penalty="r1", beta1=0.0, ema=0.999),
        takes=("images",),
    ),
)
