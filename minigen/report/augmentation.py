"""`python -m minigen augment DIR`: can a VAE make more of few labels?

The VAE has seen all training images and no label. Some images get their labels, and a classifier learns from these
alone, or from these and as many that the VAE makes of them: the code of an image, drawn from q(z|x), is moved a random
part of the way to the code of another image of the same label, and decoded (interpolation in feature space, DeVries &
Taylor 2017, section 3.3). Beside the two stand the nearest neighbour among the labelled images, and the classifier with
images that are only shifted: what needs no model.
"""

from collections.abc import Callable

import numpy as np

from ..autodiff import Tensor
from ..backend import default_device, to_device
from ..data import Dataset, pixels
from ..errors import ArgumentError
from ..metrics import nearest
from ..metrics.classifier import LR, Classifier, shifted
from ..nn import cross_entropy_loss
from ..nn.layers import positive
from ..optim import Adam, cosine
from ..random import Generator, next_seed
from . import plots
from .pictures import Figures
from .trained import Trained

STEPS, BATCH, TESTED, SHOWN = 400, 50, 5000, 20

More = Callable[[np.ndarray, np.ndarray, Generator], tuple[np.ndarray, np.ndarray]]  # a batch and labels -> others


def accuracies_from_few_labels(
    trained: Trained, train: Dataset, test: Dataset, labels: int, seed: int
) -> tuple[dict[str, float], Figures]:
    """Test accuracies by few labels; and a picture, labelled images above what is made of them.

    Args:
        trained: a model of labelled images that gives examples codes. train, test: its data.
        labels: how many images of the training set get their labels, as many of each class.
        seed: of the choice, the classifiers and the codes.

    Raises:
        ArgumentError: another kind of model or data, or too few labels.
    """
    positive(labels=labels)
    suits = trained.can_show("codes", "encodings") and train.is_image and not trained.recipe.labelled
    if not suits or train.y is None or test.y is None:
        raise ArgumentError(
            "folder: augment needs a VAE of images that learnt without their labels, and labelled data; this is "
            f"{trained.settings.model!r} on {train.name!r}"
        )
    classes = int(train.y.max()) + 1
    if labels < 2 * classes:
        raise ArgumentError(f"labels: expected at least two of each class, {2 * classes} or more, got {labels}")
    rng = Generator(seed)
    of_each = [rng.host.permutation(np.flatnonzero(train.y == k))[: labels // classes] for k in range(classes)]
    chosen = np.concatenate(of_each)
    x, y = pixels(train.x[chosen]), train.y[chosen]
    maker = LabelledInterpolation(trained, x, y)
    some = slice(None, None, max(1, len(x) // SHOWN))
    made, _ = maker(x[some], y[some], rng.spawn())
    title = "labelled images above images made of them"
    figures = {"augmented.png": plots.pairs(x[some][:SHOWN], made[:SHOWN], title=title)}
    tested, wanted = pixels(test.x[:TESTED]), test.y[:TESTED]
    row = nearest(tested.reshape(len(tested), -1), x.reshape(len(x), -1)).row
    found = {"nearest neighbour": float((y[row] == wanted).mean())}
    for name, more in (
        ("classifier", None),
        ("with generated", maker),
        ("with shifted", lambda batch, names, draw: (shifted(batch, draw), names)),
    ):
        classifier = _trained(x, y, more, classes, Generator(next_seed(seed)))
        found[name] = float((classifier.predict(tested) == wanted).mean())
    return found, figures


class LabelledInterpolation:
    """Makes of labelled images others with the same labels."""

    def __init__(self, trained: Trained, x: np.ndarray, y: np.ndarray) -> None:
        self.trained, self.y = trained, y
        self.codes = trained.encode(x)

    def __call__(self, x: np.ndarray, y: np.ndarray, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
        """For images x with labels y, as many others."""
        z = self.trained.encode(x, rng)
        others = self.codes[[rng.host.choice(np.flatnonzero(self.y == label)) for label in y]]
        z = z + rng.uniform((len(z), 1), device="cpu") * (others - z)
        return self.trained.from_codes(z.astype(np.float32)), y


def _trained(x: np.ndarray, y: np.ndarray, more: More | None, classes: int, rng: Generator) -> Classifier:
    """A classifier of x, with `more` images beside every batch."""
    model = Classifier(x.shape[1:], classes, rng)
    optimizer = Adam(model.parameters(), lr=cosine(LR, STEPS))
    for _ in range(STEPS):
        rows = rng.host.integers(len(x), size=BATCH)
        batch, labels = x[rows], y[rows]
        if more:
            others, same = more(batch, labels, rng)
            batch, labels = np.concatenate([batch, others]), np.concatenate([labels, same])
        logits = model(Tensor(to_device(batch, default_device())))
        loss = cross_entropy_loss(logits, to_device(labels, default_device()))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    return model
