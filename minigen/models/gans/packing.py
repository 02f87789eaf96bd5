"""Packs (PacGAN, Lin et al. 2018, section 3): the discriminator judges several examples at once.

A generator that always draws the same is then found out, although each single example may look real. Lesson 9 tells of
the collapse that this is against.
"""

from ... import ops
from ...autodiff import Tensor
from ...errors import ShapeError


def packs(x: Tensor, m: int) -> Tensor:
    """Examples (N, ..., C) side by side along their last axis, m in a pack: (N/m, ..., m C).

    Raises:
        ShapeError: N is not a multiple of m.
    """
    if m == 1:
        return x
    if x.shape[0] % m:
        raise ShapeError(f"pack: {x.shape[0]} examples do not make packs of {m}; change the batch size")
    return ops.concatenate(ops.split(x, m), axis=-1)
