"""The recurrent body: PyTorch's numbers, a state that goes on, nothing seen ahead, and what it can learn."""

import numpy as np
import pytest

import minigen as mg
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.sequence_model import SequenceTrainer

RNG = np.random.default_rng(0)


def floats(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def test_it_is_pytorchs():
    torch = pytest.importorskip("torch")
    body, theirs = GRU(4, 2, rng=mg.Generator(0)), torch.nn.GRU(4, 4, 2, batch_first=True)
    with torch.no_grad():
        for i, layer in enumerate(body.layers):
            layer.b.data[...] = floats(4)
            layer.inputs.b.data[...] = floats(12)
            getattr(theirs, f"weight_ih_l{i}").copy_(torch.tensor(layer.inputs.w.numpy().T))
            getattr(theirs, f"weight_hh_l{i}").copy_(torch.tensor(layer.w.numpy().T))
            getattr(theirs, f"bias_ih_l{i}").copy_(torch.tensor(layer.inputs.b.numpy()))
            getattr(theirs, f"bias_hh_l{i}").copy_(torch.tensor(np.concatenate([np.zeros(8), layer.b.numpy()])))
    x = floats(3, 5, 4)
    y, state = theirs(torch.tensor(x))
    own = body.start(3)
    np.testing.assert_allclose(body(mg.tensor(x), own).numpy(), y.detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(np.stack(own.layers), state.detach().numpy(), atol=1e-6)


def test_it_goes_on_where_it_stopped(device):
    with mg.backend.device(device):
        body = GRU(4, 2, rng=mg.Generator(0))
        x = mg.tensor(floats(2, 6, 4), device=device)
        whole, state = body(x).numpy(), body.start(2)
        parts = [body(x[:, i : i + 2], state).numpy() for i in (0, 2, 4)]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, atol=1e-6)
    assert state.seen == 6


def test_dropout_leaves_the_state_alone():
    """What passes from step to step is whole: with all inputs dropped, the state still moves on by itself."""
    body = GRU(4, 1, dropout=0.5, rng=mg.Generator(0))
    state = body.start(200)
    state.layers[0] = np.ones((200, 4), np.float32)
    body(mg.tensor(np.zeros((200, 1, 4), np.float32)), state)
    assert np.ptp(state.layers[0], axis=0).max() == 0
    assert (body(mg.tensor(floats(200, 1, 4))).numpy() == 0).mean() == pytest.approx(0.5, abs=0.1)


def test_it_learns_what_takes_a_memory():
    """A symbol comes back after two others: whoever forgets it can only guess."""
    rng = mg.Generator(0)
    model = LanguageModel(4, 24, GRU(24, 1, rng=rng), rng=rng)
    trainer = SequenceTrainer(model, lambda step: 1e-2)
    draws = np.random.default_rng(1)

    def lines():
        first, between = draws.integers(0, 4, (64, 1)), draws.integers(0, 4, (64, 2))
        return np.concatenate([first, between, first], axis=1).astype(np.uint8)

    for _ in range(100):
        trainer.step(mg.Tensor(lines()), rng)
    assert -model.log_probs(lines()).numpy()[:, -1].mean() < 0.3  # a guess costs log 4 = 1.39
