"""The signs that something goes wrong: told when they have held for a while, once, in words that suit the model."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import data
from minigen.models import RECIPES, recipe_of
from minigen.models.gans.losses import LOSSES
from minigen.runs.health import PATIENCE, SIGNS, new_warnings, signs_of_imbalance
from tests.examples import examples_for

DIGITS, RING = data.load("digits"), data.load("ring")
PLAIN = recipe_of("gan").settings(RING)

GOOD = {"real_accuracy": 0.8, "fake_accuracy": 0.7, "g_gradient": 1.0, "spread": 0.9, "modes": 8, "high_quality": 0.9}
BAD = {
    "D always right": {"real_accuracy": 1.0, "fake_accuracy": 0.9995},
    "G's gradient gone": {"g_gradient": 5e-4},
    "samples alike": {"spread": 0.05},
    "modes lost": {"modes": 6, "high_quality": 0.2},
}


def rows(pattern, sign):
    """A row for each character: '.' is good, 'x' shows the sign."""
    return [GOOD | (BAD[sign] if c == "x" else {}) for c in pattern]


@pytest.mark.parametrize("sign", BAD)
def test_each_sign_is_told_once_it_has_held_and_again_after_it_was_gone(sign):
    pattern = "." + "x" * (PATIENCE + 5) + "." + "x" * PATIENCE
    told = [i for i in range(1, len(pattern) + 1) if new_warnings(rows(pattern[:i], sign), PLAIN)]
    assert told == [PATIENCE + 1, len(pattern)]
    (words,) = new_warnings(rows(pattern, sign), PLAIN)
    assert words.startswith(f"{sign}: ")
    assert "try " in words


@given(st.text(".x", max_size=60), st.sampled_from(sorted(BAD)))
def test_as_many_warnings_as_long_enough_runs(pattern, sign):
    pattern = "." + pattern
    told = sum(bool(new_warnings(rows(pattern[:i], sign), PLAIN)) for i in range(1, len(pattern) + 1))
    assert told == sum(len(run) >= PATIENCE for run in pattern.split("."))


def test_a_balanced_game_and_a_model_that_is_no_game_are_left_alone():
    assert signs_of_imbalance([GOOD] * 50, PLAIN) == []
    assert signs_of_imbalance([{"loss": 100.0, "kl": 20.0}] * 50, recipe_of("vae").settings(DIGITS)) == []
    assert new_warnings([], PLAIN) == []
    one_player = GOOD | {"real_accuracy": 1.0}
    assert signs_of_imbalance([one_player] * 50, PLAIN) == []


def trained(discriminator_lr, steps=300, **given):
    """Rows of metrics of a small GAN on digits, one a step."""
    digits = data.load("digits")
    settings = recipe_of("gan").settings(digits, width=32, batch_size=32, latent_dim=8, **given)
    model = recipe_of("gan").build(settings, digits.shape, mg.Generator(0))
    trainer = recipe_of("gan").trainer(model, settings)
    trainer.d_optimizer.lr = discriminator_lr
    rng, found = mg.Generator(0), []
    for i in range(steps):
        x = mg.tensor(2 * digits.x[32 * (i % 40) : 32 * (i % 40) + 32] - 1)
        found.append({name: value.item() for name, value in trainer.step(x, rng).items()})
    return found


def test_a_discriminator_that_is_far_ahead_is_seen_in_a_real_game():
    """It learns, the generator hardly does: it is soon right about everything, and the fakes stay alike."""
    assert "D always right" in signs_of_imbalance(trained(5e-3, lr=1e-4, generator_speed=1e-3), PLAIN)


def test_the_minimax_loss_starves_the_generator_where_the_other_does_not():
    """Goodfellow et al. 2014, section 3: what reaches a generator whose samples are rejected with confidence."""
    norms = {
        loss: np.mean([row["g_gradient"] for row in trained(5e-3, loss=loss, lr=1e-4, generator_speed=1e-3)[-20:]])
        for loss in ("minimax", "non-saturating")
    }
    assert norms["minimax"] < 1e-2 * norms["non-saturating"]


def test_the_spread_of_one_sample_for_all_noise_is_zero():
    digits = data.load("digits")
    settings = recipe_of("gan").settings(digits, width=32, batch_size=32, latent_dim=8)
    model = recipe_of("gan").build(settings, digits.shape, mg.Generator(0))
    x = mg.tensor(2 * digits.x[:32] - 1)
    assert model.discriminator_loss(x, mg.Generator(0)).spread.item() > 0.01
    for name, parameter in model.generator.named_parameters():
        if name.endswith("w"):
            parameter.data[...] = 0
    assert model.discriminator_loss(x, mg.Generator(0)).spread.item() == pytest.approx(0, abs=1e-9)


# ------------------------------------------------------------------------------ an alarm knows what it speaks of


def every_kind():
    """Settings of each model on images and points, by each of its choices, and at the smallest batch."""
    for recipe in RECIPES.values():
        for examples in examples_for(recipe):
            plain = recipe.settings(examples)
            yield plain
            least = plain.options.get("critic_steps", 1) * plain.options.get("pack", 1)
            yield plain.but(batch_size=least)
            for option in recipe.options:
                yield from (plain.but(**{option.name: choice}) for choice in option.choices)


@pytest.mark.parametrize("sign", SIGNS)
def test_advice_names_options_that_the_model_has_and_other_values_than_its_own(sign):
    for settings in every_kind():
        text = SIGNS[sign].advice(settings)
        cures = re.split(", | or ", text.partition("; try ")[2])
        assert all(cures), (settings, text)
        own = {option.name: option for option in recipe_of(settings.model).options}
        for cure in cures:
            flag, value = re.search(r"--([a-z-]+) ?(.*)$", cure).groups()
            if flag == "seed":
                continue
            option, before = own[flag.replace("-", "_")], settings.options[flag.replace("-", "_")]
            assert not option.given_by_data, (settings, text)
            if value:
                assert option.checked(type(before)(value)) != before, (settings, text)
            if cure.startswith("a smaller"):  # there is room for one that every player can share
                assert before > settings.options.get("critic_steps", 1) * settings.options.get("pack", 1), text


def test_clusters_that_were_hit_by_chance_are_not_lost():
    by_chance = [{"modes": 20, "high_quality": 0.02}, *({"modes": 15, "high_quality": 0.02},) * PATIENCE]
    assert signs_of_imbalance(by_chance, PLAIN) == []


@pytest.mark.parametrize("loss", LOSSES)
def test_a_critic_that_is_always_right_is_no_fault(loss):
    """The Wasserstein loss asks a critic to tell all apart, and its output is no probability."""
    found = signs_of_imbalance(rows("x" * PATIENCE, "D always right"), PLAIN.but(loss=loss))
    assert found == ([] if loss == "wasserstein" else ["D always right"])


def test_a_vae_that_loses_clusters_is_not_told_of_a_game():
    lost = [{"modes": 8, "high_quality": 0.9}, *({"modes": 6, "high_quality": 0.9},) * PATIENCE]
    (told,) = new_warnings(lost, recipe_of("vae").settings(RING))
    assert told == (
        "modes lost: two or more of the clusters that were reached are no longer covered; "
        "try a lower --lr or a larger --width"
    )
    (told,) = new_warnings(lost, PLAIN)
    assert told.endswith("try a lower --lr or a larger --batch-size")


def test_the_other_loss_is_named_where_the_generator_starves_by_this_one():
    told = {loss: SIGNS["G's gradient gone"].advice(PLAIN.but(loss=loss)) for loss in LOSSES}
    assert [loss for loss, text in told.items() if "--loss non-saturating" in text] == ["minimax"]


def test_every_sign_needs_metrics_that_training_gives():
    given = set(trained(2e-4, steps=1)[0]) | {"modes", "high_quality"}
    assert all(set(sign.needs) <= given for sign in SIGNS.values())
