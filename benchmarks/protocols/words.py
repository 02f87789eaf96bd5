"""Words and pictures: emoji and their names, MNIST and its labels.

`emoji`: of 1391 pictures and as many names, each query has all the others to choose from, so chance finds the right one
among ten in 0.7 %. The 139 held-out pictures and names have not been seen, but each of their words has. The bridge is
search without learning: the names like that of the training picture with the nearest colours, the pictures like that
of the training name with most words in common.

`emoji-drawn`: names that were held out, and names that were trained on, drawn by a diffusion model that is told their
words; see `minigen.report.illustrations`. The copy is the training picture whose name has most words in common.

`joint-vae`: 1000 images are made from their labels alone, and our classifier says which digits they are; and labels are
told from the 10 000 test images alone. Beside them, the mean image of each class, which is always of its class and
always the same, and the label of the nearest training image. What a mean image lacks shows in one_nn_error: the errors
of a nearest-neighbour classifier of test images that knows the generated ones alone, or the ten means.
"""

from typing import Any

import numpy as np

from benchmarks.protocols.row import Both, Goal, Job, Row
from benchmarks.protocols.trained import model_of, trained
from minigen import backend, data
from minigen.metrics import nearest_neighbour_error
from minigen.metrics.classifier import classifier_for
from minigen.random import Generator

FULL = 60_000  # steps without a budget
PER_LABEL = 100  # images
MEASURES = ("name_recall", "picture_recall", "chance")
SETTINGS: dict[str, Any] = {"schedule": "cosine"}


def emoji_row(job: Job) -> dict[str, Any]:
    """The row's job: train, and take what the run itself measured."""
    train, test = data.load("emoji"), data.load("emoji", "test")
    finished = trained(job, "run", "contrastive", train, test, 0.9, FULL)
    final = finished.metrics()[-1]
    found = {name: final[name] for name in final if name.endswith(MEASURES)}
    seen = min(found["seen_name_recall"], found["seen_picture_recall"])
    unseen = min(found["name_recall"], found["picture_recall"])
    return {"seen": seen, "held_out": unseen} | found | {"steps": finished.settings.steps}


def drawn_row(job: Job) -> dict[str, Any]:
    """The row's job: train, and take what the run itself measured."""
    train, test = data.load("emoji"), data.load("emoji", "test")
    finished = trained(job, "run", "text-to-image", train, test, 0.85, FULL)
    final = finished.metrics()[-1]
    names = ("found", "found_by_a_copy", "chance", "seen_found")
    return {name: final[name] for name in names} | {"steps": finished.settings.steps}


def joint_row(job: Job) -> dict[str, Any]:
    """The row's job: train, make images of labels, and tell labels of images."""
    train, test = data.load("mnist"), data.load("mnist", "test")
    assert train.y is not None
    assert test.y is not None
    finished = trained(job, "run", "joint-vae", train, test, 0.85, FULL, **SETTINGS)
    asked = np.repeat(np.arange(finished.settings.classes), PER_LABEL)
    with backend.device(job.device):
        model, rng, classifier = model_of(finished), Generator(job.seed + 1), classifier_for(train, test)
        made = np.concatenate([model.sample(PER_LABEL, rng, label=int(k)) for k in np.unique(asked)])
        means = np.stack([train.x[train.y == k].mean(axis=0) for k in np.unique(asked)])
        return {
            "label_to_image": round(float((classifier.predict(made) == asked).mean()), 4),
            "label_to_mean_image": round(float((classifier.predict(means) == np.unique(asked)).mean()), 4),
            "one_nn_error": round(nearest_neighbour_error(made, asked, test.x, test.y), 4),
            "one_nn_error_of_means": round(nearest_neighbour_error(means, np.unique(asked), test.x, test.y), 4),
            "image_to_label": round(float((model.class_of(test.x) == test.y).mean()), 4),
            "image_to_label_of_nearest": round(1 - nearest_neighbour_error(train.x, train.y, test.x, test.y), 4),
            "steps": finished.settings.steps,
        }


ROWS = {
    "emoji": Row(
        "Radford et al. 2021",
        "- (chance 0.7 %)",
        "contrastive pair, 1252 emoji and names, 139 held out; recall@10 of all 1391, the lower of both ways",
        8,
        f"{FULL} steps: 2 hours",
        emoji_row,
        Both(Goal("seen", ">=", 0.9), Goal("held_out", ">=", 0.1)),
    ),
    "emoji-drawn": Row(
        "Ho & Salimans 2022",
        "- (chance 10 %)",
        "U-Net that is told words; the true picture among the ten nearest in colour to what was drawn, of 100",
        30,
        f"{FULL} steps: 6 hours",
        drawn_row,
        Goal("found", ">=", "chance"),
    ),
    "joint-vae": Row(
        "Wu & Goodman 2018",
        "-",
        f"{10 * PER_LABEL} images of labels, judged by our classifier; 10 000 test images, labelled",
        30,
        f"{FULL} steps: 30 minutes",
        joint_row,
        Goal("label_to_image", ">=", 0.95),
    ),
}
