"""The twenty faults of teaching code: for each a property that ours has, and the faulty version has not.

Every test takes the property to our own code and to the code with the fault, so that it is seen to tell them apart.
"""

import math

import numpy as np
import pytest

import minigen as mg
from minigen import nn
from minigen.distributions import Normal, kl_to_standard_normal
from minigen.errors import MinigenError
from minigen.metrics import elbo, frechet, nll
from minigen.models import GAN, IWAE, VAE
from minigen.models.gans.gan import GANTrainer
from minigen.models.gans.networks import dcgan_discriminator, dcgan_generator, dense_discriminator
from minigen.models.gans.penalties import LAMBDA, gradient_penalty, input_gradient
from minigen.models.networks import conv_decoder, conv_encoder, dense_decoder, dense_encoder

SHAPE, Z = (4, 4, 1), 3


def vae(kind=VAE, **settings):
    encoder = dense_encoder(SHAPE, 2 * Z, [8], mg.Generator(0))
    return kind(encoder, dense_decoder(Z, SHAPE, [8], mg.Generator(1)), Z, **settings)


def gan(bn=False):
    rng = mg.Generator(0)
    if bn:
        return GAN(dcgan_generator(Z, (8, 8, 1), 4, rng), dcgan_discriminator((8, 8, 1), 4, rng), Z)
    return GAN(dense_decoder(Z, SHAPE, [8], rng), dense_discriminator(SHAPE, [8], rng), Z)


def binary(n=5, shape=SHAPE):
    return mg.tensor((np.random.default_rng(0).random((n, *shape)) < 0.5).astype(np.float32))


def normal(n=6, shape=SHAPE, seed=0):
    return mg.tensor(np.random.default_rng(seed).standard_normal((n, *shape)).astype(np.float32))


def tiled(x, times):
    return mg.concatenate([x] * times, axis=1)


def test_01_kl_and_bce_are_sums_over_features():
    """Twice the features, twice the nats."""

    def doubles(loss):
        a, b = normal(4, (6,)), binary(4, (6,))
        return math.isclose(loss(tiled(a, 2), tiled(b, 2)).item(), 2 * loss(a, b).item(), rel_tol=1e-5)

    assert doubles(nn.bce_loss)
    assert doubles(nn.kl_loss)
    assert not doubles(lambda logits, x: mg.mean(mg.bce_with_logits(logits, x)))


def test_02_codes_are_drawn():
    """Two passes over the same batch give two reconstruction terms."""

    def varies(model):
        return (
            model.loss(binary(), mg.Generator(0)).reconstruction.item()
            != model.loss(binary(), mg.Generator(1)).reconstruction.item()
        )

    faulty = vae()
    encode = faulty.encode
    faulty.encode = lambda x: Mean(encode(x).mean, encode(x).log_var)
    assert varies(vae())
    assert not varies(faulty)


class Mean(Normal):
    """A fault: the mean in place of a sample."""

    def sample(self, rng=None):
        return self.mean


def test_03_the_deviation_is_the_root_of_the_exponential_of_the_log_variance():
    def deviation(sample):
        log_var = mg.tensor(np.full((4000, 1), math.log(4.0), np.float32))
        return sample(mg.zeros((4000, 1)), log_var).numpy().std()

    assert deviation(lambda m, v: Normal(m, v).sample(mg.Generator(0))) == pytest.approx(2, rel=0.05)
    noise = mg.tensor(mg.Generator(0).normal((4000, 1)))
    for faulty in (lambda m, v: m + v * noise, lambda m, v: m + mg.exp(v) * noise):
        assert deviation(faulty) != pytest.approx(2, rel=0.05)


def test_04_the_kl_is_no_less_than_0_and_counts_against_the_bound():
    q = Normal(normal(5, (3,)), normal(5, (3,), seed=1))
    assert (kl_to_standard_normal(q).numpy() >= 0).all()
    loss = vae().loss(binary(), mg.Generator(0))
    assert loss.total.item() == pytest.approx(loss.reconstruction.item() + loss.kl.item())
    assert loss.kl.item() > 0
    assert loss.total.item() != pytest.approx(loss.reconstruction.item() - loss.kl.item())


def test_05_logits_of_a_thousand_stay_finite():
    """Loss and gradient; log(sigmoid) is infinite."""

    def finite(loss):
        logits = mg.tensor(np.float32([[1000.0, -1000.0]]), requires_grad=True)
        with np.errstate(all="ignore"):
            value = loss(logits, mg.tensor(np.float32([[0.0, 1.0]])))
            value.backward()
        return np.isfinite(value.item()) and np.isfinite(logits.grad.numpy()).all()

    def faulty(logits, x):
        p = mg.sigmoid(logits)
        return -mg.mean(x * mg.log(p) + (1 - x) * mg.log(1 - p))

    assert finite(nn.bce_loss)
    assert not finite(faulty)


def test_06_the_log_variance_is_bounded():
    """An encoder that shouts 1000 does not end training in one step."""
    model = vae()
    last = model.encoder[-1]
    last.b.data[...] = 1000
    assert np.isfinite(model.loss(binary(), mg.Generator(0)).total.item())
    h = model.encoder(binary())
    with np.errstate(all="ignore"):
        assert not np.isfinite(nn.kl_loss(h[:, :Z], h[:, Z:]).item())


def test_07_the_decoder_takes_d_numbers_and_not_2d():
    model = vae()
    with pytest.raises(MinigenError, match=r"codes have shape \(5, 6\), expected \(N, 3\)"):
        model.decode(model.encoder(binary()))


def test_08_grey_pixels_have_no_bernoulli_likelihood():
    grey = np.random.default_rng(0).random((3, *SHAPE)).astype(np.float32)
    for measure in (elbo, lambda *a: nll(a[0], a[1], 5, a[2])):
        with pytest.raises(MinigenError, match="binar"):
            measure(vae(), grey, mg.Generator(0))


def test_09_the_importance_weighted_bound_is_the_log_of_a_mean():
    """With k = 1 it is the ELBO, on average; it rises with k. A mean of logs does not."""
    model, x = vae(IWAE, samples=64), mg.tensor(np.repeat(binary(1).numpy(), 4000, axis=0))

    def bound(k):
        return (mg.logsumexp(model.log_weights(x, k, mg.Generator(0)), axis=1) - math.log(k)).numpy().mean()

    def mean_of_logs(k):
        return model.log_weights(x, k, mg.Generator(0)).numpy().mean()

    log_likelihood, kl = VAE.elbo(model, x, mg.Generator(1))  # with the KL in closed form
    assert bound(1) == pytest.approx((log_likelihood - kl).numpy().mean(), abs=0.15)
    assert bound(1) < bound(8) - 0.05 < bound(64) - 0.1
    assert abs(mean_of_logs(64) - mean_of_logs(1)) < 0.25 * (bound(64) - bound(1))


def changed(module, before):
    return any((array != before[name]).any() for name, array in module.state_dict().items())


def test_10_a_step_of_one_player_leaves_the_other_bit_for_bit():
    model = gan(bn=True)
    trainer = GANTrainer(model, mg.optim.constant(1e-2))
    d, g = model.discriminator.state_dict(), model.generator.state_dict()
    trainer.g_optimizer.step(model.generator_loss(6, mg.Generator(0)))
    assert changed(model.generator, g)
    assert not changed(model.discriminator, d)
    g = model.generator.state_dict()
    trainer.d_optimizer.step(model.discriminator_loss(normal(shape=(8, 8, 1)), mg.Generator(0)).total)
    assert changed(model.discriminator, d)
    assert not changed(model.generator, g)


def test_11_fakes_of_the_discriminators_step_carry_no_graph_and_gradients_do_not_pile_up():
    model = gan()
    trainer = GANTrainer(model, mg.optim.constant(0.0))  # weights stay: every step has the same gradient
    norms = []
    for _ in range(3):
        loss = model.discriminator_loss(normal(), mg.Generator(0)).total
        norms.append(trainer.d_optimizer.step(loss).item())
        assert all(p.grad is None for p in model.generator.parameters())
    assert norms[0] == norms[1] == norms[2]
    for factor in (1, 2):  # without zero_grad
        model.discriminator_loss(normal(), mg.Generator(0)).total.backward()
        assert mg.optim.grad_norm(model.discriminator.parameters()).item() == pytest.approx((1 + factor) * norms[0])


def test_12_the_discriminator_is_given_real_and_fake_examples_and_not_images_as_labels():
    """Its loss is the log-likelihood of 'real' and 'fake': 2 log 2 where it cannot decide, whatever the images hold."""
    for x in (normal(), 3 * normal(seed=1)):
        model = gan()
        for p in model.discriminator.parameters()[-2:]:
            p.data[...] = 0
        assert model.discriminator(x).shape == (6, 1)
        assert model.discriminator_loss(x, mg.Generator(0)).total.item() == pytest.approx(2 * math.log(2))


def test_13_the_generator_is_updated():
    model = gan()
    before = model.generator.state_dict()
    GANTrainer(model, mg.optim.constant(1e-3)).step(normal(), mg.Generator(0))
    after = model.generator.state_dict()
    assert all((after[name] != array).any() for name, array in before.items())


def test_14_real_and_fake_batches_are_normalised_apart():
    """Logits of the real batch do not depend on the fakes beside it; in one mixed batch they would."""
    model = gan(bn=True)
    x, fake = normal(shape=(8, 8, 1)), 5 + normal(shape=(8, 8, 1), seed=1)
    apart = model.discriminator(x).numpy()
    mixed = model.discriminator(mg.concatenate([x, fake])).numpy()[:6]
    assert not np.allclose(apart, mixed, atol=1e-3)
    seen = []
    inner = model.discriminator.forward
    model.discriminator.forward = lambda batch: seen.append(batch.shape[0]) or inner(batch)
    model.discriminator_loss(x, mg.Generator(0))
    assert seen == [6, 6]


def test_15_evaluation_uses_the_running_statistics():
    """In eval mode an example's output does not depend on its neighbours; in training mode it does."""
    model = gan(bn=True)
    z = model.noise(6, mg.Generator(0))

    def alone_as_in_company():
        return np.allclose(model.generator(z[:1]).numpy(), model.generator(z).numpy()[:1], atol=1e-5)

    assert not alone_as_in_company()
    model.eval()
    assert alone_as_in_company()


def linear_critic(w):
    critic = nn.Sequential(nn.Flatten(), nn.Dense(w.size, 1, bias=False))
    critic[1].w.data[...] = w.reshape(-1, 1)
    return critic


def test_16_the_norm_of_the_penalty_is_over_all_features_of_an_example():
    """Of a linear critic the penalty is lambda (|w| - 1)^2 exactly."""
    w = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
    critic, expected = linear_critic(w), LAMBDA * (np.linalg.norm(w) - 1) ** 2
    assert gradient_penalty(critic, normal(), normal(seed=1), mg.Generator(0)).item() == pytest.approx(
        expected, rel=1e-4
    )
    slope = input_gradient(critic, normal())
    for axis in (0, 1):  # over the batch, or over rows alone
        assert LAMBDA * mg.mean((mg.norm(slope, axis=axis) - 1) ** 2).item() != pytest.approx(expected, rel=1e-2)


def test_17_each_example_has_one_place_on_the_line_between_real_and_fake():
    """What the critic is shown lies on that line: the same share everywhere in an example, another in the next."""
    seen = []

    def critic(x):
        seen.append(x.numpy())
        return mg.sum(x * x, axis=(1, 2, 3), keepdims=True)

    real, fake = normal(), normal(seed=1)
    gradient_penalty(critic, real, fake, mg.Generator(0))
    share = (seen[0] - fake.numpy()) / (real.numpy() - fake.numpy())
    middle = np.median(share, axis=(1, 2, 3))
    assert np.abs(share - middle[:, None, None, None]).max() < 1e-2
    assert middle.std() > 0.1
    per_pixel = np.random.default_rng(0).random(share.shape)
    assert np.abs(per_pixel - np.median(per_pixel, axis=(1, 2, 3), keepdims=True)).max() > 0.3


def test_18_batch_norms_eps_and_momentum_are_not_swapped():
    """A batch of deviation 0.01 comes out with deviation 1, and its mean does not become the running one at once."""

    def right(layer):
        x = mg.tensor((7 + 0.01 * np.random.default_rng(0).standard_normal((500, 1))).astype(np.float32))
        y = layer(x).numpy()
        return abs(y.std() - 1) < 0.1 and 0.05 < layer.running_mean.item() / 7 < 0.2

    layer = nn.BatchNorm(1)
    assert right(layer)
    assert not right(nn.BatchNorm(1, eps=layer.momentum, momentum=layer.eps))


def test_19_the_softmax_is_taken_once():
    """A sure and right classifier has almost no loss; softmax twice leaves at least log(1 + (K-1)/e)."""
    logits, labels = mg.tensor(100 * np.eye(4, dtype=np.float32)), np.arange(4)
    assert nn.cross_entropy_loss(logits, labels).item() < 1e-6
    assert nn.cross_entropy_loss(mg.softmax(logits), labels).item() == pytest.approx(math.log(1 + 3 / math.e), rel=1e-4)


def test_20_a_frechet_distance_of_too_few_samples_is_refused():
    """At least ten samples a feature: with fewer, two halves of one distribution look far apart."""
    rng = np.random.default_rng(0)
    few = rng.standard_normal((2, 100, 64))
    with pytest.raises(MinigenError, match="too few for a Fréchet distance"):
        frechet(*few)


def test_convolutional_vaes_have_no_fault_of_their_own():
    """The same of the convolutional networks: 2d outputs of the encoder, d inputs of the decoder."""
    encoder, decoder = (
        conv_encoder((8, 8, 1), 2 * Z, 4, mg.Generator(0)),
        conv_decoder(Z, (8, 8, 1), 4, mg.Generator(0)),
    )
    assert encoder(normal(2, (8, 8, 1))).shape == (2, 2 * Z)
    assert decoder(normal(2, (Z,))).shape == (2, 8, 8, 1)
