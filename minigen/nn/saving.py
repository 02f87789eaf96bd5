"""The parameters and buffers of a module in a file: safetensors, which hold numbers and names and run nothing.

    nn.save(model, "model.safetensors")
    nn.load(model, "model.safetensors")

The file is written under another name, brought to the disk and renamed: it is whole, or what stood there still is.

No lesson derives it.
"""

import os
from pathlib import Path
from typing import TypeVar

import numpy as np

from ..data.files import write_whole
from ..errors import DataError, DTypeError
from .module import Module

Model = TypeVar("Model", bound=Module)


def save(module: Module, path: str | os.PathLike[str]) -> None:
    """Write all parameters and buffers of `module`, by name, into a safetensors file at `path`.

    Raises:
        DTypeError: it is no module.
        DataError: the file cannot be written.
    """
    from safetensors.numpy import save as serialized  # here, for `import minigen` to do without

    _check("save", module)
    path = Path(path)
    if not path.parent.is_dir() or path.is_dir():
        raise DataError(f"save: path: expected a file in a folder that exists, got {path}")
    content = serialized({name: np.ascontiguousarray(array) for name, array in module.state_dict().items()})
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def load(module: Model, path: str | os.PathLike[str]) -> Model:
    """Set all parameters and buffers of `module` from a file that `save` wrote, and return the module.

    The names and shapes in the file must be those of the module; if one is not, nothing is changed.

    Raises:
        DTypeError: it is no module.
        DataError: there is no such file, or it is no safetensors file.
        ArgumentError, ShapeError: it holds the state of another module.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    _check("load", module)
    if not Path(path).is_file():
        raise DataError(f"load: path: no such file: {path}")
    try:
        state = load_file(path)
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"load: path: {path} is not a whole safetensors file ({error})") from None
    module.load_state_dict(state)
    return module


def _check(function: str, module: object) -> None:
    if not isinstance(module, Module):
        raise DTypeError(
            f"{function}: module: expected a module, got {type(module).__name__}; call nn.{function}(module, path)"
        )
