"""The references of lessons 4 and 5 beside the library and other ways to the same numbers."""

import numpy as np
import pytest

import minigen as mg
from minigen import nn, optim
from minigen.lessons import find_exercise


def reference(key, seed=0):
    """The reference's namespace, and inputs of each case of the exercise."""
    lesson, exercise = find_exercise(key)
    draws = exercise.cases.values()
    return lesson.reference, [list(draw(np.random.default_rng(seed)).values()) for draw in draws]


def steps(make, gradients):
    """Where an optimizer of the library takes weights that start at 0, under these gradients."""
    w = mg.tensor(np.zeros(gradients.shape[1:]), requires_grad=True)
    optimizer = make([w])
    for g in gradients:
        optimizer.zero_grad()
        (w * mg.tensor(g)).sum().backward()
        optimizer.step()
    return w.numpy()


@pytest.mark.parametrize("beta", [0.9, 0.5])
def test_many_steps_of_momentum_and_adam(beta):
    ref, _ = reference("04.1")
    gradients = np.random.default_rng(0).standard_normal((20, 3, 2))
    w, b, other, m, v = np.zeros((5, 3, 2))
    for t, g in enumerate(gradients, 1):
        w, b = ref["momentum_step"](w, b, g, 0.1, beta)
        other, m, v = ref["adam_step"](other, m, v, g, t, 0.1, beta, 0.99, 1e-3)
    np.testing.assert_allclose(w, steps(lambda p: optim.SGD(p, 0.1, beta), gradients))
    np.testing.assert_allclose(other, steps(lambda p: optim.Adam(p, 0.1, (beta, 0.99), 1e-3), gradients))


def test_the_running_mean_is_a_weighted_mean():
    ref, cases = reference("04.2")
    for g, beta in cases:
        for t in range(1, len(g) + 1):
            weights = beta ** np.arange(t)[::-1]
            wanted = np.average(g[:t], axis=0, weights=weights)
            np.testing.assert_allclose(ref["running_means"](g, beta)[t - 1], wanted)


def test_the_schedule():
    ref, cases = reference("04.4")
    for t, lr, warmup, total in cases:
        rate = optim.warmup(optim.cosine(lr, total), warmup)
        np.testing.assert_allclose(ref["learning_rates"](t, lr, warmup, total), [rate(int(i)) for i in t], atol=1e-15)


def test_the_error_is_the_librarys():
    ref, cases = reference("05.1")
    for x, y in cases:
        wanted = nn.sum_features(mg.tensor((y - x) ** 2)).numpy().mean()
        assert ref["reconstruction_error"](x, y) == pytest.approx(wanted)
        twice = ref["reconstruction_error"](np.concatenate([x, x]), np.concatenate([y, y]))
        assert twice == pytest.approx(wanted)


def test_the_gradients_vanish_at_pca_and_no_plane_is_better():
    ref, cases = reference("05.3")
    for x, k in cases:
        y = ref["pca_reconstruct"](x, k)
        left, sizes, right = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
        np.testing.assert_allclose(y, x.mean(axis=0) + left[:, :k] * sizes[:k] @ right[:k])
        error = ref["reconstruction_error"](x, y)
        assert error == pytest.approx((sizes[k:] ** 2).sum() / len(x))
        centred, m = x - x.mean(axis=0), np.random.default_rng(0).standard_normal((k, k))
        a, b = right[:k].T @ m, np.linalg.inv(m) @ right[:k]  # other axes in the same plane
        assert ref["reconstruction_error"](centred, centred @ a @ b) == pytest.approx(error)
        size = max(1, (centred**2).sum())
        for gradient in ref["linear_gradients"](centred, a, b):
            np.testing.assert_allclose(gradient, 0, atol=1e-9 * size)
        for seed in range(20):
            v, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((x.shape[1], k)))
            assert ref["reconstruction_error"](centred, centred @ v @ v.T) > error - 1e-12 * size


def test_the_samples_have_the_moments_of_the_codes():
    ref, cases = reference("05.4")
    for codes, noise in cases:
        e = np.random.default_rng(1).standard_normal((100 * len(noise), noise.shape[1]))
        e -= e.mean(axis=0)
        e = e @ np.linalg.inv(np.linalg.cholesky(e.T @ e / len(e)).T)  # of mean 0 and covariance 1 exactly
        z = ref["sample_codes"](codes, e)
        np.testing.assert_allclose(z.mean(axis=0), codes.mean(axis=0))
        np.testing.assert_allclose(np.cov(z.T, bias=True), np.cov(codes.T, bias=True), atol=1e-12)


def test_the_denoiser_is_where_the_gradient_of_the_expected_error_vanishes():
    ref, cases = reference("05.5")
    for x, noise_var in cases:
        w = mg.tensor(ref["best_denoiser"](x, noise_var), requires_grad=True)
        # the noise exactly: two opposite examples of it for each number, of that variance together
        d = x.shape[1]
        noise = np.sqrt(noise_var * d) * np.concatenate([np.eye(d), -np.eye(d)])
        noisy, clean = (x[:, None] + noise).reshape(-1, d), np.repeat(x, 2 * d, axis=0)
        r = mg.tensor(noisy) @ w - mg.tensor(clean)
        (gradient,) = mg.grad((r * r).sum() / len(noisy), [w])
        np.testing.assert_allclose(gradient.numpy(), 0, atol=1e-9 * max(1, (x**2).sum()))


def test_the_noise_that_is_left_is_that_of_the_weights():
    ref, cases = reference("04.5")
    for beta, t in cases:
        for left, i in zip(ref["noise_left"](beta, t), t, strict=True):
            weights = ref["running_means"](np.eye(i), beta)[-1]  # of each gradient in the last mean
            assert left == pytest.approx(np.sqrt((weights**2).sum()))


def test_other_schedules_reach_the_goal_and_constant_rates_do_not():
    _, exercise = find_exercise("04.6")
    for seed in range(10):
        inputs = exercise.cases["a bowl"](np.random.default_rng(seed))
        curvature, _, _, steps = inputs.values()
        t, peaks = np.arange(steps) / steps, np.geomspace(0.01, 1.9, 20) / curvature.max()
        best = {}
        for name, shape in {"straight": 1 - t, "in halves": np.where(t < 0.5, 1, 0.1), "constant": 0 * t + 1}.items():
            best[name] = min(exercise.measure(inputs, peak * shape).value for peak in peaks)
        assert best["straight"] < 0.6
        assert best["in halves"] < 0.7
        assert best["constant"] > 0.99
