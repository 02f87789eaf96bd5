"""What lessons 11 and 12 ask for is what the library does, and what their texts derive is so."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons import find_exercise
from minigen.models import GAN, ConditionalGAN, InfoGAN
from minigen.models.gans.networks import dcgan_discriminator, dense_discriminator
from minigen.models.gans.style_generator import StyledLayer


def reference(key):
    lesson, exercise = find_exercise(key)
    return lesson.reference[exercise.function]


def test_a_dirac_step_is_a_step_of_the_librarys_gan():
    fakes, line = mg.nn.Dense(1, 1), mg.nn.Dense(1, 1, bias=False)
    fakes.w.data[...], fakes.b.data[...], line.w.data[...] = 0.0, 1.5, -0.4
    gan = GAN(fakes, line, latent_dim=1, loss="minimax", penalty="r1")
    gan.discriminator_loss(np.zeros((8, 1), np.float32)).total.backward()
    gan.generator_loss(8).backward()
    theta, psi = reference("11.1")(np.array([1.5]), np.array([-0.4]), 0.01, 10.0)
    np.testing.assert_allclose(theta, 1.5 - 0.01 * fakes.b.grad.numpy(), rtol=1e-6)
    np.testing.assert_allclose(psi, -0.4 - 0.01 * line.w.grad.numpy().ravel(), rtol=1e-6)


def test_the_dirac_gan_circles_without_r1_and_contracts_with_it():
    step = reference("11.1")
    start = np.array([1.0]), np.array([1.0])
    free, held = start, start
    for _ in range(3000):
        free, held = step(*free, 0.01, 0.0), step(*held, 0.01, 0.5)
    assert 1.0 < np.hypot(*free) / np.hypot(*start) < 1.2  # outwards, by the length of the steps alone
    assert np.hypot(*held) < 0.01


def test_sorting_finds_the_cheapest_pairing():
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(0)
    x, y = rng.standard_normal(20), 1 + 2 * rng.standard_normal(20)
    cost = np.abs(x[:, None] - y)
    assert reference("11.2")(x, y) == pytest.approx(cost[linear_sum_assignment(cost)].mean())


def test_the_gradient_of_the_penalty_is_the_librarys():
    rng = np.random.default_rng(0)
    x, w, v = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
    w_, v_, x_ = (mg.tensor(a, requires_grad=True) for a in (w, v, x))
    slope = mg.grad(mg.sum(mg.tanh(x_ @ w_) @ v_), x_, create_graph=True)
    wanted = mg.grad(mg.mean((mg.norm(slope, axis=1) - 1) ** 2), [w_, v_])
    for mine, theirs in zip(reference("11.3")(x, w, v), wanted, strict=True):
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-10)


def test_power_iteration_is_that_of_spectral_norm():
    layer = mg.nn.SpectralNorm(mg.nn.Dense(7, 5, rng=mg.Generator(0)))
    w, u = layer.layer.w.numpy(), layer.u.numpy().copy()
    layer(np.ones((1, 7), np.float32))  # in training a pass is a round
    sigma, u = reference("11.4")(w, u, 1)
    np.testing.assert_allclose(layer.u.numpy(), u, atol=1e-4)  # the layer tilts u a little in each round
    assert sigma == pytest.approx(layer.sigma().item(), rel=1e-5)
    assert reference("11.4")(w, u, 300)[0] == pytest.approx(np.linalg.norm(w, 2), rel=1e-4)


def test_the_class_planes_are_what_the_conditional_gan_shows():
    rng = mg.Generator(0)
    judge = dcgan_discriminator((8, 8, 4), 4, rng, norm="none")
    gan = ConditionalGAN(mg.nn.Dense(5, 64, rng=rng), judge, 2, 3)
    x, labels = rng.normal((6, 8, 8, 1)), np.array([0, 1, 2, 2, 0, 1])
    seen = reference("12.1")(x, labels, 3)
    np.testing.assert_array_equal(judge(seen).numpy(), gan.judge(x, np.eye(3, dtype=np.float32)[labels]).numpy())


def test_the_information_bound_is_infogans():
    rng = mg.Generator(0)
    gan = InfoGAN(mg.nn.Dense(6, 2, rng=rng), dense_discriminator((2,), [8], rng, outputs=5), 2, 4)
    codes = gan.noise(9, rng)
    output = mg.tensor(rng.normal((9, 5), dtype=np.float64), requires_grad=True)
    categorical, _ = gan.information(output, codes)
    logits, chosen = output.numpy()[:, 1:], gan.class_of(codes).numpy().argmax(axis=1)
    assert reference("12.2")(logits, chosen) == pytest.approx(categorical.item(), rel=1e-6)
    categorical.backward()
    np.testing.assert_allclose(reference("12.3")(logits, chosen), output.grad.numpy()[:, 1:], rtol=1e-6)


def test_adain_is_that_of_the_styled_layer():
    rng = mg.Generator(0)
    layer = StyledLayer(3, 3, 4, rng, first=True)
    x, w = rng.normal((2, 5, 6, 3)), rng.normal((2, 4))
    scale, shift = np.split(layer.style(w).numpy(), 2, axis=1)
    mine = reference("12.4")(np.where(x > 0, x, 0.2 * x), scale, shift, 1e-5)
    np.testing.assert_allclose(mine, layer(x, w, np.zeros((2, 5, 6, 1), np.float32)).numpy(), atol=1e-5)
    np.testing.assert_allclose(mine.mean(axis=(1, 2)), shift, atol=1e-5)  # as the lesson says


@pytest.mark.parametrize("gamma", [0.05, 0.3, 0.9, 1.0, 1.2, 3.0, 50.0])
def test_the_largest_step_is_where_the_linear_game_stops_settling(gamma):
    def settles(h):
        step = np.array([[1, h / 2], [-h / 2, 1 - h * gamma]])
        return abs(np.linalg.eigvals(step)).max() < 1

    largest = reference("11.5")(np.array([gamma, 0.0]))
    assert largest[1] == 0
    assert all(settles(share * largest[0]) for share in (0.01, 0.5, 0.99))
    assert not settles(1.01 * largest[0])


def test_the_best_continuous_bound_is_the_largest_over_all_deviations():
    rng = np.random.default_rng(0)
    codes = rng.uniform(-1, 1, 9)
    means = codes + 0.2 + 0.1 * rng.standard_normal(9)
    s = np.geomspace(0.01, 10, 20_001)[:, None]
    log_q = -np.log(s) - 0.5 * np.log(2 * np.pi) - (codes - means) ** 2 / (2 * s**2)
    assert reference("12.5")(codes, means) == pytest.approx((np.log(2) + log_q.mean(axis=1)).max(), abs=1e-6)


@pytest.mark.parametrize(("key", "better"), [("11.6", 0.995), ("12.6", 0.001)])
def test_an_open_task_is_reached_with_a_margin(key, better):
    lesson, exercise = find_exercise(key)
    for draw in exercise.cases.values():
        for seed in range(5):
            inputs = draw(np.random.default_rng(seed))
            found = exercise.measure(inputs, lesson.reference[exercise.function](*inputs.values()))
            assert found.reached
            assert found.value >= better if found.better == "higher" else found.value <= better
