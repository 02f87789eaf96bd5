"""What lesson 21 concludes, for three seeds each."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.lessons.pictures import diffusion, yardstick
from minigen.metrics import baselines, modes_found
from minigen.models.diffusion.noise import Noise

RING = data.load("ring")
TRAIN, VALID, TEST = yardstick.split()
SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


def drawn(model, seed, n=1000, **how):
    return model.sample(n, mg.Generator(seed), **how).numpy()


def spread(x):
    """The deviation around the nearest centre, in sigma."""
    off = x - RING.centres[((x[:, None] - RING.centres) ** 2).sum(axis=2).argmin(axis=1)]
    return np.sqrt((off**2).mean()) / RING.sigma


def test_the_linear_schedule_spends_three_quarters_of_its_steps_below_1_and_the_cosine_half():
    for name, share in (("linear", 0.74), ("cosine", 0.5)):
        assert (Noise(1000, name).ratio(np.arange(1, 1001)) < 1).mean() == pytest.approx(share, abs=0.01)


@SEEDS
def test_a_perfect_denoiser_needs_steps_and_few_of_them_cost_the_finest_detail(seed):
    oracle = diffusion.best()
    found = {k: drawn(oracle, seed, evaluations=k) for k in (1, 20, 50, 1000)}
    near = {k: modes_found(x, RING.centres, RING.sigma).high_quality for k, x in found.items()}
    assert near[1] == 0
    assert np.abs(found[1]).max() < 0.1
    assert near[20] > 0.95
    assert near[50] > 0.99
    assert spread(found[50]) < 0.5
    assert 0.7 < spread(found[1000]) < 1.1


@SEEDS
def test_guidance_narrows_a_class_and_pushes_it_away_from_the_others(seed):
    three = diffusion.best(diffusion.THREE, diffusion.THREE_SIGMA, np.arange(3))
    found = [drawn(three, seed, 2000, label=0, evaluations=100, guidance=w) for w in (0.0, 1.0, 3.0)]
    own = [np.mean(((x[:, None] - diffusion.THREE) ** 2).sum(axis=2).argmin(axis=1) == 0) for x in found]
    assert own[0] < 0.95
    assert min(own[1:]) > 0.99
    assert found[0][:, 0].std() == pytest.approx(diffusion.THREE_SIGMA, rel=0.1)
    assert found[0][:, 0].std() > found[1][:, 0].std() > found[2][:, 0].std()
    assert found[0][:, 1].mean() < found[1][:, 1].mean() < found[2][:, 1].mean()


@SEEDS
def test_the_perfect_minimum_of_the_loss_draws_copies_and_is_worthless_on_other_images(seed):
    images = diffusion.pixels(TRAIN)
    perfect = diffusion.best(images, 0.0, levels=17)
    x = drawn(perfect, seed, 10, evaluations=50)
    assert np.sqrt(((x[:, None] - images) ** 2).max(axis=(2, 3, 4)).min(axis=1)).max() < 0.02
    with mg.no_grad():
        on_train, on_test = (
            perfect.bound(mg.tensor(diffusion.pixels(v[:100])), mg.Generator(seed)).total.numpy().mean()
            for v in (TRAIN, TEST)
        )
    assert on_train < 40
    assert on_test > 200


@SEEDS
def test_v_and_the_noise_weigh_an_error_of_the_example_by_the_ratio(seed):
    rng, a = np.random.default_rng(seed), 0.3
    s = np.sqrt(1 - a * a)
    x_t, x, guess = rng.standard_normal((3, 4, 2))
    z, z_guess = (x_t - a * x) / s, (x_t - a * guess) / s
    v, v_guess = a * z - s * x, a * z_guess - s * guess
    square = ((x - guess) ** 2).sum()
    assert ((z - z_guess) ** 2).sum() == pytest.approx(square * a**2 / s**2)
    assert ((v - v_guess) ** 2).sum() == pytest.approx(square * (a**2 / s**2 + 1))


@pytest.mark.long
@SEEDS
def test_a_short_training_finds_the_ring_and_is_nearly_the_best_until_little_noise_is_left(seed):
    model, oracle = diffusion.train_points(RING.x, seed=seed), diffusion.best()
    modes = modes_found(drawn(model, seed, 2000, evaluations=100), RING.centres, RING.sigma)
    assert modes.found == 8
    assert 0.85 < modes.high_quality < 0.95
    x, z = RING.x[:2000], mg.tensor(mg.Generator(seed).normal((2000, 2)))
    error = {}
    for t in (20, 300, 900):
        level = np.full(2000, t)
        guesses = (m.guess(m.noised(mg.tensor(x), level, z), level).numpy() for m in (model, oracle))
        learned, least = (((guess - x) ** 2).mean() for guess in guesses)
        error[t] = learned / least
    assert error[20] > 1.1
    assert max(error[300], error[900]) < 1.05
    with mg.no_grad():
        learned, least = (m.bound(mg.tensor(x), mg.Generator(seed)).total.numpy().mean() for m in (model, oracle))
    assert np.log(8) + 1 + np.log(2 * np.pi * RING.sigma**2) + 0.2 < least < learned - 0.2


@pytest.mark.slow
@SEEDS
def test_what_a_short_training_on_digits_gives(seed):
    """With about half of the lesson's steps."""
    y, _, y_test = diffusion.labels_of_digits()
    model = diffusion.train_digits(TRAIN, y, steps=800, seed=seed)
    one, fifty = (diffusion.path(model, 10, k, seed=seed, told=False)[-1] for k in (1, 50))
    assert one.std(axis=0).mean() < 0.25 * fifty.std(axis=0).mean()  # ten times nearly the same picture
    with mg.no_grad():
        bound = model.bound(mg.tensor(diffusion.pixels(TEST)), mg.Generator(seed), y_test, draws=4).total.numpy().mean()
    assert bound + np.log(10) > -yardstick.log_p_of(yardstick.shares(TRAIN), TEST).mean() + 3

    x, known, vae = yardstick.images(TEST[:250]), yardstick.images(TRAIN), diffusion.train_filler(TRAIN, seed=seed)
    holes = mg.data.damage.cut_hole(x, 0.5, mg.Generator(seed))

    def decibels(answer):
        return mg.metrics.psnr(x, answer, 1 - holes.known)

    mean = decibels(baselines.fill_with_mean(holes.y, holes.known, known))
    nearest = decibels(baselines.fill_from_nearest(holes.y, holes.known, known))
    (vae_1, vae_8), (ours_1, ours_8) = (
        (decibels(guesses[0]), decibels(guesses.mean(axis=0)))
        for guesses in (diffusion.filled(m, holes, 8) for m in (vae, model))
    )
    assert max(nearest, vae_8, ours_8) - min(nearest, vae_8, ours_8) < 1
    assert min(nearest, vae_8, ours_8) > mean + 0.7
    assert 1 < ours_8 - ours_1 < 2
    assert vae_8 - vae_1 < 0.2

    blocks = diffusion.coarse(x)
    sharp = diffusion.filled(model, blocks, 8, "low resolution").mean(axis=0)
    assert mg.metrics.psnr(x, sharp) > mg.metrics.psnr(x, blocks.y) + 1
