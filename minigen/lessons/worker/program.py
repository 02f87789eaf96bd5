"""The worker's own way: set up, walls up, the submission in, then an answer to every question until the pipe closes."""

import importlib
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from . import walls
from .answers import Outcome, call, load_siblings, missing, unread
from .functions import modules, rebuilt
from .libraries import Finder, Usage, stand_for_absent, tried_imports
from .messages import receive, send
from .reading import new_module, read

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
    own, usage, function = setup["own"], Usage(), setup["function"]
    texts = {setup["filename"]: setup["source"]} if function is None else function["texts"]
    text, files = next(iter(texts.values())), set(texts)
    finder = Finder(usage, tried_imports(text))
    sys.meta_path.insert(0, finder)
    finder.stand_for("_posixsubprocess")  # many modules import it, few use it
    for name in [name for name in sys.modules if name.split(".")[0] == __package__]:
        del sys.modules[name]  # what watches a submission does not lie about
    namespace = new_module(setup["filename"]).__dict__
    fn: object = None
    try:
        stand_for_absent(text, finder, modules(function) if function else ())
        if function is None:
            fn = read(text, setup["filename"], siblings, usage, namespace).get(own)
        else:
            fn = rebuilt(function, siblings, usage, namespace)
    except BaseException as error:
        broken = unread(error, setup["filename"])
        return lambda inputs: broken
    usage.reading = False
    if not callable(fn):
        return lambda inputs: missing(own)

    def answer(inputs: dict[str, Any]) -> Outcome:
        usage.used.clear()
        outcome = call(fn, inputs, own, REFERENCE, files)
        outcome.foreign = [*dict.fromkeys(usage.used), *outcome.foreign][:3]
        return outcome

    return answer
