"""NumPy or CuPy: the switch, and every place where the two differ.

An operation asks its arrays which module they belong to (`xp = xp_of(x)`) and then computes with `xp`; CuPy is NumPy
on a CUDA device. The *default device* only decides where new tensors are created: CPU and GPU arrays live side by
side in one process. CuPy is imported here and nowhere else, and only when it is asked for.
"""

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np

from .errors import ArgumentError, DeviceError

Array: TypeAlias = np.ndarray[Any, Any]  # or a cupy.ndarray, which has the same methods

_module_of: dict[type, ModuleType] = {np.ndarray: np}
plain_types = _module_of.keys()  # the classes of plain arrays, without their subclasses
_default_device: str | None = None


# ------------------------------------------------------------------------------------------------ dispatch by array


def xp_of(*arrays: object) -> ModuleType:
    """The array module (numpy or cupy) of the first array among `arrays`; numpy if there are only Python numbers."""
    for array in arrays:
        xp = _module_of.get(type(array))
        if xp is not None:
            return xp
    for array in arrays:
        if type(array).__module__.partition(".")[0] == "cupy":  # made by the user before minigen met CuPy
            return cupy()
    return np


def is_array(x: object) -> TypeGuard[Array]:
    """Whether `x` is an array of NumPy or CuPy."""
    return isinstance(x, np.ndarray) or xp_of(x) is not np


def device_of(array: Array) -> str:
    """The device an array lies on: 'cpu' or 'cuda'."""
    return "cpu" if xp_of(array) is np else "cuda"


# ----------------------------------------------------------------------------------------------- choosing a device


class CudaStatus(NamedTuple):
    """What was found when CUDA was looked for: `fault` and `remedy` are empty where it is usable."""

    fault: str
    remedy: str
    found: str = ""


def _import_cupy() -> ModuleType:
    """The import itself, in a function of its own so that tests can put a double of CuPy in its place."""
    import cupy

    module: ModuleType = cupy
    return module


def _import_cupyx_distributed() -> ModuleType:
    """Likewise."""
    import cupyx.distributed

    module: ModuleType = cupyx.distributed
    return module


def _import_cupyx_special() -> ModuleType:
    """Likewise."""
    import cupyx.scipy.special

    module: ModuleType = cupyx.scipy.special
    return module


def cuda_status() -> CudaStatus:
    """Look for a usable CUDA device step by step: package, driver, device, and a kernel that compiles and runs."""
    try:
        xp = _import_cupy()
    except ImportError as error:
        return CudaStatus(
            f"the package cupy is not installed ({error})",
            "pip install 'minigen[cuda12]' or 'minigen[cuda13]', whichever CUDA version `nvidia-smi` shows",
        )
    runtime = xp.cuda.runtime
    try:
        driver = runtime.driverGetVersion()
        if not driver:
            return CudaStatus(
                f"cupy {xp.__version__} is installed, but there is no NVIDIA driver",
                "install the NVIDIA driver until `nvidia-smi` lists the card, or stay on the CPU",
            )
        count = runtime.getDeviceCount()
    except Exception as error:  # CuPy's own error class is only importable with CuPy
        if "InsufficientDriver" in str(error):
            return CudaStatus(
                f"the NVIDIA driver is too old for cupy {xp.__version__} ({error})",
                "update the driver, or install the CuPy for the older CUDA: pip install 'minigen[cuda12]'",
            )
        count, driver = 0, None
    if not count:
        return CudaStatus(
            f"cupy {xp.__version__} is installed, but no CUDA device is visible",
            "check that `nvidia-smi` lists a card and that CUDA_VISIBLE_DEVICES does not hide it",
        )
    try:
        ok = int(xp.arange(3).sum().item()) == 3
    except Exception as error:
        return CudaStatus(
            f"cupy {xp.__version__} sees {count} device(s) but cannot run a kernel ({str(error).splitlines()[0]})",
            "reinstall with the CUDA components included: pip install --force-reinstall 'minigen[cuda12]' (or cuda13)",
        )
    if not ok:
        return CudaStatus("a test kernel gave a wrong sum", "check the card and its driver with `nvidia-smi`")
    version = f"{driver // 1000}.{driver % 1000 // 10}"
    return CudaStatus("", "", f"cupy {xp.__version__}, {count} device(s), driver for CUDA {version}")


def tf32() -> bool:
    """Whether float32 products on the GPU are computed in TF32: CUPY_TF32=1 in the environment of the process.

    TF32 keeps 10 of the 23 binary digits of each factor and adds in float32; it is several times as fast where the card
    has it. The switch is CuPy's, and off by default: with it, a model trains with other numbers than on the CPU.
    """
    return os.environ.get("CUPY_TF32", "0") not in ("", "0")


def cupy() -> ModuleType:
    """The CuPy module, once it is certain that it can compute.

    Raises:
        DeviceError: says what was found (package missing, no driver, no device, no kernel) and the remedy.
    """
    for xp in _module_of.values():
        if xp is not np:
            return xp
    status = cuda_status()
    if status.fault:
        raise DeviceError(f"device 'cuda' is not usable here: {status.fault}; remedy: {status.remedy}")
    xp = _import_cupy()
    _module_of[xp.ndarray] = xp
    return xp


def module_for(device: str) -> ModuleType:
    """The array module that computes on `device` ('cpu' or 'cuda').

    Raises:
        ArgumentError: for any other name.
        DeviceError: where CUDA is asked for and not usable.
    """
    if device == "cpu":
        return np
    if device == "cuda":
        return cupy()
    raise ArgumentError(f"device: unknown name {device!r}; take 'cpu', or 'cuda' for an NVIDIA GPU")


def default_device() -> str:
    """Where new tensors are created: as set by `device` or `use_device`, else MINIGEN_DEVICE, else 'cpu'."""
    if _default_device is None:
        chosen = os.environ.get("MINIGEN_DEVICE") or "cpu"
        try:
            use_device(chosen)
        except ArgumentError as error:
            raise ArgumentError(str(error).replace("device:", "MINIGEN_DEVICE:", 1)) from None
    assert _default_device is not None
    return _default_device


def use_device(name: str) -> None:
    """Create new tensors on `name` ('cpu' or 'cuda') from now on; if it is not usable, raise and change nothing."""
    global _default_device
    module_for(name)
    _default_device = name


@contextlib.contextmanager
def device(name: str) -> Iterator[None]:
    """Create new tensors on `name` inside a `with` block."""
    global _default_device
    before = _default_device
    use_device(name)
    try:
        yield
    finally:
        _default_device = before


# -------------------------------------------------------------------------------------- crossing between the devices


def to_device(array: Array, name: str) -> Array:
    """`array` on device `name`; the same object where it is there already. The one way across in this package."""
    here = device_of(array)
    if here == name:
        module_for(name)
        return array
    return to_numpy(array) if name == "cpu" else module_for(name).asarray(array)


def to_numpy(array: Array) -> np.ndarray:
    """`array` as a NumPy array; waits for the device if it lies on one."""
    return np.asarray(array) if xp_of(array) is np else array.get()  # type: ignore[attr-defined]  # CuPy has it


# ------------------------------------------------------------------------------------------------------- differences


def errstate(xp: ModuleType) -> contextlib.AbstractContextManager[object]:
    """Silence floating-point warnings; CuPy gives none and has no errstate."""
    return np.errstate(all="ignore") if xp is np else contextlib.nullcontext()


def special(xp: ModuleType) -> ModuleType:
    """The special functions of mathematics: scipy.special, or CuPy's version of it."""
    if xp is not np:
        return _import_cupyx_special()
    import scipy.special  # takes long to import, and little needs it

    module: ModuleType = scipy.special
    return module


def synchronize(device: str) -> None:
    """Wait until the device has done all it was given; nothing to wait for on the CPU."""
    if device == "cuda":
        cupy().cuda.Device().synchronize()


def device_name() -> str:
    """The name of the CUDA device, for reports."""
    properties = cupy().cuda.runtime.getDeviceProperties(0)
    return str(properties["name"].decode())


def gpus() -> int:
    """The number of CUDA devices of this machine."""
    return int(cupy().cuda.runtime.getDeviceCount())


def use_gpu(number: int) -> None:
    """Compute on this CUDA device from here on; before the first array is made."""
    cupy().cuda.Device(number).use()


def nccl(size: int, rank: int) -> Any:
    """NCCL's connection of this process's CUDA device with those of all `size` processes, which MPI introduces.

    Raises:
        DeviceError: NCCL is not there.
    """
    cupy()
    try:
        return _import_cupyx_distributed().init_process_group(size, rank, use_mpi=True)
    except (ImportError, RuntimeError) as error:
        raise DeviceError(
            f"processes: gradients on GPUs are summed by NCCL, which is not usable here ({error}); "
            "pip install nvidia-nccl-cu12 (or -cu13), or train on one GPU"
        ) from None


def cupy_is_loaded() -> bool:
    """Whether some array of this process may lie on a CUDA device."""
    return len(_module_of) > 1 or "cupy" in sys.modules


# ------------------------------------------------------------------------------------------------------------ memory


@functools.cache
def keep_freed_memory() -> None:
    """Keep the memory of freed arrays in the process, for the next ones, instead of giving it back to the system.

    A training step frees and makes the same arrays again and again. Fresh memory comes from the system page by page,
    each cleared first, which takes longer than most computations on it. The CUDA side of this is CuPy's memory pool.
    With another C library than glibc nothing is changed. It is done once, for the process: by the first optimizer.
    """
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return
    trim_threshold, mmap_max = -1, -4  # <malloc.h>
    mallopt(mmap_max, 0)  # no block of any size by itself, to be given back when it is freed
    mallopt(trim_threshold, -1)  # nor anything from the end of the heap
