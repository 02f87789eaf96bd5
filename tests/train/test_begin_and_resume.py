"""Stopped anywhere and resumed, a run ends with the bytes of one that was not; damage and kills cost no more."""

import functools
import json
import os
import random
import re
import signal
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import data
from minigen.data import Loader
from minigen.errors import ArgumentError, DataError
from minigen.runs import Every, load_newest, load_run, save_checkpoint
from minigen.train import Stopped
from tests.faults import record

from .runs import KINDS, child, descents, ended, go_on, rows, small, start, weights

pytestmark = pytest.mark.usefixtures("no_pictures")


@functools.cache
def uninterrupted(kind, **given):
    """Weights and rows of a run that nothing has stopped."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        start(kind, folder, **given)
        assert not list(load_run(folder).folder.glob("checkpoint*"))
        return weights(folder), rows(folder)


@contextmanager
def stopped_at(monkeypatch, step):
    """Let a signal arrive in the middle of that step of the run in the `with` block, and see it stop after it."""
    taken = []

    def interrupted(descend, trainer, optimizer, loss):
        if optimizer is trainer.optimizers[0]:
            taken.append(1)
            if len(taken) == step:
                os.kill(os.getpid(), signal.SIGINT)
        return descend(loss)

    with monkeypatch.context() as patch:
        descents(interrupted, patch.setattr)
        with pytest.raises(Stopped, match=r"stopped after step \d+; go on from step \d+ with: python -m minigen train"):
            yield


# ------------------------------------------------------------------------------------------------- resumed exactly


SHORT = {"steps": 32}  # an epoch ends after 28
AT_STEPS = [  # each kind of model with one of three steps, in turn; with -m slow, with the two others
    pytest.param(kind, step, id=f"{kind} {step}", marks=() if j == i % 3 else pytest.mark.slow)
    for i, kind in enumerate(KINDS)
    for j, step in enumerate((1, 28, 31))
]


@pytest.mark.parametrize(("kind", "step"), AT_STEPS)
def test_stopped_and_resumed_is_not_stopped(tmp_path, monkeypatch, kind, step):
    with stopped_at(monkeypatch, step):
        start(kind, tmp_path / "run", **SHORT)
    assert not (tmp_path / "run" / "model.safetensors").exists()
    go_on(tmp_path / "run")
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == uninterrupted(kind, **SHORT)
    assert not list((tmp_path / "run").glob("checkpoint*"))


def test_stopped_three_times(tmp_path, monkeypatch):
    for step, take in ((7, start), (5, None), (30, None)):
        with stopped_at(monkeypatch, step):
            start("dcgan", tmp_path / "run") if take else go_on(tmp_path / "run")
    go_on(tmp_path / "run")
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == uninterrupted("dcgan")


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bytes_another_seed_others(tmp_path, kind):
    start(kind, tmp_path / "again", **SHORT)
    assert (weights(tmp_path / "again"), rows(tmp_path / "again")) == uninterrupted(kind, **SHORT)
    start(kind, tmp_path / "other", **SHORT, seed=8)
    assert weights(tmp_path / "other") != uninterrupted(kind, **SHORT)[0]


DIGESTS = """
import hashlib, sys
without_pictures()
for kind in KINDS:
    print(kind, hashlib.sha256(weights(start(kind, sys.argv[1] + "/" + kind, steps=8).folder)).hexdigest())
"""


@pytest.mark.long
def test_same_seed_same_bytes_in_another_process(tmp_path):
    """Whose addresses and hashes of strings are others."""
    found = [ended(child(DIGESTS, tmp_path / name)) for name in ("a", "b")]
    assert [status for status, _, _ in found] == [0, 0], found
    assert found[0][1] == found[1][1]
    assert [line.rsplit(" ", 1)[0] for line in found[0][1].splitlines()] == list(KINDS)


def test_checkpoints_change_nothing_and_two_are_kept(tmp_path, monkeypatch):
    kept = []
    monkeypatch.setattr(
        "minigen.train.supervisor.save_checkpoint",
        lambda folder, state: (
            save_checkpoint(folder, state),
            kept.append(sorted(int(p.name[11:19]) for p in folder.glob("checkpoint-*"))),
        ),
    )
    start("vae", tmp_path / "run", every=Every(steps=25))
    assert kept == [[25], [25, 50], [50, 60]]
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == uninterrupted("vae")


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path):
    begun = start("vae", tmp_path / "run")
    for path in begun.folder.iterdir():
        if path.name != "config.json":
            path.unlink()
    go_on(tmp_path / "run")
    assert weights(tmp_path / "run") == uninterrupted("vae")[0]


def test_an_interrupt_while_the_pictures_are_drawn(tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("minigen.train.begin_and_resume.results", interrupted)
        with pytest.raises(Stopped, match="interrupted; go on from step 60"):
            start("vae", tmp_path / "run")
    go_on(tmp_path / "run")
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == uninterrupted("vae")


@given(n=st.integers(1, 40), size=st.integers(1, 40), taken=st.integers(0, 30), whole=st.booleans())
def test_a_loader_goes_on_where_it_stood(n, size, taken, whole):
    size = min(n, size)

    def endless(loader):
        while True:
            yield from loader

    def fresh():
        return Loader(np.arange(n), batch_size=size, rng=mg.Generator(3), drop_last=whole)

    first = endless(loader := fresh())
    for _ in range(taken):
        next(first)
    state = json.loads(json.dumps(loader.state()))
    second = fresh()
    second.load_state(state)
    assert second.state() == state
    for a, b, _ in zip(first, endless(second), range(20), strict=False):
        assert np.array_equal(a, b)


def test_an_iteration_given_up_is_followed_by_a_whole_one():
    loader = Loader(np.arange(10), batch_size=2, rng=mg.Generator(0))
    next(iter(loader))
    assert sorted(np.concatenate(list(loader))) == list(range(10))


@given(st.integers(0, 2**63 - 1), st.integers(0, 50))
def test_a_stream_goes_on_where_it_stood(seed, drawn):
    rng, other = mg.Generator(seed), mg.Generator(1)
    rng.normal((drawn,))
    other.load_state(json.loads(json.dumps(rng.state())))
    assert np.array_equal(rng.normal((5,)), other.normal((5,)))


@pytest.mark.parametrize(
    "state", [{}, {"bit_generator": "MT19937"}, {"bit_generator": "PCG64", "state": 3}, {"next": 1}]
)
def test_what_is_no_state_is_refused(state):
    rng = mg.Generator(0)
    with pytest.raises(ArgumentError, match="state: not the state of a random stream"):
        rng.load_state(state)
    assert rng.state() == mg.Generator(0).state()
    with pytest.raises(ArgumentError, match="state: "):
        Loader(np.arange(4), batch_size=2).load_state({"rng": rng.state(), "next": 7})


# ------------------------------------------------------------------------------------------------- damaged


def damage(path, rng):
    """Cut, flip, overwrite or empty a file."""
    content = bytearray(path.read_bytes())
    kind = rng.choice(("cut", "flip", "zeros", "empty", "noise"))
    i = rng.randrange(len(content))
    if kind == "cut":
        del content[i:]
    elif kind == "flip":
        content[i] ^= 1 << rng.randrange(8)
    elif kind == "zeros":
        content[i : i + 4096] = bytes(len(content[i : i + 4096]))
    elif kind == "empty":
        content.clear()
    else:
        content[i : i + 64] = rng.randbytes(len(content[i : i + 64]))
    changed = bytes(content) != path.read_bytes()
    path.write_bytes(content)
    return changed


def damaged_runs(tmp_path, monkeypatch, capsys, tries, rng):
    """How many runs did not end with the same bytes, or said nothing, after one or both checkpoints were damaged."""
    with stopped_at(monkeypatch, 40):
        start("vae", tmp_path / "run", every=Every(steps=15))
    good = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    assert sorted(name for name in good if name.startswith("checkpoint")) == [
        "checkpoint-00000030.safetensors",
        "checkpoint-00000040.safetensors",
    ]
    losses = 0
    for i in range(tries):
        for path in (tmp_path / "run").iterdir():
            path.unlink()
        for name, content in good.items():
            (tmp_path / "run" / name).write_bytes(content)
        which = ["checkpoint-00000040.safetensors", "checkpoint-00000030.safetensors"][: 1 + i % 2]
        changed = [damage(tmp_path / "run" / name, rng) for name in which]
        go_on(tmp_path / "run")
        said = capsys.readouterr().err
        losses += weights(tmp_path / "run") != uninterrupted("vae")[0]
        losses += said.count("is damaged") != sum(changed)
        if changed == [True]:
            losses += "going on from step 30" not in said
    return losses


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_used(tmp_path, monkeypatch, capsys):
    assert damaged_runs(tmp_path, monkeypatch, capsys, 6, random.Random(0)) == 0


@pytest.mark.slow
def test_fault_damaged_checkpoints_often(tmp_path, monkeypatch, capsys):
    losses = damaged_runs(tmp_path, monkeypatch, capsys, 100, random.Random(1))
    record(
        "training: a checkpoint is damaged", 100, losses, "half of them: both; the good one, or the beginning, is used"
    )
    assert losses == 0


# ------------------------------------------------------------------------------------------------- refusals


def stopped_run(tmp_path, monkeypatch, kind="vae"):
    with stopped_at(monkeypatch, 5):
        start(kind, tmp_path / "run")
    return tmp_path / "run"


def test_a_finished_run_cannot_go_on(tmp_path):
    start("vae", tmp_path / "run")
    before = {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    with pytest.raises(ArgumentError, match="is finished; nothing is left to do"):
        go_on(tmp_path / "run")
    assert {path.name: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


def test_a_run_that_is_not_finished_is_not_written_over(tmp_path, monkeypatch):
    folder = stopped_run(tmp_path, monkeypatch)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(DataError, match=f"holds a run that is not finished; go on with .*--resume {folder}"):
        start("vae", folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_other_data_are_refused(tmp_path, monkeypatch):
    from minigen.train import resume

    folder = stopped_run(tmp_path, monkeypatch)
    digits = data.load("digits")
    fewer = data.Dataset("digits", digits.x[:-1], digits.y[:-1])
    with pytest.raises(ArgumentError, match="begun with 1500 examples, here are 1499"):
        resume(folder, fewer, fewer, quiet=True)
    others = data.Dataset("digits", np.roll(digits.x, 1, axis=0), digits.y)
    with pytest.raises(ArgumentError, match=r"begun with other examples than these 1500 .* give the same data"):
        resume(folder, others, others, quiet=True)
    with pytest.raises(ArgumentError, match="the run's examples have shape"):
        resume(folder, data.load("ring"), data.load("ring"), quiet=True)


def test_a_checkpoint_from_before_the_data_were_checked(tmp_path, monkeypatch):
    folder = stopped_run(tmp_path, monkeypatch)
    checkpoint, _ = load_newest(folder)
    assert checkpoint.notes.pop("data") == data.load("digits").checksum()
    save_checkpoint(folder, checkpoint)
    go_on(folder)


def test_a_checkpoint_of_another_model_is_refused(tmp_path, monkeypatch):
    folder = stopped_run(tmp_path, monkeypatch)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"width": 5}))
    with pytest.raises(DataError, match="checkpoint of step 5: not of this run"):
        go_on(folder)


def test_settings_of_a_small_run_are_what_the_tests_think():
    assert small("dcgan").ema == 0.9


def test_no_zero_has_a_minus(tmp_path, capsys):
    """A text of one symbol can be told in 0 nats, in the log, in the last line, and in the table of `evaluate`."""
    from minigen import commands, data
    from minigen.models import recipe_of
    from minigen.report import Trained, evaluate
    from minigen.report.findings import as_json, table
    from minigen.train import train

    same = data.Dataset("sonnets", np.zeros((20, 9), np.uint8), alphabet="a")
    settings = recipe_of("gru").settings(same, steps=3, batch_size=4, width=4)
    run = train(settings, same, same, str(tmp_path / "run"), quiet=True)
    commands.tell(run)
    shown = Trained(run.load_model(), settings, run.shape)
    found, _ = evaluate(shown, same, same, 6, 0)
    last, log = capsys.readouterr().out.splitlines()[0], (run.folder / "metrics.jsonl").read_text()
    for text in (last, log, table(found), as_json(shown, found, 0, 0)):
        assert re.search(r"\b0(\.0)?\b", text)
        assert not re.search(r"-0(\.0*)?(?![.\d])", text)
