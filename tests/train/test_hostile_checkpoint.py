"""A checkpoint whose checksum is right and whose content lies: one line, or a run that ends; never anything else."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minigen import data
from minigen.errors import MinigenError
from minigen.runs.checkpoint import read_checkpoint, save_checkpoint
from minigen.train import resume
from tests.faults import record

STOPPED = Path(__file__).parents[1] / "runs" / "stopped-run-of-format-1"
GOOD = read_checkpoint(STOPPED / "checkpoint-00000020.safetensors")
DIGITS = data.load("digits"), data.load("digits", "test")

pytestmark = pytest.mark.usefixtures("no_pictures")

words = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.sampled_from(sorted(GOOD.notes)) | st.text(max_size=5)
arrays = st.builds(
    lambda shape, dtype, value: np.full(shape, value, dtype),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from(["f4", "f8", "i8", "i4"]),
    st.integers(-5, 5),
)
NAMES = st.sampled_from(sorted(GOOD.arrays)) | st.text(max_size=8) | st.text(max_size=5).map("sums/{}".format)


def outcome(folder, checkpoint):
    """'ended' or 'refused', with an error of ours: a run that goes on from a checkpoint of such content.

    An infinity is refused already when it is written.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(STOPPED, folder)
    (folder / "checkpoint-00000020.safetensors").unlink()
    try:
        save_checkpoint(folder, checkpoint)
        resume(folder, *DIGITS, quiet=True)
    except MinigenError:
        return "refused"
    return "ended"


def test_a_good_one_goes_on(tmp_path):
    assert outcome(tmp_path / "run", GOOD) == "ended"


def test_fault_lies_in_a_checkpoint(tmp_path):
    counts = {"ended": 0, "refused": 0}

    @settings(max_examples=100, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(KEYS, words, max_size=2),
        st.dictionaries(NAMES, arrays, max_size=2),
        st.sets(KEYS | NAMES, max_size=1),
        st.just(20) | st.integers(0, 10**8 - 1),
    )
    def attempt(changed, others, gone, step):
        told = {name: word for name, word in (GOOD.notes | changed).items() if name not in gone}
        held = {name: array for name, array in (GOOD.arrays | others).items() if name not in gone}
        counts[outcome(tmp_path / "run", GOOD._replace(step=step, notes=told, arrays=held))] += 1

    attempt()
    note = f"with a right checksum: {counts['refused']} refused in one line, the others lead to a run that ends"
    record("model files: lies in a checkpoint", sum(counts.values()), 0, note)
    assert counts["refused"] > 20


ROWS = [[None], [{"step": -1}], [{"step": 20, "loss": "much"}], [{"step": 20, "loss": 10**400}], {"step": 1}, "x"]


@pytest.mark.parametrize("rows", ROWS)
def test_rows_that_are_none(tmp_path, rows):
    assert outcome(tmp_path / "run", GOOD._replace(notes=GOOD.notes | {"rows": rows})) == "refused"
