"""A small data set for each kind of data, for tests that walk over all models."""

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from minigen import Generator, data
from minigen.data import Dataset, pixels
from minigen.data.car_following import conditions, followed
from minigen.data.moving import SCENES, moving
from minigen.data.small_digits import all_digits
from minigen.models import Recipe

FRAMES = np.random.default_rng(0).random((40, 9, 88)) < 0.05


def pairs(colours: int) -> Dataset:
    """Squares of two colours, named after both, no two alike: `emoji` needs a font that not every machine has."""
    rng, words = np.random.default_rng(0), ("", *"abcdefghijklmnopqrstuvwxyz"[:colours], "square")
    chosen = rng.permutation(list(itertools.combinations(range(1, colours + 1), 2)))
    y, x = np.full((len(chosen), 3), len(words) - 1), np.ones((len(chosen), 8, 8, 3), np.float32)
    y[:, :2] = chosen
    y[len(y) // 2 :, 2] = 0  # names of two words
    of_words = rng.random((len(words), 3))
    x[:, 1:4, 1:7], x[:, 4:7, 1:7] = (of_words[y[:, i], None, None] for i in (0, 1))
    return Dataset("emoji", x, y, words=words)


BY_KIND = {
    "images": data.load("digits"),
    "points": data.load("ring"),
    "text": data.load("sonnets"),
    "lines": data.load("names"),
    "likes": data.load("tastes"),
    "rolls": Dataset("jsb", FRAMES.astype(np.uint8)),  # the real ones are not embedded
    "pairs": pairs(25),
    "series": Dataset("car-following", followed(conditions(200, Generator(0), 12), Generator(1))),
    "clips": Dataset(
        "moving-digits", pixels(moving(15 * all_digits()[0], SCENES["moving-digits"], 60, Generator(0), 6))
    ),
}


def examples_for(recipe: Recipe) -> list[Dataset]:
    """A data set of each kind that the recipe takes."""
    return [BY_KIND[kind] for kind in recipe.takes]


def first_for(recipe: Recipe) -> Dataset:
    """The first of them."""
    return examples_for(recipe)[0]


def targets(recipe: Recipe, examples: Dataset, part: slice | np.ndarray) -> tuple[np.ndarray, ...]:
    """What a step is given besides a part of the examples: labels, names, or nothing."""
    return tuple(y[part] for y in recipe.targets(examples))


def small_sets(setattr: Any = setattr) -> None:
    """From here on, `minigen.data.load` has small sets where a font is needed, or much is computed."""
    small = {"emoji": "pairs", "car-following": "series", "moving-digits": "clips"}
    sources = {
        name: replace(data.SOURCES[name], read=lambda split, folder, kind=kind: BY_KIND[kind])
        for name, kind in small.items()
    }
    setattr(data, "SOURCES", data.SOURCES | sources)


def own(recipe: Recipe, **sizes: int) -> dict[str, int]:
    """Those of the options that the recipe has."""
    return {name: value for name, value in sizes.items() if name in recipe.choosable}
