"""The commands: progress (the default), hint, reset, solution, grade."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..errors import ArgumentError
from ..terminal import Parser, attempt
from .course import all_lessons, command_line, find_exercise, place_of
from .exercise_file import function_lines, replace_function
from .grading import grade
from .isolated_process import Limits
from .progress_board import progress
from .shelter import report
from .submissions import read_source


def parser() -> argparse.ArgumentParser:
    """The argument parser; its help is the manual."""
    root = Parser(
        prog="python -m minigen.lessons",
        description="The course: without a command, how far you are and what comes next.",
    )
    where = "the folder of the lessons (default: found from the working directory)"
    root.add_argument("--lessons", metavar="DIR", help=where)
    root.set_defaults(run=_progress)
    commands = root.add_subparsers(metavar="COMMAND")

    hint = commands.add_parser("hint", help="a hint: hint 07.2, then hint 07.2 2, then hint 07.2 3")
    hint.add_argument("exercise", help="its key, like 07.2, or its name")
    hint.add_argument("level", nargs="?", type=int, default=1, choices=(1, 2, 3), help="1, 2 or 3 (default: 1)")
    hint.set_defaults(run=_hint)

    reset = commands.add_parser("reset", help="empty one exercise again; a copy of the old file is kept beside it")
    reset.add_argument("exercise", help="its key, like 07.2, or its name")
    reset.set_defaults(run=_reset)

    solution = commands.add_parser("solution", help="show the reference's answer, after asking")
    solution.add_argument("exercise", help="its key, like 07.2, or its name")
    solution.add_argument("--yes", action="store_true", help="do not ask")
    solution.set_defaults(run=_solution)

    grading = commands.add_parser(
        "grade",
        help="grade a folder of submissions",
        description="Grade submissions, each exercise in a process of its own. "
        "Expects FOLDER/NAME/07_convolution/exercises.py; with --lesson also FOLDER/NAME/exercises.py "
        "or FOLDER/NAME.py.",
    )
    grading.add_argument("folder", help="the submissions: one folder or file for each student")
    grading.add_argument("--lesson", action="append", metavar="NN", help="grade only this lesson (may be repeated)")
    grading.add_argument("--csv", metavar="FILE", default="grades.csv", help="default: grades.csv")
    grading.add_argument("--json", metavar="FILE", default="grades.json", help="with messages; default: grades.json")
    grading.add_argument("--seconds", type=float, default=Limits.seconds, help="time for one exercise (default: 10)")
    grading.add_argument(
        "--memory", type=int, default=Limits.memory, metavar="MIB", help="memory for one exercise (default: 1024)"
    )
    grading.add_argument("--seed", type=int, help="of the random inputs (default: a new one, noted in the JSON file)")
    grading.add_argument("--jobs", type=int, default=2, metavar="N", help="submissions at a time (default: 2)")
    grading.set_defaults(run=_grade)
    for command in (hint, reset, solution, grading):
        command.add_argument("--lessons", metavar="DIR", default=argparse.SUPPRESS, help=where)
    return root


def _progress(args: argparse.Namespace) -> int:
    print(progress(all_lessons(args.lessons), args.lessons))
    return 0


def _hint(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise, args.lessons)
    print(f"{exercise.key} {exercise.function}, hint {args.level} of 3\n\n{exercise.hints[args.level - 1]}\n")
    command = command_line(args.lessons)
    if args.level < 3:
        print(f"more:  {command} hint {exercise.key} {args.level + 1}")
    else:
        print(f"the reference:  {command} solution {exercise.key}")
    print(f"to read again:  {place_of(lesson, args.lessons)}/lesson.ipynb, section {exercise.section!r}")
    return 0


def _reset(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise, args.lessons)
    path, stubs = lesson.exercises_file, lesson.stubs
    if path.exists():
        before = read_source(path)
        kept = path.with_name("exercises.before-reset.txt")
        kept.write_bytes(path.read_bytes())
        try:
            stubs = replace_function(before, exercise.function, stubs)
        except SyntaxError as error:
            raise ArgumentError(
                f"reset: {path} has a syntax error in line {error.lineno}, so its functions cannot be told apart; "
                "correct it, or delete the file and reset again for a new one"
            ) from None
        print(f"the old file is kept as {kept}")
    path.write_text(stubs, encoding="utf-8")
    print(f"{exercise.key} {exercise.function} is empty again in {path}")
    return 0


def _solution(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise, args.lessons)
    if not args.yes:
        question = f"Show the solution of {exercise.key} {exercise.function}? You learn more from a hint. [y/N] "
        try:
            answer = input(question)
        except EOFError:
            answer = ""
            print()
        if answer.strip().lower() not in ("y", "yes"):
            print(f"not shown; a hint: {command_line(args.lessons)} hint {exercise.key}")
            return 1
    first, last = function_lines(lesson.solutions, exercise.function)
    lines = lesson.solutions.splitlines()[first:last]
    print("\n".join(line for line in lines if not line.strip().startswith(("# answer", "# stub:", "# end"))))
    return 0


def _grade(args: argparse.Namespace) -> int:
    limits = Limits(args.seconds, args.memory)
    lessons = all_lessons(args.lessons)
    print(report(), flush=True)
    table = grade(Path(args.folder), lessons, args.lesson, limits, seed=args.seed, jobs=args.jobs)
    table.write_csv(Path(args.csv))
    table.write_json(Path(args.json))
    print(table)
    print(f"wrote {args.csv} and {args.json}")
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status: 0, 1 if the question was declined, 2 after an error."""
    with attempt("minigen.lessons") as outcome:
        args = parser().parse_args(argv)
        outcome.status = args.run(args)
    return outcome.status
