"""What a model recommends, how good that is beside what needs no net, and users that it makes up."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..data import Dataset
from ..data.files import save_parts
from ..data.likes import HELD_OUT, LIKED
from ..metrics.recommendation import RECOMMENDERS, ndcg, ranked, recall
from ..random import Generator
from .findings import Figures, Files, Measure, Measures, counted
from .trained import Trained

USERS = 5  # that are shown, where nothing is chosen
NO_SAMPLES = ""
LISTED = 10  # items of each, at most
OF_NDCG, OF_RECALL = 100, (20, 50)  # ranks that count


def _key(name: str) -> str:
    """A name as it stands in the log."""
    return name.lower().replace(" ", "_").replace("-", "_").replace("@", "_")


OF_RANKS = tuple(map(_key, (f"NDCG@{OF_NDCG}", *RECOMMENDERS)))  # in the log, that are no losses


def suffixes(trained: Trained) -> tuple[str, ...]:
    """How a file of samples may end."""
    return ".txt", ".npy"


def samples(
    trained: Trained,
    n: int | None,
    rng: Generator,
    suffixes: Sequence[str],
    test: Callable[[], Dataset],
    title: str,
    **how: Any,
) -> tuple[str, Files]:
    """See `Showing.samples`: as .txt a page, see there; as .npy the users who are made up."""
    n = n or USERS
    found: Files = {}
    if ".txt" in suffixes:
        found[".txt"] = page(trained, test(), n, rng)
    if ".npy" in suffixes:
        x = trained.symbols(n, rng, **how)
        found[".npy"] = lambda path: save_parts(path, x.shape, [x])
    return counted(n, "user"), found


def results(trained: Trained, train: Dataset, test: Dataset, rng: Generator) -> tuple[dict[str, float], Files]:
    """See `Showing.results`: the measures, and recommendations.txt."""
    return measures(trained, test), {"recommendations.txt": page(trained, test, USERS, rng)}


def measures(trained: Trained, test: Dataset) -> dict[str, float]:
    """NDCG@100, Recall@20 and Recall@50 of users who are not trained on."""
    found = of_scores(trained.scores(test.x), test)
    return {_key(name): round(float(values.mean()), 4) for name, values in found.items()}


def drawn(n: int, train: Dataset) -> int:
    """None."""
    return 0


def evaluated(
    trained: Trained, train: Dataset, test: Dataset, n: int, rng: Generator, say: Callable[[str], object]
) -> tuple[Measures, Figures]:
    """How much of what was held out of test users is found, beside what needs no net."""
    found_of: Measures = {}
    for recommender, found in compared(trained, train, test).items():
        for name, values in found.items():
            error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
            note = f"mean of {len(values)} users, +- {error:.3f}"
            found_of[f"{name}, {recommender}" if recommender else name] = Measure(float(values.mean()), None, note)
    return found_of, {}


def baselines(train: Dataset, test: Dataset, a_line: bool = False) -> dict[str, float]:
    """NDCG@100 of what needs no net."""
    found = {_key(name): of_scores(s, test) for name, s in _scores(train, test)}
    return {name: round(float(values[f"NDCG@{OF_NDCG}"].mean()), 4) for name, values in found.items()}


def compared(trained: Trained, train: Dataset, test: Dataset) -> dict[str, dict[str, np.ndarray]]:
    """The same measures of each user, of the model and of what needs no net: {recommender: {measure: (users,)}}."""
    return {name: of_scores(s, test) for name, s in [("", trained.scores(test.x)), *_scores(train, test)]}


def of_scores(scores: np.ndarray, test: Dataset) -> dict[str, np.ndarray]:
    """The measures of each user, by the score of each item (N, items)."""
    known, held_out = test.x == LIKED, test.x == HELD_OUT
    found = {f"NDCG@{OF_NDCG}": ndcg(scores, known, held_out, OF_NDCG)}
    return found | {f"Recall@{at}": recall(scores, known, held_out, at) for at in OF_RECALL}


def _scores(train: Dataset, test: Dataset) -> list[tuple[str, np.ndarray]]:
    return [(name, of(train.x == LIKED, test.x == LIKED)) for name, of in RECOMMENDERS.items()]


def page(trained: Trained, test: Dataset, n: int, rng: Generator) -> str:
    """In words: what n users of the test set like, and what is recommended to them; and n users who are made up.

    Args:
        trained: the model. test: its data.
        n: how many users of each, as far as there are.
        rng: which users, and what is made up.
    """
    some = test.x[rng.permutation(len(test))[:n]]
    best = ranked(trained.scores(some), some == LIKED, LISTED)
    parts = [
        f"A user who is new likes {_counted(row == LIKED)}:\n{_listed(row == LIKED, test.items)}"
        f"and is recommended (* is liked indeed, but was held out):\n"
        + "".join(f"  {'*' if row[item] == HELD_OUT else ' '} {test.items[item]}\n" for item in order)
        for row, order in zip(some, best, strict=True)
    ]
    made_up = trained.symbols(n, rng, likes=min(LISTED, len(test.items)))
    parts += [f"A user who is made up likes:\n{_listed(row == LIKED, test.items)}" for row in made_up]
    return "\n".join(parts)


def _counted(liked: np.ndarray) -> str:
    count = int(liked.sum())
    return f"{count} items" + (f", such as these {LISTED}" if count > LISTED else "")


def _listed(liked: np.ndarray, items: Sequence[str]) -> str:
    return "".join(f"    {items[i]}\n" for i in np.flatnonzero(liked)[:LISTED])
