"""Whole flows: after training the inverse is exact and the log-determinant the numeric one; what the options do."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.errors import MinigenError
from minigen.models import recipe_of
from minigen.models.flows.realnvp import image_flow, point_flow

from .jacobian import check_bijection, in_float64, numeric_jacobian, numeric_log_det, shaken

DIGITS, MOONS = data.load("digits"), data.load("moons")


def trained(name, steps, **given):
    """A short run of the recipe, and its losses."""
    data_set, recipe = data.load(name), recipe_of("realnvp")
    settings = recipe.settings(data_set, steps=steps, **given)
    model = recipe.build(settings, data_set.shape, mg.Generator(0))
    trainer, rng, losses = recipe.trainer(model, settings), mg.Generator(1), []
    trainer.prepare(mg.tensor(data_set.x[:500]))
    for _ in range(steps):
        rows = rng.host.integers(len(data_set), size=settings.batch_size)
        losses.append(trainer.step(mg.tensor(data_set.x[rows]), rng)["loss"].item())
    return model, losses


@pytest.mark.parametrize("mixing", ["swap", "1x1"])
def test_a_trained_flow_of_points(mixing):
    model, losses = trained("moons", 60, depth=4, width=16, mixing=mixing, lr=2e-2)
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 0.2
    x = mg.tensor(MOONS.x[:200])
    with mg.no_grad():
        z, _ = model.bijection(x)
        again = model.bijection.inverse(z)[0].numpy()
    np.testing.assert_allclose(again, x.numpy(), atol=1e-4)
    check_bijection(in_float64(model.bijection), MOONS.x[:3].astype(np.float64))


@pytest.mark.parametrize("noise", ["uniform", "variational"])
def test_a_trained_flow_of_digits(noise):
    model, losses = trained("digits", 25, depth=2, width=8, noise=noise, lr=2e-2)
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 3
    x = mg.tensor(DIGITS.x[:50])
    with mg.no_grad():
        v, _ = model.dequantised(x, mg.Generator(2))
        z, _ = model.bijection(v)
        again = model.bijection.inverse(z)[0].numpy()
    np.testing.assert_allclose(again, v.numpy(), atol=1e-4)
    levels = np.floor(again * 17)
    assert (levels == np.rint(x.numpy() * 16)).mean() > 0.999  # noise may lie on an edge
    one = v.numpy()[0].astype(np.float64)
    bijection = in_float64(model.bijection)
    found = bijection(mg.tensor(one[None]))[1].item()
    assert found == pytest.approx(numeric_log_det(bijection, one), abs=1e-3)


@pytest.mark.long
def test_a_well_trained_flow_stays_exact():
    model, losses = trained("digits", 150, depth=4, width=32)
    assert np.mean(losses[-20:]) < 100
    x = mg.tensor(data.load("digits", "test").x)
    with mg.no_grad():
        v, _ = model.dequantised(x, mg.Generator(2))
        again = model.bijection.inverse(model.bijection(v)[0])[0].numpy()
    np.testing.assert_allclose(again, v.numpy(), atol=1e-4)


def test_samples_are_pixels_of_the_levels(device):
    model = image_flow((8, 8, 1), 17, 1, 4, mg.Generator(0)).to(device)
    x = model.sample(3, mg.Generator(0)).numpy()
    assert x.shape == (3, 8, 8, 1)
    np.testing.assert_allclose(16 * x, np.rint(16 * x), atol=1e-5)
    assert 0 <= x.min() <= x.max() <= 1


def test_colours_and_other_sizes():
    model = image_flow((12, 8, 3), 256, 1, 4, mg.Generator(0))
    x = model.sample(2, mg.Generator(0))
    assert x.shape == (2, 12, 8, 3)
    assert model.log_prob(x, mg.Generator(1)).shape == (2,)


def test_what_does_not_go_together_is_refused():
    recipe = recipe_of("realnvp")
    with pytest.raises(MinigenError, match="noise: 'variational' lies between grey levels, and 'moons' holds points"):
        recipe.settings(MOONS, noise="variational")
    with pytest.raises(MinigenError, match=r"shape: expected .* divisible by 4"):
        image_flow((6, 8, 1), 17, 1, 4, mg.Generator(0))


def test_the_data_decide_the_levels():
    recipe = recipe_of("realnvp")
    assert recipe.settings(DIGITS).levels == 17
    assert recipe.settings(MOONS).levels == 0
    assert "levels" not in recipe.choosable
    assert "17 levels" in recipe.meaning(recipe.settings(DIGITS))
    assert "exact" in recipe.meaning(recipe.settings(MOONS))


def test_settings_of_somebody_else_cannot_make_a_density_of_levels():
    recipe = recipe_of("realnvp")
    settings = recipe.settings(DIGITS)
    for levels in (0, 1):
        with pytest.raises(MinigenError, match="levels: expected 0 without noise"):
            recipe.build(settings.but(levels=levels), DIGITS.shape, mg.Generator(0))


@pytest.mark.parametrize("mixing", ["swap", "1x1"])
@pytest.mark.parametrize("d", range(2, 7))
def test_every_number_of_a_point_depends_on_every_other(d, mixing):
    """After three steps: one half is moved by the other, this one by the first, and the first again."""
    bijection = in_float64(shaken(point_flow((d,), 3, 6, mg.Generator(0), mixing).bijection))
    x = np.random.default_rng(0).standard_normal((2, d))
    check_bijection(bijection, x)
    jacobians = [numeric_jacobian(f, x[0]) for f in (bijection, bijection.inverse)]
    assert np.abs(jacobians).min() > 1e-7
