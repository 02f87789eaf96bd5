"""What a VQ-VAE of many words takes is what is foretold, and too much is refused in a line that says how much."""

import re
import subprocess
import sys

import pytest

pytest.importorskip("resource", reason="POSIX says what a process took")

PROGRAM = """
import pathlib, re, resource, sys
from minigen import cli
status = cli.main(sys.argv[1:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if (told := pathlib.Path("/proc/self/status")).exists():  # on Linux, the number above begins with what the parent took
    peak = 1024 * int(re.search("VmHWM:\\s+([0-9]+) kB", told.read_text())[1])
print(peak)
sys.exit(status)
"""


def trained(folder, words):
    """The exit status, the peak of memory in bytes, and what was said."""
    command = ["train", "vq-vae", "--steps", "2", "--batch-size", "8", "--quiet", "--words", words, "--out", folder]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, command)], capture_output=True, text=True)
    return done.returncode, int(done.stdout.split()[-1]), done.stderr


@pytest.mark.long
def test_the_memory_of_many_words(tmp_path):
    _, least, _ = trained(tmp_path / "few", 2)
    status, peak, _ = trained(tmp_path / "many", 5000)
    assert status == 0
    refused, _, told = trained(tmp_path / "too many", 40_000)
    assert refused == 2
    foretold = float(re.search(r"words 40000 .* about (\S+) GB", told)[1]) * 1e9
    assert 0.2 * foretold / 8 < peak - least < 1.2 * foretold / 8
