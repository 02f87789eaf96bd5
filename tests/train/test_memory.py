"""Memory: what a run takes after its first steps is what it takes at the end; too little of it; more data than it."""

import json
import sys

import pytest

from minigen import backend, cli
from minigen.errors import ArgumentError
from tests.cupy_double import double
from tests.faults import record

from .runs import KINDS, child, descents, ended, go_on, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

RUN = """
import re, sys
from minigen.train.supervisor import Supervisor
kind, folder, warm, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sizes, row = [], Supervisor._row

def measured(self):
    row(self)
    if self.step >= warm and (self.step - warm) % ((steps - warm) // 20) == 0:
        with open("/proc/self/status") as file:
            sizes.append(int(re.search(r"VmRSS:\\s+(\\d+)", file.read())[1]))

Supervisor._row = measured
start(kind, folder, every=Every(steps=steps // 10), steps=steps, batch_size=16)
print(json.dumps(sizes))
"""


def growth(kind, folder, warm, steps):
    """Of a run with its log and checkpoints: the resident memory at the end over that after `warm` steps, minus 1."""
    status, told, errors = ended(child(RUN, kind, folder, warm, steps))
    assert status == 0, errors
    sizes = json.loads(told)
    return sizes[-1] / sizes[0] - 1


@pytest.mark.long
@pytest.mark.parametrize("kind", ["vae", "dcgan"])
def test_some_hundred_steps_take_no_more_memory(tmp_path, kind):
    assert growth(kind, tmp_path / "run", 200, 700) < 0.01


@pytest.mark.slow
def test_fault_ten_thousand_steps_take_no_more_memory(tmp_path):
    found = {kind: growth(kind, tmp_path / kind, 1000, 10_000) for kind in KINDS}
    most = max(found, key=found.__getitem__)
    record(
        "memory: a run of 10 000 steps grows by 1 % or more",
        len(found),
        sum(g >= 0.01 for g in found.values()),
        f"resident, from step 1000 on; every kind of model; most: {most}, {found[most]:+.2%}",
    )
    assert found[most] < 0.01


STARVED = """
import resource, sys
from minigen import cli
taken = []
def starving(descend, trainer, optimizer, loss):
    taken.append(1)
    if len(taken) == 1:  # before the first backward pass
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 2**20, size + 2**20))
    return descend(loss)
descents(starving)
sys.exit(cli.main(["train", "conv-vae", "--steps", "9", "--batch-size", sys.argv[2], "--quiet", "--out", sys.argv[1]]))
"""


@pytest.mark.long
def test_fault_too_little_memory(tmp_path):
    """In a step: which batch size to try, until one fits."""
    losses, sizes = 0, [1400, 1000, 501]
    for size in sizes:
        status, _, said = ended(child(STARVED, tmp_path / str(size), size))
        losses += status != 2 or said.count("\n") != 1 or not said.endswith(f"; try --batch-size {size // 2}\n")
        losses += f"minigen: --batch-size: out of memory on the cpu with {size} examples a step (" not in said
    record("training: too little memory", len(sizes), losses, "names a batch size to try")
    assert losses == 0


def test_too_little_memory_for_the_pictures(tmp_path, monkeypatch):
    """A smaller batch would not help then."""

    def starving(*args):
        raise MemoryError("Unable to allocate")

    with monkeypatch.context() as patch:
        patch.setattr("minigen.train.begin_and_resume.results", starving)
        advice = r"memory: all steps are taken, .* \(Unable to allocate\); free some, and go on from step 60 with: "
        with pytest.raises(ArgumentError, match=advice):
            start("vae", tmp_path / "run")
    go_on(tmp_path / "run")


def test_too_little_memory_on_the_gpu(tmp_path, capsys):
    """CuPy's own error becomes advice."""
    command = ["train", "dcgan", "--steps", "3", "--batch-size", "64", "--width", "4", "--quiet", "--device", "cuda"]
    with double.installed(), backend.module_for("cuda").little_memory(32 * 8 * 8 * 4 * 4):
        assert cli.main([*command, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "out of memory on the cuda with 64 examples a step (Out of memory allocating " in said
    assert said.endswith("; try --batch-size 32\n")


@pytest.mark.parametrize("name", ["cudaErrorMemoryAllocation: out of memory", "CUBLAS_STATUS_ALLOC_FAILED"])
def test_other_names_for_too_little_memory(tmp_path, monkeypatch, name):
    """Of the libraries that CuPy calls; any other error is not touched."""

    def failing(*args):
        raise RuntimeError(name)

    descents(failing, monkeypatch.setattr)
    with pytest.raises(ArgumentError, match=rf"\({name}\); try --batch-size 25"):
        start("vae", tmp_path / "run")
    name = "CUBLAS_STATUS_NOT_INITIALIZED"
    with pytest.raises(RuntimeError, match=name):
        start("vae", tmp_path / "other")


def test_too_little_memory_for_one_example(tmp_path, monkeypatch):
    def starving(*args):
        raise MemoryError

    descents(starving, monkeypatch.setattr)
    with pytest.raises(ArgumentError, match="with 1 examples a step; try a smaller --width than 4"):
        start("vae", tmp_path / "run", batch_size=1)


LARGE = """
import re, resource, sys
import numpy as np
from minigen.data import Dataset
path, n, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
x = np.memmap(path, np.uint8, "r", 0, (n, 32, 32, 3))
train_set, test_set = Dataset("cifar10", x), Dataset("cifar10", x[-600:])
settings = recipe_of("conv-vae").settings(train_set, steps=400, width=4, latent_dim=3, batch_size=64)
run = lambda name: train(settings, train_set, test_set, f"{folder}/{name}", quiet=True, every=Every(steps=100))
from minigen.train.supervisor import Supervisor
begin = Supervisor.begin
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
def limited(self, bar):
    global before
    before = peak()
    data = int(re.search(r"VmData:\\s+(\\d+)", open("/proc/self/status").read())[1]) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (data + (150 << 20), data + (150 << 20)))
    begin(self, bar)
Supervisor.begin = limited
run("run")
print(peak() - before)
"""


@pytest.mark.long
def test_fault_a_run_on_more_data_than_memory(tmp_path):
    """2 GB of images on the disk, in a process that may take 150 MB: the run ends, pictures and all."""
    n = 2_000_000_000 // (32 * 32 * 3)
    with open(tmp_path / "images", "wb") as file:
        file.truncate(n * 32 * 32 * 3)
    status, told, errors = ended(child(LARGE, tmp_path / "images", n, tmp_path))
    lost = status != 0 or int(told) >= 150_000
    note = f"a process that may take 150 MB took {int(told) / 1000:.0f}" if told else ""
    record("training: 2 GB of images on the disk", 1, int(lost), note)
    assert not lost, errors
