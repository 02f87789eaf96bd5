"""EMA: the closed form of the average, and the swap that leaves no trace."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.errors import ArgumentError, DeviceError, ShapeError
from minigen.optim import EMA, SGD


class Module:
    """A weight, a running mean and a counter."""

    def __init__(self, device="cpu", seed=0):
        rng = np.random.default_rng(seed)
        self.tensors = {
            "w": mg.tensor(rng.standard_normal((2, 3)).astype(np.float32), device=device, requires_grad=True),
            "mean": mg.tensor(rng.standard_normal(()).astype(np.float32), device=device),
            "count": mg.tensor(np.array([0]), device=device),
        }

    def named_tensors(self):
        return iter(self.tensors.items())

    def set(self, name, values):
        t = self.tensors[name]
        t.data[...] = mg.tensor(np.asarray(values, t.dtype), device=t.device).data

    def bits(self):
        return {name: t.numpy().tobytes() for name, t in self.tensors.items()}


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9])
def test_the_average_has_its_closed_form(device, decay):
    module = Module(device)
    rng = np.random.default_rng(1)
    values = [module.tensors["w"].numpy().copy(), *rng.standard_normal((8, 2, 3))]
    means = [module.tensors["mean"].numpy().copy(), *rng.standard_normal(8)]
    ema = EMA(module, decay)
    for i in range(1, 9):
        module.set("w", values[i])
        module.set("mean", means[i])
        module.set("count", [i])
        ema.update()
    # the start has the share decay^n, the k-th of n updates (1 - decay) decay^(n - k)
    shares = np.array([decay**8] + [(1 - decay) * decay ** (8 - k) for k in range(1, 9)])
    assert shares.sum() == pytest.approx(1)
    state = ema.state()
    np.testing.assert_allclose(state["w"], np.tensordot(shares, np.array(values), 1), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state["mean"], shares @ np.array(means), rtol=1e-5, atol=1e-6)
    assert state["count"].tolist() == [8]  # a counter is copied
    assert (state["w"].dtype, state["mean"].dtype, state["count"].dtype) == (np.float32, np.float32, np.int64)


@given(st.floats(0, 0.999), st.integers(0, 5))
def test_constant_weights_are_their_own_average_from_the_start(decay, updates):
    module = Module()
    ema = EMA(module, decay)
    for _ in range(updates):
        ema.update()
    assert {name: a.tobytes() for name, a in ema.state().items()} == module.bits()


def test_the_swap_shows_the_averages_and_restores_the_weights_bit_for_bit(device):
    module = Module(device)
    optimizer = SGD([module.tensors["w"]], lr=0.1)
    ema = EMA(module, 0.5)
    start = module.bits()
    module.set("w", np.full((2, 3), np.pi))
    own, views = module.bits(), {name: t.data for name, t in module.tensors.items()}
    with ema.swapped():
        assert module.bits() == start
    assert module.bits() == own

    def interrupted_evaluation():
        with ema.swapped():
            module.set("w", np.zeros((2, 3)))  # even if it is changed inside
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_evaluation()
    assert module.bits() == own
    assert all(t.data is views[name] for name, t in module.tensors.items())
    module.tensors["w"].grad = mg.ones((2, 3), device=device)
    optimizer.step()  # the optimizer still holds the weights
    np.testing.assert_allclose(module.tensors["w"].numpy(), np.pi - 0.1, rtol=1e-6)
    assert {name: a.tobytes() for name, a in ema.state().items()} == start


def test_resuming_is_bit_identical(device):
    def run(ema, module, steps):
        for i in steps:
            module.set("w", np.random.default_rng(i).standard_normal((2, 3)))
            ema.update()

    module = Module(device)
    straight = EMA(module, 0.9)
    run(straight, module, range(10))
    module = Module(device)
    first = EMA(module, 0.9)
    run(first, module, range(4))
    saved = first.state()
    second = EMA(Module(device, seed=5), 0.9)
    second.load_state(saved)
    run(second, second.module, range(4, 10))
    assert second.state()["w"].tobytes() == straight.state()["w"].tobytes()
    saved["w"][...] = 0  # the state is a copy
    assert first.state()["w"].any()


def test_states_of_other_modules_are_refused_and_change_nothing():
    ema = EMA(Module())
    before = {name: a.tobytes() for name, a in ema.state().items()}
    good = EMA(Module(seed=1)).state()
    with pytest.raises(ArgumentError, match="only one side has w"):
        ema.load_state({name: a for name, a in good.items() if name != "w"})
    with pytest.raises(ShapeError, match=r"state\['w'\]: expected an array of shape \(2, 3\), got \(3, 2\)"):
        ema.load_state({**good, "w": good["w"].T})
    assert {name: a.tobytes() for name, a in ema.state().items()} == before


def test_a_module_that_changed_is_named(device):
    module = Module("cpu")
    ema = EMA(module)
    if device != "cpu":
        module.tensors["w"].data = module.tensors["w"].to(device).data
        with pytest.raises(DeviceError, match=r"EMA: w has moved to 'cuda'; make the EMA after \.to"):
            ema.update()
    module.tensors["extra"] = mg.zeros(1)
    with pytest.raises(ArgumentError, match=r"gained or lost tensors \(extra\)"), ema.swapped():
        pass
    with pytest.raises(ArgumentError, match="decay: expected a number >= 0 and < 1, got 1"):
        EMA(module, decay=1.0)
