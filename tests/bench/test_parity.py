"""The devices' gradients are compared, and what differs is named; a double in the place of a GPU."""

import numpy as np
import pytest

from minigen.bench.parity import check_parity
from minigen.bench.workloads import MODELS, Job
from minigen.errors import NumericalError


@pytest.mark.parametrize("name", MODELS)
def test_the_devices_agree(gpu, name):
    cpu, cuda = (Job(name, device).gradients(4) for device in ("cpu", "cuda"))
    assert check_parity(name, cpu, cuda) < 1e-4
    assert set(cpu) == {"loss", *(n for n, _ in Job(name, "cpu").model.named_parameters())}


def test_a_device_that_computes_something_else_is_named(gpu):
    cpu, cuda = Job("vae", "cpu"), Job("vae", "cuda")
    name, parameter = list(cuda.model.named_parameters())[-1]
    parameter.data += 0.1
    with pytest.raises(NumericalError, match=r"vae: .* on the GPU differs"):
        check_parity("vae", cpu.gradients(4), cuda.gradients(4))
    wrong = cpu.gradients(4)
    wrong[name] = -wrong[name]
    with pytest.raises(NumericalError, match=name):
        check_parity("vae", cpu.gradients(4), wrong)


def test_tf32_allows_its_rounding(gpu, monkeypatch):
    monkeypatch.setenv("CUPY_TF32", "1")
    rounded = {"w": np.array([1.0, 0.0])}, {"w": np.array([1.0, 0.02])}
    assert check_parity("vae", *rounded) == pytest.approx(0.02)
    monkeypatch.setenv("CUPY_TF32", "0")
    with pytest.raises(NumericalError, match="vae: w on the GPU differs"):
        check_parity("vae", *rounded)
