"""DP-SGD on MNIST: the accuracy of a classifier that may reveal epsilon <= 1.2 of any image (delta 1e-5).

The network, and all settings, are those of Opacus' example (examples/mnist.py and its README): convolutions 8x8x16 and
4x4x32 of stride 2, each with a max-pooling of 2x2 and stride 1, and a dense layer of 32; 26 010 weights. Each image is
in a batch with probability .004; sigma 1.3, C 1.5, plain gradient descent at a rate of .25, 15 epochs of 250 batches.
Their figure of epsilon is from the looser conversion of before 2020; `epsilon_2017` is ours by the same one.

Other than in their example the activation is tanh (Papernot et al. 2021: bounded activations keep gradients small,
and less of them is clipped away).

Each epoch's randomness depends on the seed and its number alone, so an interrupted run goes on as if it had not been.
"""

import math
from typing import Any

import numpy as np

import minigen as mg
from benchmarks.protocols.row import Goal, Job, Row, Stopwatch
from minigen import backend, data, ops
from minigen.autodiff import Tensor, no_grad
from minigen.backend import Array
from minigen.data import pixels
from minigen.nn import Conv2D, Dense, Flatten, MaxPool2D, Module, Sequential, Tanh
from minigen.optim import SGD
from minigen.privacy import PoissonBatches, PrivateTrainer, divergence, spent
from minigen.privacy.accountant import ORDERS

RATE, NOISE, CLIP, LR, EPOCHS, DELTA = 0.004, 1.3, 1.5, 0.25, 15, 1e-5
MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's pixels, as everybody knows them: nothing is taken from the data


def network(seed: int, activation: type[Module] = Tanh) -> Sequential:
    """Images (N, 28, 28, 1) to logits (N, 10)."""
    rng = mg.Generator(seed)
    return Sequential(
        *(Conv2D(1, 16, 8, stride=2, padding=3, rng=rng), activation(), MaxPool2D(2, stride=1)),  # (N, 13, 13, 16)
        *(Conv2D(16, 32, 4, stride=2, rng=rng), activation(), MaxPool2D(2, stride=1)),  # (N, 4, 4, 32)
        *(Flatten(), Dense(512, 32, rng=rng), activation(), Dense(32, 10, rng=rng)),
    )


def standardised(x: Array) -> np.ndarray:
    """Images as the network takes them."""
    return ((pixels(x) - MEAN) / DEVIATION).astype(np.float32)


def cross_entropies(model: Module) -> Any:
    """-log p(label) of each image, as `PrivateTrainer` takes it."""

    def losses(x: Tensor, rng: mg.Generator, labels: Array) -> Tensor:
        log_p = ops.log_softmax(model(x))
        return -ops.getitem(log_p, (backend.xp_of(labels).arange(len(labels)), labels))

    return losses


def accuracy(model: Module, x: np.ndarray, y: np.ndarray, device: str) -> float:
    """The share of images whose label is predicted."""
    right = 0
    with no_grad():
        for i in range(0, len(x), 500):
            logits = model(Tensor(backend.to_device(x[i : i + 500], device))).numpy()
            right += int((logits.argmax(axis=1) == y[i : i + 500]).sum())
    return right / len(x)


def epsilon_2017(rate: float, noise: float, steps: int, delta: float) -> float:
    """As published until 2020: min_alpha { T D_alpha + log(1 / delta) / (alpha - 1) } (Mironov 2017, proposition 3)."""
    return min(steps * divergence(rate, noise, a) + math.log(1 / delta) / (a - 1) for a in ORDERS)


def private_classifier(job: Job, x: np.ndarray, y: np.ndarray, epochs: int, **settings: Any) -> tuple[Module, float]:
    """The network after so many private epochs, and the seconds of one."""
    chosen = {"activation": Tanh, "noise": NOISE, "clip": CLIP, "lr": LR, **settings}
    model = network(job.seed, chosen["activation"])
    trainer = PrivateTrainer(
        *(model, cross_entropies(model), SGD(model.parameters(), chosen["lr"])),
        **{"clip": chosen["clip"], "noise": chosen["noise"], "batch_size": RATE * len(x)},
    )
    kept = job.load()
    done, watch = 0, Stopwatch(float(kept.get("seconds", 0.0)))
    if kept:
        done = int(kept["done"])
        trainer.load_state({name[8:]: a for name, a in kept.items() if name.startswith("trainer.")})
    for epoch in range(done, epochs):
        rng = mg.Generator(10_000 * job.seed + epoch)
        batches = PoissonBatches(x, y, rate=RATE, rng=rng.spawn(), device=job.device)
        losses = []
        for _, batch in zip(range(round(1 / RATE)), batches, strict=False):
            metrics = trainer.step(Tensor(batch[0]), rng, batch[1])
            losses += [metrics["loss"].item()] if metrics else []
        print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.3f}, {watch.seconds():.0f} s", flush=True)
        state = {f"trainer.{name}": a for name, a in trainer.state().items()}
        job.save(state | {"done": epoch + 1, "seconds": watch.seconds()})
    return model, watch.seconds() / epochs


def dp_sgd_row(job: Job) -> dict[str, Any]:
    """The row's job: fifteen private epochs, whatever the budget, then all test images."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    assert train.y is not None
    assert test.y is not None
    with backend.device(job.device):
        model, seconds = private_classifier(job, standardised(train.x), train.y, EPOCHS)
        right = accuracy(model, standardised(test.x), test.y, job.device)
    steps = EPOCHS * round(1 / RATE)
    revealed = spent(RATE, NOISE, steps, DELTA)
    return {
        "accuracy": round(right, 4),
        "epsilon": round(revealed.epsilon, 3),
        "epsilon_2017": round(epsilon_2017(RATE, NOISE, steps, DELTA), 3),
        "order": revealed.order,
        "steps": steps,
        "seconds_an_epoch": round(seconds, 1),
    }


ROWS = {
    "dp-sgd": Row(
        "Opacus, examples/mnist_README.md",
        "94.63 % +- .34 at epsilon 1.19, delta 1e-5",
        "conv 8x8x16/2, 4x4x32/2, dense 32, tanh; rate .004, sigma 1.3, C 1.5, lr .25, 15 epochs; 10 000 test images",
        30,
        "the same 15 epochs: 5 minutes",
        dp_sgd_row,
        Goal("accuracy", ">=", 0.94),
    ),
}
