"""Watches what a notebook draws: which texts of its pictures are too small to read as they are shown.

watch()                # in the notebook, before all else
too_small()            # after the last cell: '' or what is too small
"""

from matplotlib.figure import Figure
from matplotlib.text import Text

COLUMN = 7.7  # inches: 7.5 and the margin that Jupyter adds; wider pictures shrink
LEAST = 9.0  # points
FOUND: dict[str, float] = {}


def watch():
    """From now on, look at each figure when it is drawn."""
    draw = Figure.draw

    def watched(figure, renderer):
        draw(figure, renderer)
        shrunk = min(1.0, COLUMN / figure.get_size_inches()[0])
        for text in figure.findobj(Text):
            if text.get_visible() and text.get_text().strip() and text.get_window_extent(renderer).width > 0:
                size = text.get_fontsize() * shrunk
                if size < LEAST - 0.05 and shown(text, figure):
                    FOUND[text.get_text()[:30]] = size

    Figure.draw = watched


def shown(text, figure):
    """Whether the text is inside the picture, and its axis is on."""
    axes = text.axes
    if axes is not None and not (axes.get_visible() and (axes.axison or text in axes.texts or text is axes.title)):
        return False
    x, y = text.get_window_extent().get_points().mean(axis=0)
    return 0 <= x <= figure.bbox.width and 0 <= y <= figure.bbox.height


def too_small():
    """What was found, as text."""
    return "; ".join(f"{text!r} {size:.1f}" for text, size in sorted(FOUND.items(), key=lambda item: item[1])[:8])
