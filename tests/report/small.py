"""Small sets of text, lines and music, and models of them that have learnt nothing yet."""

import io
import wave

import numpy as np

import minigen as mg
from minigen.data import Dataset, encode
from minigen.data.alphabet import alphabet_of, pack
from minigen.data.text import windows
from minigen.data.tunes import chorale_of
from minigen.models import recipe_of
from minigen.report import Trained

RNG = np.random.default_rng(0)
MELODIES = ["".join(RNG.choice(list("ABCD.-"), 32)) for _ in range(12)]


def chorale():
    roll = np.zeros((16, 88), np.uint8)
    for t in range(16):
        roll[t, np.array([20, 30, 35, 40]) + RNG.integers(0, 4)] = 1
    return chorale_of(roll)


CHORALES = [chorale() for _ in range(12)]
NAMES = ["anna", "ben", "bo", "eve", "nora", "o", "rosa", "timo", "una", "vera"]
SUMS = [f"{a:02}+{b:02}={f'{a + b:03}'[::-1]}" for a, b in RNG.integers(0, 100, (10, 2))]


def lines(name, of):
    alphabet = "\n" + "".join(sorted(set("".join(of))))
    return Dataset(name, pack(of, alphabet, max(map(len, of))), alphabet=alphabet)


def text(name, content):
    return Dataset(name, windows(encode(content, alphabet_of(content))), alphabet=alphabet_of(content))


DATA = {
    "melodies": lines("melodies", MELODIES),
    "chorales": lines("chorales", CHORALES),
    "jsb": Dataset("jsb", (RNG.random((12, 17, 88)) < 0.04).astype(np.uint8)),
    "names": lines("names", NAMES),
    "adder": lines("adder", SUMS),
    "sonnets": text("sonnets", "the quick brown fox\n" * 5),
    "shakespeare": text("shakespeare", "one line that has no end " * 4),
}
SMALL = {"width": 8, "batch_size": 4}


def seconds(content):
    """How long a WAV lasts."""
    with wave.open(io.BytesIO(content)) as file:
        return file.getnframes() / file.getframerate()


def trained(model, data, **options):
    recipe = recipe_of(model)
    settings = recipe.settings(DATA[data], **SMALL | options)
    net = recipe.build(settings, DATA[data].shape, mg.Generator(0))
    recipe.trainer(net, settings).prepare(mg.Tensor(DATA[data].x))
    return Trained(net.eval(), settings, DATA[data].shape)
