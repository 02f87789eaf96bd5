"""Recommendation: Mult-VAE on the small MovieLens, beside what needs no network.

The protocol is that of Liang et al. 2018 on a set that is small enough: films rated above 3.5, users with at least five
of these, films that at least five of them like. Of 659 users 100 are held out as a whole; four fifths of what each
likes is shown, and the other fifth is to be found. All numbers are means over five splits, which differ in the users
and in what is held out of them; the deviations over these are about 0.01 to 0.02.

`ndcg_100` of the model stands beside that of `popularity`, `item_cosine`, `puresvd_40` and `ease`
(`minigen/metrics/recommendation.py`), and `to_ease` is the model's less EASE's, with the standard error of this
difference over the splits. The papers' numbers are of ML-20M, with 200 times as many users, and cannot be compared.

The settings are the recipe's. They were chosen on validation users, 100 of those that three of the splits train on:
NDCG@100 of these after so many steps, where nothing else is said with batches of 100 and beta 0.5.

    split 1   beta 0.2, 300: 0.332     beta 1, 300: 0.341     batch 50, 300: 0.352     EASE 0.364
              width 200, 64 latents, beta 0.5, 300: 0.319     dropout 0.7, 300: 0.340
    split 0   beta 0.2, 100 to 600: 0.334 0.361 0.361 0.360 0.363 0.357                EASE 0.393
              beta 0.5, 100 to 600: 0.341 0.364 0.365 0.367 0.361 0.367
    split 2   batch 50, 100 to 600: 0.275 0.311 0.305 0.318 0.312 0.314                EASE 0.333

After some 400 steps more of them change little, and neither does beta.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import trained
from minigen.data.movielens import load_movielens

SPLITS = 5
FULL = 600  # steps of a split without a budget: more do not help, see below
SETTINGS: dict[str, Any] = {}


def movielens_row(job: Job) -> dict[str, Any]:
    """The row's job: train on each split, and take what the run itself measured."""
    one_split = dataclasses.replace(job, budget=None if job.budget is None else job.budget / SPLITS)
    found: dict[str, list[float]] = {}
    for split in range(SPLITS):
        train, test = (load_movielens(part, seed=split) for part in ("train", "test"))
        run = trained(one_split, f"split-{split}", "mult-vae", train, test, 0.9, FULL, FULL, **SETTINGS)
        for name, value in run.metrics()[-1].items():
            found.setdefault(name, []).append(value)
    names = ("ndcg_100", "recall_20", "recall_50", "popularity", "item_cosine", "puresvd_40", "ease")
    difference = np.subtract(found["ndcg_100"], found["ease"])
    return {name: round(float(np.mean(found[name])), 4) for name in names} | {
        "to_ease": round(float(difference.mean()), 4),
        "to_ease_error": round(float(difference.std(ddof=1)) / math.sqrt(SPLITS), 4),
        "steps": found["step"][-1],
    }


ROWS = {
    "mult-vae": Row(
        "Liang et al. 2018",
        "on ML-20M: NDCG@100 .426, Recall@20 .395, Recall@50 .535",
        "ml-latest-small, 100 users held out, mean of 5 splits",
        5,
        f"{FULL} steps of each split: 3 minutes",
        movielens_row,
        Goal("ndcg_100", ">=", "popularity"),
    )
}
