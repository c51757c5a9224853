"""What servers say about their limits: wishes to wait, and budgets. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from connectors.types import Budget, Json

_EPOCH_SINCE = 1_000_000_000
"""A larger number is a moment in epoch seconds (since 2001), a smaller one a span."""
_STOP_AT_PERCENT = 80.0
"""Meta throttles at 100 % of a usage figure that lags behind: stop well before."""
_META_WAIT_S = 300.0

Headers = Mapping[str, str]


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Read `Retry-After` as seconds from `now`, 0 or more; None where it says nothing.

    Takes seconds, an HTTP date (RFC 9110, 10.2.3), and epoch seconds, as UserVoice sends.
    """
    moment = parse_reset(value, now)
    return None if moment is None else max((moment - now).total_seconds(), 0.0)


def parse_reset(value: str | None, now: datetime) -> datetime | None:
    """Read a reset header in any of its units: seconds from now, epoch seconds, a date.

    One reader for all, as servers that speak the same API differ (Mastodon sends ISO 8601, its
    relatives send epoch seconds).
    """
    text = (value or "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return _parse_date(text)
    try:
        if number > _EPOCH_SINCE:
            return datetime.fromtimestamp(number, UTC)
        return now + timedelta(seconds=max(number, 0.0))
    except (OverflowError, ValueError, OSError):
        return None


def _parse_date(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def find_wait(headers: Headers, body: Json, now: datetime) -> float | None:
    """Find how many seconds a refusing answer wants us to wait, or None.

    Order: `Retry-After`, the wish in the body (Discord, Matrix, Telegram, Discourse), the reset
    header where nothing remains.
    """
    wish = parse_retry_after(headers.get("retry-after"), now)
    if wish is None:
        wish = _find_wait_in_body(body)
    if wish is None:
        wish = parse_retry_after(headers.get("x-ratelimit-reset-after"), now)
    if wish is None:
        budget = parse_budget(headers, now)
        if budget is not None and budget.reset_at is not None:
            wish = max((budget.reset_at - now).total_seconds(), 0.0)
    return wish


def _find_wait_in_body(body: Json) -> float | None:
    if not isinstance(body, dict):
        return None
    for name, per_second in (("retry_after", 1.0), ("retry_after_ms", 1000.0), ("backoff", 1.0)):
        value = body.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
            return value / per_second
    for inner in ("parameters", "error"):
        if (wish := _find_wait_in_body(body.get(inner))) is not None:
            return wish
    extras = body.get("extras")
    wait = extras.get("wait_seconds") if isinstance(extras, dict) else None
    return float(wait) if isinstance(wait, int | float) else None


_NAMES = ("x-ratelimit", "ratelimit", "x-rate-limit")


def parse_budget(headers: Headers, now: datetime) -> Budget | None:
    """Read the limit headers that an answer carries, whatever the platform; None without any."""
    for name in _NAMES:
        remaining = _float(headers.get(f"{name}-remaining"))
        if remaining is None:
            continue
        limit = _float(headers.get(f"{name}-limit"))
        used = _float(headers.get(f"{name}-used"))
        if limit is None and used is not None:
            limit = used + remaining  # Reddit tells no limit
        reset = parse_reset(headers.get(f"{name}-reset"), now)
        return Budget(remaining=remaining, limit=limit, reset_at=reset)
    return _parse_meta_usage(headers, now)


def _parse_meta_usage(headers: Headers, now: datetime) -> Budget | None:
    """Facebook and Instagram tell per cent used; the fullest figure counts."""
    used: list[float] = []
    regain_min = 0.0
    for name in ("x-app-usage", "x-business-use-case-usage"):
        try:
            usage = json.loads(headers.get(name, "null"))
        except ValueError:
            continue
        if not isinstance(usage, dict):
            continue
        rows = [usage] if name == "x-app-usage" else [r for v in usage.values() for r in v]
        for row in rows:
            for key in ("call_count", "total_time", "total_cputime"):
                used.append(float(row.get(key) or 0))
            regain_min = max(regain_min, float(row.get("estimated_time_to_regain_access") or 0))
    if not used:
        return None
    wait_s = regain_min * 60 or (_META_WAIT_S if max(used) >= _STOP_AT_PERCENT else 0.0)
    reset = now + timedelta(seconds=wait_s) if wait_s else None
    # past the line nothing remains, though Meta itself would allow a little more
    remaining = 0.0 if wait_s else 100 - max(used)
    return Budget(remaining=remaining, limit=100.0, reset_at=reset, unit="percent")


def _float(value: str | None) -> float | None:
    try:
        return float((value or "").split(",")[0])
    except ValueError:
        return None


def spread(budget: Budget | None, now: datetime) -> float:
    """Seconds to wait before the next request so that the rest lasts until the reset.

    0 while more than a tenth of the limit is left: slowing down begins before the wall.
    """
    if budget is None or budget.reset_at is None:
        return 0.0
    to_reset = max((budget.reset_at - now).total_seconds(), 0.0)
    if budget.remaining <= 0:
        return to_reset
    if budget.limit and budget.remaining / budget.limit < 0.1:
        return to_reset / budget.remaining
    return 0.0
