"""The GAN: both losses, the separation of the two players, and the mistakes that tutorials make."""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import ArgumentError, MinigenError
from minigen.models import GAN
from minigen.models.gans.gan import GANTrainer, signs_of
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator, dense_discriminator
from minigen.models.networks import dense_decoder, dense_encoder

SHAPE = (8, 8, 1)


def dcgan(seed=0, loss="non-saturating"):
    rng = mg.Generator(seed)
    return GAN(dcgan_generator(5, SHAPE, 4, rng), dcgan_discriminator(SHAPE, 4, rng), 5, loss)


def real(device, n=6):
    return mg.tensor(np.random.default_rng(0).standard_normal((n, *SHAPE)).astype(np.float32), device=device)


class Constant(nn.Module):
    """A discriminator whose logit is its one parameter."""

    def __init__(self, logit):
        self.logit = nn.Parameter(np.float32([logit]))

    def forward(self, x):
        return self.logit + 0.0 * nn.sum_features(x).reshape(-1, 1)


class Spy(nn.Module):
    """Passes its input on and keeps it."""

    def __init__(self, inner):
        self.inner, self.seen = inner, []

    def forward(self, x):
        self.seen.append(x.numpy().copy())
        return self.inner(x)


def with_constant(device, logit, loss="non-saturating"):
    return GAN(dense_decoder(2, SHAPE, [4], mg.Generator(0)), Constant(logit), 2, loss)


def test_an_undecided_discriminator_has_loss_2_log_2(device):
    assert np.isclose(with_constant(device, 0.0).discriminator_loss(real(device)).total.item(), 2 * math.log(2))


@pytest.mark.parametrize("s", [-1000.0, -6.0, 0.0, 3.0, 1000.0])
def test_losses_are_those_of_the_paper(device, s):
    def log_sigmoid(t):
        return -np.logaddexp(0, -t)

    d = with_constant(device, s).discriminator_loss(real(device)).total
    assert np.isclose(d.item(), -(log_sigmoid(s) + log_sigmoid(-s)), rtol=1e-5)
    assert np.isclose(with_constant(device, s).generator_loss(4).item(), -log_sigmoid(s), rtol=1e-5)
    assert np.isclose(with_constant(device, s, "minimax").generator_loss(4).item(), log_sigmoid(-s), rtol=1e-5)


def test_a_confident_discriminator_silences_only_the_minimax_loss(device):
    """At s = -6 the slopes of the two losses are 0.0025 and 0.9975."""
    slopes = {}
    for loss in ("minimax", "non-saturating"):
        model = with_constant(device, -6.0, loss)
        s = mg.tensor(np.float32([-6.0]), device=device, requires_grad=True)
        model.discriminator.forward = lambda x, s=s: s + 0.0 * nn.sum_features(x).reshape(-1, 1)
        slopes[loss] = -mg.grad(model.generator_loss(3), s).item()
    assert np.isclose(slopes["minimax"], 0.0025, atol=1e-4)
    assert np.isclose(slopes["non-saturating"], 0.9975, atol=1e-4)


def bytes_of(module):
    return {name: array.tobytes() for name, array in module.state_dict().items()}


def test_each_player_moves_alone(device):
    """Weights and running statistics of the other one stay bit for bit."""
    model = dcgan()
    trainer = GANTrainer(model, mg.optim.constant(1e-2))
    rng = mg.Generator(0)
    g_before, d_before = bytes_of(model.generator), bytes_of(model.discriminator)

    model.discriminator_loss(real(device), rng).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    trainer.d_optimizer.step()
    assert bytes_of(model.generator) == g_before
    d_after = bytes_of(model.discriminator)
    assert all(d_after[name] != d_before[name] for name in d_before)

    model.discriminator.zero_grad()
    model.generator_loss(6, rng).backward()
    assert all(p.grad is None for p in model.discriminator.parameters())
    trainer.g_optimizer.step()
    assert bytes_of(model.discriminator) == d_after
    g_after = bytes_of(model.generator)
    assert all(g_after[name] != g_before[name] for name in g_before)


def test_frozen_only_while_it_lasts(device):
    model = dcgan()
    model.generator_loss(4)
    assert all(p.requires_grad for p in model.parameters())
    assert not any(m.is_frozen for m in model.modules())


def test_real_and_fake_pass_the_discriminator_apart(device):
    model = dcgan()
    model.discriminator = Spy(model.discriminator)
    x = real(device)
    model.discriminator_loss(x, mg.Generator(0))
    first, second = model.discriminator.seen
    assert np.array_equal(first, x.numpy())
    assert second.shape == first.shape
    assert not np.array_equal(first, second)


def test_accuracies(device):
    for logit, shares in ((2.0, (1, 0)), (-2.0, (0, 1))):
        loss = with_constant(device, logit).discriminator_loss(real(device))
        assert (loss.real_accuracy.item(), loss.fake_accuracy.item()) == shares


def test_the_discriminator_learns_the_optimal_logit(device):
    """For known densities the best logit is log p_real(x) - log p_fake(x) (Goodfellow et al. 2014, proposition 1)."""

    class Shifted(nn.Module):
        def forward(self, z):
            return z - 1.0

    model = GAN(Shifted(), nn.Dense(1, 1, rng=mg.Generator(0)), 1)
    optimizer = mg.optim.Adam(model.discriminator.parameters(), lr=0.05)
    rng, host = mg.Generator(0), np.random.default_rng(0)
    weights = []
    for i in range(400):
        x = mg.tensor((host.standard_normal((256, 1)) + 1).astype(np.float32), device=device)
        optimizer.zero_grad()
        model.discriminator_loss(x, rng).total.backward()
        optimizer.step()
        if i >= 200:
            weights.append((model.discriminator.w.numpy().item(), model.discriminator.b.numpy().item()))
    w, b = np.mean(weights, axis=0)  # N(1, 1) against N(-1, 1): the logit is 2 x
    assert abs(w - 2) < 0.15
    assert abs(b) < 0.15


def test_sampling_in_eval_mode_uses_running_statistics(device):
    model = dcgan()
    for _ in range(3):
        model.generator_loss(16, mg.Generator(0))
    model.eval()
    many = model.sample(8, mg.Generator(1)).numpy()
    model.train()
    assert not np.allclose(many, model.sample(8, mg.Generator(1)).numpy())


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


def test_bad_input_is_named(device):
    model = dcgan()
    with pytest.raises(MinigenError, match="did you mean 'minimax'"):
        GAN(model.generator, model.discriminator, 5, "minmax")
    with pytest.raises(MinigenError, match="n: expected"):
        model.sample(0)
    with pytest.raises(MinigenError, match="Dense"):
        GAN(
            dense_decoder(3, (4,), [4], mg.Generator(0)), dense_encoder((5,), 1, [4], mg.Generator(0)), 3
        ).generator_loss(2)


def test_unknown_losses_and_penalties_are_named():
    rng = mg.Generator(0)
    parts = dense_decoder(2, (2,), [4], rng), dense_discriminator((2,), [4], rng), 2
    with pytest.raises(MinigenError, match="did you mean 'hinge'"):
        GAN(*parts, "hing")
    with pytest.raises(MinigenError, match="penalty: unknown name 'r2'; did you mean 'r1'"):
        GAN(*parts, "hinge", "r2")
    with pytest.raises(ArgumentError, match="pack: expected an integer >= 1, got 0"):
        GAN(*parts, pack=0)


@pytest.mark.parametrize("count", [1, 2])
def test_a_batch_of_one_has_no_spread_and_no_nan(device, count):
    """Nor is there one where all real examples are the same, but a number."""
    model = GAN(dense_decoder(2, SHAPE, [4], mg.Generator(0)), dense_discriminator(SHAPE, [4], mg.Generator(0)), 2)
    same = mg.zeros((count, *SHAPE), device=device)
    loss = model.discriminator_loss(same, mg.Generator(1))
    signs = signs_of(loss)
    assert ("spread" in signs) == (count > 1)
    assert all(np.isfinite(value.item()) for value in signs.values())
