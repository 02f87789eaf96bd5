"""Data tests see neither the user's files nor the network beyond this machine."""

import gzip
import socket
import struct
import tracemalloc

import pytest

from minigen.data import brain, orl

STEMS = {"train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")}
STEMS["test"] = tuple(stem.replace("train", "t10k") for stem in STEMS["train"])


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path_factory):
    """An empty cache of its own, no MINIGEN_DATA, and no connection except to 127.0.0.1."""
    for name in ("MINIGEN_DATA", "XDG_CACHE_HOME", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MINIGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
    for module in (brain, orl):  # an installed package may bring its data along
        monkeypatch.setattr(module, "in_package", lambda package, path: [])
    connect = socket.create_connection

    def only_here(address, *args, **named):
        if address[0] != "127.0.0.1":
            raise OSError(f"no network in tests: {address[0]}")
        return connect(address, *args, **named)

    monkeypatch.setattr(socket, "create_connection", only_here)


@pytest.fixture(scope="session")
def idx():
    """Encode an array of bytes as an IDX file."""

    def encode(array):
        return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()

    return encode


@pytest.fixture(scope="session")
def put(idx):
    """Write the files of one split into a folder: images, labels."""

    def write(folder, split, images, labels, compressed=True):
        folder.mkdir(parents=True, exist_ok=True)
        for stem, array in zip(STEMS[split], (images, labels), strict=True):
            if compressed:
                (folder / f"{stem}.gz").write_bytes(gzip.compress(idx(array), mtime=0))
            else:
                (folder / stem).write_bytes(idx(array))

    return write


@pytest.fixture
def little_memory():
    """Run the test within a peak of 100 MB of Python's memory, counted from where it says `little_memory()`."""
    yield tracemalloc.start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100 << 20
