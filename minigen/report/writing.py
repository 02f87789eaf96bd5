"""What a model of text writes."""

import numpy as np

from ..data.alphabet import decode, encode, lines_of
from ..errors import ArgumentError
from ..models.sequences.sampling import A_PAGE, AS_THE_MODEL_SAYS, Draw
from ..random import Generator
from .trained import Trained

BETWEEN = {"lines": "\n", "text": "\n\n----\n\n"}


def texts(
    trained: Trained, n: int, rng: Generator, *, prompt: str = "", length: int = A_PAGE, draw: Draw = AS_THE_MODEL_SAYS
) -> list[str]:
    """n texts that begin with a prompt; of a model of lines each ends where the model ends it.

    Args:
        trained: the model. n: how many.
        rng: where the draws come from.
        prompt: what they begin with. length: how many characters are drawn at most; a line is never longer than those
            of the data. draw: how.

    Raises:
        ArgumentError: the prompt has a character that the model does not know, or is not the beginning of a line.
    """
    alphabet, longest = trained.settings.alphabet, trained.shape[0] - 2
    lines = trained.kind == "lines"
    try:
        given = encode(prompt, alphabet)
    except ArgumentError as error:
        raise ArgumentError(f"prompt: {str(error).removeprefix('text: ')}") from None
    if lines and "\n" in prompt:
        raise ArgumentError(f"prompt: expected the beginning of one line, got a line end in {prompt!r}; leave it out")
    if lines and len(prompt) > longest:
        raise ArgumentError(
            f"prompt: expected at most {longest} characters, as many as the longest line of {trained.settings.data!r} "
            f"has, got {len(prompt)}; give the beginning of a line"
        )
    if lines or not prompt:
        given = np.concatenate([[max(alphabet.find("\n"), 0)], given])  # a text is begun after the end of a line
    if lines:
        length = min(length, longest - len(prompt) + 1)  # and the line end
    x = trained.symbols(n, rng, prompt=given, length=length, draw=draw)
    if lines:
        return [line[:longest] for line in lines_of(x, alphabet)]
    return [decode(row if prompt else row[1:], alphabet) for row in x]


def as_page(trained: Trained, written: list[str]) -> str:
    """The content of a .txt file."""
    return BETWEEN[trained.kind].join(written) + "\n"
