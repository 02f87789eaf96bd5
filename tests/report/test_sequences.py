"""What is measured of a model of text, lines or rolls."""

import pytest

from minigen.report import evaluate, sequences
from tests.report import small


@pytest.mark.parametrize(("model", "data"), [("gru", "adder"), ("melody-vae", "melodies"), ("gru", "sonnets")])
def test_of_text_and_lines_no_number_of_samples_is_refused(model, data):
    shown, test = small.trained(model, data), small.DATA[data]
    found, _ = evaluate(shown, test, test, 2, 0)
    assert found["NLL"].value > 0
    assert ("copies" in found) == (data != "sonnets")
    assert ("right_sums" in found) == ("right_sums_counting" in found) == (data == "adder")
    a_line = found.get("NLL of a line")
    assert (a_line is not None) == (model == "melody-vae")
    if a_line:
        assert a_line.value == pytest.approx(found["NLL"].value * 33)
    if data != "sonnets":
        assert "2 samples" in found["copies"].note


def test_copies_of_lines_are_found(monkeypatch):
    shown, test = small.trained("gru", "names"), small.DATA["names"]
    monkeypatch.setattr(sequences, "texts", lambda trained, n, rng: ["anna", "xyz", "bo", "new"][:n])
    assert evaluate(shown, test, test, 4, 0)[0]["copies"].value == 0.5
