"""Ways to spoil a right function from outside: (name, what makes the wrong function of the right one)."""

import copy
import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

Function = Callable[..., object]
Wrapper = Callable[[Function], Function]


def wrapped(cases: Sequence[Mapping[str, object]], right: Function, source: str) -> Iterator[tuple[str, Wrapper]]:
    """Every wrapper that suits a function with this source, which is checked on these inputs."""
    inputs = cases[0]
    result = right(*copy.deepcopy(list(inputs.values())))
    for place, (name, value) in enumerate(inputs.items()):
        shares = _is_float(value) and all((case[name] >= 0).all() and (case[name] <= 1).all() for case in cases)
        for what, change in _of_input(value, shares, bool(re.search("exp|log|tanh", source))):
            yield f"{name} {what}", lambda right, place=place, change=change: _on_input(right, place, change)
    for first, second in itertools.pairwise(name for name, value in inputs.items() if _is_float(value)):
        if np.shape(inputs[first]) == np.shape(inputs[second]):
            yield f"{first} and {second} exchanged", lambda right, a=first, b=second: _exchanged(right, inputs, a, b)
    yield "first result remembered", first_remembered
    if any(isinstance(value, np.ndarray) for value in inputs.values()):
        yield "previous result when shapes agree", previous_remembered
    parts = result if isinstance(result, tuple) else (result,)
    yield "result at least 0", lambda right: _on_result(right, lambda value: _like(value, np.maximum(value, 0)))
    if re.search(r"\binf\b|\bnan\b|isfinite", source):
        yield (
            "result without infinity",
            lambda right: _on_result(right, lambda value: _like(value, np.nan_to_num(value))),
        )
    if any(map(np.ndim, parts)):
        yield "result with its second half 0", lambda right: _on_result(right, _first_half)
    if all(isinstance(part, int) for part in parts):
        yield "result at least 1", lambda right: _on_result(right, lambda value: max(value, 1))


def _is_float(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _of_input(value: object, shares: bool, curved: bool) -> Iterator[tuple[str, Callable]]:
    """Changes of one input. shares: whether its entries lie in [0, 1]. curved: whether large ones may overflow."""
    if _is_float(value):
        for limit in (20, 100) if curved and not shares else ():
            yield f"clipped at +-{limit}", lambda x, limit=limit: np.clip(x, -limit, limit)
        yield "zeros replaced by 0.001", lambda x: np.where(x == 0, 0.001, x)
        if not shares:
            yield "negative entries set to 0", lambda x: np.maximum(x, 0)
        if value.ndim:
            yield "sorted", lambda x: np.sort(x, axis=0)
    elif isinstance(value, np.ndarray):
        yield "capped at 9", lambda x: np.minimum(x, 9)
        yield "sorted", lambda x: np.sort(x, axis=0)
    elif isinstance(value, int) and not isinstance(value, bool):
        yield "capped at 10", lambda n: min(n, 10)
        yield "capped at 100", lambda n: min(n, 100)
        yield "at least 1", lambda n: max(n, 1)
    elif isinstance(value, float):
        yield "at least 1e-6", lambda x: max(x, 1e-6)


def _on_input(right: Function, place: int, change: Callable) -> Function:
    def wrong(*inputs: object) -> object:
        return right(*inputs[:place], change(inputs[place]), *inputs[place + 1 :])

    return wrong


def _exchanged(right: Function, inputs: Mapping[str, object], first: str, second: str) -> Function:
    a, b = list(inputs).index(first), list(inputs).index(second)

    def wrong(*given: object) -> object:
        turned = list(given)
        turned[a], turned[b] = given[b], given[a]
        return right(*turned)

    return wrong


def first_remembered(right: Function) -> Function:
    """Gives its first result for ever."""
    memory: list[object] = []

    def wrong(*inputs: object) -> object:
        memory[:] = memory or [right(*inputs)]
        return memory[0]

    wrong.remembers = True
    return wrong


def previous_remembered(right: Function) -> Function:
    """Gives an earlier result when the arrays have the shapes, and everything else the values, of that call."""
    memory: dict[object, object] = {}

    def wrong(*inputs: object) -> object:
        key = tuple(value.shape if isinstance(value, np.ndarray) else value for value in inputs)
        if key not in memory:
            memory[key] = right(*inputs)
        return memory[key]

    wrong.remembers = True
    return wrong


def _on_result(right: Function, change: Callable) -> Function:
    def wrong(*inputs: object) -> object:
        value = right(*inputs)
        return tuple(map(change, value)) if isinstance(value, tuple) else change(value)

    return wrong


def _like(value: object, changed: np.ndarray) -> object:
    return changed if isinstance(value, np.ndarray) else type(value)(changed)


def _first_half(value: object) -> object:
    if not isinstance(value, np.ndarray) or not value.ndim:
        return value
    done = value.copy()
    done[(len(value) + 1) // 2 :] = 0
    return done
