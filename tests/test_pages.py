"""The tables of the pages are those that the results make; the commands of the page of models are understood."""

import json
import re

import pytest

from benchmarks import pages
from minigen import cli
from minigen.data import kind_of, load
from minigen.lessons import Lesson
from minigen.models import RECIPES
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.penalties import PENALTIES
from tests.examples import BY_KIND


@pytest.mark.parametrize("name", pages.TABLES)
def test_a_page_says_what_the_results_say(name):
    table = pages.TABLES[name]
    if not table.source.exists():
        pytest.skip("not measured yet")
    page = (pages.ROOT / table.page).read_text()
    assert page == pages.filled(page, name, table.make()), "run `python -m benchmarks.pages`"
    assert table.make().strip()


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"expected one <!-- peers: begin -->"):
        pages.filled("no marks", "peers", "")
    assert pages.filled("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb", "x", "new\n").split("\n")[2] == "new"


def test_the_table_says_what_was_not_reached(tmp_path, monkeypatch):
    machine = {"device": "cpu", "threads": 1, "cpu_cores": 2}

    def run(row, value):
        return {
            "row": row,
            "reports": "-",
            "ours": {"fid_cls": value, "of_each": [1, 2], "by_time": {"1": [3]}},
            "seed": 0,
            "budget_minutes": 8,
        } | {"machine": machine}

    named = run("digits-best", 0) | {"ours": {"family": "pixelcnn", "below_the_mixture": 16.45}}
    entries = [named, run("fid-gan", 4), run("fid-r1", 3), run("fid-r1", 5), run("fid-hinge-sn", 2)]
    (tmp_path / "reproduction.json").write_text(json.dumps(entries))
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    lines = {line.split(" | ")[0][2:]: line for line in pages.reproduction().splitlines() if line.startswith("| ")}
    assert "| fid_cls 5 | fid_cls <= fid_cls of fid-gan | **no** |" in lines["fid-r1"]  # the last run
    assert "| yes |" in lines["fid-hinge-sn"]
    assert "| family pixelcnn, below_the_mixture 16.45 |" in lines["digits-best"]
    assert "parzen" not in lines
    assert re.search(r"Not run here: .*parzen", pages.reproduction())


def test_the_table_tells_the_processor_time_of_a_run_in_one_go():
    """That of a run which was interrupted is not known: only its last call was timed."""
    machine = {"device": "cpu", "threads": 1, "cpu_cores": 2}
    entry = {"seed": 3, "budget_minutes": 8, "machine": machine, "cpu_seconds_of_last_call": 432.1}
    assert pages.how_run(entry | {"resumed": False}) == "8 minutes, seed 3, 1 of 2 cores, 7 minutes of processor time"
    assert pages.how_run(entry | {"resumed": True}) == "8 minutes, seed 3, 1 of 2 cores"


def test_the_commands_of_the_page_of_models_are_understood():
    """Every model and choice has its line, and every line can be run."""
    page = (pages.ROOT / "docs" / "models.md").read_text()
    commands = [words.split()[3:] for words in re.findall(r"`(python -m minigen train [^`]*)`", page)]
    shown = [words for words in commands if words[1] in RECIPES]
    assert {words[1] for words in shown} == set(RECIPES)
    for words in shown:
        args = cli.parser().parse_args(words)
        recipe = RECIPES[args.model]
        given = {name: value for name, value in vars(args).items() if name in recipe.choosable}
        data = BY_KIND[kind_of(args.data or recipe.default_data)] if args.data != "grid" else load("grid")
        recipe.settings(data, **given)
    for choice in (*LOSSES, *PENALTIES):
        assert choice in page or choice in ("none", "non-saturating", "wasserstein")


def test_each_lesson_has_a_row(tmp_path, monkeypatch):
    rows = pages.lessons().splitlines()[2:]
    assert len(rows) == len(pages.all_lessons()) > 0
    lesson = tmp_path / "42_answers"
    lesson.mkdir(parents=True)
    (lesson / "tasks.py").write_text("EXERCISES = [1, 2, 3]")
    head = "# ---\n# %% [markdown]\n# # Lesson 42: Answers\n#\n# **Afterwards you can** ask,\n# and wait. And more.\n"
    (lesson / "lesson.py").write_text(head + "#\n# **Time:** 5 minutes to read.\n\n# %%\n1\n")
    monkeypatch.setattr(pages, "all_lessons", lambda: [Lesson(lesson)])
    row = "| [42. Answers](lessons/42_answers/lesson.ipynb) | can ask, and wait | 5 | 3 |"
    assert pages.lessons().splitlines()[2:] == [row]
    (lesson / "lesson.py").write_text(head + "\n# %%\n1\n")
    with pytest.raises(ValueError, match=r"42_answers/lesson.py: expected"):
        pages.lessons()
