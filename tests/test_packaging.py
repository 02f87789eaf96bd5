"""What says which version this is, who wrote it and under which licence, says the same."""

import ast
import configparser
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import minigen

ROOT = Path(__file__).parent.parent


def setup():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser["metadata"], parser["options"]


def test_version_licence_and_authors_agree():
    metadata, _ = setup()
    citation = dict(re.findall(r"^([a-z-]+): (.+)$", (ROOT / "CITATION.cff").read_text(), re.M))
    licence = (ROOT / "LICENSE").read_text()
    assert citation["version"] == minigen.__version__
    assert citation["license"] == metadata["license"] == licence.split()[0] == "MIT"
    assert "the minigen authors" in licence
    assert metadata["author"] == "the minigen authors"
    assert '"The minigen authors"' in (ROOT / "CITATION.cff").read_text()


def test_the_changelog_begins_with_this_version_and_goes_back_in_time():
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert versions[0] == minigen.__version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(numbers, reverse=True)


def test_the_pythons_that_are_named_are_the_ones_that_are_tried():
    metadata, options = setup()
    named = re.findall(r"Python :: (3\.\d+)", metadata["classifiers"])
    tried = re.findall(r'"(3\.\d+)"', (ROOT / ".github" / "workflows" / "ci.yml").read_text())
    assert named == tried
    assert options["python_requires"] == f">={named[0]}"
    assert f"Python {named[0]} to {named[-1]}" in (ROOT / "README.md").read_text()


def test_what_is_required_is_what_is_imported():
    """Of the packages of others, the extras' and the tests' left out."""
    named = {"PIL": "pillow"}
    imported = set()
    for path in (ROOT / "minigen").rglob("*.py"):
        if "material" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    imported = {named.get(name, name) for name in imported - sys.stdlib_module_names - {"minigen"}}
    required = {re.split("[><=]", line)[0] for line in setup()[1]["install_requires"].split()}
    assert required <= imported
    assert "sklearn" not in imported
    assert imported - required <= {"IPython", "cupy", "cupyx", "ipywidgets", "jupytext", "mpi4py", "nbformat", "pytest"}


@pytest.mark.long
def test_a_wheel_is_enough_for_the_course(tmp_path):
    """Built from the checkout, unpacked elsewhere: a student's folder comes of it, and a right answer passes."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("minigen-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert not [name for name in archive.namelist() if name.startswith(("tests/", "lessons/", "benchmarks/"))]
        embedded = {path.relative_to(ROOT).as_posix() for path in (ROOT / "minigen/data/embedded").iterdir()}
        assert embedded <= set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}

    def run(*words):
        command = [sys.executable, "-m", "minigen.lessons", *words]
        return subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True)

    assert run("start", "course", "--no-mnist").returncode == 0
    exercises = tmp_path / "course" / "00_start" / "exercises.py"
    stub = 'raise NotImplementedError("blend: not written yet")'
    text = exercises.read_text()
    assert stub in text
    exercises.write_text(text.replace(stub, "return part_of_a + t * b"))
    done = run("check", "0.1")
    assert done.returncode == 0, done
