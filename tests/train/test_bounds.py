"""BoundTrainer: what it trains on and what it reports."""

import numpy as np

import minigen as mg
from minigen import nn
from minigen.models import IWAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.train.bounds import BoundTrainer


class Recorder(nn.Module):
    """A loss that keeps what it was given."""

    def __init__(self, model):
        self.model, self.seen = model, []

    def loss(self, x, rng):
        self.seen.append(x.numpy().copy())
        return self.model.loss(x, rng)


def trainer(binary):
    rng = mg.Generator(0)
    encoder, decoder = dense_encoder((4, 4, 1), 4, [8], rng), dense_decoder(2, (4, 4, 1), [8], rng)
    return BoundTrainer(Recorder(IWAE(encoder, decoder, 2, samples=2)), 1e-2, binary=binary)


def grey(device):
    return mg.tensor(np.full((200, 4, 4, 1), 0.25, np.float32), device=device)


def test_pixels_are_drawn_anew_for_every_batch(device):
    made, x, rng = trainer(binary=True), grey(device), mg.Generator(0)
    made.step(x, rng)
    made.step(x, rng)
    first, second = made.model.seen
    assert set(np.unique(first)) == {0, 1}
    assert abs(first.mean() - 0.25) < 0.03
    assert not np.array_equal(first, second)


def test_or_left_grey(device):
    made, x = trainer(binary=False), grey(device)
    made.step(x, mg.Generator(0))
    assert np.array_equal(made.model.seen[0], x.numpy())


def test_only_steps_change_the_weights_and_the_loss_falls(device):
    made, x, rng = trainer(binary=True), grey(device), mg.Generator(0)
    before = made.model.state_dict()
    metrics = made.evaluate(x, rng)
    assert set(metrics) == {"test_loss", "test_negative_elbo"}
    assert all(np.array_equal(a, before[name]) for name, a in made.model.state_dict().items())
    losses = [made.step(x, rng)["loss"].item() for _ in range(60)]
    assert losses[-1] < losses[0] - 1
