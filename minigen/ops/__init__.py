"""The differentiable operations: each forward function next to its gradient rule.

They take tensors (and record the graph) or plain arrays (and return plain arrays).
"""

from ..autodiff import broadcast_to
from .along_axis import argsort, cumsum, repeat, take_along_axis, topk
from .contraction import einsum
from .conv import conv2d, conv2d_transpose, conv2d_weight_gradient
from .dot_product_attention import attention, attention_weights
from .elementwise import (
    abs,
    add,
    bce_with_logits,
    clip,
    cos,
    divide,
    elu,
    exp,
    expm1,
    leaky_relu,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    softplus,
    sqrt,
    subtract,
    tanh,
    where,
)
from .error_function import erf, gelu_exact
from .gelu_by_tanh import gelu
from .layer_norm_by_rows import layer_norm
from .likelihood import bernoulli_log_likelihood
from .linalg import add_bias, dense, matmul
from .normalize import batch_norm, group_norm, standardize
from .operators import attach as _attach
from .operators import equal, greater, greater_equal, not_equal
from .recurrence import gru
from .reduce import argmax, log_softmax, logsumexp, max, mean, min, norm, softmax, std, sum, var
from .resample import (
    avg_pool2d,
    fold,
    max_pool2d,
    unfold,
    upsample_bilinear,
    upsample_nearest,
)
from .rounding import floor, floor_divide, remainder
from .shape import (
    astype,
    concatenate,
    expand_dims,
    flatten,
    flip,
    getitem,
    pad,
    reshape,
    split,
    squeeze,
    stack,
    take,
    transpose,
)
from .triangles import tril, triu

__all__ = sorted(name for name, value in globals().items() if callable(value) and not name.startswith("_"))
_attach(__all__)
