"""Story of the record of processing: what the live config means, kept version by version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from monitor.disclosure import PURPOSES, periods
from monitor.privacy.record import changes, country_of, unused_fields
from monitor.privacy.render import render_paper
from monitor.store.records import Records

if TYPE_CHECKING:
    from monitor.app import App
    from monitor.config import NotifySettings


def make_record(app: App, *, keep: bool = True) -> dict[str, Any]:
    """Return the record as the config stands, with what changed since the version before.

    `keep` stores a version that differs from the last one.
    """
    settings = app.settings
    record: dict[str, Any] = {
        "controller": settings.privacy.controller or settings.company.name,
        "contact": settings.privacy.contact,
        "company": settings.company.name,
        "purposes": list(PURPOSES),
        "basis": settings.privacy.lawful_basis,
        "sources": [
            {
                "name": entry.name,
                "platform": app.places.connector(entry.platform).facts.title,
                "place": entry.target or entry.base_url or "",
                "own": entry.own,
            }
            for entry in settings.sources
        ],
        "recipients": [_recipient(entry) for entry in settings.notify],
        "periods": periods(settings),
        "dropped": sorted(settings.privacy.drop),
        "unused": unused_fields(),
        "models": sorted(
            {
                own.transformers
                for label in ("sentiment", "initiator", "kind", "idea", "toxic")
                if (own := getattr(settings.models, label)) is not None
            }
        ),
    }
    records = Records(app.store.db)
    last = records.last()
    found = changes(None if last is None else last[1], record)
    now = app.clock()
    if keep and (last is None or last[1] != record):
        records.save(now, record)
        app.guard.note("record_changed", changes=len(found))
    return record | {
        "made_at": now,
        "before": None if last is None else last[0],
        "changes": found,
        "requests": app.guard.log.count_by_action(),
    }


def render_record(record: Mapping[str, Any], lang: str, *, assessment: bool = False) -> str:
    """Return the record, or the template of the assessment, as Markdown."""
    return render_paper("assessment.md" if assessment else "record.md", lang, record)


def _recipient(entry: NotifySettings) -> dict[str, Any]:
    address = entry.host if entry.kind == "smtp" else entry.base_url
    if entry.kind == "slack" and address is None:
        address = "https://slack.com"
    return {
        "name": entry.name,
        "kind": entry.kind,
        "service": address,
        "country": country_of(address),
        "digest": entry.digest,
    }
