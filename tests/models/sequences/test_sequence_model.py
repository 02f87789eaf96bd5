"""What all sequence models share: teacher forcing, the training step, and means over places."""

import numpy as np
import pytest

import minigen as mg
from minigen import data
from minigen.models import recipe_of
from minigen.models.sequences.language import LanguageModel
from minigen.models.sequences.sequence_model import SequenceTrainer, rising_then_falling
from minigen.models.sequences.transformer import Transformer
from minigen.report import Trained
from minigen.train.begin_and_resume import final_metrics

NAMES = data.load("names")


def small(**given):
    recipe = recipe_of("transformer")
    settings = recipe.settings(NAMES, **{"width": 8, "depth": 1, "heads": 2, "steps": 100, "batch_size": 8} | given)
    model = recipe.build(settings, NAMES.shape, mg.Generator(0))
    return model, recipe.trainer(model, settings), settings


def test_the_mean_over_batches_is_one_over_all_places():
    """Lines have different lengths: a mean of batches' means would be another number."""
    model, trainer, settings = small()
    test = data.Dataset("names", NAMES.x[np.argsort((NAMES.x != data.PAD).sum(axis=1))][::5], alphabet=NAMES.alphabet)
    assert len(test) > 600  # more than a batch
    model.eval()
    found = final_metrics(Trained(model, settings, NAMES.shape), trainer, test)["test_loss"]
    with mg.no_grad():
        nats = -model.log_prob(mg.Tensor(test.x)).data.sum(dtype=np.float64)
    assert found == pytest.approx(nats / (test.x[:, 1:] != data.PAD).sum(), abs=2e-6)


def test_gradients_are_clipped():
    model, trainer, _ = small()
    model.head.w.data *= 1e4  # a loss of thousands
    trainer.step(mg.Tensor(NAMES.x[:8]), mg.Generator(0))
    assert mg.optim.grad_norm(model.parameters()).item() == pytest.approx(1, rel=1e-3)


def test_dropout_draws_from_the_generator_of_the_step():
    model, _, _ = small(dropout=0.5)
    x = mg.Tensor(NAMES.x[:8])
    one, again, other = (model.loss(x, mg.Generator(seed)).item() for seed in (3, 3, 4))
    assert one == again != other


def test_the_rate_rises_and_falls():
    _, _, settings = small(lr=1e-2)
    rates = [rising_then_falling(settings)(t) for t in range(101)]
    assert rates[0] == pytest.approx(1e-2 / 5, rel=0.05)
    assert rates.index(max(rates)) == 4
    assert rates[100] == pytest.approx(1e-3)


def test_a_step_learns():
    _, trainer, _ = small(lr=1e-2)
    losses = [trainer.step(mg.Tensor(NAMES.x[:64]), mg.Generator(i))["loss"].item() for i in range(60)]
    assert losses[0] == pytest.approx(np.log(len(NAMES.alphabet)), abs=0.2)
    assert losses[-1] < 2.7


def test_decay_pulls():
    x = mg.Tensor(NAMES.x[:8])
    norms = []
    for decay in (0.0, 10.0):
        model = LanguageModel(27, 8, Transformer(8, 2, 1, NAMES.shape[0] - 1, rng=mg.Generator(0)), rng=mg.Generator(0))
        trainer = SequenceTrainer(model, lambda t: 1e-2, decay)
        for i in range(5):
            trainer.step(x, mg.Generator(i))
        norms.append(float(np.linalg.norm(model.body.norm.gamma.data)))
    assert norms[1] < 0.8 * norms[0]
