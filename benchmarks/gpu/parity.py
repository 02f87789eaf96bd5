"""Part 3: one training step of each kind of model, on the CPU and on the GPU. Writes OUT/parity.json.

Both start from the same weights, examples and noise. A difference is the root mean square over an array, as a part of
that of the array; for a bias or a scale, of the larger one of its layer, as its own may be 0 but for rounding. That of
a loss or another metric is a part of its value, or of 1 where this is smaller: some are near 0, as their terms cancel.
"""

import argparse
import time
from typing import Any

import numpy as np

from benchmarks import report
from benchmarks.gpu import part
from minigen import Generator, backend, data, tensor
from minigen.backend import Array
from minigen.data import Dataset
from minigen.data.car_following import conditions, followed
from minigen.models import RECIPES, recipe_of

# Adam's first step has the size of the learning rate wherever a gradient is not 0, and the sign of the gradient: where
# this is nearly 0, rounding decides it.
TOLERANCES = {"loss": 1e-4, "gradients": report.GRADIENT_TOLERANCE, "weights": 2e-2}
CLASSES = 10
WEIGHTS, NOISE, IMAGES = 1, 2, 3  # seeds: with that of the noise, no pixel would be drawn white


class HostNoise(Generator):
    """Draws on the host whatever a device asks for: the same numbers everywhere."""

    def normal(self, shape: Any, *, dtype: Any = np.float32, device: str | None = None) -> Array:
        """See `Generator.normal`."""
        return backend.to_device(self.host.standard_normal(shape, dtype=dtype), device or backend.default_device())

    def uniform(self, shape: Any, *, dtype: Any = np.float32, device: str | None = None) -> Array:
        """See `Generator.uniform`."""
        return backend.to_device(self.host.random(shape, dtype=dtype), device or backend.default_device())


def examples(model: str, batch: int, side: int) -> Dataset:
    """What the model takes, at random: images (N, side, side, 1) and labels; or lines, likes, pairs, series, clips."""
    rng, takes = np.random.default_rng(IMAGES), recipe_of(model).takes
    if "likes" in takes:
        likes = (rng.random((batch, side * side)) < 0.2).astype(np.uint8)
        return Dataset("tastes", likes, items=tuple(map(str, range(side * side))))
    if "pairs" in takes:
        x, y = rng.random((batch, side, side, 3), dtype=np.float32), rng.integers(1, CLASSES, (batch, 3))
        return Dataset("emoji", x, y, words=("", *"abcdefghi"))
    if "series" in takes:
        return Dataset("car-following", followed(conditions(batch, Generator(IMAGES), 2 * side), Generator(IMAGES)))
    if "clips" in takes:
        return Dataset("moving-digits", rng.random((batch, 4, side, side, 1), dtype=np.float32))
    if "images" in takes:
        return Dataset("mnist", rng.random((batch, side, side, 1), dtype=np.float32), np.arange(batch) % CLASSES)
    alphabet = data.load("names").alphabet
    x = rng.integers(len(alphabet), size=(batch, 2 * side + 1), dtype=np.uint8)
    x[:, 0] = 0  # each line begins with a line end
    return Dataset("names", x, alphabet=alphabet)


def step(model: str, examples: Dataset, width: int, device: str) -> dict[str, dict[str, np.ndarray]]:
    """What one training step of a model leaves: 'loss', 'gradients' and 'weights', arrays by name."""
    recipe = recipe_of(model)
    sizes = {name: n for name, n in (("width", width), ("latent_dim", 4)) if name in recipe.choosable}
    settings = recipe.settings(examples, batch_size=len(examples), device=device, **sizes)
    with backend.device(device):
        network = recipe.build(settings, examples.shape, Generator(WEIGHTS))
        for p in network.parameters():
            if p.ndim > 1 and not p.data.any():  # a layer that begins with zeros lets no gradient through
                p.data += 0.1 * HostNoise(WEIGHTS).normal(p.shape)
        trainer = recipe.trainer(network, settings)
        x = tensor(backend.to_device(recipe.prepared(examples.x), device))
        labels = (backend.to_device(y, device) for y in recipe.targets(examples))
        metrics = trainer.step(x, HostNoise(NOISE), *labels)
    return {
        "loss": {name: np.array(value.item()) for name, value in metrics.items()},
        "gradients": {n: np.array(p.grad.numpy()) for n, p in network.named_parameters() if p.grad is not None},
        "weights": network.state_dict(),
    }


def difference(model: str, examples: Dataset, width: int) -> dict[str, tuple[str, float]]:
    """Of loss, gradients and weights: the name of the array that differs most, and by how much."""
    cpu, cuda = (step(model, examples, width, device) for device in ("cpu", "cuda"))
    worst = {}
    for kind, reference in cpu.items():
        if set(reference) != set(cuda[kind]):
            names = ", ".join(sorted(set(reference) ^ set(cuda[kind])))
            raise report.ParityError(f"{model}: not both devices give {kind} of {names}")
        if kind == "loss":
            errors = {n: report.relative_error(value, cuda[kind][n], scale=1.0) for n, value in reference.items()}
        else:
            errors = report.relative_errors(reference, cuda[kind])
            matrices = {n: array for n, array in reference.items() if array.ndim > 1}
            errors |= {n: report.relative_error(array, cuda[kind][n]) for n, array in matrices.items()}
        name = max(errors, key=lambda name: errors[name])
        worst[kind] = (name, errors[name])
    return worst


def within(worst: dict[str, tuple[str, float]]) -> bool:
    """Whether rounding explains the differences."""
    return all(error <= TOLERANCES[kind] for kind, (_, error) in worst.items())


def run(options: argparse.Namespace) -> int:
    """All models; one that differs, or fails, does not stop the next."""
    width, batch, side = (16, 10, 8) if options.rehearse else (32, 60, 28)
    with part.device(options.rehearse) as name:
        models: dict[str, Any] = {}
        found = part.Findings(options.out / "parity.json", name, tolerances=TOLERANCES, models=models)
        for model in RECIPES:
            if time.monotonic() > options.until:
                break
            try:
                worst = difference(model, examples(model, batch, side), width)
                models[model] = {**worst, "agrees": within(worst)}
            except Exception as error:
                models[model] = {"error": f"{type(error).__name__}: {error}"[:300], "agrees": False}
            found.write()
        found.write(complete=len(models) == len(RECIPES))
    off = [model for model, row in models.items() if not row["agrees"]]
    print(f"{len(models) - len(off)} of {len(RECIPES)} models agree" + (f"; not {', '.join(off)}" if off else ""))
    return int(len(models) - len(off) < len(RECIPES))


if __name__ == "__main__":
    part.ended(part.main(run))
