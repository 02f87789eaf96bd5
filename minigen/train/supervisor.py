"""What goes on around the training loop: a progress bar, a log, checkpoints, and what to do when a step fails."""

import copy
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..autodiff import Tensor, debug, written
from ..autodiff.debugging import bad_values
from ..backend import to_numpy
from ..data import Dataset
from ..data.files import json_text
from ..distributed import Group
from ..errors import ArgumentError, DataError, NumericalError
from ..models import Trainer
from ..models.trainer import Metrics
from ..random import Generator, next_seed
from ..report import Trained, modes
from ..runs import Checkpoint, Every, Run, quoted, resume_command, resume_options, save_checkpoint
from ..runs.health import new_warnings, signs_of_imbalance
from ..signals import Request, Stopped
from ..version import __version__
from .loop import Batch, Batches
from .terminal import tell

LOG_ROWS = 200  # about how many rows of metrics a run writes
LOOKED_AT = 10  # one row in so many has modes, where a sample takes many evaluations of the network
WARM_UP = 100  # steps in which a game may look out of balance: every generator begins with samples that are alike
ON_NAN = ("stop", "skip", "rollback")
PATIENCE = {"stop": 0, "skip": 100, "rollback": 10}  # steps left out in a row, or rollbacks, until a run gives up


def check_on_nan(choice: str) -> None:
    """Refuse what is not in ON_NAN.

    Raises:
        ArgumentError: it is none.
    """
    if choice not in ON_NAN:
        raise ArgumentError(f"on_nan: expected one of {', '.join(ON_NAN)}, got {choice!r}")


class Supervisor:
    """Watches over a run: all that happens around its training steps, and all of its state.

    Args:
        run: where its files go.
        trainer: takes the steps.
        data: to train on; images of bytes are scaled batch by batch: they may be larger than memory.
        rng: where the noise of the steps comes from.
        every: how often to write a checkpoint.
        on_nan: one of ON_NAN.
        stop: looked at after each step.
        data_dir: where the data's files lie, for the advice of how to go on.

    Of several processes (`trainer.group`) each has a supervisor. All do the same, after the same step; the first one
    alone writes and speaks.

    Attributes:
        step: how many steps have been taken.
        rows: the metrics so far, as in metrics.jsonl.
        saved: the step of the last checkpoint.
    """

    def __init__(
        self,
        run: Run,
        trainer: Trainer,
        data: Dataset,
        rng: Generator,
        every: Every,
        on_nan: str,
        stop: Request,
        data_dir: str | Path | None = None,
    ) -> None:
        self.run, self.trainer, self.data, self.rng = run, trainer, data, rng
        self.every, self.on_nan, self.stop, self.data_dir = every, on_nan, stop, data_dir
        self.group = trainer.group
        settings = run.settings
        self.shown = Trained(trainer.model, settings, run.shape)
        labels = self.shown.recipe.targets(data)
        self.batches = Batches(
            data.x,
            *labels,
            batch_size=settings.batch_size,
            rng=rng.spawn(),
            device=settings.device,
            transform=self.shown.prepared,
            part=(self.group.rank, self.group.size),
        )
        self.row_every = max(1, settings.steps // LOG_ROWS)
        self.look_every = self.row_every * (LOOKED_AT if "evaluations" in settings.options else 1)
        self.step = self.saved = 0
        self.rows: list[dict[str, Any]] = []
        self.sums: dict[str, Any] = {}  # of the metrics since the last row, on the device
        self.counted = self.skipped = 0  # steps since the last row: taken, left out
        self.skipped_in_a_row = self.rollbacks = 0
        self.seconds = 0.0
        self.last: Checkpoint | None = None  # to roll back to
        self.checksum = data.checksum()

    # ---------------------------------------------------------------------------------------------------- state

    def checkpoint(self) -> Checkpoint:
        """All of the state."""
        arrays = self.trainer.state()
        arrays |= {f"sums/{name}": np.array(to_numpy(total)) for name, total in self.sums.items()}
        notes = {
            "minigen": __version__,
            "examples": len(self.data.x),
            "data": self.checksum,
            "order": self.trainer.order(),
            "rng": self.rng.state(),
            "loader": self.batches.state(),
            "counted": self.counted,
            "skipped": self.skipped,
            "rollbacks": self.rollbacks,
            "seconds": self.seconds,
            "rows": list(self.rows),
        }
        return Checkpoint(self.step, arrays, notes)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            ArgumentError: it is of other data.
            DataError: it is of another model, or not one of a training.
        """
        notes = copy.deepcopy(checkpoint.notes)
        if notes.get("examples") != len(self.data.x):
            raise ArgumentError(
                f"data: the run was begun with {notes.get('examples')} examples, here are {len(self.data.x)}; "
                "give the same data (--data-dir)"
            )
        if notes.get("data", self.checksum) != self.checksum:  # format 1 once had none
            raise ArgumentError(
                f"data: the run was begun with other examples than these {len(self.data.x)} (their CRC-32 differs); "
                "give the same data (--data-dir)"
            )
        sums = {n.removeprefix("sums/"): a for n, a in checkpoint.arrays.items() if n.startswith("sums/")}
        try:
            if notes.get("order", self.trainer.order()) != self.trainer.order():  # format 1 once had none
                raise ValueError("its parameters are in another order")
            self.trainer.load_state({n: a for n, a in checkpoint.arrays.items() if not n.startswith("sums/")})
            self.rng.load_state(notes["rng"])
            self.batches.load_state(notes["loader"])
            self.counted, self.skipped, self.rollbacks = (_count(notes[n]) for n in ("counted", "skipped", "rollbacks"))
            self.seconds, self.rows = _number(notes["seconds"]), _rows(notes["rows"])
            if not all(total.shape == () and total.dtype.kind == "f" for total in sums.values()):
                raise ValueError("sums that are not numbers")
            if not 0 <= checkpoint.step <= self.run.settings.steps:
                raise ValueError(f"a run of {self.run.settings.steps} steps")
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(f"checkpoint of step {checkpoint.step}: not of this run ({error})") from None
        self.step, self.sums = checkpoint.step, dict(sums)
        self.saved, self.last = self.step, checkpoint

    # ---------------------------------------------------------------------------------------------------- steps

    def begin(self, bar: Any) -> None:
        """Before the first step that is taken here."""
        self.bar = bar
        self.trainer.watch(always=self.on_nan == "skip")
        self.last = self.checkpoint() if self.on_nan == "rollback" else None
        self.group.from_first(lambda: self.run.save_metrics(self.rows))
        self.begun, self.saved_at = time.monotonic() - self.seconds, time.monotonic()

    def noted(self) -> Iterator[Batch]:
        """The batches, with a note before each step of what is needed if it fails."""
        for batch in self.batches:
            self.batch, self.noise, self.in_step = batch, self.rng.state(), True
            buffers = self.trainer.model.named_buffers() if self.on_nan == "skip" else []
            self.buffers = [(tensor, tensor.data.copy()) for _, tensor in buffers]
            yield batch

    def after(self, step: int, metrics: Metrics) -> None:
        """After a step: means of the metrics to the bar and to metrics.jsonl every few steps, and checkpoints.

        Raises:
            Stopped: somebody asks for it; a checkpoint is written.
            NumericalError: a metric is not finite.
        """
        self.in_step = False
        for name, value in metrics.items():
            self.sums[name] = self.sums.get(name, 0) + value.data  # stays on the device: no waiting
        self.step = step
        self.counted += 1
        self.skipped_in_a_row = 0
        self._row()
        self._between_steps()

    def failed(self, error: NumericalError) -> None:
        """After a loss or gradient that is not finite: say what is done about it, and do it.

        Raises:
            NumericalError: `on_nan` says to stop, or nothing helps.
        """
        told = f"step {self.step + 1}: {error}" if self.in_step else str(error)
        if self.in_step and self.on_nan == "skip":
            for buffer, values in self.buffers:
                buffer.data[...] = values
            written((buffer for buffer, _ in self.buffers), "--on-nan skip")
        elif self.in_step:
            told += f" ({self._origin()})"
        if max(self.skipped_in_a_row, self.rollbacks) >= PATIENCE[self.on_nan]:
            raise NumericalError(f"{told}; {self._advice()}") from None
        self._say(f"{told}; {self._recover()}")
        self.bar.n = self.step
        self._between_steps()

    def _between_steps(self) -> None:
        settings = self.run.settings
        self.bar.update(self.step - self.bar.n)
        self.seconds = time.monotonic() - self.begun
        due = self.group.is_first and self.every.due(self.step, time.monotonic() - self.saved_at)
        asked = self.group.largest(2 * self.stop.signum + due)  # all stop and save after the same step
        if asked or self.step == settings.steps:
            problem = self._save()
            self.saved_at = time.monotonic()
            if signum := asked // 2:
                raise Stopped(f"stopped after step {self.step}{problem}", signum)

    def _origin(self) -> str:
        """The operation that gave the first NaN or infinity: the step again, in debug mode. It may change weights."""
        found = self.group.everyones(self._own_origin())
        return next(filter(None, found), "the same step again shows no fault")

    def _own_origin(self) -> str:
        """Likewise of this process's part of the step, without the others; '' if it shows no fault."""
        x, *labels = self.batch
        if found := bad_values(x):
            return f"the batch holds {found}"
        self.rng.load_state(self.noise)
        self.trainer.join(Group(self.group.rank, self.group.size), self.trainer.cut)
        try:
            with debug():
                self.trainer.step(Tensor(x), self.rng, *labels)
        except NumericalError as error:
            return str(error)
        finally:
            self.trainer.join(self.group, self.trainer.cut)
        return ""

    def _recover(self) -> str:
        """Leave the step out, or go back to the last checkpoint; says what was done."""
        if self.on_nan == "skip":
            self.step += 1
            self.skipped += 1
            self.skipped_in_a_row += 1
            return "left out"
        assert self.last is not None
        rollbacks = self.rollbacks + 1
        self.load(self.last)
        self.rollbacks = rollbacks
        fresh = self.rng
        for _ in range(rollbacks):  # the same numbers would lead to the same end
            fresh = fresh.spawn()
        self.batches.reseed(fresh.spawn())
        self.rng.load_state(fresh.state())
        return f"back to step {self.step}, and on with other random numbers"

    def _advice(self) -> str:
        """What to do about a run that cannot go on."""
        others = " or ".join(f"--on-nan {name}" for name in ON_NAN if name not in ("stop", self.on_nan))
        if self.step == 0:
            return f"there is no checkpoint yet; train anew with a lower --lr, or {others}"
        last = f"the last checkpoint, of step {self.saved}, is good" if self.saved else "there is no checkpoint yet"
        again = resume_options(self.run.folder, self.data_dir, self.every)
        return f"{last}; go on with {again} {others}, or train anew with a lower --lr"

    def how_to_go_on(self) -> str:
        """What to say to somebody who stops the run."""
        if not (self.run.folder / "config.json").exists():
            return f"nothing was begun in {quoted(self.run.folder)}"
        lost = f"step {self.saved}" if self.saved else "the beginning (there is no checkpoint yet)"
        return f"go on from {lost} with: {resume_command(self.run.folder, self.data_dir, self.every, self.on_nan)}"

    def told(self, what: str) -> str | None:
        """What to say when the run ends at once; None if it is finished already."""
        return None if self.run.finished() else f"{what}; {self.how_to_go_on()}"

    def _row(self) -> None:
        """Every few steps, a row of metrics for the log and the bar, and a warning if the game is out of balance."""
        if self.step % self.row_every and self.step != self.run.settings.steps:
            return
        means = {name: round(float(total) / self.counted, 6) + 0.0 for name, total in self.sums.items()}
        if not self.trainer.watches and not all(math.isfinite(value) for value in means.values()):
            raise NumericalError(f"step {self.step}: a metric of the last {self.counted} steps is not finite: {means}")
        means = defined(means)  # every step was looked at: what is not finite has no meaning for these batches
        row: dict[str, Any] = {"step": self.step, **means}
        looked = self.step % self.look_every == 0 or self.step == self.run.settings.steps
        if self.data.centres is not None and looked and self.group.is_first:
            self.trainer.model.eval()
            row |= defined(modes(self.shown, self.data, 500, Generator(next_seed(self.run.settings.seed))))
            self.trainer.model.train()
        if self.skipped:
            row["skipped"] = self.skipped
        row["seconds"] = round(self.seconds, 3)
        self.rows.append(row)
        settled = [row for row in self.rows if row["step"] > WARM_UP]
        if warnings := new_warnings(settled, self.run.settings):
            row["warnings"] = warnings
        for warning in warnings:
            self._say(f"step {self.step}: {warning}")
        signs = ", ".join(signs_of_imbalance(settled, self.run.settings))  # in the bar as long as they hold
        shown = {"warning": signs} if signs else {}
        self.bar.set_postfix(shown | {name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        self.sums, self.counted, self.skipped = {}, 0, 0
        if self.group.is_first:
            self._log(row)

    def _log(self, row: dict[str, Any]) -> None:
        """Add the row to metrics.jsonl; if that fails for now, the file is written as a whole in the end."""
        if not self.run.folder.is_dir():
            raise DataError(f"out: the folder {self.run.folder} was removed during training; nothing can be saved")
        try:
            with open(self.run.folder / "metrics.jsonl", "a") as log:
                log.write(json_text(row) + "\n")
        except OSError as error:
            self._say(f"step {self.step}: cannot write metrics.jsonl ({error.strerror}); training goes on")

    def _save(self) -> str:
        """Write a checkpoint; if that fails the run goes on, for the one before is still there. Says what failed."""
        checkpoint = self.checkpoint() if self.group.is_first or self.last is not None else None
        if self.last is not None:
            self.last = checkpoint
        try:
            self.group.from_first(lambda: self._write(checkpoint))
        except DataError as error:
            self._say(f"step {self.step}: no checkpoint: {error}")
            return f" (not saved: {error})"
        self.saved = self.step
        return ""

    def _write(self, checkpoint: Checkpoint | None) -> None:
        assert checkpoint is not None
        save_checkpoint(self.run.folder, checkpoint)

    def _say(self, text: str) -> None:
        """A line, of one process."""
        if self.group.is_first:
            tell(text)


def defined(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are numbers; the spread of examples that are all alike is none, for example."""
    return {name: value for name, value in metrics.items() if math.isfinite(value)}


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"expected a count, got {value!r:.40}")
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"expected a number, got {value!r:.40}")
    return float(value)


def _rows(rows: Any) -> list[dict[str, Any]]:
    """Rows of metrics from a checkpoint: the step, numbers, and warnings in words."""
    for row in rows:
        _count(row["step"])
        for name, value in row.items():
            if name != "warnings":
                _number(value)
            elif not all(isinstance(text, str) for text in value):
                raise ValueError(f"expected warnings, got {value!r:.40}")
    return list(rows)
