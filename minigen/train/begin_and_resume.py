"""A whole run: data in; a folder with weights, metrics and pictures out."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from .. import backend, parallel
from ..autodiff import Tensor
from ..data import Dataset, Loader
from ..distributed import Group, check_fit
from ..errors import ArgumentError, DataError, NumericalError
from ..models import Settings, Trainer, recipe_of
from ..models.memory import MOST_WEIGHTS
from ..random import Generator, next_seed
from ..report import Trained, curves, modes, results, showing
from ..runs import FIVE_MINUTES, Checkpoint, Every, Run, load_newest, load_run, new_folder, remove_checkpoints
from ..runs.provenance import PLOT
from ..runs.untrusted_files import Rationed
from ..signals import Stopped, stop_request
from ..terminal import busy
from .loop import steps
from .supervisor import Supervisor, check_on_nan, defined
from .terminal import TERMINAL, tell

PREPARING = 1000  # examples
SETTLING = 50  # batches
SIZES = ("width", "latent_dim", "classes", "continuous", "words", "pack")  # options that weights grow with
DRAWN = ("samples", "harmony", "restored")  # from noise: with the seed after the run's
TEST_SEED = 0  # of the drawing of grey test images in black and white: the same for all models


@dataclass
class Job:
    """A run that is ready to be supervised: a new one, or one that goes on."""

    run: Run
    trainer: Trainer
    rng: Generator
    is_new: bool
    made_folder: bool = False


def train(
    settings: Settings, data: Dataset, test: Dataset, out: str | None = None, group: Group | None = None, **how: Any
) -> Run:
    """Build the model, train it, and leave weights, metrics and pictures in a folder.

    Args:
        settings: from a recipe, such as `recipe_of("vae").settings(data, lr=2e-3)`.
        data, test: examples to train on, and to evaluate on.
        out: the folder; default runs/MODEL-DATA.
        group: the processes that train together (`minigen.distributed.world`), all of which call this; default: this
            one alone. The first of them writes.
        how: quiet, every, on_nan and data_dir, as of `supervise`.

    Returns:
        The finished run.

    Raises:
        Stopped: by Ctrl-C, SIGTERM or SIGHUP; `resume` goes on.
        NumericalError: of a loss or gradient that is not finite.
        DataError: the folder is taken, or cannot be written to.
    """
    check_on_nan(how.get("on_nan", "stop"))
    return supervise(begin(settings, data, out, group), data, test, **how)


def resume(folder: str | Path, data: Dataset, test: Dataset, group: Group | None = None, **how: Any) -> Run:
    """Go on with a run that was stopped, from its newest checkpoint: the weights are those of one that was not.

    Args and errors as in `train`; the settings are those of the run. There may be more or fewer processes than before.

    Raises:
        ArgumentError: the run is finished, or its data were others.
    """
    check_on_nan(how.get("on_nan", "stop"))
    return supervise(reopen(folder, data, group), data, test, **how)


def begin(settings: Settings, data: Dataset, out: str | None = None, group: Group | None = None) -> Job:
    """A new run. What cannot be built is refused before a folder is made."""
    group = group or Group()
    if settings.data != data.name:
        raise ArgumentError(f"data: the settings are for {settings.data!r}, the examples are of {data.name!r}")
    recipe_of(settings.model).check_with(settings, data)
    trainer, rng = _trainer_and_rng(settings, data, group)
    made = not (out and Path(out).is_dir())
    folder = group.from_first(lambda: new_folder(out, settings))
    return Job(Run(folder, settings, data.shape), trainer, rng, is_new=True, made_folder=made)


def reopen(folder: str | Path, data: Dataset, group: Group | None = None) -> Job:
    """A run that was stopped; its settings may be somebody else's."""
    group = group or Group()
    run = group.from_first(lambda: _unfinished(folder))
    run.check_data(data)
    recipe_of(run.settings.model).check_with(run.settings, data)
    return Job(run, *_trainer_and_rng(run.settings, data, group), is_new=False)


def _unfinished(folder: str | Path) -> Run:
    run = load_run(folder)
    run.check_unfinished()
    return run


def supervise(
    job: Job,
    data: Dataset,
    test: Dataset,
    *,
    quiet: bool = False,
    every: Every = FIVE_MINUTES,
    on_nan: str = "stop",
    data_dir: str | Path | None = None,
) -> Run:
    """The steps that are left, then evaluation and pictures.

    Args:
        job: from `begin` or `reopen`. data, test: its data.
        quiet: show no progress bar.
        every: how often to write a checkpoint; one is also written when the run is stopped, and after the last step.
        on_nan: what to do about a loss or gradient that is not finite: 'stop', 'skip' (leave out the update) or
            'rollback' (to the last checkpoint, and on with other random numbers).
        data_dir: where the data's files lie, if that is to be said when the run is stopped.

    Errors as in `train`.
    """
    check_on_nan(on_nan)
    run, settings, group = job.run, job.run.settings, job.trainer.group
    with ExitStack() as stack, backend.device(settings.device), stop_request(quiet=not group.is_first) as stop:
        if settings.shards > 1:
            stack.enter_context(parallel.one_thread())
        with _memory_advice(settings):
            keeper = Supervisor(run, job.trainer, data, job.rng, every, on_nan, stop, data_dir)
        stop.told = keeper.told
        stack.enter_context(_no_folder_for_nothing(job))
        group.from_first(lambda: stack.enter_context(run.alone()))
        group.from_first(run.begin if job.is_new else run.check_unfinished)
        stack.enter_context(_no_run_without_a_step(job, keeper))
        with _memory_advice(settings):
            if checkpoint := group.from_first(lambda: _newest(run)):
                keeper.load(checkpoint)
        try:
            with _memory_advice(settings), _bar(keeper, quiet) as bar, np.errstate(all="ignore"):
                keeper.begin(bar)
                while keeper.step < settings.steps:
                    try:
                        for step, metrics in steps(job.trainer, keeper.noted(), job.rng, settings.steps, keeper.step):
                            keeper.after(step, metrics)
                    except NumericalError as error:
                        keeper.failed(error)
            stop.at_once = group.is_first  # the others wait for it
            if signum := group.largest(stop.signum):
                raise Stopped("stopped after the last step", signum)
            if not quiet and group.is_first:
                busy("measures and pictures")
            group.from_first(lambda: _leave_results(run, keeper, data, test))
        except KeyboardInterrupt as error:
            signum = error.signum if isinstance(error, Stopped) else signal.SIGINT
            raise Stopped(f"{str(error) or 'interrupted'}; {keeper.how_to_go_on()}", signum) from None
        except Exception as error:
            if not _lacks_memory(error):
                raise
            raise ArgumentError(
                f"memory: all steps are taken, but there is not enough to evaluate and draw ({error}); free some, and "
                f"{keeper.how_to_go_on()}"
            ) from error
        return run


def _trainer_and_rng(settings: Settings, data: Dataset, group: Group) -> tuple[Trainer, Generator]:
    """The trainer of a new model, and the generator that has drawn its weights; the same in all processes."""
    check_fit(group.size, settings.shards)
    if settings.device == "cuda":
        group.take_gpu()
    recipe = recipe_of(settings.model)
    with backend.device(settings.device), _memory_advice(settings):
        weights, rng = Rationed(MOST_WEIGHTS, settings.seed), Generator(settings.seed)
        try:
            model = recipe.build(settings, data.shape, weights)
        except DataError as error:
            sizes = ", ".join(name for name in SIZES if name in recipe.choosable)
            raise ArgumentError(f"{sizes}: {error}; take smaller ones") from None
        rng.host = weights.host  # it goes on where the weights end
        trainer = recipe.trainer(model, settings)
        trainer.join(group, settings.shards)
        some = recipe.prepared(np.asarray(data.x[:PREPARING]))
        trainer.prepare(Tensor(backend.to_device(some, settings.device)))
        return trainer, rng


def _newest(run: Run) -> Checkpoint | None:
    checkpoint, complaints = load_newest(run.folder)
    for complaint in complaints:
        since = f"step {checkpoint.step}" if checkpoint else "the beginning"
        tell(f"{complaint}; going on from {since}")
    return checkpoint


def _bar(keeper: Supervisor, quiet: bool) -> Any:
    return tqdm(
        desc=keeper.shown.title,
        total=keeper.run.settings.steps,
        initial=keeper.step,
        unit="step",
        disable=quiet or not keeper.group.is_first,
        dynamic_ncols=True,
        file=TERMINAL,
    )


@contextmanager
def _no_folder_for_nothing(job: Job) -> Iterator[None]:
    """Remove the folder that was made for a run, if nothing came into it."""
    try:
        yield
    except BaseException:
        if job.made_folder and job.trainer.group.is_first:
            with suppress(OSError):  # it is not empty
                job.run.folder.rmdir()
        raise


@contextmanager
def _no_run_without_a_step(job: Job, keeper: Supervisor) -> Iterator[None]:
    """A new run whose first step is refused is none: the folder can be used again, with other settings."""
    try:
        yield
    except Exception:  # not where it is stopped: it can go on then
        if job.is_new and keeper.step == 0 and keeper.group.is_first:
            job.run.withdraw()
        raise


def _leave_results(run: Run, keeper: Supervisor, data: Dataset, test: Dataset) -> None:
    """Weights, test metrics and pictures; then the run is finished."""
    trainer, shown, rows, seed = keeper.trainer, keeper.shown, keeper.rows, run.settings.seed
    trainer.model.eval()
    with trainer.averaged():
        # Batches of its own: where the training's stand depends on whether it was resumed.
        loader = keeper.batches.loader
        again = Loader(
            loader.arrays[0],
            batch_size=run.settings.shard_size,
            rng=Generator(seed),
            device=loader.device,
            transform=loader.transform,
        )
        trainer.settle(Tensor(x) for x in islice(again, SETTLING))
        run.save_weights(trainer.model)
        rng = Generator(next_seed(seed))
        others = showing(shown).baselines(data, test, "line" in shown.recipe.unit(shown.settings))
        final = {} if shown.recipe.damage else final_metrics(shown, trainer, test)
        levels = {"test_loss": final["test_loss"]} | others if "test_loss" in final else {}
        found, files = results(shown, data, test, rng)
        final |= defined(found) | others  # what is restored without any error has no decibels
    for name, content in files.items():
        run.leave(name, content, seed=next_seed(seed) if name.partition(".")[0] in DRAWN else seed)
    run.picture("curves.png", curves(rows, shown, test, levels), PLOT)
    run.save_metrics([*rows, {"step": run.settings.steps, **final}] if final else rows)
    run.save_config()  # once more: somebody may have removed it meanwhile
    remove_checkpoints(run.folder)


def final_metrics(shown: Trained, trainer: Trainer, test: Dataset) -> dict[str, float]:
    """The trainer's test metrics, averaged over all examples; of point data with clusters, how many were found."""
    sums: dict[str, float] = {}
    weights = 0
    labels = shown.recipe.targets(test)
    seed = next_seed(shown.settings.seed)
    rng, bits = Generator(seed), Generator(TEST_SEED)
    loader = Loader(test.x, *labels, batch_size=500, shuffle=False, drop_last=False, device=shown.settings.device)
    for part in loader:
        x, *y = part if isinstance(part, tuple) else (part,)
        batch = trainer.target(Tensor(shown.prepared(x)), bits)
        weight = trainer.weight(batch)
        weights += weight
        for name, value in trainer.evaluate(batch, rng, *y).items():
            sums[name] = sums.get(name, 0.0) + value.item() * weight
    means = {name: round(total / weights, 6) + 0.0 for name, total in sums.items()}
    return defined(means | modes(shown, test, 2500, Generator(seed)))


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
