"""The training loop: batches in, steps, a progress bar, a log, checkpoints, and what to do when a step fails."""

import copy
import json
import math
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from tqdm import tqdm

from ..autodiff import Tensor, debug
from ..autodiff.debugging import bad_values
from ..backend import to_numpy
from ..data import Dataset, Loader, pixels, scale
from ..errors import ArgumentError, DataError, NumericalError
from ..random import Generator
from ..version import __version__
from .checkpoint import Checkpoint, Every, save_checkpoint
from .health import new_warnings, signs_of_imbalance
from .recipes import recipe_of
from .results import modes
from .run import Run
from .signals import Request, Stopped
from .trainers import Trainer

LOG_ROWS = 200  # about how many rows of metrics a run writes
WARM_UP = 100  # steps in which a game may look out of balance: every generator begins with samples that are alike
ON_NAN = ("stop", "skip", "rollback")
PATIENCE = {"stop": 0, "skip": 100, "rollback": 10}  # steps left out in a row, or rollbacks, until a run gives up


class Training:
    """A run on its way, and all that changes from step to step.

    Args:
        run: where its files go.
        trainer: takes the steps.
        data: to train on; images of bytes are scaled to [low, 1], batch by batch: they may be larger than memory.
        low: the value of black.
        rng: where the noise of the steps comes from.

    Attributes:
        step: how many steps have been taken.
        rows: the metrics so far, as in metrics.jsonl.
        saved: the step of the last checkpoint.
    """

    def __init__(self, run: Run, trainer: Trainer, data: Dataset, low: float, rng: Generator) -> None:
        self.run, self.trainer, self.data, self.rng = run, trainer, data, rng
        settings = run.settings
        self.loader = Loader(
            *((data.x, data.y) if recipe_of(settings.model).labelled else (data.x,)),
            batch_size=settings.batch_size,
            rng=rng.spawn(),
            device=settings.device,
            transform=lambda batch: scale(pixels(batch), low),
        )
        self.row_every = max(1, settings.steps // LOG_ROWS)
        self.step = self.saved = 0
        self.rows: list[dict[str, Any]] = []
        self.sums: dict[str, Any] = {}  # of the metrics since the last row, on the device
        self.counted = self.skipped = 0  # steps since the last row: taken, left out
        self.skipped_in_a_row = self.rollbacks = 0
        self.seconds = 0.0
        self.last: Checkpoint | None = None  # to roll back to

    # ---------------------------------------------------------------------------------------------------- state

    def checkpoint(self) -> Checkpoint:
        """All of the state."""
        arrays = self.trainer.state()
        arrays |= {f"sums/{name}": np.array(to_numpy(total)) for name, total in self.sums.items()}
        words = {
            "minigen": __version__,
            "examples": len(self.data.x),
            "rng": self.rng.state(),
            "loader": self.loader.state(),
            "counted": self.counted,
            "skipped": self.skipped,
            "rollbacks": self.rollbacks,
            "seconds": self.seconds,
            "rows": list(self.rows),
        }
        return Checkpoint(self.step, arrays, words)

    def load(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            ArgumentError: it is of other data.
            DataError: it is of another model, or not one of a training.
        """
        words = copy.deepcopy(checkpoint.words)
        if words.get("examples") != len(self.data.x):
            raise ArgumentError(
                f"data: the run was begun with {words.get('examples')} examples, here are {len(self.data.x)}; "
                "give the same data (--data-dir)"
            )
        sums = {n.removeprefix("sums/"): a for n, a in checkpoint.arrays.items() if n.startswith("sums/")}
        try:
            self.trainer.load_state({n: a for n, a in checkpoint.arrays.items() if not n.startswith("sums/")})
            self.rng.load_state(words["rng"])
            self.loader.load_state(words["loader"])
            self.counted, self.skipped, self.rollbacks = (_count(words[n]) for n in ("counted", "skipped", "rollbacks"))
            self.seconds, self.rows = _number(words["seconds"]), _rows(words["rows"])
            if not all(total.shape == () and total.dtype.kind == "f" for total in sums.values()):
                raise ValueError("sums that are no numbers")
            if not 0 <= checkpoint.step <= self.run.settings.steps:
                raise ValueError(f"a run of {self.run.settings.steps} steps")
        except (KeyError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DataError(f"checkpoint of step {checkpoint.step}: not of this run ({error})") from None
        self.step, self.sums = checkpoint.step, dict(sums)
        self.saved, self.last = self.step, checkpoint

    # ---------------------------------------------------------------------------------------------------- steps

    def go(self, every: Every, on_nan: str, quiet: bool, stop: Request) -> None:
        """Take the steps that are left; means of the metrics go to the bar and to metrics.jsonl every few steps.

        Args:
            every: how often to write a checkpoint.
            on_nan: a word of ON_NAN.
            quiet: show no bar.
            stop: looked at after each step.

        Raises:
            Stopped: `stop` asks for it; the step was finished, and a checkpoint written.
            NumericalError: a loss or gradient is not finite, and `on_nan` says to stop, or nothing helps.
        """
        settings = self.run.settings
        self.trainer.watches |= on_nan == "skip"
        self.last = self.checkpoint() if on_nan == "rollback" else None
        self.run.save_metrics(self.rows)
        begun, saved_at = time.monotonic() - self.seconds, time.monotonic()
        batches = _endless(self.loader)
        with (
            np.errstate(all="ignore"),  # NaN and infinity are looked for, and told with their origin
            tqdm(
                desc=f"{settings.model} on {settings.data}",
                total=settings.steps,
                initial=self.step,
                unit="step",
                disable=quiet,
                dynamic_ncols=True,
            ) as bar,
        ):
            while self.step < settings.steps:
                try:
                    self._take_step(next(batches), on_nan)
                    self._row(bar)
                except NumericalError as error:
                    if max(self.skipped_in_a_row, self.rollbacks) >= PATIENCE[on_nan]:
                        raise NumericalError(f"{error}; {self._advice(on_nan)}") from None
                    _say(f"{error}; {self._recover(on_nan)}")
                    batches = _endless(self.loader) if on_nan == "rollback" else batches
                    bar.n = self.step
                bar.update(self.step - bar.n)
                self.seconds = time.monotonic() - begun
                if stop.signum or self.step == settings.steps or every.due(self.step, time.monotonic() - saved_at):
                    problem = self._save()
                    saved_at = time.monotonic()
                    if stop.signum:
                        raise Stopped(f"stopped after step {self.step}{problem}", stop.signum)

    def _take_step(self, batch: tuple[Any, ...], on_nan: str) -> None:
        """One step; one that fails leaves the module's buffers as they were if it is to be skipped."""
        noise = self.rng.state()
        buffers = [(t, t.data.copy()) for _, t in self.trainer.model.named_buffers()] if on_nan == "skip" else []
        try:
            metrics = self.trainer.step(Tensor(batch[0]), self.rng, *batch[1:])
        except NumericalError as error:
            for buffer, values in buffers:
                buffer.data[...] = values
            origin = "" if on_nan == "skip" else f" ({self._origin(batch, noise)})"
            raise NumericalError(f"step {self.step + 1}: {error}{origin}") from None
        for name, value in metrics.items():
            self.sums[name] = self.sums.get(name, 0) + value.data  # stays on the device: no waiting
        self.step += 1
        self.counted += 1
        self.skipped_in_a_row = 0

    def _origin(self, batch: tuple[Any, ...], noise: dict[str, Any]) -> str:
        """The operation that gave the first NaN or infinity: the step again, in debug mode. It may change weights."""
        if found := bad_values(batch[0]):
            return f"the batch holds {found}"
        self.rng.load_state(noise)
        try:
            with debug():
                self.trainer.step(Tensor(batch[0]), self.rng, *batch[1:])
        except NumericalError as error:
            return str(error)
        return "the same step again shows no fault"

    def _recover(self, on_nan: str) -> str:
        """Leave the step out, or go back to the last checkpoint; says what was done."""
        if on_nan == "skip":
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
        self.loader.rng.load_state(fresh.spawn().state())
        self.rng.load_state(fresh.state())
        return f"back to step {self.step}, and on with other random numbers"

    def _advice(self, on_nan: str) -> str:
        """What to do about a run that cannot go on."""
        last = f"the last checkpoint, of step {self.saved}, is good" if self.saved else "there is no checkpoint yet"
        others = " or ".join(f"--on-nan {name}" for name in ON_NAN if name not in ("stop", on_nan))
        return f"{last}; go on with --resume {self.run.folder} {others}, or train anew with a lower --lr"

    def _row(self, bar: Any) -> None:
        """Every few steps, a row of metrics for the log and the bar, and a warning if the game is out of balance."""
        if self.step % self.row_every and self.step != self.run.settings.steps:
            return
        means = {name: round(float(total) / self.counted, 6) for name, total in self.sums.items()}
        if not self.trainer.watches and not all(math.isfinite(value) for value in means.values()):
            raise NumericalError(f"step {self.step}: a metric of the last {self.counted} steps is not finite: {means}")
        row: dict[str, Any] = {"step": self.step, **means}
        if self.data.centres is not None:
            self.trainer.model.eval()
            row |= modes(self.trainer.model, self.data, 500, self.run.settings.seed + 1)
            self.trainer.model.train()
        if self.skipped:
            row["skipped"] = self.skipped
        row["seconds"] = round(self.seconds, 3)
        self.rows.append(row)
        settled = [row for row in self.rows if row["step"] > WARM_UP]
        if warnings := new_warnings(settled):
            row["warnings"] = warnings
        for warning in warnings:
            _say(f"step {self.step}: {warning}")
        signs = ", ".join(signs_of_imbalance(settled))  # in the bar as long as they hold
        shown = {"warning": signs} if signs else {}
        bar.set_postfix(shown | {name: f"{value:.3f}" for name, value in means.items()}, refresh=False)
        self.sums, self.counted, self.skipped = {}, 0, 0
        self._log(row)

    def _log(self, row: dict[str, Any]) -> None:
        """Add the row to metrics.jsonl; if that fails for now, the file is written as a whole in the end."""
        if not self.run.folder.is_dir():
            raise DataError(f"out: the folder {self.run.folder} was removed during training; nothing can be saved")
        try:
            with open(self.run.folder / "metrics.jsonl", "a") as log:
                log.write(json.dumps(row) + "\n")
        except OSError as error:
            _say(f"step {self.step}: cannot write metrics.jsonl ({error.strerror}); training goes on")

    def _save(self) -> str:
        """Write a checkpoint; if that fails the run goes on, for the one before is still there. Says what failed."""
        checkpoint = self.checkpoint()
        if self.last is not None:
            self.last = checkpoint
        try:
            save_checkpoint(self.run.folder, checkpoint)
        except DataError as error:
            _say(f"step {self.step}: no checkpoint: {error}")
            return f" (not saved: {error})"
        self.saved = self.step
        return ""


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


def _say(text: str) -> None:
    """A line on standard error that does not tear the bar."""
    tqdm.write(f"minigen: {text}", file=sys.stderr)


def _endless(loader: Loader) -> Iterator[tuple[Any, ...]]:
    """Epoch after epoch, each in a new order: (examples,) or (examples, labels)."""
    while True:
        for batch in loader:
            yield batch if isinstance(batch, tuple) else (batch,)
