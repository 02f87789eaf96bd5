"""CUDA kernels for the double of CuPy: RawModule and RawKernel, computed on the CPU.

Where there is a C++ compiler, the very source of a kernel is compiled with a dozen lines (`SHIM`) that turn the threads
of its grid into loops; elsewhere its twin in NumPy is called. A kernel gets raw pointers, and CuPy passes it whatever
it is given, so here everything is checked: each argument against the parameter's type, that arrays are contiguous and
do not overlap, that the grid is one CUDA would start, that nothing is written next to an array, and that the result
does not depend on the order of the threads. Kernels without shared memory or synchronised threads only.
"""

import ctypes
import functools
import math
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from .array import ndarray
from .twins import TWINS

TYPES = {"float": np.float32, "double": np.float64, "int": np.int32, "long long": np.int64}
PYTHON = {"long long": int}  # the numbers of Python that CuPy hands to a kernel as such a C type
GUARD = 1024  # numbers on either side of an array, which must stay what they are; a kernel that reads them gets NaN

SHIM = r"""
#include <math.h>
#include <type_traits>
#include <utility>
#define __global__
#define __device__ static
struct Place { unsigned x, y, z; };
static Place gridDim, blockDim, blockIdx, threadIdx;

template <class... A, size_t... k>
void every_thread(void (*kernel)(A...), const Place* sizes, bool backwards, void** args, std::index_sequence<k...>) {
    gridDim = sizes[0], blockDim = sizes[1];
    const long long threads = (long long)blockDim.x * blockDim.y * blockDim.z;
    const long long all = (long long)gridDim.x * gridDim.y * gridDim.z * threads;
    for (long long count = 0; count < all; count++) {
        const long long one = backwards ? all - 1 - count : count;
        const unsigned t = one % threads, b = one / threads;
        threadIdx = {t % blockDim.x, t / blockDim.x % blockDim.y, t / blockDim.x / blockDim.y};
        blockIdx = {b % gridDim.x, b / gridDim.x % gridDim.y, b / gridDim.x / gridDim.y};
        kernel(*static_cast<std::remove_const_t<A>*>(args[k])...);
    }
}
template <class... A>
void every_thread(void (*kernel)(A...), const Place* sizes, bool backwards, void** args) {
    every_thread(kernel, sizes, backwards, args, std::index_sequence_for<A...>());
}
"""
LAUNCHER = """
extern "C" void launch_{0}(const Place* sizes, bool backwards, void** args)
{{ every_thread({0}, sizes, backwards, args); }}
"""


def compiler():
    """The path of a C++ compiler, or None."""
    return next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)


def parameters(code):
    """The C types of each kernel's parameters, by the kernel's name: 'float', 'const float*' and so on."""
    typedefs = {name: kind for kind, name in re.findall(r"typedef (float|double|long long) (\w+);", code)}
    found = {}
    for name, text in re.findall(r"__global__ void (\w+)\(([^)]*)\)", code):
        kinds = [parameter.rpartition(" ")[0].strip() for parameter in text.split(",")]
        found[name] = [re.sub(r"\w+", lambda word: typedefs.get(word[0], word[0]), kind) for kind in kinds]
    return found


@functools.cache
def library(code):
    """The kernels of `code` as a shared library, each with its launcher."""
    with tempfile.TemporaryDirectory() as folder:
        source, result = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        source.write_text(SHIM + code + "".join(map(LAUNCHER.format, parameters(code))))
        options = ["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC"]
        done = subprocess.run([compiler(), *options, "-o", result, source], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return ctypes.PyDLL(str(result))


def checked(where, kind, value):
    """The NumPy array or scalar that a parameter of this C type gets, or an error where CuPy would pass wrong bits."""
    base = TYPES[kind.replace("const ", "").rstrip("*")]
    if kind.endswith("*"):
        if not isinstance(value, ndarray):
            raise TypeError(f"{where}: expected a device array, got {type(value)}")
        if value.dtype != base or not value.flags.c_contiguous:
            raise TypeError(f"{where}: expected a contiguous array of {base.__name__}, got {value.dtype}")
        return value._a
    if type(value) not in (base, PYTHON.get(kind)):
        raise TypeError(f"{where}: expected a number of type {base.__name__}, got {type(value)}")
    return base(value)


def shape3(what, sizes, largest):
    """A grid or block as three numbers that CUDA takes."""
    if not isinstance(sizes, tuple) or not 1 <= len(sizes) <= 3 or not all(type(n) is int for n in sizes):
        raise TypeError(f"{what}: expected a tuple of one to three int, got {sizes!r}")
    sizes = (*sizes, 1, 1)[:3]
    if not all(1 <= n <= most for n, most in zip(sizes, largest, strict=True)):
        raise ValueError(f"{what}: {sizes} is not within 1 ... {largest}")
    return sizes


def place(array):
    """Where an array lies."""
    return array.ctypes.data, array.size


def guarded(arrays):
    """A copy of each array with guards on both sides, one for all the arrays that are the same; and the guards."""
    copies, guards = {}, []
    for array in arrays:
        if place(array) not in copies:
            around = np.full(array.size + 2 * GUARD, np.nan if array.dtype.kind == "f" else -1, array.dtype)
            around[GUARD:-GUARD] = array.ravel()
            copies[place(array)] = around[GUARD:-GUARD]
            guards += [around[:GUARD], around[-GUARD:]]
    return [copies[place(array)] for array in arrays], guards


def refuse_overlap(where, kinds, values):
    """Arrays may be the same, but must not overlap otherwise, if one of them is written to."""
    arrays = [(kind, v) for kind, v in zip(kinds, values, strict=True) if kind.endswith("*")]
    for kind, a in arrays:
        for _, b in arrays:
            if "const" not in kind and place(a) != place(b) and np.may_share_memory(a, b):
                raise ValueError(f"{where}: an array overlaps with one that is written to")


@functools.cache
def array_type(kind, length):
    """A C type, made once: types that go away leave reference cycles behind, and tests look for those."""
    return kind * length


class RawKernel:
    """A kernel of a module; CuPy's needs no more than to be called."""

    def __init__(self, code, name):
        self.code, self.name, self.kinds = code, name, parameters(code)[name]

    def __call__(self, grid, block, args, *, shared_mem=0):
        sizes = shape3("grid", grid, (2**31 - 1, 65535, 65535)) + shape3("block", block, (1024, 1024, 64))
        if math.prod(sizes[3:]) > 1024:
            raise ValueError(f"block: {block} has more than 1024 threads")
        if not isinstance(args, tuple) or len(args) != len(self.kinds):
            raise TypeError(f"{self.name}: expected a tuple of {len(self.kinds)} arguments, got {args!r}")
        where = [f"{self.name}: argument {i}" for i in range(len(args))]
        values = [checked(*each) for each in zip(where, self.kinds, args, strict=True)]
        refuse_overlap(self.name, self.kinds, values)
        if compiler() is None:
            if self.name not in TWINS:
                raise NotImplementedError(f"the kernel {self.name} has no twin, and there is no C++ compiler")
            with np.errstate(all="ignore"):
                TWINS[self.name](*(v.reshape(-1) if isinstance(v, np.ndarray) else v for v in values))
            return
        forwards, backwards = (self._compute(sizes, values, order) for order in (False, True))
        for kind, value, result, same in zip(self.kinds, values, forwards, backwards, strict=True):
            if kind.endswith("*") and "const" not in kind:
                if result.tobytes() != same.tobytes():
                    raise AssertionError(f"{self.name}: the result depends on the order of the threads")
                value[...] = result.reshape(value.shape)

    def _compute(self, sizes, values, backwards):
        """The arrays among `values` as the kernel leaves them."""
        arrays = [v for v in values if isinstance(v, np.ndarray)]
        copies, guards = guarded(arrays)
        before = [guard.tobytes() for guard in guards]
        left = iter(copies)
        results = [next(left) if isinstance(v, np.ndarray) else v for v in values]
        cells = [
            ctypes.c_void_p(r.ctypes.data) if kind.endswith("*") else np.ctypeslib.as_ctypes_type(r.dtype)(r)
            for kind, r in zip(self.kinds, results, strict=True)
        ]
        pointers = array_type(ctypes.c_void_p, len(cells))(*(ctypes.addressof(cell) for cell in cells))
        launch = getattr(library(self.code), f"launch_{self.name}")
        launch(array_type(ctypes.c_uint, 6)(*sizes), ctypes.c_bool(backwards), pointers)
        if before != [guard.tobytes() for guard in guards]:
            raise AssertionError(f"{self.name}: it writes next to an array")
        return results


class RawModule:
    """The kernels of one source text."""

    def __init__(self, code):
        self.code, self.kernels = code, {}

    def get_function(self, name):
        """A new RawKernel each time, as in CuPy."""
        if name not in parameters(self.code):
            raise ValueError(f"named symbol not found: {name}")
        return RawKernel(self.code, name)
