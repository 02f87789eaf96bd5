"""The front page's pictures: every family has one, made by commands that exist."""

import json

import pytest
from PIL import Image

from benchmarks import gallery, pages
from minigen import cli
from minigen.models import RECIPES


@pytest.mark.parametrize("name", gallery.GALLERY)
def test_the_commands_exist(name):
    for command in gallery.GALLERY[name].commands:
        args = cli.parser(command.split()[1] if command.startswith("train") else None).parse_args(command.split())
        if args.command == "train":
            recipe = RECIPES[args.model]
            assert args.data is None or args.data
            folder = f"runs/{args.model}-{args.data or recipe.default_data}"
        else:
            assert args.folder == folder


def test_a_picture_is_made_once_and_told(tmp_path, monkeypatch, capsys):
    entry = gallery.Entry("Tiny", ("train gan --data ring --steps 2 --width 4",), "samples.png", "points")
    monkeypatch.setattr(gallery, "GALLERY", {"tiny": entry})
    monkeypatch.setattr(gallery, "RESULTS", tmp_path / "gallery.json")
    assert gallery.main([]) == gallery.main([]) == 0
    assert capsys.readouterr().out.count("tiny:") == 1
    with Image.open(tmp_path / "gallery" / "tiny.png") as image:
        assert image.width <= gallery.WIDEST
    assert json.loads((tmp_path / "gallery.json").read_text())["tiny"]["commands"] == list(entry.commands)
    table = pages.gallery(gallery.FRONT)
    assert "python -m minigen train gan --data ring --steps 2 --width 4" in table
    assert "(benchmarks/results/gallery/tiny.png)" in table
    assert not pages.gallery(gallery.FACES)
    assert gallery.main(["tyni"]) == 2
    assert "did you mean 'tiny'" in capsys.readouterr().err


def test_the_pictures_are_there_and_light():
    """The front page's above all."""
    for name in gallery.read():
        picture = gallery.RESULTS.parent / "gallery" / f"{name}.png"
        assert picture.stat().st_size < (120_000 if gallery.GALLERY[name].page == gallery.FRONT else 200_000)
