"""What `explain` says of each kind of model: numbers that hold, pictures that suit, and one line where nothing does."""

import re

import numpy as np
import pytest

import minigen as mg
from minigen import cli, data
from minigen.errors import ArgumentError
from minigen.models import RECIPES, recipe_of
from minigen.report import Trained, explaining, explanations
from minigen.train import train
from tests.examples import BY_KIND, examples_for, own

SMALL = {"width": 8, "latent_dim": 3, "depth": 2, "heads": 2, "batch_size": 8, "words": 8}


def explained(name, examples):
    recipe = recipe_of(name)
    kinds = {option.name: option.kinds for option in recipe.options}
    sizes = {n: v for n, v in own(recipe, **SMALL).items() if not kinds[n] or examples.kind in kinds[n]}
    settings = recipe.settings(examples, **sizes)
    model = recipe.build(settings, examples.shape, mg.Generator(0))
    model.eval()
    return explanations(Trained(model, settings, examples.shape), examples, examples, mg.Generator(0))


PICTURES = {
    "class": "attribution-class.png",
    "real": "attribution-real.png",
    "elbo": "attribution-elbo.png",
}


@pytest.mark.parametrize(
    ("name", "of"),
    [("vae", ["elbo"]), ("iwae", ["elbo"]), ("dcgan", ["real"]), ("cgan", ["real"]), ("acgan", ["class", "real"])],
)
def test_models_of_images(name, of, monkeypatch):
    monkeypatch.setattr(explaining, "IMAGES", 3)
    lines, files = explained(name, BY_KIND["images"])
    assert files.keys() == {PICTURES[one] for one in of}
    for one in of:
        (black, mean, falls) = [line for line in lines if line.startswith(f"{one}: ")]
        for line, baseline in ((black, "black"), (mean, "the mean image")):
            found = re.fullmatch(
                rf"{one}: from {baseline} it rises by (\S+), the attributions sum to (\S+) \((\S+)% off\)", line
            )
            assert float(found[1]) == pytest.approx(float(found[2]), rel=0.1, abs=0.01)
        assert re.search(r"gradients \S+, gradient x input \S+, occlusion \S+, random pixels \S+$", falls)


def test_models_of_sequences(monkeypatch):
    monkeypatch.setattr(explaining, "SEQUENCES", 20)
    monkeypatch.setattr(explaining, "PLACES", 8)
    heads = {"attention.png", "heads.png"}
    for kind, of_transformer in (("text", {"attribution.png", "induction.png"}), ("rolls", set())):
        lines, files = explained("transformer", BY_KIND[kind])
        assert files.keys() == heads | of_transformer
        (line,) = (line for line in lines if line.startswith("heads: "))
        assert re.match(r"heads: the loss is \S+ nats; without head \d\.\d it rises most, by \S+ \u00b1 \S+; the", line)
        if kind == "text":  # untrained: both copies are as dear, and no head copies
            (line,) = (line for line in lines if line.startswith("induction: "))
            found = re.search(r"the first copy costs (\S+) nats a symbol, the second copy the model (\S+) nats;", line)
            first, second = map(float, found.groups())
            assert first == pytest.approx(second, rel=0.05)
            assert line.endswith("no head is an induction head, which would have 0.3 or more")
    lines, files = explained("gru", BY_KIND["lines"])
    assert files.keys() == {"attribution.png"}
    assert "of the last one before it by" in lines[1]


@pytest.mark.parametrize("name", RECIPES)
def test_of_every_model_there_are_pictures_or_one_line(name, monkeypatch):
    """On every kind of data that it takes."""
    few = {"IMAGES": 2, "STEPS": 1, "MOST_STEPS": 1, "CODES": 1, "PLACES": 3, "SEQUENCES": 3, "REPEATED": 2}
    for setting, value in few.items():
        monkeypatch.setattr(explaining, setting, value)
    recipe = RECIPES[name]
    for examples in examples_for(recipe):
        of_images = {"class logits", "verdicts", "log-weights"} & set(recipe.shows) or name == "cgan"
        of_symbols = "places" in recipe.shows and (name, examples.kind) != ("gru", "rolls")
        if of_symbols or (of_images and examples.is_image):
            lines, files = explained(name, examples)
            assert lines
            assert files
        else:
            with pytest.raises(ArgumentError, match="folder: nothing is explained of") as error:
                explained(name, examples)
            assert "\n" not in str(error.value)


def test_the_command(tmp_path, capsys):
    digits = data.load("digits")
    settings = recipe_of("vae").settings(digits, steps=2, width=8, batch_size=16, latent_dim=2)
    train(settings, digits, data.load("digits", "test"), str(tmp_path / "run"), quiet=True)
    assert cli.main(["explain", str(tmp_path / "run"), "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert "elbo: from black it rises by" in out
    assert out.endswith("run: attribution-elbo.png\n")
    assert (tmp_path / "run" / "attribution-elbo.png").stat().st_size > 1000
    ring = data.load("ring")
    settings = recipe_of("gan").settings(ring, steps=2, width=8, depth=1, batch_size=16)
    train(settings, ring, ring, str(tmp_path / "other"), quiet=True)
    assert cli.main(["explain", str(tmp_path / "other")]) == 2
    captured = capsys.readouterr()
    assert captured.err == (
        "minigen: folder: nothing is explained of 'gan' on points; it takes a discriminator, a class or an ELBO of "
        "images, or a model of text or music with symbols or heads\n"
    )
    assert sorted(path.suffix for path in (tmp_path / "other").glob("attr*")) == []


def test_an_elbo_is_explained_with_the_same_noise_at_every_call():
    """Else a difference of two ELBOs would be one of noise, and nothing would be complete."""
    recipe, digits = recipe_of("vae"), BY_KIND["images"]
    settings = recipe.settings(digits, **own(recipe, **SMALL))
    model = recipe.build(settings, digits.shape, mg.Generator(0))
    model.eval()
    trained = Trained(model, settings, digits.shape)
    x = trained.prepared(digits.x[:4])
    f = explaining._answers(trained, digits)["elbo"](x)
    with mg.no_grad():
        one, other = (f(mg.tensor(x)).data for _ in range(2))
    assert np.array_equal(one, other)
    found = explaining.completed(f, x, x.mean(axis=0))
    assert explaining._share_missing(found) <= explaining.ENOUGH
