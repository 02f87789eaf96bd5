"""The autoencoder: what it minimises, that a linear one finds the principal components, and its Gaussian of codes."""

import numpy as np

import minigen as mg
from minigen import Generator, nn, optim
from minigen.models.vaes.ae import AETrainer, Autoencoder


def linear(d, features=6, seed=0):
    rng = Generator(seed)
    return Autoencoder(nn.Dense(features, d, rng=rng), nn.Dense(d, features, rng=rng), d)


def examples(n=400, features=6):
    rng = np.random.default_rng(1)
    axes = np.linalg.qr(rng.standard_normal((features, features)))[0]
    x = rng.standard_normal((n, features)) * [3, 2, 0.5, 0.3, 0.2, 0.1] @ axes + rng.standard_normal(features)
    return x.astype(np.float32)


def test_the_loss_is_the_squared_error_of_an_example(device):
    model, x = linear(2), mg.tensor(examples(50), device=device)
    model.to(device)
    again = model.reconstruct(x).numpy()
    expected = ((examples(50) - again) ** 2).sum(axis=1).mean()
    np.testing.assert_allclose(model.loss(x).total.item(), expected, rtol=1e-5)


def test_a_linear_one_finds_the_principal_components():
    x, model = examples(), linear(2)
    trainer, rng = AETrainer(model, optim.cosine(2e-2, 1500)), Generator(0)
    for _ in range(1500):
        loss = trainer.step(mg.tensor(x), rng)["loss"].item()
    lost = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)[2:] ** 2 / len(x)  # the eigenvalues that are left out
    np.testing.assert_allclose(loss, lost.sum(), rtol=0.02)


def test_samples_have_the_mean_and_covariance_of_the_codes(device):
    model, x = linear(2), examples()
    model.to(device)
    model.decoder = nn.Sequential()  # so that samples are codes
    model.measure_codes([mg.tensor(x[:200], device=device), mg.tensor(x[200:], device=device)])
    codes = model.encoder(mg.tensor(x, device=device)).numpy()
    samples = model.sample(20_000, Generator(2)).numpy()
    np.testing.assert_allclose(samples.mean(axis=0), codes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(samples.T), np.cov(codes.T), rtol=0.06, atol=0.06)
