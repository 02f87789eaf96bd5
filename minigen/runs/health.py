"""Is the game of a GAN in balance? Its losses do not say; these signs do.

- The discriminator is right about every example. Then D(G(z)) is 0 to rounding, and what it tells the generator is the
  same everywhere (Arjovsky & Bottou 2017, theorem 2.4).
- The generator's gradient has all but vanished, which is how the same looks from the other side.
- The examples of a batch hardly differ from each other, or clusters that were reached are no more: mode collapse.

A sign is told when it has held for a while, and again only after it has been gone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]  # of metrics.jsonl
PATIENCE = 10  # rows of metrics, 5 % of a run


class Sign(NamedTuple):
    """Something that can be wrong: the metrics it needs, whether a row shows it, given all so far, and what to say."""

    needs: tuple[str, ...]
    shown: Callable[[Row, Sequence[Row]], bool]
    advice: str


def _best(name: str, rows: Sequence[Row]) -> float:
    return max(row[name] for row in rows)


SIGNS = {
    "D always right": Sign(
        ("real_accuracy", "fake_accuracy"),
        lambda row, rows: min(row["real_accuracy"], row["fake_accuracy"]) >= 0.999,
        "the discriminator is right about every example, so the generator learns little from it; "
        "try a lower --lr, or a smaller batch",
    ),
    "G's gradient gone": Sign(
        ("g_gradient",),
        lambda row, rows: row["g_gradient"] < 1e-3 * _best("g_gradient", rows),
        "the generator's gradient has fallen below a thousandth of what it was; "
        "try --loss non-saturating, or a lower --lr",
    ),
    "samples alike": Sign(
        ("spread",),
        lambda row, rows: row["spread"] < 0.1,
        "the generated examples vary less than a tenth as much as the data: mode collapse; "
        "try a lower --lr, a larger batch or another --seed",
    ),
    "modes lost": Sign(
        ("modes",),
        lambda row, rows: row["modes"] <= _best("modes", rows) - 2,
        "two or more of the clusters that were reached are no longer covered; try a lower --lr or a larger batch",
    ),
}


def _held(sign: Sign, rows: Sequence[Row]) -> bool:
    latest = rows[-PATIENCE:]
    return len(latest) == PATIENCE and all(sign.shown(row, rows) for row in latest)


def signs_of_imbalance(rows: Sequence[Row]) -> list[str]:
    """The names in SIGNS of what has held for PATIENCE rows now.

    Args:
        rows: the rows of metrics.jsonl so far; of models without these metrics nothing is said.
    """
    return [name for name, sign in SIGNS.items() if _held(sign, [row for row in rows if row.keys() >= set(sign.needs)])]


def new_warnings(rows: Sequence[Row]) -> list[str]:
    """What to say about the latest row: of each sign that it is the first to complete."""
    before = signs_of_imbalance(rows[:-1])
    return [f"{name}: {SIGNS[name].advice}" for name in signs_of_imbalance(rows) if name not in before]
