"""One language: looks messages up, writes numbers, dates and times its way.

Messages are written in English where they are used; the files of `de/LC_MESSAGES` hold the
German ones. They are read from their source, so that no build step can be forgotten.
"""

from __future__ import annotations

import gettext
import io
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

LANGUAGES = ("de", "en")


class Language:
    """`code` is `de` or `en`; times are shown in the zone that is asked for."""

    def __init__(self, code: str, catalogue: gettext.NullTranslations) -> None:
        self.code = code
        self._catalogue = catalogue
        # British English: days before months, as the European readers of an English digest expect.
        self._locale = Locale.parse("de_DE" if code == "de" else "en_GB")

    def say(self, message: str, /, **facts: object) -> str:
        """Return a message in this language with its facts filled in."""
        return self._catalogue.gettext(message).format(**facts)

    def say_as_is(self, message: str, /) -> str:
        """Return a message without facts; braces in it are only braces."""
        return self._catalogue.gettext(message) if message else ""

    def say_n(self, one: str, many: str, count: int, /, **facts: object) -> str:
        """Return the message that fits the number; `{n}` is the number as written here."""
        message = self._catalogue.ngettext(one, many, count)
        return message.format(n=self.number(count), **facts)

    def number(self, value: float, digits: int = 0) -> str:
        """Write a number: 12,345.6 or 12.345,6."""
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return format_decimal(value, pattern, locale=self._locale)

    def signed(self, value: int) -> str:
        """Write a difference with its sign; no difference is ±0."""
        return "±0" if value == 0 else ("+" if value > 0 else "−") + self.number(abs(value))

    def percent(self, value: float, digits: int = 0) -> str:
        """Write a number of percent: 5 % (with the narrow space that keeps the two together)."""
        return f"{self.number(value, digits)}\u202f%"

    def quoted(self, text: str) -> str:
        """Put a text between the quotation marks of the language."""
        return f"„{text}“" if self.code == "de" else f"“{text}”"

    def day(self, day: date) -> str:
        """Write a day with its weekday: Tue, 3 March 2026."""
        return format_skeleton("yMMMMEd", day, locale=self._locale)

    def short_day(self, day: date) -> str:
        """Write a day without its year: 3 Mar."""
        return format_skeleton("MMMd", day, locale=self._locale)

    def weekday(self, day: date) -> str:
        """Name the weekday."""
        return format_date(day, "EEEE", locale=self._locale)

    def month(self, day: date) -> str:
        """Name the month with its year."""
        return format_date(day, "LLLL y", locale=self._locale)

    def short_month(self, day: date) -> str:
        """Name the month in short: Mar."""
        return format_date(day, "LLL", locale=self._locale)

    def time(self, moment: datetime, timezone: str) -> str:
        """Write the local time of day: 14:32."""
        return format_time(moment.astimezone(ZoneInfo(timezone)), "HH:mm", locale=self._locale)

    def moment(self, moment: datetime, timezone: str) -> str:
        """Write day and local time: 3 Mar, 14:32."""
        local = moment.astimezone(ZoneInfo(timezone))
        return f"{self.short_day(local.date())}, {self.time(moment, timezone)}"

    def duration(self, seconds: float) -> str:
        """Write a span of time with its two largest units that matter: 2 d 4 h, 12 min."""
        minutes = max(0, round(seconds / 60))
        days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
        day, hour, minute = self.say("d"), self.say("h"), self.say("min")
        if days:
            return f"{days} {day} {hours} {hour}" if hours else f"{days} {day}"
        if hours:
            return f"{hours} {hour} {minutes} {minute}" if minutes else f"{hours} {hour}"
        return f"{minutes} {minute}"


@cache
def load_language(code: str) -> Language:
    """Return `de` or `en`; anything else is read as English."""
    if code != "de":
        return Language("en", gettext.NullTranslations())
    found = None
    for source in sorted(files("monitor.locale").joinpath("de/LC_MESSAGES").iterdir(), key=str):
        if source.name.endswith(".po"):
            catalogue = _read(source.read_bytes())
            if found is None:
                found = catalogue
            else:
                found.add_fallback(catalogue)
    return Language("de", found or gettext.NullTranslations())


def _read(source: bytes) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale="de"))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
