"""The switch: choosing a device, and what is said where there is none."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from minigen.errors import ArgumentError, DeviceError
from tests.cupy_double import double

PACKAGE = Path(mg.__file__).parent


@pytest.fixture
def no_cupy_yet(monkeypatch):
    """As in a fresh process: CuPy not looked for, no default device chosen."""
    monkeypatch.setattr(backend, "_module_of", {np.ndarray: np})
    monkeypatch.setattr(backend, "_default_device", None)
    monkeypatch.delenv("MINIGEN_DEVICE", raising=False)


def fake_cupy(driver=13000, devices=1, kernel=lambda: 3):
    """As much of CuPy as the look for a device touches; numbers or errors."""

    def give(value):
        if isinstance(value, Exception):
            raise value
        return value

    array = SimpleNamespace(sum=lambda: SimpleNamespace(item=kernel))
    runtime = SimpleNamespace(driverGetVersion=lambda: give(driver), getDeviceCount=lambda: give(devices))
    return SimpleNamespace(__version__="14.2.0", cuda=SimpleNamespace(runtime=runtime), arange=lambda n: array)


def failing(error):
    def kernel():
        raise error

    return kernel


@pytest.mark.parametrize(
    ("cupy", "found", "remedy"),
    [
        (ImportError("No module named 'cupy'"), "cupy is not installed", "pip install 'minigen[cuda12]'"),
        (fake_cupy(driver=0), "no NVIDIA driver", "install the NVIDIA driver"),
        (
            fake_cupy(devices=RuntimeError("cudaErrorInsufficientDriver: too old")),
            "driver is too old",
            "update the driver",
        ),
        (fake_cupy(devices=0), "no CUDA device is visible", "CUDA_VISIBLE_DEVICES"),
        (fake_cupy(devices=RuntimeError("cudaErrorNoDevice: none")), "no CUDA device is visible", "nvidia-smi"),
        (fake_cupy(kernel=failing(RuntimeError("libnvrtc.so\nnot found"))), "cannot run a kernel", "force-reinstall"),
        (fake_cupy(kernel=lambda: 4), "wrong sum", "nvidia-smi"),
    ],
)
def test_a_missing_device_is_told_with_its_remedy(no_cupy_yet, monkeypatch, cupy, found, remedy):
    def importer():
        if isinstance(cupy, Exception):
            raise cupy
        return cupy

    monkeypatch.setattr(backend, "_import_cupy", importer)
    for act in (lambda: mg.use_device("cuda"), lambda: mg.zeros(2, device="cuda"), lambda: mg.ones(2).to("cuda")):
        with pytest.raises(DeviceError) as caught:
            act()
        message = str(caught.value)
        assert message.startswith("device 'cuda' is not usable here: ")
        assert found in message
        assert remedy in message
        assert "\n" not in message
    assert backend.default_device() == "cpu"


def test_device_and_use_device_nest():
    with double.installed():
        assert mg.zeros(1).device == "cpu"
        with mg.device("cuda"):
            assert mg.zeros(1).device == mg.nn.Dense(2, 2).w.device == "cuda"
            with mg.device("cpu"):
                assert mg.zeros(1).device == "cpu"
            assert mg.zeros(1).device == "cuda"
        with pytest.raises(KeyError), mg.device("cuda"):
            raise KeyError
        assert mg.zeros(1).device == "cpu"
        mg.use_device("cuda")
        assert mg.tensor([1.0]).device == "cuda"
        assert mg.tensor(np.ones(2)).device == "cuda"
        mg.use_device("cpu")
        there = mg.ones(2, device="cuda")
        assert mg.tensor(there.data).device == "cuda"  # what is on a device stays there
        assert (there * 2).device == "cuda"  # results lie where their inputs do
        assert np.array_equal(there.to("cpu").numpy(), np.ones(2))
        assert there.to("cuda") is there


def test_the_environment_variable(no_cupy_yet, monkeypatch):
    monkeypatch.setenv("MINIGEN_DEVICE", "cpu")
    assert backend.default_device() == "cpu"
    monkeypatch.setattr(backend, "_default_device", None)
    monkeypatch.setenv("MINIGEN_DEVICE", "cdua")
    with pytest.raises(ArgumentError, match="MINIGEN_DEVICE: unknown name 'cdua'; take 'cpu', or 'cuda'"):
        mg.zeros(1)


def test_the_environment_variable_asks_for_a_device_that_is_missing(no_cupy_yet, monkeypatch):
    def importer():
        raise ImportError("No module named 'cupy'")

    monkeypatch.setattr(backend, "_import_cupy", importer)
    monkeypatch.setenv("MINIGEN_DEVICE", "cuda")
    for _ in range(2):  # the second time as the first: no half-made choice is kept
        with pytest.raises(DeviceError, match=r"cupy is not installed .*; remedy: pip install"):
            mg.zeros(1)
    assert mg.zeros(1, device="cpu").device == "cpu"
    monkeypatch.setenv("MINIGEN_DEVICE", "")
    assert mg.zeros(1).device == "cpu"


@pytest.mark.parametrize("name", ["gpu", "cuda:1", "", "CPU"])
def test_unknown_devices(name):
    with pytest.raises(ArgumentError, match="take 'cpu', or 'cuda' for an NVIDIA GPU"):
        mg.use_device(name)


def test_a_refused_device_changes_nothing(no_cupy_yet, monkeypatch):
    monkeypatch.setattr(backend, "_import_cupy", lambda: fake_cupy(devices=0))
    mg.use_device("cpu")
    for name, error in (("cuda", DeviceError), ("gpu", ArgumentError)):
        with pytest.raises(error):
            mg.use_device(name)
        with pytest.raises(error), mg.device(name):
            raise AssertionError("the block must not be entered")
        assert backend.default_device() == "cpu"
        assert backend._module_of == {np.ndarray: np}


def test_a_device_that_comes_back_is_found(no_cupy_yet, monkeypatch):
    """A refusal is not remembered: after the remedy the next call succeeds."""
    monkeypatch.setattr(backend, "_import_cupy", lambda: fake_cupy(devices=0))
    with pytest.raises(DeviceError):
        mg.use_device("cuda")
    xp = double.CuPy()
    monkeypatch.setattr(backend, "_import_cupy", lambda: xp)
    assert mg.zeros(2, device="cuda").device == "cuda"
    assert backend.cuda_status().fault == ""
    assert backend.cuda_status().found.endswith("1 device(s), driver for CUDA 13.0")


def test_arrays_find_their_module(no_cupy_yet, monkeypatch):
    """Also those that the user made with CuPy before minigen had met it."""
    xp = double.CuPy()
    monkeypatch.setattr(backend, "_import_cupy", lambda: xp)
    monkeypatch.setattr(xp.ndarray, "__module__", "cupy")
    host, there = np.ones(2), xp.ones(2)
    assert backend.xp_of(there) is xp
    assert backend.xp_of(2.0, None, there, host) is xp
    assert backend.xp_of(host) is backend.xp_of(2.0) is backend.xp_of() is np
    assert (backend.device_of(host), backend.device_of(there)) == ("cpu", "cuda")
    assert [backend.is_array(x) for x in (host, there, 1.0, [1.0], np.float32(1), mg.ones(1))] == [True] * 2 + [
        False
    ] * 4
    assert mg.tensor(there).device == "cuda"


def test_crossing_between_devices(no_cupy_yet, monkeypatch):
    xp = double.CuPy()
    monkeypatch.setattr(backend, "_import_cupy", lambda: xp)
    host = np.arange(6.0).reshape(2, 3)
    assert backend.to_device(host, "cpu") is host
    assert backend.to_numpy(host) is host
    there = backend.to_device(host, "cuda")
    assert type(there) is xp.ndarray
    assert backend.to_device(there, "cuda") is there
    back = backend.to_numpy(there)
    assert np.array_equal(back, host)
    assert not np.shares_memory(back, host)
    for array in (host, there):
        with pytest.raises(ArgumentError, match="device: unknown name 'tpu'"):
            backend.to_device(array, "tpu")


def test_importing_needs_no_gpu_and_no_cupy():
    code = (
        "import sys; sys.modules['cupy'] = None\n"
        "import minigen, minigen.cli, minigen.train, minigen.data\n"
        "assert minigen.zeros(2).device == 'cpu'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr


IMPORT_AND_COMPARE = """
import os, threading, warnings
import numpy as np
from threadpoolctl import threadpool_info

def state():
    blas = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    return [dict(os.environ), threading.enumerate(), [*warnings.filters], np.geterr(), np.get_printoptions(), blas]

before = state()
import minigen
after = state()
for old, new in zip(before, after, strict=True):
    assert old == new, (old, new)
memory = minigen.backend.keep_freed_memory
assert memory.cache_info().currsize == 0, "the allocator was changed"
minigen.optim.SGD([minigen.zeros(3, requires_grad=True)], lr=1.0)
assert memory.cache_info().currsize == 1
"""


def test_importing_changes_nothing_in_the_process():
    """Not the allocator either: that waits for the first optimizer."""
    command = [sys.executable, "-c", IMPORT_AND_COMPARE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr


def test_a_real_device_if_there_is_one(device_kind):
    if device_kind != "cuda":
        pytest.skip("no real CUDA device was asked for (--device cuda)")
    assert backend.cuda_status().fault == ""
    assert backend.device_name()
