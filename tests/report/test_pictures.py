"""The pictures of a finished run: which there are for which model, and what they show."""

import numpy as np
import pytest

from minigen import Generator, Tensor, data
from minigen.models import RECIPES, recipe_of
from minigen.report import curves, modes, picture_of
from minigen.report.pictures import NOT_PLOTTED, final_pictures
from tests.examples import examples_for

from .test_trained import untrained

DIGITS, RING = data.load("digits", "test"), data.load("ring", "test")


@pytest.mark.parametrize(
    ("model", "examples", "latent_dim", "names"),
    [
        ("vae", DIGITS, 3, {"samples.png", "reconstructions.png"}),
        ("vae", DIGITS, 2, {"samples.png", "reconstructions.png", "manifold.png"}),
        ("vae", RING, 2, {"samples.png", "reconstructions.png"}),
        ("vae-gan", DIGITS, 2, {"samples.png", "reconstructions.png", "manifold.png"}),
        ("vq-vae", DIGITS, 2, {"samples.png", "reconstructions.png"}),
        ("gan", DIGITS, 2, {"samples.png"}),
        ("gan", RING, 2, {"samples.png"}),
    ],
)
def test_which_there_are(model, examples, latent_dim, names):
    shown = untrained(model, examples, latent_dim=latent_dim)
    figures = final_pictures(shown, examples, Generator(0))
    assert set(figures) == names
    assert figures["samples.png"].axes[0].get_title() == f"{model} on {examples.name}"


def test_reconstructions_stand_below_their_originals():
    shown = untrained("vae")
    canvas = final_pictures(shown, DIGITS, Generator(0))["reconstructions.png"].axes[0].images[0].get_array()
    np.testing.assert_allclose(canvas[:8, :8], DIGITS.x[0, :, :, 0], atol=1e-6)
    np.testing.assert_allclose(canvas[9:17, :8], shown.reconstruct(DIGITS.x[:1])[0, :, :, 0].clip(0, 1), atol=1e-6)


def test_samples_come_from_the_generator_that_is_given():
    shown = untrained("gan")
    first, again, other = (
        final_pictures(shown, DIGITS, Generator(seed))["samples.png"].axes[0].images[0].get_array()
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_curves_leave_out_what_is_no_curve_and_bear_gaps():
    rows = [
        {"step": 1, "loss": 3.0, "seconds": 0.1},
        {"step": 2, "loss": 2.0, "seconds": 0.2, "modes": 8, "warnings": ["one"], "skipped": 1, "kl": 1.0},
    ]
    axes, clusters = curves(rows, untrained("vae", RING), RING).axes
    assert {line.get_label() for line in axes.lines} == {"loss", "kl"}
    found = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert found["loss"] == [3.0, 2.0]
    assert np.isnan(found["kl"][0])
    assert axes.get_title() == "vae on ring"
    assert [line.get_label() for line in clusters.lines] == ["modes"]
    assert clusters.get_ylim() == pytest.approx((0, 8), abs=0.4)


def logged(model, examples, **given):
    """The metrics of a step, and of the row that the supervisor makes of it."""
    shown = untrained(model, examples, **given)
    recipe = shown.recipe
    x = shown.prepared(examples.x[:20])
    labels = [examples.y[:20]] if recipe.labelled else []
    shown.model.train()
    metrics = recipe.trainer(shown.model, shown.settings).step(Tensor(x), Generator(0), *labels)
    row = {"step": 1} | {name: value.item() for name, value in metrics.items()}
    return shown, row | modes(shown, examples, 20, Generator(0))


@pytest.mark.parametrize("model", RECIPES)
def test_each_curve_stands_under_its_own_unit(model):
    """No share on an axis without ends, no nats beside what are none, and nothing of the log is left out."""
    recipe = recipe_of(model)
    losses = next((option.choices for option in recipe.options if option.name == "loss"), (None,))
    for examples in examples_for(recipe):
        for loss in losses:
            shown, row = logged(model, examples, **({"loss": loss} if loss else {}))
            under = {}
            for axes in curves([row, row | {"step": 2}], shown, examples).axes:
                for line in axes.lines:
                    under[line.get_label().replace(" ", "_")] = axes
            assert under.keys() == row.keys() - NOT_PLOTTED
            for name, axes in under.items():
                if "accuracy" in name or "quality" in name:
                    assert (axes.get_ylabel(), *axes.get_ylim()) == ("share", pytest.approx(-0.04), pytest.approx(1.04))
                elif name == "bits_per_dim":
                    assert axes.get_ylabel() == "bits per dimension"
                elif name in ("spread", "perplexity", "modes"):
                    assert [line.get_label() for line in axes.lines] == [name]
                    assert "nats" not in axes.get_ylabel()
                elif name in ("d_loss", "g_loss"):
                    unit = {"least-squares": "squared error", "hinge": "D's output", "wasserstein": "D's output"}
                    added = " + nats" if model in ("acgan", "infogan", "vae-gan") else ""  # a log-likelihood
                    assert axes.get_ylabel() == (unit[loss] + added if loss in unit else "nats")
                elif name in ("loss", "reconstruction", "commitment"):
                    assert ("nats" in axes.get_ylabel()) == (model not in ("ae", "vq-vae", "video-gpt"))
                else:
                    assert "nats" in axes.get_ylabel(), name


def test_samples_without_data_are_images():
    assert picture_of(np.zeros((4, 8, 8, 1)), None, "").axes[0].images
    assert len(picture_of(np.zeros((4, 2)), RING, "").axes[0].collections) == 2


def test_modes_of_data_with_clusters():
    shown = untrained("gan", RING)
    assert modes(untrained("gan"), DIGITS, 10, Generator(0)) == {}
    assert set(modes(shown, RING, 100, Generator(0))) == {"modes", "high_quality"}
    shown.sample = lambda n, rng: RING.x[:n]
    found = modes(shown, RING, 500, Generator(0))
    assert found["modes"] == 8
    assert found["high_quality"] > 0.98
