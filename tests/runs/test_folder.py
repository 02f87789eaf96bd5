"""The folder of a run: its name, that it is one's own, what is written into it and what comes back."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file

from minigen import Generator, data
from minigen.errors import ArgumentError, DataError
from minigen.models import RECIPES, recipe_of
from minigen.runs import Run, load_run, new_folder
from tests.examples import first_for, own

DIGITS = data.load("digits")


def run_in(folder, model="vae", **given):
    recipe, examples = recipe_of(model), first_for(recipe_of(model))
    settings = recipe.settings(examples, **own(recipe, width=4, latent_dim=2, steps=3) | {"seed": 4} | given)
    return Run(new_folder(str(folder), settings), settings, examples.shape)


@pytest.mark.parametrize("model", RECIPES)
def test_settings_come_back(tmp_path, model):
    """Only those of the model are in config.json."""
    run = run_in(tmp_path / "run", model)
    run.begin()
    assert load_run(run.folder) == run
    config = json.loads((run.folder / "config.json").read_text())
    common = {"minigen", "format", "shape", "model", "data", "seed", "device", "shards"}
    assert config.keys() == common | {option.name for option in RECIPES[model].options}


def test_weights_and_metrics_come_back(tmp_path):
    run = run_in(tmp_path / "run")
    run.begin()
    model = recipe_of("vae").build(run.settings, run.shape, Generator(9))
    run.save_weights(model)
    found = load_run(run.folder).load_model()
    assert not found.training
    assert {n: a.tobytes() for n, a in found.state_dict().items()} == {
        n: a.tobytes() for n, a in model.state_dict().items()
    }
    rows = [{"step": 1, "loss": 2.5}, {"step": 2, "loss": 1.5, "warnings": ["one"]}]
    run.save_metrics(rows)
    assert run.metrics() == rows
    assert set(load_file(run.folder / "model.safetensors")) == set(model.state_dict())


def test_a_run_is_finished_when_there_are_weights_and_no_checkpoint(tmp_path):
    run = run_in(tmp_path / "run")
    run.begin()
    assert not run.finished()
    run.check_unfinished()
    (run.folder / "checkpoint-00000003.safetensors").touch()
    (run.folder / "model.safetensors").touch()
    assert not run.finished()
    (run.folder / "checkpoint-00000003.safetensors").unlink()
    assert run.finished()
    with pytest.raises(ArgumentError, match="is finished; nothing is left to do"):
        run.check_unfinished()


def test_begin_wants_an_empty_folder(tmp_path):
    run = run_in(tmp_path / "run")
    with run.alone():
        run.begin()  # the lock does not count
    with pytest.raises(DataError, match="holds a run that is not finished; go on with"):
        run.begin()
    other = run_in(tmp_path / "other")
    (other.folder / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="exists and is not an empty folder; choose another name or remove it"):
        other.begin()


def test_alone_in_the_folder_what_was_left_half_written_is_removed(tmp_path):
    run = run_in(tmp_path / "run")
    (run.folder / ".metrics.jsonl.partial-1").touch()
    (run.folder / "metrics.jsonl").touch()
    with run.alone():
        assert not list(run.folder.glob("*partial*"))
        assert (run.folder / "metrics.jsonl").exists()
        with pytest.raises(DataError, match="another process is training in"), run.alone():
            pass
    with run.alone():
        pass


def test_a_free_name_is_taken_unless_one_is_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = recipe_of("vae").settings(DIGITS)
    assert [str(new_folder(None, settings)) for _ in range(3)] == [
        "runs/vae-digits",
        "runs/vae-digits-2",
        "runs/vae-digits-3",
    ]
    assert str(new_folder("mine/first", settings)) == "mine/first"
    assert str(new_folder("mine/first", settings)) == "mine/first"  # it may be empty still
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="out: file exists and is not an empty folder"):
        new_folder("file", settings)


def test_what_is_no_run_is_told(tmp_path):
    with pytest.raises(DataError, match=r"does not exist; `python -m minigen train \.\.\.` makes one"):
        load_run(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no config\.json; give the folder of a training run"):
        load_run(tmp_path)
    run = run_in(tmp_path / "run")
    run.begin()
    with pytest.raises(DataError, match="not found; the run was not finished: python -m minigen train --resume"):
        load_run(run.folder).load_model()


def test_weights_of_other_settings_are_refused(tmp_path):
    run, other = run_in(tmp_path / "run"), run_in(tmp_path / "other", width=5)
    for one in (run, other):
        one.begin()
        one.save_weights(recipe_of("vae").build(one.settings, one.shape, Generator(0)))
    shutil.copy(other.folder / "model.safetensors", run.folder)
    with pytest.raises(DataError, match="build the model with the settings it was saved with"):
        load_run(run.folder).load_model()
    assert np.prod(run.shape) == 64
