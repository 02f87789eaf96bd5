"""Pictures: the right pixels in the right places."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from minigen.errors import ShapeError
from minigen.report import plots


def test_mosaic_places_every_image():
    images = np.random.default_rng(0).random((7, 3, 4, 1)).astype(np.float32)
    canvas = plots.mosaic(images, 3)
    assert canvas.shape == (3 * 4 - 1, 3 * 5 - 1, 1)
    for i, image in enumerate(images):
        top, left = i // 3 * 4, i % 3 * 5
        assert np.array_equal(canvas[top : top + 3, left : left + 4], image)
    assert np.all(canvas[8:, 5:] == 1)  # no image there


def test_mosaic_names_a_wrong_shape():
    with pytest.raises(ShapeError, match=r"expected \(N, H, W, 1\)"):
        plots.mosaic(np.zeros((2, 3, 3)), 2)


def test_pairs_put_each_reconstruction_below_its_original():
    originals, others = np.zeros((5, 2, 2, 1), np.float32), np.full((5, 2, 2, 1), 0.5, np.float32)
    image = plots.pairs(originals, others, columns=5).axes[0].images[0].get_array()
    assert np.all(image[:2, :2] == 0)
    assert np.all(image[3:5, :2] == 0.5)


def test_pairs_stand_apart_and_the_last_row_may_be_shorter():
    originals, others = np.zeros((5, 2, 2, 1), np.float32), np.full((5, 2, 2, 1), 0.5, np.float32)
    image = plots.pairs(originals, others, columns=3).axes[0].images[0].get_array()
    assert np.all(image[5:8] == 1)  # the first pair ends at 5, and the second begins at 8
    assert np.all(image[8:10, :2] == 0)
    assert np.all(image[11:13, 3:5] == 0.5)
    assert np.all(image[8:, 6:] == 1)
    assert image.shape == (13, 8)


def test_colour_and_titles():
    figure = plots.image_grid(np.zeros((2, 4, 4, 3)), 2, "two")
    assert figure.axes[0].get_title() == "two"
    assert figure.axes[0].images[0].get_array().shape == (4, 9, 3)


def test_each_panel_has_its_own_axis_with_its_unit_and_ends():
    panels = [
        plots.Panel("nats", {"d_loss": [1.0, 2.0]}),
        plots.Panel("share", {"a": [0.5, 0.6], "b": [1, 1]}, 0.0, 1.0),
    ]
    top, below = plots.curves([1, 2], panels, "a title").axes
    assert (top.get_title(), below.get_xlabel()) == ("a title", "step")
    assert [axes.get_ylabel() for axes in (top, below)] == ["nats", "share"]
    assert [len(axes.lines) for axes in (top, below)] == [1, 2]
    assert list(top.lines[0].get_ydata()) == [1.0, 2.0]
    assert below.get_ylim() == pytest.approx((-0.04, 1.04))
    assert top.get_ylim()[0] > 0.5


def test_a_run_of_one_row_is_seen():
    (axes,) = plots.curves([1], [plots.Panel("nats", {"loss": [1.0]})]).axes
    assert axes.lines[0].get_marker() == "o"


@pytest.mark.parametrize("count", [1, 2, 4])
def test_no_legend_lies_over_a_curve(count):
    """Of curves that fill their panels, each legend stands beside them, inside the picture."""
    series = {"continuous_information": [0.0, 1.0, 0.0], "high_quality": [1.0, 0.0, 1.0]}
    figure = plots.curves([1, 2, 3], [plots.Panel(f"unit {i}", series, 0, 1) for i in range(count)])
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        legend = axes.get_legend().get_window_extent()
        assert legend.x0 > axes.get_window_extent().x1
        assert legend.x1 < figure.bbox.x1
        assert legend.height < axes.get_window_extent().height + 30


def test_a_count_has_whole_numbers_on_its_axis():
    (axes,) = plots.curves([1, 2], [plots.Panel("clusters", {"modes": [1, 2]}, 0, 8)]).axes
    assert list(axes.get_yticks()) == [0, 4, 8]


def test_manifold_codes_cover_the_plane_evenly():
    codes = plots.manifold_codes(20)
    assert codes.shape == (400, 2)
    assert np.allclose(codes.mean(0), 0, atol=1e-6)
    assert codes[0, 0] < 0 < codes[0, 1]  # top left: first latent small, second large
    assert codes[-1, 0] > 0 > codes[-1, 1]
    within = np.abs(plots.normal_quantiles(1000)) < 1
    assert within.mean() == pytest.approx(0.6827, abs=2e-3)


def test_scatter():
    assert len(plots.scatter(np.zeros((3, 2)), np.ones((4, 2))).axes[0].collections) == 2


@pytest.mark.parametrize(("extent", "inches"), [((1, 1), (5, 5)), ((2, 1), (5, 2.85)), ((0, 3), (2.4, 5))])
def test_a_scatter_is_as_wide_and_high_as_the_data(extent, inches):
    points = np.array([[0, 0], extent])
    np.testing.assert_allclose(plots.scatter(points, points).get_size_inches(), inches, atol=0.06)
