"""Recipes of models that restore damaged images."""

from ..models import RestorationVAE
from ..optim import cosine
from ..random import Generator
from .settings import Recipe, Settings
from .trainers import RestorationTrainer


def _restoration(s: Settings, shape: tuple[int, ...], rng: Generator) -> RestorationVAE:
    return RestorationVAE(shape, s.latent_dim, s.width, rng)


def _restoration_trainer(model: RestorationVAE, s: Settings) -> RestorationTrainer:
    return RestorationTrainer(model, cosine(s.lr, s.steps), RESTORATION_RECIPES[s.model].damage, s.amount, s.steps // 2)


RESTORATION_DEFAULTS = {"steps": 2000, "batch_size": 64, "lr": 2e-3, "latent_dim": 16, "width": 16}

RESTORATION_RECIPES: dict[str, Recipe] = {
    "denoise": Recipe(
        "conditional VAE that removes noise (Sohn et al. 2015)",
        _restoration,
        _restoration_trainer,
        RESTORATION_DEFAULTS | {"amount": 0.5},
        images_only=True,
        damage="noise",
    ),
    "inpaint": Recipe(
        "conditional VAE that fills a hole (Sohn et al. 2015)",
        _restoration,
        _restoration_trainer,
        RESTORATION_DEFAULTS | {"amount": 0.5},
        images_only=True,
        damage="hole",
    ),
    "super-resolve": Recipe(
        "conditional VAE that raises the resolution (Sohn et al. 2015)",
        _restoration,
        _restoration_trainer,
        RESTORATION_DEFAULTS | {"amount": 2.0},
        images_only=True,
        damage="low resolution",
    ),
}
