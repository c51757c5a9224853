"""The record of processing activities (Art. 30 GDPR) as plain values, and what changed in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

HOUSES: Mapping[str, str] = {
    "slack.com": "US", "discord.com": "US", "telegram.org": "AE", "office.com": "US",
    "google.com": "US", "googleapis.com": "US", "gmail.com": "US", "amazonaws.com": "US",
}  # fmt: skip
"""Where the houses behind well-known services sit. Not a statement about their servers."""

EEA = frozenset(
    ("at", "be", "bg", "hr", "cy", "cz", "dk", "ee", "fi", "fr", "de", "gr", "hu", "ie", "it",
     "lv", "lt", "lu", "mt", "nl", "pl", "pt", "ro", "sk", "si", "es", "se", "is", "li", "no",
     "eu")
)  # fmt: skip
CHANGES_FROM = ("sources", "recipients", "periods", "dropped", "purposes", "controller", "basis")
"""Parts of the record of which a change is told."""

KEPT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "author id": ("count people once", "tell the company's answers from others"),
    "handle": ("show who wrote", "find an account for access and erasure"),
    "display name": ("show who wrote",),
    "followers": ("weigh reach in the order of posts",),
    "text, title": ("labels", "search", "digest", "warnings"),
    "former texts": ("show what was edited",),
    "link": ("open the post where it was written",),
    "times": ("every figure",),
    "counters": ("engagement",),
    "thread": ("answers", "initiator"),
    "tags": ("topics",),
    "media": (),
    "platform's answer": ("export of fields that are not ours",),
}
"""What is kept of a post and what it is needed for; an empty use is reported."""


def country_of(address: str | None) -> str:
    """Return where a service sits: a country, `EEA`, `own network` or `unknown`."""
    if not address:
        return "unknown"
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return "unknown"
    if host in ("localhost", "127.0.0.1", "::1") or host.endswith((".local", ".internal", ".lan")):
        return "own network"
    for house, country in HOUSES.items():
        if host == house or host.endswith(f".{house}"):
            return country
    return "EEA" if host.rpartition(".")[2] in EEA else "unknown"


def unused_fields(kept: Mapping[str, Sequence[str]] = KEPT_FIELDS) -> list[str]:
    """Return the kept fields that nothing needs."""
    return [field for field, uses in kept.items() if not uses]


def changes(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> list[str]:
    """Say what differs from the version before, part by part; empty for a first version."""
    if before is None:
        return []
    return [line for part in CHANGES_FROM for line in _changed(part, before.get(part), now[part])]


def _changed(part: str, before: Any, now: Any) -> Iterator[str]:
    if isinstance(now, Mapping) and isinstance(before, Mapping):
        for key in dict.fromkeys((*before, *now)):
            if before.get(key) != now.get(key):
                yield f"{part}.{key}: {before.get(key, '–')} -> {now.get(key, '–')}"
    elif isinstance(now, list) and isinstance(before, list):
        held, named = _by_name(before), _by_name(now)
        yield from (f"{part}: {name} added" for name in named if name not in held)
        yield from (f"{part}: {name} removed" for name in held if name not in named)
        yield from (
            f"{part}: {name} changed"
            for name, value in named.items()
            if name in held and held[name] != value
        )
    elif before != now:
        yield f"{part}: {before or '–'} -> {now or '–'}"


def _by_name(rows: Sequence[Any]) -> dict[str, Any]:
    return {row["name"] if isinstance(row, Mapping) else str(row): row for row in rows}
