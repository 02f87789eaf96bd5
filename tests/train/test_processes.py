"""Several processes train as one: the same bytes on 1, 2, 4 and 8, stopped and killed together, one that speaks."""

import functools
import hashlib
import os
import re
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from minigen import cli, data
from minigen.errors import ArgumentError
from minigen.models import recipe_of
from minigen.runs import load_newest, load_run
from minigen.train import train
from tests.processes import finished, launched, needs_mpi

from .runs import go_on, rows, sets, small, start, weights

pytestmark = pytest.mark.usefixtures("no_pictures")

CASES = {
    "vae": ("vae", "digits", {}),
    "another seed": ("vae", "digits", {"seed": 8}),
    "16 shards": ("vae", "digits", {"shards": 16}),
    "dcgan": ("dcgan", "digits", {"ema": 0.9}),
    "wgan-gp": (
        "gan",
        "digits",
        {"loss": "wasserstein", "penalty": "gradient-penalty", "critic_steps": 2},
    ),
    "sn-gan": ("sn-gan", "digits", {}),
    "vae-gan": ("vae-gan", "digits", {}),
    "style-gan": ("style-gan", "digits", {}),
    "unrolled-gan": ("unrolled-gan", "ring", {"unroll": 2}),
    "acgan": ("acgan", "digits", {}),
    "inpaint": ("inpaint", "digits", {}),
}


def trained(case, folder, group=None):
    """The digest of a short run's weights and metrics."""
    model, name, own = CASES[case]
    given = {"steps": 4, "batch_size": 64, "width": 4, "latent_dim": 3, "seed": 7, "shards": 8} | own
    settings = recipe_of(model).settings(data.load(name), **given)
    train(settings, *sets(name), str(folder), group, quiet=True)
    return hashlib.sha256(weights(folder) + str(rows(folder)).encode()).hexdigest()


@functools.cache
def on_one_process():
    """The digest of every case."""
    with tempfile.TemporaryDirectory() as folder:
        return {case: trained(case, Path(folder) / case) for case in CASES}


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize("processes", [2, 4, 8])
def test_the_bytes_do_not_depend_on_the_number_of_processes(tmp_path, processes):
    status, out, errors = finished(launched(processes, "-m", "tests.train.every_case", tmp_path))
    assert status == 0, errors
    found = dict(line.split(": ") for line in out.splitlines())
    assert found == on_one_process()
    assert len(set(found.values())) == len(CASES)


def test_shards_have_noise_and_statistics_of_their_own(tmp_path):
    for kind in ("vae", "dcgan"):
        found = [
            weights(start(kind, tmp_path / f"{kind} {n}", batch_size=48, shards=n, steps=4).folder) for n in (1, 2, 8)
        ]
        assert len(set(found)) == 3


# ------------------------------------------------------------------------------------------------- the command

PROGRAM = """
import os, signal, sys, time
import numpy as np
from minigen import cli, distributed
from minigen.models.vaes.vae import VAETrainer
from tests.train.runs import without_pictures

without_pictures()
open(os.path.join(os.path.dirname(sys.argv[0]), f"pid-{os.getpid()}"), "w").close()
what, at, who = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
step, done = VAETrainer.step, []

def acting(self, x, rng, *labels):
    if self.optimizer.t + 1 == at and distributed.world().rank == who and not done:
        done.append(what)
        if what == "nan":
            x.data[1, 2, 3] = np.nan
        elif what == "raise":
            raise OSError("a disk that this process alone has is full")
        elif what != "nothing":
            if what == "SIGKILL":
                print(time.time(), flush=True)
            os.kill(os.getpid(), getattr(signal, what))
    return step(self, x, rng, *labels)

VAETrainer.step = acting
sys.exit(cli.main(sys.argv[4:]))
"""
SIZES = ("--steps", "30", "--width", "4", "--latent-dim", "3", "--batch-size", "64", "--seed", "7")


@pytest.fixture
def command(tmp_path):
    """command(processes, words, what, at, who): `what` happens to process `who` in step `at`; what came of it."""
    (tmp_path / "program.py").write_text(PROGRAM)

    def run(processes, words, what="nothing", at=0, who=0):
        return finished(launched(processes, tmp_path / "program.py", what, at, who, *words))

    return run


@pytest.fixture
def whole(tmp_path):
    """The weights and rows of a run that nothing happened to, on one process."""
    assert cli.main(["train", "vae", *SIZES, "--shards", "8", "--quiet", "--out", str(tmp_path / "whole")]) == 0
    return weights(tmp_path / "whole"), rows(tmp_path / "whole")


def said(errors):
    """The lines of minigen, without bars, and without what the launcher says."""
    return [line for line in re.split(r"[\r\n]+", errors) if line.startswith("minigen: ")]


@needs_mpi
@pytest.mark.long
def test_one_bar_one_word_and_the_bytes_of_one_process(tmp_path, command, whole):
    status, out, errors = command(4, ["train", "vae", *SIZES, "--out", tmp_path / "run"])
    assert status == 0, errors
    assert out.count("wrote ") == out.count("step 30, loss") == 1
    assert errors.count(" 0/30 [") == 1
    assert "100%|" in errors  # once or twice: tqdm may write a bar's last line again
    assert not said(errors)
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == whole
    assert load_run(tmp_path / "run").settings.shards == 8


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize("who", [0, 3])
def test_a_signal_to_one_stops_all_and_fewer_go_on(tmp_path, command, whole, who):
    """Four processes, then two, then one: each stopped after the same step as the others."""
    status, _, errors = command(4, ["train", "vae", *SIZES, "--quiet", "--out", tmp_path / "run"], "SIGTERM", 10, who)
    assert status == 143, errors
    (line,) = [line for line in said(errors) if "finishing this step" not in line]
    assert line.startswith("minigen: stopped after step 10; go on from step 10 with: python -m minigen train --resume ")
    assert load_newest(tmp_path / "run")[0].step == 10
    status, _, errors = command(2, ["train", "--resume", tmp_path / "run", "--quiet"], "SIGINT", 20, who % 2)
    assert status == 130, errors
    assert load_newest(tmp_path / "run")[0].step == 20
    go_on(tmp_path / "run")
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == whole


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize("who", [0, 2])
def test_a_process_that_is_killed_ends_all_and_nothing_is_lost(tmp_path, command, whole, who):
    new = ["train", "vae", *SIZES, "--quiet", "--checkpoint-every", "5", "--out", tmp_path / "run"]
    status, out, _ = command(4, new, "SIGKILL", 18, who)
    assert status != 0
    assert time.time() - float(out.split()[0]) < 10
    begun = list(tmp_path.glob("pid-*"))
    assert len(begun) == 4
    for path in begun:
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.name.removeprefix("pid-")), 0)
    found, complaints = load_newest(tmp_path / "run")
    assert (found.step, complaints) == (15, [])
    status, _, errors = command(4, ["train", "--resume", tmp_path / "run", "--quiet"])
    assert status == 0, errors
    assert (weights(tmp_path / "run"), rows(tmp_path / "run")) == whole


@needs_mpi
@pytest.mark.long
def test_an_error_of_one_process_is_told_by_it_and_ends_all(tmp_path, command):
    new = ["train", "vae", *SIZES, "--quiet", "--checkpoint-every", "5", "--out", tmp_path / "run"]
    status, _, errors = command(2, new, "raise", 18, 1)
    assert status == 1
    assert errors.count("OSError: a disk that this process alone has is full") == 1
    assert load_newest(tmp_path / "run")[0].step == 15


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize(
    ("on_nan", "status", "told"),
    [
        ("stop", 2, r"minigen: step 18: the loss is nan .*\(the batch holds 1 NaN.*step 15, is good; go on with"),
        ("skip", 0, r"minigen: step 18: the loss is nan .*; left out"),
        ("rollback", 0, r"minigen: step 18: .*; back to step 15, and on with other random numbers"),
    ],
)
def test_a_nan_of_one_process_is_met_by_all(tmp_path, command, on_nan, status, told):
    new = ["train", "vae", *SIZES, "--quiet", "--checkpoint-every", "5", "--on-nan", on_nan, "--out", tmp_path / "run"]
    found, _, errors = command(4, new, "nan", 18, 2)
    assert found == status, errors
    (line,) = said(errors)
    assert re.match(told, line)
    if status == 0:
        assert all(np.isfinite(t.data).all() for _, t in load_run(tmp_path / "run").load_model().named_tensors())


@needs_mpi
@pytest.mark.long
@pytest.mark.parametrize(
    ("processes", "words", "told"),
    [
        (3, (), "processes: expected 1, 2, 4, 8, ..., got 3"),
        (4, ("--shards", "2"), "processes: 4 are too many for 2 shards"),
        (2, ("--shards", "6"), "shards: expected 1, 2, 4, 8, ..., got 6"),
        (
            2,
            ("--batch-size", "50"),
            "--batch-size: 50 examples cannot be cut into 8 equal shards; take --batch-size 56",
        ),
        (2, ("--nonsense",), "unrecognized arguments: --nonsense"),
        (2, ("--data", "mnist", "--data-dir", "/nowhere"), "/nowhere"),
    ],
)
def test_what_is_refused_is_told_once(tmp_path, processes, words, told):
    process = launched(processes, "-m", "minigen", "train", "vae", "--steps", "2", *words, "--out", tmp_path / "run")
    status, _, errors = finished(process)
    assert status == 2
    assert len([line for line in errors.splitlines() if told in line]) == 1
    assert not (tmp_path / "run").exists()


@needs_mpi
@pytest.mark.long
def test_a_folder_that_is_taken_ends_all_with_one_line(tmp_path):
    begun = start("vae", tmp_path / "run", steps=2)
    words = ["train", "vae", "--steps", "2", "--batch-size", "64", "--out", begun.folder]
    status, _, errors = finished(launched(2, "-m", "minigen", *words))
    assert (status, len(said(errors))) == (2, 1)
    assert "is not an empty folder" in errors


# ------------------------------------------------------------------------------------------------- settings


def test_a_model_of_whole_batches_is_not_cut():
    with pytest.raises(ArgumentError, match="shards: 'vq-vae' takes whole batches, as its codebook"):
        small("vq-vae", shards=2, batch_size=48)


def test_packs_and_shares_are_those_of_a_shard():
    with pytest.raises(ArgumentError, match=r"8 examples of a shard .* 16 steps .*take a multiple of 128"):
        recipe_of("wgan-gp").settings(data.load("digits"), batch_size=64, shards=8, critic_steps=16)


@pytest.mark.parametrize("shards", ["3", "0", "-2", "131072"])
def test_the_command_refuses_numbers_of_shards(tmp_path, capsys, shards):
    assert cli.main(["train", "vae", "--shards", shards, "--out", str(tmp_path / "run")]) == 2
    assert capsys.readouterr().err.startswith("minigen: --shards: expected ")
    assert not (tmp_path / "run").exists()


def test_a_run_keeps_its_shards(tmp_path, capsys):
    start("vae", tmp_path / "run", batch_size=48, shards=4)
    assert load_run(tmp_path / "run").settings.shards == 4
    assert cli.main(["train", "--resume", str(tmp_path / "run"), "--shards", "2"]) == 2
    assert "shards: a run that is resumed keeps its settings" in capsys.readouterr().err
