"""Habits of single platforms, which the contract of all connectors does not know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from connector_cases.server import NOW, Serve, Server, posts
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.errors import AuthError, ConnectorError, SourceGone, Unavailable
from connectors.types import Source

# --- X ----------------------------------------------------------------------------------------

X = Source(name="x", platform="x", target="mentions:acme", secrets={"token": "s3cr3t-t0ken"})


def tweet(number: int, text: str = "Hallo", **more: Any) -> dict[str, Any]:
    return {"id": str(number), "text": text, "created_at": "2026-03-10T11:00:00Z", **more}


def test_x_stops_for_the_day_when_its_paid_reads_are_used_up() -> None:
    page = {"data": [tweet(1), tweet(2)], "meta": {"next_token": "t"}}
    server = Server(lambda request: page)
    with pytest.raises(Unavailable) as caught:
        server.fetch(replace(X, options={"reads_per_day": 2}))
    assert len(server.requests) == 1
    assert caught.value.retry_after == timedelta(hours=12).total_seconds()


def test_x_counts_its_reads_anew_on_the_next_day() -> None:
    server = Server(lambda request: {"data": [tweet(1)], "meta": {}})
    source = replace(X, options={"reads_per_day": 1})
    cursor = server.fetch(source)[-1].cursor
    with pytest.raises(Unavailable):
        server.fetch(source, cursor)
    server.now += timedelta(days=1)
    assert server.fetch(source, cursor)[-1].cursor["reads"] == ["2026-03-11", 1]


def test_x_pays_for_no_post_from_before_the_last_complete_run() -> None:
    server = Server(lambda request: {"data": [tweet(1)], "meta": {}})
    server.fetch(X, server.fetch(X)[-1].cursor)
    asked = [request.url.params["start_time"] for request in server.requests]
    assert asked == ["2026-03-03T12:05:00Z", "2026-03-10T10:55:00Z"]


def test_an_edited_post_of_x_keeps_its_first_id_and_gets_its_last_text() -> None:
    history = {"edit_history_tweet_ids": ["1", "5"]}
    versions = {"1": tweet(1, "alt", **history), "5": tweet(5, "neu", **history)}
    server = Server(
        lambda request: {"data": [versions[one] for one in request.url.params["ids"].split(",")]}
    )
    (page,) = server.refresh(X, "1")
    assert [(post.native_id, post.text) for post in page.posts] == [("1", "neu")]
    assert not page.deleted


# --- Google -----------------------------------------------------------------------------------

PLAY = Source(
    name="play",
    platform="googleplay",
    target="com.acme.app",
    secrets={"client_id": "c", "client_secret": "cl1ent", "token": "refre5h"},
)


def play_review(number: int) -> dict[str, Any]:
    at = {"seconds": str(int(NOW.timestamp()) - number)}
    said = {"text": f"Text {number}", "lastModified": at, "starRating": 3}
    return {"reviewId": f"r{number}", "comments": [{"userComment": said}]}


def google(serve: Serve) -> Serve:
    def answer(request: httpx.Request) -> Any:
        if request.url.path == "/token":
            return {"access_token": "acc3ss-t0ken"}
        return serve(request)

    return answer


def test_a_stale_page_token_of_google_begins_again_at_the_top() -> None:
    def serve(request: httpx.Request) -> Any:
        if request.url.params.get("token"):
            return httpx.Response(400, json={"error": {"code": 400, "status": "INVALID_ARGUMENT"}})
        return {"reviews": [play_review(1)]}

    cut = {"top": None, "next": "stale", "reached": False, "todo": []}
    assert {post.native_id for post in posts(Server(google(serve)).fetch(PLAY, cut))} == {"r1"}


def test_more_than_a_week_without_google_play_is_a_gap() -> None:
    server = Server(google(lambda request: {"reviews": [play_review(1)]}))
    cursor = server.fetch(PLAY)[-1].cursor
    start = server.now
    server.now += timedelta(days=6)
    assert not server.fetch(PLAY, cursor)[0].gaps
    server.now += timedelta(days=3)
    (gap,) = server.fetch(PLAY, cursor)[0].gaps
    assert (gap.start, gap.end) == (start, start + timedelta(days=2))


def test_a_service_account_signs_its_login() -> None:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    server = Server(google(lambda request: {}))
    secrets = {"client_email": "a@acme.example", "private_key": key.decode()}
    server.fetch(replace(PLAY, secrets=secrets))
    form = server.requests[0].content.decode()
    assert "jwt-bearer" in form
    assert form.count(".") == 2
    with pytest.raises(AuthError, match="private_key"):
        server.fetch(replace(PLAY, secrets={**secrets, "private_key": "nonsense"}))


# --- App Store --------------------------------------------------------------------------------

FEED = Source(name="app", platform="appstore", target="77", options={"countries": "de"})


def entry(number: int) -> dict[str, Any]:
    return {
        "id": {"label": str(number)},
        "author": {
            "uri": {"label": "https://itunes.apple.com/de/reviews/id638"},
            "name": {"label": "kim"},
        },
        "im:rating": {"label": "4"},
        "title": {"label": "Gut"},
        "content": {"label": "Läuft"},
    }


@pytest.mark.parametrize(
    ("feed", "expected"),
    [
        ({}, []),
        ({"entry": entry(5)}, ["5"]),
        ({"entry": [{"im:name": {"label": "Acme"}}, entry(5), entry(6)]}, ["5", "6"]),
    ],
    ids=["none", "an object", "the app first"],
)
def test_the_feed_of_the_app_store_is_read_in_all_its_shapes(
    feed: dict[str, Any], expected: list[str]
) -> None:
    server = Server(lambda request: {"feed": feed if "page=1/" in request.url.path else {}})
    pages = server.fetch(FEED)
    assert [post.native_id for post in posts(pages)] == expected
    assert not any(page.rejected for page in pages)
    assert all(post.author and post.author.id == "638" for post in posts(pages))


def test_an_empty_feed_deletes_nothing() -> None:
    assert Server(lambda request: {"feed": {}}).refresh(FEED, "5") == []


# --- Stack Exchange ---------------------------------------------------------------------------

STACK = Source(name="stack", platform="stackexchange", target="acme")
QUESTION = {"question_id": 5, "title": "Why?", "body": "", "creation_date": 1773130000}


def stack(late: list[dict[str, Any]], **more: Any) -> Serve:
    def serve(request: httpx.Request) -> Any:
        items: list[dict[str, Any]] = []
        if request.url.path == "/2.3/questions":
            items = [{**QUESTION, "last_activity_date": 1773130000}]
        elif request.url.path == "/2.3/posts/5/comments":
            items = late
        return {"items": items, "has_more": False, **more}

    return serve


def test_a_comment_that_comes_later_is_found_though_it_is_no_activity() -> None:
    late: list[dict[str, Any]] = []
    server = Server(stack(late))
    cursor = server.fetch(STACK)[-1].cursor
    server.now += timedelta(hours=1)
    late.append({"comment_id": 9, "post_id": 5, "body": "Me too", "creation_date": 1773140000})
    found = {post.native_id: post for post in posts(server.fetch(STACK, cursor))}
    assert found["c9"].parent_id == found["c9"].root_id == "q5"


def test_a_backoff_in_a_good_answer_is_obeyed() -> None:
    server = Server(stack([], backoff=10))
    server.fetch(STACK)
    assert server.slept == pytest.approx(10 * (len(server.requests) - 1))


def test_the_quota_of_stack_exchange_says_when_it_is_full_again() -> None:
    body = {
        "error_id": 502,
        "error_name": "throttle_violation",
        "error_message": "too many requests from this IP, more requests available in 46472 seconds",
    }
    with pytest.raises(Unavailable) as caught:
        Server(lambda request: httpx.Response(400, json=body)).fetch(STACK)
    assert caught.value.retry_after == 46472


# --- Lemmy ------------------------------------------------------------------------------------


def test_a_newer_lemmy_is_asked_in_its_own_words() -> None:
    def serve(request: httpx.Request) -> Any:
        if request.url.path == "/api/v3/site":
            return {"version": "1.0.2"}
        return {"items": []}

    source = Source(
        name="lemmy", platform="lemmy", target="search:acme", base_url="https://lemmy.example"
    )
    server = Server(serve)
    server.fetch(source)
    asked = [request.url for request in server.requests[1:]]
    assert [url.path for url in asked] == ["/api/v4/post/list", "/api/v4/comment/list"]
    assert all(url.params["search_term"] == "acme" for url in asked)
    assert all(url.params["sort"] == "new" for url in asked)


# --- Mattermost, Slack, Fider -----------------------------------------------------------------


def test_mattermost_tells_what_was_deleted_meanwhile() -> None:
    def serve(request: httpx.Request) -> Any:
        if "since" not in request.url.params:
            return {"order": [], "posts": {}}
        gone = {"id": "p9", "create_at": 1773000000000, "delete_at": 1773140000000, "user_id": ""}
        return {"order": ["p9"], "posts": {"p9": gone}}

    source = Source(
        name="chat", platform="mattermost", target="c1", base_url="https://chat.example"
    )
    server = Server(serve)
    first = server.fetch(source)
    assert not any(page.deleted for page in first)
    second = server.fetch(source, first[-1].cursor)
    assert [one.uid for page in second for one in page.deleted] == ["mattermost:chat.example:p9"]


SLACK = Source(name="slack", platform="slack", target="C1", secrets={"token": "s3cr3t-t0ken"})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("invalid_auth", AuthError),
        ("not_in_channel", AuthError),
        ("channel_not_found", SourceGone),
        ("ratelimited", Unavailable),
    ],
)
def test_slack_errors_with_status_200_are_sorted(error: str, kind: type[ConnectorError]) -> None:
    with pytest.raises(kind):
        Server(lambda request: {"ok": False, "error": error}).fetch(SLACK)


def test_slack_is_asked_for_fewer_by_a_distributed_app() -> None:
    server = Server(lambda request: {"ok": True, "messages": [], "has_more": False})
    server.fetch(SLACK)
    server.fetch(replace(SLACK, options={"distributed": True}))
    assert [request.url.params["limit"] for request in server.requests] == ["200", "15"]


def idea(number: int, **more: Any) -> dict[str, Any]:
    user, at = {"id": 1, "name": "Kim"}, "2026-03-01T10:00:00Z"
    return {"number": number, "title": "Idee", "user": user, "createdAt": at, **more}


def test_an_idea_of_fider_that_leaves_the_list_is_a_duplicate_or_gone() -> None:
    listed = [idea(1), idea(2), idea(3)]

    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/posts"):
            return listed
        if request.url.path.endswith("/2"):
            return idea(2, status="duplicate", response={"original": {"number": 1}})
        return httpx.Response(404, json={})

    source = Source(name="ideas", platform="fider", base_url="https://ideas.example")
    server = Server(serve)
    cursor = server.fetch(source)[-1].cursor
    del listed[1:]
    pages = server.fetch(source, cursor)
    assert [(post.native_id, post.parent_id) for post in posts(pages)] == [("2", "1")]
    assert [one.uid for page in pages for one in page.deleted] == ["fider:ideas.example:3"]
    assert pages[-1].cursor == {"seen": {"1": "None None None None"}}


def test_an_old_idea_of_fider_is_read_when_it_gets_a_vote() -> None:
    listed = [idea(1, votesCount=4)]
    server = Server(lambda request: listed)
    source = Source(name="ideas", platform="fider", base_url="https://ideas.example", since=NOW)
    first = server.fetch(source)
    assert not posts(first)
    listed[0]["votesCount"] = 5
    assert [post.likes for post in posts(server.fetch(source, first[-1].cursor))] == [5]


# --- Telegram ---------------------------------------------------------------------------------

TELEGRAM = Source(name="tg", platform="telegram", secrets={"token": "123:s3cr3t-t0ken"})


def test_a_quiet_day_of_telegram_is_no_gap_and_an_absent_one_is() -> None:
    server = Server(lambda request: {"ok": True, "result": []})
    cursor = server.fetch(TELEGRAM)[-1].cursor
    for _ in range(4):
        server.now += timedelta(hours=20)
        (page,) = server.fetch(TELEGRAM, cursor)
        assert not page.gaps
        cursor = page.cursor
    last = server.now
    server.now += timedelta(hours=30)
    (gap,) = server.fetch(TELEGRAM, cursor)[0].gaps
    assert (gap.start, gap.end) == (last, last + timedelta(hours=6))


def test_a_message_that_opens_a_forum_topic_of_telegram_answers_nobody() -> None:
    opened = {"message_id": 3, "forum_topic_created": {"name": "Hilfe"}}
    message = {
        "message_id": 4,
        "date": 1773130000,
        "chat": {"id": -1001, "type": "supergroup"},
        "from": {"id": 7, "first_name": "Kim"},
        "text": "Hallo",
        "message_thread_id": 3,
        "is_topic_message": True,
        "reply_to_message": opened,
    }
    answers = iter([[{"update_id": 1, "message": message}], []])
    server = Server(lambda request: {"ok": True, "result": next(answers)})
    (post,) = posts(server.fetch(TELEGRAM))
    assert (post.parent_id, post.root_id) == (None, "-1001:4")


# --- Discord ----------------------------------------------------------------------------------


def snowflake(moment: datetime) -> str:
    return str((int(moment.timestamp() * 1000) - 1420070400000) << 22)


def test_a_forum_of_discord_is_its_threads_and_a_quiet_one_is_not_read_again() -> None:
    first, second = snowflake(NOW - timedelta(hours=2)), snowflake(NOW - timedelta(hours=1))

    def message(number: str, at: datetime) -> dict[str, Any]:
        author = {"id": "5", "username": "kim"}
        stamp = at.isoformat()
        return {"id": number, "type": 0, "timestamp": stamp, "author": author, "content": "Hallo"}

    def serve(request: httpx.Request) -> Any:
        path = request.url.path.removeprefix("/api/v10")
        if path == "/channels/77":
            return {"id": "77", "type": 15, "guild_id": "1"}
        if path == "/guilds/1/threads/active":
            opened = {"id": first, "parent_id": "77", "name": "Laut", "last_message_id": second}
            return {"threads": [opened, {"id": "9", "parent_id": "66", "last_message_id": second}]}
        if path == "/channels/77/threads/archived/public":
            return {"threads": [], "has_more": False}
        assert path == f"/channels/{first}/messages"
        if "before" in request.url.params:
            return []
        answer = message(second, NOW - timedelta(hours=1))
        return [answer, message(first, NOW - timedelta(hours=2))]

    server = Server(serve)
    source = Source(name="forum", platform="discord", target="77", secrets={"token": "s3cr3t-t"})
    pages = server.fetch(source)
    found = {post.native_id: post for post in posts(pages)}
    opening, below = found[f"{first}:{first}"], found[f"{first}:{second}"]
    assert (opening.kind, opening.title, opening.parent_id) == ("post", "Laut", None)
    assert below.parent_id == below.root_id == opening.root_id == opening.native_id
    assert server.fetch(source, pages[-1].cursor) == []


# --- GitHub -----------------------------------------------------------------------------------

GITHUB = Source(name="gh", platform="github", target="Acme/Mill", secrets={"token": "s3cr3t-t0ken"})


def issue(number: int, repo: str = "Kim/Tools", **more: Any) -> dict[str, Any]:
    at = (NOW - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "number": number,
        "title": "Acme?",
        "html_url": f"https://github.com/{repo}/issues/{number}",
        "repository_url": f"https://api.github.com/repos/{repo}",
        "created_at": at,
        "updated_at": at,
        **more,
    }


def test_a_search_of_github_goes_on_by_time_and_reads_the_comments_of_what_it_finds() -> None:
    url = "https://api.github.com/repos/Kim/Tools/issues/1"
    comment = {**issue(1), "id": 7, "issue_url": url, "author_association": "OWNER"}

    def serve(request: httpx.Request) -> Any:
        if request.url.path.endswith("/comments"):
            return [comment]
        words = request.url.params["q"]
        if "is:issue" not in words:
            return {"total_count": 0, "items": []}
        if "created:<=" not in words:
            return {"total_count": 2, "items": [issue(1, comments=1)]}
        return {"total_count": 1, "items": [issue(2)]}

    server = Server(serve)
    found = posts(server.fetch(replace(GITHUB, target="search:acme", own=False)))
    assert [post.uid for post in found] == [
        "github:kim/tools:#1",
        "github:kim/tools:#1/7",
        "github:kim/tools:#2",
    ]
    assert found[1].author_role is None, "a stranger's staff is not ours"
    asked = [request.url.params.get("q") for request in server.requests]
    assert "acme is:issue created:<=2026-03-10T11:59:00Z" in asked


def discussion_node(name: str, replies: dict[str, Any] | None = None) -> dict[str, Any]:
    at = "2026-03-10T11:00:00Z"
    found = {"id": name, "bodyText": "Hallo", "url": f"https://github.com/d/{name}"}
    return {**found, "createdAt": at, **({"replies": replies} if replies else {})}


def test_all_answers_to_a_comment_in_a_discussion_are_read() -> None:
    def serve(request: httpx.Request) -> Any:
        query = request.content.decode() if request.url.path == "/graphql" else ""
        if not query:
            return []
        done = {"hasNextPage": False, "endCursor": None}
        if "node(id" in query:
            more = {"pageInfo": done, "nodes": [discussion_node("C3")]}
            return {"data": {"node": {"replies": more}}}
        if "discussions(" in query:
            listed = discussion_node("D1") | {
                "number": 4,
                "title": "Leiser",
                "updatedAt": "2026-03-10T11:30:00Z",
                "category": {"name": "Ideas"},
                "comments": {"totalCount": 1},
            }
            found = {"discussions": {"pageInfo": done, "nodes": [listed]}}
            return {"data": {"repository": found}}
        more = {"hasNextPage": True, "endCursor": "e1"}
        first = {"totalCount": 2, "pageInfo": more, "nodes": [discussion_node("C2")]}
        below = {"pageInfo": done, "nodes": [discussion_node("C1", first)]}
        return {"data": {"repository": {"discussion": {"comments": below}}}}

    found = {post.native_id: post for post in posts(Server(serve).fetch(GITHUB))}
    root = "discussion:4"
    assert set(found) == {root, *(f"{root}/C{n}" for n in (1, 2, 3))}
    assert found[root].kind == "idea"
    assert found[f"{root}/C3"].parent_id == f"{root}/C1"
    assert {post.root_id for post in found.values()} == {root}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(403, json={"message": "secondary rate limit"}), Unavailable),
        (httpx.Response(200, json={"errors": [{"type": "RATE_LIMITED"}]}), Unavailable),
        (httpx.Response(200, json={"errors": [{"type": "FORBIDDEN"}]}), AuthError),
        (httpx.Response(200, json={"errors": [{"type": "NOT_FOUND"}]}), SourceGone),
    ],
    ids=["secondary limit", "points", "rights", "gone"],
)
def test_refusals_of_github_are_sorted(answer: httpx.Response, kind: type[ConnectorError]) -> None:
    def serve(request: httpx.Request) -> Any:
        return answer if request.url.path == "/graphql" else []

    with pytest.raises(kind):
        Server(serve).fetch(GITHUB)
