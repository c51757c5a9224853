"""Stack Exchange: questions of a tag or a search, their answers and comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.base import ConnectorFacts, Cost
from connectors.errors import AuthError, BadResponse, ConnectorError, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.moments import from_epoch
from connectors.numbered import walk_by_time
from connectors.paging import Listing, guarded, key_or_none, make_page, walk_forward
from connectors.text import html_to_text, images
from connectors.types import (
    Account,
    Budget,
    Counts,
    Cursor,
    Json,
    Page,
    Post,
    PostKind,
    Source,
    Tombstone,
    make_uid,
)


def _costs(source: Source) -> tuple[Cost, ...]:
    """Questions, their answers, the comments of both; an app's key lifts the daily quota."""
    return (Cost(per_look=4, per_day=10_000 if source.options.get("key") else 300),)


FACTS = ConnectorFacts(
    platform="stackexchange",
    title="Stack Exchange",
    docs_url="https://api.stackexchange.com/docs",
    docs_read=date(2026, 11, 21),
    target="a tag, several as a;b (all of them), or search:WORDS",
    interval=timedelta(minutes=30),
    interval_reason="300 calls a day are allowed without a key; a quiet tag needs two or three",
    grade="bronze",
    per_host=True,
    options=("site", "key"),
    cost=4.0,
    costs=_costs,
    mentions=True,
    limits=(
        "option key (an app key, not a secret) raises the quota to 10,000 calls a day",
        "comments are looked for during a week after the last activity of their thread",
        "a comment has no answers, nothing has shares; views are told for questions only",
        "texts are CC BY-SA: show link, author and license with them",
    ),
    exempt=(("silver", "sort order and error numbers could not be tried on the live service"),),
)

_API = "https://api.stackexchange.com"
_BATCH = 100
_COMMENTS_FOR_S = 7 * 24 * 3600
_RECENT_KEPT = 1000
_WAIT = re.compile(r"available in (\d+) second")


class StackExchange:
    """Reads questions by their last activity, and whatever stands below them.

    Options: `site` (default `stackoverflow`), `key` (raises the quota).
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk forward by activity; at the end look for comments, which are no activity.

        Cursor: {"walk", "recent": {post: [question, activity]}, "comments_at"}.
        """
        api, now = _Site(source, self._traffic), self._traffic.now()
        state: dict[str, Any] = dict(cursor or {})
        recent: dict[str, list[int]] = dict(state.get("recent") or {})
        comments_at = state.get("comments_at", int(now.timestamp()))
        known = list(recent)
        for step in walk_by_time(
            api.questions,
            _active,
            state.get("walk"),
            now=now,
            since=source.since,
            overlap=timedelta(minutes=5),
            max_pages=source.max_pages,
        ):
            answers = api.below("questions", "answers", step.items)
            _remember(recent, [*step.items, *answers], now)
            comments = api.below("posts", "comments", [*step.items, *answers])
            state = {"walk": step.cursor, "recent": dict(recent), "comments_at": comments_at}
            parse = partial(parse_post, source, roots={**recent, **_roots(step.items, answers)})
            found = [*step.items, *answers, *comments]
            yield make_page(found, parse, dict(state), budget=api.http.budget)
        if known and state["walk"].get("whole"):
            posts = [{"post_id": one} for one in known]
            late = api.below("posts", "comments", posts, since=comments_at - 60)
            state["comments_at"] = int(now.timestamp())
            parse = partial(parse_post, source, roots=recent)
            yield make_page(late, parse, dict(state), budget=api.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again, 100 ids a call; what is missing in the answer is gone."""
        api = _Site(source, self._traffic)
        for letter, kind in (("q", "question"), ("a", "answer"), ("c", "comment")):
            mine = [one for one in native_ids if one.startswith(letter)]
            for start in range(0, len(mine), _BATCH):
                asked = mine[start : start + _BATCH]
                found = api.by_id(f"{kind}s", [one[1:] for one in asked])
                now = self._traffic.now()
                ids = {f"{letter}{raw.get(f'{kind}_id')}" for raw in found if isinstance(raw, dict)}
                gone = [make_uid("stackexchange", api.site, one) for one in asked if one not in ids]
                page = make_page(found, partial(parse_post, source, roots={}), None)
                scores = tuple(Counts(post.uid, now, likes=post.likes) for post in page.posts)
                yield Page(
                    # where a comment stands is not told here: its score is what is new
                    posts=() if letter == "c" else page.posts,
                    counts=scores if letter == "c" else (),
                    deleted=tuple(Tombstone(uid, now, "gone") for uid in gone),
                    rejected=page.rejected,
                    budget=api.http.budget,
                )


@dataclass(slots=True)
class _Site:
    """The endpoints that we use of one site."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(self.source, self.source.base_url or _API, self.traffic, judge=_judge)

    @property
    def site(self) -> str:
        """The site's name, which takes the place of a host in uids."""
        return _site(self.source)

    def questions(self, after: datetime | None, page: int) -> Listing:
        """Questions by activity, oldest first."""
        target = self.source.target.strip()
        is_search = target.startswith("search:")
        params = {
            "q": target.removeprefix("search:").strip() if is_search else None,
            "tagged": None if is_search else target or None,
            "sort": "activity",
            "order": "asc",
            "min": int(after.timestamp()) if after else None,
            "page": page,
        }
        return self._piece("/search/advanced" if is_search else "/questions", params)

    def below(
        self, above: str, kind: str, posts: Sequence[Json], since: int | None = None
    ) -> list[Json]:
        """All answers or comments (`kind`) to these posts, from `since` (epoch seconds) on."""
        ids = _ids(posts)
        found: list[Json] = []
        for start in range(0, len(ids), _BATCH):
            path = f"/{above}/{';'.join(ids[start : start + _BATCH])}/{kind}"
            # by key, not by page: what vanishes while we read must not pull others past us
            steps = walk_forward(self._by_creation(path), _created_s, since, max_pages=1000)
            found.extend(raw for step in steps for raw in step.items)
        return found

    def _by_creation(self, path: str) -> Callable[[Json, int], Listing]:
        def piece(after: Json, page: int) -> Listing:
            order = {"sort": "creation", "order": "asc", "min": after, "page": page}
            return self._piece(path, order)

        return piece

    def by_id(self, kind: str, ids: Sequence[str]) -> list[Json]:
        """Posts of one kind that are still there."""
        return list(self._piece(f"/{kind}/{';'.join(ids)}", {}).items)

    def _piece(self, path: str, params: Mapping[str, Any]) -> Listing:
        shared = {"site": self.site, "key": self.source.options.get("key")}
        answer = self.http.get_json(
            f"/2.3{path}", {**params, **shared, "pagesize": _BATCH, "filter": "withbody"}
        )
        items = self.http.pick(answer, "items", list)
        if isinstance(answer.get("quota_remaining"), int):
            self.http.budget = Budget(answer["quota_remaining"], answer.get("quota_max"))
        if isinstance(answer.get("backoff"), int):
            self.http.pause(answer["backoff"])
        if answer.get("has_more") and not items:
            raise BadResponse(f"{path}: an empty page names a next one", source=self.source.name)
        return Listing(items, bool(answer.get("has_more")))


def parse_post(source: Source, raw: Json, *, roots: Mapping[str, Sequence[int]]) -> Post:
    """Turn a question, answer or comment into a post.

    `roots` = {post: [question, ...]} tells in which thread a commented post stands.
    Raises KeyError, TypeError or ValueError for a record that is none of them.
    """
    owner = raw.get("owner") or {}
    kind: PostKind = "comment"
    title = parent = None
    if "comment_id" in raw:
        native_id = f"c{raw['comment_id']}"
        post_id = raw["post_id"]
        question = next(iter(roots.get(str(post_id), ())), None)
        root = f"q{question}" if question else None
        parent = root and (root if question == post_id else f"a{post_id}")
    elif "answer_id" in raw:
        native_id = f"a{raw['answer_id']}"
        root = parent = f"q{raw['question_id']}"
    else:
        native_id = root = f"q{raw['question_id']}"
        kind, title = "post", html_to_text(raw["title"])
    body = raw.get("body") or ""
    return Post(
        platform="stackexchange",
        source=source.name,
        host=_site(source),
        native_id=native_id,
        kind=kind,
        url=raw.get("link"),
        title=title,
        text="\n\n".join(part for part in (title, html_to_text(body)) if part),
        text_raw=body or None,
        text_format="html",
        author=Account(
            id=str(owner["user_id"]) if owner.get("user_id") else None,
            name=html_to_text(owner.get("display_name") or "") or None,
        ),
        created_at=from_epoch(raw["creation_date"]),
        edited_at=from_epoch(raw["last_edit_date"]) if raw.get("last_edit_date") else None,
        parent_id=parent,
        root_id=root,
        likes=raw.get("score"),
        replies=raw.get("answer_count"),
        views=raw.get("view_count"),
        tags=tuple(raw.get("tags") or ()) if kind == "post" else (),
        media=images(body),
        raw=raw,
    )


def _site(source: Source) -> str:
    return str(source.options.get("site", "stackoverflow"))


def _ids(posts: Sequence[Json]) -> list[str]:
    found = (key_or_none(_id, raw) for raw in posts)
    return [str(one) for one in dict.fromkeys(found) if one]


def _id(raw: Json) -> Any:
    return raw.get("post_id") or raw.get("answer_id") or raw["question_id"]


def _roots(questions: Sequence[Json], answers: Sequence[Json]) -> dict[str, list[int]]:
    posts = [raw for raw in (*questions, *answers) if key_or_none(_id, raw)]
    return {str(_id(raw)): [raw["question_id"]] for raw in posts}


def _remember(recent: dict[str, list[int]], posts: Sequence[Json], now: datetime) -> None:
    """Keep in mind which threads may still get comments: the youngest, for a week."""
    for raw in posts:
        at = key_or_none(_active, raw)
        if at is not None and key_or_none(_id, raw):
            recent[str(_id(raw))] = [raw["question_id"], int(at.timestamp())]
    start = int(now.timestamp()) - _COMMENTS_FOR_S
    young = sorted((one for one in recent.items() if one[1][1] >= start), key=lambda one: one[1][1])
    recent.clear()
    recent.update(young[-_RECENT_KEPT:])


def _active(raw: Json) -> datetime:
    return from_epoch(raw["last_activity_date"])


def _created_s(raw: Json) -> int:
    return int(raw["creation_date"])


def _judge(answer: Answer) -> ConnectorError | None:
    """The status is 400 for nearly everything; the number in the body tells."""
    body = answer.json_or_none()
    if answer.status < 400 or not isinstance(body, dict):
        return None
    number = body.get("error_id")
    if number in (500, 502, 503):
        wait = _WAIT.search(str(body.get("error_message")))
        return Unavailable(
            "the quota is used up or the service is down",
            retry_after=float(wait[1]) if wait else None,
        )
    if number in (401, 402, 403, 405, 406):
        return AuthError(f"Stack Exchange refuses us ({body.get('error_name')}); check option key")
    return None
