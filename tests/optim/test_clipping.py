"""Clipping: the norm, the direction, and what is left alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError, DTypeError
from minigen.optim import SGD, clip_grad_norm, clip_grad_value


def with_gradients(*gradients, device=None):
    params = []
    for g in gradients:
        p = mg.tensor(np.zeros(np.shape(g), np.float32), device=device, requires_grad=True)
        p.grad = mg.tensor(np.array(g, np.float32), device=device)
        params.append(p)
    return params


def test_a_joint_norm_of_5_is_clipped_to_1(device):
    params = with_gradients([3.0, 0.0], 4.0, device=device)
    unused = mg.zeros(3, device=device, requires_grad=True)
    norm = clip_grad_norm([*params, unused], 1.0)
    assert (norm.shape, norm.dtype, norm.device) == ((), np.float32, device)
    assert norm.item() == 5
    np.testing.assert_allclose(params[0].grad.numpy(), [0.6, 0.0], rtol=1e-6)
    np.testing.assert_allclose(params[1].grad.numpy(), 0.8, rtol=1e-6)
    assert unused.grad is None


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=4),
    st.floats(1e-3, 1e3),
    st.floats(1e-3, 1e3),
    st.integers(0, 2**32 - 1),
)
def test_the_norm_is_bounded_and_the_direction_kept(sizes, scale, max_norm, seed):
    rng = np.random.default_rng(seed)
    before = [(scale * rng.standard_normal(n)).astype(np.float32) for n in sizes]
    params = with_gradients(*before)
    norm = clip_grad_norm(params, max_norm).item()
    joint = np.concatenate(before).astype(np.float64)
    assert norm == pytest.approx(np.linalg.norm(joint), rel=1e-5)
    after = np.concatenate([p.grad.numpy() for p in params])
    if norm + 2e-6 <= max_norm:
        assert after.tobytes() == joint.astype(np.float32).tobytes()
    else:
        assert np.linalg.norm(after) <= max_norm * (1 + 1e-5)
        np.testing.assert_allclose(after * norm, joint * min(max_norm, norm), rtol=1e-4, atol=1e-4 * max_norm)


def test_clip_grad_norm_is_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    rng = np.random.default_rng(0)
    gradients = [rng.standard_normal(shape).astype(np.float32) for shape in ((20, 30), (30,), ())]
    params = with_gradients(*gradients)
    theirs = [torch.zeros(g.shape, requires_grad=True) for g in gradients]
    for p, g in zip(theirs, gradients, strict=True):
        p.grad = torch.tensor(g)
    norm, their_norm = clip_grad_norm(params, 0.7), torch.nn.utils.clip_grad_norm_(theirs, 0.7)
    assert norm.item() == pytest.approx(their_norm.item(), rel=1e-6)
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=2e-6)


def test_a_strided_gradient_is_clipped_in_place():
    (p,) = with_gradients(np.zeros((2, 3)))
    p.grad = mg.Tensor(np.full((3, 2), 10, np.float32).T)
    assert clip_grad_norm([p], 1.0).item() == pytest.approx(10 * 6**0.5)
    assert np.linalg.norm(p.grad.numpy()) == pytest.approx(1, rel=1e-5)


def test_clipped_gradients_reach_the_optimizer(device):
    p = mg.tensor(np.zeros(4, np.float32), device=device, requires_grad=True)
    optimizer = SGD([p], lr=1.0)
    (p * 3.0).sum().backward()  # the norm is 6
    clip_grad_norm([p], 1.5)
    optimizer.step()
    np.testing.assert_allclose(p.numpy(), -0.75, rtol=1e-6)


def test_without_gradients_the_norm_is_0(device):
    assert clip_grad_norm([mg.zeros(3, device=device, requires_grad=True)], 1.0).item() == 0


def test_values_are_clipped_to_both_sides(device):
    params = with_gradients([-3.0, -0.5, 0.0, 0.5, 3.0], device=device)
    unused = mg.zeros(3, device=device, requires_grad=True)
    clip_grad_value([*params, unused], 1)
    np.testing.assert_array_equal(params[0].grad.numpy(), np.array([-1, -0.5, 0, 0.5, 1], np.float32))
    assert params[0].grad.dtype == np.float32


@pytest.mark.parametrize("clip", [clip_grad_norm, clip_grad_value])
def test_bad_arguments_are_refused(clip):
    params = with_gradients([1.0])
    for bound in (0, -1.0, float("nan"), float("inf"), "1"):
        with pytest.raises(ArgumentError, match=r"max_(norm|value): expected a finite number > 0, got"):
            clip(params, bound)
    with pytest.raises(DTypeError, match="one Tensor"):
        clip(params[0], 1.0)
    with pytest.raises(ArgumentError, match="at least one"):
        clip([], 1.0)
