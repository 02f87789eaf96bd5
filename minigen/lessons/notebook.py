"""What the lessons' notebooks share: the pictures they train on, and a view of the library's source."""

import functools
import inspect
import re
import textwrap
from collections.abc import Callable

from ..autodiff import Op
from ..data import Dataset, load
from ..errors import DataError


def handwritten(split: str = "train") -> Dataset:
    """Handwritten digits: MNIST (28x28) where it is found or can be downloaded, else minigen's own (8x8).

    Says which, if it is not MNIST.
    """
    try:
        return load("mnist", split)
    except DataError:
        _say_that_they_are_small()
        return load("digits", split)


@functools.cache
def _say_that_they_are_small() -> None:
    """Once in a notebook."""
    print("MNIST is not here: minigen's 8x8 digits take its place, so pictures and numbers differ a little.")


def show_source(thing: Callable[..., object]) -> None:
    """Print the source of a function, a method, a class or an operation, without notes to the type checker."""
    source = textwrap.dedent(inspect.getsource(thing.forward if isinstance(thing, Op) else thing))
    print(re.sub(r"  # type: ignore.*", "", source).rstrip())
