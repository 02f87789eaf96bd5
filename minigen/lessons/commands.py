"""The commands: start, status (the default), check, hint, reset, solution, quiz, capstone, grade."""

import argparse
import itertools
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from ..data import load, locate
from ..data.files import write_whole
from ..errors import ArgumentError, DataError
from ..terminal import Parser, attempt
from .capstone import board, check_capstone
from .course import Exercise, Lesson, all_lessons, find_exercise, find_lesson
from .exercise_file import function_lines, replace_function
from .grading import grade
from .isolated_process import Limits
from .progress_board import progress
from .questions import quiz
from .shelter import report
from .submissions import read_source
from .verdicts import check_workbook
from .workbook import CAPSTONE, Workbook, command_line, start


def parser() -> argparse.ArgumentParser:
    """The argument parser; its help is the manual."""
    root = Parser(
        prog="python -m minigen.lessons",
        description="The course: without a command, how far you are and what comes next.",
    )
    where = "your folder of the course (default: found from the working directory)"
    root.add_argument("--course", metavar="DIR", help=where)
    root.set_defaults(run=_status)
    commands = root.add_subparsers(metavar="COMMAND")
    exercise = "its key, like 07.2, or its name"

    starting = commands.add_parser("start", help="make a folder to work in: notebooks and exercises")
    starting.add_argument("folder", metavar="DIR", help="a new folder, or one to add to; nothing in it is overwritten")
    starting.add_argument(
        "--mnist", action=argparse.BooleanOptionalAction, help="download MNIST if it is missing (default: ask)"
    )
    starting.set_defaults(run=_start)

    status = commands.add_parser("status", help="how far you are, and what comes next")
    status.set_defaults(run=_status)

    checking = commands.add_parser("check", help="check an exercise or a lesson: check 07.2, check 07")
    checking.add_argument("what", metavar="WHAT", help="an exercise's key or name, or a lesson's number")
    checking.add_argument("--seed", type=int, help="of the random inputs (default: a new one, which is said)")
    checking.set_defaults(run=_check)

    hint = commands.add_parser("hint", help="a hint: hint 07.2, then hint 07.2 2, then hint 07.2 3")
    hint.add_argument("exercise", help=exercise)
    hint.add_argument("level", nargs="?", type=int, default=1, choices=(1, 2, 3), help="1, 2 or 3 (default: 1)")
    hint.set_defaults(run=_hint)

    reset = commands.add_parser("reset", help="empty one exercise again; a copy of the old file is kept beside it")
    reset.add_argument("exercise", help=exercise)
    reset.set_defaults(run=_reset)

    solution = commands.add_parser("solution", help="show the reference's answer, after asking")
    solution.add_argument("exercise", help=exercise)
    solution.add_argument("--yes", action="store_true", help="do not ask")
    solution.set_defaults(run=_solution)

    asking = commands.add_parser("quiz", help="five quick questions on a lesson: quiz 07, then quiz 07 b a c d a")
    asking.add_argument("lesson", help="its number")
    asking.add_argument("answers", nargs="*", help="a letter for each question; - skips one")
    asking.set_defaults(run=_quiz)

    project = commands.add_parser("capstone", help="check what a program can check of your capstone")
    project.add_argument("folder", nargs="?", help="it (default: capstone in your folder of the course)")
    project.set_defaults(run=_capstone)

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
    for command in (status, checking, hint, reset, solution, project):
        command.add_argument("--course", metavar="DIR", default=argparse.SUPPRESS, help=where)
    return root


def _start(args: argparse.Namespace) -> int:
    folder = Path(args.folder)
    made = start(folder)
    print(f"{folder}: {len(all_lessons())} lessons, each a notebook and its exercises; {len(made)} files made")
    _offer_mnist(args.mnist)
    print(f"Open them:  cd {shlex.quote(args.folder)}, then `jupyter lab`, then 00_start/lesson.ipynb")
    print(f"How far you are:  {command_line()}, in that folder")
    return 0


def _offer_mnist(wanted: bool | None) -> None:
    """Say which digits the lessons will use; download MNIST if it is missing and wanted (None: ask)."""
    place = locate("mnist")
    if place:
        print(f"data: MNIST, in {place}")
        return
    numbers = [str(int(lesson.number)) for lesson in all_lessons() if lesson.uses("handwritten")]
    print(
        "data: MNIST (28x28) is not here; without it, lessons "
        f"{', '.join(numbers[:-1])} and {numbers[-1]} use the 8x8 digits of minigen"
    )
    if wanted is None and sys.stdin is not None and sys.stdin.isatty():
        try:
            wanted = input("Download MNIST now (12 MB)? [Y/n] ").strip().lower() in ("", "y", "yes")
        except EOFError:
            print()
    if wanted:
        try:
            load("mnist")
            load("mnist", "test")
            print(f"data: MNIST, in {locate('mnist')}")
        except DataError as error:
            print(f"not downloaded: {str(error).split('; ')[0]}; try again later, or set MINIGEN_DATA")
    elif wanted is None:
        print("to download it:  the same command with --mnist")


def _status(args: argparse.Namespace) -> int:
    workbook = Workbook.find(args.course)
    print(progress(workbook, workbook.lessons, args.course))
    return 0


def _check(args: argparse.Namespace) -> int:
    workbook = Workbook.find(args.course)
    wanted: list[tuple[Lesson, Exercise]]
    if re.fullmatch(r"\d+", args.what) or args.what in (lesson.name for lesson in all_lessons()):
        lesson = find_lesson(args.what)
        wanted = [(lesson, exercise) for exercise in lesson.exercises]
    else:
        wanted = [find_exercise(args.what)]
    verdicts = []
    for lesson, exercise in wanted:
        verdicts.append(check_workbook(workbook, lesson, exercise, seed=args.seed))
        message = verdicts[-1].message.replace(command_line(), command_line(args.course))
        print(
            re.sub(r'check\("(\S+)", seed=(\d+)\)', rf"{command_line(args.course)} check \1 --seed \2", message),
            flush=True,
        )
    return 0 if all(verdicts) else 1


def _quiz(args: argparse.Namespace) -> int:
    quiz(args.lesson, " ".join(args.answers), again=f"{command_line()} quiz {{number}} {{letters}}")
    return 0


def _capstone(args: argparse.Namespace) -> int:
    findings = check_capstone(Path(args.folder) if args.folder else Workbook.find(args.course).folder / CAPSTONE)
    print(board(findings))
    return 0 if all(finding.good for finding in findings) else 1


def _hint(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise)
    print(f"{exercise.key} {exercise.function}, hint {args.level} of 3\n\n{exercise.hints[args.level - 1]}\n")
    command = command_line(args.course)
    if args.level < 3:
        print(f"more:  {command} hint {exercise.key} {args.level + 1}")
    else:
        print(f"the reference:  {command} solution {exercise.key}")
    print(f"to read again:  {lesson.name}/lesson.ipynb, section {exercise.section!r}")
    return 0


def _reset(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise)
    path, stubs = Workbook.find(args.course).exercises_file(lesson), lesson.stubs
    if path.exists():
        before = read_source(path)
        kept = next(
            p for n in itertools.count(1) if not (p := path.with_name(f"exercises.before-reset-{n}.txt")).exists()
        )
        kept.write_bytes(path.read_bytes())
        try:
            stubs = replace_function(before, exercise.function, stubs)
        except SyntaxError as error:
            raise ArgumentError(
                f"reset: {path} has a syntax error in line {error.lineno}, so its functions cannot be told apart; "
                "correct it, or delete the file and reset again for a new one"
            ) from None
        print(f"the old file is kept as {kept}")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda path: path.write_text(stubs, encoding="utf-8"))
    print(f"{exercise.key} {exercise.function} is empty again in {path}")
    return 0


def _solution(args: argparse.Namespace) -> int:
    lesson, exercise = find_exercise(args.exercise)
    if not args.yes:
        question = f"Show the solution of {exercise.key} {exercise.function}? You learn more from a hint. [y/N] "
        try:
            answer = input(question)
        except EOFError:
            answer = ""
            print()
        if answer.strip().lower() not in ("y", "yes"):
            print(f"not shown; a hint: {command_line(args.course)} hint {exercise.key}")
            return 1
    first, last = function_lines(lesson.solutions, exercise.function)
    lines = lesson.solutions.splitlines()[first:last]
    print("\n".join(line for line in lines if not line.strip().startswith(("# answer", "# stub:", "# end"))))
    return 0


def _grade(args: argparse.Namespace) -> int:
    limits = Limits(args.seconds, args.memory)
    lessons = all_lessons()
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
