"""The references of lesson 25 against the library's functions, and against sums over many steps."""

from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen import ops
from minigen.explain import ablated, integrated_gradients, occlusion, patterns, prefix_matching, repeated, walks
from minigen.lessons import all_lessons
from minigen.lessons.pictures import explanation
from minigen.models.sequences.transformer import CausalSelfAttention

(WHY,) = (SimpleNamespace(**lesson.reference) for lesson in all_lessons() if lesson.number == "25")
rng = np.random.default_rng(0)


def a_net(act, d=5, k=7):
    w, (b, v) = rng.standard_normal((k, d)), rng.standard_normal((2, k))
    return (w, b, v), lambda x: ops.sum(act(x @ w.T + b) * v, axis=1)


@pytest.mark.parametrize("steps", [1, 2, 33])
def test_the_shares_are_the_librarys(steps):
    weights, f = a_net(ops.tanh)
    x, baseline = rng.standard_normal((4, 5)), rng.standard_normal(5)
    found = integrated_gradients(f, x, baseline, steps)
    np.testing.assert_allclose(WHY.collected_shares(x, baseline, *weights, steps), found.values, rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 6])
def test_covering_a_row_is_covering_an_image_of_equal_rows(size):
    """Whose patches are as high as it is: (D, D), of which F reads the means of the columns."""
    (w, b, v), f = a_net(ops.tanh, d=6)
    x, fill = rng.standard_normal((2, 6))
    rows = [np.broadcast_to(a, (size, 6)) for a in (x, fill)]

    def of_image(image):
        return f(ops.mean(image[:, :, :, 0], axis=1))

    found = occlusion(of_image, rows[0][None, :, :, None].copy(), rows[1][:, :, None].copy(), size)
    for row in found[0]:
        np.testing.assert_allclose(WHY.covered_falls(x, fill, w, b, v, size), row, rtol=1e-9)


@pytest.mark.parametrize("head", [0, 2])
def test_the_head_says_its_mean_as_in_the_library(head):
    part = CausalSelfAttention(12, 3, 0, 1, mg.Generator(0))
    x, said = rng.standard_normal((5, 4, 12)).astype(np.float32), []

    def watch(q, k, y):
        said.append(y.numpy())
        return y

    with mg.no_grad():
        part.watch = watch
        part(mg.tensor(x))
        del part.watch
        with ablated(part, [(0, head)]):
            expected = part(mg.tensor(x)).numpy() - part.out.b.numpy()
    np.testing.assert_allclose(WHY.mean_ablated(said[0], part.out.w.numpy(), head), expected, atol=1e-6)


def test_the_score_is_the_librarys():
    model, x = explanation.new_copier(2), repeated(3, 9, 12, mg.Generator(0))
    attention = np.asarray(patterns(model, x))
    ours = [[np.mean([WHY.prefix_score(p, s) for p, s in zip(attention[i, :, h], x[:, :-1], strict=True)])
             for h in range(2)] for i in range(2)]  # fmt: skip
    np.testing.assert_allclose(ours, prefix_matching(attention, x[:, :-1]).scores, rtol=1e-5)


def test_the_score_in_a_loop():
    s, p = rng.integers(4, size=12), rng.random((12, 12)) * np.tri(12)
    sums = [[p[i, j] for j in range(1, i + 1) if s[j - 1] == s[i]] for i in range(12)]
    assert WHY.prefix_score(p, s) == pytest.approx(np.mean([sum(found) for found in sums if found]))


def test_exact_shares_are_what_many_steps_come_to_and_are_complete():
    weights, f = a_net(ops.relu)
    x, baseline = rng.standard_normal((4, 5)), rng.standard_normal(5)
    found, exact = integrated_gradients(f, x, baseline, 4000), WHY.exact_shares(x, baseline, *weights)
    np.testing.assert_allclose(exact, found.values, atol=5e-3)
    np.testing.assert_allclose(exact.sum(axis=1), found.rise, rtol=1e-9)


def test_the_walker_is_the_lessons_baseline():
    x = walks(200, explanation.LENGTH, explanation.SYMBOLS, mg.Generator(3))
    p = WHY.next_in_walk(x[:, :-1], explanation.SYMBOLS, 0.25)
    np.testing.assert_allclose(-np.log(p[np.arange(200), x[:, -1]]), explanation.by_counting(x)[:, -1])
