"""The Transformer, decoder only (Vaswani et al. 2017; Radford et al. 2019): every place looks at all before it.

    h_0 = e + P                                 a vector of each symbol, and one of each place
    h   <- h + attention(norm(h))               what other places know
    h   <- h + mlp(norm(h))                     what to make of it, place by place; the MLP has a GELU inside
    out = norm(h)

In attention every place asks (Q), and offers a key (K) and a value (V); it takes the mean of the values, weighted by
how well their keys fit its question. Each of a few heads does so in a part of the vector, of length d:

    attention(Q, K, V) = softmax(Q K^T / sqrt(d)) V                                         (their equation 1)

A place does not see those after it: their weights are 0. The norm stands before each part and not after the sum, so
that gradients reach the lowest layer undiminished (Xiong et al. 2020, section 3).

To draw one symbol after the other, keys and values of what was seen are kept (`Memory`): they do not change when more
follows, so that a new symbol costs one place and not all.

Lesson 17 derives it.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import ops
from ...autodiff import Tensor, raw
from ...backend import Array, xp_of
from ...data import Dataset
from ...errors import ArgumentError, ShapeError
from ...nn import GELU, Dense, Dropout, LayerNorm, Module, Parameter, Sequential
from ...nn.layers import positive
from ...random import Generator, given_or_default
from ..memory import check_size
from ..recipe import BATCH_SIZE, DEPTH, LR, STEPS, WIDTH, Option, Recipe, Settings, Shape
from .language import sequence_model, unit_of_loss, what_the_loss_means
from .sequence_model import ALPHABET, DROPOUT, WEIGHT_DECAY, SequenceModel, sequence_trainer


class Memory:
    """Keys and values of the places that a Transformer has seen, of each block.

    Attributes:
        seen: how many places.
        blocks: for each block, its keys and its values: (N, limit, H, D), of which the first `seen` are filled.
    """

    def __init__(self, blocks: list[tuple[Array, Array]]) -> None:
        self.seen, self.blocks = 0, blocks

    def extended(self, block: int, k: Array, v: Array) -> tuple[Array, Array]:
        """Keep the keys and values (N, T, H, D) of the next places; returns those of all places."""
        stop = self.seen + k.shape[1]
        for kept, new in zip(self.blocks[block], (k, v), strict=True):
            kept[:, self.seen : stop] = new
        keys, values = self.blocks[block]
        return keys[:, :stop], values[:, :stop]


class CausalSelfAttention(Module):
    """Attention of each place to itself and to those before it, in several heads (section 3.2.2 there).

    Args:
        width: C. heads: H; each works in C / H features.
        block: the number of its block, for the memory. blocks: how many there are.
        rng: where the weights are drawn from.

    Attributes:
        watch: is shown what the heads do, (q, k, y), and gives what goes on in place of y; see `minigen.explain.heads`.
    """

    watch: Callable[..., Any] | None = None

    def __init__(self, width: int, heads: int, block: int, blocks: int, rng: Generator) -> None:
        self.heads, self.block = heads, block
        self.qkv = Dense(width, 3 * width, init=small, rng=rng)  # the three maps side by side
        self.out = Dense(width, width, init=residual(blocks), rng=rng)

    def forward(self, x: Tensor, memory: Memory | None = None) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        n, t, c = x.shape
        qkv = ops.reshape(self.qkv(x), (n, t, 3, self.heads, c // self.heads))
        if memory is not None:
            qkv = raw(qkv)  # from here on as arrays: a single place has little to compute, and nothing to record
        q, k, v = qkv[:, :, 0], qkv[:, :, 1], qkv[:, :, 2]  # (N, T, H, D) each
        if memory is not None:
            k, v = memory.extended(self.block, k, v)
        y = ops.attention(q, k, v)  # equation 1, in each head: (N, T, H, D)
        if self.watch is not None:
            y = self.watch(q, k, y)
        return self.out(ops.reshape(y, (n, t, c)))


class Block(Module):
    """Attention, then a network of its own for each place; both add to what passes."""

    def __init__(self, width: int, heads: int, block: int, blocks: int, dropout: float, rng: Generator) -> None:
        self.norm1, self.norm2 = LayerNorm(width), LayerNorm(width)
        self.attention = CausalSelfAttention(width, heads, block, blocks, rng)
        wide = Dense(width, 4 * width, init=small, rng=rng)
        self.mlp = Sequential(wide, GELU(), Dense(4 * width, width, init=residual(blocks), rng=rng))
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, h: Tensor, memory: Memory | None = None) -> Tensor:
        """(N, T, C) -> (N, T, C)."""
        h = h + self.dropout(self.attention(self.norm1(h), memory))
        return h + self.dropout(self.mlp(self.norm2(h)))


class Transformer(Module):
    """The body of a sequence model.

    Args:
        width: C, the features of a place. heads: of each attention.
        blocks: how many. limit: the most places that it can see at once.
        dropout: the share of values that are left out in training.
        rng: where the weights are drawn from.

    Raises:
        ArgumentError: the heads cannot share the width.
    """

    def __init__(
        self, width: int, heads: int, blocks: int, limit: int, dropout: float = 0.0, rng: Generator | None = None
    ) -> None:
        positive(width=width, heads=heads, blocks=blocks, limit=limit)
        check_heads(width, heads)
        rng = given_or_default(rng)
        self.limit, self.heads = limit, heads
        self.places = Parameter(rng.normal((limit, width), device="cpu") * np.float32(0.02))
        self.dropout = Dropout(dropout, rng=rng)
        self.blocks = [Block(width, heads, i, blocks, dropout, rng) for i in range(blocks)]
        self.norm = LayerNorm(width)

    def start(self, n: int) -> Memory:
        """An empty memory for n sequences."""
        places = raw(self.places)
        shape = (n, self.limit, self.heads, places.shape[1] // self.heads)
        xp = xp_of(places)
        return Memory([(xp.zeros(shape, places.dtype), xp.zeros(shape, places.dtype)) for _ in self.blocks])

    def forward(self, h: Tensor, state: Memory | None = None) -> Tensor:
        """(N, T, C) -> (N, T, C), each place from those up to it; with a memory, after what is in there.

        A memory is for drawing: no gradient reaches what it holds.

        Raises:
            ShapeError: more places than it can see.
        """
        first = state.seen if state is not None else 0
        stop = first + h.shape[1]
        if stop > self.limit:
            raise ShapeError(f"Transformer: {stop} places, and it sees at most {self.limit}; give the last ones")
        h = self.dropout(h + self.places[first:stop])
        for block in self.blocks:
            h = block(h, state)
        if state is not None:
            state.seen = stop
        return self.norm(h)


def small(rng: Generator, shape: Any, fan_in: int, fan_out: int) -> np.ndarray:
    """N(0, 0.02^2) (Radford et al. 2018, section 4.1)."""
    return rng.normal(shape, device="cpu") * np.float32(0.02)


def residual(blocks: int) -> Any:
    """Likewise, over sqrt(2 blocks): so many parts add to what passes (Radford et al. 2019, section 2.3)."""
    return lambda rng, *rest: small(rng, *rest) / np.float32(math.sqrt(2 * blocks))


# ---------------------------------------------------------------------------------------------------------- recipes

HEADS = Option("heads", 4, "of attention; they share the width", least=1, most=1024)
TIED = Option(
    "output", "own", "weights of the last layer: its own, or tied to the symbols' vectors", choices=("own", "tied")
)
BLOCKS = DEPTH(4, help="blocks of attention and MLP")
FEATURES = WIDTH(128, help="features of a place")


def check_heads(width: int, heads: int) -> None:
    """Each head takes an equal part of the features."""
    if width % heads:
        fits = max(n for n in range(1, heads + 1) if not width % n)
        raise ArgumentError(
            f"heads: a width of {width} cannot be shared by {heads} heads; take {fits}, or another width"
        )


def check(s: Settings, data: Dataset) -> None:
    """The heads share the width; what is tied to the symbols' vectors needs symbols; and a step needs memory."""
    check_heads(s.width, s.heads)
    places, symbols = data.shape[0] - 1, len(data.alphabet) or data.shape[-1]
    numbers = places * (s.depth * (30 * s.width + 4 * s.heads * places) + 5 * (s.width + symbols))
    check_size(s, numbers, 12 * s.depth * s.width**2 + (places + 2 * symbols) * s.width)
    if s.output == "tied" and data.kind == "rolls":
        raise ArgumentError(f"output: 'tied' is for symbols, and {data.name!r} holds piano rolls; use 'own'")


def transformer(s: Settings, shape: Shape, rng: Generator) -> SequenceModel:
    """Sequences of T + 1 places; each but the first is predicted."""
    body = Transformer(s.width, s.heads, s.depth, shape[0] - 1, s.dropout, rng)
    return sequence_model(body, s, shape, rng)


RECIPES = (
    Recipe(
        "transformer",
        "decoder-only Transformer, of text and of music (Vaswani et al. 2017; Radford et al. 2019)",
        transformer,
        sequence_trainer,
        (STEPS(2000), BATCH_SIZE(32), LR(1e-3), BLOCKS, FEATURES, HEADS, DROPOUT, WEIGHT_DECAY, TIED, ALPHABET),
        takes=("text", "lines", "rolls"),
        shows=("places", "log-probabilities"),
        check=check,
        meaning=what_the_loss_means,
        unit=unit_of_loss,
    ),
)
