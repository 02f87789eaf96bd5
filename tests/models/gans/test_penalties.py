"""The penalties on discriminators with known slopes, and the dynamics they change."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.models import GAN
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dense_discriminator
from minigen.models.gans.penalties import GAMMA, LAMBDA, PENALTIES, gradient_penalty, r1
from minigen.models.networks import dense_decoder
from tests.models.gans.points import Linear, Square, pair


def test_the_penalties_of_a_linear_critic(device):
    """(|w| - 1)^2 exactly, the norm over all pixels of one example; and |w|^2."""
    critic, (real, fake) = Linear([1.0, 2, 2, 4]), pair(device)
    assert gradient_penalty(critic, real, fake).item() == pytest.approx(LAMBDA * 16)
    assert r1(critic, real, fake).item() == pytest.approx(GAMMA / 2 * 25)
    gradient_penalty(critic, real, fake).backward()
    assert np.allclose(critic.w.grad.numpy(), LAMBDA * 2 * 4 * np.array([1, 2, 2, 4]) / 5, rtol=1e-5)
    critic.zero_grad()
    r1(critic, real, fake).backward()
    assert np.allclose(critic.w.grad.numpy(), GAMMA * np.array([1, 2, 2, 4]), rtol=1e-5)


def test_r1_is_taken_at_the_real_examples(device):
    real, fake = pair(device)
    expected = GAMMA / 2 * 9 * (real.numpy() ** 2).sum() / len(real)
    assert r1(Square(3.0), real, 100 * fake).item() == pytest.approx(expected, rel=1e-5)


def test_the_gradient_penalty_lies_on_the_line_between_real_and_fake(device):
    """One place on the line for each example: with s = |x|^2 / 2 the gradient is the place itself."""

    class Spy(Square):
        def forward(self, x):
            self.seen = x.numpy().copy()
            return super().forward(x)

    spy, (real, fake) = Spy(1.0), pair(device, (400, 3))
    gradient_penalty(spy, real, fake, mg.Generator(0))
    alpha = (spy.seen - fake.numpy()) / (real.numpy() - fake.numpy())
    assert np.allclose(alpha, alpha.mean(1, keepdims=True), atol=1e-2)  # the same for all features of an example
    assert alpha.min() > -1e-3
    assert alpha.max() < 1 + 1e-3
    assert alpha[:, 0].std() == pytest.approx(12**-0.5, abs=0.03)  # uniform on [0, 1]


@pytest.mark.parametrize("penalty", PENALTIES)
def test_a_penalty_touches_the_discriminator_only(device, penalty):
    rng = mg.Generator(0)
    model = GAN(dense_decoder(2, (4, 4, 1), [8], rng), dense_discriminator((4, 4, 1), [8], rng), 2, "hinge", penalty)
    x = mg.tensor(rng.host.standard_normal((8, 4, 4, 1)).astype(np.float32), device=device)
    before = model.generator.state_dict()
    trainer = GANTrainer(model, mg.optim.constant(0.1))
    model.discriminator_loss(x, rng).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert any(p.grad is not None for p in model.discriminator.parameters())
    assert all(np.array_equal(a, before[name]) for name, a in model.generator.state_dict().items())
    for _ in range(3):
        trainer.step(x, rng)
    largest = max(np.abs(p.numpy()).max() for p in model.discriminator.parameters())
    assert (largest <= 0.01 + 1e-8) == (penalty == "clipping")


def dirac(penalty, steps=600, lr=0.05):
    """The Dirac-GAN (Mescheder et al. 2018, definition 2.1): real x = 0, fake x = theta, s(x) = psi x.

    Returns the distances of (theta, psi) from the solution (0, 0) along simultaneous gradient descent.
    """

    class Point(nn.Module):
        def __init__(self):
            self.theta = nn.Parameter(np.float32([[1.0]]))

        def forward(self, z):
            return self.theta + 0.0 * z

    model = GAN(Point(), Linear([1.0]), 1, "minimax", penalty)
    theta, psi = model.generator.theta, model.discriminator.w
    distances = []
    for _ in range(steps):
        theta.grad = psi.grad = None
        model.discriminator_loss(mg.zeros((1, 1))).total.backward()
        model.generator_loss(1).backward()
        theta.data -= lr * theta.grad.data
        psi.data -= lr * psi.grad.data
        distances.append(float(np.hypot(theta.item(), psi.item())))
    return distances


def test_the_dirac_gan_circles_without_and_contracts_with_r1(monkeypatch):
    monkeypatch.setattr("minigen.models.gans.penalties.GAMMA", 1.0)
    circling, contracting = dirac("none"), dirac("r1")
    assert min(circling) > 0.9
    assert circling[-1] > 1
    assert contracting[-1] < 1e-3
    assert max(contracting[300:]) < 0.1
