"""Small right files of every format that is read, for tests to damage."""

import gzip
import io
import struct
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from minigen.runs import Checkpoint, save_checkpoint


def idx(array):
    """An array of bytes as an IDX file."""
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def text(value):
    """The instruction of a pickle that pushes a text, as Python 2 writes it."""
    return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value


def integer(value):
    """The instruction of a pickle that pushes an integer."""
    return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)


def batch(images, labels):
    """A file of CIFAR-10 as Python 2's cPickle wrote it with protocol 2: images (N, 3072), labels."""
    n, pixels = images.shape
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85U\x01b\x87Rq\t"
        + (b"(K\x01" + integer(n) + integer(pixels) + b"\x86cnumpy\ndtype\nq\x0aU\x02u1K\x00K\x01\x87Rq\x0b")
        + b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + (text(images.tobytes()) + b"tb")
    )
    names = b"".join(text(b"leptodactylus_%06d.png" % i) + b"r" + struct.pack("<I", 300 + i) for i in range(n))
    return (
        (b"\x80\x02}q\x01(" + text(b"batch_label") + b"q\x02" + text(b"training batch 1 of 5") + b"q\x03")
        + (text(b"labels") + b"q\x04]q\x05(" + b"".join(integer(int(k)) for k in labels) + b"e")
        + (text(b"data") + b"q\x06" + array + text(b"filenames") + b"q\x0c]q\x0d(" + names + b"eu.")
    )


def tar(members, kind=tarfile.GNU_FORMAT):
    """A compressed archive of pairs (name or TarInfo, content)."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=kind) as archive:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), mtime=0)


def cifar(batches):
    """CIFAR-10's archive, of pairs (images, labels): five to train on and one to test on."""
    names = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    folder = tarfile.TarInfo("cifar-10-batches-py")
    folder.type = tarfile.DIRTYPE
    files = [(f"cifar-10-batches-py/{name}", batch(*pair)) for name, pair in zip(names, batches, strict=True)]
    return tar([(folder, b""), ("cifar-10-batches-py/readme.html", b"<html>"), *files])


def jpeg(seed=0, size=(178, 218), kind="JPEG"):
    """A smooth random picture."""
    small = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize(size).save(file, kind)
    return file.getvalue()


def zipped(members, **named):
    """A zip archive of pairs (name or ZipInfo, content)."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", **named) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return raw.getvalue()


MATLAB = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"  # the header of a file


def element(kind, content):
    """An element of a MATLAB file: a small one where it can be."""
    if 0 < len(content) <= 4:
        return struct.pack("<HH", kind, len(content)) + content.ljust(4, b"\0")
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matrix(of_class, shape, name, values):
    """A matrix of a MATLAB file, with its values as elements."""
    head = element(6, struct.pack("<II", of_class, 0)) + element(5, struct.pack("<ii", *shape)) + element(1, name)
    return element(14, head + values)


def cells(**lists):
    """Lists of byte matrices by name, as the elements of a MATLAB file; of class double, as MATLAB keeps them."""
    return b"".join(
        matrix(
            1,
            (1, len(rolls)),
            name.encode(),
            b"".join(matrix(6, r.shape, b"", element(2, r.T.tobytes())) for r in rolls),
        )
        for name, rolls in lists.items()
    )


def packed(content):
    """A MATLAB file of one compressed element."""
    squeezed = zlib.compress(content, 1)
    return MATLAB + struct.pack("<II", 15, len(squeezed)) + squeezed


def rolls(n=2, frames=6):
    """Pieces of music (frames, 88), all different."""
    rng = np.random.default_rng(0)
    return [(rng.random((frames + i, 88)) < 0.05).astype(np.uint8) for i in range(n)]


def checkpoint():
    """A small checkpoint, as a run writes it."""
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder), Checkpoint(7, {"model/w": np.ones((2, 3), np.float32)}, {"rows": []}))
        return next(Path(folder).iterdir()).read_bytes()


def png(**texts):
    """A small picture with texts: plain, compressed and international."""
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("Source", "generated")
    chunks.add_text("Model", "vae", zip=True)
    chunks.add_itxt("Run", "r\u00e9sum\u00e9", zip=True)
    for name, text in texts.items():
        chunks.add_text(name, text, zip=True)
    file = io.BytesIO()
    Image.new("L", (3, 2)).save(file, "PNG", pnginfo=chunks)
    return file.getvalue()
