"""Heads: patterns by the formula, and a head that is taken away as weights that are zero."""

import numpy as np
import pytest

import minigen as mg
from minigen import ops
from minigen.errors import ArgumentError
from minigen.explain import ablated, head_losses, patterns
from minigen.explain.heads import attention_layers, watching
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.piano_rolls import PianoRollModel
from minigen.models.sequences.transformer import Transformer

N, T, C, HEADS, BLOCKS, SYMBOLS = 4, 6, 12, 3, 2, 5
D = C // HEADS


def language_model():
    rng = mg.Generator(0)
    model = LanguageModel(SYMBOLS, C, Transformer(C, HEADS, BLOCKS, T, rng=rng), rng=rng)
    for i, p in enumerate(model.parameters()):  # not as it starts: attention that differs from place to place
        p.data = (p.data + 0.4 * np.random.default_rng(i).standard_normal(p.shape)).astype(np.float32)
    return model.eval() or model


@pytest.fixture
def model():
    return language_model()


X = np.random.default_rng(1).integers(0, SYMBOLS, (N, T + 1))


def logits(model, x=X):
    with mg.no_grad():
        return model(x[:, :-1]).data


def test_patterns_are_the_formula(model):
    found = patterns(model, X)
    assert found.shape == (BLOCKS, N, HEADS, T, T)
    np.testing.assert_allclose(found.sum(axis=4), 1, rtol=1e-5)
    assert not found[..., ~np.tri(T, dtype=bool)].any()
    block = model.body.blocks[0]
    h = model.table.w.data[X[:, :-1]] + model.body.places.data  # (N, T, C)
    h = (h - h.mean(axis=2, keepdims=True)) / np.sqrt(h.var(axis=2, keepdims=True) + block.norm1.eps)
    h = h * block.norm1.gamma.data + block.norm1.beta.data
    qkv = h @ block.attention.qkv.w.data + block.attention.qkv.b.data
    for n in range(N):
        for head in range(HEADS):
            q, k = (qkv[n, :, part * C + head * D : part * C + (head + 1) * D] for part in (0, 1))
            for i in range(T):
                e = np.exp(k[: i + 1] @ q[i] / np.sqrt(D))
                np.testing.assert_allclose(found[0, n, head, i, : i + 1], e / e.sum(), rtol=2e-3, atol=1e-5)


@pytest.mark.parametrize("head", [(0, 0), (0, 2), (1, 1)])
def test_without_a_head_is_with_zeros_in_its_rows_of_the_output(model, head):
    with ablated(model, [head], "zero"):
        found = logits(model)
    assert np.abs(found - logits(model)).max() > 1e-3
    layer, number = head
    model.body.blocks[layer].attention.out.w.data[number * D : (number + 1) * D] = 0
    np.testing.assert_allclose(found, logits(model), rtol=1e-4, atol=1e-5)


def test_by_its_mean_a_head_says_nothing_of_an_example(model):
    whole = logits(model)
    for x in (X[:1], np.tile(X[0], (N, 1))):  # an example alone, or among its like, is the mean
        with ablated(model, [(0, 1), (1, 0)], "mean"):
            np.testing.assert_allclose(logits(model, x)[0], whole[0], rtol=1e-4, atol=1e-5)
    every = [(layer, head) for layer in range(BLOCKS) for head in range(HEADS)]
    with ablated(model, every, "mean"):  # each place is then on its own
        one, other = X.copy(), X.copy()
        other[:, 0] = (other[:, 0] + 1 + np.arange(N) % 2) % SYMBOLS
        swapped = X[[1, 0, 2, 3]].copy()  # the same examples in another order have the same mean
        a, b = logits(model, one), logits(model, swapped)
    np.testing.assert_allclose(a[[1, 0, 2, 3]], b, rtol=1e-4, atol=1e-5)


def test_afterwards_all_is_as_before(model):
    before = logits(model)
    with pytest.raises(RuntimeError), ablated(model, [(0, 0)]):
        raise RuntimeError
    assert np.array_equal(logits(model), before)
    assert all(layer.watch is None for layer in attention_layers(model))
    assert len(list(model.named_tensors())) == len(list(language_model().named_tensors()))


def test_a_model_without_heads_also_writes(model):
    """With a memory, on plain arrays."""
    with ablated(model, [(0, 0), (1, 2)], "zero"):
        drawn = model.sample(2, mg.Generator(0), length=4)
        whole = logits(model, np.concatenate([drawn, drawn[:, :1]], axis=1))
        state = model.body.start(2)
        with mg.no_grad():
            parts = [model(drawn[:, i : i + 1], state).data for i in range(5)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("way", ["zero", "mean"])
def test_the_loss_without_each_head(model, way):
    x = X.astype(np.uint8)
    x[1, 4:] = 255  # a shorter line
    found = head_losses(model, x, way)
    counted = x[:, 1:] != 255

    def nats():
        with mg.no_grad():
            log_p = ops.log_softmax(model(np.where(x == 255, 0, x)[:, :-1].astype(np.int64))).data
        picked = np.take_along_axis(log_p, np.where(x == 255, 0, x)[:, 1:, None].astype(np.int64), axis=2)[..., 0]
        return -(picked * counted).sum(axis=1)

    whole = nats()
    assert found.intact == pytest.approx(whole.sum() / counted.sum(), rel=1e-5)
    for head in np.ndindex(BLOCKS, HEADS):
        with ablated(model, [head], way):
            more = nats() - whole
        assert found.rise[head] == pytest.approx(more.sum() / counted.sum(), rel=1e-3, abs=1e-5)
        spread = np.sqrt(N * ((more - more.mean()) ** 2).sum() / (N - 1)) / counted.sum()
        assert found.error[head] == pytest.approx(spread, rel=1e-3, abs=1e-5)


def test_a_head_that_does_nothing_costs_nothing(model):
    model.body.blocks[1].attention.out.w.data[:D] = 0
    found = head_losses(model, X, "zero")
    assert found.rise[1, 0] == pytest.approx(0, abs=1e-6)
    assert np.abs(np.delete(found.rise.ravel(), HEADS)).min() > 1e-6


def test_of_piano_rolls():
    rng = mg.Generator(0)
    model = PianoRollModel(Transformer(C, HEADS, BLOCKS, T, rng=rng), 88, C, rng)
    x = (np.random.default_rng(0).random((N, T + 1, 88)) < 0.1).astype(np.uint8)
    assert patterns(model, x).shape == (BLOCKS, N, HEADS, T, T)
    assert np.isfinite(head_losses(model, x).rise).all()


def test_watching_sees_every_layer(model):
    seen = []

    def watch(layer, q, k, y):
        seen.append((layer, q.shape, k.shape, y.shape))
        return y

    with watching(model, watch):
        logits(model)
    assert seen == [(layer, *[(N, T, HEADS, D)] * 3) for layer in range(BLOCKS)]


def test_refusals(model):
    for head in ((2, 0), (0, 3), (-1, 0)):
        with (
            pytest.raises(ArgumentError, match=r"heads: there is no head .* the model has 2 layers of 3 heads"),
            ablated(model, [head]),
        ):
            pass
    with pytest.raises(ArgumentError, match="way: unknown name 'average'"), ablated(model, [(0, 0)], "average"):
        pass
    other = LanguageModel(SYMBOLS, C, GRU(C, 1, rng=mg.Generator(0)), rng=mg.Generator(0))
    with pytest.raises(ArgumentError, match="model: LanguageModel has no attention to look at"):
        patterns(other, X)
    with pytest.raises(ArgumentError, match="expected attention and two sequences or more, got no attention"):
        head_losses(other, X)
    with pytest.raises(ArgumentError, match="got 2 layers of 3 heads, 1"):
        head_losses(model, X[:1])
