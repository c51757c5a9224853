"""Values as people write them in `config.toml`: durations, moments, names, time zones."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\s*")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def parse_duration(value: object) -> timedelta:
    """Read `15m`, `6h`, `7d`, `1h 30m`. Raises ValueError with examples."""
    if isinstance(value, timedelta):
        return value
    parts = list(_DURATION.finditer(value)) if isinstance(value, str) else []
    if not parts or "".join(p.group(0) for p in parts) != value:
        raise ValueError("a duration is a number and a unit, such as 90s, 15m, 6h, 7d")
    return sum((float(p[1]) * _UNITS[p[2]] for p in parts), timedelta())


def show_duration(span: timedelta) -> str:
    """Write a duration as `parse_duration` reads it."""
    seconds = span.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:.3f}".rstrip("0").rstrip(".") + "s"


def _is_time_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("no such time zone; names look like Europe/Berlin or UTC")
    return name


def _as_aware(moment: datetime) -> datetime:
    return moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(show_duration, return_type=str)
]
TimeZone = Annotated[str, AfterValidator(_is_time_zone)]
Moment = Annotated[datetime, AfterValidator(_as_aware)]
ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]


class Section(BaseModel):
    """A table of `config.toml`: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
