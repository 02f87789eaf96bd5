"""Things to move: a picture that follows sliders, and a picture that plays.

    def draw(gamma):
        figure, axis = plt.subplots()
        ...
        return figure

    move(draw, gamma=Slider(0, 2, 0.1, start=0.5, label="gamma"))
    animate(draw_frame, 20)

Where no widget can run (without ipywidgets, in a notebook that is only read) there is the picture of the start.
"""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Slider:
    """A number from low to high in steps. start: its first value. label: what stands beside it."""

    low: float
    high: float
    step: float
    start: float
    label: str = ""

    def widget(self, name: str) -> Any:
        """The widget; whole numbers stay whole."""
        import ipywidgets

        whole = all(isinstance(value, int) for value in (self.low, self.high, self.step, self.start))
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        return kind(self.start, min=self.low, max=self.high, step=self.step, **_look(self.label or name))


@dataclass(frozen=True)
class Choice:
    """One of several values. start: the first one. label: what stands beside it."""

    options: Sequence[Any]
    start: Any
    label: str = ""

    def widget(self, name: str) -> Any:
        """The widget."""
        import ipywidgets

        return ipywidgets.Dropdown(options=list(self.options), value=self.start, **_look(self.label or name))


def _look(label: str) -> dict[str, Any]:
    return {
        "description": label,
        "style": {"description_width": "initial"},
        "layout": {"width": "32em", "max_width": "100%"},
    }


def move(draw: Callable[..., "Figure"], **controls: Slider | Choice) -> None:
    """Show a picture that is drawn anew whenever a control is moved.

    Args:
        draw: draws the picture for the controls' values, which it gets by name, and returns it.
        controls: by the names of draw's parameters.
    """
    for name, control in controls.items():
        within = (
            control.start in control.options
            if isinstance(control, Choice)
            else control.low <= control.start <= control.high
        )
        if not within:
            raise ArgumentError(f"move: {name} starts at {control.start!r}, which is not one of its values")
    still = png(draw(**{name: control.start for name, control in controls.items()}))
    try:
        import ipywidgets
    except ImportError:
        return _display({"image/png": _text(still)})
    picture = ipywidgets.Image(value=still, format="png", layout={"max_width": "100%"})
    widgets = {name: control.widget(name) for name, control in controls.items()}

    def redraw(_: object) -> None:
        picture.value = png(draw(**{name: widget.value for name, widget in widgets.items()}))

    for widget in widgets.values():
        widget.observe(redraw, "value")
    box = ipywidgets.VBox([*widgets.values(), picture], layout={"align_items": "flex-start"})
    return _display({**box._repr_mimebundle_(), "image/png": _text(still)})


def animate(draw: Callable[[int], "Figure"], n: int, seconds: float = 0.25) -> None:
    """Show n pictures as an animation that repeats.

    Args:
        draw: draws frame i, the same size for all. n: how many. seconds: for which each is shown; the last one four
            times as long.
    """
    from PIL import Image

    frames = [Image.open(io.BytesIO(png(draw(i), dpi=80))).convert("RGB") for i in range(n)]
    last = io.BytesIO()
    frames[-1].save(last, "PNG")
    colours = [frame.quantize(64) for frame in frames]
    film = io.BytesIO()
    times = [int(1000 * seconds)] * (n - 1) + [int(4000 * seconds)]
    colours[0].save(film, "GIF", save_all=True, append_images=colours[1:], duration=times, loop=0, optimize=True)
    _display({"image/gif": _text(film.getvalue()), "image/png": _text(last.getvalue())})


def png(figure: "Figure", dpi: int = 100) -> bytes:
    """The picture as PNG; closes the figure, so that a notebook does not show it a second time."""
    from matplotlib import pyplot

    file = io.BytesIO()
    figure.savefig(file, dpi=dpi)
    pyplot.close(figure)
    return file.getvalue()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _display(bundle: dict[str, Any]) -> None:
    """Show it in a notebook; elsewhere there is nobody to show it to."""
    try:
        from IPython.display import display
    except ImportError:
        return
    display({"text/plain": "a picture", **bundle}, raw=True)
