"""python -m minigen, and the script `minigen`."""

from typing import NoReturn

from .cli import main
from .terminal import run_process


def run() -> NoReturn:
    """The command line as this process."""
    run_process(main)


if __name__ == "__main__":
    run()
