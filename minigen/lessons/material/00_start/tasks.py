"""The exercises of lesson 0: on which inputs they are checked, and hints."""

import numpy as np

from minigen.errors import ArgumentError
from minigen.lessons import Exercise, Measure


def two_arrays(axes, t=None, sizes=(2, 3, 4, 5)):
    """Two arrays with so many axes, and how far to go from the one to the other; 0 < t < 1 if it is not given."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice(sizes, axes, replace=False))
        far = round(float(rng.choice([rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9)])), 2) if t is None else t
        far = far(rng) if callable(far) else far
        return {"a": rng.standard_normal(shape), "b": rng.standard_normal(shape), "t": far}

    return draw


def of_size(low, high, signs=(-1, 1)):
    """Numbers between these two powers of ten, with one of these signs; every size is as likely."""
    return lambda rng: float(f"{10 ** rng.uniform(low, high) * rng.choice(signs):.3g}")


def with_zeros(draw):
    """The same inputs with a 0 in each array, not at the same place."""

    def drawn(rng):
        inputs = draw(rng)
        for place, array in enumerate(value for value in inputs.values() if isinstance(value, np.ndarray)):
            array.flat[place] = 0.0
        return inputs

    return drawn


def a_way(axes, far, sizes=(2, 3, 4, 5)):
    """A start and a point of the way, with so many axes of different sizes; `far` draws how far it is along the way."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice(sizes, axes, replace=False))
        return {"a": rng.standard_normal(shape), "m": rng.standard_normal(shape), "t": float(f"{far(rng):.3g}")}

    return draw


def a_ring(low, high):
    """400 codes around a hole with a radius between these two, and two of them that lie nearly opposite."""

    def draw(rng):
        angles = 2 * np.pi * (np.arange(400) + rng.uniform(size=400)) / 400  # with no large gap
        radii = rng.uniform(low, high) + 0.15 * rng.standard_normal((400, 1))
        points = radii * np.column_stack([np.cos(angles), np.sin(angles)])
        cloud = points + rng.uniform(3, 5, 2) * rng.choice([-1, 1], 2)
        first, apart = rng.integers(400), rng.integers(160, 185)  # of 400: from 144 to 166 degrees
        ends = cloud[[first, (first + apart) % 400]]
        return {"start": ends[0], "end": ends[1], "cloud": rng.permutation(cloud)}

    return draw


def farthest_from_the_cloud(inputs, walk):
    """The largest distance from the cloud, along the whole walk."""
    stations = np.asarray(walk, np.float64)
    if stations.ndim != 2 or stations.shape[1] != 2 or not 2 <= len(stations) <= 100:
        raise ArgumentError(f"the stations have shape {stations.shape}, expected (n, 2) with 2 <= n <= 100")
    for place, name in ((0, "start"), (-1, "end")):
        if not np.allclose(stations[place], inputs[name]):
            raise ArgumentError(f"the {'first' if place == 0 else 'last'} station is not {name}")
    t = np.linspace(0, 1, 20)[:, None, None]
    points = ((1 - t) * stations[:-1] + t * stations[1:]).reshape(-1, 1, 2)
    away = float(np.linalg.norm(points - inputs["cloud"], axis=2).min(axis=1).max())
    return Measure(away, 0.35, "the farthest that the walk gets from the cloud", better="lower")


EXERCISES = [
    Exercise(
        key="00.1",
        function="blend",
        section="From red to green",
        cases={
            "two codes": two_arrays(1),
            "two images": two_arrays(2),
            "t = 0": two_arrays(1, 0.0),
            "t = 1": two_arrays(1, 1.0),
            "beyond b": two_arrays(2, 1.5),
            "before a": two_arrays(1, -0.75),
            "zeros": with_zeros(two_arrays(2)),
            "one entry": two_arrays(1, sizes=[1]),
            "four axes, one of length 1": two_arrays(4, sizes=[1, 2, 3, 4]),
            "far beyond b": two_arrays(2, of_size(0.5, 4, [1])),
            "far before a": two_arrays(2, of_size(0.5, 4, [-1])),
        },
        hints=(
            "The part of a is there: (1 - t) a, all of it at t = 0 and nothing at t = 1. What is the part of b?",
            "The part of b is t b: nothing at t = 0, all of it at t = 1. The result is the sum of both parts.",
            "return part_of_a + t * b. Delete the line with `raise`, or it is reached before yours.",
        ),
    ),
    Exercise(
        key="00.2",
        function="other_end",
        section="Three levels",
        level=2,
        cases={
            "on the way": a_way(1, lambda rng: rng.uniform(0.1, 0.4)),
            "past the middle": a_way(2, lambda rng: rng.uniform(0.6, 0.9)),
            "m is the end": a_way(1, lambda rng: 1.0),
            "m lies beyond the end": a_way(2, lambda rng: rng.uniform(1.5, 3)),
            "m lies before a": a_way(1, lambda rng: rng.uniform(-3, -0.5)),
            "m lies just before a": a_way(2, lambda rng: rng.uniform(-0.4, -0.1)),
            "m is hardly on the way": a_way(2, of_size(-9, -2)),
            "m lies far beyond the end": a_way(1, of_size(1, 5, [1])),
            "m lies far before a": a_way(1, of_size(1, 5, [-1])),
            "one entry": a_way(1, lambda rng: rng.uniform(0.2, 0.8), sizes=[1]),
            "four axes, one of length 1": a_way(4, lambda rng: rng.uniform(0.2, 0.8), sizes=[1, 2, 3, 4]),
            "zeros": with_zeros(a_way(2, lambda rng: rng.uniform(0.3, 0.7))),
        },
        hints=(
            "Write down what you know: m = (1 - t) a + t b. Everything in it is given, except b.",
            "Bring the part of a to the other side: m - (1 - t) a = t b. What is left to do?",
            "Divide by t, which is never 0. The same result in other words: from a to b it is 1 / t times as far as "
            "from a to m.",
        ),
    ),
    Exercise(
        key="00.3",
        function="walk_round",
        section="Three levels",
        level=3,
        cases={"a ring": a_ring(2.5, 3.5), "a small ring": a_ring(1.2, 2.2), "a large ring": a_ring(4, 7)},
        measure=farthest_from_the_cloud,
        hints=(
            "All points of the cloud have about the same distance from one centre. Which one, and which distance? You "
            "have the points: take averages.",
            "Take many stations on the straight way (np.linspace for t), and move each of them away from the centre "
            "until it has that distance.",
            "For a station s: `d = s - centre`, and `centre + radius * d / np.linalg.norm(d)` is the moved one. Put "
            "start before the first and end after the last.",
        ),
    ),
]
