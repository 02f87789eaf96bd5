"""Downloads that break, resume, are shared by processes, go through a proxy, or come from a server that means harm."""

import contextlib
import hashlib
import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigen.data import download as module
from minigen.data.download import download
from minigen.errors import DataError
from tests.faults import record

CONTENT = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ADVICE = "put it there yourself"


class Server:
    """One file, in parts if asked for. `cuts`: after how many bytes the next answers break off."""

    def __init__(self):
        self.content, self.etag, self.ranges, self.cuts, self.asked = CONTENT, '"one"', True, [], []
        self.endless, self.pause, self.connects, self.lie = False, 0.0, [], None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, self.headers.get("Range")))
                with contextlib.suppress(OSError):
                    outer.answer(self)

            def do_CONNECT(self):
                outer.connects.append(self.path)
                self.send_error(502)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, handler):
        start, asked = 0, handler.headers.get("Range")
        if asked and self.ranges and handler.headers.get("If-Range") == self.etag:
            start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1])
            if start >= len(self.content):
                handler.send_error(416)
                return
            handler.send_response(206)
            told = start if self.lie is None else self.lie
            handler.send_header("Content-Range", f"bytes {told}-{len(self.content) - 1}/{len(self.content)}")
        else:
            handler.send_response(200)
        if self.etag:
            handler.send_header("ETag", self.etag)
        if not self.endless:
            handler.send_header("Content-Length", str(len(self.content) - start))
        handler.end_headers()
        cut = self.cuts.pop(0) if self.cuts else None
        body = self.content[start : None if cut is None else start + cut]
        step = 1000 if self.pause else len(body) or 1
        for at in range(0, len(body), step):
            handler.wfile.write(body[at : at + step])
            time.sleep(self.pause)
        while self.endless:
            handler.wfile.write(bytes(1 << 16))

    def close(self):
        self.endless = False
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def target(tmp_path):
    return tmp_path / "file.gz"


def left(target):
    return sorted(path.name for path in target.parent.iterdir())


def get(server, target, **named):
    return download([f"{server.url}/a"], SHA256, target, ADVICE, **named)


def broken(server, target, *cuts):
    """Attempts that break off after so many bytes."""
    for cut in cuts:
        server.cuts = [cut]
        with pytest.raises(DataError, match="broke off after"):
            get(server, target)
        assert not target.exists()


def test_what_broke_off_is_continued(server, target):
    broken(server, target, 1000, 5000)
    assert [name.rsplit(".", 1)[1] for name in left(target)] == ["part", "version"]
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", "bytes=6000-"]
    assert left(target) == ["file.gz"]


def test_fault_connections_that_break(server, tmp_path):
    """Anywhere, up to four times in one file: the whole file comes, and no byte comes twice."""
    counts = {"tries": 0, "losses": 0}

    @settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.integers(1, len(CONTENT) // 5), min_size=1, max_size=4))
    def attempt(cuts):
        target = tmp_path / f"file-{counts['tries']}"
        counts["tries"] += 1
        server.asked.clear()
        broken(server, target, *cuts)
        get(server, target)
        ends = [int((asked or "bytes=0-")[6:-1]) for _, asked in server.asked]
        whole = target.read_bytes() == CONTENT and ends == [sum(cuts[:i]) for i in range(len(cuts) + 1)]
        counts["losses"] += not whole
        assert whole

    attempt()
    record("download: the connection breaks", counts["tries"], counts["losses"], "the rest is fetched, not the whole")


@pytest.mark.parametrize("case", ["no ranges", "changed", "no version any more", "lies about the range"])
def test_what_cannot_be_continued_is_begun_anew(server, target, case):
    server.content = bytes(len(CONTENT)) if case == "changed" else CONTENT
    broken(server, target, 1000)
    server.content = CONTENT
    if case == "no ranges":
        server.ranges = False
    elif case == "changed":
        server.etag = '"two"'
    elif case == "no version any more":
        server.etag = ""
    else:
        server.lie = 7
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert left(target) == ["file.gz"]


def test_a_part_of_something_else_is_noticed_by_the_checksum(server, target):
    """The same ETag for another content."""
    server.content = bytes(len(CONTENT))
    broken(server, target, 1000)
    server.content = CONTENT
    get(server, target)
    assert target.read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1000-", None]


@pytest.mark.parametrize("extra", [0, 1, 5000])
def test_a_part_that_is_too_long(server, target, extra):
    broken(server, target, 1000)
    (part,) = target.parent.glob("*.part")
    part.write_bytes(bytes(len(CONTENT) + extra))
    get(server, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("version", [b"", b"\xff\xfe", b'"a"\r\nEvil: 1', b"\0"])
def test_a_damaged_note_of_the_version(server, target, version):
    broken(server, target, 1000)
    (note,) = target.parent.glob("*.version")
    note.write_bytes(version)
    get(server, target)
    assert target.read_bytes() == CONTENT


def test_a_server_that_does_not_name_its_version_leaves_no_part(server, target):
    server.etag = ""
    broken(server, target, 1000)
    assert left(target) == []


def test_a_weak_etag_names_no_bytes(server, target):
    server.etag = 'W/"one"'
    broken(server, target, 1000)
    assert left(target) == []


def test_endless_answers_are_cut_off(server, target):
    server.endless = True
    with pytest.raises(DataError, match="gives more than the 300000 bytes expected"):
        get(server, target, limit=300_000)
    assert left(target) == []


def test_more_than_is_expected_is_not_even_begun(server, target):
    with pytest.raises(DataError, match="promises 256000 bytes, at most 1000 are expected"):
        get(server, target, limit=1000)
    assert not target.exists()


def test_dripping_servers_are_given_up(server, target, monkeypatch):
    """Never silent for long, and yet too slow to wait for."""
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    monkeypatch.setattr(module, "SLOWEST", 1 << 20)
    server.pause = 0.02
    begin = time.monotonic()
    with pytest.raises(DataError, match=r"too slow: \d+ bytes in 0 seconds"):
        get(server, target)
    assert time.monotonic() - begin < 4


def test_no_address(target):
    with pytest.raises(DataError, match=r"unknown url type.*; put it there yourself"):
        download(["nowhere"], SHA256, target, ADVICE)


# --------------------------------------------------------------------------------------------------- several processes

CODE = """
import sys
from pathlib import Path
from minigen.data.download import download
url, sha256, target = sys.argv[1:]
print(download([url], sha256, Path(target), "advice").read_bytes().count(b"\\xff"))
"""


def start(server, target):
    command = [sys.executable, "-c", CODE, f"{server.url}/a", SHA256, str(target)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def finished(process):
    out, _ = process.communicate(timeout=60)
    return out.strip() == b"1000"


def test_fault_two_processes_want_one_file(server, target):
    """One downloads, the others wait for it."""
    server.pause = 0.001
    processes = [start(server, target) for _ in range(3)]
    good = [finished(process) for process in processes]
    record("download: processes want the same file at once", 3, good.count(False), "it is downloaded once")
    assert all(good)
    assert len(server.asked) == 1
    assert left(target) == ["file.gz"]


def kill_while_downloading(server, target, seconds):
    """Start a process, kill it so long after its first byte; True if it had come to its end before."""
    process = start(server, target)
    end = time.monotonic() + 60
    while not server.asked and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(seconds)
    early = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return not early


def kills(server, tmp_path, tries):
    """Kill at random moments; then another process must end with the whole file. Returns how often it did not."""
    server.pause, losses, continued = 0.002, 0, 0
    for i in range(tries):
        target = tmp_path / str(i) / "file.gz"
        server.asked.clear()
        kill_while_downloading(server, target, 0.05 + 0.5 * i / tries)
        whole_or_none = not target.exists() or target.read_bytes() == CONTENT
        get(server, target)
        continued += any(asked for _, asked in server.asked)
        losses += not (whole_or_none and target.read_bytes() == CONTENT and left(target) == ["file.gz"])
    record("download: the process is killed", tries, losses, f"{continued} of them went on from the part")
    return losses, continued


@pytest.mark.long
def test_fault_killed_while_downloading(server, tmp_path):
    losses, continued = kills(server, tmp_path, 3)
    assert losses == 0
    assert continued > 0


@pytest.mark.slow
def test_fault_killed_while_downloading_often(server, tmp_path):
    assert kills(server, tmp_path, 60)[0] == 0


def test_a_killed_process_leaves_its_lock(server, target):
    server.pause = 0.01
    kill_while_downloading(server, target, 0.1)
    assert ".file.gz.lock" in left(target)
    server.pause = 0
    begin = time.monotonic()
    get(server, target)
    assert time.monotonic() - begin < 5
    assert left(target) == ["file.gz"]


COUNTING = """
import sys
from pathlib import Path
from minigen.data.files import locked
path = Path(sys.argv[1])
for _ in range(200):
    with locked(path):
        path.write_text(str(int(path.read_text()) + 1))
"""


def test_the_lock_is_held_by_one_at_a_time(tmp_path):
    """Although its file comes and goes: no count is lost."""
    path = tmp_path / "number"
    path.write_text("0")
    processes = [subprocess.Popen([sys.executable, "-c", COUNTING, str(path)]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert path.read_text() == "800"
    assert left(path) == ["number"]


# ------------------------------------------------------------------------------------------------------------- proxies


def test_through_a_proxy(server, target, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    url = "http://data.example/file.gz"  # nobody but the proxy knows it
    download([url], SHA256, target, ADVICE)
    assert target.read_bytes() == CONTENT
    assert server.asked == [(url, None)]


def test_https_through_a_proxy(server, target, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("https_proxy", server.url)
    with pytest.raises(DataError, match="Tunnel connection failed: 502"):
        download(["https://data.example/file.gz"], SHA256, target, ADVICE)
    assert server.connects == ["data.example:443"]


def test_not_through_a_proxy_where_no_proxy_says_so(server, target, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    get(server, target)
    assert target.read_bytes() == CONTENT


# ------------------------------------------------------------------------------------------------ servers of nonsense


def answering(raw):
    """A server that answers anything with these bytes; returns it and its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(1 << 16)
                connection.sendall(raw)

    threading.Thread(target=serve, daemon=True).start()
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}/a"


ANSWERS = [
    b"",
    b"\0" * 100,
    b"SSH-2.0-OpenSSH\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
    b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-7/8\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n",
    b"HTTP/1.1 301 Moved\r\nLocation: /a\r\n\r\n",
    b"HTTP/1.1 301 Moved\r\nLocation: http://[::bad\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
    b"HTTP/1.1 200 OK\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    b'HTTP/1.1 200 OK\r\nETag: "a\r\n b"\r\nContent-Length: 9\r\n\r\nabc',
]


def test_fault_answers_that_make_no_sense(target):
    losses = 0
    for raw in ANSWERS:
        listener, url = answering(raw)
        try:
            with pytest.raises(DataError) as refusal:
                download([url], SHA256, target, ADVICE)
            losses += target.exists() or "\n" in str(refusal.value) or url not in str(refusal.value)
            assert not losses, raw
        finally:
            listener.close()
        for rest in target.parent.iterdir():
            os.remove(rest)
    record("download: the server answers nonsense", len(ANSWERS), losses, "one line says what each server did")
