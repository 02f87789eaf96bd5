"""The curves of a finished run: each under its own unit."""

import pytest

from minigen import Generator, Tensor, data
from minigen.models import RECIPES, recipe_of
from minigen.report import curves, modes
from minigen.report.learning_curves import NOT_PLOTTED
from tests.examples import examples_for, targets

from .test_trained import untrained

RING = data.load("ring", "test")


def test_curves_leave_out_what_is_no_curve_and_bear_gaps():
    rows = [
        {"step": 1, "loss": 3.0, "seconds": 0.1},
        {"step": 2, "loss": 2.0, "seconds": 0.2, "modes": 8, "warnings": ["one"], "skipped": 1, "kl": 1.0},
    ]
    axes, clusters = curves(rows, untrained("vae", RING), RING).axes
    assert {line.get_label() for line in axes.lines} == {"loss", "kl"}
    found = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert found["loss"] == [3.0, 2.0]
    assert found["kl"] == [1.0]  # a line joins the rows that tell it
    assert axes.get_title() == "vae on ring"
    assert [line.get_label() for line in clusters.lines] == ["modes"]
    assert clusters.get_ylim() == pytest.approx((0, 8), abs=0.4)


def test_levels_stand_beside_the_loss_alone():
    """The test loss and counting are lines across the panel that has their unit, with their numbers in the legend."""
    rows = [{"step": 1, "loss": 3.0, "modes": 2}, {"step": 2, "loss": 2.0, "modes": 8}]
    levels = {"test_loss": 2.34567, "counting_3": 1.5, "harmony_counting": 0.5}  # the last in nats a note
    axes, clusters = curves(rows, untrained("vae", RING), RING, levels).axes
    found = {line.get_label(): list(line.get_ydata()) for line in axes.lines}
    assert found == {"loss": [3.0, 2.0], "test loss 2.346": [2.34567] * 2, "counting 3 1.5": [1.5] * 2}
    assert axes.get_ylim()[0] < 1.5
    assert len(clusters.lines) == 1


def logged(model, examples, **given):
    """The metrics of a step, and of the row that the supervisor makes of it."""
    shown = untrained(model, examples, **given)
    recipe = shown.recipe
    x = shown.prepared(examples.x[:20])
    shown.model.train()
    told = targets(recipe, examples, slice(20))
    metrics = recipe.trainer(shown.model, shown.settings).step(Tensor(x), Generator(0), *told)
    row = {"step": 1} | {name: value.item() for name, value in metrics.items()}
    return shown, row | modes(shown, examples, 20, Generator(0))


OF_SQUARES = (
    "ae",
    "vq-vae",
    "video-gpt",
    "ddpm",
    "cddpm",
    "flow-matching",
    "cflow-matching",
    "text-to-image",
)  # no nats


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
                elif name in ("spread", "perplexity", "modes", "beta", "temperature"):
                    assert [line.get_label() for line in axes.lines] == [name]
                    assert "nats" not in axes.get_ylabel()
                elif name in ("d_loss", "g_loss"):
                    unit = {"least-squares": "squared error", "hinge": "D's output", "wasserstein": "D's output"}
                    added = " + nats" if model in ("acgan", "infogan", "vae-gan") else ""  # a log-likelihood
                    assert axes.get_ylabel() == (unit[loss] + added if loss in unit else "nats")
                elif name in ("loss", "reconstruction", "commitment"):
                    assert ("nats" in axes.get_ylabel()) == (model not in OF_SQUARES)
                else:
                    assert "nats" in axes.get_ylabel(), name
            axes_of_nats = {axes.get_ylabel() for axes in under.values() if axes.get_ylabel().startswith("nats per ")}
            assert not {"nats per line", "nats per example"} <= axes_of_nats  # which are the same
