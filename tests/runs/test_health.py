"""The signs of a GAN that is out of balance: told when they have held for a while, once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import data
from minigen.models import recipe_of
from minigen.runs import health
from minigen.runs.health import PATIENCE, new_warnings, signs_of_imbalance

GOOD = {"real_accuracy": 0.8, "fake_accuracy": 0.7, "g_gradient": 1.0, "spread": 0.9, "modes": 8}
BAD = {
    "D always right": {"real_accuracy": 1.0, "fake_accuracy": 0.9995},
    "G's gradient gone": {"g_gradient": 5e-4},
    "samples alike": {"spread": 0.05},
    "modes lost": {"modes": 6},
}


def rows(pattern, sign):
    """A row for each character: '.' is good, 'x' shows the sign."""
    return [GOOD | (BAD[sign] if c == "x" else {}) for c in pattern]


@pytest.mark.parametrize("sign", BAD)
def test_each_sign_is_told_once_it_has_held_and_again_after_it_was_gone(sign):
    pattern = "." + "x" * (PATIENCE + 5) + "." + "x" * PATIENCE
    told = [i for i in range(1, len(pattern) + 1) if new_warnings(rows(pattern[:i], sign))]
    assert told == [PATIENCE + 1, len(pattern)]
    (words,) = new_warnings(rows(pattern, sign))
    assert words.startswith(f"{sign}: ")
    assert "try " in words


@given(st.text(".x", max_size=60), st.sampled_from(sorted(BAD)))
def test_as_many_warnings_as_long_enough_runs(pattern, sign):
    pattern = "." + pattern
    told = sum(bool(new_warnings(rows(pattern[:i], sign))) for i in range(1, len(pattern) + 1))
    assert told == sum(len(run) >= PATIENCE for run in pattern.split("."))


def test_a_balanced_game_and_a_model_that_is_no_game_are_left_alone():
    assert signs_of_imbalance([GOOD] * 50) == []
    assert signs_of_imbalance([{"loss": 100.0, "kl": 20.0}] * 50) == []
    assert new_warnings([]) == []
    one_player = GOOD | {"real_accuracy": 1.0}
    assert signs_of_imbalance([one_player] * 50) == []


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
    assert "D always right" in signs_of_imbalance(trained(5e-3, lr=1e-4, generator_speed=1e-3))


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


def test_every_sign_needs_metrics_that_training_gives():
    given = set(trained(2e-4, steps=1)[0]) | {"modes"}
    assert all(set(sign.needs) <= given for sign in health.SIGNS.values())
