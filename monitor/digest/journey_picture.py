"""The customer journey map as a picture, and as a page that holds it."""

from __future__ import annotations

import io
import re
from html import escape
from typing import TYPE_CHECKING, Literal

from monitor.digest.document import text_of
from monitor.digest.journey_page import compose_journey, phase_name, summary
from monitor.digest.markup import render_html
from monitor.digest.pictures import ACCENT, DPI, INK, MUTED
from monitor.digest.safe import one_line
from monitor.locale.language import Language
from monitor.types.kpis import Journey, Station

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PALE = "#eef2f5"
SMALLEST, LARGEST = 40, 900
"""Area of a bubble in square points: of one post, and of the busiest touchpoint."""


def draw_journey(journey: Journey, language: Language, form: Literal["svg", "png"]) -> bytes:
    """Return the map: touchpoints along their phases, satisfaction upwards, bubbles by posts.

    The same journey gives the same bytes. Touchpoints with too few voices are hollow and stand on
    the ground. Raises ImportError without matplotlib (extra `pictures`).
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Ids in the SVG are made from the salt; text stays text, so that it can be read and searched.
    with mpl.rc_context({"svg.hashsalt": "sturmglas", "svg.fonttype": "none"}):
        width = max(6.4, 1.3 + 1.15 * len(journey.stations))
        figure = Figure(figsize=(width, 4.6), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        _paint(axes, journey, language)
        out = io.BytesIO()
        metadata = {"Software": None} if form == "png" else {"Date": None, "Creator": None}
        figure.savefig(out, format=form, metadata=metadata)
    if form == "png":
        return out.getvalue()
    return _described(out.getvalue().decode(), journey, language).encode()


def journey_html(journey: Journey, language: Language) -> str:
    """Return a page with the map, its table and the weak spots; nothing is loaded from outside."""
    page = render_html(compose_journey(journey, language))
    svg = draw_journey(journey, language, "svg").decode()
    inline = svg[svg.index("<svg") :].replace("<svg ", '<svg style="max-width:100%" ', 1)
    # Below the first lines, as the first thing that is looked at.
    return page.replace("<table", f"<figure>{inline}</figure>\n<table", 1)


def _described(svg: str, journey: Journey, language: Language) -> str:
    """Give the picture a title and a description, for those who do not see it."""
    words = f"{language.say('Customer journey')}. {text_of(summary(journey, language))}"
    told = f"<title>{escape(language.say('Customer journey'))}</title><desc>{escape(words)}</desc>"
    return re.sub(r"(<svg\b[^>]*)>", rf'\1 role="img">{_literal(told)}', svg, count=1)


def _literal(text: str) -> str:
    return text.replace("\\", r"\\")


def _paint(axes: Axes, journey: Journey, language: Language) -> None:
    stations = journey.stations
    most = max((station.posts for station in stations), default=0) or 1
    for n, station in enumerate(stations):
        _station(axes, n, station, most)
    _phases(axes, journey, language)
    axes.set_ylim(-8, 112)
    axes.set_xlim(-0.6, max(len(stations), 1) - 0.4)
    axes.set_yticks(range(0, 101, 25))
    axes.set_ylabel(language.say("satisfied, %"), fontsize=8, color=MUTED)
    axes.set_xticks(range(len(stations)))
    axes.set_xticklabels([_label(s, language) for s in stations], fontsize=7)
    axes.tick_params(labelsize=8, colors=MUTED, length=0)
    axes.axhline(50, color=MUTED, linewidth=0.5, linestyle=":")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _station(axes: Axes, n: int, station: Station, most: int) -> None:
    share = station.satisfaction
    size = SMALLEST + (LARGEST - SMALLEST) * station.posts / most
    if station.few or share.value is None or share.low is None or share.high is None:
        axes.scatter([n], [0], s=size, facecolors="none", edgecolors=MUTED, linestyles="dotted")
        return
    axes.plot([n, n], [100 * share.low, 100 * share.high], color=INK, linewidth=1.2, zorder=3)
    axes.scatter([n], [100 * share.value], s=size, color=ACCENT, alpha=0.75, zorder=2)


def _phases(axes: Axes, journey: Journey, language: Language) -> None:
    """Shade every other phase and name each above its touchpoints."""
    for number, phase in enumerate(journey.phases):
        places = [n for n, s in enumerate(journey.stations) if s.touchpoint.phase == phase]
        if not places:
            continue
        if number % 2 == 0:
            axes.axvspan(min(places) - 0.5, max(places) + 0.5, color=PALE, zorder=0)
        axes.text(
            (min(places) + max(places)) / 2, 107, _plain(phase_name(phase, language), 24),
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip


def _label(station: Station, language: Language) -> str:
    lines = [_plain(station.touchpoint.name, 18)]
    if station.few:
        lines.append(language.say("too few voices"))
    if station.touchpoint.owner:
        lines.append(_plain(station.touchpoint.owner, 18))
    return "\n".join(lines)


def _plain(text: str, limit: int) -> str:
    # A dollar sign would begin a formula.
    return one_line(text, limit).replace("$", r"\$")
