"""The Jacobian of a map by differences, in float64: what every log-determinant is held against."""

import numpy as np

import minigen as mg
from minigen.autodiff import Tensor, no_grad

STEP = 1e-5


def in_float64(module):
    """The module with its parameters and buffers in float64, where a difference keeps its digits."""
    for _, tensor in module.named_tensors():
        if tensor.dtype.kind == "f":
            tensor.data = tensor.data.astype(np.float64)
    return module


def shaken(module, size=0.3, seed=9):
    """The module with other parameters, so that nothing is the identity."""
    rng = np.random.default_rng(seed)
    trained = {name for name, _ in module.named_parameters()}
    state = module.state_dict()
    noise = {name: size * rng.standard_normal(array.shape) for name, array in state.items() if name in trained}
    module.load_state_dict({name: array + noise.get(name, 0) for name, array in state.items()})
    return module


def numeric_jacobian(f, x):
    """(D, D): of f at one example x (*shape), by central differences; a row for each of the D numbers that go in."""
    d = x.size
    steps = STEP * np.eye(d).reshape(d, *x.shape)
    with no_grad():
        after, before = (np.asarray(f(Tensor(x + s))[0].numpy()).reshape(d, -1) for s in (steps, -steps))
    return (after - before) / (2 * STEP)


def numeric_log_det(f, x):
    """log |det J| of f at one example x (*shape)."""
    sign, log_det = np.linalg.slogdet(numeric_jacobian(f, x))
    assert sign != 0
    return log_det


def check_bijection(f, x, tolerance=1e-6):
    """The log-determinant both ways, and the inverse both ways, of a bijection in float64 at examples x."""
    z, log_det = f(mg.tensor(x, dtype=np.float64))
    back, log_det_back = f.inverse(z)
    assert log_det.shape == log_det_back.shape == (len(x),)
    np.testing.assert_allclose(back.numpy(), x, atol=1e-9)
    np.testing.assert_allclose(f(back)[0].numpy(), z.numpy(), atol=1e-7)
    np.testing.assert_allclose(log_det_back.numpy(), -log_det.numpy(), atol=1e-7)
    for one, found in zip(x, log_det.numpy(), strict=True):
        np.testing.assert_allclose(found, numeric_log_det(f, one), atol=tolerance)
    for one, found in zip(z.numpy(), log_det_back.numpy(), strict=True):
        np.testing.assert_allclose(found, numeric_log_det(f.inverse, one), atol=tolerance)
