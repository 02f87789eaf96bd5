"""The error classes: minigen's own and Python's at once; names get the nearest right one."""

import pickle

import numpy as np
import pytest

import minigen as mg
from minigen import errors
from minigen.errors import MinigenError, unknown_name

REDUCTIONS = (mg.sum, mg.mean, mg.var, mg.std, mg.max, mg.min, mg.norm, mg.argmax)
REDUCTIONS += (mg.softmax, mg.log_softmax, mg.logsumexp)
CLASSES = {
    "ShapeError": ValueError,
    "IndexingError": IndexError,
    "AxisError": np.exceptions.AxisError,
    "DTypeError": TypeError,
    "ArgumentError": ValueError,
    "RangeError": OverflowError,
    "DeviceError": RuntimeError,
    "GraphError": RuntimeError,
    "NumericalError": ArithmeticError,
    "DataError": OSError,
}


def subclasses(cls):
    return {cls, *(s for c in cls.__subclasses__() for s in subclasses(c))}


@pytest.mark.parametrize(("name", "builtin"), CLASSES.items())
def test_each_error_is_minigens_and_pythons(name, builtin):
    error = getattr(errors, name)
    assert issubclass(error, MinigenError)
    assert issubclass(error, builtin)
    with pytest.raises(builtin, match=r"^words$"):
        raise error("words")
    assert str(pickle.loads(pickle.dumps(error("words")))) == "words"  # as between processes


def test_every_error_of_the_library_is_also_one_of_pythons():
    library = {c for c in subclasses(MinigenError) - {MinigenError} if c.__module__.startswith("minigen.")}
    assert set(CLASSES) <= {c.__name__ for c in library}
    for error in library:
        assert any(issubclass(error, b) for b in (*CLASSES.values(), AssertionError)), error


@pytest.mark.parametrize(
    ("act", "builtin"),
    [
        (lambda: mg.ones(2) + mg.ones(3), ValueError),
        (lambda: mg.tensor("text"), TypeError),
        (lambda: mg.use_device("tpu"), ValueError),
        (lambda: mg.ones(2).backward(), RuntimeError),
        (lambda: mg.ones(2)[2], IndexError),
        (lambda: mg.ones((2, 3))[:, [0, 3]], IndexError),
        *((lambda f=f: f(mg.ones((2, 3)), axis=2), np.exceptions.AxisError) for f in REDUCTIONS),
        *((lambda f=f: f(np.ones((2, 3)), axis=2), np.exceptions.AxisError) for f in REDUCTIONS),
        (lambda: mg.split(mg.ones(2), 2, axis=1), np.exceptions.AxisError),
        (lambda: mg.flip(mg.ones(2), 1), np.exceptions.AxisError),
        (lambda: mg.tensor(np.uint8([1])) + 300, OverflowError),
        (lambda: mg.ones(2) * 10**400, OverflowError),
        (lambda: mg.Generator(-1), ValueError),
    ],
)
def test_code_written_for_pythons_errors_catches_them(act, builtin):
    with pytest.raises(builtin) as caught:
        act()
    assert isinstance(caught.value, MinigenError)


def test_debug_mode_raises_an_arithmetic_error():
    with mg.debug(), pytest.raises(ArithmeticError):
        mg.log(mg.tensor(np.array([-1.0])))


@pytest.mark.parametrize("value", [1, 7, np.int64(3), np.uint8(3)])
def test_integers_of_python_and_numpy_are_whole_numbers(value):
    assert type(errors.whole("n", value)) is int
    assert errors.whole("n", value) == value


@pytest.mark.parametrize("value", [0, -1, True, np.True_, 1.0, np.float32(2), "1", None, [1]])
def test_nothing_else_is(value):
    with pytest.raises(errors.ArgumentError, match=r"^n: expected an integer >= 1, got "):
        errors.whole("n", value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("adm", "did you mean 'adam'? "),
        ("Adam", "did you mean 'adam'? "),
        ("rmspro", "did you mean 'rmsprop'? "),
        ("xyzzy", ""),
        (None, ""),
        (3, ""),
    ],
)
def test_unknown_names(name, hint):
    message = str(unknown_name("optimizer", name, ["sgd", "rmsprop", "adam"]))
    assert message == f"optimizer: unknown name {name!r}; {hint}choose one of: adam, rmsprop, sgd"


def test_choices_may_come_from_any_iterable():
    assert "choose one of: a, b" in str(unknown_name("letter", "q", (c for c in "ba")))


def test_others_errors_in_words():
    assert errors.in_words(ValueError("cannot identify <_io.BytesIO object at 0x7f8b>\n it")) == "cannot identify it"
    assert errors.in_words(ValueError()) == "ValueError"
