"""Reverse-mode automatic differentiation: tensors, recorded operations, the backward pass, and its check."""

from .backpropagation import backward, grad, no_grad
from .broadcast import broadcast_to, unbroadcast
from .checking import GradientError, Report, check_gradients, gradcheck
from .debugging import debug
from .op import REGISTRY, Op, differentiable
from .slopes import numeric_derivatives
from .tensors import Node, Operand, Tensor, Values, arange, asarray, ones, raw, tensor, zeros

__all__ = [
    "REGISTRY",
    "GradientError",
    "Node",
    "Op",
    "Operand",
    "Report",
    "Tensor",
    "Values",
    "arange",
    "asarray",
    "backward",
    "broadcast_to",
    "check_gradients",
    "debug",
    "differentiable",
    "grad",
    "gradcheck",
    "no_grad",
    "numeric_derivatives",
    "ones",
    "raw",
    "tensor",
    "unbroadcast",
    "zeros",
]
