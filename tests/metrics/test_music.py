"""Music without a net: rolls and harmonies whose best prediction is known."""

import numpy as np
import pytest

from minigen.data import PAD
from minigen.data.alphabet import pack
from minigen.data.tunes import CHARACTERS
from minigen.metrics.music import harmony_baselines, places_of_harmony, roll_baselines

LOG2 = np.log(2)


def test_keys_that_are_tossed_cost_a_bit_each():
    rolls = np.random.default_rng(0).integers(0, 2, (40, 51, 3)).astype(np.uint8)
    for nats in roll_baselines(rolls, rolls).values():
        assert nats == pytest.approx(3 * LOG2, abs=0.03)


def test_a_key_that_sounds_on_is_told_by_itself_and_one_that_follows_another_by_all():
    rng = np.random.default_rng(0)
    held = np.repeat(rng.integers(0, 2, (60, 1, 1)), 21, axis=1)
    tossed = rng.integers(0, 2, (60, 21, 1))
    follows = np.concatenate([tossed[:, :1], tossed[:, :-1]], axis=1)  # the last toss once more
    found = roll_baselines(*2 * (np.concatenate([held, tossed, follows], axis=2).astype(np.uint8),))
    assert found["keys_independent"] == pytest.approx(3 * LOG2, abs=0.05)
    assert found["key_given_itself"] == pytest.approx(2 * LOG2, abs=0.05)
    assert found["logistic"] == pytest.approx(LOG2, abs=0.1)


def test_frames_after_the_end_do_not_count():
    rolls = np.random.default_rng(0).integers(0, 2, (9, 12, 3)).astype(np.uint8)
    longer = np.concatenate([rolls, np.full((9, 4, 3), PAD, np.uint8)], axis=1)
    assert roll_baselines(longer, longer) == pytest.approx(roll_baselines(rolls, rolls), rel=1e-4)


def chorales(n, seed):
    """Four frames: the alto a third or a fourth below the soprano, the others always the same."""
    rng = np.random.default_rng(seed)
    lines = []
    for _ in range(n):
        soprano = rng.integers(40, 44, 4)
        alto = soprano - rng.integers(3, 5, 4)
        others = "".join(CHARACTERS[a] + CHARACTERS[30] + CHARACTERS[20] for a in alto)
        lines.append("".join(CHARACTERS[s] for s in soprano) + "|" + others)
    alphabet = "\n" + "".join(sorted(set("".join(lines)) | {"|"}))
    return pack(lines, alphabet, 17), alphabet


def test_what_the_soprano_tells_of_the_others():
    x, alphabet = chorales(3000, 0)
    found = harmony_baselines(x, x, alphabet)
    # The alto is the sum of a toss of 4 and one of 2: 1, 2, 2, 2 and 1 eighths.
    of_alto = -(2 * np.log(1 / 8) / 8 + 6 * np.log(2 / 8) / 8)
    assert found["notes_independent"] == pytest.approx(of_alto / 3, abs=0.01)
    assert found["below_the_soprano"] == pytest.approx((LOG2 + 2 * 2 * LOG2) / 3, abs=0.01)  # tenor, bass: 4 intervals


def test_the_places_of_the_harmony():
    x, alphabet = chorales(2, 0)
    at = places_of_harmony(x, alphabet)
    assert at.shape == (2, 18)
    np.testing.assert_array_equal(np.flatnonzero(at[0]), np.arange(5, 17))  # after 4 sopranos and the bar, not the end
