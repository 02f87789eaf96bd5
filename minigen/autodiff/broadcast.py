"""Broadcasting repeats an array along an axis; its adjoint sums over that axis.

These two operations are each other's gradient. The engine applies `unbroadcast` to every gradient whose shape is not
that of its input, so that no other rule has to think of it.

Derived in lesson 1.
"""

from .. import parallel, sums
from ..backend import Array, xp_of
from ..errors import ShapeError
from .op import differentiable


@differentiable
def broadcast_to(x: Array, /, shape: tuple[int, ...]) -> Array:
    """`x` repeated along its axes of length 1, and along new leading axes, until it has `shape`."""
    return xp_of(x).broadcast_to(x, shape)


@differentiable
def unbroadcast(g: Array, /, shape: tuple[int, ...]) -> Array:
    """`g` summed over the axes along which an array of `shape` was repeated to get g's shape.

    <broadcast_to(x), g> = <x, unbroadcast(g)>: summing is the adjoint of repeating.
    """
    extra = g.ndim - len(shape)
    repeated = tuple(i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1)
    axes = tuple(range(extra)) + repeated
    if axes and axes == tuple(range(g.ndim - 1)) and g.size:
        total = parallel.channel_sums(g).reshape(shape)  # a bias: one number for each channel
    elif axes:
        total = sums.total(g, axis=axes, keepdims=True).reshape(g.shape[extra:] if not repeated else shape)
    else:
        total = g
    if extra < 0 or total.shape != shape:
        raise ShapeError(f"unbroadcast: an array of shape {shape} cannot have been broadcast to {g.shape}")
    return total


broadcast_to.gradients(lambda g, y, x, shape: unbroadcast(g, x.shape))
unbroadcast.gradients(lambda g, y, x, shape: broadcast_to(g, x.shape))
