"""Models that are told a class, or find some: what their codes hold, who sees the labels, and the losses by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen import backend, data, nn
from minigen.data import Loader
from minigen.errors import MinigenError
from minigen.models import ACGAN, ConditionalGAN, ConditionalVAE, InfoGAN
from minigen.models.coded import chosen_labels, each_in_turn, evenly_drawn, one_hot
from minigen.models.networks import dense_decoder, dense_discriminator, dense_encoder
from minigen.models.shear import sheared
from minigen.train import build, recipe_of, settings_for

SHAPE, Z, K = (4, 4, 1), 3, 5


class Fixed(nn.Module):
    """A discriminator that gives the same row for every example, and keeps what it was shown."""

    def __init__(self, row):
        self.row, self.seen = nn.Parameter(np.float32(row)), []

    def forward(self, x):
        self.seen.append(x.numpy().copy())
        return self.row + 0.0 * nn.sum_features(x).reshape(-1, 1)


def generator(told=K):
    return dense_decoder(Z + told, SHAPE, [6], mg.Generator(0))


def examples(device, n=6):
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.standard_normal((n, *SHAPE)).astype(np.float32), device=device)
    return x, backend.to_device(rng.integers(K, size=n), device)


def conditional(row=(0.0,), **settings):
    return ConditionalGAN(generator(), Fixed(row), Z, K, **settings)


@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_one_hot(labels):
    rows = one_hot(np.array(labels), 7)
    assert rows.shape == (len(labels), 7)
    assert (rows.argmax(axis=1) == labels).all()
    assert (rows.sum(axis=1) == 1).all()
    assert set(np.unique(rows)) <= {0.0, 1.0}


def test_codes_hold_noise_class_and_continuous_numbers(device):
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    labels = backend.to_device(each_in_turn(500, K), device)
    codes = model.noise(500, mg.Generator(0), labels)
    z, c = codes.numpy()[:, :Z], model.continuous_of(codes).numpy()
    assert codes.shape == (500, model.latent_dim)
    assert (model.class_of(codes).numpy().argmax(axis=1) == each_in_turn(500, K)).all()
    assert abs(z.std() - 1) < 0.1
    assert c.shape == (500, 2)
    assert -1 <= c.min() < -0.9
    assert 0.9 < c.max() <= 1


@given(st.integers(1, 200), st.integers(1, 20), st.integers(0, 2**32))
def test_a_batch_holds_each_class_as_often_as_any_other(n, classes, seed):
    labels = evenly_drawn(n, classes, mg.Generator(seed), "cpu")
    assert labels.shape == (n,)
    assert np.abs(np.bincount(labels, minlength=classes) - n / classes).max() < 2
    assert labels.max() < classes


def test_alone_a_drawn_label_is_as_likely_as_any_other_wherever_it_stands(device):
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    rng, trials = mg.Generator(1), 2000
    drawn = np.stack([model.class_of(model.noise(7, rng)).numpy() for _ in range(trials)])  # 7 is no multiple of K
    assert np.abs(drawn.mean(axis=0) - 1 / K).max() < 4.5 * math.sqrt(0.16 / trials)


def test_samples_are_of_each_class_in_turn_or_of_one():
    assert chosen_labels(7, 3, None).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert chosen_labels(3, 3, 2).tolist() == [2, 2, 2]
    model = conditional()
    seen = []
    model.generator.forward = lambda codes: seen.append(codes.numpy()) or codes
    model.sample(4, mg.Generator(0), label=3)
    model.sample(6, mg.Generator(0))
    assert seen[0][:, Z:].argmax(axis=1).tolist() == [3, 3, 3, 3]
    assert seen[1][:, Z:].argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 0]
    with pytest.raises(MinigenError, match=r"label: expected 0 ... 4, got 5"):
        model.sample(1, label=5)


def test_the_discriminator_is_shown_the_label_at_every_pixel(device):
    x, y = examples(device)
    model = conditional()
    model.discriminator_loss(x, mg.Generator(0), y)
    real, fake = model.discriminator.seen
    assert real.shape == fake.shape == (6, 4, 4, 1 + K)
    assert (real[..., :1] == x.numpy()).all()
    for shown in (real, fake):  # fakes are of the classes of the real examples
        assert (shown[..., 1:].argmax(axis=-1) == backend.to_numpy(y)[:, None, None]).all()
    assert not np.array_equal(real[..., :1], fake[..., :1])


def test_packs_hold_examples_and_their_labels(device):
    x, y = examples(device)
    model = conditional(pack=2)
    model.discriminator_loss(x, mg.Generator(0), y)
    shown, labels = model.discriminator.seen[0], backend.to_numpy(y)
    assert shown.shape == (3, 4, 4, 2 + 2 * K)
    assert (shown[..., 2 : 2 + K].argmax(axis=-1)[:, 0, 0] == labels[:3]).all()
    assert (shown[..., 2 + K :].argmax(axis=-1)[:, 0, 0] == labels[3:]).all()


def test_a_penalty_is_one_on_the_example_and_not_on_its_label(device):
    """A linear critic of example and label: its slope in the example alone counts, (|w| - 1)^2 times lambda."""
    x, y = examples(device)
    model = conditional(loss="wasserstein", penalty="gradient-penalty")
    features = 16 * (1 + K)
    w = np.random.default_rng(1).standard_normal((4, 4, 1 + K)).astype(np.float32)
    model.discriminator = nn.Sequential(nn.Flatten(), nn.Dense(features, 1, bias=False))
    model.discriminator[1].w.data[...] = backend.to_device(w.reshape(-1, 1), device)
    penalized = model.discriminator_loss(x, mg.Generator(0), y).total.item()
    model.penalty = "none"
    plain = model.discriminator_loss(x, mg.Generator(0), y).total.item()
    assert np.isclose(penalized - plain, 10 * (np.linalg.norm(w[..., 0]) - 1) ** 2, rtol=1e-4)


def log_softmax(row):
    return row - np.log(np.exp(row).sum())


def test_acgan_losses_by_hand(device):
    x, y = examples(device)
    row = np.float64([0.7, 1.0, -2.0, 0.5, 0.0, 3.0])
    model = ACGAN(generator(), Fixed(row), Z, K)
    loss = model.discriminator_loss(x, mg.Generator(0), y)
    adversarial = np.logaddexp(0, -0.7) + np.logaddexp(0, 0.7)
    of_labels = log_softmax(row[1:])[backend.to_numpy(y)].mean()
    assert np.isclose(loss.total.item(), adversarial - 2 * of_labels, rtol=1e-5)
    assert np.isclose(loss.others["class_accuracy"].item(), (backend.to_numpy(y) == 4).mean())
    drawn = model.class_of(model.noise(4, mg.Generator(3))).numpy().argmax(axis=1)
    expected = np.logaddexp(0, -0.7) - log_softmax(row[1:])[drawn].mean()
    assert np.isclose(model.generator_loss(4, mg.Generator(3)).item(), expected, rtol=1e-5)


def test_information_of_a_head_that_knows_nothing_is_0_and_never_more_than_log_k(device):
    model = InfoGAN(generator(), Fixed(np.zeros(1 + K)), Z, K)
    codes = model.noise(50, mg.Generator(0))
    nothing, _ = model.information(mg.zeros((50, 1 + K), device=device), codes)
    assert abs(nothing.item()) < 1e-5
    told = mg.concatenate([mg.zeros((50, 1), device=device), 100 * model.class_of(codes)], axis=1)
    everything, _ = model.information(told, codes)
    assert np.isclose(everything.item(), math.log(K), rtol=1e-5)
    rng = np.random.default_rng(0)
    for _ in range(20):
        logits = mg.tensor(rng.standard_normal((50, 1 + K)).astype(np.float32), device=device)
        assert model.information(logits, codes)[0].item() <= math.log(K)


def test_continuous_information_by_hand(device):
    """Q = N(m, 1): the mean of log Q(c), and the entropy of U(-1, 1), log 2, for each of two codes."""
    model = InfoGAN(generator(K + 2), Fixed(np.zeros(1 + K + 2)), Z, K, 2)
    codes = model.noise(40, mg.Generator(0))
    c = model.continuous_of(codes).numpy().astype(np.float64)
    rng = np.random.default_rng(0)
    output = rng.standard_normal((40, 1 + K + 2)).astype(np.float32)
    log_q = -0.5 * (np.log(2 * np.pi) + (c - output[:, 1 + K :].astype(np.float64)) ** 2)
    _, found = model.information(mg.tensor(output, device=device), codes)
    assert np.isclose(found.item(), 2 * math.log(2) + log_q.sum(axis=1).mean(), rtol=1e-4)


@given(st.integers(1, 9), st.integers(1, 9), st.floats(0, 1), st.integers(0, 2**32))
def test_sheared_rows_are_the_same_rows_moved_and_the_gradient_goes_back(height, width, most, seed):
    x = mg.tensor(np.random.default_rng(seed).standard_normal((3, height, width, 2)), requires_grad=True)
    y = sheared(x, most, mg.Generator(seed))
    slant = most * (2 * mg.Generator(seed).uniform((3, 1)) - 1)
    for image, row in np.ndindex(3, height):
        right = int(np.rint(slant[image, 0] * ((height - 1) / 2 - row)))
        assert (y.numpy()[image, row] == np.roll(x.numpy()[image, row], right, axis=0)).all()
    mg.sum(y * y.numpy()).backward()
    np.testing.assert_array_equal(x.grad.numpy(), x.numpy())


def test_shear_moves_the_top_of_a_digit_one_way_and_its_foot_the_other(device):
    bar = np.zeros((200, 9, 9, 1), np.float32)
    bar[:, :, 4] = 1
    seen = sheared(mg.tensor(bar, device=device), 0.5, mg.Generator(0)).numpy()[..., 0].argmax(axis=2) - 4
    assert (seen[:, 4] == 0).all()
    assert (seen[:, 0] == -seen[:, 8]).all()
    assert set(seen[:, 0]) == {-2, -1, 0, 1, 2}


def test_an_infogan_shows_its_discriminator_slanted_reals_and_fakes(device):
    x, _ = examples(device, 6)
    shown = {}
    for shear in (0.0, 1.0):
        judge = dense_discriminator(SHAPE, [6], mg.Generator(1), outputs=1 + K)
        model = InfoGAN(generator(K), judge, Z, K, shear=shear)
        seen, forward = [], model.discriminator.forward
        model.discriminator.forward = lambda x, seen=seen, forward=forward: seen.append(x) or forward(x)
        model.discriminator_loss(x, mg.Generator(2))
        model.generator_loss(6, mg.Generator(2)).backward()
        shown[shear] = [y.numpy() for y in seen]
        assert all(np.abs(p.grad.numpy()).max() > 0 for p in model.generator.parameters())
    assert (shown[0.0][0] == x.numpy()).all()
    for plain, slanted in zip(shown[0.0], shown[1.0], strict=True):
        assert not np.array_equal(plain, slanted)
        np.testing.assert_array_equal(np.sort(plain, axis=2), np.sort(slanted, axis=2))


@pytest.mark.parametrize(("data_set", "shear"), [("digits", -0.1), ("digits", 1.5), ("ring", 0.3)])
def test_a_shear_that_cannot_be_is_refused(data_set, shear):
    with pytest.raises(MinigenError, match=r"^shear: "):
        settings_for("infogan", data.load(data_set), shear=shear)
    with pytest.raises(MinigenError, match=r"^shear: 'gan' has no such setting"):
        settings_for("gan", data.load(data_set), shear=shear)


def test_the_features_of_an_infogan_are_not_shaped_by_the_codes(device):
    """In the discriminator's step all layers but the last change as a plain GAN's do; the last reads the codes too."""
    codes, (x, _) = K + 2, examples(device, 8)
    model = InfoGAN(generator(codes), dense_discriminator(SHAPE, [6], mg.Generator(1), outputs=1 + codes), Z, K, 2)
    model.discriminator_loss(x, mg.Generator(2)).total.backward()
    *features, last = ([p.grad.numpy() for p in layer.parameters()] for layer in model.discriminator)
    noise = model.noise(8, mg.Generator(2))
    model.zero_grad()
    fake = model.still(model.generator, noise)
    model.game(model.source, x, fake, model.source(x), model.source(fake), None).total.backward()
    *of_a_gan, plain = ([p.grad.numpy() for p in layer.parameters()] for layer in model.discriminator)
    for found, expected in zip(features, of_a_gan, strict=True):
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    for a, b in zip(last, plain, strict=True):
        np.testing.assert_allclose(a[..., :1], b[..., :1], rtol=1e-5, atol=1e-7)
        assert np.abs(a[..., 1:]).min() > 0
        assert (b[..., 1:] == 0).all()


@pytest.mark.parametrize("name", ["cgan", "acgan", "infogan"])
def test_each_player_moves_alone(device, name):
    digits = data.load("digits")
    settings = settings_for(name, digits, width=4, latent_dim=3, batch_size=16)
    model = build(settings, digits.shape, mg.Generator(0))
    x = mg.tensor(digits.x[:16], device=device)
    y = (backend.to_device(digits.y[:16], device),) if recipe_of(name).labelled else ()
    model.discriminator_loss(x, mg.Generator(0), *y).total.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None for p in model.discriminator.parameters())
    model.zero_grad()
    model.generator_loss(16, mg.Generator(0)).backward()
    assert all(p.grad is None for p in model.discriminator.parameters())
    assert all(p.grad is not None for p in model.generator.parameters())


@pytest.mark.parametrize("name", ["cgan", "cvae"])
def test_classes_of_points_are_made_where_they_lie(name):
    """After a short training, what is asked for lies nearer to its own cluster than to any other."""
    ring = data.load("ring")
    settings = settings_for(name, ring, steps=600, batch_size=128, width=32)
    model = build(settings, ring.shape, mg.Generator(0))
    trainer, rng = recipe_of(name).trainer(model, settings), mg.Generator(1)
    loader = Loader(ring.x, ring.y, batch_size=128, rng=mg.Generator(2))
    steps = 0
    while steps < 600:
        for x, y in loader:
            trainer.step(mg.tensor(x), rng, y)
            steps += 1
    model.eval()
    for label in range(8):
        made = model.sample(50, rng, label=label).numpy()
        distance = np.linalg.norm(made[:, None] - ring.centres, axis=2)
        assert (distance.argmin(axis=1) == label).mean() > 0.9


def test_the_bound_of_a_conditional_vae_by_hand(device):
    """Its loss is that of a VAE whose encoder and decoder are given the label."""
    x, y = examples(device)
    x = mg.tensor(np.abs(np.tanh(x.numpy())), device=device)
    encoder = dense_encoder((16 + K,), 2 * Z, [6], mg.Generator(0))
    decoder = dense_decoder(Z + K, SHAPE, [6], mg.Generator(1))
    model = ConditionalVAE(encoder, decoder, Z, K, beta=0.5)
    loss = model.loss(x, mg.Generator(5), y)
    labels = one_hot(y, K)
    h = encoder(mg.concatenate([x.reshape(6, 16), mg.Tensor(labels)], axis=1))
    mean, log_var = h.numpy()[:, :Z], h.numpy()[:, Z:]
    z = mean + np.exp(0.5 * log_var) * backend.to_numpy(mg.Generator(5).normal((6, Z), device=device))
    logits = decoder(mg.tensor(np.concatenate([z, backend.to_numpy(labels)], axis=1), device=device)).numpy()
    bce = (np.logaddexp(0, logits) - logits * x.numpy()).reshape(6, -1).sum(axis=1).mean()
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert np.isclose(loss.reconstruction.item(), bce, rtol=1e-4)
    assert np.isclose(loss.kl.item(), kl, rtol=1e-4)
    assert np.isclose(loss.total.item(), bce + 0.5 * kl, rtol=1e-4)


@pytest.mark.parametrize(
    "model",
    [
        conditional(),
        ACGAN(generator(), dense_discriminator(SHAPE, [4], mg.Generator(0), outputs=1 + K), Z, K),
    ],
)
def test_labels_are_asked_for(model):
    x, y = examples("cpu")
    with pytest.raises(MinigenError, match="learns from examples with their labels, got none"):
        model.discriminator_loss(x, mg.Generator(0))
    with pytest.raises(MinigenError, match=r"labels: expected one for each of the 6 examples, got shape \(5,\)"):
        model.discriminator_loss(x, mg.Generator(0), y[:5])


def test_data_without_labels_are_refused():
    bare = data.Dataset("bare", data.load("digits").x)
    with pytest.raises(MinigenError, match="'cgan' learns from labels and 'bare' has none"):
        settings_for("cgan", bare)
