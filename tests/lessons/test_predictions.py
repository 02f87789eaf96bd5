"""A guess first, then the number."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import ArgumentError
from minigen.lessons import Prediction, Workbook, all_lessons, predictions
from minigen.lessons.predictions import predict

NUMBER = Prediction("42.a", "x", because="It is the mean.", unit="nats")
CHOICE = Prediction("42.b", "y", because="It is the second.", choices="abc")


ASKING = SimpleNamespace(
    questions={"PREDICTIONS": [NUMBER, CHOICE], "QUESTIONS": []},
    made={"measured": {"42.a": 0.12345, "42.b": "b"}},
    uses=lambda name: True,
)
OF_A_MACHINE = SimpleNamespace(**{**vars(ASKING), "questions": {"PREDICTIONS": [replace(NUMBER, tolerance=None)]}})


@pytest.fixture(autouse=True)
def asked(monkeypatch, course):
    monkeypatch.setattr(predictions, "locate", lambda name: "here")
    monkeypatch.setattr(predictions, "all_lessons", lambda: [ASKING])
    monkeypatch.chdir(course)


def test_the_number_comes_after_the_guess(capsys, course):
    predict("42.a", ...)
    before = capsys.readouterr().out
    assert "Your guess first" in before
    assert "0.12" not in before
    predict("42.a", "1.9")
    after = capsys.readouterr().out
    assert "You guessed 1.9. Measured: 0.123 nats" in after
    assert "It is the mean." in after
    predict("42.a", ...)
    assert capsys.readouterr().out == after
    predict("42.a", 0.12345)  # too late
    assert "You guessed 1.9 at first." in capsys.readouterr().out
    assert Workbook(course).guesses == {"42.a": "1.9"}


def test_where_it_was_measured_is_said_if_it_may_differ_here(capsys, monkeypatch):
    monkeypatch.setattr(predictions, "locate", lambda name: "")
    predict("42.a", 1)
    assert "Measured on MNIST (the next cell measures it on the 8x8 digits): 0.123 nats." in capsys.readouterr().out
    monkeypatch.setattr(predictions, "all_lessons", lambda: [OF_A_MACHINE])
    predict("42.a", 1)
    assert "Measured on the machine that made this lesson" in capsys.readouterr().out


def test_a_choice(capsys):
    predict("42.b", "(A)")
    assert "You guessed a, which is not what happens. Measured: (b)." in capsys.readouterr().out


def test_a_right_choice(capsys):
    predict("42.b", "b")
    assert "You guessed b, which is right. Measured: (b)." in capsys.readouterr().out


@pytest.mark.parametrize("key", [9.1, None, ["42.a"]])
def test_what_is_no_key(key):
    with pytest.raises(ArgumentError, match="there is no prediction"):
        predict(key, 1)


@pytest.mark.parametrize(
    ("key", "guess"), [("42.a", "b"), ("42.a", "nan"), ("42.a", ""), ("42.b", "d"), ("42.b", "abc"), ("42.c", 1)]
)
def test_what_is_no_guess_is_refused_and_not_kept(key, guess, course):
    with pytest.raises(ArgumentError, match="predict"):
        predict(key, guess)
    assert Workbook(course).guesses == {}


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9))
def test_any_number_is_a_guess(value):
    assert float(NUMBER.read(value)) == value


def test_outside_of_a_course_it_works_without_a_memory(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    predict("42.a", 3)
    assert "Measured: 0.123" in capsys.readouterr().out


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_a_lessons_predictions(lesson):
    """Each has a cell of its own, which no number precedes, and was measured."""
    text = (lesson.folder / "lesson.py").read_text(encoding="utf-8")
    found = lesson.questions["PREDICTIONS"]
    assert [p.key for p in found] == [f"{lesson.number}.{letter}" for letter in "abcdefg"[: len(found)]]
    for prediction in found:
        cell = f'# %%\npredict("{prediction.key}", ...)\n'
        assert text.count(cell) == 1
        asking = text[: text.index(cell)].rpartition("# %% [markdown]")[2]
        assert "**Predict before you run.**" in asking
        measured = lesson.made["measured"][prediction.key]
        assert (measured in prediction.choices) if prediction.choices else isinstance(measured, float)
    assert lesson.made["measured"].keys() == {p.key for p in found}
    assert len(re.findall("Predict", text)) == len(found), "each prediction is a cell"
