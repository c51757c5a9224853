"""Times as platforms and files write them -> aware UTC datetimes."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

FIRST_YEAR = 1990
"""Nobody posted before: an earlier time is a broken clock or a zero in disguise."""
LAST_YEAR = 2100

_GERMAN = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(.+))?")
_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.\d+)?")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_BARE_OFFSET = re.compile(r"([+-]\d{2})(\d{2})$")


def parse_moment(value: object) -> datetime:
    """Read a time: RFC 3339, RFC 822, `DD.MM.YYYY`, or epoch seconds or milliseconds.

    A time without a zone is UTC. `MM/DD/YYYY` is refused, as nobody can tell it from
    `DD/MM/YYYY`. Raises ValueError for anything else and for years outside 1990..2100.
    """
    if isinstance(value, str):
        moment = _parse_text(value)
    elif isinstance(value, datetime):
        moment = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        moment = from_epoch(value)
    else:
        raise ValueError(f"{value!r} is not a time")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"{value!r} lies outside {FIRST_YEAR} to {LAST_YEAR}")
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def from_epoch(value: float) -> datetime:
    """Read seconds since 1970; more than 11 digits before the point are milliseconds.

    Raises ValueError where no calendar reaches.
    """
    seconds = value / 1000 if abs(value) >= 1e11 else value
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise ValueError(f"{value!r} is not a time") from error


def _parse_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    text = text.strip()
    if _EPOCH.fullmatch(text):
        return from_epoch(float(text))
    if german := _GERMAN.fullmatch(text):
        day, month, year, clock = german.groups()
        text = f"{year}-{int(month):02}-{int(day):02}" + (f" {clock.strip()}" if clock else "")
    if text.upper().endswith(" UTC"):
        text = text[:-4] + "+00:00"
    # Google writes nanoseconds, Meta an offset without colon: Python wants neither
    text = _BARE_OFFSET.sub(r"\1:\2", _FRACTION.sub(r"\1", text)) if ":" in text else text
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(
            f"{text[:40]!r} is not a time; write it like 2026-03-02T08:15:00Z"
        ) from error
