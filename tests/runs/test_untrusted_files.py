"""Folders from elsewhere: old ones load, hostile ones are refused in one line, in bounded memory, and touch nothing."""

import json
import os
import shutil
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save, save_file

from minigen import Generator, cli
from minigen.errors import ArgumentError, DataError
from minigen.models import RECIPES, recipe_of
from minigen.runs import load_run
from minigen.runs.untrusted_files import NUMBERS, Rationed, read_header, read_regular, read_tensors
from minigen.train import resume
from tests.examples import first_for, own
from tests.faults import record

OLD = Path(__file__).parent / "run-of-0.1.0"
STOPPED = Path(__file__).parent / "stopped-run-of-format-1"
CONFIG = json.loads((OLD / "config.json").read_text())


@pytest.fixture
def folder(tmp_path):
    """A copy of a run that an earlier version left."""
    shutil.copytree(OLD, tmp_path / "run")
    return tmp_path / "run"


def refused(folder):
    """The one line with which a folder is refused."""
    with pytest.raises(DataError) as caught:
        load_run(folder).load_model()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def header(entries, length=None, tail=b""):
    """A safetensors file of this header."""
    text = json.dumps(entries).encode() if not isinstance(entries, bytes) else entries
    return struct.pack("<Q", len(text) if length is None else length) + text + tail


# ------------------------------------------------------------------------------------------------- versions


def test_the_folder_of_an_older_version_loads(folder):
    assert "format" not in CONFIG
    model = load_run(folder).load_model()
    assert {n: a.tobytes() for n, a in model.state_dict().items()} == {
        n: a.tobytes() for n, a in load_file(OLD / "model.safetensors").items()
    }
    assert model.sample(2, Generator(0)).shape == (2, 8, 8, 1)
    assert len(load_run(folder).metrics()) == 3


def test_a_run_that_an_older_version_left_unfinished_goes_on(tmp_path):
    """From step 20 to 40; on another machine not to the same bytes."""
    shutil.copytree(STOPPED, tmp_path / "run")
    (tmp_path / "run" / "ended.safetensors").unlink()
    assert cli.main(["train", "--resume", str(tmp_path / "run"), "--quiet"]) == 0
    found, expected = (
        load_file(path) for path in (tmp_path / "run" / "model.safetensors", STOPPED / "ended.safetensors")
    )
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-2, atol=1e-3, err_msg=name)
    at_stop = load_file(STOPPED / "checkpoint-00000020.safetensors")
    assert any(abs(array - at_stop[f"model/{name}"]).max() > 1e-2 for name, array in expected.items())


def test_a_new_folder_says_its_version_and_format(tmp_path):
    from minigen.version import __version__

    assert cli.main(["train", "gan", "--steps", "1", "--width", "4", "--quiet", "--out", str(tmp_path / "run")]) == 0
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["minigen"] == __version__
    assert config["format"] == 2


def test_a_newer_format_is_told(folder):
    (folder / "config.json").write_text(json.dumps(CONFIG | {"format": 3, "minigen": "9.9"}))
    assert "of format 3, written by minigen '9.9'; update minigen" in refused(folder)


# ------------------------------------------------------------------------------------------------- config.json

HOSTILE = {
    "nested": b"[" * 60_000,
    "digits": b'{"minigen": "0", "shape": [8], "steps": ' + b"9" * 6000 + b"}",
    "not UTF-8": b'{"minigen": "\xff"}',
    "list": b"[]",
    "text": b'"config"',
    "large": b" " * 70_000,
    "empty": b"",
}
CHANGES = {
    "unknown class": ({"model": "os.system"}, "model: unknown name 'os.system'"),
    "path as model": ({"model": "../../etc/passwd"}, "model: unknown name"),
    "code as width": ({"width": "__import__('os').getpid()"}, "width: expected an integer >= 1, got"),
    "true as steps": ({"steps": True}, "steps: expected an integer >= 1, got True"),
    "negative": ({"latent_dim": -3}, "latent_dim: expected an integer >= 1, got -3"),
    "zero": ({"width": 0}, "expected an integer >= 1, got 0"),
    "float as width": ({"width": 4.5}, "width: expected an integer >= 1, got 4.5"),
    "NaN": ({"lr": float("nan")}, "lr: expected a number with 0 < lr <= 1, got nan"),
    "huge width": ({"width": 1 << 40}, "a model of more than"),
    "huge latent": ({"latent_dim": 1 << 52}, "a model of more than"),
    "a latent beyond all": ({"latent_dim": 1 << 63}, "latent_dim: expected an integer below 2^63"),
    "long text": ({"loss": "x" * 200}, "loss: unknown name"),
    "long name": ({"model": "x" * 200}, "model: expected str, got"),
    "unknown loss": ({"loss": "hate"}, "loss: unknown name 'hate'"),
    "shape of texts": ({"shape": ["8"]}, "shape: expected one to four integers in 1 ... 16384"),
    "huge shape": ({"shape": [1 << 14, 1 << 14, 4]}, "a model of more than"),
    "endless shape": ({"shape": [1 << 40]}, "shape: expected one to four integers in 1 ... 16384"),
    "shape of another kind": ({"shape": [8]}, "shape: 'digits' has examples of 3 axes, got [8]"),
    "data of another kind": ({"data": "names"}, "data: 'gan' cannot learn from lines of text, got 'names'"),
    "no shape": ({"shape": []}, "shape: expected one to four integers in 1 ... 16384"),
    "another shape": ({"shape": [4, 4, 1]}, "build the model with the settings it was saved with"),
    "another model": ({"model": "vae", "likelihood": "gaussian", "loss": ""}, "build the model with the settings"),
    "another key": ({"__class__": "Run"}, "'__class__' is no setting"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_config(folder, name):
    (folder / "config.json").write_bytes(HOSTILE[name])
    assert str(folder / "config.json") in refused(folder)


@pytest.mark.parametrize("name", CHANGES)
def test_a_config_that_lies(folder, name):
    change, message = CHANGES[name]
    (folder / "config.json").write_text(json.dumps(CONFIG | change))
    tracemalloc.start()
    try:
        assert message in refused(folder)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["model", "steps", "shape", "minigen"])
def test_a_missing_entry(folder, name):
    (folder / "config.json").write_text(json.dumps({k: v for k, v in CONFIG.items() if k != name}))
    assert "missing" in refused(folder) or "not the settings of a minigen run" in refused(folder)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(sorted(CONFIG)) | st.text(max_size=8), values, max_size=3))
def test_any_values_in_config(tmp_path_factory, changes):
    """A model, or an error of ours."""
    folder = tmp_path_factory.mktemp("run") / "run"
    shutil.copytree(OLD, folder)
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    with suppress(DataError):
        load_run(folder).load_model()


SIZES = (
    *("width", "latent_dim", "batch_size", "critic_steps", "pack", "unroll", "words", "samples", "classes"),
    *("depth", "heads", "levels"),
)


@pytest.mark.parametrize("model", sorted(RECIPES))
def test_sizes_of_any_model_are_bounded(folder, model):
    """Whether a finished run is loaded or one that is not is resumed."""
    recipe = recipe_of(model)
    examples = first_for(recipe)
    settings = recipe.settings(examples, **own(recipe, width=4, latent_dim=2, steps=1))
    about = {"shape": list(examples.shape), "model": model, "data": examples.name}
    config = {"minigen": "0", "format": 2, **about, **settings.options}
    stopped = folder.with_name("stopped")
    stopped.mkdir()
    for name in [name for name in SIZES if name in settings.options]:
        for place in (folder, stopped):
            (place / "config.json").write_text(json.dumps(config | {name: 1 << 40}))
        tracemalloc.start()
        try:
            with suppress(DataError):  # where the size changes no weight, the old ones fit
                load_run(folder).load_model()
            with pytest.raises((ArgumentError, DataError)):
                resume(stopped, examples, examples, quiet=True)
            assert tracemalloc.get_traced_memory()[1] < 20 << 20, name
        finally:
            tracemalloc.stop()


# ------------------------------------------------------------------------------------------------- model.safetensors

WEIGHTS = load_file(OLD / "model.safetensors")
ENTRY = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
LIES = {
    "a header of 2^60 bytes": header({}, 1 << 60),
    "a header of 100 MB": header({}, 100 << 20),
    "a header beyond the end": header({"a": ENTRY}, 10_000),
    "a nested header": header(b"[" * 50_000),
    "a shape of 2^60": header({"a": ENTRY | {"shape": [1 << 60], "data_offsets": [0, 1 << 62]}}),
    "a shape below zero": header({"a": ENTRY | {"shape": [-2]}}, tail=bytes(8)),
    "a shape of texts": header({"a": ENTRY | {"shape": ["2"]}}, tail=bytes(8)),
    "a type of objects": header({"a": ENTRY | {"dtype": "O"}}, tail=bytes(8)),
    "a pickle": b"\x80\x04cos\nsystem\n(S'echo'\ntR.",
    "too little": header({"a": ENTRY}, tail=bytes(7)),
    "too much": header({"a": ENTRY}, tail=bytes(9)),
    "overlapping": header({"a": ENTRY, "b": ENTRY}, tail=bytes(16)),
    "metadata of lists": header({"__metadata__": {"a": []}}),
    "no dictionary": header([1]),
    "nothing": b"",
}


@pytest.mark.parametrize("name", LIES)
def test_weights_that_lie(folder, name):
    (folder / "model.safetensors").write_bytes(LIES[name])
    tracemalloc.start()
    try:
        assert str(folder / "model.safetensors") in refused(folder) or "config.json" in refused(folder)
        assert tracemalloc.get_traced_memory()[1] < 20 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w | {"extra": np.zeros(3, np.float32)}, "'extra' is float32 (3,) in the file and not there in"),
        (lambda w: {n: a for n, a in w.items() if n != "generator.layers.0.b"}, "is not there in the file and float32"),
        (lambda w: w | {"generator.layers.0.b": np.zeros(4)}, "is float64 (4,) in the file and float32 (4,) in the"),
        (lambda w: w | {"generator.layers.0.b": np.zeros((2, 2), np.float32)}, "is float32 (2, 2) in the file"),
        (lambda w: w | {"../../name": np.zeros(1, np.float32)}, "'../../name' is float32 (1,) in the file"),
    ],
)
def test_weights_of_another_kind(folder, change, message):
    save_file(change(WEIGHTS), folder / "model.safetensors")
    said = refused(folder)
    assert message in said
    assert "build the model with the settings it was saved with" in said


def test_more_weights_than_any_model_has(folder):
    """A file with holes takes no room on the disk, whatever its length."""
    n = NUMBERS + 1
    start = header({"a": {"dtype": "F32", "shape": [n], "data_offsets": [0, 4 * n]}})
    with open(folder / "model.safetensors", "wb") as file:
        file.write(start)
        file.truncate(len(start) + 4 * n)
    assert f"{n} weights, more than the {NUMBERS}" in refused(folder)


def test_the_header_is_read_as_safetensors_reads_it(tmp_path):
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(3), "c": np.zeros((0, 4))}
    (tmp_path / "x").write_bytes(save(arrays, {"key": "text"}))
    entries, texts = read_header(tmp_path / "x")
    assert {n: e.shape for n, e in entries.items()} == {n: a.shape for n, a in arrays.items()}
    assert texts == {"key": "text"}
    found, _ = read_tensors(tmp_path / "x", 10_000)
    assert all(np.array_equal(found[n], arrays[n]) for n in arrays)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=5), st.integers(0, 120))
def test_a_ration(sizes, numbers):
    """The same numbers as of a generator, as long as they last."""
    plain, rationed, left = Generator(0), Rationed(numbers), numbers
    for size in sizes:
        left -= size
        if left < 0:
            with pytest.raises(DataError):
                rationed.uniform((size,))
            return
        assert np.array_equal(rationed.uniform((size,)), plain.uniform((size,)))


# ------------------------------------------------------------------------------------------------- files of other kinds


KINDS = {"a pipe": os.mkfifo, "a folder": os.mkdir, "a device": lambda path: os.symlink("/dev/zero", path)}


def command(*arguments):
    """Run minigen in a process that may not take long: a pipe without a writer would make it wait for ever."""
    code = "import sys; from minigen import cli; sys.exit(cli.main(sys.argv[1:]))"
    arguments = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_neither_pipes_nor_devices_nor_folders(folder, kind, name):
    (folder / name).unlink()
    KINDS[kind](folder / name)
    done = command("sample", folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"minigen: {folder / name}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_checkpoint_that_is_no_file(folder, kind):
    (folder / "model.safetensors").unlink()
    path = folder / "checkpoint-00000003.safetensors"
    KINDS[kind](path)
    done = command("train", "--resume", folder, "--quiet")
    assert done.returncode == 0
    assert f"{path} is damaged" in done.stderr
    assert "going on from the beginning" in done.stderr


def test_nothing_is_written_outside_of_the_folder(folder, tmp_path):
    """Links that lie in the folder lead to files that must stay as they are."""
    outside = tmp_path / "outside"
    outside.mkdir()
    names = ["metrics.jsonl", "samples.png", "curves.png", "sample-0.png", "interpolation-linear.png", "traversals.png"]
    (folder / "metrics.jsonl").unlink()
    for name in [*names, ".run.lock"]:
        if name != ".run.lock":
            (outside / name).write_text("mine")
        (folder / name).symlink_to(outside / name)
    assert cli.main(["sample", str(folder)]) == 0
    assert cli.main(["explore", str(folder)]) == 0
    (folder / "model.safetensors").unlink()
    assert cli.main(["train", "--resume", str(folder), "--quiet"]) == 2  # the lock is a link
    (folder / ".run.lock").unlink()
    assert cli.main(["train", "--resume", str(folder), "--quiet"]) == 0
    assert {path.name: path.read_text() for path in outside.iterdir()} == dict.fromkeys(names, "mine")


def test_read_regular(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(DataError, match="5 bytes, more than the 4 that such a file may have"):
        read_regular(path, 4)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none", 4)


def test_fault_hostile_files_of_a_run(folder, tmp_path):
    """For the table: every case above, once more, as one number."""
    losses = 0
    for name, content in (
        [("config.json", c) for c in HOSTILE.values()]
        + [("config.json", json.dumps(CONFIG | change).encode()) for change, _ in CHANGES.values()]
        + [("model.safetensors", content) for content in LIES.values()]
    ):
        shutil.rmtree(folder)
        shutil.copytree(OLD, folder)
        (folder / name).write_bytes(content)
        before = sorted(tmp_path.rglob("*"))
        try:
            load_run(folder).load_model()
            losses += 1
        except DataError as error:
            losses += "\n" in str(error)
        losses += sorted(tmp_path.rglob("*")) != before
    tries = len(HOSTILE) + len(CHANGES) + len(LIES)
    record(
        "model files: hostile config.json or model.safetensors", tries, losses, "one line, less than 20 MB of memory"
    )
    assert losses == 0
