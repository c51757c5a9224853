"""GitHub: issues, pull requests and their comments; discussions with a token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.base import ConnectorFacts
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Client, Traffic
from connectors.moments import parse_moment
from connectors.paging import (
    Backward,
    Found,
    Listing,
    Step,
    make_page,
    walk_forward,
    walk_several,
)
from connectors.text import clean_text
from connectors.types import Account, Cursor, Json, Page, Post, Source, Tombstone, make_uid

FACTS = ConnectorFacts(
    platform="github",
    title="GitHub",
    docs_url="https://docs.github.com/en/rest/issues",
    docs_read=date(2026, 11, 21),
    target="OWNER/REPOSITORY",
    interval=timedelta(minutes=30),
    interval_reason="60 requests an hour without a token, 5,000 with one; a quiet look takes two",
    grade="bronze",
    optional_secrets=("token",),
    options=("discussions",),
    limits=(
        "discussions want a token (option discussions = true)",
        "reactions alone do not bring a post up; views and shares are not told",
    ),
)

_API = "https://api.github.com"
_OVERLAP = timedelta(minutes=2)
_DISCUSSIONS = """
query($owner: String!, $name: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    discussions(first: 25, after: $after, orderBy: {field: UPDATED_AT, direction: DESC}) {
      pageInfo { endCursor hasNextPage }
      nodes {
        number title bodyText url createdAt updatedAt lastEditedAt upvoteCount
        author { login } category { name }
        comments(first: 50) { totalCount nodes {
          id bodyText url createdAt lastEditedAt upvoteCount author { login }
          replies(first: 30) { totalCount nodes { id bodyText url createdAt author { login } } }
        } }
      }
    }
  }
}
"""


class GitHub:
    """Reads a repository's issues and comments by their time of change, oldest first."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk forward issues and comments by `updated_at`; back through discussions."""
        repo = _Repo(source, self._traffic)

        def forward(kind: str, state: Cursor | None) -> Iterator[Step]:
            known = state or {}
            since = _text(source.since) if source.since else None
            after, page = known.get("after") or since, known.get("page", 1)
            if known.get("after") and page == 1:
                after = _text(parse_moment(after) - _OVERLAP)
            listing = partial(repo.listing, kind)
            return walk_forward(listing, _updated, after, page, source.max_pages)

        walks: dict[str, Callable[[Cursor | None], Iterator[Step]]] = {
            "issues": partial(forward, "issues"),
            "comments": partial(forward, "issues/comments"),
        }
        if source.options.get("discussions"):
            walks["discussions"] = partial(
                Backward(
                    key=lambda raw: parse_moment(raw["updatedAt"]),
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    overlap=timedelta(minutes=5),
                    max_pages=source.max_pages,
                ).walk,
                repo.discussions,
            )
        for kind, step in walk_several(walks, cursor):
            parse = parse_discussion if kind == "discussions" else parse_item
            yield make_page(
                step.items, partial(parse, source), step.cursor, budget=repo.http.budget
            )

    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; 404 and 410 are tombstones. Discussions are left alone."""
        repo = _Repo(source, self._traffic)
        for native_id in native_ids:
            number, _, comment = native_id.partition("/")
            if not number.startswith("#"):
                continue
            path = f"issues/comments/{comment}" if comment else f"issues/{number[1:]}"
            raw = repo.http.find_json(f"{repo.path}/{path}")
            if raw is None:
                uid = make_uid("github", source.target, native_id)
                gone = Tombstone(uid, self._traffic.now(), "gone")
                yield Page(deleted=(gone,), budget=repo.http.budget)
            else:
                yield make_page([raw], partial(parse_item, source), None, budget=repo.http.budget)


@dataclass(slots=True)
class _Repo:
    """The endpoints that we use of one repository."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        if token := self.source.secrets.get("token"):
            headers["Authorization"] = f"Bearer {token}"
        base = self.source.base_url or _API
        self.http = Client(self.source, base, self.traffic, headers=headers)

    @property
    def path(self) -> str:
        """Where the repository lives in the API."""
        return f"/repos/{self.source.target}"

    def listing(self, kind: str, after: Json, page: int) -> Listing:
        """What changed at or after a moment, oldest change first."""
        params = {
            "state": "all",
            "sort": "updated",
            "direction": "asc",
            "since": after,
            "page": page,
            "per_page": 100,
        }
        answer = self.http.get(f"{self.path}/{kind}", params)
        try:
            body = answer.json()
        except ValueError as error:
            raise BadResponse(
                "no JSON in the answer", source=self.source.name, excerpt=answer.excerpt()
            ) from error
        items = self.http.pick(body, "", list)
        return Listing(items, 'rel="next"' in answer.headers.get("link", "") or None)

    def discussions(self, place: Json) -> Listing:
        """Discussions with what stands under them, last changed first."""
        owner, _, name = self.source.target.partition("/")
        variables = {"owner": owner, "name": name, "after": place}
        answer = self.http.post("/graphql", body={"query": _DISCUSSIONS, "variables": variables})
        if error := _graphql_error(answer):
            error.source = self.source.name
            raise error
        found = self.http.pick(answer, "data.repository.discussions", dict)
        info = self.http.pick(found, "pageInfo", dict)
        place = info.get("endCursor") if info.get("hasNextPage") else None
        return Listing(self.http.pick(found, "nodes", list), place)


def parse_item(source: Source, raw: Json) -> Post:
    """Turn an issue (`#NUMBER`) or a comment (`#NUMBER/ID`) into a post.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    is_comment = "issue_url" in raw
    issue = f"#{raw['issue_url'].rsplit('/', 1)[1] if is_comment else raw['number']}"
    title = None if is_comment else clean_text(raw["title"])
    body = clean_text(raw.get("body") or "")
    user = raw.get("user") or {}
    return Post(
        platform="github",
        source=source.name,
        host=source.target,
        native_id=f"{issue}/{raw['id']}" if is_comment else issue,
        kind="comment" if is_comment else "post",
        title=title,
        url=raw["html_url"],
        author=Account(id=str(user["id"]), handle=user.get("login")) if user.get("id") else None,
        text="\n\n".join(part for part in (title, body) if part),
        text_format="markdown",
        created_at=parse_moment(raw["created_at"]),
        parent_id=issue if is_comment else None,
        root_id=issue,
        likes=(raw.get("reactions") or {}).get("+1"),
        replies=None if is_comment else raw.get("comments"),
        tags=tuple(label["name"] for label in raw.get("labels") or ()),
        raw=raw,
    )


def parse_discussion(source: Source, raw: Json) -> Found:
    """Turn a discussion with its comments and answers into posts; ideas by their category."""
    root = f"discussion:{raw['number']}"
    title = clean_text(raw["title"])
    is_idea = "idea" in str((raw.get("category") or {}).get("name", "")).lower()
    posts = [_node(source, raw, root, None, root, title=title, is_idea=is_idea)]
    for comment in (raw.get("comments") or {}).get("nodes") or []:
        posts.append(_node(source, comment, comment["id"], root, root))
        for answer in (comment.get("replies") or {}).get("nodes") or []:
            posts.append(_node(source, answer, answer["id"], comment["id"], root))
    return posts


def _node(
    source: Source,
    raw: Json,
    native_id: str,
    parent: str | None,
    root: str,
    *,
    title: str | None = None,
    is_idea: bool = False,
) -> Post:
    login = (raw.get("author") or {}).get("login")
    below = raw.get("comments") or raw.get("replies") or {}
    edited = raw.get("lastEditedAt")
    return Post(
        platform="github",
        source=source.name,
        host=source.target,
        native_id=native_id,
        kind="comment" if parent else "idea" if is_idea else "post",
        title=title,
        url=raw.get("url"),
        author=Account(handle=login) if login else None,
        text="\n\n".join(part for part in (title, clean_text(raw["bodyText"])) if part),
        created_at=parse_moment(raw["createdAt"]),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=parent,
        root_id=root,
        likes=raw.get("upvoteCount"),
        replies=below.get("totalCount"),
        raw=raw,
    )


def _graphql_error(answer: Any) -> ConnectorError | None:
    """GraphQL refuses with 200."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not errors or (isinstance(answer, dict) and answer.get("data", {}).get("repository")):
        return None
    kind = errors[0].get("type") if isinstance(errors[0], dict) else None
    if kind == "RATE_LIMITED":
        return Unavailable("the hour's points are used up", retry_after=900.0)
    if kind == "NOT_FOUND":
        return SourceGone("there is no such repository, or the token may not see it")
    return AuthError(f"discussions are refused ({kind}); check token")


def _updated(raw: Json) -> str:
    return _text(parse_moment(raw["updated_at"]))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
