"""The tables of the pages are those that the results make."""

import pytest

from benchmarks import pages


@pytest.mark.parametrize("name", pages.TABLES)
def test_a_page_says_what_the_results_say(name):
    if not (pages.RESULTS / f"{name}.json").exists():
        pytest.skip("not measured yet")
    file, table = pages.TABLES[name]
    page = (pages.ROOT / file).read_text()
    assert page == pages.filled(page, name, table()), "run `python -m benchmarks.pages`"
    assert page.count("| --- |") >= 1


def test_a_page_without_its_marks_is_refused():
    with pytest.raises(ValueError, match=r"expected one <!-- peers: begin -->"):
        pages.filled("no marks", "peers", "")
    assert pages.filled("a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb", "x", "new\n").split("\n")[2] == "new"
