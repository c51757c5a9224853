"""The digest as JSON: the promise to scripts, in no language but the alerts' headlines."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from monitor.alerts.rows import alert_row
from monitor.digest.values import figure_values
from monitor.locale.language import Language
from monitor.types.alerts import Alert
from monitor.types.digest import CampaignFigures, Digest, Rate, SourceDigest
from monitor.types.kpis import Kpi


def render_json(digest: Digest, language: Language) -> str:
    """Return one JSON object on one line."""
    return json.dumps(as_json(digest, language), ensure_ascii=False) + "\n"


def as_json(digest: Digest, language: Language) -> dict[str, Any]:
    """Return the digest as values that JSON knows; times are RFC 3339 in UTC."""
    return {
        "from": moment(digest.period.start),
        "to": moment(digest.period.end),
        "timezone": digest.period.timezone,
        "weather": digest.weather,
        "reasons": [{"reason": r.code, **r.facts} for r in digest.reasons],
        "posts": digest.tally.posts,
        "authors": digest.tally.authors,
        "sources": [_source(source) for source in digest.sources],
        "matrix": [
            {
                "initiator": cell.initiator,
                "kind": cell.kind,
                "posts": cell.posts,
                "previous": cell.previous,
                "sentiment": dict(cell.sentiment),
            }
            for cell in digest.matrix
        ],
        "shifts": [
            {
                "initiator": shift.initiator,
                "kind": shift.kind,
                "share": _rounded(shift.now.value),
                "low": _rounded(shift.now.low),
                "high": _rounded(shift.now.high),
                "previous": _rounded(shift.before.value),
            }
            for shift in digest.shifts
        ],
        "alerts": [alert_json(alert, language) for alert in digest.alerts],
        "ideas": {
            "new": digest.tally.ideas,
            "previous": digest.previous.ideas,
            "posts": [quote.uid for quote in digest.ideas],
            "campaigns": [_campaign(campaign) for campaign in digest.campaigns],
        },
        "moderation": {
            "open": digest.queue.open,
            "overdue": digest.queue.overdue,
            "oldest_at": moment(digest.queue.oldest_at),
            "asked": digest.answers.asked,
            "answered": digest.answers.answered,
            "open_questions": digest.answers.open_now,
            "oldest_question_at": moment(
                digest.answers.oldest.created_at if digest.answers.oldest else None
            ),
            "first_answer_median_s": digest.answers.median_s,
            "first_answer_p90_s": digest.answers.p90_s,
        },
        "topics": [
            {
                "name": topic.name,
                "terms": list(topic.terms),
                "posts": topic.posts,
                "authors": topic.authors,
                "previous": topic.previous,
                "sentiment": dict(topic.sentiment),
                "quotes": [quote.uid for quote in topic.quotes],
            }
            for topic in digest.topics
        ],
        "voices": [
            {"uid": voice.quote.uid, "reasons": list(voice.reasons)} for voice in digest.voices
        ],
        "trend": [
            {
                "from": point.first_day.isoformat(),
                "posts": point.posts,
                "negative": point.negative,
                "public": point.public,
            }
            for point in digest.trend
        ],
        "kpis": [_kpi(kpi) for kpi in digest.kpis],
        "figures": figure_values(digest),
    }


def alert_json(alert: Alert, language: Language) -> dict[str, Any]:
    """Return an alert as `sturmglas alerts --json` tells it."""
    row = alert_row(alert, language.code)
    return {k: moment(v) if isinstance(v, datetime) else v for k, v in row.items()}


def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC, without needless fractions."""
    if at is None:
        return None
    text = at.astimezone(UTC).isoformat().removesuffix("+00:00")
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "Z"


def rate_json(rate: Rate) -> dict[str, Any]:
    """Return a rate in percent with its parts; unknown parts are null."""
    return {
        "value": _rounded(rate.value),
        "numerator": rate.numerator,
        "denominator": rate.denominator,
        "low": _rounded(rate.low),
        "high": _rounded(rate.high),
        "band": rate.band,
        "missing": rate.missing or None,
    }


def _source(source: SourceDigest) -> dict[str, Any]:
    return {
        "source": source.source,
        "posts": source.posts.value,
        "previous": source.posts.previous,
        "sentiment": dict(source.sentiment),
        "engagement": rate_json(source.engagement),
        "coverage": _rounded(source.coverage),
        "state": source.state,
    }


def _campaign(campaign: CampaignFigures) -> dict[str, Any]:
    return {
        "campaign": campaign.name,
        "ideas": campaign.ideas,
        "unanswered": campaign.unanswered,
        "funnel": dict(campaign.statuses),
        "days_to_answer": _rounded(campaign.days_to_answer),
        "votes_cast": campaign.votes_cast,
        "votes_counted": campaign.votes_counted,
        "votes_suspicious": campaign.votes_suspicious,
        "votes_annulled": campaign.votes_annulled,
        "ledger_ok": campaign.ledger_ok,
    }


def _kpi(kpi: Kpi) -> dict[str, Any]:
    now = kpi.now
    return {
        "kpi": kpi.name,
        "value": _rounded(now.value),
        "unit": kpi.unit,
        "numerator": now.numerator,
        "denominator": now.denominator,
        "low": _rounded(now.low),
        "high": _rounded(now.high),
        "needs": list(now.needs),
        "previous": _rounded(kpi.previous.value),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
