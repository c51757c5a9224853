"""WordPress: the articles of a site and the comments under them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import BadResponse, SourceGone
from connectors.http import Answer, Client, Params, Traffic, host_of
from connectors.moments import parse_moment
from connectors.paging import Found, Listing, Step, guarded, make_page
from connectors.text import html_to_text, images
from connectors.types import (
    Account,
    Cursor,
    DeletedReason,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)

FACTS = ConnectorFacts(
    platform="wordpress",
    title="WordPress",
    docs_url="https://developer.wordpress.org/rest-api/reference/comments/",
    docs_read=date(2026, 11, 21),
    target="empty for the whole site",
    interval=timedelta(minutes=15),
    interval_reason="small sites live on small machines: one request tells that nothing is new",
    grade="gold",
    cost=2.0,
    per_host=True,
    needs_base_url=True,
    optional_secrets=("username", "token"),
    options=("posts",),
    limits=(
        "only approved comments are read; username and an application password (token) are for "
        "sites that close their REST API",
        "no likes, no views, no times of edits",
    ),
    exempt=(("limit headers", "WordPress has none; Retry-After of the host is obeyed"),),
)

_PAGE = 100
_STEP_BACK = 5
"""Records read again at each border: so many may vanish meanwhile and pull no other past us."""


class WordPress:
    """Reads articles and comments, newest first. Option `posts` = false reads comments only."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back both listings by `date_gmt`."""
        site = _Site(source, self._traffic)

        def walk(kind: str) -> Callable[[Cursor | None], Iterator[Step]]:
            return partial(
                Backward(
                    key=_created,
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    overlap=timedelta(minutes=5),
                    # a comment that is approved late keeps the time of its writing
                    deep=timedelta(days=7),
                    deep_every=timedelta(hours=6),
                    max_pages=source.max_pages,
                ).walk,
                partial(site.listing, kind),
            )

        kinds = ("posts", "comments") if source.options.get("posts", True) else ("comments",)
        for kind, step in walk_several({kind: walk(kind) for kind in kinds}, cursor):
            parse = parse_article if kind == "posts" else parse_comment
            yield make_page(
                step.items, partial(parse, source), step.cursor, budget=site.http.budget
            )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again by id, 100 a call; what is left out is in the bin or gone.

        Visitors cannot delete their comments on WordPress: whoever runs the site did.
        """
        site = _Site(source, self._traffic)
        for kind, parse in (("posts", parse_article), ("comments", parse_comment)):
            mine = [i for i in native_ids if i.startswith("post:") == (kind == "posts")]
            for start in range(0, len(mine), _PAGE):
                asked = mine[start : start + _PAGE]
                numbers = ",".join(one.removeprefix("post:") for one in asked)
                found = site.list(kind, {"include": numbers, "per_page": _PAGE})
                page = make_page(found, partial(parse, source), None)
                told = {post.native_id for post in page.posts}
                now, host = self._traffic.now(), site.http.host
                reason: DeletedReason = "gone" if kind == "posts" else "moderator"
                yield Page(
                    posts=page.posts,
                    rejected=page.rejected,
                    deleted=tuple(
                        Tombstone(make_uid("wordpress", host, one), now, reason)
                        for one in asked
                        if one not in told
                    ),
                )


@dataclass(slots=True)
class _Site:
    """The REST API of a site, under either of its two addresses."""

    source: Source
    traffic: Traffic
    is_plain: bool = False
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        secrets, headers, login = self.source.secrets, {}, ""
        if secrets.get("token") and secrets.get("username"):
            login = base64.b64encode(f"{secrets['username']}:{secrets['token']}".encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        self.http = Client(self.source, self.source.base_url or "", self.traffic, headers=headers)
        self.http.keep_secret(login)

    def listing(self, kind: str, place: Json) -> Listing:
        """Newest first, by offset: page numbers cannot step back a little."""
        offset = place or 0
        params = {"per_page": _PAGE, "offset": offset, "orderby": _ORDER[kind], "order": "desc"}
        answer = self._ask(kind, params)
        items = self.http.pick(answer.json_or_none(), "", list)
        total = int(answer.headers.get("x-wp-total") or 0)
        behind = offset + len(items)
        is_end = not items or (behind >= total if total else len(items) < _PAGE)
        return Listing(items, None if is_end else max(behind - _STEP_BACK, offset + 1))

    def list(self, kind: str, params: Params) -> list[Json]:
        """Records of a kind, by any other question."""
        return self.http.pick(self._ask(kind, params).json_or_none(), "", list)

    def _ask(self, kind: str, params: Params) -> Answer:
        """Without pretty permalinks the API lives in a query parameter."""
        page: Answer | None = None
        if not self.is_plain:
            try:
                answer = self.http.get(f"/wp-json/wp/v2/{kind}", params)
            except SourceGone:
                self.is_plain = True
            else:
                if answer.json_or_none() is not None:
                    return answer
                page = answer  # of a web server that does not rewrite addresses, or of a proxy
        try:
            answer = self.http.get("/", {"rest_route": f"/wp/v2/{kind}", **dict(params)})
        except SourceGone:
            if page is None:
                raise
            answer = page
        if answer.json_or_none() is not None:
            self.is_plain = True
            return answer
        raise BadResponse(
            "the REST API answers with a page; it may be closed by a plugin",
            source=self.source.name,
            excerpt=answer.excerpt(),
        )


_ORDER = {"posts": "date", "comments": "date_gmt"}


def parse_comment(source: Source, raw: Json) -> Found:
    """Turn a comment into a post; None for pingbacks. Raises as the others do."""
    if raw.get("type", "comment") != "comment":
        return None
    body = raw["content"]["rendered"]
    article = f"post:{raw['post']}"
    user = raw.get("author") or 0
    return Post(
        platform="wordpress",
        source=source.name,
        host=host_of(source.base_url),
        native_id=str(raw["id"]),
        kind="comment",
        url=raw.get("link"),
        author=Account(
            id=str(user) if user else None, name=html_to_text(raw.get("author_name") or "") or None
        ),
        text=html_to_text(body),
        text_raw=body,
        text_format="html",
        created_at=_created(raw),
        parent_id=str(raw["parent"]) if raw.get("parent") else article,
        root_id=article,
        media=images(body),
        raw=raw,
    )


def parse_article(source: Source, raw: Json) -> Found:
    """Turn an article into a post whose id is `post:ID`; comments have ids of their own."""
    title = html_to_text(raw["title"]["rendered"])
    body = (raw.get("content") or {}).get("rendered") or ""
    modified = raw.get("modified_gmt")
    edited = parse_moment(modified) if modified else None
    native_id = f"post:{raw['id']}"
    return Post(
        platform="wordpress",
        source=source.name,
        host=host_of(source.base_url),
        native_id=native_id,
        kind="post",
        title=title or None,
        url=raw.get("link"),
        author=Account(id=str(raw["author"])) if raw.get("author") else None,
        text="\n\n".join(part for part in (title, html_to_text(body)) if part),
        text_raw=body,
        text_format="html",
        created_at=_created(raw),
        edited_at=edited if edited and edited > _created(raw) else None,
        root_id=native_id,
        media=images(body),
        raw=raw,
    )


def _created(raw: Json) -> datetime:
    return parse_moment(raw["date_gmt"])  # says no zone, means UTC
