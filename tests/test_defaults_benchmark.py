"""The table of defaults: its rows are those of today's defaults, and a row is run once."""

import dataclasses

import pytest

from benchmarks import defaults, pages
from minigen import data
from minigen.models import RECIPES

HERE = ("digits", *(name for name in data.DATASETS if data.kind_of(name) == "points"))


def test_each_model_is_offered_with_images_and_if_it_can_with_points():
    offered = set(defaults.offered())
    assert {("dcgan", "digits"), ("gan", "ring"), ("vae", "cifar10")} <= offered
    assert ("dcgan", "ring") not in offered
    assert {f"{model} {name}" for model, name in offered} >= defaults.read().keys()


def test_the_rows_are_those_of_the_defaults_of_today():
    for row, content in defaults.read().items():
        model, name = row.split()
        if name in HERE:
            assert content["settings"] == defaults.defaults_of(model, name), f"{row}: python -m benchmarks.defaults"


def test_a_row_is_run_once_and_again_when_its_defaults_change(tmp_path, monkeypatch, capsys):
    def of_so_many_steps(steps):
        small = {"points": {"steps": steps, "batch_size": 20, "width": 4, "latent_dim": 2}}
        monkeypatch.setitem(RECIPES, "gan", dataclasses.replace(RECIPES["gan"], for_data=small))

    monkeypatch.setattr(defaults, "RESULTS", tmp_path / "defaults.json")
    monkeypatch.setattr(defaults, "SAMPLES", 50)
    command = ["gan", "--data", "ring", "--scratch", str(tmp_path)]
    ran = []
    for steps in (2, 2, 3):
        of_so_many_steps(steps)
        defaults.main(command)
        ran.append(capsys.readouterr().out.startswith("gan ring"))
    assert ran == [True, False, True]
    row = defaults.read()["gan ring"]
    assert row["settings"]["steps"] == 3
    assert {"modes", "high quality", "coverage"} == row["measures"].keys()
    defaults.main(["--eye", "gan ring", "bad"])
    line = next(line for line in pages.defaults().splitlines() if line.startswith("| gan | ring |"))
    assert line.endswith("| bad |")
    assert "coverage" in line
    assert "Not run here: " in pages.defaults()
    with pytest.raises(KeyError):
        defaults.main(["--eye", "gan grid", "good"])
