"""`explore`: which pictures of which models, from which codes."""

import numpy as np
import pytest

from minigen import cli, data
from minigen.errors import ArgumentError
from minigen.random import Generator
from minigen.report import Trained, exploration, latent, latent_pictures
from tests.train import runs

from .test_trained import untrained


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


@pytest.mark.parametrize(
    ("model", "given", "parts"),
    [
        ("infogan", {"classes": 4, "continuous": 2}, (3, 4, 2)),
        ("infogan", {"classes": 1, "continuous": 0, "latent_dim": 1}, (1, 1, 0)),
        ("infogan", {"classes": 12, "continuous": 7}, (3, 12, 7)),
        ("cgan", {}, (3, 10, 0)),
        ("acgan", {}, (3, 10, 0)),
        ("cvae", {}, (3, 10, 0)),
        ("vae", {}, (3, 0, 0)),
        ("style-gan", {}, (3, 0, 0)),
    ],
)
def test_every_code_that_is_drawn_is_one_that_the_model_was_trained_on(model, given, parts, monkeypatch):
    """A category is one of them and nothing between, a continuous code is within [-1, 1]; ways between are mixed."""
    shown, seen = untrained(model, **given), []
    from_codes = shown.from_codes
    monkeypatch.setattr(latent, "interpolation", lambda *about, **more: None)
    monkeypatch.setattr(shown, "from_codes", lambda z: seen.append(z) or from_codes(z))
    monkeypatch.setattr(exploration, "_arithmetic", lambda *about: None)
    figures = latent_pictures(shown, data.load("digits", "test"), Generator(0))
    noise, classes, continuous = parts
    assert exploration.parts_of(shown.model) == parts
    for z in seen:
        category, numbers = z[:, noise : noise + classes], z[:, noise + classes :]
        assert z.shape[1] == sum(parts)
        assert np.isin(category, (0, 1)).all()
        assert (category.sum(axis=1) == min(classes, 1)).all()
        assert (np.abs(numbers) <= 1).all()
    expected = {f"categories-{i + 1}.png" for i in range(min(continuous, 4))} or {"categories.png"}
    assert {name for name in figures if "categories" in name} == (expected if classes else set())


def test_a_picture_of_categories_has_one_a_row_and_the_continuous_code_along_it():
    parts, seen = latent.CodeParts(2, 3, 2), []

    def decode(z):
        seen.append(z)
        return np.zeros((len(z), 4, 4, 1), np.float32)

    codes = np.tile(np.float32([0.5, -0.5, 0, 1, 0, 0.1, 0.2]), (5, 1))
    latent.categories(decode, codes, parts, continuous=1)
    grid = seen[0].reshape(3, 5, 7)
    assert (grid[:, :, 2:5] == np.eye(3)[:, None]).all()
    assert np.allclose(grid[:, :, 6], [-1, -0.5, 0, 0.5, 1])
    assert (grid[:, :, [0, 1, 5]] == np.float32([0.5, -0.5, 0.1])).all()
    latent.categories(decode, codes * np.arange(5, dtype=np.float32)[:, None], parts)
    grid = seen[1].reshape(3, 5, 7)
    assert (grid[:, :, 2:5] == np.eye(3)[:, None]).all()
    assert (grid[0, :, 0] == 0.5 * np.arange(5)).all()


def test_a_model_without_latent_vectors_is_not_explored(tmp_path):
    for kind in ("vq-vae", "inpaint"):
        with pytest.raises(ArgumentError, match="has no space of latent vectors with few dimensions"):
            latent_pictures(trained(runs.start(kind, tmp_path / kind)), data.load("digits", "test"), Generator(0))


def test_explore_refuses_points(tmp_path, capsys):
    folder = str(tmp_path / "run")
    assert cli.main(["train", "vae", "--data", "ring", "--steps", "2", "--width", "4", "--quiet", "--out", folder]) == 0
    assert cli.main(["explore", folder]) == 2
    assert "data: explore draws images, and 'ring' holds points" in capsys.readouterr().err
