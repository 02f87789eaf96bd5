"""Module: what it finds in itself, its modes, and how it shows itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

import minigen as mg
from minigen import nn
from minigen.data.files import tensor_bytes
from minigen.errors import ArgumentError, DTypeError
from tests.nn.cases import LAYERS, snapshot, unchanged


class Block(nn.Module):
    """Attributes of every kind: parameters, buffers, modules, lists of modules, and what is none of these."""

    def __init__(self):
        self.scale = nn.Parameter(np.ones(2, np.float32))
        self.seen = nn.Buffer(np.zeros(3, np.float32))
        self.first = nn.Dense(2, 3)
        self.branches = [nn.Dense(3, 1), nn.BatchNorm(1)]
        self.note = "not a module"
        self.constant = mg.zeros(4)
        self.last = nn.Sequential(nn.Dense(1, 2, bias=False), nn.Sequential(nn.ReLU(), nn.Dense(2, 2)))

    def forward(self, x):
        h = self.first(x * self.scale)
        for branch in self.branches:
            h = branch(h)
        return self.last(h)


NAMES = [
    "scale",
    "seen",
    "first.w",
    "first.b",
    "branches.0.w",
    "branches.0.b",
    "branches.1.gamma",
    "branches.1.beta",
    "branches.1.running_mean",
    "branches.1.running_var",
    "last.layers.0.w",
    "last.layers.1.layers.1.w",
    "last.layers.1.layers.1.b",
]
BUFFERS = ["seen", "branches.1.running_mean", "branches.1.running_var"]


def resolve(module, path):
    """The object at the end of a path of attributes and indices."""
    for part in path.split("."):
        module = module[int(part)] if part.isdigit() else getattr(module, part)
    return module


def small_net():
    rng = mg.Generator(1)
    last = nn.Dense(6, 2, rng=rng)
    return nn.Sequential(nn.Dense(4, 6, rng=rng), nn.BatchNorm(6), nn.ReLU(), nn.Dropout(0.5, rng=rng), last)


def batch(device, n=8):
    x = np.random.default_rng(0).standard_normal((n, 4)).astype(np.float32)
    return mg.tensor(x, device=device, requires_grad=True)


# -------------------------------------------------------------------------------------------------- what is in it


def test_names_are_paths_in_the_order_of_assignment(device):
    block = Block()
    assert [name for name, _ in block.named_tensors()] == NAMES
    assert [name for name, _ in block.named_parameters()] == [n for n in NAMES if n not in BUFFERS]
    assert [name for name, _ in block.named_buffers()] == BUFFERS
    for name, tensor in block.named_tensors():
        assert resolve(block, name) is tensor
        assert tensor.device == device
    assert [id(p) for p in block.parameters()] == [id(p) for _, p in block.named_parameters()]
    assert block.n_parameters() == 2 + (2 * 3 + 3) + (3 + 1) + 2 + 2 + (4 + 2)


def test_weights_come_before_biases():
    for layer in nn.Dense(2, 3), nn.Conv2D(2, 3, 3), nn.Conv2DTranspose(2, 3, 3):
        assert [name for name, _ in layer.named_parameters()] == ["w", "b"], layer


def test_parameters_that_are_set_after_a_module_come_after_it():
    class Late(nn.Module):
        def __init__(self):
            self.layer = nn.Dense(1, 1)
            self.scale = nn.Parameter(np.ones(1, np.float32))

    assert [name for name, _ in Late().named_parameters()] == ["layer.w", "layer.b", "scale"]


@given(tree=st.recursive(st.just("leaf"), lambda inner: st.lists(inner, min_size=1, max_size=3), max_leaves=6))
@settings(max_examples=30, deadline=None)
def test_every_parameter_of_any_tree_is_found_once_at_its_path(tree):
    def build(node):
        return nn.Dense(1, 1) if node == "leaf" else nn.Sequential(*map(build, node))

    def leaves(node):
        return 1 if node == "leaf" else sum(map(leaves, node))

    module = build(tree)
    names = [name for name, _ in module.named_parameters()]
    assert len(set(names)) == len(names) == 2 * leaves(tree)
    assert all(resolve(module, name) is p for name, p in module.named_parameters())


@pytest.mark.parametrize("container", [list, tuple])
def test_lists_of_lists_and_lists_of_parameters_are_searched(container):
    class Nested(nn.Module):
        def __init__(self):
            self.blocks = container([container([nn.Dense(1, 2), nn.ReLU()]), container([nn.Dense(2, 1)])])
            self.scales = container([nn.Parameter(np.ones(3, np.float32))])

    module = Nested()
    names = [name for name, _ in module.named_parameters()]
    assert names == ["blocks.0.0.w", "blocks.0.0.b", "blocks.1.0.w", "blocks.1.0.b", "scales.0"]
    module.freeze()
    assert not any(p.requires_grad for p in module.parameters())


def test_dictionaries_of_modules_are_searched():
    class Heads(nn.Module):
        def __init__(self):
            self.heads = {"mean": nn.Dense(2, 1, bias=False), "log_var": nn.Dense(2, 1, bias=False)}

    assert [name for name, _ in Heads().named_parameters()] == ["heads.mean.w", "heads.log_var.w"]


def test_a_shared_layer_counts_once_under_its_first_name():
    class Shared(nn.Module):
        def __init__(self):
            self.encoder = nn.Dense(3, 3)
            self.layers = [self.encoder, nn.ReLU(), self.encoder]
            self.tied = self.encoder.w

    module = Shared()
    named = dict(module.named_tensors())
    assert len(named) == len(module.parameters()) == 2
    assert {id(t) for t in named.values()} == {id(module.encoder.w), id(module.encoder.b)}
    assert module.n_parameters() == 12
    assert [type(m) for m in module.modules()] == [Shared, nn.Dense, nn.ReLU]


def test_a_module_that_knows_its_parent_does_not_lead_in_circles():
    class Child(nn.Module):
        def __init__(self, parent):
            self.parent = parent
            self.layer = nn.Dense(1, 1)

    class Parent(nn.Module):
        def __init__(self):
            self.child = Child(self)

    assert [name for name, _ in Parent().named_parameters()] == ["child.layer.w", "child.layer.b"]


def test_a_gradient_of_a_shared_layer_is_the_sum_over_its_uses(device):
    layer = nn.Dense(3, 3)
    x = mg.tensor(np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32), device=device)
    first, second = layer(x), layer(x * 2)
    (first.sum() + second.sum()).backward()
    np.testing.assert_allclose(layer.b.grad.numpy(), 10, rtol=1e-6)
    np.testing.assert_allclose(layer.w.grad.numpy(), 3 * x.numpy().sum(0)[:, None].repeat(3, 1), rtol=1e-4, atol=1e-5)


def test_a_typo_is_an_attribute_error():
    layer = nn.Dense(2, 3)
    for module in layer, nn.Sequential(layer), layer.w:
        with pytest.raises(AttributeError, match="wieght"):
            _ = module.wieght
    assert not hasattr(layer, "bias")


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module defines no forward"):
        nn.Module()(1)


# --------------------------------------------------------------------------------------------------------- modes


def test_train_and_eval_reach_every_module():
    block = Block()
    assert all(m.training for m in block.modules())
    assert block.eval() is block
    assert not any(m.training for m in block.modules())
    assert block.train() is block
    assert all(m.training for m in block.modules())
    block.train(False)
    assert not block.branches[1].training
    assert nn.Dense(1, 1).training  # of one module alone, not of the class


def test_zero_grad_forgets_all_gradients(device):
    net = small_net()
    net(batch(device)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_freeze_and_unfreeze(device):
    net = small_net()
    x = batch(device)
    assert net.freeze() is net
    before = snapshot(net)
    net(x).sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert x.grad is not None
    assert unchanged(net, before)
    assert len(net.parameters()) == 6  # still listed
    assert net.unfreeze() is net
    net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    assert not unchanged(net, before)  # running statistics move again


def test_what_is_computed_while_frozen_never_reaches_the_module(device):
    """As the generator's step needs it: through the discriminator, but not into it, and backward runs afterwards."""
    net, x = small_net(), batch(device)
    before = snapshot(net)
    with net.frozen():
        y = net(x)
    y.sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert unchanged(net, before)
    assert np.abs(x.grad.numpy()).max() > 0


def test_frozen_gives_the_same_output_and_input_gradient_as_not_frozen(device):
    direction = mg.tensor(np.random.default_rng(1).standard_normal((8, 2)).astype(np.float32), device=device)
    gradients = []
    for frozen in False, True:
        net, x = small_net(), batch(device)
        if frozen:
            with net.frozen():
                y = net(x)
        else:
            y = net(x)
        (y * direction).sum().backward()
        gradients.append((y.numpy(), x.grad.numpy()))
    assert all((a == b).all() for a, b in zip(*gradients, strict=True))


def test_frozen_restores_what_was_frozen_before_even_after_an_error():
    def fail(net):
        assert all(m.is_frozen for m in net.modules())
        assert not any(p.requires_grad for p in net.parameters())
        raise KeyError

    net = small_net()
    net[0].freeze()
    with pytest.raises(KeyError), net.frozen():
        fail(net)
    assert [m.is_frozen for m in net.modules()] == [False, True, False, False, False, False]
    assert [p.requires_grad for p in net.parameters()] == [False, False, True, True, True, True]
    with net.frozen(), net.frozen():
        pass
    assert not net[1].is_frozen
    assert net[4].w.requires_grad


def test_freezing_a_part_leaves_the_rest_alone(device):
    net = small_net()
    net[0].freeze()
    net(batch(device)).sum().backward()
    assert [p.grad is None for p in net.parameters()] == [True, True, False, False, False, False]


# ---------------------------------------------------------------------------------------------------- appearance


def test_repr_shows_the_tree_and_the_settings():
    net = nn.Sequential(
        nn.Reshape(4, 4, 1), nn.Sequential(nn.Conv2D(1, 2, 3, padding="same"), nn.LeakyReLU(0.1)), nn.Flatten()
    )
    assert repr(net).splitlines() == [
        "Sequential(",
        "  layers.0: Reshape(4, 4, 1)",
        "  layers.1: Sequential(",
        "    layers.0: Conv2D(1 -> 2, kernel=(3, 3), stride=(1, 1), padding='same')",
        "    layers.1: LeakyReLU(slope=0.1)",
        "  )",
        "  layers.2: Flatten()",
        ")",
    ]
    assert repr(nn.Dense(784, 400)) == "Dense(784 -> 400)"
    assert repr(nn.Dense(784, 400, bias=False)) == "Dense(784 -> 400, no bias)"


@pytest.mark.parametrize("name", LAYERS)
def test_repr_of_every_layer_is_one_line_that_names_it(name):
    layer = LAYERS[name][0]()
    assert repr(layer).startswith(type(layer).__name__ + "(")
    assert "\n" not in repr(layer)


def test_the_table_of_layers_is_complete():
    exported = {c for c in vars(nn).values() if isinstance(c, type) and issubclass(c, nn.Module)}
    of_other_layers = {nn.Module, nn.Sequential, nn.SpectralNorm}  # tested here and in test_spectral.py
    assert exported - of_other_layers == {type(make()) for make, _ in LAYERS.values()}


# ---------------------------------------------------------------------------------------------------- Sequential


def test_sequential_is_composition_and_a_list(device):
    a, b = nn.Dense(4, 3), nn.Dense(3, 2)
    net = nn.Sequential(a, mg.tanh, b)
    x = batch(device)
    assert (net(x).numpy() == b(mg.tanh(a(x))).numpy()).all()
    assert len(net) == 3
    assert net[0] is a
    assert net[-1] is b
    assert list(net) == [a, mg.tanh, b]
    assert [p is q for p, q in zip(net.parameters(), [a.w, a.b, b.w, b.b], strict=True)] == [True] * 4
    with pytest.raises(IndexError):
        net[3]
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize("wrong", ["relu", 3, None, [nn.ReLU()]])
def test_sequential_refuses_what_cannot_be_called(wrong):
    with pytest.raises(DTypeError, match=r"Sequential: layer 1 is .*neither a module nor a function"):
        nn.Sequential(nn.Dense(1, 1), wrong)


def test_sequential_asks_for_forgotten_parentheses():
    with pytest.raises(DTypeError, match=r"layer 1 is the class ReLU; write ReLU\(\.\.\.\)"):
        nn.Sequential(nn.Dense(1, 1), nn.ReLU)


# -------------------------------------------------------------------------------------------------------- device


def test_a_module_knows_its_device(device):
    assert nn.Dense(2, 3).device == device
    assert nn.ReLU().device == device
    assert nn.Dense(2, 3).to("cpu").device == "cpu"


# ------------------------------------------------------------------------------------- what a state is, in memory


@given(
    shape=st.lists(st.integers(0, 4), min_size=0, max_size=4),
    seed=st.integers(0, 99),
    how=st.sampled_from(["F", "negative", "transposed", "strided", "broadcast"]),
)
def test_a_state_is_saved_as_it_reads_in_any_order_of_memory(shape, seed, how):
    x = np.asarray(np.random.default_rng(seed).standard_normal(shape), "f4")
    array = {
        "F": lambda: np.asfortranarray(x),
        "negative": lambda: np.flip(x),
        "transposed": lambda: x.T,
        "strided": lambda: np.repeat(x, 2, axis=-1)[..., ::2] if shape else x,
        "broadcast": lambda: np.broadcast_to(x, (3, *x.shape)),
    }[how]()
    array = np.asarray(array)
    module = nn.Module()
    module.w, module.running = nn.Parameter(array), nn.Buffer(array)
    for name, found in load(save(module.state_dict())).items():
        assert np.array_equal(found, array), name
    assert all(a.flags.c_contiguous and a.base is None for a in module.state_dict().values())
    assert np.array_equal(load(tensor_bytes({"w": array}))["w"], array)


def test_a_name_that_two_tensors_have_is_refused():
    module = nn.Module()
    module.a, other = nn.Dense(1, 1), nn.Parameter(np.ones((1, 1), "f4"))
    vars(module)["a.w"] = other
    for refused in (module.state_dict, lambda: module.load_state_dict({})):
        with pytest.raises(ArgumentError, match=r"state: two tensors are called 'a.w'; give one of the attributes"):
            refused()


def test_tied_weights_are_saved_once():
    module = nn.Module()
    module.a = module.b = nn.Dense(1, 1)
    assert list(module.state_dict()) == ["a.w", "a.b"]
    module.load_state_dict(module.state_dict())
