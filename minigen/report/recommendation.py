"""What a model recommends, how good that is beside what needs no net, and users that it makes up."""

from collections.abc import Sequence

import numpy as np

from ..data import Dataset
from ..data.likes import HELD_OUT, LIKED
from ..metrics.recommendation import RECOMMENDERS, ndcg, ranked, recall
from ..random import Generator
from .trained import Trained

USERS = 5  # that are shown, where nothing is chosen
LISTED = 10  # items of each, at most
OF_NDCG, OF_RECALL = 100, (20, 50)  # ranks that count


def measures(trained: Trained, test: Dataset) -> dict[str, float]:
    """NDCG@100, Recall@20 and Recall@50 of users who are not trained on."""
    found = of_scores(trained.scores(test.x), test)
    return {name.lower().replace("@", "_"): round(float(values.mean()), 4) for name, values in found.items()}


def baselines(train: Dataset, test: Dataset) -> dict[str, float]:
    """NDCG@100 of what needs no net."""
    found = {name.lower().replace(" ", "_").replace("-", "_"): of_scores(s, test) for name, s in _scores(train, test)}
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
