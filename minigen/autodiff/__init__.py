"""Reverse-mode automatic differentiation: tensors, recorded operations, the backward pass, and its check."""

from . import protocols
from .backpropagation import backward, grad, no_grad
from .broadcast import broadcast_to, unbroadcast
from .changes import kept_versions, written
from .checking import GradientError, Report, check_gradients, gradcheck
from .debugging import debug
from .op import REGISTRY, Op, differentiable, float_valued
from .refusals import composed
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
    "composed",
    "debug",
    "differentiable",
    "float_valued",
    "grad",
    "gradcheck",
    "kept_versions",
    "no_grad",
    "numeric_derivatives",
    "ones",
    "protocols",
    "raw",
    "tensor",
    "unbroadcast",
    "written",
    "zeros",
]
