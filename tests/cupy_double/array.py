"""The array of the double of CuPy, the check of each call against CuPy's signature, and the counts of what waits."""

import collections
import functools
import inspect
import json
import types
from pathlib import Path

import numpy as np

MANIFEST = json.loads(Path(__file__).with_name("manifest.json").read_text())
SCALARS = (bool, int, float, complex, np.generic)
words = str.split

# Arguments that live on the host: they take no device array, and they alone take lists of numbers.
ON_THE_HOST = words(
    "axes axis axis1 axis2 axisa axisb axisc constant_values decimals ddof destination dimensions dims dtype end_values"
    " indices_or_sections k M minlength mode N n ndim ndmin new_shape newshape num number optimize order pad_width"
    " range reps shape shift size source start step stop strides window_shape"
)
# First arguments that must be device arrays (NumPy would take lists and numbers too), and who takes anything there.
ON_THE_DEVICE = words("a a1 ar ar1 arr arr1 array arys ary condition f m p prototype tup v x y")
TAKES_ANYTHING = words("Generator.beta Generator.power iscomplexobj isrealobj min_scalar_type ndim shape size")
ATTRIBUTES = words("T dtype imag itemsize mT nbytes ndim real shape size strides")
COMPARISONS = words("equal not_equal less less_equal greater greater_equal")
HOST_NUMBER_IN_NUMPY = words("allclose array_equal array_equiv count_nonzero")  # 0-d arrays in CuPy


# ------------------------------------------------------------------------------------------- what waits for the device

ALWAYS_WAIT = words(
    "argwhere bincount choose compress extract flatnonzero histogram histogram2d histogramdd intersect1d item nanmax"
    " nanmin nonzero place polyfit ravel_multi_index setdiff1d setxor1d tobytes tofile tolist trim_zeros union1d unique"
    " unique_all unique_counts unique_inverse unique_values"
)
# From the source of CuPy 14.2, by function: whether a call with these arguments waits.
WAITS = dict.fromkeys(ALWAYS_WAIT, lambda given: True) | {
    "array_equal": lambda given: given.get("equal_nan", False),
    "average": lambda given: given.get("weights") is not None,
    "fill": lambda given: isinstance(given["value"], ndarray),  # asks whether the value is 0, to clear the memory
    "repeat": lambda given: isinstance(given["repeats"], ndarray),
    "where": lambda given: given.get("x") is None,
}

syncs, transfers = collections.Counter(), collections.Counter()
forbidden: set[str] = set()


def sync(reason):
    """The host waits for the device."""
    syncs[reason] += 1
    if "sync" in forbidden:
        raise AssertionError(f"hidden synchronisation: {reason} makes the host wait for the device")


def transfer(reason):
    """Data go from the host to the device."""
    transfers[reason] += 1
    if "transfer" in forbidden:
        raise AssertionError(f"hidden transfer from the host to the device: {reason}")


class OutOfMemoryError(MemoryError):
    """cupy.cuda.memory.OutOfMemoryError."""


memory = {"largest": float("inf")}  # bytes that one array may take


def allocated(size):
    """Room for an array is asked for."""
    if size > memory["largest"]:
        raise OutOfMemoryError(f"Out of memory allocating {size:,} bytes (allocated so far: 0 bytes).")


# -------------------------------------------------------------------------------------- calling NumPy in CuPy's place


@functools.cache
def signature(encoded):
    """The inspect.Signature of a line of the manifest."""
    P = inspect.Parameter
    kind, parameters = P.POSITIONAL_OR_KEYWORD, []
    for part in encoded.split(",") if encoded else []:
        if part.startswith("**"):
            parameters.append(P(part[2:], P.VAR_KEYWORD))
        elif part.startswith("*"):
            kind = P.KEYWORD_ONLY
            parameters += [P(part[1:], P.VAR_POSITIONAL)] if part[1:] else []
        else:
            parameters.append(P(part.rstrip("="), kind, default=None if part.endswith("=") else P.empty))
    return inspect.Signature(parameters)


def unwrap(x, where):
    """The NumPy array inside a device array, also in tuples and lists; a host array is refused."""
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, np.ndarray):
        raise TypeError(f"{where}: Unsupported type <class 'numpy.ndarray'>, the array is on the host")
    return type(x)(unwrap(v, where) for v in x) if type(x) in (tuple, list) else x


def operand(x, where):
    """The NumPy array inside a device array, or a number; nothing else stands beside a device array."""
    if not isinstance(x, (ndarray, *SCALARS)):
        raise TypeError(f"{where}: Unsupported type {type(x)} beside device arrays; xp.asarray moves it over")
    return unwrap(x, where)


def wrap(result):
    """A result as an array of the double, a number as a 0-d one."""
    if isinstance(result, (np.ndarray, np.generic)):
        return ndarray._of(np.asarray(result))
    if isinstance(result, tuple):
        return tuple(map(wrap, result))
    return list(map(wrap, result)) if isinstance(result, list) else result


def quiet(function, *args, **named):
    """Call a NumPy function without floating-point warnings: CuPy gives none."""
    with np.errstate(all="ignore"):
        return function(*args, **named)


def leaves(x):
    """The items of nested tuples and lists, in one list."""
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (tuple, list)) else [x]


def _check(where, name, value):
    """Refuse device arrays where host numbers belong, and host data where device arrays belong."""
    on_device = [isinstance(leaf, ndarray) for leaf in leaves(value)]
    if name in ON_THE_HOST and any(on_device):
        raise TypeError(f"{where}: 'cupy.ndarray' object cannot be interpreted as an integer")
    if name not in ON_THE_HOST and isinstance(value, (tuple, list)) and not all(on_device):
        raise TypeError(f"{where}: a list of numbers is host data; use xp.asarray")


def call(where, encoded, function, args, named, owner=None):
    """Call a NumPy function in CuPy's place: the call must fit CuPy's signature."""
    parameters = signature(encoded)
    given = parameters.bind(*args, **named).arguments
    for position, (name, value) in enumerate(given.items()):
        variadic = parameters.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL
        for item in value if variadic else [value]:
            _check(where, name, item)
            if position == 0 and name in ON_THE_DEVICE and where not in TAKES_ANYTHING:
                for leaf in leaves(item):
                    if not isinstance(leaf, ndarray):
                        raise TypeError(f"{where}: Unsupported type {type(leaf)}, expected a device array")
    result = quiet(function, *unwrap(args, where), **{name: unwrap(value, where) for name, value in named.items()})
    if WAITS.get(where, lambda given: False)(given):
        sync(where)
    for same in (given.get("out"), owner, *args):
        if isinstance(same, ndarray) and result is same._a:
            return same
    if where in HOST_NUMBER_IN_NUMPY or where.startswith("Generator"):
        result = np.asarray(result, dtype=given.get("dtype"))
    return wrap(result)


def lookup(section, owner, name):
    """A name's line in the manifest."""
    try:
        return MANIFEST[section][name]
    except KeyError:
        raise AttributeError(f"{owner} has no attribute {name!r} (or its double has not)") from None


# --------------------------------------------------------------------------------------------------------- the array


class ndarray:
    """CuPy's array; only `get` gives out the NumPy array inside."""

    __slots__ = ("__weakref__", "_a")
    __hash__ = None

    def __init__(self, *args, **named):
        raise NotImplementedError("the double makes arrays by xp.empty")

    @classmethod
    def _of(cls, array):
        if array.base is None:
            allocated(array.nbytes)
        self = cls.__new__(cls)
        self._a = array
        return self

    def get(self, stream=None, order="C", out=None, blocking=True):
        """A copy on the host."""
        sync("get")
        if out is None:
            return self._a.copy(order)
        out[...] = self._a
        return out

    def __getattr__(self, name):
        encoded = lookup("ndarray", "'cupy.ndarray' object", name)
        if name == "flags":
            flags = self._a.flags
            return types.SimpleNamespace(**{n: getattr(flags, n) for n in ("c_contiguous", "f_contiguous", "owndata")})
        if name == "base":
            return None if self._a.base is None else wrap(np.asarray(self._a.base))
        if encoded == "@" and name in ATTRIBUTES:
            return wrap(getattr(self._a, name))
        if encoded == "@" or not hasattr(np.ndarray, name):
            raise AttributeError(f"the double has no ndarray.{name}: NumPy has nothing like CuPy's")
        return lambda *args, **named: call(name, encoded, getattr(self._a, name), args, named, owner=self)

    # -- what Python may ask of an array

    def __array__(self, *args, **named):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_function__(self, function, kinds, args, named):
        raise TypeError(f"np.{function.__name__} was called with a device array: call xp.{function.__name__}")

    def __array_ufunc__(self, ufunc, method, *inputs, **named):
        if ufunc.__name__ in COMPARISONS:  # NumPy turns its number into a 0-d array before it asks
            inputs = tuple(x[()] if isinstance(x, np.ndarray) and not x.ndim else x for x in inputs)
        if any(isinstance(x, np.ndarray) for x in inputs):
            raise TypeError(f"{ufunc.__name__}: Unsupported type <class 'numpy.ndarray'>, the array is on the host")
        if method != "__call__" or named or not any(isinstance(x, np.generic) for x in inputs):
            raise TypeError(f"np.{ufunc.__name__} was called with a device array: call xp.{ufunc.__name__}")
        return wrap(quiet(ufunc, *unwrap(inputs, ufunc.__name__)))  # an operator with a NumPy number on its left

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def __reduce__(self):
        raise TypeError("an array pickled by CuPy needs a GPU to be loaded: save a copy on the host")

    # -- indexing

    def _index(self, index):
        """The index for the NumPy array inside: numbers, slices, and device arrays only."""
        parts = []
        for i in index if isinstance(index, tuple) else (index,):
            if isinstance(i, ndarray):
                if i.dtype == bool:
                    sync("boolean index")
                i = i._a
            elif isinstance(i, bool) or not isinstance(i, (int, np.integer, slice, type(None), type(...))):
                raise IndexError(f"an index of type {type(i).__name__} is host data: CuPy would copy it silently")
            parts.append(i)
        return tuple(parts)

    def __getitem__(self, index):
        parts = self._index(index)
        if any(isinstance(i, np.ndarray) for i in parts):
            return wrap(np.array(self._a[parts]))  # a copy, for a 0-d index too
        return wrap(self._a[parts if ... in parts else (*parts, ...)])  # a view, where all axes are taken too

    def __setitem__(self, index, value):
        value = operand(value, "assignment")
        parts = self._index(index)
        arrays = [i for i in parts if isinstance(i, np.ndarray)]
        if any(i.dtype != bool for i in arrays):
            places = np.arange(self.size).reshape(self.shape)[parts]
            if len(np.unique(places)) < places.size:
                raise IndexError("assignment through repeated indices is undefined on a device: use xp.add.at")
        if not arrays and isinstance(value, np.ndarray) and _is_overlapping_memcpy(self[index]._a, value):
            raise ValueError("assignment within one memory is undefined on a device: copy the value first")
        quiet(self._a.__setitem__, parts, value)


def _is_overlapping_memcpy(to, value):
    """CuPy copies equal layouts byte by byte, in no certain order."""
    same_layout = (to.shape, to.strides, to.dtype) == (value.shape, value.strides, value.dtype)
    moved = to.ctypes.data != value.ctypes.data
    return same_layout and moved and to.flags.c_contiguous and np.may_share_memory(to, value)


def _operator(name):
    def method(self, other):
        if getattr(other, "__array_ufunc__", ...) is None:
            return NotImplemented  # a Tensor, say: its own operator is asked
        result = quiet(getattr(self._a, name), operand(other, name))
        return self if result is self._a else wrap(result)

    return method


def _conversion(name):
    def method(self, *args):
        result = getattr(self._a, name)(*args)
        sync(f"{name.strip('_')}()")
        return result

    return method


OPERATORS = words("add sub mul truediv floordiv mod divmod pow matmul and or xor lshift rshift")
for _name in words(MANIFEST["ndarray_special"]):
    _bare = _name.strip("_")
    if _bare in ("eq", "ne", "lt", "le", "gt", "ge") or any(
        _bare in (name, f"r{name}", f"i{name}") for name in OPERATORS
    ):
        setattr(ndarray, _name, _operator(_name))
    elif _bare in ("neg", "pos", "abs", "invert"):
        setattr(ndarray, _name, lambda self, name=_name: wrap(quiet(getattr(self._a, name))))
    elif _bare in ("bool", "complex", "float", "int", "repr", "str", "format"):
        setattr(ndarray, _name, _conversion(_name))
ndarray.__module__ = "cupy"
