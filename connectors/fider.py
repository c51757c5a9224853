"""Fider: the ideas of a board and the comments under them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.base import ConnectorFacts
from connectors.http import Client, Traffic, host_of
from connectors.moments import parse_moment
from connectors.paging import Found, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="fider",
    title="Fider",
    docs_url="https://docs.fider.io/api/overview",
    docs_read=date(2026, 11, 21),
    target="empty: the whole board",
    interval=timedelta(hours=1),
    interval_reason="there is no question for new ones: the whole list is read each time",
    grade="silver",
    per_host=True,
    needs_base_url=True,
    optional_secrets=("token",),
    limits=(
        "an answer or a change of the same number of votes and comments is seen at once, an "
        "edited text is not, unless the post is asked for again",
        "who voted is not read; an idea that became a duplicate stands below its original",
        "views and shares do not exist",
    ),
    exempt=(
        ("limit headers", "Fider sends none; Retry-After is obeyed"),
        ("gold", "how custom statuses are listed could not be tried on a real server"),
    ),
)

_API = "/api/v1"
_BATCH = 20
"""Ideas that make one page, with all their comments."""


class Fider:
    """Compares the list of all ideas with the last one; what has changed is read in full.

    `token` is an API key; only closed boards want one.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Read the list, then idea by idea. Cursor: {"seen": {number: what it looked like}}."""
        board = _Board(source, self._traffic)
        seen: dict[str, str] = dict((cursor or {}).get("seen") or {})
        ideas = board.ideas()
        listed = {str(raw.get("number")) for raw in ideas if isinstance(raw, dict)}
        for raw in ideas:  # what is older than asked for counts from its next change on
            number = key_or_none(_number, raw)
            if number and number not in seen and _is_older(raw, source.since):
                seen[number] = _looks(raw)
        changed = [raw for raw in ideas if _is_new(raw, seen)]
        missing = sorted(seen.keys() - listed, key=int)
        pages = [changed[i : i + _BATCH] for i in range(0, len(changed), _BATCH)] or [[]]
        for batch in pages[: source.max_pages]:
            found: list[Json] = []
            for raw in batch:
                found += [raw, *board.comments(raw)]
                if number := key_or_none(_number, raw):
                    seen[number] = _looks(raw)
            yield board.page(found, {"seen": dict(seen)})
        if len(pages) > source.max_pages:
            return  # a missing idea can wait, an unread one cannot
        for number in missing:
            gone = board.idea(number)
            del seen[number]
            if gone is None or gone.get("status") == "duplicate":
                yield board.page([gone or {"number": number, "gone": True}], {"seen": dict(seen)})

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after ideas and comments; those that are gone come as tombstones."""
        board = _Board(source, self._traffic)
        for native_id in native_ids:
            number, _, comment = native_id.partition("/")
            raw = board.idea(number)
            if raw is not None and comment == "answer":
                raw = raw if raw.get("response") else None
            elif raw is not None and comment:
                below = board.comments({**raw, "commentsCount": 1})
                raw = next((one for one in below if f"c{one.get('id')}" == comment), None)
            yield board.page([raw or {"number": native_id, "gone": True}], None)


@dataclass(slots=True)
class _Board:
    """The endpoints that we use."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token")
        self.http = Client(
            self.source,
            self.source.base_url or "",
            self.traffic,
            headers={"Authorization": f"Bearer {token}"} if token else None,
        )

    def ideas(self) -> list[Json]:
        """All ideas, except duplicates."""
        return self.http.get_list(f"{_API}/posts", {"view": "all", "limit": "all"})

    def idea(self, number: str) -> dict[str, Any] | None:
        """One idea as it stands now, or None where it was deleted."""
        found = self.http.find_json(f"{_API}/posts/{number}")
        return None if found is None else self.http.pick(found, "", dict)

    def comments(self, raw: Json) -> list[Json]:
        """The comments under an idea, each with the idea's number and slug."""
        number = key_or_none(_number, raw)
        if number is None or not raw.get("commentsCount"):
            return []
        found = self.http.find_json(f"{_API}/posts/{number}/comments")
        below = {"number": number, "slug": raw.get("slug")}
        if found is None:  # deleted since the list was read
            return []
        comments = self.http.pick(found, "", list)
        return [{**one, "post": below} if isinstance(one, dict) else one for one in comments]

    def page(self, items: Sequence[Json], cursor: Cursor) -> Page:
        """A page of ideas and comments."""
        parse = partial(parse_post, self.source, now=self.traffic.now())
        return make_page(items, parse, cursor, budget=self.http.budget)


def parse_post(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn an idea or a comment (which has `post`) into a post, a `gone` mark into a tombstone.

    Raises KeyError, TypeError or ValueError for a record that is none of them.
    """
    host, base = host_of(source.base_url), (source.base_url or "").rstrip("/")
    if raw.get("gone"):
        return Tombstone(make_uid("fider", host, str(raw["number"])), now, "gone")
    user = raw["user"]
    author = Account(id=str(user["id"]), name=clean_text(user.get("name") or "") or None)
    if "post" in raw:
        idea = str(raw["post"]["number"])
        reactions = raw.get("reactionCounts")
        return Post(
            platform="fider",
            source=source.name,
            host=host,
            native_id=f"{idea}/c{int(raw['id'])}",
            kind="comment",
            url=f"{base}/posts/{idea}/{raw['post'].get('slug') or ''}".rstrip("/"),
            author=author,
            text=clean_text(raw["content"]),
            text_raw=raw["content"],
            text_format="markdown",
            created_at=parse_moment(raw["createdAt"]),
            edited_at=parse_moment(raw["editedAt"]) if raw.get("editedAt") else None,
            parent_id=idea,
            root_id=idea,
            likes=None if reactions is None else sum(one.get("count", 0) for one in reactions),
            raw=raw,
        )
    number, title = _number(raw), clean_text(raw["title"])
    response = raw.get("response") or {}
    original = (response.get("original") or {}).get("number")
    original = str(original) if original and raw.get("status") == "duplicate" else None
    idea_post = Post(
        platform="fider",
        source=source.name,
        host=host,
        native_id=number,
        kind="idea",
        url=f"{base}/posts/{number}/{raw.get('slug') or ''}".rstrip("/"),
        author=author,
        title=title,
        text="\n\n".join(
            part for part in (title, clean_text(raw.get("description") or "")) if part
        ),
        text_raw=raw.get("description"),
        text_format="markdown",
        created_at=parse_moment(raw["createdAt"]),
        parent_id=original,
        root_id=original or number,
        likes=raw.get("votesCount"),
        replies=raw.get("commentsCount"),
        tags=tuple(str(tag) for tag in raw.get("tags") or ()),
        raw=raw,
    )
    answer = clean_text(response.get("text") or "")
    return [idea_post, _parse_answer(idea_post, response, answer)] if answer else idea_post


def _parse_answer(idea: Post, response: Json, text: str) -> Post:
    """The company's answer, which stands inside of the idea."""
    user = response.get("user") or {}
    return Post(
        platform="fider",
        source=idea.source,
        host=idea.host,
        native_id=f"{idea.native_id}/answer",
        kind="comment",
        url=idea.url,
        author=Account(id=str(user["id"]), name=user.get("name")) if user.get("id") else None,
        author_role="company",
        text=text,
        created_at=parse_moment(response["respondedAt"]),
        parent_id=idea.native_id,
        root_id=idea.root_id,
        raw=response,
    )


def _number(raw: Json) -> str:
    return str(int(raw["number"]))


def _looks(raw: Json) -> str:
    """What shows that an idea has changed."""
    response = raw.get("response")
    answered = response.get("respondedAt") if isinstance(response, dict) else None
    parts = (raw.get("votesCount"), raw.get("commentsCount"), raw.get("status"), answered)
    return " ".join(str(part) for part in parts)


def _is_new(raw: Json, seen: dict[str, str]) -> bool:
    number = key_or_none(_number, raw)
    return number is None or seen.get(number) != _looks(raw)  # without a number: to be rejected


def _is_older(raw: Json, since: datetime | None) -> bool:
    created = key_or_none(lambda raw: parse_moment(raw["createdAt"]), raw)
    return since is not None and created is not None and created < since
