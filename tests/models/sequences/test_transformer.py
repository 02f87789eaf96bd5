"""The Transformer: nobody sees ahead, the memory changes nothing, and PyTorch computes the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError, ShapeError
from minigen.models.sequences.transformer import CausalSelfAttention, Transformer

N, T, C = 2, 7, 12


def body(limit=T, blocks=2, dropout=0.0, dtype=np.float32):
    with mg.device("cpu"):
        made = Transformer(C, 3, blocks, limit, dropout, mg.Generator(0))
    for name, tensor in made.named_parameters():  # not as it starts: no weight, gain or shift is 0 or 1
        tensor.data = (tensor.data + 0.3 * np.random.default_rng(len(name)).standard_normal(tensor.shape)).astype(dtype)
    return made


def vectors(n=N, t=T, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal((n, t, C)).astype(dtype)


@settings(max_examples=20)
@given(st.integers(0, T - 1), st.integers(0, 5))
def test_a_place_does_not_change_with_those_after_it(place, seed):
    h = vectors(seed=seed, dtype=np.float64)
    other = h.copy()
    other[:, place + 1 :] = vectors(seed=seed + 100)[:, place + 1 :]
    made = body(dtype=np.float64)
    one, two = made(mg.tensor(h)).data, made(mg.tensor(other)).data
    np.testing.assert_allclose(one[:, : place + 1], two[:, : place + 1], rtol=0, atol=1e-12)
    if place + 1 < T:
        assert np.abs(one[:, place + 1 :] - two[:, place + 1 :]).min(axis=2).max() > 1e-6


def test_a_place_does_change_with_each_before_it():
    h, made = vectors(dtype=np.float64), body(dtype=np.float64)
    for place in range(T):
        other = h.copy()
        other[:, place] += vectors(seed=9)[:, place]  # the same added to all features would go in the norm
        changed = np.abs(made(mg.tensor(h)).data - made(mg.tensor(other)).data).max(axis=(0, 2))
        assert (changed[place:] > 1e-6).all()


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_with_a_memory_pieces_give_what_the_whole_gives(pieces):
    total = sum(pieces)
    made, h = body(limit=total + 2), vectors(t=total)
    with mg.no_grad():
        whole, state, parts, first = made(mg.tensor(h)).data, made.start(N), [], 0
        for size in pieces:
            parts.append(made(mg.tensor(h[:, first : first + size]), state).data)
            first += size
    assert state.seen == total
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=1e-4, atol=2e-5)


def test_pytorch_computes_the_same_and_the_same_gradients():
    torch = pytest.importorskip("torch")
    made, h = body(), vectors()
    weights = {name: torch.tensor(a, requires_grad=True) for name, a in made.state_dict().items()}

    def norm(x, name):
        return torch.nn.functional.layer_norm(x, (C,), weights[f"{name}.gamma"], weights[f"{name}.beta"])

    def dense(x, name):
        return x @ weights[f"{name}.w"] + weights[f"{name}.b"]

    x = torch.tensor(h) + weights["places"]
    for i in range(2):
        block = f"blocks.{i}"
        q, k, v = dense(norm(x, f"{block}.norm1"), f"{block}.attention.qkv").split(C, dim=2)
        q, k, v = (a.reshape(N, T, 3, C // 3).transpose(1, 2) for a in (q, k, v))
        seen = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + dense(seen.transpose(1, 2).reshape(N, T, C), f"{block}.attention.out")
        wide = torch.nn.functional.gelu(dense(norm(x, f"{block}.norm2"), f"{block}.mlp.layers.0"), approximate="tanh")
        x = x + dense(wide, f"{block}.mlp.layers.2")
    theirs, g = norm(x, "norm"), vectors(seed=1)
    theirs.backward(torch.tensor(g))
    ours = made(mg.tensor(h))
    ours.backward(mg.tensor(g))
    np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-4, atol=1e-4)
    for name, tensor in made.named_parameters():
        expected, found = weights[name].grad.numpy(), tensor.grad.data
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max(), err_msg=name)


def test_dropout_is_of_training_alone():
    made, h = body(dropout=0.5), mg.tensor(vectors())
    assert not np.array_equal(made(h).data, made(h).data)
    made.eval()
    assert np.array_equal(made(h).data, body()(h).data)


def test_the_device_computes_the_same(device):
    made, h = body(), vectors()
    expected = made(mg.tensor(h, device="cpu")).data
    made.to(device)
    with mg.no_grad():
        state = made.start(N)
        found = made(mg.tensor(h, device=device), state)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-4)


def test_what_is_added_to_the_vectors_starts_smaller_the_more_blocks_there_are():
    for blocks in (1, 8):
        made = Transformer(64, 2, blocks, 3, rng=mg.Generator(0))
        for block in made.blocks:
            inside = [block.attention.qkv.w, block.mlp[0].w]
            added = [block.attention.out.w, block.mlp[2].w]
            assert [w.numpy().std() for w in inside] == pytest.approx([0.02, 0.02], rel=0.1)
            assert [w.numpy().std() for w in added] == pytest.approx([0.02 / (2 * blocks) ** 0.5] * 2, rel=0.1)


def test_a_head_sees_its_own_part_of_the_vector():
    """With H heads, the output before the last map is that of H attentions of width C / H."""
    layer = CausalSelfAttention(C, 3, 0, 1, mg.Generator(0))
    layer.out.w.data = np.eye(C, dtype=np.float32)
    x = vectors()
    qkv = x @ layer.qkv.w.data + layer.qkv.b.data
    heads = [part.reshape(N, T, 3, C // 3) for part in np.split(qkv, 3, axis=2)]
    alone = [mg.ops.attention(*(a[:, :, i : i + 1] for a in heads))[:, :, 0] for i in range(3)]
    np.testing.assert_allclose(layer(mg.tensor(x)).data, np.concatenate(alone, axis=2), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: Transformer(10, 4, 1, 5), ArgumentError, "heads: a width of 10 cannot be shared by 4 heads; take 2"),
        (lambda: Transformer(8, 0, 1, 5), ArgumentError, "heads"),
        (
            lambda: body(limit=3)(mg.tensor(vectors())),
            ShapeError,
            "7 places, and it sees at most 3",
        ),
    ],
)
def test_what_cannot_be_is_refused(act, error, message):
    with pytest.raises(error, match=message):
        act()
