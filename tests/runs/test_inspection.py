"""`inspect`: what lies in a picture, in a file of weights and in the folder of a run."""

import pytest
from PIL import Image

from minigen import cli
from minigen.errors import DataError
from minigen.runs.inspection import described

from .test_provenance import QUICK


def test_pictures_without_a_word(tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "x.png")
    (line,) = described(tmp_path / "x.png")
    assert line.endswith("no word of where it came from; minigen writes it into its pictures, but it can be removed")


def test_weights_and_runs(tmp_path, capsys):
    folder = tmp_path / "run"
    assert cli.main(["train", "vae", "--out", str(folder), *QUICK]) == 0
    lines = described(folder / "model.safetensors")
    assert len(lines) == 9
    assert any("'decoder.layers.0.w'" in line and "F32  (20, 4)" in line for line in lines)
    assert {"model: vae", "seed: 5", "shape: (8, 8, 1)", "finished: yes"} <= set(described(folder))
    assert any(line.startswith("samples: with seed 6") for line in described(folder))
    (folder / "model.safetensors").unlink()
    assert "finished: no" in described(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.png", "none.png: no such file"),
        ("none.safetensors", "none.safetensors: no such file"),
        ("folder.png", "holds no config.json"),
        ("notes.txt", "expected a .png or .safetensors file, or the folder of a training run"),
    ],
)
def test_what_cannot_be_inspected(tmp_path, name, message):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(DataError, match=message):
        described(tmp_path / name)


def test_a_pipe(tmp_path):
    import os

    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(DataError, match="not a regular file"):
        described(tmp_path / "x.png")
