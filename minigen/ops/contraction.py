"""Sums of products by Einstein's convention: every index that the result does not name is summed over.

    einsum("nij,njk->nik", a, b)        y[n,i,k] = sum_j a[n,i,j] b[n,j,k]

The map is linear in each operand, and its gradient is another such sum: dL = sum_{n,i,k} g[n,i,k] dy[n,i,k], and the
factor of da[n,i,j] in it is sum_k g[n,i,k] b[n,j,k]. So g takes the place of the operand, with the indices of the
result, and the operand's indices become those of the result:

    dL/da = einsum("nik,njk->nij", g, b)

Two things are missing from that. An index that stands in no other place, such as i in "ij->j", is one along which the
gradient is constant: a vector of ones carries it. And an index that stands twice in the operand, "ii->i", is a
diagonal, outside of which the gradient is 0: the second i gets a name of its own, and the unit matrix makes them equal.

Lesson 1 derives the gradient of a matrix product, the sum that this one contains.
"""

import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import Tensor, Values, asarray, differentiable, raw
from ..backend import Array, is_array, xp_of
from ..errors import ArgumentError, ShapeError
from ..sums import total


@differentiable
def _einsum(*xs: Array, subscripts: str) -> Array:
    terms, result = _split(subscripts)
    counts = Counter("".join(terms))
    alone = {index for index, n in counts.items() if n == 1} - set(result)  # merely summed
    summed = [_without(x, term, alone) for x, term in zip(xs, terms, strict=True)]
    subscripts = f"{','.join(term for _, term in summed)}->{result}"
    return xp_of(*xs).einsum(subscripts, *(x for x, _ in summed), optimize=len(xs) > 1)


def _without(x: Array, term: str, alone: set[str]) -> tuple[Array, str]:
    """An operand summed over the axes of some letters: over many numbers, `total` is more exact than a product.

    Small integers become large ones, as in any sum.
    """
    axes = tuple(a for a, index in enumerate(term) if index in alone)
    if x.dtype.kind in "biu" and x.dtype.itemsize < 8:
        x = x.astype(np.int64)
    return (total(x, axes), "".join(index for index in term if index not in alone)) if axes else (x, term)


def _einsum_gradient(i: int, g: Values, y: Values, *xs: Values, subscripts: str) -> Values:
    terms, result = _split(subscripts)
    x, own, xp, unused = xs[i], terms[i], xp_of(raw(g)), iter(_unused(subscripts))
    factors: list[Any] = list(xs)
    factors[i], terms[i] = g, result
    lengths = _lengths(terms, [z.shape for z in factors])
    target = ""
    for index, length in zip(own, x.shape, strict=True):
        if index in target:
            second = next(unused)
            factors.append(xp.eye(length, dtype=x.dtype))
            terms.append(index + second)
            target += second
        else:
            if lengths.get(index) != length:
                factors.append(xp.ones(length, dtype=x.dtype))
                terms.append(index)
            target += index
    dx: Values = _einsum(*factors, subscripts=f"{','.join(terms)}->{target}")
    return dx


_einsum.gradient_for_each(_einsum_gradient)
_einsum.name = "einsum"


def einsum(subscripts: str, /, *xs: Values) -> Values:
    """The sum of products that `subscripts` names, as in NumPy and PyTorch.

    Args:
        subscripts: a letter for each axis of each operand, "ij,jk->ik". Without "->", the result has the letters that
            occur once, in alphabetical order. "..." stands for any number of axes, which broadcast.
        xs: the operands.

    Raises:
        ArgumentError: subscripts of another form, or of another number of operands.
        ShapeError: an operand with another number of axes, or lengths of one letter that differ.
    """
    operands = [x if isinstance(x, Tensor) or is_array(x) else asarray(x) for x in xs]
    return _einsum(*operands, subscripts=_explicit(subscripts, [x.shape for x in operands]))


# --------------------------------------------------------------------------------------------------- the subscripts


def _split(subscripts: str) -> tuple[list[str], str]:
    """'ij,jk->ik' as ['ij', 'jk'] and 'ik'."""
    left, _, result = subscripts.partition("->")
    return left.split(","), result


def _unused(subscripts: str) -> list[str]:
    """The letters that do not stand in the subscripts."""
    return sorted(set(string.ascii_letters) - set(subscripts))


def _explicit(subscripts: str, shapes: list[tuple[int, ...]]) -> str:
    """The subscripts with a result and without '...', once everything is found to fit the shapes."""
    if not isinstance(subscripts, str):
        raise ArgumentError(f"einsum: subscripts: expected a text such as 'ij,jk->ik', got {type(subscripts).__name__}")
    text = subscripts.replace(" ", "")
    terms, result = _split(text)
    for term in [*terms, result]:
        if not set(term.replace("...", "", 1)) <= set(string.ascii_letters):
            raise ArgumentError(
                f"einsum: subscripts {subscripts!r}: expected letters, at most one '...' for each operand, ',' and one "
                f"'->', got {term!r}"
            )
    if len(terms) != len(shapes):
        raise ArgumentError(f"einsum: subscripts {subscripts!r} name {len(terms)} operands, {len(shapes)} are given")
    rest = [len(shape) - len(term.replace("...", "")) for term, shape in zip(terms, shapes, strict=True)]
    for number, (term, shape, more) in enumerate(zip(terms, shapes, rest, strict=True)):
        if more < 0 or (more and "..." not in term):
            raise ShapeError(f"einsum: operand {number} has shape {shape}, {term!r} names {len(shape) - more} axes")
    dots = "".join(_unused(text)[: max(rest, default=0)])
    named = [term.replace("...", dots[len(dots) - more :]) for term, more in zip(terms, rest, strict=True)]
    if "->" not in text:
        counts = Counter("".join(terms).replace(".", ""))
        result = "..." + "".join(sorted(index for index, n in counts.items() if n == 1))
    elif dots and "..." not in result:
        raise ArgumentError(
            f"einsum: subscripts {subscripts!r}: the result has no '...', and an operand has; name it too"
        )
    result = result.replace("...", dots)
    twice = [index for index, n in Counter(result).items() if n > 1]
    if twice or not set(result) <= set("".join(named)):
        raise ArgumentError(
            f"einsum: subscripts {subscripts!r}: each letter of the result must stand in it once, and in an operand"
        )
    _lengths(named, shapes)
    return f"{','.join(named)}->{result}"


def _lengths(terms: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """The length of the axes of each letter; an error unless all have one length, or 1."""
    lengths: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        own: dict[str, int] = {}
        for index, n in zip(term, shape, strict=True):
            known = lengths.get(index, 1)
            if (n != known and 1 not in (n, known)) or own.setdefault(index, n) != n:
                there = ", ".join(f"{t!r} {s}" for t, s in zip(terms, shapes, strict=True))
                raise ShapeError(f"einsum: the axes {index!r} have different lengths in {there}; they must be equal")
            lengths[index] = n if known == 1 else known
    return lengths
