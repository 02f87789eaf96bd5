"""The double's kernels refuse what CUDA would get wrong without a word; and the library's source compiles for CUDA."""

import ctypes
import ctypes.util
import functools
import importlib.util
import inspect
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from minigen import backend, fused
from tests.cupy_double import double, kernels, twins

needs_compiler = pytest.mark.skipif(kernels.compiler() is None, reason="no C++ compiler")
CODE = r"""
typedef float real;
extern "C" {
__global__ void scale(int size, const real* x, real* y, real factor) {
    const int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < size) y[i] = factor * x[i];
}
__global__ void number(long long size, int* y, double unused) {
    const int i = (blockIdx.y * gridDim.x + blockIdx.x) * blockDim.x * blockDim.y * blockDim.z
                + (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    if (i < size) y[i] = i;
}
__global__ void past_the_end(int size, float* x) {
    x[blockIdx.x * blockDim.x + threadIdx.x] = 1;
}
__global__ void race(int size, float* x) {
    x[threadIdx.x] = x[size - 1 - threadIdx.x] + 1;
}
}
"""


@pytest.fixture
def xp():
    with double.installed() as xp:
        yield xp


@pytest.fixture
def kernel(xp):
    """A function that gets a kernel of CODE by its name."""
    return xp.RawModule(code=CODE).get_function


# ---------------------------------------------------------------------------------------------- what the double does


@needs_compiler
def test_computes_what_the_source_says(xp, kernel):
    x, y = xp.asarray(np.arange(5, dtype="float32")), xp.zeros(5, dtype="float32")
    xp.reset()
    assert kernel("scale")((2,), (3,), (np.int32(4), x, y, np.float32(3))) is None
    assert not xp.syncs
    assert not xp.transfers
    assert y.get().tolist() == [0, 3, 6, 9, 0]
    kernel("scale")((1,), (32,), (np.int32(5), y, y, np.float32(2)))  # in place
    assert y.get().tolist() == [0, 6, 12, 18, 0]


@needs_compiler
def test_every_thread_of_every_block_comes_once(xp, kernel):
    numbers = xp.zeros(2 * 3 * 2 * 3 * 4, dtype="int32")
    kernel("number")((2, 3), (2, 3, 4), (numbers.size, numbers, np.float64(1)))
    assert numbers.get().tolist() == list(range(numbers.size))


@needs_compiler
def test_writing_next_to_an_array_is_caught(xp, kernel):
    x = xp.zeros(6, dtype="float32")
    kernel("past_the_end")((2,), (3,), (np.int32(6), x))
    for part in (x[:5], x[1:]):
        with pytest.raises(AssertionError, match="past_the_end: it writes next to an array"):
            kernel("past_the_end")((2,), (3,), (np.int32(6), part))


@needs_compiler
def test_a_race_is_caught(xp, kernel):
    with pytest.raises(AssertionError, match="race: the result depends on the order of the threads"):
        kernel("race")((1,), (4,), (np.int32(4), xp.zeros(4, dtype="float32")))


@needs_compiler
def test_source_that_does_not_compile(xp):
    kernel = xp.RawModule(code='extern "C" __global__ void f(float* x) { x[0] = nothing; }').get_function("f")
    with pytest.raises(AssertionError, match="nothing"):
        kernel((1,), (1,), (xp.zeros(1, dtype="float32"),))


def test_without_a_compiler_the_twin_is_asked(xp, kernel, monkeypatch):
    monkeypatch.setattr(kernels, "compiler", lambda: None)
    x, y = xp.ones(5, dtype="float32"), xp.zeros(5, dtype="float32")
    with pytest.raises(NotImplementedError, match="scale has no twin"):
        kernel("scale")((1,), (5,), (np.int32(5), x, y, np.float32(2)))
    monkeypatch.setitem(
        kernels.TWINS, "scale", lambda size, x, y, factor: y.__setitem__(slice(size), factor * x[:size])
    )
    kernel("scale")((1,), (5,), (np.int32(4), x, y, np.float32(2)))
    assert y.get().tolist() == [2, 2, 2, 2, 0]


# ------------------------------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize("has_compiler", [pytest.param(True, marks=needs_compiler), False])
def test_arguments_that_cuda_would_misread(xp, kernel, monkeypatch, has_compiler):
    if not has_compiler:
        monkeypatch.setattr(kernels, "compiler", lambda: None)
        monkeypatch.setitem(kernels.TWINS, "scale", lambda *args: None)
    x, y, size, factor = xp.ones((3, 4), dtype="float32"), xp.ones(12, dtype="float32"), np.int32(12), np.float32(1)
    scale = kernel("scale")
    scale((1,), (32,), (size, x, y, factor))
    for args in (
        (12, x, y, factor),
        (np.int64(12), x, y, factor),
        (size, x, y, 1.0),
        (size, x, y, np.float64(1)),
        (size, x, y),
        (size, x, y, factor, factor),
        [size, x, y, factor],
        (size, x.get(), y, factor),
        (size, x, None, factor),
        (size, x.T, y, factor),
        (size, x[:, :2], y, factor),
        (size, x.astype("float64"), y, factor),
        (x.sum(), x, y, factor),
    ):
        with pytest.raises(TypeError):
            scale((1,), (32,), args)
    with pytest.raises(ValueError, match="overlaps"):
        scale((1,), (32,), (np.int32(6), y[3:9], y[:6], factor))
    with pytest.raises(ValueError, match="overlaps"):
        scale((1,), (32,), (np.int32(6), y[:6], y, factor))


@pytest.mark.parametrize(
    ("error", "grid", "block"),
    [
        (TypeError, 1, (32,)),
        (TypeError, (1,), [32]),
        (TypeError, (1.0,), (32,)),
        (TypeError, (), (32,)),
        (TypeError, (np.int64(1),), (32,)),
        (TypeError, (1, 1, 1, 1), (32,)),
        (ValueError, (0,), (32,)),
        (ValueError, (1,), (0,)),
        (ValueError, (1 << 31,), (1,)),
        (ValueError, (1, 65536), (1,)),
        (ValueError, (1,), (1025,)),
        (ValueError, (1,), (64, 32)),
        (ValueError, (1,), (1, 1, 65)),
    ],
)
def test_grids_that_cuda_does_not_start(xp, kernel, error, grid, block):
    x = xp.ones(4, dtype="float32")
    with pytest.raises(error, match=r"grid|block"):
        kernel("scale")(grid, block, (np.int32(4), x, x, np.float32(1)))


def test_modules_that_only_cuda_could_make(xp):
    for error, named in (
        (TypeError, {}),
        (TypeError, {"code": CODE, "options": ["-O3"]}),
        (NotImplementedError, {"code": CODE, "backend": "nvcc"}),
        (NotImplementedError, {"code": CODE, "name_expressions": ["f<int>"]}),
    ):
        with pytest.raises(error):
            xp.RawModule(**named)
    with pytest.raises(TypeError):
        xp.RawModule(CODE, ("-O3",))  # what follows `code` goes by keyword
    with pytest.raises(ValueError, match="symbol not found: shrink"):
        xp.RawModule(code=CODE).get_function("shrink")


# ------------------------------------------------------------------------------------------------ the library's source


def test_every_kernel_has_a_twin_with_its_parameters():
    found = kernels.parameters(fused.SOURCE)
    assert len(found) == fused.SOURCE.count("__global__") > 0
    assert set(found) == set(twins.TWINS)
    for name, kinds in found.items():
        code = twins.TWINS[name].__code__
        takes_more = code.co_flags & inspect.CO_VARARGS
        assert code.co_argcount <= len(kinds) if takes_more else code.co_argcount == len(kinds)


def test_kernels_are_made_once(xp, monkeypatch):
    backend.module_for("cuda")
    x, made = xp.ones((4, 3)), []
    make = xp.RawModule
    monkeypatch.setattr(xp, "RawModule", lambda **named: made.append(named) or make(**named), raising=False)
    monkeypatch.setattr(kernels, "compiler", lambda: None)
    for _ in range(3):
        fused.channel_sums(x)
        fused.bce_with_logits(x, x)
        fused.channel_sums(x.astype("float32"))
    assert [named["code"][:15] for named in made] == ["typedef double ", "typedef float r"]
    assert fused._kernel(xp, "adam", "f") is fused._kernel(xp, "adam", "f")


@functools.cache
def nvrtc():
    """CUDA's runtime compiler, as pip or the CUDA toolkit installs it, or None; it needs no device."""
    packages = importlib.util.find_spec("nvidia")
    folders = [Path(p) for p in packages.submodule_search_locations or []] if packages else []
    files = [str(f) for folder in folders for f in sorted(folder.glob("*/lib/libnvrtc.so.*"))]
    for name in [*files, ctypes.util.find_library("nvrtc")]:
        if name:
            return ctypes.CDLL(name)
    return None


def ptx_by_nvrtc(code, options):
    """The machine-independent assembly that the runtime compiler makes of `code`, as CuPy lets it."""
    lib, program, size = nvrtc(), ctypes.c_void_p(), ctypes.c_size_t()
    if lib is None:
        pytest.skip("no NVRTC: pip install nvidia-cuda-nvrtc-cu12")
    assert lib.nvrtcCreateProgram(ctypes.byref(program), code.encode(), b"fused.cu", 0, None, None) == 0
    options = [b"-std=c++17", b"-arch=compute_75", *options]  # compute_75: the oldest that CUDA 13 knows
    status = lib.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    for what in ("ProgramLog", "PTX"):
        assert getattr(lib, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
        text = ctypes.create_string_buffer(size.value)
        assert getattr(lib, f"nvrtcGet{what}")(program, text) == 0
        assert status == 0, text.value.decode()
        if what == "ProgramLog":
            assert not text.value.strip(), text.value.decode()
    lib.nvrtcDestroyProgram(ctypes.byref(program))
    return text.value.decode()


def ptx_by_nvcc(code, options, folder):
    """The same by the compiler driver, which also makes it machine code for a GPU: the last step before a launch."""
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc")
    (folder / "fused.cu").write_text(code)
    strict = ["-std=c++17", "-Werror", "all-warnings", *map(bytes.decode, options)]
    for target in (["-arch=compute_75", "-ptx"], ["-arch=sm_90", "-cubin"]):
        done = subprocess.run(["nvcc", *strict, *target, "fused.cu"], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return (folder / "fused.ptx").read_text()


@pytest.mark.parametrize("compiler", ["nvrtc", "nvcc"])
@pytest.mark.parametrize("real", ["float", "double"])
def test_the_source_compiles_for_cuda(compiler, real, tmp_path):
    module = fused._module.__wrapped__(Recorder(), real)
    options = [option.encode() for option in module["options"]]
    assert options
    ptx = (
        ptx_by_nvcc(module["code"], options, tmp_path) if compiler == "nvcc" else ptx_by_nvrtc(module["code"], options)
    )
    entries = dict(re.findall(r"\.entry (\w+)\((.*?)(?=\.entry|\Z)", ptx, re.S))
    assert set(entries) == set(twins.TWINS)
    for name, text in entries.items():
        if real == "float":
            assert not re.search(r"\.f64\b", text), f"{name} computes in double precision on the way"
        if name in ("adam", "batch_norm", "batch_norm_gradient", "add_windows"):
            assert "fma." not in text, f"{name}: a product and a sum are rounded as one"
            assert "approx" not in text, f"{name}: a division or square root is not the nearest number"


class Recorder:
    """Takes what a module of CUDA source would be made of."""

    def RawModule(self, **named):
        return named
