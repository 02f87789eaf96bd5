"""The classifier whose features stand in for Inception's: trained here, checked, and kept in the cache.

Two 5x5 convolutions of stride 2 and a dense layer of 64 features, each with batch norm and ReLU, dropout, and a
linear layer; Adam with a cosine schedule, images shifted by up to an eighth of their side. It must reach an accuracy
on the test set (for MNIST 99.2 %), or it is not used: features of a bad classifier measure little.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from ..autodiff import Tensor, no_grad
from ..backend import default_device, to_device
from ..data import Dataset, Loader
from ..data.download import cache_folder
from ..data.files import locked, tensor_bytes, write_whole
from ..errors import ArgumentError, DataError
from ..nn import BatchNorm, Conv2D, Dense, Dropout, Flatten, Module, ReLU, Sequential, cross_entropy_loss
from ..optim import Adam, cosine
from ..random import Generator

MUST_REACH = {"mnist": 0.992, "fashion_mnist": 0.9, "digits": 0.96}
EPOCHS = {"mnist": 8, "fashion_mnist": 8, "digits": 60}
BATCH, LR, FEATURES, WIDTH = 100, 2e-3, 64, 24


class Classifier(Module):
    """Images (N, H, W, C) in [0, 1] to logits (N, classes); `features` gives what the last layer sees."""

    def __init__(self, shape: tuple[int, ...], classes: int, rng: Generator) -> None:
        height, width, channels = shape
        size = -(-height // 4) * -(-width // 4) * 2 * WIDTH
        self.trunk = Sequential(
            Conv2D(channels, WIDTH, 5, stride=2, padding=2, bias=False, init="he_uniform", rng=rng),
            BatchNorm(WIDTH),
            ReLU(),
            Conv2D(WIDTH, 2 * WIDTH, 5, stride=2, padding=2, bias=False, init="he_uniform", rng=rng),
            BatchNorm(2 * WIDTH),
            ReLU(),
            Flatten(),
            Dense(size, FEATURES, bias=False, init="he_uniform", rng=rng),
            BatchNorm(FEATURES),
            ReLU(),
        )
        self.head = Sequential(Dropout(0.3, rng=rng.spawn()), Dense(FEATURES, classes, rng=rng))

    def forward(self, x: Tensor) -> Tensor:
        """The logits."""
        logits: Tensor = self.head(self.trunk(x))
        return logits

    def features(self, x: np.ndarray) -> np.ndarray:
        """What the last layer sees: (N, H, W, C) -> (N, 64)."""
        return self._in_parts(self.trunk, x)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The likeliest label: (N, H, W, C) -> (N,)."""
        return self._in_parts(self, x).argmax(axis=1)

    def _in_parts(self, function: Module, x: np.ndarray) -> np.ndarray:
        device = self.head[1].w.device
        with no_grad():
            parts = [function(Tensor(to_device(x[i : i + 500], device))).numpy() for i in range(0, len(x), 500)]
        return np.concatenate(parts)


def shifted(x: np.ndarray, rng: Generator) -> np.ndarray:
    """Images (N, H, W, C) moved by up to an eighth of their side, each in its own direction, with black coming in."""
    most = max(1, x.shape[1] // 8)
    n, height, width, _ = x.shape
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)))
    down, right = rng.host.integers(2 * most + 1, size=(2, n, 1, 1))
    rows, columns = np.arange(height)[:, None] + down, np.arange(width) + right
    return padded[np.arange(n)[:, None, None], rows, columns]


def train_classifier(train: Dataset, epochs: int, seed: int = 0) -> Classifier:
    """A classifier of `train`, in eval mode, on the default device."""
    if train.y is None:
        raise ArgumentError(f"data: {train.name!r} has no labels to learn")
    rng, device = Generator(seed), default_device()
    model = Classifier(train.shape, int(train.y.max()) + 1, rng)
    loader = Loader(train.x, train.y, batch_size=BATCH, rng=rng.spawn())
    optimizer = Adam(model.parameters(), lr=cosine(LR, epochs * len(loader)))
    for _ in range(epochs):
        for x, y in loader:
            loss = cross_entropy_loss(model(Tensor(to_device(shifted(x, rng), device))), to_device(y, device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    model.eval()
    return model


def accuracy(model: Classifier, data: Dataset) -> float:
    """The share of examples whose label is predicted."""
    return float((model.predict(data.x) == data.y).mean())


def classifier_for(train: Dataset, test: Dataset) -> Classifier:
    """The classifier of a data set: from the cache, or trained (MNIST: some minutes), checked and put there.

    Raises:
        ArgumentError: a data set for which no required accuracy is defined.
        DataError: the accuracy was not reached.
    """
    name = train.name
    if name not in MUST_REACH:
        raise ArgumentError(f"data: no classifier is laid down for {name!r}; there is one for {', '.join(MUST_REACH)}")
    recipe = json.dumps([name, len(train), EPOCHS[name], BATCH, LR, FEATURES, WIDTH])
    file = cache_folder() / "classifiers" / f"{name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    with locked(file):
        if file.exists():
            return _from_cache(file, train)
        model = train_classifier(train, EPOCHS[name])
        reached = accuracy(model, test)
        if reached < MUST_REACH[name]:
            raise DataError(f"classifier of {name!r}: accuracy {reached:.2%}, must reach {MUST_REACH[name]:.2%}")
        state = model.state_dict()
        write_whole(file, lambda path: path.write_bytes(tensor_bytes(state)))
        return model


def _from_cache(file: Path, train: Dataset) -> Classifier:
    assert train.y is not None
    model = Classifier(train.shape, int(train.y.max()) + 1, Generator(0))
    try:
        model.load_state_dict(load_file(file))
    except Exception as error:
        raise DataError(f"{file}: not the classifier's weights ({error}); remove the file") from error
    model.eval()
    return model
