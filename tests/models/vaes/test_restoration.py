"""The conditional VAE that restores: its loss by hand, what it must not touch, and that it learns."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.data.damage import DAMAGES, cut_hole
from minigen.errors import ArgumentError
from minigen.metrics import fill_with_mean, psnr
from minigen.models import RestorationVAE, recipe_of
from minigen.models.vaes.restoration import with_mask
from minigen.report.restorations import restored

TASKS = ("denoise", "inpaint", "super-resolve")


def model(shape=(8, 8, 1)):
    return RestorationVAE(shape, 3, 4, mg.Generator(0))


def damaged(device, n=5, seed=1):
    x = data.load("digits").x[:n]
    y, known = cut_hole(x, 0.5, mg.Generator(seed))
    return mg.tensor(x, device=device), mg.tensor(np.concatenate([y, known], axis=3), device=device)


def on(device):
    return model().to(device)


def test_known_pixels_stay(device):
    x, y = damaged(device)
    restored = on(device).restore(y, mg.Generator(0), 3).numpy()
    known = y.numpy()[..., -1:]
    assert np.array_equal(known * restored, known * x.numpy())
    assert not np.allclose(restored, y.numpy()[..., :-1])


def test_the_loss_is_that_of_a_gaussian_of_the_best_scale(device):
    """-log N(x; guess, s^2), summed over the unknown pixels, at the s for which it is least."""
    x, y = damaged(device)
    network, rng = on(device), mg.Generator(3)
    found = network.loss(x, y, rng)
    rng = mg.Generator(3)
    mean, log_var = np.split(network.encoder(mg.concatenate([x, y], axis=3)).numpy(), 2, axis=1)
    z = mean + np.exp(log_var / 2) * mg.tensor(rng.normal((5, 3), device=device)).numpy()
    guess = network.guess(y, mg.tensor(z.astype(np.float32), device=device)).numpy()
    unknown = y.numpy()[..., -1] == 0
    errors = (x.numpy() - guess)[..., 0][unknown].astype(np.float64)

    def nats(s):
        return np.sum(0.5 * (errors / s) ** 2 + np.log(s) + 0.5 * np.log(2 * np.pi)) / 5

    best = min(nats(s) for s in np.sqrt(np.mean(errors**2)) * np.linspace(0.9, 1.1, 201))
    assert np.isclose(found.reconstruction.item(), best, rtol=1e-4)
    kl = 0.5 * np.sum(np.exp(log_var) + mean**2 - 1 - log_var) / 5
    assert np.isclose(found.kl.item(), kl, rtol=1e-4)
    assert np.isclose(found.total.item(), best + kl, rtol=1e-4)
    assert np.isclose(network.loss(x, y, mg.Generator(3), 0.25).total.item(), best + kl / 4, rtol=1e-4)


def test_the_mean_of_guesses(device):
    _, y = damaged(device)
    network, rng = on(device), mg.Generator(5)
    single = [network.restore(y, rng).numpy() for _ in range(4)]
    assert np.allclose(network.restore(y, mg.Generator(5), 4).numpy(), np.mean(single, axis=0), atol=1e-6)
    with pytest.raises(ArgumentError, match="guesses: expected 1 or more, got 0"):
        network.restore(y, guesses=0)


def test_gradients_in_double_precision():
    x, y = (t.astype("float64") for t in damaged("cpu", 2))
    network = model()
    for parameter in network.parameters():
        parameter.data = parameter.data.astype(np.float64)

    def loss(w):
        network.decoder.middle.w = w
        return network.loss(x, y, mg.Generator(0)).total

    w = network.decoder.middle.w
    assert mg.gradcheck(loss, mg.tensor(w.data, requires_grad=True), elements=30)


@pytest.mark.parametrize("task", TASKS)
def test_one_batch_is_learnt(task):
    digits = data.load("digits")
    settings = recipe_of(task).settings(digits, steps=120, batch_size=20, width=8, lr=5e-3)
    network = recipe_of(task).build(settings, digits.shape, mg.Generator(0))
    trainer, rng = recipe_of(task).trainer(network, settings), mg.Generator(0)
    x = mg.tensor(digits.x[:20])
    losses = [trainer.step(x, rng)["reconstruction"].item() for _ in range(120)]
    assert np.mean(losses[-10:]) < np.mean(losses[:10]) - 5
    hurt = DAMAGES[recipe_of(task).damage](digits.x[:20], settings.amount, mg.Generator(9))
    mended = restored(network, hurt, mg.Generator(1), 4)
    unknown = 1 - hurt.known
    before = fill_with_mean(hurt.y, hurt.known, digits.x) if task == "inpaint" else hurt.y
    assert psnr(digits.x[:20], mended, unknown) > psnr(digits.x[:20], before, unknown)


@pytest.mark.parametrize("side", [8, 28, 32, 48, 64])
def test_the_middle_of_a_hole_depends_on_its_rim(side):
    """Else it is guessed from z alone, which knows nothing of this image."""
    model = RestorationVAE((side, side, 1), 2, 2, mg.Generator(1))
    damaged = DAMAGES["hole"](np.ones((1, side, side, 1), np.float32), 0.5, mg.Generator(1))
    y = with_mask(damaged)
    y.requires_grad = True
    rows, columns = (damaged.known[0, ..., 0] == 0).nonzero()
    place = 0, int(rows.mean()), int(columns.mean()), 0
    model.decoder(y, mg.zeros((1, 2)))[place].backward()
    assert np.abs(y.grad.numpy()[..., 0] * damaged.known[..., 0]).sum() > 0
