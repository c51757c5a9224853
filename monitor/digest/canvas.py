"""What all drawn pages share: the same bytes for the same input, words in an SVG, its colours."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Literal

from monitor.digest.safe import one_line

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Form = Literal["svg", "png"]

INK, MUTED, ACCENT, GOOD = "#1b232b", "#5b6672", "#0b5cad", "#dcefe3"
PALE = "#eef2f5"
DPI = 160


def draw(
    paint: Callable[[Axes], None], size: tuple[float, float], form: Form, title: str, words: str
) -> bytes:
    """Return a picture of `size` inches; an SVG tells `title` and `words` to who cannot see it.

    Raises ImportError without matplotlib (extra `pictures`).
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Ids in the SVG are made from the salt; text stays text, so that it can be read and searched.
    with mpl.rc_context({"svg.hashsalt": "sturmglas", "svg.fonttype": "none"}):
        figure = Figure(figsize=size, dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        paint(figure.add_subplot())
        out = io.BytesIO()
        metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        figure.savefig(out, format=form, metadata=metadata)
    if form == "png":
        return out.getvalue()
    told = f"<title>{escape(title)}</title><desc>{escape(words)}</desc>".replace("\\", r"\\")
    svg = out.getvalue().decode()
    return re.sub(r"(<svg\b[^>]*)>", rf'\1 role="img">{told}', svg, count=1).encode()


def unadorned(text: str, limit: int) -> str:
    """Return a text on one line that matplotlib reads as words: a dollar begins a formula."""
    return one_line(text, limit).replace("$", r"\$")


def without_frame(axes: Axes, *sides: str) -> None:
    """Take away the frame on these sides, and the ticks' lines."""
    axes.tick_params(labelsize=8, colors=MUTED, length=0)
    for side in sides:
        axes.spines[side].set_visible(False)
