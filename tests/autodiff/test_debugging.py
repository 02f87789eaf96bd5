"""The debug mode names the operation and the user's line."""

import threading

import numpy as np
import pytest

import minigen as mg
from minigen.autodiff import differentiable
from minigen.errors import NumericalError


def test_the_first_nan_forward(device):
    x = mg.tensor([[1.0, 2.0], [0.0, -1.0]], requires_grad=True)
    with mg.debug(), pytest.raises(NumericalError) as caught:
        mg.tanh(mg.log(x)).sum()  # the line that is named
    message = str(caught.value)
    assert message.startswith("log: result holds 1 NaN, 1 infinity among 4 values, the first at index (1, 0)")
    assert "test_debugging.py" in message
    assert "mg.tanh(mg.log(x)).sum()  # the line that is named" in message


def test_the_first_infinity_backward(device):
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    with mg.debug():
        y = mg.sqrt(x)  # finite, with an infinite slope
        with pytest.raises(NumericalError) as caught:
            y.sum().backward()
    message = str(caught.value)
    assert "gradient of sqrt for input 0: holds 1 infinity" in message
    assert "finite, with an infinite slope" in message


def test_where_float32_became_float64(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.debug(), pytest.raises(NumericalError, match="multiply: float32 became float64 because input 1 is float64"):
        x * mg.tensor(np.ones(2))


def test_an_operation_that_changes_the_precision_itself(device):
    @differentiable
    def widen(x, y, /):
        return x.astype(np.float64) + y

    with mg.debug(), pytest.raises(NumericalError, match="widen: float32 became float64"):
        widen(mg.ones(2), mg.ones(2, dtype=np.float64))


def test_nan_that_came_in_is_not_blamed_on_the_operation(device):
    with mg.debug():
        y = mg.exp(mg.tensor([np.nan, 1.0]))
    assert np.isnan(y.numpy()[0])


def test_off_again_afterwards(device):
    with mg.debug():
        with mg.debug():
            pass
        with pytest.raises(NumericalError):
            mg.log(mg.tensor([-1.0]))
    assert np.isnan(mg.log(mg.tensor([-1.0])).numpy()[0])


def test_integers_are_left_alone(device):
    with mg.debug():
        assert mg.argmax(mg.tensor([1, 3, 2])).item() == 1


def test_an_error_inside_the_block_ends_the_mode(device):
    with pytest.raises(KeyError), mg.debug():
        raise KeyError
    assert np.isnan(mg.log(mg.tensor([-1.0])).numpy()[0])


def test_the_users_line_is_named_not_the_librarys(device):
    log_var = mg.tensor([[1000.0, 0.0]])
    with mg.debug(), pytest.raises(NumericalError) as caught:
        mg.nn.kl_loss(mg.zeros((1, 2)), log_var)  # the user's own line
    message = str(caught.value)
    assert "result holds 1 infinity among 2 values, the first at index (0, 0)" in message
    assert "in test_the_users_line_is_named_not_the_librarys: mg.nn.kl_loss(" in message
    assert message.endswith("# the user's own line")


def test_a_gradient_recorded_outside_of_debug_mode(device):
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    y = mg.sqrt(x).sum()
    with mg.debug(), pytest.raises(NumericalError, match=r"gradient of sqrt for input 0.*an unknown line"):
        y.backward()


def test_infinite_gradients_that_came_in_are_not_blamed_on_a_rule(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.debug():
        (x * 2).backward(np.array([np.inf, 1.0]))
    assert np.array_equal(x.grad.numpy(), [np.inf, 2.0])


def test_the_pass_of_a_gradient_of_a_gradient_is_watched(device):
    x = mg.tensor([0.0, 1.0], requires_grad=True)
    with mg.debug():
        g = mg.grad((x**1.5).sum(), x, create_graph=True)  # 1.5 sqrt(x): finite
        assert np.allclose(g.numpy(), [0.0, 1.5])
        with pytest.raises(NumericalError, match="gradient of power for input 0: holds 1 infinity"):
            mg.grad(g.sum(), x)


def test_a_conversion_that_was_asked_for_is_no_accident(device):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.debug():
        (x.astype("float64") * 3).sum().backward()
    assert np.array_equal(x.grad.numpy(), [3.0, 3.0])
    assert x.grad.dtype == np.float32


def test_debug_mode_holds_for_its_thread_alone():
    seen = []

    def work():
        seen.append(mg.log(mg.tensor([-1.0])).numpy()[0])

    with mg.debug():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert np.isnan(seen[0])


def test_results_are_the_same_with_and_without(make):
    x = make((3, 4))

    def pass_():
        x.zero_grad()
        y = (mg.softmax(x) * mg.tanh(x)).sum()
        y.backward()
        return y.numpy(), x.grad.numpy()

    plain = pass_()
    with mg.debug():
        watched = pass_()
    for a, b in zip(plain, watched, strict=True):
        assert np.array_equal(a, b)


def test_a_gradient_without_axes_is_looked_at():
    """NumPy gives a scalar, not an array, where none of the arrays has an axis."""
    x = mg.tensor(np.float32(0), requires_grad=True)
    with mg.debug(), np.errstate(divide="ignore"), pytest.raises(NumericalError, match="gradient of sqrt"):
        mg.sqrt(x).backward()
