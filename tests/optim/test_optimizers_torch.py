"""A thousand steps beside PyTorch's optimizers, given the same gradients.

In float64 the two must agree to rounding. In float32 each rounds in its own order, so both are compared to the
float64 result: ours may not be further from it than PyTorch's is, up to a factor for luck.
"""

import functools

import numpy as np
import pytest

import minigen as mg
from minigen.optim import SGD, Adam, AdamW, RMSProp

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

RULES = {
    "SGD": (SGD, torch.optim.SGD, {"lr": 0.01}),
    "weight decay": (SGD, torch.optim.SGD, {"lr": 0.01, "weight_decay": 0.1}),
    "momentum": (SGD, torch.optim.SGD, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.01}),
    "Nesterov": (SGD, torch.optim.SGD, {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True}),
    "RMSProp": (RMSProp, torch.optim.RMSprop, {}),
    "Adam": (Adam, torch.optim.Adam, {}),
    "Adam, other settings": (Adam, torch.optim.Adam, {"lr": 0.1, "betas": (0.5, 0.9), "eps": 1e-3}),
    "AdamW": (AdamW, torch.optim.AdamW, {}),
}
SHAPES = [(7, 5), (5,), (), (3, 2, 2)]
STEPS = 1000


@functools.cache
def problem(dtype):
    """Initial weights and, for each step, gradients of very different sizes; some are missing."""
    rng = np.random.default_rng(0)
    weights = [np.asarray(rng.standard_normal(s), np.float32).astype(dtype) for s in SHAPES]
    gradients = [
        [np.asarray(10.0**k * (rng.standard_normal(s) + 0.3), np.float32).astype(dtype) for k, s in enumerate(SHAPES)]
        for _ in range(STEPS)
    ]
    for g in gradients[:30] + gradients[500::7]:
        g[1] = None
    return weights, gradients


def run_minigen(make, settings, dtype):
    weights, gradients = problem(dtype)
    params = [mg.tensor(w, requires_grad=True) for w in weights]
    optimizer = make(params, **settings)
    for step in gradients:
        for p, g in zip(params, step, strict=True):
            p.grad = None if g is None else mg.tensor(g)
        optimizer.step()
    return np.concatenate([p.numpy().ravel() for p in params])


def run_torch(make, settings, dtype):
    weights, gradients = problem(dtype)
    params = [torch.tensor(w, requires_grad=True) for w in weights]
    optimizer = make(params, **settings)
    for step in gradients:
        for p, g in zip(params, step, strict=True):
            p.grad = None if g is None else torch.from_numpy(g)
        optimizer.step()
    return np.concatenate([p.detach().numpy().ravel() for p in params])


@pytest.mark.parametrize("rule", RULES)
def test_a_thousand_steps_beside_pytorch(rule):
    ours, theirs, settings = RULES[rule]
    exact = run_torch(theirs, settings, np.float64)
    np.testing.assert_allclose(run_minigen(ours, settings, np.float64), exact, rtol=1e-11, atol=1e-11)
    torch32, ours32 = run_torch(theirs, settings, np.float32), run_minigen(ours, settings, np.float32)
    assert ours32.dtype == np.float32
    size = np.abs(exact) + 1
    torch_error = np.sqrt(np.mean(((torch32 - exact) / size) ** 2))
    our_error = np.sqrt(np.mean(((ours32 - exact) / size) ** 2))
    assert our_error < 1e-5
    assert our_error < 2 * torch_error
