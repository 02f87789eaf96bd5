"""What lesson 11 concludes holds for other seeds, too."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import find_lesson
from minigen.lessons.pictures import taming_gans
from minigen.models.gans import penalties
from minigen.models.gans.losses import LOSSES
from minigen.models.gans.networks import dense_discriminator


@pytest.mark.parametrize("start", [(1.0, 1.0), (-1.5, 0.3), (0.2, -0.7)])
def test_only_r1_settles(start):
    ends = {
        game.__name__: np.hypot(*taming_gans.walk(game, start, n=6000)[-1])
        for game in (taming_gans.no_penalty, taming_gans.with_r1, taming_gans.wgan_gp)
    }
    first = np.hypot(*start)
    assert ends["no_penalty"] > first  # outwards, with steps of any length
    assert ends["with_r1"] < 0.02 * first
    assert ends["wgan_gp"] > 0.5


def test_the_steps_of_the_thing_to_move():
    text = (find_lesson("11").folder / "lesson.py").read_text(encoding="utf-8")
    found = {"np": np, "sigma": taming_gans.sigma}
    exec(text[text.index("def play(") : text.index("ends = {")], found)
    ends = {case: np.hypot(*found["play"](*case)[-1]) for case in ((0.5, 0.1), (0.3, 0.1), (0.5, 0.1, True))}
    assert ends[0.5, 0.1] > 1
    assert ends[0.3, 0.1] < 0.3
    assert ends[0.5, 0.1, True] < 1e-4


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_three_critics_find_of_the_distance(seed):
    rng, n = np.random.default_rng(seed), 256
    x = np.sort(np.where(rng.random(n) < 0.5, -1.0, 2.0) + 0.3 * rng.standard_normal(n))
    y = np.sort(0.3 + 0.5 * rng.standard_normal(n))
    up = rng.standard_normal(n)
    real, fake = (np.stack([heap, up], axis=1).astype(np.float32) for heap in (x, y))
    found = {}
    for kind, norm in (("clipping", "none"), ("gradient-penalty", "none"), ("none", "spectral")):
        rng = mg.Generator(1 + seed)
        critic = dense_discriminator((2,), [64, 64], rng, norm=norm)
        optimizer = mg.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.0, 0.9))
        penalty = penalties.PENALTIES[kind]
        for _ in range(600):
            loss = LOSSES["wasserstein"].discriminator(critic(real), critic(fake))
            if penalty.term:
                loss = loss + penalty.term(critic, real, fake, rng)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if penalty.limit:
                penalty.limit(critic)
        for _ in range(30):
            critic(real)
        critic.eval()
        found[kind] = (critic(real).mean() - critic(fake).mean()).item() / np.abs(x - y).mean()
    assert found["clipping"] < 0.01
    assert 1.0 < found["gradient-penalty"] < 1.1
    assert 0.4 < found["none"] < 0.8
