"""Nothing in a training step waits for the device: no value of a device array is read on the host."""

import contextlib
from unittest import mock

import numpy as np
import pytest

import minigen as mg
from minigen.optim import EMA, SGD, Adam, AdamW, RMSProp, clip_grad_norm, clip_grad_value, cosine, warmup

READS = ("get", "item", "tolist", "__float__", "__int__", "__bool__", "__index__", "__array__", "__len__", "__iter__")


@contextlib.contextmanager
def no_reading(array_type):
    """Let every way of reading an array of this (Python) class fail."""

    def refuse(*args, **kwargs):
        raise AssertionError("a value was read from the device")

    with contextlib.ExitStack() as stack:
        for name in READS:
            if hasattr(array_type, name):
                stack.enter_context(mock.patch.object(array_type, name, refuse))
        yield


class Module:
    def __init__(self, *tensors):
        self.tensors = tensors

    def named_tensors(self):
        return ((str(i), t) for i, t in enumerate(self.tensors))


@pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, lr=0.1),
        lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        lambda p: RMSProp(p),
        lambda p: Adam(p, lr=warmup(cosine(0.1, 10), 2)),
        lambda p: AdamW(p),
    ],
)
def test_a_step_does_not_wait_for_the_device(make, device_kind, device):
    if device_kind != "double":
        pytest.skip("only the double can tell")
    rng = np.random.default_rng(0)
    params = [
        mg.tensor(rng.standard_normal(s).astype(np.float32), device=device, requires_grad=True) for s in ((3, 2), (2,))
    ]
    before = [p.numpy().copy() for p in params]
    optimizer = make(params)
    ema = EMA(Module(*params))
    with no_reading(type(params[0].data)):
        with pytest.raises(AssertionError, match="read from the device"):  # the guard works
            params[0].numpy()
        for _ in range(3):
            optimizer.zero_grad()
            for p in params:
                p.grad = mg.Tensor(p.grad_buffer)
                p.grad.data[...] = p.data
            clip_grad_norm(params, 1.0)
            clip_grad_value(params, 0.5)
            optimizer.step()
            ema.update()
            with ema.swapped():
                pass
    assert all((p.numpy() != old).all() for p, old in zip(params, before, strict=True))
