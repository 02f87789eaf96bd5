"""What NumPy, other libraries and Python's own functions get of a tensor: the right thing, or a refusal that says why.

NumPy's functions know nothing of the graph. Of a tensor that requires a gradient they would make plain numbers, the
graph would be cut, and training would go wrong without a word. So that is refused, in words that name the function of
this library, if there is one; `tensor.detach()` and `tensor.numpy()` are for those who mean it. Of any other tensor
NumPy's functions take the array, and give arrays. With an operator, as in array + tensor, the result is a tensor.

Copies and pickles are made of leaves. A result has a history, which belongs to one graph: `result.detach()` has none.

No lesson derives it.
"""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..backend import xp_of
from ..errors import DeviceError, DTypeError, GraphError
from .tensors import Tensor

FUNCTIONS: dict[str, str] = {"dot": "matmul", "absolute": "abs", "amax": "max", "amin": "min"}  # NumPy's name, ours
OPERATORS = {  # NumPy's function, and the method of the tensor on its left and on its right
    **{
        name: (f"__{method}__", f"__r{method}__")
        for name, method in {
            "add": "add",
            "subtract": "sub",
            "multiply": "mul",
            "divide": "truediv",
            "power": "pow",
            "matmul": "matmul",
            "floor_divide": "floordiv",
            "remainder": "mod",
        }.items()
    },
    "equal": ("__eq__", "__eq__"),
    "not_equal": ("__ne__", "__ne__"),
    "less": ("__lt__", "__gt__"),
    "less_equal": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"),
    "greater_equal": ("__ge__", "__le__"),
}


def know(names: Sequence[str]) -> None:
    """Let refusals name these functions of minigen for NumPy's of the same name."""
    FUNCTIONS.update({name: name for name in names})


def _tensors(x: object) -> Iterator[Tensor]:
    """The tensors among arguments, in lists and dictionaries of them too."""
    if isinstance(x, Tensor):
        yield x
    elif isinstance(x, (list, tuple)):
        for part in x:
            yield from _tensors(part)
    elif isinstance(x, dict):
        yield from _tensors(list(x.values()))


def _as_arrays(x: Any) -> Any:
    """Arguments with the array in place of each tensor."""
    if isinstance(x, Tensor):
        return np.asarray(x)
    if isinstance(x, (list, tuple)):
        return type(x)(map(_as_arrays, x)) if type(x) in (list, tuple) else x
    return {name: _as_arrays(value) for name, value in x.items()} if isinstance(x, dict) else x


def _of_arrays(name: str, function: Callable[..., Any], args: Any, settings: Mapping[str, Any]) -> Any:
    """NumPy's function of the tensors' arrays, unless one of them requires a gradient."""
    if any(tensor.requires_grad for tensor in _tensors([*args, settings])):
        ours = FUNCTIONS.get(name.rpartition(".")[2])
        raise GraphError(
            f"np.{name}: a tensor requires a gradient, and NumPy would cut it off from its graph; "
            + (f"use mg.{ours}, or " if ours else "")
            + "hand over tensor.detach()"
        )
    return function(*_as_arrays(args), **_as_arrays(settings))


def _function(self: Tensor, function: Callable[..., Any], types: object, args: Any, settings: Mapping[str, Any]) -> Any:
    """np.sum(tensor), np.concatenate([tensor, ...]), ...: see the module's docstring."""
    module = getattr(function, "__module__", "numpy").removeprefix("numpy").removeprefix(".")
    name = f"{module}.{function.__name__}" if module else function.__name__
    return _of_arrays(name, function, args, settings)


def _ufunc(self: Tensor, ufunc: np.ufunc, method: str, *inputs: Any, **settings: Any) -> Any:
    """np.exp(tensor), array + tensor, array += tensor, np.add.reduce(tensor), ..."""
    if any(True for _ in _tensors(settings.get("out"))):
        raise GraphError(f"np.{ufunc.__name__}: out is a tensor, and tensors are not changed in place")
    if method == "__call__" and ufunc.__name__ in OPERATORS and not settings:
        left, right = OPERATORS[ufunc.__name__]
        one, other = inputs
        operation = getattr(one, left, None) if isinstance(one, Tensor) else getattr(other, right, None)
        if operation is not None:
            return operation(other if isinstance(one, Tensor) else one)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return _of_arrays(name, getattr(ufunc, method), inputs, settings)


class _ForNumPy:
    """NumPy asks the class for `__array_ufunc__`, and gets a function. CuPy and masked arrays ask the tensor.

    They get None, which says: leave `array + tensor` to `Tensor.__radd__`.
    """

    def __get__(self, tensor: Tensor | None, cls: type) -> Callable[..., Any] | None:
        return _ufunc if tensor is None else None


def _array(self: Tensor, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
    """np.asarray(tensor), and whatever begins with it."""
    if self.requires_grad:
        raise GraphError(
            "np.asarray: the tensor requires a gradient, and NumPy would cut it off from its graph; "
            "hand over tensor.numpy() or tensor.detach(); several are joined by mg.stack"
        )
    if self.device != "cpu":
        raise DeviceError(f"np.asarray: the tensor is on {self.device!r}; copy it to the host with .numpy()")
    return np.array(self.data, dtype=dtype, copy=copy)


def _dlpack(self: Tensor, **options: Any) -> Any:
    """The numbers for another library: torch.from_dlpack(t), np.from_dlpack(t), ...

    They lie in the same memory, unless they stand there backwards (as after x[::-1]): few libraries count so, and get a
    copy.
    """
    if self.requires_grad:
        raise GraphError(
            "dlpack: the tensor requires a gradient, and who gets its memory could change it unseen; "
            "hand over tensor.detach()"
        )
    data, size = self.data, self.data.itemsize
    if any(step < 0 or step % size for step in data.strides):
        if options.get("copy") is False:
            raise DTypeError("dlpack: the numbers stand backwards in memory, which takes a copy; let copy be None")
        data = xp_of(data).array(data, order="C")
    return data.__dlpack__(**options)


def _reduce_ex(self: Tensor, protocol: Any) -> Any:
    """For copy.deepcopy and pickle."""
    if not self.is_leaf:
        raise GraphError(
            f"copy: the tensor is a result of {self.op}, and its history belongs to one graph; copy tensor.detach()"
        )
    return object.__reduce_ex__(self, max(2, operator.index(protocol)))


def _copy(self: Tensor) -> Tensor:
    """copy.copy(tensor): a leaf with the same data and no gradient."""
    if not self.is_leaf:
        _reduce_ex(self, 2)
    other = type(self).__new__(type(self))
    Tensor.__init__(other, self.data, self.requires_grad)
    return other


def _index(self: Tensor) -> int:
    """range(tensor), list[tensor]: of one integer."""
    if self.dtype.kind not in "biu" or self.size != 1:
        raise DTypeError(
            f"index: expected a tensor of one integer, got {self.dtype} of shape {self.shape}; int(tensor) rounds"
        )
    return int(self.item())


def _round(self: Tensor, digits: int | None = None) -> float:
    """round(tensor): of one number."""
    return round(self.item(), digits)


Tensor.__array_ufunc__ = _ForNumPy()  # type: ignore[attr-defined]
Tensor.__array_function__ = _function  # type: ignore[attr-defined]
Tensor.__array__ = _array  # type: ignore[attr-defined]
Tensor.__dlpack__ = _dlpack  # type: ignore[attr-defined]
Tensor.__dlpack_device__ = lambda self: self.data.__dlpack_device__()  # type: ignore[attr-defined]
Tensor.__reduce_ex__ = _reduce_ex  # type: ignore[method-assign, assignment]
Tensor.__copy__ = _copy  # type: ignore[attr-defined]
Tensor.__index__ = _index  # type: ignore[attr-defined]
Tensor.__round__ = _round  # type: ignore[attr-defined]
