"""The story of a digest: load the figures, build it, render it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal, cast

from monitor.digest.build import build_digest
from monitor.digest.values import figure_values
from monitor.errors import UsageError
from monitor.measure.answers import BusinessHours
from monitor.measure.engagement import GOOD
from monitor.measure.ideas import count_statuses, days_to_answer, known_at
from monitor.measure.matrix import build_matrix
from monitor.measure.periods import comparable, last_complete_day, period_of, previous
from monitor.measure.verdicts import precision_by_rule
from monitor.store.alerts import AlertTable
from monitor.store.ballots import Ballots
from monitor.store.campaigns import Campaigns
from monitor.store.database import Database
from monitor.store.figures import FigureTable
from monitor.store.ledger import Ledgers
from monitor.store.store import Store
from monitor.types.alerts import Alert, AlertState
from monitor.types.campaigns import Campaign
from monitor.types.digest import (
    Behind,
    CampaignFigures,
    Cell,
    Digest,
    Explanation,
    Period,
    PeriodKind,
)

if TYPE_CHECKING:
    from monitor.types.kpis import Kpi

Format = Literal["terminal", "html", "text", "markdown", "slack", "json"]
AFTERMATH = timedelta(days=14)
"""So long after its end a campaign stays in the digest: appeals run, votes are doubted."""

FORMATS: tuple[Format, ...] = ("terminal", "html", "text", "markdown", "slack", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What a digest needs to know of the company: its name, zone and what it calls good."""

    company: str = ""
    timezone: str = "UTC"
    good: tuple[float, float] = GOOD
    hours: BusinessHours | None = None


def choose_period(kind: PeriodKind, day: date | None, now: datetime, timezone: str) -> Period:
    """Return the period that `day` lies in, or the newest one that is over."""
    return period_of(kind, day or last_complete_day(kind, now, timezone), timezone)


def make_digest(
    store: Store,
    house: House,
    now: datetime,
    period: Period,
    *,
    as_of: datetime | None = None,
) -> Digest:
    """Return the digest of a period as the store knows it now, or knew it at `as_of`."""
    figures = FigureTable(store.db).load(period, previous(period), comparable(period), as_of)
    read_at = min(as_of or now, period.end)
    alerts = AlertTable(store.db)
    figures = replace(
        figures,
        queue=FigureTable(store.db).load_queue(as_of or now),
        campaigns=load_campaigns(store.db, period, read_at),
        storm_level=_storm_level(alerts, period),
        alerts=load_alerts(alerts, period, read_at),
        precision=precision_by_rule(
            {alert.id: alert.rule for alert in alerts.load_list(until=read_at)},
            [verdict for verdict in alerts.load_verdicts() if verdict.at <= read_at],
        ),
    )
    kpis: tuple[Kpi, ...] = ()
    if period.kind in ("week", "month"):
        from monitor.sheets import kpis_beside

        kpis = kpis_beside(store, figures, previous(period), house.hours)
    return build_digest(
        figures, as_of or now, company=house.company, good=house.good, hours=house.hours, kpis=kpis
    )


def _storm_level(table: AlertTable, period: Period) -> int:
    """Return the storm level of the latest tick where that tick looked at this period."""
    weather = table.load_weather()
    if weather is None:
        return 0
    at, level = weather
    return level if period.start <= at < period.end + timedelta(days=1) else 0


def load_campaigns(db: Database, period: Period, at: datetime) -> tuple[CampaignFigures, ...]:
    """Return the campaigns that ran in a period, or ended shortly before it, as of `at`."""
    running = [
        campaign
        for campaign in Campaigns(db).all()
        if campaign.opened_at is not None
        and campaign.opened_at < period.end
        and campaign.rules.closes + AFTERMATH > period.start
    ]
    return tuple(_campaign(db, campaign, at) for campaign in running)


def _campaign(db: Database, campaign: Campaign, at: datetime) -> CampaignFigures:
    from monitor.campaigns.funnel import still_open
    from monitor.campaigns.tally import count
    from monitor.ledger_lines import is_sound

    ideas = Campaigns(db).ideas(campaign.id)
    known = known_at(ideas, at)
    votes, events = Ballots(db).load(campaign.id), Ledgers(db).events(campaign.id)
    tally = count(votes, campaign.rules, ideas, events, at)
    day_before = count(votes, campaign.rules, ideas, events, at - timedelta(days=1))
    earlier = {line.idea: line.counted for line in day_before.lines}
    gains = sorted(
        ((line.counted - earlier.get(line.idea, 0), line.title) for line in tally.lines),
        key=lambda gain: (-gain[0], gain[1]),
    )
    return CampaignFigures(
        name=campaign.name,
        title=campaign.rules.title or campaign.name,
        ideas=len(known),
        unanswered=len(still_open(known)),
        statuses=count_statuses(known),
        days_to_answer=days_to_answer(known),
        votes_cast=tally.cast,
        votes_counted=tally.counted,
        votes_suspicious=tally.suspicious,
        votes_annulled=tally.annulled,
        ledger_ok=is_sound(db, campaign),
        ledger_checked_at=Ledgers(db).checked_at(campaign.id),
        rising=tuple(f"{title} (+{gain})" for gain, title in gains[:3] if gain > 0),
    )


def load_alerts(table: AlertTable, period: Period, at: datetime) -> tuple[Alert, ...]:
    """Return alerts that were going on in a period, each as it stood at `at`, oldest first."""
    found = table.load_list(since=period.start, until=at)
    return tuple(as_it_stood(alert, table.load_events(alert.id), at) for alert in reversed(found))


def as_it_stood(
    alert: Alert, events: Sequence[tuple[datetime, str, int, str]], at: datetime
) -> Alert:
    """Take back what happened to an alert after `at`. `events` are (at, event, level, state)."""
    past = [event for event in events if event[0] <= at]
    if alert.updated_at <= at or not past:
        return alert
    then, _event, level, state = past[-1]
    return replace(
        alert,
        level=level,
        state=cast("AlertState", state),
        updated_at=then,
        closed_at=alert.closed_at if alert.closed_at and alert.closed_at <= at else None,
        peak_level=max(event[2] for event in past),
    )


def render(digest: Digest, form: Format, language_code: str) -> str:
    """Return a digest in one of the forms that are text; `terminal` is that of `text` here."""
    from monitor.digest.compose import compose
    from monitor.locale.language import load_language

    language = load_language(language_code)
    if form == "json":
        from monitor.digest.as_json import render_json

        return render_json(digest, language)
    document = compose(digest, language)
    if form == "markdown":
        from monitor.digest.markup import render_markdown

        return render_markdown(document)
    if form == "html":
        from monitor.digest.markup import render_html

        return render_html(document)
    if form == "slack":
        from monitor.digest.slack import render_slack

        return render_slack(document)
    from monitor.digest.terminal import render_text

    return render_text(document)


def explain(
    store: Store,
    house: House,
    now: datetime,
    figure: str,
    period: Period,
    *,
    as_of: datetime | None = None,
) -> Explanation:
    """Return a figure of a digest and all posts behind it.

    `topic:NAME` takes a topic's name as the digest writes it. Raises UsageError for a figure that
    the digest does not hold, naming those that it does.
    """
    digest = make_digest(store, house, now, period, as_of=as_of)
    values = figure_values(digest)
    if figure.startswith("topic:"):
        return _explain_topic(store, digest, figure)
    behind = None
    if figure in values:
        behind = FigureTable(store.db).explain(figure, period, previous(period), as_of)
    if behind is None:
        known = ", ".join(name for name in values if name != "posts_usual")
        raise UsageError(
            "{figure}: no figure of this digest; take one of {known}, topic:NAME",
            figure=figure,
            known=known,
        )
    return Explanation(figure=figure, value=values[figure], period=period, posts=behind)


def _explain_topic(store: Store, digest: Digest, figure: str) -> Explanation:
    name = figure.removeprefix("topic:")
    topic = next((t for t in digest.topics if t.name.casefold() == name.casefold()), None)
    if topic is None:
        known = ", ".join(f"topic:{t.name}" for t in digest.topics) or "none on that day"
        raise UsageError("{figure}: no such topic; take one of {known}", figure=figure, known=known)
    posts = FigureTable(store.db).quotes(topic.uids)
    return Explanation(
        figure=figure,
        value=topic.posts,
        period=digest.period,
        posts=tuple(Behind(quote=quote) for quote in posts),
    )


def make_matrix(store: Store, period: Period, *, as_of: datetime | None = None) -> tuple[Cell, ...]:
    """Return the nine cells of a period beside the one before."""
    figures = FigureTable(store.db).load(period, previous(period), (), as_of)
    return build_matrix(figures.cells, figures.previous_cells)
