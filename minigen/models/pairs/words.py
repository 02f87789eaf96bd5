"""A name as one vector: the mean of its words' vectors, a bag of words.

    "white heavy check mark"  ->  (v_white + v_heavy + v_check + v_mark) / 4

The order of the words is lost; in return a name that was never seen has a vector if its words have. The name of no
word has the vector 0, so a model that draws what a name says can be told nothing, too (classifier-free guidance; Ho &
Salimans 2022).

Lesson 23 uses it.
"""

from ... import ops
from ...autodiff import Tensor
from ...backend import Array, xp_of
from ...errors import ArgumentError
from ...nn import Embedding, Module
from ...random import Generator
from ..recipe import LARGEST, Option


class BagOfWords(Module):
    """Names as vectors: the places of their words, integers (N, T) filled up with 0 -> (N, features).

    Args:
        vocabulary: how many words there are, with that of place 0, which is none.
        features: of the vectors. rng: where they are drawn from.
    """

    def __init__(self, vocabulary: int, features: int, rng: Generator) -> None:
        self.vectors = Embedding(vocabulary, features, rng=rng)

    def forward(self, names: Array) -> Tensor:
        """The mean over the words of each name."""
        if names.ndim != 2 or names.dtype.kind not in "iu":
            raise ArgumentError(
                f"names: expected the places of words, integers (N, T), got {names.dtype} {names.shape}"
            )
        w = self.vectors.w
        is_word = (names > 0).astype(w.dtype)[..., None]  # (N, T, 1)
        count = xp_of(names).maximum(is_word.sum(axis=1), 1)  # (N, 1)
        return ops.sum(self.vectors(names) * is_word, axis=1) / count


VOCABULARY = Option("vocabulary", 1, "words of the names", least=1, most=LARGEST, given_by_data=True)
