"""Every measure gives of bytes what it gives of the same numbers as float32, or refuses them."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import metrics
from minigen.errors import ArgumentError, DTypeError, MinigenError
from minigen.metrics import answers, motion, recommendation, retrieval, scenarios, transport
from minigen.models import VAE
from minigen.models.networks import dense_decoder, dense_encoder

RNG = mg.Generator(0)
MODEL = VAE(dense_encoder((8,), 4, [4], RNG), dense_decoder(2, (8,), [4], RNG), 2)
IMAGES = ("bicubic", "fill_from_nearest", "fill_with_mean", "mean_filter", "psnr")
NAMES = [n for n in metrics.__all__ if inspect.isfunction(getattr(metrics, n))]


def arguments(name, rng, high):
    """What each measure takes, in whole numbers below `high`; those that stay as they are come by name."""
    rows = rng.integers(high, size=(2, 40, 2))
    images = rng.integers(high, size=(2, 6, 4, 4, 1))
    labels = rng.integers(3, size=(2, 40))
    zeros_and_ones = rng.integers(2, size=(6, 4, 4, 1))
    return {
        "auc": ((rows[0, :, 0], rows[1, :, 0]), {}),
        "roc": ((rows[0, :, 0], rows[1, :, 0]), {}),
        "bicubic": ((images[0],), {"factor": 2}),
        "code_error": (tuple(labels), {}),
        "elbo": ((), {"model": MODEL, "x": rng.integers(2, size=(3, 8))}),
        "fill_from_nearest": ((images[0], zeros_and_ones, images[1]), {}),
        "fill_with_mean": ((images[0], zeros_and_ones, images[1]), {}),
        "floor": ((rows[0],), {"rng": mg.Generator(0)}),
        "frechet": (tuple(rows), {}),
        "frechet_distance": ((rows[0, 0], np.diag(rows[0, 1]), rows[0, 2], np.diag(rows[0, 3])), {}),
        "kl_to_uniform": ((labels[0],), {"count": 3}),
        "mean_filter": ((images[0],), {}),
        "memorisation": ((rows[0, :20], rows[0, 20:], rows[1]), {}),
        "modes_found": ((rows[0], rows[1, :5]), {"sigma": 3.0}),
        "nearest": (tuple(rows), {}),
        "nearest_centre": ((rows[0], rows[1, :5]), {}),
        "nearest_neighbour_error": ((rows[0], labels[0], rows[1], labels[1]), {}),
        "nll": ((), {"model": MODEL, "x": rng.integers(2, size=(3, 8)), "samples": 5}),
        "parzen": ((rows[0], rows[1, :20], rows[1, 20:]), {}),
        "parzen_log_likelihood": (tuple(rows), {"sigma": 2.0}),
        "precision_recall_density_coverage": (tuple(rows), {"k": 3}),
        "psnr": ((images[0], images[1], zeros_and_ones), {}),
        "two_sample_accuracy": (tuple(rows), {}),
    }[name]


def of_series(rng):
    return rng.random((30, 4, 3))


OTHERS = {  # what the measures outside `minigen.metrics` itself take
    answers.right_answers: lambda rng: (np.array([[1, 2]]), np.array([[1, 1, 2]]), "\n=a"),
    motion.last_frame: lambda rng: (rng.random((2, 3, 4, 4, 1)), 2),
    motion.mean_frame: lambda rng: (rng.random((2, 3, 4, 4, 1)), 2, rng.random((2, 3, 4, 4, 1))),
    motion.last_motion: lambda rng: (rng.random((2, 3, 4, 4, 1)), 2),
    recommendation.ndcg: lambda rng: (rng.random((3, 4)), np.zeros((3, 4), int), np.ones((3, 4), int)),
    recommendation.recall: lambda rng: (rng.random((3, 4)), np.zeros((3, 4), int), np.ones((3, 4), int)),
    retrieval.recall_at: lambda rng: (rng.random((3, 4)), np.arange(3), 1),
    retrieval.colour_histogram: lambda rng: (rng.random((2, 3, 3, 1)),),
    scenarios.smallest_ttc: lambda rng: (of_series(rng),),
    scenarios.GaussianDriver: lambda rng: (of_series(rng),),
    scenarios.GaussianDriver(of_series(np.random.default_rng(1))).log_prob: lambda rng: (of_series(rng),),
    scenarios.nearest_driver: lambda rng: (of_series(rng), of_series(rng)),
    transport.wasserstein_2: lambda rng: (rng.random((3, 2)), rng.random((3, 2))),
}
MAY_BE_INFINITE = (recommendation.ndcg, recommendation.recall)  # a score may say 'never'


def with_one(value, array):
    return np.where(np.arange(array.size).reshape(array.shape) == 1, value, array)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("measure", [*(getattr(metrics, name) for name in NAMES), *OTHERS], ids=lambda m: m.__name__)
def test_nothing_is_measured_of_nan_or_of_nothing(measure):
    """Each array in turn: with nothing in it, with one NaN, and with one infinity."""
    if measure in OTHERS:
        args, named = OTHERS[measure](np.random.default_rng(0)), {}
    else:
        args, named = arguments(measure.__name__, np.random.default_rng(0), 2)
        kind = int if measure in (metrics.code_error, metrics.kl_to_uniform) else float
        args = [a.astype(kind) for a in args]
        named = {key: a.astype(kind) if isinstance(a, np.ndarray) else a for key, a in named.items()}
    sound = dict(enumerate(args)) | named
    values = (np.nan,) if measure in MAY_BE_INFINITE else (np.nan, np.inf)
    assert measure(*args, **named) is not None
    for place, array in sound.items():
        if not isinstance(array, np.ndarray):
            continue
        for bad in (array[:0], *(with_one(value, array) for value in values if array.dtype.kind == "f")):
            given = sound | {place: bad}
            with pytest.raises(MinigenError) as error:
                measure(*(given[i] for i in range(len(args))), **{key: given[key] for key in named})
            assert "\n" not in str(error.value)


def called(name, kind, seed, high):
    args, settings_ = arguments(name, np.random.default_rng(seed), high)
    to = lambda a: a.astype(kind) if isinstance(a, np.ndarray) else a  # noqa: E731
    with np.errstate(all="ignore"):
        return getattr(metrics, name)(*map(to, args), **{key: to(value) for key, value in settings_.items()})


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=8)
@given(kind=st.sampled_from(["u1", "i2", "i8", "u8"]), seed=st.integers(0, 9), high=st.sampled_from([2, 100, 256]))
def test_integers_give_what_the_same_floats_give(name, kind, seed, high):
    labels = name in ("code_error", "kl_to_uniform")
    expected = called(name, "i8" if labels else "f4", seed, high)
    if high > 2 and name in IMAGES:
        with pytest.raises(ArgumentError, match="divide bytes by 255"):
            called(name, kind, seed, high)
        return
    found = called(name, kind, seed, high)
    pairs = [(found, expected)] if not isinstance(expected, tuple) else zip(found, expected, strict=True)
    for one, other in pairs:
        assert np.allclose(one, other, rtol=1e-4, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
def test_masked_arrays_are_refused_and_labels_must_be_whole(name):
    args, named = arguments(name, np.random.default_rng(0), 2)
    masked = [np.ma.array(a, mask=False) for a in args]
    named = {key: np.ma.array(a, mask=False) if isinstance(a, np.ndarray) else a for key, a in named.items()}
    with pytest.raises(DTypeError, match="masked array"):
        getattr(metrics, name)(*masked, **named)
    if name in ("code_error", "kl_to_uniform"):
        with pytest.raises(MinigenError, match="expected integers"):
            called(name, "f4", 0, 2)


def test_categories_beyond_the_last_of_a_byte_can_be_counted():
    found = np.array([0, 255], np.uint8)
    assert metrics.code_error(found, found).error == 0
    assert metrics.kl_to_uniform(np.array([0, 1], np.uint64), 2) == pytest.approx(0)
