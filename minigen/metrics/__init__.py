"""Numbers that say how good a generative model is."""

from .modes import modes_found

__all__ = ["modes_found"]
