"""Rows whose model is one of `python -m minigen train`: as many steps as the budget allows, then a measure.

The run's own checkpoints make the row resumable: called again, it goes on, with the number of steps that was laid down
at first.
"""

import time
from typing import Any

import numpy as np

from benchmarks.protocols.row import Job
from minigen import backend
from minigen.autodiff import Tensor
from minigen.data import Dataset
from minigen.models import Settings, recipe_of
from minigen.random import Generator
from minigen.report import Trained
from minigen.runs import Every, Run, load_run
from minigen.train import resume, train


def seconds_a_step(settings: Settings, data: Dataset, steps: int = 60) -> float:
    """The median, which no pause of the machine moves, of steps of a throw-away copy, after a few to warm up."""
    recipe, rng = recipe_of(settings.model), Generator(settings.seed)
    trainer = recipe.trainer(recipe.build(settings, data.shape, rng), settings)
    x = recipe.prepared(np.asarray(data.x[: settings.batch_size]))
    batch, seconds = Tensor(backend.to_device(x, settings.device)), []
    labels = [y[: settings.batch_size] for y in recipe.targets(data)]
    for _ in range(steps + 5):
        start = time.perf_counter()
        metrics = trainer.step(batch, rng, *labels)
        next(iter(metrics.values())).item()  # a GPU's step ends when its result is here
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[5:]))


def model_of(run: Run) -> Trained:
    """The model of a finished run, on the default device."""
    return Trained(run.load_model(), run.settings, run.shape)


def trained(
    job: Job,
    name: str,
    model: str,
    data: Dataset,
    test: Dataset,
    share: float,
    full: int,
    most: int | None = None,
    **given: Any,
) -> Run:
    """The finished run of a model with the settings `given`.

    Args:
        name: of its folder.
        share: of the budget; as many steps are made as fit into it.
        full: how many steps are made without a budget. most: within one, however much time is left.
    """
    folder, every = job.folder / name, Every(minutes=2)
    if (folder / "config.json").exists():
        run = load_run(folder)
        return run if run.finished() else resume(folder, data, test, quiet=True, every=every)
    settings = recipe_of(model).settings(data, seed=job.seed, device=job.device, steps=full, **given)
    if job.budget is not None:
        fit = max(1, int(60 * job.budget * share / seconds_a_step(settings, data)))
        settings = settings.but(steps=fit if most is None else min(fit, most))
    return train(settings, data, test, str(folder), quiet=True, every=every)
