"""The switch: choosing a device, and what is said where there is none."""

import ast
import os
import re
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


def test_device_and_use_device_nest(device_kind):
    if device_kind != "double":
        pytest.skip("needs two devices")
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
    with pytest.raises(ArgumentError, match="device: unknown name 'cdua'; did you mean 'cuda'"):
        mg.zeros(1)


@pytest.mark.parametrize("name", ["gpu", "cuda:1", "", "CPU"])
def test_unknown_devices(name):
    with pytest.raises(ArgumentError, match="choose one of: cpu, cuda"):
        mg.use_device(name)


def test_importing_needs_no_gpu_and_no_cupy():
    code = (
        "import sys; sys.modules['cupy'] = None\n"
        "import minigen, minigen.cli, minigen.train, minigen.data\n"
        "assert minigen.zeros(2).device == 'cpu'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=PACKAGE.parent)
    assert done.returncode == 0, done.stderr


def test_cupy_is_imported_in_one_place_only():
    hits = [path.name for path in PACKAGE.rglob("*.py") if re.search(r"^\s*(import|from) cupy", path.read_text(), re.M)]
    assert hits == ["backend.py"]


LAYERS = [
    {"errors", "version"},
    {"backend"},
    {"random"},
    {"autodiff"},
    {"ops"},
    {"nn", "optim", "distributions", "data"},
    {"models"},
    {"metrics", "plot"},
    {"train"},
    {"doctor", "cli", "__main__", "__init__"},
]


def test_imports_run_one_way():
    """A module imports from its own layer or from those below; imports inside functions are seen too."""
    level = {name: i for i, names in enumerate(LAYERS) for name in names}
    allowed = {("autodiff", "ops")}  # Tensor.astype, inside the method
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not node.level or parts[0] == "__init__":
                continue
            base = list(parts[: len(parts) - node.level])
            target = (base + (node.module or "").split("."))[0] or None
            names = [target] if target else [alias.name for alias in node.names]
            for name in names:
                ok = level[name] <= level[parts[0]] or (parts[0], name) in allowed
                assert ok, f"{'/'.join(parts)} imports {name}"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_a_real_device_if_there_is_one(device_kind):
    if device_kind != "cuda":
        pytest.skip("no real CUDA device was asked for (--device cuda)")
    assert backend.cuda_status().fault == ""
    assert backend.device_name()
