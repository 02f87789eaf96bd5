"""What `sample` writes: what a run leaves, with the same seed; and no more of it than was asked for."""

import numpy as np
import pytest

from minigen.errors import ArgumentError, DataError
from minigen.random import Generator
from minigen.report.samples import check_how, files_of, sampled
from minigen.report.sequences import final_files, suffixes
from tests.report.small import CHORALES, DATA, trained


@pytest.mark.parametrize("suffix", [".wav", ".mid", ".png", ".npy"])
def test_samples_of_rolls(suffix, tmp_path):
    shown = trained("gru", "jsb")
    assert suffix in suffixes(shown)
    told, found = sampled(shown, 2, 0, (suffix,), None, {"length": 9})
    assert told.startswith("2 ")
    if suffix == ".npy":
        found[suffix](tmp_path / "x.npy")
        assert np.load(tmp_path / "x.npy").shape == (2, 9, 88)  # with the first, which is given, as many as asked for
    with pytest.raises(ArgumentError, match="prompt: 'gru' is told nothing in words"):
        check_how(shown, {"prompt": "AB"})


def test_samples_of_a_harmony_begin_with_the_prompt():
    shown = trained("gru", "chorales")
    prompt = CHORALES[0].partition("|")[0] + "|"
    _, found = sampled(shown, 2, 0, (".txt",), None, {"prompt": prompt, "length": 48})
    assert all(line.startswith(prompt) for line in found[".txt"].splitlines())
    assert ".wav" in suffixes(shown)


@pytest.mark.parametrize(
    ("model", "data"),
    [("gru", "names"), ("gru", "jsb"), ("transformer", "melodies"), ("melody-vae", "melodies"), ("gru", "sonnets")],
)
def test_the_samples_of_a_run_can_be_drawn_again(model, data):
    """With its seed, whatever the number: all that a run leaves as samples.*, to the byte."""
    shown, test = trained(model, data), DATA[data]
    left = {name.removeprefix("samples"): c for name, c in final_files(shown, test, Generator(4)).items()}
    left = {suffix: content for suffix, content in left.items() if suffix.startswith(".")}
    _, again = sampled(shown, None, 4, [s for s in suffixes(shown) if s != ".npy"], None, {})
    assert left.keys() == again.keys()
    for suffix in left.keys() - {".png"}:
        assert left[suffix] == again[suffix]


def test_the_files_of_samples(tmp_path):
    shown = trained("gru", "melodies")
    names = {path.name for path in files_of(shown, None, tmp_path / "sample-0").values()}
    assert names == {"sample-0.txt", "sample-0.wav", "sample-0.mid", "sample-0.png"}
    assert files_of(shown, str(tmp_path / "a.b.wav"), tmp_path / "x") == {".wav": tmp_path / "a.b.wav"}
    assert list(files_of(trained("gru", "jsb"), None, tmp_path / "s")) == [".wav", ".mid", ".png"]
    with pytest.raises(
        ArgumentError, match=r"out: expected a file name that ends in \.txt or \.wav or \.mid or \.png, got"
    ):
        files_of(shown, "x.npy", tmp_path)
    with pytest.raises(DataError, match=r"out: the folder .* does not exist; make it first"):
        files_of(shown, str(tmp_path / "no" / "x.wav"), tmp_path)


def test_a_way_to_draw_reaches_the_model():
    shown = trained("gru", "names")
    likeliest = [sampled(shown, 3, seed, (".txt",), None, {"temperature": 0.0})[1][".txt"] for seed in (0, 1)]
    assert likeliest[0] == likeliest[1]
    assert len(set(likeliest[0].splitlines())) == 1
