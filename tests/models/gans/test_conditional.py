"""The conditional GAN: both players see the label, whose slope no penalty counts."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend, data, nn
from minigen.errors import MinigenError
from minigen.models import recipe_of
from tests.models.gans.small import K, conditional, examples


def test_the_discriminator_is_shown_the_label_at_every_pixel(device):
    x, y = examples(device)
    model = conditional()
    model.discriminator_loss(x, mg.Generator(0), y)
    real, fake = model.discriminator.seen
    assert real.shape == fake.shape == (6, 4, 4, 1 + K)
    assert (real[..., :1] == x.numpy()).all()
    for shown in (real, fake):  # fakes are of the classes of the real examples
        assert (shown[..., 1:].argmax(axis=-1) == backend.to_numpy(y)[:, None, None]).all()
    assert not np.array_equal(real[..., :1], fake[..., :1])


def test_packs_hold_examples_and_their_labels(device):
    x, y = examples(device)
    model = conditional(pack=2)
    model.discriminator_loss(x, mg.Generator(0), y)
    shown, labels = model.discriminator.seen[0], backend.to_numpy(y)
    assert shown.shape == (3, 4, 4, 2 + 2 * K)
    assert (shown[..., 2 : 2 + K].argmax(axis=-1)[:, 0, 0] == labels[:3]).all()
    assert (shown[..., 2 + K :].argmax(axis=-1)[:, 0, 0] == labels[3:]).all()


def test_a_penalty_is_one_on_the_example_and_not_on_its_label(device):
    """A linear critic of example and label: its slope in the example alone counts, (|w| - 1)^2 times lambda."""
    x, y = examples(device)
    model = conditional(loss="wasserstein", penalty="gradient-penalty")
    features = 16 * (1 + K)
    w = np.random.default_rng(1).standard_normal((4, 4, 1 + K)).astype(np.float32)
    model.discriminator = nn.Sequential(nn.Flatten(), nn.Dense(features, 1, bias=False))
    model.discriminator[1].w.data[...] = backend.to_device(w.reshape(-1, 1), device)
    penalized = model.discriminator_loss(x, mg.Generator(0), y).total.item()
    model.penalty = "none"
    plain = model.discriminator_loss(x, mg.Generator(0), y).total.item()
    assert np.isclose(penalized - plain, 10 * (np.linalg.norm(w[..., 0]) - 1) ** 2, rtol=1e-4)


def test_data_without_labels_are_refused():
    bare = data.Dataset("bare", data.load("digits").x)
    with pytest.raises(MinigenError, match="'cgan' learns from labels and 'bare' has none"):
        recipe_of("cgan").settings(bare)
