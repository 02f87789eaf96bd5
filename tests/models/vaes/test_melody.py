"""The VAE of lines: what its bound is made of, what is after the end, and that its codes are used."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import PAD
from minigen.errors import ArgumentError, ShapeError
from minigen.models.vaes.melody import MelodyVAE
from minigen.models.vaes.vae import VAETrainer

SYMBOLS, T = 6, 7


def lines(n=5, seed=0):
    """Of different lengths: 0, some of 1 ... 5, 0, PAD."""
    rng = np.random.default_rng(seed)
    x = rng.integers(1, SYMBOLS, (n, T + 1)).astype(np.uint8)
    x[:, 0] = 0
    for i, length in enumerate(rng.integers(2, T + 1, n)):
        x[i, length] = 0
        x[i, length + 1 :] = PAD
    return x


def model(**settings):
    return MelodyVAE(SYMBOLS, T, 8, 3, rng=mg.Generator(0), **settings)


def test_the_likelihood_is_that_of_one_symbol_after_the_other(device):
    """Written a symbol at a time, with the state handed on, as `decode` does."""
    with mg.backend.device(device):
        net = model(word_dropout=0.0)
        x, z = mg.tensor(lines(), device=device).data, mg.Tensor(mg.Generator(1).normal((5, 3), device=device))
        together = net.log_likelihood(x, z).numpy()
        h, total = net.first_state(z), np.zeros(5)
        known = np.where(lines() == PAD, 0, lines()).astype(np.int64)
        for t in range(T):
            h = net.write(mg.tensor(known[:, t : t + 1], device=device).data, z, h)[:, -1]
            log_p = mg.log_softmax(net.head(h)).numpy()
            total += np.where(lines()[:, t + 1] == PAD, 0, log_p[np.arange(5), known[:, t + 1]])
    np.testing.assert_allclose(together, total, rtol=1e-5)


def test_what_is_after_the_end_changes_nothing():
    net, x = model(word_dropout=0.0), lines()
    longer = np.concatenate([x, np.full((5, 4), PAD, np.uint8)], axis=1)
    for one, two in zip(*(vars(net.encode(mg.Tensor(a))).values() for a in (x, longer)), strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), atol=1e-6)
    z = mg.Tensor(np.ones((5, 3), np.float32))
    np.testing.assert_allclose(net.log_likelihood(longer, z).numpy(), net.log_likelihood(x, z).numpy(), rtol=1e-5)


def test_the_encoder_reads_both_ways():
    """The state of each reader that is taken has seen the whole line: each symbol changes the code."""
    net, x = model(), lines(1, seed=3)
    before = net.encode(mg.Tensor(x)).mean.numpy()
    for t in range(int((x != PAD).sum())):
        other = x.copy()
        other[0, t] = (other[0, t] + 1) % SYMBOLS
        assert np.abs(net.encode(mg.Tensor(other)).mean.numpy() - before).max() > 1e-4


def test_the_first_nats_of_the_kl_are_free_in_training_only():
    net, x = model(free_bits=50.0, word_dropout=0.0), mg.Tensor(lines())
    loss = net.loss(x, mg.Generator(0))
    assert loss.kl.item() < 50
    assert loss.total.item() == pytest.approx(loss.reconstruction.item() + 50, rel=1e-6)
    loss.total.backward()
    net.eval()
    bound = net.loss(x, mg.Generator(0))
    assert bound.total.item() == pytest.approx(bound.reconstruction.item() + bound.kl.item(), rel=1e-6)


def test_hidden_symbols_are_hidden():
    """Two lines that differ in symbol 1 alone: with all symbols hidden, what comes after it costs the same in both."""
    net, z = model(word_dropout=1 - 1e-9), mg.Tensor(np.zeros((1, 3), np.float32))
    x = np.array([[0, 1, 2, 3, 4, 5, 1, 0]], np.uint8)
    other = x.copy()
    other[0, 1] = 5

    def difference():
        return net.log_likelihood(x, z, mg.Generator(0)).item() - net.log_likelihood(other, z, mg.Generator(0)).item()

    log_p = mg.log_softmax(net.head(net.write(x[:, :1].astype(np.int64), z, net.first_state(z)))).numpy()[0, 0]
    assert difference() == pytest.approx(log_p[1] - log_p[5], abs=1e-5)
    net.eval()
    assert abs(difference() - (log_p[1] - log_p[5])) > 1e-3  # they are seen


def test_more_codes_give_a_tighter_bound():
    net, x = model().eval(), mg.Tensor(lines(40))
    elbo = net.elbo(x, mg.Generator(0))
    single = (elbo.log_likelihood - elbo.kl).numpy().mean()
    assert net.log_prob(x, mg.Generator(0)).numpy().mean() > single - 0.05


def test_lines_come_back_from_their_codes():
    """Eight lines, alike but for one symbol: the decoder must ask the code."""
    rng = mg.Generator(0)
    x = np.zeros((4, T + 1), np.uint8)
    x[:, 1:-1] = np.arange(1, 5)[:, None]
    net = MelodyVAE(SYMBOLS, T, 16, 2, 0.3, 2.0, rng)
    trainer = VAETrainer(net, 1e-2)
    for _ in range(120):
        metrics = trainer.step(mg.Tensor(np.tile(x, (4, 1))), rng)
    assert metrics["kl"].item() > 1.2  # log 4 = 1.39 tell them apart
    np.testing.assert_array_equal(net.reconstruct(mg.Tensor(x)).numpy(), x)
    drawn = net.sample(50, mg.Generator(1), length=T)
    assert len(np.unique(drawn[:, 1])) > 2


def test_samples_end_where_the_model_ends_them():
    net = model()
    drawn = net.sample(30, mg.Generator(0), prompt=np.array([0, 3, 2]), length=6)
    np.testing.assert_array_equal(drawn[:, :3], np.tile([0, 3, 2], (30, 1)))
    for row in drawn:
        ends = np.flatnonzero(row[3:] == 0)
        if len(ends):
            assert (row[3 + ends[0] + 1 :] == PAD).all()
    assert net.from_codes(mg.Tensor(np.zeros((2, 3), np.float32))).shape == (2, T + 1)


def test_what_is_refused():
    with pytest.raises(ArgumentError, match="word_dropout: expected 0 <= word_dropout < 1"):
        model(word_dropout=1.0)
    with pytest.raises(ShapeError, match=r"codes have shape \(2, 4\), expected \(N, 3\)"):
        model().from_codes(mg.Tensor(np.zeros((2, 4), np.float32)))
    with pytest.raises(ArgumentError, match="prompt: expected at least one symbol"):
        model().sample(1, prompt=[])
    with pytest.raises(ArgumentError, match=f"prompt: expected symbols 0 ... {SYMBOLS - 1}, got {SYMBOLS}"):
        model().sample(1, prompt=[SYMBOLS])  # the one that stands for what is hidden
