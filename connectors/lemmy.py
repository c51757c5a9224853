"""Lemmy communities and searches, on servers of both API generations (0.19 and 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic, host_of
from connectors.moments import parse_moment
from connectors.numbered import piece_after
from connectors.paging import Found, Listing, Step, guarded, make_page
from connectors.text import clean_text
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
    platform="lemmy",
    title="Lemmy",
    docs_url="https://join-lemmy.org/docs/contributors/04-api.html",
    docs_read=date(2026, 11, 21),
    target="!community@host, search:WORDS, or empty for all posts made on the server",
    interval=timedelta(minutes=15),
    interval_reason="a quiet community needs three requests; searches are limited to 60 in 10 min",
    grade="silver",
    cost=3.0,
    per_host=True,
    needs_base_url=True,
    optional_secrets=("token",),
    mentions=True,
    limits=(
        "counts are what this server has seen: too low for communities of other servers",
        "views and shares do not exist",
        "comments of servers before 1.0 have page numbers only: more than five deletions between "
        "two pages may hide a comment until the daily second look",
    ),
    exempt=(("limit headers", "servers before 1.0 send none; Retry-After is obeyed"),),
)

_PAGE = 50
_GONE = ("not_found", "couldnt_find", "couldn't_find")
_AUTH = ("not_logged_in", "incorrect_login", "instance_is_private")


class Lemmy:
    """Reads posts and comments of a community, of a whole server, or of a search.

    `token` is a session (jwt); only private servers want one.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back two listings by time of writing: posts, and comments of all threads."""
        server = _Server(source, self._traffic)

        def walk(listing: Callable[[Json], Listing]) -> Callable[[Cursor | None], Iterator[Step]]:
            return partial(
                Backward(
                    key=_created,
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    # posts of other servers turn up late, at the place of their writing
                    overlap=timedelta(hours=2),
                    deep=timedelta(days=1),
                    deep_every=timedelta(days=1),
                    max_pages=source.max_pages,
                ).walk,
                listing,
            )

        walks = {name: walk(listing) for name, listing in server.listings().items()}
        for _, step in walk_several(walks, cursor):
            parse = partial(parse_view, source, langs=server.langs, now=self._traffic.now())
            yield make_page(step.items, parse, step.cursor, budget=server.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; removed and vanished ones are tombstones."""
        server = _Server(source, self._traffic)
        for native_id in native_ids:
            now, raw = self._traffic.now(), server.view(native_id)
            if raw is None:
                uid = make_uid("lemmy", server.http.host, native_id)
                yield Page(deleted=(Tombstone(uid, now, "gone"),), budget=server.http.budget)
            else:
                parse = partial(parse_view, source, langs=server.langs, now=now)
                yield make_page([raw], parse, None, budget=server.http.budget)


@dataclass(slots=True)
class _Server:
    """The endpoints that we use; which generation it speaks is asked once a run."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)
    api: str = field(init=False)
    langs: Mapping[int, str] = field(init=False)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token")
        self.http = Client(
            self.source,
            self.source.base_url or "",
            self.traffic,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            judge=_judge,
        )
        site = self.http.get_json("/api/v3/site")  # 1.0 still answers this one
        version = self.http.pick(site, "version", str)
        self.api = "/api/v3" if version.startswith("0.") else "/api/v4"
        self.langs = {
            one["id"]: one["code"]
            for one in site.get("all_languages") or []
            if isinstance(one, dict) and one.get("code") not in (None, "und")
        }

    def listings(self) -> dict[str, Callable[[Json], Listing]]:
        """The two listings that the target names."""
        target, is_old = self.source.target.strip(), self.api == "/api/v3"
        params: dict[str, Any] = {"sort": "New" if is_old else "new"}
        if target.startswith("search:"):
            words = target.removeprefix("search:").strip()
            if is_old:
                search = {**params, "q": words}
                return {
                    name: partial(self._piece, "/search", {**search, "type_": name.title()}, name)
                    for name in ("posts", "comments")
                }
            params |= {"search_term": words, "type_": "all"}
        elif target:
            if "@" not in target.removeprefix("!"):
                raise SourceGone(
                    f"target {target!r} is none of {FACTS.target}; correct it",
                    source=self.source.name,
                )
            params |= {"community_name": target.removeprefix("!"), "type_": _word("All", is_old)}
        else:
            params |= {"type_": _word("Local", is_old)}
        return {
            f"{kind}s": partial(
                self._piece, f"/{kind}/list", params, f"{kind}s" if is_old else "items"
            )
            for kind in ("post", "comment")
        }

    def _piece(self, path: str, params: Mapping[str, Any], at: str, place: Json) -> Listing:
        """One page: by the server's own cursor (a text), else by how many were read (a number)."""
        page, size = (None, _PAGE) if isinstance(place, str) else piece_after(place or 0, _PAGE)
        paging = {
            "limit": size,
            "page": page if place else None,
            "page_cursor": place if isinstance(place, str) else None,
        }
        answer = self.http.get_json(f"{self.api}{path}", {**params, **paging})
        items = self.http.pick(answer, at, list)
        if answer.get("next_page"):
            return Listing(items, str(answer["next_page"]) if items else None)
        if page is None or len(items) < size or self.api == "/api/v4":
            return Listing(items)
        return Listing(items, page * size)

    def view(self, native_id: str) -> Json | None:
        """A post or comment as it stands now, or None where it is gone."""
        kind = "post" if native_id.startswith("p") else "comment"
        try:
            answer = self.http.get_json(f"{self.api}/{kind}", {"id": native_id[1:]})
        except SourceGone:
            return None
        return self.http.pick(answer, f"{kind}_view", dict)


def parse_view(source: Source, raw: Json, *, langs: Mapping[int, str], now: datetime) -> Found:
    """Turn a view of a post or comment into a post, or into a tombstone.

    `langs` = the server's numbers of languages.
    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    body = raw.get("comment") or raw["post"]
    is_comment = "comment" in raw
    host, native_id = host_of(source.base_url), f"{'c' if is_comment else 'p'}{int(body['id'])}"
    if body.get("deleted") or body.get("removed"):
        reason: DeletedReason = "author" if body.get("deleted") else "moderator"
        return Tombstone(make_uid("lemmy", host, native_id), now, reason)
    counts = raw.get("counts") or body
    root = f"p{body['post_id']}" if is_comment else native_id
    title = None if is_comment else clean_text(body["name"])
    text = body["content"] if is_comment else body.get("body") or ""
    edited = body.get("updated_at") or body.get("updated")
    return Post(
        platform="lemmy",
        source=source.name,
        host=host,
        native_id=native_id,
        kind="comment" if is_comment else "post",
        url=body.get("ap_id"),
        title=title,
        text="\n\n".join(part for part in (title, clean_text(text)) if part),
        text_raw=text or None,
        text_format="markdown",
        author=_author(raw["creator"]),
        lang=langs.get(body.get("language_id") or 0),
        created_at=_created(raw),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=_parent(body, root) if is_comment else None,
        root_id=root,
        likes=counts.get("score"),
        replies=counts.get("child_count" if is_comment else "comments"),
        media=_media(body),
        raw=raw,
    )


def _author(creator: Json) -> Account:
    home = urlsplit(creator.get("ap_id") or creator.get("actor_id") or "").hostname
    name = str(creator["name"])
    return Account(
        id=str(creator["id"]),
        handle=f"{name}@{home}" if home else name,
        name=clean_text(creator.get("display_name") or "") or None,
    )


def _parent(comment: Json, root: str) -> str:
    """A path such as 0.24.27 leads from the post (0) to the comment itself."""
    above = str(comment["path"]).split(".")[-2]
    return root if above == "0" else f"c{above}"


def _media(body: Json) -> tuple[dict[str, Any], ...]:
    if not body.get("url"):
        return ()
    kind = "image" if body.get("thumbnail_url") == body["url"] else "link"
    return ({"type": kind, "url": body["url"], "alt": body.get("alt_text")},)


def _created(raw: Json) -> datetime:
    body = raw.get("comment") or raw["post"]
    return parse_moment(body.get("published_at") or body["published"])


def _word(word: str, is_old: bool) -> str:
    return word if is_old else word.lower()


def _judge(answer: Answer) -> ConnectorError | None:
    """Nearly every error comes as 400 with a name."""
    if answer.status not in (400, 404):
        return None
    body = answer.json_or_none()
    name = str(body.get("error")) if isinstance(body, dict) else ""
    if name.startswith(_GONE):
        return SourceGone("there is no such community, post or comment; check target")
    if name.startswith("rate_limit"):
        return Unavailable("the server asks us to slow down")
    if name in _AUTH:
        return AuthError("the server wants a login; set token to a session of an account")
    return None
