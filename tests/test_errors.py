"""The error classes: minigen's own and Python's at once; names get the nearest right one."""

import pickle

import numpy as np
import pytest

import minigen as mg
from minigen import errors
from minigen.errors import MinigenError, unknown_name

CLASSES = {
    "ShapeError": ValueError,
    "DTypeError": TypeError,
    "ArgumentError": ValueError,
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
