"""The gated recurrent unit: what its gates do, and that pieces of a sequence make the whole.

Its values are compared in test_values.py and test_torch_oracle.py, its gradient is checked in test_gradients.py.
"""

import numpy as np
import pytest

import minigen as mg
from minigen.errors import ShapeError

RNG = np.random.default_rng(4)
N, T, C = 2, 7, 3


def operands():
    return [RNG.standard_normal(shape) for shape in ((N, T, 3 * C), (C, 3 * C), (C,), (N, C))]


def test_an_update_gate_of_1_keeps_the_state_and_its_gradient(device):
    p, w, b, h = operands()
    p[..., C : 2 * C] = 1000  # z = 1
    first = mg.tensor(h, device=device, requires_grad=True)
    y = mg.gru(*(mg.tensor(x, device=device) for x in (p, w, b)), first)
    np.testing.assert_allclose(y.numpy(), np.broadcast_to(h[:, None], (N, T, C)))
    g = RNG.standard_normal((N, T, C))
    y.backward(mg.tensor(g, device=device).data)
    np.testing.assert_allclose(first.grad.numpy(), g.sum(axis=1))


def test_gates_of_0_forget_all(device):
    p, w, b, h = operands()
    p[..., : 2 * C] = -1000  # r = z = 0: nothing of the state is left, nor does the candidate see it
    y = mg.gru(*(mg.tensor(x, device=device) for x in (p, w, b, h)))
    np.testing.assert_allclose(y.numpy(), np.tanh(p[..., 2 * C :]))


@pytest.mark.parametrize("cut", [1, 3, 6])
def test_pieces_make_the_whole(cut):
    p, w, b, h = operands()
    whole = mg.gru(p, w, b, h)
    first = mg.gru(p[:, :cut], w, b, h)
    second = mg.gru(p[:, cut:], w, b, first[:, -1])
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)


def test_a_step_sees_none_after_it():
    p, w, b, h = operands()
    before = mg.gru(p, w, b, h)
    p[:, 4:] += 1
    after = mg.gru(p, w, b, h)
    np.testing.assert_array_equal(after[:, :4], before[:, :4])
    assert (after[:, 4:] != before[:, 4:]).any()


def test_shapes_that_do_not_fit_are_named():
    p, w, b, h = operands()
    with pytest.raises(ShapeError, match=r"gru: .*\(2, 7, 9\), \(3, 9\), \(2,\) and \(2, 3\); expected \(N, T, 3C\)"):
        mg.gru(p, w, b[:2], h)
    for bad in ((p[0], w, b, h), (p[:, :0], w, b, h), (p[..., :8], w, b, h), (p, w[:, :8], b, h), (p, w, b, h[:1])):
        with pytest.raises(ShapeError):
            mg.gru(*bad)
