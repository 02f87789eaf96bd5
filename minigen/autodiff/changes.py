"""What was written to between an operation and its backward pass: then the gradient would be wrong, and is refused.

A gradient rule needs values of the forward pass: that of `w * x` with respect to x is `g * w`, so `w` must still be
what it was. The commonest mistake is that of GAN programs: an optimizer steps between a loss and its backward pass.

    d_loss.backward()
    d_optimizer.step()     # moves D's weights in place ...
    g_loss.backward()      # ... but g_loss was computed before, with the old ones

A change is noticed in three ways. The library's own writers (optimizers, `load_state_dict`, ...) tell of it: `written`.
An array that was put in place of another (`w.data = new`) is not the same object. And because NumPy tells nobody of
`w.data -= 0.1`, a node keeps a sample of each array that its rules read: 64 numbers at places drawn by chance, or all
of them in debug mode. So a write to a few places of a large array can go unnoticed, a write to much of it cannot. On a
GPU there is no sample, as taking one would wait for the device.

Not every change matters: the rules of `a + b` read neither, that of `relu` reads signs alone. So a rule whose arrays
have changed is called twice, with what is there now and with other contents. If the results are equal, nothing is
refused.

No lesson derives it.
"""

import dis
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np

from ..backend import Array, device_of, errstate, is_array, xp_of
from ..errors import GraphError
from .tensors import Memory, Node, Tensor, mode, raw

# An array, the memory that it shares with others and that one's version, and a sample of what stood there
Stamp: TypeAlias = tuple[Array, Memory | None, int, bytes | None]

RESULT = -1  # stands for the result among the positions of an operation's arrays
SAMPLE = 64  # numbers
FORM = ("shape", "ndim", "size", "dtype")  # of an array, which is no matter of its contents
_versions = itertools.count(1)


def written(tensors: Iterable[Tensor], by: str) -> None:
    """Tell that the data of these tensors were written to in place; `by` whom, as in 'Adam.step'."""
    for x in tensors:
        if x._memory is not None:
            x._memory.version, x._memory.writer = next(_versions), by


@contextmanager
def kept_versions(tensors: Sequence[Tensor]) -> Iterator[None]:
    """For a `with` block that writes to tensors and in the end puts their very values back."""
    before = [(x._memory, x._memory.version) for x in tensors if x._memory is not None]
    try:
        yield
    finally:
        for memory, version in before:
            memory.version = version


def memory_of_view(y: Array, inputs: Sequence[object]) -> Memory | None:
    """The memory that `y`, a view, shares with a tensor among the inputs."""
    for x in inputs:
        if isinstance(x, Tensor) and _owner(x.data) is _owner(y):
            return x._memory
    return None


def _owner(array: Array) -> Any:
    return array if array.base is None else array.base


# ----------------------------------------------------------------------------------------------- when it is recorded


def positions_read(rule: Callable[..., Any], arity: int) -> list[int]:
    """Which arrays a rule (g, y, *arrays, ...) may read, by position: those that its code mentions, but for x.shape."""
    names = list(inspect.signature(rule).parameters)
    code = getattr(rule, "__code__", None)
    mentioned = set(names) if code is None else set(code.co_cellvars)
    for load, then in itertools.pairwise(dis.get_instructions(code) if code is not None else ()):
        if "LOAD_FAST" in load.opname and not (then.opname == "LOAD_ATTR" and then.argval in FORM):
            mentioned.update(load.argval if isinstance(load.argval, tuple) else (load.argval,))  # some load two at once
    if len(names) < 2 + arity:  # some are taken together, as *arrays
        return [RESULT, *range(arity)]
    return [k for k in range(RESULT, arity) if names[k + 2] in mentioned]


def stamps(positions: Iterable[int], inputs: Sequence[object], arrays: Sequence[object], y: Array) -> dict[int, Stamp]:
    """The stamps of the arrays at these positions."""
    found: dict[int, Stamp] = {}
    values = (*arrays, y)
    for k in positions:
        array = values[k]
        x = inputs[k] if k >= 0 else None
        memory = x._memory if isinstance(x, Tensor) and x.data is array else None
        version = 0 if memory is None else memory.version
        if isinstance(array, np.ndarray):
            found[k] = array, memory, version, sample(array, array.nbytes if mode.debug or array.size <= SAMPLE else 0)
        elif is_array(array):
            found[k] = array, memory, version, None
    return found


def sample(array: np.ndarray, length: int) -> bytes:
    """The numbers at some places of an array, or all of them, if the length in bytes is that of all."""
    if length == array.nbytes:
        return array.tobytes()
    places = _places(array.size)
    if array.flags.forc:  # without gaps: faster
        return array.ravel("K")[places].tobytes()
    return array[np.unravel_index(places, array.shape)].tobytes()


@functools.lru_cache(maxsize=1024)
def _places(size: int) -> np.ndarray:
    """Some places of so many, by chance: a rule would have gaps where a write can hide."""
    return np.sort(np.random.default_rng(size).choice(size, SAMPLE, replace=False, shuffle=False))


def copied(setting: object) -> object:
    """A setting as a node keeps it: arrays and lists in it are copied, as their owner may use them again."""
    if type(setting) is tuple or type(setting) is list:
        return type(setting)(map(copied, setting))
    return setting.copy() if hasattr(setting, "shape") and is_array(setting) else setting


# ------------------------------------------------------------------------------------------------ when it is used


def refuse_changed(node: Node, i: int, g: Tensor | Array, y: Tensor, inputs: Sequence[Any]) -> None:
    """Raise if the rule for input `i`, about to be given these, needs an array that has changed since it was recorded.

    Raises:
        GraphError: names the operation, the array, who changed it if that is known, and the cure.
    """
    changed = []
    for k in node.op.reads[i] if node.op.reads else node.stamps:
        stamp = node.stamps.get(k)
        if stamp is not None and _differs(stamp, y if k == RESULT else node.inputs[k]):
            changed.append(k)
    if changed:
        culprit = _first_that_matters(node, i, g, y, inputs, changed)
        if culprit is not None:
            raise GraphError(_message(node, i, culprit))


def _differs(stamp: Stamp, x: object) -> bool:
    """Whether `x`, a tensor or an array, no longer is what it was."""
    array, memory, version, then = stamp
    if isinstance(x, Tensor) and x.data is not array and not _alike(x.data, array):
        return True
    if memory is not None and memory.version != version:
        return True
    return then is not None and sample(array, len(then)) != then


def _first_that_matters(
    node: Node, i: int, g: Tensor | Array, y: Tensor, inputs: Sequence[Any], changed: Sequence[int]
) -> int | None:
    """The first of the changed arrays on whose contents the answer of the rule depends."""
    recorded = isinstance(g, Tensor)  # with create_graph, a rule is given tensors
    present: dict[int, Any] = {k: y if k == RESULT else inputs[k] for k in changed}

    def answer(contents: dict[int, Any]) -> Array | None:
        mode.passes += 1  # what a rule keeps for another rule holds for one pass
        given = {k: Tensor(raw(a)) if recorded else raw(a) for k, a in {**present, **contents}.items()}
        result = given.get(RESULT, y if recorded else y.data)
        return raw(node.gradient(i, g, result, [given.get(k, x) for k, x in enumerate(inputs)]))

    before = mode.recording, mode.debug
    known: dict[int, Array] = {}
    k = changed[0]
    mode.recording = mode.debug = False
    try:
        with errstate(xp_of(raw(g))):
            now = answer({})
            for k in changed:
                for content in _other_contents(node.stamps[k], raw(present[k])):
                    if not _alike(now, answer({**known, k: content})):
                        return k
                    known.setdefault(k, content)
    except Exception:  # as of a new shape, or of numbers that are no positions
        return k
    finally:
        mode.passes += 1
        mode.recording, mode.debug = before
    return None


def _other_contents(stamp: Stamp, present: Array) -> Iterator[Array]:
    """What the array may have held: first what is known of it, then, unless that is all, numbers of all kinds."""
    array, _, _, found = stamp
    if found is not None:
        before, then = array.copy(order="K"), np.frombuffer(found, array.dtype)
        if whole := then.size == array.size:
            before[...] = then.reshape(array.shape)
        elif array.flags.forc:
            before.ravel("K")[_places(array.size)] = then
        else:
            before[np.unravel_index(_places(array.size), array.shape)] = then
        yield before
        if whole:
            return
    elif array is not present:
        yield array
    for number in (0, 1e4, -1e4) if array.dtype.kind == "f" else (0, 1):
        yield xp_of(array).full_like(array, number)


def _alike(a: Array | None, b: Array | None) -> bool:
    """Whether two arrays hold the same numbers on the same device, NaN being equal to itself."""
    if a is None or b is None or a.shape != b.shape or device_of(a) != device_of(b):
        return a is b
    return bool(((a == b) | ((a != a) & (b != b))).all())


def _message(node: Node, i: int, k: int) -> str:
    """Which array of which operation, for which gradient, who did it, and what to do instead."""
    names = node.op.inputs or [f"inputs[{n}]" for n in range(len(node.inputs))]
    array, memory, version, *_ = node.stamps[k]
    what = "its result" if k == RESULT else f"its input {names[k]}"
    writer = f" by {memory.writer}" if memory is not None and memory.version != version else ""
    line = node.source or "a line that mg.debug() would name"
    return (
        f"backward: {node.op.name}: {what}, of shape {array.shape}, was changed since{writer}, and the gradient for "
        f"{names[i]} needs the old values. Did an optimizer step between a loss and its backward(), as in a GAN? "
        "Compute the second loss after the step, or call backward() on both losses before it; if not, write to a copy "
        f"of the data, or after backward(). The operation was recorded at {line}"
    )
