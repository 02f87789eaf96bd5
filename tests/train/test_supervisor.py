"""The supervisor: what it writes down, what a checkpoint of it holds, and what a step that failed leaves."""

import json

import numpy as np
import pytest

from minigen import Generator, data
from minigen.errors import ArgumentError, DataError, NumericalError
from minigen.models import recipe_of
from minigen.runs import Every, Run, new_folder
from minigen.signals import Request, Stopped
from minigen.train import check_on_nan, steps
from minigen.train.supervisor import ON_NAN, Supervisor

from .runs import NEVER, small

DIGITS = data.load("digits")


class Bar:
    """Of no width."""

    n = 0

    def update(self, more):
        self.n += more

    def set_postfix(self, shown, refresh):
        self.shown = shown


def supervisor(folder, kind="vae", every=NEVER, on_nan="stop", begin=True, **given):
    settings = small(kind, **given)
    recipe, rng = recipe_of(settings.model), Generator(settings.seed)
    trainer = recipe.trainer(recipe.build(settings, DIGITS.shape, rng), settings)
    run = Run(new_folder(str(folder), settings), settings, DIGITS.shape)
    keeper = Supervisor(run, trainer, DIGITS, rng, every, on_nan, Request())
    keeper.bar = Bar()
    if begin:
        keeper.begin(keeper.bar)
    return keeper


def take(keeper, n):
    """Steps until the n-th."""
    for step, metrics in steps(keeper.trainer, keeper.noted(), keeper.rng, n, keeper.step):
        keeper.after(step, metrics)


def test_the_log_holds_the_means_of_the_steps_between_two_rows(tmp_path):
    keeper, losses = supervisor(tmp_path / "run", steps=450), []
    assert keeper.row_every == 2
    for step, metrics in steps(keeper.trainer, keeper.noted(), keeper.rng, 6):
        losses.append(metrics["loss"].item())
        keeper.after(step, metrics)
    written = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert written == keeper.rows
    assert [row["step"] for row in written] == [2, 4, 6]
    expected = np.mean(np.reshape(losses, (3, 2)), axis=1)
    np.testing.assert_allclose([row["loss"] for row in written], expected, rtol=1e-5)
    assert keeper.bar.n == 6


def test_a_checkpoint_is_all_of_the_state(tmp_path):
    first, second = supervisor(tmp_path / "a"), supervisor(tmp_path / "b", begin=False)
    take(first, 33)
    second.load(first.checkpoint())
    assert (second.step, second.saved) == (33, 33)
    second.begin(Bar())
    for keeper in (first, second):
        take(keeper, 40)
    ours, others = first.checkpoint(), second.checkpoint()
    assert ours.arrays.keys() == others.arrays.keys()
    assert all(array.tobytes() == others.arrays[name].tobytes() for name, array in ours.arrays.items())
    assert ours.notes["rng"] == others.notes["rng"]
    assert ours.notes["loader"] == others.notes["loader"]


def test_checkpoints_are_written_when_due_and_when_somebody_asks_to_stop(tmp_path):
    keeper = supervisor(tmp_path / "run", every=Every(steps=4))
    take(keeper, 9)
    found = sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*"))
    assert found == ["checkpoint-00000004.safetensors", "checkpoint-00000008.safetensors"]
    keeper.stop.signum = 15
    with pytest.raises(Stopped, match="stopped after step 10"):
        take(keeper, 20)
    assert (keeper.saved, (tmp_path / "run" / "checkpoint-00000010.safetensors").exists()) == (10, True)


def test_what_is_of_another_run_is_refused(tmp_path):
    keeper = supervisor(tmp_path / "a")
    take(keeper, 2)
    found = keeper.checkpoint()
    with pytest.raises(DataError, match="checkpoint of step 2: not of this run"):
        supervisor(tmp_path / "b", width=5, begin=False).load(found)
    with pytest.raises(DataError, match="a run of 60 steps"):
        keeper.load(found._replace(step=61))
    (first, second, *rest), *others = found.notes["order"]
    with pytest.raises(DataError, match="its parameters are in another order"):
        keeper.load(found._replace(notes=found.notes | {"order": [[second, first, *rest], *others]}))
    with pytest.raises(ArgumentError, match="begun with 7 examples, here are 1500"):
        keeper.load(found._replace(notes=found.notes | {"examples": 7}))


def test_left_out_a_step_leaves_its_buffers(tmp_path):
    keeper = supervisor(tmp_path / "run", "dcgan", on_nan="skip")
    take(keeper, 3)
    next(keeper.noted())
    before = {name: tensor.numpy().copy() for name, tensor in keeper.trainer.model.named_buffers()}
    assert before
    for _, tensor in keeper.trainer.model.named_buffers():
        tensor.data[...] = np.nan
    keeper.failed(NumericalError("a loss of nan"))
    assert all(np.array_equal(t.numpy(), before[name]) for name, t in keeper.trainer.model.named_buffers())
    assert (keeper.step, keeper.skipped, keeper.skipped_in_a_row) == (4, 1, 1)


def test_rolled_back_it_stands_where_it_was_saved_with_other_numbers(tmp_path):
    keeper = supervisor(tmp_path / "run", on_nan="rollback", every=Every(steps=5))
    take(keeper, 7)
    weights = keeper.last.arrays["model/log_var"].copy()
    noise = keeper.last.notes["rng"]
    keeper.failed(NumericalError("step 7: a metric is not finite"))
    assert (keeper.step, keeper.rollbacks) == (5, 1)
    assert np.array_equal(keeper.trainer.model.log_var.numpy(), weights)
    assert keeper.rng.state() != noise


@pytest.mark.parametrize("word", ["", "SKIP", "ignore"])
def test_on_nan_is_one_of_three_words(word):
    for right in ON_NAN:
        check_on_nan(right)
    with pytest.raises(ArgumentError, match="on_nan: expected one of stop, skip, rollback, got"):
        check_on_nan(word)
