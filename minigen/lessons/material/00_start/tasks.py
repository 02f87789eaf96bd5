"""The exercise of lesson 0: on which inputs it is checked, and hints."""

from minigen.lessons import Exercise


def two_arrays(axes, t=None):
    """Two arrays with so many axes, and how far to go from the one to the other; 0 < t < 1 if it is not given."""

    def draw(rng):
        shape = tuple(int(n) for n in rng.choice([2, 3, 4, 5], axes, replace=False))
        far = round(float(rng.choice([rng.uniform(0.1, 0.4), rng.uniform(0.6, 0.9)])), 2) if t is None else t
        return {"a": rng.standard_normal(shape), "b": rng.standard_normal(shape), "t": far}

    return draw


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
        },
        hints=(
            "The part of a is there: (1 - t) a, all of it at t = 0 and nothing at t = 1. What is the part of b?",
            "The part of b is t b: nothing at t = 0, all of it at t = 1. The result is the sum of both parts.",
            "return part_of_a + t * b. Delete the line with `raise`, or it is reached before yours.",
        ),
    ),
]
