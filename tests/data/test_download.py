"""Downloads from a server on this machine: mirrors in turn, checksums, and nothing half-done left behind."""

import gzip
import hashlib
import http.server
import os
import stat
import threading
import time

import numpy as np
import pytest
from tqdm import tqdm

from minigen import data
from minigen.data import download as module
from minigen.data import mnist
from minigen.data.download import cache_folder, download
from minigen.errors import DataError

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ADVICE = "put it there yourself"


class Server:
    """Serves `files`, path -> bytes; the numbers among the values are HTTP errors. Remembers what was asked for."""

    def __init__(self):
        self.files, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append(self.path)
                answer = outer.files.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_error(answer)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT) if "short" in self.path else len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                if "stall" in self.path:
                    self.wfile.flush()
                    outer.released.wait(10)

            def log_message(self, *args):
                pass

        self.released = threading.Event()
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self):
        self.released.set()
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "cache" / "mnist" / "file.gz"


def left_in(folder):
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir() or path.name.startswith("."))


def test_the_first_good_mirror_is_enough(server, target):
    server.files = {"/a/file.gz": CONTENT, "/b/file.gz": CONTENT}
    assert download([f"{server.url}/a/file.gz", f"{server.url}/b/file.gz"], SHA256, target, ADVICE) == target
    assert target.read_bytes() == CONTENT
    assert server.asked == ["/a/file.gz"]
    assert left_in(target.parent) == ["file.gz"]


@pytest.mark.parametrize(
    "first",
    [
        {},
        {"/a/file.gz": 500},
        {"/a/file.gz": b"<html>log in to the hotel's network</html>"},
        {"/a/file.gz": CONTENT[:-1] + b"!"},
        {"/a/file.gz": CONTENT[:-1]},
        {"/a/file.gz": CONTENT + b"!"},
        {"/a/file.gz": b""},
    ],
    ids=["404", "500", "html", "changed", "truncated", "longer", "empty"],
)
def test_a_bad_mirror_is_passed_over(server, target, first):
    server.files = {**first, "/b/file.gz": CONTENT}
    download([f"{server.url}/a/file.gz", f"{server.url}/b/file.gz"], SHA256, target, ADVICE)
    assert target.read_bytes() == CONTENT
    assert server.asked == ["/a/file.gz", "/b/file.gz"]
    assert left_in(target.parent) == ["file.gz"]


def test_a_connection_that_breaks_is_passed_over(server, target):
    server.files = {"/short": CONTENT[:1000], "/b": CONTENT}
    download([f"{server.url}/short", f"{server.url}/b"], SHA256, target, ADVICE)
    assert target.read_bytes() == CONTENT


def test_a_server_that_stalls_is_passed_over(server, target, monkeypatch):
    monkeypatch.setattr(module, "TIMEOUT", 0.2)
    server.files = {"/short/stall": CONTENT[:1000], "/b": CONTENT}
    start = time.monotonic()
    download([f"{server.url}/short/stall", f"{server.url}/b"], SHA256, target, ADVICE)
    assert time.monotonic() - start < 5
    assert target.read_bytes() == CONTENT


def test_no_good_mirror(server, target):
    server.files = {"/a/file.gz": b"something else"}
    urls = [f"{server.url}/a/file.gz", f"{server.url}/b/file.gz", "http://127.0.0.1:1/file.gz"]
    with pytest.raises(DataError) as refusal:
        download(urls, SHA256, target, ADVICE)
    line = str(refusal.value)
    assert "\n" not in line
    assert line.startswith("file.gz could not be downloaded (")
    assert line.endswith(f"; {ADVICE}")
    found = hashlib.sha256(b"something else").hexdigest()
    assert f"{urls[0]}: wrong checksum, SHA-256 {found} instead of {SHA256}" in line
    assert f"{urls[1]}: Not Found" in line
    assert f"{urls[2]}: [Errno" in line
    assert left_in(target.parent) == []


def test_an_old_file_survives_a_failed_download(server, target):
    target.parent.mkdir(parents=True)
    target.write_bytes(b"old")
    with pytest.raises(DataError):
        download([f"{server.url}/a"], SHA256, target, ADVICE)
    assert target.read_bytes() == b"old"
    assert left_in(target.parent) == ["file.gz"]


def test_an_interrupt_leaves_nothing(server, target, monkeypatch):
    class Interrupting(tqdm):
        def update(self, n=1):
            raise KeyboardInterrupt

    monkeypatch.setattr("tqdm.tqdm", Interrupting)
    server.files = {"/a": CONTENT}
    with pytest.raises(KeyboardInterrupt):
        download([f"{server.url}/a"], SHA256, target, ADVICE)
    assert server.asked == ["/a"]
    assert left_in(target.parent) == []


def test_others_may_read_a_cached_file(server, target):
    """A class may share one cache: the permissions are those of any new file."""
    server.files = {"/a": CONTENT}
    old = os.umask(0o022)
    try:
        download([f"{server.url}/a"], SHA256, target, ADVICE)
    finally:
        os.umask(old)
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cache: cannot write to .*; set MINIGEN_CACHE"):
        download(["http://127.0.0.1:1/a"], SHA256, tmp_path / "file" / "mnist" / "a.gz", ADVICE)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "own"
    monkeypatch.delenv("MINIGEN_CACHE")
    assert cache_folder() == tmp_path / "xdg" / "minigen"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == tmp_path / "home" / ".cache" / "minigen"


# ------------------------------------------------------------------------------------------ whole data sets by `load`


@pytest.fixture
def published(server, idx, monkeypatch):
    """A small MNIST on the server's second mirror, with its checksums; the first mirror has nothing."""
    rng = np.random.default_rng(0)
    images = {"train": rng.integers(0, 256, (5, 28, 28), np.uint8), "test": rng.integers(0, 256, (3, 28, 28), np.uint8)}
    labels = {split: np.arange(len(x), dtype=np.uint8) for split, x in images.items()}
    arrays = {}
    for split, stems in mnist.STEMS.items():
        arrays |= dict(zip(stems, (images[split], labels[split]), strict=True))
    files = {f"{stem}.gz": gzip.compress(idx(array)) for stem, array in arrays.items()}
    server.files = {f"/two/{name}": content for name, content in files.items()}
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    source = mnist.Source((f"{server.url}/one/", f"{server.url}/two/"), sha256)
    monkeypatch.setitem(mnist.SOURCES, "mnist", source)
    return images


def test_load_downloads_once(server, published):
    assert data.locate("mnist") == ""
    for split, count in (("train", 2), ("test", 4)):
        got = data.load("mnist", split)
        assert np.array_equal(np.rint(got.x[..., 0] * 255), published[split])
        assert got.y.tolist() == list(range(len(got)))
        assert len([path for path in server.asked if path.startswith("/two/")]) == count
    assert data.locate("mnist") == str(cache_folder() / "mnist")
    asked = len(server.asked)
    data.load("mnist", "train")
    data.load("mnist", "test")
    assert len(server.asked) == asked
    assert left_in(cache_folder()) == sorted(path.rsplit("/", 1)[1] for path in server.files)


def test_only_the_missing_file_is_downloaded_again(server, published):
    data.load("mnist", "train")
    (cache_folder() / "mnist" / "train-labels-idx1-ubyte.gz").unlink()
    server.asked.clear()
    data.load("mnist", "train")
    assert {path.rsplit("/", 1)[1] for path in server.asked} == {"train-labels-idx1-ubyte.gz"}


def test_a_tampered_mirror_gives_nothing(server, published):
    for path in server.files:
        server.files[path] = gzip.compress(b"other digits")
    with pytest.raises(DataError, match=r"wrong checksum.*put the four \*-ubyte.gz files into FOLDER/mnist"):
        data.load("mnist")
    assert left_in(cache_folder()) == []


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_without_a_network_one_line_says_what_to_do(name):
    with pytest.raises(DataError) as refusal:
        data.load(name)
    line = str(refusal.value)
    assert "\n" not in line
    assert line.count("no network in tests") == 2  # both mirrors were tried
    assert f"put the four *-ubyte.gz files into FOLDER/{name} and set MINIGEN_DATA=FOLDER" in line
    assert "--data-dir FOLDER" in line
    assert left_in(cache_folder()) == []


def test_every_source_names_two_mirrors_and_all_files():
    names = {f"{stem}.gz" for stems in mnist.STEMS.values() for stem in stems}
    for source in mnist.SOURCES.values():
        assert len(set(source.mirrors)) == 2
        assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in source.mirrors)
        assert set(source.sha256) == names
        assert {len(bytes.fromhex(digest)) for digest in source.sha256.values()} == {32}
    digests = [digest for source in mnist.SOURCES.values() for digest in source.sha256.values()]
    assert len(set(digests)) == len(digests)
