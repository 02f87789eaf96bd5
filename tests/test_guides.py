"""The pages beside the lessons: notation, glossary, prerequisites, references."""

import contextlib
import io
import re
from pathlib import Path

from minigen.lessons import all_lessons

DOCS = Path(__file__).resolve().parent.parent / "docs"


def page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def test_the_answers_of_the_self_test_are_right():
    """The answers that are code print what the page says."""
    text, scope, printed = page("prerequisites"), {}, []
    for code in re.findall(r"```python\n(.*?)```", text, re.S):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, scope)
        printed.append(out.getvalue().strip())
    assert printed[0] in text
    assert printed[1] == "(5, 3)"
    assert printed[2] == "3.5 15.17 2.92"
    assert text.count("<details") == text.count("</details>") == len(re.findall(r"^\*\*\d+\.\*\*", text, re.M)) == 12


def test_the_glossary_is_in_order_and_each_word_is_in_its_lesson():
    rows = re.findall(r"^\| (.+?) \| (.+?) \| \[(\d+)\]\(", page("glossary"), re.M)
    words = [word for word, _, _ in rows if word != "Word"]
    assert len(words) > 40
    texts = {int(lesson.number): (lesson.folder / "lesson.py").read_text().lower() for lesson in all_lessons()}
    for word, meaning, number in rows:
        assert meaning.endswith("."), word
        assert word.lower() in texts[int(number)].replace("\n# ", " "), f"{word}: lesson {number} does not have it"
