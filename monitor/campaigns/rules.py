"""Reads the rules of a campaign (RULES.toml) and fixes them by their hash."""

from __future__ import annotations

import hashlib
import re
import tomllib
from datetime import UTC, date, datetime, time
from typing import Any, TypeVar

from monitor.errors import ConfigError
from monitor.types.campaigns import FAMILIES, TIE_BREAKS, VOTE_KINDS, Rules

_Word = TypeVar("_Word", bound=str)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOP = {
    "name",
    "title",
    "opens",
    "closes",
    "vote",
    "votes_per_person",
    "votes_per_idea",
    "min_account_age_days",
    "tie_break",
    "quorum",
    "appeal_days",
}
_OTHER_NAMES = {
    "age": "account_age",
    "new_accounts": "account_age",
    "young": "account_age",
    "address": "network",
    "addresses": "network",
    "concentration": "network",
    "ip": "network",
    "prefix": "network",
    "devices": "device",
    "bursts": "burst",
    "referrers": "referrer",
    "referer": "referrer",
    "timing": "regularity",
    "rhythm": "regularity",
    "low_activity": "one_idea",
    "newcomers": "one_idea",
    "single_idea": "one_idea",
    "withdraw": "recast",
    "withdrawn": "recast",
    "withdrawals": "recast",
}
_TABLES = {"jury": {"role", "veto_grounds"}, "exclusion": {"families", "need"}}


def rules_hash(text: str) -> str:
    """Return the hash (SHA-256, hex) under which a text of rules stands in the ledger."""
    return hashlib.sha256(text.encode()).hexdigest()


def parse_rules(text: str, *, where: str = "rules") -> Rules:
    """Read a RULES.toml. Raises ConfigError naming the key, what is allowed and where."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError("{where}: no valid TOML: {error}", where=where, error=error) from error
    jury = _table(document, "jury", where)
    exclusion = _table(document, "exclusion", where)
    top = _top(document, where)
    opens, closes = _moment(top, "opens", where), _moment(top, "closes", where)
    if closes <= opens:
        raise ConfigError(
            "{where}: closes ({closes}) must be later than opens",
            where=where,
            closes=closes.isoformat(),
        )
    return Rules(
        name=_name(top, where),
        title=_text(top, "title", where),
        opens=opens,
        closes=closes,
        vote=_choice(top, "vote", VOTE_KINDS, where),
        votes_per_person=int(_number(top, "votes_per_person", 0, 0, where, whole=True)),
        votes_per_idea=int(_number(top, "votes_per_idea", 1, 1, where, whole=True)),
        min_account_age_days=_number(top, "min_account_age_days", 0, 0, where),
        tie_break=_choice(top, "tie_break", TIE_BREAKS, where),
        quorum=int(_number(top, "quorum", 0, 0, where, whole=True)),
        appeal_days=_number(top, "appeal_days", 14, 0, where),
        jury_role=_text(jury, "role", where),
        veto_grounds=_words(jury, "veto_grounds", where),
        families=_families(exclusion, where),
        # One family alone never excludes a vote: that is the promise of the audit.
        need=int(_number(exclusion, "need", 2, 2, where, whole=True)),
        text=text,
    )


def _top(document: dict[str, Any], where: str) -> dict[str, Any]:
    nested = document.pop("campaign", {})
    if not isinstance(nested, dict):
        raise ConfigError("{where}: [campaign] must be a table", where=where)
    double = sorted(set(nested) & set(document))
    if double:
        raise ConfigError(
            "{where}: {double} stands both at top level and under [campaign]",
            where=where,
            double=double[0],
        )
    top = document | nested
    unknown = sorted(set(top) - _TOP)
    if unknown:
        raise ConfigError(
            "{where}: unknown key {unknown!r}; allowed are {top}, [jury] and [exclusion]",
            where=where,
            unknown=unknown[0],
            top=", ".join(sorted(_TOP)),
        )
    return top


def _table(document: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    nested = document.get("campaign")
    holder = nested if isinstance(nested, dict) and name in nested else document
    table = holder.pop(name, {})
    if not isinstance(table, dict):
        raise ConfigError("{where}: [{name}] must be a table", where=where, name=name)
    unknown = sorted(set(table) - _TABLES[name])
    if unknown:
        allowed = ", ".join(sorted(_TABLES[name]))
        raise ConfigError(
            "{where}: unknown key {name}.{unknown}; allowed are {allowed}",
            where=where,
            name=name,
            unknown=unknown[0],
            allowed=allowed,
        )
    return table


def _name(top: dict[str, Any], where: str) -> str:
    name = top.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ConfigError(
            "{where}: name is {name!r}; needed is a short name of letters, digits, '.', '_', '-'",
            where=where,
            name=name,
        )
    return name


def _moment(top: dict[str, Any], key: str, where: str) -> datetime:
    value = top.get(key)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if not isinstance(value, datetime):
        raise ConfigError(
            "{where}: {key} must be a time such as 2026-03-01T00:00:00Z", where=where, key=key
        )
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _number(
    table: dict[str, Any],
    key: str,
    default: float,
    least: float,
    where: str,
    *,
    whole: bool = False,
) -> float:
    value = table.get(key, default)
    wanted = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted) or not value >= least:
        kind = "a whole number" if whole else "a number"
        raise ConfigError(
            "{where}: {key} is {value!r}; needed is {kind} of at least {least:g}",
            where=where,
            key=key,
            value=value,
            kind=kind,
            least=least,
        )
    return float(value)


def _choice(table: dict[str, Any], key: str, allowed: tuple[_Word, ...], where: str) -> _Word:
    value = table.get(key, allowed[0])
    for word in allowed:
        if value == word:
            return word
    raise ConfigError(
        "{where}: {key} is {value!r}; allowed are {allowed}",
        where=where,
        key=key,
        value=value,
        allowed=", ".join(allowed),
    )


def _text(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigError("{where}: {key} must be a text", where=where, key=key)
    return value


def _words(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key, [])
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ConfigError("{where}: {key} must be a list of texts", where=where, key=key)
    return tuple(words)


def _families(exclusion: dict[str, Any], where: str) -> tuple[str, ...]:
    words = _words(exclusion, "families", where) or FAMILIES
    plain = (word.strip().lower().replace("-", "_").replace(" ", "_") for word in words)
    families = tuple(dict.fromkeys(_OTHER_NAMES.get(word, word) for word in plain))
    unknown = [family for family in families if family not in FAMILIES]
    if unknown:
        raise ConfigError(
            "{where}: exclusion.families names {unknown!r}; allowed are {families}",
            where=where,
            unknown=unknown[0],
            families=", ".join(FAMILIES),
        )
    return families
