"""One training step of every model on every device: precision, synchronisation, parity, determinism, memory."""

import gc
import weakref

import numpy as np
import pytest

import minigen as mg
from minigen import backend, data
from minigen.models import RECIPES, recipe_of

DIGITS = data.load("digits")


MODELS = sorted(RECIPES)


def trainer_for(model, device, seed=0, **given):
    settings = recipe_of(model).settings(DIGITS, lr=1e-3, width=8, batch_size=16, seed=seed, device=device, **given)
    network = recipe_of(model).build(settings, DIGITS.shape, mg.Generator(seed))
    return network, recipe_of(model).trainer(network, settings)


def batch(device, n=16, start=0):
    return mg.tensor(DIGITS.x[start : start + n], device=device)


def labels(model, device, n=16, start=0):
    """What `step` takes after the random stream."""
    return (backend.to_device(DIGITS.y[start : start + n], device),) if recipe_of(model).labelled else ()


@pytest.mark.parametrize("model", MODELS)
def test_every_array_stays_float32(device, model):
    network, trainer = trainer_for(model, device)
    rng = mg.Generator(0)
    with mg.debug():  # raises where float32 becomes float64, and at any NaN
        for _ in range(2):
            metrics = trainer.step(batch(device), rng, *labels(model, device))
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
    rng, x, y = mg.Generator(0), batch(device), labels(model, device)
    trainer.step(x, rng, *y)  # the first step makes the random stream
    with xp.forbid_sync():
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
                trainer.step(batch(name, start=16 * i), rng, *labels(model, name, start=16 * i))
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
            trainer.step(batch(device, start=16 * i), rng, *labels(model, device, start=16 * i))
        return b"".join(array.tobytes() for array in network.state_dict().values())

    assert weights(1) == weights(1)
    assert weights(1) != weights(2)


@pytest.mark.long
@pytest.mark.parametrize("model", MODELS)
def test_graphs_do_not_survive_their_step(device, model):
    _, trainer = trainer_for(model, device)
    rng = mg.Generator(0)
    trainer.step(batch(device), rng, *labels(model, device))
    gc.collect()
    gc.disable()
    try:
        x = batch(device)
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
    losses = [trainer.step(batch("cpu", 64, 64 * (i % 20)), rng)["loss"].item() for i in range(200)]
    assert np.mean(losses[-20:]) < 0.85 * np.mean(losses[:5])


@pytest.mark.parametrize("model", ["gan", "dcgan"])
def test_a_gan_moves_both_players(model):
    network, trainer = trainer_for(model, "cpu")
    before = network.state_dict()
    trainer.step(batch("cpu"), mg.Generator(0))
    after = network.state_dict()
    assert all(not np.array_equal(before[name], after[name]) for name in before)
