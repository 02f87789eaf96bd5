"""Right answers, against what a model writes at temperature 0."""

import numpy as np
import pytest

import minigen as mg
from minigen.data import PAD
from minigen.errors import ArgumentError, ShapeError
from minigen.metrics.answers import right_answers
from minigen.models.sequences.ngram import NGram
from minigen.models.sequences.sampling import Draw
from tests.report.small import DATA, trained

DATASET = DATA["adder"]
X, ALPHABET = DATASET.x, DATASET.alphabet


def test_as_many_as_are_written_right():
    """Each question on its own, written at temperature 0, whatever the model has learnt."""
    shown = trained("gru", "adder", width=32)
    trainer = shown.recipe.trainer(shown.model, shown.settings.but(steps=60, lr=2e-2))
    shown.model.train()
    for step in range(60):
        trainer.step(mg.Tensor(X[:6]), mg.Generator(step))
    shown.model.eval()
    written = [shown.symbols(1, mg.Generator(0), prompt=x[:7], length=3, draw=Draw(temperature=0))[0] for x in X]
    expected = np.mean([np.array_equal(row, x[:10]) for row, x in zip(written, X, strict=True)])
    assert 0 < expected < 1
    assert right_answers(shown.likeliest(X), X, ALPHABET) == expected


def test_of_counts():
    counts = NGram(8, len(ALPHABET)).fit(X)
    assert right_answers(counts.likeliest(X), X, ALPHABET) == 1  # known by heart
    alone = NGram(0, len(ALPHABET)).fit(X)
    assert right_answers(alone.likeliest(X), X, ALPHABET) < 1


def test_only_the_answer_counts():
    """Not the question, nor the line end, nor what is after it."""
    x = np.array([[0, *(ALPHABET.index(c) for c in "1=2"), 0, PAD]], np.uint8)
    likeliest = x[:, 1:].astype(int)
    likeliest[0, [0, 1, 3, 4]] = 1
    assert right_answers(likeliest, x, ALPHABET) == 1
    likeliest[0, 2] = 0
    assert right_answers(likeliest, x, ALPHABET) == 0


def test_refusals():
    with pytest.raises(ShapeError, match=r"likeliest: expected one symbol for each place"):
        right_answers(X, X, ALPHABET)
    with pytest.raises(ArgumentError, match="lines: expected an answer after '='"):
        right_answers(X[:, 1:5], X[:, :5], ALPHABET)
