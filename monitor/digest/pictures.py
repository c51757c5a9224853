"""Charts of a digest as PNG, because mail programs show nothing else."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from monitor.digest.canvas import ACCENT, DPI, GOOD, INK, MUTED, unadorned, without_frame
from monitor.locale.language import Language
from monitor.types.digest import Digest, SourceDigest

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCES = 12
"""Sources that the chart of rates shows at most: those with the most posts."""


def draw_pictures(digest: Digest, language: Language) -> dict[str, bytes]:
    """Return charts by name; none without matplotlib (extra `pictures`) or anything to draw."""
    if importlib.util.find_spec("matplotlib") is None:
        return {}
    pictures = {}
    if any(posts for _day, posts in digest.days):
        pictures["days"] = _draw(lambda axes: _days(axes, digest, language), height=1.7)
    rated = [s for s in digest.sources if s.engagement.value is not None]
    rated.sort(key=lambda s: (-s.posts.value, s.source))
    if rated:
        shown = rated[:SOURCES]
        pictures["engagement"] = _draw(
            lambda axes: _rates(axes, shown, language), height=0.7 + 0.32 * len(shown)
        )
    return pictures


def _days(axes: Axes, digest: Digest, language: Language) -> None:
    labels = [language.short_day(day) for day, _posts in digest.days]
    values = [posts for _day, posts in digest.days]
    last = digest.period.days
    colours = [MUTED] * (len(values) - last) + [ACCENT] * last
    axes.bar(range(len(values)), values, color=colours, width=0.75)
    step = max(1, len(labels) // 7)
    axes.set_xticks(range(len(labels) - 1, -1, -step))
    axes.set_xticklabels([labels[n] for n in range(len(labels) - 1, -1, -step)])
    axes.set_title(language.say("Posts per day"), loc="left", fontsize=9, color=INK)


def _rates(axes: Axes, sources: Sequence[SourceDigest], language: Language) -> None:
    axes.axvspan(3, 8, color=GOOD)
    for row, source in enumerate(reversed(sources)):
        rate = source.engagement
        assert rate.value is not None
        assert rate.low is not None
        assert rate.high is not None
        axes.plot([rate.low, rate.high], [row, row], color=INK, linewidth=1.5)
        axes.plot([rate.value], [row], "o", color=ACCENT, markersize=5)
    axes.set_yticks(range(len(sources)))
    axes.set_yticklabels([unadorned(s.source, 28) for s in reversed(sources)])
    axes.set_ylim(-0.6, len(sources) - 0.4)
    axes.set_xlim(left=0)
    title = language.say("Engagement rate in %, good band shaded")
    axes.set_title(title, loc="left", fontsize=9, color=INK)


def _draw(paint: Callable[[Axes], None], *, height: float) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, height), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    without_frame(axes, "top", "right", "left")
    paint(axes)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()
