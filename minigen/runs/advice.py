"""How to go on with a run: a command that can be pasted into a shell, whatever the folder's name is."""

import os
import re
import shlex
import sys
from pathlib import Path
from typing import Any

from .checkpoint import FIVE_MINUTES, Every


def quoted(path: str | Path) -> str:
    """A path as a word for a shell; what a terminal cannot show is written as $'\\xfc', which bash and zsh read."""
    text = str(path)
    if text.startswith("-"):
        text = os.path.join(os.curdir, text)  # or it would be taken for an option
    try:
        text.encode(getattr(sys.stderr, "encoding", None) or "ascii")
        if text.isprintable() and "  " not in text:  # a message is one line, and its spaces are single
            return shlex.quote(text)
    except UnicodeEncodeError:
        pass
    escaped = re.sub(
        r"[^\w@%+=:,./-]", lambda found: f"\\x{ord(found[0]):02x}", os.fsencode(text).decode("latin-1"), flags=re.A
    )
    return f"$'{escaped}'"


def resume_options(
    folder: str | Path, data_dir: str | Path | None = None, every: Every = FIVE_MINUTES, on_nan: str = "stop"
) -> str:
    """The options of `train` that go on with a run: those that its folder does not remember are said again."""
    words = ["--resume", quoted(folder)]
    words += ["--data-dir", quoted(data_dir)] if data_dir is not None else []
    words += ["--checkpoint-every", str(every)] if every != FIVE_MINUTES else []
    words += ["--on-nan", on_nan] if on_nan != "stop" else []
    return " ".join(words)


def resume_command(*arguments: Any) -> str:
    """The command that goes on with a run; arguments as of `resume_options`."""
    return f"python -m minigen train {resume_options(*arguments)}"
