"""Tensor: an array that remembers how it was computed.

A tensor holds an array (`data`, of NumPy or CuPy) and, if gradients are to flow through it, a `Node`: the operation
that made it and the inputs it was made from. Tensors point to their inputs and never the other way, so there are no
reference cycles: when the last result goes out of scope, the whole graph behind it is gone at once.

Lesson 1 builds such a tensor for single numbers.
"""

import itertools
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from ..backend import Array, default_device, device_of, is_array, module_for, plain_types, to_device, to_numpy
from ..errors import DTypeError, GraphError, MinigenError, ShapeError
from .arrays import FLOAT32, dtype_of, from_python, holds, plain

Other = TypeVar("Other")


class Operation(Protocol):
    """What a tensor needs of the operation that made it; `Op` is the one kind there is."""

    name: str
    may_widen: bool
    may_be_infinite: bool
    inputs: list[str]
    reads: list[Sequence[int]]

    def gradient(
        self,
        i: int,
        g: "Tensor | Array",
        y: "Tensor | Array",
        inputs: Sequence["Operand"],
        settings: tuple[object, ...],
        named: Mapping[str, object],
        into: Array | None = None,
    ) -> "Tensor | Array | None":
        """The gradient with respect to input `i`, in the array `into` if the rule can write there."""


class Mode(threading.local):
    """What the operations of this thread do besides computing."""

    recording = True  # remember the graph; see no_grad
    debug = False  # look for NaN, infinity and changes of precision; see debug
    passes = 0  # backward passes that were begun


mode = Mode()
_node_numbers = itertools.count()


class Memory:
    """What tensors that share memory have in common: which change was the latest, and whose; see `.changes`."""

    version = 0
    writer = ""


class Node:
    """One recorded operation: which one, of which inputs, with which settings.

    `inputs` holds a tensor where a gradient is to flow and the bare array where not: what is frozen while the
    operation runs stays out of the backward pass, whatever happens to it afterwards.

    Nodes are numbered as they are made. An operation's inputs exist before its output does, so falling numbers are
    an order in which every tensor comes before the tensors it was made from: the order of the backward pass.
    """

    __slots__ = ("inputs", "named_settings", "number", "op", "settings", "source", "stamps")

    def __init__(
        self, op: Operation, inputs: Sequence["Operand"], settings: tuple[object, ...], named: Mapping[str, object]
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.settings = settings
        self.named_settings = named
        self.number = next(_node_numbers)
        self.source = ""  # the user's line, kept in debug mode
        self.stamps: dict[int, Any] = {}  # what the arrays were like that the rules read; see `.changes`

    def gradient(
        self, i: int, g: "Tensor | Array", y: "Tensor | Array", inputs: Sequence["Operand"], into: Array | None = None
    ) -> "Tensor | Array | None":
        """The gradient with respect to input `i`, given `g`, the gradient with respect to the output `y`."""
        return self.op.gradient(i, g, y, inputs, self.settings, self.named_settings, into)


class Freed:
    """Stands where a node was, after the backward pass has freed it; remembers only the operation."""

    __slots__ = ("op",)

    def __init__(self, op: Operation) -> None:
        self.op = op


class Tensor:
    """An n-dimensional array with a gradient; made by `tensor`, `zeros`, ... and by the operations.

    Attributes:
        data: the values, a numpy.ndarray or cupy.ndarray.
        requires_grad: whether gradients flow to (or through) this tensor.
        grad: after `backward`, the gradient accumulated so far (a Tensor), on leaves only.
    """

    __slots__ = ("__weakref__", "_memory", "_node", "data", "grad", "grad_buffer", "requires_grad")
    __hash__ = object.__hash__

    if TYPE_CHECKING:  # attached by .backpropagation, .protocols and minigen.ops.operators

        def __getattr__(self, name: str) -> Any: ...
        def __add__(self, other: "Operand") -> "Tensor": ...
        def __radd__(self, other: "Operand") -> "Tensor": ...
        def __sub__(self, other: "Operand") -> "Tensor": ...
        def __rsub__(self, other: "Operand") -> "Tensor": ...
        def __mul__(self, other: "Operand") -> "Tensor": ...
        def __rmul__(self, other: "Operand") -> "Tensor": ...
        def __truediv__(self, other: "Operand") -> "Tensor": ...
        def __rtruediv__(self, other: "Operand") -> "Tensor": ...
        def __floordiv__(self, other: "Operand") -> "Tensor": ...
        def __rfloordiv__(self, other: "Operand") -> "Tensor": ...
        def __mod__(self, other: "Operand") -> "Tensor": ...
        def __rmod__(self, other: "Operand") -> "Tensor": ...
        def __pow__(self, other: "Operand") -> "Tensor": ...
        def __matmul__(self, other: "Operand") -> "Tensor": ...
        def __neg__(self) -> "Tensor": ...
        def __eq__(self, other: object) -> "Tensor": ...  # type: ignore[override]
        def __gt__(self, other: "Tensor | float") -> "Tensor": ...
        def __ge__(self, other: "Tensor | float") -> "Tensor": ...
        def __lt__(self, other: "Tensor | float") -> "Tensor": ...
        def __le__(self, other: "Tensor | float") -> "Tensor": ...
        def __getitem__(self, index: Any) -> "Tensor": ...

        def astype(self, dtype: DTypeLike) -> "Tensor":
            """A copy with elements of type `dtype`; gradients flow through, in the original type."""

        def backward(
            self, gradient: ArrayLike | None = None, *, retain_graph: bool = False, create_graph: bool = False
        ) -> None:
            """Add d(self)/d(leaf) to the `grad` of every leaf that requires one; see `autodiff.backward`."""

    def __init__(self, data: Array, requires_grad: bool = False) -> None:
        if type(data) not in plain_types or data.dtype is not FLOAT32:
            if not is_array(data):
                raise DTypeError(f"Tensor: data must be an array, got {type(data).__name__}; use mg.tensor(data)")
            data = plain(data, "Tensor")
        if requires_grad and data.dtype.kind != "f":
            raise DTypeError(
                f"requires_grad: only floating-point tensors have gradients, this one is {data.dtype}; "
                "convert it with dtype='float32'"
            )
        self.data = data
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self.grad_buffer: Array | None = None  # where the optimizer wants the gradient written
        self._node: Node | Freed | None = None
        self._memory: Memory | None = Memory()

    def __getstate__(self) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """For `copy` and `pickle`: all but the place in an optimizer's vector, which is not the copy's."""
        slots = {name: getattr(self, name) for name in Tensor.__slots__ if name != "__weakref__"}
        return getattr(self, "__dict__", None), {**slots, "grad_buffer": None}

    @classmethod
    def of_operation(cls, data: Array, node: Node | None, memory: Memory | None = None) -> "Tensor":
        """The result of an operation, recorded if `node` is given; `memory` is shared with a tensor it's a view of."""
        result = Tensor.__new__(Tensor)
        result.data = data
        result.requires_grad = node is not None
        result.grad = None
        result.grad_buffer = None
        result._node = node
        result._memory = memory
        return result

    # ------------------------------------------------------------------------------------------- NumPy's manners

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(self.data.size)

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements."""
        return self.data.dtype

    @property
    def device(self) -> str:
        """Where the data lies: 'cpu' or 'cuda'."""
        return device_of(self.data)

    @property
    def is_leaf(self) -> bool:
        """Whether this tensor was given rather than computed; `backward` keeps gradients on leaves."""
        return self._node is None

    @property
    def op(self) -> str:
        """The name of the operation that made this tensor, or 'leaf'."""
        return "leaf" if self._node is None else self._node.op.name

    def __len__(self) -> int:
        if not self.ndim:
            raise DTypeError("len(): a 0-d tensor has no length; read its value with .item()")
        return self.shape[0]

    def __iter__(self) -> Iterator["Tensor"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        grad = ", requires_grad=True" if self.requires_grad and self.is_leaf else ""
        values = np.array2string(self.numpy(), precision=4, threshold=50, edgeitems=3)
        header = f"shape={self.shape}, dtype={self.dtype}, device={self.device}, op={self.op}{grad}"
        return f"Tensor({header})\n{values}"

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def __setitem__(self, index: object, value: object) -> None:
        raise GraphError(
            "tensor[...] = value: tensors are not changed in place, a gradient may need the old values; "
            "build a new one with mg.where or mg.concatenate, or write to tensor.data outside of any graph"
        )

    def item(self) -> float:
        """The single element as a Python number; waits for the device."""
        if self.size != 1:
            raise DTypeError(f"item(): a tensor of shape {self.shape} is not one number; reduce it, as with .mean()")
        return self.data.item()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        if self.size != 1:
            raise DTypeError(
                f"bool(): a tensor of shape {self.shape} is neither true nor false; reduce it first "
                "(and to find it in a list, compare with `is`)"
            )
        return bool(self.item())

    def numpy(self) -> np.ndarray:
        """The values as a NumPy array: shared memory on the CPU, a copy from the GPU."""
        return to_numpy(self.data)

    def to(self, device: str) -> "Tensor":
        """This tensor on `device` ('cpu' or 'cuda'): itself if it is there, else a new leaf that holds a copy."""
        data = to_device(self.data, device)
        return self if data is self.data else Tensor(data, self.requires_grad)

    # ------------------------------------------------------------------------------------------------- gradients

    def detach(self) -> "Tensor":
        """The same values without a history: gradients stop here."""
        return Tensor.of_operation(self.data, None, self._memory)

    def zero_grad(self) -> None:
        """Forget the gradient accumulated so far."""
        self.grad = None


Operand: TypeAlias = Tensor | Array | float  # what an operation takes
Values = TypeVar("Values", Tensor, Array)  # in a signature: tensors throughout, or arrays throughout

# ------------------------------------------------------------------------------------------------------- creation


def _filled(name: str, shape: int | Sequence[int], dtype: DTypeLike, device: str | None, requires_grad: bool) -> Tensor:
    """A tensor made by `xp.zeros` or `xp.ones`."""
    create, dtype = getattr(module_for(device or default_device()), name), dtype_of(dtype)
    try:
        return Tensor(create(shape, dtype=dtype), requires_grad)
    except (TypeError, ValueError) as error:
        if isinstance(error, MinigenError):
            raise
        raise ShapeError(f"{name}: shape must be an int >= 0 or a tuple of them, got {shape!r}") from None


def asarray(data: Any, dtype: DTypeLike | None = None, device: str | None = None) -> Array:
    """`data` as an array on `device`; by default on the default device, but what is on a GPU stays there.

    Arrays and NumPy's numbers keep their type; Python's numbers become float32 (or int64, bool). `autodiff.arrays`
    says which arrays are taken, and as what.
    """
    if isinstance(data, Tensor):
        data, device = data.data, device or data.device
    if not is_array(data):
        if holds(data, Tensor):
            raise DTypeError("tensor: data is a list of tensors; join them with mg.stack or mg.concatenate")
        data = from_python(data, "tensor")
    data = plain(data, "tensor", None if dtype is None else dtype_of(dtype))
    here = device_of(data)
    return to_device(data, device or (default_device() if here == "cpu" else here))


def tensor(
    data: ArrayLike, *, dtype: DTypeLike | None = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of `data`: an array (not copied), a number or nested lists (float32 if they hold fractions).

    An np.matrix or another subclass gives its plain array; a masked array and float16 are refused (`autodiff.arrays`).

    Args:
        dtype: the type of the elements, e.g. 'float64'; default: as described.
        device: 'cpu' or 'cuda'; default: the default device, but what is on a GPU stays there.
        requires_grad: whether `backward` computes a gradient for it.
    """
    return Tensor(asarray(data, dtype, device), requires_grad)


def zeros(
    shape: int | Sequence[int], *, dtype: DTypeLike = np.float32, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of zeros."""
    return _filled("zeros", shape, dtype, device, requires_grad)


def ones(
    shape: int | Sequence[int], *, dtype: DTypeLike = np.float32, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of ones."""
    return _filled("ones", shape, dtype, device, requires_grad)


def arange(*bounds: float, dtype: DTypeLike | None = None, device: str | None = None) -> Tensor:
    """The numbers start, start + step, ... below stop, as `numpy.arange`; fractions are float32."""
    numbers = np.arange(*bounds)
    if dtype is None and numbers.dtype == np.float64:
        dtype = np.float32
    return tensor(numbers, dtype=dtype, device=device or default_device())


@overload
def raw(x: Tensor) -> Array: ...


@overload
def raw(x: Other) -> Other: ...


def raw(x: object) -> object:
    """The array of a tensor; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x
