"""Is my gradient right? Compare it with one that is measured.

A derivative can be measured: (f(x + h) - f(x - h)) / 2h is off by about h^2 f'''/6 from cutting the series and by
about 1e-16 |f| / h from rounding; in float64 the sum of the two is smallest near h = 1e-5, and about 1e-10.

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
from .tensors import Tensor, asarray

KINK = 1e-3  # one-sided slopes that differ by more than this share of their size, whatever h, meet at a kink


class GradientError(MinigenError, AssertionError):
    """A gradient that is not the derivative; the message is the report of the check."""


@dataclass
class Finding:
    """How the gradient with respect to one input compares with the measured one.

    Attributes:
        name: the input's name. order: 1, or 2 for the gradient of the gradient.
        compared: how many entries were compared. kinks: indices that were left out, having no derivative.
        wrong: indices of wrong entries, the worst first. analytic, numeric: the values at the worst.
        error: the largest error, relative to rtol * |numeric| + atol; right means <= 1.
        cause: what is probably wrong.
    """

    name: str
    order: int
    compared: int
    kinks: list[tuple[int, ...]] = field(default_factory=list)
    wrong: list[tuple[int, ...]] = field(default_factory=list)
    analytic: float = 0.0
    numeric: float = 0.0
    error: float = 0.0
    cause: str = ""

    def __str__(self) -> str:
        if not self.wrong:
            left_out = f", {len(self.kinks)} left out at kinks, as {self._at(self.kinks[0])}" if self.kinks else ""
            return f"{self.name}: right in {self.compared} entries{left_out}"
        ratio = f"{self.analytic / self.numeric:.4g}" if self.numeric else "-"
        values = f"analytic {self.analytic:+.6g}  numeric {self.numeric:+.6g}  ratio {ratio}"
        return (
            f"{self.name}: wrong in {len(self.wrong)} of {self.compared} entries"
            f"{' (gradient of the gradient)' if self.order == 2 else ''}\n"
            f"  worst {self._at(self.wrong[0])}: {values}\n"
            f"  likely: {self.cause}"
        )

    def _at(self, index: tuple[int, ...]) -> str:
        return f"{self.name}[{', '.join(map(str, index))}]"


@dataclass
class Report:
    """The findings of a check, one for each input and order; true if all is right."""

    function: str
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether no entry is wrong."""
        return not any(finding.wrong for finding in self.findings)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        verdict = "the gradient is right" if self.ok else "the gradient is WRONG"
        shown = self.findings if self.ok else [finding for finding in self.findings if finding.wrong]
        labels = {1: "", 2: "second order, "}
        lines = [labels[finding.order] + str(finding) for finding in shown]
        return "\n".join([f"gradcheck of {self.function}: {verdict}", *lines])


def gradcheck(fn: Callable[..., Tensor], *inputs: ArrayLike, **options: Any) -> Report:
    """Raise unless the gradients of `fn` are its derivatives, to first and second order.

    Args:
        fn: a function of tensors that returns a tensor of any shape. It must give the same value at every call.
        inputs: arrays or tensors; those of floats are checked, in float64, the others are passed on.
        options: as of `check_gradients`.

    Returns:
        The report, with everything that was compared.

    Raises:
        GradientError: with the worst entry and a likely cause.
    """
    report = check_gradients(fn, *inputs, **options)
    if not report:
        raise GradientError(str(report))
    return report


def check_gradients(
    fn: Callable[..., Tensor],
    *inputs: ArrayLike,
    order: int = 2,
    h: float = 1e-5,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    elements: int = 100,
    seed: int = 0,
) -> Report:
    """As `gradcheck`, but returns the report of a wrong gradient too.

    Args:
        order: 1, or 2 to check the gradient of the gradient as well.
        h: the step of the differences. rtol, atol: right means |analytic - numeric| <= atol + rtol |numeric|.
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

    settings = (h, rtol, atol, elements, rng)
    findings = _compare(outputs, [u.numpy()], tensors, [names[i] for i in checked], checked, 1, *settings)
    if order == 2 and not any(finding.wrong for finding in findings):

        def slopes(xs: list[Tensor], record: bool) -> list[Tensor]:
            """The gradients; from a recorded pass to be differentiated, from an ordinary one to be measured."""
            *given, upstream = xs
            wanted = [given[i] for i in checked]
            gradients = grad([_call(fn, given)], wanted, [upstream], create_graph=record, allow_unused=True)
            return [g for g in gradients if g is not None]  # None: an input that is not used

        directions = [rng.standard_normal(g.shape) for g in slopes([*tensors, u], False)]
        labels = [*(names[i] for i in checked), "upstream"]
        kinks = {finding.name: finding.kinks for finding in findings}
        findings += _compare(slopes, directions, [*tensors, u], labels, [*checked, len(tensors)], 2, *settings, kinks)
        for finding in findings:
            if finding.wrong:
                finding.cause += "; the first order is right: does the rule use .data, detach or a NumPy function?"
    return Report(getattr(fn, "__name__", type(fn).__name__), findings)


def numeric_derivatives(
    f: Callable[[np.ndarray], float], x: np.ndarray, indices: Iterable[tuple[int, ...]], h: float = 1e-5
) -> np.ndarray:
    """Central differences (f(x + h e) - f(x - h e)) / 2h of a function of one array, entry by entry.

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


def _compare(
    outputs: Callable[[list[Tensor], bool], list[Tensor]],
    directions: list[np.ndarray],
    tensors: list[Tensor],
    names: list[str],
    checked: list[int],
    order: int,
    h: float,
    rtol: float,
    atol: float,
    elements: int,
    rng: np.random.Generator,
    skipped: dict[str, list[tuple[int, ...]]] | None = None,
) -> list[Finding]:
    """Compare the gradient of sum <output, direction> by tensors[i] with differences, for every i in `checked`.

    The sum itself is computed by NumPy: were it made of operations, a sign error in one of them could cancel.
    """
    xs = [tensors[i] for i in checked]
    results = [(y, d) for y, d in zip(outputs(tensors, True), directions, strict=True) if y.requires_grad]
    gradients: list[Tensor | None] = [None] * len(xs)
    if results:
        ys, ds = zip(*results, strict=True)
        gradients = grad(ys, xs, ds, allow_unused=True)
    findings = []
    for name, i, g in zip(names, checked, gradients, strict=True):
        x = tensors[i].numpy().copy()
        analytic = np.zeros_like(x) if g is None else g.numpy()

        def f(array: np.ndarray, i: int = i) -> float:
            moved = Tensor(to_device(array.copy(), tensors[i].device), requires_grad=True)
            ys = outputs([*tensors[:i], moved, *tensors[i + 1 :]], False)
            return float(sum((y.numpy() * d).sum() for y, d in zip(ys, directions, strict=True)))

        finding = Finding(name, order, 0, list((skipped or {}).get(name, [])))
        indices = [index for index in _chosen(x, elements, rng) if index not in finding.kinks]
        numeric = np.full(x.shape, np.nan)
        errors: dict[tuple[int, ...], float] = {}
        for index, slopes in zip(indices, numeric_derivatives(f, x, indices, h), strict=True):
            error = abs(analytic[index] - slopes[0]) / (atol + rtol * abs(slopes[0]))
            if not error <= 1 and _is_kink(f, x, index, slopes, h):
                finding.kinks.append(index)
            else:
                numeric[index] = slopes[0]
                errors[index] = error
        finding.compared = len(errors)
        if finding.kinks and not errors:
            raise GradientError(
                f"gradcheck: every entry of {name} lies at a kink, so nothing could be compared; "
                "choose inputs away from ties and zeros"
            )
        finding.error = max(errors.values(), default=0.0)
        wrong = {k: np.nan_to_num(e, nan=np.inf) for k, e in errors.items() if not e <= 1}
        finding.wrong = sorted(wrong, key=lambda k: -wrong[k])
        if finding.wrong:
            worst = finding.wrong[0]
            finding.analytic, finding.numeric = float(analytic[worst]), float(numeric[worst])
            known = ~np.isnan(numeric)
            whole = known.all()
            finding.cause = likely_cause(*((analytic, numeric) if whole else (analytic[known], numeric[known])))
        findings.append(finding)
    return findings


def _is_kink(
    f: Callable[[np.ndarray], float], x: np.ndarray, index: tuple[int, ...], slopes: np.ndarray, h: float
) -> bool:
    """Whether the function has no derivative at or within h of an entry.

    On a smooth function the two one-sided slopes differ by h f'', ten times less for a step of h / 10. At a kink they
    differ by as much as before, and at a jump they are ten times as large.
    """
    finer = numeric_derivatives(f, x, [index], h / 10)[0]
    if abs(finer[0]) > 5 * abs(slopes[0]) > KINK / h:
        return True
    gap, finer_gap = abs(slopes[1] - slopes[2]), abs(finer[1] - finer[2])
    if gap <= KINK * (abs(slopes[1]) + abs(slopes[2])):
        return False
    return not 0.03 < finer_gap / gap < 0.3


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
