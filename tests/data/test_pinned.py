"""One file: the most explicit place, a checksum for what is downloaded, and one line for what is no file."""

import dataclasses
import functools
import hashlib
import http.server
import os
import threading

import pytest

from minigen import data
from minigen.data import pinned
from minigen.data.download import cache_folder
from minigen.data.lines import MAKEMORE
from minigen.data.music import MUSIC
from minigen.data.pinned import Pinned, content_of
from minigen.data.text import SHAKESPEARE
from minigen.errors import DataError

ALL = [SHAKESPEARE, MAKEMORE, *MUSIC.values()]
NAMES = ["shakespeare", "makemore-names", "jsb", "nottingham"]
CONTENT = b"some content"
SHARED = os.environ.get("MINIGEN_DATA", "")


def of_mine(url="http://127.0.0.1:9/none", content=CONTENT):
    return Pinned("text", "file.txt", url, hashlib.sha256(content).hexdigest(), 1000)


def put(folder, value):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file.txt").write_text(value)


def test_the_most_explicit_place_wins(tmp_path, monkeypatch):
    file = of_mine()
    assert file.located() is None
    put(cache_folder() / "text", "cache")
    assert file.path().read_text() == "cache"
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "env"))
    for place in ("env", "env/text"):
        put(tmp_path / place, place)
        assert file.path().read_text() == place
    for place in ("given", "given/text"):
        put(tmp_path / place, place)
        assert file.path(tmp_path / "given").read_text() == file.path(str(tmp_path / "given")).read_text() == place


def test_a_given_folder_is_the_only_place(tmp_path):
    put(cache_folder() / "text", "cache")
    with pytest.raises(DataError, match=r"folder: neither .*text nor .* holds file.txt; put it there"):
        of_mine().path(tmp_path)


@pytest.fixture
def server(tmp_path):
    """The address of a server on this machine, and the folder that it serves."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", tmp_path
        running.shutdown()


def test_what_is_downloaded_has_the_checksum(server):
    address, folder = server
    (folder / "served").write_bytes(CONTENT)
    file = of_mine(f"{address}/served")
    assert file.path() == cache_folder() / "text" / "file.txt"
    assert file.path().read_bytes() == CONTENT
    wrong = dataclasses.replace(of_mine(file.url, b"other content"), name="other.txt")
    with pytest.raises(DataError, match=r"other.txt could not be downloaded .*wrong checksum.*; put other.txt into"):
        wrong.path()
    assert wrong.located() is None
    with pytest.raises(DataError, match=r"at most 3 are expected|more than the 3 bytes"):
        dataclasses.replace(file, name="third.txt", largest=3).path()


def test_no_network_is_one_line_of_advice():
    with pytest.raises(DataError, match=r"put file.txt into FOLDER/text and set MINIGEN_DATA=FOLDER") as refused:
        of_mine().path()
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", NAMES)
def test_each_data_set_is_located_by_its_file(name, tmp_path):
    file = dict(zip(NAMES, ALL, strict=True))[name]
    assert data.locate(name, tmp_path) == ""
    with pytest.raises(DataError, match=f"folder: neither .*{file.kind} nor .* holds {file.name}"):
        data.load(name, folder=tmp_path)
    (tmp_path / file.name).write_bytes(b"")
    assert data.locate(name, tmp_path) == str(tmp_path / file.name)
    with pytest.raises(DataError, match=str(tmp_path)):  # an empty file is none of these
        data.load(name, folder=tmp_path)


def test_the_files_are_the_official_ones():
    """Where they are at hand, in the folder of MINIGEN_DATA."""
    found = [(file, path) for file in ALL if SHARED and (path := file.located(SHARED))]
    if not found:
        pytest.skip("none of them is in the folder of MINIGEN_DATA")
    for file, path in found:
        assert hashlib.sha256(content_of(path, file.largest)).hexdigest() == file.sha256


# ---------------------------------------------------------------------------------------------------- what is no file


def test_what_cannot_be_read(tmp_path, monkeypatch):
    path = tmp_path / "file.txt"
    with pytest.raises(DataError, match=r"file.txt: no such file"):
        content_of(path, 10)
    path.symlink_to(tmp_path / "nowhere")
    assert of_mine().located(tmp_path) == path  # rather than another file, which the caller did not mean
    with pytest.raises(DataError, match=r"file.txt: no such file"):
        content_of(path, 10)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(DataError, match=r"file.txt: cannot be read \(Too many levels of symbolic links\)"):
        content_of(path, 10)
    with pytest.raises(DataError, match="is not a file"):
        content_of(tmp_path, 10)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="is not a file"):
        content_of(path, 10)

    def full(*_):
        raise OSError(5, "Input/output error")

    path.unlink()
    path.write_bytes(CONTENT)
    monkeypatch.setattr(pinned, "open", full, raising=False)
    with pytest.raises(DataError, match=r"cannot be read \(Input/output error\)"):
        content_of(path, 100)


def test_a_huge_file_is_not_read(tmp_path, little_memory):
    path = tmp_path / "file.txt"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    little_memory()
    with pytest.raises(DataError, match="has more than 1000 bytes"):
        content_of(path, 1000)


def test_a_link_to_a_file_is_followed(tmp_path):
    (tmp_path / "real").write_bytes(CONTENT)
    (tmp_path / "file.txt").symlink_to(tmp_path / "real")
    assert content_of(of_mine().path(tmp_path), 100) == CONTENT
