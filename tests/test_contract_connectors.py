"""What every connector promises, run over the whole registry.

A platform brings its case (`connector_cases/<platform>.py`: a small server) and its fixtures
(`fixtures/<platform>/`: an answer, the posts expected from it, where it comes from).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import timedelta
from email.utils import format_datetime
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from connector_cases.world import FIXTURES, SECRET, START, Case, World, fixture, plain, platforms

from connectors.base import Refreshes
from connectors.budget import costs_of
from connectors.errors import AuthError, BadResponse, ConnectorError, Unavailable
from connectors.registry import CONNECTORS, connector, facts
from connectors.types import Page

CASES: list[Case] = [import_module(f"connector_cases.{name}").CASE for name in platforms()]


def by_name(case: Case) -> str:
    return case.platform


every = pytest.mark.parametrize("case", CASES, ids=by_name)
with_threads = pytest.mark.parametrize("case", [c for c in CASES if c.has_threads], ids=by_name)
with_token = pytest.mark.parametrize("case", [c for c in CASES if c.source.secrets], ids=by_name)
over_http = pytest.mark.parametrize("case", [c for c in CASES if c.has_http], ids=by_name)
with_pages = pytest.mark.parametrize("case", [c for c in CASES if c.has_pages], ids=by_name)
newest_first = pytest.mark.parametrize(
    "case", [c for c in CASES if c.has_pages and not c.is_oldest_first], ids=by_name
)


@pytest.fixture
def world(case: Case, tmp_path: Path) -> World:
    return case.world(tmp_path)


def ids(pages: Iterable[Page]) -> set[str]:
    return {post.native_id for page in pages for post in page.posts}


def again(cursor: object) -> object:
    """A cursor as the store gives it back."""
    return json.loads(json.dumps(cursor))


# --- completeness -----------------------------------------------------------------------------


@every
def test_a_whole_run_brings_every_post(case: Case, world: World) -> None:
    assert ids(world.fetch()) == world.expected()


@every
def test_a_cut_run_misses_nothing(case: Case, world: World) -> None:
    """Stop after any page, go on from its cursor: the union is what one whole run sees."""
    whole = list(world.fetch())
    for cut, page in enumerate(whole):
        rest = world.fetch(again(page.cursor))
        assert ids(whole[: cut + 1]) | ids(rest) == ids(whole), f"cut after page {cut + 1}"


@every
def test_a_run_cut_again_and_again_gets_to_the_end(case: Case, world: World) -> None:
    cursor, seen = None, set()
    for _ in range(200):
        page = next(iter(world.fetch(cursor, max_pages=1)), None)
        if page is None:
            break
        seen |= ids([page])
        if again(page.cursor) == cursor:
            break
        cursor = again(page.cursor)
    assert seen == world.expected()


@every
def test_a_second_run_brings_nothing_new(case: Case, world: World) -> None:
    first = list(world.fetch())
    second = list(world.fetch(again(first[-1].cursor)))
    assert ids(second) <= ids(first)
    assert not any(page.gaps for page in second)


@every
def test_a_second_run_brings_what_came_meanwhile(case: Case, world: World) -> None:
    first = list(world.fetch())
    for n in range(200, 250):  # more than two pages
        world.add(n)
    cursor = again(first[-1].cursor)
    assert ids(world.fetch(cursor)) >= world.expected() - ids(first)


@every
def test_new_posts_are_found_after_a_cut_run(case: Case, world: World) -> None:
    """What is posted between a cut run and the next one lies above the place where it goes on."""
    first = next(iter(world.fetch()))
    for n in range(200, 230):
        world.add(n)
    assert ids([first]) | ids(world.fetch(again(first.cursor))) == world.expected()


@newest_first
def test_a_backlog_does_not_delay_new_posts(case: Case, world: World) -> None:
    """The first run is cut early; the next one, as short, brings what is new all the same."""
    first = list(world.fetch(max_pages=1))
    assert ids(first) < world.expected()
    for n in (200, 201, 202):
        world.add(n)
    new = {case.native_id(item) for item in world.items if item.n in (200, 201, 202)}
    assert ids(world.fetch(again(first[-1].cursor), max_pages=1)) >= new


@every
def test_the_same_cursor_twice_gives_the_same_posts(case: Case, world: World) -> None:
    pages = list(world.fetch())
    cursor = again(pages[0].cursor)
    assert ids(world.fetch(cursor)) == ids(world.fetch(cursor))


@with_pages
def test_posts_that_come_and_go_between_pages_cost_no_other(case: Case, world: World) -> None:
    """While we read, posts are added on top, taken away in front of us and behind us."""
    survivors = world.expected()
    seen: set[str] = set()
    cursor = None
    for number, page in enumerate(world.fetch()):
        seen |= ids([page])
        cursor = again(page.cursor)
        if number == 0:
            for n in (44, 30, 3):
                survivors.discard(case.native_id(next(i for i in world.items if i.n == n)))
                world.remove(n)
            for n in range(300, 306):
                world.add(n)
    assert survivors <= seen
    seen |= ids(world.fetch(cursor))
    assert world.expected() - seen == set()


@with_pages
def test_shuffled_pages_are_read_to_the_end(case: Case, world: World) -> None:
    world.is_shuffled = True
    pages = list(world.fetch())
    assert ids(pages) == world.expected()


@every
def test_a_late_post_just_behind_the_newest_is_found(case: Case, world: World) -> None:
    """It turns up at a place that was already read, a little before the newest post."""
    first = list(world.fetch())
    world.add(400, at=START + timedelta(minutes=44, seconds=30))
    assert ids(world.fetch(again(first[-1].cursor))) >= world.expected() - ids(first)


# --- form -------------------------------------------------------------------------------------


@every
def test_posts_have_the_form_that_all_promise(case: Case, world: World) -> None:
    pages = list(world.fetch())
    posts = [post for page in pages for post in page.posts]
    known = {post.native_id for post in posts}
    for page in pages:
        uids = [post.uid for post in page.posts]
        assert len(uids) == len(set(uids)), "a page names a post twice"
    for post in posts:
        assert isinstance(post.native_id, str)
        assert case.platform in (post.platform, "files")
        assert post.created_at is None or post.created_at.utcoffset() == timedelta(0)
        assert post.url is None or urlsplit(post.url).scheme in ("http", "https")
        assert post.url is None or urlsplit(post.url).netloc
        assert post.source == world.case.source.name
        assert post.parent_id is None or post.parent_id in known
        assert post.root_id is None or isinstance(post.root_id, str)
        assert not re.search(r"</?[a-z]+[ >]|&amp;|&lt;|\r", post.text)
        assert json.loads(json.dumps(post.raw)) == post.raw
    assert any("schön & gut <3 😀" in post.text for post in posts)


@every
def test_the_likes_of_no_post_are_invented(case: Case, world: World) -> None:
    for page in world.fetch():
        for post in page.posts:
            for count in (post.likes, post.replies, post.shares, post.views):
                assert count is None or (isinstance(count, int) and not isinstance(count, bool))


@with_threads
def test_comments_know_their_thread(case: Case, world: World) -> None:
    posts = {post.native_id: post for page in world.fetch() for post in page.posts}
    root = next(item for item in world.items if item.n == 7)
    for child in world.children(7):
        comment = posts[case.native_id(child)]
        assert comment.parent_id == case.native_id(root)
        assert comment.root_id == case.native_id(root)


@every
def test_a_garbled_record_costs_only_itself(case: Case, world: World) -> None:
    world.garble(20)
    pages = list(world.fetch())
    assert ids(pages) == world.expected()
    rejected = [one for page in pages for one in page.rejected]
    assert rejected
    assert all(one.reason for one in rejected)


@every
def test_the_first_run_brings_all_since_the_day_that_was_asked_for(
    case: Case, world: World
) -> None:
    """Whoever wants the last days only loses nothing of these days."""
    since = START + timedelta(minutes=30)
    wanted = {case.native_id(item) for item in world.items if item.at >= since}
    assert ids(world.fetch(since=since)) >= wanted


# --- trouble ----------------------------------------------------------------------------------


def trouble(world: World, **changes: object) -> ConnectorError:
    with pytest.raises(ConnectorError) as caught:
        list(world.fetch(**changes))
    assert caught.value.source == world.case.source.name
    return caught.value


@over_http
def test_401_stops_after_one_call(case: Case, world: World) -> None:
    world.always = httpx.Response(401, json={"error": "The access token is invalid"})
    assert isinstance(trouble(world), AuthError)
    logins = [r for r in world.requests if r.url.path in case.login_paths]
    assert len(world.requests) - len(logins) <= 1
    assert len(world.requests) <= 1 + len(logins) <= 3


@over_http
@pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "date"])
def test_429_carries_its_retry_after_and_is_obeyed(case: Case, world: World, as_date: bool) -> None:
    until = world.now + timedelta(seconds=600)
    world.always = httpx.Response(
        429, headers={"Retry-After": format_datetime(until, usegmt=True) if as_date else "600"}
    )
    traffic = world.traffic()
    with pytest.raises(Unavailable) as caught:
        list(world.fetch(traffic=traffic))
    assert caught.value.retry_after == pytest.approx(600, abs=1)
    asked = len(world.requests)
    assert asked == 1, "a long wait is not tried again"
    with pytest.raises(Unavailable) as caught:
        list(world.fetch(traffic=traffic))
    assert caught.value.retry_after == pytest.approx(600, abs=1)
    assert len(world.requests) == asked, "no request may be sent inside a Retry-After"


@over_http
def test_a_short_retry_after_is_waited_for(case: Case, world: World) -> None:
    world.faults = [httpx.Response(429, headers={"Retry-After": "7"})]
    assert ids(world.fetch()) == world.expected()
    assert world.slept == pytest.approx(7, abs=1)


@over_http
def test_500_is_tried_again_and_then_given_up(case: Case, world: World) -> None:
    world.always = httpx.Response(500, text="oops")
    assert isinstance(trouble(world), Unavailable)
    assert len(world.requests) == 3  # the attempts of the test mode


@over_http
def test_a_hiccup_goes_unnoticed(case: Case, world: World) -> None:
    world.faults = [httpx.Response(502, html="<html>Bad Gateway</html>")]
    assert ids(world.fetch()) == world.expected()


@over_http
def test_html_in_place_of_an_answer_is_reported(case: Case, world: World) -> None:
    world.always = httpx.Response(200, html="<html><body>Please log in</body></html>")
    error = trouble(world)
    assert isinstance(error, BadResponse)
    assert "log in" in error.excerpt


@over_http
def test_an_html_error_page_means_unavailable(case: Case, world: World) -> None:
    world.always = httpx.Response(503, html="<html>maintenance</html>")
    assert isinstance(trouble(world), Unavailable)


@over_http
def test_a_truncated_answer_is_no_end_of_the_list(case: Case, world: World) -> None:
    """Half an answer must not look like an empty page, which would move the mark."""
    world.always = httpx.Response(200, content=b'{"data": [{"id": "1", "te')
    assert isinstance(trouble(world), BadResponse | Unavailable)


@over_http
def test_an_answer_of_another_shape_is_reported(case: Case, world: World) -> None:
    world.always = httpx.Response(200, json="something else")
    assert isinstance(trouble(world), BadResponse)


@with_token
def test_a_redirect_to_another_host_is_not_followed_with_a_token(case: Case, world: World) -> None:
    world.always = httpx.Response(302, headers={"Location": "https://evil.example/steal"})
    trouble(world)
    assert all(request.url.host != "evil.example" for request in world.requests)


@with_token
def test_no_secret_shows_anywhere(
    case: Case, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The server repeats our token in texts, headers and errors; we repeat it to nobody."""
    caplog.set_level(logging.DEBUG)
    posts = [repr(post) for page in world.fetch() for post in page.posts]
    cursors = [json.dumps(page.cursor) for page in world.fetch()]
    world.requests.clear()
    errors = []
    for status in (400, 401, 403, 404, 418, 429, 500):
        world.always = httpx.Response(
            status, json={"error": f"bad token {SECRET}", "message": SECRET, "code": SECRET}
        )
        error = trouble(world)
        errors.append(f"{error!r} {error} {getattr(error, 'excerpt', '')} {error.__cause__!r}")
    shown = "\n".join([*posts, *cursors, *errors, caplog.text, repr(case.source)])
    assert SECRET not in shown
    assert all(SECRET not in str(request.url) for request in world.requests)


@with_token
def test_a_token_in_a_record_is_not_stored(case: Case, world: World) -> None:
    world.items = [type(i)(i.n, i.at, f"{i.text} {SECRET}", i.parent) for i in world.items]
    posts = [post for page in world.fetch() for post in page.posts]
    assert posts
    assert all(SECRET not in repr(post) for post in posts)


# --- refresh ----------------------------------------------------------------------------------


def refreshing() -> list[Case]:
    return [case for case in CASES if isinstance(connector(case.platform), Refreshes)]


@pytest.mark.parametrize("case", refreshing(), ids=by_name)
def test_a_post_that_is_gone_comes_as_a_tombstone(case: Case, world: World) -> None:
    list(world.fetch())
    gone = next(item for item in world.items if item.n == 12)
    stays = next(item for item in world.items if item.n == 13)
    world.remove(12)
    built = connector(case.platform, world.traffic())
    assert isinstance(built, Refreshes)
    asked = [case.native_id(gone), case.native_id(stays)]
    pages = list(built.refresh(case.source, asked))
    counted = {count.uid.rsplit(":", 1)[1] for page in pages for count in page.counts}
    assert case.native_id(stays) in ids(pages) | counted
    tombstones = [one.uid for page in pages for one in page.deleted]
    assert len(tombstones) == 1
    assert tombstones[0].endswith(case.native_id(gone))


# --- what is declared -------------------------------------------------------------------------


@every
def test_facts_are_complete(case: Case) -> None:
    declared = facts(case.platform)
    assert declared.platform == case.platform
    assert declared.docs_url.startswith("https://")
    assert declared.docs_read.year >= 2025
    assert declared.interval >= timedelta(minutes=1)
    assert len(declared.interval_reason) > 20
    assert declared.target
    assert declared.title
    if declared.grade == "gold":
        exempt = {rung for rung, _ in declared.exempt}
        sees_deletions = isinstance(connector(case.platform), Refreshes)
        assert sees_deletions or "deletions" in exempt
        assert declared.limits, "known limits are written down"


@over_http
def test_a_quiet_look_takes_what_was_declared(case: Case, world: World) -> None:
    """Each kind of call once: pages of one listing are the fakes' small size, not a quiet look."""
    cursor = again(list(world.fetch())[-1].cursor)
    world.now += timedelta(minutes=20)
    world.requests.clear()
    list(world.fetch(cursor))
    paths = {request.url.path for request in world.requests} - set(case.login_paths)
    declared = costs_of(case.source, facts(case.platform))
    assert len(paths) == declared[0].per_look, paths


@every
def test_recorded_answers_give_the_expected_posts(case: Case) -> None:
    """`timeline.*` is an answer (or records of one), `expected.json` what it means to us."""
    found = [plain(one) for one in case.parse_fixture()]
    assert found == fixture(case.platform, "expected.json")


@every
def test_fixtures_say_where_they_come_from(case: Case) -> None:
    origin = (FIXTURES / case.platform / "SOURCE.md").read_text(encoding="utf-8")
    assert "http" in origin
    assert re.search(r"20\d\d", origin)


def test_the_registry_names_each_platform_once_and_truly() -> None:
    for platform, found in CONNECTORS.items():
        assert found.facts.platform == platform
