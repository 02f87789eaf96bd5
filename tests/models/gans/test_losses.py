"""The losses by their formulas."""

import numpy as np
import pytest

import minigen as mg
from minigen.models import GAN
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.networks import dcgan_discriminator
from minigen.models.gans.penalties import PENALTIES
from minigen.models.networks import dense_decoder


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
