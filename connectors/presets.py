"""Exports that platforms give their users, as tables of columns for `sturmglas import --preset`.

Each table names its origin. Column names follow the exports' English and German headings; an
export in another language is read with `--map`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connectors.errors import BadResponse
from connectors.types import Rejected

Row = dict[str, Any]

_PATIENCE = 200
"""Rows without any text after which the headings are not those of the export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How to read one kind of export.

    `columns` lists for each field the headings under which it is found, first match wins; of
    several columns with a text the longest is it. `values` translates words: (FIELD, FROM) -> TO.
    `constants` fill fields that the export has no column for; those of `constants_with` hold
    where a heading is there. `dates` are further ways (of `strptime`) in which it writes times,
    which are taken as UTC. `totals` are words in place of an id that mark a row of sums.
    `native_id` puts an id together from the row where that takes more than one column.
    `origin` says where the headings come from, and when they were looked up.
    """

    title: str
    origin: str
    columns: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str] = field(default_factory=dict)
    constants_with: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    dates: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    native_id: Callable[[Mapping[str, Any]], str | None] = lambda row: None

    def mapping(self, headings: Sequence[str]) -> dict[str, str]:
        """Return FIELD -> COLUMN for a file with these headings, as `parse_record` takes it."""
        found = {}
        for name in self.columns:
            if columns := self.found(name, headings):
                found[name] = columns[0]
        return found

    def found(self, name: str, headings: Sequence[str]) -> list[str]:
        """Return the columns of a file that hold a field, the first match first."""
        folded = {heading.strip().casefold(): heading for heading in headings}
        wanted = (heading.casefold() for heading in self.columns.get(name, ()))
        return [folded[heading] for heading in wanted if heading in folded]


def _facebook_id(row: Mapping[str, Any]) -> str | None:
    """Posts go by PAGE_POST, as the API names them; the export has both parts."""
    page, post = row.get("Page ID"), row.get("Post ID")
    return f"{page}_{post}" if page and post and "_" not in str(post) else None


_STARS = {
    ("rating", word): str(n) for n, word in enumerate(("ONE", "TWO", "THREE", "FOUR", "FIVE"), 1)
}

PRESETS: Mapping[str, Preset] = {
    "meta": Preset(
        title="Meta Business Suite: content export (Facebook and Instagram)",
        origin="Business Suite > Insights > Content > Export data; English headings as in exports "
        "of 2025 and 2026 that people published, German ones from memory",
        columns={
            "native_id": ("Post ID", "Beitrags-ID"),
            # which of the two holds the caption depends on the type of the post
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
        constants_with={
            "Account username": {"platform": "instagram"},
            "Konto-Benutzername": {"platform": "instagram"},
        },
        dates=("%m/%d/%Y %H:%M",),
        native_id=_facebook_id,
    ),
    "youtube-studio": Preset(
        title="YouTube Studio: table of videos",
        origin="Studio > Analytics > Advanced mode > Export, `Table data.csv`; English headings as "
        "in exports of 2024 to 2026 that people published, German ones from memory",
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
        dates=("%b %d, %Y", "%b %d %Y"),
        totals=("Total", "Gesamt"),
    ),
    "trustpilot": Preset(
        title="Trustpilot: service reviews",
        origin="Trustpilot Business > Service reviews > Download; headings as in exports and their "
        "descriptions of 2023 to 2026 that people published (the export is English only)",
        columns={
            "native_id": ("Review Id", "Review ID"),
            "text": ("Review Content", "Review Text"),
            "title": ("Review Title",),
            "created_at": ("Review Created (UTC)", "Review Created", "Created"),
            "author_handle": ("Review Username", "Consumer Username"),
            "author_id": ("Review Consumer User Id", "Consumer User Id"),
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


def apply(
    preset: Preset, row: Mapping[str, object], mapping: Mapping[str, str] | None = None
) -> tuple[dict[str, object], dict[str, str]]:
    """Return the row with the preset's constants, and the mapping that reads it.

    What the file says itself is never overwritten by a constant, and `mapping` (FIELD -> COLUMN,
    a person's) wins over the preset's.
    """
    flat = _flat(row)
    found = {**preset.mapping(list(flat)), **(mapping or {})}
    if "text" not in (mapping or {}):
        texts = preset.found("text", list(flat))
        if texts:
            found["text"] = max(texts, key=lambda column: len(str(flat[column] or "")))
    if native_id := preset.native_id(flat):
        flat[found["native_id"]] = native_id
    if written := found.get("created_at"):
        flat[written] = _moment(flat.get(written), preset.dates)
    constants = dict(preset.constants)
    for heading, special in preset.constants_with.items():
        constants |= special if heading in flat else {}
    return {**{name: v for name, v in constants.items() if name not in flat}, **flat}, found


def translate(
    preset: Preset,
    rows: Iterable[tuple[int, Row | Rejected]],
    mapping: Mapping[str, str] | None = None,
) -> Iterator[tuple[int, Row | Rejected]]:
    """Yield the rows of an export under the names of a posts file; other columns stay beside.

    Rows of sums are left out; a row without text, such as a picture without caption, has an empty
    one. Raises BadResponse, with the headings that were found, where no column holds the text.
    """
    waiting: list[tuple[int, Row | Rejected]] = []
    headings: dict[str, None] = {}
    is_known = False
    for line, row in rows:
        if isinstance(row, Rejected):
            waiting.append((line, row))
            continue
        filled, found = apply(preset, row, mapping)
        if str(filled.get(found.get("native_id", ""))).strip() in preset.totals:
            continue
        # a table's row does not name its empty cells: one text shows that the column is there
        is_known = is_known or found.get("text") in filled
        headings |= dict.fromkeys(map(str, row))
        columns = set(found.values())
        beside = {name: value for name, value in filled.items() if name not in columns}
        named = {name: filled[column] for name, column in found.items() if column in filled}
        waiting.append((line, {"text": "", **beside, **named}))
        if is_known:
            yield from waiting
            waiting.clear()
        elif len(waiting) >= _PATIENCE:
            break
    if headings and not is_known:
        raise BadResponse(
            f"no column of this file holds the text: {preset.title} has it under "
            f"{' or '.join(preset.columns['text'])}, and the file has {', '.join(headings)}; "
            "name it with --map text=COLUMN"
        )
    yield from waiting


def _flat(row: Mapping[str, object]) -> dict[str, Any]:
    """Objects inside of a row, as JSON exports have them, under names such as reviewer.name."""
    flat: dict[str, Any] = {}
    for name, value in row.items():
        flat[name] = value
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": deep for inner, deep in value.items()}
    return flat


def _moment(value: object, dates: Sequence[str]) -> object:
    """A time in a way that only this export writes it, as RFC 3339; anything else as it is."""
    for way in dates:
        try:
            return datetime.strptime(str(value).strip(), way).replace(tzinfo=UTC).isoformat()
        except ValueError:
            continue
    return value
