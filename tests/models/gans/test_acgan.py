"""The auxiliary-classifier GAN: its losses by hand."""

import numpy as np

import minigen as mg
from minigen import backend
from minigen.models import ACGAN
from tests.models.gans.small import Fixed, K, Z, examples, generator


def log_softmax(row):
    return row - np.log(np.exp(row).sum())


def test_acgan_losses_by_hand(device):
    x, y = examples(device)
    row = np.float64([0.7, 1.0, -2.0, 0.5, 0.0, 3.0])
    model = ACGAN(generator(), Fixed(row), Z, K)
    loss = model.discriminator_loss(x, mg.Generator(0), y)
    adversarial = np.logaddexp(0, -0.7) + np.logaddexp(0, 0.7)
    of_labels = log_softmax(row[1:])[backend.to_numpy(y)].mean()
    assert np.isclose(loss.total.item(), adversarial - 2 * of_labels, rtol=1e-5)
    assert np.isclose(loss.others["class_accuracy"].item(), (backend.to_numpy(y) == 4).mean())
    drawn = model.class_of(model.noise(4, mg.Generator(3))).numpy().argmax(axis=1)
    expected = np.logaddexp(0, -0.7) - log_softmax(row[1:])[drawn].mean()
    assert np.isclose(model.generator_loss(4, mg.Generator(3)).item(), expected, rtol=1e-5)
