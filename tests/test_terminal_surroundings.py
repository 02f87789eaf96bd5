"""A table of surroundings: what a command is promised wherever it is started, and whatever happens to its streams.

The promise: the exit status, at most one line on standard error, no traceback, and results that are whole or not there.
A new row is a name, a line of shell, and the statuses that are right.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.faults import counted

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell and signals")

ROOT = Path(__file__).parent.parent
MINIGEN = f"{sys.executable} -m minigen"
LIST, DOCTOR = f"{MINIGEN} list", f"{MINIGEN} doctor"
TRAIN = f"{MINIGEN} train gan --data ring --steps 2 --batch-size 8 --width 4 --out run --quiet"
BENCH = f"{sys.executable} -m minigen.bench --quick --models nothing"
LESSONS = f"{sys.executable} -m minigen.lessons hint 01.1"
RUN_FILES = {"config.json", "curves.png", "metrics.jsonl", "model.safetensors", "samples.png"}

STREAMS = {  # (line of shell, status)
    "closed output": ("{} >&-", 0),
    "closed errors": ("{} 2>&-", 0),
    "both closed": ("{} >&- 2>&-", 0),
    "all closed": ("{} <&- >&- 2>&-", 0),
    "closed input": ("{} <&-", 0),
    "full output": ("{} >/dev/full", 2),
    "full errors": ("{} 2>/dev/full", 0),
    "both full": ("{} >/dev/full 2>&1", 2),
    "a pipe that nobody reads": ("set -o pipefail; (sleep .3; {}) | true", 0),
    "a pipe that nobody reads, errors too": ("set -o pipefail; (sleep .3; {}) 2>&1 | true", 0),
}
SETTINGS = {  # variables, folders and files that belong to others; every command works all the same
    "a backend of another program": "MPLBACKEND=garbage {}",
    "a matplotlibrc with TeX": "mkdir c; echo 'text.usetex: True' >c/matplotlibrc; MATPLOTLIBRC=c {}",
    "a matplotlibrc in the folder": "echo 'font.size: huge\nno such key: 1' >matplotlibrc; {}",
    "no folder for matplotlib": "MPLCONFIGDIR=/dev/null/x {}",
    "no home": "env -u HOME {}",
    "a home that is none": "HOME=/nonexistent/x XDG_CACHE_HOME= {}",
    "a home that is a file": "HOME=/dev/null {}",
    "no folder for what is temporary": "HOME=/dev/null MPLCONFIGDIR=/dev/null TMPDIR=/nowhere {}",
    "Latin-1": "PYTHONIOENCODING=latin-1 {}",
    "ASCII": "LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0 {}",
    "a decimal comma": "LC_ALL=de_DE.UTF-8 LC_NUMERIC=de_DE.UTF-8 {}",
    "no asserts": "PYTHONOPTIMIZE=1 {}",
    "no docstrings": "PYTHONOPTIMIZE=2 {}",
    "warnings are errors": "PYTHONWARNINGS=error {}",
    "for developers": "PYTHONDEVMODE=1 {}",
    "a dumb terminal": "TERM=dumb NO_COLOR=1 {}",
    "a narrow terminal": "COLUMNS=1 LINES=1 {}",
    "a terminal of words": "COLUMNS=wide {}",
    "threads of words": "OMP_NUM_THREADS=garbage OPENBLAS_NUM_THREADS=-1 {}",
    "data in a file": "MINIGEN_DATA=/dev/null {}",
    "data nowhere": "MINIGEN_DATA=/nowhere {}",
    "a cache that cannot be": "MINIGEN_CACHE=/dev/null/x {}",
    "few open files": "ulimit -n 20; {}",
    "a folder that is gone": "mkdir gone; cd gone; rmdir ../gone; {}",
}
QUICK = {  # rows that are tried with a whole run every time; the others only by those who ask for what is slow
    *("closed errors", "full output", "full errors", "a pipe that nobody reads, errors too"),
    *("a backend of another program", "a matplotlibrc with TeX", "no folder for what is temporary", "ASCII"),
    *("a folder that is gone", "few open files"),
}
REFUSED = {  # line of shell, and what the one line says
    "no such device": ("MINIGEN_DEVICE=gpu {}", "MINIGEN_DEVICE: "),
    "a matplotlibrc that is no text": ("printf '\\377\\376' >matplotlibrc; {}", "matplotlibrc"),
}


def shell(line, folder):
    """What `line` does in a folder: exit status, standard output, standard error."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MINIGEN_DATA", "PYTHONUNBUFFERED", "MPLBACKEND")}
    environment |= {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, timeout=120)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def promised(line, folder, status):
    """The promise; returns what was said."""
    with counted("command line: odd surroundings", "streams, settings, names: exit status, at most one line"):
        found, out, errors = shell(line, folder)
        assert "Traceback" not in errors, errors
        assert errors.count("\n") <= 1, errors
        assert found == status, errors
        if status == 2 and errors:
            assert errors.startswith("minigen"), errors
        assert not list(Path(folder).rglob("*.partial*"))
    return out, errors


def whole(folder):
    assert {path.name for path in folder.iterdir()} == RUN_FILES
    assert (folder / "samples.png").read_bytes().endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("name", STREAMS)
def test_streams_of_a_command_that_tells(tmp_path, name):
    line, status = STREAMS[name]
    promised(line.format(LIST), tmp_path, status)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in STREAMS])
def test_streams_of_a_command_that_writes(tmp_path, name):
    """Whatever becomes of its words, the run is there."""
    line, status = STREAMS[name]
    promised(line.format(TRAIN.replace(" --quiet", "") if "rrors" in name else TRAIN), tmp_path, status)
    whole(tmp_path / "run")


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_others(tmp_path, name):
    promised(SETTINGS[name].format(LIST), tmp_path, 0)


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else pytest.mark.slow) for n in SETTINGS])
def test_settings_of_others_and_a_run(tmp_path, name):
    if "gone" in name:
        assert "No such file" in promised(SETTINGS[name].format(TRAIN), tmp_path, 2)[1]
        return
    promised(SETTINGS[name].format(TRAIN), tmp_path, 0)
    whole(tmp_path / "run")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """The folder of a run, not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    assert shell(TRAIN, folder)[0] == 0
    return folder / "run"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.long if n in QUICK else pytest.mark.slow) for n in SETTINGS]
)
def test_settings_of_others_and_the_other_commands(tmp_path, name, trained):
    run = shutil.copytree(trained, tmp_path / "run")
    for command, status in (
        (DOCTOR, 0),
        (f"{MINIGEN} inspect {run}", 0),
        (f"{MINIGEN} sample {run} --n 5 --out {run / 's.npy'}", 0),
        (f"{MINIGEN} sample {run} --n 5", 0),
        (f"{MINIGEN} explore {run}", 2),
        (f"{MINIGEN} train --help", 0),
        (BENCH, 2),
        (LESSONS, 0),
    ):
        for left in ("c", "matplotlibrc", "gone"):
            subprocess.run(["rm", "-rf", str(tmp_path / left)], check=True)
        promised(SETTINGS[name].format(command), tmp_path, status)
    assert np.load(run / "s.npy").shape == (5, 2)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_so_before_there_is_a_folder(tmp_path, name):
    line, words = REFUSED[name]
    assert words in promised(line.format(TRAIN), tmp_path, 2)[1]
    assert not (tmp_path / "run").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", ["Zürich-日本", "Ελλάδα", "with space", "-dash", "new\nline", "run-\udcfc"])
@pytest.mark.parametrize("terminal", ["PYTHONIOENCODING=latin-1", "LC_ALL=C PYTHONCOERCECLOCALE=0 PYTHONUTF8=0", ""])
def test_names_of_any_script_on_any_terminal(tmp_path, name, terminal):
    command = TRAIN.replace("--out run", '"--out=$name"')
    line = f"name=$(cat name; echo .); name=${{name%.}}; {terminal} {command}"
    (tmp_path / "name").write_bytes(os.fsencode(name))
    promised(line, tmp_path, 0)
    whole(tmp_path / name)


@pytest.mark.parametrize("command", [LIST, DOCTOR, f"{MINIGEN} --help", f"{MINIGEN} --version", LESSONS])
def test_what_draws_nothing_does_not_import_matplotlib(tmp_path, command):
    _, _, errors = shell(command.replace(" -m", " -X importtime -m", 1), tmp_path)
    assert "minigen" in errors
    assert "matplotlib" not in errors


def test_samples_as_numbers_do_without_matplotlib(tmp_path, trained):
    sample = f"{MINIGEN} sample {trained} --n 5 --out s.npy".replace(" -m", " -X importtime -m", 1)
    assert "matplotlib" not in shell(sample, tmp_path)[2]


@pytest.mark.parametrize("module", ["minigen", "minigen.bench", "minigen.lessons"])
def test_interrupted_at_any_time(tmp_path, module):
    """From the moment that NumPy begins to be imported: one line, or it was done already."""
    arguments = {"minigen": ["list"], "minigen.bench": ["--help"], "minigen.lessons": ["--help"]}[module]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ends = set()
    for wait in np.linspace(0, 0.6, 7):
        # Python itself takes a moment in which Ctrl-C is not ours: -v says when it has come to the first large import.
        process = subprocess.Popen(
            [sys.executable, "-v", "-m", module, *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        with process:
            for line in process.stderr:
                if "numpy" in line:
                    break
            time.sleep(float(wait))
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read()
        told = [line for line in errors.splitlines() if line.endswith("interrupted")]
        with counted("command line: Ctrl-C while NumPy is imported", "one line, or it was done already"):
            assert "Traceback" not in errors, errors[-3000:]
            assert (process.returncode, len(told)) in ((130, 1), (0, 0)), errors[-3000:]
        ends.add(process.returncode)
    assert 130 in ends


def test_a_library_is_left_alone():
    code = "import signal, minigen; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "True\n"
