"""What says which version this is, who wrote it and under which licence, says the same."""

import configparser
import re
from pathlib import Path

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
