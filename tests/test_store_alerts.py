"""The store of warning: alerts with their events, verdicts, hourly numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from fakes import make_post

from connectors.types import Account, Page
from monitor.alerts.observe import read_signs
from monitor.errors import NotFound
from monitor.store.alerts import AlertTable
from monitor.store.database import to_ms
from monitor.store.series import SeriesTable
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, Part, Verdict
from monitor.types.observation import NEGATIVE, UNKNOWN

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ALERT = Alert(
    id="storm-260302-0800",
    rule="storm",
    source=None,
    level=3,
    state="new",
    opened_at=AT,
    updated_at=AT,
    peak_at=AT,
    parts=(Part("volume", 12.0, None, 1.0),),
    posts=("facebook:1",),
    context=("event:Ünïcode",),
)


def labelled(number: int, mood: str, minute: int) -> object:
    return make_post(
        str(number),
        f"Beitrag {number} über den undichten Deckel der Kanne",
        author=Account(id=f"u{number}"),
        created_at=AT + timedelta(minutes=minute),
        labels={"sentiment": mood, "initiator": "customer", "kind": "supply"},
    )


def test_an_alert_comes_back_as_it_was_saved(store: Store) -> None:
    table = AlertTable(store.db)
    table.save([ALERT], [Event(at=AT, event="opened", alert=ALERT)])
    assert table.load(ALERT.id) == ALERT
    assert table.load_events(ALERT.id) == [(AT, "opened", 3, "new")]


def test_an_alert_and_its_events_are_saved_together_or_not_at_all(store: Store) -> None:
    table = AlertTable(store.db)
    stranger = replace(ALERT, id="nobody-saved-me")
    with pytest.raises(Exception, match="FOREIGN KEY"):
        table.save([ALERT], [Event(at=AT, event="opened", alert=stranger)])
    assert table.load_list() == []


def test_an_update_keeps_one_alert_with_its_history(store: Store) -> None:
    table = AlertTable(store.db)
    table.save([ALERT], [Event(at=AT, event="opened", alert=ALERT)])
    later = AT + timedelta(hours=9)
    over = replace(ALERT, state="over", closed_at=later, updated_at=later)
    table.save([over], [Event(at=later, event="closed", alert=over)])
    assert table.load_list() == [over]
    assert table.load_list(only_open=True) == []
    assert [event for _, event, _, _ in table.load_events(ALERT.id)] == ["opened", "closed"]


@pytest.mark.parametrize(
    ("since_h", "until_h", "found"), [(-2, 1, True), (3, 9, True), (6, 9, False), (-9, -1, False)]
)
def test_a_list_holds_what_was_going_on_in_its_span(
    store: Store, since_h: int, until_h: int, found: bool
) -> None:
    table = AlertTable(store.db)
    table.save([replace(ALERT, closed_at=AT + timedelta(hours=5))])
    listed = table.load_list(
        since=AT + timedelta(hours=since_h), until=AT + timedelta(hours=until_h)
    )
    assert bool(listed) is found


def test_an_unknown_alert_is_said_to_be_unknown(store: Store) -> None:
    table = AlertTable(store.db)
    with pytest.raises(NotFound, match="no such alert"):
        table.load("nothing")
    with pytest.raises(NotFound):
        table.save_verdict(Verdict(alert="nothing", verdict="ack", at=AT))


def test_verdicts_are_kept_in_their_order(store: Store) -> None:
    table = AlertTable(store.db)
    table.save([ALERT])
    said = [
        Verdict(alert=ALERT.id, verdict="ack", at=AT, by="anna"),
        Verdict(alert=ALERT.id, verdict="snooze", at=AT, until=AT + timedelta(hours=4), level=3),
    ]
    for verdict in said:
        table.save_verdict(verdict)
    assert table.load_verdicts(ALERT.id) == said


def test_the_weather_is_that_of_the_latest_tick(store: Store) -> None:
    table = AlertTable(store.db)
    assert table.load_weather() is None
    table.save_weather(AT, 2)
    assert table.load_weather() == (AT, 2)


def test_hours_count_posts_labels_and_criticism(store: Store) -> None:
    posts = [labelled(1, "negative", 0), labelled(2, "positive", 5), labelled(3, "negative", 70)]
    store.ingest.save_page("acme-page", Page(posts=tuple(posts)), AT + timedelta(hours=2))  # type: ignore[arg-type]
    series = SeriesTable(store.db, read_signs)
    assert series.refresh_hours(to_ms(AT + timedelta(hours=3))) == 1
    assert series.refresh_hours(to_ms(AT + timedelta(hours=3))) <= 1
    hours = series.load_hours(series.sources(), to_ms(AT), to_ms(AT + timedelta(hours=3)))
    assert hours.posts[:, 0].tolist() == [2, 1, 0]
    assert hours.negative[:, 0].tolist() == [1, 1, 0]
    assert series.first_hours(series.sources()).tolist() == [to_ms(AT)]


def test_a_late_post_changes_its_old_hour(store: Store) -> None:
    series = SeriesTable(store.db, read_signs)
    now = to_ms(AT + timedelta(days=2))
    store.ingest.save_posts([labelled(1, "negative", 0)], AT)  # type: ignore[list-item]
    series.refresh_hours(now)
    store.ingest.save_posts([labelled(2, "neutral", 10)], AT)  # type: ignore[list-item]
    series.refresh_hours(now)
    hours = series.load_hours(series.sources(), to_ms(AT), to_ms(AT + timedelta(hours=1)))
    assert hours.posts.tolist() == [[2.0]]


def test_posts_come_as_columns(store: Store) -> None:
    unlabelled = make_post("9", "Noch ohne Label", author=None, created_at=AT + timedelta(hours=1))
    store.ingest.save_posts([labelled(1, "negative", 0), unlabelled], AT)  # type: ignore[list-item]
    series = SeriesTable(store.db, read_signs)
    columns, platforms = series.load_posts(series.sources(), 0, to_ms(AT + timedelta(days=1)))
    assert platforms == ("facebook",)
    assert columns.uid.tolist() == ["facebook:1", "facebook:9"]
    assert columns.sentiment.tolist() == [NEGATIVE, UNKNOWN]
    assert columns.author[1] == UNKNOWN
    assert np.isnan(columns.followers).all()


def test_an_empty_store_has_empty_series(store: Store) -> None:
    series = SeriesTable(store.db, read_signs)
    series.refresh_hours(to_ms(AT))
    columns, platforms = series.load_posts(series.sources(), 0, to_ms(AT))
    assert (len(columns), platforms) == (0, ())
