"""The one rule for arrays that come in: in a tensor, beside a tensor, and in place of one."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import nn
from minigen.autodiff import REGISTRY
from minigen.errors import DTypeError, MinigenError
from tests.ops.cases import CASES

X = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
BESIDE = [mg.add, mg.multiply, mg.divide, mg.maximum, mg.matmul, mg.power, mg.greater, mg.bce_with_logits]


def memory_map(folder):
    array = np.memmap(folder / "x", np.float32, "w+", shape=(2, 2))
    array[...] = X
    return array


def subclasses(folder):
    class Own(np.ndarray):
        def __mul__(self, other):
            raise AssertionError("not ours")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from (np.matrix(X), X.view(Own), X.view(np.recarray), memory_map(folder), X.astype(">f4"))


def test_subclasses_and_foreign_bytes_are_taken_as_plain_arrays(tmp_path):
    for odd in subclasses(tmp_path):
        x = mg.tensor(odd)
        tensors = x, mg.Tensor(odd), nn.Parameter(odd), x + odd, odd + x, x.detach() * odd
        for y in (*tensors, mg.exp(odd), mg.sum(odd, axis=0)):
            array = y.data if isinstance(y, mg.Tensor) else y
            assert type(array) is np.ndarray
            assert array.dtype == np.float32
            assert array.dtype.isnative
        assert np.array_equal(x.numpy(), X)
        assert np.array_equal((x * x).numpy(), X * X)
        for operation in BESIDE:
            expected = operation(mg.tensor(X), mg.tensor(X)).numpy()
            for a, b in ((x, odd), (odd, x), (odd, odd)):
                found = operation(a, b)
                found = found.numpy() if isinstance(found, mg.Tensor) else found
                assert np.array_equal(found, expected, equal_nan=True)


def test_a_memory_map_stays_in_its_file(tmp_path):
    array = memory_map(tmp_path)
    assert np.shares_memory(mg.tensor(array).data, array)


REFUSED = {
    "masked array": (np.ma.array(X, mask=X > 2), "a masked array"),
    "list of masked arrays": ([np.ma.array([1.0]), np.ma.masked], "masked arrays"),
    "masked": (np.ma.masked, "a masked array"),
    "float16": (X.astype(np.float16), "float16"),
    "longdouble": (X.astype(np.longdouble), "convert the array"),
    "complex": (X.astype(complex), "must be numbers"),
    "a complex number": (1j, "must be numbers"),
    "objects": (X.astype(object), "must be numbers"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "must be numbers"),
    "records": (np.zeros(2, [("a", "f4")]), "must be numbers"),
    "text": ("text", "must be numbers"),
    "ragged": ([[1.0], [1.0, 2.0]], "not a rectangular array"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_at_every_door(name):
    odd, words = REFUSED[name]
    acts = [lambda: mg.tensor(odd), lambda: mg.exp(odd), lambda: mg.sum(odd)]
    for x in (mg.ones((2, 2)), mg.ones((2, 2), requires_grad=True)):
        acts += [lambda x=x, f=f: f(x, odd) for f in BESIDE] + [lambda x=x, f=f: f(odd, x) for f in BESIDE]
        acts += [lambda x=x: x * odd, lambda x=x: odd - x, lambda x=x: nn.mse_loss(x, odd)]
    if isinstance(odd, np.ndarray):
        acts += [lambda: mg.Tensor(odd), lambda: nn.Parameter(odd)]
    for act in acts:
        with pytest.raises(MinigenError) as caught:
            act()
        assert isinstance(caught.value, DTypeError)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_float16_is_converted_where_that_is_asked_for():
    assert mg.tensor(X.astype(np.float16), dtype="float32").dtype == np.float32
    for act in (lambda: mg.ones(2, dtype="float16"), lambda: mg.ones(2).astype("float16"), lambda: mg.astype(X, "e")):
        with pytest.raises(DTypeError, match="float16"):
            act()


def as_kind(x, kind):
    """Integers of this kind in the shape of x, small enough that sums of products fit."""
    numbers = np.rint(np.abs(x)).astype(np.int64) + 1
    return (numbers % 2).astype(bool) if kind == "?" else numbers.astype(kind)


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i4", "i8", "?"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.op)
def test_integers_give_what_the_same_floats_give(case, kind):
    """An operation gives integers, or it is float-valued and gives what float32 gives: there is nothing between."""
    whole = [as_kind(np.asarray(x), kind) for x in case.inputs]
    try:
        expected = case.fn(*(mg.tensor(x, dtype="float32") for x in whole)).numpy()
    except MinigenError as error:  # the values are refused, as by a likelihood of pixels, in whatever type
        with pytest.raises(type(error)):
            case.fn(*map(mg.tensor, whole))
        return
    try:
        found = case.fn(*map(mg.tensor, whole)).numpy()
    except MinigenError:
        assert not REGISTRY[case.op].float_valued if case.op in REGISTRY else True
        return
    if found.dtype.kind in "biu" and not (case.op in REGISTRY and REGISTRY[case.op].float_valued):
        return
    assert found.dtype == expected.dtype
    assert np.allclose(found, expected, rtol=1e-6, atol=1e-6, equal_nan=True)


EXTREMES = {"u1": [0, 1, 128, 200, 255], "i1": [-128, -127, -1, 0, 127], "u2": [0, 1, 30000, 65535], "?": [0, 1, 1, 0]}
EXTREMES |= {"i2": [-32768, -1, 0, 32767], "i8": [-(2**62), -1, 0, 2**62], "u8": [0, 1, 2**63]}


def float_valued():
    """The operations that say so, and the functions made of them."""
    return [op for op in REGISTRY.values() if op.float_valued and op.arity in (1, 2) and not op.name.startswith("_")]


@pytest.mark.parametrize("kind", EXTREMES)
@pytest.mark.parametrize("op", float_valued(), ids=lambda op: op.name)
def test_float_valued_operations_of_extreme_integers(op, kind):
    """Also where the integers would wrap round, and given as arrays."""
    x = np.array(EXTREMES[kind]).astype(kind)
    if op.name in ("standardize", "batch_norm", "bernoulli_log_likelihood"):
        return  # they take settings of their own, and are among the cases above
    inputs = [x] * op.arity
    with np.errstate(all="ignore"):
        expected = op(*(mg.tensor(i.astype(np.float32)) for i in inputs)).numpy()
        for found in (op(*map(mg.tensor, inputs)).numpy(), op(*inputs)):
            assert found.dtype == np.float32
            assert np.array_equal(found, expected, equal_nan=True)


@settings(max_examples=50)
@given(st.sampled_from(["u1", "i1", "i8", "?"]), st.integers(0, 3))
def test_losses_and_layers_of_integers(kind, seed):
    rng = np.random.default_rng(seed)
    a, b = (rng.integers(0, 2 if kind == "?" else 100, size=(4, 3)).astype(kind) for _ in range(2))
    fa, fb = a.astype(np.float32), b.astype(np.float32)
    for loss in (nn.mse_loss, nn.kl_loss):
        with np.errstate(all="ignore"):
            assert np.array_equal(loss(mg.tensor(a), mg.tensor(b)).numpy(), loss(mg.tensor(fa), mg.tensor(fb)).numpy())
    assert np.allclose(mg.std(mg.tensor(a), axis=0).numpy(), mg.std(mg.tensor(fa), axis=0).numpy())
    assert np.allclose(mg.standardize(mg.tensor(a), (0,))[0].numpy(), mg.standardize(mg.tensor(fa), (0,))[0].numpy())
    w, c = mg.ones(3), mg.zeros(3)
    assert np.allclose(mg.batch_norm(mg.tensor(a), w, c)[0].numpy(), mg.batch_norm(mg.tensor(fa), w, c)[0].numpy())


def test_losses_take_lists_and_numbers_or_refuse_them_in_words():
    x = mg.tensor([[1.0, 2.0]], requires_grad=True)
    labels = nn.cross_entropy_loss(x, mg.tensor([1])).item()
    assert nn.cross_entropy_loss(x, [1]).item() == labels
    assert nn.mse_loss(x, [[0.0, 0.0]]).item() == 2.5
    for act in (lambda: nn.mse_loss(x, 1.0), lambda: nn.kl_loss(x, [1.0]), lambda: nn.cross_entropy_loss(x, 1)):
        with pytest.raises(MinigenError, match="shape"):
            act()
    with pytest.raises(DTypeError, match="labels must be integers"):
        nn.cross_entropy_loss(x, [1.5])
