"""Numbers as people write them in German and English files: 1.234,5 and 1,234.5."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

Style = Literal["de", "en"]

_SPACES = re.compile(r"[\s\u00a0\u202f'’]")
_CURRENCY = re.compile(r"[$€£¥₣₹]|\b(?:EUR|USD|CHF|GBP|JPY)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d[\d.,]*")
_GROUPED: dict[Style, re.Pattern[str]] = {
    "de": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?"),
    "en": re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?"),
}


def parse_number(text: str, style: Style | None = None, *, counts: bool = False) -> float:
    """Read a number. Raises ValueError with the reason.

    What can only be read one way is read that way. 1.234 and 1,234 are read in the `style` of
    the file; without one they are thousands where the metric counts, and refused elsewhere.
    """
    bare = _SPACES.sub("", text).replace("\u2212", "-")
    if not bare:
        raise ValueError("the value is empty; leave the row out where nothing was measured")
    if _CURRENCY.search(text):
        raise ValueError(f"{text.strip()!r} is an amount of money; these figures are no amounts")
    if bare.endswith("%"):
        raise ValueError(f"{text.strip()!r} is a percentage; give the counts it was made of")
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"{text.strip()!r} is no number")
    readings = {written: _read(bare, written) for written in _GROUPED}
    known = {value for value in readings.values() if value is not None}
    if len(known) == 1:
        return known.pop()
    if not known:
        raise ValueError(f"{text.strip()!r} is no number in German or English notation")
    if style is None and counts:
        # 1.234 visits: nobody counts in thousandths.
        return max(known, key=abs)
    if style is None:
        raise ValueError(
            f"{text.strip()!r} can be read in two ways; write it without thousands separators, "
            "or say --numbers de or en"
        )
    value = readings[style]
    assert value is not None, "both readings are known here"
    return value


def find_style(cells: Iterable[tuple[str, bool]]) -> Style | None:
    """Return the notation that a file's numbers are in, None where they do not tell or differ.

    `cells` are (text, counts): a count with a fraction is a slip and tells nothing.
    """
    found: set[Style] = set()
    for text, counts in cells:
        bare = _SPACES.sub("", text)
        if not _NUMBER.fullmatch(bare):
            continue
        german, english = _read(bare, "de"), _read(bare, "en")
        only = german if english is None else english
        if counts and only is not None and not only.is_integer():
            continue
        if german is not None and english is None:
            found.add("de")
        elif english is not None and german is None:
            found.add("en")
    return found.pop() if len(found) == 1 else None


def _read(bare: str, style: Style) -> float | None:
    if not _GROUPED[style].fullmatch(bare):
        return None
    thousands, point = (".", ",") if style == "de" else (",", ".")
    return float(bare.replace(thousands, "").replace(point, "."))
