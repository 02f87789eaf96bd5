"""What a model of text writes: no more than was asked for, no line longer than those of the data."""

import numpy as np
import pytest

from minigen.errors import ArgumentError
from minigen.random import Generator
from minigen.report.writing import texts
from tests.report.small import NAMES, trained

LONGEST = max(map(len, NAMES))
MODELS = ("gru", "transformer", "melody-vae")


def never_ending(model):
    """A model whose lines have no end."""
    shown = trained(model, "names")
    if model == "melody-vae":
        shown.model.head.b.data[0] = -99
        return shown
    forward = type(shown.model).forward

    def without_end(symbols, state=None):
        logits = forward(shown.model, symbols, state)
        logits.data[..., 0] = -99
        return logits

    shown.model.forward = without_end
    return shown


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("prompt", ["", "an", "anna"])
def test_no_line_is_longer_than_those_of_the_data(model, prompt):
    assert len("anna") == LONGEST
    for line in texts(never_ending(model), 5, Generator(0), prompt=prompt):
        assert len(line) == LONGEST
        assert line.startswith(prompt)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("an\nna", r"prompt: expected the beginning of one line, got a line end in 'an\\nna'"),
        ("\n", "prompt: expected the beginning of one line"),
        ("annaa", "prompt: expected at most 4 characters, as many as the longest line of 'names' has, got 5"),
        ("anX", "prompt: the character 'X' at position 2"),
    ],
)
def test_what_begins_no_line_is_refused(model, prompt, message):
    with pytest.raises(ArgumentError, match=message):
        texts(trained(model, "names"), 2, Generator(0), prompt=prompt)


@pytest.mark.parametrize("data", ["sonnets", "shakespeare"])  # with a line end, and without one
@pytest.mark.parametrize("model", ["gru", "transformer"])
def test_a_text_has_as_many_characters_as_asked_for(model, data):
    shown = trained(model, data)
    assert [len(text) for text in texts(shown, 3, Generator(0), length=70)] == [70] * 3
    (text,) = texts(shown, 1, Generator(0), prompt="one", length=5)
    assert text.startswith("one")
    assert len(text) == 8


def test_lines_differ():
    assert len(set(texts(trained("gru", "names"), 20, Generator(0)))) > 5
    assert len(np.unique([len(line) for line in texts(trained("gru", "names"), 50, Generator(0))])) > 1
