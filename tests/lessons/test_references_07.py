"""The references of lesson 7 beside the library's convolution, and a kernel moved by hand."""

import numpy as np

from minigen.lessons import find_exercise
from minigen.ops import conv


def test_the_size_is_the_number_of_places_where_the_kernel_fits():
    lesson, exercise = find_exercise("07.1")
    for number, draw in enumerate(exercise.cases.values()):
        n, k, stride, padding = draw(np.random.default_rng(number)).values()
        places = [start for start in range(-padding, n + padding, stride) if start + k <= n + padding]
        assert lesson.reference["output_size"](n, k, stride, padding) == len(places)


def test_the_reference_is_the_librarys_convolution():
    lesson, _ = find_exercise("07.1")
    ref, cases = lesson.reference, {e.function: e.cases for e in lesson.exercises}
    for name in cases["conv_dx"]:
        x, w, stride, padding = cases["conv_forward"][name](np.random.default_rng(1)).values()
        np.testing.assert_allclose(ref["conv_forward"](x, w, stride, padding), conv.conv2d(x, w, stride, padding))
        g, w, stride, padding, size = cases["conv_dx"][name](np.random.default_rng(1)).values()
        wanted = conv.conv2d_transpose(g, w, stride, padding, output_size=size)
        np.testing.assert_allclose(ref["conv_dx"](g, w, stride, padding, size), wanted)
        x, g, kernel, stride, padding = cases["conv_dw"][name](np.random.default_rng(1)).values()
        wanted = conv.conv2d_weight_gradient(x, g, kernel, stride, padding)
        np.testing.assert_allclose(ref["conv_dw"](x, g, kernel, stride, padding), wanted)


def test_one_kernel_does_the_work_of_two():
    lesson, exercise = find_exercise("07.5")
    forward = lesson.reference["conv_forward"]
    for number, draw in enumerate(exercise.cases.values()):
        rng = np.random.default_rng(number)
        first, second, stride = draw(rng).values()
        w = lesson.reference["one_kernel"](first, second, stride)
        x = rng.standard_normal((2, w.shape[0] + 2 * stride, w.shape[1] + stride, first.shape[2]))
        in_a_row = forward(forward(x, first, stride, 0), second, 1, 0)
        np.testing.assert_allclose(in_a_row, forward(x, w, stride, 0), atol=1e-12)
        assert in_a_row.shape[1:3] == (3, 2)
        assert all(np.abs(w[edge]).max() > 0 and np.abs(w[:, edge]).max() > 0 for edge in (0, -1)), "no larger"
