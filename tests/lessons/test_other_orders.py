"""Right answers that add up in another order than the reference pass with any inputs: no case asks for its rounding."""

import numpy as np
import pytest

from minigen.lessons import all_lessons, check_function

EXERCISES = {e.function: (lesson, e) for lesson in all_lessons() for e in lesson.exercises}
RIGHT = []


def right(function):
    """A decorator for a right answer to this exercise."""
    return lambda answer: RIGHT.append(pytest.param(function, answer, id=function)) or answer


def posterior(x, centres, variance, shares=1.0):
    """The weights of the clusters at each of the places, one place at a time."""
    found = []
    for place in x:
        logs = np.log(shares) - ((place - centres) ** 2).sum(axis=1) / 2 / variance
        found.append(np.exp(logs - np.logaddexp.reduce(logs)))
    return np.array(found)


@right("signal_and_deviation")
def one_step_after_the_other(beta):
    a, s = [1.0], [0.0]
    for b in beta:
        a.append(a[-1] * np.sqrt(1 - b))
        s.append(np.sqrt((1 - b) * s[-1] ** 2 + b))
    return a, s


@right("best_guess")
def from_the_mean_noise(x_t, centres, sigma, a, s):
    variance = np.hypot(a * sigma, s) ** 2
    w = posterior(x_t, a * centres, variance)
    return s**2 / variance * (w @ centres) + a * sigma**2 / variance * x_t


@right("step_back")
def with_variances(x_t, guess, fresh, a_t, a_s, eta):
    v_t, v_s = 1 - a_t**2, 1 - a_s**2
    c = eta * np.sqrt(v_s / v_t) * np.sqrt(1 - a_t**2 / a_s**2)
    return a_s * guess + np.sqrt(v_s - c**2) * (x_t - a_t * guess) / np.sqrt(v_t) + c * fresh


@right("score_of_v")
def from_the_example(x_t, v, a):
    s = np.sqrt(1 - a * a)
    return (a * (a * x_t - s * v) - x_t) / s**2


@right("mixture_velocity")
def from_both_ends(x, t, centres, sigma, shares):
    variance = (1 - t) ** 2 + (t * sigma) ** 2
    mean = posterior(x, t * centres, variance, shares) @ centres
    away = x - t * mean
    return (mean + t * sigma**2 / variance * away) - (1 - t) / variance * away


@right("velocity_of_guess")
def from_the_place(y, a, s, noise):
    t, x = a / (a + s), y / (a + s)[:, None]
    return t, x, (x - noise) / t[:, None]


@right("contrastive_loss")
def from_the_differences(pictures, names, temperature):
    u, v = (a / np.linalg.norm(a, axis=1)[:, None] for a in (pictures, names))
    s = np.einsum("id,jd->ij", u, v) / temperature
    rows, columns = s - np.diag(s)[:, None], s.T - np.diag(s)[:, None]
    return float(np.mean([np.logaddexp.reduce(d, axis=1) for d in (rows, columns)]))


@right("product_of_experts")
def one_expert_after_the_other(means, log_vars, present):
    mean, var = np.zeros(means.shape[1:]), np.ones(means.shape[1:])
    for m, log_var, here in zip(means, log_vars, present, strict=True):
        other = np.exp(log_var[here])
        total = var[here] + other
        mean[here] = (mean[here] * other + m[here] * var[here]) / total
        var[here] = var[here] * other / total
    return mean, np.log(var)


@right("guided_score")
def from_the_mean_centres(x, centres, classes, sigma, label, w):
    told = posterior(x, centres[classes == label], sigma**2) @ centres[classes == label]
    free = posterior(x, centres, sigma**2) @ centres
    return (1 + w) * (told - x) / sigma**2 - w * (free - x) / sigma**2


@right("least_loss")
def by_logaddexp(n, temperature):
    return float(np.logaddexp(0, np.log(n - 1) - n / (n - 1) / temperature))


@right("collected_shares")
def with_all_steps_at_once(x, baseline, w, b, v, steps):
    a = (np.arange(steps) + 0.5) / steps
    h = np.tanh((baseline + a[:, None, None] * (x - baseline)) @ w.T + b)
    return (x - baseline) * np.einsum("snk,k,kd->nd", 1 - h**2, v, w) / steps


@right("covered_falls")
def one_number_after_the_other(x, fill, w, b, v, size):
    def fall(start):
        covered = np.concatenate([x[:start], fill[start : start + size], x[start + size :]])
        return (v * np.tanh((w * x).sum(axis=1) + b)).sum() - (v * np.tanh((w * covered).sum(axis=1) + b)).sum()

    falls = [fall(start) for start in range(len(x) - size + 1)]
    return [np.mean(falls[max(0, i - size + 1) : i + 1]) for i in range(len(x))]


@right("mean_ablated")
def with_a_correction(y, w, head):
    n, t, h, d = y.shape
    change = y[:, :, head].mean(axis=0) - y[:, :, head]
    return y.reshape(n, t, h * d) @ w + change @ w[head * d : (head + 1) * d]


@right("exact_shares")
def by_where_the_input_passes_0(x, baseline, w, b, v):
    p, q = w @ baseline + b, x @ w.T + b
    with np.errstate(all="ignore"):
        passes = np.clip(np.where(q == p, 0, -p / (q - p)), 0, 1)
    share = passes * (p > 0) + (1 - passes) * np.where(q == p, p > 0, q > 0)
    return (x - baseline) * ((v * share) @ w)


@right("softmax_backward")
def by_jacobians(y, g):
    return np.stack([(np.diag(row) - np.outer(row, row)) @ above for row, above in zip(y, g, strict=True)])


@right("cross_entropy_backward")
def by_log_probabilities(logits, labels):
    return (np.exp(logits - np.logaddexp.reduce(logits, axis=1)[:, None]) - np.eye(logits.shape[1])[labels]) / len(
        labels
    )


@right("log_mean_exp_backward")
def by_logarithms_of_shares(g, log_w):
    return g[:, None] * np.exp(log_w - np.logaddexp.reduce(log_w, axis=1)[:, None])


@right("attention_weights")
def one_score_after_the_other(q, k):
    scores = np.array([[sum(a * b for a, b in zip(i, j, strict=True)) for j in k] for i in q]) / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=1)[:, None])
    return e / e.sum(axis=1)[:, None]


@right("batch_norm_backward")
def by_the_mean_and_the_variance(g, x, gamma, eps):
    shape, (x, g) = x.shape, (a.reshape(-1, x.shape[-1]) for a in (x, g))
    away, r = x - x.mean(axis=0), (x.var(axis=0) + eps) ** -0.5
    d_xhat = g * gamma
    d_v = -(d_xhat * away).sum(axis=0) * r**3 / 2
    dx = d_xhat * r + d_v * 2 / len(x) * away
    return (dx - dx.mean(axis=0)).reshape(shape), (g * away).sum(axis=0) * r, g.sum(axis=0)


@right("attention_gradient")
def row_by_row(g, p, q, k, v):
    ds = np.stack([(np.diag(row) - np.outer(row, row)) @ (v @ above) for row, above in zip(p, g, strict=True)])
    root = np.sqrt(q.shape[1])
    return ds @ (k / root), ds.T @ (q / root), np.einsum("qk,qm->km", p, g)


@right("planar_log_det")
def by_exponentials(x, u, w, b):
    e = np.exp(-2 * np.abs((x * w).sum(axis=1) + b))
    return np.log(np.abs(1 + 4 * e / (1 + e) ** 2 * (u * w).sum()))


@pytest.mark.parametrize(("function", "answer"), RIGHT)
def test_it_passes(function, answer):
    lesson, exercise = EXERCISES[function]
    for seed in range(10):
        verdict = check_function(lesson, exercise, answer, seed=seed)
        assert verdict, verdict
