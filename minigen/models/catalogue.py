"""The models of the command line: each line names a file; at its foot stand its recipes.

To add a model: its file, a line here, its test.

No lesson derives it.
"""

from importlib import import_module

from ..errors import one_of
from .recipe import Recipe

FILES = (
    "vaes.ae",
    "vaes.vae",
    "vaes.iwae",
    "vaes.two_layers",
    "vaes.conditional",
    "vaes.vqvae",
    "gans.gan",
    "gans.variants",
    "gans.style",
    "gans.unrolled",
    "gans.vaegan",
    "gans.conditional",
    "gans.acgan",
    "gans.infogan",
    "vaes.restoration",
    "flows.realnvp",
    "diffusion.ddpm",
    "diffusion.flow_matching",
    "diffusion.text_to_image",
    "autoregressive.made",
    "autoregressive.pixelcnn",
    "sequences.transformer",
    "sequences.gru",
    "vaes.melody",
    "vaes.multvae",
    "vaes.joint",
    "pairs.contrastive",
    "sequences.car_following",
    "sequences.video",
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe for file in FILES for recipe in import_module(f".{file}", __package__).RECIPES
}


def recipe_of(model: str) -> Recipe:
    """The recipe of that name."""
    one_of("model", model, RECIPES)
    return RECIPES[model]
