"""The customer's journey: satisfaction at each touchpoint, and where it hurts most."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from monitor.measure.shares import share
from monitor.types.digest import Period
from monitor.types.kpis import GoalState, Journey, Station, Touchpoint, Voices

PHASES = ("activation", "information", "action", "retention")
"""The four phases that need no explanation; other models name theirs in the config."""

UNASSIGNED = ""
"""The phase of a touchpoint that the config does not place."""

ENOUGH = 10
"""Customers who took a side; of fewer a share says next to nothing."""

WEAK = 5
"""Weak spots that are listed at most."""


def build_journey(
    period: Period,
    touchpoints: Sequence[Touchpoint],
    voices: Sequence[Voices],
    today: date,
    *,
    mapped: bool = True,
) -> Journey:
    """Return the map; `voices` go with `touchpoints`.

    Satisfaction is satisfied / (satisfied + dissatisfied) customers. Weak spots are ranked by
    posts x share of dissatisfied; those with too few voices are none.
    """
    phases = phases_of(touchpoints)
    stations = sorted(
        (_station(stop, said, today) for stop, said in zip(touchpoints, voices, strict=True)),
        key=lambda station: phases.index(station.touchpoint.phase),
    )
    weak = sorted(
        (s for s in stations if not s.few and s.weakness > 0),
        key=lambda station: (-station.weakness, station.touchpoint.name),
    )
    return Journey(
        period=period,
        phases=phases,
        stations=tuple(stations),
        weak=tuple(weak[:WEAK]),
        mapped=mapped,
    )


def phases_of(touchpoints: Sequence[Touchpoint]) -> tuple[str, ...]:
    """Return the phases in their order: the four known ones, others as the config names them."""
    named = list(dict.fromkeys(stop.phase for stop in touchpoints))
    if set(named) <= {*PHASES, UNASSIGNED}:
        named = [phase for phase in PHASES if phase in named]
    else:
        named = [phase for phase in named if phase != UNASSIGNED]
    loose = any(stop.phase == UNASSIGNED for stop in touchpoints)
    return (*named, UNASSIGNED) if loose else tuple(named)


def map_sources(sources: Sequence[str]) -> tuple[Touchpoint, ...]:
    """Make every source a touchpoint of its own, for a config that names none."""
    return tuple(Touchpoint(name=name, phase=UNASSIGNED, sources=(name,)) for name in sources)


def _station(stop: Touchpoint, voices: Voices, today: date) -> Station:
    sides = voices.satisfied + voices.dissatisfied
    satisfaction = share(voices.satisfied, sides)
    few = sides < ENOUGH
    return Station(
        touchpoint=stop,
        posts=voices.posts,
        satisfaction=satisfaction,
        few=few,
        weakness=voices.posts * voices.dissatisfied / sides if sides else 0.0,
        goal=None if stop.goal is None else _goal(stop, satisfaction.value, few, today),
        quotes=voices.quotes,
    )


def _goal(stop: Touchpoint, value: float | None, few: bool, today: date) -> GoalState:
    assert stop.goal is not None, "asked only of touchpoints with a goal"
    if not few and value is not None and value >= stop.goal.satisfaction:
        return "reached"
    return "missed" if today > stop.goal.by else "open"
