"""CIFAR-10: what the archive holds comes out; whatever else an archive may hold is refused in one line."""

import functools
import gzip
import hashlib
import http.server
import pickle
import re
import struct
import tarfile
import threading

import numpy as np
import pytest

from minigen import data
from minigen.data import cifar
from minigen.data.cifar import read_cifar
from minigen.data.unpickle import MOST, read_pickle
from minigen.errors import DataError
from tests.faults import record
from tests.fuzz import samples

NAME = "cifar-10-batches-py/test_batch"


@pytest.fixture
def batches():
    rng = np.random.default_rng(0)
    return [(rng.integers(0, 256, (n, 3072), np.uint8), rng.integers(0, 10, n)) for n in (3, 2, 4, 1, 2, 3)]


def write(folder, content):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / cifar.ARCHIVE
    path.write_bytes(content)
    return path


def refusal(path, split="test"):
    """The line that refuses it."""
    with pytest.raises(DataError) as error:
        read_cifar(path, split)
    line = str(error.value)
    assert line.startswith(f"{path}: ")
    assert "\n" not in line
    return line


def test_it_is_read(batches, tmp_path):
    write(tmp_path / "cifar10", samples.cifar(batches))
    for split, pairs in (("train", batches[:5]), ("test", batches[5:])):
        got = data.load("cifar10", split, folder=tmp_path)
        assert got.x.dtype == np.float32
        assert got.y.tolist() == [k for _, labels in pairs for k in labels]
        flat = np.concatenate([images for images, _ in pairs])
        for image, row in zip(np.rint(got.x * 255), flat, strict=True):
            for c in range(3):
                assert image[:, :, c].ravel().tolist() == row[1024 * c : 1024 * (c + 1)].tolist()
    assert data.locate("cifar10", tmp_path) == str(tmp_path / "cifar10" / cifar.ARCHIVE)


@pytest.mark.parametrize("protocol", [2, 3])
def test_copies_made_by_python_3_are_read(batches, tmp_path, protocol):
    images, labels = batches[5]
    value = {b"labels": labels.tolist(), b"data": images} if protocol == 3 else None
    if protocol == 2:  # bytes are a call there, of what we do not name
        value = {"labels": labels.tolist(), "data": images}
        path = write(tmp_path, samples.tar([(NAME, pickle.dumps(value, 2))]))
        assert "names '_codecs.encode', which no data set needs" in refusal(path)
        return
    path = write(tmp_path, samples.tar([(NAME, pickle.dumps(value, 3))]))
    got, _ = read_cifar(path, "test")
    assert np.array_equal(got.transpose(0, 3, 1, 2).reshape(-1, 3072), images)


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_other_kinds_of_archive(batches, tmp_path, kind):
    extra = tarfile.TarInfo("cifar-10-batches-py/" + "long" * 30)
    members = [(extra, b"x")] if kind != tarfile.USTAR_FORMAT else []
    path = write(tmp_path, samples.tar([*members, (NAME, samples.batch(*batches[5]))], kind))
    assert len(read_cifar(path, "test")[0]) == 3


def test_it_is_downloaded(batches, tmp_path, monkeypatch):
    path = write(tmp_path, samples.cifar(batches))
    monkeypatch.setattr(cifar, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        monkeypatch.setattr(cifar, "MIRRORS", (f"http://127.0.0.1:{server.server_port}/",))
        assert len(data.load("cifar10")) == 12
        server.shutdown()
    assert data.locate("cifar10").endswith(f"cifar10/{cifar.ARCHIVE}")
    assert len(data.load("cifar10", "test")) == 3


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def test_without_a_network_one_line_says_what_to_do():
    with pytest.raises(DataError, match=r"put cifar-10-python.tar.gz into FOLDER/cifar10 and set MINIGEN_DATA=FOLDER"):
        data.load("cifar10")


def test_a_folder_without_it(tmp_path):
    with pytest.raises(DataError, match=r"folder: neither .*cifar10 nor .* holds cifar-10-python.tar.gz; put it there"):
        data.load("cifar10", folder=tmp_path)


# ------------------------------------------------------------------------------------------------------------- refused


def link(kind, name=NAME):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def header(name, size, kind=b"0"):
    """A member's header alone."""
    return name.ljust(100, b"\0") + bytes(24) + size.ljust(12, b"\0") + bytes(20) + kind + bytes(355)


def call(module, name, argument):
    return f"c{module}\n{name}\n".encode() + samples.text(argument) + b"\x85R."


ARCHIVES = {
    "is empty": (b"", "lacks the member|ends within"),
    "is something else": (b"<html>", "cannot be read .Not a gzipped file"),
    "climbs": (samples.tar([("../../x", b"x")]), "leads out of the archive"),
    "is absolute": (samples.tar([("/etc/cron.d/x", b"x")]), "leads out of the archive"),
    "a symbolic link": (samples.tar([(link(tarfile.SYMTYPE), b"")]), "is a link, a device or sparse"),
    "a hard link": (samples.tar([(link(tarfile.LNKTYPE), b"")]), "is a link, a device or sparse"),
    "a device": (samples.tar([(link(tarfile.CHRTYPE), b"")]), "is a link, a device or sparse"),
    "a pipe": (samples.tar([(link(tarfile.FIFOTYPE), b"")]), "is a link, a device or sparse"),
    "sparse": (gzip.compress(header(NAME.encode(), b"1000", b"S")), "is a link, a device or sparse"),
    "huge": (gzip.compress(header(NAME.encode(), b"77777777777")), "has 8589934591 bytes, expected at most"),
    "huge elsewhere": (gzip.compress(header(b"other", b"77777777777")), "ends within a member"),
    "a huge note": (gzip.compress(header(b"note", b"77777777777", b"x")), "ends within a member"),
    "negative": (gzip.compress(header(NAME.encode(), b"-1")), "has no size"),
    "base 256": (gzip.compress(header(NAME.encode(), b"\x80" + b"\xff" * 11)), "has no size"),
    "ends early": (gzip.compress(header(NAME.encode(), b"1000")), "ends within a member"),
    "others only": (samples.tar([("other", b"x")]), "lacks the member 'cifar-10-batches-py/test_batch'"),
}

PICKLES = {
    "calls os.system": (call("os", "system", b"touch pwned"), "names b?'os.system', which no data set needs"),
    "calls eval": (call("builtins", "eval", b"1"), "names 'builtins.eval'"),
    "calls a text": (samples.text(b"x") + b")R.", "calls what is no array"),
    "a stack global": (b"U\x02osU\x06system\x93.", "has the instruction"),
    "a persistent id": (b"Pos\n.", "has the instruction"),
    "nothing": (b"", "damaged: ends 1 bytes too early"),
    "stops at once": (b".", "damaged: pop from empty list"),
    "no dictionary": (b"].", "holds no dictionary"),
    "an empty dictionary": (b"}.", "has no 'labels'"),
    "a promise of 2 GB": (b"T\xff\xff\xff\x7f", "damaged: ends 2147483647 bytes too early"),
    "a negative length": (b"T\xff\xff\xff\xff", "damaged: a negative length"),
    "a key that is a tuple": (b"})Ns.", "has a key that is no text"),
    "a dictionary of three": (b"}(NNNu.", "damaged|key"),
    "a name without an end": (b"c" + b"x" * 1000, "damaged: a name without an end"),
    "far too many": (b"N" * (MOST + 1), f"has more than {MOST} instructions"),
    "tuples of tuples": (b"})" + b"q\0h\0\x86" * 60 + b"Ns.", "has a key that is no text"),
}


def broken(batch):
    """Batches in which one thing is wrong."""
    images, labels = batch
    right = samples.batch(images, labels)
    return {
        "a label of 10": (samples.batch(images, [10, 0, 0]), "has no 'labels' between 0 and 9"),
        "too few labels": (samples.batch(images, labels[:2]), r"has 'data' of another form than \(2, 3072\)"),
        "other pixels": (samples.batch(images[:, :3000], labels), "has 'data' of another form"),
        "other type": (right.replace(b"U\x02u1", b"U\x02f4"), "has 'data' that is not 3 x 3072 bytes"),
        "by columns": (right.replace(b"tb\x89", b"tb\x88"), "has 'data' of another form"),
        "huge shape": (right.replace(b"K\x03M\x00\x0c", b"J\xff\xff\xff\x7fM\x00\x0c"), "has 'data' of another form"),
        "cut": (right[:-1], "damaged"),
        "no state": (right.replace(samples.text(images.tobytes()) + b"tb", b"Nt0"), "has the instruction b'0'"),
    }


def test_fault_hostile_archives(batches, tmp_path):
    cases = dict(ARCHIVES)
    pickles = PICKLES | broken(batches[5])
    cases |= {name: (samples.tar([(NAME, content)]), fault) for name, (content, fault) in pickles.items()}
    for name, (content, fault) in cases.items():
        line = refusal(write(tmp_path, content))
        assert re.search(fault, line), (name, line)
    assert [path.name for path in tmp_path.iterdir()] == [cifar.ARCHIVE]  # nothing was unpacked, and nothing run
    record(
        "CIFAR-10: hostile archives", len(cases), 0, "links, devices, paths, sizes, calls: one line, nothing unpacked"
    )


def test_fault_truncated_everywhere(batches, tmp_path):
    content = samples.cifar(batches)
    cuts = np.linspace(0, len(content) - 1, 40).astype(int)
    for cut in cuts:
        refusal(write(tmp_path, content[:cut]))
    record("CIFAR-10: the archive is cut", len(cuts), 0, "")


@pytest.mark.parametrize("member", [NAME, "other"])
def test_fault_a_bomb_takes_little_memory(tmp_path, member, little_memory):
    """A few hundred KB that unpack to gigabytes of zeros."""
    blocks = [header(member.encode(), b"%o" % (30 << 20 if member == NAME else 4 << 30))]
    packed = gzip.compress(blocks[0]) + gzip.compress(bytes(16 << 20)) * 64
    path = write(tmp_path, packed)
    little_memory()
    line = refusal(path)
    assert "instruction" in line or "unpacks to more than" in line
    record(f"CIFAR-10: a bomb of 1 GB ({member.rsplit('/')[-1]})", 1, 0, "less than 100 MB of memory")


def test_plain_values():
    content = b"\x80\x02}(U\x01aK\x07X\x01\0\0\0bM\x00\x01C\x01cJ\xff\xff\xff\xffU\x01d](N\x88\x89eU\x01e]q\x01h\x01au."
    value = read_pickle(content)
    assert value[b"a"] == 7
    assert value[b"b"] == 256
    assert value[b"c"] == -1
    assert value[b"d"] == [None, True, False]
    assert read_pickle(b"]q\x05Naj\x05\0\0\0\x85.") == ([None],)
    assert read_pickle(b"}U\x01kK\x01s.") == {b"k": 1}
    assert read_pickle(b"(K\x01K\x02K\x03t.") == (1, 2, 3) == read_pickle(b"K\x01K\x02K\x03\x87.")
    assert read_pickle(b"]r" + struct.pack("<I", 300) + b"Na.") == [None]
