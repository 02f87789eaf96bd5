"""The benchmark of several processes: it measures what its page shows."""

import json
import re

import pytest

from benchmarks import pages, processes
from tests.processes import needs_mpi


def test_the_break_even_batch_is_where_sending_costs_what_it_saves():
    """1 ms an example, a sum of 8 ms: two processes save b/2 ms, four save 3b/4."""
    computing = {"net 10": 25.0, "net 30": 45.0}  # 15 ms, whatever the batch
    sums = {"100": 8.0, "10000": 8.0}
    run = {"computing": computing, "weights": {"net": 1000}, "sums": sums}
    content = {"processes": {"1": run, "2": run, "4": run}}
    assert pages.break_even(content, "net", "2") == pytest.approx(16)
    assert pages.break_even(content, "net", "4") == pytest.approx(32 / 3)


@needs_mpi
@pytest.mark.long
def test_what_is_measured_makes_the_tables(tmp_path, monkeypatch):
    monkeypatch.setitem(processes.MODELS, "mlp-vae", ("vae", {"width": 4}, (16, 32)))
    words = ["--processes", "1", "2", "--models", "mlp-vae", "--seconds", "0.01"]
    assert processes.main([*words, "--json", str(tmp_path / "processes.json")]) == 0
    content = json.loads((tmp_path / "processes.json").read_text())
    assert set(content["processes"]["2"]["sums"]) == {str(size) for size in processes.SIZES}
    assert not content["processes"]["1"]["sums"]
    assert all(ms > 0 for ms in content["a shard each"]["2"]["steps"].values())
    monkeypatch.setattr(pages, "RESULTS", tmp_path)
    assert len(re.findall(r"^\| --- \|", pages.processes(), re.M)) == 3
