"""The check of one exercise: calls it on every case, and tells the student what is wrong.

`examine` does not know how the student's function is run: it is given a function that takes inputs and returns an
`Outcome`. A student's answer runs in another process (`verdicts`); an author's, which is trusted, may run in this one
(`check_function`, `check_source`). The expected values are computed here in both cases.
"""

import copy
import functools
import inspect
import types
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..autodiff.causes import Audience, likely_cause
from ..autodiff.slopes import numeric_derivatives
from ..errors import ArgumentError
from .course import Exercise, Inputs, Lesson
from .differences import NUMERIC, ROUNDED, Difference, difference, kind_of
from .known_mistakes import known_mistake
from .measures import Measure
from .worker.answers import Outcome, call, load, missing, same, unread
from .worker.messages import Unknown

Run = Callable[[Inputs], Outcome]
CHAIN_RULE = "02"  # the first lesson whose messages may name it; lesson 1 teaches it
STRICT = 1e-9  # relative to the entry itself: only what agrees so well is called right in a message


@dataclass(frozen=True)
class Verdict:
    """The result of a check; true if the exercise is solved, printed as the message.

    Attributes:
        exercise: the one checked. state: 'passed', 'todo' (not written yet) or 'failed'. message: for the student.
    """

    exercise: Exercise
    state: str
    message: str

    def __bool__(self) -> bool:
        return self.state == "passed"

    def __repr__(self) -> str:
        return self.message


def check_function(lesson: Lesson, exercise: Exercise, fn: Callable[..., object], *, seed: int = 0) -> Verdict:
    """Check an author's function, in this process; other exercises' functions that it calls are the reference's."""
    alone = fn
    if isinstance(fn, types.FunctionType):
        around = {**fn.__globals__, **lesson.siblings(exercise.function)}
        alone = types.FunctionType(fn.__code__, around, fn.__name__, fn.__defaults__, fn.__closure__)
        alone.__kwdefaults__ = fn.__kwdefaults__
    own, reference = exercise.function, str(lesson.solutions_file)
    return examine(lesson, exercise, lambda inputs: call(alone, inputs, own, reference), seed=seed)


def check_source(lesson: Lesson, exercise: Exercise, source: str, filename: str, *, seed: int = 0) -> Verdict:
    """Check the exercise's function in the text of an author's file, in this process."""
    try:
        fn = load(source, filename, lesson.siblings(exercise.function)).get(exercise.function)
    except Exception as error:
        broken = unread(error, filename)
        return examine(lesson, exercise, lambda _: broken, seed=seed)
    if not callable(fn):
        return examine(lesson, exercise, lambda _: missing(exercise.function), seed=seed)
    own, reference = exercise.function, str(lesson.solutions_file)
    return examine(lesson, exercise, lambda inputs: call(fn, inputs, own, reference, {filename}), seed=seed)


def examine(
    lesson: Lesson,
    exercise: Exercise,
    run: Run,
    *,
    filename: str = "",
    seed: int = 0,
    again: str = "",
    saved: str = "",
) -> Verdict:
    """Run all cases and report the first one that is wrong.

    Args:
        run: calls the student's function. filename: of the student's file, for messages.
        seed: of the inputs. again: what repeats the check with these inputs, by default `check` with the key.
        saved: when the student's file was saved.
    """
    again = again or f'check("{exercise.key}", seed={seed})'
    cases: list[tuple[str, Inputs, Outcome, object]] = []
    for name, inputs in cases_of(exercise, seed):
        outcome = run(inputs)
        if outcome.state == "unread":
            return Verdict(exercise, "failed", _message_unread(exercise, outcome, filename))
        if outcome.state == "unwritten" and all(done.state == "unwritten" for _, _, done, _ in cases):
            return Verdict(exercise, "todo", unwritten(lesson, exercise, saved, outcome.line))
        cases.append((name, inputs, outcome, right_answer(lesson, exercise, inputs)))
        if outcome.state == "lost":
            break
    measures: dict[str, Measure] = {}
    for name, inputs, outcome, expected in cases:
        found = fault(exercise, inputs, outcome, expected, functools.partial(measures.__setitem__, name))
        if found is None:
            continue
        try:
            mistakes = [answer for answer in lesson.wrong_answers if answer.function == exercise.function]
            known = next(known_mistake(mistakes, [case[1:] for case in cases]), None)
            cause = known.cause if known else found.cause or _generic_cause(exercise, found)
        except Exception:  # values of an answer can be as odd as one likes
            cause = found.cause
        where = ", ".join(filter(None, (filename, outcome.line))) if outcome.line else ""
        return Verdict(exercise, "failed", _message(lesson, exercise, name, inputs, found, cause, where, seed, again))
    head = f"{exercise.key} {exercise.function}: {'goal reached' if measures else 'right'} in all {len(cases)} cases"
    rows = [f"  {name}: {measure}" for name, measure in measures.items()]
    return Verdict(exercise, "passed", "\n".join([f"{head}  (seed {seed}; the same inputs again: {again})", *rows]))


def cases_of(exercise: Exercise, seed: int) -> Iterator[tuple[str, Inputs]]:
    """The name and the inputs of each case.

    At the end the first one comes once more, with other numbers in arrays of the same shapes: a function that
    remembers something from call to call gives itself away. An open task, which takes its time, is spared that.
    """
    key = zlib.crc32(exercise.function.encode())
    cases = [
        (name, draw(np.random.default_rng([seed, n, key]))) for n, (name, draw) in enumerate(exercise.cases.items())
    ]
    yield from cases
    if exercise.measure is None:
        name, first = cases[0]
        drawn = exercise.cases[name](OtherNumbers([seed, 0, key]))  # type: ignore[arg-type]
        arrays = [part for part, value in first.items() if isinstance(value, np.ndarray)]
        again = {**first, **{part: drawn[part] for part in arrays}}
        if all(np.shape(again[part]) == first[part].shape for part in arrays) and not same(again, first):
            yield f"{name}, with other numbers", again


class OtherNumbers:
    """A random generator that repeats the whole numbers and choices of another one, and no others.

    What draws the inputs of a case takes the shapes from those, as a rule, and the entries from the others.
    """

    KEPT = ("integers", "choice", "permutation", "permuted", "shuffle")

    def __init__(self, seed: list[int]) -> None:
        self.same, self.other = np.random.default_rng(seed), np.random.default_rng([*seed, 1])

    def __getattr__(self, name: str) -> Callable[..., object]:
        def draw(*args: object, **named: object) -> object:
            kept = getattr(self.same, name)(*args, **named)
            return kept if name in self.KEPT else getattr(self.other, name)(*args, **named)

        return draw


def right_answer(lesson: Lesson, exercise: Exercise, inputs: Inputs) -> object:
    """The reference's answer; None where several are right."""
    if exercise.judge is not None or exercise.measure is not None:
        return None
    return lesson.reference[exercise.function](*copy.deepcopy(inputs).values())


def fault(
    exercise: Exercise,
    inputs: Inputs,
    outcome: Outcome,
    expected: object,
    note: Callable[[Measure], None] = lambda measure: None,
) -> Difference | None:
    """What is wrong with one outcome; None if nothing is. note: is given the measure of an open task."""
    try:
        return _fault(exercise, inputs, outcome, expected, note)
    except Exception as error:  # values of an answer can be as odd as one likes
        done = "compared" if exercise.measure is None else "measured"
        return Difference(f"returns something that cannot be {done} ({type(error).__name__})")


def _fault(
    exercise: Exercise, inputs: Inputs, outcome: Outcome, expected: object, note: Callable[[Measure], None]
) -> Difference | None:
    if outcome.state == "unwritten":
        return Difference("raises NotImplementedError for these inputs", "one branch is not written yet")
    if outcome.foreign:
        return Difference(
            f"calls {outcome.foreign[0]}",
            "that leaves the work to a library or to the reference: write it yourself, with NumPy",
        )
    if outcome.state in ("raised", "lost"):
        return Difference(f"stops with {outcome.error}" if outcome.state == "raised" else outcome.error)
    entries = sum(np.asarray(part).size for part in (expected if isinstance(expected, tuple) else (expected,)))
    repeated = [name for name, n in outcome.calls.items() if n >= max(8, entries)]
    if exercise.measured is not None and exercise.judge is None and repeated:
        return Difference(
            f"calls {repeated[0]} {outcome.calls[repeated[0]]} times",
            "that is numeric differentiation, which measures the gradient: write the rule instead",
        )
    if exercise.measure is not None:
        found = _unreached(exercise.measure, inputs, outcome.value, note)
    elif exercise.judge is not None:
        complaint = exercise.judge(inputs, outcome.value)
        found = Difference(complaint) if complaint else None
    else:
        found = difference(outcome.value, expected, exercise.tolerance, exercise.results)
        if found and found.cause == NUMERIC and exercise.measured is None:
            found.cause = ROUNDED
    name = next((name for name, value in inputs.items() if not same(value, outcome.after.get(name))), None)
    if name and (found is None or found.index is not None):
        return Difference(f"changes its input {name}", f"work on a copy: {name} = {name}.copy(), and no += on inputs")
    return found


def _is_finite(answer: object) -> bool:
    """Whether no number in it is NaN or infinite."""
    if isinstance(answer, dict):
        return all(map(_is_finite, answer.values()))
    if isinstance(answer, (list, tuple)):
        return all(map(_is_finite, answer))
    if isinstance(answer, (float, np.floating)) or (isinstance(answer, np.ndarray) and answer.dtype.kind == "f"):
        return bool(np.isfinite(answer).all())
    return True


def _unreached(
    measure: Callable[[Inputs, object], Measure], inputs: Inputs, answer: object, note: Callable[[Measure], None]
) -> Difference | None:
    """What keeps an answer to an open task from its goal; None if it reaches it."""
    if answer is None:
        return Difference("returns None", "the `return` at the end is missing")
    if isinstance(answer, Unknown):
        return Difference(f"returns {kind_of(answer)}, expected numbers, arrays, or tuples, lists or dicts of them")
    try:
        if not _is_finite(answer):
            return Difference("is NaN or infinite somewhere")
        found = measure(copy.deepcopy(inputs), answer)
    except ArgumentError as error:
        return Difference(str(error))
    note(found)
    return None if found.reached else Difference(f"does not reach the goal: {found}")


def _generic_cause(exercise: Exercise, found: Difference) -> str:
    """What the numbers suggest, for a mistake that is not among the known ones."""
    if found.index is None or not found.yours.ndim or not found.expected.any():
        return ""
    audience: Audience = "result"
    if exercise.measured:
        audience = "gradient" if exercise.key >= CHAIN_RULE else "first gradient"
    gap = np.abs(found.yours - found.expected)
    doubtful = ~found.wrong & (gap > STRICT * np.abs(found.expected))  # right only beside the largest entry
    return likely_cause(found.yours, np.where(doubtful, np.nan, found.expected), found.wrong, audience)


def unwritten(lesson: Lesson, exercise: Exercise, saved: str = "", line: str = "") -> str:
    """The line for what is not written yet.

    Args:
        saved: when the file was saved; if that is long ago, a change was not. line: the one that says so.
    """
    lines = [f"{exercise.key} {exercise.function}: not written yet  ({lesson.name}/exercises.py)"]
    if saved:
        lines.append(f"  saved   {saved}; if you have written it since, save the file and check again")
    if line:
        lines.append(f"  where   {line}")
    return "\n".join(map(printable, lines))


def _message_unread(exercise: Exercise, outcome: Outcome, filename: str) -> str:
    """For a file that has no function to call: what stops it, and where."""
    lines = [f"{exercise.key} {exercise.function}: {outcome.error}"]
    where = ", ".join(filter(None, (filename, outcome.line)))
    return "\n".join(map(printable, [*lines, *([f"  where   {where}"] if where else [])]))


def _message(
    lesson: Lesson,
    exercise: Exercise,
    case: str,
    inputs: Inputs,
    found: Difference,
    cause: str,
    where: str,
    seed: int,
    again: str,
) -> str:
    rows = [("case", f"{case}: {describe(inputs)}; seed {seed}")]
    if where:
        rows.append(("where", where))
    if found.index is not None:
        rows.append(("worst", _values(lesson, exercise, inputs, found)))
    if cause:
        rows.append(("likely", cause))
    rows.append(("read", f"{lesson.name}/lesson.ipynb, section {exercise.section!r}"))
    rows.append(("again", f"{again} draws the same inputs"))
    rows.append(("next", f"python -m minigen.lessons hint {exercise.key}"))
    lines = [f"{exercise.key} {exercise.function}: {found.what}", *(f"  {k:<8}{v}" for k, v in rows)]
    return "\n".join(map(printable, lines))


def printable(line: str, most: int = 600) -> str:
    """A line without what a terminal or a file could not take; much of it may come from a submission."""
    text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in line[:most])
    return text if max(len(text), len(line)) <= most else text[:most] + "..."


def _values(lesson: Lesson, exercise: Exercise, inputs: Inputs, found: Difference) -> str:
    """The worst entry: yours, and what it should be; for a gradient, also the measured number."""
    assert found.index is not None
    yours, expected = float(found.yours[found.index]), float(found.expected[found.index])
    text = f"[{', '.join(map(str, found.index))}]  " if found.index else ""
    digits = ".6g" if abs(yours - expected) > 1e-4 * abs(expected) else ".15g"
    text += f"yours {yours:+{digits}}  " + ("analytic" if exercise.measured else "expected") + f" {expected:+{digits}}"
    if exercise.measured is not None:
        f, x = exercise.measured(lesson.reference, inputs)[found.part]
        numeric = numeric_derivatives(f, np.array(x, np.float64), [found.index])[0, 0]
        text += f"  numeric {numeric:+.6g}"
    return text + (f"  ratio {yours / expected:.4g}" if expected else "")


def describe(inputs: Inputs) -> str:
    """The inputs in one line: arrays as shapes, the rest as values."""
    return ", ".join(f"{name} {_brief(value)}" for name, value in inputs.items())


def _brief(value: object) -> str:
    if isinstance(value, np.ndarray) and value.size > 4:
        return str(value.shape).replace(" ", "")
    if isinstance(value, np.ndarray):
        return np.array2string(value, precision=4, separator=", ").replace("\n", "")
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def signature(lesson: Lesson, exercise: Exercise) -> str:
    """The exercise's function with its parameters."""
    return exercise.function + str(inspect.signature(lesson.reference[exercise.function]))
