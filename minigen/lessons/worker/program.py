"""The worker's own way: set up, walls up, the submission in, then an answer to every question until the pipe closes."""

import importlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import walls
from .answers import Outcome, call, failure, load, load_siblings
from .functions import rebuilt
from .libraries import Finder, Usage, tried_imports
from .messages import receive, send

REFERENCE = "the reference"  # its file name here: where it lies is nobody's business
AT_HAND = ["random", "decimal", "numpy.random", "numpy.linalg", "numpy.fft"]


def main() -> None:
    """Answer the parent's questions."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):  # what a submission prints goes nowhere
        os.dup2(nothing, standard)
    for name in AT_HAND:  # later the libraries in C that these need may be out of sight
        importlib.import_module(name)
    setup = receive(questions)
    siblings = load_siblings(setup["reference"], REFERENCE, setup["names"], setup["own"]) if "own" in setup else {}
    try:
        for name in walls.WALLS:
            if name in setup["walls"]:
                walls.WALLS[name](setup["view"])
        with open(os.__file__, "rb"):
            pass  # Python must stay in sight, for what the submission imports
    except (OSError, AttributeError) as error:
        return send(answers, f"{name}: {error}")
    if "attempts" in setup:
        return send(answers, walls.attempts(*setup["attempts"]))
    send(answers, "ready")
    walls.limit(setup["memory"], setup["seconds"])
    if "hook" in setup["walls"]:
        watchers = (call.__code__, threading.Thread._bootstrap_inner.__code__)  # type: ignore[attr-defined]
        walls.hook(setup["view"], lambda code: code in watchers)
    answer = _answerer(setup, siblings)
    while (inputs := receive(questions)) is not None:
        send(answers, vars(answer(inputs)))
    return None


def _answerer(setup: dict[str, Any], siblings: dict[str, Any]) -> Callable[[dict[str, Any]], Outcome]:
    """What calls the student's function."""
    own, usage = setup["own"], Usage()
    sys.meta_path.insert(0, Finder(usage, tried_imports(setup["source"])))
    fn: object = None
    try:
        if setup["function"] is None:
            fn = load(setup["source"], setup["filename"], siblings).get(own)
        else:
            fn = rebuilt(setup["function"], siblings, usage)
    except BaseException as error:
        broken = failure(error, setup["filename"])
        return lambda inputs: broken
    usage.reading = False
    if not callable(fn):
        missing = Outcome("raised", error=f"there is no function {own!r} in the file")
        return lambda inputs: missing

    def answer(inputs: dict[str, Any]) -> Outcome:
        usage.used.clear()
        outcome = call(fn, inputs, own, REFERENCE)
        outcome.foreign = [*dict.fromkeys(usage.used), *outcome.foreign][:3]
        return outcome

    return answer
