"""UserVoice: suggestions and their comments, by the Admin API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward, walk_several
from connectors.base import ConnectorFacts
from connectors.errors import SourceGone
from connectors.http import Client, Params, Traffic, host_of
from connectors.moments import parse_moment
from connectors.oauth import Sessions
from connectors.paging import Found, Listing, Step, guarded, make_page
from connectors.text import clean_text, html_to_text
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
    platform="uservoice",
    title="UserVoice",
    docs_url="https://developer.uservoice.com/docs/api/v2/reference/",
    docs_read=date(2026, 11, 21),
    target="a forum's id, or empty for all forums",
    interval=timedelta(minutes=30),
    interval_reason="limits per minute depend on the plan; a quiet account needs two requests",
    grade="experimental",
    cost=2.0,
    per_host=True,
    needs_base_url=True,
    secrets=("client_id", "token"),
    limits=(
        "read from accounts of others, not from UserVoice's own pages: off until it is asked for",
        "wants an API client with its secret (token) and the address of the account (base_url)",
        "edits are not told apart from other changes; views and shares do not exist",
    ),
    exempt=(("silver", "fields and paging are told by third parties and could not be checked"),),
)

_API = "/api/v2/admin"
_LOGIN = "/api/v2/oauth/token"
_GONE: dict[str, DeletedReason] = {"deleted": "unknown", "spam": "moderator"}


class UserVoice:
    """Reads suggestions and comments by the time of their last change, newest first."""

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()
        self._sessions = Sessions()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back both listings. What changes meanwhile moves to the top, never out of sight."""
        api = _Api(source, self._traffic, self._sessions)

        def walk(kind: str) -> Callable[[Cursor | None], Iterator[Step]]:
            return partial(
                Backward(
                    key=_updated,
                    now=self._traffic.now(),
                    source=source.name,
                    since=source.since,
                    overlap=timedelta(minutes=5),
                    max_pages=source.max_pages,
                ).walk,
                partial(api.listing, kind),
            )

        walks = {kind: walk(kind) for kind in ("suggestions", "comments")}
        for _, step in walk_several(walks, cursor):
            parse = partial(parse_post, source, now=self._traffic.now())
            yield make_page(step.items, parse, step.cursor, budget=api.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again one by one; what is not found any more is a tombstone."""
        api = _Api(source, self._traffic, self._sessions)
        for native_id in native_ids:
            now, raw = self._traffic.now(), api.find(native_id)
            if raw is None:
                gone = Tombstone(make_uid("uservoice", api.http.host, native_id), now, "gone")
                yield Page(deleted=(gone,), budget=api.http.budget)
            else:
                parse = partial(parse_post, source, now=now)
                yield make_page([raw], parse, None, budget=api.http.budget)


@dataclass(slots=True)
class _Api:
    """The endpoints that we use."""

    source: Source
    traffic: Traffic
    sessions: Sessions
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or "", self.traffic)

    def listing(self, kind: str, place: Json) -> Listing:
        """Suggestions or comments with their writers, last changed first."""
        params = {"sort": "-updated_at", "per_page": 100, "cursor": place, "includes": "users"}
        answer = self._ask(f"/{kind}", params)
        items = self._joined(self.http.pick(answer, kind, list), answer)
        forum = self.source.target.strip()
        if forum and kind == "suggestions":
            items = [raw for raw in items if not _is_elsewhere(raw, forum)]
        paging = answer.get("pagination") or {}
        following = paging.get("next_cursor") or paging.get("cursor")
        return Listing(items, following if items and following != place else None)

    def find(self, native_id: str) -> Json | None:
        """One suggestion or comment, or None where it is gone."""
        kind = "suggestions" if native_id.startswith("s") else "comments"
        try:
            answer = self._ask(f"/{kind}/{native_id[1:]}", {"includes": "users"})
        except SourceGone:
            return None
        return next(iter(self._joined(self.http.pick(answer, kind, list), answer)), None)

    def _ask(self, path: str, params: Params) -> dict[str, Any]:
        answer = self.sessions.get_json(self.http, self._log_in, f"{_API}{path}", params)
        return self.http.pick(answer, "", dict)

    def _log_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.source.secrets.get("client_id", ""),
            "client_secret": self.source.secrets.get("token", ""),
        }
        return self.http.pick(self.http.post(_LOGIN, data=form, raw=True), "access_token", str)

    def _joined(self, items: list[Json], answer: dict[str, Any]) -> list[Json]:
        """Records with their writers, whose e-mail addresses stay out."""
        users = {
            user.get("id"): {"id": user.get("id"), "name": user.get("name")}
            for user in answer.get("users") or ()
            if isinstance(user, dict)
        }
        return [
            {**raw, "user": users.get((raw.get("links") or {}).get("created_by"))}
            if isinstance(raw, dict)
            else raw
            for raw in items
        ]


def parse_post(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn a suggestion or a comment, with its writer as `user`, into a post or a tombstone.

    Raises KeyError, TypeError or ValueError for a record that is neither.
    """
    links = raw.get("links") or {}
    idea = links.get("suggestion")
    native_id = f"{'c' if idea else 's'}{int(raw['id'])}"
    host = host_of(source.base_url)
    if raw.get("state") in _GONE:
        return Tombstone(make_uid("uservoice", host, native_id), now, _GONE[raw["state"]])
    user = raw.get("user") or {"id": links.get("created_by"), "name": None}
    title = None if idea else clean_text(raw["title"])
    body = raw["body"] if idea else raw.get("body") or ""
    return Post(
        platform="uservoice",
        source=source.name,
        host=host,
        native_id=native_id,
        kind="comment" if idea else "idea",
        url=raw.get("portal_url"),
        author=Account(id=str(user["id"]), name=clean_text(user.get("name") or "") or None)
        if user.get("id")
        else None,
        title=title,
        text="\n\n".join(part for part in (title, html_to_text(body)) if part),
        text_raw=body,
        text_format="html",
        created_at=parse_moment(raw["created_at"]),
        parent_id=f"s{idea}" if idea else None,
        root_id=f"s{idea}" if idea else native_id,
        likes=None if idea else raw.get("supporters_count"),
        replies=None if idea else raw.get("comments_count"),
        raw=raw,
    )


def _is_elsewhere(raw: Json, forum: str) -> bool:
    return isinstance(raw, dict) and str((raw.get("links") or {}).get("forum", forum)) != forum


def _updated(raw: Json) -> datetime:
    return parse_moment(raw.get("updated_at") or raw["created_at"])
