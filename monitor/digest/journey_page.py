"""The customer's journey as rows for scripts and as a page for people."""

from __future__ import annotations

from typing import Any

from monitor.digest.document import Block, Document, Heading, Line, Pairs, Quotation, Span, Table
from monitor.digest.names import period_name, phase_name
from monitor.digest.safe import masked, one_line, web_address
from monitor.locale.language import Language
from monitor.types.digest import Quote
from monitor.types.kpis import GoalState, Journey, Station

QUOTE = 200
BAR = 20
"""Columns of the bar that shows 0 to 100 %."""


def journey_rows(journey: Journey) -> list[dict[str, Any]]:
    """Return the map as `touchpoints --json` prints it, one row a touchpoint."""
    ranks = {id(station): n for n, station in enumerate(journey.weak, start=1)}
    return [
        {
            "touchpoint": station.touchpoint.name,
            "phase": station.touchpoint.phase or None,
            "owner": station.touchpoint.owner,
            "posts": station.posts,
            "satisfaction": None if station.few else station.satisfaction.value,
            "satisfied": station.satisfaction.numerator,
            "voices": station.satisfaction.denominator,
            "low": station.satisfaction.low,
            "high": station.satisfaction.high,
            "too_few": station.few,
            "weak_rank": ranks.get(id(station)),
            "goal": None
            if (goal := station.touchpoint.goal) is None
            else {
                "satisfaction": goal.satisfaction,
                "by": goal.by.isoformat(),
                "state": station.goal,
            },
            "quotes": [masked(quote.text) for quote in station.quotes],
        }
        for station in journey.stations
    ]


def compose_journey(journey: Journey, language: Language) -> Document:
    """Return the page: the journey as a table, then its weak spots with what people said."""
    blocks: list[Block] = []
    if journey.stations:
        blocks.append(_table(journey, language))
    goals = [station for station in journey.stations if station.goal is not None]
    if goals:
        blocks.append(Heading(language.say("Goals")))
        blocks.append(Pairs(tuple((s.touchpoint.name, _goal(s, language)) for s in goals)))
    for rank, station in enumerate(journey.weak, start=1):
        name = station.touchpoint.name
        blocks.append(Heading(language.say("Weak spot {rank}: {name}", rank=rank, name=name)))
        blocks += [_quotation(quote) for quote in station.quotes]
    footer = (
        ""
        if journey.mapped
        else language.say(
            "Each source is a touchpoint of its own; [[touchpoints]] in config.toml "
            "maps sources and topics to phases."
        )
    )
    return Document(
        language=language.code,
        title=f"{language.say('Customer journey')} · {period_name(journey.period, language)}",
        weather="quiet",
        lead=summary(journey, language),
        blocks=tuple(blocks),
        footer=footer,
    )


def summary(journey: Journey, language: Language) -> Line:
    """Say the map in a sentence: its text alternative, and the first line of its page."""
    if not any(station.posts for station in journey.stations):
        return (Span(language.say("no labelled post of this time is stored")),)
    if not journey.weak:
        return (Span(language.say("no weak spot that enough voices speak of"), "good"),)
    worst = journey.weak[0]
    return (
        Span(language.say("Weakest"), "warn"),
        Span(
            ": "
            + language.say(
                "{name}, {share} satisfied of {voices} voices, {posts} posts",
                name=one_line(worst.touchpoint.name),
                share=language.percent(100 * (worst.satisfaction.value or 0)),
                voices=language.number(worst.satisfaction.denominator),
                posts=language.number(worst.posts),
            )
        ),
    )


def _table(journey: Journey, language: Language) -> Table:
    head = (
        language.say("touchpoint"),
        language.say("satisfied"),
        "0 – 100\u202f%",
        language.say("posts"),
        language.say("owner"),
    )
    rows = tuple(
        (
            (
                Span(station.touchpoint.name, "strong"),
                Span(f" {phase_name(station.touchpoint.phase, language)}", "dim"),
            ),
            satisfied(station, language),
            (Span(bar(station)),),
            (Span(language.number(station.posts)),),
            (Span(station.touchpoint.owner or ""),),
        )
        for station in journey.stations
    )
    return Table(head, rows, right=(3,), spare=(2,))


def satisfied(station: Station, language: Language) -> Line:
    """Write a station's satisfaction with its interval, or that too few spoke."""
    share = station.satisfaction
    if station.few or share.value is None or share.low is None or share.high is None:
        return (
            Span(language.say("too few voices ({n})", n=language.number(share.denominator)), "dim"),
        )
    low, high = language.number(100 * share.low), language.percent(100 * share.high)
    return (
        Span(language.percent(100 * share.value), "bad" if share.high < 0.5 else "strong"),
        Span(f" ({low} – {high})", "dim"),
    )


def bar(station: Station) -> str:
    """Draw satisfaction with its interval on a line from 0 to 100 %."""
    share = station.satisfaction
    if station.few or share.value is None or share.low is None or share.high is None:
        return "·" * BAR
    signs = ["·"] * BAR
    for n in range(round(share.low * (BAR - 1)), round(share.high * (BAR - 1)) + 1):
        signs[n] = "─"
    signs[round(share.value * (BAR - 1))] = "●"
    return "".join(signs)


def _goal(station: Station, language: Language) -> Line:
    goal = station.touchpoint.goal
    assert goal is not None, "asked only of stations with a goal"
    told = language.say(
        "{share} satisfied by {day}: {state}",
        share=language.percent(100 * goal.satisfaction),
        day=f"{language.short_day(goal.by)} {goal.by.year}",
        state=goal_name(station.goal or "open", language),
    )
    return (Span(told, "good" if station.goal == "reached" else "plain"),)


def goal_name(state: GoalState, language: Language) -> str:
    """Say how a goal stands."""
    names = {
        "reached": language.say("reached"),
        "open": language.say("not yet"),
        "missed": language.say("missed"),
    }
    return names[state]


def _quotation(quote: Quote) -> Quotation:
    return Quotation(
        one_line(masked(quote.text), QUOTE), one_line(quote.source), web_address(quote.url)
    )
