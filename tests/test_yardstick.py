"""The yardstick: the same images for all, numbers that are what they say, and entries that are kept."""

import json

import numpy as np
import pytest

import minigen as mg
from benchmarks import pages, yardstick
from benchmarks.protocols import grey_digits
from benchmarks.protocols.grey_digits import ABOVE, ENTRIES, EXACT, Found, Split, fitted, mixed
from benchmarks.protocols.row import Job
from minigen.data.small_digits import all_digits
from minigen.lessons.pictures.yardstick import grey_vae, images, shares, split
from minigen.metrics import nll
from minigen.models.autoregressive.grids import GridTrainer
from minigen.models.autoregressive.made import MADE

PARTS = Split(*split())


def test_the_split_is_all_digits_in_their_order():
    assert [part.shape for part in PARTS] == [(1000, 64), (350, 64), (447, 64)]
    assert (np.concatenate(PARTS).reshape(-1, 8, 8) == all_digits()[0]).all()
    assert PARTS.train.min() == 0
    assert PARTS.train.max() == 16


def test_counted_shares_have_the_numbers_that_are_known():
    found = grey_digits.independent(PARTS, 0)
    assert found.nats.mean() == pytest.approx(106.3, abs=0.05)
    assert grey_digits.ngram(PARTS, 0).nats.shape == (447,)


def test_a_mixture_is_a_distribution_and_of_one_part_the_shares():
    table = shares(PARTS.train)
    joint, together = mixed(np.zeros(1), [table], PARTS.test)
    np.testing.assert_allclose(together, joint[:, 0])
    valid, _, _, log_pi, tables = grey_digits.em(PARTS, 3, 0.3, 0)
    assert np.exp(log_pi).sum() == pytest.approx(1, abs=1e-6)
    assert [t.sum(axis=1) == pytest.approx(1) for t in tables]
    assert valid < -mixed(np.zeros(1), [table], PARTS.valid)[1].mean()


def test_training_stops_and_takes_the_weights_of_the_best_epoch(monkeypatch):
    model = MADE((8, 8, 1), 17, [8], rng=mg.Generator(0))
    trainer = GridTrainer(model, 1e-3)
    numbers, seen = iter([5.0, 4.0, 4.5, 4.2, 9.0, 9.0]), []

    def valid():
        seen.append(model.state_dict())
        return next(numbers)

    monkeypatch.setattr(grey_digits, "PATIENCE", 3)
    best, about = fitted(trainer, images(PARTS.train[:60]), valid, 0)
    assert (best, about["epochs"], len(seen)) == (4.0, 2, 5)
    assert all((a == seen[1][name]).all() for name, a in model.state_dict().items())


def test_a_vae_of_grey_levels_is_measured_as_others_are():
    """Its nats of 17 levels: a decoder that says nothing gives each level 1/17, and with q = p the bound is exact."""
    for kind in (grey_digits.TrainedVAE, grey_digits.TrainedIWAE):
        model = grey_vae(4, 8, kind=kind, **({"samples": 3} if kind is grey_digits.TrainedIWAE else {}))
        for part in (model.encoder, model.decoder):
            for parameter in part.parameters():
                parameter.data[...] = 0
        x = images(PARTS.test[:5])
        assert -model.log_prob(mg.tensor(x), mg.Generator(0)).numpy() == pytest.approx(64 * np.log(17), rel=1e-5)
        assert nll(model, x, 7) == pytest.approx(64 * np.log(17), rel=1e-5)


def test_every_family_of_the_page_is_there_and_the_best_is_far_below_the_mixture():
    entries = yardstick.read()
    assert set(entries) <= set(ENTRIES)
    for name, entry in entries.items():
        assert entry["kind"] == (ABOVE if name.startswith(("vae", "iwae", "realnvp", "ddpm")) else EXACT)
        assert entry["cpu_seconds"] < (1800 if name == "ddpm" else 240)
    found = yardstick.best(entries)
    assert yardstick.ROWS["digits-best"].goal.met({"ours": found}, [])


def test_an_entry_is_kept_as_soon_as_it_is_measured_and_run_anew_only_if_named(tmp_path, monkeypatch, capsys):
    runs = []

    def family(name, nats, kind):
        def run(parts, seed):
            runs.append(name)
            return Found(np.array([nats, nats + 2]), kind, "somehow", nats, {"weights": 3})

        return run

    known = {"mixture of categoricals": family("mixture", 100.0, EXACT), "vae": family("vae", 90.0, ABOVE)}
    monkeypatch.setattr(yardstick, "RESULTS", tmp_path / "yardstick.json")
    for place in (yardstick, grey_digits):
        monkeypatch.setattr(place, "ENTRIES", known)
    assert yardstick.main(["vae"]) == 0
    assert yardstick.main([]) == 0
    assert yardstick.main(["vae"]) == 0
    assert runs == ["vae", "mixture", "vae"]
    assert list(json.loads((tmp_path / "yardstick.json").read_text())) == list(known)
    lines = pages.yardstick().splitlines()
    assert "<= 91.0 +- 1.0" in lines[2]
    assert "| 101.0 +- 1.0" in lines[3]
    assert yardstick.main(["vea"]) == 2
    assert "did you mean 'vae'" in capsys.readouterr().err
    found = yardstick.run(Job(1.0, 0, "cpu", tmp_path / "job"))
    assert found["below_the_mixture"] == 10
    runs.clear()
    assert yardstick.run(Job(1.0, 0, "cpu", tmp_path / "job")) == found  # nothing is run twice
    assert runs == []
