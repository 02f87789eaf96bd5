"""The training loop: batches in, a step each, metrics out.

    model = VAE(encoder, decoder, latent_dim=20)
    rng = Generator(0)
    for step, metrics in steps(VAETrainer(model, lr=1e-3), Batches(x, batch_size=128), rng, 1000):
        if step % 100 == 0:
            print(step, metrics["loss"].item())

`python -m minigen train` runs the same loop with a `Supervisor` around it. From the command to a weight:

    cli.main, commands.train   read the command and the options
    train.supervise         keeps the run, and calls
    train.steps             the loop below, which calls
    VAETrainer.step         the model's: what is computed, and which optimizer moves what
    Adam.step               the gradients of the loss, then
    Adam.update             the change of the weights
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..autodiff import Tensor
from ..backend import Array
from ..data import Loader
from ..models import Trainer
from ..models.trainer import Metrics
from ..random import Generator

Batch = tuple[Array, ...]  # examples (N, *shape), and labels (N,) if the model wants them


def steps(
    trainer: Trainer, batches: Iterable[Batch | Array], rng: Generator, n: int, taken: int = 0
) -> Iterator[tuple[int, Metrics]]:
    """Take training steps, and give the number of each and its metrics.

    Args:
        trainer: takes a step of its model, such as `minigen.models.vaes.vae.VAETrainer`.
        batches: examples, or (examples, labels), as arrays on the model's device; see `Batches`.
        rng: where the steps draw their noise from.
        n: the last step; there are fewer if the batches end. taken: how many steps were taken before.
    """
    for step, batch in zip(range(taken + 1, n + 1), batches, strict=False):
        x, *labels = batch if isinstance(batch, tuple) else (batch,)
        yield step, trainer.step(Tensor(x), rng, *labels)


class Batches:
    """Batches without end: epoch after epoch of a `Loader`, each in a new order.

    Args:
        arrays: examples (N, *shape), and labels (N,) if the model wants them.
        batch_size, rng, device, transform, part: see `minigen.data.Loader`.
    """

    def __init__(
        self,
        *arrays: Array,
        batch_size: int,
        rng: Generator | None = None,
        device: str = "cpu",
        transform: Callable[[Array], Array] | None = None,
        part: tuple[int, int] = (0, 1),
    ) -> None:
        self.loader = Loader(*arrays, batch_size=batch_size, rng=rng, device=device, transform=transform, part=part)
        self._epoch: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        batch = next(self._epoch, None)
        if batch is None:
            self._epoch = iter(self.loader)
            batch = next(self._epoch)
        return batch if isinstance(batch, tuple) else (batch,)

    def state(self) -> dict[str, Any]:
        """Where they stand; see `Loader.state`."""
        return self.loader.state()

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state()` of the same arrays."""
        self.loader.load_state(state)
        self._epoch = iter(self.loader)

    def reseed(self, rng: Generator) -> None:
        """Draw the orders from another stream from here on, beginning with a new epoch."""
        self.loader.rng.load_state(rng.state())
        self._epoch = iter(())
