"""The contract between minigen and CuPy: expressions and what they give, for the double always, for CuPy on a GPU.

An expression may be several statements; the value of the last one counts. It sees `xp`, `np` and the names of `names`.
Expected is `device(...)`, a device array of that value and dtype, or `Host(...)`, a Python object, or `raises(...)`.
`SHARED` must hold on CuPy as well. In `STRICTER` the double raises where CuPy goes on, silently slow or wrong.
"""

import copy
import weakref
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    """An expression, what it gives, and whether the host waits for the device."""

    code: str
    expected: Any
    waits: bool = False


class Raises(NamedTuple):
    """The expression raises one of these errors."""

    errors: tuple


class Host(NamedTuple):
    """The expression gives this, and no device array."""

    value: Any


def raises(*errors):
    return Raises(errors)


def device(values, dtype="float32"):
    return np.array(values, dtype)


class Deferred:
    """It asks arrays to leave operators to it, as Tensor does."""

    __array_ufunc__ = None

    def __radd__(self, other):
        return "radd"


class Plain:
    """It forgets to."""

    def __radd__(self, other):
        return "radd"


def names(xp):
    """What an expression sees."""
    h = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = xp.asarray(h)
    return {
        "xp": xp,
        "np": np,
        "copy": copy,
        "weakref": weakref,
        "Deferred": Deferred,
        "Plain": Plain,
        "h": h,  # on the host: [[0, 1, 2], [3, 4, 5]]
        "x": x,  # on the device: the same
        "v": xp.asarray(np.array([1, -2, 3], np.float32)),
        "i": xp.asarray(np.array([2, 0])),
        "m": x > 2,
        "z": xp.zeros(3, dtype="float32"),
        "n": xp.asarray(np.array([1, 1])).sum(),  # a 0-d 2
    }


def each(expected, codes):
    """A case of each of the expressions, which ` | ` separates."""
    return [Case(code, expected) for code in codes.split(" | ")]


MISSING = [
    *[
        Case(f"xp.{name}", raises(AttributeError))
        for name in ["errstate", "seterr", "block", "insert", "vecdot", "einsum_path", "nditer", "scatter_add"]
    ],
    *[Case(f"hasattr(x, {name!r})", Host(False)) for name in ("__index__", "__imatmul__", "setflags")],
    *[
        Case(f"xp.random.default_rng(0).{name}", raises(AttributeError))
        for name in ["normal", "permutation", "permuted", "shuffle", "choice"]
    ],
    *each(
        raises(TypeError),
        "xp.sum(x, where=m) | xp.sum(x, initial=0) | xp.mean(x, where=m) | xp.var(x, where=m) | "
        "xp.var(x, correction=1) | xp.max(x, where=m) | xp.max(x, initial=0) | x.sum(where=m) | x.max(initial=0) | "
        "xp.clip(x, 0) | xp.clip(x, min=0, max=1) | xp.take_along_axis(x, xp.argmax(x, 1, keepdims=True)) | "
        "xp.zeros(3, device='cpu') | xp.zeros_like(x, device='cpu') | xp.full(3, 1, device='cpu') | "
        "xp.arange(3, device='cpu') | xp.asarray(x, device='cpu') | xp.einsum('ij->j', x, out=z) | "
        "xp.exp(x, where=m) | xp.add(x, x, order='C') | xp.add(x, x, subok=True) | xp.add.reduce(x, where=m)",
    ),
    *each(
        raises(NotImplementedError),
        "xp.maximum.reduce(x) | xp.logical_and.reduce(m) | xp.minimum.accumulate(x) | xp.divide.at(z, i)",
    ),
]

NO_HOST_NUMBERS = [
    Case("x.sum()", device(15)),
    Case("x.mean()", device(2.5)),
    Case("x.max()", device(5)),
    Case("x.argmax()", device(5, "int64")),
    Case("x.any()", device(True, bool)),
    Case("x[1, 2]", device(5)),
    Case("v[-1]", device(3)),
    Case("v @ v", device(14)),
    Case("xp.dot(v, v)", device(14)),
    Case("xp.count_nonzero(m)", device(3, "int64")),
    Case("xp.array_equal(x, x)", device(True, bool)),
    Case("xp.allclose(x, x + 1)", device(False, bool)),
    Case("m.sum()", device(3, "int64")),
    Case("range(n)", raises(TypeError)),
    Case("v[:n]", raises(TypeError)),
    Case("[1, 2, 3][n]", raises(TypeError)),
    Case("xp.zeros(n)", raises(TypeError)),
    Case("x.shape", Host((2, 3))),
    Case("xp.ndim(x)", Host(2)),
    Case("len(x)", Host(2)),
    Case("len(n)", raises(TypeError)),
    Case("list(n)", raises(TypeError)),
]

WAITING = [
    Case("float(x.sum())", Host(15.0), waits=True),
    Case("int(n)", Host(2), waits=True),
    Case("bool(x.any())", Host(True), waits=True),
    Case("bool(v)", raises(ValueError)),
    Case("x.sum().item()", Host(15.0), waits=True),
    Case("v.item()", raises(ValueError)),
    Case("v.tolist()", Host([1.0, -2.0, 3.0]), waits=True),
    Case("type(v.get())", Host(np.ndarray), waits=True),
    Case("type(xp.asnumpy(v))", Host(np.ndarray), waits=True),
    Case("f'{x.sum():.2f}'", Host("15.00"), waits=True),
    Case("str(n)", Host("2"), waits=True),
    Case("repr(n)", Host("array(2)"), waits=True),
    Case("x[m]", device([3, 4, 5]), waits=True),
    Case("x[m] = 0; x", device([[0, 1, 2], [0, 0, 0]]), waits=True),
    Case("xp.nonzero(v)[0]", device([0, 1, 2], "int64"), waits=True),
    Case("xp.where(v > 0)[0]", device([0, 2], "int64"), waits=True),
    Case("xp.argwhere(v > 0)", device([[0], [2]], "int64"), waits=True),
    Case("xp.flatnonzero(v > 0)", device([0, 2], "int64"), waits=True),
    Case("xp.unique(v)", device([-2, 1, 3]), waits=True),
    Case("xp.bincount(i)", device([1, 0, 1], "int64"), waits=True),
    Case("z.fill(v[0]); z", device([1, 1, 1]), waits=True),
    Case("xp.average(v, weights=v)", device(7), waits=True),
    Case("3.0 in v", Host(True), waits=True),
    Case("max(v)", device(3), waits=True),
    Case("xp.where(m, x, 0)", device([[0, 0, 0], [3, 4, 5]])),
    Case("x * m", device([[0, 0, 0], [3, 4, 5]])),
    Case("z[...] = v[0]; z", device([1, 1, 1])),
    Case("xp.full(2, v[0])", device([1, 1])),
    Case("xp.full(2, 3.0, dtype='float32')", device([3, 3])),
]

MIXING = [
    *each(
        raises(TypeError),
        "np.asarray(x) | np.array([x, x]) | h[...] = x | x + h | h + x | x += h | h += x | x * h[0, 0, ...] | "
        "x == h | h < x | x @ h.T | h.T @ x | xp.add(x, h) | np.add(h, x) | xp.where(m, x, h) | xp.stack([x, h]) | "
        "xp.concatenate([x, h]) | x + [1, 2, 3] | x + None | x + 'a' | x + Plain() | xp.exp([1.0]) | xp.exp(None)",
    ),
    Case("x[...] = h", raises(TypeError, ValueError)),
    Case("x[0] = [1, 2, 3]", raises(TypeError, ValueError)),
    Case("xp.sum([1.0, 2.0])", raises(TypeError, AttributeError)),
    Case("xp.concatenate([[1.0], [2.0]])", raises(TypeError, AttributeError)),
    Case("xp.asarray(['a'])", raises(ValueError)),
    Case("x + Deferred()", Host("radd")),
    Case("np.float32(2) * v", device([2, -4, 6])),
    Case("np.float32(2) - v", device([1, 4, -1])),
    Case("np.float32(0) < v", device([True, False, True], bool)),
    Case("v * np.float32(2)", device([2, -4, 6])),
    Case("2 ** v", device([2, 0.25, 8])),
    Case("v += np.float32(1); v", device([2, -1, 4])),
    Case("xp.asarray(h)", device([[0, 1, 2], [3, 4, 5]])),
    Case("xp.array([1, 2])", device([1, 2], "int64")),
    Case("xp.asarray(x) is x", Host(True)),
    Case("xp.array(x) is x", Host(False)),
]

PROMOTION = [
    Case("v * 2.0", device([2, -4, 6])),
    Case("v + 1", device([2, -1, 4])),
    Case("v * np.float64(1)", device([1, -2, 3], "float64")),
    Case("np.float64(1) * v", device([1, -2, 3], "float64")),
    Case("v * xp.asarray(1.0)", device([1, -2, 3], "float64")),
    Case("i * v[:2]", device([2, 0], "float64")),
    Case("i / 2", device([1, 0], "float64")),
    Case("i ** 2", device([4, 0], "int64")),
    Case("i.astype('uint8') * 2", device([4, 0], "uint8")),
    Case("i.astype('uint8').mean()", device(1, "float64")),
    Case("v.astype('float16') + 1.0", device([2, -1, 4], "float16")),
    Case("m * v", device([[0, 0, 0], [1, -2, 3]])),
    Case("xp.where(m, x, 0.5)", device([[0.5, 0.5, 0.5], [3, 4, 5]])),
    Case("xp.exp(z, dtype='float64')", device([1, 1, 1], "float64")),
    Case("xp.sum(v, dtype='float64')", device(2, "float64")),
    Case("xp.result_type(v, i) == np.float64", Host(True)),
    Case("i += 0.5", raises(TypeError)),
    Case("i.astype('uint8') + 300", raises(OverflowError)),
    Case("v / 0", device([np.inf, -np.inf, np.inf])),
    Case("xp.log(z)", device([-np.inf] * 3)),
    Case("xp.sqrt(v)", device([1, np.nan, 3**0.5])),
    Case("xp.exp(v * 1000)", device([np.inf, 0, np.inf])),
]

MEMORY = [
    Case("y = x[:, 1:]; y[...] = 0; x", device([[0, 0, 0], [3, 0, 0]])),
    Case("y = x[0, 0]; y[...] = 7; x", device([[7, 1, 2], [3, 4, 5]])),
    Case("y = x[xp.asarray(0)]; y[...] = 7; x", device([[0, 1, 2], [3, 4, 5]])),
    Case("y = v[i]; y[...] = 7; v", device([1, -2, 3])),
    Case("y = x.T; y += 1; x", device([[1, 2, 3], [4, 5, 6]])),
    Case("x.reshape(6)[1] = 9; x", device([[0, 9, 2], [3, 4, 5]])),
    Case("x[:, ::2] += x[:, :2]; x", device([[0, 1, 3], [6, 4, 9]])),
    Case("v[::-2] = v[:-1]; v", device([-2, -2, 1])),
    Case("v[...] = v; v", device([1, -2, 3])),
    Case("x[1:] -= x[:1]; x", device([[0, 1, 2], [3, 3, 3]])),
    Case("y = x; y += 1; y is x", Host(True)),
    Case("y = n; y += 1; n", device(3, "int64")),
    Case("a = b = xp.eye(2); b @= b + 1; a", device([[1, 0], [0, 1]], "float64")),  # no __imatmul__: a new array
    Case("xp.add(v, 1, out=z) is z", Host(True)),
    Case("xp.add(v, 1, z); z", device([2, -1, 4])),
    Case("xp.multiply(v, v, out=v); v", device([1, 4, 9])),
    Case("xp.sum(x, axis=0, out=z); z", device([3, 5, 7])),
    Case("xp.matmul(v[None], v[:, None], out=z[:1, None]); z", device([14, 0, 0])),
    Case("xp.exp(i, out=i)", raises(TypeError)),
    Case("v.astype('float32', copy=False) is v", Host(True)),
    Case("v.astype('float32') is v", Host(False)),
    Case("v.base is None", Host(True)),
    Case("v[1:].base is None", Host(False)),
    Case("x.T.flags.c_contiguous, x.T.flags.f_contiguous", Host((False, True))),
    Case("x.strides, x.nbytes, x.itemsize", Host(((12, 4), 24, 4))),
    Case("xp.may_share_memory(x, x[1:])", Host(True)),
    Case("y = copy.deepcopy(v); y += 1; v", device([1, -2, 3])),
    Case("weakref.ref(v)() is v", Host(True)),
    Case("hash(v)", raises(TypeError)),
]

ARRAYS = [
    Case("v[::-1]", device([3, -2, 1])),
    Case("x[:, None].shape", Host((2, 1, 3))),
    Case("v[i]", device([3, 1])),
    Case("x[xp.arange(2), i]", device([2, 3])),
    Case("v[xp.asarray([-1])]", device([3])),
    Case("v[3]", raises(IndexError)),
    Case("v[i] = 0; v", device([0, -2, 0])),
    Case("xp.lib.stride_tricks.as_strided(x, (2, 2, 2), (12, 4, 4))", device([[[0, 1], [1, 2]], [[3, 4], [4, 5]]])),
    Case("xp.lib.stride_tricks.as_strided(v[::-1], (2, 2), (-4, -4))", device([[3, -2], [-2, 1]])),
    Case("x @ x.T", device([[5, 14], [14, 50]])),
    Case("x.T @ x", device([[9, 12, 15], [12, 17, 22], [15, 22, 29]])),
    Case("xp.matmul(x[None], x.T[None])", device([[[5, 14], [14, 50]]])),
    Case("v @ 2", raises(ValueError, TypeError)),
    Case("xp.dot(x, v)", device([4, 10])),
    Case("xp.einsum('ij,kj->ik', x, x)", device([[5, 14], [14, 50]])),
    Case("xp.tensordot(x, v, axes=([1], [0]))", device([4, 10])),
    Case("xp.add.at(z, xp.asarray([0, 0, 2]), v); z", device([-1, 0, 3])),
    Case("xp.add.at(z, i, 2.0); z", device([2, 0, 2])),
    Case("xp.add.at(m, i, True)", raises(TypeError)),
    Case("xp.subtract.at(z, i, 1.0)", raises(TypeError)),
    Case("xp.maximum.at(z, xp.asarray([0, 0, 2]), v); z", device([1, 0, 3])),
    Case("xp.add.reduce(x, axis=1)", device([3, 12])),
    Case("xp.multiply.reduce(v)", device(-6)),
    Case("xp.add.accumulate(v)", device([1, -1, 2])),
    Case("xp.take_along_axis(x, i[:, None], axis=1)", device([[2], [3]])),
    Case("xp.take(x, i, axis=1)", device([[2, 0], [5, 3]])),
    Case("x.max(axis=1)", device([2, 5])),
    Case("x.min(axis=0, keepdims=True)", device([[0, 1, 2]])),
    Case("xp.argmax(v, axis=0)", device(2, "int64")),
    Case("xp.argmax(x, axis=1, keepdims=True)", device([[2], [2]], "int64")),
    Case("x.sum(axis=(0, 1), keepdims=True)", device([[15]])),
    Case("x.var(axis=1)", device([2 / 3, 2 / 3])),
    Case("xp.var(v, ddof=1)", device(19 / 3)),
    Case("xp.std(v - v)", device(0)),
    Case("xp.prod(v), xp.cumsum(v)", (device(-6), device([1, -1, 2]))),
    Case("xp.all(m, axis=1)", device([False, True], bool)),
    Case("xp.concatenate([v, z])", device([1, -2, 3, 0, 0, 0])),
    Case("xp.concatenate((x, x), axis=1)[0]", device([0, 1, 2, 0, 1, 2])),
    Case("xp.stack([v, z])", device([[1, -2, 3], [0, 0, 0]])),
    Case("xp.split(v, [1])", [device([1]), device([-2, 3])]),
    Case("xp.pad(v, ((1, 2),), constant_values=-1.0)", device([-1, 1, -2, 3, -1, -1])),
    Case("xp.repeat(v, 2)", device([1, 1, -2, -2, 3, 3])),
    Case("xp.tile(v, 2)", device([1, -2, 3, 1, -2, 3])),
    Case("xp.flip(x, axis=1)", device([[2, 1, 0], [5, 4, 3]])),
    Case("xp.transpose(x, (1, 0))", device([[0, 3], [1, 4], [2, 5]])),
    Case("x.transpose(1, 0).shape", Host((3, 2))),
    Case("xp.moveaxis(x, 0, 1).shape", Host((3, 2))),
    Case("x.swapaxes(0, 1).shape", Host((3, 2))),
    Case("xp.broadcast_to(v, (2, 3))", device([[1, -2, 3], [1, -2, 3]])),
    Case("xp.broadcast_to(v, (2, 2))", raises(ValueError)),
    Case("xp.expand_dims(v, (0, 2)).shape", Host((1, 3, 1))),
    Case("xp.squeeze(v[None])", device([1, -2, 3])),
    Case("xp.sort(v), xp.argsort(v)", (device([-2, 1, 3]), device([1, 0, 2], "int64"))),
    Case("xp.tril(x @ x.T)", device([[5, 0], [14, 50]])),
    Case("xp.clip(v, -1, 1)", device([1, -1, 1])),
    Case("xp.clip(v, None, 1), v.clip(0)", (device([1, -2, 1]), device([1, 0, 3]))),
    Case("xp.minimum(v, 0)", device([0, -2, 0])),
    Case("xp.maximum(np.nan, v)", device([np.nan] * 3)),
    Case("xp.logaddexp(z, z)", device([0.6931472] * 3)),
    Case("xp.isfinite(v / 0)", device([False] * 3, bool)),
    Case("~(v > 0) & (v < 0)", device([False, True, False], bool)),
    Case("-abs(v), v // 2, v % 2", (device([-1, -2, -3]), device([0, -1, 1]), device([1, 0, 1]))),
    Case("divmod(v, 2)[0]", device([0, -1, 1])),
    Case("xp.zeros((2, 1)), xp.ones(2, bool)", (device([[0], [0]], "float64"), device([True, True], bool))),
    Case("xp.zeros_like(v), xp.ones_like(i)", (device([0, 0, 0]), device([1, 1], "int64"))),
    Case("xp.arange(3), xp.arange(0.0, 1.0, 0.5)", (device([0, 1, 2], "int64"), device([0, 0.5], "float64"))),
    Case("xp.linspace(0, 1, 3)", device([0, 0.5, 1], "float64")),
    Case("xp.eye(2, dtype='float32')", device([[1, 0], [0, 1]])),
    Case("xp.empty((2, 0)).size", Host(0)),
    Case("xp.finfo(v.dtype).dtype == np.float32", Host(True)),
    Case("xp.cuda.is_available()", Host(True)),
    Case("xp.cuda.runtime.getDeviceCount() > 0", Host(True)),
    Case("type(xp.cuda.runtime.getDeviceProperties(0)['name'])", Host(bytes)),
]

RANDOM = [
    Case("r = xp.random.default_rng(0).standard_normal((2, 3)); r.shape, r.dtype.name", Host(((2, 3), "float64"))),
    Case("r = xp.random.default_rng(0).standard_normal(4, dtype=np.float32); r.dtype.name", Host("float32")),
    Case("xp.random.default_rng(0).random().shape", Host(())),
    Case(
        "r = xp.random.default_rng(0).random((9, 9), dtype='float32'); ((0 <= r) & (r < 1)).all()", device(True, bool)
    ),
    Case("xp.random.default_rng(0).standard_normal(3, dtype='float16')", raises(TypeError)),
    Case("xp.random.default_rng(0).standard_normal(out=z, dtype='float32') is z", Host(True)),
    Case("r = xp.random.default_rng(0).integers(0, 5, size=50); ((0 <= r) & (r < 5)).all()", device(True, bool)),
    Case("a, b = map(xp.random.default_rng, (3, 3)); (a.random(9) == b.random(9)).all()", device(True, bool)),
    Case("a, b = map(xp.random.default_rng, (3, 4)); (a.random(9) == b.random(9)).any()", device(False, bool)),
    Case("a = xp.random.default_rng(3); (a.random(9) == a.random(9)).any()", device(False, bool)),
]

SHARED = MISSING + NO_HOST_NUMBERS + WAITING + MIXING + PROMOTION + MEMORY + ARRAYS + RANDOM

STRICTER = [
    *each(
        raises(TypeError),
        # CuPy computes it on the device: say xp.exp
        "np.exp(x) | np.sum(x) | np.concatenate([x, x]) | np.shape(x) | "
        # silent copies from the host
        "z[i] = h[0, :2] | z[i] = [1.0, 2.0] | xp.einsum('ij,j', x, h[0]) | xp.take(x, [0, 1], axis=0) | "
        "xp.take(x, np.array([0]), axis=0) | xp.add.at(z, i, h[0, :2]) | xp.add.at(z, i, [1.0, 2.0]) | "
        "xp.zeros_like(h) | xp.ascontiguousarray(h) | xp.asarray([x[0], x[1]]) | xp.arange(n) | "
        "xp.linspace(n, 5, 3) | copy.copy(x).__reduce__()",
    ),
    *each(
        raises(IndexError),
        # silent copies from the host
        "x[[0, 1]] | x[np.array([0, 1])] | x[:, np.array([True, False, True])] | x[[0]] = 1 | x[True] | "
        "xp.add.at(z, [0, 1], 1.0) | "
        # silent wrap-around
        "v[xp.asarray([3])] | v[xp.asarray([3])] = 0 | xp.take(v, xp.asarray([-4])) | "
        "xp.take_along_axis(v, xp.asarray([3]), axis=0) | xp.add.at(z, xp.asarray([3]), 1.0) | "
        # undefined
        "v[xp.asarray([0, 0])] = z[:2] | x[xp.asarray([0, -2])] = 1 | v[xp.asarray([0, 0])] += 1",
    ),
    *[
        Case(code, raises(AttributeError))
        for code in ("xp.mgrid", "xp.c_", "xp.fromfunction", "xp.vectorize", "xp.asfarray", "x.data", "x.flat")
    ],
    Case("xp.lib.stride_tricks.as_strided(x, (3, 3), (12, 4))", raises(ValueError)),  # reads foreign memory
    Case("xp.lib.stride_tricks.as_strided(v[1:], (4,), (-4,))", raises(ValueError)),
    Case("v[1:] = v[:-1]", raises(ValueError)),  # a copy within one memory: in what order is undefined
    Case("xp.broadcast_to(v, (2, 3))[...] = 1", raises(ValueError)),  # NumPy's is read-only
    *[
        Case(f"xp.{name}()", raises(NotImplementedError))
        for name in ("ElementwiseKernel", "RawKernel", "ReductionKernel", "fuse")
    ],
]
