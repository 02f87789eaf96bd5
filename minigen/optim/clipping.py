"""The size of gradients, and clipping it between `backward()` and `step()`. Nothing here waits for the device.

No lesson derives it.
"""

from collections.abc import Iterable

from ..autodiff import Tensor
from ..backend import xp_of
from .check import positive
from .flat import tensor_list


def grad_norm(params: Iterable[Tensor]) -> Tensor:
    """The joint Euclidean norm of all gradients, sqrt(sum of g^2): a 0-d tensor on the device of the parameters.

    Args:
        params: tensors of one device; those without a gradient are passed over.
    """
    params = tensor_list(params)
    xp = xp_of(params[0].data)
    gradients = [p.grad.data for p in params if p.grad is not None]
    squares = [xp.dot(g.ravel(), g.ravel()) for g in gradients]
    return Tensor(xp.asarray(xp.sqrt(sum(squares, xp.zeros((), dtype=params[0].dtype)))))


def clip_grad_norm(params: Iterable[Tensor], max_norm: float) -> Tensor:
    """Scale all gradients by one factor, so that their joint Euclidean norm is at most `max_norm`.

        norm = sqrt(sum of g^2 over all elements of all gradients)
        g <- g min(1, max_norm / norm)

    Args:
        params: tensors of one device; those without a gradient are passed over.
        max_norm: the largest norm to let through, above 0.

    Returns:
        The norm before clipping, a 0-d tensor on the device of the parameters.

    Source: Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013, algorithm 1.
    """
    positive("max_norm", max_norm)
    params = tensor_list(params)
    norm = grad_norm(params)
    factor = xp_of(norm.data).minimum(1.0, max_norm / (norm.data + 1e-6))  # no `if`: it would wait for the norm
    for p in params:
        if p.grad is not None:
            p.grad.data *= factor  # algorithm 1
    return norm


def clip_grad_value(params: Iterable[Tensor], max_value: float) -> None:
    """Clip each element of each gradient to [-max_value, max_value].

    Args:
        params: tensors; those without a gradient are passed over.
        max_value: the largest magnitude to let through, above 0.
    """
    positive("max_value", max_value)
    for p in tensor_list(params):
        if p.grad is not None:
            g = p.grad.data
            xp_of(g).clip(g, -max_value, max_value, out=g)
