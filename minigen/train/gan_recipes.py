"""Recipes of adversarial models: loss, penalty and networks are independent choices."""

from collections.abc import Callable
from typing import Any

from ..data import Dataset
from ..errors import ArgumentError, unknown_name
from ..models import ACGAN, GAN, VAEGAN, ConditionalGAN, InfoGAN, StyleGAN, UnrolledGAN
from ..models.adversarial import LOSSES
from ..models.networks import conv_encoder, dcgan_discriminator, dcgan_generator, dense_decoder, dense_discriminator
from ..models.penalties import PENALTIES
from ..models.style import StyleGenerator
from ..nn import Sequential, Tanh
from ..nn.layers import positive
from ..optim import constant, cosine
from ..optim.schedules import Schedule
from ..random import Generator
from .hybrid_trainers import VAEGANTrainer
from .settings import Recipe, Settings
from .trainers import GANTrainer

# Of --net: the generator and discriminator's kind, and the discriminator's normalisation.
NETS = {
    "dense": ("dense", "none"),
    "dense-sn": ("dense", "spectral"),
    "dcgan": ("dcgan", "batch"),
    "dcgan-top": ("dcgan", "batch"),
    "dcgan-sn": ("dcgan", "spectral"),
    "dcgan-plain": ("dcgan", "none"),
    "style": ("style", "none"),
}
SCHEDULES: dict[str, Callable[[Settings], Schedule]] = {
    "constant": lambda s: constant(s.lr),
    "cosine": lambda s: cosine(s.lr, s.steps),
}


def _networks(
    s: Settings, shape: tuple[int, ...], rng: Generator, told: int = 0, planes: int = 0, outputs: int = 1
) -> tuple[Any, Any]:
    """Generator and discriminator.

    Args:
        told: how many numbers the generator is given besides noise.
        planes: how many channels the discriminator is shown besides the example's.
        outputs: how many numbers the discriminator gives.
    """
    defaults = GAN_RECIPES[s.model].defaults  # runs of minigen 0.1.0 know neither net nor penalty
    kind, norm = NETS[s.net or defaults["net"]]
    inputs, seen = s.latent_dim + told, (*shape[:-1], shape[-1] + planes)
    if kind == "dense":
        hidden = [s.width] * 2
        generator: Any = dense_decoder(inputs, shape, hidden, rng)
        discriminator = dense_discriminator(seen, hidden, rng, norm, outputs, s.pack)
    elif kind == "style":
        generator = StyleGenerator(inputs, shape, s.width, rng)
        return generator, dcgan_discriminator(seen, s.width, rng, norm, outputs, s.pack)
    else:
        top = 16 * s.width if s.net == "dcgan-top" else 0
        generator = dcgan_generator(inputs, shape, s.width, rng, top)
        discriminator = dcgan_discriminator(seen, s.width, rng, norm, outputs, s.pack, top)
    if len(shape) == 3:  # pixels are bounded, points are not
        generator = Sequential(*generator, Tanh())
    return generator, discriminator


def _choices(s: Settings) -> dict[str, Any]:
    return {"loss": s.loss, "penalty": s.penalty or "none", "pack": s.pack}


def _gan(s: Settings, shape: tuple[int, ...], rng: Generator) -> GAN:
    kind = StyleGAN if s.net == "style" else GAN
    return kind(*_networks(s, shape, rng), s.latent_dim, **_choices(s))


def _unrolled_gan(s: Settings, shape: tuple[int, ...], rng: Generator) -> UnrolledGAN:
    return UnrolledGAN(*_networks(s, shape, rng), s.latent_dim, s.unroll, **_choices(s))


def _vaegan(s: Settings, shape: tuple[int, ...], rng: Generator) -> VAEGAN:
    generator, discriminator = _networks(s, shape, rng)
    encoder = conv_encoder(shape, 2 * s.latent_dim, s.width, rng)
    return VAEGAN(encoder, generator, discriminator, s.latent_dim, loss=s.loss, penalty=s.penalty)


def _vaegan_trainer(model: VAEGAN, s: Settings) -> VAEGANTrainer:
    return VAEGANTrainer(model, constant(s.lr), s.generator_speed, s.beta1)


def _conditional_gan(s: Settings, shape: tuple[int, ...], rng: Generator) -> ConditionalGAN:
    networks = _networks(s, shape, rng, told=s.classes, planes=s.classes)
    return ConditionalGAN(*networks, s.latent_dim, s.classes, **_choices(s))


def _acgan(s: Settings, shape: tuple[int, ...], rng: Generator) -> ACGAN:
    networks = _networks(s, shape, rng, told=s.classes, outputs=1 + s.classes)
    return ACGAN(*networks, s.latent_dim, s.classes, **_choices(s))


def _infogan(s: Settings, shape: tuple[int, ...], rng: Generator) -> InfoGAN:
    networks = _networks(s, shape, rng, told=s.classes + s.continuous, outputs=1 + s.classes + s.continuous)
    return InfoGAN(*networks, s.latent_dim, s.classes, s.continuous, shear=s.shear, **_choices(s))


def _gan_trainer(model: GAN, s: Settings) -> GANTrainer:
    return GANTrainer(model, SCHEDULES[s.schedule](s), s.generator_speed, s.ema, s.critic_steps, (s.beta1, 0.999))


# Equal rates: without batch norm, a generator that is 5 times as fast ends with one sample for all noise.
GAN_DEFAULTS = {
    "steps": 4000,
    "batch_size": 64,
    "lr": 2e-4,
    "latent_dim": 64,
    "loss": "non-saturating",
    "penalty": "none",
    "net": "dense",
    "pack": 1,
    "critic_steps": 1,
    "ema": 0.0,
}
GAN_FOR_POINTS = {
    "steps": 6000,
    "batch_size": 128,
    "lr": 1e-3,
    "generator_speed": 2.0,
    "schedule": "cosine",
    "latent_dim": 2,
    "width": 128,
}

# Five steps of the critic, each on 64 examples.
WGAN_GP = {
    "width": 64,
    "steps": 2000,
    "batch_size": 320,
    "critic_steps": 5,
    "lr": 1e-4,
    "beta1": 0.0,
    "loss": "wasserstein",
    "penalty": "gradient-penalty",
    "net": "dcgan-plain",
}

STYLE = {"width": 32, "lr": 5e-4, "net": "style", "penalty": "r1", "beta1": 0.0, "ema": 0.999}
# The generator five times as fast as the discriminator, as in InfoGAN's appendix C.1.
CODED = GAN_DEFAULTS | {"width": 64, "steps": 2000, "generator_speed": 5.0, "net": "dcgan"}
# Heads that judge single examples have no use for packs.
ONE_BY_ONE = {name: value for name, value in CODED.items() if name != "pack"}

GAN_RECIPES: dict[str, Recipe] = {
    "gan": Recipe(
        "generative adversarial network, dense (Goodfellow et al. 2014)",
        _gan,
        _gan_trainer,
        GAN_DEFAULTS | {"width": 256},
        for_data={"points": GAN_FOR_POINTS},
        low=-1.0,
    ),
    "dcgan": Recipe(
        "generative adversarial network, convolutional (Radford et al. 2016)",
        _gan,
        _gan_trainer,
        GAN_DEFAULTS | {"width": 64, "steps": 2000, "generator_speed": 5.0, "net": "dcgan"},
        images_only=True,
        low=-1.0,
    ),
    "wgan-gp": Recipe(
        "gan with the Wasserstein loss and a gradient penalty (Gulrajani et al. 2017)",
        _gan,
        _gan_trainer,
        GAN_DEFAULTS | WGAN_GP,
        images_only=True,
        low=-1.0,
    ),
    "sn-gan": Recipe(
        "gan with the hinge loss and spectral normalisation (Miyato et al. 2018)",
        _gan,
        _gan_trainer,
        GAN_DEFAULTS | {"width": 64, "steps": 2000, "loss": "hinge", "net": "dcgan-sn", "beta1": 0.0},
        images_only=True,
        low=-1.0,
    ),
    "style-gan": Recipe(
        "gan with a small style-based generator (Karras et al. 2019)",
        _gan,
        _gan_trainer,
        GAN_DEFAULTS | STYLE,
        images_only=True,
        low=-1.0,
    ),
    "unrolled-gan": Recipe(
        "gan whose generator looks some steps ahead (Metz et al. 2017)",
        _unrolled_gan,
        _gan_trainer,
        GAN_DEFAULTS | {"width": 256, "unroll": 5},
        for_data={"points": GAN_FOR_POINTS},
        low=-1.0,
    ),
    "vae-gan": Recipe(
        "vae and gan with one decoder = generator (Larsen et al. 2016)",
        _vaegan,
        _vaegan_trainer,
        {name: GAN_DEFAULTS[name] for name in ("steps", "batch_size", "lr", "latent_dim", "loss", "penalty")}
        | {"width": 32, "steps": 3000, "net": "dcgan"},
        images_only=True,
        low=-1.0,
    ),
    "cgan": Recipe(
        "gan that is told the class (Mirza & Osindero 2014)",
        _conditional_gan,
        _gan_trainer,
        CODED,
        for_data={"points": GAN_FOR_POINTS | {"net": "dense"}},
        labelled=True,
        low=-1.0,
    ),
    "acgan": Recipe(
        "gan whose discriminator names the class (Odena et al. 2017)",
        _acgan,
        _gan_trainer,
        ONE_BY_ONE,
        for_data={"points": GAN_FOR_POINTS | {"net": "dense"}},
        labelled=True,
        low=-1.0,
    ),
    "infogan": Recipe(
        "gan whose codes come to mean something (Chen et al. 2016)",
        _infogan,
        _gan_trainer,
        ONE_BY_ONE | {"latent_dim": 62, "classes": 10, "continuous": 2, "shear": 0.0, "net": "dcgan-top", "width": 32},
        for_data={"points": GAN_FOR_POINTS | {"net": "dense", "classes": 8, "continuous": 0}},
        low=-1.0,
    ),
}


def check_gan(values: dict[str, Any], data: Dataset) -> None:
    """Refuse settings of a GAN that do not go together."""
    if values["net"] not in NETS:
        raise unknown_name("net", values["net"], NETS)
    if values["loss"] not in LOSSES:
        raise unknown_name("loss", values["loss"], LOSSES)
    if values["penalty"] not in PENALTIES:
        raise unknown_name("penalty", values["penalty"], PENALTIES)
    if NETS[values["net"]][0] != "dense" and not data.is_image:
        raise ArgumentError(f"net: {values['net']!r} is for images and {data.name!r} holds points; use 'dense'")
    if values["penalty"] == "gradient-penalty" and NETS[values["net"]][1] == "batch":
        raise ArgumentError(
            f"net: the gradient penalty is one for single examples, and batch norm in {values['net']!r} mixes them; "
            "use --net dcgan-plain or dcgan-sn"
        )
    if not 0 <= values.get("shear", 0) <= 1:
        raise ArgumentError(f"shear: expected columns a row, 0 <= shear <= 1, such as 0.3, got {values['shear']}")
    if values.get("shear", 0) and not data.is_image:
        raise ArgumentError(f"shear: it slants images and {data.name!r} holds points; leave it out")
    pack = values.get("pack", 1)
    rounds = values.get("critic_steps", 1)
    positive(pack=pack, critic_steps=rounds)
    if values["batch_size"] < rounds or (pack > 1 and values["batch_size"] % (pack * rounds)):
        raise ArgumentError(
            f"batch_size: {values['batch_size']} examples cannot be shared out among {rounds} steps "
            f"of the discriminator in packs of {pack}; take a multiple of the product"
        )
