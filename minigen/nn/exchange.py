"""Weights to PyTorch and back, and arrays in shared memory.

PyTorch keeps channels first, (N, C, H, W), and multiplies by the transposed matrix, x W^T. So the same numbers have
other names and another order of axes there:

    layer             minigen                                 PyTorch
    Dense             w (in, out), b                          Linear            weight (out, in), bias
    Conv1D            w (k, in/groups, out), b                Conv1d            weight (out, in/groups, k), bias
    Conv2D            w (kh, kw, in/groups, out), b           Conv2d            weight (out, in/groups, kh, kw), bias
    Conv2DTranspose   w (kh, kw, out/groups, in), b           ConvTranspose2d   weight (in, out/groups, kh, kw), bias
    BatchNorm         gamma, beta, running_mean, running_var  BatchNorm1d, 2d   weight, bias, the same, and a counter
    LayerNorm         gamma, beta                             LayerNorm         weight, bias
    GroupNorm         gamma, beta                             GroupNorm         weight, bias
    Embedding         w                                       Embedding         weight

Neither framework flips a kernel. Sequential's entries are 'layers.3.w' here and '3.weight' there; other names of
attributes are the same on both sides if you choose them so. Settings are not copied: BatchNorm's
momentum here is one minus PyTorch's.

Where an image becomes a vector or comes from one, its numbers are in another order: (H, W, C) here, (C, H, W) there.
The Dense layer behind a Flatten, or before a Reshape, has its rows, or columns, permuted; you say for which layers,
and for what size of image:

    to_torch(model, flattened={"layers.5": (7, 7, 128)}, reshaped={"layers.0": (7, 7, 128)})

No lesson derives it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..autodiff import Tensor
from ..backend import cupy
from ..errors import ArgumentError, DeviceError, DTypeError, ShapeError
from .layers import Conv1D, Conv2D, Conv2DTranspose, Dense, Embedding
from .module import Module, Sequential
from .normalization import BatchNorm, GroupNorm, LayerNorm

Images = Mapping[str, tuple[int, int, int]]
NORMALIZATION = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}
PLAIN = {"w": "weight", "b": "bias"}
LAYERS: dict[type[Module], tuple[dict[str, str], tuple[int, ...]]] = {  # names there, and the axes of w in their order
    Dense: (PLAIN, (1, 0)),
    Conv1D: (PLAIN, (2, 1, 0)),
    Conv2D: (PLAIN, (3, 2, 0, 1)),
    Conv2DTranspose: (PLAIN, (3, 2, 0, 1)),
    Embedding: (PLAIN, (0, 1)),
    BatchNorm: (NORMALIZATION, ()),
    LayerNorm: (NORMALIZATION, ()),
    GroupNorm: (NORMALIZATION, ()),
}
COUNTER = "num_batches_tracked"  # of PyTorch's BatchNorm; used only where momentum is None


def to_torch(
    module: Module, *, flattened: Images | None = None, reshaped: Images | None = None
) -> dict[str, np.ndarray]:
    """The state of a module under PyTorch's names and in its layout, as NumPy arrays.

        twin.load_state_dict({name: torch.from_numpy(array) for name, array in to_torch(model).items()})

    Args:
        module: layers of the table above, in modules of any depth.
        flattened: (H, W, C) of the images that come in flattened, by the path of the Dense layer that takes them.
        reshaped: (H, W, C) of the images that its output is reshaped to, by the path of the Dense layer.

    Raises:
        DTypeError: a layer with weights that is not in the table.
        ArgumentError, ShapeError: a path that is no Dense layer, or a size that does not fit it.
    """
    state = {}
    for path, layer, rows, columns in _layers(module, flattened or {}, reshaped or {}):
        names, axes = LAYERS[type(layer)]
        there = _torch_path(module, path)
        for own, tensor in _own(layer):
            array = tensor.numpy()
            if isinstance(layer, Dense):
                array = _reordered(array, rows, columns)
            state[_joined(there, names[own])] = np.array(array.transpose(axes) if own == "w" else array, order="C")
        if isinstance(layer, BatchNorm):
            state[_joined(there, COUNTER)] = np.array(0)
    return state


def from_torch(
    module: Module, state: Mapping[str, object], *, flattened: Images | None = None, reshaped: Images | None = None
) -> None:
    """Load a state of PyTorch, from `twin.state_dict()`, into a module; the inverse of `to_torch`.

    Args:
        module: the weights are written in place; nothing is changed if an entry is wrong.
        state: PyTorch tensors or arrays by PyTorch's names.
        flattened, reshaped: see `to_torch`.

    Raises:
        As `to_torch`, and:
        ArgumentError, ShapeError: an entry is missing, unknown or of another shape.
    """
    given = {name: _array(value) for name, value in state.items() if name.rpartition(".")[2] != COUNTER}
    found: dict[str, np.ndarray] = {}
    for path, layer, rows, columns in _layers(module, flattened or {}, reshaped or {}):
        names, axes = LAYERS[type(layer)]
        for own, tensor in _own(layer):
            theirs = _joined(_torch_path(module, path), names[own])
            if theirs not in given:
                raise ArgumentError(f"state: no entry {theirs!r}; build the twin with the same layers and names")
            array = given.pop(theirs)
            axes_there = axes if own == "w" else tuple(range(tensor.ndim))
            shape = tuple(tensor.shape[i] for i in axes_there)
            if array.shape != shape:
                raise ShapeError(f"state: {theirs!r} has shape {array.shape}, expected {shape}")
            array = array.transpose(np.argsort(axes_there))
            if isinstance(layer, Dense):
                array = _reordered(array, np.argsort(rows), np.argsort(columns))
            found[_joined(path, own)] = array
    if given:
        raise ArgumentError(f"state: unknown entries {sorted(given)}; build the twin with the same layers and names")
    module.load_state_dict(found)


def from_dlpack(x: Any) -> Tensor:
    """A tensor in the memory of another library's array, through DLPack; on the CPU or a CUDA device.

    Raises:
        DTypeError: x does not speak DLPack.
        DeviceError: x lies on a device of another kind.
    """
    if not hasattr(x, "__dlpack_device__"):
        raise DTypeError(f"from_dlpack: expected an array with __dlpack__, got {type(x).__name__}; use mg.tensor(x)")
    kind = int(x.__dlpack_device__()[0])
    if kind not in (1, 2):  # kDLCPU, kDLCUDA
        raise DeviceError(f"from_dlpack: x lies on a device of DLPack's type {kind}; move it to the CPU or to CUDA")
    return Tensor(np.from_dlpack(x) if kind == 1 else cupy().from_dlpack(x))


# ------------------------------------------------------------------------------------------------------- the order


def _own(layer: Module) -> list[tuple[str, Tensor]]:
    """The tensors of a layer itself."""
    return [(name, tensor) for name, tensor in layer.named_tensors() if "." not in name]


def _layers(module: Module, flattened: Images, reshaped: Images) -> Iterator[tuple[str, Module, Any, Any]]:
    """(path, layer, rows, columns) of every layer with weights; of a Dense, where PyTorch's rows and columns lie."""
    layers = {path: layer for path, layer in module.named_modules() if _own(layer)}
    for argument, images in (("flattened", flattened), ("reshaped", reshaped)):
        for path in images:
            if not isinstance(layers.get(path), Dense):
                dense = ", ".join(repr(p) for p, layer in layers.items() if isinstance(layer, Dense))
                raise ArgumentError(f"{argument}: {path!r} is no Dense layer; choose one of: {dense}")
    for path, layer in layers.items():
        if type(layer) not in LAYERS:
            raise DTypeError(f"{path or 'module'}: {type(layer).__name__} has weights and no counterpart in the table")
        if isinstance(layer, Dense):
            rows = _channels_first("flattened", path, layer.inputs, flattened.get(path))
            yield path, layer, rows, _channels_first("reshaped", path, layer.outputs, reshaped.get(path))
        else:
            yield path, layer, None, None


def _channels_first(argument: str, path: str, size: int, image: tuple[int, int, int] | None) -> np.ndarray:
    """Where the numbers of an image in PyTorch's order lie in ours: (size,)."""
    if image is None:
        return np.arange(size)
    if len(image) != 3 or np.prod(image) != size:
        raise ShapeError(f"{argument}[{path!r}]: expected (H, W, C) with H W C = {size}, got {tuple(image)}")
    return np.arange(size).reshape(image).transpose(2, 0, 1).ravel()


def _reordered(array: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The weights (in, out) or the bias (out,) of a Dense layer, with inputs and outputs in another order."""
    return array[rows][:, columns] if array.ndim == 2 else array[columns]


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _torch_path(module: Module, path: str) -> str:
    """A path without the 'layers' of each Sequential on the way."""
    names, walked = [], ""
    modules = dict(module.named_modules())
    for name in path.split("."):
        inside = modules.get(walked)
        if not (name == "layers" and isinstance(inside, Sequential)):
            names.append(name)
        walked = _joined(walked, name)
    return ".".join(names)


def _array(value: Any) -> np.ndarray:
    """A PyTorch tensor, which need not be imported for it, or anything like an array, as an array."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") and hasattr(value, "cpu") else value)
