"""Exports that platforms give their users, as tables of columns for `sturmglas import --preset`.

Each table names its origin. Column names follow the exports' English and German headings; an
export in another language is read with `--map`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.types import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How to read one kind of export.

    `columns` lists for each field the headings under which it is found, first match wins.
    `values` translates words: (FIELD, FROM) -> TO. `constants` fill fields that the export has
    no column for. `origin` says where the headings come from, and when they were looked up.
    """

    title: str
    origin: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def mapping(self, headings: Sequence[str]) -> dict[str, str]:
        """Return FIELD -> COLUMN for a file with these headings, as `parse_record` takes it."""
        folded = {heading.strip().casefold(): heading for heading in headings}
        found = {}
        for name, wanted in self.columns.items():
            column = next((folded[w.casefold()] for w in wanted if w.casefold() in folded), None)
            if column is not None:
                found[name] = column
        return found


_STARS = {
    ("rating", word): str(n) for n, word in enumerate(("ONE", "TWO", "THREE", "FOUR", "FIVE"), 1)
}

PRESETS: Mapping[str, Preset] = {
    "meta": Preset(
        title="Meta Business Suite: content export (Facebook and Instagram)",
        origin="Business Suite > Insights > Content > Export data; headings from memory, 2026",
        columns={
            "native_id": ("Post ID", "Beitrags-ID"),
            "text": ("Description", "Title", "Beschreibung", "Titel"),
            "created_at": ("Publish time", "Veröffentlichungszeitpunkt"),
            "url": ("Permalink", "Permanenter Link"),
            "author_id": ("Page ID", "Account ID", "Seiten-ID", "Konto-ID"),
            "author_handle": ("Account username", "Konto-Benutzername"),
            "author_name": ("Page name", "Account name", "Seitenname", "Kontoname"),
            "likes": ("Reactions", "Likes", "Reaktionen", "„Gefällt mir“-Angaben"),
            "replies": ("Comments", "Kommentare"),
            "shares": ("Shares", "Geteilte Inhalte"),
            "views": ("Views", "Impressions", "Aufrufe", "Impressionen"),
        },
        constants={"platform": "facebook", "kind": "post", "author_role": "company"},
    ),
    "youtube-studio": Preset(
        title="YouTube Studio: table of videos",
        origin="Studio > Analytics > Advanced mode > Export; headings from memory, 2026",
        columns={
            "native_id": ("Content", "Video", "Inhalte"),
            "text": ("Video title", "Videotitel"),
            "created_at": ("Video publish time", "Veröffentlichungszeitpunkt des Videos"),
            "views": ("Views", "Aufrufe"),
            "likes": ("Likes", "„Mag ich“-Bewertungen"),
            "replies": ("Comments added", "Comments", "Hinzugefügte Kommentare"),
            "shares": ("Shares", "Geteilte Inhalte"),
        },
        constants={"platform": "youtube", "kind": "post", "author_role": "company"},
    ),
    "trustpilot": Preset(
        title="Trustpilot: service reviews",
        origin="Trustpilot Business > Service reviews > Download; headings from memory, 2026",
        columns={
            "native_id": ("Review Id", "Review ID"),
            "text": ("Review Content", "Review Text"),
            "title": ("Review Title",),
            "created_at": ("Review Created (UTC)", "Review Created", "Created"),
            "author_handle": ("Review Username", "Consumer Username"),
            "author_id": ("Consumer User Id", "Consumer User ID"),
            "rating": ("Review Stars", "Stars"),
            "lang": ("Review Language", "Language"),
            "url": ("Review URL", "Review Url"),
        },
        constants={"platform": "trustpilot", "kind": "review", "rating_max": "5"},
    ),
    "google-reviews": Preset(
        title="Google Business Profile: reviews, from Google Takeout or the API",
        origin="field names of mybusiness.googleapis.com/v4 accounts.locations.reviews, read 2026",
        columns={
            "native_id": ("reviewId", "name", "Review ID"),
            "text": ("comment", "Review", "Comment"),
            "created_at": ("createTime", "Review date", "Date"),
            "edited_at": ("updateTime",),
            "author_name": ("reviewer.displayName", "displayName", "Reviewer"),
            "rating": ("starRating", "Rating", "Stars"),
        },
        constants={"platform": "googlereviews", "kind": "review", "rating_max": "5"},
        values=_STARS,
    ),
}


def apply(preset: Preset, row: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the row with the preset's constants, and the mapping that reads it.

    What the file says itself is never overwritten by a constant.
    """
    mapping = preset.mapping(list(row))
    filled = {**{name: v for name, v in preset.constants.items() if name not in row}, **row}
    return filled, mapping


def translate(
    preset: Preset, rows: Iterable[tuple[int, dict[str, Any] | Rejected]]
) -> Iterator[tuple[int, dict[str, Any] | Rejected]]:
    """Yield the rows of an export under the names of a posts file; other columns stay beside."""
    for line, row in rows:
        if isinstance(row, Rejected):
            yield line, row
            continue
        filled, mapping = apply(preset, row)
        columns = set(mapping.values())
        beside = {name: value for name, value in filled.items() if name not in columns}
        yield line, {**beside, **{name: filled[column] for name, column in mapping.items()}}
