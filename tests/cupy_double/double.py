"""A strict double of CuPy, computed by NumPy: it lets the GPU path be tested where there is no GPU.

It has CuPy's names and signatures (manifest.json) and none besides; its arrays do not turn into NumPy arrays unless
asked to; reductions give 0-d arrays; it counts what would make the host wait for the device. Where CuPy is silent and
wrong or slow (host indices, out-of-range indices, assignment through repeated indices) it raises. What the real CuPy
must agree with is in contract.py.
"""

import collections
import contextlib
import inspect
import json
import types
from pathlib import Path
from typing import ClassVar

import numpy as np

from minigen import backend

MANIFEST = json.loads(Path(__file__).with_name("manifest.json").read_text())
WAITING = {
    "nonzero",
    "argwhere",
    "flatnonzero",
    "unique",
    "asnumpy",
    "array_equal",
    "allclose",
}  # need a result on the host
REDUCTIONS_OF_UFUNCS = {"add", "multiply"}
VIEW_INDEX = (int, np.integer, slice, type(None), type(Ellipsis))


def signature(encoded):
    """The inspect.Signature of a line of the manifest."""
    kind, parameters = inspect.Parameter.POSITIONAL_OR_KEYWORD, []
    for part in encoded.split(",") if encoded else []:
        if part == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
        elif part.startswith("**"):
            parameters.append(inspect.Parameter(part[2:], inspect.Parameter.VAR_KEYWORD))
        elif part.startswith("*"):
            parameters.append(inspect.Parameter(part[1:], inspect.Parameter.VAR_POSITIONAL))
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            default = None if part.endswith("=") else inspect.Parameter.empty
            parameters.append(inspect.Parameter(part.rstrip("="), kind, default=default))
    return inspect.Signature(parameters)


class State:
    """What has been counted, and whether it is forbidden."""

    syncs: ClassVar = collections.Counter()
    transfers: ClassVar = collections.Counter()
    forbidden = False

    @classmethod
    def sync(cls, reason):
        cls.syncs[reason] += 1
        if cls.forbidden:
            raise AssertionError(f"hidden synchronisation: {reason}")

    @classmethod
    def transfer(cls, reason):
        cls.transfers[reason] += 1
        if cls.forbidden:
            raise AssertionError(f"transfer from the host: {reason}")


def unwrap(x, what):
    """The NumPy array inside, for arguments; host arrays are refused."""
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, np.ndarray):
        raise TypeError(f"Unsupported type <class 'numpy.ndarray'> in {what}: the array is on the host")
    if isinstance(x, (tuple, list)):
        return type(x)(unwrap(v, what) for v in x)
    return x


def wrap(y):
    """Results as arrays of the double: 0-d ones too, never scalars."""
    if isinstance(y, np.ndarray):
        return ndarray(y)
    if isinstance(y, np.generic):
        return ndarray(np.asarray(y))
    if isinstance(y, (tuple, list)) and any(isinstance(v, (np.ndarray, np.generic)) for v in y):
        return type(y)(wrap(v) for v in y)
    return y


def call(name, encoded, function, args, named):
    """Call a NumPy function in CuPy's place: the call must fit CuPy's signature."""
    signature(encoded).bind(*args, **named)
    if name in WAITING:
        State.sync(name)
    args = [unwrap(a, name) for a in args]
    with np.errstate(all="ignore"):  # a device gives no warnings
        return wrap(function(*args, **{key: unwrap(value, name) for key, value in named.items()}))


class Ufunc:
    """A universal function: takes out, dtype and casting; reduces only where CuPy's does."""

    def __init__(self, name, n_in):
        self.name, self.n_in, self.numpy = name, n_in, getattr(np, name)

    def __call__(self, *args, out=None, dtype=None, casting="same_kind"):
        if len(args) not in (self.n_in, self.n_in + 1):
            raise TypeError(f"wrong number of arguments for {self.name}")
        given = {} if out is None else {"out": unwrap(out, self.name)}
        with np.errstate(all="ignore"):
            result = self.numpy(*[unwrap(a, self.name) for a in args], dtype=dtype, casting=casting, **given)
        return out if out is not None else wrap(result)

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        if self.name not in REDUCTIONS_OF_UFUNCS:
            raise NotImplementedError(f"`cupy.{self.name}.reduce` is not supported yet")
        return wrap(self.numpy.reduce(unwrap(array, self.name), axis=axis, dtype=dtype, keepdims=keepdims))

    def at(self, a, indices, b=None):
        self.numpy.at(unwrap(a, self.name), a._index(indices), unwrap(b, self.name))


class ndarray:
    """CuPy's array: the NumPy array inside is reached by `get` alone."""

    __slots__ = ("_a",)
    __hash__ = None

    def __init__(self, array):
        self._a = array

    # -- what crosses to the host

    def get(self, stream=None, order="C", out=None, blocking=True):
        State.sync("get")
        return self._a.copy()

    def item(self):
        State.sync("item")
        return self._a.item()

    def tolist(self):
        State.sync("tolist")
        return self._a.tolist()

    def _to_host(self, reason):
        State.sync(reason)
        return self._a

    def __bool__(self):
        return bool(self._to_host("bool"))

    def __float__(self):
        return float(self._to_host("float"))

    def __int__(self):
        return int(self._to_host("int"))

    def __repr__(self):
        return repr(self._to_host("repr"))

    def __str__(self):
        return str(self._to_host("str"))

    def __format__(self, spec):
        return format(self._to_host("format"), spec)

    def __array__(self, *args, **named):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        if (
            method != "__call__"
            or any(isinstance(x, np.ndarray) for x in inputs)
            or ufunc.__name__ not in MANIFEST["cupy"]
        ):
            raise TypeError(f"numpy.{ufunc.__name__} on a device array with {[type(x).__name__ for x in inputs]}")
        return wrap(ufunc(*[unwrap(x, ufunc.__name__) for x in inputs], **named))

    # -- indexing

    def _index(self, index):
        parts = []
        for i in index if isinstance(index, tuple) else (index,):
            if isinstance(i, ndarray):
                if i.dtype.kind == "b":
                    State.sync("boolean index")
                parts.append(i._a)
            elif isinstance(i, VIEW_INDEX):
                parts.append(i)
            else:
                raise IndexError(f"an index of type {type(i).__name__} is on the host: CuPy would copy it silently")
        return tuple(parts)

    def __getitem__(self, index):
        parts = self._index(index)
        if all(isinstance(i, VIEW_INDEX) for i in parts) and Ellipsis not in parts:
            parts = (*parts, Ellipsis)  # a view, also where all axes are taken
        return wrap(self._a[parts])

    def __setitem__(self, index, value):
        parts = self._index(index)
        positions = np.arange(self._a.size).reshape(self._a.shape)[parts]
        if any(isinstance(i, np.ndarray) for i in parts) and len(np.unique(positions)) != positions.size:
            raise IndexError("assignment through repeated indices is undefined on a device; use xp.add.at")
        self._a[parts] = unwrap(value, "assignment")

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name):
        encoded = MANIFEST["ndarray"].get(name)
        if encoded is None or not hasattr(np.ndarray, name):
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        value = getattr(self._a, name)
        if encoded == "@":
            return wrap(value) if isinstance(value, np.ndarray) else value
        return lambda *args, **named: call(name, encoded, value, args, named)


def _operator(name):
    def method(self, other):
        if isinstance(other, np.ndarray):
            raise TypeError("Unsupported type <class 'numpy.ndarray'>: device and host arrays do not mix")
        if not isinstance(other, (ndarray, bool, int, float, complex, np.generic)):
            return NotImplemented
        with np.errstate(all="ignore"):
            result = getattr(self._a, name)(unwrap(other, name))
        return NotImplemented if result is NotImplemented else self if name.startswith("__i") else wrap(result)

    return method


def _unary(name):
    return lambda self: wrap(getattr(self._a, name)())


BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"]
for _name in MANIFEST["ndarray_special"].split():
    _bare = _name.strip("_")
    if _bare in BINARY or _bare[1:] in BINARY or _bare in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(ndarray, _name, _operator(_name))
    elif _bare in ("neg", "pos", "abs", "invert"):
        setattr(ndarray, _name, _unary(_name))


class Generator:
    """A random generator with CuPy's methods, float64 unless told otherwise."""

    def __init__(self, seed=None):
        self._numpy = np.random.default_rng(seed)

    def __getattr__(self, name):
        encoded = MANIFEST["Generator"].get(name)
        if encoded is None:
            raise AttributeError(f"'Generator' object has no attribute {name!r}")
        return lambda *args, **named: call(name, encoded, getattr(self._numpy, name), args, named)


class _Device:
    def __init__(self, device=0):
        self.id = device

    def synchronize(self):
        State.sync("synchronize")


def _needs_a_device(*args, **named):
    raise NotImplementedError("kernels need a real CUDA device; each has a version in array operations to fall back to")


class CuPy:
    """The module: `xp = CuPy()`."""

    __version__ = MANIFEST["version"]
    ndarray = ndarray
    syncs, transfers = State.syncs, State.transfers
    ElementwiseKernel = RawKernel = ReductionKernel = RawModule = staticmethod(_needs_a_device)

    def __init__(self):
        tricks = MANIFEST["lib.stride_tricks"]
        strided = np.lib.stride_tricks
        functions = {n: self._function(n, s, getattr(strided, n)) for n, s in tricks.items() if hasattr(strided, n)}
        self.lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(**functions))
        self.random = types.SimpleNamespace(default_rng=Generator, Generator=Generator)
        self.cuda = types.SimpleNamespace(
            is_available=lambda: True,
            Device=_Device,
            runtime=types.SimpleNamespace(
                driverGetVersion=lambda: 13000,
                getDeviceCount=lambda: 1,
                getDeviceProperties=lambda device: {"name": b"strict double of CuPy"},
            ),
        )

    @staticmethod
    def _function(name, encoded, function):
        return lambda *args, **named: call(name, encoded, function, args, named)

    def __getattr__(self, name):
        encoded = MANIFEST["cupy"].get(name)
        if encoded is None:
            raise AttributeError(f"module 'cupy' has no attribute {name!r}")
        if name == "asnumpy":
            return lambda a: a.get()
        if encoded.startswith("!"):
            return Ufunc(name, int(encoded[1:].split(",")[0]))
        value = getattr(np, name)
        if encoded == "@" or isinstance(value, type):
            return value
        return self._function(name, encoded, value)

    def asarray(self, a, dtype=None, order=None, *, copy=None, blocking=False):
        """The way in from the host."""
        if isinstance(a, ndarray):
            return a if dtype in (None, a.dtype) else ndarray(a._a.astype(dtype))
        if isinstance(a, (np.ndarray, list, tuple)):
            State.transfer("asarray")
        return ndarray(np.array(a, dtype=dtype))

    def array(self, obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
        """The way in from the host, or a copy."""
        return ndarray(np.array(self.asarray(obj, dtype)._a, ndmin=ndmin))

    @contextlib.contextmanager
    def forbid_sync(self):
        """Raise at the first synchronisation, and at the first transfer from the host, inside the block."""
        before, State.forbidden = State.forbidden, True
        try:
            yield
        finally:
            State.forbidden = before


@contextlib.contextmanager
def installed():
    """Make minigen take the double for CuPy inside a `with` block; afterwards all is as before."""
    importer, modules, default = backend._import_cupy, dict(backend._module_of), backend._default_device
    xp = CuPy()
    backend._import_cupy = lambda: xp
    for kind in [kind for kind in modules if kind is not np.ndarray]:
        del backend._module_of[kind]
    try:
        yield xp
    finally:
        backend._import_cupy, backend._default_device = importer, default
        backend._module_of.clear()
        backend._module_of.update(modules)
