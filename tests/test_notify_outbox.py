"""Delivery that can be trusted: nothing lost, nothing overtaken, nothing told twice on purpose."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.app import App
from monitor.config import NotifySettings, parse_settings
from monitor.delivery.desk import Desk
from monitor.delivery.postman import Postman, backoff, quiet_until
from monitor.locale.language import load_language
from monitor.notify.errors import Closed, Refused, TryAgain
from monitor.store.alerts import AlertTable
from monitor.store.outbox import Outbox
from monitor.store.store import Store
from monitor.types.alerts import Event, Verdict
from monitor.types.messages import Delivery, Handle, Message, Receipt
from tests.digest_community import DAY, fill, storm_alert

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class FakeReceiver:
    """Remembers what arrived; `trouble` is asked before each attempt and may raise."""

    edits = False

    def __init__(self, name: str, trouble: Callable[[Message], None] = lambda _m: None) -> None:
        self.name = name
        self.trouble = trouble
        self.arrived: list[Message] = []

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        self.trouble(message)
        self.arrived.append(message)
        return Receipt(str(len(self.arrived)), handle or {"first": message.key})


def entry(name: str = "team", **fields: object) -> NotifySettings:
    given = {"name": name, "kind": "smtp", "host": "mail.example", "to": ("a@acme.example",)}
    return NotifySettings.model_validate({"max_per_hour": 1_000_000, **given, **fields})


def message(
    number: int, thread: str = "storm-1", receiver: str = "team", **fields: object
) -> Message:
    given: dict[str, object] = {
        "key": f"{thread} {number}", "receiver": receiver, "thread": thread, "kind": "alert",
        "subject": f"{thread}: state {number}", "text": "words", "note": f"note {number}",
    }  # fmt: skip
    return Message(**(given | fields))  # type: ignore[arg-type]  # the point of a helper


def postman(
    store: Store, *receivers: FakeReceiver, settings: NotifySettings | None = None
) -> Postman:
    by_name = {receiver.name: receiver for receiver in receivers}
    entries = [settings or entry(name) for name in by_name]

    def catch_up(receiver: str, pile: list[Delivery]) -> Message:
        subjects = "\n".join(d.message.note or d.message.subject for d in pile)
        key = f"catch-up {max(d.id for d in pile)}"
        return message(0, "catch-up", receiver, key=key, kind="catch_up", note=subjects)

    return Postman(
        outbox=Outbox(store.db),
        receivers=entries,
        connect=lambda e: by_name[e.name],
        catch_up=catch_up,
        timezone="Europe/Berlin",
    )


def test_a_message_queued_twice_is_sent_once(store: Store) -> None:
    team = FakeReceiver("team")
    post = postman(store, team)
    assert post.put([message(1), message(1)], NOW) == 1
    assert post.deliver(NOW).sent == 1
    assert post.put([message(1)], NOW) == 0
    assert post.deliver(NOW).sent == 0
    assert len(team.arrived) == 1


def test_ten_thousand_messages_to_a_failing_receiver_all_arrive_in_order(store: Store) -> None:
    luck = random.Random(7)

    def trouble(_message: Message) -> None:
        if luck.random() < 0.02:
            raise TryAgain("busy", retry_after=1)

    team = FakeReceiver("team", trouble)
    post = postman(store, team)
    queued = [message(n, f"alert-{n % 50}") for n in range(10_000)]
    post.put(queued, NOW)
    for second in range(9 * 60):
        if not post.deliver(NOW + timedelta(seconds=second * 1.01)).waiting:
            break
    assert [m.key for m in team.arrived] == [m.key for m in queued]


def test_a_receiver_that_was_down_for_a_day_gets_one_message(store: Store) -> None:
    down = True

    def trouble(_message: Message) -> None:
        if down:
            raise TryAgain("no answer")

    team = FakeReceiver("team", trouble)
    post = postman(store, team)
    for hour in range(24):
        now = NOW + timedelta(hours=hour)
        post.put([message(n, f"alert-{hour}-{n}") for n in range(10)], now)
        post.deliver(now)
    down = False
    done = post.deliver(NOW + timedelta(hours=25))
    assert done.sent == 1
    assert done.waiting == 0
    assert len(team.arrived) == 1
    assert "note 3" in team.arrived[0].note
    assert Outbox(store.db).states()["team"]["merged"] >= 240


def test_what_happened_to_one_matter_meanwhile_is_told_as_it_stands(store: Store) -> None:
    team = FakeReceiver("team")
    post = postman(store, team)
    post.put([message(n) for n in range(5)], NOW)
    assert post.deliver(NOW + timedelta(hours=2)).sent == 1
    assert team.arrived[0].subject == "storm-1: state 4"
    assert team.arrived[0].note.splitlines() == [f"note {n}" for n in range(5)]


def test_a_digest_is_never_swallowed_by_a_catch_up(store: Store) -> None:
    team = FakeReceiver("team")
    post = postman(store, team)
    post.put([message(1, "a"), message(2, "b"), message(3, "digest", kind="digest")], NOW)
    post.deliver(NOW + timedelta(hours=2))
    assert sorted(m.kind for m in team.arrived) == ["catch_up", "digest"]


def test_one_receiver_s_trouble_touches_no_other(store: Store) -> None:
    def trouble(_message: Message) -> None:
        raise TryAgain("mailbox full")

    one, other = FakeReceiver("one", trouble), FakeReceiver("other")
    post = postman(store, one, other)
    post.put([message(1, receiver="one"), message(1, receiver="other")], NOW)
    done = post.deliver(NOW)
    assert (done.sent, done.waiting, done.problems) == (1, 1, ("mailbox full",))


def test_a_message_that_is_refused_is_dead_and_the_next_one_passes(store: Store) -> None:
    def trouble(told: Message) -> None:
        if told.key == "storm-1 1":
            raise Refused("invalid_blocks")

    team = FakeReceiver("team", trouble)
    post = postman(store, team)
    post.put([message(1), message(2)], NOW)
    done = post.deliver(NOW)
    assert (done.sent, done.dead) == (1, 1)
    (dead,) = Outbox(store.db).dead()
    assert (dead.message.key, dead.error) == ("storm-1 1", "invalid_blocks")


def test_what_nobody_takes_for_three_days_is_dead(store: Store) -> None:
    def trouble(_message: Message) -> None:
        raise Closed("token revoked")

    post = postman(store, FakeReceiver("team", trouble))
    post.put([message(1)], NOW)
    assert post.deliver(NOW).waiting == 1
    assert post.deliver(NOW + timedelta(days=4)).dead == 1


def test_a_crash_between_sending_and_marking_sends_again_and_says_so(store: Store) -> None:
    class Crashing(FakeReceiver):
        seen: list[bool] = []  # noqa: RUF012 - one test, one list

        def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
            self.seen.append(again)
            if not again:
                raise KeyboardInterrupt
            return super().send(message, handle, again=again)

    team = Crashing("team")
    post = postman(store, team)
    post.put([message(1)], NOW)
    with pytest.raises(KeyboardInterrupt):
        post.deliver(NOW)
    assert post.deliver(NOW).sent == 1
    assert team.seen == [False, True]


def test_words_leave_the_store_when_they_were_sent(store: Store) -> None:
    post = postman(store, FakeReceiver("team"))
    post.put([message(1, posts=("facebook:1",))], NOW)
    post.deliver(NOW)
    outbox = Outbox(store.db)
    assert store.db.value("SELECT count(*) FROM deliveries WHERE payload IS NOT NULL") == 0
    assert outbox.deliveries_of(["facebook:1"]) == [("team", "storm-1: state 1", NOW, "1")]
    assert outbox.deliveries_of(["facebook:2"]) == []


def test_no_more_than_the_maximum_goes_out_in_an_hour(store: Store) -> None:
    team = FakeReceiver("team")
    post = postman(store, team, settings=entry(max_per_hour=3))
    post.put([message(n, f"d{n}", kind="digest") for n in range(5)], NOW)
    assert post.deliver(NOW).sent == 3
    assert post.deliver(NOW + 30 * MINUTE).sent == 0
    assert post.deliver(NOW + 61 * MINUTE).sent == 2


@pytest.mark.parametrize(
    ("local", "until"),
    [("2026-03-02T23:30", "2026-03-03T07:00"), ("2026-03-03T03:00", "2026-03-03T07:00"),
     ("2026-03-03T07:00", "2026-03-03T07:00"), ("2026-03-02T12:00", "2026-03-02T12:00"),
     ("2026-03-29T01:30", "2026-03-29T07:00")],
)  # fmt: skip
def test_quiet_hours_end_in_the_morning(local: str, until: str) -> None:
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Europe/Berlin")
    now = datetime.fromisoformat(local).replace(tzinfo=zone).astimezone(UTC)
    expected = datetime.fromisoformat(until).replace(tzinfo=zone)
    assert quiet_until(now, "22:00-07:00", "Europe/Berlin") == expected
    assert quiet_until(now, None, "Europe/Berlin") == now


def test_a_storm_of_level_4_breaks_quiet_hours_and_keeps_its_order(store: Store) -> None:
    fill(store, storm=True)
    night = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
    quiet = entry(quiet_hours="22:00-07:00")
    team, writer = FakeReceiver("team"), desk(store, quiet)
    post = postman(store, team, settings=quiet)

    def tell(minutes: int, level: int) -> list[str]:
        at = night + minutes * MINUTE
        event = Event(at=at, event="raised", alert=storm_alert(level=level))
        post.put(writer.about_events([event]), at)
        post.put([message(minutes, "source-failed")], at)
        post.deliver(at)
        return [m.subject for m in team.arrived]

    assert tell(0, level=3) == []
    told = tell(5, level=4)
    assert [subject.split(" · ")[1] for subject in told] == [
        "Shitstorm, Stufe 3 von 6",
        "Shitstorm, Stufe 4 von 6",
    ]
    post.deliver(datetime(2026, 3, 3, 7, 0, tzinfo=UTC))
    assert len(team.arrived) == 3, "the rest of the night is told at once in the morning"


def test_waiting_grows_and_a_receiver_s_own_wish_is_kept() -> None:
    waits = [backoff(n, None) for n in range(1, 7)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=1)
    assert backoff(1, 17) == timedelta(seconds=17)


def desk(store: Store, *entries: NotifySettings) -> Desk:
    return Desk(
        store=store,
        receivers=entries,
        language=load_language("de"),
        company="Acme",
        timezone="Europe/Berlin",
    )


def test_storms_go_by_level_and_other_rules_to_those_who_want_everything(store: Store) -> None:
    fill(store, storm=True)
    everybody, crisis = entry("everybody"), entry("crisis", min_level=5)
    writer = desk(store, everybody, crisis)
    storm = Event(at=DAY, event="opened", alert=storm_alert())
    silent = Event(at=DAY, event="opened", alert=storm_alert(id="s", rule="source_silent", level=1))
    worse = Event(at=DAY, event="raised", alert=storm_alert(level=5))
    assert [m.receiver for m in writer.about_events([storm])] == ["everybody"]
    assert [m.receiver for m in writer.about_events([silent])] == ["everybody"]
    assert [m.receiver for m in writer.about_events([worse])] == ["everybody", "crisis"]


def test_the_next_person_is_told_when_nobody_takes_a_storm_on(store: Store) -> None:
    fill(store, storm=True)
    first, second = entry("first", escalate_to="second"), entry("second", min_level=6)
    writer = desk(store, first, second)
    assert list(writer.about_silence(DAY + 59 * MINUTE)) == []
    (told,) = writer.about_silence(DAY + 60 * MINUTE)
    assert told.receiver == "second"
    verdict = Verdict(alert="storm-20260302-1", verdict="ack", at=DAY, by="eva")
    AlertTable(store.db).save_verdict(verdict)
    assert list(writer.about_silence(DAY + 60 * MINUTE)) == []


def test_a_snoozed_alert_keeps_quiet_until_its_storm_grows(store: Store) -> None:
    fill(store, storm=True)
    snooze = Verdict(
        alert="storm-20260302-1", verdict="snooze", at=DAY, until=DAY + 240 * MINUTE, level=3
    )
    AlertTable(store.db).save_verdict(snooze)

    def told(at: datetime, level: int) -> int:
        event = Event(at=at, event="raised", alert=storm_alert(level=level))
        return len(list(desk(store, entry()).about_events([event])))

    assert told(DAY + 60 * MINUTE, level=3) == 0
    assert told(DAY + 60 * MINUTE, level=4) == 1
    assert told(DAY + 240 * MINUTE, level=3) == 1


def test_a_storm_s_message_names_whom_it_quotes(store: Store) -> None:
    fill(store, storm=True)
    event = Event(at=DAY, event="opened", alert=storm_alert())
    (told,) = desk(store, entry()).about_events([event])
    assert told.posts == storm_alert().posts
    assert told.subject == "NIMMT ZU · Shitstorm, Stufe 3 von 6 · Acme"


def test_what_a_crash_kept_from_being_told_is_told_by_the_next_tick_once(tmp_path: Path) -> None:
    settings = {"notify": [{"name": "team", "kind": "apprise", "min_level": 0}]}
    app = App(parse_settings(settings, "test"), tmp_path / "s.db", clock=lambda: NOW)
    team = FakeReceiver("team")
    office = replace(app.office, postman=replace(app.office.postman, connect=lambda _e: team))
    app.__dict__["office"] = office
    alert = storm_alert()
    stale = replace(alert, id="storm-of-last-week")
    AlertTable(app.store.db).save(
        [alert, stale],
        [
            Event(at=NOW - timedelta(days=7), event="opened", alert=stale),
            Event(at=NOW - MINUTE, event="opened", alert=alert),
        ],
    )
    app.tick()
    app.tick()
    assert [message.thread for message in team.arrived] == [alert.id]
    app.close()
