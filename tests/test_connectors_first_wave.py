"""Habits of the platforms read first, and of servers that speak their APIs in their own way."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest
from connector_cases.server import NOW, Server, posts

from connectors.errors import AuthError, BadResponse, SourceGone
from connectors.types import Source

HTML = "<!doctype html><p>Something went wrong</p>"

# --- Mastodon and its relatives ---------------------------------------------------------------

TAG = Source(name="tag", platform="mastodon", target="#acme", base_url="https://social.example")
KIM = replace(TAG, name="kim", target="@kim@social.example")


def status(native_id: str, **more: Any) -> dict[str, Any]:
    """As little as a relative of Mastodon may answer: no counts, no handle of a host."""
    account = {"id": "01HKIM", "acct": "kim", "username": "kim", "display_name": None}
    given = {"id": native_id, "created_at": "2026-03-09T08:00:00.000Z", "content": "<p>Hallo</p>"}
    return {**given, "account": account, **more}


def test_a_server_with_other_ids_and_without_counts_is_read_with_its_threads() -> None:
    """ULIDs, no counts, tags and media as null, no account search: each thread gets one look."""
    answered = {"ancestors": [], "descendants": [status("01HB", in_reply_to_id="01HA")]}

    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/context"):
            return answered if "01HA" in request.url.path else {"ancestors": [], "descendants": []}
        if "max_id" in request.url.params:
            return []
        return [status("01HA", tags=None, media_attachments=None, spoiler_text=None, language=None)]

    server = Server(serve)
    first = server.fetch(TAG)
    assert {post.native_id for post in posts(first)} == {"01HA", "01HB"}
    reply = next(post for post in posts(first) if post.native_id == "01HB")
    assert (reply.parent_id, reply.root_id, reply.likes) == ("01HA", "01HA", None)
    assert reply.author is not None
    assert reply.author.handle == "kim@social.example"
    server.requests.clear()
    server.fetch(TAG, first[-1].cursor)
    assert all("/context" not in request.url.path for request in server.requests)


def test_a_server_that_does_not_know_how_to_page_has_one_page() -> None:
    server = Server(lambda request: [status(f"01H{n}", replies_count=0) for n in range(5)])
    assert len(posts(server.fetch(TAG))) >= 5
    assert len(server.requests) == 2


def test_the_next_page_is_where_the_link_header_says() -> None:
    """Some list by another id than the posts' own, such as that of a bookmark."""

    def serve(request: httpx.Request) -> Any:
        if request.url.params.get("max_id") == "77":
            return [status("50", replies_count=0)]
        if "max_id" in request.url.params:
            return []
        link = (
            '<https://social.example/api/v1/timelines/tag/acme?max_id=77&limit=40>; rel="next", '
            "<https://social.example/api/v1/timelines/tag/acme?min_id=99>"
        )
        return httpx.Response(200, json=[status("90", replies_count=0)], headers={"Link": link})

    assert {post.native_id for post in posts(Server(serve).fetch(TAG))} == {"90", "50"}


@pytest.mark.parametrize(
    "unknown",
    [
        httpx.Response(404, html=HTML),
        httpx.Response(400, json={"error": "bad request"}),
        httpx.Response(500, html=HTML),
    ],
    ids=["404", "400", "500"],
)
def test_an_account_is_found_where_the_server_knows_no_lookup(unknown: httpx.Response) -> None:
    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/accounts/search"):
            return [{"id": "9", "acct": "kimberly"}, {"id": "7", "acct": "Kim"}]
        if request.url.path.endswith("/accounts/7/statuses"):
            return [] if "max_id" in request.url.params else [status("1", replies_count=0)]
        return httpx.Response(unknown.status_code, content=unknown.content)

    assert [post.native_id for post in posts(Server(serve).fetch(KIM))] == ["1"]


def test_an_account_that_nobody_knows_is_gone_and_a_closed_server_wants_a_token() -> None:
    with pytest.raises(SourceGone, match="@kim"):
        Server(lambda request: httpx.Response(404, html=HTML)).fetch(KIM)
    with pytest.raises(AuthError, match="TOKEN"):
        Server(lambda request: httpx.Response(401, json={"error": "Unauthorized"})).fetch(KIM)


def test_threads_that_only_users_may_see_are_left_and_those_of_a_stale_token_are_not() -> None:
    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/context"):
            return httpx.Response(401, json={"error": "This method requires a user"})
        return [] if "max_id" in request.url.params else [status("1", replies_count=2)]

    assert len(posts(Server(serve).fetch(TAG))) == 1
    with pytest.raises(AuthError):
        Server(serve).fetch(replace(TAG, secrets={"token": "s3cr3t-t0ken"}))


@pytest.mark.parametrize("batch", [404, 405, 422, 500])
def test_servers_without_a_batch_call_are_asked_one_by_one(batch: int) -> None:
    def serve(request: httpx.Request) -> Any:
        if request.url.path == "/api/v1/statuses":
            return httpx.Response(batch, html=HTML)
        if request.url.path.endswith("/statuses/1"):
            return status("1", favourites_count=4)
        return httpx.Response(404, html=HTML)

    pages = Server(serve).refresh(TAG, "1", "2")
    assert [post.likes for post in posts(pages)] == [4]
    assert [one.uid for page in pages for one in page.deleted] == ["mastodon:social.example:2"]


def test_an_answer_to_an_answer_is_found_though_the_root_counts_it_not() -> None:
    root = status("1", replies_count=1)
    reply = status("2", in_reply_to_id="1", replies_count=1)
    late = status("3", in_reply_to_id="2", replies_count=0)

    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/2/context"):
            return {"ancestors": [root], "descendants": [late]}
        return [root, reply]

    server = Server(serve)
    found = {post.native_id: post for post in posts(server.refresh(TAG, "1", "2"))}
    assert (found["3"].parent_id, found["3"].root_id) == ("2", "1")
    assert sum("/context" in request.url.path for request in server.requests) == 1


# --- Instagram --------------------------------------------------------------------------------


def test_answers_under_a_comment_of_instagram_are_read_to_the_last() -> None:
    source = Source(
        name="i", platform="instagram", target="17841", secrets={"token": "s3cr3t-t0ken"}
    )
    at = "2026-03-09T08:00:00+0000"

    def comment(native_id: str) -> dict[str, Any]:
        return {"id": native_id, "text": "Hm", "timestamp": at, "username": "kim"}

    def serve(request: httpx.Request) -> Any:
        path, after = request.url.path, request.url.params.get("after")
        if path.endswith("/media"):
            return {"data": [{"id": "m1", "timestamp": at, "comments_count": 4}]}
        if path.endswith("/m1/comments"):
            more = {"cursors": {"after": "c"}, "next": "https://graph.facebook.com/x"}
            return {
                "data": [{**comment("c1"), "replies": {"data": [comment("r1")], "paging": more}}]
            }
        if path.endswith("/c1/replies"):
            assert after == "c"
            return {"data": [comment("r2"), comment("r3")]}
        return {"followers_count": 5}

    found = {post.native_id: post for post in posts(Server(serve).fetch(source))}
    assert found.keys() == {"m1", "c1", "r1", "r2", "r3"}
    assert (found["r3"].parent_id, found["r3"].root_id) == ("c1", "m1")


# --- forums without an API of ours: their feeds -----------------------------------------------


def test_the_feed_of_a_forum_with_escaped_titles_and_held_posts_is_read() -> None:
    """As NodeBB writes them: titles escaped twice over, deleted topics with a placeholder."""
    feed = """<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/">
    <channel><title>Help</title><link>https://forum.example</link>
    <item><title><![CDATA[Crash &amp; burn]]></title>
    <description><![CDATA[<p>It &lt;stops&gt;</p>]]></description><link>https://forum.example/topic/7/crash</link>
    <guid isPermaLink="true">https://forum.example/topic/7/crash</guid>
    <dc:creator><![CDATA[kim]]></dc:creator><pubDate>Mon, 09 Mar 2026 08:00:00 GMT</pubDate></item>
    <item><title>[[topic:topic-is-deleted]]</title><link>https://forum.example/topic/8</link></item>
    </channel></rss>"""
    source = Source(name="f", platform="rss", target="https://forum.example/recent.rss")
    first, second = posts(Server(lambda request: httpx.Response(200, text=feed)).fetch(source))
    assert first.text == "Crash & burn\n\nIt <stops>"
    assert first.author is not None
    assert first.author.name == "kim"
    assert second.created_at is None
    assert first.created_at is not None
    assert first.created_at < NOW


def test_a_feed_that_breaks_off_is_asked_for_again_in_whole() -> None:
    """Its entries parse well, and a server says "not changed" of what we never saw."""
    item = "<item><guid isPermaLink='false'>{0}</guid><title>{0}</title></item>"
    whole = f"<rss><channel>{item.format('a')}{item.format('b')}</channel></rss>"

    def serve(request: httpx.Request) -> Any:
        if request.headers.get("if-none-match"):
            return httpx.Response(304)
        cut = whole if len(server.requests) > 1 else whole[: whole.index(">b</guid>")]
        return httpx.Response(200, text=cut, headers={"ETag": '"1"'})

    server = Server(serve)
    source = Source(name="f", platform="rss", target="https://forum.example/recent.rss")
    first = server.fetch(source)
    assert [post.native_id for post in posts(first)] == ["a"]
    second = server.fetch(source, first[-1].cursor)
    assert [post.native_id for post in posts(second)] == ["a", "b"]
    assert server.fetch(source, second[-1].cursor) == []


def test_a_site_of_wordpress_that_shows_a_page_for_once_is_no_closed_one() -> None:
    source = Source(name="w", platform="wordpress", base_url="https://blog.example")
    answers = [httpx.Response(200, html=HTML), httpx.Response(404, html=HTML)]

    def serve(request: httpx.Request) -> Any:
        return answers.pop(0) if answers else []

    with pytest.raises(BadResponse, match="closed by a plugin"):
        Server(serve).fetch(source)
    assert posts(Server(serve).fetch(source)) == []
