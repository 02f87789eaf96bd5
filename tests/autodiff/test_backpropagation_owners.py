"""Every gradient that comes out of a backward pass is its owner's alone: random graphs, every way to ask."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import optim

# What hands a gradient on as it is, as a view of itself, or as a read-only one; and what computes with it.
STEPS = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: b + a.T.T,
    lambda a, b: a.reshape(9).reshape(3, 3) + b,
    lambda a, b: mg.concatenate([a, b])[:3],
    lambda a, b: mg.broadcast_to(a, (2, 3, 3)).sum(axis=0) + b,
    lambda a, b: a.mean() + b,
    lambda a, b: a.sum(axis=0) + b,
    lambda a, b: mg.add_bias(a, b[0]),
    lambda a, b: a * b,
    lambda a, b: mg.flip(a, 0) + mg.squeeze(mg.expand_dims(b, 0)),
    lambda a, b: a.astype("float64") + b,
    lambda a, b: mg.tanh(a) @ b,
]

steps = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9)), max_size=5)


def graph(chosen):
    """Three leaves, and a result computed from them and from each other's results."""
    rng = np.random.default_rng(len(chosen))
    leaves = [mg.tensor(rng.standard_normal((3, 3)), requires_grad=True) for _ in range(3)]
    values = list(leaves)
    for step, i, j in chosen:
        values.append(step(values[i % len(values)], values[j % len(values)]))
    return leaves, values[-1]


def check_owned(gradients, others):
    for i, g in enumerate(gradients):
        assert type(g.data) is np.ndarray
        assert g.data.flags.writeable
        for other in [x.data for x in gradients[:i]] + others:
            assert not np.shares_memory(g.data, other)


@settings(max_examples=150)
@given(steps, st.booleans(), st.booleans(), st.booleans(), st.booleans())
def test_nobody_elses_array(chosen, create_graph, retain_graph, twice, with_optimizer):
    leaves, y = graph(chosen)
    upstream = mg.tensor(np.random.default_rng(1).standard_normal(y.shape))
    given_before = upstream.data.copy()
    options = {"create_graph": create_graph, "retain_graph": retain_graph or twice}
    found = mg.grad(y, [*leaves, leaves[0], y], upstream, allow_unused=True, **{**options, "retain_graph": True})
    data = [x.data for x in leaves] + [y.data, upstream.data]
    check_owned([g for g in found if g is not None], data)
    if with_optimizer:
        optim.SGD(leaves, lr=0.1)
    for _ in range(1 + twice):
        y.backward(upstream, **options)
    reached = [x for x in leaves if x.grad is not None]
    check_owned([x.grad for x in reached], [x.data for x in leaves] + [y.data, upstream.data])
    for x, g in zip(leaves, found, strict=False):  # whatever is clipped twice is clipped once
        if g is not None:
            assert np.allclose(x.grad.numpy(), (1 + twice) * g.numpy())
    if reached:
        before = [x.grad.numpy().copy() for x in reached]
        norm = optim.clip_grad_norm(reached, 0.5).item()
        again = optim.clip_grad_norm(reached, 0.5).item()
        assert np.isclose(norm, np.sqrt(sum((g**2).sum() for g in before)))
        assert again <= 0.5 + 1e-6
        for x, g in zip(reached, before, strict=True):
            assert np.allclose(x.grad.numpy(), g * min(1, 0.5 / (norm + 1e-6)))
    assert np.array_equal(upstream.numpy(), given_before)


@pytest.mark.parametrize("create_graph", [False, True])
def test_clipping_spoils_no_graph(device, create_graph):
    """A gradient with a history is clipped in place; what its history holds stays."""
    x = mg.tensor(np.array([1.0, 2.0]), device=device, requires_grad=True)
    mg.exp(x).sum().backward(create_graph=True)
    penalty = (x.grad**2).sum() if create_graph else mg.exp(x).sum()
    slope = x.grad
    expected = 2 * np.exp(2 * x.numpy()) if create_graph else np.exp(x.numpy())
    x.grad = None
    other = mg.grad(mg.exp(x).sum(), x, create_graph=True)
    other.data[...] = 0
    assert np.allclose(mg.grad(penalty, x).numpy(), expected)
    assert np.allclose(slope.numpy(), np.exp(x.numpy()))
