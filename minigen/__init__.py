"""minigen: generative models from first principles, in NumPy, with an optional GPU backend (CuPy)."""

from . import signals

signals.leave_if_interrupted()  # a command that is stopped while NumPy is imported; a library is left alone

from typing import NoReturn

from . import data, distributions, nn, ops, optim, random
from .autodiff import (
    GradientError,
    Tensor,
    arange,
    check_gradients,
    debug,
    differentiable,
    grad,
    gradcheck,
    no_grad,
    ones,
    tensor,
    zeros,
)
from .backend import device, use_device
from .ops import *  # noqa: F403
from .random import Generator, seed
from .version import __version__


def __getattr__(name: str) -> NoReturn:
    raise AttributeError(
        f"minigen has no {name!r}; docs/coming-from.md tells what NumPy's and PyTorch's names are here"
    )


__all__ = [
    "Generator",
    "GradientError",
    "check_gradients",
    "data",
    "gradcheck",
    "Tensor",
    "__version__",
    "arange",
    "debug",
    "device",
    "differentiable",
    "distributions",
    "grad",
    "nn",
    "no_grad",
    "ones",
    "ops",
    "optim",
    "random",
    "seed",
    "tensor",
    "use_device",
    "zeros",
    *ops.__all__,
]
