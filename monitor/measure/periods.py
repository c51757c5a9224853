"""Local days, weeks and months as half-open spans; daylight saving handled by the zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.types.digest import Period, PeriodKind, UsualBy


def period_of(kind: PeriodKind, day: date, timezone: str) -> Period:
    """Return the day, the week (from Monday) or the month that `day` lies in."""
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return between(kind, first, first + timedelta(days=7), timezone)
    if kind == "month":
        first = day.replace(day=1)
        return between(kind, first, (first + timedelta(days=32)).replace(day=1), timezone)
    return between("day", day, day + timedelta(days=1), timezone)


def last_days(count: int, day: date, timezone: str) -> Period:
    """Return the `count` local days that end with `day`."""
    return between("days", day - timedelta(days=count - 1), day + timedelta(days=1), timezone)


def between(kind: PeriodKind, first: date, after: date, timezone: str) -> Period:
    """Return the span from midnight of `first` to midnight of `after`, as that zone's clocks go."""
    zone = ZoneInfo(timezone)
    return Period(
        kind,
        datetime.combine(first, time(), zone).astimezone(UTC),
        datetime.combine(after, time(), zone).astimezone(UTC),
        timezone,
    )


def last_complete_day(kind: PeriodKind, now: datetime, timezone: str) -> date:
    """Return a day of the newest period of that kind that is over at `now`."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return period_of(kind, today, timezone).first_day - timedelta(days=1)


def previous(period: Period) -> Period:
    """Return the period before: the day, week, month, or as many days."""
    before = period.first_day - timedelta(days=1)
    if period.kind == "days":
        return last_days(period.days, before, period.timezone)
    return period_of(period.kind, before, period.timezone)


def comparable(period: Period, count: int = 4) -> tuple[tuple[UsualBy, tuple[Period, ...]], ...]:
    """Return choices of what tells the usual, the best first, each oldest first.

    For a day the same weekdays, else the days of the week before; else the periods before.
    """
    if period.kind == "day":
        weeks = [period.first_day - timedelta(days=7 * n) for n in range(count, 0, -1)]
        days = [period.first_day - timedelta(days=n) for n in range(7, 0, -1)]
        return (
            ("weekday", tuple(period_of("day", day, period.timezone) for day in weeks)),
            ("days", tuple(period_of("day", day, period.timezone) for day in days)),
        )
    found = [period]
    while len(found) <= count:
        found.append(previous(found[-1]))
    return (("kind", tuple(found[:0:-1])),)
