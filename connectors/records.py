"""One row of a posts file -> a word of `connectors.types`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from connectors.moments import parse_moment
from connectors.types import (
    DELETED_REASONS,
    POST_KINDS,
    Account,
    Counts,
    DeletedReason,
    Followers,
    Gap,
    Post,
    PostKind,
)

Row = Mapping[str, Any]
"""A line of a file: field or column name -> value."""

Record = Post | Counts | Followers | Gap

MAX_TEXT = 1_000_000
"""Characters. Longer than any platform allows; to cut it would be a silent loss."""
MAX_COUNT = 2**53
"""Beyond it a counter is no counter (and JSON readers lose digits)."""

# The fields of a posts file, and other names under which exports carry them. A row's own
# field wins over an alias; `--map` wins over both.
FIELDS: dict[str, tuple[str, ...]] = {
    "platform": (),
    "source": (),
    "native_id": ("id",),
    "host": (),
    "url": ("link", "permalink"),
    "kind": (),
    "author_id": (),
    "author_handle": ("author", "username", "user"),
    "author_name": (),
    "author_followers": (),
    "author_role": (),
    "title": (),
    "text": ("body", "message", "content", "comment", "review"),
    "lang": ("language",),
    "created_at": ("date", "timestamp", "time"),
    "seen_at": (),
    "edited_at": (),
    "deleted_at": (),
    "deleted_reason": (),
    "parent_id": ("in_reply_to", "parent"),
    "root_id": ("thread_id",),
    "likes": ("upvotes",),
    "replies": (),
    "shares": (),
    "views": ("impressions",),
    "rating": ("stars",),
    "rating_max": (),
    "tags": (),
    "labels": (),
}
LABEL_VALUES: dict[str, tuple[object, ...]] = {
    "sentiment": ("negative", "neutral", "positive"),
    "initiator": ("company", "customer", "third_party"),
    "kind": ("supply", "demand", "activity"),
    "idea": (True, False),
    "toxic": (True, False),
    "spam": (True, False),
    "relevant": (True, False),
}
_LINE_TYPES = ("followers", "counts", "gap")
_EMPTY = (None, "")


def parse_record(
    row: Row,
    *,
    default_source: str = "",
    mapping: Mapping[str, str] | None = None,
    values: Mapping[tuple[str, str], str] | None = None,
    line: int | None = None,
) -> Record:
    """Read one row: a post, or by its `type` a `followers`, `counts` or `gap` line.

    `default_source` fills rows that name none. `mapping` says which column holds a field
    (FIELD -> COLUMN), `values` how to read a word ((FIELD, FROM) -> TO). Keys that mean nothing
    are kept in `raw`. A row without platform is of platform `file` and its host is its source;
    one without id gets a hash of source, time, author and text, so that a second import of the
    same file adds nothing. Raises ValueError with the reason for a row that cannot be read.
    `line` takes part in messages only.
    """
    if not mapping and not values and row.get("type") in _LINE_TYPES:
        return _parse_line(row, default_source)
    names, known = _plan(tuple(row), tuple(mapping.items()) if mapping else ())
    fields = {field: row[column] for field, column in names}
    if values:
        for (field, word), meaning in values.items():
            if field in fields and str(fields[field]) == word:
                fields[field] = meaning
    extra = {key: value for key, value in row.items() if key not in known}
    try:
        return _parse_post(fields, default_source, extra or None)
    except ValueError as error:
        if line is None or "text" in fields or not extra:
            raise
        raise ValueError(f"{error}; the row has {', '.join(sorted(map(str, extra)))}") from error


@lru_cache(maxsize=256)
def _plan(
    columns: tuple[str, ...], mapping: tuple[tuple[str, str], ...]
) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """Settle once for all rows of one shape which column fills which field."""
    wanted = dict(mapping)
    present = set(columns)
    folded = {str(column).strip().casefold(): column for column in reversed(columns)}
    plan: dict[str, str] = {}
    for field, aliases in FIELDS.items():
        if field in wanted:
            column = wanted[field]
            if column not in present:
                column = folded.get(column.strip().casefold(), "")
            if column:
                plan[field] = column
        elif field in present:
            plan[field] = field
        else:
            found = next((folded[name] for name in (field, *aliases) if name in folded), None)
            if found is not None and found not in wanted.values():
                plan[field] = found
    return tuple(plan.items()), frozenset(plan.values())


def _parse_post(fields: dict[str, Any], default_source: str, extra: Row | None) -> Post:
    get = fields.get
    text = get("text")
    if not isinstance(text, str):
        text = _required_text(text)
    if len(text) > MAX_TEXT:
        raise ValueError(f"text has {len(text):,} characters; the limit is {MAX_TEXT:,}")
    platform = _word(get("platform"), "platform")
    source = _word(get("source"), "source") or default_source
    if not source:
        raise ValueError("the row names no source; add it to the row or give --source NAME")
    host = _word(get("host"), "host")
    if platform is None:
        platform, host = "file", host or source
    if ":" in platform:
        raise ValueError(
            f"platform {platform!r} holds a colon, which parts it from the id in a uid"
        )
    created_at = _moment(get("created_at"), "created_at")
    native_id = _word(get("native_id"), "native_id")
    author = _author(get)
    if native_id is None:
        native_id = _derived_id(source, created_at, author, text)
    parent_id = _word(get("parent_id"), "parent_id")
    if parent_id == native_id:
        raise ValueError(f"{native_id} names itself as its parent")
    rating, rating_max = _number(get("rating"), "rating"), _number(get("rating_max"), "rating_max")
    if rating is not None and rating_max is not None and rating > rating_max:
        raise ValueError(f"rating {rating:g} is above rating_max {rating_max:g}")
    kind = get("kind") or ("comment" if parent_id else "post")
    if kind not in POST_KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(POST_KINDS)}")
    return Post(
        platform=platform,
        source=source,
        native_id=native_id,
        text=text if "\r" not in text else text.replace("\r\n", "\n").replace("\r", "\n"),
        host=host,
        kind=cast("PostKind", kind),
        title=_word(get("title"), "title"),
        url=_word(get("url"), "url"),
        author=author,
        author_role=_word(get("author_role"), "author_role"),
        lang=_word(get("lang"), "lang"),
        created_at=created_at,
        seen_at=_moment(get("seen_at"), "seen_at"),
        edited_at=_moment(get("edited_at"), "edited_at"),
        deleted_at=_moment(get("deleted_at"), "deleted_at"),
        deleted_reason=_deleted_reason(get("deleted_reason")),
        parent_id=parent_id,
        root_id=_word(get("root_id"), "root_id"),
        # a score may be negative (Reddit, Stack Exchange), the other counters cannot
        likes=_count(get("likes"), "likes", -MAX_COUNT),
        replies=_count(get("replies"), "replies"),
        shares=_count(get("shares"), "shares"),
        views=_count(get("views"), "views"),
        rating=rating,
        rating_max=rating_max,
        tags=_tags(get("tags")),
        labels=_labels(get("labels")),
        raw=extra,
    )


def _parse_line(row: Row, default_source: str) -> Record:
    if row["type"] == "counts":
        uid = _word(row.get("uid"), "uid")
        if uid is None or ":" not in uid:
            raise ValueError("a counts line needs a uid like platform:native_id")
        names = ("likes", "replies", "shares", "views")
        found = {
            name: _count(row.get(name), name, -MAX_COUNT if name == "likes" else 0)
            for name in names
        }
        return Counts(uid=uid, at=_required_moment(row, "at"), **found)
    source = _word(row.get("source"), "source") or default_source
    if not source:
        raise ValueError(f"a {row['type']} line needs a source")
    if row["type"] == "followers":
        followers = _count(row.get("followers"), "followers")
        if followers is None:
            raise ValueError("a followers line needs followers")
        return Followers(source=source, at=_required_moment(row, "at"), followers=followers)
    start, end = _required_moment(row, "from"), _required_moment(row, "to")
    if end <= start:
        raise ValueError("a gap ends after it starts")
    return Gap(source=source, start=start, end=end, reason=_word(row.get("reason"), "reason") or "")


def _required_text(value: object) -> str:
    if value is None:
        raise ValueError("the row has no text; name its column with --map text=COLUMN")
    if isinstance(value, bool | int | float):
        return str(value)
    raise ValueError(f"text is {type(value).__name__}, not a string")


def _required_moment(row: Row, name: str) -> datetime:
    moment = _moment(row.get(name), name)
    if moment is None:
        raise ValueError(f"a {row['type']} line needs {name}")
    return moment


def _word(value: object, name: str) -> str | None:
    """Short text or None. Numbers become strings: ids are strings even where an API counts."""
    if isinstance(value, str):
        return value or None
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # spreadsheets know no integers
    raise ValueError(f"{name} is {type(value).__name__}, not a string")


def _moment(value: object, name: str) -> datetime | None:
    if value in _EMPTY:
        return None
    try:
        return parse_moment(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _count(value: object, name: str, least: int = 0) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _is_plain_number(value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{name} {value!r} is not a whole number")
    if not least <= value <= MAX_COUNT:
        raise ValueError(f"{name} {value} is out of range")
    return value


def _number(value: object, name: str) -> float | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _is_plain_number(value):
        value = float(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{name} {value!r} is not a number")
    return float(value)


def _is_plain_number(text: str) -> bool:
    # float() would take "nan", "inf" and "1_000" as well
    return text.strip().lstrip("+-").replace(".", "", 1).isdecimal()


def _author(get: Callable[[str], Any]) -> Account | None:
    key, handle = _word(get("author_id"), "author_id"), _word(get("author_handle"), "author_handle")
    name = _word(get("author_name"), "author_name")
    followers = _count(get("author_followers"), "author_followers")
    if key is None and handle is None and name is None and followers is None:
        return None
    return Account(
        id=key, handle=handle.lstrip("@") if handle else None, name=name, followers=followers
    )


def _derived_id(source: str, created_at: datetime | None, author: Account | None, text: str) -> str:
    who = (author.id or author.handle or author.name or "") if author else ""
    when = created_at.isoformat() if created_at else ""
    content = "\0".join((source, when, who, text))
    return hashlib.sha256(content.encode()).hexdigest()[:32]


def _deleted_reason(value: object) -> DeletedReason | None:
    if value in _EMPTY:
        return None
    if value not in DELETED_REASONS:
        raise ValueError(f"deleted_reason {value!r} is none of {', '.join(DELETED_REASONS)}")
    return value


def _tags(value: object) -> tuple[str, ...]:
    if not value:
        return ()
    if isinstance(value, str):
        value = value.replace(";", ",").split(",")
    if not isinstance(value, list | tuple) or not all(isinstance(tag, str) for tag in value):
        raise ValueError("tags is not a list of strings")
    return tuple(tag.strip().removeprefix("#") for tag in value if tag.strip())


def _labels(value: object) -> Mapping[str, Any] | None:
    """Labels are taken as they are, so a word that the codebook lacks must not slip in."""
    if value in _EMPTY:
        return None
    if not isinstance(value, Mapping):
        raise ValueError("labels is not an object")
    for name, allowed in LABEL_VALUES.items():
        label = value.get(name)
        if label is not None and label not in allowed:
            raise ValueError(f"label {name} {label!r} is none of {', '.join(map(str, allowed))}")
    return value or None
