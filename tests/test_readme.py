"""The README's examples must run, and its first commands be the ones that CI runs."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(), re.S)


def test_the_examples_run(capsys, tmp_path, monkeypatch):
    """One after another, as in one session."""
    monkeypatch.chdir(tmp_path)
    scope = {"__name__": "readme"}
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), scope)
    assert capsys.readouterr().out.count("the gradient is right") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]
    scope["mg"].autodiff.REGISTRY.pop("scale")


def test_the_first_commands():
    environment, install_and_train, install_and_test, *_ = blocks("sh")
    assert environment.strip() == "python3 -m venv .venv && . .venv/bin/activate"
    assert install_and_train.strip() == "python -m pip install . && python -m minigen train vae"
    assert install_and_test.strip() == 'python -m pip install ".[test]" && python -m pytest'


def test_every_command_it_shows_is_understood():
    from minigen.cli import parser
    from minigen.errors import ArgumentError

    commands = [
        line.split("#")[0].split()[3:] for block in blocks("sh") for line in block.splitlines() if "-m minigen " in line
    ]
    shown = [words for words in commands if words and words[0] in ("train", "sample", "list", "doctor")]
    assert len(shown) >= 8
    for words in shown:
        parser().parse_args(words)
    with pytest.raises(ArgumentError):
        parser().parse_args(["train", "--no-such-option"])
