"""What a run is made of, and what a recipe for a kind of model is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..random import Generator


@dataclass(frozen=True)
class Settings:
    """What a run is made of; saved in config.json. `settings_for` fills in the recipe's choices.

    Attributes:
        model, data: names, of RECIPES and of minigen.data.DATASETS.
        steps: how many optimizer steps. batch_size: examples a step. lr: Adam's learning rate.
        latent_dim: the length of z. width: hidden units of a dense network, channels of a first convolution.
        likelihood: of a VAE's decoder, 'bernoulli' or 'gaussian'. beta: the weight of its KL.
        samples: k of an IWAE, codes drawn for each example. loss, penalty: of a GAN, names in
            minigen.models.adversarial.LOSSES and penalties.PENALTIES. net: its networks, a name in NETS.
        pack: how many examples its discriminator judges at once. beta1: of its Adams.
        critic_steps: steps of the discriminator for one of the generator, each on its share of the batch.
        generator_speed: a GAN's generator's learning rate as a multiple of the discriminator's, lr.
        schedule: of a GAN's learning rates, 'constant' or 'cosine' (down to 0, so that the players come to rest).
        amount: of damage, when images are restored: the noise's deviation, the hole's side as a share of the image's,
            or the factor of resolution.
        ema: how slowly the average of a GAN's generator forgets, in [0, 1); it is used in the end. 0: no average.
        classes: of a conditional model, how many labels its data have; of an InfoGAN, the values of its categorical
            code, which is followed by so many continuous ones.
        shear: how far an InfoGAN's images are slanted at most, at random, before its discriminator sees them: columns
            a row.
        unroll: steps of the discriminator that an unrolled GAN's generator looks ahead.
        words: how many vectors a VQ-VAE's codebook holds; latent_dim is their length.
        seed: of all randomness. device: 'cpu' or 'cuda'.
    """

    model: str
    data: str
    steps: int
    batch_size: int
    lr: float
    latent_dim: int
    width: int
    likelihood: str = ""
    beta: float = 1.0
    samples: int = 1
    loss: str = ""
    penalty: str = ""
    net: str = ""
    pack: int = 1
    critic_steps: int = 1
    beta1: float = 0.5
    generator_speed: float = 1.0
    schedule: str = "constant"
    ema: float = 0.0
    amount: float = 0.0
    classes: int = 0
    continuous: int = 0
    shear: float = 0.0
    unroll: int = 0
    words: int = 0
    seed: int = 0
    device: str = "cpu"


@dataclass(frozen=True)
class Recipe:
    """How to build and train one kind of model."""

    summary: str
    build: Callable[[Settings, tuple[int, ...], Generator], Any]
    trainer: Callable[[Any, Settings], Any]
    defaults: dict[str, Any]
    for_data: dict[str, dict[str, Any]] = field(default_factory=dict)  # what differs: by name, or for all 'points'
    images_only: bool = False
    low: float = 0.0  # the pixel value of black in training; white is 1
    labelled: bool = False  # trained on examples with their labels
    damage: str = ""  # what is to be undone, a name in minigen.data.damage.DAMAGES
