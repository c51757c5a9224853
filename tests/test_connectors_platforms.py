"""What is peculiar to one platform; what all share stands in the contract."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from connector_cases.world import SECRET

from connectors.base import Refreshes
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.graph import judge as judge_meta
from connectors.http import Answer
from connectors.registry import connector
from connectors.text import clean_text, html_to_text
from connectors.traffic import Traffic
from connectors.types import Page, Post, Source

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
Handler = Callable[[httpx.Request], httpx.Response]


def pages(source: Source, handler: Handler, cursor: Any = None, now: datetime = NOW) -> list[Page]:
    traffic = Traffic(transport=httpx.MockTransport(handler), now=lambda: now, sleep=lambda _: None)
    return list(connector(source.platform, traffic).fetch(source, cursor))


def posts(source: Source, handler: Handler, **options: Any) -> list[Post]:
    return [post for page in pages(source, handler, **options) for post in page.posts]


def always(body: Any, status: int = 200) -> Handler:
    return lambda request: httpx.Response(status, json=body)


# --- text -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("5 &lt; 6 &amp;amp; 7", "5 < 6 &amp; 7"),
        ("<p>x <script>alert(1)</script>y</p>", "x y"),
        ("<p>one\n   two</p>", "one two"),
        ("<pre>a\nb</pre>", "a\nb"),
        ('<img src="x" alt="Eine Mühle">', "Eine Mühle"),
        ("first<p>second<p>third", "first\n\nsecond\n\nthird"),
        ("a&nbsp;b", "a b"),
        ("", ""),
        ("<p></p>", ""),
        ("plain & simple", "plain & simple"),
    ],
)
def test_html_becomes_what_a_reader_sees(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_hopeless_html_gives_its_text_and_no_crash() -> None:
    assert html_to_text("<div>" * 5000 + "deep") == "deep"
    assert "loose" in html_to_text("<b><p></i>loose<<<&&&")


def test_text_is_composed_and_whole() -> None:
    assert clean_text("Gru\u0308n\r\n\ud800x\0 ") == "Grün\n\ufffdx"


# --- feeds ------------------------------------------------------------------------------------

FEED = Source(name="feed", platform="rss", target="https://blog.example/feed")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_feed_that_declares_entities_is_refused(encoding: str) -> None:
    bomb = (
        f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "ha">'
        '<!ENTITY b "&a;&a;">]><rss version="2.0"><channel><item><title>&b;</title></item>'
        "</channel></rss>"
    )
    with pytest.raises(BadResponse, match="entities"):
        pages(FEED, lambda _: httpx.Response(200, content=bomb.encode(encoding)))


def test_a_feed_that_moved_on_between_two_looks_has_a_gap() -> None:
    def feed(*days: int) -> Handler:
        items = "".join(
            f"<item><guid>{d}</guid><title>t{d}</title>"
            f"<pubDate>{d:02} Feb 2026 08:00:00 GMT</pubDate></item>"
            for d in days
        )
        text = f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'
        return lambda _: httpx.Response(200, text=text)

    first = pages(FEED, feed(1, 2, 3), now=datetime(2026, 2, 3, 9, tzinfo=UTC))
    later = pages(FEED, feed(10, 11), first[-1].cursor, now=datetime(2026, 2, 11, 9, tzinfo=UTC))
    gap = later[0].gaps[0]
    assert (gap.start.day, gap.end.day) == (3, 10)
    quiet = pages(FEED, feed(11, 12), later[-1].cursor)
    assert quiet[0].gaps == ()


def test_an_entry_that_changed_comes_again_and_an_unchanged_one_does_not() -> None:
    def feed(text: str) -> Handler:
        body = {
            "version": "https://jsonfeed.org/version/1.1",
            "items": [{"id": "1", "content_text": text}, {"id": "2", "content_text": "same"}],
        }
        return always(body)

    first = pages(FEED, feed("old"))
    second = pages(FEED, feed("new"), first[-1].cursor)
    assert [post.text for page in second for post in page.posts] == ["new"]


# --- Mastodon ---------------------------------------------------------------------------------

TAG = Source(name="tag", platform="mastodon", target="#acme", base_url="https://social.example")


def status(**changes: Any) -> dict[str, Any]:
    account = {"id": "1", "acct": "kim", "note": "", **changes.pop("account", {})}
    return {
        "id": "5",
        "created_at": "2026-03-02T10:00:00Z",
        "content": "<p>hi</p>",
        "visibility": "public",
        "account": account,
        "replies_count": 0,
        **changes,
    }


def once(*items: Any) -> Handler:
    """The items on the first page, nothing behind it."""
    return lambda request: httpx.Response(
        200, json=[] if request.url.params.get("max_id") else list(items)
    )


def test_people_who_ask_for_no_bots_are_left_out_of_searches_only() -> None:
    asks = status(account={"note": "<p>bitte #nobot</p>"})
    hides = status(id="6", account={"noindex": True})
    found = once(asks, hides)
    assert posts(replace(TAG, own=False), found) == []
    assert len(posts(replace(TAG, own=True), found)) == 2
    assert len(posts(replace(TAG, own=False, options={"nobot": False}), found)) == 2


def test_boosts_and_private_posts_are_no_posts() -> None:
    found = once(status(reblog=status()), status(id="6", visibility="private"), status(id="7"))
    assert [post.native_id for post in posts(TAG, found)] == ["7"]


def test_mentions_are_paged_by_notification_and_named_by_status() -> None:
    asked: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/notifications"
        asked.append(request.url.params.get("max_id"))
        more = [] if asked[-1] else [{"id": "900", "type": "mention", "status": status()}]
        return httpx.Response(200, json=more)

    source = replace(TAG, target="mentions", secrets={"token": SECRET})
    assert [post.native_id for post in posts(source, handle)] == ["5"]
    assert asked == [None, "900"]


@pytest.mark.parametrize(
    ("platform", "target"),
    [("mastodon", "acme"), ("discourse", "t/1"), ("hackernews", "acme"), ("reddit", "r/")],
)
def test_a_target_that_means_nothing_is_named(platform: str, target: str) -> None:
    source = Source(name="s", platform=platform, target=target, base_url="https://x.example")
    with pytest.raises(SourceGone, match="target"):
        pages(source, always({}))


def test_a_server_that_shows_threads_to_users_only_is_read_all_the_same() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/context"):
            return httpx.Response(401, html="<p>log in</p>")
        return once(status(replies_count=2))(request)

    assert [post.native_id for post in posts(TAG, handle)] == ["5"]


def test_a_server_without_account_lookup_is_asked_by_name() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/v1/accounts/lookup":
            return httpx.Response(404, html="<h1>Not found</h1>")
        if request.url.path == "/api/v1/accounts/kim":
            return httpx.Response(200, json={"id": "1", "followers_count": 7})
        return once(status())(request)

    found = pages(replace(TAG, target="@kim"), handle)
    assert found[0].followers[0].followers == 7


# --- Discourse --------------------------------------------------------------------------------


def test_an_old_forum_with_empty_windows_is_read_on() -> None:
    """Before 2025 a page was a window of 50 ids, and might be empty above older posts."""
    forum = Source(name="f", platform="discourse", base_url="https://forum.example")

    def post(number: int) -> dict[str, Any]:
        return {
            "id": number,
            "topic_id": 1,
            "post_number": number,
            "cooked": f"<p>{number}</p>",
            "created_at": f"2026-03-01T10:{number % 60:02}:00Z",
            "topic_slug": "x",
        }

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/posts.json":
            return httpx.Response(404, json={})
        before = int(request.url.params.get("before", "501"))
        held = [n for n in (500, 499, 120, 119) if before - 50 <= n < before]
        return httpx.Response(200, json={"latest_posts": [post(n) for n in held]})

    assert {p.native_id for p in posts(forum, handle)} == {"500", "499", "120", "119"}


@pytest.mark.parametrize("list_status", [200, 403])
def test_a_forum_that_forbids_a_deleted_post_is_told_from_a_refused_key(list_status: int) -> None:
    forum = Source(name="f", platform="discourse", base_url="https://forum.example")

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/posts.json":
            return httpx.Response(list_status, json={"latest_posts": []})
        return httpx.Response(403, json={"error_type": "invalid_access"})

    built = connector("discourse", Traffic(transport=httpx.MockTransport(handle)))
    assert isinstance(built, Refreshes)
    if list_status == 200:
        (page,) = built.refresh(forum, ["29"])
        assert page.deleted[0].uid == "discourse:forum.example:29"
    else:
        with pytest.raises(AuthError):
            list(built.refresh(forum, ["29"]))


# --- Bluesky ----------------------------------------------------------------------------------

BLUESKY = Source(
    name="b",
    platform="bluesky",
    target="#acme",
    base_url="https://pds.example",
    secrets={"username": "kim.example", "token": SECRET},
)


def test_an_expired_session_is_renewed_once_and_the_new_pair_used() -> None:
    valid = {"access": "a1"}
    log: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        method = request.url.path.rsplit(".", 1)[1]
        log.append(method)
        if method == "createSession":
            return httpx.Response(200, json={"accessJwt": "stale-access", "refreshJwt": "refresh"})
        if method == "refreshSession":
            assert request.headers["authorization"] == "Bearer refresh"
            valid["access"] = "fresh-access"
            pair = {"accessJwt": "fresh-access", "refreshJwt": "refresh-2"}
            return httpx.Response(200, json=pair)
        if request.headers["authorization"] != f"Bearer {valid['access']}":
            return httpx.Response(400, json={"error": "ExpiredToken", "message": "expired"})
        return httpx.Response(200, json={"posts": []})

    pages(BLUESKY, handle)
    assert log == ["createSession", "searchPosts", "refreshSession", "searchPosts"]


def test_a_tag_is_searched_with_a_login() -> None:
    with pytest.raises(AuthError, match="username and token"):
        pages(replace(BLUESKY, secrets={}), always({"error": "AuthMissing"}, 401))


# --- Matrix -----------------------------------------------------------------------------------

ROOM = Source(
    name="r",
    platform="matrix",
    target="!r:hs",
    base_url="https://hs.example",
    secrets={"token": SECRET},
)


def event(kind: str, event_id: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "event_id": event_id,
        "sender": "@kim:hs",
        "content": content,
        "origin_server_ts": int(NOW.timestamp() * 1000) - 60_000,
        **more,
    }


def test_an_edit_of_an_older_message_brings_the_message_and_no_second_post() -> None:
    edit = event(
        "m.room.message",
        "$edit",
        {
            "msgtype": "m.text",
            "body": "* neu",
            "m.new_content": {"body": "neu"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$old"},
        },
    )
    original = event(
        "m.room.message",
        "$old",
        {"msgtype": "m.text", "body": "alt"},
        unsigned={
            "m.relations": {
                "m.replace": {
                    "origin_server_ts": int(NOW.timestamp() * 1000),
                    "content": {"m.new_content": {"body": "neu"}},
                }
            }
        },
    )

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/messages"):
            return httpx.Response(200, json={"chunk": [edit]})
        return httpx.Response(200, json=original)

    (found,) = posts(ROOM, handle)
    assert (found.native_id, found.text) == ("$old", "neu")
    assert found.edited_at is not None


def test_a_redaction_of_an_older_message_is_a_tombstone() -> None:
    redaction = event("m.room.redaction", "$x", {}, redacts="$old")
    gone = event("m.room.message", "$old", {}, unsigned={"redacted_because": {"sender": "@kim:hs"}})

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/messages"):
            return httpx.Response(200, json={"chunk": [redaction]})
        return httpx.Response(200, json=gone)

    (page,) = pages(ROOM, handle)
    assert [(one.uid, one.reason) for one in page.deleted] == [("matrix:hs.example:$old", "author")]


def test_reactions_are_counted_by_sender() -> None:
    like = event(
        "m.reaction",
        "$l",
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$old", "key": "x"}},
    )
    senders = [{"sender": "@a:hs"}, {"sender": "@b:hs"}, {"sender": "@a:hs"}]

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(
            200, json={"chunk": [like] if request.url.path.endswith("/messages") else senders}
        )

    (page,) = pages(ROOM, handle)
    assert [(count.uid, count.likes) for count in page.counts] == [("matrix:hs.example:$old", 2)]


def test_an_encrypted_room_is_named_as_such() -> None:
    secret = event("m.room.encrypted", "$e", {"ciphertext": "..."})
    with pytest.raises(SourceGone, match="encrypted"):
        pages(ROOM, always({"chunk": [secret]}))


# --- limits and refusals of single platforms --------------------------------------------------


def test_youtube_without_units_waits_for_midnight_in_california() -> None:
    source = Source(name="y", platform="youtube", target="@acme", secrets={"token": SECRET})
    body = {"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}}
    with pytest.raises(Unavailable) as caught:
        pages(source, always(body, 403))
    # NOW is 4:00 in Los Angeles
    assert caught.value.retry_after == timedelta(hours=20).total_seconds()


@pytest.mark.parametrize(
    ("code", "sub", "kind"),
    [
        (190, 463, AuthError),
        (4, None, Unavailable),
        (80001, None, Unavailable),
        (200, None, AuthError),
        (10, None, AuthError),
        (100, 33, SourceGone),
        (368, None, AuthError),
    ],
)
def test_metas_codes_are_sorted(code: int, sub: int | None, kind: type[ConnectorError]) -> None:
    error = {"error": {"code": code, "error_subcode": sub, "message": "x"}}
    assert isinstance(judge_meta(Answer(400, {}, json.dumps(error).encode(), "u")), kind)


def test_a_bot_that_was_away_for_days_has_a_gap() -> None:
    bot = Source(name="t", platform="telegram", secrets={"token": SECRET})
    cursor = {"offset": 7, "at": (NOW - timedelta(days=3)).isoformat()}
    (page,) = pages(bot, always({"ok": True, "result": []}), cursor)
    assert page.gaps[0].end == NOW - timedelta(hours=24)
    assert pages(bot, always({"ok": True, "result": []}), page.cursor) == []


def test_a_second_reader_of_a_bot_is_named() -> None:
    bot = Source(name="t", platform="telegram", secrets={"token": SECRET})
    with pytest.raises(AuthError, match="another program"):
        pages(bot, always({"ok": False, "description": "Conflict"}, 409))


def test_discord_without_the_intent_is_no_quiet_channel() -> None:
    room = Source(name="d", platform="discord", target="1", secrets={"token": SECRET})
    empty = [
        {
            "id": str(n),
            "type": 0,
            "content": "",
            "attachments": [],
            "author": {"id": "1"},
            "timestamp": "2026-03-01T00:00:00+00:00",
        }
        for n in range(6)
    ]
    with pytest.raises(AuthError, match="intent"):
        pages(room, always(empty))


@pytest.mark.parametrize("anchor_stands", [True, False])
def test_reddit_goes_on_when_its_anchor_was_taken_away(anchor_stands: bool) -> None:
    """An empty page is the end only where the post that we would go on from is still there."""
    source = Source(
        name="r",
        platform="reddit",
        target="search:acme",
        secrets={"client_id": "app", "token": SECRET},
    )

    def thing(n: int) -> dict[str, Any]:
        created = NOW.timestamp() - 1000 + n
        data = {"name": f"t3_{n}", "title": "t", "author": "kim", "created_utc": created}
        return {"kind": "t3", "data": data}

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("access_token"):
            return httpx.Response(200, json={"access_token": "abcdef"})
        if request.url.path == "/api/info":
            found = [thing(9)] if anchor_stands else []
        else:
            found = [] if "after" in request.url.params else [thing(3)]
        return httpx.Response(200, json={"data": {"children": found, "after": None}})

    cursor = {"posts": {"top": NOW.isoformat(), "next": "t3_9", "mark": None}}
    first = pages(source, handle, cursor)[0]
    assert [post.native_id for post in first.posts] == ([] if anchor_stands else ["t3_3"])


def test_wordpress_without_pretty_addresses_is_read_too() -> None:
    site = Source(name="w", platform="wordpress", base_url="https://site.example")
    comment = {
        "id": 4,
        "post": 1,
        "date_gmt": "2026-03-01T10:00:00",
        "content": {"rendered": "<p>da</p>"},
    }

    def handle(request: httpx.Request) -> httpx.Response:
        route = request.url.params.get("rest_route")
        if route is None:
            return httpx.Response(200, html="<html>front page</html>")
        return httpx.Response(
            200, json=[comment] if "comments" in route else [], headers={"X-WP-Total": "1"}
        )

    assert [post.text for post in posts(site, handle)] == ["da"]
