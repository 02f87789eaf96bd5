"""The options of each model on the command line: `--help` shows them and no others, and each of them works."""

import json
import re

import pytest

from minigen.cli import main
from minigen.models import RECIPES
from tests.examples import first_for, small_sets
from tests.train.runs import without_pictures

ALL = {option.flag for recipe in RECIPES.values() for option in recipe.options if not option.given_by_data}
OF_EVERY_RUN = {
    *("--help", "--resume", "--data", "--data-dir", "--epochs", "--seed", "--device", "--shards", "--out"),
    *("--checkpoint-every", "--on-nan", "--quiet"),
}
TINY = {
    **{"steps": 1, "batch_size": 10, "width": 4, "latent_dim": 3, "samples": 2, "words": 4, "unroll": 1},
    "evaluations": 3,
}
OTHER = {  # a value that is no default
    **{"steps": 2, "batch_size": 12, "width": 5, "latent_dim": 4, "samples": 3, "words": 5, "unroll": 2},
    **{"lr": 3e-4, "beta": 0.75, "annealing": 0.25, "beta1": 0.25, "generator_speed": 3.0, "ema": 0.75, "shear": 0.25},
    **{"heads": 1, "dropout": 0.25, "weight_decay": 0.5, "word_dropout": 0.25, "free_bits": 3.0, "levels": 3},
    **{"pack": 3, "critic_steps": 2, "classes": 3, "continuous": 1, "depth": 5},
    **{"timesteps": 20, "evaluations": 4, "guidance": 0.25, "label_weight": 3.0, "features": 5, "moved": 1},
}
DEEP_OF_POINTS = ("ddpm", "cddpm", "flow-matching", "cflow-matching")  # of images the size says how deep they are
AMOUNTS = {"denoise": 0.25, "inpaint": 0.25, "super-resolve": 4.0}


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    without_pictures(monkeypatch.setattr)
    small_sets(monkeypatch.setattr)


def flags_of(recipe):
    return {option.flag for option in recipe.options if not option.given_by_data}


def command(model, out, **given):
    """`train` with tiny sizes, and what is given."""
    sizes = {name: TINY[name] for name in RECIPES[model].choosable if name in TINY}
    words = [word for name, value in (sizes | given).items() for word in ("--" + name.replace("_", "-"), str(value))]
    return ["train", model, "--quiet", "--out", str(out), *words]


# ------------------------------------------------------------------------------------------------- help


def help_of(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main([*words, "--help"])
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("model", RECIPES)
def test_help_shows_the_options_of_the_model_and_no_others(capsys, monkeypatch, model):
    monkeypatch.setenv("COLUMNS", "1000")
    text = help_of(capsys, "train", model)
    assert set(re.findall(r"^ +(?:-h, )?(--[a-z0-9-]+)", text, re.M)) == flags_of(RECIPES[model]) | OF_EVERY_RUN
    usage, own = text.split("\n\n")[0], text.split(f"options of {model}:")[1].split("\n\n")[0]
    assert set(re.findall(r"--[a-z0-9-]+", usage)) | {"--help"} == flags_of(RECIPES[model]) | OF_EVERY_RUN
    assert RECIPES[model].summary in text
    for option in RECIPES[model].options:
        if not option.given_by_data:
            (line,) = [line for line in own.splitlines() if line.split()[:1] == [option.flag]]
            assert option.help.split(":")[0] in line
            assert f"default: {option.default}" in line
            assert all(name in line for name in option.choices)


def test_help_without_a_model_shows_the_options_of_none(capsys):
    text = help_of(capsys, "train")
    assert not re.findall(r"--(?:likelihood|net|words|unroll|amount)\b", text)
    assert "python -m minigen train MODEL --help" in text


# ------------------------------------------------------------------------------------------------- not of this model


@pytest.mark.parametrize("model", RECIPES)
def test_an_option_that_the_model_does_not_have_is_refused(tmp_path, capsys, model):
    every = {option.flag: option for recipe in RECIPES.values() for option in recipe.options}
    for flag in sorted(ALL - flags_of(RECIPES[model])):
        option = every[flag]
        assert main([*command(model, tmp_path / "run"), flag, str(option.default)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"minigen: {option.flag}: {model!r} has no such option; it has ")
        assert said.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("model", [name for name, recipe in RECIPES.items() if recipe.labelled])
def test_what_the_data_decide_cannot_be_chosen(tmp_path, capsys, model):
    assert main([*command(model, tmp_path / "run"), "--classes", "3"]) == 2
    assert f"classes: {model!r} has no such option" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------- each works


def options_in(folder):
    config = json.loads((folder / "config.json").read_text())
    return {name: config[name] for name in RECIPES[config["model"]].choosable}


@pytest.mark.parametrize("model", RECIPES)
def test_every_number_works(tmp_path, model):
    numbers = [option.name for option in RECIPES[model].options if not option.choices and not option.given_by_data]
    given = {name: OTHER.get(name, AMOUNTS.get(model)) for name in numbers}
    assert not {option.name for option in RECIPES[model].options if given.get(option.name) == option.default}
    net = {"net": "dense"} if {"net", "depth"} <= set(RECIPES[model].choosable) else {}  # only those have a depth
    of_points = {"data": "ring"} if model in DEEP_OF_POINTS else {}
    assert main(command(model, tmp_path / "run", **given, **net, **of_points)) == 0
    found = options_in(tmp_path / "run")
    assert {name: found[name] for name in numbers} == given


CHOICES = [
    (model, option.name, choice)
    for model, recipe in RECIPES.items()
    for option in recipe.options
    for choice in option.choices
]
TOGETHER = {"gradient-penalty": "dcgan-plain", "r1": "dcgan-plain"}  # they judge each example alone: no batch norm


@pytest.mark.parametrize(("model", "name", "choice"), CHOICES)
def test_every_choice_works(tmp_path, capsys, model, name, choice):
    """All but what does not go with the penalty of wgan-gp: one line, before there is a folder."""
    recipe = RECIPES[model]
    net = recipe.defaults(first_for(recipe)).get("net", "")
    with_it = {"net": TOGETHER[choice]} if choice in TOGETHER and net.startswith("dcgan") else {}
    status = main(command(model, tmp_path / "run", **{name: choice}, **with_it))
    if (model, choice) in (("wgan-gp", "dcgan"), ("wgan-gp", "dcgan-top")):
        said = capsys.readouterr().err
        assert (status, said.count("\n")) == (2, 1)
        assert said.startswith("minigen: --net: the gradient penalty is one for single examples, and batch norm in ")
        assert not (tmp_path / "run").exists()
        return
    assert status == 0
    assert options_in(tmp_path / "run")[name] == choice


# ------------------------------------------------------------------------------------------------- the last lines


@pytest.mark.parametrize(
    ("model", "given", "meaning"),
    [
        ("vae", {"likelihood": "gaussian"}, "a bound on -log p(x), in nats per example; .* it may be below zero"),
        (
            "vae",
            {"likelihood": "bernoulli"},
            "a bound on -log p(x), .* pixels are drawn black or white, so it is never below zero",
        ),
        ("vae", {"likelihood": "gaussian", "beta": 0.5}, "no bound as beta is below 1"),
        ("iwae", {"likelihood": "gaussian"}, "it may be below zero"),
        (
            "cvae",
            {"likelihood": "bernoulli"},
            "a bound on -log p(x|y), in nats per example; pixels are drawn black or white, so it is never below zero",
        ),
        ("gan", {}, "the losses are those of a game: .* not how good the samples are"),
        ("vae-gan", {}, "the losses are those of a game"),
        ("inpaint", {}, "psnr is in decibels"),
    ],
)
def test_a_run_says_what_its_loss_means(tmp_path, capsys, model, given, meaning):
    assert main(command(model, tmp_path / "run", **given)) == 0
    numbers, means, wrote = capsys.readouterr().out.splitlines()
    assert re.search(r"(loss|psnr) -?\d", numbers)
    wanted = re.escape(meaning).replace(r"\.\*", ".*")
    assert re.fullmatch(rf"\(.*{wanted}.*\)", means)
    assert wrote.startswith(f"wrote {tmp_path / 'run'}: config.json")
