"""What diffusion and flow matching share: guidance, labels that are not told, the numbers inside, the trainer."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.backend import to_device, to_numpy
from minigen.errors import ArgumentError, ShapeError
from minigen.models import recipe_of
from minigen.models.diffusion.denoiser import Denoiser, column, spread_out
from minigen.nn import Module

RING = data.load("ring")


class Told(Module):
    """A network that gives the label it is told."""

    def forward(self, x, t, labels):
        return x * 0 + mg.Tensor(column(labels, x))


def test_guidance_goes_away_from_what_is_common_to_all():
    model = Denoiser(Told(), (2,), classes=4, evaluations=1)
    x, t = mg.tensor(np.zeros((3, 2), np.float32)), np.zeros(3)
    labels = np.array([0, 1, 3])
    np.testing.assert_array_equal(model.output(x, t, labels).numpy()[:, 0], labels)
    guided = model.output(x, t, labels, guidance=0.5).numpy()[:, 0]
    np.testing.assert_allclose(guided, labels + 0.5 * (labels - 4))  # 4 stands for "not told"


def test_one_label_in_ten_is_not_told(device):
    model = Denoiser(Told(), (2,), classes=4, evaluations=1).to(device)
    labels = to_device(np.arange(20_000) % 4, device)
    told = to_numpy(model.some_told(labels, 20_000, mg.Generator(0)))
    hidden = told == 4
    assert hidden.mean() == pytest.approx(0.1, abs=4 * (0.09 / 20_000) ** 0.5)
    np.testing.assert_array_equal(told[~hidden], to_numpy(labels)[~hidden])
    with pytest.raises(ArgumentError, match="labels: a guided model learns from examples with their labels"):
        model.some_told(None, 3, mg.Generator(0))
    assert Denoiser(Told(), (2,), 0, 1).some_told(None, 3, mg.Generator(0)) is None


def test_points_are_brought_to_deviation_one_and_back(device):
    model = Denoiser(Told(), (2,), 0, 1).to(device)
    x = mg.tensor(np.array([[100.0, 3], [104, 1], [108, 2]], np.float32))
    model.prepare(x)
    inside = model.inside(x).numpy()
    np.testing.assert_allclose(inside.mean(axis=0), 0, atol=1e-6)
    assert inside.std() == pytest.approx(1, rel=1e-5)
    assert float(to_numpy(model.reach.data)[0]) == pytest.approx(np.abs(inside).max())
    np.testing.assert_allclose(model.outside(model.inside(x)).numpy(), x.numpy(), rtol=1e-6)


def test_points_that_are_all_the_same_do_no_harm():
    model = Denoiser(Told(), (2,), 0, 1)
    model.prepare(mg.tensor(np.ones((5, 2), np.float32)))
    assert np.isfinite(model.inside(mg.tensor(np.ones((5, 2), np.float32))).numpy()).all()


def test_pixels_stay_as_they_are():
    model = Denoiser(Told(), (4, 4, 1), 0, 1)
    x = mg.tensor(np.linspace(-1, 1, 32).reshape(2, 4, 4, 1).astype(np.float32))
    model.prepare(x)
    np.testing.assert_array_equal(model.inside(x).numpy(), x.numpy())
    with pytest.raises(ShapeError, match=r"Denoiser: examples have shape \(2,\), expected \(4, 4, 1\)"):
        model.inside(mg.tensor(np.zeros((3, 2), np.float32)))


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_times_are_spread_evenly_and_each_is_uniform(n):
    rng = mg.Generator(0)
    drawn = np.stack([spread_out(n, rng) for _ in range(2000)])
    np.testing.assert_array_equal(np.sort(np.floor(drawn * n % n), axis=1), np.tile(np.arange(n), (2000, 1)))
    assert (drawn >= 0).all()
    assert (drawn < 1).all()
    for at_one_place in drawn.T:
        assert at_one_place.mean() == pytest.approx(0.5, abs=5 / (12 * 2000) ** 0.5)
        assert at_one_place.var() == pytest.approx(1 / 12, rel=0.1)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"n": 0}, "n: expected an integer >= 1, got 0"),
        ({"n": 2.5}, "n: expected an integer >= 1, got 2.5"),
        ({"evaluations": 0}, "evaluations: expected an integer with 1 <= evaluations <= 10000, got 0"),
        ({"evaluations": 10_001}, "evaluations: .* got 10001"),
        ({"evaluations": 2.5}, "evaluations: .* got 2.5"),
        ({"guidance": -0.5}, "guidance: expected a number with 0 <= guidance <= 100, got -0.5"),
        ({"guidance": float("nan")}, "guidance: expected"),
        ({"label": 4}, "label: expected 0 ... 3, got 4"),
    ],
)
def test_what_cannot_be_asked_for(asked, told):
    given = {"n": 3, "label": None, "evaluations": None, "guidance": None} | asked
    with pytest.raises(ArgumentError, match=told):
        Denoiser(Told(), (2,), 4, 1).asked(**given)


def test_a_model_without_classes_is_asked_for_none():
    model = Denoiser(Told(), (2,), 0, 7)
    assert model.asked(3, None, None, None) == (None, 7, 0.0)
    for label, guidance in ((1, None), (None, 2.0)):
        with pytest.raises(ArgumentError, match="label and guidance: this model knows no classes; leave them out"):
            model.asked(3, label, None, guidance)


@pytest.mark.parametrize("name", ["ddpm", "flow-matching"])
def test_the_average_fits_the_run_and_the_loss_falls(name):
    recipe = recipe_of(name)
    settings = recipe.settings(RING, steps=150, width=32, lr=5e-3)
    model = recipe.build(settings, (2,), mg.Generator(0))
    trainer, rng, losses = recipe.trainer(model, settings), mg.Generator(1), []
    assert trainer.ema.decay == pytest.approx(1 - 1 / 15)
    trainer.prepare(mg.tensor(RING.x[:1000]))
    assert trainer.ema.averages["scale"] == pytest.approx(model.scale.numpy())
    for _ in range(150):
        rows = rng.host.integers(len(RING), size=256)
        losses.append(trainer.step(mg.tensor(RING.x[rows]), rng)["loss"].item())
    assert np.mean(losses[-30:]) < np.mean(losses[:30]) - 0.04
    with trainer.averaged():
        assert set(trainer.evaluate(mg.tensor(RING.x[:100]), rng)) >= {"test_loss"}
