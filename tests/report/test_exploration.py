"""`explore`: which pictures of which models, from which codes."""

import numpy as np
import pytest

from minigen import cli, data
from minigen.errors import ArgumentError
from minigen.random import Generator
from minigen.report import Trained, latent, latent_pictures
from tests.train import runs


def trained(run):
    return Trained(run.load_model(), run.settings, run.shape)


@pytest.mark.parametrize(
    ("model", "options", "more"),
    [
        ("vae", [], {"arithmetic.png"}),
        ("vae", ["--latent-dim", "2"], {"arithmetic.png", "manifold.png"}),
        ("gan", [], set()),
    ],
)
def test_explore(tmp_path, capsys, model, options, more):
    folder = str(tmp_path / "run")
    assert cli.main(["train", model, "--steps", "2", "--width", "4", "--quiet", "--out", folder, *options]) == 0
    before = {path.name for path in (tmp_path / "run").iterdir()} - more
    capsys.readouterr()
    assert cli.main(["explore", folder]) == 0
    written = {"interpolation-linear.png", "interpolation-spherical.png", "traversals.png"} | more
    assert capsys.readouterr().out == f"wrote {folder}: {', '.join(sorted(written))}\n"
    assert {path.name for path in (tmp_path / "run").iterdir()} == before | written
    if model == "vae":
        assert cli.main(["explore", folder, "--towards", "12"]) == 2
        assert "towards: expected a label of 'digits', one of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], got 12" in (
            capsys.readouterr().err
        )


@pytest.mark.parametrize("kind", ["cgan", "infogan", "cvae"])
def test_codes_with_a_class_are_explored_from_such_codes(tmp_path, monkeypatch, kind):
    """The ends of an interpolation each have one class, as the codes that the generator was trained on."""
    run = runs.start(kind, tmp_path / "run")
    seen = []
    monkeypatch.setattr(latent, "interpolation", lambda decode, z1, z2, way: seen.append(np.concatenate([z1, z2])))
    latent_pictures(trained(run), data.load("digits", "test"), Generator(0))
    classes = seen[0][:, 3:13]
    assert np.array_equal(np.sort(classes, axis=1), np.eye(10)[[9] * len(classes)])


def test_a_model_without_latent_vectors_is_not_explored(tmp_path):
    for kind in ("vq-vae", "inpaint"):
        with pytest.raises(ArgumentError, match="has no space of latent vectors to look into"):
            latent_pictures(trained(runs.start(kind, tmp_path / kind)), data.load("digits", "test"), Generator(0))


def test_explore_refuses_points(tmp_path, capsys):
    folder = str(tmp_path / "run")
    assert cli.main(["train", "vae", "--data", "ring", "--steps", "2", "--width", "4", "--quiet", "--out", folder]) == 0
    assert cli.main(["explore", folder]) == 2
    assert "data: explore draws images, and 'ring' holds points" in capsys.readouterr().err
