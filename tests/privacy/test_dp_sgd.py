"""DP-SGD: what a step adds, by hand; the noise's statistics; who is in a batch."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn, ops
from minigen.distributed import Group
from minigen.errors import ArgumentError, NumericalError, ShapeError
from minigen.optim import SGD, Adam
from minigen.privacy import PoissonBatches, PrivateTrainer, clip_factors, gradients_by_loop
from minigen.train.loop import steps


def rows(n, seed=0):
    return np.random.default_rng(seed).standard_normal((n, 5)).astype(np.float32)


def a_model():
    return nn.Sequential(nn.Dense(5, 4, rng=mg.Generator(0)), nn.Tanh(), nn.Dense(4, 3, rng=mg.Generator(1)))


def a_trainer(model, clip=0.5, noise=0.0, optimizer=SGD, lr=1.0, batch_size=8.0):
    def losses(x, rng, y):
        return -ops.getitem(ops.log_softmax(model(x)), (np.arange(len(y)), y))

    return PrivateTrainer(
        model, losses, optimizer(model.parameters(), lr), clip=clip, noise=noise, batch_size=batch_size
    )


def weights(model):
    return np.concatenate([p.numpy().ravel() for p in model.parameters()])


@pytest.mark.parametrize("clip", [0.5, 1e3])
def test_a_step_is_the_algorithm(clip):
    """Gradients one by one, each cut to the norm; their sum over the expected size, whatever the batch's own."""
    model, x, y = a_model(), rows(6), np.arange(6) % 3
    trainer = a_trainer(model, clip)
    each = gradients_by_loop(model, lambda x, y: trainer.losses(x, None, y), x, y)
    each = np.concatenate([g.reshape(6, -1) for g in each], axis=1)
    norms = np.linalg.norm(each, axis=1)
    expected = weights(model) - (each * np.minimum(1, clip / norms)[:, None]).sum(axis=0) / 8
    metrics = trainer.step(mg.Tensor(x), mg.Generator(0), y)
    np.testing.assert_allclose(weights(model), expected, rtol=1e-4, atol=1e-6)
    assert metrics["clipped"].item() == pytest.approx((norms > clip).mean())
    assert metrics["clipped"].item() == (0 if clip > 1 else pytest.approx(1, abs=0.4))
    assert weights(model).dtype == np.float32


def test_no_example_moves_the_weights_further_than_the_clip():
    """One example more, however wild: the step differs by C over the batch's size, and no more."""
    x, y = rows(7), np.arange(7) % 3
    x[6] *= 1e4
    moved = []
    for n in (6, 7):
        model = a_model()
        a_trainer(model, clip=0.5).step(mg.Tensor(x[:n]), mg.Generator(0), y[:n])
        moved.append(weights(model))
    assert np.linalg.norm(moved[1] - moved[0]) <= 0.5 / 8 * (1 + 1e-4)


@pytest.mark.parametrize("n", [0, 4])
def test_the_noise_has_the_deviation_that_is_asked_for(n, device):
    """Of all weights, in an empty batch too: sigma C / (q N), in each step anew."""
    model, rng = a_model(), mg.Generator(3)
    trainer = a_trainer(model, clip=0.5, noise=2.0, batch_size=8.0)
    x = mg.tensor(np.zeros((n, 5), np.float32), device=device)
    y = mg.backend.to_device(np.zeros(n, np.int64), device)
    still = a_model()
    a_trainer(still, clip=0.5).step(x, mg.Generator(0), y)
    start, without = weights(a_model()), weights(still)
    found = []
    for _ in range(200):
        for p, q in zip(model.parameters(), a_model().parameters(), strict=True):
            p.data[...] = q.data
        trainer.step(x, rng, y)
        found.append(weights(model) - without)
    found = np.array(found)
    assert found.shape == (200, len(start))
    deviation = 2.0 * 0.5 / 8.0
    assert found.std() == pytest.approx(deviation, rel=0.03)  # 200 x 39 numbers: .8 %
    assert abs(found.mean()) < 4 * deviation / found.size**0.5
    assert (np.abs(found.mean(axis=0)) < 5 * deviation / 14).all()
    correlations = np.corrcoef(found.T) - np.eye(len(start))
    assert np.abs(correlations).max() < 5 / 14
    assert abs(np.corrcoef(found[:-1].ravel(), found[1:].ravel())[0, 1]) < 0.05


def test_a_gradient_that_no_clipping_bounds():
    model, x = a_model(), rows(3)
    x[1] = np.inf
    before = weights(model)
    with np.errstate(all="ignore"), pytest.raises(NumericalError, match="the gradient of 1 examples is not finite"):
        a_trainer(model).step(mg.Tensor(x), mg.Generator(0), np.arange(3))
    np.testing.assert_array_equal(weights(model), before)


def test_a_public_loss_is_neither_clipped_nor_noised():
    model, x, y = a_model(), rows(6), np.arange(6) % 3
    trainer = a_trainer(model, clip=1e-9)
    trainer.public = lambda rng: 100 * ops.sum(model[0].w * model[0].w)
    start = model[0].w.numpy().copy()
    last = model[2].w.numpy().copy()
    trainer.step(mg.Tensor(x), mg.Generator(0), y)
    np.testing.assert_allclose(model[0].w.numpy(), start - 200 * start, rtol=1e-5)
    np.testing.assert_allclose(model[2].w.numpy(), last, atol=1e-6)


def test_any_rule_takes_the_step():
    model = a_model()
    before = weights(model)
    trainer = a_trainer(model, noise=1.0, optimizer=Adam, lr=1e-2)
    trainer.step(mg.Tensor(rows(3)), mg.Generator(0), np.arange(3))
    assert 0 < np.abs(weights(model) - before).max() <= 1e-2 * (1 + 1e-4)


def test_it_learns_in_the_loop_and_goes_on_where_it_stood():
    x = rows(300)
    y = (x[:, 0] > 0).astype(np.int64)

    def run(n, kept=None):
        model, rng = a_model(), mg.Generator(0)
        batches = PoissonBatches(x, y, rate=0.1, rng=mg.Generator(1))
        trainer = a_trainer(model, clip=1.0, noise=0.5, lr=1.0, batch_size=batches.mean)
        if kept:
            trainer.load_state(kept[0])
            batches.load_state(kept[1])
            rng.load_state(kept[2])
        for _ in steps(trainer, batches, rng, n):
            pass
        return model, (trainer.state(), batches.state(), rng.state())

    model, _ = run(60)
    assert (model(mg.Tensor(x)).numpy().argmax(axis=1) == y).mean() > 0.9
    _, half = run(25)
    again, _ = run(35, half)
    np.testing.assert_array_equal(weights(again), weights(model))


def test_each_example_is_in_a_batch_by_its_own_chance():
    """Sizes are binomial, and no two examples hang together."""
    x = np.arange(200)
    batches = PoissonBatches(x, x % 7, rate=0.2, rng=mg.Generator(0))
    assert batches.mean == pytest.approx(40)
    taken = np.zeros((2000, 200))
    for row in taken:
        chosen, labels = next(batches)
        assert len(set(chosen)) == len(chosen)
        np.testing.assert_array_equal(labels, chosen % 7)
        row[chosen] = 1
    sizes = taken.sum(axis=1)
    assert sizes.mean() == pytest.approx(40, abs=4 * (32 / 2000) ** 0.5)
    assert sizes.var() == pytest.approx(200 * 0.2 * 0.8, rel=0.15)  # a shuffled epoch's sizes do not vary
    assert (np.abs(taken.mean(axis=0) - 0.2) < 5 * (0.16 / 2000) ** 0.5).all()
    assert np.abs(np.corrcoef(taken.T) - np.eye(200)).max() < 6 / 2000**0.5


def test_rare_examples_leave_batches_empty():
    batches = PoissonBatches(np.zeros((3, 2), np.float32), rate=1e-3, rng=mg.Generator(0))
    assert next(batches)[0].shape == (0, 2)


def test_the_factors_are_those_of_the_paper(device):
    norms = mg.backend.to_device(np.array([0.0, 1.0, 2.0, 8.0], np.float32), device)
    factors = clip_factors(norms, 2.0)
    np.testing.assert_allclose(mg.backend.to_numpy(factors), [1, 1, 1, 0.25])
    assert factors.dtype == np.float32


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"clip": 0}, "clip: expected a finite number > 0, got 0"),
        ({"noise": -1.0}, "noise: expected a finite number >= 0, got -1.0"),
        ({"noise": float("nan")}, "noise"),
        ({"batch_size": float("inf")}, "batch_size: expected a finite number > 0, got inf"),
    ],
)
def test_settings_out_of_range(settings, message):
    with pytest.raises(ArgumentError, match=message):
        a_trainer(a_model(), **settings)


def test_refusals():
    with pytest.raises(ArgumentError, match="batch norm mixes the examples"):
        a_trainer(nn.Sequential(nn.Dense(5, 3), nn.BatchNorm(3)))
    with pytest.raises(ArgumentError, match="shards: a private step takes its batch whole, got 2"):
        a_trainer(a_model()).join(Group(), 2)
    with pytest.raises(ArgumentError, match="rate: expected a number with 0 < rate <= 1, got 0"):
        PoissonBatches(rows(3), rate=0)
    with pytest.raises(ShapeError, match=r"one length, got lengths \[3, 4\]"):
        PoissonBatches(rows(3), rows(4), rate=0.5)
