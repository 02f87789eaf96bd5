"""The debug mode: where did the first NaN or infinity come from, and where did float32 become float64?

    with mg.debug():
        loss = model.loss(batch)
        loss.backward()

Every result is looked at, forward and backward, and the first bad one raises a `NumericalError` that names the
operation and the line of your program. Each look waits for the device, so this is for hunting, not for training.

No lesson derives it.
"""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence

import numpy as np

from ..backend import Array, is_array, xp_of
from ..errors import NumericalError
from .tensors import Node, Operation, mode

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
ENGINE = tuple(PACKAGE + name + os.sep for name in ("autodiff", "ops", "nn"))


@contextlib.contextmanager
def debug() -> Iterator[None]:
    """Check every result inside the `with` block."""
    before = mode.debug
    mode.debug = True
    try:
        yield
    finally:
        mode.debug = before


def users_line() -> str:
    """'file.py:12 in function: source' of the innermost frame outside of minigen; of its command line, the model's."""
    import linecache

    frame, models = sys._getframe(1), []
    while (caller := frame.f_back) is not None and frame.f_code.co_filename.startswith(PACKAGE):
        if not frame.f_code.co_filename.startswith(ENGINE):
            models.append(frame)
        if frame.f_code.co_filename == PACKAGE + "cli.py":  # there is no program of the user's
            frame = models[0]
            break
        frame = caller
    file, line = frame.f_code.co_filename, frame.f_lineno
    source = linecache.getline(file, line).strip()
    return f"{os.path.basename(file)}:{line} in {frame.f_code.co_name}" + (f": {source}" if source else "")


def bad_values(array: object) -> str:
    """'3 NaN, 1 infinity, the first at index (0, 2)', or '' if all is finite."""
    if isinstance(array, np.generic):  # what NumPy makes of arrays without axes
        array = np.asarray(array)
    if not is_array(array) or array.dtype.kind != "f":
        return ""
    xp = xp_of(array)
    finite = xp.isfinite(array)
    if bool(finite.all().item()):
        return ""
    nans = int(xp.isnan(array).sum().item())
    infinities = int(array.size - finite.sum().item()) - nans
    first = np.unravel_index(int(finite.argmin().item()), array.shape)
    counts = [f"{n} {name}" for n, name in ((nans, "NaN"), (infinities, "infinity")) if n]
    return f"{', '.join(counts)} among {array.size} values, the first at index {tuple(int(i) for i in first)}"


def check_forward(op: Operation, arrays: Sequence[object], y: Array, node: Node | None) -> None:
    """Raise if `y` holds the first NaN or infinity, or is float64 although an input is float32."""
    line = users_line()
    if node is not None:
        node.source = line
    found = bad_values(y)
    if found and not op.may_be_infinite and not any(bad_values(a) for a in arrays):
        raise NumericalError(f"{op.name}: result holds {found}, its inputs are finite; at {line}")
    precisions = {a.dtype for a in arrays if is_array(a) and a.dtype.kind == "f"}
    if y.dtype == np.float64 and np.dtype(np.float32) in precisions and not op.may_widen:
        doubles = [f"input {i}" for i, a in enumerate(arrays) if is_array(a) and a.dtype == np.float64]
        raise NumericalError(
            f"{op.name}: float32 became float64 because {', '.join(doubles) or 'of the operation'} is float64; "
            f"convert it with .astype('float32'); at {line}"
        )


def check_gradient(node: Node, i: int, upstream: Array, gradient: Array) -> None:
    """Raise if the gradient for input `i` holds a NaN or infinity although the upstream one is finite."""
    found = bad_values(gradient)
    if found and not bad_values(upstream):
        raise NumericalError(
            f"gradient of {node.op.name} for input {i}: holds {found}, the upstream gradient is finite; "
            f"the operation was recorded at {node.source or 'an unknown line (outside of debug mode)'}"
        )
