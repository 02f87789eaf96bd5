"""The conditional VAE: its bound by hand, and that classes of points are made where they lie."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend, data, nn
from minigen.data import Loader
from minigen.models import ConditionalVAE, recipe_of
from minigen.models.networks import dense_decoder, dense_encoder
from tests.models.gans.small import SHAPE, K, Z, examples


def test_the_bound_of_a_conditional_vae_by_hand(device):
    """Its loss is that of a VAE whose encoder and decoder are given the label."""
    x, y = examples(device)
    x = mg.tensor(np.abs(np.tanh(x.numpy())), device=device)
    encoder = dense_encoder((16 + K,), 2 * Z, [6], mg.Generator(0))
    decoder = dense_decoder(Z + K, SHAPE, [6], mg.Generator(1))
    model = ConditionalVAE(encoder, decoder, Z, K, beta=0.5)
    loss = model.loss(x, mg.Generator(5), y)
    labels = nn.one_hot(y, K)
    h = encoder(mg.concatenate([x.reshape(6, 16), mg.Tensor(labels)], axis=1))
    mean, log_var = h.numpy()[:, :Z], h.numpy()[:, Z:]
    z = mean + np.exp(0.5 * log_var) * backend.to_numpy(mg.Generator(5).normal((6, Z), device=device))
    logits = decoder(mg.tensor(np.concatenate([z, backend.to_numpy(labels)], axis=1), device=device)).numpy()
    bce = (np.logaddexp(0, logits) - logits * x.numpy()).reshape(6, -1).sum(axis=1).mean()
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert np.isclose(loss.reconstruction.item(), bce, rtol=1e-4)
    assert np.isclose(loss.kl.item(), kl, rtol=1e-4)
    assert np.isclose(loss.total.item(), bce + 0.5 * kl, rtol=1e-4)


@pytest.mark.parametrize("name", ["cgan", "cvae"])
def test_classes_of_points_are_made_where_they_lie(name):
    """After a short training, what is asked for lies nearer to its own cluster than to any other."""
    ring = data.load("ring")
    settings = recipe_of(name).settings(ring, steps=600, batch_size=128, width=32)
    model = recipe_of(name).build(settings, ring.shape, mg.Generator(0))
    trainer, rng = recipe_of(name).trainer(model, settings), mg.Generator(1)
    loader = Loader(ring.x, ring.y, batch_size=128, rng=mg.Generator(2))
    steps = 0
    while steps < 600:
        for x, y in loader:
            trainer.step(mg.tensor(x), rng, y)
            steps += 1
    model.eval()
    for label in range(8):
        made = model.sample(50, rng, label=label).numpy()
        distance = np.linalg.norm(made[:, None] - ring.centres, axis=2)
        assert (distance.argmin(axis=1) == label).mean() > 0.9
