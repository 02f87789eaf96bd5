"""The PixelCNN: no layer sees ahead, each place is computed once, and what the masks throw away is not multiplied."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigen as mg
from minigen import backend, ops
from minigen.models.autoregressive.pixelcnn import MaskedConv2D, PixelCNN
from minigen.optim import Adam
from tests.models.autoregressive.ahead import in_float64, sees_no_later_place


@settings(max_examples=40)
@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3]), st.sampled_from([2, 4]), st.booleans())
def test_no_output_sees_its_own_place_or_a_later_one(height, width, colours, levels, named):
    rng = mg.Generator(height + 10 * width)
    model = PixelCNN((height, width, colours), levels, 6, kernel=5, depth=2, dilations=(1, 2), named=named, rng=rng)
    sees_no_later_place(in_float64(model), height * 100 + width)


def test_nor_does_a_trained_one(device):
    model, rng = PixelCNN((4, 5, 1), 3, 8, rng=mg.Generator(0)), np.random.default_rng(0)
    optimizer = Adam(model.parameters(), lr=1e-2)
    grid = backend.to_device(rng.integers(3, size=(20, 4, 5, 1)), device)
    for _ in range(10):
        optimizer.step(-mg.mean(model.log_p(grid)))
    seen = sees_no_later_place(model, 1)
    assert seen[:-1].all()  # and each place but the last is seen by a later one


@pytest.mark.parametrize("mask", ["A", "B"])
@pytest.mark.parametrize("kernel", [1, 3, 7])
def test_what_a_layer_sees(mask, kernel):
    """The gradient of one output, in the rows above, to the left, and for mask B in the middle."""
    layer = MaskedConv2D(1, 1, kernel, mask, mg.Generator(kernel))
    x = mg.tensor(np.zeros((1, 9, 9, 1), np.float32), requires_grad=True)
    ops.sum(layer(x)[0, 4, 4]).backward()
    seen, m = np.zeros((9, 9), bool), kernel // 2
    seen[4 - m : 4, 4 - m : 5 + m] = True
    seen[4, 4 - m : 4] = True
    seen[4, 4] = mask == "B"
    assert ((x.grad.numpy()[0, :, :, 0] != 0) == seen).all()


def test_a_dilated_layer_sees_places_that_are_further_apart():
    layer = MaskedConv2D(1, 1, 3, "B", mg.Generator(0), dilation=2)
    x = mg.tensor(np.zeros((1, 9, 9, 1), np.float32), requires_grad=True)
    ops.sum(layer(x)[0, 4, 4]).backward()
    seen = {tuple(place) for place in np.argwhere(x.grad.numpy()[0, :, :, 0] != 0).tolist()}
    assert seen == {(2, 2), (2, 4), (2, 6), (4, 2), (4, 4)}


@pytest.mark.parametrize("mask", ["A", "B"])
def test_a_colour_sees_those_before_it(mask):
    owners = np.arange(6) // 2
    layer = MaskedConv2D(6, 6, 3, mask, mg.Generator(0), colours=3)
    for output in range(6):
        x = mg.tensor(np.zeros((1, 3, 3, 6), np.float32), requires_grad=True)
        ops.sum(layer(x)[0, 1, 1, output]).backward()
        own = owners < owners[output] if mask == "A" else owners <= owners[output]
        assert ((x.grad.numpy()[0, 1, 1] != 0) == own).all()
        assert (x.grad.numpy()[0, 0] != 0).all()


@pytest.mark.parametrize("mask", ["A", "B"])
def test_the_rows_below_are_cut_off_and_it_is_the_same_convolution(mask, device):
    layer, x = MaskedConv2D(2, 3, 5, mask, mg.Generator(0)), mg.tensor(np.ones((2, 6, 7, 2), np.float32), device=device)
    whole = ops.add_bias(ops.conv2d(x, layer.w * layer.mask, padding=2), layer.b)
    np.testing.assert_allclose(layer(x).numpy(), whole.numpy(), rtol=1e-5, atol=1e-6)
    assert layer.kernel_above.shape == (3, 5, 2, 3)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("colours", [1, 3])
@pytest.mark.parametrize("levels", [2, 5])
def test_what_is_drawn_place_by_place_is_what_full_passes_draw(levels, colours, named, device):
    model = PixelCNN((3, 4, colours), levels, 6, kernel=5, depth=2, dilations=(2, 1), named=named, rng=mg.Generator(2))
    rng, grid = mg.Generator(3), backend.to_device(np.zeros((9, 3, 4, colours), np.int64), device)
    for place in np.ndindex(3, 4, colours):
        here = (slice(None), *place)
        grid[here] = model.drawn_from(model(grid).data[here], rng)
    assert (backend.to_numpy(model.draw(9, mg.Generator(3))) == backend.to_numpy(grid)).all()


@pytest.mark.parametrize("colours", [1, 3])
def test_vectors_of_places_are_added_where_they_belong(colours, device):
    """Place by place as in full passes; without a look ahead; and each place has its own."""
    model = PixelCNN((3, 4, colours), 4, 6, kernel=5, depth=2, placed=True, rng=mg.Generator(2))
    model.places.data[...] = backend.to_device(np.random.default_rng(0).standard_normal((3, 4, 6)), device)
    rng, grid = mg.Generator(3), backend.to_device(np.zeros((9, 3, 4, colours), np.int64), device)
    for place in np.ndindex(3, 4, colours):
        here = (slice(None), *place)
        grid[here] = model.drawn_from(model(grid).data[here], rng)
    assert (backend.to_numpy(model.draw(9, mg.Generator(3))) == backend.to_numpy(grid)).all()
    sees_no_later_place(model, 5)
    before = model(grid).numpy()
    model.places.data[1, 2] += 1
    changed = (model(grid).numpy() != before).any(axis=(0, 3, 4))
    assert changed[1, 2]
    assert not changed[0].any()
    assert not changed[1, :2].any()
