"""The backward pass: the chain rule from the outputs to the leaves, each operation once.

If y = f(x) and L depends on y, then dL/dx = (df/dx)^T dL/dy. Going from the outputs backwards, the gradient of a
tensor is complete once all operations that used it have passed theirs on, so a tensor used twice (a "diamond") still
passes its own on once, summed. Falling node numbers are such an order (see `Node`); no recursion is needed.

Derived in lesson 1.
"""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from numpy.typing import ArrayLike

from ..backend import Array, xp_of
from ..errors import ArgumentError, DTypeError, GraphError, ShapeError
from . import debugging
from .broadcast import unbroadcast
from .changes import refuse_changed
from .tensors import Freed, Node, Tensor, asarray, mode, raw


@contextlib.contextmanager
def no_grad() -> Iterator[None]:
    """Record nothing inside the `with` block: results have no history and cost no memory."""
    before = mode.recording
    mode.recording = False
    try:
        yield
    finally:
        mode.recording = before


def backward(
    output: Tensor, gradient: ArrayLike | None = None, *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Add d(output)/d(leaf) to the `grad` of every leaf behind `output` that requires one.

    Args:
        output: a scalar, or any tensor if `gradient` is given.
        gradient: the gradient with respect to `output`, of its shape; default 1 for a scalar.
        retain_graph: keep the graph for another pass; by default it is freed as the pass goes.
        create_graph: record the pass itself, so that the gradients can be differentiated; keeps the graph.

    Raises:
        GraphError: no graph, a freed one, a non-scalar output without `gradient`, or data that have changed since they
            went into the graph (see `.changes`). No `grad` is changed then.
    """
    seed = _upstream("backward", output, gradient)
    _propagate([output], [seed], None, retain_graph or create_graph, create_graph)


Tensor.backward = backward  # type: ignore[method-assign, assignment]


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    gradients: Any = None,
    *,
    create_graph: bool = False,
    retain_graph: bool = False,
    allow_unused: bool = False,
) -> Any:
    """The gradients of `outputs` (their sum, if several) with respect to `inputs`; no `grad` attribute is touched.

    Only what lies between the inputs and the outputs is computed.

    Args:
        outputs: one tensor or several: scalars, or any shape if `gradients` is given (one for each output).
        inputs: one tensor or several, leaves or not.
        create_graph: record the pass, so that the result can be differentiated again.
        retain_graph: keep the graph for another pass.
        allow_unused: return None for an input that the outputs do not depend on, instead of raising.

    Returns:
        A tensor for a single input, else a list of tensors, of the shapes of the inputs.
    """
    ys = list(outputs) if isinstance(outputs, Iterable) and not isinstance(outputs, Tensor) else [outputs]
    xs = list(inputs) if isinstance(inputs, Iterable) and not isinstance(inputs, Tensor) else [inputs]
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor) or not x.requires_grad:
            raise GraphError(f"grad: inputs[{i}] does not require a gradient; create it with requires_grad=True")
    given = [gradients] if isinstance(outputs, Tensor) else gradients or [None] * len(ys)
    if len(given) != len(ys):
        raise ArgumentError(f"grad: gradients has {len(given)} entries for {len(ys)} outputs; give one for each")
    seeds = [_upstream("grad", y, g) for y, g in zip(ys, given, strict=True)]
    found = _propagate(ys, seeds, xs, retain_graph or create_graph, create_graph)
    for i, g in enumerate(found):
        if g is None and not allow_unused:
            raise GraphError(f"grad: the outputs do not depend on inputs[{i}]; pass allow_unused=True to get None")
    return found[0] if isinstance(inputs, Tensor) else found


def _upstream(caller: str, output: Tensor, gradient: ArrayLike | None) -> Tensor:
    """The gradient to start from: the one given, checked, or 1 for a scalar."""
    if not isinstance(output, Tensor):
        raise DTypeError(f"{caller}: expected a tensor, got {type(output).__name__}")
    if not output.requires_grad:
        raise GraphError(
            f"{caller}: the output has no graph; none of its inputs requires a gradient, "
            "or it was computed under no_grad or detached"
        )
    if gradient is None:
        if output.size != 1:
            raise GraphError(
                f"{caller}: the output has shape {output.shape} and is not a scalar; "
                "reduce it with .sum() or .mean(), or pass gradient="
            )
        return Tensor(xp_of(output.data).ones(output.shape, dtype=output.dtype))
    g = gradient if isinstance(gradient, Tensor) else Tensor(asarray(gradient, output.dtype, output.device))
    if g.shape != output.shape:
        raise ShapeError(f"{caller}: gradient has shape {g.shape}, the output has {output.shape}; they must be equal")
    return g


def _history(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Every computed tensor behind `outputs`, each once, later ones first."""
    seen: dict[int, Tensor] = {}
    stack = list(outputs)
    while stack:
        y = stack.pop()
        if id(y) in seen or y._node is None:
            continue
        if isinstance(y._node, Freed):
            raise GraphError(
                "backward: the graph was freed by an earlier backward pass; compute the loss again, "
                "or pass retain_graph=True to the earlier call"
            )
        seen[id(y)] = y
        stack += [x for x in y._node.inputs if isinstance(x, Tensor)]
    return sorted(seen.values(), key=_number, reverse=True)


def _number(y: Tensor) -> int:
    return y._node.number  # type: ignore[union-attr]


def _on_the_way(history: list[Tensor], targets: list[Tensor]) -> set[int]:
    """The ids of `targets` and of every tensor in `history` that depends on one of them."""
    wanted = {id(x) for x in targets}
    for y in reversed(history):
        if any(id(x) in wanted for x in y._node.inputs):  # type: ignore[union-attr]
            wanted.add(id(y))
    return wanted


def _propagate(
    outputs: list[Tensor], seeds: list[Tensor], targets: list[Tensor] | None, retain: bool, create_graph: bool
) -> list[Tensor | None]:
    """Run the pass. With `targets`, return their gradients; without, add to the leaves' `grad`."""
    mode.passes += 1
    history = _history(outputs)
    wanted = None if targets is None else _on_the_way(history, targets)
    view = (lambda x: x) if create_graph else raw
    totals = _Totals()
    for y, seed in zip(outputs, seeds, strict=True):
        totals.add(y, view(seed))
    kept: dict[int, Tensor | Array | None] = {}
    target_ids = {id(x) for x in targets or ()}
    leaves: dict[int, Tensor] = {id(y): y for y in outputs if y._node is None}
    for y in history:
        node = y._node
        assert isinstance(node, Node)
        g = totals.pop(y)
        if id(y) in target_ids:
            kept[id(y)] = g
        if g is not None and (wanted is None or id(y) in wanted):
            inputs = node.inputs if create_graph else [x.data if isinstance(x, Tensor) else x for x in node.inputs]
            for i, x in enumerate(node.inputs):
                if not isinstance(x, Tensor) or (wanted is not None and id(x) not in wanted):
                    continue
                free = targets is None and not create_graph and x.grad is None and totals.get(x) is None
                if node.stamps:
                    refuse_changed(node, i, g, y, inputs)
                dx = node.gradient(i, g, view(y), inputs, x.grad_buffer if free else None)
                if dx is None:
                    continue
                if mode.debug:
                    debugging.check_gradient(node, i, raw(g), raw(dx))
                if dx.dtype != x.dtype:
                    dx = dx.astype(x.dtype)  # float64 in another input does not widen this one's gradient
                totals.add(x, dx if dx.shape == x.shape else _unbroadcast(node.op.name, i, dx, x.shape))
                if x._node is None:
                    leaves[id(x)] = x
        if not retain:
            y._node = Freed(node.op)
    if targets is None:
        for leaf in leaves.values():
            _accumulate(leaf, totals.pop(leaf))
        return []
    found = [kept[id(x)] if id(x) in kept else totals.get(x) for x in targets]
    return [None if g is None else _copied(g) for g in found]


def _unbroadcast(op: str, i: int, g: Tensor | Array, shape: tuple[int, ...]) -> Tensor | Array:
    try:
        return unbroadcast(g, shape)
    except ShapeError:
        raise ShapeError(
            f"gradient of {op} for input {i}: the rule returned shape {g.shape}, the input has {shape}"
        ) from None


class _Totals:
    """The sum of the gradients that have arrived for each tensor, added in place once the sum is our own."""

    def __init__(self) -> None:
        self.sums: dict[int, Tensor | Array] = {}
        self.own: set[int] = set()

    def add(self, x: Tensor, g: Tensor | Array) -> None:
        """Add `g` to the total for `x`."""
        key = id(x)
        total = self.sums.get(key)
        if total is None:
            self.sums[key] = g
        elif key in self.own:
            self.sums[key] += g
        else:  # the first arrival may be shared with another tensor: make a new array, once
            self.sums[key] = total + g
            if not isinstance(g, Tensor):
                self.own.add(key)

    def get(self, x: Tensor) -> Tensor | Array | None:
        """The total for `x`, or None if nothing has arrived."""
        return self.sums.get(id(x))

    def pop(self, x: Tensor) -> Tensor | Array | None:
        """The total for `x`, forgotten here."""
        return self.sums.pop(id(x), None)


def _copied(g: Tensor | Array) -> Tensor:
    """A gradient in an array of its own: not a scalar, not a view, and not one that another gradient or a graph holds.

    What comes out of the rules may be shared: for a + b, one array is the gradient of both. The history is kept.
    """
    return g.astype(g.dtype) if isinstance(g, Tensor) else Tensor(xp_of(g).array(g))


def _accumulate(leaf: Tensor, g: Tensor | Array | None) -> None:
    """Add the gradient `g` (a tensor, or an array that may be shared) to `leaf.grad`."""
    if g is None:
        return
    if not (leaf.grad is None or isinstance(leaf.grad, Tensor)):
        raise GraphError(f"backward: grad is {leaf.grad!r:.60} and not a tensor; to forget a gradient, set it to None")
    if isinstance(g, Tensor):  # create_graph: keep the history
        leaf.grad = _copied(g) if leaf.grad is None else leaf.grad + g
    elif leaf.grad is not None and leaf.grad.data is leaf.grad_buffer:
        leaf.grad.data += g
    elif leaf.grad is not None:  # it may be shared, or belong to a graph: a new array
        leaf.grad = _copied(leaf.grad.data + g)
    elif leaf.grad_buffer is not None:
        if g is not leaf.grad_buffer:  # else the rule has written there
            leaf.grad_buffer[...] = g
        leaf.grad = Tensor(leaf.grad_buffer)
    else:
        leaf.grad = Tensor(xp_of(leaf.data).array(g, dtype=leaf.dtype))  # a copy: rules may hand out shared arrays
