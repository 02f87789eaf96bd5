"""Ctrl-C, SIGTERM and SIGHUP: the step is finished, the state saved, the way to go on told; a second ends at once."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest

from minigen import cli
from minigen.runs import load_newest, load_run
from tests.faults import record
from tests.train.runs import child, ended, go_on, rows, start, weights, without_pictures

SLOW = """
import sys, time
from minigen import cli
from minigen.train import begin_and_resume
folder, seconds, during = sys.argv[1:]
def slow(descend, trainer, optimizer, loss):
    if trainer.optimizers[0].t == 3 and during == "step":
        print("now", flush=True)
        time.sleep(float(seconds))
    return descend(loss)
def slow_picture(*args):
    print("now", flush=True)
    time.sleep(float(seconds))
    return {}, {}
descents(slow)
begin_and_resume.results = slow_picture
sys.argv = ["minigen", "train", "vae", "--steps", "6", "--width", "4", "--quiet", "--checkpoint-every", "2",
            "--out", folder]
sys.exit(cli.main())
"""


def stopped(folder, number, seconds, again=None, during="step"):
    """Signal a command in the middle of its fourth step, or of its pictures; its exit status and what it said."""
    process = child(SLOW, folder, seconds, during)
    assert process.stdout.readline() == "now\n"
    process.send_signal(number)
    if again is not None:
        assert "finishing this step" in process.stderr.readline()
        process.send_signal(again)
    status, _, errors = ended(process)
    return status, errors


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_lets_the_step_finish_and_saves(tmp_path, number, status):
    folder = tmp_path / "a run"
    returned, said = stopped(folder, number, 0.3)
    assert returned == status
    advice = f"stopped after step 4; go on from step 4 with: python -m minigen train --resume '{folder}'"
    advice += " --checkpoint-every 2"
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


def test_nohup_holds(tmp_path):
    process = child(
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + SLOW, tmp_path / "run", 0.3, "step"
    )
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGHUP)
    assert ended(process)[::2] == (0, "")


def test_a_terminal_that_is_gone_loses_nothing(tmp_path):
    """Whatever the run says fails, the bar included; the state is saved all the same."""
    main, terminal = os.openpty()
    code = "import sys; sys.stderr = open(int(sys.argv.pop()), 'w', buffering=1)\n" + SLOW.replace('"--quiet", ', "")
    process = child(code, tmp_path / "run", 0.5, "step", terminal, pass_fds=[terminal])
    assert process.stdout.readline() == "now\n"
    os.close(terminal)
    os.close(main)  # from here on, to write is an error (EIO)
    process.send_signal(signal.SIGHUP)
    status, _, errors = ended(process)
    assert (status, errors) == (129, "")
    assert load_newest(tmp_path / "run")[0].step == 4
    go_on(tmp_path / "run")


NURSERY = """
import os, sys, tempfile
from minigen import cli
from minigen.train.supervisor import Supervisor
begin = Supervisor.begin
def ready(self, bar):
    print("ready", flush=True)
    begin(self, bar)
with tempfile.TemporaryDirectory() as folder:  # import all that there is
    start("vae", folder + "/run", steps=1)
Supervisor.begin = ready
for line in iter(sys.stdin.readline, ""):
    said, *words = line.rstrip("\\n").split("\\t")
    if not (pid := os.fork()):
        break
    print(pid, flush=True)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    print("status", 128 - status if status < 0 else status, flush=True)  # as a shell has it
else:
    sys.exit()
os.dup2(os.open(said, os.O_CREAT | os.O_TRUNC | os.O_WRONLY), 2)
sys.argv = ["minigen", "train", *words, "--quiet", "--checkpoint-every", "5"]
sys.exit(cli.main())
"""


class Nursery:
    """Processes that need not import first, one after another: hundreds of tries are minutes."""

    def __init__(self, folder):
        self.said, self.process = folder / "said", child(NURSERY, stdin=subprocess.PIPE)

    def run(self, *words, signalled=None):
        """Run `train`; `signalled(pid)` is called when it has its handlers. Returns its exit status and its errors."""
        print(self.said, *words, sep="\t", file=self.process.stdin, flush=True)
        pid = int(self.process.stdout.readline())
        for line in iter(self.process.stdout.readline, ""):
            if line == "ready\n" and signalled:
                signalled(pid)
            if line.startswith("status "):
                return int(line.split()[1]), self.said.read_text()
        raise AssertionError(self.process.stderr.read())


@pytest.fixture
def nursery(tmp_path):
    nursery = Nursery(tmp_path)
    yield nursery
    ended(nursery.process)  # as its input ends


class Twice:
    """Sends a signal within so many seconds, and another one up to 10 ms later."""

    def __init__(self, rng, seconds):
        self.first, self.second = rng.uniform(0, seconds), rng.uniform(0, 0.01)
        self.numbers = [rng.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP)) for _ in range(2)]

    def __call__(self, pid):
        for pause, number in zip((self.first, self.second), self.numbers, strict=True):
            time.sleep(pause)
            with contextlib.suppress(ProcessLookupError):  # it has ended
                os.kill(pid, number)


def wrong_about(status, errors, numbers, folder):
    """What is not as promised about a command that was signalled; '' if nothing is."""
    finished = load_run(folder).finished()
    lines = [line for line in errors.splitlines() if "finishing this step" not in line]
    faults = {
        "its status": status not in {128 + number for number in numbers} | ({0} if finished else set()),
        "a traceback": "Traceback" in errors or "Exception" in errors,
        f"{len(lines)} lines": (len(lines) != 1 and not finished) or len(lines) > 1,
        "no advice": not finished and "with: python -m minigen train --resume" not in errors,
        "a damaged checkpoint": bool(load_newest(folder)[1]),
    }
    found = ", ".join(fault for fault, wrong in faults.items() if wrong)
    return f"{found} ({status} for {numbers}): {errors}" if found else ""


def stopped_twice(nursery, folder, tries, rng, seconds, steps):
    """Signal a command twice, so many times, and go on each time; returns what was not as promised."""
    new, faults = ["vae", "--steps", steps, "--width", "4", "--out", folder / "run"], []
    command = new
    for _ in range(tries):
        twice = Twice(rng, seconds)
        status, errors = nursery.run(*command, signalled=twice)
        faults += filter(None, [wrong_about(status, errors, twice.numbers, folder / "run")])
        command = ["--resume", folder / "run"]
        if load_run(folder / "run").finished():  # once more, from the beginning
            shutil.rmtree(folder / "run")
            command = new
    for last in (command, [*new[:-1], folder / "whole"]):
        status, errors = nursery.run(*last)
        faults += [errors] if status else []
    same = all(read(folder / "run") == read(folder / "whole") for read in (weights, rows))
    return faults + ([] if same else ["other bytes"])


@pytest.mark.long
def test_two_signals_at_any_moment(nursery, tmp_path):
    """While it trains and saves, and while it evaluates and draws."""
    assert stopped_twice(nursery, tmp_path / "steps", 10, random.Random(0), 0.3, 600) == []
    assert stopped_twice(nursery, tmp_path / "pictures", 5, random.Random(1), 0.6, 3) == []


def signalled_from_the_start(tmp_path, tries, rng, seconds):
    """Signal a command twice while it still imports, reads its data and builds its model; what was not as promised."""
    code, faults = "from minigen import cli; print('now', flush=True); sys.exit(cli.main())", []
    for i in range(tries):
        folder, twice = tmp_path / str(i), Twice(rng, seconds)
        process = child("import sys\n" + code, "train", "vae", "--steps", 10**6, "--quiet", "--out", folder)
        assert process.stdout.readline() == "now\n"
        twice(process.pid)
        status, _, errors = ended(process)
        lines = [line for line in errors.splitlines() if "finishing this step" not in line]
        good = len(lines) == 1 and lines[0].startswith("minigen: ")
        faults += [] if good and "Traceback" not in errors else [f"{status} for {twice.numbers}: {errors}"]
    return faults


@pytest.mark.long
def test_two_signals_before_the_first_step(tmp_path):
    assert signalled_from_the_start(tmp_path, 3, random.Random(2), 1.5) == []


IMPORTS = """
import sys
sys.argv[0] = "minigen"  # the process is a command's
from minigen{0} import {1} as program, commands
folder = sys.argv.pop()
def imports(*args, **options):
    sys.path.insert(0, folder)
    import extension
commands.{2} = imports
sys.exit(program.main())
"""
EXTENSION = """
import os
try:
    os.kill(os.getpid(), {})
except BaseException:
    raise ImportError("initialization failed")
"""


@pytest.mark.parametrize(
    ("program", "words", "number", "status"),
    [
        (("", "cli", "doctor"), ["doctor"], signal.SIGINT, 130),
        (("", "cli", "doctor"), ["doctor"], signal.SIGTERM, 143),
        (("", "cli", "doctor"), ["doctor"], signal.SIGHUP, 129),
        ((".lessons", "commands", "quiz"), ["quiz", "21"], signal.SIGINT, 130),
        ((".bench", "commands", "run"), [], signal.SIGINT, 130),
    ],
)
def test_a_signal_while_a_module_is_imported(tmp_path, program, words, number, status):
    """An extension that meets an exception as it begins raises another one, and may be left half made."""
    (tmp_path / "extension.py").write_text(EXTENSION.format(int(number)))
    command = [sys.executable, "-c", IMPORTS.format(*program), *words, tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (status, "minigen: interrupted\n")


@pytest.mark.slow
def test_fault_two_signals_at_any_moment_often(nursery, tmp_path):
    steps, pictures, starts = 200, 150, 50
    faults = stopped_twice(nursery, tmp_path / "steps", steps, random.Random(3), 0.3, 2000)
    faults += stopped_twice(nursery, tmp_path / "pictures", pictures, random.Random(4), 0.6, 3)
    faults += signalled_from_the_start(tmp_path, starts, random.Random(5), 1.5)
    record(
        "training: two of Ctrl-C, SIGTERM and SIGHUP within 10 ms",
        steps + pictures + starts,
        len(faults),
        f"{steps + pictures} while it trains, saves, evaluates and draws: the signal's exit status, one line with the "
        f"way to go on, the same bytes; {starts} while it is built: one line, no traceback",
    )
    assert faults == []


def test_in_another_thread_signals_are_left_alone(tmp_path, monkeypatch):
    without_pictures(monkeypatch.setattr)
    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=start, args=("vae", tmp_path / "run"))
    thread.start()
    thread.join()
    assert weights(tmp_path / "run")
    assert signal.getsignal(signal.SIGINT) is before
