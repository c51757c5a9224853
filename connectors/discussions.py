"""Discussions on GitHub, which only its GraphQL API tells, and how GitHub refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client
from connectors.moments import parse_moment
from connectors.paging import Found, Listing
from connectors.text import clean_text
from connectors.types import Account, Json, Post, Source

_STAFF = ("OWNER", "MEMBER", "COLLABORATOR")
_SECONDARY_WAIT_S = 60.0
"""What GitHub asks for where it names no time itself."""
_NODE = "id bodyText url createdAt lastEditedAt upvoteCount authorAssociation author { login }"
_REPLIES = f"totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ {_NODE} }}"
_COMMENT = f"{_NODE} replies(first: 50) {{ {_REPLIES} }}"
_DISCUSSION = (
    f"{_NODE} number title updatedAt category {{ name }} labels(first: 10) {{ nodes {{ name }} }} "
    "comments { totalCount }"
)
_IN_REPO = "repository(owner: $owner, name: $name)"
_LIST = f"""query($owner: String!, $name: String!, $after: String) {{ {_IN_REPO} {{
  discussions(first: 50, after: $after, orderBy: {{field: UPDATED_AT, direction: DESC}}) {{
    pageInfo {{ endCursor hasNextPage }} nodes {{ {_DISCUSSION} }} }} }} }}"""
_ONE = f"""query($owner: String!, $name: String!, $number: Int!) {{ {_IN_REPO} {{
  discussion(number: $number) {{ {_DISCUSSION} }} }} }}"""
_BELOW = f"""query($owner: String!, $name: String!, $number: Int!, $after: String) {{ {_IN_REPO} {{
  discussion(number: $number) {{ comments(first: 50, after: $after) {{
    pageInfo {{ endCursor hasNextPage }} nodes {{ {_COMMENT} }} }} }} }} }}"""
_MORE = f"""query($id: ID!, $after: String) {{ node(id: $id) {{ ... on DiscussionComment {{
  replies(first: 100, after: $after) {{ {_REPLIES} }} }} }} }}"""


@dataclass(slots=True)
class Discussions:
    """The discussions of one repository."""

    http: Client

    def listing(self, place: Json) -> Listing:
        """Discussions, last changed first."""
        answer = self._ask(_LIST, {"after": place})
        return _nodes(self.http, answer, "data.repository.discussions")

    def find(self, number: str) -> Json | None:
        """One discussion as it stands now, or None where it is gone."""
        try:
            answer = self._ask(_ONE, {"number": int(number)})
        except SourceGone:
            return None
        return self.http.pick(answer, "data.repository.discussion", dict)

    def below(self, name: str, place: Json) -> Listing:
        """Comments of a discussion, each with all of its answers."""
        try:
            answer = self._ask(_BELOW, {"number": int(name), "after": place})
        except SourceGone:  # deleted since the list was read
            return Listing(())
        piece = _nodes(self.http, answer, "data.repository.discussion.comments")
        for comment in piece.items:
            self._complete(comment)
        return piece

    def _complete(self, comment: Json) -> None:
        """Put all answers into a comment that came with the first ones only."""
        replies = comment.get("replies") if isinstance(comment, dict) else None
        while isinstance(replies, dict) and (replies.get("pageInfo") or {}).get("hasNextPage"):
            after = replies["pageInfo"].get("endCursor")
            answer = self._ask(_MORE, {"id": comment["id"], "after": after})
            more = self.http.pick(answer, "data.node.replies", dict)
            if (more.get("pageInfo") or {}).get("endCursor") == after:
                raise BadResponse("answers are paged in circles", source=self.http.source.name)
            replies["nodes"] = [*(replies.get("nodes") or ()), *(more.get("nodes") or ())]
            replies["pageInfo"] = more.get("pageInfo")

    def _ask(self, query: str, variables: Mapping[str, Any]) -> Json:
        owner, _, name = self.http.source.target.partition("/")
        if query != _MORE:
            variables = {"owner": owner, "name": name, **variables}
        return self.http.post("/graphql", body={"query": query, "variables": variables})


def parse_discussion(source: Source, raw: Json, thread: str | None = None) -> Found:
    """Turn a discussion, or a comment in discussion `thread` with its answers, into posts.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    if thread is None:
        return _node(source, raw, f"discussion:{int(raw['number'])}", None)
    root = f"discussion:{thread}"
    comment = _node(source, raw, f"{root}/{raw['id']}", root)
    answers = (raw.get("replies") or {}).get("nodes") or []
    below = [_node(source, one, f"{root}/{one['id']}", comment.native_id) for one in answers]
    return [comment, *below]


def _node(source: Source, raw: Json, native_id: str, parent: str | None) -> Post:
    title = None if parent else clean_text(raw["title"])
    category = str((raw.get("category") or {}).get("name", "")).lower()
    is_idea = parent is None and "idea" in category
    login, edited = (raw.get("author") or {}).get("login"), raw.get("lastEditedAt")
    below = raw.get("comments") or raw.get("replies") or {}
    return Post(
        platform="github",
        source=source.name,
        host=source.target.lower(),
        native_id=native_id,
        kind="comment" if parent else "idea" if is_idea else "post",
        title=title,
        url=raw["url"],
        author=Account(handle=login) if login else None,
        author_role=role_of(source, raw.get("authorAssociation")),
        text="\n\n".join(part for part in (title, clean_text(raw["bodyText"])) if part),
        created_at=parse_moment(raw["createdAt"]),
        edited_at=parse_moment(edited) if edited else None,
        parent_id=parent,
        root_id=native_id.partition("/")[0],
        likes=raw.get("upvoteCount"),
        replies=below.get("totalCount"),
        tags=tuple(label["name"] for label in (raw.get("labels") or {}).get("nodes") or ()),
        raw=raw,
    )


def _nodes(http: Client, answer: Json, at: str) -> Listing:
    found = http.pick(answer, at, dict)
    info = http.pick(found, "pageInfo", dict)
    place = info.get("endCursor") if info.get("hasNextPage") else None
    return Listing(http.pick(found, "nodes", list), place)


def role_of(source: Source, association: Json) -> str | None:
    """In a repository of our own, whoever belongs to it speaks for us."""
    return "company" if source.own and association in _STAFF else None


def thread_of(raw: Json) -> tuple[str, int] | None:
    """Name a discussion, and a number that grows whenever something is written in it."""
    total = raw["comments"]["totalCount"]
    # answers to comments are no part of the total, but they change the discussion
    return (str(raw["number"]), int(changed_at(raw).timestamp()) + total) if total else None


def changed_at(raw: Json) -> datetime:
    """When a discussion was changed last."""
    return parse_moment(raw["updatedAt"])


def judge(answer: Answer) -> ConnectorError | None:
    """GraphQL refuses with 200; secondary limits name no time."""
    body = answer.json_or_none()
    if not isinstance(body, dict):
        return None
    if answer.status in (403, 429) and "secondary rate limit" in str(body.get("message")).lower():
        return None if "retry-after" in answer.headers else _slow_down(_SECONDARY_WAIT_S)
    errors = body.get("errors")
    if answer.status != 200 or not errors or not isinstance(errors, list):
        return None
    kind = errors[0].get("type") if isinstance(errors[0], dict) else None
    if kind == "RATE_LIMITED":
        return _slow_down(None)
    if kind == "NOT_FOUND":
        return SourceGone("there is no such repository or discussion; check target and token")
    if kind in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        return AuthError(f"discussions are refused ({kind}); check the rights of the token")
    return BadResponse(f"GraphQL answers {str(kind)[:40]}; the API may have changed")


def _slow_down(seconds: float | None) -> Unavailable:
    return Unavailable("GitHub asks us to slow down", retry_after=seconds)
