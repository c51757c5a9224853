"""Mastodon and the servers that speak its API (GoToSocial, Pleroma, Akkoma, Friendica ...)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from connectors.backward import Backward
from connectors.base import ConnectorFacts
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Client, Traffic, host_of
from connectors.moments import parse_moment
from connectors.paging import Listing, guarded, make_page, unheard_threads
from connectors.text import clean_text, html_to_text
from connectors.types import (
    Account,
    Cursor,
    Followers,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)

FACTS = ConnectorFacts(
    platform="mastodon",
    title="Mastodon",
    docs_url="https://docs.joinmastodon.org/methods/timelines/",
    docs_read=date(2026, 11, 21),
    target="#tag, @account, search:WORDS, mentions, local or public",
    interval=timedelta(minutes=15),
    interval_reason="300 paged requests in 15 minutes are allowed; a quiet tag needs one",
    grade="gold",
    requests_per_day=28_800,
    per_host=True,
    needs_base_url=True,
    optional_secrets=("token",),
    options=("threads", "private", "nobot"),
    mentions=True,
    limits=(
        "counts of remote posts are what this server has seen: too low",
        "without a token a thread shows 60 answers, and some servers close their timelines",
        "full-text search needs a token and a server that offers it",
        "posts of people who ask for no bots or no index are left out of searches (nobot = false "
        "lifts that)",
    ),
    exempt=(
        (
            "real server",
            "none can be installed from a package registry: gold rests on recorded "
            "answers, on a server in miniature and on the habits of relatives, each with a test",
        ),
    ),
)

_PAGE = 40
_BATCH = 20
"""Ids per call of /api/v1/statuses; more are refused with 422 (mastodon PR 27871)."""
_NOT_FOR_ALL = ("private", "direct", "mutuals_only", "list")
_LINK = re.compile(r"<([^>]*)>((?:\s*;[^,<]*)*)")


class Mastodon:
    """Reads timelines, accounts, searches and mentions of one server, with their threads.

    Options: `threads` = false leaves answers alone, `private` = true takes posts for followers
    too, `nobot` = false also takes posts of people who ask for no bots.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back from the newest post; under each grown thread read the answers."""
        server = _Server(source, self._traffic)
        listing, followers = server.listing()
        is_account = source.target.startswith("@")
        walk = Backward(
            key=_created,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            # remote posts turn up hours late at the place of their creation; an account's own
            # posts are looked at longer, as their answers keep coming
            deep=timedelta(days=14) if is_account else timedelta(hours=6),
            max_pages=source.max_pages,
        )
        wanted = source.options.get("threads", True)
        steps = walk.walk(listing, cursor, _thread_of if wanted else lambda _: None, server.thread)
        for step in steps:
            root = server.roots.get(step.thread) if step.thread else None
            yield make_page(
                step.items,
                partial(parse_post, source, root=root),
                step.cursor,
                budget=server.http.budget,
                followers=followers,
            )
            followers = ()

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again after statuses, 20 a call; those that are gone come as tombstones.

        Threads that have grown below their first answers are read again.
        """
        server, posts = _Server(source, self._traffic), list[Post]()
        for start in range(0, len(native_ids), _BATCH):
            asked = native_ids[start : start + _BATCH]
            found = server.statuses(asked)
            known = {str(raw.get("id")) for raw in found}
            gone: list[Tombstone] = []
            for native_id in asked:
                if native_id in known:
                    continue
                # a batch leaves out what it cannot show: only a single 404 is proof
                single = server.http.find_json(f"/api/v1/statuses/{quote(native_id)}")
                if single is None:
                    uid = make_uid("mastodon", server.http.host, native_id)
                    gone.append(Tombstone(uid, self._traffic.now(), "gone"))
                else:
                    found.append(single)
            page = make_page(found, partial(parse_post, source), None, budget=server.http.budget)
            posts += page.posts
            yield replace(page, deleted=tuple(gone))
        for name in unheard_threads(posts) if source.options.get("threads", True) else ():
            thread = server.thread(name, None).items
            yield make_page(thread, partial(parse_post, source, root=server.roots[name]), None)


@dataclass(slots=True)
class _Server:
    """The endpoints that we use of one server."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)
    roots: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        token = self.source.secrets.get("token")
        self.http = Client(
            self.source,
            self.source.base_url or "",
            self.traffic,
            headers={"Authorization": f"Bearer {token}"} if token else None,
        )

    def listing(self) -> tuple[Callable[[Json], Listing], tuple[Followers, ...]]:
        """The listing that the target names, and an account's followers."""
        target = self.source.target.strip()
        if target.startswith("#"):
            return self._timeline(f"/api/v1/timelines/tag/{quote(target[1:], safe='')}"), ()
        if target.startswith("@"):
            account = self._account(target[1:])
            count = account.get("followers_count")
            seen = Followers(self.source.name, self.traffic.now(), int(count or 0))
            path = f"/api/v1/accounts/{quote(self.http.pick(account, 'id', str))}/statuses"
            return self._timeline(path, exclude_reblogs="true"), (seen,) if count else ()
        if target.startswith("search:"):
            return self._search(target.removeprefix("search:").strip()), ()
        if target == "mentions":
            return self._mentions, ()
        if target in ("local", "public"):
            local = "true" if target == "local" else None
            return self._timeline("/api/v1/timelines/public", local=local), ()
        raise SourceGone(
            f"target {target!r} is none of {FACTS.target}; correct it", source=self.source.name
        )

    def _account(self, name: str) -> Json:
        """An account by name; not every server that speaks this API can look one up."""
        refused: ConnectorError | None = None
        for path, params in (
            ("/api/v1/accounts/lookup", {"acct": name}),
            (f"/api/v1/accounts/{quote(name)}", {}),
            ("/api/v1/accounts/search", {"q": f"@{name}", "limit": 5}),
        ):
            try:
                found = self.http.find_json(path, params)
            except (AuthError, BadResponse, Unavailable) as error:
                if getattr(error, "retry_after", None) is not None:
                    raise
                refused = refused or error
                continue
            for one in found if isinstance(found, list) else [found]:
                if isinstance(one, dict) and one.get("id") and self._is_called(one, name):
                    return one
        if refused is not None and not isinstance(refused, BadResponse):
            raise refused
        raise SourceGone(f"there is no account @{name}; check target", source=self.source.name)

    def _is_called(self, account: Json, name: str) -> bool:
        """Servers name their own accounts without host, whoever asks for them with it."""
        here = f"@{self.http.host}".casefold()
        return str(account.get("acct")).casefold().removesuffix(here) == (
            name.casefold().removesuffix(here)
        )

    def _timeline(self, path: str, **params: Any) -> Callable[[Json], Listing]:
        return lambda place: self._piece(path, params, place)

    def _search(self, query: str) -> Callable[[Json], Listing]:
        params = {"q": query, "type": "statuses"}
        return lambda place: self._piece("/api/v2/search", params, place, at="statuses")

    def _mentions(self, place: Json) -> Listing:
        found = self._piece("/api/v1/notifications", {"types[]": "mention"}, place)
        # paging goes by the notification's id, not by the status's; the type may go unheeded
        statuses = [
            raw.get("status") if isinstance(raw, dict) else raw
            for raw in found.items
            if not isinstance(raw, dict) or raw.get("type", "mention") == "mention"
        ]
        return Listing(statuses, found.next)

    def _piece(self, path: str, params: Mapping[str, Any], place: Json, at: str = "") -> Listing:
        """One page. Where it goes on is told by the `Link` header, else by the oldest id."""
        answer = self.http.get(path, {**params, "limit": _PAGE, "max_id": place})
        items = self.http.pick(self.http.read_json(answer), at, list)
        below = _linked(answer.headers.get("link", "")) or _oldest_id(items)
        # a server that does not know `max_id` says the same again: that is its end
        is_end = not items or below is None or (place is not None and not _is_older(below, place))
        return Listing(items, None if is_end else below)

    def thread(self, name: str, place: Json) -> Listing:
        """All that stands above and below a status; a thread that is gone is empty."""
        try:
            context = self.http.find_json(f"/api/v1/statuses/{quote(name)}/context") or {}
        except AuthError:
            if "token" in self.source.secrets:
                raise  # it has run out: the thread must not pass for read
            context = {}  # some servers show timelines to all and threads to users only
        above, below = context.get("ancestors") or [], context.get("descendants") or []
        starts = [raw for raw in above if isinstance(raw, dict) and not raw.get("in_reply_to_id")]
        self.roots[name] = _oldest_id(starts[:1] or above[:1]) or name
        return Listing([*above, *below])

    def statuses(self, ids: Sequence[str]) -> list[Json]:
        """Statuses by id; servers without the batch call (before 4.3) give none."""
        try:
            found = self.http.find_json("/api/v1/statuses", [("id[]", one) for one in ids])
        except BadResponse:
            return []
        except Unavailable as error:
            if error.retry_after is not None:
                raise
            return []  # some answer 500 where they know no such call
        return found if isinstance(found, list) else []


def parse_post(source: Source, raw: Json, root: str | None = None) -> Post | None:
    """Turn a status into a post; None for boosts and for what is not meant for us.

    `root` is the thread's first status where the context told it.
    Raises KeyError, TypeError or ValueError for a record that is no status.
    """
    if raw.get("reblog"):
        return None
    if raw.get("visibility") in _NOT_FOR_ALL and not source.options.get("private"):
        return None
    account = raw["account"]
    if not source.own and source.options.get("nobot", True) and _wants_no_bots(account):
        return None
    host = host_of(source.base_url)
    parent = raw.get("in_reply_to_id")
    body = raw["content"] or ""
    warning = clean_text(raw.get("spoiler_text") or "")
    acct = str(account["acct"])
    return Post(
        platform="mastodon",
        source=source.name,
        host=host,
        native_id=str(raw["id"]),
        kind="comment" if parent else "post",
        url=raw.get("url") or raw.get("uri"),
        author=Account(
            id=str(account["id"]),
            handle=acct if "@" in acct else f"{acct}@{host}",
            name=clean_text(account.get("display_name") or "") or None,
            followers=account.get("followers_count"),
        ),
        text="\n\n".join(part for part in (warning, html_to_text(body)) if part),
        text_raw=body,
        text_format="html",
        lang=raw.get("language"),
        created_at=_created(raw),
        edited_at=parse_moment(raw["edited_at"]) if raw.get("edited_at") else None,
        parent_id=str(parent) if parent else None,
        root_id=root or (None if parent else str(raw["id"])),
        likes=raw.get("favourites_count"),
        replies=raw.get("replies_count"),
        shares=_shares(raw),
        tags=tuple(tag["name"] for tag in raw.get("tags") or [] if tag.get("name")),
        media=tuple(
            {
                "type": one.get("type"),
                "url": one.get("url") or one.get("remote_url"),
                "alt": one.get("description"),
            }
            for one in raw.get("media_attachments") or []
        ),
        raw=raw,
    )


def _linked(header: str) -> str | None:
    """The `max_id` of the address that a `Link` header calls the next one."""
    for address, attributes in _LINK.findall(header):
        if "next" in attributes:
            found = parse_qs(urlsplit(address).query).get("max_id")
            return found[0] if found else None
    return None


def _shares(raw: Json) -> int | None:
    """Boosts and, since 4.5, quotes."""
    boosts = raw.get("reblogs_count")
    return None if boosts is None else boosts + (raw.get("quotes_count") or 0)


def _wants_no_bots(account: Json) -> bool:
    return bool(account.get("noindex")) or "#nobot" in (account.get("note") or "").lower()


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created_at"])


def _thread_of(raw: Json) -> tuple[str, int] | None:
    if raw.get("reblog"):
        return None
    # where a server does not count answers, each thread is worth one look
    count = raw.get("replies_count", 1)
    return str(raw["id"]), count or 0


def _oldest_id(items: Json) -> str | None:
    """Where to go on: below the oldest of a page, in whatever order it came."""
    ids = [str(raw["id"]) for raw in items if isinstance(raw, dict) and raw.get("id")]
    return min(ids, key=_age, default=None)


def _is_older(one: str, other: str) -> bool:
    return _age(one) < _age(other)


def _age(one: str) -> tuple[int, str]:
    return len(one), one  # never int(): ULIDs exist
