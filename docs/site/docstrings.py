"""For mkdocstrings: the library's docstrings, plain text with formulas, as Markdown."""

from typing import Any

import griffe
from formulas import markdown


class Docstrings(griffe.Extension):
    """Rewrites every docstring once the package is read."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called by Griffe."""
        self._rewrite(pkg)

    def _rewrite(self, thing: Any) -> None:
        if thing.docstring:
            thing.docstring.value = markdown(thing.docstring.value)
        for member in thing.members.values():
            if not member.is_alias:
                self._rewrite(member)
