"""Memory over many steps: what a run takes after its first steps is what it takes at the end."""

import json
import sys

import pytest

from tests.faults import record

from .runs import KINDS, child

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

RUN = """
import re, sys
from minigen.train.loop import Training
kind, folder, warm, steps = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sizes, row = [], Training._row

def measured(self, bar):
    row(self, bar)
    if self.step >= warm and (self.step - warm) % ((steps - warm) // 20) == 0:
        with open("/proc/self/status") as file:
            sizes.append(int(re.search(r"VmRSS:\\s+(\\d+)", file.read())[1]))

Training._row = measured
start(kind, folder, every=Every(steps=steps // 10), steps=steps)
print(json.dumps(sizes))
"""


def growth(kind, folder, warm, steps):
    """Of a run with its log and checkpoints: the resident memory at the end over that after `warm` steps, minus 1."""
    with child(RUN, kind, folder, warm, steps) as process:
        told, errors = process.communicate(timeout=3600)
    assert process.returncode == 0, errors
    sizes = json.loads(told)
    return sizes[-1] / sizes[0] - 1


@pytest.mark.parametrize("kind", ["vae", "dcgan"])
def test_some_hundred_steps_take_no_more_memory(tmp_path, kind):
    assert growth(kind, tmp_path / "run", 200, 700) < 0.01


@pytest.mark.slow
def test_fault_ten_thousand_steps_take_no_more_memory(tmp_path):
    found = {kind: growth(kind, tmp_path / kind, 1000, 10_000) for kind in KINDS}
    most = max(found, key=found.__getitem__)
    record(
        "memory: a run of 10 000 steps grows by 1 % or more",
        len(found),
        sum(g >= 0.01 for g in found.values()),
        f"resident, from step 1000 on; every kind of model; most: {most}, {found[most]:+.2%}",
    )
    assert found[most] < 0.01
