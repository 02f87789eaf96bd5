"""The measures of a model of images or points.

Images are compared as a classifier sees them (`minigen.metrics.classifier`), and as pixels where the measure says so;
points as they are. Real data are split in two halves as large as the set of samples: the samples are held against the
one, and the other, held against it too, says what a perfect model would get.
"""

import math
from collections.abc import Callable

import numpy as np

from ..autodiff import no_grad
from ..data import Dataset, binarize, load, pixels
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
from ..metrics.feature_distance import SAMPLES_PER_FEATURE
from ..random import Generator
from . import membership, plots
from .findings import Figures, Measure, Measures
from .trained import Trained

LIKELIHOOD_IMAGES, LIKELIHOOD_SAMPLES = 1000, 500
PER_CLASS = 100  # samples of each, to see whether they are what was asked for
LEAST = 6  # samples: precision and recall take the fifth neighbour of each
COMPARED = 10_000  # images, at most, where each is held against each


def drawn(n: int, train: Dataset) -> int:
    """How many samples are drawn where n are asked for: at most as many as either half of the real examples."""
    return min(n, len(train) // 2)


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """All measures that suit a model of images or points, of n samples; of images a picture of the nearest real ones.

    Raises:
        ArgumentError: too few samples for a measure.
    """
    if n < LEAST:
        raise ArgumentError(f"n: expected at least {LEAST} samples, more than the neighbours that are counted, got {n}")
    if trained.can_show("log-weights") or trained.can_show("log-probabilities"):
        say("the likelihood of test examples")
    measures = _likelihood(trained, test, rng.spawn()) if trained.can_show("log-weights") else {}
    measures |= _log_probability(trained, test, rng.spawn()) if trained.can_show("log-probabilities") else {}
    say(f"{n} samples")
    samples = trained.sample(n, rng.spawn())
    say("measures of the samples")
    order = rng.permutation(len(train))
    halves = pixels(train.x[np.sort(order[:n])]), pixels(train.x[np.sort(order[n : 2 * n])])
    measures |= _of_codes(trained, test)
    betrayed, figures = membership.measured(trained, train, test, samples, rng.spawn())
    measures |= betrayed
    if not train.is_image:
        return measures | _of_rows(samples, *halves, "of points") | _of_clusters(samples, test), figures
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
        measures["FID-cls"] = _distance(a, b, c)
        measures |= _of_rows(a, b, c, "of classifier features")
    if train.name == "stacked_mnist":
        measures |= _of_stacks(samples, halves[1])
    learnt = pixels(train.x if train.x.dtype != np.uint8 else train.x[:COMPARED])  # bytes may not fit in memory
    copies = memorisation(samples, learnt, pixels(test.x[:COMPARED]))
    figures |= {
        "nearest.png": plots.pairs(
            samples[:50], learnt[copies.row[:50]], title="samples above their nearest training images"
        )
    }
    note = f"nearer to one of {len(learnt)} training images than 99 % of test images are"
    measures["copies"] = Measure(copies.copies, 0.01, note)
    validation, tested = halves[1][:1000], pixels(test.x[:COMPARED])
    windows, real = (parzen(images, validation, tested) for images in (samples, halves[0]))
    note = f"nats, +- {windows.standard_error:.1f}, sigma {windows.sigma:.2f}; known to mislead"
    measures["Parzen window"] = Measure(windows.log_likelihood, real.log_likelihood, note)
    return measures, figures


def _distance(samples: np.ndarray, half: np.ndarray, other: np.ndarray) -> Measure:
    """The Fréchet distance of features (n, D); of few samples it would say nothing."""
    n, least = len(samples), SAMPLES_PER_FEATURE * samples.shape[1]
    if n < least:
        return Measure(
            math.nan, None, f"not of {n} samples; it takes --n {least} or more, and twice as many real images"
        )
    note = f"{n} samples; not to be set beside published FIDs"
    return Measure(frechet(samples, half), frechet(other, half), note)


def _log_probability(trained: Trained, test: Dataset, rng: Generator) -> Measures:
    """Of a model that gives log p(x), or a bound on it that needs no encoder."""
    x = pixels(test.x[:LIKELIHOOD_IMAGES])
    nats = -float(trained.log_prob(x, rng).mean())
    clauses = trained.recipe.meaning(trained.settings).split("; ")
    what = next(clause for clause in clauses if "-log" in clause).removeprefix("the loss is ").rpartition(" is ")[2]
    if trained.recipe.labelled:
        what = what.replace("(x|y)", "(x)") + ", of no class told"
    return {"NLL": Measure(nats, None, f"{what}; of {len(x)} test examples")}


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
        return {
            "class accuracy": Measure(float((found == test.y).mean()), None, "as the model tells it, of test examples")
        }
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
