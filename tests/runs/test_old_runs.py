"""Runs that version 0.1 left, of every kind of model: finished ones are shown, stopped ones go on to the same end.

of_version_0_1/finished     12 steps of 20 examples, width 2, seed 5
of_version_0_1/stopped      the same runs after step 6
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from minigen import Generator, cli, data
from minigen.metrics import classifier
from minigen.models import RECIPES
from minigen.report import Trained, evaluate, evaluation, latent_pictures
from minigen.runs import load_run
from minigen.train import resume
from tests.train.runs import rows, without_pictures

OLD = Path(__file__).parent / "of_version_0_1"
KINDS = sorted(path.name for path in (OLD / "finished").iterdir())


def trained(kind):
    run = load_run(OLD / "finished" / kind)
    return Trained(run.load_model(), run.settings, run.shape)


def test_all_models_that_version_0_1_had_are_there():
    """A model that is new need not be."""
    assert {load_run(OLD / "finished" / kind).settings.model for kind in KINDS} <= set(RECIPES)
    assert sorted(path.name for path in (OLD / "stopped").iterdir()) == KINDS
    assert len(KINDS) == 27


@pytest.mark.parametrize("kind", KINDS)
def test_a_finished_run_loads(kind):
    run = load_run(OLD / "finished" / kind)
    assert run.finished()
    assert [row["step"] for row in run.metrics() if "seconds" in row] == [*range(1, 13)]
    config = json.loads((run.folder / "config.json").read_text())
    default = {option.name: option.default for option in RECIPES[run.settings.model].options}  # of what came later
    assert {name: config.get(name, default[name]) for name in default} == run.settings.options
    weights = load_file(run.folder / "model.safetensors")
    assert {n: a.tobytes() for n, a in run.load_model().state_dict().items()} == {
        n: a.tobytes() for n, a in weights.items()
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("denoise", "inpaint", "super-resolve")])
def test_it_samples(kind, tmp_path):
    out = tmp_path / "samples.npy"
    assert cli.main(["sample", str(OLD / "finished" / kind), "--n", "3", "--out", str(out)]) == 0
    samples = np.load(out)
    assert samples.shape == (3, *load_run(OLD / "finished" / kind).shape)
    assert np.isfinite(samples).all()


@pytest.mark.parametrize("kind", ["vae", "conv-vae", "cvae", "gan", "vae-gan", "infogan", "style-gan"])
def test_its_codes_are_explored(kind):
    figures = latent_pictures(trained(kind), data.load("digits", "test"), Generator(0))
    assert {"interpolation-linear.png", "interpolation-spherical.png", "traversals.png"} <= set(figures)


@pytest.mark.parametrize(("kind", "name"), [("vae", "NLL"), ("acgan", "class asked"), ("gan-ring", "high quality")])
def test_it_is_evaluated(kind, name, tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path_factory.getbasetemp() / "evaluate-cache"))
    monkeypatch.setitem(classifier.EPOCHS, "digits", 8)
    monkeypatch.setitem(classifier.MUST_REACH, "digits", 0.8)
    monkeypatch.setattr(evaluation, "LIKELIHOOD_IMAGES", 50)
    of = trained(kind)
    measures, _ = evaluate(of, data.load(of.settings.data), data.load(of.settings.data, "test"), 640, 0)
    assert np.isfinite(measures[name].value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_run_goes_on_to_the_end_of_the_finished_one(kind, tmp_path, monkeypatch):
    """On the machine that made them to the same bytes; rounding is another's own."""
    without_pictures(monkeypatch.setattr)
    shutil.copytree(OLD / "stopped" / kind, tmp_path / "run")
    name = load_run(tmp_path / "run").settings.data
    resume(tmp_path / "run", data.load(name), data.load(name, "test"), quiet=True)
    found, expected = (load_file(path / "model.safetensors") for path in (tmp_path / "run", OLD / "finished" / kind))
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-3, atol=1e-5, err_msg=name)
    then, now = rows(OLD / "finished" / kind)[:12], rows(tmp_path / "run")[:12]
    assert [row["step"] for row in now] == [row["step"] for row in then]
    at_stop = load_file(OLD / "stopped" / kind / "checkpoint-00000006.safetensors")
    assert any(abs(array - at_stop[f"model/{name}"]).max() > 1e-4 for name, array in expected.items())
