"""The model of piano rolls: its likelihood by hand, frames after the end, samples."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import PAD
from minigen.errors import ArgumentError, NumericalError, ShapeError
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.piano_rolls import STARTS, PianoRollModel
from minigen.models.sequences.transformer import Transformer

KEYS = 5


def rolls(n=3, frames=7, seed=0):
    return (np.random.default_rng(seed).random((n, frames, KEYS)) < 0.3).astype(np.uint8)


def model(limit=None):
    rng = mg.Generator(0)
    body = GRU(8, 1, rng=rng) if limit is None else Transformer(8, 2, 1, limit, rng=rng)
    return PianoRollModel(body, KEYS, 8, rng)


def test_log_p_is_the_sum_over_keys():
    roll, net = rolls(), model()
    p = 1 / (1 + np.exp(-net(roll[:, :-1]).numpy().astype(np.float64)))
    expected = np.where(roll[:, 1:] == 1, np.log(p), np.log(1 - p)).sum(axis=2)
    np.testing.assert_allclose(net.log_probs(roll).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(net.log_prob(mg.Tensor(roll)).numpy(), expected.sum(axis=1), rtol=1e-5)


def test_frames_after_the_end_do_not_count(device):
    with mg.backend.device(device):
        net = model()
        roll = mg.tensor(rolls(), device=device).data
        short = roll.copy()
        short[0, 4:] = PAD
        whole, cut = net.log_probs(roll).numpy(), net.log_probs(short).numpy()
        np.testing.assert_allclose(cut[0, :3], whole[0, :3], rtol=1e-6)
        assert (cut[0, 3:] == 0).all()
        np.testing.assert_allclose(cut[1:], whole[1:], rtol=1e-6)
        loss = net.loss(mg.Tensor(short)).item()
    assert loss == pytest.approx(-cut.sum() / (3 + 6 + 6), rel=1e-5)


def test_training_begins_at_the_best_constant():
    roll, net = rolls(200), model()
    net.prepare(roll)
    net.head.w.data[...] = 0
    share = roll[:, 1:].reshape(-1, KEYS).mean(axis=0)
    entropy = -(share * np.log(share) + (1 - share) * np.log(1 - share)).sum()
    assert net.loss(mg.Tensor(roll)).item() == pytest.approx(entropy, rel=1e-4)
    np.testing.assert_array_equal(net.starts.numpy(), roll[:STARTS, 0])


@pytest.mark.parametrize("limit", [None, 6])
def test_samples(limit):
    net = model(limit)
    net.prepare(rolls(10))
    drawn = net.sample(4, mg.Generator(1), length=15)
    assert (drawn.shape, drawn.dtype) == ((4, 16, KEYS), np.uint8)
    assert set(np.unique(drawn)) <= {0, 1}
    assert {tuple(frame) for frame in drawn[:, 0]} <= {tuple(frame) for frame in rolls(10)[:, 0]}
    prompt = rolls(1, 9)[0]
    again = net.sample(2, mg.Generator(1), prompt=prompt, length=3)
    np.testing.assert_array_equal(again[:, :9], np.stack([prompt, prompt]))
    assert again.shape == (2, 12, KEYS)


@pytest.mark.parametrize(
    ("prompt", "error", "message"),
    [
        (np.zeros((0, KEYS)), ArgumentError, "prompt: expected at least one frame"),
        (np.full((2, KEYS), 2), ArgumentError, "prompt: expected 0 and 1, a key sounds or not, got 2"),
        (np.full((2, KEYS), 0.5), ArgumentError, "got 0.5"),
        (
            np.zeros((2, KEYS + 1)),
            ShapeError,
            r"prompt: expected frames \(t, 5\), the same for all, got shape \(2, 6\)",
        ),
        (np.zeros((1, 2, KEYS)), ShapeError, r"got shape \(1, 2, 5\)"),
    ],
)
def test_what_is_no_prompt_is_refused(prompt, error, message):
    with pytest.raises(error, match=message):
        model().sample(1, prompt=prompt)


def test_weights_that_are_no_numbers_play_nothing():
    net = model()
    net.head.b.data[...] = np.nan
    with pytest.raises(NumericalError, match="logits: expected finite numbers"):
        net.sample(1)


def test_samples_have_the_models_frequencies():
    net = model()
    net.head.w.data[...] = 0
    p = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    net.head.b.data[...] = np.log(p / (1 - p))
    drawn = net.sample(400, mg.Generator(0), length=10)[:, 1:]
    np.testing.assert_allclose(drawn.mean(axis=(0, 1)), p, atol=0.03)
