"""`differentiable`: turns a function of arrays into an operation that tensors remember.

    @differentiable
    def multiply(a, b, /):
        return a * b

    multiply.gradients(
        lambda g, y, a, b: g * b,
        lambda g, y, a, b: g * a,
    )

The arguments before the slash are arrays, those after it are settings. There is one gradient rule for each array: it
is given g (the gradient with respect to the output), y (the output), and the arguments, and returns the gradient with
respect to its array. Only the rules whose result is asked for are called.

Rules are written with the operators and operations of this library, and these work on plain arrays and on tensors
alike. In an ordinary backward pass a rule is given arrays and runs at the speed of arrays. With `create_graph=True`
it is given tensors, so the backward pass is itself recorded and can be differentiated again.

A rule that can write its result into an array that is there takes it as `into`: the backward pass then hands it the
place where the optimizer wants the gradient of a weight.

A rule for `a * b` need not consider that `b` may have been broadcast: the engine sums a gradient over the axes along
which its input was repeated (`unbroadcast`), in one place for all operations.

Lesson 1 derives what a rule is given and why that is enough.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from ..backend import Array, device_of, is_array
from ..errors import DeviceError, MinigenError, ShapeError
from . import debugging
from .tensors import Node, Operand, Tensor, asarray, mode

Rule: TypeAlias = Callable[..., Any]  # (g, y, the arrays, the settings) -> the gradient with respect to one array
REGISTRY: dict[str, "Op"] = {}


class Op:
    """An operation: a forward function on arrays and a gradient rule for each of them."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        functools.update_wrapper(self, forward)
        self.name = forward.__name__
        self.forward = forward
        parameters = inspect.signature(forward).parameters.values()
        self.inputs = [p.name for p in parameters if p.kind is p.POSITIONAL_ONLY]
        self.arity = len(self.inputs) or None  # None: *xs, any number of arrays
        self.rules: list[Rule | None] = []
        self.writes: list[bool] = []  # whether each rule takes `into`
        self.rule_for_each: Rule | None = None
        self.may_widen = False  # whether float64 may come of float32
        self.may_be_infinite = False  # whether infinity may come of numbers: as a constant that is asked for
        REGISTRY[self.name] = self

    def gradients(self, *rules: Rule | None) -> None:
        """Set the gradient rule of each array, in order; None where there is no gradient."""
        self.rules = list(rules)
        self.writes = [rule is not None and "into" in inspect.signature(rule).parameters for rule in rules]

    def gradient_for_each(self, rule: Rule) -> None:
        """Set the one rule of an operation on any number of arrays; it is told the number of its array first."""
        self.rule_for_each = rule

    def gradient(
        self,
        i: int,
        g: Tensor | Array,
        y: Tensor | Array,
        inputs: Sequence[Operand],
        settings: tuple[object, ...],
        named: Mapping[str, object],
        into: Array | None = None,
    ) -> Tensor | Array | None:
        """Call the rule for array `i`; None if there is none. A rule that can write into an array is given `into`."""
        if self.rule_for_each is not None:
            dx: Tensor | Array | None = self.rule_for_each(i, g, y, *inputs, *settings, **named)
            return dx
        rule = self.rules[i]
        if into is not None and self.writes[i]:
            named = {**named, "into": into}
        return None if rule is None else rule(g, y, *inputs, *settings, **named)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute; and, if an input requires a gradient, remember how."""
        arity = len(args) if self.arity is None else self.arity
        for x in args[:arity]:
            if isinstance(x, Tensor):
                return self._on_tensors(args[:arity], args[arity:], named)
        return self.forward(*args, **named)

    def _on_tensors(self, inputs: tuple[Any, ...], settings: tuple[object, ...], named: dict[str, object]) -> Tensor:
        arrays, recorded = [], []  # what the forward function gets, and what the node remembers
        any_grad = False
        for x in inputs:
            array = x
            if isinstance(x, Tensor):
                array = x.data
                if x.requires_grad:
                    any_grad = True
                else:
                    x = array
            elif isinstance(x, np.generic):
                x = array = x.item()  # NumPy's scalars would turn float32 into float64; Python's do not
            elif isinstance(x, (list, tuple)):
                x = array = asarray(x)
            arrays.append(array)
            recorded.append(x)
        try:
            y = self.forward(*arrays, *settings, **named)
        except MinigenError:
            raise
        except (ValueError, TypeError, IndexError) as error:
            raise self._explain(arrays, error) from error
        if type(y) is not np.ndarray or y.dtype.char != "f":
            y = self._as_result(y, arrays)
        node = None
        if any_grad and mode.recording and y.dtype.kind == "f" and (self.rules or self.rule_for_each):
            node = Node(self, recorded, settings, named)
        if mode.debug:
            debugging.check_forward(self, arrays, y, node)
        return Tensor.of_operation(y, node)

    def _as_result(self, y: Any, arrays: Sequence[object]) -> Array:
        """An array of the right precision: NumPy gives scalars for 0-d results, float64 for quotients of integers."""
        if not is_array(y):
            y = np.asarray(y)
        if y.dtype.char == "d" and not self.may_widen and not any(is_array(a) and a.dtype.char == "d" for a in arrays):
            y = y.astype(np.float32)
        return y

    def _explain(self, arrays: Sequence[object], error: Exception) -> Exception:
        """What went wrong in the forward function, in the caller's terms."""
        names = self.inputs or [f"inputs[{i}]" for i in range(len(arrays))]
        known = [(n, a) for n, a in zip(names, arrays, strict=False) if is_array(a)]
        devices = {n: device_of(a) for n, a in known}
        if len(set(devices.values())) > 1:
            where = ", ".join(f"{n} is on {d!r}" for n, d in devices.items())
            return DeviceError(f"{self.name}: {where}; move one of them with .to('cuda') or .to('cpu')")
        shapes = ", ".join(f"{n} {a.shape}" for n, a in known)
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, TypeError):
            return MinigenTypeError(f"{self.name}: {first_line} (given {shapes})")
        if "broadcast" in first_line:
            return ShapeError(
                f"{self.name}: the shapes of {shapes} do not broadcast; "
                "counted from the last, each pair of axes must be equal or have a 1"
            )
        return ShapeError(f"{self.name}: {first_line} (given {shapes})")

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.inputs) or '*xs'})>"


class MinigenTypeError(MinigenError, TypeError):
    """An argument of a type that the operation does not take."""


def differentiable(forward: Callable[..., Any]) -> Op:
    """Make an operation of a function of arrays; see the module's docstring."""
    return Op(forward)
