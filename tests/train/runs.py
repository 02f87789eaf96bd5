"""Small runs for the tests of this folder: seconds short, of every kind, and their weights as bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigen import data
from minigen.models import RECIPES, Trainer, recipe_of
from minigen.optim import Optimizer
from minigen.runs import Every, Run, load_run
from minigen.train import begin_and_resume, resume, train
from tests.examples import first_for, small_sets
from tests.examples import own as of_recipe

SPECIAL = {  # models with options of their own, on points, and with and without an average
    "dcgan": ("dcgan", "digits", {"ema": 0.9}),
    "gan on points": ("gan", "ring", {}),
    "hinge-sn": ("gan", "digits", {"loss": "hinge", "net": "dense-sn", "critic_steps": 2}),
    "unrolled-gan": ("unrolled-gan", "ring", {"unroll": 2}),
    "vq-vae": ("vq-vae", "digits", {"words": 8}),
    "cgan": ("cgan", "digits", {"pack": 2}),
    "acgan": ("acgan", "ring", {}),
    "infogan": ("infogan", "digits", {"critic_steps": 2}),
    "wgan-gp": ("wgan-gp", "digits", {"critic_steps": 2}),
}
KINDS = {name: (name, first_for(recipe).name, {}) for name, recipe in RECIPES.items()} | SPECIAL
NEVER = Every()


def sets(name):
    return loaded(name, "train"), loaded(name, "test")


def loaded(name, split="train"):
    """As `data.load`; small ones where a font is needed, or much is computed."""
    with pytest.MonkeyPatch.context() as patch:
        small_sets(patch.setattr)
        return data.load(name, split)


def small(kind, **given):
    """Settings of a run of 60 steps that crosses an epoch's end."""
    model, name, own = KINDS[kind]
    sizes = of_recipe(recipe_of(model), steps=60, batch_size=50, width=4, latent_dim=3, evaluations=4)
    return recipe_of(model).settings(loaded(name), **sizes | {"seed": 7} | own | given)


def start(kind, folder, every=NEVER, on_nan="stop", quiet=True, **given):
    settings = small(kind, **given)
    return train(settings, *sets(settings.data), str(folder), quiet=quiet, every=every, on_nan=on_nan)


def go_on(folder, every=NEVER, on_nan="stop"):
    return resume(folder, *sets(load_run(folder).settings.data), quiet=True, every=every, on_nan=on_nan)


def weights(folder):
    return (Path(folder) / "model.safetensors").read_bytes()


def rows(folder):
    """The rows of metrics, without what a clock measured."""
    lines = (Path(folder) / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def descents(wrapped, setattr=setattr):
    """From here on, wrapped(descend, trainer, optimizer, loss) stands for each step on a loss; descend(loss) takes it.

    Args:
        setattr: monkeypatch.setattr, for a while.
    """
    trainers, added, init, add, step = [], [], Trainer.__init__, Optimizer.add, Optimizer.step

    def noted(self, *args):
        trainers.append(self)
        init(self, *args)

    def adding(self, loss):
        added.append(loss)

    def descend(self, loss):
        add(self, loss)
        return step(self)

    def stepping(self, loss=None):
        loss = added.pop() if added else loss
        if loss is None:
            return step(self)
        trainer = next(one for one in trainers if any(self is own for own in one.optimizers))
        return wrapped(lambda loss: descend(self, loss), trainer, self, loss)

    setattr(Trainer, "__init__", noted)
    setattr(Optimizer, "add", adding)
    setattr(Optimizer, "step", stepping)


def without_pictures(setattr=setattr):
    """From here on, runs draw none: they take longer than the steps, and have tests of their own."""
    setattr(begin_and_resume, "results", lambda *args: ({}, {}))
    setattr(begin_and_resume, "curves", lambda *args: None)
    setattr(Run, "picture", lambda *args, **about: None)


def ended(process):
    """Wait for a process; its exit status, and what it wrote to standard output and error."""
    with process:
        out, errors = process.communicate(timeout=3600)  # the machine may have other things to do
    return process.returncode, out, errors


def child(code, *arguments, **options):
    """A Python process that runs `code`, with this folder's helpers at hand."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.getcwd()}
    return subprocess.Popen(
        [sys.executable, "-c", "from tests.train.runs import *\n" + code, *map(str, arguments)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )
