"""Is my gradient right? Compare it with one that is measured.

A measured slope is known to some error, which is measured along with it (`slopes`). So there are three answers for
each entry of a gradient:

    right         |analytic - measured| <= rtol |measured| + error,  and that error is small
    wrong         |analytic - measured| >  rtol |measured| + error,  with two steps whose slopes agree
    cannot tell   at a kink or a jump, where rounding hides the slope, next to NaN or infinity

The report is right if all entries are that can be told; not, if one that cannot is contradicted by what was measured.

A function with many outputs is first turned into a number, s = <f(x), u>, with a *random* direction u. (With all ones
the gradient of a softmax or of a batch norm is zero, and a rule that returns zeros would pass.) The second order is
the same check applied to the gradient of s as a function of x and u.

Derived in lesson 2.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..backend import default_device, to_device
from ..errors import ArgumentError, DTypeError, MinigenError
from .backpropagation import grad, no_grad
from .causes import likely_cause
from .slopes import FIRST_STEP, Line, Slope, Strain, larger_steps, smaller_steps
from .tensors import Tensor, asarray

DUST = 1e-13  # beside |f| and 1: slopes that differ by less may be what rounding within an operation leaves, of sums of
# other entries. Where there are none it counts beside the one output, and its slope.
BENT = "it lies at a kink or a jump, or fn computes in low precision: try another point, or float64 throughout"
ROUNDED = "rounding hides the slope, as the values are so large beside it: leave out what is constant, or scale down"
CONTRARY = "the slopes measured there contradict the gradient, but rounding might be to blame: scale fn or its input"
NOT_FINITE = "fn is NaN or infinite there or next to it: try a point inside of its domain"


class GradientError(MinigenError, AssertionError):
    """A gradient that is not the derivative; the message is the report of the check, of several lines."""

    __str__ = AssertionError.__str__


@dataclass
class Finding:
    """How the gradient with respect to one input compares with the measured one.

    Attributes:
        name: the input's name. order: 1, or 2 for the gradient of the gradient.
        right: how many entries are right. wrong: indices of wrong entries, the worst first.
        untold: indices of entries of which nothing can be said, with the reasons.
        analytic, numeric, error: at the worst entry, with the error of the measured one.
        cause: what is probably wrong.
    """

    name: str
    order: int
    right: int = 0
    wrong: list[tuple[int, ...]] = field(default_factory=list)
    untold: dict[tuple[int, ...], str] = field(default_factory=dict)
    analytic: float = 0.0
    numeric: float = 0.0
    error: float = 0.0
    cause: str = ""

    @property
    def verdict(self) -> str:
        """'wrong' if an entry is; 'cannot tell' if nothing can be said of any, or one looks wrong; else 'right'."""
        doubtful = CONTRARY in self.untold.values() or (self.untold and not self.right)
        return "wrong" if self.wrong else "cannot tell" if doubtful else "right"

    def __str__(self) -> str:
        total = self.right + len(self.wrong) + len(self.untold)
        count = {"wrong": len(self.wrong), "cannot tell": len(self.untold), "right": self.right}[self.verdict]
        text = f"{self.name}: {self.verdict} in {count} "
        text += f"of {total} entries" if self.wrong or self.untold else "entries"
        text += " (gradient of the gradient)" if self.order == 2 and self.verdict != "right" else ""
        if self.wrong:
            near = abs(self.analytic - self.numeric) / max(abs(self.analytic), abs(self.numeric))
            digits = 6 if not near < 1e-4 else 2 - int(np.log10(near))  # as many as it takes to see the difference
            ratio = f"  ratio {self.analytic / self.numeric:.{digits}g}" if self.numeric else ""
            return (
                f"{text}\n  worst {self._at(self.wrong[0])}: analytic {self.analytic:+.{digits}g}  "
                f"numeric {self.numeric:+.{digits}g} (to {self.error:.1g}){ratio}\n  likely: {self.cause}"
            )
        for index, reason in sorted(self.untold.items(), key=lambda item: item[1] != CONTRARY)[:1]:
            text += f"\n  cannot tell at {self._at(index)}: {reason}"
        return text

    def _at(self, index: tuple[int, ...]) -> str:
        return f"{self.name}[{', '.join(map(str, index))}]"


@dataclass
class Report:
    """The findings of a check, one for each input and order; true if all are right."""

    function: str
    findings: list[Finding]

    @property
    def verdict(self) -> str:
        """'wrong' if a finding is; else 'cannot tell' if nothing can be said of an input; else 'right'."""
        verdicts = {finding.verdict for finding in self.findings}
        return next(v for v in ("wrong", "cannot tell", "right") if v in verdicts or v == "right")

    def __bool__(self) -> bool:
        return self.verdict == "right"

    def __str__(self) -> str:
        said = {"right": "the gradient is right", "wrong": "the gradient is WRONG"}
        heading = said.get(self.verdict, "cannot tell whether the gradient is right")
        shown = [f for f in self.findings if self.verdict in ("right", f.verdict)]
        labels = {1: "", 2: "second order, "}
        return "\n".join([f"gradcheck of {self.function}: {heading}", *(labels[f.order] + str(f) for f in shown)])


def gradcheck(fn: Callable[..., Tensor], *inputs: ArrayLike, **options: Any) -> Report:
    """Raise unless the gradients of `fn` are its derivatives, to first and second order.

    Entries that cannot be told are left out and named in the report; but of every input at least one entry must be told
    and all that are must be right. If none can be, or if one looks wrong although rounding might be to blame, the error
    says "cannot tell", and not that anything is wrong.

    Args:
        fn: a function of tensors that returns a tensor of any shape. It must give the same value at every call.
        inputs: arrays or tensors; those of floats are checked, in float64, the others are passed on.
        options: as of `check_gradients`.

    Returns:
        The report, with everything that was compared.

    Raises:
        GradientError: wrong, with the worst entry and a likely cause; or not to be told, with why and what to do.
    """
    report = check_gradients(fn, *inputs, **options)
    if not report:
        raise GradientError(str(report))
    return report


@np.errstate(all="ignore")  # at the edge of a domain NaN and infinity are expected, and told
def check_gradients(
    fn: Callable[..., Tensor],
    *inputs: ArrayLike,
    order: int = 2,
    h: float = FIRST_STEP,
    rtol: float = 1e-5,
    atol: float = 1e-10,
    elements: int = 100,
    seed: int = 0,
) -> Report:
    """As `gradcheck`, but returns the report whatever it says.

    Args:
        order: 1, or 2 to check the gradient of the gradient as well.
        h: the first step to try, relative to the entry; smaller and larger ones follow where it does not suffice.
        rtol: right means |analytic - numeric| <= rtol |numeric| + the error of numeric, and that error is small:
            at most rtol |numeric| + atol. (atol counts in |f / x| where this is less than 1: there, slopes are small.
            f are all outputs, or the one of x where each entry has its own.)
        elements: compare at most so many entries of each input, chosen at random.
        seed: of the random direction and choice.
    """
    if order not in (1, 2):
        raise ArgumentError(f"order: expected 1 or 2, got {order!r}")
    rng = np.random.default_rng([seed, *b"gradcheck"])  # not the stream that the inputs may have come from
    tensors = [_as_double(x) for x in inputs]
    names = _names(fn, len(tensors))
    with no_grad():
        y = _call(fn, tensors)
        if not np.array_equal(y.numpy(), _call(fn, tensors).numpy(), equal_nan=True):
            raise GradientError(
                "gradcheck: fn gives different values on two calls; fix its random numbers (reuse noise and masks)"
            )
    u = Tensor(to_device(rng.standard_normal(y.shape), y.device), requires_grad=True)
    checked = [i for i, x in enumerate(tensors) if x.requires_grad]
    if not checked:
        raise DTypeError("gradcheck: none of the inputs is an array of floats, so there is no gradient to check")

    def outputs(xs: list[Tensor], record: bool) -> list[Tensor]:
        return [_call(fn, xs)]

    settings = _Settings(h, rtol, atol, elements, rng, float(np.abs(y.numpy() * u.numpy()).sum()))
    findings = _compare(outputs, [u.numpy()], tensors, [names[i] for i in checked], checked, 1, settings)
    if order == 2 and not any(finding.wrong for finding in findings):

        def slopes(xs: list[Tensor], record: bool) -> list[Tensor]:
            """The gradients; from a recorded pass to be differentiated, from an ordinary one to be measured."""
            *given, upstream = xs
            wanted = [given[i] for i in checked]
            gradients = grad([_call(fn, given)], wanted, [upstream], create_graph=record, allow_unused=True)
            return [g for g in gradients if g is not None]  # None: an input that is not used

        directions = [rng.standard_normal(g.shape) for g in slopes([*tensors, u], False)]
        labels = [*(names[i] for i in checked), "upstream"]
        findings += _compare(slopes, directions, [*tensors, u], labels, [*checked, len(tensors)], 2, settings)
        for finding in findings:
            if finding.wrong:
                finding.cause += "; the first order is right: does the rule use .data, detach or a NumPy function?"
    return Report(getattr(fn, "__name__", type(fn).__name__), findings)


@dataclass(frozen=True)
class _Settings:
    """Of `check_gradients`."""

    h: float
    rtol: float
    atol: float
    elements: int
    rng: np.random.Generator
    size: float  # of all outputs


def _compare(
    outputs: Callable[[list[Tensor], bool], list[Tensor]],
    directions: list[np.ndarray],
    tensors: list[Tensor],
    names: list[str],
    checked: list[int],
    order: int,
    settings: _Settings,
) -> list[Finding]:
    """Compare the gradient of sum <output, direction> by tensors[i] with differences, for every i in `checked`.

    The sum itself is computed by NumPy: were it made of operations, a sign error in one of them could cancel.
    """
    xs = [tensors[i] for i in checked]
    recorded = outputs(tensors, True)
    results = [(y, d) for y, d in zip(recorded, directions, strict=True) if y.requires_grad]
    gradients: list[Tensor | None] = [None] * len(xs)
    if results:
        ys, ds = zip(*results, strict=True)
        gradients = grad(ys, xs, ds, allow_unused=True, retain_graph=True)
    strain = Strain(recorded, directions, xs)
    eps = max((float(np.finfo(y.dtype).eps) for y in recorded), default=0.0)
    findings = []
    for name, i, g in zip(names, checked, gradients, strict=True):
        x = tensors[i].numpy().copy()
        analytic = np.zeros_like(x) if g is None else g.numpy()

        def f(array: np.ndarray, i: int = i) -> np.ndarray:
            moved = Tensor(to_device(array.copy(), tensors[i].device), requires_grad=True)
            ys = outputs([*tensors[:i], moved, *tensors[i + 1 :]], False)
            return np.concatenate([(y.numpy() * d).ravel() for y, d in zip(ys, directions, strict=True)])

        finding = Finding(name, order)
        numeric = np.full(x.shape, np.nan)
        gaps: dict[tuple[int, ...], float] = {}
        middle = f(x)
        for index in _chosen(x, settings.elements, settings.rng):
            line = Line(f, x, middle, index, eps, strain)
            right, found = _judge(float(analytic[index]), line, settings)
            if isinstance(found, str):
                finding.untold[index] = found
                continue
            numeric[index] = found.value
            finding.right += right
            if not right:
                gap = abs(analytic[index] - found.value) / (settings.rtol * abs(found.value) + found.error)
                gaps[index] = np.inf if np.isnan(gap) else float(gap)
                if gaps[index] == max(gaps.values()):
                    finding.analytic, finding.numeric = float(analytic[index]), found.value
                    finding.error = found.error
        finding.wrong = sorted(gaps, key=lambda index: -gaps[index])
        if finding.wrong:
            wrong = np.zeros(x.shape, bool)
            wrong[tuple(np.transpose(finding.wrong))] = True
            finding.cause = likely_cause(analytic, numeric, wrong)
        findings.append(finding)
    return findings


def _judge(analytic: float, line: Line, settings: _Settings) -> tuple[bool, Slope | str]:
    """Whether one entry is right, with the measured slope that says so; or (False, why nothing can be said)."""
    scale = line.scale

    def dust(slope: Slope) -> float:
        return DUST * (slope.size / max(1.0, scale) if line.alone else max(1.0, settings.size))

    def is_right(slope: Slope) -> bool:
        allowed, gap = settings.rtol * abs(slope.value), abs(analytic - slope.value)
        negligible = settings.atol * min(1.0, slope.size / scale or 1.0)
        error = slope.error if gap <= allowed + slope.error else slope.error + dust(slope)
        return gap <= allowed + error and error <= allowed + negligible

    quick = line.quick(settings.h * scale)
    if quick and is_right(quick):
        return True, quick
    seen: list[Slope] = []
    for steps in larger_steps(scale, settings.h), smaller_steps(scale, settings.h):
        for slope in filter(None, map(line.slope, steps)):
            if is_right(slope):
                return True, slope
            seen.append(slope)
        clear = [slope for slope in seen if slope.clear] or [slope for slope in seen if not slope.steepness]
        if len(clear) < 2:  # one step may be fooled by chance
            continue
        best = min(clear, key=lambda slope: slope.error + slope.hidden)
        spread = max(abs(best.value - other.value) for other in clear)
        allowed = settings.rtol * abs(best.value) + best.error + best.hidden + spread + dust(best)
        doubted = any(slope.sides_with(analytic, best.value) for slope in seen)
        if not doubted and all(map(best.agrees, clear)) and not abs(analytic - best.value) <= allowed:
            return False, best
    if not seen:
        return False, NOT_FINITE
    best = min(seen, key=lambda slope: slope.error + slope.hidden)
    still = [slope for slope in seen if not slope.steepness]
    if not analytic and still and not any(slope.clear for slope in seen):
        best = min(still, key=lambda slope: slope.error)
        if best.error <= settings.rtol * max(1.0, best.size / scale):
            return True, best  # nothing moves, up to a jump
    if _contradicted(analytic, [slope for slope in seen if abs(analytic - slope.value) > dust(slope)]):
        return False, CONTRARY
    return False, BENT if best.bend > best.rounding + best.hidden else ROUNDED


def _contradicted(analytic: float, seen: list[Slope]) -> bool:
    """Whether the two best steps show one slope, and one that is not the gradient by far: in sign or by a factor."""
    alike = [slope for slope in seen if slope.clear and slope.error <= 0.3 * abs(slope.value)]
    if len(alike) < 2:
        return False
    best, other = sorted(alike, key=lambda slope: slope.error)[:2]
    one = abs(other.value - best.value) <= 0.1 * abs(best.value)
    return one and not abs(analytic - best.value) < 0.4 * max(abs(analytic), abs(best.value))


def _chosen(x: np.ndarray, elements: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    flat = np.arange(x.size) if x.size <= elements else np.sort(rng.permutation(x.size)[:elements])
    return [tuple(int(k) for k in np.unravel_index(i, x.shape)) for i in flat]


def _as_double(x: ArrayLike) -> Tensor:
    """Floats as a float64 tensor that requires a gradient, everything else as a tensor that does not."""
    array = asarray(x, device=x.device if isinstance(x, Tensor) else default_device())
    if array.dtype.kind != "f":
        return Tensor(array)
    return Tensor(array.astype(np.float64), requires_grad=True)


def _call(fn: Callable[..., Tensor], xs: Iterable[Tensor]) -> Tensor:
    y = fn(*xs)
    if not isinstance(y, Tensor):
        raise DTypeError(
            f"gradcheck: fn must return a tensor, got {type(y).__name__}; for several outputs, join them in one"
        )
    return y


def _names(fn: Callable[..., Tensor], count: int) -> list[str]:
    """The names of fn's parameters, or input 0, input 1, ..."""
    try:
        names = [p.name for p in inspect.signature(fn).parameters.values() if p.kind is not p.VAR_POSITIONAL]
    except (TypeError, ValueError):
        names = []
    return names[:count] if len(names) >= count else [f"input{i}" for i in range(count)]
