"""GitHub: issues, pull requests and discussions with their comments; mentions anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import ClassVar

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts, Cost
from connectors.discussions import (
    Discussions,
    changed_at,
    judge,
    parse_discussion,
    role_of,
    thread_of,
)
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.numbered import piece_after, walk_by_time
from connectors.paging import Found, Listing, Step, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid


def _costs(source: Source) -> tuple[Cost, ...]:
    """60 requests an hour without a token, 5,000 with one."""
    has_discussions = source.secrets.get("token") and source.options.get("discussions", True)
    is_search = source.target.startswith("search:")
    looks = 3 if has_discussions and not is_search else 2
    return (Cost(per_look=looks, per_day=24 * (5000 if source.secrets.get("token") else 60)),)


FACTS = ConnectorFacts(
    platform="github",
    title="GitHub",
    docs_url="https://docs.github.com/en/rest/issues",
    docs_read=date(2026, 11, 21),
    target="OWNER/REPOSITORY, or search:WORDS",
    interval=timedelta(minutes=30),
    interval_reason="60 requests an hour without a token, 5,000 with one; a quiet look takes three",
    grade="silver",
    optional_secrets=("token",),
    cost=3.0,
    costs=_costs,
    options=("discussions",),
    mentions=True,
    limits=(
        "discussions want a token; discussions = false leaves them alone",
        "reactions alone do not bring a post up; views and shares are not told",
        "a search finds issues and pull requests, and what it found cannot be asked for again",
    ),
    exempt=(("gold", "discussions could not be tried on the live service"),),
)

_API = "https://api.github.com"
_PAGE = 100


class GitHub:
    """Reads a repository by time of change, or what a search finds anywhere."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk forward issues and comments by change; back through discussions or a search."""
        api = _Api(source, self._traffic)
        discussions = Discussions(api.http)
        walks: dict[str, Callable[[Cursor | None], Iterator[Step]]]
        if source.target.startswith("search:"):
            walks = {
                kind: partial(
                    self._backward(source, _created).walk,
                    partial(api.search, kind),
                    threads=_thread_of_issue,
                    thread=api.comments,
                )
                for kind in ("issue", "pull-request")
            }
        else:
            walks = {
                kind: self._forward(source, api, kind) for kind in ("issues", "issues/comments")
            }
            if source.secrets.get("token") and source.options.get("discussions", True):
                walks["discussions"] = partial(
                    self._backward(source, changed_at).walk,
                    discussions.listing,
                    threads=thread_of,
                    thread=discussions.below,
                )
        for kind, step in walk_several(walks, cursor):
            parse: Callable[[Json], Found] = partial(parse_item, source)
            if kind == "discussions":
                parse = partial(parse_discussion, source, thread=step.thread)
            yield make_page(step.items, parse, step.cursor, budget=api.http.budget)

    def _forward(
        self, source: Source, api: _Api, kind: str
    ) -> Callable[[Cursor | None], Iterator[Step]]:
        return lambda cursor: walk_by_time(
            partial(api.changed, kind),
            lambda raw: parse_moment(raw["updated_at"]),
            cursor,
            now=self._traffic.now(),
            since=source.since,
            overlap=timedelta(minutes=2),
            max_pages=source.max_pages,
        )

    def _backward(self, source: Source, key: Callable[[Json], datetime]) -> Backward:
        return Backward(
            key=key,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=10),
            deep=timedelta(days=14),  # comments that did not bring their thread up
            max_pages=source.max_pages,
        )

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; 404 and 410 are tombstones. Comments of discussions are left."""
        if source.target.startswith("search:"):
            return
        api = _Api(source, self._traffic)
        parse: Callable[[Source, Json], Found]
        for native_id in native_ids:
            number, _, comment = native_id.partition("/")
            if number.startswith("discussion:"):
                if comment:
                    continue
                raw, parse = Discussions(api.http).find(number.partition(":")[2]), parse_discussion
            else:
                path = f"issues/comments/{comment}" if comment else f"issues/{number[1:]}"
                raw, parse = api.http.find_json(f"{api.path}/{path}"), parse_item
            if raw is None:
                uid = make_uid("github", source.target.lower(), native_id)
                gone = Tombstone(uid, self._traffic.now(), "gone")
                yield Page(deleted=(gone,), budget=api.http.budget)
            else:
                yield make_page([raw], partial(parse, source), None, budget=api.http.budget)


@dataclass(slots=True)
class _Api:
    """The endpoints that we use."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
        if token := self.source.secrets.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        base = self.source.base_url or _API
        self.http = Client(self.source, base, self.traffic, headers=headers, judge=judge)

    @property
    def path(self) -> str:
        """Where the repository lives in the API."""
        return f"/repos/{self.source.target}"

    def changed(self, kind: str, after: datetime | None, page: int) -> Listing:
        """What changed at or after a moment, oldest change first."""
        params = {
            "state": "all",
            "sort": "updated",
            "direction": "asc",
            "since": _text(after) if after else None,
            "page": page,
            "per_page": _PAGE,
        }
        answer = self.http.get(f"{self.path}/{kind}", params)
        items = self.http.pick(self.http.read_json(answer), "", list)
        return Listing(items, 'rel="next"' in answer.headers.get("link", "") or None)

    def search(self, kind: str, place: Json) -> Listing:
        """Issues or pull requests by time of creation, newest first, by windows of time."""
        bound, page = place or [None, 1]
        words = self.source.target.removeprefix("search:").strip()
        query = f"{words} is:{kind}" + (f" created:<={bound}" if bound else "")
        params = {"q": query, "sort": "created", "order": "desc", "per_page": _PAGE, "page": page}
        answer = self.http.get_json("/search/issues", params)
        items = self.http.pick(answer, "items", list)
        times = [_text(at) for raw in items if (at := key_or_none(_created, raw))]
        if not items or len(items) >= answer.get("total_count", 0):
            return Listing(items)
        oldest = min(times, default=bound)
        return Listing(items, [bound, page + 1] if oldest == bound else [oldest, 1])

    def comments(self, name: str, place: Json) -> Listing:
        """Comments under an issue `OWNER/REPOSITORY#NUMBER`; `place` is how many were read."""
        repo, _, number = name.partition("#")
        page, size = piece_after(place or 0, _PAGE)
        path = f"/repos/{repo}/issues/{number}/comments"
        found = self.http.find_json(path, {"page": page, "per_page": size})
        items = [] if found is None else self.http.pick(found, "", list)
        return Listing(items, page * size if len(items) >= size else None)


def parse_item(source: Source, raw: Json) -> Post:
    """Turn an issue (`#NUMBER`) or a comment (`#NUMBER/ID`) into a post.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    is_comment = "issue_url" in raw
    issue = f"#{raw['issue_url'].rsplit('/', 1)[1] if is_comment else int(raw['number'])}"
    title = None if is_comment else clean_text(raw["title"])
    body = clean_text(raw.get("body") or "")
    user = raw.get("user") or {}
    return Post(
        platform="github",
        source=source.name,
        host=_repo(source, raw),
        native_id=f"{issue}/{raw['id']}" if is_comment else issue,
        kind="comment" if is_comment else "post",
        title=title,
        url=raw["html_url"],
        author=Account(id=str(user["id"]), handle=user.get("login")) if user.get("id") else None,
        author_role=role_of(source, raw.get("author_association")),
        text="\n\n".join(part for part in (title, body) if part),
        text_format="markdown",
        created_at=_created(raw),
        parent_id=issue if is_comment else None,
        root_id=issue,
        likes=(raw.get("reactions") or {}).get("+1"),
        replies=None if is_comment else raw.get("comments"),
        tags=tuple(label["name"] for label in raw.get("labels") or ()),
        raw=raw,
    )


def _repo(source: Source, raw: Json) -> str:
    """The repository that a record belongs to; names differ in nothing by upper case."""
    address = raw.get("issue_url") or raw.get("repository_url") or ""
    parts = address.partition("/repos/")[2].split("/")[:2]
    return ("/".join(parts) if len(parts) == 2 else source.target).lower()


def _thread_of_issue(raw: Json) -> tuple[str, int] | None:
    repo = raw["repository_url"].partition("/repos/")[2]
    return f"{repo}#{raw['number']}", raw.get("comments") or 0


def _created(raw: Json) -> datetime:
    return parse_moment(raw["created_at"])


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
