"""Ctrl-C and SIGTERM: the step is finished, the state saved, and the way to go on told; a second one ends at once."""

import random
import signal
import threading
import time

import pytest

from minigen import cli
from minigen.runs import load_newest, load_run
from tests.faults import record
from tests.train.runs import child, ended, go_on, rows, start, weights

SLOW = """
import sys, time
from minigen import cli
from minigen.train import begin_and_resume
def slow(descend, trainer, optimizer, loss):
    if trainer.optimizers[0].t == 3 and sys.argv[3] == "step":
        print("now", flush=True)
        time.sleep(float(sys.argv[2]))
    return descend(loss)
def slow_picture(*args):
    print("now", flush=True)
    time.sleep(float(sys.argv[2]))
descents(slow)
begin_and_resume.final_pictures = slow_picture
sys.exit(cli.main(["train", "vae", "--steps", "6", "--width", "4", "--quiet", "--checkpoint-every", "2",
                   "--out", sys.argv[1]]))
"""


def stopped(folder, number, seconds, again=None, during="step"):
    """Signal a command in the middle of its fourth step, or of its pictures; its exit status and what it said."""
    process = child(SLOW, folder, seconds, during)
    assert process.stdout.readline() == "now\n"
    process.send_signal(number)
    if again is not None:
        assert "finishing this step" in process.stderr.readline() + process.stderr.readline()
        process.send_signal(again)
    status, _, errors = ended(process)
    return status, errors


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


@pytest.mark.parametrize("again", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once_and_the_last_checkpoint_is_whole(tmp_path, again):
    returned, said = stopped(tmp_path / "run", signal.SIGINT, 10_000, again)  # seconds: longer than `ended` waits
    assert returned == 128 + again
    assert "stopped at once; go on from step 2 with: " in said
    assert "Traceback" not in said
    assert load_newest(tmp_path / "run")[0].step == 2
    go_on(tmp_path / "run")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_after_the_last_step_one_signal_is_enough(tmp_path, number, status):
    returned, said = stopped(tmp_path / "run", number, 10_000, during="pictures")
    assert returned == status
    assert said.startswith("minigen: stopped at once; go on from step 6 with: ")
    assert said.count("\n") == 1
    go_on(tmp_path / "run")


READY = """
import sys
from minigen import cli
from minigen.train.supervisor import Supervisor
begin = Supervisor.begin
def ready(self, bar):
    print("ready", flush=True)
    begin(self, bar)
Supervisor.begin = ready
sys.exit(cli.main([*sys.argv[1:], "--quiet", "--checkpoint-every", "5"]))
"""


def interrupted_often(tmp_path, tries, steps, seconds, rng):
    """Stop a command so many times, within `seconds` of its first step, every other time twice; returns the losses.

    A loss: another exit status than the signal's, no word of how to go on, or a folder that cannot.
    """
    new = ["train", "vae", "--steps", steps, "--width", "4", "--out", tmp_path / "run"]
    command, done, losses = new, 0, 0
    while done < tries:
        process = child(READY, *command)
        assert process.stdout.readline() == "ready\n"
        time.sleep(rng.uniform(0, seconds))
        number = rng.choice((signal.SIGINT, signal.SIGTERM))
        process.send_signal(number)
        if done % 2:
            time.sleep(rng.uniform(0, 0.01))
            process.send_signal(number)
        status, _, errors = ended(process)
        if status < 0:  # the second signal came after its last word: for a shell this is the same status
            status = 128 - status
        finished = load_run(tmp_path / "run").finished()
        if finished:  # it was done before, or has just become so; once more
            for path in (tmp_path / "run").iterdir():
                path.unlink()
        else:
            done += 1
            losses += status != 128 + number or "with: python -m minigen train --resume" not in errors
            losses += "Traceback" in errors or bool(load_newest(tmp_path / "run")[1])
        command = new if finished else ["train", "--resume", tmp_path / "run"]
    ended(child(READY, *command))
    ended(child(READY, *new[:-1], tmp_path / "whole"))
    same = weights(tmp_path / "run") == weights(tmp_path / "whole") and rows(tmp_path / "run") == rows(
        tmp_path / "whole"
    )
    return losses + (not same)


@pytest.mark.long
def test_interrupted_at_any_moment(tmp_path):
    assert interrupted_often(tmp_path, 4, 200, 0.2, random.Random(0)) == 0


@pytest.mark.slow
def test_fault_interrupted_at_any_moment_often(tmp_path):
    losses = interrupted_often(tmp_path / "steps", 40, 2000, 0.2, random.Random(1))
    losses += interrupted_often(tmp_path / "pictures", 20, 3, 1.0, random.Random(2))
    record(
        "training: Ctrl-C or SIGTERM, every other time twice",
        60,
        losses,
        "20 of them while it evaluates and draws; exit status 130 or 143, how to go on, the same bytes",
    )
    assert losses == 0


@pytest.mark.usefixtures("no_pictures")
def test_in_another_thread_signals_are_left_alone(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=start, args=("vae", tmp_path / "run"))
    thread.start()
    thread.join()
    assert weights(tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is before
