"""Which walls there are, and what the teacher is told of them before grading."""

import sys

import pytest

from minigen.errors import DataError
from minigen.lessons import shelter
from minigen.lessons.commands import main

SOLID = ("namespaces", "landlock", "user")


def test_a_wall_is_trusted_only_after_it_was_tried():
    walls = shelter.available()
    assert walls[-1] == "hook"
    for wall in walls[:-1]:
        assert any(shelter.tried([wall]).values())
    for wall in set(SOLID) - set(walls):
        if wall != "user" or "namespaces" not in walls:
            with pytest.raises(DataError, match="walls: "):
                shelter.tried([wall])


def test_the_view_holds_nothing_of_ours_and_nothing_installed():
    for path in shelter.view():
        assert "minigen" not in path.split("/")[-1]
        assert "lessons" not in path
        assert not path.endswith(("site-packages", "dist-packages"))


def test_what_is_left_open_is_said_in_one_line(monkeypatch):
    line = shelter.report(("hook",))
    assert line.startswith("warning: the walls of this system (hook) stop accidents; a submission")
    assert "read other files, change files" in line
    assert "\n" not in line
    monkeypatch.setattr(shelter, "left_open", lambda walls: [])
    assert shelter.report(("namespaces", "hook")).startswith("walls: namespaces, hook; a submission sees Python, NumPy")
    monkeypatch.setattr(shelter, "left_open", lambda walls: ["use the network"])
    assert "cheat can use the network (docs/teaching.md" in shelter.report(("landlock", "hook"))


def test_it_is_said_before_grading(tmp_path, monkeypatch, capsys):
    (tmp_path / "ada.py").write_text("x = 1\n")
    monkeypatch.setattr(shelter, "available", lambda: ("hook",))
    monkeypatch.setattr("minigen.lessons.commands.grade", lambda *args, **settings: print("grading") or sys.exit(3))
    with pytest.raises(SystemExit):
        main(["grade", str(tmp_path), "--lesson", "07"])
    assert capsys.readouterr().out.splitlines()[0].startswith("warning: the walls of this system (hook)")


def test_systems_without_walls(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(shelter, "namespaces", list)
    assert shelter.available.__wrapped__() == ("hook",)
    with pytest.raises(DataError, match="darwin has none that we know"):
        shelter.tried(["landlock"])
