"""What lesson 18 concludes, for three seeds."""

import numpy as np
import pytest

import minigen as mg
from minigen.lessons.pictures import melody
from minigen.models.vaes.melody import MelodyVAE
from minigen.models.vaes.vae import VAETrainer
from minigen.random import Generator

SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


@SEEDS
def test_a_gate_that_is_nearly_1_lets_the_gradient_pass_and_one_that_is_shut_does_not(seed):
    open_gate, shut = (melody.gradient_by_age(bias, seed=seed) for bias in (3.0, -2.0))
    relative = {name: values[20] / values[0] for name, values in open_gate.items()}
    assert relative["GRU"] > 1000 * relative["plain"]
    assert shut["GRU"][20] / shut["GRU"][0] < relative["plain"]


@pytest.mark.slow
@SEEDS
def test_a_model_that_is_trained_on_the_bound_has_the_better_bound_and_the_worse_codes(seed):
    lines, found = melody.tunes(), {}
    for free_bits in (0.0, 3.0):
        rng = Generator(seed)
        vae = MelodyVAE(len(lines.alphabet), 33, 48, 8, word_dropout=0.0, free_bits=free_bits, rng=rng)
        trainer = VAETrainer(vae, mg.optim.cosine(1e-2, 300))
        kl = [trainer.step(mg.tensor(x), rng)["kl"].item() for x in melody.batches(lines.x, 32, 300, seed)][-20:]
        vae.eval()
        back = (vae.reconstruct(mg.tensor(lines.x)).numpy() == lines.x).all(axis=1).sum()
        bound = np.mean([vae.loss(mg.tensor(lines.x), Generator(i)).total.item() for i in range(20)])
        found[free_bits] = np.mean(kl), back, bound
    assert found[0.0][0] < 1.5 < 2.5 < found[3.0][0]
    assert found[0.0][1] < found[3.0][1]
    assert found[0.0][2] < found[3.0][2] < found[0.0][2] + 1.5


def test_in_real_frames_three_or_four_keys_sound():
    shares = melody.sounding(melody.rolls_of(melody.chorales().test))
    assert shares[3] + shares[4] > 0.95


def test_our_own_chorales_are_chords_below_the_tune(monkeypatch):
    """What stands in for Bach's where there is no file."""
    monkeypatch.setattr(melody, "load", lambda *args: (_ for _ in ()).throw(melody.DataError("not here")))
    music = melody.chorales()
    assert "our own" in music.source
    assert len(music.train) + len(music.test) == 12 * len(melody.TUNES)
    for voices in music.test:
        assert (np.diff(voices, axis=1) < 0).all()  # soprano above alto above tenor above bass
        assert (voices >= 0).all()
        assert (voices < 88).all()
    lines = melody.interleaved(music.test)
    np.testing.assert_array_equal(melody.voices_of(lines), music.test)
