"""`evaluate`: each model gets the measures that suit it, and a model that draws real data gets what real data get."""

import json
import re

import numpy as np
import pytest

from minigen import cli, data
from minigen.errors import ArgumentError
from minigen.metrics import classifier
from minigen.report import Trained, evaluate, evaluation
from minigen.report.findings import table
from minigen.runs import load_run
from tests.train import runs


@pytest.fixture(autouse=True)
def quick_classifier(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path_factory.getbasetemp() / "evaluate-cache"))
    monkeypatch.setitem(classifier.EPOCHS, "digits", 8)
    monkeypatch.setitem(classifier.MUST_REACH, "digits", 0.8)
    monkeypatch.setattr(evaluation, "LIKELIHOOD_IMAGES", 50)


def trained(folder):
    run = load_run(folder)
    return Trained(run.load_model(), run.settings, run.shape)


def test_the_command(tmp_path, capsys):
    runs.start("vae", tmp_path / "run")
    assert cli.main(["evaluate", str(tmp_path / "run"), "--seed", "5"]) == 0
    shown = capsys.readouterr().out
    content = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert (content["model"], content["data"], content["seed"]) == ("vae", "digits", 5)
    for name, found in content["measures"].items():
        assert f"{name} " in shown
        assert f"{found['value']:.4g}" in shown
    assert {"-ELBO", "NLL", "FID-cls", "precision", "coverage", "1-NN accuracy", "copies", "Parzen window"} <= set(
        content["measures"]
    )
    assert content["measures"]["NLL"]["value"] < content["measures"]["-ELBO"]["value"]
    assert content["measures"]["FID-cls"]["value"] > 5 * content["measures"]["FID-cls"]["real"]
    assert (tmp_path / "run" / "nearest.png").stat().st_size > 1000


def test_points_get_their_modes(tmp_path, capsys):
    runs.start("gan on points", tmp_path / "run")
    assert cli.main(["evaluate", str(tmp_path / "run"), "--n", "500"]) == 0
    measures = json.loads((tmp_path / "run" / "evaluation.json").read_text())["measures"]
    assert measures["modes"]["real"] == 8
    assert measures["modes"]["value"] <= 8
    assert measures["high quality"]["real"] > 0.98
    assert "FID-cls" not in measures


def test_a_model_that_draws_real_images_cannot_be_told_from_them_but_is_found_to_copy(tmp_path, monkeypatch):
    runs.start("gan", tmp_path / "run")
    train, test = data.load("digits"), data.load("digits", "test")
    rows = np.random.default_rng(1).permutation(len(train))
    monkeypatch.setattr(Trained, "sample", lambda self, n, rng: train.x[rows[:n]])
    found, _ = evaluate(trained(tmp_path / "run"), train, test, 10_000, 0)
    assert found["FID-cls"].value < 2 * found["FID-cls"].real
    for name in ("precision", "recall", "density", "coverage"):
        assert found[name].value == pytest.approx(found[name].real, abs=0.35)
    assert found["copies"].value == 1


def test_a_conditional_model_that_draws_real_images_teaches_as_much_as_they_do(tmp_path, monkeypatch):
    """Its samples as training data for a nearest-neighbour classifier; with the labels mixed up they teach nothing."""
    runs.start("cvae", tmp_path / "run")
    train, test = data.load("digits"), data.load("digits", "test")

    def errors(name_of):
        def draw(self, n, rng, label=None):
            rows = np.arange(len(train)) if label is None else np.flatnonzero(train.y == name_of(label))
            return train.x[rows[:n]]

        monkeypatch.setattr(Trained, "sample", draw)
        found, _ = evaluate(trained(tmp_path / "run"), train, test, 10_000, 0)
        return found["1-NN error"]

    right, wrong = errors(lambda label: label), errors(lambda label: (label + 1) % 10)
    assert right.value == pytest.approx(right.real, abs=0.02)
    assert right.value < 0.1
    assert wrong.value > 0.9


def test_refusals(tmp_path, capsys):
    runs.start("inpaint", tmp_path / "restores")
    assert cli.main(["evaluate", str(tmp_path / "restores")]) == 2
    assert "restores images" in capsys.readouterr().err
    runs.start("gan", tmp_path / "run")
    train, test = data.load("digits"), data.load("digits", "test")
    with pytest.raises(ArgumentError, match="n: expected at least 6 samples"):
        evaluate(trained(tmp_path / "run"), train, test, 5, 0)
    assert cli.main(["evaluate", str(tmp_path / "nowhere")]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_few_samples_cost_one_measure_and_not_all(tmp_path):
    runs.start("made", tmp_path / "run")
    said = []
    found, _ = evaluate(
        trained(tmp_path / "run"), data.load("digits"), data.load("digits", "test"), 100, 0, said.append
    )
    assert np.isnan(found["FID-cls"].value)
    assert found["FID-cls"].note.startswith("not of 100 samples; it takes --n 640")
    assert np.isfinite(found["NLL"].value)
    assert "100 samples" in said
    assert re.search(r"^FID-cls +-  +not of 100 samples", table(found), re.M)
