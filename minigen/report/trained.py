"""A trained model as seen from outside: NumPy arrays with pixels in [0, 1] go in and come out, on any device."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..autodiff import Tensor, no_grad
from ..backend import Array, to_device, to_numpy, xp_of
from ..data import PAD, kind_of, unscale
from ..models import Recipe, Settings, recipe_of
from ..nn import Module
from ..random import Generator

PART = 500  # examples that are computed at once


class Trained:
    """A model in eval mode, and what its settings say of it.

    Args:
        model: see `minigen.models`.
        settings: of its training.
        shape: of an example.

    Attributes:
        recipe: of its kind.
        kind: of its data, see `minigen.data.kind_of`.
        black: the value of a black pixel in training.
        title: the model's and the data's name.
    """

    def __init__(self, model: Module, settings: Settings, shape: tuple[int, ...]) -> None:
        self.model: Any = model
        self.settings, self.shape = settings, shape
        self.recipe: Recipe = recipe_of(settings.model)
        self.kind = kind_of(settings.data)
        self.is_image = len(shape) == 3
        self.black = self.recipe.black if self.is_image else 0.0
        self.title = f"{settings.model} on {settings.data}"

    def can_show(self, *capabilities: str) -> bool:
        """Whether the model can show all of these, names in `minigen.models.recipe.CAPABILITIES`."""
        return all(name in self.recipe.shows for name in capabilities)

    def sample(self, n: int, rng: Generator, **how: Any) -> np.ndarray:
        """n samples. Points are drawn from p(x|z), if there is one: only for images its means are what one shows.

        Args:
            how: what this model's `sample` takes besides, such as label.
        """
        return np.concatenate(list(self.samples(n, rng, **how)))

    def samples(self, n: int, rng: Generator, **how: Any) -> Iterator[np.ndarray]:
        """The same samples part by part, as many as may be: they need not fit in memory."""
        if not self.is_image and "likelihood" in self.settings.options:
            how["noise"] = True
        for i in range(0, n, PART):
            with no_grad():
                part = self.model.sample(min(PART, n - i), rng, **how).numpy()
            yield unscale(part, self.black)

    def symbols(self, n: int, rng: Generator, **how: Any) -> np.ndarray:
        """n samples of a model of integers, as it gives them: symbols (n, T), frames (n, T, keys), likes (n, items)."""
        with no_grad():
            return to_numpy(self.model.sample(n, rng, **how))

    def log_prob(self, x: np.ndarray, rng: Generator) -> np.ndarray:
        """log p of each example, in nats, as the recipe's `meaning` says; `rng` draws what the model needs for it."""
        return self._in_parts(lambda part: self.model.log_prob(self._scaled(part), rng), x)

    def bound(self, x: np.ndarray, rng: Generator, *labels: np.ndarray) -> dict[str, np.ndarray]:
        """The terms of a bound on -log p(x), or on -log p(x|y) of `labels`, and their `total`: (N,) each, in nats."""
        found: dict[str, list[np.ndarray]] = {}
        for i in range(0, len(x), PART):
            part, *told = (to_device(a[i : i + PART], self.model.device) for a in (x, *labels))
            with no_grad():
                bound = self.model.bound(self._scaled(part), rng, *told)
            for name in (*bound._fields, "total"):
                found.setdefault(name, []).append(getattr(bound, name).numpy())
        return {name: np.concatenate(parts) for name, parts in found.items()}

    def likeliest(self, x: np.ndarray) -> np.ndarray:
        """The likeliest symbol at each place but the first, given the true ones before it: lines (N, T+1) -> (N, T)."""
        logits = self._in_parts(
            lambda part: self.model(xp_of(part).where(part == PAD, 0, part)[:, :-1].astype(np.int64)), x
        )
        return logits.argmax(axis=-1)

    def scores(self, x: np.ndarray) -> np.ndarray:
        """A score of each item for users who like x (N, items); see `minigen.data.likes`."""
        return self._in_parts(lambda part: self.model.scores(self._scaled(part)), x)

    def log_weights(self, x: np.ndarray, k: int, rng: Generator) -> np.ndarray:
        """log p(x, z) - log q(z|x) of k codes of each example, in nats: (N, k)."""
        return self._in_parts(lambda part: self.model.log_weights(self._scaled(part), k, rng), x)

    def verdicts(self, x: np.ndarray) -> np.ndarray:
        """The discriminator's logit of 'real' for each example: (N,)."""
        return self._in_parts(lambda part: self.model.verdicts(self._scaled(part)), x)

    def from_codes(self, z: np.ndarray) -> np.ndarray:
        """The examples at codes z (N, latent_dim)."""
        return self._shown(self._in_parts(lambda part: self.model.from_codes(Tensor(part)), z))

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """What the model makes of examples x."""
        return self._shown(self._in_parts(lambda part: self.model.reconstruct(self._scaled(part)), x))

    def encode(self, x: np.ndarray, rng: Generator | None = None) -> np.ndarray:
        """A code for each example of x: the mean of q(z|x), or a draw from it if `rng` is given."""

        def code(part: np.ndarray) -> Tensor:
            q = self.model.encode(self._scaled(part))
            return q.sample(rng) if rng else q.mean

        return self._in_parts(code, x)

    def continued(self, x: np.ndarray, rng: Generator) -> np.ndarray:
        """Whole examples, of which x is given: the first frames of clips, or the leaders and beginnings of series."""
        return self._in_parts(lambda part: self.model.continued(self._scaled(part), rng), x)

    def class_of(self, x: np.ndarray) -> np.ndarray:
        """The likeliest class of each example: (N,)."""
        logits = self._in_parts(lambda part: self.model.class_logits(self._scaled(part)), x)
        return logits.argmax(axis=1)

    def similarities(self, x: np.ndarray, names: np.ndarray) -> np.ndarray:
        """How well each of the pictures x suits each of the names (M, T): (N, M)."""
        y = to_device(names, self.model.device)
        return self._in_parts(lambda part: self.model.similarities(self._scaled(part), y), x)

    def prepared(self, x: Array) -> Array:
        """Examples of the data as the model takes them; see `Recipe.prepared`."""
        return self.recipe.prepared(x)

    def _shown(self, x: np.ndarray) -> np.ndarray:
        """Pixels in [0, 1]; points and symbols as they are."""
        return unscale(x, self.black) if self.is_image or self.kind == "points" else x

    def _scaled(self, x: np.ndarray) -> Tensor:
        return Tensor(self.prepared(x))

    def _in_parts(self, compute: Any, x: np.ndarray) -> np.ndarray:
        with no_grad():
            parts = [compute(to_device(x[i : i + PART], self.model.device)) for i in range(0, len(x), PART)]
        return np.concatenate([part.numpy() for part in parts])
