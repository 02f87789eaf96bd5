"""The tables of the pages are those that the results make."""

import pytest

from benchmarks import pages


@pytest.mark.parametrize("name", pages.TABLES)
def test_a_page_says_what_the_results_say(name):
    file, source, table = pages.TABLES[name]
    if not source.exists():
        pytest.skip("not measured yet")
    page = (pages.ROOT / file).read_text()
    assert page == pages.filled(page, name, table()), "run `python -m benchmarks.pages`"
    assert page.count("| --- |") >= 1


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"expected one <!-- peers: begin -->"):
        pages.filled("no marks", "peers", "")
    assert pages.filled("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb", "x", "new\n").split("\n")[2] == "new"


def test_each_lesson_has_a_row(tmp_path, monkeypatch):
    rows = pages.lessons().splitlines()[2:]
    assert len(rows) == len(list(pages.ROOT.glob("lessons/[0-9][0-9]_*/lesson.py"))) > 0
    lesson = tmp_path / "lessons" / "42_answers"
    lesson.mkdir(parents=True)
    (lesson / "tasks.py").write_text("EXERCISES = [1, 2, 3]")
    head = "# ---\n# %% [markdown]\n# # Lesson 42: Answers\n#\n# **Afterwards you can** ask,\n# and wait. And more.\n"
    (lesson / "lesson.py").write_text(head + "#\n# **Time:** 5 minutes to read.\n\n# %%\n1\n")
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    row = "| [42. Answers](lessons/42_answers/lesson.ipynb) | can ask, and wait | 5 | 3 |"
    assert pages.lessons().splitlines()[2:] == [row]
    (lesson / "lesson.py").write_text(head + "\n# %%\n1\n")
    with pytest.raises(ValueError, match=r"42_answers/lesson.py: expected"):
        pages.lessons()


def test_a_long_aim_is_cut_between_its_clauses():
    assert pages.shortened("do this, and that") == "do this, and that"
    assert pages.shortened("do this, and that, and the third", 20) == "do this, and that, ..."
    assert pages.shortened("do this at great length", 3) == "do this at great length"
