"""Checkpoints as files: what cannot be one is told, a newer format is not taken for damage, and how often is clear."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigen.errors import ArgumentError
from minigen.runs import Checkpoint, Every, checkpoint, load_newest, save_checkpoint
from tests.train.runs import NEVER


@given(st.binary(max_size=200) | st.integers(0, 2**63).map(lambda n: n.to_bytes(8, "little") + b"{}"))
def test_anything_can_stand_in_a_checkpoints_place(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("run")
    (folder / "checkpoint-00000001.safetensors").write_bytes(content)
    found, complaints = load_newest(folder)
    assert found is None
    assert len(complaints) == 1
    assert [path.name for path in folder.iterdir()] == ["checkpoint-00000001.safetensors.damaged"]


def test_a_checkpoint_of_a_newer_format_is_not_taken_for_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    save_checkpoint(tmp_path, Checkpoint(3, {"a": np.zeros(2)}, {}))
    monkeypatch.undo()
    with pytest.raises(ArgumentError, match="written by a newer minigen; update minigen"):
        load_newest(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-00000003.safetensors"]


@given(st.integers(1, 10**9), st.integers(1, 10**4))
def test_how_often(steps, minutes):
    assert Every.parse(str(steps)) == Every(steps=steps)
    assert Every.parse(f"{minutes}m") == Every(minutes=minutes)
    assert Every(steps=steps).due(3 * steps, 0.0)
    assert not Every(steps=steps + 1).due(steps, 1e9)
    assert Every(minutes=minutes).due(1, 60.0 * minutes)
    assert not Every(minutes=minutes).due(1, 59.9 * minutes)
    assert not NEVER.due(steps, 1e9)


@pytest.mark.parametrize("text", ["0", "-3", "5 m", "m", "1e3", "5h", "", "nan", "0m", "NEVER", "9" * 40])
def test_how_often_refuses(text):
    with pytest.raises(ArgumentError, match="checkpoint_every: expected a number of steps such as 500"):
        Every.parse(text)
