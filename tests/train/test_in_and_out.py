"""What goes out comes back in: what `train` accepts, `--resume`, `sample`, `evaluate`, `explore`, `inspect` accept."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from minigen import cli, data
from minigen.models import RECIPES
from minigen.runs import Run
from minigen.train import begin_and_resume
from tests.examples import examples_for, first_for, small_sets
from tests.faults import counted

from .runs import descents

LARGEST = 2**63 - 1
NAMES = [
    "run",
    "a run",
    "it's",
    "-x",
    "Zürich-日本",
    "two\nlines",
    "a  b",
    "$HOME",
    os.fsdecode(b"run-\xfc"),
    "x" * 200,
]

sizes = st.one_of(st.just(1), st.sampled_from([2, 3, 5, 7, 16, 31]))
seeds = st.one_of(st.sampled_from([0, 1, LARGEST - 1, LARGEST]), st.integers(0, LARGEST))
lengths = st.sampled_from([2, 3, 1000, 10**9, LARGEST])


@pytest.fixture(scope="module", autouse=True)
def no_pictures():
    """They have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(begin_and_resume, "results", lambda *args: ({}, {}))
        patch.setattr(begin_and_resume, "curves", lambda *args: None)
        patch.setattr(Run, "picture", lambda *args, **about: None)
        small_sets(patch.setattr)
        yield


def command(*words):
    """The exit status of a command in this process."""
    try:
        return cli.main([str(word) for word in words])
    except SystemExit as error:
        return error.code


def stopped_in_step(number):
    """From here on, a signal comes in that step; returns how to undo it."""
    patch, taken = pytest.MonkeyPatch(), []

    def interrupted(descend, trainer, optimizer, loss):
        if optimizer is trainer.optimizers[0]:
            taken.append(1)
            if len(taken) == number:
                os.kill(os.getpid(), signal.SIGTERM)
        return descend(loss)

    descents(interrupted, patch.setattr)
    return patch.undo


def notes_of(path):
    """The texts in a checkpoint's header."""
    content = path.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header["__metadata__"]["words"]


def comes_back(words, folder, name, seed, steps):
    """Train, stop, go on, and use what came of it: each command accepts what `train` did."""
    undo = stopped_in_step(2)
    try:
        status = command("train", *words, f"--steps={steps}", f"--out={folder}")
    finally:
        undo()
    if status == 2:  # refused, and nothing is left
        assert not folder.exists()
        return
    assert status == 143
    for path in folder.glob("checkpoint*"):
        assert not re.search(r"\b(NaN|Infinity)\b", notes_of(path))
    assert command("inspect", folder) == 0
    if steps > 3:  # nobody waits for the end
        assert command("sample", folder) == 2
        undo = stopped_in_step(1)
        try:
            assert command("train", f"--resume={folder}", "--quiet") == 143
        finally:
            undo()
        return
    assert command("train", f"--resume={folder}", "--quiet") == 0
    for text in [*(folder / "metrics.jsonl").read_text().splitlines(), (folder / "config.json").read_text()]:
        json.loads(text, parse_constant=pytest.fail)  # NaN, Infinity
    makes_none = not RECIPES[words[0]].generates
    assert command("sample", folder, "--n", 1, "--seed", seed) == (2 if makes_none else 0)
    assert command("inspect", folder) == 0
    if name == "ring":
        assert command("explore", folder, "--seed", seed) in (0, 2)  # not every model has something to explore
        assert command("evaluate", folder, "--n", 1000, "--seed", seed) == 0
        evaluation = json.loads((folder / "evaluation.json").read_text(), parse_constant=pytest.fail)
        assert (evaluation["seed"], evaluation["n"] <= 1000) == (seed, True)


@st.composite
def runs(draw, models=tuple(RECIPES)):
    """The words after `train`, and what is needed to check what came of it."""
    model = draw(st.sampled_from(models))
    of = draw(st.sampled_from([e.name for e in examples_for(RECIPES[model]) if e.name != "jsb"]))
    seed, batch, steps, name = draw(seeds), draw(sizes), draw(lengths), draw(st.sampled_from(NAMES))
    words = [
        model,
        "--data",
        of,
        "--seed",
        seed,
        "--batch-size",
        batch,
        "--quiet",
        "--width",
        draw(st.integers(1, 5)),
    ]
    if "pack" in RECIPES[model].choosable and draw(st.booleans()):
        words += ["--pack", draw(st.sampled_from([1, 2, 3]))]
    if draw(st.integers(0, 3)) == 0:
        words += ["--shards", draw(st.sampled_from([1, 2, 4]))]
    if draw(st.booleans()):
        words += ["--checkpoint-every", draw(st.sampled_from(["1", "never", "999999999999", "0.5m"]))]
    return words, name, of, seed, steps


ONE = (["gan", "--data", "digits", "--seed", LARGEST, "--batch-size", 1, "--quiet", "--width", 2], "run", "digits")
BACK = "training: settings that train accepts"
usual = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def tried(run):
    words, name, of, seed, steps = run
    with tempfile.TemporaryDirectory() as place, counted(BACK, "resumed, sampled, evaluated, explored, inspected"):
        comes_back(words, Path(place) / name, of, seed, steps)


@settings(max_examples=6, derandomize=True, **usual)
@example(run=(*ONE, LARGEST, 2))
@given(run=runs(("gan", "vae", "dcgan", "ae")))
def test_what_goes_out_comes_back_in(run):
    tried(run)


@pytest.mark.long
@settings(max_examples=20, **usual)
@given(run=runs())
def test_what_goes_out_comes_back_in_of_every_model(run):
    tried(run)


@pytest.mark.long
@pytest.mark.parametrize("model", RECIPES)
def test_a_batch_of_one_of_every_model(model):
    of = first_for(RECIPES[model]).name
    words = [model, "--data", of, "--seed", LARGEST, "--batch-size", 1, "--quiet", "--width", 2]
    tried((words, "run", of, LARGEST, 2))


# ---------------------------------------------------------------------------------------------------- numbers, folders


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 10**30])
@pytest.mark.parametrize("name", ["train", "sample", "evaluate", "explore", "augment"])
def test_a_seed_is_bounded_where_it_enters(tmp_path, capsys, name, seed):
    words = ["vae", "--steps=2", f"--out={tmp_path / 'run'}"] if name == "train" else [tmp_path]
    assert command(name, *words, f"--seed={seed}") == 2
    assert re.fullmatch(r"minigen: --seed: expected an integer .*\n", capsys.readouterr().err)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["sample", "--n=10**12"], ["sample", "--n=1000000000000"], ["evaluate", "--n=-5"]])
def test_a_number_of_samples_is_bounded(tmp_path, words):
    assert command(*words, tmp_path) == 2


def test_the_system_s_files_do_not_fill_a_folder(tmp_path):
    for name in (".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / name).touch()
    assert command("train", "vae", "--steps=2", "--width=2", "--quiet", f"--out={tmp_path}") == 0


@pytest.mark.parametrize("made", [True, False])
def test_a_first_step_that_is_refused_leaves_the_folder_to_others(tmp_path, monkeypatch, capsys, made):
    folder = tmp_path / "run"
    if made:
        folder.mkdir()
    words = ["train", "vae", "--steps=2", "--width=2", "--quiet", f"--out={folder}"]
    with monkeypatch.context() as patch:

        def refused(descend, trainer, optimizer, loss):
            return descend(loss * float("nan"))

        descents(refused, patch.setattr)
        assert command(*words) == 2
    assert "there is no checkpoint yet; train anew with a lower --lr, or --on-nan skip" in capsys.readouterr().err
    assert (list(folder.iterdir()) == []) if made else not folder.exists()
    assert command(*words) == 0


def test_the_way_to_go_on_says_what_the_folder_does_not_remember(tmp_path, capsys, monkeypatch):
    load = data.load
    monkeypatch.setattr(data, "load", lambda name, part, folder: load(name, part))  # digits come in no folder
    folder, own = tmp_path / os.fsdecode(b"it's-\xfc"), tmp_path / "my data"
    own.mkdir()
    how = [f"--data-dir={own}", "--checkpoint-every=7", "--on-nan=skip"]
    undo = stopped_in_step(1)
    try:
        assert command("train", "vae", "--steps=3", "--width=2", "--quiet", *how, f"--out={folder}") == 143
    finally:
        undo()
    advice = capsys.readouterr().err.partition("with: ")[2].strip()
    expected = f"--data-dir '{own}' --checkpoint-every 7 --on-nan skip"
    assert advice.endswith(expected)
    if shutil.which("bash"):
        pasted = advice.replace("python -m minigen train", "printf '%s\\0'")
        found = subprocess.run(["bash", "-c", pasted], capture_output=True, check=True).stdout.split(b"\0")
        assert found[1] == os.fsencode(folder)
