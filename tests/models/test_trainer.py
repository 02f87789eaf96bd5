"""One training step of every model on every device: precision, synchronisation, parity, determinism, memory."""

import contextlib
import gc
import weakref

import numpy as np
import pytest

import minigen as mg
from minigen import backend, data
from minigen.distributed import Group
from minigen.errors import ArgumentError
from minigen.models import RECIPES, recipe_of
from tests.examples import first_for, targets

DIGITS = data.load("digits")


MODELS = sorted(RECIPES)
# A few numbers for each example, such as its time, are drawn on the host and sent, which waits for nothing.
DRAW_ON_THE_HOST = ("ddpm", "cddpm", "flow-matching", "cflow-matching", "text-to-image", "contrastive")


def trainer_for(model, device, seed=0, **given):
    data_set = first_for(recipe_of(model))
    settings = recipe_of(model).settings(data_set, lr=1e-3, width=8, batch_size=16, seed=seed, device=device, **given)
    network = recipe_of(model).build(settings, data_set.shape, mg.Generator(seed))
    return network, recipe_of(model).trainer(network, settings)


def batch(model, device, n=16, start=0):
    return mg.tensor(first_for(recipe_of(model)).x[start : start + n], device=device)


def labels(model, device, n=16, start=0):
    """What `step` takes after the random stream."""
    of = targets(recipe_of(model), first_for(recipe_of(model)), slice(start, start + n))
    return tuple(backend.to_device(y, device) for y in of)


@pytest.mark.parametrize("model", MODELS)
def test_every_array_stays_float32(device, model):
    network, trainer = trainer_for(model, device)
    rng = mg.Generator(0)
    with mg.debug():  # raises where float32 becomes float64, and at any NaN
        for _ in range(2):
            metrics = trainer.step(batch(model, device), rng, *labels(model, device))
    assert {m.dtype for m in metrics.values()} == {np.dtype(np.float32)}
    assert {t.dtype for _, t in network.named_tensors()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in network.parameters() if p.grad is not None} == {np.dtype(np.float32)}
    optimizers = [o for o in vars(trainer).values() if isinstance(o, mg.optim.Adam)]
    assert optimizers
    for optimizer in optimizers:
        assert {a.dtype for a in optimizer.memory.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("model", MODELS)
def test_a_step_does_not_wait_for_the_device(device, device_kind, model):
    if device_kind != "double":
        pytest.skip("only the double counts synchronisations")
    xp = backend.module_for("cuda")
    _, trainer = trainer_for(model, device)
    rng, x, y = mg.Generator(0), batch(model, device), labels(model, device)
    trainer.step(x, rng, *y)  # the first step makes the random stream
    with xp.forbid_sync(transfers=model in DRAW_ON_THE_HOST):
        trainer.step(x, rng, *y)


@pytest.mark.parametrize("model", MODELS)
def test_cpu_and_device_take_the_same_step(device, model):
    """Given the same weights, data and noise, both devices arrive at the same weights up to rounding."""

    class HostNoise(mg.Generator):
        def _stream(self, device):
            return self.host

        def normal(self, shape, *, dtype=np.float32, device=None):
            noise = self.host.standard_normal(shape, dtype=dtype)
            return backend.to_device(noise, device or backend.default_device())

        def uniform(self, shape, *, dtype=np.float32, device=None):
            return backend.to_device(self.host.random(shape, dtype=dtype), device or backend.default_device())

    def weights(name):
        with backend.device(name):
            network, trainer = trainer_for(model, name)
            rng = HostNoise(0)
            for i in range(3):
                trainer.step(batch(model, name, start=16 * i), rng, *labels(model, name, start=16 * i))
            return network.state_dict()

    ours, reference = weights(device), weights("cpu")
    for name, array in reference.items():
        # Adam's first steps have the size lr = 1e-3 wherever a gradient is not 0: rounding may turn a few around.
        assert np.median(np.abs(ours[name] - array)) < 1e-6, name


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_same_seed_same_bytes(device, model):
    def weights(seed):
        network, trainer = trainer_for(model, device, seed)
        rng = mg.Generator(seed)
        for i in range(3):
            trainer.step(batch(model, device, start=16 * i), rng, *labels(model, device, start=16 * i))
        return b"".join(array.tobytes() for array in network.state_dict().values())

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_graphs_do_not_survive_their_step(device, model):
    _, trainer = trainer_for(model, device)
    rng = mg.Generator(0)
    trainer.step(batch(model, device), rng, *labels(model, device))
    gc.collect()
    gc.disable()
    try:
        x = batch(model, device)
        seen = weakref.ref(x)
        metrics = trainer.step(x, rng, *labels(model, device))
        del x
        assert seen() is None
        assert all(m.is_leaf or type(m._node).__name__ == "Freed" for m in metrics.values())
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("model", ["vae", "conv-vae"])
def test_the_loss_of_a_vae_falls(model):
    _, trainer = trainer_for(model, "cpu")
    rng = mg.Generator(0)
    losses = [trainer.step(batch(model, "cpu", 64, 64 * (i % 20)), rng)["loss"].item() for i in range(200)]
    assert np.mean(losses[-20:]) < 0.85 * np.mean(losses[:5])


@pytest.mark.parametrize("model", ["gan", "dcgan"])
def test_a_gan_moves_both_players(model):
    network, trainer = trainer_for(model, "cpu")
    before = network.state_dict()
    trainer.step(batch(model, "cpu"), mg.Generator(0))
    after = network.state_dict()
    assert all(not np.array_equal(before[name], after[name]) for name in before)


# ------------------------------------------------------------------------------------------------- shards


def joined(model, device, shards, rank=0, size=1, **given):
    """A trainer whose batches are cut, in one of `size` processes, which hears nothing of the others."""
    network, trainer = trainer_for(model, device, shards=shards, **given)
    trainer.join(Group(rank, size), shards)
    return network, trainer


def test_the_mean_of_the_shards_gradients_is_the_batchs(device):
    """For a loss that is a mean, without noise and without statistics of the batch: an autoencoder."""
    found = {}
    for shards in (1, 2, 8):
        _, trainer = joined("ae", device, shards)
        metrics = trainer.step(batch("ae", device), mg.Generator(0))
        found[shards] = backend.to_numpy(trainer.optimizer.flat.grad).copy(), metrics["loss"].item()
    for shards in (2, 8):
        assert np.allclose(found[shards][0], found[1][0], rtol=1e-4, atol=1e-5 * np.abs(found[1][0]).max())
        assert found[shards][1] == pytest.approx(found[1][1], rel=1e-5)


@pytest.mark.parametrize("model", [name for name in MODELS if not recipe_of(name).whole_batches])
def test_a_batch_that_is_cut_trains_every_model_and_nobody_waits(device, device_kind, model):
    network, trainer = joined(model, device, 2)
    rng, waiting = mg.Generator(0), contextlib.nullcontext()
    x, y = batch(model, device), labels(model, device)
    before = network.state_dict()
    trainer.step(x, rng, *y)
    if device_kind == "double":
        waiting = backend.cupy().forbid_sync(transfers=model in DRAW_ON_THE_HOST)
    with waiting:
        metrics = trainer.step(x, rng, *y)
    assert all(np.isfinite(value.item()) for value in metrics.values())
    assert all(value.shape == () and value.dtype == np.float32 for value in metrics.values())
    after = network.state_dict()
    assert all(np.isfinite(array).all() for array in after.values())
    assert any((after[name] != before[name]).any() for name in after)


def test_running_statistics_are_the_mean_of_what_each_shard_would_leave():
    def buffers(network):
        return {name: t.numpy().copy() for name, t in network.named_buffers()}

    whole, trainer = joined("dcgan", "cpu", 4)
    shards = trainer.shards(batch("dcgan", "cpu"), mg.Generator(3))
    each = []
    for shard in shards:
        one, _ = trainer_for("dcgan", "cpu")
        one.discriminator_loss(shard.x, mg.Generator(1))
        each.append(buffers(one))
    for shard in trainer.each(shards):
        whole.discriminator_loss(shard.x, mg.Generator(1))
    for name, found in buffers(whole).items():
        assert np.allclose(found, np.mean([one[name] for one in each], axis=0), rtol=1e-6)
    assert any((each[0][name] != each[1][name]).any() for name in each[0])


def test_a_process_takes_its_own_shards():
    """Their noise is that of their numbers, whoever computes them."""
    x, seen = batch("vae", "cpu"), {}
    for size in (1, 2, 4):
        n = 16 // size
        seen[size] = []
        for rank in range(size):
            _, trainer = joined("vae", "cpu", 8, rank, size)
            own = mg.tensor(x.numpy()[rank * n : (rank + 1) * n])
            seen[size] += [(s.x.numpy().tobytes(), s.rng.seed) for s in trainer.shards(own, mg.Generator(0))]
    assert seen[1] == seen[2] == seen[4]
    assert len(set(seen[1])) == 8


def test_a_batch_that_cannot_be_cut_equally_is_refused():
    _, trainer = joined("vae", "cpu", 4)
    with pytest.raises(ArgumentError, match="x: 15 examples cannot be cut into 4 equal shards"):
        trainer.step(batch("vae", "cpu", 15), mg.Generator(0))
    with pytest.raises(ArgumentError, match="shards: expected"):
        trainer.join(Group(), 3)


def test_an_update_that_failed_leaves_nothing_for_the_next():
    network, trainer = joined("vae", "cpu", 4)
    other, fresh = joined("vae", "cpu", 4)
    for shard in trainer.each(trainer.shards(batch("vae", "cpu"), mg.Generator(9))):
        trainer.optimizer.add(network.loss(shard.x, shard.rng).total)
        break
    for one in (trainer, fresh):
        one.step(batch("vae", "cpu"), mg.Generator(0))
    ours, theirs = network.state_dict(), other.state_dict()
    assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)
