"""Every test that uses `device` runs on NumPy and on the strict double of CuPy; `--device cuda` adds a real GPU."""

import contextlib
import gc
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy comes: a process a core, and not more threads in each

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from tests.cupy_double import double

with contextlib.suppress(ImportError):  # a machine with a GPU may lack it: then the other tests run (benchmarks/gpu)
    import hypothesis

    hypothesis.settings.register_profile("untimed", deadline=None)  # how long a test takes says nothing about the code
    hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption(
        "--device",
        choices=("cpu", "cuda"),
        default="cpu",
        help="cuda: run the tests of both devices on a real CUDA device in place of its double",
    )


def pytest_collection_modifyitems(items):
    """The notebooks come first: a process that comes to one at the very end would keep the others waiting."""
    items.sort(key=lambda item: not item.name.startswith("test_the_notebook_runs"))


def pytest_collection_finish():
    """Thousands of tests wait: the garbage collector need not go through them again and again."""
    gc.collect()
    gc.freeze()


def pytest_generate_tests(metafunc):
    if "device_kind" in metafunc.fixturenames:
        second = "cuda" if metafunc.config.getoption("--device") == "cuda" else "double"
        metafunc.parametrize("device_kind", ["cpu", second], indirect=True)


@pytest.fixture
def device_kind(request):
    """'cpu', 'double' or 'cuda'."""
    return request.param


@pytest.fixture
def device(device_kind):
    """The name of the device to test on, made the default device: 'cpu', or 'cuda' (a real one, or the double)."""
    with contextlib.ExitStack() as stack:
        if device_kind == "double":
            stack.enter_context(double.installed())
        name = "cpu" if device_kind == "cpu" else "cuda"
        stack.enter_context(backend.device(name))
        yield name


@pytest.fixture
def make(device):
    """A float64 tensor on `device` of the given host array (or of N(0, 1) numbers of the given shape)."""
    rng = np.random.default_rng(0)

    def make(values, requires_grad=True, dtype=np.float64):
        if isinstance(values, tuple):
            values = rng.standard_normal(values)
        return mg.tensor(np.asarray(values, dtype=dtype), device=device, requires_grad=requires_grad)

    return make
