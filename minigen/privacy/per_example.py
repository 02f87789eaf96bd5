"""Per-example gradients: how far each example alone would move the weights, without a backward pass for each.

A backward pass gives the gradient of the sum of the examples' losses. A dense layer y = x w + b has, of example n,

    dL_n/dw = x_n^T delta_n   (delta_n = dL_n/dy_n),     ||dL_n/dw|| = |x_n| |delta_n|

an outer product, whose norm is that of its two factors (Goodfellow 2015). So one backward pass, which finds all
delta_n, is enough for all norms, and no gradient of a single example is ever made. A convolution is such a product at
each of T places: with the windows as rows a_1 ... a_T and the deltas d_1 ... d_T beside them,

    dL_n/dw = sum_t a_t^T d_t,     ||dL_n/dw||^2 = sum_{s,t} (a_s . a_t) (d_s . d_t)

(ghost norms, Li et al. 2022), for T = 1 the line above. Where T is large, it is cheaper to make the gradient. The sum
of the gradients, each with a factor c_n of its own, is one product again: sum_{n,t} c_n a_{n,t}^T d_{n,t}.

The delta is caught by a zero that is added to the layer's output: its gradient is delta.

Lesson 24 and docs/privacy.md say what it is for. The same with a backward pass for each example: `gradients_by_loop`.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from .. import ops
from ..autodiff import Tensor
from ..backend import Array, xp_of
from ..errors import ArgumentError, ShapeError
from ..nn import BatchNorm, Conv2D, Conv2DTranspose, Dense, Module, Parameter
from ..ops.conv import geometry, windows

LAYERS = (Dense, Conv2D, Conv2DTranspose)
AT_ONCE = 1 << 22  # numbers of the gradients of single examples that are made at a time

Losses = Callable[[], Tensor]  # the losses (N,) of the examples of a batch


class Call(NamedTuple):
    """What a layer was given, x (N, ...), and the zero that was added to its output (N, ...)."""

    layer: Any  # one of LAYERS
    x: Array
    zero: Tensor


class Product(NamedTuple):
    """A layer's weight gradient as a product, sum_t a_t^T d_t of each example: a (N, T, I), d (N, T, O).

    bias: the deltas (N, T', outputs) whose sum over T' is the bias's gradient; None without a bias.
    """

    a: Array
    d: Array
    bias: Array | None


class PerExample:
    """The gradients of each example's loss, as products that need not be carried out.

    Args:
        model: of dense layers and convolutions, whatever stands between them.
        losses: gives the loss of each example, (N,). Example n may have a part in its own loss alone.

    Attributes:
        losses: (N,), detached.

    Raises:
        ArgumentError: a layer of another kind has weights, or one is used twice; `gradients_by_loop` takes any model.
        ShapeError: the losses are not (N,).
    """

    def __init__(self, model: Module, losses: Losses) -> None:
        check_layers(model)
        with recorded(model) as calls:
            each = losses()
        if each.ndim != 1:
            raise ShapeError(f"losses: expected one for each example, (N,), got shape {each.shape}; do not average")
        ops.sum(each).backward()
        self.losses = each.detach()
        self._products = {id(call.layer): _product(call) for call in calls}
        self._layers = [call.layer for call in calls]
        for product in self._products.values():
            if len(product.a) != len(each):
                raise ShapeError(f"losses: {len(each)} of them, but a layer was given {len(product.a)} examples")

    def norms(self) -> Array:
        """The norm of the gradient of each example's loss, over all weights of the model together: (N,)."""
        squares = sum(_squared_norms(product) for product in self._products.values())
        xp = xp_of(self.losses.data)
        return xp.sqrt(xp.asarray(squares, dtype=self.losses.dtype) + xp.zeros_like(self.losses.data))

    def weighted_sum(self, factors: Array) -> list[tuple[Tensor, Array]]:
        """(parameter, sum_n c_n dL_n/dparameter) of each layer that was used, given the factors c (N,)."""
        sums: list[tuple[Tensor, Array]] = []
        for layer in self._layers:
            a, d, bias = self._products[id(layer)]
            weighted = d * factors[:, None, None]
            w = a.reshape(-1, a.shape[2]).T @ weighted.reshape(-1, d.shape[2])
            sums.append((layer.w, w.reshape(layer.w.shape)))
            if bias is not None:
                sums.append((layer.b, factors @ bias.sum(axis=1)))
        return sums


def gradients_by_loop(model: Module, loss: Callable[..., Tensor], *batch: Array) -> list[Array]:
    """The readable twin: one example after the other, a backward pass each.

    Args:
        model: any. loss: a function of examples (N, ...) and what else is in the batch, that gives their losses (N,).
        batch: arrays (N, ...).

    Returns:
        For each parameter the gradients of the examples, (N, *shape).
    """
    params = model.parameters()
    found: list[list[Array]] = [[] for _ in params]
    for n in range(len(batch[0])):
        model.zero_grad()
        first, *rest = (array[n : n + 1] for array in batch)
        ops.sum(loss(Tensor(first), *rest)).backward()
        for gradients, p in zip(found, params, strict=True):
            gradients.append(xp_of(p.data).zeros_like(p.data) if p.grad is None else p.grad.data.copy())
    model.zero_grad()
    return [xp_of(params[0].data).stack(gradients) for gradients in found]


# ------------------------------------------------------------------------------------------------------- recording


def check_layers(model: Module) -> None:
    """Refuse a model of which the rules above do not know every weight.

    Raises:
        ArgumentError: says which layer, and why.
    """
    owners: dict[int, str] = {}
    for path, module in model.named_modules():
        own = {name: value for name, value in vars(module).items() if isinstance(value, Parameter)}
        if isinstance(module, BatchNorm):
            raise ArgumentError(
                f"{path}: batch norm mixes the examples of a batch, so no gradient belongs to one of them alone; "
                "build the model without it"
            )
        if own and type(module) not in LAYERS:
            known = ", ".join(kind.__name__ for kind in LAYERS)
            raise ArgumentError(
                f"{path or 'model'}: {type(module).__name__} has weights ({', '.join(own)}), and single examples' "
                f"gradients are known of {known}; gradients_by_loop takes any model"
            )
        if getattr(module, "groups", 1) != 1:
            raise ArgumentError(f"{path}: expected a convolution with groups=1, got {module!r}")
        for name, value in own.items():
            if owners.setdefault(id(value), path) != path:
                raise ArgumentError(
                    f"{path}.{name} is that of {owners[id(value)]} too, and its gradient is not one product then; "
                    "gradients_by_loop takes any model"
                )


@contextlib.contextmanager
def recorded(model: Module) -> Iterator[list[Call]]:
    """Inside a `with` block, note what each layer is given, and add a zero to what it gives.

    The weights are frozen there: a backward pass computes the deltas, and no gradient that is not asked for.
    """
    layers = [module for module in model.modules() if type(module) in LAYERS]
    calls: list[Call] = []

    def watched(layer: Module, forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def call(x: Tensor) -> Tensor:
            if any(earlier.layer is layer for earlier in calls):
                raise ArgumentError(
                    f"{layer!r} is used twice in one loss, and its gradient is not one product then; "
                    "gradients_by_loop takes any model"
                )
            y = forward(x)
            zero = Tensor(xp_of(y.data).zeros_like(y.data), requires_grad=True)
            calls.append(Call(layer, x.data, zero))
            return y + zero

        return call

    with model.frozen():
        for layer in layers:
            vars(layer)["forward"] = watched(layer, layer.forward)
        try:
            yield calls
        finally:
            for layer in layers:
                del vars(layer)["forward"]


# -------------------------------------------------------------------------------------------------------- products


def _product(call: Call) -> Product:
    """The rule of each kind of layer."""
    layer, x, zero = call
    delta = xp_of(x).zeros_like(zero.data) if zero.grad is None else zero.grad.data
    n = len(x)
    at_places = delta.reshape(n, -1, delta.shape[-1])  # (N, T, outputs)
    bias = at_places if layer.b is not None else None
    if isinstance(layer, Dense):
        return Product(x.reshape(n, -1, layer.inputs), at_places, bias)
    if isinstance(layer, Conv2D):
        return Product(_windows(x, layer), at_places, bias)
    # y = conv2d_transpose(x, w) has the gradient of a convolution in which x and delta have changed places
    return Product(_windows(delta, layer), x.reshape(n, -1, x.shape[-1]), bias)


def _windows(x: Array, layer: Any) -> Array:
    """The windows of images (N, H, W, C) as rows: (N, OH OW, kh kw C)."""
    geo = geometry(x.shape[1:3], layer.kernel, layer.stride, layer.padding, layer.dilation)
    cols = windows(x, geo)
    return cols.reshape(len(x), geo.output[0] * geo.output[1], -1)


def _squared_norms(product: Product) -> Array:
    """||sum_t a_t^T d_t||^2 of each example, and the bias's: (N,)."""
    a, d, bias = product
    xp, (n, places, inputs), outputs = xp_of(a), a.shape, d.shape[2]
    if places * (inputs + outputs) <= inputs * outputs:  # few places: |x|^2 |delta|^2 where there is one
        squares = ((a @ a.transpose(0, 2, 1)) * (d @ d.transpose(0, 2, 1))).sum(axis=(1, 2))
    else:
        squares = xp.empty(n, dtype=d.dtype)
        step = max(1, AT_ONCE // (inputs * outputs))
        for start in range(0, n, step):
            part = slice(start, start + step)
            gradients = a[part].transpose(0, 2, 1) @ d[part]  # (n, I, O)
            squares[part] = (gradients * gradients).sum(axis=(1, 2))
    if bias is not None:
        summed = bias.sum(axis=1)
        squares = squares + (summed * summed).sum(axis=1)
    return squares
