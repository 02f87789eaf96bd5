"""A discriminator that names classes does so with batch statistics of training examples, at its last weights."""

import numpy as np
import pytest

from minigen import Tensor, data, nn, no_grad
from minigen.train import load_run
from tests.train import runs


@pytest.mark.parametrize("model", ["infogan", "acgan"])
def test_the_statistics_are_those_of_training_examples(tmp_path, monkeypatch, model):
    monkeypatch.setitem(runs.KINDS, "it", (model, "digits", {}))
    runs.start("it", tmp_path / "run")
    layers = list(load_run(tmp_path / "run").load_model().discriminator)
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.BatchNorm))
    with no_grad():
        x = nn.Sequential(*layers[:first])(Tensor(2 * data.load("digits").x - 1)).numpy()
    x = x.reshape(-1, x.shape[-1])
    # All but those examples that do not fill a batch.
    np.testing.assert_allclose((layers[first].running_mean.numpy() - x.mean(0)) / x.std(0), 0, atol=0.01)
    np.testing.assert_allclose(layers[first].running_var.numpy() / x.var(0), 1, atol=0.02)
