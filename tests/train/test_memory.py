"""Memory over many steps: what a run takes after its first steps is what it takes at the end."""

import json
import subprocess
import sys

import pytest

from minigen.train import RECIPES
from tests.faults import record

CHILD = """
import json, sys
import minigen as mg
from minigen import data
from minigen.train import build, recipe_of, settings_for

def resident():
    with open("/proc/self/status") as file:
        return int(dict(line.split(":", 1) for line in file)["VmRSS"].split()[0])

model, warm, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
digits = data.load("digits")
settings = settings_for(model, digits, width=8, batch_size=16)
network = build(settings, digits.shape, mg.Generator(0))
trainer, rng = recipe_of(model).trainer(network, settings), mg.Generator(0)
sizes = []
for i in range(steps):
    x = mg.tensor(digits.x[16 * (i % 80) : 16 * (i % 80) + 16])
    trainer.step(x, rng)
    if i >= warm and (i - warm) % max(1, (steps - warm) // 20) == 0:
        sizes.append(resident())
print(json.dumps(sizes))
"""


def growth(model, warm, steps):
    """The resident memory at the end over that after `warm` steps, minus 1."""
    arguments = [sys.executable, "-c", CHILD, model, str(warm), str(steps)]
    sizes = json.loads(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)
    return sizes[-1] / sizes[0] - 1


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("model", ["vae", "dcgan"])
def test_some_hundred_steps_take_no_more_memory(model):
    assert growth(model, 200, 700) < 0.01


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ten_thousand_steps_take_no_more_memory():
    found = {model: growth(model, 1000, 10_000) for model in sorted(RECIPES)}
    note = "resident, step 1000 to 10 000: " + ", ".join(f"{m} {g:+.2%}" for m, g in found.items())
    record(
        "10 000 training steps: memory grows by 1 % or more", len(found), sum(g >= 0.01 for g in found.values()), note
    )
    assert max(found.values()) < 0.01
