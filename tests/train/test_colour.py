"""Every model trains on colour images of CIFAR-10's and CelebA's size, and draws such images."""

import numpy as np
import pytest

from minigen.data import Dataset
from minigen.models import RECIPES, recipe_of
from minigen.random import Generator
from minigen.report import Trained
from minigen.runs import load_run
from minigen.train import train

SIZES = {"cifar10": 32, "celeba": 64}


def photographs(name, seed, n=24):
    """Coloured patches with some noise; CelebA's are bytes."""
    rng, side = np.random.default_rng(seed), SIZES[name]
    x = rng.random((n, 4, 4, 3), dtype=np.float32).repeat(side // 4, axis=1).repeat(side // 4, axis=2)
    x = 0.9 * x + 0.1 * rng.random(x.shape, dtype=np.float32)
    return Dataset(name, x if name == "cifar10" else (255 * x).astype(np.uint8), np.arange(n) % 10)


@pytest.mark.long
@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("model", [name for name, recipe in RECIPES.items() if "images" in recipe.takes])
def test_a_run(model, name, tmp_path):
    images = photographs(name, 0)
    given = {"steps": 2, "batch_size": 10, "width": 4, "latent_dim": 4, "seed": 1}
    own = {name: value for name, value in given.items() if name in recipe_of(model).choosable}
    settings = recipe_of(model).settings(images, **own)
    train(settings, images, photographs(name, 1), str(tmp_path / "run"), quiet=True)
    run = load_run(tmp_path / "run")
    assert all(np.isfinite(value) for row in run.metrics() for value in row.values())
    if not recipe_of(model).damage:
        samples = Trained(run.load_model(), run.settings, run.shape).sample(3, Generator(0))
        assert samples.shape == (3, SIZES[name], SIZES[name], 3)
        assert samples.min() >= 0
        assert samples.max() <= 1
