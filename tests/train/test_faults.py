"""What happens to a run from outside: a full disk, a read-only folder, a second process, files that vanish, clocks."""

import errno
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from minigen import cli
from minigen.errors import DataError
from minigen.runs import Every
from minigen.train import train
from tests.faults import record

from .runs import child, descents, ended, go_on, rows, sets, small, start, weights

pytestmark = pytest.mark.usefixtures("no_pictures")

# ------------------------------------------------------------------------------------------------- disk and folder


def test_a_disk_that_is_full_for_a_while(tmp_path, monkeypatch, capsys):
    """Checkpoints fail and training goes on; once there is room it saves again."""
    import minigen.data.files

    full, persist, tried = {2, 3}, minigen.data.files.persist, []

    def sometimes(written, path):
        if path.name.startswith("checkpoint"):
            tried.append(path)
            if len(tried) in full:
                raise OSError(errno.ENOSPC, "No space left on device")
        persist(written, path)

    monkeypatch.setattr(minigen.data.files, "persist", sometimes)
    whole = start("vae", tmp_path / "whole", every=Every(steps=15))
    said = capsys.readouterr().err
    assert said.count("no checkpoint: out: cannot write") == 2
    assert "No space left on device" in said
    assert not list(whole.folder.glob(".*partial*"))
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "whole") == weights(tmp_path / "other")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EDQUOT])
@pytest.mark.parametrize("name", ["model.safetensors", "metrics.jsonl"])
def test_a_file_that_cannot_be_written_in_the_end(tmp_path, monkeypatch, number, name):
    """One line; the checkpoint is still there, and with room again the run ends as it should."""
    import minigen.data.files

    persist = minigen.data.files.persist

    def failing(written, path):
        if path.name == name and path.with_name("checkpoint-00000060.safetensors").exists():
            raise OSError(number, "it cannot be")
        persist(written, path)

    with monkeypatch.context() as patch:
        patch.setattr(minigen.data.files, "persist", failing)
        with pytest.raises(DataError, match=f"cannot write .*{name} \\(it cannot be\\); "):
            start("vae", tmp_path / "run")
    go_on(tmp_path / "run")
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "run") == weights(tmp_path / "other")
    assert rows(tmp_path / "run") == rows(tmp_path / "other")


LIMITED = """
import resource, sys
from minigen import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
sys.exit(cli.main(["train", "vae", "--steps", "40", "--quiet", "--checkpoint-every", "10", "--out", sys.argv[1]]))
"""


def out_of_room(tmp_path, limits):
    """The real thing: the system refuses to write more than so many bytes. Returns how many runs were lost."""
    train(
        small("vae", steps=40, width=400, latent_dim=20, batch_size=128, seed=0),
        *sets("digits"),
        str(tmp_path / "whole"),
    )
    losses = 0
    for limit in limits:
        folder = tmp_path / str(limit)
        status, _, said = ended(child(LIMITED, folder, limit))
        losses += status != 2 or "Traceback" in said or "cannot write" not in said
        if (folder / "config.json").exists():
            go_on(folder)
            losses += weights(folder) != weights(tmp_path / "whole")
        losses += bool(list(folder.glob(".*partial*")))
    return losses


@pytest.mark.long
def test_out_of_room(tmp_path):
    assert out_of_room(tmp_path, [100_000]) == 0


@pytest.mark.slow
def test_fault_out_of_room_anywhere(tmp_path):
    limits = [*range(0, 1000, 100), *range(1000, 300_000, 23_000)]
    losses = out_of_room(tmp_path, limits)
    record(
        "training: the disk is full after so many bytes",
        len(limits),
        losses,
        "one line; resumed with room: the same bytes",
    )
    assert losses == 0


READ_ONLY = """
import os, sys, tempfile
import minigen.report.samples
from minigen import cli, data
step, folder, *command = sys.argv[1:]
if os.geteuid() == 0:  # who may write anywhere
    with tempfile.TemporaryDirectory() as other:  # import all that is needed, while Python can be read
        start("vae", other + "/run", steps=1)
    digits = {part: data.load("digits", part) for part in ("train", "test")}
    data.load = lambda name, part, **how: digits[part]
    os.chown(folder, 65534, 65534)
    os.setuid(65534)
def closing(descend, trainer, optimizer, loss):
    if trainer.optimizers[0].t == int(step):
        os.chmod(folder, 0o555)
    return descend(loss)
descents(closing)
if int(step) == 0:
    os.chmod(folder, 0o555)
sys.exit(cli.main(command))
"""


@pytest.fixture
def open_folder():
    """An empty folder that other users can reach."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "run").mkdir()
        yield folder / "run"
        (folder / "run").chmod(0o755)


@pytest.mark.long
def test_fault_a_folder_that_is_read_only(open_folder, tmp_path):
    """Before the run, while it trains, and when it is to be resumed or sampled: one line, and nothing is lost."""
    new = ["train", "vae", "--steps", "40", "--width", "4", "--quiet", "--checkpoint-every", "10", "--out", open_folder]
    told = []

    def refused(step, command, message):
        status, _, said = ended(child(READ_ONLY, step, open_folder, *command))
        told.append(status == 2 and said.startswith("minigen: ") and message in said.splitlines()[-1])
        assert told[-1], said
        open_folder.chmod(0o755)

    refused(0, new, "make it writable")
    assert list(open_folder.iterdir()) == []
    refused(25, new, "Permission denied); make it writable, or choose another folder")
    assert sorted(p.name for p in open_folder.glob("check*")) == [f"checkpoint-000000{n}.safetensors" for n in (10, 20)]
    refused(0, ["train", "--resume", open_folder, "--quiet"], "Permission denied")
    assert cli.main(["train", "--resume", str(open_folder), "--quiet"]) == 0
    refused(0, ["sample", open_folder], "cannot write")
    assert cli.main([*new[:-1], str(tmp_path / "whole")]) == 0
    same = weights(open_folder) == weights(tmp_path / "whole")
    record("training: the folder is read-only", len(told), told.count(False) + (not same), "or becomes so meanwhile")
    assert same


@pytest.mark.long
def test_fault_processes_want_one_folder(tmp_path):
    """One trains, the others are told so."""
    code = """
import sys
from minigen import cli
sys.exit(cli.main(["train", "vae", "--steps", "300", "--width", "8", "--quiet", "--out", sys.argv[1]]))
"""
    found = [ended(process) for process in [child(code, tmp_path / "run") for _ in range(4)]]
    assert sorted(status for status, _, _ in found) == [0, 2, 2, 2]
    refusals = [said for status, _, said in found if status]
    told = "another process is training|is not an empty folder|is not finished"
    losses = sum(said.count("\n") != 1 or not re.search(told, said) for said in refusals)
    record("training: processes want one folder", len(found), losses, "one trains, the others are told")
    assert losses == 0
    assert weights(tmp_path / "run")


@pytest.mark.long
def test_two_processes_want_any_folder(tmp_path):
    code = """
import sys
from minigen import cli
sys.exit(cli.main(["train", "vae", "--steps", "3", "--width", "8", "--quiet"]))
"""
    processes = [child(code, cwd=tmp_path) for _ in range(3)]
    assert [ended(process)[2] for process in processes] == [""] * 3
    folders = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert folders == ["vae-digits", "vae-digits-2", "vae-digits-3"]
    assert len({weights(tmp_path / "runs" / name) for name in folders}) == 1


def test_a_folder_in_training_cannot_be_resumed_elsewhere(tmp_path):
    from minigen.data.files import locked

    with child("start('vae', sys.argv[1], steps=10**5)", tmp_path / "run") as process:
        while not (tmp_path / "run" / "metrics.jsonl").exists() and process.poll() is None:
            time.sleep(0.02)
        with pytest.raises(DataError, match=r"another process is training in .*; wait for it, or choose another"):
            go_on(tmp_path / "run")
        with pytest.raises(BlockingIOError), locked(tmp_path / "run" / "run", wait=False):
            pass
        process.kill()
        process.communicate()
    shutil.rmtree(tmp_path / "run")


def remove_at(monkeypatch, step, remove):
    """Let something vanish before that step."""

    def removing(descend, trainer, optimizer, loss):
        if trainer.optimizers[0].t == step:
            remove()
        return descend(loss)

    descents(removing, monkeypatch.setattr)


def test_the_folder_is_removed_meanwhile(tmp_path, monkeypatch):
    remove_at(monkeypatch, 20, lambda: shutil.rmtree(tmp_path / "run", ignore_errors=True))
    with pytest.raises(DataError, match="was removed during training; nothing can be saved"):
        start("vae", tmp_path / "run")
    assert not (tmp_path / "run").exists()


REMOVED = ["metrics.jsonl", "config.json", "checkpoint-00000010.safetensors", ".run.lock"]


def test_fault_files_are_removed_meanwhile(tmp_path, monkeypatch):
    """Each, and all together."""
    start("vae", tmp_path / "other")
    expected = weights(tmp_path / "other"), rows(tmp_path / "other")
    files = {"config.json", "metrics.jsonl", "model.safetensors"}
    losses, cases = 0, [[name] for name in REMOVED] + [REMOVED]
    for i, names in enumerate(cases):
        folder = tmp_path / str(i)

        def remove(folder=folder, names=names):
            for name in names:
                (folder / name).unlink(missing_ok=True)

        with monkeypatch.context() as patch:
            remove_at(patch, 20, remove)
            start("vae", folder, every=Every(steps=10))
        losses += (weights(folder), rows(folder)) != expected or {path.name for path in folder.iterdir()} != files
    record("training: files of the folder are removed", len(cases), losses, "they are written again")
    assert losses == 0


def test_fault_the_clock_jumps(tmp_path, monkeypatch):
    """Years forth and back: checkpoints are due, and seconds counted, by a clock that cannot be set."""
    monkeypatch.setattr("minigen.train.supervisor.save_checkpoint", lambda folder, state: saved.append(state.step))
    losses, cases = 0, [[0.0, 2e9, -1e9], [1e10], [-1e10, 0.0], [0.0] * 30 + [4e9] * 30]
    for i, clock in enumerate(cases):
        saved, jumps = [], iter(clock * 10**5)
        monkeypatch.setattr(time, "time", lambda jumps=jumps: next(jumps))
        run = start("vae", tmp_path / str(i), every=Every(minutes=60))
        seconds = [row["seconds"] for row in run.metrics() if "seconds" in row]
        losses += saved != [60] or seconds != sorted(seconds) or not 0 <= seconds[-1] < 3600
    record("training: the clock is set", len(cases), losses, "no checkpoint too many or too few")
    assert losses == 0


# ------------------------------------------------------------------------------------------------- command line


def test_resume_keeps_its_settings(tmp_path, capsys):
    assert cli.main(["train", "vae", "--resume", str(tmp_path), "--lr", "0.1"]) == 2
    assert "model, --lr: a run that is resumed keeps its settings; leave this out" in capsys.readouterr().err
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    assert "holds no config.json" in capsys.readouterr().err
    assert cli.main(["train"]) == 2
    assert "model: say which one to train, or --resume DIR" in capsys.readouterr().err


def test_checkpoint_every_is_checked_first(tmp_path, capsys):
    assert cli.main(["train", "vae", "--checkpoint-every", "soon", "--out", str(tmp_path / "run")]) == 2
    assert "--checkpoint-every: expected a number of steps such as 500, of minutes such as 5m, or never" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "run").exists()
