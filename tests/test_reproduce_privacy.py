"""The rows of privacy: an interrupted one ends as if it had not been, and what it says follows from what it found."""

from dataclasses import replace

import numpy as np
import pytest

import minigen as mg
from benchmarks.protocols import membership, privacy
from benchmarks.protocols.row import Job
from minigen import data
from minigen.privacy import spent


def striped(n, seed):
    """Images of 28x28 whose label is told by where they are bright."""
    rng = np.random.default_rng(seed)
    x, y = 0.2 * rng.random((n, 28, 28, 1), dtype=np.float32), rng.integers(10, size=n)
    x[np.arange(n), 2 * y + 4] += 0.8
    return replace(data.load("digits"), x=x, y=y)


def test_an_interrupted_private_row_goes_on_and_counts_what_it_reveals(tmp_path, monkeypatch):
    small = type("Small", (), {"load": lambda name, part="train": striped(120, len(part))})
    monkeypatch.setattr(privacy, "data", small)
    monkeypatch.setattr(privacy, "EPOCHS", 3)
    monkeypatch.setattr(privacy, "RATE", 0.25)
    whole = privacy.ROWS["dp-sgd"].run(Job(None, 0, "cpu", tmp_path / "whole"))
    saved, save = [], Job.save

    def stop(job, state):
        save(job, state)
        saved.append(state)
        if len(saved) == 2:
            raise KeyboardInterrupt

    job = Job(None, 0, "cpu", tmp_path / "cut")
    with monkeypatch.context() as patch:
        patch.setattr(Job, "save", stop)
        with pytest.raises(KeyboardInterrupt):
            privacy.ROWS["dp-sgd"].run(job)
    again = privacy.ROWS["dp-sgd"].run(job)
    theirs = Job(None, 0, "cpu", tmp_path / "whole").load()
    assert all(np.array_equal(array, theirs[name]) for name, array in job.load().items() if name != "seconds")
    for name in ("accuracy", "epsilon", "epsilon_2017", "order", "steps"):
        assert again[name] == whole[name]
    assert whole["steps"] == 12
    assert whole["epsilon"] == pytest.approx(spent(0.25, 1.3, 12).epsilon, abs=1e-3)
    assert whole["epsilon"] < whole["epsilon_2017"]


def test_the_private_network_is_opacus():
    model = privacy.network(0)
    assert model.n_parameters() == 26_010
    assert model(mg.Tensor(np.zeros((2, 28, 28, 1), np.float32))).shape == (2, 10)


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_a_row_of_attacks_keeps_what_is_done(name, tmp_path, monkeypatch):
    """On the small digits: of each training, with and without privacy; the margin is the worse of two."""
    digits = type("Digits", (), {"load": lambda name: data.load("digits"), "binarize": data.binarize})
    monkeypatch.setattr(membership, "data", digits)
    for setting, value in (("SIZES", (20, 40)), ("OF_ROW", 40), ("EPOCHS", (1, 2)), ("OTHERS", 100), ("BATCH", 10)):
        monkeypatch.setattr(membership, setting, value)
    monkeypatch.setattr(membership, "PRIVATE_EPOCHS", 1)
    likelihood = {"likelihood": "bernoulli"} if name == "vae" else {}
    monkeypatch.setitem(membership.SETTINGS, name, {"width": 8, "latent_dim": 2} | likelihood)
    job = Job(None, 0, "cpu", tmp_path)
    row = membership.ROWS[f"membership-{name}"]
    with monkeypatch.context() as patch:
        patch.setattr(membership, "privately", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            row.run(job)
    with monkeypatch.context() as patch:
        patch.setattr(membership, "by_epochs", lambda *_: pytest.fail("the trainings were kept"))
        ours = row.run(job)
    assert [entry[:2] for entry in ours["by_epochs"]] == [[20, 1], [20, 2], [40, 1], [40, 2]]
    assert ours["by_epochs"][2][2:] == [ours["auc"], ours["low"], ours["high"]]
    half = (ours["private_high"] - ours["private_low"]) / 2
    assert ours["margin"] == pytest.approx(min(ours["low"] - 0.5, half - abs(ours["private_auc"] - 0.5)), abs=1e-4)
    assert ours["epsilon"] == pytest.approx(spent(0.1, membership.PRIVATE[name]["noise"], 10, 1e-4).epsilon, abs=0.01)
    assert {entry[0] for entry in ours["other_attacks"]} >= {"nearest sample", "without a model"}
