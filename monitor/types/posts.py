"""Words of what the store holds: a post with its labels, outcomes of saving and fetching."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from models.types import Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPost:
    """A post as it stands in the store. `role` is resolved: row, then config, then customer.

    `role` is `company`, `customer`, `third_party` or `unknown`. Counts are the newest known.
    A tombstone has `deleted_at` and an empty text. `copy` marks a copied text of somebody else.
    """

    id: int
    uid: str
    source: str
    platform: str
    host: str | None
    native_id: str
    kind: str
    title: str | None
    text: str
    url: str | None
    author_key: str | None
    author_handle: str | None
    author_name: str | None
    author_followers: int | None
    role: str
    lang: str | None
    created_at: datetime | None
    seen_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    deleted_reason: str | None
    parent_uid: str | None
    root_uid: str | None
    likes: int | None
    replies: int | None
    shares: int | None
    views: int | None
    rating: float | None
    rating_max: float | None
    tags: tuple[str, ...]
    labels: Labels | None
    copy: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save changed: numbers of posts."""

    new: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0

    def __add__(self, other: Saved) -> Saved:
        return Saved(
            self.new + other.new,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deleted + other.deleted,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One pull of one source. `error` is None when it went well; trouble is a value here."""

    source: str
    posts: int = 0
    updated: int = 0
    deleted: int = 0
    rejected: int = 0
    pages: int = 0
    error: str | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, in rows of the file; `rejects_file` is None where nothing was refused.

    `homeless` are looks at counters of posts that are not held: nothing can be kept of them.
    """

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects_file: str | None = None
    homeless: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """How a source fares.

    `state` is `ok`, `failing`, `stopped`, `new` (never answered yet) or `imported` (from files
    alone, never fetched).
    """

    source: str
    platform: str | None
    own: bool
    state: str
    last_success: datetime | None
    last_try: datetime | None
    failing_since: datetime | None
    error: str | None
    retry_at: datetime | None
