"""Slack channels that an internal app was invited to."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from connectors.backward import Backward
from connectors.base import ConnectorFacts, Cost
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.http import Answer, Client, Traffic
from connectors.moments import from_epoch
from connectors.paging import Found, Listing, guarded, key_or_none, make_page
from connectors.text import clean_text
from connectors.types import (
    Account,
    Cursor,
    Json,
    Page,
    Post,
    Source,
    Tombstone,
    make_uid,
)


def _costs(source: Source) -> tuple[Cost, ...]:
    """Apps that are sold outside of the marketplace get one request a minute."""
    return (Cost(per_day=24 * 60 * (1 if source.options.get("distributed") else 50)),)


FACTS = ConnectorFacts(
    platform="slack",
    title="Slack",
    docs_url="https://docs.slack.dev/reference/methods/conversations.history/",
    docs_read=date(2026, 11, 21),
    target="a channel's id (C0...)",
    interval=timedelta(minutes=10),
    interval_reason="an app of one's own may ask 50 times a minute; a quiet channel needs one call",
    grade="silver",
    secrets=("token",),
    costs=_costs,
    options=("distributed", "workspace", "threads"),
    limits=(
        "make the app yourself (internal): distributed apps get 1 call a minute and 15 messages, "
        "so set distributed = true for one of these",
        "the bot must be a member of the channel; it needs channels:history",
        "answers in threads older than 14 days are not noticed",
        "deletions are seen when a message is asked for again; views and shares do not exist",
        "Slack's terms restrict copies and the training of models: keep texts short (retention)",
    ),
    exempt=(
        ("limit headers", "Slack sends none; Retry-After is obeyed"),
        ("gold", "the form of deleted thread roots could not be tried on the live service"),
    ),
)

_API = "https://slack.com"
_CONTENT = (None, "bot_message", "thread_broadcast", "file_share", "me_message")
_AUTH = (
    *("not_authed", "invalid_auth", "account_inactive", "token_expired", "token_revoked"),
    *("missing_scope", "not_in_channel", "no_permission", "access_denied", "ekm_access_denied"),
)
_GONE = ("channel_not_found", "is_archived", "thread_not_found", "message_not_found")
_LATER = ("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout")
_MARKUP = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


class Slack:
    """Reads a channel's history, and the thread under each message that has got answers.

    Options: `distributed` = true for apps with the small limit, `workspace` (the first word of
    the address) for links, `threads` = false leaves answers alone.
    """

    facts: ClassVar[ConnectorFacts] = FACTS

    def __init__(self, traffic: Traffic | None = None) -> None:
        self._traffic = traffic or Traffic()

    @guarded
    def fetch(self, source: Source, cursor: Cursor | None) -> Iterator[Page]:
        """Walk back by time stamps, which are the messages' own ids and never expire."""
        channel = _Channel(source, self._traffic)
        walk = Backward(
            key=_sent,
            now=self._traffic.now(),
            source=source.name,
            since=source.since,
            overlap=timedelta(minutes=5),
            # answers keep coming, edits too; the small limit allows no more than a daily look
            deep=timedelta(days=14),
            deep_every=timedelta(hours=24 if source.options.get("distributed") else 1),
            max_pages=source.max_pages,
        )
        wanted = source.options.get("threads", True)
        threads = _thread_of if wanted else lambda _: None
        for step in walk.walk(channel.history, cursor, threads, channel.thread):
            parse = partial(parse_message, source, now=self._traffic.now())
            yield make_page(step.items, parse, step.cursor, budget=channel.http.budget)

    @guarded
    def refresh(self, source: Source, native_ids: Sequence[str]) -> Iterator[Page]:
        """Ask again message by message; what is not found any more is a tombstone."""
        channel = _Channel(source, self._traffic)
        for native_id in native_ids:
            now, raw = self._traffic.now(), channel.message(native_id.partition(":")[2])
            if raw is None:
                gone = Tombstone(make_uid("slack", None, native_id), now, "gone")
                yield Page(deleted=(gone,), budget=channel.http.budget)
            else:
                parse = partial(parse_message, source, now=now)
                yield make_page([raw], parse, None, budget=channel.http.budget)


@dataclass(slots=True)
class _Channel:
    """The methods that we use of one channel."""

    source: Source
    traffic: Traffic
    http: Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = Client(
            self.source,
            self.source.base_url or _API,
            self.traffic,
            headers={"Authorization": f"Bearer {self.source.secrets.get('token', '')}"},
            judge=_judge,
        )

    def _messages(self, method: str, params: Mapping[str, Any]) -> tuple[list[Json], Json]:
        limit = 15 if self.source.options.get("distributed") else 200
        shared = {"channel": self.source.target.strip(), "limit": limit}
        answer = self.http.get_json(f"/api/conversations.{method}", {**shared, **params})
        return self.http.pick(answer, "messages", list), answer

    def history(self, place: Json) -> Listing:
        """Messages of the channel, newest first, from before the time stamp `place`."""
        items, answer = self._messages("history", {"latest": place})
        stamps = [at for raw in items if (at := key_or_none(_stamp, raw)) is not None]
        if not answer.get("has_more"):
            return Listing(items)
        if not stamps:
            raise BadResponse("a page without messages names a next one", source=self.source.name)
        return Listing(items, min(stamps, key=float))

    def thread(self, name: str, place: Json) -> Listing:
        """A thread with its root, oldest first; one that is gone is empty."""
        try:
            items, answer = self._messages("replies", {"ts": name, "cursor": place})
        except SourceGone:
            return Listing(())
        metadata = answer.get("response_metadata") or {}
        return Listing(items, metadata.get("next_cursor") or None)

    def message(self, stamp: str) -> Json | None:
        """One message as it stands now, in the channel or in a thread; None where it is gone."""
        params = {"ts": stamp, "oldest": stamp, "latest": stamp, "inclusive": "true"}
        try:
            items, _ = self._messages("replies", params)
        except SourceGone as error:
            if "channel" in str(error):
                raise
            return None
        return next((raw for raw in items if key_or_none(_stamp, raw) == stamp), None)


def parse_message(source: Source, raw: Json, *, now: datetime) -> Found:
    """Turn a message into a post, or into a tombstone; None for notes of the system.

    Raises KeyError, TypeError or ValueError for a record that is no message.
    """
    channel, stamp = source.target.strip(), _stamp(raw)
    native_id = f"{channel}:{stamp}"
    if raw.get("subtype") == "tombstone":
        return Tombstone(make_uid("slack", None, native_id), now, "unknown")
    if raw.get("subtype") not in _CONTENT:
        return None
    root = raw.get("thread_ts") or stamp
    edited = (raw.get("edited") or {}).get("ts")
    who = raw.get("user") or raw.get("bot_id")
    workspace = source.options.get("workspace")
    return Post(
        platform="slack",
        source=source.name,
        native_id=native_id,
        kind="message",
        url=f"https://{workspace}.slack.com/archives/{channel}/p{stamp.replace('.', '')}"
        if workspace
        else None,
        author=Account(id=who, name=raw.get("username")) if who else None,
        text=_plain(raw["text"]),
        text_raw=raw["text"],
        text_format="mrkdwn",
        created_at=_sent(raw),
        edited_at=from_epoch(float(edited)) if edited else None,
        parent_id=f"{channel}:{root}" if root != stamp else None,
        root_id=f"{channel}:{root}",
        likes=sum(one.get("count", 0) for one in raw.get("reactions") or ()),
        replies=raw.get("reply_count", 0 if root == stamp else None),
        media=tuple(
            {
                "type": (one.get("mimetype") or "file").split("/")[0],
                "url": one.get("permalink"),
                "alt": one.get("alt_txt"),
            }
            for one in raw.get("files") or ()
        ),
        raw=raw,
    )


def _plain(text: str) -> str:
    """Resolve `<@U1|kim>`, `<#C1|help>`, `<!here>` and `<https://...|words>`."""

    def resolve(found: re.Match[str]) -> str:
        target, label = found[1], found[2]
        if target[0] in "@#":
            return target[0] + (label or target[1:])
        if target[0] == "!":
            return f"@{label or target[1:].split('^')[0]}".replace("@@", "@")
        return f"{label} ({target})" if label and label not in target else target

    return clean_text(html.unescape(_MARKUP.sub(resolve, text)))


def _stamp(raw: Json) -> str:
    """The message's id within its channel: never a number, as all six decimals count."""
    stamp = raw["ts"]
    float(stamp)
    return str(stamp)


def _sent(raw: Json) -> datetime:
    return from_epoch(float(_stamp(raw)))


def _thread_of(raw: Json) -> tuple[str, int] | None:
    stamp = _stamp(raw)
    if raw.get("thread_ts") != stamp:
        return None
    return stamp, raw.get("reply_count") or 0


def _judge(answer: Answer) -> ConnectorError | None:
    """Errors come with status 200 and `ok` = false."""
    body = answer.json_or_none()
    if answer.status >= 400 or not isinstance(body, dict) or body.get("ok", True):
        return None
    error = str(body.get("error"))
    if error in _AUTH:
        return AuthError(f"Slack refuses us ({error}); check the token, its scopes and /invite it")
    if error in _GONE:
        what = "channel" if error.startswith(("channel", "is_")) else "message"
        return SourceGone(f"there is no such {what} ({error}); check target")
    if error in _LATER:
        return Unavailable(f"Slack is busy ({error})")
    return BadResponse(f"Slack answers {error[:60]}; the API may have changed")
