"""Attacks: half for a model that never saw the data, and above half for one that learnt them by heart."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.models import RECIPES, recipe_of
from minigen.report import Trained, evaluate, membership
from minigen.report.membership import WITHOUT, attacks, auc_by_epochs, aucs, roc_curves
from minigen.train.loop import Batches, steps

DIGITS = data.load("digits")


def model_of(name, taken=0, x=DIGITS.x, **options):
    """A model after so many steps on x."""
    recipe = recipe_of(name)
    settings = recipe.settings(DIGITS, steps=max(1, taken), **options)
    rng = mg.Generator(0)
    model = recipe.build(settings, DIGITS.shape, rng)
    trainer = recipe.trainer(model, settings)
    trainer.prepare(mg.Tensor(recipe.prepared(x)))
    batches = Batches(recipe.prepared(x), batch_size=settings.batch_size, rng=rng.spawn())
    for _ in steps(trainer, batches, rng, taken):
        pass
    model.eval()
    return Trained(model, settings, DIGITS.shape)


def halves(seed=0):
    """Two halves of one data set, by chance."""
    order = np.random.default_rng(seed).permutation(len(DIGITS))
    return DIGITS.x[order[: len(order) // 2]], DIGITS.x[order[len(order) // 2 :]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vae", {"bound", "reconstruction"}),
        ("realnvp", {"log-probability"}),
        pytest.param("ddpm", {"log-probability"}, marks=pytest.mark.long),
        ("gan", {"verdict"}),
        ("vae-gan", {"reconstruction", "verdict"}),
        ("ae", {"reconstruction"}),
    ],
)
def test_a_model_that_never_saw_the_data_betrays_nothing(name, expected):
    """Each attack's interval holds 1/2, or nearly: one in twenty may miss it a little."""
    members, others = halves()
    scores = attacks(model_of(name, width=8), members, others, mg.Generator(1), DIGITS.x[:50])
    found = aucs(scores)
    assert found.keys() == expected | {"nearest sample", WITHOUT}
    for one in found.values():
        half = (one.high - one.low) / 2
        assert abs(one.value - 0.5) < 1.4 * half < 0.05


def test_a_vae_that_learnt_them_by_heart_does():
    members, others = halves()
    members = members[:60]
    trained = model_of("vae", 600, members, width=64, batch_size=60, lr=5e-3)
    found = aucs(attacks(trained, members, others, mg.Generator(1)))
    assert found["bound"].low > 0.7
    assert found["reconstruction"].low > 0.7
    assert found[WITHOUT].low < 0.5 < found[WITHOUT].high


def test_so_does_a_discriminator_but_the_generators_samples_hardly():
    members, others = halves()
    members = members[:60]
    trained = model_of("gan", 800, members, width=64, batch_size=60, lr=1e-3)
    scores = attacks(trained, members, others, mg.Generator(1), trained.sample(200, mg.Generator(2)))
    found = aucs(scores)
    assert found["verdict"].low > 0.6
    assert found["nearest sample"].value < found["verdict"].value


def test_the_scores():
    members, others = halves()
    trained = model_of("vae", width=8)
    scores = attacks(trained, members[:5], others[:3], mg.Generator(1), members[2:4])
    assert {name: (len(a), len(b)) for name, (a, b) in scores.items()} == dict.fromkeys(scores, (5, 3))
    np.testing.assert_allclose(scores["nearest sample"][0][2:4], 0, atol=1e-6)  # they are samples themselves
    again = np.linalg.norm((trained.reconstruct(members[:5]) - members[:5]).reshape(5, -1), axis=1)
    assert (-scores["reconstruction"][0] <= again + 1e-5).all()  # the best of five
    log_w = trained.log_weights(members[:5], membership.DRAWS, mg.Generator(5))
    assert log_w.shape == (5, membership.DRAWS)
    np.testing.assert_allclose(scores["bound"][0], log_w.mean(axis=1), atol=6 * log_w.std() + 1)


def test_bytes_are_pixels():
    members, others = ((255 * x).astype(np.uint8) for x in halves())
    as_floats = [x.astype(np.float32) / 255 for x in (members, others)]
    trained = model_of("ae", width=8)
    ours, theirs = (attacks(trained, *pair, mg.Generator(0)) for pair in ((members, others), as_floats))
    for name in ours:
        np.testing.assert_allclose(ours[name][0], theirs[name][0], rtol=1e-5)


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if "verdicts" in recipe.shows])
def test_every_discriminator_gives_a_verdict_of_each_example(name):
    small = {n: v for n, v in (("width", 4), ("latent_dim", 4), ("pack", 2)) if n in recipe_of(name).choosable}
    trained = model_of(name, **small)
    together, alone = trained.verdicts(DIGITS.x[:6]), [trained.verdicts(DIGITS.x[i : i + 1])[0] for i in range(6)]
    assert together.shape == (6,)
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert np.unique(together).size > 1


def test_a_conditional_discriminator_asks_for_the_class():
    recipe = recipe_of("cgan")
    settings = recipe.settings(DIGITS, width=4, pack=2, net="dense")
    model = recipe.build(settings, DIGITS.shape, mg.Generator(0))
    x = mg.Tensor(recipe.prepared(DIGITS.x[:3]))
    one, other = (model.verdicts(x, np.full(3, k)).numpy() for k in (0, 1))
    assert one.shape == (3,)
    assert (one != other).any()


def test_evaluate_prints_the_attacks_and_draws_them(monkeypatch):
    """Beside what a score without the model gets; of points too."""
    ring = data.load("ring")
    recipe = recipe_of("gan")
    settings = recipe.settings(ring, width=4)
    trained = Trained(recipe.build(settings, ring.shape, mg.Generator(0)).eval(), settings, ring.shape)
    measures, figures = evaluate(trained, ring, data.load("ring", "test"), 100, 0)
    found = measures["attack by verdict"]
    assert abs(found.value - 0.5) < 0.05
    assert abs(found.real - 0.5) < 0.05
    assert "1000 training from 1000 test examples, 95 %: 0." in found.note
    assert "membership.png" in figures


def test_the_figures_show_each_attack(tmp_path):
    rng = np.random.default_rng(0)
    scores = {"bound": (rng.standard_normal(20) + 1, rng.standard_normal(30)), WITHOUT: (np.zeros(20), np.zeros(30))}
    axes = roc_curves(scores, "a title").axes[0]
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [f"{name}: {found}" for name, found in aucs(scores).items()]
    found = aucs(scores)["bound"]
    figure = auc_by_epochs({"1000 images": {10: found, 100: found}})
    figure.savefig(tmp_path / "a.png")
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [found.value] * 2)
