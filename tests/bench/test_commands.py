"""`python -m minigen.bench`: what it prints and writes, and what it refuses."""

import contextlib
import json

import pytest
from PIL import Image

from minigen import backend
from minigen.bench import commands, measuring
from minigen.bench.measuring import transfers

SMALL = ["--models", "vae", "--batches", "4,8"]


@pytest.fixture
def hurried(monkeypatch):
    """Two turns each, however slow the machine is."""
    monkeypatch.setattr(commands, "FULL", 3600.0)
    monkeypatch.setattr(commands, "QUICK", 3600.0)
    monkeypatch.setattr(measuring, "TURNS", 2)
    monkeypatch.setattr(commands, "sgemm_peak", lambda device, n, clock: 100.0)


def test_without_a_gpu_it_says_why_and_measures_the_cpu(hurried, monkeypatch, capsys, tmp_path):
    status = backend.CudaStatus("no CUDA device is visible", "check `nvidia-smi`")
    monkeypatch.setattr(backend, "cuda_status", lambda: status)
    files = ["--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.png")]
    assert commands.main([*SMALL, "--quick", *files]) == 0
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
    monkeypatch.setattr(commands, "transfers", lambda clock: transfers(clock, mebibytes=1))
    assert commands.main([*SMALL, "--json", str(tmp_path / "b.json"), "--plot", str(tmp_path / "b.svg")]) == 0
    found = json.loads((tmp_path / "b.json").read_text())
    assert found["machine"]["gpu"] == "a double"
    assert set(found["transfers"]) == {"to the GPU", "to the host"}
    assert all(set(row["ms"]) == {"cpu", "cuda"} for row in found["rows"])
    assert found["parity"]["vae"] < 1e-4
    out = capsys.readouterr().out
    assert "the CPU is faster" in out or "the GPU is faster" in out


def test_tf32_is_a_choice_that_is_told(hurried, gpu, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CUPY_TF32", "0")
    monkeypatch.setattr(backend, "device_name", lambda: "a double")
    monkeypatch.setattr(commands, "transfers", lambda clock: transfers(clock, mebibytes=1))
    assert not backend.tf32()
    assert commands.main([*SMALL, "--tf32", "--json", str(tmp_path / "b.json")]) == 0
    assert "products in TF32" in capsys.readouterr().out
    assert json.loads((tmp_path / "b.json").read_text())["machine"]["tf32"] is True


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
    monkeypatch.setattr(commands, "sgemm_peak", lambda *args: pytest.fail("measured"))
    assert commands.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert all(word in err for word in words)


def test_numbers_are_needed_for_batches(capsys):
    assert commands.main(["--batches", "many"]) == 2
    assert "many" in capsys.readouterr().err


def test_an_interrupt_ends_with_one_line(monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "run", interrupt)
    with contextlib.suppress(SystemExit):
        assert commands.main([]) == 130
    assert capsys.readouterr().err == "minigen.bench: interrupted\n"
