"""What lesson 23 says of contrasts, bags of words, joint codes and guidance, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.data.emoji import located
from minigen.lessons.pictures import scenes
from minigen.lessons.pictures import words_and_pictures as pictures
from minigen.metrics import nearest_neighbour_error

SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


@SEEDS
def test_the_bound_stays_below_both_lines_and_reaches_the_information(seed):
    world = pictures.copying_world()
    whole = pictures.information(world)
    assert 2.1 < whole < 2.3
    for n in (2, 4, 32, 512):
        bound = pictures.bound_of_best(world, n, seed=seed)
        assert bound < np.log(n)
        assert bound < whole + 0.05
    assert bound > whole - 0.1


def test_a_symbol_that_tells_nothing_has_no_information():
    assert pictures.information(np.full((4, 4), 1 / 16)) == pytest.approx(0)
    assert pictures.bound_of_best(np.full((4, 4), 1 / 16), 8) == pytest.approx(0)


def test_most_names_share_their_words_with_three_others():
    _, y, _, _ = scenes.scenes()
    bags = [tuple(sorted(row)) for row in y]
    assert max(bags.count(bag) for bag in set(bags)) == 4
    assert 0.3 < len(set(bags)) / len(bags) < 0.37


@pytest.mark.parametrize("classes", [(2,), (0, 1, 2)])
@pytest.mark.parametrize("t", [0.2, 0.7])
def test_the_velocity_is_the_score_as_the_lesson_derives(classes, t):
    x, h = np.array([[0.3, -0.4], [1.0, 1.5]]), 1e-5
    variance = (1 - t) ** 2 + (t * pictures.WIDTH_OF_CLASS) ** 2

    def log_p(at):
        d = at[:, None] - t * pictures.CENTRES[list(classes)]
        return np.log(np.exp(-0.5 * (d**2).sum(axis=2) / variance).mean(axis=1))

    score = np.stack([(log_p(x + h * e) - log_p(x - h * e)) / (2 * h) for e in np.eye(2)], axis=1)
    np.testing.assert_allclose(pictures.class_velocity(x, t, classes), (x + (1 - t) * score) / t, rtol=1e-6)


@SEEDS
def test_guidance_narrows_more_than_the_product_does(seed):
    plain = pictures.guided_points(0.0, seed=seed)
    np.testing.assert_allclose(plain.mean(axis=0), pictures.CENTRES[2], atol=0.1)
    np.testing.assert_allclose(plain.std(axis=0), pictures.WIDTH_OF_CLASS, atol=0.05)
    guided = pictures.measured(pictures.guided_points(3.0, seed=seed))
    exact = pictures.measured(*pictures.product_of_belief(3.0, seed=seed))
    assert guided[0] > pictures.measured(plain)[0] + 0.1
    assert guided[1] < exact[1] - 0.05 < pictures.measured(plain)[1]


@pytest.mark.long
@SEEDS
def test_ten_finds_hide_what_one_shows(seed):
    names, y, _, out = scenes.scenes()
    x = scenes.paint(names, np.random.default_rng(seed))
    bags = len({tuple(sorted(row)) for row in y}) / len(y)
    pair, losses = scenes.scene_pair(seed=seed)
    cosines = scenes.compared(pair, x, y)
    assert scenes.recalls(cosines, ~out, 10)["held out"] > 0.95 > scenes.bridge(x, y, ~out, 10) + 0.2
    assert scenes.recalls(cosines, ~out, 1)["held out"] < bags + 0.15
    ordered, better = scenes.scene_pair(order=True, seed=seed)
    assert scenes.recalls(scenes.compared(ordered, x, y), ~out, 1)["held out"] > 0.9
    assert np.mean(losses[-50:]) > 2 * np.mean(better[-50:])
    assert 1 / pair.scale.item() < 0.1


@pytest.mark.long
@pytest.mark.skipif(located() is None, reason="the font of the emoji is not here")
@SEEDS
def test_the_bridge_beats_a_short_training_on_emoji(seed):
    emoji = scenes.emoji()
    found = scenes.recalls(scenes.compared(scenes.emoji_pair(emoji, seed=seed), emoji.x, emoji.y), emoji.seen, 10)
    assert found["trained on"] > 1.5 * found["held out"]
    assert found["held out"] < scenes.bridge(emoji.x, emoji.y, emoji.seen, 10)


@pytest.mark.long
@SEEDS
def test_a_joint_code_goes_both_ways_and_its_images_vary_little(seed):
    digits, test = data.load("digits"), data.load("digits", "test")
    joint, asked = scenes.joint_vae(digits, seed=seed), np.repeat(np.arange(10), 20)
    made = np.concatenate([joint.sample(20, mg.Generator(k), label=k).numpy() for k in range(10)])
    with mg.no_grad():
        labels = joint.class_logits(mg.tensor(test.x)).numpy().argmax(axis=1)
    assert (labels == test.y).mean() > 0.96
    assert (scenes.nearest_label(made, digits) == asked).mean() > 0.85
    assert scenes.variety(made, asked) < 0.7 * scenes.variety(test.x, test.y)


@pytest.mark.long
@SEEDS
def test_guided_digits_are_clearer_and_less_varied(seed):
    digits, test, asked = data.load("digits"), data.load("digits", "test"), np.repeat(np.arange(10), 20)
    flow = scenes.guided_flow(digits, seed=seed)
    raw = [scenes.drawn_digits(flow, w, seed=seed) for w in (0.0, 1.0, 3.0, 6.0)]
    beyond = [(abs(x - 0.5) > 0.55).mean() for x in raw]
    assert (np.diff(beyond) > 0.02).all()
    assert beyond[-1] > 1.5 * beyond[0]
    drawn = [x.clip(0, 1) for x in raw]
    told = [(scenes.nearest_label(x, digits) == asked).mean() for x in drawn]
    assert told[2] > max(0.97, told[0])
    spread = [scenes.variety(x, asked) for x in drawn]
    assert spread[2] < 0.9 * spread[0]
    assert spread[3] > 0.9 * spread[2]  # it stops falling
    error = [nearest_neighbour_error(x, asked, test.x, test.y) for x in drawn]
    assert error[1] < error[0] + 0.02
    assert error[3] > error[0] + 0.02
