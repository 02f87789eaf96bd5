"""What lesson 21 concludes, for three seeds each."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.lessons.pictures import diffusion, yardstick
from minigen.metrics import modes_found
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
def test_a_short_training_finds_the_ring(seed):
    model = diffusion.train_points(RING.x, steps=800, seed=seed)
    x = drawn(model, seed, evaluations=100)
    assert len(modes_found(x, RING.centres, 0.1).found) == 8
    assert np.median(np.abs(np.linalg.norm(x, axis=1) - 1)) < 0.1


@pytest.mark.long
@SEEDS
def test_a_model_of_whole_digits_fills_holes_better_than_the_mean_image(seed):
    model = diffusion.untold(diffusion.train_digits(TRAIN, diffusion.labels_of_digits()[0], steps=800, seed=seed))
    x = yardstick.images(TEST[:100])
    holes = mg.data.damage.cut_hole(x, 0.5, mg.Generator(seed))
    guesses = diffusion.filled(model, holes, 8)
    mean = yardstick.images(TRAIN).mean(axis=0)
    plain, one, eight = (
        mg.metrics.psnr(x, np.broadcast_to(answer, x.shape), 1 - holes.known)
        for answer in (mean, guesses[0], guesses.mean(axis=0))
    )
    assert eight > one + 0.5
    assert eight > plain + 0.5
