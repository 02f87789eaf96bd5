"""Recipes: for each model name of the command line, the networks, the trainer and the settings that work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..data import Dataset
from ..errors import ArgumentError, unknown_name
from ..models import GAN, VAE
from ..models.networks import (
    conv_decoder,
    conv_encoder,
    dcgan_discriminator,
    dcgan_generator,
    dense_decoder,
    dense_encoder,
)
from ..nn import LeakyReLU, Module, Sequential, Tanh
from ..nn.layers import positive
from ..optim import constant, cosine
from ..random import Generator
from .trainers import GANTrainer, VAETrainer


@dataclass(frozen=True)
class Settings:
    """What a run is made of; saved in config.json. `settings_for` fills in the recipe's choices.

    Attributes:
        model, data: names, of RECIPES and of minigen.data.DATASETS.
        steps: how many optimizer steps. batch_size: examples a step. lr: Adam's learning rate.
        latent_dim: the length of z. width: hidden units of a dense network, channels of a first convolution.
        likelihood: of a VAE's decoder, 'bernoulli' or 'gaussian'. loss: of a GAN, 'non-saturating' or 'minimax'.
        generator_speed: a GAN's generator's learning rate as a multiple of the discriminator's, lr.
        schedule: of a GAN's learning rates, 'constant' or 'cosine' (down to 0, so that the players come to rest).
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
    loss: str = ""
    generator_speed: float = 1.0
    schedule: str = "constant"
    seed: int = 0
    device: str = "cpu"


def settings_for(model: str, data: Dataset, *, epochs: int | None = None, **given: Any) -> Settings:
    """The settings of a run: what is `given`, and the recipe's choices for the rest.

    Args:
        model: a name in RECIPES.
        data: the training set; `epochs` is counted in passes over it.
        given: fields of Settings; None means not given.

    Raises:
        ArgumentError: a value out of range, or a setting that this model does not have.
    """
    recipe = recipe_of(model)
    if not data.is_image and recipe.images_only:
        raise ArgumentError(f"data: {model!r} needs images and {data.name!r} holds points; use 'vae' or 'gan'")
    given = {name: value for name, value in given.items() if value is not None}
    for name in ("likelihood", "loss"):
        if name in given and name not in recipe.defaults:
            raise ArgumentError(f"{name}: {model!r} has no such setting")
    values = recipe.defaults | recipe.for_data.get(data.name if data.is_image else "points", {}) | given
    if epochs is not None:
        if "steps" in given:
            raise ArgumentError("epochs and steps: give one of the two")
        values["steps"] = epochs * (len(data) // values["batch_size"]) if values["batch_size"] > 0 else epochs
        positive(epochs=epochs)
    positive(**{name: values[name] for name in ("batch_size", "latent_dim", "width")})
    if values["batch_size"] > len(data):
        raise ArgumentError(f"batch_size: {values['batch_size']} exceeds the {len(data)} examples of {data.name!r}")
    positive(steps=values["steps"])
    if not 0 < values["lr"] <= 1:
        raise ArgumentError(f"lr: expected a learning rate with 0 < lr <= 1, got {values['lr']}")
    return Settings(model=model, data=data.name, **values)


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


def _vae(s: Settings, shape: tuple[int, ...], rng: Generator) -> VAE:
    # With one hidden layer, Glorot's smaller weights end 0.6 nats better on MNIST than He's. (The GAN needs He's.)
    encoder = dense_encoder(shape, 2 * s.latent_dim, [s.width], rng, init="glorot_uniform")
    decoder = dense_decoder(s.latent_dim, shape, [s.width], rng, init="glorot_uniform")
    return VAE(encoder, decoder, s.latent_dim, s.likelihood)


def _conv_vae(s: Settings, shape: tuple[int, ...], rng: Generator) -> VAE:
    encoder = conv_encoder(shape, 2 * s.latent_dim, s.width, rng)
    decoder = conv_decoder(s.latent_dim, shape, s.width, rng)
    return VAE(encoder, decoder, s.latent_dim, s.likelihood)


def _gan(s: Settings, shape: tuple[int, ...], rng: Generator) -> GAN:
    hidden = [s.width] * 2
    generator = dense_decoder(s.latent_dim, shape, hidden, rng)
    if len(shape) == 3:  # pixels are bounded, points are not
        generator = Sequential(*generator, Tanh())
    discriminator = dense_encoder(shape, 1, hidden, rng, activation=LeakyReLU)
    return GAN(generator, discriminator, s.latent_dim, s.loss)


def _dcgan(s: Settings, shape: tuple[int, ...], rng: Generator) -> GAN:
    generator = Sequential(*dcgan_generator(s.latent_dim, shape, s.width, rng), Tanh())
    return GAN(generator, dcgan_discriminator(shape, s.width, rng), s.latent_dim, s.loss)


def _vae_trainer(model: VAE, s: Settings) -> VAETrainer:
    return VAETrainer(model, s.lr)


def _gan_trainer(model: GAN, s: Settings) -> GANTrainer:
    schedule = cosine(s.lr, s.steps) if s.schedule == "cosine" else constant(s.lr)
    return GANTrainer(model, schedule, s.generator_speed)


VAE_DEFAULTS = {"steps": 4000, "batch_size": 128, "lr": 1e-3, "latent_dim": 20, "likelihood": "bernoulli"}
# The small digits are grey through and through, not black or white.
FOR_GREY_DIGITS = {"likelihood": "gaussian", "steps": 3000}
# Equal rates: without batch norm, a generator that is 5 times as fast ends with one sample for all noise.
GAN_DEFAULTS = {
    "steps": 4000,
    "batch_size": 64,
    "lr": 2e-4,
    "latent_dim": 64,
    "loss": "non-saturating",
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

RECIPES: dict[str, Recipe] = {
    "vae": Recipe(
        "variational autoencoder, dense (Kingma & Welling 2014)",
        _vae,
        _vae_trainer,
        VAE_DEFAULTS | {"width": 400},
        for_data={"digits": FOR_GREY_DIGITS, "points": {"likelihood": "gaussian", "latent_dim": 2}},
    ),
    "conv-vae": Recipe(
        "variational autoencoder, convolutional",
        _conv_vae,
        _vae_trainer,
        VAE_DEFAULTS | {"width": 32, "steps": 2000},
        for_data={"digits": FOR_GREY_DIGITS},
        images_only=True,
    ),
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
        _dcgan,
        _gan_trainer,
        GAN_DEFAULTS | {"width": 64, "steps": 2000, "generator_speed": 5.0},
        images_only=True,
        low=-1.0,
    ),
}


def recipe_of(model: str) -> Recipe:
    """The recipe of that name."""
    if model not in RECIPES:
        raise unknown_name("model", model, RECIPES)
    return RECIPES[model]


def build(settings: Settings, shape: tuple[int, ...], rng: Generator) -> Module:
    """The untrained model for examples of `shape`, on the default device."""
    model: Module = recipe_of(settings.model).build(settings, shape, rng)
    return model
