"""The measures that suit a trained model: `python -m minigen evaluate DIR`.

Images are compared as a classifier sees them (`minigen.metrics.classifier`), and as pixels where the measure says so;
points as they are. Real data are split in two halves as large as the set of samples: the samples are held against the
one, and the other, held against it too, says what a perfect model would get.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autodiff import no_grad
from ..data import Dataset, binarize, load, pixels
from ..data.files import json_text
from ..data.stacked import CLASSES as STACKS
from ..errors import ArgumentError
from ..metrics import (
    code_error,
    elbo,
    frechet,
    kl_to_uniform,
    memorisation,
    modes_found,
    nearest_centre,
    nearest_neighbour_error,
    nll,
    parzen,
    precision_recall_density_coverage,
    two_sample_accuracy,
)
from ..metrics.classifier import MUST_REACH, accuracy, classifier_for
from ..random import Generator
from . import clips, playing, plots, scenarios
from .pictures import Figures, baselines
from .trained import Trained

LIKELIHOOD_IMAGES, LIKELIHOOD_SAMPLES = 1000, 500
PER_CLASS = 100  # samples of each, to see whether they are what was asked for
LEAST = 6  # samples: precision and recall take the fifth neighbour of each
COMPARED = 10_000  # images, at most, where each is held against each


@dataclass(frozen=True)
class Measure:
    """A number, what real data get in place of samples (None if that makes no sense), and how it was taken."""

    value: float
    real: float | None = None
    note: str = ""


Measures = dict[str, Measure]


def evaluate(trained: Trained, train: Dataset, test: Dataset, n: int, seed: int) -> tuple[Measures, Figures]:
    """All measures that suit the model and its data, of n samples; of images a picture of the nearest real ones.

    Args:
        trained: the model. train, test: its data.
        n: how many samples; fewer are drawn where there are not twice as many real examples (`drawn`).
        seed: of the samples, and of the halves of the real data.

    Raises:
        ArgumentError: too few samples for a measure, or a model that does not generate.
    """
    if n < LEAST:
        raise ArgumentError(f"n: expected at least {LEAST} samples, more than the neighbours that are counted, got {n}")
    if trained.recipe.damage:
        raise ArgumentError(f"folder: {trained.settings.model!r} restores images; what it is worth is in metrics.jsonl")
    trained.recipe.check_data(trained.settings, train)
    rng = Generator(seed)
    if trained.kind == "series":
        return _of_series(trained, train, test, n, rng)
    if trained.kind == "clips":
        return _of_clips(trained, train, test, n, rng)
    if trained.kind not in ("images", "points"):
        return _of_sequences(trained, train, test, rng), {}
    measures = _likelihood(trained, test, rng.spawn()) if trained.can_show("log-weights") else {}
    measures |= _log_probability(trained, test, rng.spawn()) if trained.can_show("log-probabilities") else {}
    n = drawn(n, train)
    samples = trained.sample(n, rng.spawn())
    order = rng.permutation(len(train))
    halves = pixels(train.x[np.sort(order[:n])]), pixels(train.x[np.sort(order[n : 2 * n])])
    measures |= _of_codes(trained, test)
    if not train.is_image:
        return measures | _of_rows(samples, *halves, "of points") | _of_clusters(samples, test), {}
    if train.name in MUST_REACH:
        classifier = classifier_for(train, test)
        if trained.recipe.labelled:
            asked = np.repeat(np.arange(trained.settings.classes), PER_CLASS)
            made = np.concatenate([trained.sample(PER_CLASS, rng.spawn(), label=int(k)) for k in np.unique(asked)])
            right = float((classifier.predict(made) == asked).mean())
            measures["class asked"] = Measure(right, accuracy(classifier, test), "our classifier agrees")
            measures["1-NN error"] = _as_training_data(made, asked, train, test, rng)
        features = classifier.features
        a, b, c = features(samples), features(halves[0]), features(halves[1])
        measures["FID-cls"] = Measure(frechet(a, b), frechet(c, b), f"{n} samples; not to be set beside published FIDs")
        measures |= _of_rows(a, b, c, "of classifier features")
    if train.name == "stacked_mnist":
        measures |= _of_stacks(samples, halves[1])
    learnt = pixels(train.x if train.x.dtype != np.uint8 else train.x[:COMPARED])  # bytes may not fit in memory
    copies = memorisation(samples, learnt, pixels(test.x[:COMPARED]))
    figures = {"nearest.png": plots.pairs(samples[:50], learnt[copies.row[:50]], title="samples above their nearest")}
    note = f"nearer to one of {len(learnt)} training images than 99 % of test images are"
    measures["copies"] = Measure(copies.copies, 0.01, note)
    validation, tested = halves[1][:1000], pixels(test.x[:COMPARED])
    windows, real = (parzen(images, validation, tested) for images in (samples, halves[0]))
    note = f"nats, +- {windows.standard_error:.1f}, sigma {windows.sigma:.2f}; known to mislead"
    measures["Parzen window"] = Measure(windows.log_likelihood, real.log_likelihood, note)
    return measures, figures


def _log_probability(trained: Trained, test: Dataset, rng: Generator) -> Measures:
    """Of a model that gives log p(x), or a bound on it that needs no encoder."""
    x = pixels(test.x[:LIKELIHOOD_IMAGES])
    nats = -float(trained.log_prob(x, rng).mean())
    taken = f"{len(x)} test examples; {trained.recipe.meaning(trained.settings)}"
    return {"NLL": Measure(nats, None, f"nats, of {taken}")}


def _of_sequences(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> Measures:
    """The likelihood of all test examples, place by place, beside what needs no net."""
    nats = -float(trained.log_prob(test.x, rng).sum(dtype=np.float64)) / int(trained.model.counted(test.x).sum())
    what = "frame" if trained.kind == "rolls" else "symbol"
    bound = "a bound" if trained.can_show("codes") else "exact"
    ours = {"NLL": Measure(nats, None, f"nats a {what} of the test data, {bound}")}
    if what == "symbol":
        ours["bits"] = Measure(nats / math.log(2), None, "the same, in bits")
    others = playing.measures(trained, test) | baselines(train, test)
    units = {name: "note" if name in playing.OF_NOTES else what for name in others}
    return ours | {name: Measure(value, None, f"nats a {units[name]}") for name, value in others.items()}


def _of_series(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> tuple[Measures, Figures]:
    """The likelihood beside a Gaussian's, and near-collisions beside the simulator's; see `scenarios`."""
    nats = -float(trained.log_prob(test.x, rng).mean(dtype=np.float64))
    measures = {"NLL": Measure(nats, None, f"nats a series, of {len(test)} test series, exact")}
    for name, value in baselines(train, test).items():
        measures[f"NLL, {name}"] = Measure(value, None, "the same, of accelerations by least squares")
    shares, tail = scenarios.measured(trained, train, test, n, rng)
    return measures | {name: Measure(*found) for name, found in shares.items()}, {"tail.png": tail}


def _of_clips(trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator) -> tuple[Measures, Figures]:
    """How near continuations are to the truth; see `clips`."""
    decibels, horizon = clips.measured(trained, train, test, n, rng)
    note = f"dB, of {min(n, clips.TESTED, len(test))} test clips"
    return {name: Measure(value, None, note) for name, value in decibels.items()}, {"horizon.png": horizon}


def drawn(n: int, train: Dataset) -> int:
    """How many samples are drawn where n are asked for: as many as either half of the real examples, at most."""
    return min(n, len(train) // 2)


def _likelihood(trained: Trained, test: Dataset, rng: Generator) -> Measures:
    model, x = trained.model, pixels(test.x[:LIKELIHOOD_IMAGES])
    what = "densities"
    if trained.settings.likelihood == "bernoulli":
        x, what = binarize(x, rng), "pixels drawn black or white"
    taken = f"of {len(x)} test examples, {what}"
    return {
        "-ELBO": Measure(-float(elbo(model, x, rng).mean()), None, f"nats, {taken}"),
        "NLL": Measure(
            float(nll(model, x, LIKELIHOOD_SAMPLES, rng).mean()), None, f"nats, {LIKELIHOOD_SAMPLES} importance samples"
        ),
    }


def _as_training_data(made: np.ndarray, asked: np.ndarray, train: Dataset, test: Dataset, rng: Generator) -> Measure:
    """The error of a nearest-neighbour classifier that knows the samples alone, and of one that knows real images."""
    assert train.y is not None
    assert test.y is not None
    rows = np.sort(rng.permutation(len(train))[: len(made)])
    tested, labels = pixels(test.x[:COMPARED]), test.y[:COMPARED]
    ours = nearest_neighbour_error(made, asked, tested, labels)
    real = nearest_neighbour_error(pixels(train.x[rows]), train.y[rows], tested, labels)
    return Measure(ours, real, f"of {len(tested)} test images, named by the nearest of {len(made)} samples")


def _of_codes(trained: Trained, test: Dataset) -> Measures:
    """What a discriminator's head has learnt to tell of test examples."""
    if not trained.can_show("class logits") or test.y is None:
        return {}
    found = trained.class_of(test.x)
    if not trained.can_show("information"):
        return {"class accuracy": Measure(float((found == test.y).mean()), None, "of the discriminator, test examples")}
    model = trained.model
    with no_grad():
        codes = model.noise(COMPARED // 10, Generator(0))
        information, _ = model.information(model.discriminator(model.generator(codes)), codes)
    most = float(np.log(model.classes))
    return {
        "code error": Measure(code_error(found, test.y).error, None, "categories against labels, test examples"),
        "information": Measure(information.item(), most, "nats that fakes tell of their category; at most the other"),
    }


def _of_stacks(samples: np.ndarray, real: np.ndarray) -> Measures:
    """How many of the thousand triples of digits there are, as our classifier of digits reads them."""
    read = classifier_for(load("mnist"), load("mnist", "test")).predict
    ours, theirs = (sum(10**c * read(x[..., 2 - c, None]) for c in range(3)) for x in (samples, real))
    kl, real_kl = (kl_to_uniform(labels, STACKS) for labels in (ours, theirs))
    return {
        "modes": Measure(len(np.unique(ours)), len(np.unique(theirs)), f"of {STACKS}, {len(samples)} samples"),
        "KL of modes": Measure(kl, real_kl, "nats, of the modes' shares to even ones"),
    }


def _of_rows(samples: np.ndarray, half: np.ndarray, other: np.ndarray, what: str) -> Measures:
    """Precision and its relatives, of samples and of the other half of the real data."""
    ours, theirs = (precision_recall_density_coverage(half, rows) for rows in (samples, other))
    found = {name: Measure(getattr(ours, name), getattr(theirs, name), what) for name in ours._fields}
    accuracy = two_sample_accuracy(half, samples), two_sample_accuracy(half, other)
    return found | {"1-NN accuracy": Measure(*accuracy, "of telling samples from data; 0.5 is best")}


def _of_clusters(samples: np.ndarray, data: Dataset) -> Measures:
    if data.centres is None:
        return {}
    count, real = len(data.centres), modes_found(data.x, data.centres, data.sigma)
    ours = modes_found(samples, data.centres, data.sigma)
    kl, real_kl = (kl_to_uniform(nearest_centre(x, data.centres), count) for x in (samples, data.x))
    return {
        "modes": Measure(ours.found, real.found, f"of {count}"),
        "high quality": Measure(ours.high_quality, real.high_quality, "share within 3 sigma of a mode"),
        "KL of modes": Measure(kl, real_kl, "nats, of the modes' shares to even ones"),
    }


def as_json(trained: Trained, measures: Measures, n: int, seed: int) -> str:
    """The content of evaluation.json.

    Args:
        n: how many samples were drawn.
    """
    settings = trained.settings
    about = {"model": settings.model, "data": settings.data, "n": n, "seed": seed}
    found = {name: {key: _finite(value) for key, value in vars(m).items()} for name, m in measures.items()}
    return json_text({**about, "measures": found}, indent=1) + "\n"


def _finite(value: Any) -> Any:
    """A value of a measure, or None where it is not defined."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def table(measures: Measures) -> str:
    """The measures as lines: name, value, what real data get, how it was taken."""
    lines = [("measure", "samples", "real data", "")]
    for name, m in measures.items():
        lines.append((name, f"{m.value:.4g}", "" if m.real is None else f"{m.real:.4g}", m.note))
    width = max(14, *(len(name) for name in measures))
    return "\n".join(f"{a:<{width}} {b:>9} {c:>9}  {d}".rstrip() for a, b, c, d in lines)
