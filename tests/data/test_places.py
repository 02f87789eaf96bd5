"""Whatever folder is named, each data set that is read from files is loaded or refused in one line that names it."""

import os

import pytest

from minigen import data
from minigen.errors import DataError

FROM_FILES = [name for name, source in data.SOURCES.items() if source.from_files]


@pytest.fixture
def unusable(tmp_path):
    """Folders in which nothing can be found, and what is said of those that cannot even be looked into."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").mkdir()
    (tmp_path / "files").mkdir()
    for source in data.SOURCES.values():
        if source.folder:
            (tmp_path / "files" / source.folder).write_text("a file where a folder is expected")
    found = {tmp_path / name: "" for name in ("missing", "file", "file/within", "empty", "files")}
    found |= {tmp_path / "loop": "cannot look into", tmp_path / ("a" * 300): "cannot look into"}
    if hasattr(os, "geteuid") and os.geteuid():  # nothing is closed to root
        (tmp_path / "closed").mkdir(mode=0)
        found[tmp_path / "closed"] = "cannot look into"
    return found


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_folder_that_cannot_be_used_is_refused_in_one_line(name, unusable, monkeypatch):
    for folder, said in unusable.items():
        with pytest.raises(DataError) as refused:
            data.load(name, folder=folder)
        assert said in str(refused.value)
        assert folder.name in str(refused.value)
        monkeypatch.setenv("MINIGEN_DATA", str(folder))
        if said:
            with pytest.raises(DataError, match=said):
                data.locate(name)
        else:
            assert not data.locate(name).startswith(str(folder))
        monkeypatch.delenv("MINIGEN_DATA")


@pytest.mark.parametrize("name", FROM_FILES)
def test_a_name_too_long_below_an_open_folder_is_not_there(name, tmp_path, monkeypatch):
    """As of a system that asks for less than the check of the folder: `os.path` then says no."""
    monkeypatch.setattr("minigen.data.places._check_open", lambda place: None)
    assert not data.locate(name, tmp_path / ("a" * 300))
