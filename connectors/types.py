"""Words of fetching: what a platform gives, whatever the platform is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Json = Any
"""Any value that `json.dumps` takes."""

Cursor = Json
"""Where to go on: the connector's own business, echoed back at the next run, read by no other."""

PostKind = Literal["post", "comment", "review", "idea", "message"]
POST_KINDS: tuple[PostKind, ...] = ("post", "comment", "review", "idea", "message")

DeletedReason = Literal["author", "moderator", "gone", "unknown"]
DELETED_REASONS: tuple[DeletedReason, ...] = ("author", "moderator", "gone", "unknown")
"""The likely cause. `moderator` of an own source (`Source.own`) is the company, of any other one
the platform or whoever runs the place. `gone`: no more there, and nobody says through whom."""


def make_uid(platform: str, host: str | None, native_id: str) -> str:
    """Return `platform:native_id`, or `platform:host:native_id` where ids are per server."""
    return f"{platform}:{host}:{native_id}" if host else f"{platform}:{native_id}"


def _require_aware(name: str, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise ValueError(f"{name} has no time zone: {moment.isoformat()}")


def _require_words(**values: object) -> None:
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{name} is {type(value).__name__}, not a string")


def _require_counts(**values: object) -> None:
    for name, value in values.items():
        if value is not None and type(value) is not int:
            raise ValueError(f"{name} is {value!r}, not a whole number")


@dataclass(frozen=True, slots=True)
class Account:
    """Who wrote a post, as the platform names them. `followers` is None where it does not tell.

    Raises ValueError for a value of another type: platforms send all sorts of things.
    """

    id: str | None = None
    handle: str | None = None
    name: str | None = None
    followers: int | None = None

    def __post_init__(self) -> None:
        _require_words(id=self.id, handle=self.handle, name=self.name)
        _require_counts(followers=self.followers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Any single contribution: a post, a comment, a review, an idea, a message.

    Ids are strings, even where the API gives numbers. Counts are None where the platform does
    not tell; 0 means that the platform said zero. Times are aware and in UTC; `created_at` is
    None where nothing says when. `text` is plain text with `\\n` line ends, never HTML.
    `host` is given where ids are per server (Mastodon, Discourse, Lemmy, ...).
    `source` is the name of the source that it was found through.
    Raises ValueError for a naive time, an unknown kind, an empty id, or a value of another type.
    """

    platform: str
    source: str
    native_id: str
    text: str
    host: str | None = None
    kind: PostKind = "post"
    title: str | None = None
    url: str | None = None
    author: Account | None = None
    author_role: str | None = None
    lang: str | None = None
    created_at: datetime | None = None
    seen_at: datetime | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_reason: DeletedReason | None = None
    parent_id: str | None = None
    root_id: str | None = None
    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None
    rating: float | None = None
    rating_max: float | None = None
    tags: tuple[str, ...] = ()
    media: tuple[Mapping[str, Json], ...] = ()
    text_raw: str | None = None
    text_format: str = "plain"
    labels: Mapping[str, Json] | None = None
    raw: Json = None

    def __post_init__(self) -> None:
        if not self.native_id or not self.platform:
            raise ValueError("a post needs a platform and a native_id")
        if self.kind not in POST_KINDS:
            raise ValueError(f"kind {self.kind!r} is none of {', '.join(POST_KINDS)}")
        if not isinstance(self.text, str) or not isinstance(self.native_id, str):
            raise ValueError("text and native_id must be strings")
        _require_words(title=self.title, url=self.url, lang=self.lang)
        _require_words(parent_id=self.parent_id, root_id=self.root_id)
        _require_counts(
            likes=self.likes, replies=self.replies, shares=self.shares, views=self.views
        )
        _require_aware("created_at", self.created_at)
        _require_aware("seen_at", self.seen_at)
        _require_aware("edited_at", self.edited_at)
        _require_aware("deleted_at", self.deleted_at)

    @property
    def uid(self) -> str:
        """The post's name in the whole program; the same through whichever source it came."""
        return make_uid(self.platform, self.host, self.native_id)

    @property
    def parent_uid(self) -> str | None:
        """Uid of the post that this one answers, or None."""
        return make_uid(self.platform, self.host, self.parent_id) if self.parent_id else None

    @property
    def root_uid(self) -> str | None:
        """Uid of the thread's first post; None where the platform does not tell."""
        return make_uid(self.platform, self.host, self.root_id) if self.root_id else None


@dataclass(frozen=True, slots=True)
class Counts:
    """What a post's counters showed at one moment; None is unknown, never 0."""

    uid: str
    at: datetime
    likes: int | None = None
    replies: int | None = None
    shares: int | None = None
    views: int | None = None

    def __post_init__(self) -> None:
        _require_aware("at", self.at)


@dataclass(frozen=True, slots=True)
class Followers:
    """How many followers (members, subscribers) a source had at one moment."""

    source: str
    at: datetime
    followers: int

    def __post_init__(self) -> None:
        _require_aware("at", self.at)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A post that is gone at its origin. `reason` is the likely cause as far as the API tells."""

    uid: str
    at: datetime
    reason: DeletedReason = "unknown"

    def __post_init__(self) -> None:
        _require_aware("at", self.at)


@dataclass(frozen=True, slots=True)
class Gap:
    """A span [`start`, `end`) of which the source knows nothing: unknown, never zero."""

    source: str
    start: datetime
    end: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        _require_aware("start", self.start)
        _require_aware("end", self.end)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that could not be read: why, what it was, and (for files) in which line."""

    reason: str
    raw: Json
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a platform's limit headers said last. `reset_at` is when `remaining` is full again."""

    remaining: float
    limit: float | None = None
    reset_at: datetime | None = None
    unit: str = "requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One step of a walk: posts and what else was learnt, and the cursor to go on from.

    Whoever saves a page saves its cursor in the same transaction. `cursor` may be None only
    where the connector cannot remember a place (then the next run starts anew).
    """

    posts: tuple[Post, ...] = ()
    cursor: Cursor = None
    counts: tuple[Counts, ...] = ()
    followers: tuple[Followers, ...] = ()
    deleted: tuple[Tombstone, ...] = ()
    gaps: tuple[Gap, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    budget: Budget | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One watched place: a page, a tag, a forum, a search.

    `target` is the platform's own name of the place (`#acme`, `r/acme`, a feed's address),
    `base_url` the server where there is more than one. `own` says that it belongs to the
    company. `since` bounds the first run. `secrets` never appear in a `repr`.
    `options` are the platform's own settings, each documented by its connector.
    """

    name: str
    platform: str
    target: str = ""
    base_url: str | None = None
    own: bool = True
    since: datetime | None = None
    allow_private: bool = False
    max_pages: int = 50
    options: Mapping[str, Json] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        _require_aware("since", self.since)


def utc(moment: datetime) -> datetime:
    """Return the same moment in UTC. Raises ValueError for a naive time."""
    _require_aware("time", moment)
    return moment.astimezone(UTC)
