"""Rows whose model is one of `python -m minigen train`: as many steps as the budget allows, then a measure.

The run's own checkpoints make the row resumable: called again, it goes on, with the number of steps that was laid down
at first.
"""

import time
from typing import Any

from benchmarks.protocols.row import Job
from minigen import backend
from minigen.autodiff import Tensor
from minigen.data import Dataset, pixels, scale
from minigen.random import Generator
from minigen.train import load_run, resume, settings_for, train
from minigen.train.checkpoint import Every
from minigen.train.recipes import build, recipe_of
from minigen.train.run import Run
from minigen.train.settings import Settings


def seconds_a_step(settings: Settings, data: Dataset, steps: int = 60) -> float:
    """Measured on a throw-away copy, after a few steps of warming up."""
    recipe, rng = recipe_of(settings.model), Generator(settings.seed)
    trainer = recipe.trainer(build(settings, data.shape, rng), settings)
    x = scale(pixels(data.x[: settings.batch_size]), recipe.low if data.is_image else 0.0)
    batch, start = Tensor(backend.to_device(x, settings.device)), 0.0
    labels = () if data.y is None or not recipe.labelled else (data.y[: settings.batch_size],)
    for step in range(steps + 5):
        if step == 5:
            start = time.perf_counter()
        trainer.step(batch, rng, *labels)
    return (time.perf_counter() - start) / steps


def trained(job: Job, name: str, model: str, data: Dataset, test: Dataset, share: float = 0.85, **given: Any) -> Run:
    """The finished run of a model with the settings `given`.

    Without a number of steps among these it gets as many as fit into `share` of the budget; without a budget, those
    of the recipe.

    Args:
        name: of its folder.
    """
    folder, every = job.folder / name, Every(minutes=2)
    if (folder / "config.json").exists():
        run = load_run(folder)
        return run if run.finished() else resume(folder, data, test, quiet=True, every=every)
    settings = settings_for(model, data, seed=job.seed, device=job.device, **given)
    if job.budget is not None and "steps" not in given:
        steps = max(1, int(60 * job.budget * share / seconds_a_step(settings, data)))
        settings = settings_for(model, data, seed=job.seed, device=job.device, steps=steps, **given)
    return train(settings, data, test, str(folder), quiet=True, every=every)
