"""Wrong answers made by machine from the references: what a check lets through, it cannot tell from the right answer.

    python -m tests.lessons.mutants 07              # the mutants of lesson 7 that pass its check
    python -m tests.lessons.mutants 07 conv_dx      # those of one exercise

One place of the reference at a time is changed (`changes`): operators, constants, comparisons, calls, loops, branches.
Or the whole function gets a wrapper (`wrappers`): its inputs are clipped, its state survives a call, its result is
clamped. A mutant that no valid input tells apart is listed with the reason in the lesson's wrong.py:

    EQUIVALENT = {
        "output_size: stride at least 1": "a stride is at least 1",
        "*: stride at least 1": "the same, for all exercises of the lesson",
    }
"""

import ast
import copy
import itertools
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minigen.lessons import Exercise, Lesson, all_lessons
from minigen.lessons.checking import cases_of, fault, right_answer
from minigen.lessons.worker.answers import Outcome, load
from tests.lessons.changes import changed
from tests.lessons.wrappers import wrapped

SEEDS = (0, 1, 2)  # the check must fail with each of them: a student draws only one
STEPS = 20_000  # of all loops together; who needs more runs in circles


@dataclass(frozen=True)
class Mutant:
    """A wrong answer. name: function, change and place. make: a new copy of it, without state."""

    name: str
    make: Callable[[], Callable[..., object]]


class Counted(ast.NodeTransformer):
    """Lets every loop count its steps, so that none is endless."""

    def _counted(self, node):
        self.generic_visit(node)
        node.body = [ast.parse("__count__()").body[0], *node.body]
        return node

    visit_For = visit_While = _counted


def mutants_of(lesson: Lesson, exercise: Exercise) -> list[Mutant]:
    """Every mutant of an exercise's reference, each under a name of its own."""
    tree = _bare(next(n for n in ast.parse(lesson.solutions).body if getattr(n, "name", "") == exercise.function))
    made, seen, names = [], {ast.unparse(tree)}, set()

    def add(change: str, make: Callable[[], Callable[..., object]]) -> None:
        name = f"{exercise.function}: {change}"
        numbered = (f"{name} ({i})" if i > 1 else name for i in itertools.count(1))
        name = next(n for n in numbered if n not in names)
        names.add(name)
        made.append(Mutant(name, make))

    for change, mutant in changed(tree):
        text = ast.unparse(mutant)
        if text not in seen:
            seen.add(text)
            code = compile(ast.fix_missing_locations(Counted().visit(ast.parse(text))), "<mutant>", "exec")
            add(change, lambda code=code: _defined(lesson, exercise, code))
    right = lesson.reference[exercise.function]
    for change, wrapper in wrapped([inputs for _, inputs in cases_of(exercise, 0)], right, ast.unparse(tree)):
        add(change, lambda wrapper=wrapper: wrapper(right))
    return made


def _bare(tree: ast.FunctionDef) -> ast.FunctionDef:
    """Without docstring and annotations, which are no code to be wrong."""
    tree = copy.deepcopy(tree)
    tree.returns = None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg != "strict"]
    if isinstance(tree.body[0], ast.Expr) and isinstance(tree.body[0].value, ast.Constant):
        del tree.body[0]
    return tree


def _defined(lesson: Lesson, exercise: Exercise, code: object) -> Callable[..., object]:
    steps = itertools.count()

    def count() -> None:
        if next(steps) > STEPS:
            raise RuntimeError("an endless loop")

    namespace = {**lesson.reference, "__count__": count}
    exec(code, namespace)
    return namespace[exercise.function]


class Check:
    """The check of an exercise for one seed, in this process, which stops at the first wrong case."""

    def __init__(self, lesson: Lesson, exercise: Exercise, seed: int) -> None:
        self.exercise = exercise
        self.cases = [(i, right_answer(lesson, exercise, i)) for _, i in cases_of(exercise, seed)]
        self.order = list(range(len(self.cases)))

    def passes(self, answer: Callable[..., object]) -> bool:
        """Whether an answer is right in all cases; the case that caught the last one comes first."""
        values: dict[int, Outcome] = {}
        if hasattr(answer, "remembers"):  # the order of calls matters
            values = {n: self._call(answer, n) for n in range(len(self.cases))}
        for place, n in enumerate(self.order):
            outcome = values.get(n) or self._call(answer, n)
            if fault(self.exercise, *self._with(n, outcome)) is not None:
                self.order.insert(0, self.order.pop(place))
                return False
        return True

    def _with(self, n: int, outcome: Outcome) -> tuple[object, ...]:
        inputs, expected = self.cases[n]
        return inputs, outcome, expected

    def _call(self, answer: Callable[..., object], n: int) -> Outcome:
        given = copy.deepcopy(self.cases[n][0])
        try:
            return Outcome("returned", copy.deepcopy(answer(*given.values())), after=given)
        except Exception as error:
            return Outcome("raised", error=type(error).__name__)


def equivalents(lesson: Lesson) -> dict[str, str]:
    """What the lesson says no check can find, with the reasons."""
    path = lesson.solutions_file.with_name("wrong.py")
    return dict(load(path.read_text(encoding="utf-8"), str(path), {}).get("EQUIVALENT", {}))


def means(entry: str, name: str) -> bool:
    """Whether an entry of EQUIVALENT stands for this mutant."""
    return entry == name or (entry.startswith("*: ") and entry[3:] == name.partition(": ")[2])


def results(lesson: Lesson, function: str = "") -> dict[str, list[int]]:
    """For every mutant, of one exercise or of all, the seeds with which it passes."""
    found: dict[str, list[int]] = {}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for exercise in lesson.exercises:
            if exercise.measure is not None or function not in ("", exercise.function):
                continue
            checks = {seed: Check(lesson, exercise, seed) for seed in SEEDS}
            for mutant in mutants_of(lesson, exercise):
                found[mutant.name] = [seed for seed, check in checks.items() if check.passes(mutant.make())]
    return found


def faults(lesson: Lesson, function: str = "") -> list[str]:
    """What is to be mended: mutants that pass and are not listed, and entries of the list that are stale."""
    found, listed = results(lesson, function), equivalents(lesson)
    said = []
    for name, seeds in found.items():
        if seeds and not any(means(entry, name) for entry in listed):
            said.append(f"passes: {name}" + ("" if len(seeds) == len(SEEDS) else f"   (only with the seeds {seeds})"))
    for entry in listed:
        seeds = [seeds for name, seeds in found.items() if means(entry, name)]
        if not seeds and not function:
            said.append(f"EQUIVALENT lists what is not made: {entry}")
        said += [f"EQUIVALENT lists what the check finds: {entry}" for passed in seeds if len(passed) < len(SEEDS)]
    return [*said, f"{lesson.name}: {len(found)} mutants"]


def main() -> None:
    """python -m tests.lessons.mutants NN [function]."""
    number, *function = sys.argv[1:]
    for lesson in all_lessons():
        if lesson.number == number:
            print("\n".join(faults(lesson, *function)))


if __name__ == "__main__":
    main()
