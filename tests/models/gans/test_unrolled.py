"""The unrolled GAN: 0 steps are a plain GAN, and the gradient goes back through the steps."""

import numpy as np
import pytest

import minigen as mg
from minigen import data, nn
from minigen.errors import MinigenError
from minigen.models import GAN, UnrolledGAN, recipe_of
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.networks import dense_discriminator
from minigen.models.gans.unrolled import with_weights
from minigen.models.networks import dense_decoder


def networks():
    return dense_decoder(2, (2,), [6], mg.Generator(0)), dense_discriminator((2,), [5], mg.Generator(1))


def points(device, n=8):
    return mg.tensor(np.random.default_rng(0).standard_normal((n, 2)).astype(np.float32), device=device)


def test_no_step_ahead_is_a_plain_gan(device):
    plain, unrolled = GAN(*networks(), 2), UnrolledGAN(*networks(), 2, unroll=0)
    unrolled.discriminator_loss(points(device), mg.Generator(3))
    ours, theirs = (model.generator_loss(8, mg.Generator(4)) for model in (unrolled, plain))
    assert ours.item() == theirs.item()
    ours.backward()
    theirs.backward()
    for a, b in zip(unrolled.generator.parameters(), plain.generator.parameters(), strict=True):
        assert np.allclose(a.grad.numpy(), b.grad.numpy(), atol=1e-7)


def test_other_weights_inside_the_block_and_its_own_afterwards(device):
    _, d = networks()
    x, own = points(device), d.parameters()
    before = d(x).numpy()
    with with_weights(d, [mg.zeros(p.shape, device=device) for p in own]):
        assert (d(x).numpy() == 0).all()
    assert (d(x).numpy() == before).all()
    assert [id(p) for p in d.parameters()] == [id(p) for p in own]


class Line(nn.Module):
    """The generator x = theta whatever the noise, or the discriminator s(x) = psi x."""

    def __init__(self, value, multiplies):
        self.value, self.multiplies = nn.Parameter(np.float32([[value]])), multiplies

    def forward(self, x):
        return x @ self.value if self.multiplies else self.value + 0.0 * x


def by_hand(theta, psi, x, steps, eta):
    """G's loss after `steps` of the Wasserstein critic s = psi x: each adds eta (mean x - theta) to psi."""
    return -(psi + steps * eta * (x - theta)) * theta


@pytest.mark.parametrize("steps", [1, 3])
def test_the_gradient_goes_back_through_the_steps(device, steps):
    """For points on a line everything is known: d/dtheta -(psi + K eta (x - theta)) theta."""
    theta, psi, x, eta = 0.7, 0.3, 2.0, 0.1
    model = UnrolledGAN(Line(theta, False), Line(psi, True), 1, unroll=steps, eta=eta, loss="wasserstein")
    model.discriminator_loss(mg.tensor(np.float32([[x], [x]]), device=device), mg.Generator(0))
    loss = model.generator_loss(2, mg.Generator(0))
    assert loss.item() == pytest.approx(by_hand(theta, psi, x, steps, eta), rel=1e-5)
    loss.backward()
    assert model.generator.value.grad.item() == pytest.approx(-psi - steps * eta * (x - 2 * theta), rel=1e-5)
    assert model.discriminator.value.grad is None
    assert model.discriminator.value.item() == pytest.approx(psi)


@pytest.mark.parametrize("steps", [1, 3])
def test_no_step_ahead_is_longer_than_ten_eta(device, steps):
    """A slope x - theta of 99.3 moves the critic as far as one of 10."""
    theta, psi, x, eta = 0.7, 0.3, 100.0, 0.1
    model = UnrolledGAN(Line(theta, False), Line(psi, True), 1, unroll=steps, eta=eta, loss="wasserstein")
    model.discriminator_loss(mg.tensor(np.float32([[x], [x]]), device=device), mg.Generator(0))
    loss = model.generator_loss(2, mg.Generator(0))
    assert loss.item() == pytest.approx(by_hand(theta, psi, theta + 10, steps, eta), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["ring", "grid", "digits"])
def test_the_first_steps_are_finite_with_every_loss(name, loss):
    """At the sizes that the command line takes; with a fixed eta, least squares are NaN at once."""
    recipe, examples = recipe_of("unrolled-gan"), data.load(name)
    settings = recipe.settings(examples, loss=loss, batch_size=32)
    trainer = recipe.trainer(recipe.build(settings, examples.shape, mg.Generator(0)), settings)
    rng = mg.Generator(1)
    for i in range(3):
        x = data.scale(examples.x[32 * i : 32 * i + 32], recipe.black if examples.is_image else 0.0)
        metrics = trainer.step(mg.tensor(x), rng)
        assert all(np.isfinite(value.item()) for value in metrics.values())


def test_refusals():
    with pytest.raises(MinigenError, match="call discriminator_loss first"):
        UnrolledGAN(*networks(), 2, unroll=2).generator_loss(3)
    with pytest.raises(MinigenError, match="unroll"):
        UnrolledGAN(*networks(), 2, unroll=-1)
