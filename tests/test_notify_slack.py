"""Slack and Mattermost against a local stand-in that enforces their limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from monitor.config import Secrets, parse_settings
from monitor.delivery.office import open_office
from monitor.delivery.receivers import connector_of
from monitor.errors import ConfigError
from monitor.notify.apprise import AppriseReceiver
from monitor.notify.errors import Closed, Refused, TryAgain
from monitor.notify.slack import SlackBot, SlackWebhook
from monitor.store.outbox import Outbox
from monitor.store.store import Store
from monitor.types.alerts import Event
from monitor.types.messages import Message
from tests.digest_community import DAY, NOW, fill, storm_alert
from tests.slack_server import SlackServer, slack_server

quiet_apprise = pytest.mark.filterwarnings("ignore:.*:DeprecationWarning")
"""Apprise imports a module of the standard library that Python will drop."""

TOKEN = "xoxb-secret-token"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        yield server


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client() as opened:
        yield opened


@pytest.fixture
def bot(slack: SlackServer, client: httpx.Client) -> SlackBot:
    return SlackBot("ops", TOKEN, "#alerts", slack.url, client)


def message(number: int = 1) -> Message:
    block = {"type": "section", "text": {"type": "mrkdwn", "text": f"state {number}"}}
    return Message(
        key=f"storm {number}", receiver="ops", thread="storm", kind="alert", subject="s", text="",
        slack={"text": f"state {number}", "blocks": [block]}, note=f"note {number}",
    )  # fmt: skip


def test_one_storm_is_one_message_that_changes_with_its_history_in_the_thread(
    slack: SlackServer, bot: SlackBot
) -> None:
    handle = bot.send(message(1), None, again=False).handle
    for number in (2, 3):
        handle = bot.send(message(number), handle, again=False).handle
    assert [m["text"] for m in slack.messages.values()] == ["state 3"]
    assert [reply["text"] for reply in slack.replies] == ["note 2", "note 3"]
    assert {reply["thread_ts"] for reply in slack.replies} == {"1.0"}


def test_a_message_that_somebody_deleted_is_posted_anew(slack: SlackServer, bot: SlackBot) -> None:
    handle = bot.send(message(1), None, again=False).handle
    slack.messages.clear()
    bot.send(message(2), handle, again=False)
    assert [m["text"] for m in slack.messages.values()] == ["state 2"]


def test_an_answer_that_got_lost_does_not_double_the_message(
    slack: SlackServer, bot: SlackBot
) -> None:
    slack.lost_answers = 1
    with pytest.raises(TryAgain):
        bot.send(message(1), None, again=False)
    bot.send(message(1), None, again=True)
    assert len(slack.messages) == 1
    assert "conversations.history" in slack.calls


@pytest.mark.parametrize(
    ("status", "body", "fate", "words"),
    [
        (429, "", TryAgain, "429"),
        (503, "", TryAgain, "503"),
        (200, "<html>", TryAgain, "no JSON"),
        (200, '{"ok": false, "error": "ratelimited"}', TryAgain, "ratelimited"),
        (200, '{"ok": false, "error": "invalid_auth"}', Closed, "set a new one"),
        (200, '{"ok": false, "error": "is_archived"}', Closed, "name another"),
        (200, '{"ok": false, "error": "not_in_channel"}', Closed, "invite it"),
        (200, '{"ok": false, "error": "invalid_blocks"}', Refused, "invalid_blocks"),
        (404, "", Closed, "check base_url"),
    ],
)
def test_an_answer_of_slack_becomes_a_fate(
    slack: SlackServer, bot: SlackBot, status: int, body: str, fate: type[Exception], words: str
) -> None:
    slack.answers = [(status, body, {"Retry-After": "17"})]
    with pytest.raises(fate, match=words) as caught:
        bot.send(message(), None, again=False)
    assert type(caught.value) is fate
    assert TOKEN not in str(caught.value)
    if status == 429:
        assert caught.value.retry_after == 17  # type: ignore[attr-defined]  # a TryAgain


def test_a_webhook_adds_messages_and_hides_its_address(
    slack: SlackServer, client: httpx.Client
) -> None:
    hook = SlackWebhook("ops", f"{slack.url}/T0/secret/webhook", client)
    hook.send(message(1), None, again=False)
    assert [set(m) for m in slack.messages.values()] == [{"text", "blocks"}]
    slack.answers = [(404, "no_service", {})]
    with pytest.raises(Closed, match="make a new one") as caught:
        hook.send(message(2), None, again=False)
    assert "secret" not in str(caught.value) + repr(hook)


def test_a_storm_travels_from_its_event_to_the_channel_and_back_to_quiet(
    store: Store, slack: SlackServer
) -> None:
    fill(store, storm=True)
    settings = parse_settings(
        {
            "general": {"language": "de", "timezone": "Europe/Berlin"},
            "company": {"name": "Acme"},
            "notify": [{"name": "ops", "kind": "slack", "to": "#alerts", "base_url": slack.url}],
        },
        "test",
    )
    secrets = Secrets({"STURMGLAS_NOTIFY__OPS__SECRET": TOKEN})
    office = open_office(store, settings, secrets, "de")
    states = [
        ("opened", storm_alert(state="new")),
        ("raised", storm_alert(state="peak", level=4, peak_level=4)),
        ("closed", storm_alert(state="over", level=0, peak_level=4, closed_at=NOW)),
    ]
    for event, alert in states:
        done = office.tell_events([Event(at=DAY, event=event, alert=alert)], NOW)  # type: ignore[arg-type]  # an EventKind
        assert (done.sent, done.problems) == (1, ())
    (shown,) = slack.messages.values()
    assert shown["blocks"][0]["text"]["text"] == "VORBEI · Shitstorm, Stufe 4 von 6 · Acme"
    assert len(slack.replies) == 2
    assert TOKEN not in json.dumps(slack.messages)
    assert Outbox(store.db).states() == {"ops": {"sent": 3}}


def test_a_missing_secret_names_its_variable(store: Store) -> None:
    settings = parse_settings({"notify": [{"name": "ops", "kind": "slack", "to": "#a"}]}, "test")
    connect = connector_of(Secrets({}), httpx.Client)
    with pytest.raises(ConfigError, match="STURMGLAS_NOTIFY__OPS__SECRET"):
        connect(settings.notify[0])
    office = open_office(store, settings, Secrets({}), "de")
    office.postman.put(office.desk.test(datetime(2026, 3, 2, tzinfo=UTC)), NOW)
    done = office.postman.deliver(NOW)
    assert (done.sent, done.waiting) == (0, 2), "the words wait until the secret is there"


@quiet_apprise
def test_apprise_sends_by_an_address_and_calls_nobody(slack: SlackServer) -> None:
    host = slack.url.removeprefix("http://").removesuffix("/api")
    receiver = AppriseReceiver("else", [f"json://{host}/webhook"])
    told = Message(
        key="1", receiver="else", thread="t", kind="alert", subject="@everyone Neu", text="@here"
    )
    receiver.send(told, None, again=False)
    (shown,) = slack.messages.values()
    assert shown["title"] == "@\u2060everyone Neu"
    slack.answers = [(500, "", {})]
    with pytest.raises(TryAgain):
        receiver.send(told, None, again=False)


@quiet_apprise
def test_an_address_that_apprise_does_not_know_is_told_without_showing_it() -> None:
    with pytest.raises(Closed, match="address 1 is none") as caught:
        AppriseReceiver("else", ["nonsense://token"])
    assert "token" not in str(caught.value)
