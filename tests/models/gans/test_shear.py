"""Slanted images: the same rows moved, and the gradient moved back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigen as mg
from minigen.models.gans.shear import sheared


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
