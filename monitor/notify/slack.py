"""Slack by bot token or incoming webhook; Mattermost's webhooks take the same.

With a token one matter is one message that changes: `chat.update` edits it, its history goes
into its thread. A webhook can only add. API read 2026-11: docs.slack.dev/reference/methods
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from monitor.notify.errors import Closed, Refused, TryAgain
from monitor.types.messages import Handle, Message, Receipt

SLACK = "https://slack.com/api"
TIMEOUT_S = 15.0
HISTORY = 30
"""Messages that are looked through for one that may have arrived before a crash."""

PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
     "request_timeout", "team_added_to_org"}
)  # fmt: skip
ABOUT_THE_MESSAGE = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "no_text",
     "invalid_arguments", "invalid_payload", "too_many_attachments", "metadata_too_large"}
)  # fmt: skip
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class SlackBot:
    """Writes into one channel with a bot token (scopes: chat:write; channels:history to resume)."""

    edits = True

    def __init__(
        self, name: str, token: str, channel: str, base_url: str | None, client: httpx.Client
    ) -> None:
        self.name = name
        self._token = token
        self._channel = channel
        self._base = (base_url or SLACK).rstrip("/")
        self._client = client

    def __repr__(self) -> str:
        return f"SlackBot({self.name!r}, {self._channel!r})"

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        """Post the thread's message, or change it and add the note to its history."""
        if handle is None and again:
            handle = self._find(message.thread)
        if handle is not None:
            try:
                return self._change(message, handle)
            except _MessageGone:
                pass  # somebody deleted it in Slack: the matter still deserves its message
        answer = self._call(
            "chat.postMessage",
            {
                "channel": self._channel,
                **message.slack,
                "metadata": {
                    "event_type": "sturmglas",
                    "event_payload": {"thread": message.thread},
                },
            },
        )
        return Receipt(str(answer["ts"]), {"channel": answer["channel"], "ts": answer["ts"]})

    def _change(self, message: Message, handle: Handle) -> Receipt:
        place = {"channel": handle["channel"], "ts": handle["ts"]}
        self._call("chat.update", {**place, **_updatable(message.slack)})
        if message.note:
            self._call(
                "chat.postMessage",
                {
                    "channel": handle["channel"],
                    "thread_ts": handle["ts"],
                    "text": message.note,
                    "unfurl_links": False,
                },
            )
        return Receipt(str(handle["ts"]), place)

    def _find(self, thread: str) -> Handle | None:
        """Look for the message that an attempt before a crash may have left in the channel."""
        try:
            answer = self._call(
                "conversations.history",
                {"channel": self._channel, "limit": HISTORY, "include_all_metadata": True},
            )
        except Closed:
            return None  # the scope is missing: at worst the message stands there twice
        for post in answer.get("messages", ()):
            payload = (post.get("metadata") or {}).get("event_payload") or {}
            if payload.get("thread") == thread:
                return {"channel": answer.get("channel", self._channel), "ts": post["ts"]}
        return None

    def _call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        response = _post(
            self._client,
            self.name,
            f"{self._base}/{method}",
            body,
            {"Authorization": f"Bearer {self._token}"},
        )
        _check_status(self.name, response)
        try:
            answer = response.json()
        except ValueError as error:
            raise TryAgain(f"{self.name}: {method} answered no JSON") from error
        if not isinstance(answer, dict):
            raise TryAgain(f"{self.name}: {method} answered {type(answer).__name__}")
        if not answer.get("ok"):
            _raise(self.name, str(answer.get("error", "unknown error")))
        return answer


class SlackWebhook:
    """Adds messages to the channel of an incoming webhook (Slack or Mattermost)."""

    edits = False

    def __init__(self, name: str, address: str, client: httpx.Client) -> None:
        self.name = name
        self._address = address
        self._client = client

    def __repr__(self) -> str:
        return f"SlackWebhook({self.name!r})"

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        """Post the message; a webhook knows no threads and cannot be asked what arrived."""
        del handle, again
        body = {k: v for k, v in message.slack.items() if k in ("text", "blocks")}
        response = _post(self._client, self.name, self._address, body, {})
        if response.status_code in (400, 403, 404, 410):
            _raise(self.name, response.text.strip()[:80] or str(response.status_code))
        _check_status(self.name, response)
        return Receipt("ok")


def replace_message(
    client: httpx.Client, name: str, address: str, slack: Mapping[str, Any]
) -> None:
    """Change the message whose button was pressed, at the `response_url` of the press."""
    body = {**_updatable(slack), "replace_original": True}
    _check_status(name, _post(client, name, address, body, {}))


class _MessageGone(Exception):
    """The message to change is no longer there."""


def _post(
    client: httpx.Client, name: str, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> httpx.Response:
    try:
        return client.post(url, json=body, headers=headers, timeout=TIMEOUT_S)
    except httpx.HTTPError as error:
        # The address of a webhook is its secret, so httpx's own words stay out.
        raise TryAgain(f"{name}: no answer ({type(error).__name__})") from error
    except httpx.InvalidURL as error:
        raise Closed(f"{name}: the address is no web address; check its secret") from error


def _check_status(name: str, response: httpx.Response) -> None:
    if response.status_code == 429 or response.status_code >= 500:
        wish = response.headers.get("Retry-After", "")
        after = float(wish) if wish.replace(".", "", 1).isdigit() else None
        raise TryAgain(f"{name}: answered {response.status_code}", retry_after=after)
    if response.status_code >= 300:
        raise Closed(f"{name}: answered {response.status_code}; check base_url")


def _raise(name: str, error: str) -> None:
    if error in PASSING:
        raise TryAgain(f"{name}: {error}")
    if error in GONE:
        raise _MessageGone(error)
    if error in ABOUT_THE_MESSAGE:
        raise Refused(f"{name}: {error}: the message was not taken; please report this")
    remedies = {
        "invalid_auth": "the token is wrong; set a new one",
        "token_revoked": "the token was revoked; set a new one",
        "token_expired": "the token has expired; set a new one",
        "not_authed": "no token was sent; set one",
        "account_inactive": "the bot's account was switched off",
        "channel_not_found": "no such channel, or the bot is not in it; invite it",
        "not_in_channel": "the bot is not in the channel; invite it",
        "is_archived": "the channel is archived; name another one",
        "channel_is_archived": "the channel is archived; name another one",
        "missing_scope": "the token lacks a scope (chat:write)",
        "no_service": "the webhook was removed; make a new one",
    }
    raise Closed(f"{name}: {error}: {remedies.get(error, 'see the Slack documentation')}")


def _updatable(slack: Mapping[str, Any]) -> Mapping[str, Any]:
    return {k: v for k, v in slack.items() if k in ("text", "blocks")}
