"""Killed (SIGKILL) at random moments, inside saves and while finishing, a run goes on and ends with the same bytes."""

import random
import signal
import time
from typing import NamedTuple

import pytest

from minigen.runs import load_newest, load_run
from tests.faults import record

from .runs import KINDS, child, ended, rows, weights

KILLED = """
import sys, os
kind, folder, every, steps = sys.argv[1:]
progress = os.open(folder + "/progress", os.O_CREAT | os.O_WRONLY)
def noted(descend, trainer, optimizer, loss):
    norm = descend(loss)
    os.pwrite(progress, b"%08d" % trainer.optimizers[-1].t, 0)
    return norm
descents(noted)
if os.path.exists(folder + "/run/config.json"):
    go_on(folder + "/run", every=Every(steps=int(every)))
else:
    start(kind, folder + "/run", every=Every(steps=int(every)), steps=int(steps))
"""


class Kills(NamedTuple):
    """How often a run was killed, how often inside a save, and how often more was lost than it may."""

    tries: int
    in_saves: int
    losses: int

    def plus(self, other):
        return Kills(*map(sum, zip(self, other, strict=True)))


def kill_often(tmp_path, kind, kills, every, rng, steps=400, seconds=0.2):
    """Kill a run `kills` times, up to `seconds` after it began to take steps, and go on each time."""
    tmp_path.mkdir(exist_ok=True)
    run, progress = tmp_path / "run", tmp_path / "progress"
    counts = Kills(0, 0, 0)
    while counts.tries < kills:
        process = child(KILLED, kind, tmp_path, every, steps)
        before = progress.read_text() if progress.exists() else ""
        while process.poll() is None and (not progress.exists() or progress.read_text() == before):
            if (run / f"checkpoint-{steps:08}.safetensors").exists():
                break  # all steps were taken before: evaluation and pictures are left
            time.sleep(0.01)
        time.sleep(rng.uniform(0, seconds))
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), errors
        if load_run(run).finished():  # it was done before; once more
            for path in run.iterdir():
                path.unlink()
            progress.unlink()
            continue
        in_save = bool(list(run.glob(".*.partial*")))
        found, complaints = load_newest(run)
        lost = bool(complaints) or int(progress.read_text() or 0) - (found.step if found else 0) > every
        counts = counts.plus((1, in_save, lost))
    status, _, errors = ended(child(KILLED, kind, tmp_path, every, steps))
    assert status == 0, errors
    assert not list(run.glob(".*"))
    return counts


def same_as_never_killed(tmp_path, kind, steps=400):
    """Whether weights and rows are those of a whole run, and all its files are there."""
    whole = child("start(sys.argv[1], sys.argv[2], steps=int(sys.argv[3]))", kind, tmp_path / "whole", steps)
    status, _, errors = ended(whole)
    assert status == 0, errors
    found, expected = (
        (weights(tmp_path / name), rows(tmp_path / name), sorted(p.name for p in (tmp_path / name).iterdir()))
        for name in ("run", "whole")
    )
    return found == expected


@pytest.mark.long
def test_killed_at_random_moments(tmp_path):
    counts = kill_often(tmp_path, "vae", 4, 1, random.Random(0))
    assert (counts.tries, counts.losses) == (4, 0)
    assert same_as_never_killed(tmp_path, "vae")


@pytest.mark.long
def test_killed_while_the_pictures_are_drawn(tmp_path):
    counts = kill_often(tmp_path, "vae", 3, 1, random.Random(2), steps=2, seconds=0.8)
    assert (counts.tries, counts.losses) == (3, 0)
    assert same_as_never_killed(tmp_path, "vae", steps=2)


@pytest.mark.slow
def test_fault_killed_at_random_moments_often(tmp_path):
    """A checkpoint at every step: a good part of the time is spent in saves."""
    total, rng = Kills(0, 0, 0), random.Random(1)
    for i, kind in enumerate(KINDS):
        counts = kill_often(tmp_path / str(i), kind, 5, (1, 3)[i % 2], rng)
        total = total.plus(counts).plus((0, 0, not same_as_never_killed(tmp_path / str(i), kind)))
    note = f"{total.in_saves} of them inside a save; every kind of model; the same bytes at the end"
    record("training: killed (SIGKILL) in steps and in saves", total.tries, total.losses, note)
    assert total.losses == 0
    assert total.in_saves >= 10


@pytest.mark.slow
def test_fault_killed_while_finishing_often(tmp_path):
    """In the evaluation, the pictures, and the writing of the weights."""
    total, rng = Kills(0, 0, 0), random.Random(3)
    for i, kind in enumerate(("vae", "dcgan", "gan on points", "inpaint")):
        counts = kill_often(tmp_path / str(i), kind, 10, 1, rng, steps=2, seconds=1.5)
        total = total.plus(counts).plus((0, 0, not same_as_never_killed(tmp_path / str(i), kind, steps=2)))
    record("training: killed while it evaluates and draws", total.tries, total.losses, "all files and the same bytes")
    assert total.losses == 0
