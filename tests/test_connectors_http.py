"""The client: turns, waits, guards. Against a real server on loopback where sockets matter."""

from __future__ import annotations

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import AuthError, BadResponse, SourceGone, Unavailable
from connectors.hints import find_wait, parse_budget, parse_reset, parse_retry_after, spread
from connectors.http import MAX_BODY, SECRET_PLACE, Client
from connectors.traffic import Traffic
from connectors.types import Budget, Source
from connectors.wire import is_public

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "123456:token-of-a-bot"


class Server(ThreadingHTTPServer):
    """Answers with what a test wrote down, and remembers what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.busy = self.most_busy = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def says(self, path: str, body: bytes = b"{}", status: int = 200, **headers: str) -> None:
        def write(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        self.pages[path] = write


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        with self.server.lock:
            self.server.asked.append((self.path, dict(self.headers)))
            self.server.busy += 1
            self.server.most_busy = max(self.server.most_busy, self.server.busy)
        try:
            page = self.server.pages.get(path)
            if page is None:
                self.send_response(404)
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                page(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with self.server.lock:
                self.server.busy -= 1

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server()
    thread = threading.Thread(target=started.serve_forever, daemon=True)
    thread.start()
    yield started
    started.shutdown()
    started.server_close()


@pytest.fixture
def traffic() -> Iterator[Traffic]:
    made = Traffic()
    yield made
    made.close()


def client(server: Server, traffic: Traffic, **changes: Any) -> Client:
    given_source = {"name": "s", "platform": "p", "allow_private": True, **changes}
    return Client(Source(**given_source), server.url, traffic)


# --- guards -----------------------------------------------------------------------------------


def test_a_private_address_is_refused_unless_that_is_meant(
    server: Server, traffic: Traffic
) -> None:
    server.says("/x")
    with pytest.raises(AuthError, match="allow_private"):
        client(server, traffic, allow_private=False).get_json("/x")
    assert server.asked == []
    assert client(server, traffic).get_json("/x") == {}


def test_a_redirect_into_the_private_network_is_refused() -> None:
    """The first host is public, what it points to is not: the guard looks at each connection."""
    outside = httpx.Response(302, headers={"Location": "http://127.0.0.1:9/"})

    class Mixed(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "public.example":
                return outside
            return guarded.transport(allow_private=False).handle_request(request)

    guarded = Traffic()
    mixed = Traffic(transport=Mixed())
    source = Source(name="s", platform="rss", target="http://public.example/feed")
    with pytest.raises(AuthError, match="private network"):
        Client(source, "http://public.example", mixed).get("/feed")
    guarded.close()


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_only_public_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_token_in_the_path_is_on_the_wire_only(server: Server, traffic: Traffic) -> None:
    server.says(f"/bot{SECRET}/getUpdates", b'{"ok": true}')
    talk = client(server, traffic, secrets={"token": SECRET})
    answer = talk.get(f"/bot{SECRET_PLACE}/getUpdates")
    assert answer.json() == {"ok": True}
    assert SECRET not in answer.url
    assert server.asked[0][0] == f"/bot{SECRET}/getUpdates"


def test_a_redirect_within_the_host_keeps_the_token(server: Server, traffic: Traffic) -> None:
    server.says("/old", b"", 302, Location="/new")
    server.says("/new", b'{"here": 1}')
    talk = Client(
        Source(name="s", platform="p", allow_private=True, secrets={"token": SECRET}),
        server.url,
        traffic,
        headers={"Authorization": f"Bearer {SECRET}"},
    )
    assert talk.get_json("/old") == {"here": 1}
    assert server.asked[1][1]["Authorization"] == f"Bearer {SECRET}"


def test_redirects_in_circles_end(server: Server, traffic: Traffic) -> None:
    server.says("/a", b"", 302, Location="/a")
    with pytest.raises(BadResponse, match="circles"):
        client(server, traffic).get("/a")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_an_endless_answer_is_cut_off(server: Server, traffic: Traffic, packed: bool) -> None:
    body = b"x" * (MAX_BODY + 1)
    if packed:
        server.says("/big", gzip.compress(body), Content_Encoding="gzip")
    else:
        server.says("/big", body)
    with pytest.raises(BadResponse, match="more than"):
        client(server, traffic).get("/big")


def test_an_answer_cut_off_on_the_way_is_no_answer(server: Server, traffic: Traffic) -> None:
    def half(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"items": [')
        handler.close_connection = True

    server.pages["/half"] = half
    with pytest.raises(Unavailable):
        client(server, traffic).get_json("/half")


def test_a_server_that_is_not_there_is_unavailable(traffic: Traffic) -> None:
    source = Source(name="s", platform="p", allow_private=True)
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        Client(source, "http://127.0.0.1:9", traffic).get("/")
    assert caught.value.source == "s"


@pytest.mark.parametrize("base", ["", "forum.example", "ftp://x.example", "file:///etc/passwd"])
def test_a_base_url_that_is_no_server_is_named(base: str, traffic: Traffic) -> None:
    with pytest.raises(SourceGone, match="base_url"):
        Client(Source(name="s", platform="p"), base, traffic)


# --- turns and waits --------------------------------------------------------------------------


def test_no_more_requests_are_in_flight_than_allowed(server: Server) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.02)
        handler.send_response(200)
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    server.pages["/slow"] = slow
    shared = Traffic(in_flight=2)
    clients = [client(server, shared, name=f"s{n}") for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda one: one.get_json("/slow"), clients))
    shared.close()
    assert len(server.asked) == 12
    assert server.most_busy == 2


def test_a_pause_holds_for_all_sources_of_a_token_and_for_no_other() -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("x-who", ""))
        if request.headers.get("x-who") == "first":
            return httpx.Response(429, headers={"Retry-After": "300"})
        return httpx.Response(200, json={})

    shared = Traffic(transport=httpx.MockTransport(handle), now=lambda: NOW)

    def of(token: str, who: str) -> Client:
        source = Source(name=who, platform="p", secrets={"token": token})
        return Client(source, "https://api.example", shared, headers={"X-Who": who})

    with pytest.raises(Unavailable):
        of("token-one", "first").get("/")
    with pytest.raises(Unavailable) as caught:
        of("token-one", "second").get("/")
    assert caught.value.retry_after == 300
    assert of("token-two", "third").get_json("/") == {}
    assert asked == ["first", "third"]


def test_the_rest_of_a_budget_is_spread_before_the_wall() -> None:
    clock = [NOW]

    def handle(request: httpx.Request) -> httpx.Response:
        reset = str(int((NOW + timedelta(seconds=100)).timestamp()))
        headers = {
            "RateLimit-Limit": "100",
            "RateLimit-Remaining": "5",
            "RateLimit-Reset": reset,
        }
        return httpx.Response(200, json={}, headers=headers)

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += timedelta(seconds=seconds)

    shared = Traffic(transport=httpx.MockTransport(handle), now=lambda: clock[0], sleep=sleep)
    talk = Client(Source(name="s", platform="p"), "https://api.example", shared)
    talk.get("/")
    talk.get("/")
    assert slept == [pytest.approx(20)]
    assert talk.budget is not None
    assert talk.budget.remaining == 5


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("1.5", 1.5),
        ("Mon, 02 Mar 2026 12:10:00 GMT", 600),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0),
        (str(int(NOW.timestamp()) + 90), 90),
        ("2026-03-02T12:05:00.000000Z", 300),
        ("soon", None),
        ("", None),
        (None, None),
        ("99999999999999999999", None),
    ],
)
def test_retry_after_is_read_in_all_its_spellings(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({}, {"retry_after": 64.57, "global": False}, 64.57),
        ({}, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2000}, 2),
        ({}, {"ok": False, "parameters": {"retry_after": 5}}, 5),
        ({}, {"error_type": "rate_limit", "extras": {"wait_seconds": 30}}, 30),
        ({"retry-after": "7"}, {"retry_after": 64}, 7),
        ({"x-ratelimit-reset": "2026-03-02T12:01:00Z", "x-ratelimit-remaining": "0"}, None, 60),
        ({"x-ratelimit-reset": "285", "x-ratelimit-remaining": "0.0"}, None, 285),
        ({}, ["no", "object"], None),
        ({}, {"retry_after": "soon"}, None),
        ({}, {"retry_after": True}, None),
    ],
)
def test_every_platform_asks_for_a_wait_in_its_own_way(
    headers: dict[str, str], body: Any, seconds: float | None
) -> None:
    assert find_wait(headers, body, NOW) == seconds


def test_meta_tells_usage_in_per_cent_and_regains_in_minutes() -> None:
    usage = '{"1":[{"type":"pages","call_count":100,"estimated_time_to_regain_access":19}]}'
    found = parse_budget({"x-business-use-case-usage": usage}, NOW)
    assert found == Budget(0.0, 100.0, NOW + timedelta(minutes=19), "percent")
    half = parse_budget({"x-app-usage": '{"call_count":50,"total_time":5}'}, NOW)
    assert half == Budget(50.0, 100.0, None, "percent")
    assert parse_budget({"x-app-usage": "not json"}, NOW) is None


def test_plenty_left_means_no_slowing_down() -> None:
    reset = NOW + timedelta(seconds=100)
    assert spread(Budget(50, 100, reset), NOW) == 0
    assert spread(Budget(5, 100, reset), NOW) == 20
    assert spread(Budget(0, 100, reset), NOW) == 100
    assert spread(Budget(5, 100, None), NOW) == 0
    assert spread(None, NOW) == 0


@given(st.text(max_size=40))
def test_no_header_is_so_odd_that_it_breaks_us(value: str) -> None:
    for name in ("retry-after", "x-ratelimit-remaining", "x-app-usage"):
        find_wait({name: value, "x-ratelimit-reset": value}, {}, NOW)
        parse_budget({name: value, "x-ratelimit-reset": value}, NOW)
    found = parse_reset(value, NOW)
    assert found is None or found.tzinfo is not None


# --- sorting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadResponse),
        (401, AuthError),
        (403, AuthError),
        (404, SourceGone),
        (408, Unavailable),
        (410, SourceGone),
        (418, BadResponse),
        (425, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (507, Unavailable),
    ],
)
def test_a_status_is_sorted_by_what_happens_next(status: int, kind: type[Exception]) -> None:
    answer = httpx.Response(status, json={})
    shared = Traffic(transport=httpx.MockTransport(lambda _: answer))
    with pytest.raises(kind):
        Client(Source(name="s", platform="p"), "https://api.example", shared).get("/")


def test_a_403_that_asks_for_patience_is_a_limit() -> None:
    answer = httpx.Response(403, json={}, headers={"Retry-After": "90"})
    shared = Traffic(transport=httpx.MockTransport(lambda _: answer), now=lambda: NOW)
    with pytest.raises(Unavailable) as caught:
        Client(Source(name="s", platform="p"), "https://api.example", shared).get("/")
    assert caught.value.retry_after == 90


def test_the_message_names_the_secret_to_set() -> None:
    shared = Traffic(transport=httpx.MockTransport(lambda _: httpx.Response(401)))
    with pytest.raises(AuthError, match="STURMGLAS_SOURCES__ACME_TAG__TOKEN"):
        Client(Source(name="acme-tag", platform="p"), "https://api.example", shared).get("/x")


def test_what_is_no_address_is_said_with_what_to_check(traffic: Traffic) -> None:
    source = Source(name="s", platform="rss", base_url="http://127.0.0.1:9", allow_private=True)
    with pytest.raises(SourceGone, match="check target and base_url"):
        Client(source, "http://127.0.0.1:9", traffic).get("acme")


def test_a_token_that_was_pasted_with_odd_characters_is_told_to_be_one() -> None:
    shared = Traffic(transport=httpx.MockTransport(lambda _: httpx.Response(200, json={})))
    source = Source(name="acme", platform="p", secrets={"token": "abc\u2013def"})
    headers = {"Authorization": f"Bearer {source.secrets['token']}"}
    with pytest.raises(AuthError, match="paste STURMGLAS_SOURCES__ACME__TOKEN") as caught:
        Client(source, "https://api.example", shared, headers=headers).get("/")
    assert "abc" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
