"""The options --period and --date, as every report takes them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from monitor.cli.context import Context
from monitor.errors import UsageError

if TYPE_CHECKING:
    from monitor.types.digest import Period

_SPAN = re.compile(r"([1-9]\d{0,3})d")


def chosen_period(context: Context, kind: str, day: str | None, now: datetime) -> Period:
    """Return the day, week or month that `day` lies in, or so many days up to it.

    Without a day: the newest day, week or month that is over, or days up to today. Raises
    UsageError.
    """
    from monitor.measure.periods import last_days
    from monitor.reporting import choose_period

    zone = context.settings.general.timezone
    chosen = _day(day)
    if kind in ("day", "week", "month"):
        return choose_period(kind, chosen, now, zone)  # type: ignore[arg-type] # one of the three
    span = _SPAN.fullmatch(kind)
    if span is None:
        raise UsageError(
            "--period {kind}: take day, week, month, or a number of days such as 30d", kind=kind
        )
    return last_days(int(span[1]), chosen or now.astimezone(context.settings.zone).date(), zone)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError("--date {text}: no day; write 2026-03-02", text=text) from error
    # The neighbours of a day are looked at too, and time zones need room at both ends.
    if not date(1902, 1, 1) <= day <= date(9990, 1, 1) - timedelta(days=1):
        raise UsageError("--date {text}: take a day between 1902 and 9989", text=text)
    return day
