"""python -m minigen.lessons."""

from ..terminal import run_process
from .commands import main

if __name__ == "__main__":
    run_process(main)
