"""The list of models: what each recipe says of its model is so, and what the rest of the program makes of it."""

import argparse
import dataclasses
import inspect
import json
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import cli, data, nn
from minigen.errors import ArgumentError
from minigen.models import RECIPES, Settings, recipe_of
from minigen.models.catalogue import FILES
from minigen.models.recipe import CAPABILITIES, KINDS
from minigen.runs import Run
from minigen.runs.untrusted_files import read_config
from tests.examples import examples_for, first_for

DIGITS, RING = data.load("digits"), data.load("ring")
HOW_CALLED = {  # with so many arguments, as CAPABILITIES says
    "reconstructions": 1,
    "codes": 1,
    "encodings": 1,
    "log-weights": 3,
    "class logits": 1,
    "information": 2,
    "denoising": 6,
    "restorations": 3,
    "verdicts": 1,
    "places": 1,
    "log-probabilities": 2,
    "bounds": 2,
    "recommendations": 1,
    "similarities": 2,
    "continuations": 2,
}


def built(model):
    recipe, data_set = recipe_of(model), first_for(recipe_of(model))
    small = {name: value for name, value in (("width", 4), ("latent_dim", 2)) if name in recipe.choosable}
    return recipe.build(recipe.settings(data_set, **small), data_set.shape, mg.Generator(0))


def shown_by(model, capability):
    """Whether the model has the capability's method, to be called as everywhere."""
    method = getattr(model, CAPABILITIES[capability], None)
    if method is None:
        return False
    try:
        inspect.signature(method).bind(*range(HOW_CALLED[capability]))
    except TypeError:  # such as ConditionalVAE.encode, which wants labels
        return False
    return True


def test_capabilities_have_a_way_to_be_called():
    assert HOW_CALLED.keys() == CAPABILITIES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_declares_what_its_model_can_show_and_nothing_else(name):
    model, declared = built(name), set(RECIPES[name].shows)
    assert {capability for capability in CAPABILITIES if shown_by(model, capability)} == declared
    assert hasattr(model, "sample") == RECIPES[name].generates


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.generates])
def test_samples_are_as_many_as_a_whole_number_says(name):
    model = built(name).eval()
    for n in (0, -1, 2.5, True):
        with pytest.raises(ArgumentError, match=r"^n: expected an integer >= 1, got"):
            model.sample(n, mg.Generator(0))


def test_a_method_that_wants_more_does_not_count():
    assert hasattr(built("cvae"), "encode")
    assert not shown_by(built("cvae"), "encodings")


@pytest.mark.parametrize("file", FILES)
def test_a_recipe_stands_in_the_file_of_its_model(file):
    """Or in a file that defines no model: of choices among others' options."""
    module = __import__(f"minigen.models.{file}", fromlist=["RECIPES"])
    own = {
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, nn.Module) and value.__module__ == module.__name__
    }
    assert module.RECIPES
    for recipe in module.RECIPES:
        assert RECIPES[recipe.name] is recipe
        model = built(recipe.name)
        kind = type(getattr(model, "body", model))  # what a sequence model is named after
        assert kind in own if own else kind.__module__.startswith("minigen.models.")


def test_no_name_is_given_twice():
    listed = [recipe.name for file in FILES for recipe in __import__(f"minigen.models.{file}", fromlist=["x"]).RECIPES]
    assert len(listed) == len(set(listed)) == len(RECIPES)


def test_options_of_one_name_are_of_one_type_and_have_one_set_of_choices():
    """The command line has one flag for all of them."""
    found = {}
    for recipe in RECIPES.values():
        names = [option.name for option in recipe.options]
        assert len(names) == len(set(names))
        for option in recipe.options:
            mine = type(option.default), option.choices
            assert found.setdefault(option.name, mine) == mine


@pytest.mark.parametrize("name", RECIPES)
def test_every_default_passes_its_own_check(name):
    recipe = RECIPES[name]
    known = {option.name: option for option in recipe.options}
    for option in recipe.options:
        assert option.checked(option.default) == option.default
        assert option.choices or option.given_by_data or option.least is not None or option.above is not None
        assert option.help
        assert "\n" not in option.help
    for of, special in recipe.for_data.items():
        assert of in KINDS or of in data.DATASETS
        assert special.keys() <= {option.name for other in RECIPES.values() for option in other.options}
        for option, value in ((o, v) for o, v in special.items() if o in known):  # models share these tables
            assert known[option].checked(value) == value
            assert type(value) is type(known[option].default)
    for data_set in examples_for(recipe):
        settings = recipe.settings(data_set)
        given = {"classes": int(data_set.y.max()) + 1} if recipe.labelled else {}
        if "alphabet" in known and data_set.alphabet:
            given["alphabet"] = data_set.alphabet
        if "vocabulary" in known:
            given["vocabulary"] = len(data_set.words)
        assert settings.options == recipe.defaults(data_set) | given
        assert recipe.meaning(settings)


def flags_of_train(model=None):
    """The flags of `train`: (those of every run, those of models)."""
    commands = next(a for a in cli.parser(model)._actions if isinstance(a, argparse._SubParsersAction))
    groups = commands.choices["train"]._action_groups
    own = {
        flag
        for group in groups
        if "options of" in group.title
        for a in group._group_actions
        for flag in a.option_strings
    }
    return set(commands.choices["train"]._option_string_actions) - own, own


def test_the_flags_of_models_clash_with_none_of_every_run():
    common, own = flags_of_train()
    assert {"--data", "--seed", "--device", "--out", "--epochs", "--resume", "--quiet", "--help"} <= common
    expected = {option.flag for recipe in RECIPES.values() for option in recipe.options if not option.given_by_data}
    assert own == expected
    taken = {field.name for field in dataclasses.fields(Settings)} | {"get", "but"}
    taken |= inspect.signature(RECIPES["vae"].settings).parameters.keys()
    for recipe in RECIPES.values():
        assert not taken & {option.name for option in recipe.options}  # they are read as attributes, given by name
        assert not common & {option.flag for option in recipe.options}


@pytest.mark.parametrize("name", RECIPES)
def test_the_help_of_a_model_names_its_options_and_no_others(name, capsys):
    with pytest.raises(SystemExit):
        cli.parser(name).parse_args(["train", "--help"])
    text = capsys.readouterr().out.split(f"options of {name}")[1]
    flags = {line.split()[0] for line in text.splitlines() if line.startswith("  --")}
    assert flags == {option.flag for option in RECIPES[name].options if not option.given_by_data}


def test_the_page_of_models_lists_all():
    from benchmarks.pages import TABLES

    lines = TABLES["models"].make().splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == [f"python -m minigen train {name}" for name in RECIPES]
    for line, recipe in zip(lines, RECIPES.values(), strict=True):
        assert recipe.summary in line
        (file,) = (file for file in FILES if recipe in import_module(f"minigen.models.{file}").RECIPES)
        assert f"minigen/models/{file.replace('.', '/')}.py" in line


# ------------------------------------------------------------------------------------------------- settings on disk


@st.composite
def accepted(draw):
    """Settings that a recipe accepts, and their data."""
    recipe = draw(st.sampled_from(list(RECIPES.values())))
    data_set = draw(st.sampled_from(examples_for(recipe)))
    chosen = {}
    for option in recipe.options:
        if option.given_by_data or draw(st.booleans()):
            continue
        if option.choices:
            chosen[option.name] = draw(st.sampled_from(option.choices))
        elif isinstance(option.default, int):
            most = len(data_set) if option.name == "batch_size" else option.most
            chosen[option.name] = draw(st.integers(option.least, most))
        else:
            low, high = (
                a if a is not None else b for a, b in ((option.least, option.above), (option.most, option.below))
            )
            chosen[option.name] = draw(st.floats(low, high, exclude_min=option.least is None))
    try:
        return recipe.settings(data_set, seed=draw(st.integers(0, 2**63 - 1)), **chosen), data_set
    except ArgumentError:  # do not go together
        return recipe.settings(data_set, seed=draw(st.integers(0, 2**63 - 1))), data_set


@given(accepted())
def test_settings_come_back_from_a_folder_as_they_were(tmp_path_factory, made):
    settings, data_set = made
    run = Run(tmp_path_factory.mktemp("run"), settings, data_set.shape)
    run.save_config()
    again, shape = read_config(run.folder / "config.json")
    assert (again, shape) == (settings, data_set.shape)
    assert {name: type(value) for name, value in again.options.items()} == {
        name: type(value) for name, value in settings.options.items()
    }
    assert json.loads((run.folder / "config.json").read_text()).keys() == {
        *("minigen", "format", "shape", "model", "data", "seed", "device", "shards"),
        *(option.name for option in recipe_of(settings.model).options),
    }
