"""A model of symbols: its probabilities are probabilities, and what it draws has them."""

import itertools

import numpy as np
import pytest

import minigen as mg
from minigen.data import PAD
from minigen.errors import ArgumentError, MinigenError, NumericalError
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.sampling import Draw
from minigen.models.sequences.transformer import Transformer

K, C, LIMIT = 3, 8, 4
BODIES = {
    "transformer": lambda: Transformer(C, 2, 2, LIMIT, rng=mg.Generator(0)),
    "gru": lambda: GRU(C, C, rng=mg.Generator(0)),
}


@pytest.fixture(params=BODIES)
def model(request):
    made = LanguageModel(K, C, BODIES[request.param](), rng=mg.Generator(1))
    for parameter in made.parameters():
        parameter.data *= np.float32(5)  # far from even
    return made.eval()


def every(length):
    """All sequences of that length after a 0."""
    return np.array([(0, *rest) for rest in itertools.product(range(K), repeat=length)], np.uint8)


def test_probabilities_of_all_sequences_sum_to_1(model):
    log_p = model.log_prob(mg.Tensor(every(LIMIT))).data.astype(np.float64)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-5)
    assert log_p.max() - log_p.min() > 1  # they differ


def test_what_is_drawn_has_the_probabilities(model):
    n = 4000
    drawn = model.sample(n, mg.Generator(0), length=2)
    p = np.exp(model.log_prob(mg.Tensor(every(2))).data)
    found = np.bincount(drawn[:, 1] * K + drawn[:, 2], minlength=K * K) / n
    assert np.abs(found - p).max() < 4 * 0.5 / n**0.5


def test_at_temperature_0_each_symbol_is_the_likeliest_by_a_full_pass(model):
    drawn = model.sample(1, mg.Generator(0), prompt=np.array([1, 2]), length=LIMIT - 2, draw=Draw(temperature=0))
    for t in range(2, LIMIT):
        assert drawn[0, t] == model(drawn[:, :t]).data[0, -1].argmax()


def test_a_limit_is_no_end(model):
    drawn = model.sample(2, mg.Generator(0), prompt=np.arange(7) % K, length=11)
    assert drawn.shape == (2, 18)
    assert np.array_equal(drawn[0, :7], np.arange(7) % K)
    assert drawn.max() < K


def test_what_comes_after_the_end_does_not_count(model):
    short, long = np.array([[0, 1, 2]], np.uint8), np.array([[0, 1, 2, PAD, PAD]], np.uint8)
    assert model.log_prob(mg.Tensor(long)).item() == pytest.approx(model.log_prob(mg.Tensor(short)).item(), rel=1e-5)
    assert np.array_equal(model.counted(long), [[True, True, False, False]])
    both = np.concatenate([long, np.array([[0, 2, 1, 1, 0]], np.uint8)])
    each = model.log_prob(mg.Tensor(both)).data
    assert model.loss(mg.Tensor(both)).item() == pytest.approx(-each.sum() / 6, rel=1e-5)  # a mean over six places


def test_a_sequence_ends_with_its_end(model):
    model.end = 0
    drawn = model.sample(50, mg.Generator(0), prompt=np.array([1]), length=30)
    for row in drawn[:, 1:]:
        ended = np.flatnonzero(row == 0)
        assert (row[ended[0] + 1 :] == PAD).all() if len(ended) else (row != PAD).all()
    assert len({int((row == PAD).sum()) for row in drawn}) > 1


def test_tied_weights_are_the_table():
    made = LanguageModel(K, C, BODIES["transformer"](), tied=True, rng=mg.Generator(1))
    x = np.array([[0, 1, 2]])
    h = made.body(made.table(x)).data
    np.testing.assert_allclose(made(x).data, h @ made.table.w.data.T, rtol=1e-5, atol=1e-6)
    untied = LanguageModel(K, C, BODIES["transformer"](), rng=mg.Generator(1))
    assert len(untied.parameters()) == len(made.parameters()) + 1


def test_a_sequence_is_learnt_by_heart(device):
    """Which only works if each place is asked for the symbol after it."""
    x = np.array([[0, 2, 1, 1, 2], [0, 1, 1, 2, 0]], np.uint8)
    with mg.device(device):
        made = LanguageModel(K, C, Transformer(C, 2, 1, LIMIT, rng=mg.Generator(0)), rng=mg.Generator(0))
        optimizer = mg.optim.Adam(made.parameters(), lr=3e-2)
        for _ in range(60):
            optimizer.step(made.loss(mg.tensor(x, device=device)))
        assert made.loss(mg.tensor(x, device=device)).item() == pytest.approx(np.log(2) / 4, abs=0.02)  # once unsure
        assert made.sample(1, mg.Generator(0), prompt=np.array([0, 2]), length=3).tolist() == [[0, 2, 1, 1, 2]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"n": 0}, "n: expected an integer >= 1"),
        ({"length": 0}, "length: expected an integer >= 1"),
        ({"prompt": np.zeros(0, int)}, "prompt: expected at least one symbol, got none"),
        ({"prompt": np.array([1.7])}, "prompt: expected integers"),
        ({"prompt": np.array([[1, 2]]), "n": 2}, "prompt: expected symbols"),
    ],
)
def test_what_cannot_be_drawn_is_refused(model, given, message):
    with pytest.raises(MinigenError, match=message):
        model.sample(**{"n": 1} | given)


def test_nothing_comes_after_the_end(model):
    model.end = 0
    with pytest.raises(ArgumentError, match="prompt: expected a part of one line, got its end"):
        model.sample(1, prompt=np.array([0, 1, 0]))


def test_weights_that_are_no_numbers_write_nothing(model):
    model.table.w.data[...] = np.nan
    with pytest.raises(NumericalError, match="logits: expected finite numbers"):
        model.sample(1)
