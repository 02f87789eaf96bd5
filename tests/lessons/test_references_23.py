"""The references of lesson 23 against the library, and against what they are defined by."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import find_lesson
from minigen.metrics.retrieval import recall_at
from minigen.models.pairs.contrastive import ContrastivePair
from minigen.models.vaes.joint import product

LESSON = find_lesson("23")
REF = SimpleNamespace(**LESSON.reference)
rng = np.random.default_rng(0)


class Fixed(mg.nn.Module):
    """An encoder that always gives the same vectors."""

    def __init__(self, vectors):
        self.vectors = mg.tensor(vectors)

    def forward(self, _):
        return self.vectors


def test_the_loss_is_the_librarys():
    u, v = rng.standard_normal((2, 6, 4))
    pair = ContrastivePair(Fixed(u), Fixed(v))
    pair.log_scale.data[...] = -np.log(0.3)
    wanted = pair.loss(mg.tensor(u), np.zeros((6, 1), int)).total.item()
    assert REF.contrastive_loss(u, v, 0.3) == pytest.approx(wanted, rel=1e-5)


def test_recall_is_the_librarys_and_the_mean_over_all_orders_of_equals():
    s = rng.integers(0, 3, (20, 5)).astype(float)
    right = rng.integers(5, size=20)
    for k in (1, 2, 4):
        assert REF.recall_at(s, right, k) == pytest.approx(recall_at(s, right, k))
        found = []
        for order in itertools.permutations(range(5)):
            ranked = np.lexsort((np.broadcast_to(order, s.shape), -s), axis=1)[:, :k]
            found.append((ranked == right[:, None]).any(axis=1).mean())
        assert REF.recall_at(s, right, k) == pytest.approx(np.mean(found))


def test_the_product_is_the_librarys_and_that_of_the_densities():
    means, log_vars = rng.standard_normal((2, 2, 1, 1))
    mean, log_var = REF.product_of_experts(means, log_vars, np.ones((2, 1), bool))
    experts = [mg.distributions.Normal(mg.tensor(m), mg.tensor(v)) for m, v in zip(means, log_vars, strict=True)]
    q = product(*experts)
    np.testing.assert_allclose([mean, log_var], [q.mean.numpy(), q.log_var.numpy()], rtol=1e-6)
    z = np.linspace(-10, 10, 20_001)
    exponent = z**2 + ((z - means[:, 0]) ** 2 * np.exp(-log_vars[:, 0])).sum(axis=0)
    density = np.exp(-0.5 * exponent)
    density /= density.sum()
    assert mean.item() == pytest.approx(density @ z)
    assert np.exp(log_var.item()) == pytest.approx(density @ (z - density @ z) ** 2)


@pytest.mark.parametrize("w", [0.0, 2.5])
def test_the_guided_score_is_a_gradient(w):
    centres, x = rng.standard_normal((5, 3)), rng.standard_normal(3)
    classes, sigma, h = np.array([0, 1, 1, 2, 0]), 0.8, 1e-5

    def log_p(at, of):
        return np.log(np.exp(-0.5 * ((at - of) ** 2).sum(axis=1) / sigma**2).mean())

    def guided(at):
        told, free = log_p(at, centres[classes == 1]), log_p(at, centres)
        return told + w * (told - free)

    numeric = [(guided(x + h * e) - guided(x - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(REF.guided_score(x[None], centres, classes, sigma, 1, w)[0], numeric, rtol=1e-6)


@pytest.mark.parametrize(("n", "t"), [(2, 1.0), (3, 0.5), (7, 0.3)])
def test_the_least_loss_is_that_of_a_simplex_and_descent_comes_no_lower(n, t):
    corners = np.eye(n) - 1 / n
    least = REF.least_loss(n, t)
    assert REF.contrastive_loss(corners, corners, t) == pytest.approx(least, rel=1e-9)
    for scale in (1e-4, 0.1, 3.0):
        for _ in range(100):
            moved = [corners + scale * rng.standard_normal((n, n)) for _ in range(2)]
            assert REF.contrastive_loss(*moved, t) >= least * (1 - 1e-12)


@pytest.mark.parametrize("case", [f"{i}" for i in range(6)])
def test_the_open_task_needs_more_than_distances(case):
    exercise = next(e for e in LESSON.exercises if e.key == "23.6")
    draw = list(exercise.cases.values())[int(case)]
    for seed in range(3):
        inputs = draw(np.random.default_rng(seed))
        assert exercise.measure(inputs, REF.match_names(**inputs)).value > 0.9
        rows = np.concatenate([inputs["known_names"], np.ones((len(inputs["known_names"]), 1))], axis=1)
        added = np.linalg.lstsq(rows, inputs["known_pictures"], rcond=None)[0]
        guesses = np.concatenate([inputs["names"], np.ones((len(inputs["names"]), 1))], axis=1) @ added
        plain = -((inputs["pictures"][:, None] - guesses) ** 2).sum(axis=2)
        assert exercise.measure(inputs, plain).value < 0.5
        known = {tuple(row) for row in inputs["known_names"]}
        assert not known & {tuple(row) for row in inputs["names"]}
