"""How steep is a function here, and how well is that known? Measured with two steps, h and h/2.

Move one entry x of the input by h to either side, and look at the slope through the middle and at the gap between the
slopes on the right and on the left:

    D(h) = (f(x + h) - f(x - h)) / 2h          =  f' + h^2 f''' / 6 + ...
    G(h) = (f(x + h) - 2 f(x) + f(x - h)) / h  =  h f'' + h^3 f'''' / 12 + ...

(4 D(h/2) - D(h)) / 3 is without the term in h^2 (Richardson 1911), and is taken as the slope. What is left of the error
is less than |D(h) - D(h/2)|. That holds on a smooth function, where G halves with the step: at a kink G stays as it is,
and at a jump it doubles. So 2 G(h/2) - G(h) is nearly 0, or else it is the kink. Last, values rounded by eps |f| change
the slope by some eps |f| / h. Together:

    error(h) = |D(h) - D(h/2)| + |2 G(h/2) - G(h)|  +  ROUNDINGS eps |f| / h
               bend: too large a step, or a kink       rounding: too small a step

Here |f| is summed over those outputs that depend on x, as all others cancel to the last bit: beside a square of 1e6,
that of 1e-6 is measured as well as if it stood alone. The first falls with h and the second rises. Which h is best
depends on the function, so a range of steps is tried, from 1e-5 |x| on: an x of 1e-4 must not be moved by 1, nor an x
of 1e8 by 1e-5.

Derived in lesson 2.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import MinigenError
from .backpropagation import _history, grad
from .tensors import Node, Tensor

FIRST_STEP = 1e-5  # relative to x: near (3 eps)^(1/3), the best step for a function with f = f''' = 1
ROUNDINGS = 10  # how many roundings a value is taken to have been through, one after the other
APART = 10**1.5  # the steps that are tried lie so far apart; no whole number, for the sake of periodic functions
ALIKE = 1e-3  # relative: slopes of two steps that differ by less are taken to be one


@dataclass(frozen=True)
class Slope:
    """A measured slope.

    Attributes:
        value: the slope. bend, rounding: the parts of its error that fall and rise with a smaller step.
        hidden: what rounding on the way to the outputs may do, at worst: x + 1e8 - 1e8 has few digits left of x.
        steepness: the slopes of all outputs, on both sides, without their signs: what to compare `bend` with.
        size: of the output that depends on the entry; of all, without their signs, if they depend on others as well.
    """

    value: float
    bend: float
    rounding: float
    hidden: float
    steepness: float
    size: float

    @property
    def error(self) -> float:
        """By how much the value may be off."""
        return self.bend + self.rounding

    @property
    def clear(self) -> bool:
        """Whether the step shows one slope, and not a kink, several waves of the function, or nothing that moves."""
        return self.steepness > 0 and self.bend <= ALIKE * self.steepness + self.rounding

    def sides_with(self, one: float, other: float) -> bool:
        """Whether this slope, though known less well, is clearly nearer to one value than to the other."""
        known = self.bend <= 0.3 * self.steepness and 2 * self.error < abs(one - other)
        return known and abs(self.value - one) < abs(self.value - other)

    def agrees(self, other: "Slope") -> bool:
        """Whether both may be the same slope."""
        blur = self.rounding + self.hidden + other.rounding + other.hidden
        return abs(self.value - other.value) <= ALIKE * abs(self.value) + blur


class Strain:
    """What rounding on the way to some of the outputs may do to their sum.

    Args:
        ys: the outputs, with their graph. ds: their weights in the sum. xs: the inputs.
    """

    def __init__(self, ys: list[Tensor], ds: list[np.ndarray], xs: list[Tensor]) -> None:
        self.ys, self.ds = ys, ds
        self.between = [*xs, *_history([y for y in ys if y.requires_grad])]
        self.known: dict[bytes, tuple[float, float, float]] = {}
        self.largest = max((float(_finite(np.abs(z.numpy())).max(initial=0)) for z in self.between), default=0.0)

    def of(self, moved: np.ndarray) -> tuple[float, float, float]:
        """How much the sum of these outputs would change if all numbers on the way to it changed by 100 %, each for
        the worse; the largest of these numbers; and how much it would change if each changed by as much as the largest
        input of its operation: log softmax computes x - log sum exp x, which is rounded like x, however small it is."""
        key = moved.tobytes()
        if key not in self.known:
            parts = np.split(moved, np.cumsum([d.size for d in self.ds])[:-1])
            weighted = [(y, d * m.reshape(d.shape)) for y, d, m in zip(self.ys, self.ds, parts, strict=True)]
            used = [(y, d) for y, d in weighted if y.requires_grad and d.any()]
            ys, ds = [y for y, _ in used], [d for _, d in used]
            found = grad(ys, self.between, ds, allow_unused=True, retain_graph=True) if used else []
            pairs = [(np.abs(z.numpy()), g.numpy()) for z, g in zip(self.between, found, strict=False) if g is not None]
            strain = sum(float(_finite(z * np.abs(g)).sum()) for z, g in pairs)
            largest = max((float(_finite(z[g != 0]).max(initial=0)) for z, g in pairs), default=0.0)
            inside = sum(
                self._largest_input(z) * float(_finite(np.abs(g.numpy())).sum())
                for z, g in zip(self.between, found, strict=False)
                if g is not None
            )
            self.known[key] = strain, largest, inside
        return self.known[key]

    @staticmethod
    def _largest_input(z: Tensor) -> float:
        """Of the operation that computed z; 0 if none did."""
        inputs = z._node.inputs if isinstance(z._node, Node) else ()
        return max(
            (float(_finite(np.abs(x.numpy())).max(initial=0)) for x in inputs if isinstance(x, Tensor)), default=0.0
        )


def _finite(x: np.ndarray) -> np.ndarray:
    return x[np.isfinite(x)]


class Line:
    """The outputs of a function while one entry of its input moves.

    Args:
        f: takes an array like x and returns its outputs, one axis of float64, times the weights of their sum.
        x: float64. middle: f(x). index: the entry that moves. eps: of the type in which f computes.
        strain: of the outputs.
    """

    def __init__(
        self,
        f: Callable[[np.ndarray], np.ndarray],
        x: np.ndarray,
        middle: np.ndarray,
        index: tuple[int, ...],
        eps: float,
        strain: Strain,
    ) -> None:
        self.f, self.x, self.index = f, x.copy(), index
        self.eps, self.strain = ROUNDINGS * eps, strain
        self.scale = scale_of(x, index)
        self.seen = {0.0: (0.0, middle)}
        self.total = float(np.abs(middle).sum())

    def at(self, step: float) -> tuple[float, np.ndarray]:
        """How far the entry really moved, as x + step is rounded too; and the outputs there."""
        if step not in self.seen:
            here = self.x[self.index]
            self.x[self.index] = here + step
            try:
                self.seen[step] = float(self.x[self.index] - here), self.f(self.x)
            except (MinigenError, ArithmeticError, ValueError):  # outside of its domain
                self.seen[step] = 0.0, self.seen[0.0][1]
            self.x[self.index] = here
        return self.seen[step]

    def differences(self, h: float) -> tuple[float, float, np.ndarray] | None:
        """D(h), G(h) and how much each output moved; None where the function is not finite or x + h is x."""
        (to_right, right), (to_left, left), (_, middle) = self.at(h), self.at(-h), self.at(0.0)
        if not (to_right > 0 > to_left and np.isfinite(right).all() and np.isfinite(left).all()):
            return None
        ahead, behind = right - middle, middle - left  # output by output: what does not move adds no rounding
        slope = (right - left).sum() / (to_right - to_left)
        gap = ahead.sum() / to_right + behind.sum() / to_left
        return float(slope), float(gap), np.abs(ahead) + np.abs(behind)

    def quick(self, h: float) -> Slope | None:
        """D(h) with what rounding does to it at worst, but not how the function bends; None if nothing moves."""
        found = self.differences(h)
        if found is None or not found[2].any():
            return None
        slope, _, moved = found
        return Slope(slope, 0.0, self.total * self.eps / h, 0.0, float(moved.sum() / (2 * h)), self._size(moved))

    def slope(self, h: float) -> Slope | None:
        """The slope from the steps h and h/2, with its error; None where the function is not finite."""
        wide, narrow = self.differences(h), self.differences(h / 2)
        if wide is None or narrow is None:
            return None
        bend = abs(wide[0] - narrow[0]) + abs(2 * narrow[1] - wide[1])
        strain, largest, inside = self.strain.of(self.reached | (not self.alone))
        value, moved = (4 * narrow[0] - wide[0]) / 3, wide[2]
        beside = min(largest, strain / abs(value)) if self.alone and value else largest  # as if x were added to it
        hidden = (strain + beside * abs(wide[1])) * self.eps / h  # wide[1] / h is the second derivative
        reached = self._size(self.reached)
        size = reached if self.alone else self.total
        if not moved.any():  # the whole slope may be hidden
            return Slope(value, bend, hidden, 0.0, 0.0, size)
        hidden += 0.0 if self.alone else inside * self.eps / h
        return Slope(value, bend, reached * self.eps / h, hidden, float(moved.sum() / (2 * h)), size)

    @cached_property
    def reached(self) -> np.ndarray:
        """Which outputs depend on the entry; all, if none is seen to.

        Small steps do not tell: x + 1e20 does not change with them. So the entry is moved far, beyond the largest
        number on the way, and made NaN, which no factor is too small to pass on.
        """
        far = 4 * self.strain.largest + widest(self.scale)
        middle = self.seen[0.0][1]
        moved = np.zeros(middle.shape, bool)
        for step in (widest(self.scale), -widest(self.scale), far, -far, np.nan):
            moved |= self.at(step)[1] != middle
        return moved if moved.any() else ~moved

    @cached_property
    def alone(self) -> bool:
        """Whether the function works entry by entry, as an exp does: no other entry is behind what this one reaches."""
        return all(d.size == self.x.size for d in self.strain.ds) and self.reached.sum() <= len(self.strain.ds)

    def _size(self, moved: np.ndarray) -> float:
        return float(np.abs(self.seen[0.0][1][moved != 0]).sum())


def widest(scale: float) -> float:
    """The steps for an entry of that size are smaller than this."""
    return max(0.1 * scale, 1.0)


def larger_steps(scale: float, first: float = FIRST_STEP) -> Iterator[float]:
    """The steps to try for an entry of that size: `first` times it, and on to a tenth of it, or to 1."""
    h = first * scale
    while h < widest(scale):
        yield h
        h *= APART


def smaller_steps(scale: float, first: float = FIRST_STEP) -> Iterator[float]:
    """Those below, as far as float64 can tell x + h from x."""
    h = first * scale / APART
    while h > 1e-13 * scale:
        yield h
        h /= APART


def scale_of(x: np.ndarray, index: tuple[int, ...]) -> float:
    """The size of an entry; of a 0, that of the largest entry, or 1."""
    return float(abs(x[index]) or np.abs(x).max() or 1.0)


def numeric_derivatives(
    f: Callable[[np.ndarray], float], x: np.ndarray, indices: Iterable[tuple[int, ...]], h: float = FIRST_STEP
) -> np.ndarray:
    """Central differences (f(x + h e) - f(x - h e)) / 2h of a function of one array, entry by entry.

    With one step, and no word about the error: enough to look at where x, f and its derivatives are of size 1.
    `gradcheck` chooses its steps.

    Args:
        f: takes an array like x (always the same object, changed in place), returns a number.
        x: float64; restored before this returns.
        indices: which entries.

    Returns:
        (K, 3): the slope on both sides, on the right side and on the left side of each entry.
    """
    rows = []
    middle = f(x)
    for index in indices:
        kept = x[index]
        x[index] = kept + h
        right = f(x)
        x[index] = kept - h
        left = f(x)
        x[index] = kept
        rows.append(((right - left) / (2 * h), (right - middle) / h, (middle - left) / h))
    return np.array(rows).reshape(-1, 3)
