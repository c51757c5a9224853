"""Bluesky against a real network (npm @atproto/dev-env): what was written is what is read.

Wants PostgreSQL and Redis: DB_POSTGRES_URL and REDIS_HOST, as the dev-env itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from live.conftest import LIVE, free_port, running

from connectors.base import Refreshes
from connectors.errors import AuthError, SourceGone
from connectors.registry import connector
from connectors.traffic import Traffic
from connectors.types import Page, Post, Source

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]
PASSWORD = "a-long-password"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    script = Path(__file__).parent / "bluesky.cjs"
    environment = {**os.environ, "PDS_PORT": str(port), "STURMGLAS_LIVE": str(LIVE)}
    log = tmp_path_factory.mktemp("bluesky") / "log"
    with running(["node", str(script)], f"{url}/xrpc/_health", log, env=environment):
        wait_for(lambda: "ready" in log.read_text(errors="replace"))
        yield url


def wait_for(is_so: Callable[[], bool]) -> None:
    """Give the network time to index."""
    for _ in range(120):
        if is_so():
            return
        time.sleep(0.5)
    raise AssertionError("the network did not catch up in a minute")


class User:
    """Somebody who writes."""

    def __init__(self, server: str, handle: str) -> None:
        self.http = httpx.Client(base_url=f"{server}/xrpc", timeout=30)
        body = {"handle": handle, "email": f"{handle}@mail.test", "password": PASSWORD}
        made = self.call("com.atproto.server.createAccount", body)
        self.did = made["did"]
        self.http.headers["Authorization"] = f"Bearer {made['accessJwt']}"

    def call(self, method: str, body: Any) -> Any:
        answer = self.http.post(f"/{method}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def post(self, text: str, minutes_ago: float = 0, **more: Any) -> dict[str, str]:
        at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
        created = at.isoformat().replace("+00:00", "Z")
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": created, **more}
        return self.record("app.bsky.feed.post", record)

    def record(self, collection: str, record: dict[str, Any]) -> dict[str, str]:
        body = {"repo": self.did, "collection": collection, "record": record}
        made: dict[str, str] = self.call("com.atproto.repo.createRecord", body)
        return {"uri": made["uri"], "cid": made["cid"]}


@pytest.fixture(scope="module")
def people(server: str) -> Iterator[tuple[User, User]]:
    kim, ida = User(server, "kim.test"), User(server, "ida.test")
    yield kim, ida
    kim.http.close()
    ida.http.close()


def source_of(server: str, target: str = "@kim.test", password: str = PASSWORD) -> Source:
    return Source(
        name="kim",
        platform="bluesky",
        target=target,
        base_url=server,
        allow_private=True,
        secrets={"username": "ida.test", "token": password},
    )


def fetch(source: Source, cursor: Any = None) -> list[Page]:
    with closing(Traffic()) as traffic:
        return list(connector("bluesky", traffic).fetch(source, cursor))


def refresh(source: Source, uris: list[str]) -> list[Page]:
    with closing(Traffic()) as traffic:
        built = connector("bluesky", traffic)
        assert isinstance(built, Refreshes)
        return list(built.refresh(source, uris))


def posts(pages: list[Page]) -> dict[str, Post]:
    return {post.native_id: post for page in pages for post in page.posts}


def test_what_was_written_is_what_is_read(server: str, people: tuple[User, User]) -> None:
    kim, ida = people
    written = {kim.post(f"Beitrag {n}: schön <3 😀")["uri"]: n for n in range(120)}
    first, *_, last = written
    root = {"uri": last, "cid": _cid(kim, last)}
    answer = ida.post("eine Antwort", reply={"root": root, "parent": root})
    ida.record(
        "app.bsky.feed.like",
        {"$type": "app.bsky.feed.like", "subject": root, "createdAt": _now()},
    )
    source = source_of(server)
    wait_for(lambda: posts(fetch(source)).get(last) is not None)
    wait_for(lambda: posts(fetch(source))[last].likes == 1)
    wait_for(lambda: answer["uri"] in posts(fetch(source)))

    whole = fetch(source)
    found = posts(whole)
    assert set(found) == {*written, answer["uri"]}
    assert all(found[uri].text == f"Beitrag {n}: schön <3 😀" for uri, n in written.items())
    assert (found[answer["uri"]].parent_id, found[answer["uri"]].root_id) == (last, last)
    assert found[last].replies == 1
    for cut, page in enumerate(whole):
        rest = fetch(source, page.cursor)
        assert posts(whole[: cut + 1]).keys() | posts(rest).keys() == set(found), cut

    _edit(kim, first, "geändert")
    kim.call("com.atproto.repo.deleteRecord", _place(last))
    wait_for(lambda: posts(refresh(source, [first]))[first].text == "geändert")
    wait_for(lambda: bool(refresh(source, [last])[0].deleted))
    (page,) = refresh(source, [first, last, answer["uri"]])
    assert [one.uid for one in page.deleted] == [f"bluesky:{last}"]
    assert set(posts([page])) == {first, answer["uri"]}


def test_a_wrong_password_and_a_missing_account_are_told(
    server: str, people: tuple[User, User]
) -> None:
    with pytest.raises(AuthError):
        fetch(source_of(server, password="wrong-password"))
    with pytest.raises(SourceGone):
        fetch(source_of(server, "@nobody.test"))


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def _place(uri: str) -> dict[str, str]:
    repo, collection, key = uri.removeprefix("at://").split("/")
    return {"repo": repo, "collection": collection, "rkey": key}


def _cid(user: User, uri: str) -> str:
    answer = user.http.get("/com.atproto.repo.getRecord", params=_place(uri))
    cid: str = answer.raise_for_status().json()["cid"]
    return cid


def _edit(user: User, uri: str, text: str) -> None:
    record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": _now()}
    user.call("com.atproto.repo.putRecord", {**_place(uri), "record": record})
