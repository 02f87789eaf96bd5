"""The capstone: an honest one gets its points, and each fault loses its own line alone."""

import json
import re

import numpy as np
import pytest

from minigen.lessons.capstone import HEADINGS, board, check_capstone
from minigen.lessons.commands import main
from minigen.lessons.course import MATERIAL

RESULTS = {
    "measure": "mean distance from the curve",
    "better": "lower",
    "seeds": [0, 1, 2],
    "model": [0.211, 0.209, 0.204],
    "baseline_name": "a Gaussian",
    "baseline": [0.61, 0.62, 0.63],
}
POINTS = [2, 2, 3, 1, 2]


def report(**bodies):
    texts = {**dict.fromkeys(HEADINGS, "Some words."), "Evaluation": "It is 0.208, and the baseline 0.62.", **bodies}
    return "# A spiral\n\n" + "".join(f"## {heading}\n\n{text}\n\n" for heading, text in texts.items())


@pytest.fixture
def handed_in(tmp_path):
    """A folder with all files."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((400, 2))
    np.savez(tmp_path / "data.npz", train=points[:300], test=points[300:])
    np.savez(tmp_path / "samples.npz", samples=rng.standard_normal((120, 2)))
    (tmp_path / "results.json").write_text(json.dumps(RESULTS))
    (tmp_path / "make.py").write_text("for seed in (0, 1, 2):\n    print(seed)\n")
    (tmp_path / "report.md").write_text(report())
    return tmp_path


def lost(folder):
    return [number for number, finding in enumerate(check_capstone(folder)) if not finding.good]


def test_an_honest_one(handed_in, capsys):
    findings = check_capstone(handed_in)
    assert [f.points for f in findings] == POINTS
    assert lost(handed_in) == []
    assert main(["capstone", str(handed_in)]) == 0
    out = capsys.readouterr().out
    assert "10 of the 10 points" in out
    assert "0.208 ± 0.0036 in 3 seeds; a Gaussian 0.62" in out
    assert "ahead of its baseline" in out


def test_a_model_that_loses_gets_its_points(handed_in):
    (handed_in / "results.json").write_text(json.dumps({**RESULTS, "better": "higher"}))
    assert lost(handed_in) == []
    assert "not ahead of its baseline" in board(check_capstone(handed_in))


def some(*shape):
    return np.random.default_rng(1).random(shape)


def npz(folder, name, **arrays):
    np.savez(folder / name, **arrays)


def shared(folder, moved=0.0):
    train = np.load(folder / "data.npz")["train"]
    npz(
        folder,
        "data.npz",
        train=train,
        test=np.concatenate([train[:1] + moved, np.random.default_rng(1).random((60, 2))]),
    )


def copied(folder, moved=0.0):
    npz(folder, "samples.npz", samples=np.load(folder / "data.npz")["train"][:120] + moved)


def flipped(folder):
    arrays = dict(np.load(folder / "data.npz"))
    np.savez_compressed(folder / "data.npz", **arrays)
    data = bytearray((folder / "data.npz").read_bytes())
    data[len(data) // 3] ^= 0x55
    (folder / "data.npz").write_bytes(data)


def results(**changes):
    return lambda folder: (folder / "results.json").write_text(json.dumps({**RESULTS, **changes}))


FAULTS = {
    "a test example in train": (shared, [0]),
    "few": (lambda f: npz(f, "data.npz", train=some(300, 2), test=some(10, 2)), [0]),
    "nan": (lambda f: npz(f, "data.npz", train=np.full((300, 2), np.nan), test=some(90, 2)), [0, 1]),
    "no archive": (lambda f: (f / "data.npz").write_text("x"), [0, 1]),
    "a truncated archive": (lambda f: (f / "data.npz").write_bytes((f / "data.npz").read_bytes()[:300]), [0, 1]),
    "objects": (lambda f: npz(f, "samples.npz", samples=np.array([[{}, 1]] * 200, object)), [1]),
    "copies": (copied, [1]),
    "copies that were moved a little": (lambda f: copied(f, 3e-4), [1]),
    "train examples, moved a little, in test": (lambda f: shared(f, 1e-5), [0]),
    "a flipped byte": (flipped, [0, 1]),
    "deep JSON": (lambda f: (f / "results.json").write_text("[" * 100000), [2, 4]),
    "a deep program": (lambda f: (f / "make.py").write_text("-" * 100000 + "1"), [3]),
    "huge entries": (lambda f: npz(f, "samples.npz", samples=some(200, 2) * 1e200), [1]),
    "one seed as three": (results(seeds=[1, 1.0, True]), [2, 4]),
    "one sample, repeated": (lambda f: npz(f, "samples.npz", samples=np.repeat(some(2, 2), 60, 0)), [1]),
    "another shape": (lambda f: npz(f, "samples.npz", samples=some(200, 3)), [1]),
    "two seeds": (results(seeds=[0, 1], model=[1, 2], baseline=[1, 2]), [2, 4]),
    "one seed thrice": (results(seeds=[0, 0, 0]), [2, 4]),
    "no baseline": (results(baseline=[]), [2, 4]),
    "a NaN": (results(model=[0.2, 0.2, float("nan")]), [2, 4]),
    "no JSON": (lambda f: (f / "results.json").write_text("{"), [2, 4]),
    "no seed in the program": (lambda f: (f / "make.py").write_text("print(1)"), [3]),
    "no program": (lambda f: (f / "make.py").write_text("def ("), [3]),
    "a heading lost": (lambda f: (f / "report.md").write_text(report().replace("## Data", "## Dates")), [4]),
    "nothing below a heading": (lambda f: (f / "report.md").write_text(report(Model="(which?)")), [4]),
    "two pages": (lambda f: (f / "report.md").write_text(report(Model="word " * 800)), [4]),
    "another number": (lambda f: (f / "report.md").write_text(report(Evaluation="It is 0.19, and theirs 0.62.")), [4]),
    "the report is missing": (lambda f: (f / "report.md").unlink(), [4]),
    "no text": (lambda f: (f / "report.md").write_bytes(b"\xff\xfe\xff"), [4]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_loses_its_line(name, handed_in):
    spoil, lines = FAULTS[name]
    spoil(handed_in)
    assert lost(handed_in) == lines
    assert all("\n" not in finding.text for finding in check_capstone(handed_in))


def test_headings_and_texts_as_people_write_them(handed_in):
    text = report(Model="### The encoder\n\n#1 of all.").replace("## Data", "## Data ##")
    (handed_in / "report.md").write_text("\ufeff" + text, encoding="utf-8")
    (handed_in / "results.json").write_text(json.dumps({**RESULTS, "measure": "a\nb\x1b[2J"}))
    assert lost(handed_in) == []
    assert board(check_capstone(handed_in)).count("\n") == 5


def test_an_empty_folder_and_none(tmp_path, capsys):
    assert lost(tmp_path) == [0, 1, 2, 3, 4]
    assert main(["capstone", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_template_is_not_a_report_yet(tmp_path):
    (tmp_path / "report.md").write_text((MATERIAL / "capstone" / "report.md").read_text())
    assert "nothing is written under 'Question' yet" in board(check_capstone(tmp_path))


def test_the_rubric_has_the_points_of_the_check():
    text = (MATERIAL / "capstone" / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \| .+ \| (the command|a reader) \|$", text, re.M)
    assert [int(points) for points, by in rows if by == "the command"] == POINTS
    assert sum(int(points) for points, _ in rows) == 20
