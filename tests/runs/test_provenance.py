"""Pictures say where they came from, and what they say is read with care."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image

from minigen import cli
from minigen.errors import DataError
from minigen.runs.provenance import GENERATED, PLOT, save_png, texts_of
from minigen.version import __version__
from tests.fuzz.samples import png

QUICK = ["--steps", "2", "--width", "4", "--batch-size", "16", "--quiet", "--seed", "5"]


@pytest.mark.parametrize(
    ("model", "data"), [("vae", "digits"), ("dcgan", "digits"), ("inpaint", "digits"), ("gan", "ring")]
)
def test_every_picture_of_a_run(tmp_path, capsys, model, data):
    folder = tmp_path / "my run"
    assert cli.main(["train", model, "--data", data, "--out", str(folder), *QUICK]) == 0
    if model != "inpaint":
        assert cli.main(["sample", str(folder), "--seed", "9", "--n", "3"]) == 0
        assert cli.main(["sample", str(folder), "--seed", "9", "--n", "3", "--out", str(tmp_path / "else.png")]) == 0
    if data == "digits" and model != "inpaint":
        assert cli.main(["explore", str(folder), "--seed", "4"]) == 0
    pictures = [*folder.glob("*.png"), *tmp_path.glob("*.png")]
    seeds = {"sample-9.png": "9", "else.png": "9", "samples.png": "6", "restored.png": "6", "reconstructions.png": "5"}
    for path in pictures:
        about = {"Software": f"minigen {__version__}", "Model": model, "Data": data, "Run": "my run"}
        if path.name == "curves.png":
            assert texts_of(path) == about | {"Source": PLOT}
        else:
            assert texts_of(path) == about | {"Source": GENERATED, "Seed": seeds.get(path.name, "4")}
        capsys.readouterr()
        assert cli.main(["inspect", str(path)]) == 0
        assert f"Model: {model}\n" in capsys.readouterr().out


def test_samples_say_how_they_were_drawn(tmp_path):
    """All that was chosen, so that the same can be drawn again."""
    folder, asked = tmp_path / "run", {"label": 3, "guidance": 1.5, "evaluations": 4, "sampler": "ddim"}
    assert cli.main(["train", "cddpm", "--data", "ring", "--out", str(folder), *QUICK]) == 0
    options = [word for name, value in asked.items() for word in (f"--{name}", str(value))]
    assert cli.main(["sample", str(folder), "--n", "3", *options]) == 0
    told = {name.capitalize(): str(value) for name, value in asked.items()}
    assert told.items() <= texts_of(folder / "sample-0.png").items()


@given(
    st.dictionaries(st.sampled_from(["model", "run", "title"]), st.text(st.characters(codec="latin-1"), max_size=30))
)
def test_texts_come_back(tmp_path_factory, about):
    path = tmp_path_factory.mktemp("png") / "x.png"
    try:
        save_png(Figure(figsize=(1, 1), dpi=10), path, PLOT, **about)
    except ValueError:
        assert any("\x00" in text for text in about.values())
        return
    found = texts_of(path)
    for name, text in about.items():
        assert found[name.capitalize()] == "".join(c if c.isprintable() else "?" for c in text)


def test_a_run_whose_name_no_png_can_hold(tmp_path):
    """PNG's plain texts are Latin-1; others are stored as international ones."""
    save_png(Figure(figsize=(1, 1), dpi=10), tmp_path / "x.png", GENERATED, run="проба 試し")
    assert texts_of(tmp_path / "x.png")["Run"] == "проба 試し"


# ------------------------------------------------------------------------------------------------- read with care


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunk(kind, content):
    """A right picture with one chunk more, behind its header."""
    whole = png()
    return whole[:33] + chunk(kind, content) + whole[33:]


HOSTILE = {
    "a compressed text of 300 MB": with_chunk(b"zTXt", b"Run\x00\x00" + zlib.compress(bytes(300 << 20), 9)),
    "the same, international": with_chunk(b"iTXt", b"Run\x00\x01\x00\x00\x00" + zlib.compress(bytes(300 << 20), 9)),
    "a picture of 2^60 pixels": png().replace(
        chunk(b"IHDR", struct.pack(">2I5B", 3, 2, 8, 0, 0, 0, 0)),
        chunk(b"IHDR", struct.pack(">2I5B", 1 << 30, 1 << 30, 8, 0, 0, 0, 0)),
    ),
    "a chunk of 2^31 bytes": png()[:33] + struct.pack(">I", 0x7FFFFFFF) + b"tEXt" + b"x" * 100,
    "cut": png()[:40],
    "no picture": b"GIF89a",
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pictures(tmp_path, capsys, name):
    import tracemalloc

    path = tmp_path / "x.png"
    path.write_bytes(HOSTILE[name])
    tracemalloc.start()
    try:
        assert cli.main(["inspect", str(path)]) == 2
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()
    said = capsys.readouterr().err
    assert said.startswith(f"minigen: {path}: not a ")
    assert said.count("\n") == 1


def test_a_terminal_is_not_commanded(tmp_path, capsys):
    path = tmp_path / "x.png"
    path.write_bytes(png(Title="\x1b[2J\x07red\nModel: other"))
    assert cli.main(["inspect", str(path)]) == 0
    assert "Title: ?[2J?red?Model: other\n" in capsys.readouterr().out


def test_too_many_texts(tmp_path):
    (tmp_path / "x.png").write_bytes(png(**{f"t{i}": "x" for i in range(100)}))
    with pytest.raises(DataError, match="texts, more than the 64 that are shown"):
        texts_of(tmp_path / "x.png")


def test_pixels_are_those_of_the_figure(tmp_path):
    figure = Figure(figsize=(1, 1), dpi=20)
    save_png(figure, tmp_path / "a.png", GENERATED, seed=1)
    figure.savefig(tmp_path / "b.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")), np.asarray(Image.open(tmp_path / "b.png")))
