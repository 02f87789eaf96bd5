"""VAE and IWAE on MNIST: test NLL with 5000 importance samples (Burda et al. 2016, section 5 and table 1).

One stochastic layer: 50 codes, tanh 200-200 both ways, Glorot-uniform weights, the last bias at the logits of the mean
pixels, pixels drawn black or white anew for every batch. The paper trains in batches of 20 with Adam (eps 1e-4) at
1e-3 * 10^(-i/7) for 3^i epochs, i = 0 ... 7: 3280 epochs. Within a budget batches of 100 get further, where most of a
step of 20 goes to the optimizer, with half a cosine wave from 3e-3 to 0 over as many epochs as fit (counted on a few
hundred steps of a throw-away copy). Of 1e-3, 2e-3 and 3e-3 the last did best on 2000 training images kept aside, in
eight epochs.

Each epoch's randomness depends on the seed and its number alone, so an interrupted run goes on as if it had not been.
"""

import time
from typing import Any, NamedTuple

import numpy as np

import minigen as mg
from benchmarks.protocols.row import Goal, Job, Row, Stopwatch
from minigen import backend, data
from minigen.metrics import nll
from minigen.models import IWAE
from minigen.models.networks import dense_decoder, dense_encoder
from minigen.models.vaes.two_layers import burda_networks
from minigen.models.vaes.vae import VAETrainer
from minigen.nn import Sequential, Tanh
from minigen.optim import cosine
from minigen.optim.schedules import Schedule

LATENT, HIDDEN, FULL_EPOCHS = 50, [200, 200], 3280
FOR_EVALUATION = 0.15  # of the budget


class Plan(NamedTuple):
    """How long and in what steps to train; the rate is a function of the optimizer's step."""

    epochs: int
    batch: int
    rate: Schedule
    single: int = 0  # how many epochs, the first ones, have k = 1


def paper_plan(examples: int) -> Plan:
    """The paper's: a rate of 1e-3 * 10^(-i/7) for 3^i epochs."""
    batch = 20
    ends = np.cumsum(3 ** np.arange(8)) * (examples // batch)  # after 1, 4, 13, ... 3280 epochs
    return Plan(FULL_EPOCHS, batch, lambda t: float(1e-3 * 10 ** (-np.searchsorted(ends, t, side="right") / 7)))


def short_plan(seconds: float, model: IWAE, x: np.ndarray, device: str) -> Plan:
    """As many epochs as fit into `seconds`, at least one; `model` is changed by trying."""
    batch = 100
    shares = [(1, 0.5), (model.samples, 0.5)] if model.samples > 1 else [(1, 1.0)]
    epochs = [int(share * seconds / seconds_an_epoch(model, k, x, batch, device)) for k, share in shares]
    return planned(max(1, sum(epochs)), batch, x, epochs[0] if len(epochs) > 1 else 0)


def seconds_an_epoch(model: IWAE, k: int, x: np.ndarray, batch: int, device: str) -> float:
    """From some bursts of 20 steps, the first to warm up; their median, which no pause of the machine moves."""
    model.samples = k
    trainer, bursts = VAETrainer(model, 1e-3, binary=True), []
    for _ in range(12):
        start = time.perf_counter()
        one_epoch(trainer, x, batch, mg.Generator(0), device, steps=20)
        bursts.append(time.perf_counter() - start)
    return float(np.median(bursts[1:])) / 20 * (len(x) // batch)


def planned(epochs: int, batch: int, x: np.ndarray, single: int = 0) -> Plan:
    """The short plan of so many epochs."""
    return Plan(epochs, batch, cosine(3e-3, epochs * (len(x) // batch)), single)


def network(k: int, x: np.ndarray, seed: int, layers: int = 1) -> IWAE:
    """The paper's network with one stochastic layer, or two."""
    rng = mg.Generator(seed)
    if layers == 2:
        deep = burda_networks(x.shape[1:], LATENT, HIDDEN[0], rng, samples=k)
        start_at_mean_pixels(deep.decoder, x)
        return deep
    encoder = dense_encoder(x.shape[1:], 2 * LATENT, HIDDEN, rng, Tanh, "glorot_uniform")
    decoder = dense_decoder(LATENT, x.shape[1:], HIDDEN, rng, Tanh, "glorot_uniform")
    start_at_mean_pixels(decoder, x)
    return IWAE(encoder, decoder, LATENT, samples=k)


def start_at_mean_pixels(decoder: Sequential, x: np.ndarray) -> None:
    """Set the last biases of a dense Bernoulli decoder to the logits of the mean pixels of x (N, *shape).

    The means are clipped to [0.001, 0.999] (as Burda et al. 2016 do), so training starts from the best constant.
    """
    mean = x.mean(axis=0, dtype=np.float64).clip(0.001, 0.999).reshape(-1)
    bias = decoder[-2].b.data
    bias[...] = backend.xp_of(bias).asarray(np.log(mean / (1 - mean)), dtype=bias.dtype)


def one_epoch(
    trainer: VAETrainer, x: np.ndarray, batch: int, rng: mg.Generator, device: str, steps: int | None = None
) -> float:
    """Train for an epoch, or so many steps of it; returns the mean loss."""
    losses = []
    for i, examples in enumerate(data.Loader(x, batch_size=batch, rng=rng.spawn(), device=device)):
        if i == steps:
            break
        losses.append(trainer.step(mg.Tensor(examples), rng)["loss"].data)
    return float(sum(losses) / len(losses))


def trained(job: Job, k: int, x: np.ndarray, layers: int = 1) -> tuple[IWAE, dict[str, Any]]:
    """The network after as many epochs as the budget allows, and what was done."""
    model, kept = network(k, x, job.seed, layers), job.load()
    if job.budget is None:
        plan = paper_plan(len(x))
    elif kept:
        plan = planned(int(kept["epochs"]), int(kept["batch"]), x, int(kept["single"]))
    else:
        plan = short_plan(60 * job.budget * (1 - FOR_EVALUATION), network(k, x, 0, layers), x, job.device)
    trainer = VAETrainer(model, plan.rate, eps=1e-4, binary=True)
    done, before = 0, 0.0
    if kept:
        done, before = int(kept["done"]), float(kept["seconds"])
        model.load_state_dict({name[6:]: a for name, a in kept.items() if name.startswith("model.")})
        trainer.optimizer.load_state({name[10:]: a for name, a in kept.items() if name.startswith("optimizer.")})
    watch = Stopwatch(before)
    for epoch in range(done, plan.epochs):
        model.samples = 1 if epoch < plan.single else k
        loss = one_epoch(trainer, x, plan.batch, mg.Generator(10_000 * job.seed + epoch), job.device)
        if (epoch + 1) % max(1, plan.epochs // 50) == 0 or epoch + 1 == plan.epochs:
            place = f"epoch {epoch + 1} of {plan.epochs}"
            print(f"{place}: -L_{model.samples} {loss:.3f}, {watch.seconds():.0f} s", flush=True)
            weights = {f"model.{name}": a for name, a in model.state_dict().items()}
            moments = {f"optimizer.{name}": a for name, a in trainer.optimizer.state().items()}
            counts = {"epochs": plan.epochs, "batch": plan.batch, "single": plan.single, "done": epoch + 1}
            job.save(weights | moments | counts | {"seconds": watch.seconds()})
    single = {"epochs_with_one_sample": plan.single} if k > 1 else {}
    counts = {"epochs": plan.epochs} | single | {"batch": plan.batch}
    return model, counts | {"train_seconds": round(watch.seconds(), 1)}


def measured(model: IWAE, x: np.ndarray, thorough: int, seed: int) -> dict[str, Any]:
    """The NLL with 5000 samples on black and white test images x (N, *shape).

    With 100 samples on all images, plus the mean of what 5000 samples change on the first `thorough` of them, which
    hardly varies from image to image: without bias, and its standard error is told. (`thorough` = N is the protocol.)
    """
    quick = nll(model, x, 100, mg.Generator(seed + 1))
    change = nll(model, x[:thorough], 5000, mg.Generator(seed + 2)) - quick[:thorough]
    error = change.std() / len(change) ** 0.5 if thorough < len(x) else 0.0
    return {
        "nll_5000": round(float(quick.mean() + change.mean()), 3),
        "nll_100": round(float(quick.mean()), 3),
        "standard_error_of_5000": round(float(error), 3),
        "images_with_5000": thorough,
    }


def likelihood_row(k: int, layers: int = 1) -> Any:
    """The row's job: train, then measure on all 10 000 test images."""

    def run(job: Job) -> dict[str, Any]:
        train, test = data.load("mnist"), data.load("mnist", "test")
        with backend.device(job.device):
            model, done = trained(job, k, train.x, layers)
            thorough = len(test) if job.budget is None else min(len(test), max(100, int(25 * job.budget)))
            return done | measured(model, data.binarize(test.x, mg.Generator(job.seed)), thorough, job.seed)

    return run


PROTOCOL = "z=50, tanh 200-200, Adam eps 1e-4, batch 100, cosine from 3e-3, pixels drawn anew; NLL of 10 000 images"
HALF = PROTOCOL + "; half of the time with k=1"
TWO = "z=100 and 50, tanh 200-200 and 100-100, the rest as with one layer"
PAPER = "Burda et al. 2016, table 1"


def _row(reports: str, protocol: str, hours: str, k: int, layers: int = 1, goal: Goal | None = None) -> Row:
    return Row(PAPER, reports, protocol, 30, f"3280 epochs, batch 20: {hours}", likelihood_row(k, layers), goal)


BELOW_ONE_SAMPLE = Goal("nll_5000", "<=", "nll_5000", "vae")
ROWS = {
    "vae": _row("test NLL 86.76 nats (k=1)", PROTOCOL, "14 hours", 1, goal=Goal("nll_5000", "<=", 89.0)),
    "iwae-5": _row("test NLL 85.54 nats (k=5)", HALF, "22 hours", 5, goal=BELOW_ONE_SAMPLE),
    "iwae-50": _row("test NLL 84.78 nats (k=50)", HALF, "170 hours", 50, goal=Goal("nll_5000", "<=", 84.8)),
    "vae-2": _row("test NLL 85.33 nats (k=1, two layers)", TWO, "20 hours", 1, 2),
    "iwae-2": _row("test NLL 83.89 nats (k=5, two layers)", TWO + "; half of the time with k=1", "40 hours", 5, 2),
}
