"""The loop on its own, without a folder: what it gives, where it goes on, and that a supervised run is the same."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from minigen import Generator, Tensor, data
from minigen.models import Trainer, recipe_of
from minigen.train import Batches, steps
from minigen.train.begin_and_resume import PREPARING

from .runs import small, start, weights

DIGITS = data.load("digits")


class Counter(Trainer):
    """Learns nothing, and keeps what it was given."""

    def __init__(self):
        self.seen = []

    def step(self, x, rng, *labels):
        self.seen.append((x, rng, *labels))
        return {"mean": x}


def made(kind):
    """Trainer, batches and generator of a small run."""
    settings = small(kind)
    recipe, rng = recipe_of(settings.model), Generator(settings.seed)
    trainer = recipe.trainer(recipe.build(settings, DIGITS.shape, rng), settings)
    labels = recipe.targets(DIGITS)
    x = data.scale(DIGITS.x, recipe.black)
    trainer.prepare(Tensor(x[:PREPARING]))
    return trainer, Batches(x, *labels, batch_size=settings.batch_size, rng=rng.spawn()), rng


def test_each_step_has_a_number_and_metrics():
    trainer, batches, rng = made("vae")
    found = list(steps(trainer, batches, rng, 5))
    assert [step for step, _ in found] == [1, 2, 3, 4, 5]
    for _, metrics in found:
        assert set(metrics) == {"loss", "reconstruction", "kl"}
        assert all(np.isfinite(value.item()) for value in metrics.values())
    assert trainer.optimizer.t == 5


def test_a_step_is_taken_when_it_is_asked_for_and_no_batch_is_drawn_in_vain():
    trainer, drawn = Counter(), iter(np.zeros((3, 2, 1), np.float32))
    found = steps(trainer, drawn, Generator(0), 2)
    assert not trainer.seen
    assert next(found)[0] == 1
    assert len(trainer.seen) == 1
    assert [step for step, _ in found] == [2]
    assert len(list(drawn)) == 1


def test_examples_become_tensors_and_labels_go_along():
    trainer, rng = Counter(), Generator(0)
    x, y = np.ones((4, 3), np.float32), np.arange(4)
    list(steps(trainer, [x, (x,), (x, y)], rng, 3))
    assert [type(seen[0]) for seen in trainer.seen] == [Tensor] * 3
    assert all(np.array_equal(seen[0].numpy(), x) and seen[1] is rng for seen in trainer.seen)
    assert [len(seen) for seen in trainer.seen] == [2, 2, 3]
    assert trainer.seen[2][2] is y


@pytest.mark.parametrize(("taken", "numbers"), [(0, [1, 2, 3]), (2, [3]), (3, [])])
def test_it_goes_on_from_the_steps_that_were_taken(taken, numbers):
    batches = Batches(np.zeros((4, 2), np.float32), batch_size=2)
    assert [step for step, _ in steps(Counter(), batches, Generator(0), 3, taken)] == numbers


def test_in_two_parts_it_is_the_same():
    whole, again = made("cvae"), made("cvae")
    list(steps(*whole, 8))
    list(steps(*again, 3))
    assert [step for step, _ in steps(*again, 8, taken=3)] == [4, 5, 6, 7, 8]
    ours, others = whole[0].state(), again[0].state()
    assert all(ours[name].tobytes() == others[name].tobytes() for name in ours.keys() | others.keys())


@pytest.mark.parametrize("kind", ["vae", "dcgan", "cvae"])
def test_a_supervised_run_is_this_loop(tmp_path, no_pictures, kind):
    """The same seeds, the same bytes."""
    trainer, batches, rng = made(kind)
    for _ in steps(trainer, batches, rng, small(kind).steps):
        pass
    start(kind, tmp_path / "run")
    with trainer.averaged():
        assert save(trainer.model.eval().state_dict()) == weights(tmp_path / "run")


# ------------------------------------------------------------------------------------------------- batches


@given(st.integers(1, 40), st.integers(1, 10), st.integers(0, 2**32))
def test_batches_without_end_show_each_example_once_an_epoch(n, size, seed):
    size = min(n, size)
    batches, epochs = Batches(np.arange(n), np.arange(n) + 100, batch_size=size, rng=Generator(seed)), []
    for _ in range(3):
        drawn = [next(batches) for _ in range(n // size)]
        x, y = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
        assert np.array_equal(y, x + 100)
        assert len(set(x)) == len(x) == n // size * size  # what does not fill a batch waits for another epoch
        assert set(x) <= set(range(n))
        epochs.append(x.tolist())
    assert n < 10 or epochs[0] != epochs[1]


def test_a_batch_is_a_tuple_and_what_is_to_be_done_with_it_is_done():
    batches = Batches(np.arange(4.0), batch_size=2, rng=Generator(0), transform=lambda x: -x)
    assert iter(batches) is batches
    (x,) = next(batches)
    assert x.shape == (2,)
    assert (x <= 0).all()


@given(st.integers(0, 12))
def test_they_go_on_from_their_state(taken):
    first, second = (Batches(np.arange(10), batch_size=3, rng=Generator(seed)) for seed in (1, 2))
    for _ in range(taken):
        next(first)
    second.load_state(first.state())
    for _ in range(7):
        assert np.array_equal(next(first)[0], next(second)[0])


def test_reseeded_they_begin_a_new_epoch_in_another_order():
    first, second = (Batches(np.arange(12), batch_size=4, rng=Generator(1)) for _ in range(2))
    next(first), next(second)
    first.reseed(Generator(2))
    drawn = [np.concatenate([next(batches)[0] for _ in range(3)]) for batches in (first, second)]
    assert set(drawn[0]) == set(range(12))
    assert not np.array_equal(*drawn)
    second.reseed(Generator(2))
    assert np.array_equal(drawn[0], np.concatenate([next(second)[0] for _ in range(3)]))


def test_batches_that_end_end_the_loop():
    x = data.load("digits").x
    model = recipe_of("vae")
    settings = model.settings(data.load("digits"), width=4, latent_dim=2)
    trainer = model.trainer(model.build(settings, x.shape[1:], Generator(0)), settings)
    assert [step for step, _ in steps(trainer, [x[:16], x[16:32]], Generator(0), 5)] == [1, 2]
    assert [step for step, _ in steps(trainer, [x[:16]] * 9, Generator(0), 5, taken=3)] == [4, 5]
