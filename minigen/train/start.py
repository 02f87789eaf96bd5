"""Start a run, or go on with one: data in, a folder with weights, metrics and pictures out."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .. import backend
from ..data import Dataset
from ..errors import ArgumentError, DataError
from ..random import Generator
from .checkpoint import Every, load_newest, remove_checkpoints
from .loop import ON_NAN, Training
from .reading import NUMBERS, Rationed
from .recipes import build, check_settings, recipe_of
from .restore import report as restoration
from .results import draw, evaluate, settle
from .run import Run, load_run, new_folder
from .settings import Settings
from .signals import Stopped, stop_request
from .trainers import RestorationTrainer, Trainer

FIVE_MINUTES = Every(minutes=5)


def train(
    settings: Settings,
    data: Dataset,
    test: Dataset,
    out: str | None = None,
    *,
    quiet: bool = False,
    every: Every = FIVE_MINUTES,
    on_nan: str = "stop",
) -> Run:
    """Build the model, train it, and leave weights, metrics and pictures in a folder.

    Args:
        settings: from `settings_for`.
        data, test: examples to train on, and to evaluate on.
        out: the folder; default runs/MODEL-DATA.
        quiet: show no progress bar.
        every: how often to write a checkpoint; one is also written when the run is stopped, and after the last step.
        on_nan: what to do about a loss or gradient that is not finite: 'stop', 'skip' (leave out the update) or
            'rollback' (to the last checkpoint, and on with other random numbers).

    Returns:
        The finished run.

    Raises:
        Stopped: by Ctrl-C or SIGTERM; `resume` goes on.
        NumericalError: of a loss or gradient that is not finite.
        DataError: the folder is taken, or cannot be written to.
    """
    _check(on_nan)
    made = _trainer_and_rng(settings, data)  # what cannot be built is refused before a folder is made
    run = Run(new_folder(out, settings), settings, data.shape)
    with run.alone():
        run.begin()
        return _finish(run, *made, data, test, quiet, every, on_nan)


def resume(
    folder: str | Path,
    data: Dataset,
    test: Dataset,
    *,
    quiet: bool = False,
    every: Every = FIVE_MINUTES,
    on_nan: str = "stop",
) -> Run:
    """Go on with a run that was stopped, from its newest checkpoint: the weights are those of one that was not.

    Args and errors as in `train`; the settings are those of the run.

    Raises:
        ArgumentError: the run is finished, or its data were others.
    """
    _check(on_nan)
    run = load_run(folder)
    with run.alone():
        if run.finished():
            raise ArgumentError(f"resume: the run in {folder} is finished; nothing is left to do")
        if run.shape != data.shape:
            raise ArgumentError(f"data: the run's examples have shape {run.shape}, these {data.shape}")
        check_settings(run.settings, data)  # of somebody else, perhaps
        return _finish(run, *_trainer_and_rng(run.settings, data), data, test, quiet, every, on_nan)


def _check(on_nan: str) -> None:
    if on_nan not in ON_NAN:
        raise ArgumentError(f"on_nan: expected one of {', '.join(ON_NAN)}, got {on_nan!r}")


def _trainer_and_rng(settings: Settings, data: Dataset) -> tuple[Trainer, Generator]:
    """The trainer of a new model, and the generator that has drawn its weights."""
    with backend.device(settings.device), _memory_advice(settings):
        weights, rng = Rationed(NUMBERS, settings.seed), Generator(settings.seed)
        try:
            model = build(settings, data.shape, weights)
        except DataError as error:
            raise ArgumentError(f"width, latent_dim: {error}; take smaller ones") from None
        rng.host = weights.host  # it goes on where the weights end
        return recipe_of(settings.model).trainer(model, settings), rng


def _finish(
    run: Run,
    trainer: Trainer,
    rng: Generator,
    data: Dataset,
    test: Dataset,
    quiet: bool,
    every: Every,
    on_nan: str,
) -> Run:
    """The steps that are left, then evaluation and pictures."""
    settings = run.settings
    low = recipe_of(settings.model).low if data.is_image else 0.0
    with backend.device(settings.device), stop_request() as stop:
        with _memory_advice(settings):
            training = Training(run, trainer, data, low, rng)
            checkpoint, complaints = load_newest(run.folder)
            for complaint in complaints:
                since = f"step {checkpoint.step}" if checkpoint else "the beginning"
                print(f"minigen: {complaint}; going on from {since}", file=sys.stderr)
            if checkpoint:
                training.load(checkpoint)
        try:
            with _memory_advice(settings):
                training.go(every, on_nan, quiet, stop)
            stop.at_once = True
            _results(run, training, data, test, low, rng)
        except KeyboardInterrupt as error:
            status = error.status - 128 if isinstance(error, Stopped) else signal.SIGINT
            raise Stopped(f"{str(error) or 'interrupted'}; {_how_to_go_on(run, training)}", status) from None
        except Exception as error:
            if not _lacks_memory(error):
                raise
            raise ArgumentError(
                f"memory: all steps are taken, but there is not enough to evaluate and draw ({error}); free some, and "
                f"{_how_to_go_on(run, training)}"
            ) from error
        run.save_config()  # once more: somebody may have removed it meanwhile
        remove_checkpoints(run.folder)
        return run


def _results(run: Run, training: Training, data: Dataset, test: Dataset, low: float, rng: Generator) -> None:
    """Weights, test metrics and pictures."""
    trainer, rows = training.trainer, training.rows
    model = trainer.model.eval()
    with trainer.averaged():
        settle(model, training.loader, run.settings.seed)
        run.save_weights(model)
        if isinstance(trainer, RestorationTrainer):
            final = restoration(run, trainer, data, test, rows)
        else:
            final = evaluate(trainer, test, low, run.settings, rng)
            draw(run, model, test, low, rows)
    run.save_metrics([*rows, {"step": run.settings.steps, **final}] if final else rows)


@contextmanager
def _memory_advice(settings: Settings) -> Iterator[None]:
    """Where memory does not suffice, say which size to try."""
    try:
        yield
    except Exception as error:
        if not _lacks_memory(error):
            raise
        smaller = f"--batch-size {settings.batch_size // 2}"
        if settings.batch_size == 1:
            smaller = f"a smaller --width than {settings.width}"
        raise ArgumentError(
            f"batch_size: out of memory on the {settings.device} with {settings.batch_size} examples a step"
            f"{f' ({error})' if str(error) else ''}; try {smaller}"
        ) from error


def _lacks_memory(error: Exception) -> bool:
    """CuPy's own error is a MemoryError too; CUDA and its libraries have names of their own."""
    names = ("cudaErrorMemoryAllocation", "STATUS_ALLOC_FAILED")
    return isinstance(error, MemoryError) or any(name in str(error) for name in names)


def _how_to_go_on(run: Run, training: Training) -> str:
    lost = f"step {training.saved}" if training.saved else "the beginning (there is no checkpoint yet)"
    return f"go on from {lost} with: python -m minigen train --resume {shlex.quote(str(run.folder))}"
