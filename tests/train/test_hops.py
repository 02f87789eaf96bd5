"""The way from the command to the update of a weight is short enough to be followed by hand; a detour fails here."""

import sys
from pathlib import Path

import pytest

import minigen
from minigen import cli
from minigen.optim import Adam

PACKAGE = Path(minigen.__file__).parent
WAY = ["main", "train", "supervise", "steps", "step", "step", "update"]

pytestmark = pytest.mark.usefixtures("no_pictures")


def names_on_the_stack():
    """The functions of the package that are being run, outermost first."""
    names, frame = [], sys._getframe(1)
    while frame:
        if PACKAGE in Path(frame.f_code.co_filename).parents:
            names.append(frame.f_code.co_name)
        frame = frame.f_back
    return names[::-1]


@pytest.mark.parametrize(("model", "detour"), [("vae", []), ("gan", ["discriminator_step"])])
def test_from_the_command_to_the_update(tmp_path, monkeypatch, model, detour):
    """A GAN's discriminator has a method of its own, which some of its kinds override."""
    update, ways = Adam.update, []

    def noting(self, *args):
        ways.append([*names_on_the_stack(), "update"])
        update(self, *args)

    monkeypatch.setattr(Adam, "update", noting)
    assert cli.main(["train", model, "--steps", "2", "--width", "4", "--quiet", "--out", str(tmp_path / "run")]) == 0
    assert ways[-1] == WAY  # of a GAN the generator's: six calls
    assert ways[0] == [*WAY[:-2], *detour, *WAY[-2:]]
    assert {tuple(way) for way in ways} == {tuple(ways[0]), tuple(WAY)}
