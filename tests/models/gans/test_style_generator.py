"""The style-based generator: what styles do, and who sees the noise."""

import numpy as np

import minigen as mg
from minigen.models.gans.style_generator import StyledLayer
from tests.models.gans.test_style import SHAPE, Z, gan


def test_adain_sets_mean_and_deviation_of_every_channel(device):
    """After the layer each channel of each image has mean y_b and deviation |y_s|, whatever came in."""
    layer = StyledLayer(3, 4, Z, mg.Generator(0))
    rng = np.random.default_rng(0)
    w = mg.tensor(rng.standard_normal((2, Z)).astype(np.float32), device=device)
    scale, shift = np.split(layer.style(w).numpy(), 2, axis=1)
    for size in (1, 50):
        x = mg.tensor((size * rng.standard_normal((2, 8, 8, 3))).astype(np.float32), device=device)
        y = layer(x, w, 0.0).numpy()
        assert np.allclose(y.mean(axis=(1, 2)), shift, atol=1e-4)
        assert np.allclose(y.std(axis=(1, 2)), np.abs(1 + scale), rtol=1e-2)


def test_noise_reaches_the_image_and_codes_alone_decide_without_it(device):
    model = gan()
    z = model.noise(3, mg.Generator(0))
    assert (model.from_codes(z).numpy() == model.from_codes(z).numpy()).all()
    w = model.generator.styles(z)
    first, second = (model.generator.paint([w] * 6, model.generator.noise(3, mg.Generator(s))).numpy() for s in (1, 2))
    assert not np.allclose(first, second, atol=1e-3)
    assert first.shape == (3, *SHAPE)
    assert np.abs(first).max() <= 1
