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

Which arrays an operation computes with, in a tensor or beside one, is laid down in `autodiff.arrays`. One whose values
are fractions is marked, above `@differentiable`, by `@float_valued`: it is given integers as floats.

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

from ..backend import Array, is_array, plain_types, to_device
from ..errors import ArgumentError, DTypeError, GraphError, MinigenError
from . import changes, debugging
from .arrays import FLOAT32, NUMBERS, from_python, holds, is_plain, of_floats, plain
from .refusals import EXPLAINED, explained
from .tensors import Node, Operand, Tensor, mode

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
        if not self.inputs and not any(p.kind is p.VAR_POSITIONAL for p in parameters):
            raise ArgumentError(
                f"differentiable: {self.name}{inspect.signature(forward)} has no arrays: those stand before a slash, "
                f"as in {self.name}(x, /)"
            )
        self.rules: list[Rule | None] | None = None  # none given yet; an empty list: no gradient flows
        self.writes: list[bool] = []  # whether each rule takes `into`
        self.rule_for_each: Rule | None = None
        self.reads: list[Sequence[int]] = []  # the positions of the arrays that each rule may read; see `.changes`
        self._read: dict[int, Sequence[int]] = {}
        self.may_widen = False  # whether float64 may come of float32
        self.float_valued = False  # whether integers are to be given as floats
        self.may_be_infinite = False  # whether infinity may come of numbers: as a constant that is asked for
        REGISTRY[self.name] = self

    def gradients(self, *rules: Rule | None) -> None:
        """Set the gradient rule of each array, in order; None where there is no gradient.

        Raises:
            ArgumentError: too few or too many rules, or one that does not take (g, y, the arrays, the settings).
        """
        if self.arity is None:
            raise ArgumentError(f"{self.name}.gradients: it takes any number of arrays; use gradient_for_each(rule)")
        if len(rules) != self.arity:
            raise ArgumentError(
                f"{self.name}.gradients: expected a rule for each of the arrays ({', '.join(self.inputs)}), "
                f"got {len(rules)}; write None where no gradient flows"
            )
        for name, rule in zip(self.inputs, rules, strict=True):
            if rule is not None:
                self._check_rule(name, rule)
        self.rules = list(rules) if any(rules) else []
        self.writes = [rule is not None and "into" in inspect.signature(rule).parameters for rule in rules]
        self.reads = [changes.positions_read(rule, len(self.inputs)) if rule is not None else () for rule in rules]
        self._read = {}

    def gradient_for_each(self, rule: Rule) -> None:
        """Set the one rule of an operation on any number of arrays; it is told the number of its array first.

        Raises:
            ArgumentError: one that does not take (i, g, y, the arrays, the settings).
        """
        self._check_rule("each array", rule, "i")
        self.rule_for_each = rule

    def _check_rule(self, array: str, rule: Rule, *first: str) -> None:
        """Raise unless the rule for an array can be called as the backward pass does."""
        parameters = inspect.signature(self.forward).parameters.values()
        settings = [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        arrays = self.inputs or [str(p) for p in parameters if p.kind is p.VAR_POSITIONAL]
        takes = ", ".join([*first, "g", "y", *arrays, *settings])
        wanted = f"{self.name}: the gradient rule for {array} must take ({takes})"
        try:
            own = inspect.signature(rule)
        except (TypeError, ValueError):
            raise ArgumentError(f"{wanted}, got {rule!r}, which is no Python function") from None
        try:
            own.bind(*first, "g", "y", *arrays, **dict.fromkeys(settings))
        except TypeError:
            raise ArgumentError(f"{wanted}, with these names for the settings; it takes {own}") from None

    def read(self, wanted: int, count: int) -> Sequence[int]:
        """The positions of what rules may read, of `count` arrays; `wanted` has a bit for each whose rule is called."""
        if self.rule_for_each is not None:
            return range(changes.RESULT, count)
        if wanted not in self._read:
            self._read[wanted] = sorted({k for i, reads in enumerate(self.reads) if wanted >> i & 1 for k in reads})
        return self._read[wanted]

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
        assert self.rules is not None
        rule = self.rules[i]
        if into is not None and self.writes[i]:
            named = {**named, "into": into}
        if rule is None:
            return None
        dx = rule(g, y, *inputs, *settings, **named)
        if dx is None:
            raise GraphError(f"{self.name}: the gradient rule for {self.inputs[i]} returned None; return the gradient")
        return dx

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Compute; and, if an input requires a gradient, remember how."""
        inputs = args if self.arity is None else args[: self.arity]
        odd = False  # whether there is more than plain arrays of float32
        for x in inputs:
            if isinstance(x, Tensor):
                return self._on_tensors(inputs, args[len(inputs) :], named)
            if type(x) not in plain_types or x.dtype is not FLOAT32:
                odd = True
        if odd:
            inputs = tuple(self._admit(inputs))
            args = (*inputs, *args[len(inputs) :])
        try:
            return self.forward(*args, **named)
        except MinigenError:
            raise
        except EXPLAINED as error:
            raise self._explain(inputs, error) from error

    def _on_tensors(self, inputs: tuple[Any, ...], settings: tuple[object, ...], named: dict[str, object]) -> Tensor:
        arrays: list[Any] = []
        recorded: list[Any] = []  # what the forward function gets, and what the node remembers
        odd = False  # whether there is more than plain arrays of float32
        wanted = 0  # a bit for each input: whether its gradient is
        for x in inputs:
            array = x
            if isinstance(x, Tensor):
                array = x.data
                if x.requires_grad:
                    wanted |= 1 << len(arrays)
                else:
                    x = array
                    if array.dtype is not FLOAT32:
                        odd = True
            elif type(x) not in NUMBERS and (type(x) not in plain_types or x.dtype is not FLOAT32):
                odd = True
            arrays.append(array)
            recorded.append(x)
        if odd:
            arrays = self._admit(arrays, beside=next(x.device for x in inputs if isinstance(x, Tensor)))
            recorded = [x if isinstance(x, Tensor) else array for x, array in zip(recorded, arrays, strict=True)]
        try:
            y = self.forward(*arrays, *settings, **named)
        except MinigenError:
            raise
        except EXPLAINED as error:
            raise self._explain(arrays, error) from error
        if type(y) is not np.ndarray or y.dtype.char != "f":
            y = self._as_result(y, arrays)
        node = None
        if wanted and mode.recording and y.dtype.kind == "f" and self._has_rules():
            if settings:
                settings = tuple(map(changes.copied, settings))
            if named:
                named = {name: changes.copied(setting) for name, setting in named.items()}
            node = Node(self, recorded, settings, named)
            if read := self.read(wanted, len(arrays)):
                node.stamps = changes.stamps(read, inputs, arrays, y)
        if mode.debug:
            debugging.check_forward(self, arrays, y, node)
        memory = changes.memory_of_view(y, inputs) if y.base is not None else None
        return Tensor.of_operation(y, node, memory)

    def _has_rules(self) -> bool:
        """Whether a gradient flows through; an error if nobody has said so, or that none does."""
        if self.rules is None and self.rule_for_each is None:
            setter = f"{self.name}.gradients" if self.arity else f"{self.name}.gradient_for_each"
            raise GraphError(
                f"{self.name}: an input requires a gradient, and it has no gradient rule; "
                f"give it one by {setter}(...), with None for an array that gets no gradient"
            )
        return bool(self.rules or self.rule_for_each)

    def _admit(self, inputs: Sequence[Any], beside: str | None = None) -> list[Any]:
        """Arrays and numbers as `autodiff.arrays` wants them; with tensors, lists go to the device `beside`."""
        admitted = [x if is_plain(x) or type(x) in NUMBERS else self._operand(x, beside) for x in inputs]
        return of_floats(admitted) if self.float_valued else admitted

    def _operand(self, x: Any, beside: str | None) -> Any:
        """A number, or a plain array, of what else may be given."""
        if isinstance(x, np.generic) and x.dtype.kind in "biuf":
            if beside is None:
                return plain(np.asarray(x), self.name)
            return x.item()  # NumPy's scalars would turn float32 into float64; Python's do not
        if isinstance(x, (bool, int, float)):
            return x
        if is_array(x):
            return plain(x, self.name)
        if holds(x, Tensor):
            raise DTypeError(f"{self.name}: a list of tensors; join them with mg.stack or mg.concatenate")
        array = plain(from_python(x, self.name), self.name)
        return array if beside is None else to_device(array, beside)

    def _as_result(self, y: Any, arrays: Sequence[object]) -> Array:
        """An array of the right precision: NumPy gives scalars for 0-d results, float64 for quotients of integers."""
        if not is_array(y):
            given, y = y, np.asarray(y)
            if y.dtype.kind not in "biuf":
                raise DTypeError(
                    f"{self.name}: expected an array from its function, got {given!r:.60}; return the result"
                )
        if y.dtype.char == "d" and not self.may_widen and not any(is_array(a) and a.dtype.char == "d" for a in arrays):
            y = y.astype(np.float32)
        return y

    def _explain(self, arrays: Sequence[object], error: Exception) -> MinigenError:
        """What went wrong in the forward function, in the caller's terms."""
        names = self.inputs or [f"inputs[{i}]" for i in range(len(arrays))]
        return explained(self.name, names, arrays, error)

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.inputs) or '*xs'})>"


def differentiable(forward: Callable[..., Any]) -> Op:
    """Make an operation of a function of arrays; see the module's docstring."""
    return Op(forward)


def float_valued(op: Op) -> Op:
    """Mark an operation whose values are fractions: integers and booleans are given to it as float32."""
    op.float_valued = True
    return op
