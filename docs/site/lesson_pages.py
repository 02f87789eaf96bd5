"""What a lesson's page has besides its notebook: where it can be run, and the answers to its questions."""

import re

from minigen.lessons import Lesson
from minigen.lessons.questions import LETTERS


def with_ways_to_run(text: str, lesson: Lesson, repository: str | None) -> str:
    """A lesson's page with buttons below its title: where its notebook can be run."""
    buttons = [f'[The notebook, to download]({lesson.name}.ipynb){{ .md-button download="" }}']
    hosted = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", repository or "")
    if hosted:
        address = f"https://mybinder.org/v2/gh/{hosted[1]}/HEAD?labpath=course/{lesson.name}/lesson.ipynb"
        buttons.insert(0, f"[Run it on Binder]({address}){{ .md-button .md-button--primary }}")
    note = (
        '!!! note ""\n    To run it and do the exercises: `python -m minigen.lessons start course`, '
        f"then open `course/{lesson.name}/lesson.ipynb` in Jupyter Lab.\n\n    {' '.join(buttons)}\n"
    )
    return re.sub(r"\A(# .*\n)", lambda title: f"{title[1]}\n{note}", text)


def with_answers(text: str, lesson: Lesson) -> str:
    """A lesson's page with the answers to its quick questions, folded, below the questions."""
    answers = [
        f"{number}. ({LETTERS[question.right]}) {question.because[question.right]}"
        for number, question in enumerate(lesson.questions["QUESTIONS"], 1)
    ]
    if not answers:
        return text
    folded = '??? question "The answers"\n' + "".join(f"    {answer}\n" for answer in answers)
    before, heading, after = text.partition("## Where to go next")
    return f"{before}{folded}\n{heading}{after}"
