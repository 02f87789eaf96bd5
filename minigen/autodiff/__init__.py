"""Reverse-mode automatic differentiation: tensors, recorded operations, the backward pass, and its check."""

from .backward import backward, grad, no_grad
from .broadcast import broadcast_to, unbroadcast
from .debugging import debug
from .op import REGISTRY, Op, differentiable
from .tensor import Node, Tensor, arange, asarray, ones, raw, tensor, zeros

__all__ = [
    "REGISTRY",
    "Node",
    "Op",
    "Tensor",
    "arange",
    "asarray",
    "backward",
    "broadcast_to",
    "debug",
    "differentiable",
    "grad",
    "no_grad",
    "ones",
    "raw",
    "tensor",
    "unbroadcast",
    "zeros",
]
