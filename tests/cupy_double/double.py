"""A strict double of CuPy, computed by NumPy: it lets the GPU path be tested where there is no GPU.

It has CuPy's names and signatures (manifest.json) and none besides, and a call must suit NumPy's as well, as the same
source runs on both. Its arrays do not turn into NumPy arrays unless asked to, and reductions give 0-d arrays. It counts
what makes the host wait for the device (`xp.syncs`) and what crosses to it (`xp.transfers`). Where CuPy is silent and
slow or wrong (host indices, indices out of range or repeated in an assignment) it raises. contract.py says in
expressions what the double shares with CuPy and where it is stricter.
"""

import contextlib
import types

import numpy as np
import scipy.special

from minigen import backend, random

from .array import (
    MANIFEST,
    call,
    forbidden,
    leaves,
    lookup,
    memory,
    ndarray,
    operand,
    quiet,
    sync,
    syncs,
    transfer,
    transfers,
    unwrap,
    wrap,
)
from .kernels import RawModule

FOLDS = ("add", "multiply")
SCATTERS = {
    "add": ("int32", "int64", "uint32", "uint64", "float16", "float32", "float64"),
    "subtract": ("int32", "uint32"),
    "maximum": ("int32", "int64", "uint32", "uint64", "float32", "float64"),
    "minimum": ("int32", "int64", "uint32", "uint64", "float32", "float64"),
}


def _refusing(message):
    def function(*args, **named):
        raise NotImplementedError(message)

    return function


class Ufunc:
    """A universal function: it takes out, dtype and casting, and reduces and scatters only where CuPy's does."""

    def __init__(self, name, nin, nout, module=np):
        self.name, self.nin, self.nout, self.nargs = name, nin, nout, nin + nout
        self._numpy = getattr(module, name)

    def __call__(self, *args, out=None, dtype=None, casting="same_kind"):
        inputs, outs = args[: self.nin], args[self.nin :]
        if len(args) not in (self.nin, self.nargs) or (outs and out is not None):
            raise TypeError(f"Wrong number of arguments for {self.name!r}: {len(args)}")
        if out is not None:
            outs = out if isinstance(out, tuple) else (out,)
        options = {"out": unwrap(outs, self.name)} if outs else {}
        if dtype is not None:
            options["dtype"] = dtype
        if casting != "same_kind":
            options["casting"] = casting
        result = quiet(self._numpy, *[operand(x, self.name) for x in inputs], **options)
        return wrap(result) if not outs else outs[0] if self.nout == 1 else outs

    def __getattr__(self, method):
        encoded = lookup("ufunc", "ufunc", method)
        if method != "outer" and (method not in ("reduce", "accumulate") or self.name not in FOLDS):
            return _refusing(f"`{self.name}.{method}` is not supported yet")
        function = getattr(self._numpy, method)
        return lambda *args, **named: call(f"{self.name}.{method}", encoded, function, args, named)

    def at(self, a, indices, b=None):
        """Add (or what else) into places that may repeat."""
        if self.name not in SCATTERS:
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        if a.dtype.name not in SCATTERS[self.name]:
            raise TypeError(f"cupy.{self.name}.at only supports {', '.join(SCATTERS[self.name])} as data type")
        quiet(self._numpy.at, unwrap(a, "at"), a._index(indices), operand(b, "at"))


class Generator:
    """A source of random arrays with CuPy's methods: float64 unless told otherwise."""

    def __init__(self, seed=None):
        self._numpy = np.random.default_rng(seed)

    def __getattr__(self, name):
        encoded = lookup("Generator", "'Generator' object", name)
        return lambda *args, **named: call(f"Generator.{name}", encoded, getattr(self._numpy, name), args, named)


class Device:
    """The one device."""

    def __init__(self, device=0):
        self.id = device

    def use(self):
        """Compute on it."""
        if self.id:
            raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        return self

    def synchronize(self):
        """Wait, and count it."""
        sync("synchronize")


class Stream:
    """The one stream."""

    def synchronize(self):
        """Wait, and count it."""
        sync("synchronize")


Stream.null = Stream()
RUNTIME = types.SimpleNamespace(
    deviceSynchronize=lambda: sync("synchronize"),
    driverGetVersion=lambda: 13000,
    getDeviceCount=lambda: 1,
    getDeviceProperties=lambda device: {"name": b"CuPy double"},
)


class NCCLBackend:
    """What cupyx.distributed connects: of one process, which may send to itself alone."""

    def __init__(self, n_devices, rank):
        self.rank = rank

    def __getattr__(self, name):
        lookup("cupyx.distributed.NCCLBackend", "'NCCLBackend' object", name)
        return _refusing(f"the double's NCCL has no {name}: it sends and receives")

    def send_recv(self, in_array, out_array, peer, stream=None):
        """Into `out_array` what the peer sends; nobody waits, and nothing goes through the host."""
        if peer != self.rank:
            raise RuntimeError("NCCL_ERROR_INVALID_ARGUMENT: the double has one process")
        for array in (in_array, out_array):
            if not isinstance(array, ndarray):
                raise AttributeError(f"{type(array).__name__!r} object has no attribute 'data.ptr'")
            if not array._a.flags.c_contiguous and not array._a.flags.f_contiguous:
                raise RuntimeError("NCCL requires arrays to be either c- or f-contiguous")
        out_array[...] = in_array


def init_process_group(n_devices, rank, *, backend="nccl", host=None, port=None, use_mpi=False):
    """A process among others; of the double there is one."""
    if n_devices <= 0:
        raise ValueError(f"Invalid number of devices {n_devices}")
    if not 0 <= rank < n_devices:
        raise ValueError(f"Invalid number of rank {rank} {n_devices}")
    if backend != "nccl":
        raise ValueError(f"{backend} is not supported")
    if n_devices > 1:
        raise RuntimeError("NCCL_ERROR_INVALID_USAGE: the double has one device, and NCCL wants one for each process")
    return NCCLBackend(n_devices, rank)


DISTRIBUTED = types.SimpleNamespace(init_process_group=init_process_group, NCCLBackend=NCCLBackend)


class Special:
    """What `import cupyx.scipy.special` would give: SciPy's functions on device arrays."""

    def __getattr__(self, name):
        encoded = lookup("cupyx.scipy.special", "module 'cupyx.scipy.special'", name)
        return Ufunc(name, *map(int, encoded[1:].split(",")), scipy.special)


def as_strided(x, shape=None, strides=None):
    """A view with the given strides; where CuPy's would reach outside the memory of `x`, an error."""
    given = {name: value for name, value in (("shape", shape), ("strides", strides)) if value is not None}
    view = call("as_strided", MANIFEST["lib.stride_tricks"]["as_strided"], np.lib.stride_tricks.as_strided, (x,), given)
    memory = x._a
    while getattr(memory, "base", None) is not None:
        memory = memory.base
    (low, high), (start, stop) = map(np.lib.array_utils.byte_bounds, (view._a, memory))
    if view.size and not start <= low <= high <= stop:
        raise ValueError("as_strided: the view reaches outside the memory of its array")
    return view


class CuPy:
    """What `import cupy` would give, with what is counted: `syncs` and `transfers`, by reason."""

    __version__ = MANIFEST["version"]
    ndarray = ndarray
    syncs, transfers = syncs, transfers
    random = types.SimpleNamespace(default_rng=Generator)
    lib = types.SimpleNamespace(stride_tricks=types.SimpleNamespace(as_strided=as_strided))
    cuda = types.SimpleNamespace(
        is_available=lambda: True,
        get_current_stream=lambda device_id=-1: Stream.null,
        Device=Device,
        Stream=Stream,
        runtime=RUNTIME,
    )

    def __getattr__(self, name):
        encoded = lookup("cupy", "module 'cupy'", name)
        if name in ("ElementwiseKernel", "RawKernel", "ReductionKernel", "fuse"):
            return _refusing(f"cupy.{name} needs a real CUDA device: use RawModule, which the double can compute")
        if encoded.startswith("!"):
            return Ufunc(name, *map(int, encoded[1:].split(",")))
        value = getattr(np, name)
        if encoded == "np" or (encoded == "@" and isinstance(value, (float, type(None)))):
            return value
        if encoded == "@" or isinstance(value, type) or name.startswith(("from", "gen", "load")):
            raise AttributeError(f"the double has no cupy.{name}: NumPy's would give arrays on the host")
        return lambda *args, **named: call(name, encoded, value, args, named)

    def array(self, obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
        """A new device array, from the host too."""
        on_device = isinstance(obj, ndarray)
        if not on_device:
            if any(isinstance(leaf, ndarray) for leaf in leaves(obj)):
                raise TypeError("array: a list of device arrays; use xp.stack")
            transfer(f"array of {type(obj).__name__}")
            copy = True
        array = np.array(obj._a if on_device else obj, dtype=dtype, copy=copy, order=order or "K", ndmin=ndmin)
        if array.dtype.kind not in "biufc":
            raise ValueError(f"Unsupported dtype {array.dtype}")
        return obj if on_device and array is obj._a else ndarray._of(array)

    def asarray(self, a, dtype=None, order=None, *, copy=None, blocking=False):
        """A device array: the same one where it is there already."""
        return self.array(a, dtype, copy, order)

    asanyarray = asarray

    def asnumpy(self, a, stream=None, order="C", out=None, *, blocking=True):
        """The way out: a copy on the host."""
        return a.get(stream, order, out, blocking) if isinstance(a, ndarray) else np.asarray(a)

    def RawModule(
        self,
        code=None,
        *,
        path=None,
        options=(),
        backend="nvrtc",
        translate_cucomplex=False,
        enable_cooperative_groups=False,
        name_expressions=None,
        jitify=None,
    ):
        """CUDA source with kernels in it; what only CUDA's compiler could make of it is refused."""
        if not isinstance(code, str) or not isinstance(options, tuple):
            raise TypeError("RawModule: code is a str and options a tuple")
        if path or translate_cucomplex or enable_cooperative_groups or name_expressions or backend != "nvrtc":
            raise NotImplementedError("the double's RawModule takes only code and options")
        return RawModule(code)

    def is_available(self):
        """The double can always compute."""
        return True

    def get_default_memory_pool(self):
        """A pool that holds nothing: the double's arrays are NumPy's."""
        return types.SimpleNamespace(total_bytes=lambda: 0, free_all_blocks=lambda stream=None: None)

    # -- what CuPy has not

    def reset(self):
        """Set all counts to zero."""
        syncs.clear()
        transfers.clear()

    @contextlib.contextmanager
    def little_memory(self, largest):
        """No room inside the block for an array of more than so many bytes."""
        before = memory["largest"]
        memory["largest"] = largest
        try:
            yield
        finally:
            memory["largest"] = before

    @contextlib.contextmanager
    def forbid_sync(self, transfers=False):
        """Raise at the first synchronisation inside the block, and at the first transfer unless `transfers` is true."""
        before = set(forbidden)
        forbidden.update({"sync"} if transfers else {"sync", "transfer"})
        try:
            yield
        finally:
            forbidden.intersection_update(before)


@contextlib.contextmanager
def installed():
    """Make minigen take the double for CuPy inside a `with` block (with all counts at zero); then all is as before."""
    names = ("_import_cupy", "_import_cupyx_distributed", "_import_cupyx_special", "_default_device")
    before, generator = {name: getattr(backend, name) for name in names}, random._default
    modules = dict(backend._module_of)
    xp = CuPy()
    xp.reset()
    backend._import_cupy = lambda: xp
    backend._import_cupyx_distributed = lambda: DISTRIBUTED
    backend._import_cupyx_special = Special
    backend._module_of.clear()
    backend._module_of[np.ndarray] = np
    random._default = random.Generator(random._default.seed)
    try:
        yield xp
    finally:
        vars(backend).update(before)
        random._default = generator
        backend._module_of.clear()
        backend._module_of.update(modules)
