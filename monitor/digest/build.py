"""Makes a `Digest` of what the store counted: compares, judges, picks what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import log1p, log10
from statistics import median

from models.types import SENTIMENTS
from monitor.digest.topics import find_topics, pick_different
from monitor.digest.weather import decide_weather
from monitor.measure.answers import BusinessHours, echo_balance, quantile, wait_s
from monitor.measure.engagement import GOOD, engagement_rate
from monitor.measure.matrix import build_matrix
from monitor.measure.matrix_days import find_shifts
from monitor.measure.shares import share
from monitor.types.digest import (
    Answers,
    Change,
    Digest,
    Figures,
    Quote,
    Rate,
    Share,
    SourceDigest,
    SourceTally,
    Tally,
    Trend,
    Voice,
)
from monitor.types.kpis import Kpi

VOICES = 3
NOTABLE = 5
"""Posts that must lie between a day and the usual one before the difference is worth a word."""


def build_digest(
    figures: Figures,
    now: datetime,
    *,
    company: str = "",
    good: tuple[float, float] = GOOD,
    hours: BusinessHours | None = None,
    kpis: Sequence[Kpi] = (),
) -> Digest:
    """Return the digest of the figures' period as read at `now`.

    `company` is its name; `good` are the percent between which an engagement rate counts as good,
    `hours` those in which an answer may be expected (None: at any time). `kpis` are those of a
    week or a month.
    """
    period, tally = figures.period, figures.tally
    earlier = {s.source: s for s in figures.previous_sources}
    sources = tuple(_source(s, earlier.get(s.source), figures, good) for s in figures.sources)
    posts = compare(tally.posts, figures.previous.posts, figures.usual)
    negative, previous_negative = _negative(tally.public), _negative(figures.previous.public)
    weather, reasons = decide_weather(
        posts=posts,
        negative=negative,
        previous_negative=previous_negative,
        sources=sources,
        alerts=figures.alerts,
        queue=figures.queue,
        campaigns=figures.campaigns,
        storm_level=figures.storm_level,
    )
    matrix = build_matrix(figures.cells, figures.previous_cells)
    read_at = min(now, period.end)
    return Digest(
        company=company,
        period=period,
        weather=weather,
        reasons=reasons,
        tally=tally,
        previous=figures.previous,
        posts=posts,
        usual_by=figures.usual_by,
        negative=negative,
        previous_negative=previous_negative,
        sources=sources,
        matrix=matrix,
        days=figures.days,
        answers=_answers(tally, figures, hours),
        echo_balance=echo_balance(tally.satisfied, tally.dissatisfied),
        topics=find_topics(
            figures.texts,
            figures.previous_texts,
            figures.background,
            names=(company,),
            limit=3 if period.kind == "day" else 5,
        ),
        ideas=figures.ideas,
        campaigns=figures.campaigns,
        queue=figures.queue,
        alerts=figures.alerts,
        precision=figures.precision,
        voices=pick_voices(figures.open_questions, read_at),
        privacy=figures.privacy,
        newest_post_at=figures.newest_post_at,
        shifts=find_shifts(matrix),
        trend=figures.trend,
        kpis=tuple(kpis),
    )


def compare(value: int, previous: int, usual: Sequence[int]) -> Change:
    """Put a number beside the period before and the range of the usual ones.

    It is more (or less) than usual only beyond all of the usual ones, by half and by five posts;
    with fewer than two of them nothing is called usual.
    """
    if len(usual) < 2:
        return Change(value=value, previous=previous)
    middle, low, high = median(usual), min(usual), max(usual)
    trend: Trend = "usual"
    if value > high and value >= 1.5 * middle and value - middle >= NOTABLE:
        trend = "more"
    elif value < low and value <= 0.5 * middle and middle - value >= NOTABLE:
        trend = "less"
    return Change(
        value=value,
        previous=previous,
        usual=float(middle),
        usual_low=low,
        usual_high=high,
        trend=trend,
    )


def pick_voices(questions: Sequence[Quote], now: datetime) -> tuple[Voice, ...]:
    """Return the open posts worth answering first, of different authors, the heaviest first.

    Insults are left out: they wait in the moderation queue, where nobody should start a talk.
    """
    voices = sorted(
        (_voice(quote, now) for quote in questions if not quote.toxic),
        key=lambda voice: (-voice.score, voice.quote.uid),
    )
    picked = pick_different((voice.quote for voice in voices), VOICES)
    return tuple(voice for voice in voices if voice.quote in picked)


def _voice(quote: Quote, now: datetime) -> Voice:
    likes, followers = quote.likes or 0, quote.followers or 0
    waited_h = 0.0
    if quote.created_at is not None:
        waited_h = max(0.0, (now - quote.created_at).total_seconds() / 3600)
    weights = {
        "complaint": 3.0 if quote.sentiment == "negative" else 0.0,
        "question": 2.0 if quote.asks else 0.0,
        "agreed": log1p(likes) if likes >= 3 else 0.0,
        "reach": log10(followers) - 2 if followers >= 1000 else 0.0,
        "waiting": min(waited_h / 24, 1.0) if waited_h >= 24 else 0.0,
        "idea": 0.5 if quote.idea else 0.0,
    }
    reasons = sorted((code for code in weights if weights[code]), key=lambda code: -weights[code])
    return Voice(quote=quote, reasons=tuple(reasons), score=sum(weights.values()))


def _source(
    tally: SourceTally,
    before: SourceTally | None,
    figures: Figures,
    good: tuple[float, float],
) -> SourceDigest:
    length_s = (figures.period.end - figures.period.start).total_seconds()
    return SourceDigest(
        source=tally.source,
        own=tally.own,
        posts=compare(
            tally.posts,
            before.posts if before else 0,
            figures.usual_sources.get(tally.source, ()),
        ),
        sentiment={s: tally.sentiment.get(s, 0) for s in SENTIMENTS},
        negative=_negative(tally.public),
        engagement=_rate(tally, good),
        previous_engagement=_rate(before, good) if before else Rate(missing="counts"),
        coverage=1 - tally.gap_s / length_s,
        state=tally.state,
        error=tally.error,
    )


def _rate(tally: SourceTally, good: tuple[float, float]) -> Rate:
    known = [part for part in (tally.likes, tally.comments) if part is not None]
    # A search for mentions finds strangers' posts: our followers are not their audience.
    followers = tally.followers if tally.own else None
    return engagement_rate(sum(known) if known else None, followers, good)


def _negative(moods: Mapping[str, int]) -> Share:
    return share(moods.get("negative", 0), sum(moods.values()))


def _answers(tally: Tally, figures: Figures, hours: BusinessHours | None) -> Answers:
    waits = [wait_s(asked, answered, hours) for asked, answered in tally.waits]
    dated = [q for q in figures.open_questions if q.created_at is not None]
    return Answers(
        asked=tally.asked,
        answered=tally.answered,
        median_s=quantile(waits, 0.5),
        p90_s=quantile(waits, 0.9),
        oldest=min(dated, key=lambda q: (q.created_at, q.uid), default=None),
        open_now=figures.open_count,
    )
