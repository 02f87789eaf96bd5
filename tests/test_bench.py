"""`python -m minigen.bench`: parity, the clock, the budget, the report; with a double in the place of a GPU."""

import contextlib
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from minigen import backend, bench, nn
from minigen.errors import NumericalError
from minigen.random import Generator
from tests.cupy_double import double


@pytest.fixture
def gpu():
    """The double, in the place of CuPy and of a device."""
    with double.installed() as xp:
        yield xp


class FakeClock:
    """Time that only passes when it is read."""

    def __init__(self, tick):
        self.now, self.tick = 0.0, tick

    def __call__(self):
        self.now += self.tick
        return self.now


# ------------------------------------------------------------------------------------------------------- arithmetic


def test_multiply_adds_by_hand():
    network = nn.Sequential(
        nn.Conv2D(3, 5, 4, stride=2, padding=1),  # 8x8 -> 4x4: 16 places of 16 taps, 3 x 5
        nn.ReLU(),
        nn.Conv2DTranspose(5, 2, 2, stride=2),  # 4x4 -> 8x8: 16 places of 4 taps, 5 x 2
        nn.Flatten(),
        nn.Dense(128, 7),
    )
    assert bench.multiply_adds(network, (8, 8, 3)) == [16 * 16 * 15, 16 * 4 * 10, 128 * 7]


def test_flops_of_the_dense_vae_by_hand():
    model, _, example = bench.MODELS["vae"](Generator(0))
    first, others = 784 * 400, 400 * 40 + 20 * 400 + 400 * 784
    assert bench.flops(model, example) == 2 * (2 * first + 3 * others)


sizes = st.lists(st.integers(1, 10**5), min_size=2, max_size=6, unique=True).map(sorted)


@given(sizes, st.floats(0.1, 10), st.floats(1e-3, 1), st.floats(0.1, 1e4))
def test_the_crossover_of_two_straight_lines(batches, cpu_each, gpu_each, launch):
    """CPU: b per batch. GPU: a + c b. The GPU wins from a / (b - c) on."""
    cpu = [cpu_each * b for b in batches]
    gpu = [launch + gpu_each * cpu_each * 0.9 * b for b in batches]
    exact = launch / (cpu_each * (1 - 0.9 * gpu_each))
    found = bench.crossover(batches, cpu, gpu)
    if exact > batches[-1]:
        assert found is None
    elif exact < batches[0]:
        assert found == batches[0]
    else:
        i = int(np.searchsorted(batches, exact))
        assert batches[max(i - 1, 0)] * (1 - 1e-9) <= found <= batches[i] * (1 + 1e-9)


def test_a_gpu_that_loses_again_at_the_largest_size_has_not_won():
    assert bench.crossover([1, 10, 100], [1, 1, 1], [2, 0.5, 2]) is None
    assert math.isclose(bench.crossover([1, 100], [1, 1], [2, 0.5]), 10)


# ---------------------------------------------------------------------------------------------------------- devices


@pytest.mark.parametrize("name", bench.MODELS)
def test_the_devices_agree(gpu, name):
    cpu, cuda = (bench.Job(name, device).gradients(4) for device in ("cpu", "cuda"))
    assert bench.check_parity(name, cpu, cuda) < 1e-4
    assert set(cpu) == {"loss", *(n for n, _ in bench.Job(name, "cpu").model.named_parameters())}


def test_a_device_that_computes_something_else_is_named(gpu):
    cpu, cuda = bench.Job("vae", "cpu"), bench.Job("vae", "cuda")
    name, parameter = list(cuda.model.named_parameters())[-1]
    parameter.data += 0.1
    with pytest.raises(NumericalError, match=r"vae: .* on the GPU differs"):
        bench.check_parity("vae", cpu.gradients(4), cuda.gradients(4))
    wrong = cpu.gradients(4)
    wrong[name] = -wrong[name]
    with pytest.raises(NumericalError, match=name):
        bench.check_parity("vae", cpu.gradients(4), wrong)


def test_the_clock_is_read_when_the_device_is_done(gpu, monkeypatch):
    job, events = bench.Job("vae", "cuda"), []
    x = job.batch(4)
    monkeypatch.setattr(backend, "synchronize", lambda device: events.append(f"wait for {device}"))
    monkeypatch.setattr(job.trainer, "step", lambda x, rng: events.append("step"))
    assert job.time(x, lambda: events.append("clock") or 1.0, 2) == 0
    assert events == ["wait for cuda", "clock", "step", "step", "wait for cuda", "clock"]


def test_a_timed_step_does_not_wait_for_the_device(gpu):
    job = bench.Job("vae", "cuda")
    x = job.batch(4)
    job.trainer.step(x, Generator(0))
    with backend.device("cuda"), gpu.forbid_sync():
        job.trainer.step(x, Generator(0))


# ----------------------------------------------------------------------------------------------------------- budget


class Free(bench.Job):
    """A job whose steps cost what the fake clock says."""

    def time(self, x, clock, steps):
        clock.now += 1e-3 * x.shape[0] * steps
        return 1.0 * x.shape[0]


@given(st.floats(0.01, 50))
def test_measuring_ends_when_the_time_is_up(budget):
    original, bench.Job = bench.Job, Free
    try:
        clock = FakeClock(1e-4)
        rows = bench.measure("vae", bench.BATCHES, ["cpu"], budget, clock)
    finally:
        bench.Job = original
    assert [row.batch for row in rows] == list(bench.BATCHES[: len(rows)])
    assert all(2 <= len(row.ms["cpu"]) <= bench.TURNS for row in rows)
    largest = max((row.batch for row in rows), default=0)
    assert clock.now <= budget + 0.2 + 4e-3 * largest  # at most a warm-up and two turns over
    if budget > 40:
        assert len(rows) == len(bench.BATCHES)


# ------------------------------------------------------------------------------------------------------ command line

SMALL = ["--models", "vae", "--batches", "4,8"]


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(bench, "FULL", 0.5)
    monkeypatch.setattr(bench, "QUICK", 0.5)
    monkeypatch.setattr(bench, "sgemm_peak", lambda device, n, clock: 100.0)


def test_without_a_gpu_it_says_why_and_measures_the_cpu(hurried, monkeypatch, capsys, tmp_path):
    status = backend.CudaStatus("no CUDA device is visible", "check `nvidia-smi`")
    monkeypatch.setattr(backend, "cuda_status", lambda: status)
    assert bench.main([*SMALL, "--quick", "--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.png")]) == 0
    out = capsys.readouterr().out
    assert "No GPU: no CUDA device is visible. To use one: check `nvidia-smi`" in out
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["no gpu"] == status.fault
    assert found["machine"]["gpu"] is None
    assert [(r["model"], r["batch"], list(r["ms"])) for r in found["rows"]] == [
        ("vae", 4, ["cpu"]),
        ("vae", 8, ["cpu"]),
    ]
    with Image.open(tmp_path / "b.png") as picture:
        assert min(picture.size) > 300


def test_with_a_gpu_both_are_measured_and_the_transfers(hurried, gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(backend, "device_name", lambda: "a double")
    monkeypatch.setattr(bench, "transfers", lambda clock: bench_transfers(clock, mebibytes=1))
    assert bench.main([*SMALL, "--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.svg")]) == 0
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["machine"]["gpu"] == "a double"
    assert set(found["transfers"]) == {"to the GPU", "to the host"}
    assert all(set(row["ms"]) == {"cpu", "cuda"} for row in found["rows"])
    assert found["parity"]["vae"] < 1e-4
    out = capsys.readouterr().out
    assert "the CPU is faster" in out or "the GPU is faster" in out


bench_transfers = bench.transfers


def test_tf32_is_a_choice_that_is_told_and_allows_its_rounding(hurried, gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CUPY_TF32", "0")
    monkeypatch.setattr(backend, "device_name", lambda: "a double")
    monkeypatch.setattr(bench, "transfers", lambda clock: bench_transfers(clock, mebibytes=1))
    assert not backend.tf32()
    assert bench.main([*SMALL, "--tf32", "--json", str(tmp_path / "b.json")]) == 0
    assert "products in TF32" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.json").read_text())["machine"]["tf32"] is True
    rounded = {"w": np.array([1.0, 0.0])}, {"w": np.array([1.0, 0.02])}
    assert bench.check_parity("vae", *rounded) == pytest.approx(0.02)
    monkeypatch.setenv("CUPY_TF32", "0")
    with pytest.raises(NumericalError, match="vae: w on the GPU differs"):
        bench.check_parity("vae", *rounded)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--models", "vea"], ["models", "vea", "vae"]),
        (["--batches", "64,16"], ["batches", "rising"]),
        (["--batches", "1"], ["batches", "at least 2"]),
        (["--json", "nowhere/b.json"], ["json", "nowhere"]),
        (["--plot", "b.txt"], ["plot", ".png"]),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(bench, "sgemm_peak", lambda *args: pytest.fail("measured"))
    assert bench.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert all(word in err for word in words)


def test_numbers_are_needed_for_batches(capsys):
    with pytest.raises(SystemExit) as stop:
        bench.main(["--batches", "many"])
    assert stop.value.code == 2
    assert "many" in capsys.readouterr().err


def test_an_interrupt_ends_with_one_line(monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(bench, "run", interrupt)
    with contextlib.suppress(SystemExit):
        assert bench.main([]) == 130
    assert capsys.readouterr().err == "minigen.bench: interrupted\n"
