"""What lessons 0, 1 and 2 conclude holds for other seeds, and on the small digits."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch

import minigen as mg
from minigen.autodiff import numeric_derivatives
from minigen.data import load
from minigen.lessons.pictures import derivative_machine, start
from minigen.report.latent import lerp

three_seeds = pytest.mark.parametrize("seed", [0, 1, 2])


@pytest.mark.long
@three_seeds
def test_lesson_0_half_of_the_fall_comes_at_once_and_a_walk_by_codes_makes_new_strokes(seed):
    digits = load("digits", "train")
    model, losses, _ = start.train(digits, 2, seed, steps=600)
    assert np.argmax(losses < (losses[0] + losses[-50:].mean()) / 2) < 30
    assert losses[-50:].mean() < start.mean_image_loss(digits) - 1
    codes = start.codes_of(model, digits.x[[int(np.flatnonzero(digits.y == k)[0]) for k in range(10)]])
    a, b = start.clearest_pair(model, codes)
    walk = start.draw(model, np.array([lerp(codes[a], codes[b], t) for t in np.linspace(0, 1, 10)]))
    new_light = np.maximum(walk - np.maximum(walk[0], walk[-1]), 0).sum(axis=(1, 2, 3)).max() / walk[0].sum()
    assert new_light > 0.05


@three_seeds
def test_lesson_1_a_graph_lays_itself_out(seed):
    """Every node has a place of its own, to the right of its inputs, and no arrow passes through another node."""
    rng = np.random.default_rng(seed)
    for _ in range(20):
        inputs = [()] + [
            tuple(rng.integers(k, size=rng.integers(0, 4)).tolist()) for k in range(1, int(rng.integers(2, 12)))
        ]
        places, ways = derivative_machine.layout(inputs)
        assert len(set(places)) == len(inputs)
        assert len(ways) == sum(map(len, inputs))
        for (k, j), points in ways.items():
            assert points[0] == places[inputs[k][j]]
            assert points[-1] == places[k]
            assert [x for x, _ in points] == list(range(points[0][0], points[-1][0] + 1))
            assert not set(points[1:-1]) & set(places)


def test_lesson_1_draws_a_program_that_uses_x_three_times_and_one_that_is_only_x():
    x = SimpleNamespace(name="x", value=0.5, inputs=(), slopes=(), total=0.75)
    square = SimpleNamespace(name="x x", value=0.25, inputs=(x, x), slopes=(0.5, 0.5), total=0.5)
    cube = SimpleNamespace(name="x x x", value=0.125, inputs=(square, x), slopes=(0.5, 0.25), total=1.0)
    for nodes, arrows in (([x, square, cube], 4), ([x], 0)):
        figure = derivative_machine.graph(nodes, "L", nodes[-1])
        texts = [text.get_text() for text in figure.axes[0].texts]
        assert {node.name for node in nodes} <= set(texts)
        assert sum(isinstance(patch, FancyArrowPatch) for patch in figure.axes[0].patches) == arrows
        plt.close(figure)


@three_seeds
def test_lesson_2_small_steps_are_bad_and_the_best_is_about_the_cube_root(seed):
    at = np.random.default_rng(seed).uniform(0.5, 1.5, 100)
    error = {h: np.mean(abs((np.exp(at + h) - np.exp(at - h)) / (2 * h) / np.exp(at) - 1)) for h in (1e-12, 1e-5, 1e-2)}
    assert 1e-5 < error[1e-12] < 1e-3
    assert error[1e-5] < 1e-10
    assert error[1e-2] > 1e-6


@three_seeds
def test_lesson_2_random_directions_find_the_missing_biases_and_accuse_nobody(seed):
    digits, rng = load("digits", "test"), np.random.default_rng(seed)
    images, labels = digits.x[:100].reshape(100, -1).astype(np.float64), digits.y[:100]
    weights = [rng.standard_normal(s) / 5 for s in ((images.shape[1], 32), (32,), (32, 10), (10,))]

    def loss(w1, b1, w2, b2):
        return mg.nn.cross_entropy_loss(mg.dense(mg.tanh(mg.dense(images, w1, b1)), w2, b2), labels)

    tensors = [mg.tensor(w, requires_grad=True) for w in weights]
    right = [g.numpy() for g in mg.grad(loss(*tensors), tensors)]
    shown = {"right": 0, "no biases": 0}
    for _ in range(30):
        v = [rng.standard_normal(w.shape) for w in weights]
        ends = [float(loss(*(w + step * a for w, a in zip(weights, v, strict=True)))) for step in (1e-5, -1e-5)]
        along = (ends[0] - ends[1]) / 2e-5
        for name in shown:
            used = [g for g in right if g.ndim == 2 or name == "right"]
            moved = [a for a in v if a.ndim == 2 or name == "right"]
            claim = sum((g * a).sum() for g, a in zip(used, moved, strict=True))
            shown[name] += abs(claim - along) > 1e-4 * abs(along)
    assert shown["right"] == 0
    assert shown["no biases"] >= 28


@three_seeds
def test_lesson_2_the_sum_hides_zeros(seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((5, 3))
    functions = {
        "softmax": lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True),
        "batch norm": lambda x: (x - x.mean(0)) / x.std(0),
    }
    for name, f in functions.items():
        for u, found in ((np.ones((5, 3)), False), (rng.standard_normal((5, 3)), True)):
            slopes = numeric_derivatives(lambda x, f=f, u=u: (f(x) * u).sum(), x.copy(), np.ndindex(*x.shape))[:, 0]
            assert (abs(slopes).max() > 1e-7) == found, name
