"""FlatParameters: parameters and their gradients as views into two long vectors.

A model has dozens of parameters of all shapes, but an optimizer treats every number alike. So their values are laid
end to end in one vector, and each parameter's `data` becomes a view of its part; likewise the gradients, which the
backward pass writes straight into their places. The optimizer then updates two vectors, whatever the model:

    data:  [ W1 ........ | b1 . | W2 ..... | b2 . ]
    grad:  [ dW1 ....... | db1  | dW2 .... | db2  ]

No lesson derives it.
"""

from collections.abc import Iterable
from typing import Any

from ..autodiff import Tensor
from ..backend import Array, device_of, xp_of
from ..errors import ArgumentError, DeviceError, DTypeError, ShapeError


def tensor_list(params: Iterable[Tensor]) -> list[Tensor]:
    """`params` as a list of one or more different tensors.

    Raises:
        DTypeError: not an iterable of tensors.
        ArgumentError: empty, or a tensor that comes twice.
    """
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise DTypeError(
            f"params: expected a list of tensors, got one {type(params).__name__}; "
            "pass module.parameters() of a module, or [tensor]"
        )
    tensors = list(params)
    if not tensors:
        raise ArgumentError("params: expected at least one tensor, got none; was module.parameters() used up before?")
    position: dict[int, int] = {}
    for i, p in enumerate(tensors):
        if not isinstance(p, Tensor):
            raise DTypeError(f"params[{i}]: expected a Tensor, got {type(p).__name__}; pass module.parameters()")
        if id(p) in position:
            raise ArgumentError(f"params[{i}] is the same tensor as params[{position[id(p)]}]; pass each one once")
        position[id(p)] = i
    return tensors


class FlatParameters:
    """Parameters moved into one vector, with one vector for their gradients.

    Each `p.data` becomes a view of `data` with the same values; an array taken from `p.data` earlier no longer
    follows. Gradients are written into `grad`, so copy one that should outlive the next backward pass.

    Args:
        params: tensors that require gradients, of one dtype and on one device.

    Attributes:
        params: the tensors, in order.
        data: their values, of shape (total size,).
        grad: their gradients, of the same shape; only the parts of parameters whose `grad` is not None are current.
        counts: how many updates each parameter has received.

    Raises:
        DTypeError, ArgumentError, DeviceError: say which parameter is unfit, and why.
    """

    def __init__(self, params: Iterable[Tensor]) -> None:
        self.params = tensor_list(params)
        first = self.params[0]
        for i, p in enumerate(self.params):
            if not p.requires_grad or not p.is_leaf:
                fault = "does not require a gradient" if p.is_leaf else f"was computed by {p.op!r}"
                raise ArgumentError(f"params[{i}] {fault}; unfreeze it (requires_grad=True), or leave it out")
            if p.dtype != first.dtype:
                raise DTypeError(
                    f"params[{i}] is {p.dtype}, params[0] is {first.dtype}; use one optimizer for each dtype"
                )
            if p.device != first.device:
                raise DeviceError(
                    f"params[{i}] is on {p.device!r}, params[0] is on {first.device!r}; "
                    "move the whole module with .to(...), then make the optimizer"
                )
        self.counts = [0] * len(self.params)
        self._lay_out([True] * len(self.params))

    def _lay_out(self, held: list[bool]) -> None:
        """Make the two vectors, and move those parameters into them that are `held`."""
        xp, dtype = xp_of(self.params[0].data), self.params[0].dtype
        size = sum(p.size for p in self.params)
        self.data = xp.empty(size, dtype=dtype)
        self.grad = xp.zeros(size, dtype=dtype)
        self._parts: list[slice] = []
        self._views: list[tuple[Array, Array]] = []  # the views of data and of grad
        start = 0
        for p, here in zip(self.params, held, strict=True):
            part = slice(start, start + p.size)
            values, gradient = self.data[part].reshape(p.shape), self.grad[part].reshape(p.shape)
            values[...] = p.data
            if here:
                p.data, p.grad_buffer = values, gradient
            self._parts.append(part)
            self._views.append((values, gradient))
            start = part.stop

    def segments(self) -> list[tuple[slice, int]]:
        """Count an update of every parameter that has a gradient, and give the parts of `data` to update.

        Neighbours are merged, so ordinarily there is one segment: all. A parameter that has been passed over at times
        has had fewer updates than the others and gets a segment of its own.

        Returns:
            Pairs (part, t): a slice of `data` and `grad`, and how many updates it has received, this one included.

        Raises:
            ArgumentError, DeviceError, ShapeError: a parameter has been moved or re-pointed, or its `grad` does not
                fit. Nothing is counted then.
        """
        self.fetch()
        merged: list[tuple[slice, int]] = []
        for i, p in enumerate(self.params):
            if p.grad is None:
                continue
            self.counts[i] += 1
            part, t = self._parts[i], self.counts[i]
            if merged and merged[-1][0].stop == part.start and merged[-1][1] == t:
                part = slice(merged.pop()[0].start, part.stop)
            merged.append((part, t))
        return merged

    def fetch(self) -> None:
        """See that all gradients are in `grad`, also those that were put elsewhere.

        Raises:
            ArgumentError, DeviceError, ShapeError: as `segments`.
        """
        for i, p in enumerate(self.params):
            self._check_and_fetch(i, p)

    def _check_and_fetch(self, i: int, p: Tensor) -> None:
        """Check that `p` still lies in the buffer, and copy a gradient in that was put elsewhere."""
        values, gradient = self._views[i]
        if p.data is not values:
            if p.device != device_of(values):
                raise DeviceError(
                    f"params[{i}] has moved from {device_of(values)!r} to {p.device!r}; "
                    "make the optimizer after .to(...)"
                )
            raise ArgumentError(
                f"params[{i}] no longer lies in this optimizer's buffer: another optimizer took it, or its data was "
                "replaced; use one optimizer per parameter, make the optimizer after .to(...), and write new values "
                "in place: p.data[...] = values"
            )
        if p.grad is None:
            return
        if not isinstance(p.grad, Tensor):
            raise DTypeError(f"params[{i}].grad: expected a Tensor, got {type(p.grad).__name__}; use mg.tensor(...)")
        if p.grad.data is not gradient:
            if p.grad.shape != p.shape:
                raise ShapeError(f"params[{i}].grad has shape {p.grad.shape}, the parameter has {p.shape}")
            if p.grad.device != p.device:
                raise DeviceError(f"params[{i}].grad is on {p.grad.device!r}, the parameter is on {p.device!r}")
            gradient[...] = p.grad.data

    def __getstate__(self) -> dict[str, Any]:
        """For `pickle` and `copy`: the parameters without the vectors, as copied views would not share memory."""
        held = [p.data is values for p, (values, _) in zip(self.params, self._views, strict=True)]
        return {"params": self.params, "counts": self.counts, "held": held}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Move the parameters, copies by now, into vectors of their own; not those that others had taken away."""
        self.params, self.counts = state["params"], state["counts"]
        self._lay_out(state["held"])
