"""What a machine with a GPU is asked for: rehearsed on the double of CuPy, cut off, failing, and as tables."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks import pages, rounds, workloads
from benchmarks.gpu import __main__ as script
from benchmarks.gpu import cells, doctor, parity, part, peers, suite, table
from minigen.models import RECIPES

PARTS = [p.name for p in script.PARTS]
needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="needs PyTorch")


def read(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


# --------------------------------------------------------------------------------------------------- from end to end


def environment(**more):
    """That of a process of its own, with no orders to the pytest that runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))} | more


@pytest.mark.long
@needs_torch
def test_a_rehearsal(tmp_path):
    out = tmp_path / "out"
    command = ["bash", str(script.ROOT / "benchmarks" / "gpu.sh"), "--rehearse", str(out)]
    settings = environment(PYTHON=sys.executable, OMP_NUM_THREADS="1")
    answer = subprocess.run(command, env=settings, capture_output=True, text=True, cwd=tmp_path)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    assert [line.split(": ")[0] for line in lines] == [*PARTS, "table"]
    assert all(": ok after " in line for line in lines)
    it_did_every_part(out)
    it_found_what_it_should(out)
    no_page_takes_a_number_from_it(out)


def it_did_every_part(out):
    endings = read(out, "parts")
    assert endings["rehearsal"] is True
    assert [(p["part"], p["state"]) for p in endings["parts"]] == [(name, "ok") for name in PARTS]
    for name in PARTS:
        found = read(out, name)
        assert found["complete"] is True, name
        assert found["device"] == part.DOUBLE, name


def it_found_what_it_should(out):
    assert read(out, "doctor")["machine"]["numpy"] == np.__version__
    assert any(line.startswith("CUDA: CuPy double") for line in read(out, "doctor")["own"])
    for which in ("quick", "rest"):
        found = read(out, f"tests-{which}")
        assert found["counts"]["passed"] > 0
        assert found["failures"] == found["not_imported"] == []
    models = read(out, "parity")["models"]
    assert list(models) == list(RECIPES)
    assert all(models[name]["agrees"] for name in models)
    assert all(0 <= models[name][kind][1] < 1e-4 for name in models for kind in ("loss", "gradients"))
    assert [(row["model"], row["batch"], set(row["ms"])) for row in read(out, "bench")["rows"]] == [
        ("vae", 4, {"cpu", "cuda"}),
        ("vae", 8, {"cpu", "cuda"}),
    ]
    assert (out / "bench.png").stat().st_size > 1000
    for precision in ("float32", "tf32"):
        found = read(out, f"torch-{precision}")
        assert found["precision"] == precision
        assert {name: list(row) for name, row in found["cells"].items()} == {n: ["4", "8"] for n in cells.models()}
        errors = [cell["parity"][1] for row in found["cells"].values() for cell in row.values()]
        assert max(errors) < 1e-2  # a ReLU may turn over
        assert np.median(errors) < 1e-4
        for cell in (cell for row in found["cells"].values() for cell in row.values()):
            ms, peer = cell["ms"], cells.CONTENDERS[1]
            assert cell["ratio"][0] == pytest.approx(ms["minigen"] / ms[peer])
            assert set(cell["memory_mb"]) == set(cells.CONTENDERS)


def no_page_takes_a_number_from_it(out):
    text = (out / "README.md").read_text()
    assert text.startswith("# A rehearsal without a GPU: not a result\n")
    assert "| mlp-vae | TF32 | <= 1.2 | " in text
    assert table.NOT_MEASURED not in text
    with pytest.raises(ValueError, match="a rehearsal on the double of CuPy is no result"):
        table.published(out)


@pytest.mark.long
@needs_torch
def test_what_is_cut_off_in_the_middle_leaves_what_it_has(tmp_path):
    chosen = next(p for p in script.PARTS if p.name == "torch-float32")
    words = script.command(chosen, tmp_path, True, seconds=60)
    first = subprocess.Popen(words, cwd=script.ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert "'ratio'" in first.stdout.readline()  # a cell is done; the next is under way
    os.killpg(first.pid, signal.SIGKILL)
    with first:
        first.communicate()
    found = read(tmp_path, "torch-float32")
    assert found["complete"] is False
    assert len(found["cells"]["mlp-vae"]["4"]["rounds"]["minigen"]) == 1


# ------------------------------------------------------------------------------------------------------- the driver


def scripted(monkeypatch, **programs):
    """Parts that are short programs, by name."""

    def command(chosen, out, rehearse, seconds):
        start = f"import json, pathlib, sys, time; out = pathlib.Path({str(out)!r})\n"
        return [sys.executable, "-c", start + programs[chosen.name]]

    monkeypatch.setattr(script, "command", command)
    return [script.Part(name, name, (), 600) for name in programs]


WRITES = "(out / 'one.json').write_text(json.dumps({'device': 'a card'})); print('words'); print('done')"


def ended(pid):
    """Whether a process is gone, or is within ten seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def test_a_part_that_fails_or_is_cut_off_stops_no_other(tmp_path, monkeypatch, capsys):
    slow = "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    slow += "(out / 'two.json').write_text(json.dumps({'pid': child.pid})); print('begun', flush=True); time.sleep(99)"
    chosen = scripted(monkeypatch, one=WRITES, two=slow, three="sys.exit('no room')", four="print('last')")
    chosen[1] = chosen[1]._replace(seconds=3)
    endings = script.run_all(chosen, tmp_path, True, 600)
    assert [(e.part, e.state, e.said) for e in endings[:4]] == [
        ("one", "ok", "done"),
        ("two", "cut off", "begun"),
        ("three", "failed", "no room"),
        ("four", "ok", "last"),
    ]
    assert 3 <= endings[1].seconds < 30
    assert read(tmp_path, "one") == {"device": "a card"}
    assert ended(read(tmp_path, "two")["pid"])  # its child as well
    assert [p["state"] for p in read(tmp_path, "parts")["parts"]] == ["ok", "cut off", "failed", "ok"]
    out = capsys.readouterr().out.splitlines()
    assert out[2].startswith("three: failed after ")
    assert out[2].endswith(": no room")
    assert "- two: cut off after 3 s: begun" in (tmp_path / "README.md").read_text()


def test_no_part_starts_when_the_time_is_up_and_old_results_are_gone(tmp_path, monkeypatch):
    (tmp_path / "one.json").write_text('{"device": "an older card"}')
    (tmp_path / "other.json").write_text("{}")
    endings = script.run_all(scripted(monkeypatch, one=WRITES), tmp_path, False, 0.5)
    assert (endings[0].state, endings[0].said) == ("not started", "0 s were left for it")
    assert not (tmp_path / "one.json").exists()
    assert (tmp_path / "other.json").exists()


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("failed", 1), ("cut off", 1), ("not started", 1)])
def test_the_exit_status_says_whether_all_went_well(tmp_path, monkeypatch, state, status):
    given = []

    def run_all(chosen, out, rehearse, total):
        given.append(([p.name for p in chosen], rehearse, total))
        return [script.Ending("doctor", "ok", 1.0, ""), script.Ending("parity", state, 1.0, "")]

    monkeypatch.setattr(script, "run_all", run_all)
    monkeypatch.setenv("GPU_SECONDS", "90")
    assert script.main([str(tmp_path / "out"), "parity", "doctor"]) == status
    assert script.main(["--rehearse", str(tmp_path / "out")]) == status
    assert given == [(["doctor", "parity"], False, 90.0), (PARTS, True, 90.0)]


@pytest.mark.parametrize(("words", "seconds", "said"), [(["paritty"], "600", "paritty"), ([], "ten", "GPU_SECONDS")])
def test_what_cannot_be_is_refused_in_one_line(tmp_path, monkeypatch, capsys, words, seconds, said):
    monkeypatch.setenv("GPU_SECONDS", seconds)
    with pytest.raises(SystemExit) as stop:
        script.main([str(tmp_path), *words])
    assert stop.value.code == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_the_parts_fit_into_the_time():
    *before, last = script.PARTS
    assert sum(p.seconds for p in before) + script.FOR_TABLE < script.TOTAL - 60 < last.seconds
    assert [p.name for p in script.PARTS if p.tf32] == ["torch-tf32"]


# ---------------------------------------------------------------------------------------------------------- its parts


def test_without_a_gpu_a_part_says_why_in_one_line(tmp_path, monkeypatch, capsys):
    if doctor.backend.cuda_status().fault:
        assert part.main(doctor.run, [str(tmp_path)]) == 1
        out = capsys.readouterr().out
        assert out.startswith("error: device 'cuda' is not usable here")
        assert out.count("\n") == 1
        assert not list(tmp_path.iterdir())


def test_what_is_missing_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name in ("hypothesis", "PIL") else name)
    assert part.main(doctor.run, [str(tmp_path), "--rehearse"]) == 0
    assert list(read(tmp_path, "doctor")["missing"]) == ["hypothesis", "PIL"]
    said = "missing: hypothesis, so not the tests that use it; pillow, so not the tests that use it\n"
    assert capsys.readouterr().out.endswith(said)


@pytest.mark.long
def test_tests_that_need_a_missing_package_are_listed_and_the_others_run(tmp_path):
    (tmp_path / "hypothesis.py").write_text("raise ModuleNotFoundError(\"No module named 'hypothesis'\")")
    path = os.pathsep.join([str(tmp_path), str(script.ROOT)])
    settings = environment(PYTHONPATH=path, PYTEST_ADDOPTS="-p no:hypothesispytest")  # its plugin is still there
    command = [sys.executable, "-m", "benchmarks.gpu.suite", str(tmp_path), "quick", "--rehearse"]
    answer = subprocess.run(command, cwd=script.ROOT, env=settings, capture_output=True)
    found = read(tmp_path, "tests-quick")
    assert answer.returncode == 0, answer.stdout
    assert found["not_imported"] == [
        {"test": "tests/optim/test_clipping.py", "line": "ModuleNotFoundError: No module named 'hypothesis'"}
    ]
    assert found["counts"]["passed"] > 5


@pytest.mark.long
def test_tests_stop_when_their_time_is_up(tmp_path):
    command = [sys.executable, "-m", "benchmarks.gpu.suite", str(tmp_path), "quick", "--rehearse", "--seconds", "0"]
    answer = subprocess.run(command, cwd=script.ROOT, env=environment(), capture_output=True, text=True)
    assert answer.returncode == 1
    assert "stopped, as the time was up" in answer.stdout.splitlines()[-1]
    assert read(tmp_path, "tests-quick")["complete"] is False


def test_failures_are_recorded_with_their_first_line(tmp_path):
    recorder = suite.Recorder(part.Findings(tmp_path / "tests.json", "a card"), time.monotonic() + 60)

    class Report:
        def __init__(self, outcome, when="call", longrepr=None):
            self.nodeid, self.outcome, self.when, self.longrepr = f"t.py::{outcome}", outcome, when, longrepr
            self.passed, self.failed, self.skipped = (outcome == o for o in ("passed", "failed", "skipped"))

    class Crash:
        reprcrash = type("", (), {"message": "assert 1 == 2\nand more"})

    for when in ("setup", "call", "teardown"):
        recorder.pytest_runtest_logreport(Report("passed", when))
    recorder.pytest_runtest_logreport(Report("skipped", "setup"))
    recorder.pytest_runtest_logreport(Report("failed", longrepr=Crash()))
    recorder.pytest_collectreport(Report("failed", longrepr="x.py:1: in <module>\n    import y\nE   ImportError: no y"))
    recorder.write(complete=True)
    found = read(tmp_path, "tests")
    assert found["counts"] == {"passed": 1, "skipped": 1, "failed": 1}
    assert found["failures"] == [{"test": "t.py::failed", "line": "assert 1 == 2"}]
    assert found["not_imported"] == [{"test": "t.py::failed", "line": "ImportError: no y"}]


@pytest.mark.parametrize("model", RECIPES)
def test_no_gradient_is_compared_where_there_is_none(model):
    """A step from weights that let no gradient through would agree with anything."""
    found = parity.step(model, parity.examples(model, 10, 8), 16, "cpu")
    assert set(found) == {"loss", "gradients", "weights"}
    nothing = [name for name, gradient in found["gradients"].items() if gradient.ndim > 1 and not gradient.any()]
    assert nothing == []


def test_a_device_that_computes_something_else_is_found(tmp_path, monkeypatch, capsys):
    step = parity.step

    def wrong(model, data, width, device):
        found = step(model, data, width, device)
        if device == "cuda" and model == "vae":
            found["gradients"]["encoder.layers.1.w"] *= 1.02
        if device == "cuda" and model == "gan":
            raise RuntimeError("an illegal memory access")
        return found

    monkeypatch.setattr(parity, "step", wrong)
    monkeypatch.setattr(parity, "RECIPES", ["vae", "gan", "ae"])
    assert part.main(parity.run, [str(tmp_path), "--rehearse"]) == 1
    assert capsys.readouterr().out == "1 of 3 models agree; not vae, gan\n"
    found = read(tmp_path, "parity")
    assert found["complete"] is True
    assert found["models"]["vae"]["gradients"] == ["encoder.layers.1.w", pytest.approx(0.02, rel=1e-3)]
    assert found["models"]["gan"] == {"error": "RuntimeError: an illegal memory access", "agrees": False}
    assert found["models"]["ae"]["agrees"] is True


class FakeTeam(peers.Team):
    """Counts the starts."""

    starts = 0

    def ready(self):
        if not self.workers:
            FakeTeam.starts += 1
            self.workers = {"minigen": None}
        return self.workers


def test_a_cell_that_fails_is_written_down_and_the_rest_goes_on(tmp_path, monkeypatch, capsys):
    def measure_with(self, workload, workers, tolerance):
        if workload.name == "dcgan28 4":
            raise rounds.WorkerError("minigen: 'check' failed\nTraceback\nOutOfMemoryError: out of memory")
        ms = {"minigen": [3.0, 2.0, 4.0], "torch-fused": [2.0, 2.0, 2.0]}
        memory = {name: {"peak": 8.0, "increase": 8.0} for name in ms}
        return {"ms": ms, "memory": memory, "parity": {"torch-fused": ("loss", 1e-6)}}

    monkeypatch.setattr(rounds.Arena, "measure_with", measure_with)
    monkeypatch.setattr(peers, "Team", FakeTeam)
    monkeypatch.setattr(peers, "installed", lambda name: True)
    assert part.main(peers.run, [str(tmp_path), "float32", "--rehearse"], precision=("float32",)) == 1
    found = read(tmp_path, "torch-float32")
    assert found["cells"]["dcgan28"]["4"] == {"error": "OutOfMemoryError: out of memory"}
    assert found["cells"]["dcgan28"]["8"]["ratio"] == [1.5, 1.0, 2.0]
    assert found["complete"] is True
    assert FakeTeam.starts == 2
    assert capsys.readouterr().out.splitlines()[-1].endswith(" measured, 1 failed, 0 left out, as the time was up")


def test_tf32_allows_its_rounding_and_float32_does_not():
    assert peers.tolerance("float32", "loss") < peers.tolerance("tf32", "loss") < peers.tolerance("tf32", "g.conv1.w")
    assert peers.tolerance("float32", "losses of three steps") == peers.tolerance("float32", "g.conv1.w")


def test_a_model_is_timed_once_it_is_among_the_workloads(monkeypatch):
    monkeypatch.delitem(workloads.MODELS, "gpt", raising=False)
    assert list(cells.models()) == ["mlp-vae", "dcgan28", "dcgan64"]
    monkeypatch.setitem(workloads.MODELS, "gpt", workloads.Workload("gpt", "gpt", 16))
    names = [w.name for _, w in cells.cells(rehearse=False)]
    assert names[:5] == ["mlp-vae 64", "dcgan28 64", "dcgan64 64", "gpt 64", "mlp-vae 256"]
    assert len(names) == 16


# ----------------------------------------------------------------------------------------------------------- the page


def measured(folder, card="a card", **cells_of):
    found = part.Findings(folder / "torch-float32.json", card, cells={"mlp-vae": cells_of, "dcgan28": {}})
    found.write(complete=True)


CELL = {"ms": {"minigen": 1.5, "torch-fused": 1.0}, "ratio": [1.5, 1.25, 2.0], "parity": ["loss", 1e-6]} | {
    "memory_mb": {"minigen": 100.0, "torch-fused": 80.0}
}


def test_the_table_shows_ratios_failures_and_what_was_not_measured(tmp_path):
    measured(tmp_path, **{"64": CELL, "256": {"error": "out of | memory"}})
    published = table.published(tmp_path)
    assert "| mlp-vae | float32 | <= 1.2 | 1.50 [1.25-2.00] | failed | not measured | not measured |" in published
    assert "| dcgan64 | TF32 | <= 1.5 | not measured | not measured | not measured | not measured |" in published
    assert "Card: a card." in published
    page = table.page(tmp_path)
    row = "| mlp-vae 64 | float32 | 1.5 ms | 1 ms | 1.50 [1.25-2.00] | 100 / 80 MB | 1e-06 (loss) |"
    assert row in page
    assert "| mlp-vae 256 | float32 | failed |  |  |  | out of / memory |" in page
    assert "Parity: not measured." in page


def test_numbers_of_a_rehearsal_or_of_two_cards_are_not_published(tmp_path):
    measured(tmp_path, **{"64": CELL})
    part.Findings(tmp_path / "doctor.json", "another card")
    with pytest.raises(ValueError, match="numbers of several cards"):
        table.published(tmp_path)
    part.Findings(tmp_path / "doctor.json", part.DOUBLE)
    with pytest.raises(ValueError, match="is no result"):
        table.published(tmp_path)


def test_the_committed_page_is_that_of_the_committed_results():
    folder = pages.RESULTS / "gpu"
    assert (folder / "README.md").read_text() == table.page(folder), "run `python -m benchmarks.gpu.table`"


def test_a_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit):
        script.main([str(tmp_path / "file")])
    assert "OUT: cannot make the folder" in capsys.readouterr().err.splitlines()[-1]
