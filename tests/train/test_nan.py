"""NaN and infinity in a loss or gradient, of every kind of model; games out of balance."""

import re

import numpy as np
import pytest

from minigen import cli, data, models, ops
from minigen.errors import ArgumentError, NumericalError
from minigen.runs import Every
from minigen.train import resume, train
from tests.faults import record

from .runs import KINDS, descents, go_on, rows, sets, small, start, weights

pytestmark = pytest.mark.usefixtures("no_pictures")


LOSS = models.VAE.loss


def poisoned(monkeypatch, bad):
    """Let the loss go through log(0) whenever `bad(calls so far)`."""
    calls, loss = [], LOSS

    def poisoning(self, x, rng=None):
        calls.append(1)
        found = loss(self, x, rng)
        if bad(len(calls)) and self.training:
            return found._replace(total=found.total + ops.log(ops.mean(x) * 0.0))
        return found

    monkeypatch.setattr(models.VAE, "loss", poisoning)


def test_a_nan_stops_the_run_and_is_named(tmp_path, monkeypatch):
    poisoned(monkeypatch, lambda call: call >= 45)
    with pytest.raises(NumericalError) as caught:
        start("vae", tmp_path / "run", every=Every(steps=20))
    said = str(caught.value)
    assert said.startswith("step 45: the loss is -inf")
    assert "log: result holds 1 infinity" in said
    assert "the last checkpoint, of step 40, is good" in said
    assert "--on-nan skip or --on-nan rollback" in said
    poisoned(monkeypatch, lambda call: False)
    go_on(tmp_path / "run")
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "run") == weights(tmp_path / "other")


def test_no_weight_changes_in_a_step_that_fails(monkeypatch):
    from minigen import Generator, tensor

    settings, recipe = small("vae"), models.recipe_of("vae")
    model = recipe.build(settings, (8, 8, 1), Generator(0))
    trainer = recipe.trainer(model, settings)
    before = trainer.state()
    poisoned(monkeypatch, lambda call: True)
    with pytest.raises(NumericalError, match="the loss is -inf"), np.errstate(divide="ignore"):
        trainer.step(tensor(data.load("digits").x[:5]), Generator(0))
    after = trainer.state()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_a_gradient_may_fail_alone(tmp_path, monkeypatch):
    """sqrt at 0: a finite value with an infinite slope."""
    loss = models.VAE.loss

    def steep(self, x, rng=None):
        found = loss(self, x, rng)
        return found._replace(total=found.total + ops.sqrt(found.kl - found.kl.item()))

    monkeypatch.setattr(models.VAE, "loss", steep)
    message = r"step 1: the loss is \d.* the norm of its gradient (inf|nan).*gradient of sqrt"
    with pytest.raises(NumericalError, match=message):
        start("vae", tmp_path / "run")


def test_the_command_line_names_the_line_of_the_model(tmp_path, monkeypatch, capsys):
    """It has no line of a program of the user's to name."""

    def overflowing(descend, trainer, optimizer, loss):
        trainer.model.generator.parameters()[0].data[...] = 1e38
        return descend(loss)

    descents(overflowing, monkeypatch.setattr)
    assert cli.main(["train", "gan", "--steps", "9", "--quiet", "--out", str(tmp_path / "run")]) == 2
    assert re.search(r"; at gan\.py:\d+ in \w+: .*\); there is no checkpoint yet", capsys.readouterr().err)


def test_skip_leaves_the_step_out(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call in (20, 21, 50))
    run = start("vae", tmp_path / "run", on_nan="skip")
    assert capsys.readouterr().err.count("left out") == 3
    assert sum(row.get("skipped", 0) for row in run.metrics()) == 3
    assert all(np.isfinite(t.data).all() for _, t in run.load_model().named_tensors())


def test_skip_keeps_the_running_statistics(tmp_path):
    """A NaN in the data reaches batch norm's averages before anybody sees the loss."""
    digits, test = sets("digits")
    x = digits.x.astype(np.float32)
    x[3, 2, 2, 0] = np.nan
    broken = data.Dataset("digits", x, digits.y)
    run = train(small("dcgan"), broken, test, str(tmp_path / "run"), quiet=True, on_nan="skip")
    assert sum(row.get("skipped", 0) for row in run.metrics()) == 2  # two epochs
    assert all(np.isfinite(t.data).all() for _, t in run.load_model().named_tensors())
    with pytest.raises(NumericalError, match="the batch holds 1 NaN"):
        train(small("dcgan"), broken, test, str(tmp_path / "other"), quiet=True)


def test_skip_gives_up(tmp_path, monkeypatch):
    poisoned(monkeypatch, lambda call: call > 10)
    with (
        np.errstate(divide="ignore"),
        pytest.raises(NumericalError, match=r"step 111: .* or train anew with a lower --lr"),
    ):
        start("vae", tmp_path / "run", on_nan="skip", steps=200)


def test_rollback_goes_on_with_other_numbers(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call in (45, 46))  # 46: the step again, to find the origin
    run = start("vae", tmp_path / "run", every=Every(steps=20), on_nan="rollback")
    assert "back to step 40, and on with other random numbers" in capsys.readouterr().err
    steps = [row["step"] for row in run.metrics()]
    assert steps == sorted(steps)
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "run") != weights(tmp_path / "other")
    assert rows(tmp_path / "run")[:40] == rows(tmp_path / "other")[:40]


def test_rollback_gives_up(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call > 10)
    with pytest.raises(NumericalError, match=r"there is no checkpoint yet"):
        start("vae", tmp_path / "run", on_nan="rollback")
    assert capsys.readouterr().err.count("back to step 0") == 10


def test_on_nan_takes_three_words(tmp_path, capsys):
    with pytest.raises(ArgumentError, match="on_nan: expected one of stop, skip, rollback, got 'ignore'"):
        train(small("vae"), *sets("digits"), str(tmp_path / "run"), on_nan="ignore")
    with pytest.raises(ArgumentError, match="on_nan: "):
        resume(tmp_path / "run", *sets("digits"), on_nan="")
    assert cli.main(["train", "vae", "--on-nan", "ignore", "--out", str(tmp_path / "run")]) == 2
    assert not (tmp_path / "run").exists()


# ------------------------------------------------------------------------------------------------- every model


def spoilt(monkeypatch, player, bad):
    """Let the loss of one player, 0 or -1, go through log(0) in its steps for which `bad(number)`, from 1 on."""
    calls = []

    def spoiling(descend, trainer, optimizer, loss):
        if optimizer is trainer.optimizers[player]:
            calls.append(trainer.optimizers[-1].t + 1)
            loss = loss + ops.log(loss * 0.0) if bad(calls) else loss
        return descend(loss)

    descents(spoiling, monkeypatch.setattr)


def nan_stops(folder, monkeypatch, kinds):
    """How often a run was not stopped with step, operation and checkpoint, or did not go on to the same bytes."""
    losses = 0
    for kind in kinds:
        start(kind, folder / kind / "whole")
        for player in (0, -1):
            run = folder / kind / str(player)
            with monkeypatch.context() as patch:
                spoilt(patch, player, lambda calls: calls[-1] == 45)
                with pytest.raises(NumericalError) as caught:
                    start(kind, run, every=Every(steps=20))
            told = r"step 45: the loss is -inf .*\(log: result holds 1 infinity .*; the last checkpoint, of step 40, is"
            losses += not re.match(told, str(caught.value))
            go_on(run)
            losses += weights(run) != weights(folder / kind / "whole") or rows(run) != rows(folder / kind / "whole")
    return losses


def nan_is_left_behind(folder, monkeypatch, kinds, on_nan):
    """How often a run with three bad steps did not come to its end, or not with finite weights."""
    losses = 0
    for kind in kinds:
        with monkeypatch.context() as patch:
            spoilt(patch, -1, lambda calls: len(calls) in (20, 21, 50))
            run = start(kind, folder / on_nan / kind, every=Every(steps=10), on_nan=on_nan)
        losses += not all(np.isfinite(t.data).all() for _, t in run.load_model().named_tensors())
        steps = [row["step"] for row in run.metrics()]
        losses += steps != sorted(steps) or steps[-1] != 60
        losses += sum(row.get("skipped", 0) for row in run.metrics()) != (3 if on_nan == "skip" else 0)
    return losses


SOME = ["dcgan", "vae-gan", "vq-vae"]


@pytest.mark.long
def test_a_nan_of_any_player_stops_the_run(tmp_path, monkeypatch):
    assert nan_stops(tmp_path, monkeypatch, SOME) == 0


@pytest.mark.parametrize("on_nan", ["skip", "rollback"])
def test_a_nan_is_left_behind(tmp_path, monkeypatch, on_nan):
    assert nan_is_left_behind(tmp_path, monkeypatch, SOME, on_nan) == 0


@pytest.mark.slow
def test_fault_a_nan_in_every_kind_of_model(tmp_path, monkeypatch):
    losses = nan_stops(tmp_path, monkeypatch, KINDS)
    note = "every kind of model, its first and its last player: step, operation, good checkpoint; resumed: same bytes"
    record("training: an infinite loss, --on-nan stop", 2 * len(KINDS), losses, note)
    for on_nan in ("skip", "rollback"):
        lost = nan_is_left_behind(tmp_path, monkeypatch, KINDS, on_nan)
        record(f"training: an infinite loss, --on-nan {on_nan}", 3 * len(KINDS), lost, "the run ends, weights finite")
        losses += lost
    assert losses == 0


# ------------------------------------------------------------------------------------------------- balance


def test_imbalance_shows_in_the_log_and_on_the_screen(tmp_path, monkeypatch, capsys):
    """A discriminator that learns far faster than the generator."""
    from minigen.optim import Adam

    step = Adam.step

    def one_sided(self, loss=None):
        if self.flat.params[-1].shape != (1,):  # the discriminator's last bias
            return self._gradient()
        self.lr = 5e-3
        return step(self, loss)

    monkeypatch.setattr(Adam, "step", one_sided)
    run = start("gan", tmp_path / "run", width=32, steps=400, quiet=False)
    told = {row["step"]: row["warnings"] for row in run.metrics() if "warnings" in row}
    assert any("D always right" in warning for warnings in told.values() for warning in warnings)
    said = capsys.readouterr().err
    assert said.count("D always right: the discriminator is right about every example") == len(told)
    assert said.count("warning=D always right") > len(told)  # in the bar as long as it holds


def test_clusters_are_counted_on_the_way(tmp_path):
    run = start("gan on points", tmp_path / "run")
    assert all(0 <= row["modes"] <= 8 for row in run.metrics())
