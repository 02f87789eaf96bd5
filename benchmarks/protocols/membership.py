"""What a VAE and a GAN remember: how well an attack tells the images that they were trained on, by AUC.

1000 images of MNIST are the members. The others are 10 000 images that no model here was trained on, of the training
set too: the test set's writers are others, and that alone can be told. Attacks: `minigen.report.membership`.

The VAE and the GAN are the dense recipes, narrower, with batches of 100; for the VAE, members are counted by the bound
on log p(x), for the GAN by the discriminator's logit. `by_epochs` has the attack's AUC after 10, 30, 100 and 300 epochs
for 250, 1000 and 4000 images, with the ends of intervals of 95 %; the row's own number is that of 1000 images after
100. Then the same network is trained on them with DP-SGD for as many epochs (Poisson batches of 100 on average, C and
sigma below), and attacked in the same way; `epsilon` is what it may reveal, for delta 1e-4. Of a GAN only the
discriminator sees the data, so only its gradient is clipped and noised: that of the fakes is public, and the generator
learns from the discriminator.

`score_of_others` is the mean score of images that the model was not trained on: of the VAE its bound in nats (of
grey pixels), which says what privacy costs.

`margin` says both that must be shown: how far the interval without privacy lies above 1/2, or how far inside the
interval with privacy 1/2 lies, whichever is less. Even of a perfect model, one such interval in twenty misses 1/2.

A training depends on the seed alone. Those that are finished are kept, so an interrupted run goes on after them.
"""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

import minigen as mg
from benchmarks.protocols.row import Goal, Job, Row, Stopwatch
from minigen import backend, data, ops
from minigen.autodiff import Tensor
from minigen.data import Dataset
from minigen.data.files import json_text
from minigen.models import Settings, recipe_of
from minigen.optim import Adam
from minigen.privacy import PoissonBatches, PrivateTrainer, spent
from minigen.report import Trained
from minigen.report.membership import attacks, aucs
from minigen.train.loop import Batches, steps

SIZES, EPOCHS, OF_ROW = (250, 1000, 4000), (10, 30, 100, 300), 1000
OTHERS, BATCH = 10_000, 100
PRIVATE_EPOCHS, RATE, DELTA = 100, 0.1, 1e-4  # of 1000 images: batches of 100 on average
ATTACK = {"vae": "bound", "gan": "verdict"}
SETTINGS: dict[str, dict[str, Any]] = {
    "vae": {"width": 200, "latent_dim": 20, "lr": 1e-3},
    "gan": {"width": 128, "latent_dim": 20, "lr": 2e-4},
}
PRIVATE: dict[str, dict[str, float]] = {
    "vae": {"clip": 10.0, "noise": 1.0, "lr": 1e-3},
    "gan": {"clip": 1.0, "noise": 1.0, "lr": 2e-4},
}


def settings_of(name: str, train: Dataset, seed: int, device: str) -> Settings:
    """Of the model, with batches of 100."""
    return recipe_of(name).settings(train, seed=seed, device=device, batch_size=BATCH, **SETTINGS[name])


def attacked(trained: Trained, members: np.ndarray, others: np.ndarray, seed: int) -> dict[str, list[float]]:
    """The AUC of each attack, with the ends of its interval, and the mean score of the others."""
    trained.model.eval()
    scores = attacks(trained, members, others, mg.Generator(seed), trained.sample(2000, mg.Generator(seed + 1)))
    trained.model.train()
    means = {name: float(of_others.mean()) for name, (_, of_others) in scores.items()}
    return {name: [round(number, 4) for number in (*found, means[name])] for name, found in aucs(scores).items()}


def by_epochs(name: str, train: Dataset, members: np.ndarray, others: np.ndarray, job: Job) -> dict[str, Any]:
    """What the attacks find after so many epochs on the members."""
    settings, rng = settings_of(name, train, job.seed, job.device), mg.Generator(job.seed)
    recipe = recipe_of(name)
    model = recipe.build(settings, train.shape, rng)
    trainer, x = recipe.trainer(model, settings), recipe.prepared(members)
    batches = Batches(x, batch_size=BATCH, rng=rng.spawn(), device=job.device)
    found, a_pass = {}, len(x) // BATCH
    for step, _ in steps(trainer, batches, rng, max(EPOCHS) * a_pass):
        if step % a_pass == 0 and step // a_pass in EPOCHS:
            found[str(step // a_pass)] = attacked(Trained(model, settings, train.shape), members, others, job.seed)
    return found


def private_trainer(name: str, model: Any) -> tuple[PrivateTrainer, Any]:
    """The trainer of the network that sees the data, and the optimizer of the generator, if there is one."""
    chosen = PRIVATE[name]
    noise = {"clip": chosen["clip"], "noise": chosen["noise"], "batch_size": RATE * OF_ROW}
    if name == "vae":

        def losses(x: Tensor, rng: mg.Generator) -> Tensor:
            bound = model.elbo(Tensor(data.binarize(x.data, rng)), rng)
            return bound.kl - bound.log_likelihood

        return PrivateTrainer(model, losses, Adam(model.parameters(), chosen["lr"]), **noise), None
    judge = model.discriminator

    def of_real(x: Tensor, rng: mg.Generator) -> Tensor:
        return ops.softplus(-judge(x))[:, 0]

    def of_fake(rng: mg.Generator) -> Tensor:
        return ops.mean(ops.softplus(judge(model.still(model.fakes, BATCH, rng))))

    betas = (0.5, 0.999)
    optimizers = (Adam(part.parameters(), chosen["lr"], betas) for part in (judge, model.generator))
    return PrivateTrainer(judge, of_real, next(optimizers), **noise, public=of_fake), next(optimizers)


def privately(name: str, train: Dataset, members: np.ndarray, others: np.ndarray, job: Job) -> dict[str, Any]:
    """What the attacks find after training with DP-SGD."""
    settings, rng = settings_of(name, train, job.seed, job.device), mg.Generator(job.seed)
    model: Any = recipe_of(name).build(settings, train.shape, rng)
    trainer, of_generator = private_trainer(name, model)
    x = recipe_of(name).prepared(members)
    batches = PoissonBatches(x, rate=RATE, rng=rng.spawn(), device=job.device)
    count = PRIVATE_EPOCHS * round(1 / RATE)
    for _ in steps(trainer, batches, rng, count):
        if of_generator:
            of_generator.step(model.generator_loss(BATCH, rng))
    found = attacked(Trained(model, settings, train.shape), members, others, job.seed)
    return {"attacks": found, "epsilon": round(spent(RATE, PRIVATE[name]["noise"], count, DELTA).epsilon, 2)}


def membership_row(name: str) -> Any:
    """The row's job: all trainings, each attacked; those that are done are kept in a file of their own."""

    def run(job: Job) -> dict[str, Any]:
        train = data.load("mnist")
        order = mg.Generator(job.seed).permutation(len(train))
        others = train.x[np.sort(order[-OTHERS:])]
        kept = Kept(job)
        with backend.device(job.device):
            for size in SIZES:
                members = train.x[np.sort(order[:size])]
                kept.once(str(size), lambda members=members: by_epochs(name, train, members, others, job))
            members = train.x[np.sort(order[:OF_ROW])]
            kept.once("private", lambda: privately(name, train, members, others, job))
        attack, same = ATTACK[name], str(PRIVATE_EPOCHS)
        ours, private = kept.found[str(OF_ROW)][same], kept.found["private"]
        auc, low, high, score = ours[attack]
        private_auc, private_low, private_high, private_score = private["attacks"][attack]
        margin = min(low - 0.5, (private_high - private_low) / 2 - abs(private_auc - 0.5))
        return {
            **{"auc": auc, "low": low, "high": high},
            **{"private_auc": private_auc, "private_low": private_low, "private_high": private_high},
            **{"epsilon": private["epsilon"], "margin": round(margin, 4)},
            **{"score_of_others": score, "private_score_of_others": private_score},
            "other_attacks": [[n, *v[:3]] for n, v in ours.items() if n != attack],
            "other_private_attacks": [[n, *v[:3]] for n, v in private["attacks"].items() if n != attack],
            "by_epochs": [[s, int(e), *found[attack][:3]] for s in SIZES for e, found in kept.found[str(s)].items()],
            "seconds": round(kept.watch.seconds(), 1),
        }

    return run


class Kept:
    """What has been found so far, also by a run that was interrupted."""

    def __init__(self, job: Job) -> None:
        self.job, before = job, job.load()
        self.found: dict[str, Any] = json.loads(str(before["found"])) if before else {}
        self.watch = Stopwatch(float(before.get("seconds", 0.0)))

    def once(self, name: str, compute: Callable[[], dict[str, Any]]) -> None:
        """Compute it, unless it is there."""
        if name not in self.found:
            self.found[name] = compute()
            print(f"{name}: {self.found[name]}, {self.watch.seconds():.0f} s", flush=True)
            self.job.save({"found": np.array(json_text(self.found)), "seconds": self.watch.seconds()})


def _row(name: str, paper: str, reports: str) -> Row:
    protocol = (
        f"dense {name}, {OF_ROW} images of MNIST, {PRIVATE_EPOCHS} epochs, without and with DP-SGD; attacked by the "
        f"{ATTACK[name]}; {OTHERS} other images"
    )
    return Row(
        paper,
        reports,
        protocol,
        30,
        "the same epochs: 10 minutes",
        membership_row(name),
        Goal("margin", ">=", 0.0),
    )


ROWS = {
    "membership-vae": _row("vae", "Hilprecht et al. 2019", "reconstruction attacks on VAEs well above chance"),
    "membership-gan": _row("gan", "Hayes et al. 2019 (LOGAN)", "discriminators tell members from others"),
}
