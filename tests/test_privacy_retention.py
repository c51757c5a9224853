"""Retention, access, the record of processing and the log."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.types import Account, Counts
from monitor.app import App
from monitor.config import parse_settings
from monitor.digest.as_json import as_json
from monitor.disclosure import disclose
from monitor.locale.language import load_language
from monitor.privacy.record import KEPT_FIELDS, changes, country_of, unused_fields
from monitor.privacy.render import render_paper
from monitor.recording import make_record, render_record
from monitor.reporting import choose_period, make_digest
from monitor.store.retention import Retention
from tests.conftest import NOW
from tests.fakes import make_post

DAY = timedelta(days=1)


class Clock:
    """Shows the moment that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def open_app(path: Path, clock: Clock, **settings: Any) -> App:
    return App(parse_settings(settings, "test"), path, clock=clock)


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    opened = open_app(tmp_path / "store.db", clock)
    yield opened
    opened.close()


def fill(app: App) -> None:
    posts = [
        make_post("1", "Der Deckel ist undicht?", raw={"more": 1}, url="https://x.example/@anna/1"),
        make_post("2", "Danke!", author=Account("acme", "acme"), author_role="company",
                  parent_id="1", root_id="1"),
    ]  # fmt: skip
    app.store.ingest.save_posts(posts, NOW)
    looks = [Counts("facebook:1", NOW + n * timedelta(hours=1), likes=n) for n in range(1, 30)]
    app.store.ingest.save_counts(looks)


def figures(app: App) -> dict[str, Any]:
    period = choose_period("day", NOW.date(), NOW, "UTC")
    told = as_json(make_digest(app.store, app.house, NOW, period), load_language("en"))
    return {part: told[part] for part in ("posts", "authors", "sources", "matrix", "figures")}


@pytest.mark.parametrize(
    ("days", "gone"),
    [
        (1, {}),
        (31, {"raw": 1}),
        (91, {"raw": 1, "handles": 1}),
        (366, {"raw": 1, "handles": 1, "texts": 2}),
        (800, {"raw": 1, "handles": 1, "texts": 2, "counts": 27}),
    ],
)
def test_each_kind_goes_when_its_time_has_come(
    app: App, clock: Clock, days: int, gone: dict[str, int]
) -> None:
    fill(app)
    before = figures(app)
    clock.now = NOW + days * DAY
    counted = app.guard.retain(dry_run=True)
    assert {kind: n for kind, n in counted.items() if n} == gone
    assert app.guard.retain() == counted, "what a dry run counts is what goes"
    assert not any(app.guard.retain().values()), "and it goes once"
    assert figures(app) == before


def test_a_dry_run_changes_nothing(app: App, clock: Clock, tmp_path: Path) -> None:
    fill(app)
    clock.now = NOW + 800 * DAY
    before = list(app.store.db.connection.iterdump())
    app.guard.retain(dry_run=True)
    assert list(app.store.db.connection.iterdump()) == before


def test_texts_that_went_are_in_no_file(app: App, clock: Clock, tmp_path: Path) -> None:
    fill(app)
    clock.now = NOW + 366 * DAY
    app.guard.retain()
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert b"undicht" not in file.read_bytes()
    assert app.store.posts.search("undicht") == []


def test_a_second_import_does_not_bring_old_texts_back(app: App, clock: Clock) -> None:
    fill(app)
    clock.now = NOW + 366 * DAY
    app.guard.retain()
    fill(app)
    post = app.store.posts.load("facebook:1")
    assert post is not None
    assert post.text == ""


def test_after_rest_a_name_becomes_a_pseudonym_by_which_access_still_works(
    app: App, clock: Clock
) -> None:
    fill(app)
    clock.now = NOW + 91 * DAY
    app.guard.retain()
    held = disclose(app.guard, app.settings, "facebook:u1")
    assert held["held"] == 1
    assert held["known_as"][0]["handle"] is None
    assert "anna" not in json.dumps(held, default=str)
    company = disclose(app.guard, app.settings, "facebook:acme")
    assert company["known_as"][0]["handle"] == "acme", "the company is no private person"


def test_who_comes_back_and_rests_again_is_one_person(app: App, clock: Clock) -> None:
    fill(app)
    clock.now = NOW + 91 * DAY
    app.guard.retain()
    app.store.ingest.save_posts([make_post("9", created_at=clock.now)], clock.now)
    clock.now += 91 * DAY
    assert app.guard.retain()["handles"] == 1
    assert disclose(app.guard, app.settings, "facebook:u1")["held"] == 2
    assert app.guard.erase("facebook:u1") is not None
    assert disclose(app.guard, app.settings, "facebook:u1") == {"held": 0}


def test_the_log_proves_what_went_and_what_is_left(app: App, clock: Clock) -> None:
    fill(app)
    clock.now = NOW + 31 * DAY
    app.guard.retain()
    entry = next(e for e in app.guard.log.entries() if e.action == "retention")
    assert entry.facts["raw"] == 1
    assert entry.facts["oldest_left"]["raw"] is None
    assert entry.facts["oldest_left"]["texts"].startswith("2026-03-02")


# --- log --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "first_bad"),
    [
        ("UPDATE processing_log SET facts = '{}' WHERE seq = 2", 2),
        ("UPDATE processing_log SET at = at + 1 WHERE seq = 1", 1),
        ("DELETE FROM processing_log WHERE seq = 2", 2),
        ("DELETE FROM processing_log WHERE seq = 1", 1),
        ("DELETE FROM processing_log WHERE seq >= 3", 3),
    ],
)
def test_whoever_changes_the_log_is_noticed(app: App, change: str, first_bad: int) -> None:
    for n in range(4):
        app.guard.note("exported", what="posts", number=n)
    assert app.guard.log.verify().ok
    connection = app.store.db.connection
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(change)
    for trigger in ("update", "delete"):
        connection.execute(f"DROP TRIGGER processing_log_no_{trigger}")
    connection.execute(change)
    found = app.guard.log.verify()
    assert (found.ok, found.first_bad) == (False, first_bad)


def test_a_pruned_log_still_verifies(app: App, clock: Clock) -> None:
    for n in range(4):
        clock.now = NOW + n * DAY
        app.guard.note("exported", number=n)
    assert app.guard.log.prune(NOW + 2 * DAY) == 2
    assert app.guard.log.verify().ok
    app.guard.note("exported", number=9)
    assert app.guard.log.verify().ok


def test_the_log_names_nobody(app: App) -> None:
    fill(app)
    disclose(app.guard, app.settings, "facebook:u1")
    app.guard.object("facebook:@anna")
    app.guard.erase("facebook:u1")
    told = repr([tuple(row) for row in app.store.db.rows("SELECT * FROM processing_log")])
    assert "u1" not in re.findall(r"\w+", told)
    assert "anna" not in told


def test_an_export_with_authors_is_logged(app: App) -> None:
    fill(app)
    list(app.export("posts", None, None, with_authors=True))
    entry = list(app.guard.log.entries())[-1]
    assert (entry.action, dict(entry.facts)) == (
        "exported",
        {"what": "posts", "with_authors": True, "unmasked": False},
    )


# --- access -----------------------------------------------------------------------------------


def test_access_tells_everything_and_unknown_accounts_tell_nothing(app: App) -> None:
    fill(app)
    held = disclose(app.guard, app.settings, "facebook:u1")
    assert held["posts"][0]["text"] == "Der Deckel ist undicht?"
    assert held["posts"][0]["raw"] == {"more": 1}
    assert len(held["posts"][0]["counts_over_time"]) == 29
    assert held["periods"]["texts"] == "365d"
    assert disclose(app.guard, app.settings, "facebook:nobody") == {"held": 0}


@pytest.mark.parametrize("lang", ["de", "en"])
def test_the_access_file_escapes_hostile_texts(app: App, lang: str) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    posts = [make_post("1", hostile, author=Account("u1", "anna", hostile), raw={"a": hostile})]
    app.store.ingest.save_posts(posts, NOW)
    held = json.loads(json.dumps(disclose(app.guard, app.settings, "facebook:u1"), default=str))
    page = render_paper("access.html", lang, held)
    assert "<script" not in page
    assert "<img" not in page
    assert "DSGVO" in page if lang == "de" else "GDPR" in page


# --- record -----------------------------------------------------------------------------------


def test_a_new_receiver_changes_the_record(tmp_path: Path, clock: Clock) -> None:
    source = {"name": "page", "platform": "rss", "base_url": "https://news.example/feed"}
    before = open_app(tmp_path / "store.db", clock, sources=[source])
    assert make_record(before)["changes"] == []
    assert make_record(before)["changes"] == [], "nothing changed, nothing is told"
    before.close()
    team = {"name": "team", "kind": "slack"}
    after = open_app(
        tmp_path / "store.db", clock, sources=[source], notify=[team], retention={"raw": "7d"}
    )
    record = make_record(after)
    assert record["changes"] == ["recipients: team added", "periods.raw: 30d -> 7d"]
    assert record["recipients"][0]["country"] == "US"
    german = render_record(record, "de")
    assert "team (slack): https://slack.com; Land: USA" in german
    assert "recipients: team added" in german
    after.close()


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("assessment", [False, True])
def test_papers_are_complete_without_any_setting(app: App, lang: str, assessment: bool) -> None:
    paper = render_record(make_record(app), lang, assessment=assessment)
    assert paper.startswith("# ")
    assert "None" not in paper.replace("None: nothing is sent", "")
    assert "{" not in paper


@pytest.mark.parametrize(
    ("address", "country"),
    [("https://hooks.slack.com", "US"), ("mail.firma.de", "EEA"), ("localhost", "own network"),
     ("chat.example.com", "unknown"), (None, "unknown"), ("notslack.com", "unknown")],
)  # fmt: skip
def test_countries_are_told_only_where_they_are_known(address: str | None, country: str) -> None:
    assert country_of(address) == country


def test_kept_fields_that_nothing_needs_are_reported() -> None:
    assert unused_fields() == ["media"]
    assert unused_fields({"a": (), "b": ("x",)}) == ["a"]
    assert set(KEPT_FIELDS) >= {"handle", "display name", "platform's answer"}


def test_a_first_version_has_no_changes() -> None:
    assert changes(None, {}) == []


def test_retention_of_an_empty_store_is_no_error(app: App) -> None:
    assert not any(app.guard.retain().values())
    assert dict(Retention(app.store.db, str).oldest()) == {"raw": None, "texts": None, "runs": None}


def test_the_moment_of_retention_is_kept_in_utc(app: App, clock: Clock) -> None:
    clock.now = datetime(2026, 3, 29, 3, 10, tzinfo=UTC)
    app.guard.retain()
    assert next(iter(app.guard.log.entries())).at == clock.now
