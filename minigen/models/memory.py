"""How much memory a step may take: sizes that would need more are refused before anything is made.

Of a network with W weights a step holds the weights, their gradients, Adam's two moments, and during an update two more
numbers for each: 6 W. Of each example it keeps what the layers have put out, for the way back.

No lesson derives it.
"""

from typing import Any, Protocol

from ..errors import ArgumentError

STEP_MEMORY = 2 << 30  # bytes; a step of the models in their papers' sizes takes a tenth
EACH_WEIGHT = 6  # numbers
MOST_WEIGHTS = STEP_MEMORY // (4 * EACH_WEIGHT)
SIZES = ("levels", "width", "depth", "heads", "latent_dim", "samples", "words", "direct")  # options that are named


class Sizes(Protocol):
    """What is asked of the settings of a run; see `minigen.models.Settings`."""

    @property
    def shard_size(self) -> int:
        """Examples at once."""

    def get(self, name: str, otherwise: str | int | float) -> Any:
        """The value of an option that not every model has."""


def check_size(s: Sizes, numbers: float, weights: float) -> None:
    """Refuse sizes with which a step would take more than STEP_MEMORY.

    Args:
        s: the settings. numbers: float32, that a step keeps for an example. weights: of the network.

    Raises:
        ArgumentError: says how much would be needed.
    """
    needed = 4 * (s.shard_size * numbers + EACH_WEIGHT * weights)
    if needed > STEP_MEMORY:
        sizes = ", ".join(f"{name} {s.get(name, 0)}" for name in SIZES if s.get(name, 0))
        raise ArgumentError(
            f"{sizes} and batch_size {s.get('batch_size', 0)}: a step would take about {needed / 1e9:.1f} GB of "
            f"memory, more than the {STEP_MEMORY / 1e9:.1f} GB that it may; take less of one of them"
        )


def check_depth(s: Sizes) -> None:
    """Refuse layers that are too many and too wide, whatever the model: between two hidden layers are width^2 weights.

    It is the least that a network has. The others are counted as they are drawn, up to MOST_WEIGHTS.

    Raises:
        ArgumentError: as of `check_size`.
    """
    check_size(s, 0, (s.get("depth", 1) - 1) * s.get("width", 0) ** 2)
