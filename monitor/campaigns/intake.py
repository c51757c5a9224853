"""Turns rows of files into ideas and votes, or says why a row cannot be taken.

A vote outside the period, or from an account that the rules find too young, is refused here,
with its reason: it was never a vote. Everything that depends on *other* votes (changed,
withdrawn, beyond the cap, joined) is left to the fold, so that the order of rows is of no matter.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from monitor.types.campaigns import Idea, Rules, Vote

DAY_MS = 86_400_000
LONGEST_ID = 200
MOST_LINES_IN_A_RECORD = 50  # a record of a CSV file that is longer has a quote left open

_STEMS = {"cast": False, "withdraw": True, "withdrawn": True, "change": False, "changed": False}
_VALUES = {"up": 1, "down": -1, "yes": 1, "no": -1, "+1": 1, "true": 1}


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a file: its first line, its fields or (where it is broken) the reason."""

    line: int
    fields: Mapping[str, Any] | None
    reason: str = ""
    raw: str = ""


def jsonl_rows(lines: Iterable[str]) -> Iterator[Row]:
    """Yield the records of a JSONL file; a broken line is a row with a reason."""
    loads = json.loads
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text:
            continue
        try:
            fields = loads(text)
        except (ValueError, RecursionError) as error:
            yield Row(number, None, f"no valid JSON: {error}", text)
            continue
        if isinstance(fields, dict):
            yield Row(number, fields, "", text)
        else:
            yield Row(number, None, "a JSON object is needed", text)


def csv_rows(lines: Iterable[str]) -> Iterator[Row]:
    """Yield the records of a CSV file with a header; delimiter ',' or ';' or tab.

    A quote that is never closed would swallow the rest of the file: after so many lines the
    record is given up, its first line is reported and reading goes on with the next.
    """
    waiting = list(lines)
    if not waiting:
        return
    first = waiting[0].lstrip("\ufeff").rstrip("\r\n")
    delimiter = max(",;\t", key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    at = 1
    while at < len(waiting):
        cells, used = _record(waiting, at, delimiter)
        raw = waiting[at].rstrip("\r\n")
        if cells is None:
            yield Row(at + 1, None, "broken quoting: a quote is opened and never closed", raw)
        elif len(cells) > len(header):
            yield Row(at + 1, None, f"{len(cells)} cells where the header has {len(header)}", raw)
        elif any(cells):
            fields = {name: cell for name, cell in zip(header, cells, strict=False) if cell != ""}
            yield Row(at + 1, fields, "", raw)
        at += used


def _record(lines: list[str], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """Return the cells of the record that begins in line `at`, and how many lines it takes."""
    for length in range(1, MOST_LINES_IN_A_RECORD + 1):
        if at + length > len(lines):
            break
        try:
            cells = next(csv.reader(lines[at : at + length], delimiter=delimiter, strict=True), [])
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                continue
            return None, 1
        return cells, length
    return None, 1


def parse_idea(fields: Mapping[str, Any]) -> Idea:
    """Read one idea. Raises ValueError with the reason."""
    title = _plain(fields, "title")
    text = _plain(fields, "text")
    created = fields.get("created_at")
    return Idea(
        idea=_id(fields, "idea"),
        title=title or text[:80],
        text=text,
        author=_optional(fields, "author"),
        created_at=None if created in (None, "") else from_ms(parse_ms(created, "created_at")),
        source=_optional(fields, "source"),
    )


def parse_vote(fields: Mapping[str, Any], rules: Rules) -> Vote:
    """Read one vote and check what can be checked without the others.

    Raises ValueError with the reason.
    """
    at = parse_ms(fields.get("at"), "at")
    _in_time(at, rules)
    created = fields.get("account_created_at")
    account_created_at = None if created in (None, "") else parse_ms(created, "account_created_at")
    _old_enough(at, account_created_at, rules)
    withdraw = _withdraw(fields.get("action"))
    idea, voter = _id(fields, "idea"), _id(fields, "voter")
    vote = fields.get("vote")
    return Vote(
        # A row without an id of its own is known by what it says, so that repeats stay harmless.
        vote=f"{voter}/{idea}/{at}/{withdraw:d}" if vote in (None, "") else _id(fields, "vote"),
        idea=idea,
        voter=voter,
        at=at,
        withdraw=withdraw,
        value=1 if withdraw else _value(fields.get("value"), rules),
        ip=_optional(fields, "ip"),
        device=_optional(fields, "device"),
        referrer=referrer_host(fields.get("referrer")),
        account_created_at=account_created_at,
    )


def parse_ms(value: Any, key: str) -> int:
    """Return ms since 1970 of an RFC 3339 time; without a zone it is UTC.

    Raises ValueError for anything else and for years outside 1990..2200.
    """
    if not isinstance(value, str):
        raise ValueError(f"{key} is {_shown(value)}; needed is a time such as 2026-03-01T08:00:00Z")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"{key} is {_shown(value)}; needed is a time such as 2026-03-01T08:00:00Z"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if not 1990 <= moment.year <= 2200:
        raise ValueError(f"{key} is {_shown(value)}: no year of this program's life")
    return round(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def referrer_host(value: Any) -> str | None:
    """Keep the host of a referrer, or the word given: paths and queries may tell about persons."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip().lower()
    if "@" in text and "//" not in text:
        return None
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        return None
    return (host or "")[:100] or None


def _in_time(at: int, rules: Rules) -> None:
    if at < rules.opens.timestamp() * 1000:
        raise ValueError(f"cast before the vote opened ({rules.opens.isoformat()})")
    if at >= rules.closes.timestamp() * 1000:
        raise ValueError(f"cast after the vote closed ({rules.closes.isoformat()})")


def _old_enough(at: int, created: int | None, rules: Rules) -> None:
    if created is None or not rules.min_account_age_days:
        return  # what is not known is never held against a voter
    if at - created < rules.min_account_age_days * DAY_MS:
        raise ValueError(
            f"account younger than the {rules.min_account_age_days:g} days that the rules ask for"
        )


def _withdraw(action: Any) -> bool:
    if action in (None, ""):
        return False
    known = _STEMS.get(action) if isinstance(action, str) else None
    if known is None:
        raise ValueError(f"action is {_shown(action)}; allowed are cast, withdraw")
    return known


def _value(value: Any, rules: Rules) -> int:
    if value in (None, ""):
        if rules.vote == "stars":
            raise ValueError("value is missing; needed is 1 to 5 stars")
        return 1
    number = _VALUES.get(value.strip().lower(), value) if isinstance(value, str) else value
    try:
        number = int(number) if float(number) == int(float(number)) else None
    except (TypeError, ValueError, OverflowError):
        number = None
    if rules.vote == "updown" and number in (1, -1):
        return int(number)
    most = 5 if rules.vote == "stars" else rules.votes_per_idea
    if rules.vote != "updown" and number is not None and 1 <= number <= most:
        return int(number)
    allowed = "1 or -1" if rules.vote == "updown" else f"1 to {most}" if most > 1 else "1"
    raise ValueError(f"value is {_shown(value)}; allowed is {allowed}")


def _id(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} is missing")
    if len(value) > LONGEST_ID:
        raise ValueError(f"{key} is longer than {LONGEST_ID} signs")
    if not value.isprintable():
        # A line break in an id would forge lines in every list that shows it.
        raise ValueError(f"{key} {_shown(value)} holds a control character")
    return value


def _optional(fields: Mapping[str, Any], key: str) -> str | None:
    value = fields.get(key)
    return None if value in (None, "") else str(value)[:LONGEST_ID]


def _plain(fields: Mapping[str, Any], key: str) -> str:
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{key} is {_shown(value)}; needed is a text")
    return value


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, default=str)[:60]
