"""Canny: the ideas of a board and the comments under them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone
from connectors.http import Answer, Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import Listing, guarded, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source

FACTS = ConnectorFacts(
    platform="canny",
    title="Canny",
    docs_url="https://developers.canny.io/api-reference",
    docs_read=date(2026, 11, 21),
    target="a board's id, or empty for all boards",
    interval=timedelta(hours=1),
    interval_reason="no limit is stated; ideas and votes move slowly, and each piece holds 100",
    grade="experimental",
    secrets=("token",),
    limits=(
        "read from accounts of others, not from Canny's own pages: off until it is asked for",
        "votes of ideas older than 30 days are looked at when they get a comment only",
        "deletions are not noticed; views and shares do not exist",
    ),
    exempt=(
        ("silver", "fields and paging are told by third parties and could not be checked"),
        ("deletions", "what Canny answers to the id of a deleted idea is not known"),
    ),
)

_API = "https://canny.io"
_PAGE = 100
_OVERLAP = 10
"""Offsets slide forward when ideas vanish: each piece repeats the end of the one before."""


class Canny:
    """Reads ideas newest first, and the comments under each that has got some.

    `token` is the API key. It travels in the body, never in an address.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time of creation."""
        board = _Board(source, self._traffic)
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(hours=1),
            deep=timedelta(days=30),  # votes and comments keep coming
            deep_every=timedelta(hours=6),
            max_pages=source.max_pages,
        )
        for step in walk.walk(board.ideas, cursor, _thread_of, board.comments):
            yield make_page(
                step.items, partial(parse_post, source), step.cursor, budget=board.http.budget
            )


@dataclass(slots=True)
class _Board:
    """The methods that we use; each is a POST with the key in its body."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or _API, self.traffic, judge=_judge)

    def ideas(self, place: Json) -> Listing:
        """Ideas, newest first."""
        board = {"boardID": self.source.target.strip()} if self.source.target.strip() else {}
        return self._list("posts", {**board, "sort": "newest"}, place)

    def comments(self, name: str, place: Json) -> Listing:
        """Comments under an idea."""
        return self._list("comments", {"postID": name}, place)

    def _list(self, kind: str, params: Mapping[str, Any], place: Json) -> Listing:
        skip = place or 0
        key = self.source.secrets.get("token", "")
        body = {"apiKey": key, **params, "limit": _PAGE, "skip": skip}
        answer = self.http.post(f"/api/v1/{kind}/list", body=body)
        items = self.http.pick(answer, kind, list)
        if not answer.get("hasMore"):
            return Listing(items)
        if not items:
            raise BadResponse("an empty page says that there is more", source=self.source.name)
        return Listing(items, skip + max(len(items) - _OVERLAP, 1))


def parse_post(source: Source, raw: Json) -> Post:
    """Turn an idea, or a comment (which has `value`), into a post.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    who = raw.get("author") or {}
    is_comment = "value" in raw
    idea = str(raw["post"]["id"]) if is_comment else str(raw["id"])
    title = None if is_comment else clean_text(raw["title"])
    body = raw["value"] if is_comment else raw.get("details") or ""
    parent = raw.get("parentID") or idea
    return Post(
        platform="canny",
        source=source.name,
        native_id=str(raw["id"]),
        kind="comment" if is_comment else "idea",
        url=(raw["post"] if is_comment else raw).get("url"),
        author=Account(id=who.get("id"), name=clean_text(who.get("name") or "") or None)
        if who
        else None,
        author_role="company" if who.get("isAdmin") else None,
        title=title,
        text="\n\n".join(part for part in (title, clean_text(body)) if part),
        text_raw=body,
        text_format="markdown",
        created_at=_created(raw),
        parent_id=str(parent) if is_comment else None,
        root_id=idea,
        likes=raw.get("likeCount") if is_comment else raw.get("score"),
        replies=None if is_comment else raw.get("commentCount"),
        tags=tuple(tag["name"] for tag in raw.get("tags") or ()),
        media=tuple(
            {"type": "image", "url": url, "alt": None} for url in raw.get("imageURLs") or ()
        ),
        raw=_without_mail(raw),
    )


def _without_mail(raw: Json) -> Json:
    """Canny tells the writers' e-mail addresses; we have no use for them, so they stay out."""
    if isinstance(raw, dict):
        return {key: _without_mail(value) for key, value in raw.items() if key != "email"}
    return [_without_mail(one) for one in raw] if isinstance(raw, list) else raw


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    return str(raw["id"]), raw.get("commentCount") or 0


def _judge(answer: Answer) -> ConnectorError | None:
    """Errors are texts without numbers."""
    body = answer.json_or_none()
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, str) or answer.status >= 500 or answer.status == 429:
        return None
    if "api key" in error.lower():
        return AuthError("Canny does not know this API key; check the token")
    if "board" in error.lower():
        return SourceGone("there is no such board; check target")
    return None
