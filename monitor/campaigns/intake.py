"""Turns rows of files into ideas and votes, or says why a row cannot be taken.

A vote outside the period, or from an account that the rules find too young, is refused here,
with its reason: it was never a vote. Everything that depends on *other* votes (changed,
withdrawn, beyond the cap, joined) is left to the fold, so that the order of rows is of no matter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from monitor.types.campaigns import Idea, Rules, Vote

DAY_MS = 86_400_000
LONGEST_ID = 200

_ORIGIN = re.compile(r"(\"?(?:ip|device)\"?\s*:\s*)\"[^\"]*\"?|\d{1,3}(?:\.\d{1,3}){3}")

_STEMS = {"cast": False, "withdraw": True, "withdrawn": True, "change": False, "changed": False}
_VALUES = {"up": 1, "down": -1, "yes": 1, "no": -1, "+1": 1, "true": 1}


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
    # Cut off, never rounded up: a vote of the last moment before the close is in time.
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Return the moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def referrer_host(value: Any) -> str | None:
    """Keep the host of a referrer, or the word given: paths and queries may tell about persons."""
    return _host(value) if isinstance(value, str) and value.strip() else None


@lru_cache(maxsize=10_000)  # a campaign has few referrers, and each vote names one
def _host(value: str) -> str | None:
    text = value.strip().lower()
    if "@" in text and "//" not in text:
        return None
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname
    except ValueError:
        return None
    return (host or "")[:100] or None


def without_origin(raw: Any) -> Any:
    """Return a refused row as it may be kept: addresses and devices never lie in clear."""
    if isinstance(raw, Mapping):
        return {
            key: "(not kept)" if key in ("ip", "device") and value else value
            for key, value in raw.items()
        }
    return _ORIGIN.sub("(not kept)", raw) if isinstance(raw, str) else None


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
