"""What the fuzzer calls: each reader on a file of any content. It may give what it reads or a one-line DataError.

The first byte of an input chooses the reader; two of them get the content packed anew, so that a change inside reaches
the code behind the compression.
"""

import gzip
import warnings
from pathlib import Path

import numpy as np

from minigen.data import idx, nifti, orl, photographs
from minigen.data.alphabet import decode, lines_of
from minigen.data.cifar import MEMBERS, read_cifar
from minigen.data.lines import read_lines, split_lines
from minigen.data.movielens import read_ratings, table
from minigen.data.music import read_rolls
from minigen.data.photographs import photographs_at
from minigen.data.text import symbols_of
from minigen.errors import DataError
from minigen.runs import load_run
from minigen.runs.checkpoint import read_checkpoint
from minigen.runs.provenance import texts_of
from tests import stand_ins

from . import samples

RUN = Path(__file__).parents[1] / "runs" / "run-of-0.1.0"


def images(path):
    idx.read_idx(path, 3)


def cifar(path):
    pixels, labels = read_cifar(path, "test")
    assert pixels.shape == (len(labels), 32, 32, 3)
    assert pixels.dtype == np.uint8


def faces(path):
    with photographs_at(path) as found:
        assert found.identity()
        for image in found:
            assert image.shape == (64, 64, 3)


def face(path):
    assert photographs.decode(f"{path}", path.read_bytes()).shape == (64, 64, 3)


def grey_face(path):
    file = path.with_suffix(".pgm")
    file.write_bytes(path.read_bytes())
    try:
        assert orl.face(file, 32).shape == (32, 32)
    except DataError as error:
        raise DataError(str(error).replace(str(file), str(path))) from None


def volume(path):
    found = nifti.read_volume(path)
    assert found.ndim == 3
    assert found.dtype == np.uint8


def model(path, name):
    """A run with this file in place of its own."""
    folder = path.with_name(f"{path.name}.run")
    folder.mkdir(exist_ok=True)
    for own in ("config.json", "model.safetensors"):
        (folder / own).write_bytes((path if own == name else RUN / own).read_bytes())
    for tensor in load_run(folder).load_model().parameters():
        assert tensor.dtype == np.float32


def config(path):
    model(path, "config.json")


def weights(path):
    model(path, "model.safetensors")


def picture(path):
    assert all(isinstance(text, str) and text.isprintable() for text in texts_of(path).values())


def music(path):
    for roll in read_rolls(path, "train"):
        assert roll.dtype == np.uint8
        assert roll.shape[1] == 88
        assert roll.max() <= 1


def text(path):
    symbols, alphabet = symbols_of(path)
    content = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    assert decode(symbols, alphabet) == content.replace("\ufeff", "")


def lines(path):
    data = split_lines("lines", read_lines(path), 1, "train")
    assert all(line == line.strip() for line in lines_of(data.x, data.alphabet))


def ratings(path, name, *titles):
    """A file of ratings with this name, which is the file of titles, too."""
    folder = path.with_name(f"{path.name}.{name}.folder")
    folder.mkdir(exist_ok=True)
    for own in (name, *titles):
        (folder / own).write_bytes(path.read_bytes())
    likes, names = table(folder / name, read_ratings(folder / name))
    assert likes.shape[1] == len(names)


def ratings_csv(path):
    ratings(path, "ratings.csv", "movies.csv")


def ratings_tabs(path):
    ratings(path, "u.data")


def plain(content):
    return content


def batch(content):
    return samples.tar([(MEMBERS["test"][0], content)])


TARGETS = [  # reader, and how the content is packed for it
    ("idx", images, plain),
    ("idx.gz", images, lambda content: gzip.compress(content, 1)),
    ("cifar.tar.gz", cifar, plain),
    ("cifar.tar", cifar, lambda content: gzip.compress(content, 1)),
    ("cifar.pickle", cifar, batch),
    ("celeba.zip", faces, plain),
    ("celeba.jpg", face, plain),
    ("config.json", config, plain),
    ("model.safetensors", weights, plain),
    ("checkpoint", read_checkpoint, plain),
    ("png", picture, plain),
    ("matlab", music, plain),
    ("matlab.zlib", music, samples.packed),
    ("text", text, plain),
    ("lines", lines, plain),
    ("ratings.csv", ratings_csv, plain),
    ("u.data", ratings_tabs, plain),
    ("orl.pgm", grey_face, plain),
    ("nifti", volume, plain),
    ("nifti.gz", volume, lambda content: gzip.compress(content, 1)),
]


def seeds():
    """One small right input for each target."""
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (2, 4, 3), np.uint8)
    pair = rng.integers(0, 256, (2, 3072), np.uint8), [3, 9]
    archive = samples.cifar([pair] * 6)
    zipped = samples.zipped([(f"img_align_celeba/{i:06}.jpg", samples.jpeg(i)) for i in (1, 2)])
    raw = gzip.decompress(archive)
    contents = [samples.idx(array), samples.idx(array), archive, raw, samples.batch(*pair), zipped, samples.jpeg()]
    contents += [(RUN / "config.json").read_bytes(), (RUN / "model.safetensors").read_bytes()]
    contents += [samples.checkpoint(), samples.png()]
    tunes = samples.cells(traindata=samples.rolls())
    contents += [samples.packed(tunes), tunes, "To be, or not to be: \u00e9\r\n".encode() * 60, b"anna\n bob \n\neve\n"]
    rated = [(u, f, 4) for u in range(200) for f in range(5)]
    contents.append(b"userId,movieId,rating,title\n" + b"".join(b'%d,%d,%d,"A, The"\n' % row for row in rated))
    contents.append(b"".join(b"%d\t%d\t%d\t|x\n" % row for row in rated))
    grey = array.reshape(6, 4).repeat(20, axis=0)[:112].repeat(23, axis=1)
    brain = stand_ins.nifti(array)
    contents += [stand_ins.pgm(grey), brain, brain]
    return [bytes([i]) + content for i, content in enumerate(contents)]


def run(content, path):
    """Read one input, with `path` to put it at; True if it was accepted.

    Anything but a DataError of one line that names the file is raised: it is a finding.
    """
    _, reader, pack = TARGETS[content[0] % len(TARGETS)] if content else TARGETS[0]
    path.write_bytes(pack(content[1:]))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            reader(path)
    except DataError as error:
        line = str(error)
        assert str(path) in line, f"does not name the file: {line}"
        assert "\n" not in line, f"more than one line: {line!r}"
        return False
    return True
