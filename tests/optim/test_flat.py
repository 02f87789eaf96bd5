"""FlatParameters: the values stay, the gradients arrive, and whoever takes a parameter away is told."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.autodiff.op import Op
from minigen.errors import ArgumentError, DeviceError, DTypeError, MinigenError, ShapeError
from minigen.ops import dense
from minigen.optim import EMA, SGD, Adam, AdamW, FlatParameters, RMSProp, clip_grad_norm
from minigen.optim.schedules import constant, cosine, step_decay, warmup

SHAPES = st.lists(st.lists(st.integers(0, 4), max_size=3).map(tuple), min_size=1, max_size=6)


def parameters(*shapes, dtype=np.float32, device=None, seed=0):
    rng = np.random.default_rng(seed)
    arrays = [np.asarray(rng.standard_normal(shape), dtype=dtype) for shape in shapes]
    return [mg.tensor(a, device=device, requires_grad=True) for a in arrays]


def set_gradients(params, wanted):
    for p, yes in zip(params, wanted, strict=True):
        p.grad = mg.tensor(np.ones(p.shape, p.dtype)) if yes else None


@given(SHAPES)
def test_values_are_kept_bit_for_bit_and_shared(shapes):
    params = parameters(*shapes)
    before = [p.numpy().copy() for p in params]
    flat = FlatParameters(p for p in params)  # an iterator will do
    for p, old in zip(params, before, strict=True):
        assert p.data.tobytes() == old.tobytes()
        assert p.shape == old.shape
    assert flat.data.tobytes() == b"".join(old.tobytes() for old in before)
    flat.data[...] = np.arange(flat.data.size)
    assert [x for p in params for x in p.data.ravel()] == list(range(flat.data.size))


def test_special_values_and_foreign_memory_layouts_are_kept():
    odd = np.array([[np.nan, -0.0, np.inf], [1e-45, 3.0, -np.inf]], dtype=np.float32)
    readonly = np.broadcast_to(np.float32(2), (3, 2))
    params = [mg.tensor(a, requires_grad=True) for a in (odd, odd.T, odd[:, ::-1], readonly)]
    FlatParameters(params)
    for p, a in zip(params, (odd, odd.T, odd[:, ::-1], readonly), strict=True):
        assert p.data.tobytes() == a.tobytes()


def test_the_backward_pass_writes_into_the_flat_gradient(device):
    w, b = parameters((3, 2), (2,), device=device)
    flat = FlatParameters([w, b])
    x = mg.tensor(np.arange(12, dtype=np.float32).reshape(4, 3), device=device)
    for passes in (1, 2):  # the second adds in place
        (x @ w + b).sum().backward()
        expected = np.concatenate([np.repeat(x.numpy().sum(0), 2), [4, 4]]) * passes
        np.testing.assert_array_equal(mg.Tensor(flat.grad).numpy(), expected)
        assert w.grad.data is w.grad_buffer
    w.grad = b.grad = None
    b.sum().backward()  # a new pass starts afresh
    np.testing.assert_array_equal(b.grad.numpy(), [1, 1])
    assert w.grad is None


@given(SHAPES, st.data())
def test_segments_cover_just_the_parameters_with_gradients(shapes, data):
    params = parameters(*shapes)
    flat = FlatParameters(params)
    updates = [0] * len(params)
    for _ in range(3):
        wanted = data.draw(st.lists(st.booleans(), min_size=len(params), max_size=len(params)))
        set_gradients(params, wanted)
        counted = np.zeros(flat.data.size, int)
        for part, t in flat.segments():
            counted[part] += t
        updates = [n + yes for n, yes in zip(updates, wanted, strict=True)]
        expected = [n * yes for p, n, yes in zip(params, updates, wanted, strict=True) for _ in range(p.size)]
        assert counted.tolist() == expected
        assert flat.counts == updates


def test_neighbours_with_equal_counts_are_one_segment():
    params = parameters((2,), (3,), (4,))
    flat = FlatParameters(params)
    set_gradients(params, [True, True, True])
    assert flat.segments() == [(slice(0, 9), 1)]
    set_gradients(params, [True, True, False])
    assert flat.segments() == [(slice(0, 5), 2)]
    set_gradients(params, [True, True, True])
    assert flat.segments() == [(slice(0, 5), 3), (slice(5, 9), 2)]


def test_a_gradient_set_by_hand_is_used(device):
    w, b = parameters((2, 2), (2,), device=device)
    flat = FlatParameters([w, b])
    w.grad = mg.tensor(np.array([[1, 2], [3, 4]], np.float32), device=device)
    flat.segments()
    np.testing.assert_array_equal(mg.Tensor(flat.grad).numpy()[:4], [1, 2, 3, 4])


def test_a_gradient_from_before_the_optimizer_is_used():
    (w,) = parameters((3,))
    (w * w).sum().backward()
    start, gradient = w.numpy().copy(), w.grad.numpy().copy()
    SGD([w], lr=0.5).step()
    np.testing.assert_array_equal(w.numpy(), start - np.float32(0.5) * gradient)


def test_a_second_optimizer_takes_over_and_the_first_says_so():
    w, b = parameters((3,), (2,))
    first = SGD([w, b], lr=1.0)
    second = SGD([b], lr=1.0)
    before = b.numpy().copy()
    set_gradients([w, b], [True, True])
    with pytest.raises(ArgumentError, match=r"params\[1\] no longer lies .* one optimizer per parameter"):
        first.step()
    assert first.t == 0
    assert first.flat.counts == [0, 0]
    second.step()
    np.testing.assert_array_equal(b.numpy(), before - 1)


def test_replaced_data_is_noticed_and_writing_in_place_is_fine():
    (w,) = parameters((2,))
    optimizer = SGD([w], lr=1.0)
    w.data[...] = 5
    set_gradients([w], [True])
    optimizer.step()
    np.testing.assert_array_equal(w.numpy(), [4, 4])
    w.data = w.data + 0
    with pytest.raises(ArgumentError, match=r"write new values in place: p.data\[\.\.\.\] = values"):
        optimizer.step()


def test_moving_to_another_device_is_noticed(device):
    if device == "cpu":
        pytest.skip("needs a second device")
    (w,) = parameters((2,), device="cpu")
    optimizer = SGD([w], lr=1.0)
    w.data = w.to(device).data
    with pytest.raises(DeviceError, match=r"moved from 'cpu' to 'cuda'; make the optimizer after \.to"):
        optimizer.step()
    with pytest.raises(DeviceError, match=r"params\[1\] is on 'cpu'.*params\[0\] is on 'cuda'"):
        FlatParameters([w, *parameters((2,), device="cpu")])
    FlatParameters([w])
    w.grad = mg.tensor(np.ones(2, np.float32), device="cpu")
    with pytest.raises(DeviceError, match=r"params\[0\]\.grad is on 'cpu', the parameter is on 'cuda'"):
        SGD([w], lr=1.0).step()


@pytest.mark.parametrize(
    ("make_params", "error", "message"),
    [
        (lambda: [], ArgumentError, "at least one tensor"),
        (lambda: parameters((2,))[0], DTypeError, r"one Tensor; pass module.parameters\(\) of a module, or \[tensor\]"),
        (lambda: 3, DTypeError, "one int"),
        (lambda: [np.zeros(2)], DTypeError, r"params\[0\]: expected a Tensor, got ndarray"),
        (lambda: [("w", parameters((2,))[0])], DTypeError, r"got tuple; pass module.parameters\(\)"),
        (lambda: parameters((2,)) * 2, ArgumentError, r"params\[1\] is the same tensor as params\[0\]"),
        (lambda: [mg.zeros(2)], ArgumentError, r"params\[0\] does not require a gradient; unfreeze it"),
        (lambda: [parameters((2,))[0] * 2], ArgumentError, r"params\[0\] was computed by 'multiply'"),
        (
            lambda: parameters((2,)) + parameters((2,), dtype=np.float64),
            DTypeError,
            r"params\[1\] is float64, params\[0\] is float32; use one optimizer for each dtype",
        ),
    ],
)
def test_what_is_no_list_of_parameters_is_refused(make_params, error, message):
    with pytest.raises(error, match=message):
        FlatParameters(make_params())


def test_a_refused_list_leaves_the_parameters_alone():
    (w,) = parameters((2,))
    data = w.data
    with pytest.raises(MinigenError):
        FlatParameters([w, mg.zeros(2)])
    assert w.data is data
    assert w.grad_buffer is None


def test_gradients_that_do_not_fit_are_refused():
    (w,) = parameters((2, 3))
    flat = FlatParameters([w])
    w.grad = mg.zeros((3,))  # would broadcast
    with pytest.raises(ShapeError, match=r"params\[0\]\.grad has shape \(3,\), the parameter has \(2, 3\)"):
        flat.segments()
    w.grad = np.zeros((2, 3))
    with pytest.raises(DTypeError, match=r"params\[0\]\.grad: expected a Tensor, got ndarray"):
        flat.segments()
    assert flat.counts == [0]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_without_its_optimizer_has_gradients_of_its_own(copied):
    """It is not in an optimizer's vector, so one gradient is not overwritten by the next."""
    (w,) = parameters((3,))
    FlatParameters([w])
    twin = copied(w)
    (twin * 2.0).sum().backward()
    first, twin.grad = twin.grad, None
    (twin * 3.0).sum().backward()
    assert first.numpy().tolist() == [2, 2, 2]
    assert twin.grad.numpy().tolist() == [3, 3, 3]
    assert twin.grad_buffer is None


def pickled(things):
    return pickle.loads(pickle.dumps(things))


def train(model, optimizer, averages=None, steps=3):
    """Three steps on the same data, clipped; returns the bytes of all weights and averages."""
    x = mg.tensor(np.random.default_rng(0).standard_normal((6, 3)).astype("f4"))
    for _ in range(steps):
        optimizer.zero_grad()
        (model(x) ** 2).mean().backward()
        clip_grad_norm(model.parameters(), 1.0)
        optimizer.step()
        if averages is not None:
            averages.update()
    held = [p.data for p in model.parameters()] + list(averages.averages.values() if averages is not None else ())
    return [a.tobytes() for a in held]


RULES = {
    "sgd": lambda params: SGD(params, lr=0.1),
    "momentum": lambda params: SGD(params, lr=0.1, momentum=0.9, nesterov=True),
    "rmsprop": RMSProp,
    "adam": Adam,
    "adamw": lambda params: AdamW(params, lr=warmup(cosine(0.1, 10), 2)),
    "steps": lambda params: SGD(params, lr=step_decay(0.1, 2)),
    "constant": lambda params: SGD(params, lr=constant(0.1)),
}


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled], ids=["deepcopy", "pickle"])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0)], ids=str)
@pytest.mark.parametrize("moment", ["new", "after steps", "between backward and step"])
def test_copies_of_a_model_its_optimizer_and_averages_belong_together(copied, rule, order, moment):
    """In any order they go on with the same bytes as the originals, which they do not touch."""
    model = mg.nn.Sequential(
        mg.nn.Dense(3, 4, rng=mg.Generator(0)), mg.nn.Tanh(), mg.nn.Dense(4, 2, rng=mg.Generator(1))
    )
    optimizer, averages = rule(model.parameters()), EMA(model, 0.5)
    if moment != "new":
        train(model, optimizer, averages)
    if moment == "between backward and step":
        (model(mg.tensor(np.ones((2, 3), "f4"))) ** 2).mean().backward()
    things = [model, optimizer, averages]
    copies = copied([things[i] for i in order])
    twins = [copies[order.index(i)] for i in range(3)]
    before = [p.data.tobytes() for p in model.parameters()]
    if moment == "between backward and step":
        twins[1].step()
    found = train(*twins)
    assert [p.data.tobytes() for p in model.parameters()] == before
    if moment == "between backward and step":
        optimizer.step()
    assert found == train(*things)
    assert all(np.shares_memory(p.data, twins[1].flat.data) for p in twins[0].parameters())


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled], ids=["deepcopy", "pickle"])
def test_copies_of_two_optimizers(copied):
    """Each with its part of a model, of which one is frozen; or one that took the other's parameters away."""
    model = mg.nn.Sequential(mg.nn.Dense(3, 4, rng=mg.Generator(0)), mg.nn.Dense(4, 2, rng=mg.Generator(1)))
    first, second = Adam(model[0].parameters()), SGD(model[1].parameters(), lr=0.1)
    train(model, first)
    model[1].freeze()
    twins = copied({"second": second, "model": model, "first": first})
    for it in (model, twins["model"]):
        it[1].unfreeze()
    train(twins["model"], twins["second"])
    train(model, second)
    assert train(twins["model"], twins["first"]) == train(model, first)
    SGD(model[0].parameters(), lr=0.1)
    model_twin, robbed = copied((model, first))
    for m, optimizer in ((model, first), (model_twin, robbed)):
        (m(mg.tensor(np.ones((2, 3), "f4"))) ** 2).mean().backward()
        with pytest.raises(ArgumentError, match=r"params\[0\] no longer lies in this optimizer's buffer"):
            optimizer.step()


def test_rules_write_weight_gradients_where_the_optimizer_wants_them(monkeypatch):
    """The products of dense and convolutional layers arrive without a copy; a second gradient is added to the first."""
    rng = mg.Generator(0)
    model = mg.nn.Sequential(
        mg.nn.Conv2D(1, 3, 3, rng=rng),
        mg.nn.Conv2DTranspose(3, 2, 3, rng=rng),
        mg.nn.Flatten(),
        mg.nn.Dense(32, 2, rng=rng),
    )
    weights = [p for p in model.parameters() if p.ndim > 1]
    x = mg.tensor(rng.normal((5, 4, 4, 1)))
    (model(x) ** 2).sum().backward()
    expected = [w.grad.numpy() for w in weights]
    optimizer, handed = SGD(model.parameters(), lr=0.1), []
    gradient = Op.gradient

    def noting(self, i, g, y, inputs, settings, named, into=None):
        dx = gradient(self, i, g, y, inputs, settings, named, into)
        handed.append(dx is into)
        return dx

    monkeypatch.setattr(Op, "gradient", noting)
    for times in (1, 2):
        if times == 1:
            optimizer.zero_grad()
        (model(x) ** 2).sum().backward()
        assert sum(handed) == len(weights)  # the second time they are added to what is there
        for w, right in zip(weights, expected, strict=True):
            assert w.grad.data is w.grad_buffer
            assert np.allclose(w.grad.numpy(), times * right, rtol=1e-5, atol=1e-6)
    before = optimizer.flat.grad.copy()
    optimizer.zero_grad()
    mg.grad((model(x) ** 2).sum(), weights)  # which touches no grad, and nothing of the optimizer's
    assert np.array_equal(optimizer.flat.grad, before)


def test_a_weight_that_is_used_twice_gets_both_gradients():
    w = mg.tensor(np.eye(3, dtype=np.float32), requires_grad=True)
    optimizer = SGD([w], lr=0.1)
    x = mg.tensor(np.arange(6.0, dtype=np.float32).reshape(2, 3))
    (dense(dense(x, w, None), w, None)).sum().backward()
    assert np.shares_memory(w.grad.data, optimizer.flat.grad)
    assert np.allclose(w.grad.numpy(), 2 * x.numpy().sum(axis=0)[:, None] * np.ones(3))
