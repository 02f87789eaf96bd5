"""Five quick questions a lesson, and what is said to the answers."""

from types import SimpleNamespace

import pytest

from minigen.errors import ArgumentError
from minigen.lessons import Question, all_lessons, questions
from minigen.lessons.commands import main
from minigen.lessons.questions import LETTERS, quiz

ASKED = [
    Question("2 + 2?", ("3", "4"), right=1, because=("One is missing.", "Twice two.")),
    Question("2 * 3?", ("5", "6", "8"), right=1, because=("That is the sum.", "Thrice two.", "That is the power.")),
]


ASKING = SimpleNamespace(number="42", questions={"QUESTIONS": ASKED})


@pytest.fixture
def asked(monkeypatch):
    monkeypatch.setattr(questions, "find_lesson", lambda number: ASKING)


def test_questions_without_answers_and_answers_that_explain(asked, capsys):
    quiz("42")
    out = capsys.readouterr().out
    assert "1. 2 + 2?\n   (a) 3\n   (b) 4\n" in out
    assert 'quiz("42", "- -")' in out
    quiz("42", again="quiz {number} {letters}")
    assert "Your answers:  quiz 42 - -  with" in capsys.readouterr().out
    assert "Twice two" not in out
    quiz("42", "b c")
    assert capsys.readouterr().out == "1. (b) right: Twice two.\n2. (c) no: That is the power.\n1 of 2 right\n"
    quiz("42", "-B")
    assert capsys.readouterr().out == "1. left out\n2. (b) right: Thrice two.\n1 of 2 right\n"


@pytest.mark.parametrize("answers", ["b", "b c a", "b d", "b 2", "bcb", "c -"])
def test_answers_that_do_not_fit(asked, answers):
    with pytest.raises(ArgumentError, match="quiz"):
        quiz("42", answers)


@pytest.mark.parametrize("lesson", all_lessons(), ids=lambda lesson: lesson.name)
def test_a_lessons_questions(lesson, capsys):
    found = lesson.questions["QUESTIONS"]
    assert len(found) == 5
    assert len({q.right for q in found}) >= 2, "the right one is not always in the same place"
    for question in found:
        assert len(question.choices) == len(question.because) >= 2
        assert 0 <= question.right < len(question.choices)
        assert len(set(question.choices)) == len(question.choices)
        assert all(len(text) > 15 for text in question.because)
    assert f'quiz("{lesson.number}")' in (lesson.folder / "lesson.py").read_text(encoding="utf-8")
    assert main(["quiz", lesson.number, *(LETTERS[q.right] for q in found)]) == 0
    assert "5 of 5 right" in capsys.readouterr().out
