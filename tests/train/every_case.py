"""A program for mpiexec: every case of test_processes.py on these processes, and the digests of what came of them."""

import sys
from pathlib import Path

from minigen import distributed

from .runs import without_pictures
from .test_processes import CASES, trained

if __name__ == "__main__":
    without_pictures()
    group = distributed.world()
    for case in CASES:
        digest = trained(case, Path(sys.argv[1]) / case, group)
        if group.is_first:
            print(f"{case}: {digest}")
