"""The references of lessons 9 and 10 agree with the library, and with what the lessons derive."""

import itertools

import numpy as np
import pytest

import minigen as mg
from minigen import nn, ops
from minigen.lessons import find_exercise
from minigen.metrics import modes_found
from minigen.models.gans.losses import LOSSES


def answers(name):
    """The exercise's inputs by case, with the reference's answers."""
    lesson, exercise = find_exercise(name)
    for number, draw in enumerate(exercise.cases.values()):
        inputs = draw(np.random.default_rng(number))
        yield inputs, lesson.reference[name](*inputs.values())


def test_the_losses_are_the_librarys():
    for inputs, loss in answers("game_loss"):
        assert loss == pytest.approx(float(LOSSES["minimax"].discriminator(inputs["real"], inputs["fake"])), rel=1e-12)
    for inputs, gradients in answers("generator_gradients"):
        for name, gradient in zip(("minimax", "non-saturating"), gradients, strict=True):
            s = mg.Tensor(inputs["s"], requires_grad=True)
            LOSSES[name].generator(s).backward()
            np.testing.assert_allclose(gradient, s.grad.numpy(), rtol=1e-12)


def test_no_discriminator_reaches_a_higher_value():
    rng = np.random.default_rng(0)
    for inputs, (d, value) in answers("best_discriminator"):
        p, q = inputs.values()
        for _ in range(50):
            other = np.clip(d + 0.1 * rng.standard_normal(d.shape), 1e-9, 1 - 1e-9)
            assert p @ np.log(other) + q @ np.log(1 - other) <= value
        m = (p + q) / 2
        divergence = sum(0.5 * (r[r > 0] @ np.log(r[r > 0] / m[r > 0])) for r in (p, q))
        assert value == pytest.approx(2 * divergence - np.log(4), rel=1e-12)


def test_the_modes_are_the_librarys():
    for inputs, answer in answers("count_modes"):
        assert answer == tuple(modes_found(*inputs.values()))


def test_the_best_loss_of_packs_is_that_of_the_best_discriminator_of_packs():
    best = find_exercise("best_discriminator")[0].reference["best_discriminator"]
    for inputs, loss in answers("packed_best_loss"):
        p, q, m = inputs.values()
        packs = [np.array([np.prod(pack) for pack in itertools.product(r, repeat=m)]) for r in (p, q)]
        assert loss == pytest.approx(-best(*packs)[1], rel=1e-12, abs=1e-12)


def test_the_coverage_is_near_the_share_of_the_clusters_with_a_margin():
    _, exercise = find_exercise("coverage")
    for inputs, answer in answers("coverage"):
        assert exercise.measure(inputs, answer).value < 0.03


def test_the_batch_norm_is_the_librarys():
    for inputs, (y, mean, var) in answers("batch_norm"):
        wanted = ops.batch_norm(*inputs.values())
        for mine, right in zip((y, mean, var), wanted, strict=True):
            np.testing.assert_allclose(mine, right.reshape(mine.shape), rtol=1e-10, atol=1e-12)
    for inputs, (dx, dgamma, dbeta) in answers("batch_norm_backward"):
        g, x, gamma, eps = inputs.values()
        leaves = [mg.Tensor(a, requires_grad=True) for a in (x, gamma, np.zeros_like(gamma))]
        (ops.batch_norm(*leaves, eps)[0] * mg.Tensor(g)).sum().backward()
        for mine, leaf in zip((dx, dgamma, dbeta), leaves, strict=True):
            np.testing.assert_allclose(mine, leaf.grad.numpy(), rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(dx.sum(axis=tuple(range(dx.ndim - 1))), 0, atol=1e-10)


def test_the_running_averages_are_the_layers():
    for inputs, (mean, var) in answers("update_running"):
        layer = nn.BatchNorm(inputs["x"].shape[-1], momentum=inputs["momentum"])
        layer.running_mean.data[...], layer.running_var.data[...] = inputs["mean"], inputs["var"]
        layer(mg.Tensor(inputs["x"]))
        np.testing.assert_allclose(mean, layer.running_mean.numpy(), rtol=1e-6)
        np.testing.assert_allclose(var, layer.running_var.numpy(), rtol=1e-6)


def test_a_folded_convolution_is_convolution_and_batch_norm():
    for inputs, (w, b) in answers("fold"):
        x = np.random.default_rng(0).standard_normal((2, 8, 9, inputs["w"].shape[2]))
        scale = inputs["gamma"] / np.sqrt(inputs["var"] + inputs["eps"])
        wanted = scale * (ops.conv2d(x, inputs["w"]) - inputs["mean"]) + inputs["beta"]
        np.testing.assert_allclose(ops.conv2d(x, w) + b, wanted, rtol=1e-10, atol=1e-12)


def test_the_statistics_of_a_mixture_are_those_of_all_its_values():
    rng = np.random.default_rng(0)
    mixed = find_exercise("mixed_statistics")[0].reference["mixed_statistics"]
    for sizes in ((5, 5), (1, 9), (12, 4)):
        first, second = (rng.standard_normal((n, 3)) + rng.standard_normal(3) for n in sizes)
        both = np.concatenate([first, second])
        m, v = mixed(len(first), first.mean(0), first.var(0), len(second), second.mean(0), second.var(0))
        np.testing.assert_allclose(m, both.mean(0), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(v, both.var(0), rtol=1e-12, atol=1e-14)


def test_layer_norm_and_instance_norm_both_reach_the_goal_of_alone():
    _, exercise = find_exercise("alone")
    for inputs, answer in answers("alone"):
        assert exercise.measure(inputs, answer).value < 1e-9
        of_images = [
            (x - x.mean((1, 2, 3), keepdims=True)) / x.std((1, 2, 3), keepdims=True) for x in inputs["batches"]
        ]
        assert exercise.measure(inputs, of_images).value < 1e-9
