"""Every model trains on colour images of CIFAR-10's and CelebA's size, and draws such images."""

import numpy as np
import pytest

from minigen.data import Dataset
from minigen.random import Generator
from minigen.train import RECIPES, generate, load_run, recipe_of, settings_for, train

SIZES = {"cifar10": 32, "celeba": 64}


def photographs(name, seed, n=24):
    """Coloured patches with some noise; CelebA's are bytes."""
    rng, side = np.random.default_rng(seed), SIZES[name]
    x = rng.random((n, 4, 4, 3), dtype=np.float32).repeat(side // 4, axis=1).repeat(side // 4, axis=2)
    x = 0.9 * x + 0.1 * rng.random(x.shape, dtype=np.float32)
    return Dataset(name, x if name == "cifar10" else (255 * x).astype(np.uint8), np.arange(n) % 10)


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("model", RECIPES)
def test_a_run(model, name, tmp_path):
    images = photographs(name, 0)
    given = {"steps": 2, "batch_size": 10, "width": 4, "latent_dim": 4, "seed": 1}
    settings = settings_for(model, images, **given)
    train(settings, images, photographs(name, 1), str(tmp_path / "run"), quiet=True)
    run = load_run(tmp_path / "run")
    assert all(np.isfinite(value) for row in run.metrics() for value in row.values())
    recipe = recipe_of(model)
    if not recipe.damage:
        samples = generate(run.load_model(), 3, Generator(0), recipe.low)
        assert samples.shape == (3, SIZES[name], SIZES[name], 3)
        assert samples.min() >= 0
        assert samples.max() <= 1
