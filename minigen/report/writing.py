"""What a model of text writes."""

import numpy as np

from ..data.alphabet import decode, encode, lines_of
from ..errors import ArgumentError
from ..models.sequences.sampling import A_PAGE, AS_THE_MODEL_SAYS, Draw
from ..random import Generator
from .trained import Trained

LINES = 20  # that a finished run shows


def texts(
    trained: Trained, n: int, rng: Generator, *, prompt: str = "", length: int = A_PAGE, draw: Draw = AS_THE_MODEL_SAYS
) -> list[str]:
    """n texts that begin with a prompt; of a model of lines each ends where the model ends it.

    Args:
        trained: the model. n: how many.
        rng: where the draws come from.
        prompt: what they begin with. length: how many characters are drawn at most. draw: how.

    Raises:
        ArgumentError: the prompt has a character that the model does not know.
    """
    alphabet = trained.settings.alphabet
    try:
        given = encode(prompt, alphabet)
    except ArgumentError as error:
        raise ArgumentError(f"prompt: {str(error).removeprefix('text: ')}") from None
    lines = trained.kind == "lines"
    if lines or not prompt:
        given = np.concatenate([[max(alphabet.find("\n"), 0)], given])  # a text is begun after the end of a line
    if lines:
        length = max(1, min(length, trained.shape[0] - len(given)))
    x = trained.symbols(n, rng, prompt=given, length=length, draw=draw)
    return lines_of(x, alphabet) if lines else [decode(row, alphabet).removeprefix("" if prompt else "\n") for row in x]


def final_texts(trained: Trained, rng: Generator) -> dict[str, str]:
    """samples.txt: a page of text, or some lines."""
    if trained.kind == "lines":
        return {"samples.txt": "".join(f"{line}\n" for line in texts(trained, LINES, rng))}
    return {"samples.txt": texts(trained, 1, rng)[0] + "\n"}
