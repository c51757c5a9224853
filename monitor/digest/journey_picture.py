"""The customer journey map as a picture, and as a page that holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.digest.canvas import ACCENT, INK, MUTED, PALE, Form, draw, unadorned, without_frame
from monitor.digest.document import text_of
from monitor.digest.journey_page import compose_journey, summary
from monitor.digest.markup import render_html
from monitor.digest.names import phase_name
from monitor.locale.language import Language
from monitor.types.kpis import Journey, Station

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SMALLEST, LARGEST = 40, 900
"""Area of a bubble in square points: of one post, and of the busiest touchpoint."""


def draw_journey(journey: Journey, language: Language, form: Form) -> bytes:
    """Return the map: touchpoints along their phases, satisfaction upwards, bubbles by posts.

    The same journey gives the same bytes. Touchpoints with too few voices are hollow and stand on
    the ground. Raises ImportError without matplotlib (extra `pictures`).
    """
    title = language.say("Customer journey")
    width = max(6.4, 1.3 + 1.15 * len(journey.stations))
    words = f"{title}. {text_of(summary(journey, language))}"
    return draw(lambda axes: _paint(axes, journey, language), (width, 4.6), form, title, words)


def journey_html(journey: Journey, language: Language) -> str:
    """Return a page with the map, its table and the weak spots; nothing is loaded from outside."""
    page = render_html(compose_journey(journey, language))
    svg = draw_journey(journey, language, "svg").decode()
    inline = svg[svg.index("<svg") :].replace("<svg ", '<svg style="max-width:100%" ', 1)
    # Below the first lines, as the first thing that is looked at.
    return page.replace("<table", f"<figure>{inline}</figure>\n<table", 1)


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
    axes.axhline(50, color=MUTED, linewidth=0.5, linestyle=":")
    without_frame(axes, "top", "right", "left")


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
            (min(places) + max(places)) / 2, 107, unadorned(phase_name(phase, language), 24),
            ha="center", fontsize=8, color=INK,
        )  # fmt: skip


def _label(station: Station, language: Language) -> str:
    lines = [unadorned(station.touchpoint.name, 18)]
    if station.few:
        lines.append(language.say("too few voices"))
    if station.touchpoint.owner:
        lines.append(unadorned(station.touchpoint.owner, 18))
    return "\n".join(lines)
