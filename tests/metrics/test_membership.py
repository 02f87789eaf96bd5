"""The AUC and its interval: against counting pairs, the bootstrap, and known distributions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from minigen.errors import MinigenError
from minigen.metrics import auc, roc

SCORES = st.lists(st.integers(-3, 3), min_size=2, max_size=20)


@given(SCORES, SCORES)
def test_it_is_the_share_of_pairs(members, others):
    x, y = np.array(members)[:, None], np.array(others)
    share = ((x > y) + 0.5 * (x == y)).mean()
    found = auc(np.array(members), y)
    assert found.value == pytest.approx(share)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(SCORES, SCORES)
def test_the_area_under_the_curve_is_the_auc(members, others):
    curve = roc(np.array(members), np.array(others))
    assert np.trapezoid(curve.members, curve.others) == pytest.approx(auc(np.array(members), np.array(others)).value)
    assert (curve.others[0], curve.members[0], curve.others[-1], curve.members[-1]) == (0, 0, 1, 1)


@given(SCORES, SCORES)
def test_the_interval_is_delongs(members, others):
    """Its variance, from the pairs themselves."""
    x, y = np.array(members)[:, None], np.array(others)
    right = (x > y) + 0.5 * (x == y)
    variance = right.mean(axis=1).var(ddof=1) / len(x) + right.mean(axis=0).var(ddof=1) / len(y)
    found = auc(np.array(members), y)
    half = norm.ppf(0.975) * variance**0.5
    ends = max(0, right.mean() - half), min(1, right.mean() + half)
    assert (found.low, found.high) == pytest.approx(ends, abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_interval_holds_the_truth_19_times_in_20(shift):
    """Scores N(shift, 1) against N(0, 1): AUC is Phi(shift / sqrt 2)."""
    rng, truth, held, widths = np.random.default_rng(0), norm.cdf(shift / 2**0.5), 0, []
    for _ in range(300):
        found = auc(rng.standard_normal(60) + shift, rng.standard_normal(90))
        held += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    assert 0.90 < held / 300 < 0.98
    values = [auc(rng.standard_normal(60) + shift, rng.standard_normal(90)).value for _ in range(300)]
    assert np.mean(widths) == pytest.approx(2 * 1.96 * np.std(values), rel=0.15)


def test_beside_the_bootstrap():
    rng = np.random.default_rng(1)
    members, others = rng.standard_normal(80) + 0.5, rng.exponential(size=120)
    found = auc(members, others)
    drawn = [auc(rng.choice(members, 80), rng.choice(others, 120)).value for _ in range(500)]
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * np.std(drawn), rel=0.12)


def test_it_does_not_matter_what_scale_scores_have():
    rng = np.random.default_rng(2)
    members, others = rng.standard_normal(50) + 1, rng.standard_normal(70)
    assert auc(np.exp(members), np.exp(others)) == pytest.approx(auc(members, others))
    turned = auc(-members, -others)
    assert turned.value == pytest.approx(1 - auc(members, others).value)
    assert str(turned) == f"{turned.value:.3f} ({turned.low:.3f} to {turned.high:.3f})"


@pytest.mark.parametrize(
    ("members", "others", "message"),
    [
        ([1.0], [1.0, 2.0], "two or more of each kind, got 1 and 2"),
        ([[1.0, 2.0]], [1.0, 2.0], r"one for each example, got shapes \(1, 2\) and \(2,\)"),
        ([1.0, np.nan], [1.0, 2.0], "expected finite numbers"),
    ],
)
def test_refusals(members, others, message):
    for function in (auc, roc):
        with pytest.raises(MinigenError, match=message):
            function(np.array(members), np.array(others))
