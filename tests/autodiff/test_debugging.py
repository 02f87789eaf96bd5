"""The debug mode names the operation and the user's line."""

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
