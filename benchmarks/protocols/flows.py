"""Flow on MNIST: bits per dimension of the 10 000 test images, whose pixels have 256 levels.

The reference is a course of the University of Amsterdam (Lippe, deep learning tutorial 11, tables of the notebook):
couplings with gated convolutions, Adam at 1e-3 for 200 epochs of 50 000 images, 2.3 to 3.4 hours on an RTX 3090. Its
test bits are from eight draws of the noise for each image, whose weights are averaged before the logarithm is taken;
ours are given for one draw (a little higher: the bound that is trained on) and for eight.

What was tried, on one core: bits of 500 training images that were kept aside, after so many seconds of its time out of
those that the cosine down to 0 was laid out for. A width of 32 and 4 steps at each scale, where nothing else is said.

    noise between the levels    uniform 1.665, learnt 1.450                  at 40 of 120 s
    Normalize                   once for each scale 1.453, each step 1.436   at the end of 60 s
    rate                        2e-3 1.492 at 20 of 60 s; 4e-3, and gradients clipped, 1.451 at 20 of 40 s
    size                        6 steps of width 64 1.362, 8 of width 32 1.342   at 79 of 240 s; 8 of 32 1.313 at 120

(The widths are those of the larger scale; at the smaller one it was half as much again.) Depth pays more than width. No
network sees a full-size image: of squeezed ones a kernel of 3x3 covers 6x6 pixels.
"""

import math
from typing import Any

import numpy as np

from benchmarks.protocols.row import Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.autodiff import Tensor, no_grad
from minigen.data import pixels
from minigen.models.flows.flow import Flow
from minigen.models.vaes.iwae import log_mean_exp
from minigen.random import Generator

DRAWS = 8  # of the noise, for each test image
FULL = 90_000  # steps without a budget: 200 epochs of batches of 128
PART = 250  # images at once
FOR_EVALUATION = 0.1  # of the budget
SETTINGS: dict[str, Any] = {"depth": 12, "width": 48, "lr": 3e-3, "batch_size": 64}


def log_weights(model: Flow, x: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """log p(v) - log q(u|k) of so many draws of the noise u for each image: x (N, H, W, C) -> (draws, N) nats."""
    rng, log_w = Generator(seed), np.empty((draws, len(x)), np.float32)
    with no_grad():
        for draw in range(draws):
            for i in range(0, len(x), PART):
                part = Tensor(backend.to_device(x[i : i + PART], model.device))
                log_w[draw, i : i + PART] = model.log_prob(part, rng).numpy()
    return log_w


def bits_per_dim(log_w: np.ndarray, numbers: int) -> float:
    """Of the mean of the weights of each image: (draws, N) nats, of images of so many numbers."""
    log_p = log_mean_exp(Tensor(log_w.T.astype(np.float64)))
    return -float(log_p.numpy().mean()) / (numbers * math.log(2))


def mnist_row(job: Job) -> dict[str, Any]:
    """The row's job: train, then measure on all test images."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    finished = trained(job, "run", "realnvp", train, test, 1 - FOR_EVALUATION, FULL, **SETTINGS)
    with backend.device(job.device):
        log_w = log_weights(model_of(finished).model, pixels(test.x), DRAWS, job.seed + 1)
    numbers = math.prod(test.shape)
    return {
        "bits_per_dim": round(bits_per_dim(log_w[:1], numbers), 4),
        f"bits_per_dim_{DRAWS}": round(bits_per_dim(log_w, numbers), 4),
        "nats": round(-float(log_w[0].mean()), 2),
        "steps": finished.settings.steps,
    }


ROWS = {
    "flow-mnist": Row(
        "Lippe, UvA deep learning tutorial 11",
        "1.078 bits per dimension; with learnt noise 1.043, with several scales too 1.020",
        "RealNVP of two scales with 1x1 mixing and learnt noise; 10 000 test images",
        30,
        f"{FULL} steps of 128: 20 hours",
        mnist_row,
        Goal("bits_per_dim", "<=", 1.30),
    )
}
