"""Mult-VAE: its bound by hand and by PyTorch, what it sees, how beta rises, what it makes up, and that it learns."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.data.likes import HELD_OUT, LIKED
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.recommendation import ndcg, popularity
from minigen.models import recipe_of
from minigen.models.vaes.multvae import MultVAE, MultVAETrainer

RNG = np.random.default_rng(0)
X = (RNG.random((6, 9)) < 0.4).astype(np.uint8)
X[0] = 0  # nothing is known of this user


def model(dropout=0.0, **settings):
    return MultVAE(9, 3, (5,), dropout=dropout, rng=mg.Generator(0), **settings)


def likes(device="cpu", x=X):
    return mg.tensor(x, device=device)


def test_the_bound_is_that_of_the_paper(device):
    """Both terms from the networks' outputs, with the noise drawn by hand."""
    with mg.backend.device(device):
        net, rng = model(), mg.Generator(3)
        found = net.elbo(likes(device), rng)
        h = X / np.maximum(np.linalg.norm(X, axis=1, keepdims=True), 1)
        mean, log_var = np.split(net.encoder(mg.tensor(h.astype("f4"), device=device)).numpy(), 2, axis=1)
        noise = mg.tensor(mg.Generator(3).normal((6, 3), device=device)).numpy()
        z = (mean + np.exp(log_var / 2) * noise).astype("f4")
        logits = net.decoder(mg.tensor(z, device=device)).numpy().astype(np.float64)
    log_pi = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(found.log_likelihood.numpy(), (X * log_pi).sum(axis=1), rtol=1e-5)
    kl = 0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum(axis=1)
    np.testing.assert_allclose(found.kl.numpy(), kl, rtol=1e-4, atol=1e-6)


def test_the_gradient_of_the_loss_is_pytorchs():
    torch = pytest.importorskip("torch")
    net = model(beta=0.3)
    net.loss(likes(), mg.Generator(3)).total.backward()
    (w1, b1, w2, b2), (w3, b3, w4, b4) = weights = [
        [torch.tensor(p.data.copy(), requires_grad=True) for p in part.parameters()]
        for part in (net.encoder, net.decoder)
    ]
    x = torch.tensor(X, dtype=torch.float32)
    h = torch.nn.functional.normalize(x, dim=1)
    mean, log_var = (torch.tanh(h @ w1 + b1) @ w2 + b2).chunk(2, dim=1)
    z = mean + (log_var / 2).exp() * torch.tensor(mg.Generator(3).normal((6, 3)))
    log_pi = torch.log_softmax(torch.tanh(z @ w3 + b3) @ w4 + b4, dim=1)
    kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(dim=1)
    (0.3 * kl - (x * log_pi).sum(dim=1)).mean().backward()
    for ours, theirs in zip(net.parameters(), [p for part in weights for p in part], strict=True):
        np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-4, atol=1e-6)


def test_the_loss_weighs_the_kl():
    net = model(beta=0.25)
    for given, beta in ((None, 0.25), (0.0, 0.0), (2.0, 2.0)):
        loss = net.loss(likes(), mg.Generator(1), given)
        assert loss.total.item() == pytest.approx(loss.reconstruction.item() + beta * loss.kl.item(), rel=1e-6)


def test_what_is_held_out_is_not_seen():
    """The scores, the code and the loss are those of users who do not like it."""
    net = model().eval()
    held, without = X.copy(), X.copy()
    for row in range(1, 6):
        item = np.flatnonzero(X[row])[0]
        held[row, item], without[row, item] = HELD_OUT, 0
    np.testing.assert_array_equal(net.scores(likes(x=held)).numpy(), net.scores(likes(x=without)).numpy())
    one, other = (net.loss(likes(x=x), mg.Generator(0)).total.item() for x in (held, without))
    assert one == other
    assert not np.array_equal(net.scores(likes()).numpy(), net.scores(likes(x=without)).numpy())


def test_scores_are_log_probabilities_and_draw_nothing(device):
    net = model(dropout=0.5).to(device)
    scores = net.scores(likes(device)).numpy()
    np.testing.assert_allclose(np.exp(scores).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(scores, net.scores(likes(device)).numpy())
    assert net.training
    assert scores.dtype == np.float32


def test_dropout_leaves_out_likes_in_training_only():
    net = model(dropout=0.9)
    codes = [net.encode(likes(), mg.Generator(seed)).mean.numpy() for seed in (0, 0, 1)]
    np.testing.assert_array_equal(codes[0], codes[1])
    assert not np.allclose(codes[0], codes[2])
    net.eval()
    np.testing.assert_array_equal(*(net.encode(likes(), mg.Generator(seed)).mean.numpy() for seed in (0, 1)))


def test_beta_rises_and_stays():
    trainer = MultVAETrainer(model(beta=0.4), 1e-3, rising=4)
    steps = [trainer.step(likes(), mg.Generator(0)) for _ in range(7)]
    np.testing.assert_allclose([step["beta"].item() for step in steps], [0, 0.1, 0.2, 0.3, 0.4, 0.4, 0.4], rtol=1e-6)
    for step in steps:
        total = step["reconstruction"].item() + step["beta"].item() * step["kl"].item()
        assert step["loss"].item() == pytest.approx(total, rel=1e-6)
    at_once = MultVAETrainer(model(beta=0.4), 1e-3).step(likes(), mg.Generator(0))
    assert at_once["beta"].item() == pytest.approx(0.4)


def test_users_who_are_made_up_are_drawn_from_pi(device):
    """With a decoder that gives all codes the same pi: the first draw is of it, and no item is drawn twice."""
    net = model().to(device)
    pi = np.arange(1, 10) / 45
    last = net.decoder[-2]
    last.w.data[...] = 0
    last.b.data[...] = mg.tensor(np.log(pi).astype("f4"), device=device).data
    x = mg.backend.to_numpy(net.sample(4000, mg.Generator(0), likes=1))
    assert x.dtype == np.uint8
    assert (x.sum(axis=1) == LIKED).all()
    assert np.abs(x.mean(axis=0) - pi).max() < 4 * np.sqrt(0.25 / 4000)
    pairs = mg.backend.to_numpy(net.sample(4000, mg.Generator(1), likes=2))
    assert (pairs.sum(axis=1) == 2).all()
    second = pi + pi * ((pi / (1 - pi)).sum() - pi / (1 - pi))  # first, or second after any other
    assert np.abs(pairs.mean(axis=0) - second).max() < 4 * np.sqrt(0.25 / 4000)
    assert (net.sample(2, mg.Generator(1), likes=9) == 1).all()


def test_wrong_arguments_are_named():
    net = model()
    with pytest.raises(ShapeError, match=r"MultVAE: expected likes of shape \(N, 9\), got \(6, 8\)"):
        net.scores(likes(x=X[:, 1:]))
    with pytest.raises(ShapeError, match=r"MultVAE: codes have shape \(2, 4\), expected \(N, 3\)"):
        net.decode(mg.Tensor(np.zeros((2, 4), "f4")))
    with pytest.raises(ArgumentError, match="likes: expected at most 9, one of each item, got 10"):
        net.sample(1, likes=10)
    with pytest.raises(ArgumentError, match="n: expected an integer >= 1, got 0"):
        net.sample(0)
    assert (net.sample(2, mg.Generator(0)) == LIKED).all()  # of nine items, all


@pytest.mark.long
def test_it_learns_tastes():
    """Above popularity by more than four standard errors, with a small net; for three seeds."""
    train, test = data.load("tastes"), data.load("tastes", "test")
    known, held_out = test.x == LIKED, test.x == HELD_OUT
    for seed in range(3):
        settings = recipe_of("mult-vae").settings(train, steps=300, seed=seed)
        net, rng = recipe_of("mult-vae").build(settings, train.shape, mg.Generator(seed)), mg.Generator(seed + 1)
        trainer = recipe_of("mult-vae").trainer(net, settings)
        for _ in range(settings.steps):
            trainer.step(likes(x=train.x[rng.permutation(len(train))[: settings.batch_size]]), rng)
        with mg.no_grad():
            scores = net.scores(likes(x=test.x)).numpy()
        gain = ndcg(scores, known, held_out) - ndcg(popularity(train.x, known), known, held_out)
        assert gain.mean() > 4 * gain.std() / np.sqrt(len(gain))
