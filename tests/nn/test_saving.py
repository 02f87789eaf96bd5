"""Modules in files: what is saved is what is loaded, whole or not at all, and nothing else is taken."""

import os

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.data import files
from minigen.errors import ArgumentError, DataError, DTypeError, MinigenError, ShapeError
from tests.nn.cases import LAYERS


@pytest.mark.parametrize("name", LAYERS)
def test_there_and_back(device, tmp_path, name):
    """Every bit of the state, buffers too, into a module that began elsewhere."""
    module, other, path = LAYERS[name][0](), LAYERS[name][0](), tmp_path / "weights"
    rng = np.random.default_rng(0)
    for _, tensor in module.named_tensors():
        tensor.data[...] = mg.tensor(rng.standard_normal(tensor.shape).astype(np.float32)).data
    nn.save(module, path)
    assert nn.load(other, str(path)) is other
    before, after = module.state_dict(), other.state_dict()
    assert before.keys() == after.keys()
    assert all(before[key].tobytes() == after[key].tobytes() for key in before)
    assert os.listdir(tmp_path) == ["weights"]


def test_weights_in_another_order_of_memory(tmp_path):
    module, other = nn.Dense(3, 2), nn.Dense(3, 2)
    module.w = nn.Parameter(np.arange(6, dtype=np.float32).reshape(2, 3).T)
    nn.save(module, tmp_path / "w")
    assert np.array_equal(nn.load(other, tmp_path / "w").w.numpy(), module.w.numpy())


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    nn.save(nn.Dense(3, 2), path)
    before = path.read_bytes()

    def failing(written, path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "persist", failing)
    with pytest.raises(DataError, match=r"cannot write .*No space left"):
        nn.save(nn.Dense(3, 2), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["weights"]


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda folder: nn.save(folder / "w", nn.Dense(3, 2)), DTypeError, r"save: module: .* nn.save\(module, path\)"),
        (lambda folder: nn.load({}, folder / "w"), DTypeError, "load: module: expected a module, got dict"),
        (lambda folder: nn.save(nn.Dense(3, 2), folder / "no" / "w"), DataError, "save: path: .* a folder that exists"),
        (lambda folder: nn.save(nn.Dense(3, 2), folder), DataError, "save: path: expected a file"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder / "no"), DataError, "load: path: no such file"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder), DataError, "load: path: no such file"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder / "text"), DataError, "not a whole safetensors file"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder / "half"), DataError, "not a whole safetensors file"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder / "empty"), DataError, "not a whole safetensors file"),
        (lambda folder: nn.load(nn.Dense(2, 3), folder / "dense"), ShapeError, "w has shape"),
        (lambda folder: nn.load(nn.LayerNorm(2), folder / "dense"), ArgumentError, "unknown name"),
        (lambda folder: nn.load(nn.Dense(3, 2), folder / "other"), ArgumentError, "unknown name|has no"),
    ],
)
def test_what_does_not_fit_is_one_line_and_changes_nothing(tmp_path, act, error, message):
    nn.save(nn.Dense(3, 2), tmp_path / "dense")
    nn.save(nn.BatchNorm(2), tmp_path / "other")
    (tmp_path / "text").write_text("weights")
    (tmp_path / "half").write_bytes((tmp_path / "dense").read_bytes()[:-5])
    (tmp_path / "empty").touch()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(error, match=message) as caught:
        act(tmp_path)
    assert isinstance(caught.value, MinigenError)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
