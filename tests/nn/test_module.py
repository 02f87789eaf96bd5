"""Modules: names, modes, freezing, state, summary."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.errors import DTypeError, MinigenError, ShapeError


class Net(nn.Module):
    def __init__(self, seed=0):
        rng = mg.Generator(seed)
        self.blocks = [nn.Dense(3, 4, rng=rng), nn.BatchNorm(4), nn.ReLU()]
        self.shared = nn.Dense(4, 4, rng=rng)
        self.again = self.shared
        self.head = nn.Sequential(nn.Dropout(0.5, rng=mg.Generator(1)), nn.Dense(4, 2, rng=rng))

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return self.head(self.again(self.shared(x)))


def x_of(device, n=5):
    return mg.tensor(np.random.default_rng(0).standard_normal((n, 3)).astype(np.float32), device=device)


def test_names_and_counts(device):
    net = Net()
    assert [name for name, _ in net.named_parameters()] == [
        "blocks.0.w",
        "blocks.0.b",
        "blocks.1.gamma",
        "blocks.1.beta",
        "shared.w",
        "shared.b",
        "head.layers.1.w",
        "head.layers.1.b",
    ]
    assert [name for name, _ in net.named_buffers()] == ["blocks.1.running_mean", "blocks.1.running_var"]
    assert net.n_parameters() == 16 + 8 + 20 + 10
    assert all(p.device == device and p.dtype == np.float32 for p in net.parameters())


def test_modes_reach_every_module():
    net = Net()
    net.eval()
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())


def test_frozen_modules_do_not_learn_but_let_gradients_through(device):
    net, x = Net(), x_of(device)
    x.requires_grad = True
    before = {k: v.tobytes() for k, v in net.state_dict().items()}
    with net.frozen():
        loss = net(x).sum()
    loss.backward()  # after the block
    assert all(p.grad is None for p in net.parameters())
    assert np.abs(x.grad.numpy()).max() > 0
    assert {k: v.tobytes() for k, v in net.state_dict().items()} == before
    net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert {k: v.tobytes() for k, v in net.state_dict().items()} != before  # running statistics move again
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_freezing_part_of_a_module_outlasts_a_block():
    net = Net()
    net.shared.freeze()
    with net.frozen():
        pass
    assert not net.shared.w.requires_grad
    assert net.blocks[0].w.requires_grad
    net.unfreeze()
    assert net.shared.w.requires_grad


def test_state_goes_round(device):
    a, b = Net(0), Net(1)
    a(x_of(device))
    state = a.state_dict()
    assert all(isinstance(v, np.ndarray) for v in state.values())
    b.load_state_dict(state)
    assert {k: v.tobytes() for k, v in b.state_dict().items()} == {k: v.tobytes() for k, v in state.items()}
    state["shared.w"][...] = 0  # the state is a copy
    assert np.abs(a.shared.w.numpy()).max() > 0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: s.pop("shared.w"), MinigenError, "the state has no 'shared.w'"),
        (lambda s: s.update({"shared.v": s["shared.w"]}), MinigenError, "did you mean 'shared.w'"),
        (lambda s: s.update({"head.layers.1.w": np.zeros((4, 3))}), ShapeError, r"shape \(4, 3\) in the state"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    net, other = Net(0), Net(1)
    before = net.state_dict()
    state = other.state_dict()
    change(state)
    with pytest.raises(error, match=message):
        net.load_state_dict(state)
    assert all(np.array_equal(before[k], v) for k, v in net.state_dict().items())


def test_to_moves_everything(device):
    net = Net()
    net.to("cpu")
    assert {t.device for _, t in net.named_tensors()} == {"cpu"}
    net.to(device)
    assert {t.device for _, t in net.named_tensors()} == {device}
    assert net(x_of(device)).device == device


def test_summary_counts_and_leaves_no_trace(device):
    net = nn.Sequential(nn.Conv2D(1, 4, 3, padding=1), nn.BatchNorm(4), nn.MaxPool2D(2), nn.Flatten(), nn.Dense(64, 2))
    before = net.state_dict()
    table = net.summary((8, 8, 1))
    assert "(N, 8, 8, 4)" in table
    assert "(N, 4, 4, 4)" in table
    assert table.splitlines()[-1].split() == ["total", f"{net.n_parameters():,}"]
    assert net.training
    assert all(np.array_equal(before[k], v) for k, v in net.state_dict().items())
    assert "forward" not in vars(net[0])
    with pytest.raises(MinigenError):
        net.summary((7, 8, 1))
    assert "forward" not in vars(net[0])


def test_repr_shows_the_tree():
    text = repr(Net())
    for part in ("Net(", "blocks.0: Dense(3 -> 4)", "BatchNorm(4)", "Dropout(0.5)"):
        assert part in text


def test_sequential():
    net = nn.Sequential(nn.Dense(3, 3), lambda x: x * 2)
    assert len(net) == 2
    assert next(iter(net)) is net[0]
    assert net(mg.ones((1, 3))).shape == (1, 3)
    with pytest.raises(DTypeError, match="layer 1 is 7"):
        nn.Sequential(nn.Flatten(), 7)


def test_typos_are_errors():
    with pytest.raises(AttributeError):
        Net().paramters()
    with pytest.raises(NotImplementedError, match="Hollow defines no forward"):
        type("Hollow", (nn.Module,), {})()(1)
