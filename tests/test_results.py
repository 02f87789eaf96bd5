"""What the models must reach, through the command line, as a user would: minutes each, so `pytest -m slow`."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from minigen import data
from minigen.cli import main

pytestmark = pytest.mark.slow

needs_mnist = pytest.mark.skipif(
    not data.locate("mnist"), reason="real MNIST not found: set MINIGEN_DATA to a folder that holds mnist/"
)


def last(out):
    return json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])


@needs_mnist
def test_the_familiar_vae_on_mnist(tmp_path):
    """784-400-20, batch 128, Adam 1e-3, ten epochs: at most 103.5 nats per test image, its pixels black or white."""
    out = tmp_path / "run"
    assert main(["train", "vae", "--data", "mnist", "--epochs", "10", "--quiet", "--out", str(out)]) == 0
    assert last(out)["test_loss"] <= 103.5


@pytest.mark.parametrize("seed", ["0", "1"])
def test_the_default_gan_finds_all_modes_of_the_ring(tmp_path, seed):
    out = tmp_path / "run"
    assert main(["train", "gan", "--data", "ring", "--quiet", "--seed", seed, "--out", str(out)]) == 0
    assert last(out)["modes"] == 8
    assert last(out)["high_quality"] > 0.6


@pytest.mark.parametrize("model", ["vae", "gan", "dcgan"])
def test_samples_on_digits_look_like_digits(tmp_path, model):
    """A classifier of real digits is sure of most samples, finds all ten classes, and is not sure of noise."""
    out = tmp_path / "run"
    assert main(["train", model, "--quiet", "--out", str(out)]) == 0
    file = tmp_path / "samples.npy"
    assert main(["sample", str(out), "--n", "500", "--out", str(file)]) == 0
    train = data.load("digits")
    classifier = LogisticRegression(max_iter=2000).fit(train.x.reshape(len(train), -1), train.y)

    def confidence(x):
        return classifier.predict_proba(x.reshape(len(x), -1)).max(axis=1)

    samples = np.load(file)
    real, mean = data.load("digits", "test").x, train.x.mean(0, keepdims=True)
    assert np.median(confidence(samples)) > 0.5 + np.median(confidence(real)) / 4
    assert confidence(mean)[0] < 0.6
    counts = np.bincount(classifier.predict(samples.reshape(500, -1)), minlength=10)
    assert counts.min() >= 5
