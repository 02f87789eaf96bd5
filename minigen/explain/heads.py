"""The heads of a Transformer: what each looks at, and what is lost without it.

    P = softmax(Q K^T / sqrt(d))        where a head looks (Vaswani et al. 2017, equation 1)
    Y = P V                             what it brings from there

A pattern P is a picture of where, not of why, nor of whether it matters (Jain & Wallace 2019). Whether it matters is
found by taking the head away, and measuring what the model then predicts: its Y is replaced

    by zero    as if it were not there (Michel, Levy & Neubig 2019)
    by the mean over other examples, place by place     it still says what it always says, but nothing of this example

The second is fairer: a later layer may count on the head's usual value, and zero is a value that it never sees.

Lesson 25 derives it.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import ops
from ..autodiff import Tensor, no_grad, raw
from ..backend import Array, device_of, to_device, to_numpy, xp_of
from ..errors import ArgumentError, one_of
from ..models.sequences.transformer import CausalSelfAttention
from ..nn import Module
from ..nn.module import restored

Head = tuple[int, int]  # its layer and its number, from 0 on
WAYS = ("mean", "zero")


def attention_layers(model: Module) -> list[CausalSelfAttention]:
    """The layers of attention in a model, the lowest first; none, if it has no heads."""
    return [module for module in model.modules() if isinstance(module, CausalSelfAttention)]


@contextmanager
def watching(model: Module, watch: Callable[..., Any]) -> Iterator[None]:
    """In the `with` block, watch(layer, q, k, y) sees what a layer's heads do, and gives what goes on in place of y.

    q, k and y are (N, T, H, D). Blocks may be nested: the inner one sees what the outer one has made of y.
    """
    layers = attention_layers(model)

    def after(outer: Callable[..., Any] | None, layer: int, q: Any, k: Any, y: Any) -> Any:
        return watch(layer, q, k, y if outer is None else outer(q, k, y))

    with restored("watch", layers):
        for i, layer in enumerate(layers):
            layer.watch = partial(after, layer.watch, i)
        yield


def patterns(model: Any, x: Array) -> Array:
    """Where each head looks, from each place of sequences x (N, T+1, ...): (layers, N, H, T, T), rows that sum to 1.

    Raises:
        ArgumentError: the model has no attention.
    """
    found: list[Array] = []

    def watch(layer: int, q: Any, k: Any, y: Any) -> Any:
        found.append(raw(ops.attention_weights(q, k)))
        return y

    with watching(model, watch), no_grad():
        model.log_probs(x)
    if not found:
        raise ArgumentError(f"model: {type(model).__name__} has no attention to look at")
    return xp_of(found[0]).stack(found)


@contextmanager
def ablated(model: Module, heads: Collection[Head], way: str = "mean") -> Iterator[None]:
    """In the `with` block, the model does without some heads.

    Args:
        model: a model with attention. heads: pairs (layer, head).
        way: 'mean' over the examples that are computed at once, or 'zero'.

    Raises:
        ArgumentError: a head that there is not, or an unknown way.
    """
    one_of("way", way, WAYS)
    layers = attention_layers(model)
    for layer, head in heads:
        if not (0 <= layer < len(layers) and 0 <= head < layers[layer].heads):
            raise ArgumentError(f"heads: there is no head {head} of layer {layer}; the model has {sizes(model)}")

    def watch(layer: int, q: Any, k: Any, y: Any) -> Any:
        gone = [head for of, head in heads if of == layer]
        if not gone:
            return y
        here = np.ones((y.shape[2], 1), np.float32)  # (H, 1)
        here[gone] = 0
        here = to_device(here, device_of(raw(y)))
        return y * here if way == "zero" else y * here + ops.mean(y, axis=0, keepdims=True) * (1 - here)

    with watching(model, watch):
        yield


def sizes(model: Module) -> str:
    """'2 layers of 4 heads'."""
    layers = attention_layers(model)
    return f"{len(layers)} layers of {layers[0].heads} heads" if layers else "no attention"


class HeadLosses(NamedTuple):
    """What is lost without each head.

    Attributes:
        intact: the loss of the whole model, in nats a place.
        rise: by how much it is higher without the head, (layers, H).
        error: the standard error of that over the examples, (layers, H).
    """

    intact: float
    rise: np.ndarray
    error: np.ndarray


def head_losses(model: Any, x: Array, way: str = "mean") -> HeadLosses:
    """The loss of sequences x (N, T+1, ...) without each head in turn, beside that of the whole model.

    Raises:
        ArgumentError: the model has no attention, or there is but one sequence.
    """
    layers = attention_layers(model)
    if not layers or len(x) < 2:
        raise ArgumentError(f"model, x: expected attention and two sequences or more, got {sizes(model)}, {len(x)}")
    places = float(to_numpy(model.counted(x)).sum())

    def nats() -> np.ndarray:  # of each example
        with no_grad():
            return -to_numpy(model.log_prob(Tensor(x)).data).astype(np.float64)

    intact = nats()
    rise, error = (np.zeros((len(layers), layers[0].heads)) for _ in range(2))
    for head in np.ndindex(rise.shape):
        with ablated(model, [head], way):
            more = nats() - intact
        rise[head] = more.sum() / places
        error[head] = np.sqrt(len(x) * more.var(ddof=1)) / places
    return HeadLosses(float(intact.sum() / places), rise, error)
