"""What changed between an operation and its backward pass is refused, and what changed without harm is not."""

import contextlib
import itertools

import numpy as np
import pytest

import minigen as mg
from minigen import nn, optim
from minigen.autodiff import REGISTRY, changes, differentiable
from minigen.errors import GraphError
from tests.faults import counted
from tests.ops.cases import CASES

CHANGED = "autodiff: data changed before the backward pass", "refused where it matters, and only there"


def leaves(case, device="cpu"):
    return [mg.tensor(np.array(a), device=device, requires_grad=True) for a in case.inputs]


def gradients(y, xs, upstream, create_graph, retain_graph=False):
    options = {"create_graph": create_graph, "retain_graph": retain_graph, "allow_unused": True}
    found = mg.grad((y * upstream).sum(), xs, **options)
    return [None if g is None else g.numpy() for g in found]


def same(found, expected):
    return all((a is None and b is None) or np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def whole(x):
    x.data[...] = -0.7 * x.data + 0.3


def one_element(x):
    x.data.reshape(-1)[-1] += 0.4


def put_in_place(x):
    x.data = x.data[::-1] * 2


@pytest.mark.parametrize("change", [whole, one_element, put_in_place], ids=lambda f: f.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
def test_a_changed_input_is_refused_or_does_not_matter(case, change, monkeypatch):
    """Both ways: no gradient is wrong, and none is refused that would have been right.

    What would have been is known from the rules themselves, called without the check.
    """
    if change is one_element:
        monkeypatch.setattr(changes, "SAMPLE", 10_000)  # as in debug mode: everything is seen
    for k, create_graph in itertools.product(range(len(case.inputs)), (False, True)):
        xs = leaves(case)
        y = case.fn(*xs)
        upstream = np.random.default_rng(0).standard_normal(y.shape)
        expected = gradients(y, xs, upstream, create_graph)
        xs = leaves(case)
        y = case.fn(*xs)
        change(xs[k])
        with unwatched():
            unchecked = gradients(y, xs, upstream, create_graph, retain_graph=True)
        refused = contextlib.nullcontext() if same(unchecked, expected) else told_of_a_change()
        with counted(*CHANGED), refused:
            gradients(y, xs, upstream, create_graph)


def told_of_a_change():
    return pytest.raises(GraphError, match="was changed since")


@contextlib.contextmanager
def unwatched():
    """Nobody looks for changes."""
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr("minigen.autodiff.backpropagation.refuse_changed", lambda *args: None)
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op)
def test_a_changed_result_is_refused_or_does_not_matter(case):
    xs = leaves(case)
    y = case.fn(*xs)
    upstream = np.random.default_rng(0).standard_normal(y.shape)
    if not y.data.flags.writeable or any(np.shares_memory(x.data, y.data) for x in xs):
        return  # a view: a change of it is one of the input
    expected = gradients(y, xs, upstream, False, retain_graph=True)
    y.data[...] = 3 * y.data - 1
    with unwatched():
        unchecked = gradients(y, xs, upstream, False, retain_graph=True)
    refused = contextlib.nullcontext() if same(unchecked, expected) else told_of_a_change()
    with counted(*CHANGED), refused:
        gradients(y, xs, upstream, False)


def test_what_a_rule_mentions_covers_what_it_needs():
    """The shortcut that saves most stamps: without it, all arrays of a rule are stamped and nothing else is found."""
    library = [op for op in REGISTRY.values() if op.forward.__module__.startswith("minigen.") and op.rules]
    reads = {op.name: op.reads for op in library}
    assert reads["add"] == [[], []]
    assert reads["multiply"] == [[1], [0]]
    assert reads["exp"] == [[changes.RESULT]]
    assert reads["dense"] == [[1], [0], []]
    assert reads["reshape"] == [[]]  # it asks for x.shape alone

    def taken_together(g, *everything):
        return g

    class Callable:
        def __call__(self, g, y, a):
            return g

    def inside(g, y, a, b):
        return (lambda: g * a)()

    assert changes.positions_read(taken_together, 2) == [changes.RESULT, 0, 1]
    assert changes.positions_read(Callable(), 1) == [changes.RESULT, 0]
    assert changes.positions_read(inside, 2) == [0]


# ------------------------------------------------------------------------------------------------ who writes, and how


def model_and_loss(device):
    with mg.backend.device(device):
        model = nn.Sequential(nn.Dense(5, 40), nn.BatchNorm(40), nn.Tanh(), nn.Dense(40, 20))
        x = mg.tensor(np.random.default_rng(0).standard_normal((7, 5)).astype("f4"), device=device)
    return model, lambda: (model(x) ** 2).mean()


def step(model):
    optimizer = optim.SGD([model[-1].w], lr=0.1)  # the data move into its vector: that is no change
    return lambda: (setattr(model[-1].w, "grad", mg.tensor(np.ones((40, 20), "f4"))), optimizer.step())


def load(model):
    state = {name: array + 1 for name, array in model.state_dict().items()}
    return lambda: model.load_state_dict(state)


def clip(model):
    from minigen.models.gans.penalties import clip

    return lambda: clip(model)


@pytest.mark.parametrize(("writer", "told"), [(step, "SGD.step()"), (load, "load_state_dict()"), (clip, "clipping")])
def test_the_librarys_writers_tell_of_it(device, writer, told):
    model, loss = model_and_loss(device)
    write = writer(model)
    y = loss()
    write()
    with pytest.raises(GraphError, match=r"input w, of shape .* was changed since by") as caught:
        y.backward()
    assert told in str(caught.value)
    assert "Compute the second loss after the step, or call backward() on both losses before it" in str(caught.value)
    assert "\n" not in str(caught.value)
    loss().backward()  # computed anew, all is well


def test_a_step_without_a_visible_change_is_seen(device):
    """One row of an embedding moves, and no sampled place lies in it."""
    w = mg.tensor(np.ones((1000, 8), "f4"), device=device, requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    other = mg.tensor(np.ones((1000, 8), "f4"), device=device, requires_grad=True)
    y = (w * other).sum()
    w[np.array([1])].sum().backward()
    optimizer.step()
    with pytest.raises(GraphError, match=r"multiply: its input a, of shape \(1000, 8\), was changed since by SGD.step"):
        y.backward()


def test_a_view_knows_the_writers_of_what_it_shows():
    w = mg.tensor(np.ones((1000, 8), "f4"), requires_grad=True)
    optimizer = optim.SGD([w], lr=1.0)
    x = mg.tensor(np.ones((1000, 8), "f4"), requires_grad=True)
    products = [w.reshape(500, 16) * x.reshape(500, 16), w.detach() * x, w[:] * x]
    w[np.array([1])].sum().backward()
    optimizer.step()
    for y in products:
        with pytest.raises(GraphError, match=r"by SGD\.step"):
            mg.grad(y.sum(), x)


def test_averages_that_are_swapped_in(device):
    """Inside, the weights are others; afterwards they are the old ones, and a graph of before may be used."""
    model, loss = model_and_loss(device)
    with mg.backend.device(device):
        averages = optim.EMA(model, decay=0.5)
    for average in averages.averages.values():
        average += 1
    before = loss()
    with averages.swapped():
        with pytest.raises(GraphError, match=r"EMA\.swapped"):
            before.backward(retain_graph=True)
        inside = loss()
    loss_again = loss()
    loss_again.backward()
    with pytest.raises(GraphError, match="was changed since"):
        inside.backward()


def test_running_statistics(device):
    x = mg.tensor(np.ones((4, 3), "f4"), device=device, requires_grad=True)
    with mg.backend.device(device):
        norm = nn.BatchNorm(3)
    y = (x * norm.running_var).sum()
    unharmed = norm.eval()(x).sum()
    norm.train()(mg.tensor(np.arange(12, dtype="f4").reshape(4, 3), device=device))
    unharmed.backward()  # only the difference from the running mean matters to no gradient of x
    with pytest.raises(GraphError, match="by BatchNorm"):
        y.backward()


WRITES = {
    "subtract": lambda a: np.subtract(a, 0.1, out=a),
    "double": lambda a: np.multiply(a, 2, out=a),
    "fill": lambda a: a.fill(7),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
@pytest.mark.parametrize("shape", [(3,), (70, 30), (2, 9, 8, 7), (100_000,), (1, 1, 1000)])
@pytest.mark.parametrize("given", ["tensor", "array", "constant", "transposed"])
def test_any_write_to_all_of_an_array_is_seen(shape, given, write):
    """NumPy tells nobody: the caller's own array, that of a tensor, of a target, in any layout."""
    a = np.random.default_rng(0).standard_normal(shape) + 3
    x = mg.tensor(np.ones(shape[::-1] if given == "transposed" else shape), requires_grad=True)
    other = {
        "tensor": lambda: mg.tensor(a, requires_grad=True),
        "array": lambda: a,
        "constant": lambda: mg.tensor(a),
        "transposed": lambda: a.T,
    }[given]()
    y = (x * other).sum()
    write(a)
    with pytest.raises(GraphError, match="multiply: its input b"):
        y.backward()


def test_in_debug_mode_every_element_counts_and_the_line_is_named():
    w = mg.tensor(np.ones((300, 300)), requires_grad=True)
    x = mg.tensor(np.ones((300, 300)), requires_grad=True)
    with mg.debug():
        y = (w * x).sum()  # the line
    w.data[1, 1] = 5
    with pytest.raises(GraphError, match="was changed since") as caught:
        y.backward()
    assert "test_changes.py" in str(caught.value)
    assert "# the line" in str(caught.value)


def test_index_and_label_arrays_are_copied(device):
    """The gradient goes where the values came from."""
    where = mg.tensor(np.array([0, 1]), device=device)
    x = mg.tensor(np.array([1.0, 2.0, 3.0]), device=device, requires_grad=True)
    ys = [x[where], mg.take(x, where), x[where.data]]
    logits = mg.tensor(np.zeros((2, 3)), device=device, requires_grad=True)
    loss = nn.cross_entropy_loss(logits, where)
    where.data[...] = 2
    for y in ys:
        assert mg.grad(y.sum(), x).numpy().tolist() == [1, 1, 0]
    loss.backward()
    assert np.allclose(logits.grad.numpy() * 6, [[-2, 1, 1], [1, -2, 1]])
    widths = [[1, 0]]
    y = mg.pad(x, widths)
    widths[0] = [0, 1]
    assert mg.grad(y[1:].sum(), x).numpy().tolist() == [1, 1, 1]


def test_statistics_that_are_handed_out(device):
    """The caller may do with them what he likes."""
    x = mg.tensor(np.random.default_rng(0).standard_normal((6, 3)).astype("f4"), device=device, requires_grad=True)
    gamma, beta = mg.ones(3, device=device), mg.zeros(3, device=device)
    y, mean, var = mg.batch_norm(x, gamma, beta)
    z, other_mean, other_var = mg.standardize(x, (0,))
    expected = [mg.grad((t**2 * t).sum(), x, retain_graph=True).numpy() for t in (y, z)]
    for array in (mean, var, other_mean, other_var):
        array *= 0
    for t, right in zip((y, z), expected, strict=True):
        assert np.array_equal(mg.grad((t**2 * t).sum(), x).numpy(), right)


def test_a_new_shape_is_refused(device):
    w = mg.tensor(np.ones(3, "f4"), device=device, requires_grad=True)
    x = mg.tensor(np.ones(3, "f4"), device=device, requires_grad=True)
    y = (w * x).sum()
    w.data = mg.ones(5, device=device).data
    with pytest.raises(GraphError, match="multiply: its input a, of shape"):
        mg.grad(y, x)


def test_targets_and_masks():
    prediction = mg.tensor(np.zeros(100), requires_grad=True)
    target, mask = np.ones(100), np.arange(100) % 2 == 0
    loss = nn.mse_loss(prediction * 2, mg.tensor(target))
    target[...] = 5
    loss.backward()  # the difference was computed before: nothing reads the target
    assert np.allclose(prediction.grad.numpy(), -0.04)
    y = mg.where(mask, prediction, 0.0).sum()
    mask[...] = ~mask
    with pytest.raises(GraphError, match="where: its input condition"):
        y.backward()


# ---------------------------------------------------------------------------------------------------- no false alarms


def test_only_what_the_wanted_gradients_read_matters(device):
    """(x w + b): the gradient of w reads x alone. PyTorch allows this, too."""
    x = np.random.default_rng(0).standard_normal((6, 4)).astype("f4")
    for product in (lambda x, w, b: x @ w + b, mg.dense):
        w = mg.tensor(np.ones((4, 3), "f4"), device=device, requires_grad=True)
        b = mg.tensor(np.ones(3, "f4"), device=device, requires_grad=True)
        images = mg.tensor(x, device=device)
        optimizer = optim.SGD([w, b], lr=0.1)
        first, second = (product(images, w, b) ** 2).mean(), (product(images, w, b) ** 2).mean()
        optimizer.step(first)
        optimizer.zero_grad()
        second.backward()
        expected = 2 * x.T @ (x @ np.ones((4, 3), "f4") + 1) / 18
        assert np.allclose(w.grad.numpy(), expected, rtol=1e-5)


def test_the_same_values_again_are_no_change():
    w, x = (mg.tensor(np.arange(200.0), requires_grad=True) for _ in range(2))
    y = (w * x).sum()
    w.data += 1
    w.data -= 1
    y.backward(retain_graph=True)
    w.data = w.data.copy()
    y.backward(retain_graph=True)
    optim.SGD([w, x], lr=0.1)  # moves the data to its vector
    y.backward()
    assert np.array_equal(x.grad.numpy(), 3 * np.arange(200.0))


def test_a_second_pass_after_a_step(device):
    w = mg.tensor(np.array([2.0], "f4"), device=device, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.5)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward(retain_graph=True)
    optimizer.step()
    for create_graph in (False, True):
        with pytest.raises(GraphError, match=r"was changed since by SGD\.step"):
            loss.backward(create_graph=create_graph, retain_graph=True)
    loss = (w * w).sum()
    loss.backward()
    optimizer.step()
    with pytest.raises(GraphError, match="freed"):
        loss.backward()


def test_a_gradient_of_a_gradient(device):
    """The pass that create_graph records is watched as well."""
    w = mg.tensor(np.array([2.0, 3.0], "f4"), device=device, requires_grad=True)
    slope = mg.grad((w**3).sum(), w, create_graph=True)
    mg.autodiff.written([w], "a test")
    w.data[...] = w.data * 2
    with pytest.raises(GraphError, match="was changed since"):
        mg.grad(slope.sum(), w)


def test_ones_own_operation_needs_no_declaration():
    @differentiable
    def scaled(a, b, /):
        return a * b.shape[0]

    scaled.gradients(lambda g, y, a, b: _times_length(g, b), None)
    a, b = mg.tensor(np.ones(3), requires_grad=True), np.ones(3)
    y = scaled(a, b).sum()
    b[...] = 2  # the rule hands b on, and the helper asks for its length alone
    y.backward()
    assert a.grad.numpy().tolist() == [3, 3, 3]


def _times_length(g, b):
    return g * b.shape[0]


def test_what_a_rule_keeps_for_another_is_not_spoiled_by_the_question():
    """Batch norm adds up its sums once for three gradients; the question whether a change matters must not be kept."""
    rng = np.random.default_rng(0)
    x, gamma, beta = (mg.tensor(rng.standard_normal(s), requires_grad=True) for s in ((6, 3), (3,), (3,)))
    upstream = rng.standard_normal((6, 3))
    expected = [g.numpy() for g in mg.grad(mg.batch_norm(x, gamma, beta)[0], [gamma, beta], upstream)]
    y = mg.batch_norm(x, gamma, beta)[0]
    gamma.data *= 2
    found = mg.grad(y, [gamma, beta], upstream)
    assert same([g.numpy() for g in found], expected)


WRITES = {
    "every other row": np.s_[1::2],
    "the others": np.s_[::2],
    "every other column": np.s_[:, 1::2],
    "every third row": np.s_[2::3],
    "every fourth column": np.s_[:, 3::4],
    "a block of rows": np.s_[4:40],
    "a block of columns": np.s_[:, 3:19],
}


@pytest.mark.parametrize("memory", ["rows", "columns", "gaps"])
@pytest.mark.parametrize("shape", [(512, 128), (256, 100), (65, 64), (300, 20)])
@pytest.mark.parametrize("places", WRITES.values(), ids=list(WRITES))
def test_a_write_to_much_of_a_large_array_is_noticed(places, shape, memory):
    """No pattern of the places that are looked at leaves room for one of writes."""
    values = np.random.default_rng(0).random((2 * shape[0], 2 * shape[1]), np.float32)[::2, ::2]
    values = values if memory == "gaps" else values.copy(order="F" if memory == "columns" else "C")
    w = mg.tensor(values, requires_grad=True)
    x = mg.tensor(np.ones((4, shape[0]), np.float32), requires_grad=True)
    loss = mg.sum((x @ w) ** 2)
    w.data[places] = 0
    with pytest.raises(GraphError, match="was changed since"):
        mg.grad(loss, [x])
