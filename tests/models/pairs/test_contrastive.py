"""The contrastive pair: its loss beside PyTorch's, what training changes of pictures and names, and that it learns."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend
from minigen.models import recipe_of
from minigen.models.pairs.contrastive import COLDEST, FIRST, HOTTEST, moved, without_words
from tests.examples import pairs

PAIRS = pairs(10)


def small(**given):
    sizes = {"width": 4, "features": 8, "batch_size": 12, "steps": 3}
    settings = recipe_of("contrastive").settings(PAIRS, **sizes | given)
    return recipe_of("contrastive").build(settings, PAIRS.shape, mg.Generator(0)), settings


def test_the_loss_is_figure_3_of_the_paper():
    torch = pytest.importorskip("torch")
    model, _ = small()
    x, y = PAIRS.x[:7], PAIRS.y[:7]
    of_x, of_y = (torch.tensor(v.numpy()) for v in (model.pictures(mg.tensor(x)), model.names(y)))
    logits = torch.nn.functional.normalize(of_x) @ torch.nn.functional.normalize(of_y).T / FIRST
    labels, cross_entropy = torch.arange(7), torch.nn.functional.cross_entropy
    expected = (cross_entropy(logits, labels) + cross_entropy(logits.T, labels)) / 2
    right = (logits.argmax(1) == labels).float().mean() + (logits.argmax(0) == labels).float().mean()
    loss = model.loss(mg.tensor(x), y)
    assert loss.total.item() == pytest.approx(expected.item(), rel=1e-4)
    assert loss.accuracy.item() == pytest.approx(right.item() / 2)
    assert loss.temperature.item() == pytest.approx(FIRST, rel=1e-5)
    assert all(value.dtype == np.float32 for value in loss)
    np.testing.assert_allclose(model.similarities(mg.tensor(x), y).numpy(), logits.numpy(), rtol=1e-3, atol=1e-4)


def test_both_devices_agree(device):
    model, _ = small()
    with backend.device("cpu"):
        other, _ = small()
    x, y = PAIRS.x[:7], PAIRS.y[:7]
    found = model.loss(mg.tensor(x, device=device), backend.to_device(y, device))
    with backend.device("cpu"):
        expected = other.loss(mg.tensor(x, device="cpu"), y)
    assert found.total.item() == pytest.approx(expected.total.item(), rel=1e-4)


@pytest.mark.parametrize(("log_scale", "temperature"), [(-5.0, HOTTEST), (9.0, COLDEST)])
def test_the_temperature_stays_within_its_bounds(log_scale, temperature):
    model, _ = small()
    model.log_scale.data[...] = log_scale
    assert model.loss(mg.tensor(PAIRS.x[:4]), PAIRS.y[:4]).temperature.item() == pytest.approx(temperature, rel=1e-4)


def test_pictures_are_moved_and_keep_what_is_within():
    """Each is the padded picture seen through a window somewhere; over many, everywhere."""
    x = np.random.default_rng(0).random((40, 6, 5, 3), dtype=np.float32)
    y = moved(x, 1, mg.Generator(0))
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    places = set()
    for i in range(40):
        found = [(a, b) for a in range(3) for b in range(3) if np.array_equal(y[i], padded[i, a : a + 6, b : b + 5])]
        assert found
        places |= set(found)
    assert len(places) == 9
    assert np.array_equal(moved(x, 0, mg.Generator(0)), x)


def test_names_lose_words_but_never_all():
    names = np.tile(np.array([[3, 4, 0], [5, 0, 0]]), (2000, 1))
    left = without_words(names, 0.3, mg.Generator(0))
    assert ((left == names) | (left == 0)).all()
    assert (left > 0).any(axis=1).all()
    assert np.array_equal(left[1::2], names[1::2])  # the only word
    lost = (left[::2] == 0)[:, :2].mean()
    assert lost == pytest.approx(0.3 - 0.3**2, abs=0.02)  # that of both would be all
    assert np.array_equal(without_words(names, 0.0, mg.Generator(0)), names)


def test_after_a_short_training_each_picture_finds_its_name():
    model, settings = small(steps=200, batch_size=20, features=32, lr=1e-2, word_dropout=0.0, moved=0)
    trainer, rng = recipe_of("contrastive").trainer(model, settings), mg.Generator(1)
    before = model.loss(mg.tensor(PAIRS.x), PAIRS.y)
    for _ in range(200):
        chosen = rng.permutation(len(PAIRS))[:20]
        metrics = trainer.step(mg.tensor(PAIRS.x[chosen]), rng, PAIRS.y[chosen])
    assert set(metrics) == {"loss", "accuracy", "temperature"}
    after = trainer.evaluate(mg.tensor(PAIRS.x), rng, PAIRS.y)
    assert after["test_loss"].item() < 0.5 * before.total.item()
    assert after["test_accuracy"].item() > 0.7 > 0.3 > before.accuracy.item()
