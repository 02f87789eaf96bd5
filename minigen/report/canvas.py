"""matplotlib as it is used here: by its own settings, and only once there is something to draw.

Its files (matplotlibrc) and MPLBACKEND may be meant for another program, and may be broken. Our pictures look the same
everywhere, need no window, and what draws nothing does not import it.
"""

import contextlib
import functools
import logging
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DataError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@functools.cache
def load() -> Any:
    """matplotlib, imported without the window that MPLBACKEND asks for, and without a word about its folders.

    Raises:
        DataError: it cannot be imported.
    """
    log = logging.getLogger("matplotlib")
    level, backend = log.level, os.environ.pop("MPLBACKEND", None)
    log.setLevel(logging.ERROR)  # where it keeps its fonts for want of a home is of no interest here
    try:
        import matplotlib.figure
    except (ImportError, OSError, ValueError) as error:
        raise DataError(
            f"matplotlib: cannot be used ({error}); see to a matplotlibrc in this folder or in MATPLOTLIBRC, "
            "and to MPLCONFIGDIR, a folder that it can write to"
        ) from None
    finally:
        log.setLevel(level)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend is not None:
        with contextlib.suppress(ValueError):
            matplotlib.rcParams["backend"] = backend  # for those who want its windows, as if it had been there
    return matplotlib


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Inside the `with` block, or the function that it decorates, matplotlib has the settings that it comes with."""
    matplotlib = load()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


def new_figure(width: float, height: float, **how: Any) -> "Figure":
    """An empty figure of so many inches.

    Args:
        how: further arguments of matplotlib's Figure.
    """
    figure: Figure = load().figure.Figure(figsize=(width, height), **how)
    return figure
