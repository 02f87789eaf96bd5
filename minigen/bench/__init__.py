"""How fast it is here: CPU against GPU, side by side.

`python -m minigen.bench` measures and reports. `workloads` says which training steps are timed and counts their
arithmetic, `parity` compares the devices' gradients, `measuring` reads the clock, `reporting` draws and prints, and
`commands` is the command line.
"""

from .commands import main

__all__ = ["main"]
