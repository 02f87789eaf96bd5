"""The VQ-VAE: nearest words, straight-through gradients, running means."""

import numpy as np
import pytest

import minigen as mg
from minigen import backend, nn
from minigen.models import VQVAE
from minigen.models.autoregressive.pixelcnn import PixelCNN
from minigen.models.vaes.vqvae import BETA, GAMMA

K, D, GRID = 6, 3, (2, 2)


class Same(nn.Module):
    """x itself, times a weight that starts at 1."""

    def __init__(self):
        self.w = nn.Parameter(np.ones(1, np.float32))

    def forward(self, x):
        return self.w * x


def model_of():
    return VQVAE(
        Same(), Same(), PixelCNN((*GRID, 1), K, 8, kernel=5, named=True, rng=mg.Generator(1)), K, D, mg.Generator(0)
    )


def vectors(device, n=5, seed=0):
    x = np.random.default_rng(seed).standard_normal((n, *GRID, D)).astype(np.float32)
    return mg.tensor(x, device=device)


def test_the_nearest_word_by_loops(device):
    model, x = model_of(), vectors(device)
    words, e = backend.to_numpy(model.words_of(x)), model.codebook.numpy()
    for place in np.ndindex(words.shape):
        distances = [((x.numpy()[place] - e[k]) ** 2).sum() for k in range(K)]
        assert words[place] == int(np.argmin(distances))
    assert (model.decode(model.words_of(x)).numpy() == e[words]).all()


def test_loss_and_gradients_by_hand(device):
    """Encoder z = a x, decoder b z_q; straight through, da gets x . (dL/dz_q) and the commitment, db gets z_q."""
    model, x = model_of().eval(), vectors(device)
    loss = model.loss(x)
    z_q, data = model.codebook.numpy()[backend.to_numpy(model.words_of(x))], x.numpy()
    assert loss.reconstruction.item() == pytest.approx(((data - z_q) ** 2).sum() / 5, rel=1e-5)
    assert loss.commitment.item() == pytest.approx(((data - z_q) ** 2).sum() / 5, rel=1e-5)
    assert loss.total.item() == pytest.approx((1 + BETA) * loss.reconstruction.item(), rel=1e-5)
    loss.total.backward()
    slope = -2 * (data - z_q) / 5  # of the reconstruction, in the decoder's output
    assert model.decoder.w.grad.item() == pytest.approx((slope * z_q).sum(), rel=1e-4)
    committed = BETA * 2 * (data - z_q) / 5
    assert model.encoder.w.grad.item() == pytest.approx(((slope + committed) * data).sum(), rel=1e-4, abs=1e-5)


def test_the_first_batch_places_all_words_and_later_ones_move_them_to_their_mean(device):
    model, x = model_of(), vectors(device, 8)
    flat, chosen = x.numpy().reshape(-1, D), backend.to_numpy(model.words_of(x)).reshape(-1)
    model.loss(x, mg.Generator(0))
    for k, e in enumerate(model.codebook.numpy()):
        places = flat if k not in chosen else flat[chosen == k].mean(axis=0)  # one that nobody chose: at any vector
        assert np.abs(places - e).reshape(-1, D).sum(axis=1).min() < 1e-5
    uses, sums = model.uses.numpy().astype(np.float64), model.sums.numpy().astype(np.float64)
    chosen = backend.to_numpy(model.words_of(x)).reshape(-1)
    model.loss(x, mg.Generator(1))
    for k in range(K):
        n, m = (chosen == k).sum(), flat[chosen == k].sum(axis=0)
        expected = (GAMMA * sums[k] + (1 - GAMMA) * m) / (GAMMA * uses[k] + (1 - GAMMA) * n)
        assert np.allclose(model.codebook.numpy()[k], expected, rtol=1e-4, atol=1e-5)


def test_evaluation_moves_no_word(device):
    model = model_of().eval()
    before = model.state_dict()
    model.loss(vectors(device))
    assert all((model.state_dict()[name] == array).all() for name, array in before.items())


def test_clusters_become_the_words(device):
    """K tight clusters: the codebook finds them, and all words are used."""
    model, rng = model_of(), np.random.default_rng(3)
    centres = 5 * rng.standard_normal((K, D)).astype(np.float32)
    for seed in range(120):
        picked = rng.integers(K, size=(40, *GRID))
        x = centres[picked] + 0.05 * rng.standard_normal((40, *GRID, D)).astype(np.float32)
        loss = model.loss(mg.tensor(x, device=device), mg.Generator(seed))
    distances = np.linalg.norm(model.codebook.numpy()[:, None] - centres, axis=2)
    assert distances.min(axis=0).max() < 0.2 or loss.perplexity.item() > K - 2


def test_perplexity_counts_the_words_in_use(device):
    model = model_of()
    one = backend.to_device(np.zeros(30, np.int64), device)
    assert model._perplexity(one).item() == pytest.approx(1, abs=1e-4)
    assert model._perplexity(backend.to_device(np.arange(30) % K, device)).item() == pytest.approx(K, rel=1e-4)
