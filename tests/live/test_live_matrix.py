"""Matrix against a real homeserver (matrix-synapse): what was written is what is read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from live.conftest import LIVE, free_port, running

from connectors.base import Refreshes
from connectors.errors import AuthError
from connectors.registry import connector
from connectors.traffic import Traffic
from connectors.types import Page, Post, Source

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
SETTINGS = """
listeners:
  - port: {port}
    type: http
    tls: false
    bind_addresses: ["127.0.0.1"]
    resources: [{{names: [client], compress: false}}]
enable_registration: true
enable_registration_without_verification: true
rc_message: {{per_second: 1000, burst_count: 1000}}
rc_registration: {{per_second: 1000, burst_count: 1000}}
rc_login: {{address: {{per_second: 1000, burst_count: 1000}}}}
trusted_key_servers: []
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("synapse"), free_port()
    python = str(LIVE / "synapse/bin/python")
    base = [python, "-m", "synapse.app.homeserver", "--config-path", "homeserver.yaml"]
    made = [*base, "--server-name", "hs.test", "--generate-config", "--report-stats=no"]
    subprocess.run([*made, "--data-directory", str(folder)], cwd=folder, check=True)
    (folder / "more.yaml").write_text(SETTINGS.format(port=port))
    url = f"http://127.0.0.1:{port}"
    command = [*base, "--config-path", "more.yaml"]
    with running(command, f"{url}/health", folder / "log", cwd=folder):
        yield url


class User:
    """Somebody who talks in rooms."""

    def __init__(self, server: str, name: str) -> None:
        self.http = httpx.Client(base_url=f"{server}/_matrix/client/v3", timeout=30)
        body = {"username": name, "password": "x" * 12, "auth": {"type": "m.login.dummy"}}
        answer = self.http.post("/register", json=body).raise_for_status().json()
        self.token = answer["access_token"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"
        self.count = 0

    def post(self, path: str, body: Any) -> Any:
        return self.http.post(path, json=body).raise_for_status().json()

    def send(self, room: str, content: dict[str, Any], kind: str = "m.room.message") -> str:
        self.count += 1
        path = f"/rooms/{quote(room)}/send/{kind}/{self.token[-6:]}{self.count}"
        answer = self.http.put(path, json=content).raise_for_status().json()
        event_id: str = answer["event_id"]
        return event_id

    def say(self, room: str, text: str, **relates: Any) -> str:
        content: dict[str, Any] = {"msgtype": "m.text", "body": text}
        if relates:
            content["m.relates_to"] = relates
        return self.send(room, content)


@pytest.fixture(scope="module")
def people(server: str) -> Iterator[tuple[User, User]]:
    anna, bot = User(server, "anna"), User(server, "bot")
    yield anna, bot
    anna.http.close()
    bot.http.close()


@pytest.fixture
def room(people: tuple[User, User]) -> str:
    anna, bot = people
    made: str = anna.post("/createRoom", {"preset": "public_chat"})["room_id"]
    bot.post(f"/join/{quote(made)}", {})
    return made


def source_of(server: str, room: str, token: str) -> Source:
    return Source(
        name="room",
        platform="matrix",
        target=room,
        base_url=server,
        allow_private=True,
        secrets={"token": token},
    )


def fetch(source: Source, cursor: Any = None) -> list[Page]:
    with closing(Traffic()) as traffic:
        return list(connector("matrix", traffic).fetch(source, cursor))


def refresh(source: Source, native_ids: list[str]) -> list[Page]:
    with closing(Traffic()) as traffic:
        built = connector("matrix", traffic)
        assert isinstance(built, Refreshes)
        return list(built.refresh(source, native_ids))


def posts(pages: list[Page]) -> dict[str, Post]:
    return {post.native_id: post for page in pages for post in page.posts}


def test_what_was_said_is_what_is_read(server: str, people: tuple[User, User], room: str) -> None:
    anna, bot = people
    said = {anna.say(room, f"Nachricht {n}: schön <3"): n for n in range(250)}
    source = source_of(server, room, bot.token)
    found = fetch(source)
    assert set(posts(found)) == set(said)
    assert all(f"Nachricht {n}:" in posts(found)[key].text for key, n in said.items())
    for cut in range(len(found)):
        rest = fetch(source, found[cut].cursor)
        assert posts(found[: cut + 1]).keys() | posts(rest).keys() == set(said)
    later = anna.say(room, "noch eine")
    assert later in posts(fetch(source, found[-1].cursor))


def test_edits_reactions_replies_and_redactions_arrive(
    server: str, people: tuple[User, User], room: str
) -> None:
    anna, bot = people
    first = anna.say(room, "falsch geschriben")
    second = anna.say(room, "geht bald weg")
    threaded = bot.say(
        room,
        "im Thread",
        rel_type="m.thread",
        event_id=first,
        is_falling_back=True,
        **{"m.in_reply_to": {"event_id": first}},
    )
    answer = bot.say(room, "dazu", **{"m.in_reply_to": {"event_id": second}})
    source = source_of(server, room, bot.token)
    before = fetch(source)
    assert posts(before)[threaded].root_id == first
    assert posts(before)[answer].parent_id == second

    anna.send(
        room,
        {
            "msgtype": "m.text",
            "body": "* richtig geschrieben",
            "m.new_content": {"msgtype": "m.text", "body": "richtig geschrieben"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": first},
        },
    )
    relation = {"rel_type": "m.annotation", "event_id": first, "key": "+"}
    bot.send(room, {"m.relates_to": relation}, "m.reaction")
    anna.http.put(f"/rooms/{quote(room)}/redact/{quote(second)}/t1", json={}).raise_for_status()

    after = fetch(source, before[-1].cursor)
    assert posts(after)[first].text == "richtig geschrieben"
    assert posts(after)[first].edited_at is not None
    assert [(c.uid.rsplit(":$", 1)[1], c.likes) for p in after for c in p.counts] == [
        (first[1:], 1)
    ]
    gone = {one.uid: one.reason for page in after for one in page.deleted}
    assert gone == {f"matrix:127.0.0.1:{second}": "author"}
    assert all("*" not in post.text for post in posts(after).values())

    asked = refresh(source, [first, second])
    assert first in posts(asked)
    assert [one.uid for page in asked for one in page.deleted] == [f"matrix:127.0.0.1:{second}"]


def test_a_wrong_token_is_told(server: str, room: str) -> None:
    with pytest.raises(AuthError):
        fetch(source_of(server, room, "no-such-token"))


def test_an_alias_leads_to_the_room(server: str, people: tuple[User, User], room: str) -> None:
    anna, bot = people
    alias = f"#halle{room[1:5].lower()}:hs.test"
    path = f"/directory/room/{quote(alias)}"
    anna.http.put(path, json={"room_id": room}).raise_for_status()
    said = anna.say(room, "hallo")
    assert said in posts(fetch(source_of(server, alias, bot.token)))
