"""Is something going wrong that the losses do not say? The signs of it, and what may help this model.

- The discriminator is right about every example. Then D(G(z)) is 0 to rounding, and what it tells the generator is the
  same everywhere (Arjovsky & Bottou 2017, theorem 2.4). Of a critic, whose output is no probability, that is no fault.
- The generator's gradient has all but vanished, which is how the same looks from the other side.
- The examples of a batch hardly differ from each other: mode collapse. Of any model of points with clusters: some that
  were reached are no more.

A sign is told when it has held for a while, and again only after it has been gone. It knows the run's settings: a cure
names an option that the model has, and not the value that it has already.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..models import Settings
from ..models.gans.losses import LOSSES

Row = dict[str, Any]  # of metrics.jsonl
PATIENCE = 10  # rows of metrics, 5 % of a run

Cure = Callable[[Settings], str]  # what to try; '' if it does not apply


def _a_smaller_batch(s: Settings) -> str:
    least = 2 * s.shards * s.get("critic_steps", 1) * s.get("pack", 1)
    return "a smaller --batch-size" if s.batch_size > least else ""


def _chosen(option: str, value: str, in_place_of: str) -> Cure:
    """A choice that is better than another one."""
    flag = f"--{option.replace('_', '-')} {value}"
    return lambda s: flag if s.get(option, "") == in_place_of else ""


def _always(words: str) -> Cure:
    return lambda s: words


A_LOWER_RATE, A_LARGER_BATCH, ANOTHER_SEED = map(_always, ("a lower --lr", "a larger --batch-size", "another --seed"))


class Sign(NamedTuple):
    """Something that can be wrong.

    Attributes:
        needs: the metrics that show it.
        shown: whether a row shows it, given all so far.
        says: what is the matter.
        cures: what may help; see `Cure`.
        concerns: whether it is a fault in a run with these settings.
    """

    needs: tuple[str, ...]
    shown: Callable[[Row, Sequence[Row]], bool]
    says: str
    cures: tuple[Cure, ...]
    concerns: Callable[[Settings], bool] = lambda s: True

    def advice(self, settings: Settings) -> str:
        """What is the matter, and what this model may try."""
        cures = [words for cure in self.cures if (words := cure(settings))]
        *others, last = cures
        return f"{self.says}; try {', '.join(others)}{' or ' if others else ''}{last}"


def _best(name: str, rows: Sequence[Row]) -> float:
    return max(row[name] for row in rows)


def _reached(rows: Sequence[Row]) -> int:
    """The most clusters that were reached, and not just hit by chance: half of the samples lay in them."""
    return max((row["modes"] for row in rows if row["high_quality"] >= 0.5), default=0)


def _is_game(s: Settings) -> bool:
    return "loss" in s.options


SIGNS = {
    "D always right": Sign(
        ("real_accuracy", "fake_accuracy"),
        lambda row, rows: min(row["real_accuracy"], row["fake_accuracy"]) >= 0.999,
        "the discriminator is right about every example, so the generator learns little from it",
        (A_LOWER_RATE, _a_smaller_batch),
        concerns=lambda s: LOSSES[s.loss].classifies,
    ),
    "G's gradient gone": Sign(
        ("g_gradient",),
        lambda row, rows: row["g_gradient"] < 1e-3 * _best("g_gradient", rows),
        "the generator's gradient has fallen below a thousandth of what it was",
        (_chosen("loss", "non-saturating", in_place_of="minimax"), A_LOWER_RATE),
    ),
    "samples alike": Sign(
        ("spread",),
        lambda row, rows: row["spread"] < 0.1,
        "the generated examples vary less than a tenth as much as the data: mode collapse",
        (A_LOWER_RATE, A_LARGER_BATCH, ANOTHER_SEED),
    ),
    "modes lost": Sign(
        ("modes", "high_quality"),
        lambda row, rows: row["modes"] <= _reached(rows) - 2,
        "two or more of the clusters that were reached are no longer covered",
        (A_LOWER_RATE, lambda s: "a larger --batch-size" if _is_game(s) else "a larger --width"),
    ),
}


def _held(sign: Sign, rows: Sequence[Row], settings: Settings) -> bool:
    rows = [row for row in rows if row.keys() >= set(sign.needs)]
    latest = rows[-PATIENCE:]
    return len(latest) == PATIENCE and sign.concerns(settings) and all(sign.shown(row, rows) for row in latest)


def signs_of_imbalance(rows: Sequence[Row], settings: Settings) -> list[str]:
    """The names in SIGNS of what has held for PATIENCE rows now.

    Args:
        rows: the rows of metrics.jsonl so far; of models without these metrics nothing is said.
        settings: of the run.
    """
    return [name for name, sign in SIGNS.items() if _held(sign, rows, settings)]


def new_warnings(rows: Sequence[Row], settings: Settings) -> list[str]:
    """What to say about the latest row: of each sign that it is the first to complete."""
    before = signs_of_imbalance(rows[:-1], settings)
    new = [name for name in signs_of_imbalance(rows, settings) if name not in before]
    return [f"{name}: {SIGNS[name].advice(settings)}" for name in new]
