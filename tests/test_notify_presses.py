"""Buttons under an alert: pressed, signed, forged, repeated; by an endpoint and by a socket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.config import Secrets, parse_settings
from monitor.delivery.office import open_office
from monitor.delivery.presses import PressDesk, presses_taken
from monitor.delivery.receivers import needed_secrets
from monitor.errors import ConfigError
from monitor.judging import is_repeated
from monitor.notify.presses import BadPress, parse_form, parse_press
from monitor.store.alerts import AlertTable
from monitor.store.store import Store
from monitor.types.alerts import Event, Verdict
from tests.conftest import NOW
from tests.digest_community import DAY, fill, storm_alert
from tests.slack_server import SlackServer, press, slack_server
from tests.slack_socket import SlackSocket, slack_socket

SIGNING = "signing-secret-of-the-app"
HELD = {
    "STURMGLAS_NOTIFY__OPS__SECRET": "xoxb-token",
    "STURMGLAS_NOTIFY__OPS__SIGNING_SECRET": SIGNING,
    "STURMGLAS_NOTIFY__OPS__APP_TOKEN": "xapp-token",
}
ENDPOINT = {"buttons": "endpoint", "listen_port": 0}
STORM = storm_alert()


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        yield server


@pytest.fixture
def socket() -> Iterator[SlackSocket]:
    with slack_socket() as opened:
        yield opened


def open_desk(store: Store, slack: SlackServer, **fields: object) -> PressDesk:
    """Return a desk whose channel already shows a storm."""
    receiver = {"name": "ops", "kind": "slack", "to": "#alerts", "base_url": slack.url,
                "role": "Community", **fields}  # fmt: skip
    settings = parse_settings(
        {"general": {"language": "en"}, "company": {"name": "Acme"}, "notify": [receiver]}, "test"
    )
    office = open_office(store, settings, Secrets(HELD), "en")
    fill(store, storm=True)
    told = office.tell_events([Event(at=DAY, event="opened", alert=STORM)], NOW)
    assert told.sent == 1, told.problems
    return PressDesk(office, lambda user: f"key-of-{user.lower()[-4:]}", lambda: NOW)


def taken(desk: PressDesk) -> AbstractContextManager[tuple[int, ...]]:
    return presses_taken(desk, Secrets(HELD))


def verdicts(store: Store) -> list[tuple[str, str | None, datetime]]:
    return [(v.verdict, v.by, v.at) for v in AlertTable(store.db).load_verdicts(STORM.id)]


def words(slack: SlackServer) -> str:
    return json.dumps(slack.messages["1.0"]["blocks"], ensure_ascii=False)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def test_a_signed_press_is_kept_and_shown_and_told_in_the_thread(
    store: Store, slack: SlackServer
) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    with taken(desk) as (port,):
        status = press(f"http://127.0.0.1:{port}/slack", slack.payload("ack"), secret=SIGNING)
        wait_for(lambda: bool(slack.replies))
    assert status == 200
    assert verdicts(store) == [("ack", "Community (key-of-anna)", NOW)]
    assert "Community (key-of-anna)" in words(slack)
    assert [reply["text"] for reply in slack.replies] == ["<@U0ANNA>: is on it"]
    everything = "\n".join(store.db.connection.iterdump())
    assert "U0ANNA" not in everything, "who pressed is kept as a keyed name only"


@pytest.mark.parametrize(
    ("verdict", "told"),
    [("snooze", "quiet until 2 Mar, 16:00"), ("noise", "was noise"), ("useful", "was useful")],
)
def test_each_button_says_what_its_command_says(
    store: Store, slack: SlackServer, verdict: str, told: str
) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    with taken(desk) as (port,):
        press(f"http://127.0.0.1:{port}/slack", slack.payload(verdict), secret=SIGNING)
        wait_for(lambda: bool(slack.replies))
    (kept,) = AlertTable(store.db).load_verdicts(STORM.id)
    assert (kept.verdict, kept.level) == (verdict, STORM.level)
    assert kept.until == (NOW + timedelta(hours=4) if verdict == "snooze" else None)
    assert slack.replies[0]["text"] == f"<@U0ANNA>: {told}"


@pytest.mark.parametrize(
    ("how", "status"),
    [
        ({"secret": "another secret"}, 401),
        ({"secret": SIGNING, "sent_at": NOW - timedelta(minutes=6)}, 401),
        ({"secret": SIGNING, "sent_at": NOW + timedelta(minutes=6)}, 401),
        ({"secret": SIGNING, "sent_at": NOW, "signed_at": NOW - timedelta(minutes=6)}, 401),
        ({"secret": SIGNING, "sent_at": NOW - timedelta(minutes=4)}, 200),
    ],
    ids=["forged", "old", "from the future", "old, dated anew", "slow network"],
)
def test_only_what_slack_signed_a_moment_ago_counts(
    store: Store, slack: SlackServer, how: dict, status: int
) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    with taken(desk) as (port,):
        answered = press(f"http://127.0.0.1:{port}/slack", slack.payload("noise"), **how)
    assert answered == status
    assert bool(verdicts(store)) == (status == 200)


def test_a_press_that_comes_twice_is_one_verdict(store: Store, slack: SlackServer) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    with taken(desk) as (port,):
        address = f"http://127.0.0.1:{port}/slack"
        for at in (NOW, NOW, NOW + timedelta(seconds=1)):  # replayed, then a quick second finger
            assert press(address, slack.payload("ack", at=at), secret=SIGNING) == 200
        press(address, slack.payload("ack", user="U0BERT"), secret=SIGNING)
        wait_for(lambda: len(slack.replies) == 2)
    assert [by for _verdict, by, _at in verdicts(store)] == [
        "Community (key-of-anna)",
        "Community (key-of-bert)",
    ]


@pytest.mark.parametrize(
    ("path", "payload", "status"),
    [
        ("/other", {}, 404),
        ("/slack", {"type": "view_submission"}, 400),
        ("/slack", [], 400),
        ("/slack", "unknown alert", 404),
        ("/slack", "other receiver", 403),
    ],
)
def test_a_signed_request_that_is_no_press_of_ours_changes_nothing(
    store: Store, slack: SlackServer, path: str, payload: object, status: int
) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    if isinstance(payload, str):
        key, value = (
            ("value", "gone") if payload == "unknown alert" else ("block_id", "sturmglas-x")
        )
        payload = slack.payload("ack")
        payload["actions"][0][key] = value
    with taken(desk) as (port,):
        address = f"http://127.0.0.1:{port}{path}"
        assert press(address, payload, secret=SIGNING) == status
        assert httpx.get(address).status_code == 501
        assert httpx.post(address, content=b"x" * 300_000).status_code in (404, 413)
    assert verdicts(store) == []


def test_presses_come_by_socket_mode_too(
    store: Store, slack: SlackServer, socket: SlackSocket
) -> None:
    slack.socket_url = socket.address
    desk = open_desk(store, slack, buttons="socket")
    with taken(desk):
        socket.press("e-1", slack.payload("ack"))
        assert socket.acknowledged.get(timeout=10) == "e-1"
        wait_for(lambda: bool(slack.replies))
        foreign = slack.payload("ack")
        foreign["actions"][0]["block_id"] = "somebody else's app"
        socket.press("e-2", foreign)
        assert socket.acknowledged.get(timeout=10) == "e-2"
    assert verdicts(store) == [("ack", "Community (key-of-anna)", NOW)]
    assert slack.replies[0]["text"] == "<@U0ANNA>: is on it"


def test_a_webhooks_message_is_changed_at_the_address_that_the_press_brings(
    store: Store, slack: SlackServer
) -> None:
    desk = open_desk(store, slack, to=[], base_url=f"{slack.url}/webhook", **ENDPOINT)
    with taken(desk) as (port,):
        press(f"http://127.0.0.1:{port}/slack", slack.payload("ack"), secret=SIGNING)
        wait_for(lambda: "response_url" in slack.calls)
        elsewhere = slack.payload("noise") | {"response_url": "http://127.0.0.1:9/steal"}
        assert press(f"http://127.0.0.1:{port}/slack", elsewhere, secret=SIGNING) == 200
    assert "Community (key-of-anna)" in words(slack)
    assert slack.calls.count("response_url") == 1


def test_an_alert_that_is_over_asks_only_whether_it_was_worth_it(
    store: Store, slack: SlackServer
) -> None:
    desk = open_desk(store, slack, **ENDPOINT)
    over = storm_alert(state="over", level=0, peak_level=4, closed_at=NOW)
    AlertTable(store.db).save([over])
    desk.office.tell_events([Event(at=NOW, event="closed", alert=over)], NOW)
    (block,) = (b for b in slack.messages["1.0"]["blocks"] if b["type"] == "actions")
    assert [button["action_id"] for button in block["elements"]] == ["noise", "useful"]


def test_without_the_wish_no_message_has_buttons(store: Store, slack: SlackServer) -> None:
    open_desk(store, slack)
    assert not [b for b in slack.messages["1.0"]["blocks"] if b["type"] == "actions"]


def test_a_verdict_from_the_command_line_waits_for_the_next_tick(
    store: Store, slack: SlackServer
) -> None:
    office = open_desk(store, slack).office
    said = Verdict(alert=STORM.id, verdict="ack", at=NOW, by="anna", level=3)
    AlertTable(store.db).save_verdict(said)
    office.queue_verdict(said, NOW)
    assert "anna" not in words(slack)
    office.tell_events([], NOW)
    assert "anna" in words(slack)
    assert [reply["text"] for reply in slack.replies] == ["anna: is on it"]


@pytest.mark.parametrize(
    ("fields", "missing"),
    [(ENDPOINT, "SIGNING_SECRET"), ({"buttons": "socket"}, "APP_TOKEN")],
)
def test_a_missing_secret_of_the_buttons_names_its_variable(
    store: Store, slack: SlackServer, fields: dict, missing: str
) -> None:
    desk = open_desk(store, slack, **fields)
    with pytest.raises(ConfigError, match=f"STURMGLAS_NOTIFY__OPS__{missing}"):
        presses_taken(desk, Secrets({})).__enter__()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "slack", "to": "#a"}, ("secret",)),
        ({"kind": "slack", "base_url": "https://chat.example/hooks/1"}, ()),
        ({"kind": "slack", "to": "#a", "buttons": "socket"}, ("secret", "app_token")),
        ({"kind": "slack", "to": "#a", **ENDPOINT}, ("secret", "signing_secret")),
        ({"kind": "smtp", "host": "localhost", "to": "a@acme.example"}, ()),
        ({"kind": "smtp", "host": "localhost", "to": "a@acme.example", "user": "a"}, ("secret",)),
        ({"kind": "apprise"}, ("secret",)),
    ],
)
def test_doctor_knows_which_secrets_a_receiver_needs(fields: dict, words: tuple) -> None:
    (entry,) = parse_settings({"notify": [{"name": "ops", **fields}]}, "test").notify
    assert needed_secrets(entry) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "apprise", "buttons": "socket"}, "go with kind"),
        ({"kind": "slack", "buttons": "endpoint"}, "needs listen_port"),
    ],
)
def test_buttons_that_cannot_work_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_settings({"notify": [{"name": "ops", **fields}]}, "test")


KEYS = st.sampled_from(("actions", "user", "id", "type", "action_id", "block_id", "action_ts"))


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner),
    )
)
def test_nothing_that_is_no_press_gets_through(payload: object) -> None:
    with pytest.raises(BadPress):
        parse_press(payload)


@given(st.binary())
def test_no_body_breaks_the_reader(body: bytes) -> None:
    with pytest.raises(BadPress):
        parse_form(body)


@pytest.mark.parametrize(
    ("said", "repeated"),
    [
        ([], False),
        ([("ack", "anna", 0)], True),
        ([("ack", "anna", -60)], True),
        ([("ack", "anna", -60), ("noise", "anna", -30)], False),
        ([("ack", "anna", -60), ("ack", "bert", -30)], False),
        ([("ack", "anna", 0), ("ack", "bert", 30)], True),
        ([("ack", "bert", 0)], False),
    ],
)
def test_a_verdict_is_repeated_where_it_says_nothing_new(said: list[tuple], repeated: bool) -> None:
    def verdict(kind: str, by: str, seconds: int) -> Verdict:
        at = NOW + timedelta(seconds=seconds)
        return Verdict(alert="a", verdict=kind, at=at, by=by)  # type: ignore[arg-type]

    before = [verdict(*one) for one in said]
    assert is_repeated(verdict("ack", "anna", 0), before) is repeated
