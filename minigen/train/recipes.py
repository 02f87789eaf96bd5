"""Recipes: for each model name of the command line, the networks, the trainer and the settings that work."""

from typing import Any

from ..data import Dataset
from ..data.damage import check_damage
from ..errors import ArgumentError, unknown_name
from ..nn import Module
from ..nn.layers import positive
from ..random import Generator
from .gan_recipes import GAN_RECIPES, SCHEDULES, check_gan
from .restoration_recipes import RESTORATION_RECIPES
from .settings import Recipe, Settings
from .vae_recipes import VAE_RECIPES

RECIPES: dict[str, Recipe] = VAE_RECIPES | GAN_RECIPES | RESTORATION_RECIPES
OF_SOME_MODELS = (
    *("likelihood", "beta", "samples", "words"),
    *("loss", "penalty", "net", "pack", "critic_steps", "ema", "unroll", "shear"),
    "amount",
)
AT_MOST = {"unroll": 100, "samples": 5000}  # a step's memory grows with them


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
    for name in OF_SOME_MODELS:
        if name in given and name not in recipe.defaults:
            raise ArgumentError(f"{name}: {model!r} has no such setting")
    values = recipe.defaults | recipe.for_data.get(data.name if data.is_image else "points", {}) | given
    if epochs is not None:
        if "steps" in given:
            raise ArgumentError("epochs and steps: give one of the two")
        values["steps"] = epochs * (len(data) // values["batch_size"]) if values["batch_size"] > 0 else epochs
        positive(epochs=epochs)
    if recipe.labelled:
        values["classes"] = classes_of(data, model)
    _check(recipe, values, data)
    return Settings(model=model, data=data.name, **values)


def check_settings(settings: Settings, data: Dataset) -> None:
    """Refuse settings that `settings_for` would not give: they may be somebody else's.

    Raises:
        ArgumentError: a value out of range.
    """
    recipe = recipe_of(settings.model)
    values = {name: getattr(settings, name) or value for name, value in recipe.defaults.items()}
    values |= {
        name: getattr(settings, name) for name in ("steps", "batch_size", "lr", "latent_dim", "width", "schedule")
    }
    if recipe.labelled and settings.classes != classes_of(data, settings.model):
        raise ArgumentError(f"classes: the data have {classes_of(data, settings.model)}, the run {settings.classes}")
    _check(recipe, values, data)


def _check(recipe: Recipe, values: dict[str, Any], data: Dataset) -> None:
    positive(**{name: values[name] for name in ("batch_size", "latent_dim", "width")})
    if values["batch_size"] > len(data):
        raise ArgumentError(f"batch_size: {values['batch_size']} exceeds the {len(data)} examples of {data.name!r}")
    positive(steps=values["steps"])
    if values.get("schedule", "constant") not in SCHEDULES:
        raise unknown_name("schedule", values["schedule"], SCHEDULES)
    if "net" in values:
        check_gan(values, data)
    positive(**{name: values[name] for name in ("unroll", "words", "samples") if name in values})
    for name, most in AT_MOST.items():
        if values.get(name, 0) > most:
            raise ArgumentError(f"{name}: expected at most {most}, got {values[name]}")
    if not 0 < values["lr"] <= 1:
        raise ArgumentError(f"lr: expected a learning rate with 0 < lr <= 1, got {values['lr']}")
    if not 0 <= values.get("ema", 0) < 1:
        raise ArgumentError(f"ema: expected a decay with 0 <= ema < 1, such as 0.999, got {values['ema']}")
    if recipe.damage:
        check_damage(recipe.damage, values["amount"], data.shape)


def classes_of(data: Dataset, model: str) -> int:
    """How many labels a data set has.

    Raises:
        ArgumentError: it has none.
    """
    if data.y is None:
        raise ArgumentError(f"data: {model!r} learns from labels and {data.name!r} has none; use 'mnist' or 'digits'")
    return int(data.y.max()) + 1


def recipe_of(model: str) -> Recipe:
    """The recipe of that name."""
    if model not in RECIPES:
        raise unknown_name("model", model, RECIPES)
    return RECIPES[model]


def build(settings: Settings, shape: tuple[int, ...], rng: Generator) -> Module:
    """The untrained model for examples of `shape`, on the default device."""
    model: Module = recipe_of(settings.model).build(settings, shape, rng)
    return model
