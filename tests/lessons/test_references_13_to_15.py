"""The references of lessons 13 to 15 beside SciPy, the library's losses, and other ways to the same numbers."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, optimize, stats

import minigen as mg
from minigen import data, nn
from minigen.distributions import Bernoulli, Normal, kl_to_standard_normal
from minigen.lessons import find_exercise
from minigen.lessons.pictures import broken_program


def drawn(key):
    """The reference of an exercise, and inputs of each of its cases."""
    lesson, exercise = find_exercise(key)
    draws = list(exercise.cases.values())
    return lesson.reference[exercise.function], [draw(np.random.default_rng(i)) for i, draw in enumerate(draws)]


def test_no_other_guess_has_a_smaller_expected_square():
    guess, _ = drawn("13.1")
    for seed in range(5):
        rng = np.random.default_rng(seed)
        train, sigma = rng.standard_normal((4, 1)), 0.7

        def expected_square(shift, train=train, sigma=sigma):
            """The mean square of the guess, moved by `shift`: over originals and over what is seen of them."""

            def at(y):
                errors = (guess(np.array([[y]]), train, sigma) + shift - train)[:, 0] ** 2
                return (errors * stats.norm.pdf(y, train[:, 0], sigma)).mean()

            return integrate.quad(at, -8, 8)[0]

        best = expected_square(0.0)
        assert all(expected_square(shift) > best for shift in (-0.05, 0.05))


def test_with_little_noise_the_guess_is_the_nearest_and_with_much_the_mean():
    guess, _ = drawn("13.1")
    rng = np.random.default_rng(0)
    train = rng.standard_normal((6, 5))
    y = train[[4, 1]] + 0.01
    np.testing.assert_allclose(guess(y, train, 1e-2), train[[4, 1]], atol=1e-12)
    np.testing.assert_allclose(guess(y, train, 1e6), np.tile(train.mean(axis=0), (2, 1)), atol=1e-9)


def test_the_decibels_are_of_the_selected_pixels():
    psnr, cases = drawn("13.2")
    for x, restored, known in (case.values() for case in cases):
        errors = (x - restored)[known[..., 0] == 0]
        assert psnr(x, restored, known) == pytest.approx(-10 * np.log10(errors.var() + errors.mean() ** 2))


def test_the_scale_of_the_restoration_loss_is_the_best_one():
    loss, cases = drawn("13.3")
    for x, guess, known in (case.values() for case in cases):
        errors = (x - guess)[known[..., 0] == 0].ravel()
        found = optimize.minimize_scalar(
            lambda log_scale, errors=errors: -stats.norm.logpdf(errors, scale=np.exp(log_scale)).sum(),
            bounds=(-30, 8),
            method="bounded",
        )
        assert loss(x, guess, known) == pytest.approx(found.fun / len(x), rel=1e-9)


def test_no_other_value_of_a_pixel_has_a_smaller_expected_absolute_error():
    answer, cases = drawn("13.5")
    for w, images in (case.values() for case in cases):
        error = np.abs(images - answer(w, images)[:, None])  # (N, M, D)
        least = np.einsum("nm,nmd->nd", w, error)
        for other in images:
            assert (np.einsum("nm,md->nd", w, np.abs(images - other)) >= least - 1e-12).all()


def test_a_hole_is_filled_from_what_agrees_with_the_rest():
    fill, (inputs, _) = drawn("13.6")
    digit, known = inputs["train"][:1], inputs["known"][:1]
    train = np.concatenate([digit, 1 - digit])
    np.testing.assert_allclose(fill(digit * known, known, train), digit, atol=1e-6)


def test_the_operations_are_those_of_the_products_of_a_network():
    flops, cases = drawn("14.1")
    for sizes, batch in (case.values() for case in cases):
        counted, layers = 0, list(pairwise(sizes))
        for number, (n, m) in enumerate(layers):
            x, w, g = np.empty((batch, n)), np.empty((n, m)), np.empty((batch, m))
            for left, right in [(x, w), (x.T, g), (g, w.T)][: 2 if number == 0 else 3]:
                counted += 2 * left.size * right.shape[1]
        assert flops(sizes, batch) == counted


def test_the_fit_is_the_least_sum_of_squared_ratios():
    fit, cases = drawn("14.2")
    for batches, times in (case.values() for case in cases):
        line = fit(batches, times)
        columns = np.stack([1 / times, batches / times], axis=1)
        np.testing.assert_allclose(line, np.linalg.lstsq(columns, np.ones(len(times)))[0], rtol=1e-8)
    np.testing.assert_allclose(fit(np.array([1.0, 2.0, 8.0]), np.array([5.0, 7.0, 19.0])), (3, 2))


def test_above_the_crossover_the_gpu_is_faster_and_below_it_is_not():
    crossover, cases = drawn("14.3")
    for cpu, gpu in (case.values() for case in cases):
        batch = crossover(cpu, gpu)
        sizes = np.geomspace(1e-3, 1e13, 500)
        faster = sizes[cpu[0] - gpu[0] + (cpu[1] - gpu[1]) * sizes > 0]
        if np.isinf(batch):
            assert not len(faster) or faster.max() < sizes[-1]  # not at every larger one
        else:
            assert faster.min() == pytest.approx(batch, rel=0.11, abs=1e-3)
            assert faster.max() == sizes[-1]


def test_no_other_batch_takes_less_time_in_all():
    best, cases = drawn("14.5")
    for fixed, per_example, critical in (case.values() for case in cases):
        batch = best(fixed, per_example, critical)
        times = [(1 + critical / b) * (fixed + per_example * b) for b in batch * np.geomspace(0.01, 100, 2001)]
        assert np.argmin(times) == 1000


def test_the_ratio_is_that_of_two_programs_on_a_machine_that_slows_down():
    ratio, cases = drawn("14.4")
    for mine, other in (case.values() for case in cases):
        slower = np.linspace(1, 5, len(mine))
        np.testing.assert_allclose(ratio(mine * slower, other * slower), ratio(mine, other))
        median, low, high = ratio(mine, other)
        inside = [low <= m / o <= high for m, o in zip(mine[1:], other[1:], strict=True)]
        assert all(inside)
        assert sum(m < median * o * (1 - 1e-12) for m, o in zip(mine[1:], other[1:], strict=True)) <= len(inside) / 2
    assert ratio(np.array([99.0, 2.0, 6.0, 12.0]), np.array([1.0, 1.0, 2.0, 3.0])) == (3.0, 2.0, 4.0)


def test_the_codes_are_draws_from_q():
    codes, _ = drawn("15.1")
    h = np.tile([2.0, -1.0, -3.0, 1.0], (200_000, 1))
    z = codes(h, np.random.default_rng(0).standard_normal((200_000, 2)))
    np.testing.assert_allclose(z.mean(axis=0), [2, -1], atol=0.02)
    np.testing.assert_allclose(z.std(axis=0), np.exp([-1.5, 0.5]), rtol=0.01)


def test_the_repaired_loss_is_the_librarys():
    loss, cases = drawn("15.2")
    for logits, x, h in (case.values() for case in cases):
        mean, log_var = np.split(h, 2, axis=1)
        kl = kl_to_standard_normal(Normal(mean, log_var)).sum(axis=1)
        assert loss(logits, x, h) == pytest.approx(float((kl - Bernoulli(logits).log_likelihood(x)).mean()), rel=1e-6)


def test_the_players_losses_are_those_of_a_classifier():
    losses, cases = drawn("15.3")
    for real, fake in (case.values() for case in cases):
        d_loss, g_loss = losses(real, fake)
        one, zero = np.ones, np.zeros
        both = [(real, one(len(real))), (fake, zero(len(fake)))]
        wanted = sum(nn.bce_loss(mg.tensor(s[:, None]), mg.tensor(y[:, None])).item() for s, y in both)
        assert d_loss == pytest.approx(wanted, rel=1e-9)
        wanted = nn.bce_loss(mg.tensor(fake[:, None]), mg.tensor(one((len(fake), 1)))).item()
        assert g_loss == pytest.approx(wanted, rel=1e-9)


def test_the_limits_of_the_loss_are_found_by_descent_as_well():
    limits, cases = drawn("15.5")
    for (x,) in (case.values() for case in cases):

        def loss(logits, x=x):
            return (np.logaddexp(0, logits) - x * logits).sum(axis=1).mean()

        floor, blind = limits(x)
        free = optimize.minimize(lambda s, x=x: loss(s.reshape(x.shape)), np.zeros(x.size)).fun
        shared = optimize.minimize(lambda s, x=x: loss(np.tile(s, (len(x), 1))), np.zeros(x.shape[1])).fun
        assert floor == pytest.approx(free, abs=2e-3)
        assert blind == pytest.approx(shared, abs=2e-3)
        assert floor <= free
        assert blind <= shared


@pytest.mark.parametrize("fault", ["none", "sign", "no noise", "variance", "no kl", "collapse"])
def test_faults_are_told_of_programs_that_were_really_trained(fault):
    train, test = data.load("digits", "train").x, data.load("digits", "test").x

    def code(h, rng):
        mean, log_var = mg.split(h, 2, axis=-1)
        if fault == "no noise":
            return mean
        q = Normal(mean, 2 * log_var if fault == "variance" else log_var)
        return q.sample(rng)

    def loss(encoder, decoder, x, rng):
        h = encoder(x)
        kl = mg.mean(nn.sum_features(kl_to_standard_normal(Normal(*mg.split(h, 2, axis=-1)))))
        weights = {"no kl": (1, 0), "collapse": (1 / x[0].size, 1), "sign": (-1, -1)}
        bce, divergence = weights.get(fault, (1, 1))
        return bce * nn.bce_loss(decoder(code(h, rng)), x) + divergence * kl

    encoder, _, losses = broken_program.fit(loss, train, broken_program.CODE, 40 if fault == "sign" else 600)
    with mg.no_grad():
        h = encoder(mg.tensor(test))
        z = code(h, mg.Generator(0)).numpy()
    mean, log_var = np.split(h.numpy(), 2, axis=1)
    diagnose, _ = drawn("15.6")
    assert diagnose(*(np.asarray(a, float)[None] for a in (losses, mean, log_var, z))) == [fault]
