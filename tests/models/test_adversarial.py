"""The losses by their formulas, the penalties on discriminators with known slopes, and the dynamics they change."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, MinigenError, ShapeError
from minigen.models import GAN
from minigen.models.adversarial import LOSSES
from minigen.models.networks import dcgan_discriminator, dense_decoder, dense_discriminator
from minigen.models.penalties import GAMMA, LAMBDA, PENALTIES, gradient_penalty, r1
from minigen.train.trainers import GANTrainer


def softplus(x):
    return np.logaddexp(0, x)


BY_HAND = {
    "non-saturating": (lambda r, f: softplus(-r).mean() + softplus(f).mean(), lambda f: softplus(-f).mean()),
    "minimax": (lambda r, f: softplus(-r).mean() + softplus(f).mean(), lambda f: -softplus(f).mean()),
    "least-squares": (lambda r, f: (((r - 1) ** 2).mean() + (f**2).mean()) / 2, lambda f: ((f - 1) ** 2).mean() / 2),
    "wasserstein": (lambda r, f: f.mean() - r.mean(), lambda f: -f.mean()),
    "hinge": (
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda f: -f.mean(),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_the_papers(device, name):
    rng = np.random.default_rng(0)
    r, f = (3 * rng.standard_normal((20, 1)) for _ in range(2))
    real, fake = mg.tensor(r, device=device), mg.tensor(f, device=device)
    discriminator, generator = BY_HAND[name]
    assert LOSSES[name].discriminator(real, fake).item() == pytest.approx(discriminator(r, f))
    assert LOSSES[name].generator(fake).item() == pytest.approx(generator(f))


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_down_each_loss_moves_the_outputs_apart_and_together(device, name):
    s = mg.tensor(np.zeros((4, 1)), device=device, requires_grad=True)
    real, fake = mg.grad(LOSSES[name].discriminator(s, 0.1 + 1.0 * s), s), mg.grad(LOSSES[name].generator(s), s)
    alone = mg.grad(LOSSES[name].discriminator(s, mg.tensor(np.zeros((4, 1)), device=device)), s)
    assert (alone.numpy() < 0).all()  # the output for real examples rises
    assert ((real - alone).numpy() > 0).all()  # and that for fakes falls
    assert (fake.numpy() < 0).all()  # the generator wants it to rise


class Linear(nn.Module):
    """s(x) = w x, whose gradient is w everywhere."""

    def __init__(self, w):
        self.w = nn.Parameter(np.asarray(w, np.float32))

    def forward(self, x):
        return mg.matmul(x.reshape(x.shape[0], -1), self.w.reshape(-1, 1))


class Square(nn.Module):
    """s(x) = a |x|^2 / 2, whose gradient is a x."""

    def __init__(self, a):
        self.a = nn.Parameter(np.float32([a]))

    def forward(self, x):
        return 0.5 * self.a * nn.sum_features(x * x).reshape(-1, 1)


def pair(device, shape=(6, 2, 2, 1)):
    rng = np.random.default_rng(0)
    return [mg.tensor(rng.standard_normal(shape).astype(np.float32), device=device) for _ in range(2)]


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


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_with_every_penalty_and_net_takes_a_finite_step(loss):
    rng = mg.Generator(0)
    x = mg.tensor(rng.host.standard_normal((8, 8, 8, 1)).astype(np.float32))
    for penalty in PENALTIES:
        for norm in ("spectral", "none"):
            discriminator = dcgan_discriminator((8, 8, 1), 2, rng, norm, pack=2)
            model = GAN(dense_decoder(2, (8, 8, 1), [8], rng), discriminator, 2, loss, penalty, pack=2)
            metrics = GANTrainer(model, mg.optim.constant(1e-3), critic_steps=2).step(x, rng)
            assert all(np.isfinite(value.item()) for value in metrics.values()), (penalty, norm)


def test_packs_are_different_examples_side_by_side(device):
    rng = mg.Generator(0)
    model = GAN(dense_decoder(2, (2,), [4], rng), dense_discriminator((2,), [4], rng, pack=3), 2, pack=3)
    x = mg.tensor(np.arange(12, dtype=np.float32).reshape(6, 2), device=device)
    assert model.packed(x).numpy().tolist() == [[0, 1, 4, 5, 8, 9], [2, 3, 6, 7, 10, 11]]
    assert model.discriminator_loss(x, rng).total.shape == ()
    assert model.generator_loss(6, rng).shape == ()
    with pytest.raises(ShapeError, match="pack: 4 examples do not make packs of 3"):
        model.discriminator_loss(x[:4], rng)


def test_the_discriminator_takes_its_steps_on_shares_of_the_batch():
    rng = mg.Generator(0)
    model = GAN(dense_decoder(2, (2,), [4], rng), dense_discriminator((2,), [4], rng), 2)
    trainer = GANTrainer(model, lambda t: 1e-3 * (t + 1), critic_steps=3)
    seen, plain = [], model.discriminator_loss
    model.discriminator_loss = lambda x, rng: seen.append(x.numpy()) or plain(x, rng)
    x = rng.host.standard_normal((12, 2)).astype(np.float32)
    trainer.step(mg.tensor(x), rng)
    assert np.array_equal(np.concatenate(seen), x)
    assert [len(part) for part in seen] == [4, 4, 4]
    assert (trainer.d_optimizer.t, trainer.g_optimizer.t) == (3, 1)
    assert [trainer.d_optimizer.lr(t) for t in (0, 2, 3)] == [1e-3, 1e-3, 2e-3]


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
    monkeypatch.setattr("minigen.models.penalties.GAMMA", 1.0)
    circling, contracting = dirac("none"), dirac("r1")
    assert min(circling) > 0.9
    assert circling[-1] > 1
    assert contracting[-1] < 1e-3
    assert max(contracting[300:]) < 0.1


def test_bad_input_is_named():
    rng = mg.Generator(0)
    parts = dense_decoder(2, (2,), [4], rng), dense_discriminator((2,), [4], rng), 2
    with pytest.raises(MinigenError, match="did you mean 'hinge'"):
        GAN(*parts, "hing")
    with pytest.raises(MinigenError, match="penalty: unknown name 'r2'; did you mean 'r1'"):
        GAN(*parts, "hinge", "r2")
    with pytest.raises(ArgumentError, match="pack: expected an integer >= 1, got 0"):
        GAN(*parts, pack=0)
