"""Car following: how often a learnt driver nearly collides, beside the simulator it was learnt from.

`evaluate`, on all 10 000 situations of the test part: the share of series whose time to collision falls below a
threshold, the model's over the simulator's. A ratio below 1 is a model under which the road is safer than it is. Beside
it stand a Gaussian of the accelerations, and the training driver of the most similar situation, put into this one.
`tail_error` is the worst |log ratio| over the thresholds of `minigen.report.scenarios`. That of the simulator, run
again with other drivers, says how much of it is chance.
"""

from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.metrics.scenarios import GaussianDriver, ratio_interval
from minigen.random import Generator
from minigen.report.scenarios import THRESHOLDS, compared

FULL = 20_000  # steps without a budget
CRITICAL = 1.5  # seconds; of this threshold the shares are told
SETTINGS: dict[str, Any] = {"width": 96, "batch_size": 64}


def scenario_row(job: Job) -> dict[str, Any]:
    """The row's job: train, and count near-collisions in the situations of the test part."""
    train, test = data.load("car-following"), data.load("car-following", "test")
    finished = trained(job, "run", "car-follower", train, test, 0.9, FULL, **SETTINGS)
    with backend.device(job.device):
        ttc = compared(model_of(finished), train, test, len(test), Generator(job.seed))
    nats = {
        "nats": finished.metrics()[-1]["test_loss"],
        "nats_gaussian": -GaussianDriver(train.x).log_prob(test.x).mean(),
    }
    found: dict[str, Any] = {name: round(float(value), 3) for name, value in nats.items()}
    n = len(test)
    counts = {name: [int((times < limit).sum()) for limit in THRESHOLDS] for name, times in ttc.items()}
    for name, k in counts.items():
        key = name.lower().replace(" ", "_")
        found[f"share_{key}"] = k[THRESHOLDS.index(CRITICAL)] / n
        if name == "simulated":
            continue
        ratios = [ratio_interval(a, n, b, n) for a, b in zip(k, counts["simulated"], strict=True)]
        found[f"tail_error_{key}"] = round(float(max(abs(np.log(r)) for r, _, _ in ratios)), 3)
        if name == "generated":
            found["ratios"] = {
                f"{limit:g}": [round(x, 3) for x in r] for limit, r in zip(THRESHOLDS, ratios, strict=True)
            }
    return found | {"steps": finished.settings.steps}


ROWS = {
    "car-following": Row(
        "Treiber, Hennecke and Helbing 2000 (the simulator)",
        "no number; ratio of near-collisions 1 for a perfect model",
        "GRU, 96 wide, batch 64, Adam; 10 000 situations; time to collision below 1, 1.5, 2, 3 and 4 s",
        30,
        f"{FULL} steps: 1 hour",
        scenario_row,
        Goal("tail_error_generated", "<=", "tail_error_nearest"),
    )
}
