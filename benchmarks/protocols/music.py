"""Piano rolls, nats a frame (Bai, Kolter and Koltun 2018, table 1, whose program says the protocol).

Whole pieces: all frames but the first of each are predicted, from all before. The loss is summed over the 88 keys and
averaged over all frames of the test part, so that a long piece counts for more than a short one. Tested are the weights
of the epoch that is best on the validation part. No piece is transposed: the file holds the chorales in one key.

One GRU with dropout before and after it. The rate rises for an epoch and falls by half a cosine wave over the epochs
that are planned, as many as fit: at most 16 of chorales, 40 of folk tunes. Training pieces are cut into parts of at
most 200 frames, from a place on that is another one in each epoch; a batch has parts of about the same length.

Each epoch's randomness depends on the seed and its number alone, so an interrupted run goes on as if it had not been.
"""

import time
from typing import Any

import numpy as np

import minigen as mg
from benchmarks.protocols.row import Goal, Job, Row, Stopwatch
from minigen import backend, no_grad
from minigen.data import PAD
from minigen.data.music import pieces
from minigen.metrics.music import roll_baselines
from minigen.models.sequences.gru import GRU
from minigen.models.sequences.piano_rolls import PianoRollModel
from minigen.models.sequences.sequence_model import SequenceTrainer
from minigen.optim import cosine, warmup

BATCH, FRAMES = 8, 200
SIZES = {"jsb": (256, 0.3, 4e-3, 16), "nottingham": (300, 0.3, 5e-3, 40)}  # width, dropout, rate, epochs at most
FOR_EVALUATION = 0.1  # of the budget

Rolls = list[np.ndarray]


def packed(rolls: Rolls) -> np.ndarray:
    """Rolls (L, 88) side by side, filled with PAD: (N, longest, 88)."""
    x = np.full((len(rolls), max(map(len, rolls)), rolls[0].shape[1]), PAD, np.uint8)
    for i, roll in enumerate(rolls):
        x[i, : len(roll)] = roll
    return x


def batches(rolls: Rolls, rng: np.random.Generator) -> list[np.ndarray]:
    """An epoch: every frame but each piece's first is predicted once, in parts; see above."""
    parts = []
    for roll in rolls:
        start = int(rng.integers(1, FRAMES + 1)) if len(roll) > FRAMES + 1 else FRAMES
        ends = [*range(start, len(roll) - 1, FRAMES), len(roll) - 1]
        parts += [roll[a : b + 1] for a, b in zip([0, *ends[:-1]], ends, strict=True) if b > a]
    order = np.argsort([len(part) + rng.uniform(0, 15) for part in parts])
    groups = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    return [packed([parts[i] for i in groups[g]]) for g in rng.permutation(len(groups))]


def nats_a_frame(model: PianoRollModel, rolls: Rolls) -> float:
    """-log p of the whole pieces, averaged over all their frames but the first."""
    total, frames = 0.0, 0
    ordered = sorted(rolls, key=len)
    with model.evaluating(), no_grad():
        for i in range(0, len(ordered), BATCH):
            x = backend.to_device(packed(ordered[i : i + BATCH]), model.device)
            total -= float(model.log_probs(x).numpy().sum(dtype=np.float64))
            frames += sum(len(roll) - 1 for roll in ordered[i : i + BATCH])
    return total / frames


def network(name: str, seed: int) -> PianoRollModel:
    """The untrained model."""
    width, dropout, _, _ = SIZES[name]
    rng = mg.Generator(seed)
    return PianoRollModel(GRU(width, 1, dropout, rng), 88, width, rng)


def trained(job: Job, name: str, train: Rolls, valid: Rolls) -> tuple[PianoRollModel, dict[str, Any]]:
    """The model with the weights of its best epoch, and what was done."""
    _, _, rate, most = SIZES[name]
    model, kept = network(name, job.seed), job.load()
    model.prepare(backend.to_device(packed(train[:200]), job.device))
    steps = len(batches(train, np.random.default_rng(job.seed)))
    epochs = int(kept["epochs"]) if kept else most
    if not kept and job.budget is not None:
        seconds = 60 * job.budget * (1 - FOR_EVALUATION)
        epochs = max(2, min(most, int(seconds / seconds_an_epoch(name, train, valid, job.device))))
    trainer = SequenceTrainer(model, warmup(cosine(rate, epochs * steps, rate / 100), steps), weight_decay=0.01)
    best = {"valid": np.float64(np.inf), "epoch": 0}
    weights = model.state_dict()
    done, before = 0, 0.0
    if kept:
        done, before = int(kept["done"]), float(kept["seconds"])
        best = {"valid": kept["valid"], "epoch": int(kept["epoch"])}
        model.load_state_dict({key[6:]: a for key, a in kept.items() if key.startswith("model.")})
        weights = {key[5:]: a for key, a in kept.items() if key.startswith("best.")}
        trainer.optimizer.load_state({key[10:]: a for key, a in kept.items() if key.startswith("optimizer.")})
    watch = Stopwatch(before)
    for epoch in range(done, epochs):
        number = 10_000 * job.seed + epoch
        rng, losses = mg.Generator(number), []
        for x in batches(train, np.random.default_rng(number)):
            losses.append(trainer.step(mg.Tensor(backend.to_device(x, job.device)), rng)["loss"].item())
        valid_nats = nats_a_frame(model, valid)
        if valid_nats < best["valid"]:
            best, weights = {"valid": np.float64(valid_nats), "epoch": epoch + 1}, model.state_dict()
        told = f"epoch {epoch + 1} of {epochs}: training {np.mean(losses):.3f}, validation {valid_nats:.3f}"
        print(f"{told}, {watch.seconds():.0f} s", flush=True)
        state = {f"model.{key}": a for key, a in model.state_dict().items()}
        state |= {f"best.{key}": a for key, a in weights.items()}
        state |= {f"optimizer.{key}": a for key, a in trainer.optimizer.state().items()}
        job.save(state | best | {"epochs": epochs, "done": epoch + 1, "seconds": watch.seconds()})
    model.load_state_dict(weights)
    about = {"weights": model.n_parameters(), "epochs": epochs, "best_epoch": best["epoch"]}
    return model, about | {"valid": round(float(best["valid"]), 3), "train_seconds": round(watch.seconds(), 1)}


def seconds_an_epoch(name: str, train: Rolls, valid: Rolls, device: str) -> float:
    """From twelve steps of a throw-away copy, the first two to warm up; and what validation takes."""
    model, rng = network(name, 0), mg.Generator(0)
    trainer = SequenceTrainer(model, cosine(1e-3, 100))
    some, times = batches(train, np.random.default_rng(0)), []
    for x in some[:12]:
        start = time.perf_counter()
        trainer.step(mg.Tensor(backend.to_device(x, device)), rng)
        times.append((time.perf_counter() - start) / x.size)  # of a number: batches differ in length
    start = time.perf_counter()
    nats_a_frame(model, valid[:BATCH])
    validation = (time.perf_counter() - start) / sum(map(len, valid[:BATCH])) * sum(map(len, valid))
    return float(np.median(times[2:])) * sum(x.size for x in some) + validation


def music_row(name: str) -> Any:
    """The row's job."""

    def run(job: Job) -> dict[str, Any]:
        train, valid, test = (pieces(name, part) for part in ("train", "valid", "test"))
        with backend.device(job.device):
            model, done = trained(job, name, train, valid)
            nats = nats_a_frame(model, test)
        simple = roll_baselines(packed(train), packed(test))
        return done | {"nats_a_frame": round(nats, 3)} | {key: round(value, 2) for key, value in simple.items()}

    return run


PROTOCOL = "whole pieces, 88 keys, mean over all frames of the test part, best validation epoch; one GRU, {} wide"
PAPER = "Bai, Kolter and Koltun 2018, table 1"


def _row(name: str, reports: str, full: str, bound: float) -> Row:
    protocol = PROTOCOL.format(SIZES[name][0])
    return Row(PAPER, reports, protocol, 30, full, music_row(name), Goal("nats_a_frame", "<=", bound))


ROWS = {
    "jsb": _row("jsb", "test NLL LSTM 8.45, GRU 8.43, TCN 8.10 nats a frame", "16 epochs: 2 minutes", 8.45),
    "nottingham": _row(
        "nottingham", "test NLL LSTM 3.29, GRU 3.46, TCN 3.07 nats a frame", "40 epochs: 30 minutes", 3.3
    ),
}
