"""Both devices must find the same loss and gradients: a fast wrong answer is worth nothing."""

import numpy as np

from .. import backend
from ..errors import NumericalError

TOLERANCE = 5e-3  # of the length of a gradient, in float32: of a million activations, rounding makes some change sign
TF32_TOLERANCE = 0.1  # its factors have 13 binary digits less


def check_parity(name: str, reference: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> float:
    """The largest difference of a gradient between the devices, as a part of its length.

    Raises:
        NumericalError: it is above TOLERANCE, or above TF32_TOLERANCE in TF32; names the parameter.
    """
    worst, bound = 0.0, TF32_TOLERANCE if backend.tf32() else TOLERANCE
    for key, a in reference.items():
        length = float(np.linalg.norm(a)) or 1.0
        error = float(np.linalg.norm(a.astype(np.float64) - found[key])) / length
        if not error <= bound:
            raise NumericalError(
                f"{name}: {key} on the GPU differs from that on the CPU by {error:.1e} of its length, expected at most "
                f"{bound:.0e}; run `python -m pytest --device cuda` to find the operation"
            )
        worst = max(worst, error)
    return worst
