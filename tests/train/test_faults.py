"""What can befall a run: signals, a full disk, a second process, a folder that vanishes, NaN, too little memory."""

import errno
import re
import shutil
import signal
import sys
import time

import numpy as np
import pytest

from minigen import backend, cli, data, models, ops
from minigen.errors import ArgumentError, DataError, NumericalError
from minigen.train import Every, resume, train
from minigen.train.checkpoint import load_newest
from minigen.train.trainers import Trainer
from tests.cupy_double import double
from tests.faults import record

from .runs import child, go_on, rows, sets, small, start, weights


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """They take longer than the steps, and have tests of their own."""
    monkeypatch.setattr("minigen.train.start.draw", lambda *args: None)


# ------------------------------------------------------------------------------------------------- signals

SLOW = """
import sys, time
from minigen import cli
from minigen.train.trainers import Trainer
descend = Trainer.descend
def slow(self, optimizer, loss):
    if self.optimizers[0].t == 3:
        print("in step 4", flush=True)
        time.sleep(float(sys.argv[2]))
    return descend(self, optimizer, loss)
Trainer.descend = slow
sys.exit(cli.main(["train", "vae", "--steps", "6", "--width", "4", "--quiet", "--checkpoint-every", "2",
                   "--out", sys.argv[1]]))
"""


def stopped(folder, number, seconds, again=None):
    """Signal a command in the middle of its fourth step; returns its exit status and what it said."""
    with child(SLOW, folder, seconds) as process:
        assert process.stdout.readline() == "in step 4\n"
        process.send_signal(number)
        if again is not None:
            assert "finishing the step" in process.stderr.readline() + process.stderr.readline()
            process.send_signal(again)
        _, errors = process.communicate(timeout=60)
    return process.returncode, errors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_lets_the_step_finish_and_saves(tmp_path, number, status):
    folder = tmp_path / "a run"
    returned, said = stopped(folder, number, 0.3)
    assert returned == status
    advice = f"stopped after step 4; go on from step 4 with: python -m minigen train --resume '{folder}'"
    assert said.splitlines()[-1] == f"minigen: {advice}"
    assert load_newest(folder)[0].step == 4
    assert cli.main(["train", "--resume", str(folder), "--quiet"]) == 0
    assert (folder / "model.safetensors").exists()


def test_a_second_signal_ends_at_once_and_the_last_checkpoint_is_whole(tmp_path):
    begin = time.monotonic()
    returned, said = stopped(tmp_path / "run", signal.SIGINT, 1000, again=signal.SIGINT)
    assert time.monotonic() - begin < 60
    assert returned == 130
    assert "stopped at once; go on from step 2 with: " in said
    assert "Traceback" not in said
    assert load_newest(tmp_path / "run")[0].step == 2
    go_on(tmp_path / "run")


def test_in_another_thread_signals_are_left_alone(tmp_path):
    import threading

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=start, args=("vae", tmp_path / "run"))
    thread.start()
    thread.join()
    assert weights(tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is before


# ------------------------------------------------------------------------------------------------- disk and folder


def test_a_disk_that_is_full_for_a_while(tmp_path, monkeypatch, capsys):
    """Checkpoints fail and training goes on; once there is room it saves again."""
    import minigen.files

    full, persist, tried = {2, 3}, minigen.files.persist, []

    def sometimes(written, path):
        if path.name.startswith("checkpoint"):
            tried.append(path)
            if len(tried) in full:
                raise OSError(errno.ENOSPC, "No space left on device")
        persist(written, path)

    monkeypatch.setattr(minigen.files, "persist", sometimes)
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
    import minigen.files

    persist = minigen.files.persist

    def failing(written, path):
        if path.name == name and path.with_name("checkpoint-00000060.safetensors").exists():
            raise OSError(number, "it cannot be")
        persist(written, path)

    with monkeypatch.context() as patch:
        patch.setattr(minigen.files, "persist", failing)
        with pytest.raises(DataError, match=f"cannot write .*{name} \\(it cannot be\\); make room"):
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
        with child(LIMITED, folder, limit) as process:
            _, said = process.communicate(timeout=120)
        losses += process.returncode != 2 or "Traceback" in said or "cannot write" not in said
        if (folder / "config.json").exists():
            go_on(folder)
            losses += weights(folder) != weights(tmp_path / "whole")
        losses += bool(list(folder.glob(".*partial*")))
    return losses


def test_out_of_room(tmp_path):
    assert out_of_room(tmp_path, [100_000]) == 0


@pytest.mark.slow
def test_out_of_room_anywhere(tmp_path):
    limits = [*range(0, 1000, 100), *range(1000, 300_000, 23_000)]
    losses = out_of_room(tmp_path, limits)
    record(
        "training: the disk is full after so many bytes",
        len(limits),
        losses,
        "one line; resumed with room: the same bytes",
    )
    assert losses == 0


def test_two_processes_want_one_folder(tmp_path):
    """One trains, the other is told so."""
    code = """
import sys
from minigen import cli
sys.exit(cli.main(["train", "vae", "--steps", "300", "--width", "8", "--quiet", "--out", sys.argv[1]]))
"""
    processes = [child(code, tmp_path / "run") for _ in range(3)]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 2, 2]
    refusals = [text for text in said if text]
    assert all(
        re.search("another process is training|is not an empty folder|is not finished", text) for text in refusals
    )
    assert all(text.count("\n") == 1 for text in refusals)
    assert weights(tmp_path / "run")


def test_two_processes_want_any_folder(tmp_path):
    code = """
import sys
from minigen import cli
sys.exit(cli.main(["train", "vae", "--steps", "3", "--width", "8", "--quiet"]))
"""
    processes = [child(code, cwd=tmp_path) for _ in range(3)]
    assert [process.communicate(timeout=120)[1] for process in processes] == [""] * 3
    folders = sorted(path.name for path in (tmp_path / "runs").iterdir())
    assert folders == ["vae-digits", "vae-digits-2", "vae-digits-3"]
    assert len({weights(tmp_path / "runs" / name) for name in folders}) == 1


def test_a_folder_in_training_cannot_be_resumed_elsewhere(tmp_path):
    from minigen.files import locked

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
    descend = Trainer.descend

    def removing(self, optimizer, loss):
        if self.optimizers[0].t == step:
            remove()
        return descend(self, optimizer, loss)

    monkeypatch.setattr(Trainer, "descend", removing)


def test_the_folder_is_removed_meanwhile(tmp_path, monkeypatch):
    remove_at(monkeypatch, 20, lambda: shutil.rmtree(tmp_path / "run", ignore_errors=True))
    with pytest.raises(DataError, match="was removed during training; nothing can be saved"):
        start("vae", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["metrics.jsonl", "config.json", "checkpoint-00000010.safetensors", ".run.lock"])
def test_a_file_is_removed_meanwhile(tmp_path, monkeypatch, name):
    start("vae", tmp_path / "other")
    remove_at(monkeypatch, 20, lambda: (tmp_path / "run" / name).unlink(missing_ok=True))
    start("vae", tmp_path / "run", every=Every(steps=10))
    assert weights(tmp_path / "run") == weights(tmp_path / "other")
    assert rows(tmp_path / "run") == rows(tmp_path / "other")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"config.json", "metrics.jsonl", "model.safetensors"}


def test_the_clock_jumps(tmp_path, monkeypatch):
    """Years forth and back: checkpoints are due by a clock that cannot be set."""
    jumps = iter([0.0, 2e9, -1e9] * 10**6)
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    run = start("vae", tmp_path / "run", every=Every(minutes=5))
    seconds = [row["seconds"] for row in run.metrics() if "seconds" in row]
    assert seconds == sorted(seconds)
    assert 0 <= seconds[-1] < 600


# ------------------------------------------------------------------------------------------------- NaN and infinity


LOSS = models.VAE.loss


def poisoned(monkeypatch, bad):
    """Let the loss go through log(0) whenever `bad(calls so far)`."""
    calls, loss = [], LOSS

    def poisoning(self, x, rng=None):
        calls.append(1)
        found = loss(self, x, rng)
        if bad(len(calls)) and self.training:
            return found._replace(total=found.total + ops.log(ops.mean(x) * 0.0))
        return found

    monkeypatch.setattr(models.VAE, "loss", poisoning)


def test_a_nan_stops_the_run_and_is_named(tmp_path, monkeypatch):
    poisoned(monkeypatch, lambda call: call >= 45)
    with pytest.raises(NumericalError) as caught:
        start("vae", tmp_path / "run", every=Every(steps=20))
    said = str(caught.value)
    assert said.startswith("step 45: the loss is -inf")
    assert "log: result holds 1 infinity" in said
    assert "the last checkpoint, of step 40, is good" in said
    assert "--on-nan skip or --on-nan rollback" in said
    poisoned(monkeypatch, lambda call: False)
    go_on(tmp_path / "run")
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "run") == weights(tmp_path / "other")


def test_no_weight_changes_in_a_step_that_fails(monkeypatch):
    from minigen import Generator, tensor
    from minigen.train import build, recipe_of

    settings = small("vae")
    model = build(settings, (8, 8, 1), Generator(0))
    trainer = recipe_of("vae").trainer(model, settings)
    before = trainer.state()
    poisoned(monkeypatch, lambda call: True)
    with pytest.raises(NumericalError, match="the loss is -inf"), np.errstate(divide="ignore"):
        trainer.step(tensor(data.load("digits").x[:5]), Generator(0))
    after = trainer.state()
    assert all(before[name].tobytes() == after[name].tobytes() for name in before)


def test_a_gradient_may_fail_alone(tmp_path, monkeypatch):
    """sqrt at 0: a finite value with an infinite slope."""
    loss = models.VAE.loss

    def steep(self, x, rng=None):
        found = loss(self, x, rng)
        return found._replace(total=found.total + ops.sqrt(found.kl - found.kl.item()))

    monkeypatch.setattr(models.VAE, "loss", steep)
    message = r"step 1: the loss is \d.* the norm of its gradient (inf|nan).*gradient of sqrt"
    with pytest.raises(NumericalError, match=message):
        start("vae", tmp_path / "run")


def test_skip_leaves_the_step_out(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call in (20, 21, 50))
    run = start("vae", tmp_path / "run", on_nan="skip")
    assert capsys.readouterr().err.count("left out") == 3
    assert sum(row.get("skipped", 0) for row in run.metrics()) == 3
    assert all(np.isfinite(t.data).all() for _, t in run.load_model().named_tensors())


def test_skip_keeps_the_running_statistics(tmp_path):
    """A NaN in the data reaches batch norm's averages before anybody sees the loss."""
    digits, test = sets("digits")
    x = digits.x.astype(np.float32)
    x[3, 2, 2, 0] = np.nan
    broken = data.Dataset("digits", x, digits.y)
    run = train(small("dcgan"), broken, test, str(tmp_path / "run"), quiet=True, on_nan="skip")
    assert sum(row.get("skipped", 0) for row in run.metrics()) == 2  # two epochs
    assert all(np.isfinite(t.data).all() for _, t in run.load_model().named_tensors())
    with pytest.raises(NumericalError, match="the batch holds 1 NaN"):
        train(small("dcgan"), broken, test, str(tmp_path / "other"), quiet=True)


def test_skip_gives_up(tmp_path, monkeypatch):
    poisoned(monkeypatch, lambda call: call > 10)
    with (
        np.errstate(divide="ignore"),
        pytest.raises(NumericalError, match=r"step 111: .* or train anew with a lower --lr"),
    ):
        start("vae", tmp_path / "run", on_nan="skip", steps=200)


def test_rollback_goes_on_with_other_numbers(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call in (45, 46))  # 46: the step again, to find the origin
    run = start("vae", tmp_path / "run", every=Every(steps=20), on_nan="rollback")
    assert "back to step 40, and on with other random numbers" in capsys.readouterr().err
    steps = [row["step"] for row in run.metrics()]
    assert steps == sorted(steps)
    start("vae", tmp_path / "other")
    assert weights(tmp_path / "run") != weights(tmp_path / "other")
    assert rows(tmp_path / "run")[:40] == rows(tmp_path / "other")[:40]


def test_rollback_gives_up(tmp_path, monkeypatch, capsys):
    poisoned(monkeypatch, lambda call: call > 10)
    with pytest.raises(NumericalError, match=r"there is no checkpoint yet"):
        start("vae", tmp_path / "run", on_nan="rollback")
    assert capsys.readouterr().err.count("back to step 0") == 10


def test_on_nan_takes_three_words(tmp_path, capsys):
    with pytest.raises(ArgumentError, match="on_nan: expected one of stop, skip, rollback, got 'ignore'"):
        train(small("vae"), *sets("digits"), str(tmp_path / "run"), on_nan="ignore")
    with pytest.raises(ArgumentError, match="on_nan: "):
        resume(tmp_path / "run", *sets("digits"), on_nan="")
    assert cli.main(["train", "vae", "--on-nan", "ignore", "--out", str(tmp_path / "run")]) == 2
    assert not (tmp_path / "run").exists()


# ------------------------------------------------------------------------------------------------- balance, memory


def test_imbalance_shows_in_the_log_and_on_the_screen(tmp_path, monkeypatch, capsys):
    """A discriminator that learns far faster than the generator."""
    from minigen.optim import Adam

    step = Adam.step

    def one_sided(self):
        if self.flat.params[-1].shape == (1,):  # the discriminator's last bias
            self.lr = 5e-3
            step(self)

    monkeypatch.setattr(Adam, "step", one_sided)
    run = start("gan", tmp_path / "run", width=32, steps=400)
    told = {row["step"]: row["warnings"] for row in run.metrics() if "warnings" in row}
    assert any("D always right" in warning for warnings in told.values() for warning in warnings)
    assert "D always right: the discriminator is right about every example" in capsys.readouterr().err


def test_clusters_are_counted_on_the_way(tmp_path):
    run = start("gan on points", tmp_path / "run")
    assert all(0 <= row["modes"] <= 8 for row in run.metrics())


STARVED = """
import resource, sys
from minigen import cli
from minigen.train.trainers import Trainer
step, taken = Trainer.descend, []
def starving(self, optimizer, loss):
    taken.append(1)
    if len(taken) == 1:  # before the first backward pass
        size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + 2**20, size + 2**20))
    return step(self, optimizer, loss)
Trainer.descend = starving
sys.exit(cli.main(["train", "conv-vae", "--steps", "9", "--batch-size", "1000", "--quiet", "--out", sys.argv[1]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_too_little_memory(tmp_path):
    with child(STARVED, tmp_path / "run") as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 2, said
    assert said.startswith("minigen: batch_size: out of memory on the cpu with 1000 examples a step (")
    assert said.endswith("; try --batch-size 500\n")


def test_too_little_memory_on_the_gpu(tmp_path, capsys):
    """CuPy's own error becomes advice."""
    command = ["train", "dcgan", "--steps", "3", "--batch-size", "64", "--width", "4", "--quiet", "--device", "cuda"]
    with double.installed(), backend.module_for("cuda").little_memory(32 * 8 * 8 * 4 * 4):
        assert cli.main([*command, "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr().err
    assert "out of memory on the cuda with 64 examples a step (Out of memory allocating " in said
    assert said.endswith("; try --batch-size 32\n")


def test_too_little_memory_for_one_example(tmp_path, monkeypatch):
    def starving(self, optimizer, loss):
        raise MemoryError

    monkeypatch.setattr(Trainer, "descend", starving)
    with pytest.raises(ArgumentError, match="with 1 examples a step; try a smaller --width than 4"):
        start("vae", tmp_path / "run", batch_size=1)


# ------------------------------------------------------------------------------------------------- command line


def test_resume_keeps_its_settings(tmp_path, capsys):
    assert cli.main(["train", "vae", "--resume", str(tmp_path), "--lr", "0.1"]) == 2
    assert "model, lr: a run that is resumed keeps its settings; leave this out" in capsys.readouterr().err
    assert cli.main(["train", "--resume", str(tmp_path)]) == 2
    assert "holds no config.json" in capsys.readouterr().err
    assert cli.main(["train"]) == 2
    assert "model: say which one to train, or --resume DIR" in capsys.readouterr().err


def test_checkpoint_every_is_checked_first(tmp_path, capsys):
    assert cli.main(["train", "vae", "--checkpoint-every", "soon", "--out", str(tmp_path / "run")]) == 2
    assert "checkpoint_every: expected a number of steps such as 500, of minutes such as 5m, or never" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / "run").exists()
