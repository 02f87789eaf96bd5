"""The command line as a user meets it: folders, pictures, and one clear line for whatever is refused."""

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from minigen import data
from minigen.cli import main
from minigen.models import RECIPES

QUICK = ["--steps", "4", "--width", "4", "--batch-size", "16", "--quiet"]


def train(tmp_path, model, *options):
    out = tmp_path / "run"
    assert main(["train", model, "--out", str(out), *QUICK, *options]) == 0
    return out


def refused(capsys, *argv):
    """The one line with which a command is refused."""
    assert main(list(argv)) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("minigen: ")
    assert captured.err.count("\n") == 1
    return captured.err


def pixels(path):
    """The grey levels of a picture."""
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


@pytest.mark.parametrize("model", ["vae", "conv-vae", "gan", "dcgan"])
def test_train_leaves_a_whole_folder(tmp_path, model):
    out = train(tmp_path, model, "--latent-dim", "2")
    names = {"config.json", "metrics.jsonl", "model.safetensors", "samples.png", "curves.png"}
    if "vae" in model:
        names |= {"reconstructions.png", "manifold.png"}
    assert {path.name for path in out.iterdir()} == names
    config = json.loads((out / "config.json").read_text())
    assert (config["model"], config["data"], config["steps"], config["shape"]) == (model, "digits", 4, [8, 8, 1])
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "seconds" in row] == [1, 2, 3, 4]
    assert all(np.isfinite(value) for row in rows for value in row.values())
    for picture in names:
        if picture.endswith(".png"):
            assert pixels(out / picture).std() > 5, picture  # not blank


@pytest.mark.parametrize("model", ["vae", "gan"])
@pytest.mark.parametrize("data", ["ring", "moons"])
def test_train_on_points(tmp_path, model, data):
    out = train(tmp_path, model, "--data", data)
    last = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    assert (out / "samples.png").stat().st_size > 0
    if data == "ring":
        assert 0 <= last["modes"] <= 8


def test_gaussian_decoder(tmp_path):
    assert (train(tmp_path, "vae", "--likelihood", "gaussian") / "reconstructions.png").exists()


def test_same_seed_same_bytes(tmp_path):
    first = train(tmp_path / "a", "vae", "--seed", "3")
    second = train(tmp_path / "b", "vae", "--seed", "3")
    third = train(tmp_path / "c", "vae", "--seed", "4")
    weights = [(out / "model.safetensors").read_bytes() for out in (first, second, third)]
    assert weights[0] == weights[1] != weights[2]


def test_sample(tmp_path, capsys):
    out = train(tmp_path, "gan")
    assert main(["sample", str(out)]) == 0
    assert pixels(out / "sample-0.png").shape[1] > 100
    arrays = []
    for seed in ("5", "5", "6"):
        assert main(["sample", str(out), "--n", "7", "--seed", seed, "--out", str(tmp_path / "s.npy")]) == 0
        arrays.append(np.load(tmp_path / "s.npy"))
    assert arrays[0].shape == (7, 8, 8, 1)
    assert arrays[0].dtype == np.float32
    assert np.array_equal(arrays[0], arrays[1])
    assert not np.array_equal(arrays[0], arrays[2])
    assert 0 <= arrays[0].min() <= arrays[0].max() <= 1
    assert "7 samples" in capsys.readouterr().out


def test_other_data_of_the_same_name_are_refused(tmp_path, capsys, monkeypatch):
    """By every command that reads the data of a run."""
    from minigen import data

    out, load = train(tmp_path, "vae"), data.load

    def other(name, part, folder=None):
        found = load(name, part, folder=folder)
        return data.Dataset(name, found.x[:, ::2, ::2], found.y)

    monkeypatch.setattr(data, "load", other)
    for command in ("evaluate", "explore", "augment"):
        told = refused(capsys, command, str(out))
        assert "the run's examples have shape (8, 8, 1), these (4, 4, 1); give the data that it was trained on" in told


def test_a_sample_that_takes_the_place_of_another_says_so(tmp_path, capsys):
    out = train(tmp_path, "gru", "--data", "names")
    capsys.readouterr()
    for verb in ("wrote", "replaced"):
        assert main(["sample", str(out), "--n", "2"]) == 0
        assert f"{verb} {out / 'sample-0.txt'}: 2 lines\n" in capsys.readouterr().out
    assert "expected the beginning of one line" in refused(capsys, "sample", str(out), "--prompt", "an\nna")


def test_samples_of_a_style_gan_can_be_pulled_together(tmp_path):
    out, spreads = train(tmp_path, "style-gan"), []
    for psi in ("0", "1"):
        file = tmp_path / "s.npy"
        assert main(["sample", str(out), "--n", "30", "--truncation", psi, "--out", str(file)]) == 0
        spreads.append(np.load(file).var(axis=0).mean())
    assert spreads[0] < 0.1 * spreads[1]  # noise is left


def test_sample_of_points(tmp_path):
    out = train(tmp_path, "vae", "--data", "moons")
    assert main(["sample", str(out), "--n", "50", "--out", str(tmp_path / "s.png")]) == 0
    assert (tmp_path / "s.png").stat().st_size > 1000


def test_list_and_doctor(capsys):
    assert main(["list"]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in ("vae", "dcgan", "digits", "fashion_mnist", "ring"))
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert all(subject in text for subject in ("Python", "NumPy", "BLAS", "CUDA", "mpi ", "data mnist"))


def test_doctor_tells_a_fault_with_its_remedy(capsys, monkeypatch):
    from importlib import metadata

    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("minigen.doctor.metadata.version", missing)
    monkeypatch.setattr("minigen.doctor.threadpool_info", list)
    assert main(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "FAULT tqdm" in text
    assert "-> pip install tqdm" in text
    assert "none found" in text
    assert "mpi4py is not installed" in text


def test_doctor_goes_on_past_a_folder_it_cannot_look_into(capsys, tmp_path):
    (tmp_path / "orl").symlink_to("orl")
    assert main(["doctor", "--data-dir", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert f"cannot look into {tmp_path / 'orl'}" in told
    assert "-> make it readable, or name another" in told
    assert "data movielens" in told  # a data set of another folder, told after it


def test_doctor_wants_a_launcher_beside_mpi4py(monkeypatch):
    from minigen import doctor

    monkeypatch.setattr("minigen.doctor.metadata.version", lambda name: "4.1.2")
    monkeypatch.setattr("minigen.doctor.shutil.which", lambda name, path=None: None)
    (found,) = [finding for finding in doctor.examine() if finding.subject == "mpi"]
    assert (found.found, found.severity) == ("mpi4py 4.1.2, but no mpiexec", "note")
    assert "pip install 'minigen[mpi]'" in found.remedy
    monkeypatch.setattr("minigen.doctor.shutil.which", lambda name, path=None: "/bin/mpiexec")
    (found,) = [finding for finding in doctor.examine() if finding.subject == "mpi"]
    assert (found.found, found.remedy) == ("mpi4py 4.1.2, /bin/mpiexec", "")


def test_without_out_a_free_name_is_taken(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        assert main(["train", "vae", *QUICK]) == 0
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {"vae-digits", "vae-digits-2"}


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["train", "vea"], "did you mean 'vae'"),
        (["train", "vae", "--data", "digit"], "did you mean 'digits'"),
        (["train", "vae", "--steps", "0"], "steps: expected an integer >= 1"),
        (["train", "vae", "--batch-size", "-3"], "--batch-size: expected an integer >= 1"),
        (["train", "vae", "--lr", "-1"], "lr: expected a number with 0 < lr <= 1, got -1.0"),
        (["train", "vae", "--latent-dim", "0"], "--latent-dim: expected an integer >= 1"),
        (["train", "vae", "--seed", "-1"], "seed: expected an integer >= 0"),
        (["train", "vae", "--device", "gpu"], "--device: unknown name 'gpu'; take 'cpu', or 'cuda'"),
        (["train", "gan", "--words", "3"], "others have it: vq-vae"),
        (["train", "iwae", "--samples", "5000"], "samples 5000 and batch_size 100: a step would take about 3.8 GB"),
        (["train", "vq-vae", "--words", "100000"], "words 100000 and batch_size 64: a step would take about 12.7 GB"),
        (["train", "vae", "--likelihood", "normal"], "likelihood: unknown name"),
        (["train", "gan", "--loss", "minimx"], "did you mean 'minimax'"),
        (["train", "dcgan", "--data", "ring"], "learns from images, and 'ring' holds points"),
        (["train", "vae", "--epochs", "1", "--steps", "1"], "--epochs and --steps: give one of the two"),
        (["train", "vae", "--on-nan", "ignore"], "--on-nan: expected one of stop, skip, rollback, got 'ignore'"),
        (["sample", "nowhere"], "nowhere does not exist"),
    ],
)
def test_refusals_are_one_line_and_leave_nothing(tmp_path, monkeypatch, capsys, argv, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, *argv)
    assert list(tmp_path.iterdir()) == []


def test_cuda_without_cuda_is_told(capsys, monkeypatch, tmp_path):
    def missing():
        raise ImportError("No module named 'cupy'")

    monkeypatch.setattr("minigen.backend._import_cupy", missing)
    line = refused(capsys, "train", "vae", "--device", "cuda", "--out", str(tmp_path / "run"))
    assert "cupy is not installed" in line
    assert "pip install" in line
    assert not (tmp_path / "run").exists()


def test_a_folder_in_use_is_not_touched(tmp_path, capsys):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("mine")
    line = refused(capsys, "train", "vae", "--out", str(tmp_path / "run"), *QUICK)
    assert "is not an empty folder" in line
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert "cannot make the folder" in refused(capsys, "train", "vae", "--out", str(tmp_path / "file" / "run"), *QUICK)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(tmp_path, capsys):
    (tmp_path / "run").mkdir(mode=0o500)
    assert "cannot write" in refused(capsys, "train", "vae", "--out", str(tmp_path / "run"), *QUICK)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", b"{", "not JSON"),
        ("config.json", b"[1, 2]", "not the settings of a minigen run"),
        (
            "config.json",
            b'{"minigen": "0.1.0", "shape": [8, 8, 1], "model": "vae", "data": "digits", "planet": "Mars"}',
            "'planet' is no setting that this minigen knows",
        ),
        ("config.json", None, "holds no config.json"),
        ("model.safetensors", b"\x00" * 7, "not a whole safetensors file"),
        ("model.safetensors", None, "was not finished"),
    ],
)
def test_damaged_runs(tmp_path, capsys, name, content, message):
    out = train(tmp_path, "vae")
    (out / name).unlink()
    if content is not None:
        (out / name).write_bytes(content)
    capsys.readouterr()
    before = sorted(out.iterdir())
    assert message in refused(capsys, "sample", str(out))
    assert sorted(out.iterdir()) == before


def test_weights_of_another_model(tmp_path, capsys):
    small, large = train(tmp_path / "a", "vae"), train(tmp_path / "b", "vae", "--latent-dim", "5")
    (small / "model.safetensors").write_bytes((large / "model.safetensors").read_bytes())
    capsys.readouterr()
    assert "build the model with the settings it was saved with" in refused(capsys, "sample", str(small))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--n", "0"], "--n: expected an integer with 1 <= n <= 1e+07"),
        (["--out", "picture.gif"], "ends in .png or .npy"),
        (["--out", "nowhere/picture.png"], "the folder nowhere does not exist"),
        (["--seed", "-2"], "seed: expected an integer >= 0"),
        (["--label", "3"], "label: 'vae' knows no classes"),
        (["--truncation", "0.5"], "truncation: 'vae' has no styles"),
    ],
)
def test_sample_refuses(tmp_path, capsys, monkeypatch, options, message):
    out = train(tmp_path, "vae")
    capsys.readouterr()
    monkeypatch.chdir(tmp_path)
    assert message in refused(capsys, "sample", str(out), *options)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_argparse_errors_have_status_2(capsys):
    for argv, told in (
        ([], "required: COMMAND"),
        (["tarin"], "did you mean 'train'?"),
        (["train", "vae", "--stesp", "10"], "did you mean '--steps'?"),
        (["list", "extra"], "unrecognized arguments: extra"),
        (["train", "vae", "--steps", "some"], "--steps: invalid int value: 'some'"),
        (["sample"], "required: DIR"),
        (["inspect", ""], "file: expected a path, got ''"),
        (["train", "gan", "--out", ""], "--out: expected a path, got ''"),
    ):
        assert main(argv) == 2
        said = capsys.readouterr().err
        assert told in said
        assert said.startswith("minigen: ")
        assert said.count("\n") == 1


def test_interrupt(monkeypatch, capsys, tmp_path):
    def interrupted(*args, **named):
        raise KeyboardInterrupt

    monkeypatch.setattr("minigen.train.supervise", interrupted)
    assert main(["train", "vae", "--out", str(tmp_path / "run")]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "minigen", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "train" in done.stdout


@pytest.mark.parametrize("model", ["vae", "dcgan", "gru", "melody-vae", "made"])
def test_help_lists_the_data_sets_that_the_model_takes(model, capsys):
    recipe = RECIPES[model]
    with pytest.raises(SystemExit):
        main(["train", model, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    names, default = re.search(r"--data NAME one of: (.*?) \(default: (.*?)\)", said).groups()
    assert names.split(", ") == [name for name in data.DATASETS if data.kind_of(name) in recipe.takes]
    assert default == recipe.default_data
