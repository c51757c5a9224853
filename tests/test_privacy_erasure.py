"""Erasure leaves nothing of the person and takes nothing from the figures."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors.types import Account, Counts, Rejected
from models.types import Evidence, Labels
from monitor.app import App
from monitor.backup import restore_backup, save_backup
from monitor.config import Settings, parse_settings
from monitor.digest.as_json import as_json
from monitor.errors import ConfigError, UsageError
from monitor.locale.language import load_language
from monitor.reporting import choose_period, make_digest
from monitor.store.alerts import AlertTable
from monitor.store.outbox import Outbox
from monitor.types.campaigns import Tally
from monitor.types.messages import Handle, Message, Receipt
from tests.conftest import NOW
from tests.fakes import make_post

ANNA = Account(id="zq-anna-4711", handle="zq_anna", name="Anna Zqname", followers=12)
BERT = Account(id="b1", handle="bert")
TRACES = (b"zq-anna-4711", b"zq_anna", b"Zqname", b"zqwort", b"zqpost")
RULES = """
name = "kampagne"
title = "Kampagne"
opens = 2026-02-01T00:00:00Z
closes = 2026-03-01T00:00:00Z
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    opened = open_app(tmp_path / "store.db")
    yield opened
    opened.close()


def open_app(path: Path, **settings: Any) -> App:
    return App(parse_settings(settings, "test"), path, clock=lambda: NOW)


def fill(app: App) -> None:
    """Anna writes, edits, is answered, mentioned and quoted; Bert stays."""
    posts = [
        make_post("zqpost1", "zqwort eins ist undicht!", author=ANNA, likes=3,
                  raw={"user": "zq-anna-4711"}, url="https://x.example/@zq_anna/1"),
        make_post("zqpost2", "zqwort zwei?", author=ANNA, likes=1,
                  created_at=datetime(2026, 3, 1, 9, tzinfo=UTC)),
        make_post("r1", "@zq_anna stimmt, sagt auch zq_anna.", author=BERT,
                  parent_id="zqpost1", root_id="zqpost1", raw={"to": "zq-anna-4711"}),
        make_post("r2", "Wir kümmern uns.", author=Account(id="acme"), author_role="company",
                  parent_id="zqpost1", root_id="zqpost1"),
        make_post("b1", "Annas Geschäft hat zu.", author=BERT),
    ]  # fmt: skip
    app.store.ingest.save_posts(posts, NOW)
    app.store.ingest.save_counts(
        [Counts("facebook:zqpost1", datetime(2026, 3, 2, 10, tzinfo=UTC), likes=9)]
    )
    edited = make_post(
        "zqpost1", "zqwort eins ist dicht.", author=ANNA,
        edited_at=datetime(2026, 3, 2, 11, tzinfo=UTC), seen_at=NOW,
    )  # fmt: skip
    app.store.ingest.save_posts([edited], NOW)
    ids = app.store.labels.post_ids(everything=True, limit=None)
    said = Labels(
        sentiment="negative", initiator="customer", kind="supply", idea=False, toxic=False,
        lang="de", model="fake 1", evidence={"sentiment": Evidence(words=(("zqwort", 1.0),))},
    )  # fmt: skip
    app.store.labels.save(
        [
            (post.id, said if "zqwort" in post.text else replace(said, evidence={}), False)
            for post in app.store.posts.load_ids(ids)
        ],
        NOW,
    )
    outbox = Outbox(app.store.db)
    for key in ("one", "two"):
        message = Message(
            key=key, receiver="team", thread=key, kind="alert", subject="Storm over zq_anna",
            text="zqwort eins", posts=("facebook:zqpost1",),
        )  # fmt: skip
        outbox.put([(message, NOW)], NOW)
    outbox.mark_sent(outbox.due("team", NOW)[0], Receipt("ts-1", {"ts": "ts-1"}), NOW)


def figures(app: App) -> dict[str, Any]:
    """Everything that a digest counts, without the quotes and without what is held now."""
    period = choose_period("day", NOW.date(), NOW, "UTC")
    told = as_json(make_digest(app.store, app.house, NOW, period), load_language("en"))
    kept = ("weather", "posts", "authors", "sources", "matrix", "figures", "moderation")
    return {part: told[part] for part in kept}


def files_of(app: App) -> dict[str, bytes]:
    assert app.store_path is not None
    return {
        str(path): path.read_bytes() for path in app.store_path.parent.rglob("*") if path.is_file()
    }


def assert_no_trace(app: App) -> None:
    for name, content in files_of(app).items():
        for trace in TRACES:
            assert trace not in content, f"{trace!r} in {name}"


def test_after_an_erasure_no_byte_of_any_file_names_the_person(app: App) -> None:
    fill(app)
    rejects = app.rejects("posts.jsonl")
    assert rejects.path is not None
    rejects.path.parent.mkdir()
    rejects.path.write_text(
        json.dumps({"line": 3, "reason": "no text", "raw": {"author_id": "zq-anna-4711"}})
        + "\n"
        + json.dumps({"line": 4, "reason": "no text", "raw": {"author_id": "b1"}})
        + "\n"
    )
    erased = app.guard.erase("facebook:zq-anna-4711")
    assert erased is not None
    assert (erased.posts, erased.counts, erased.deliveries, erased.traces) == (2, 3, 1, 0)
    assert_no_trace(app)
    assert '"line": 4' in rejects.path.read_text()


def test_figures_stay_and_words_go(app: App) -> None:
    fill(app)
    before = figures(app)
    app.guard.erase("facebook:zq-anna-4711")
    assert figures(app) == before
    assert app.store.posts.search("stimmt")[0].text == "▮▮▮ stimmt, sagt auch ▮▮▮."
    assert app.store.posts.search("undicht") == []
    thread = app.store.posts.thread(app.store.posts.load_uids(["facebook:r2"])["facebook:r2"])
    assert len(thread) == 3, "answers still hang on the post that was"


def test_a_bystander_keeps_everything(app: App) -> None:
    fill(app)
    app.guard.erase("facebook:zq-anna-4711")
    post = app.store.posts.load("facebook:b1")
    assert post is not None
    assert (post.text, post.author_handle) == ("Annas Geschäft hat zu.", "bert")


def test_a_handle_finds_the_account_and_a_pseudonym_does_too(app: App) -> None:
    fill(app)
    pseudonym = app.keys.pseudonym("facebook:zq-anna-4711")
    for name in ("facebook:@zq_anna", "facebook:@ZQ_Anna", f"facebook:{pseudonym}"):
        assert [a.key for a in app.guard.find(name).authors] == ["facebook:zq-anna-4711"]


def test_a_handle_of_several_servers_must_be_told_apart(app: App) -> None:
    for host in ("one.example", "two.example"):
        post = make_post("1", platform="mastodon", host=host, author=Account("7", "anna"))
        app.store.ingest.save_posts([post], NOW)
    with pytest.raises(UsageError, match=r"one\.example:7, mastodon:two\.example:7"):
        app.guard.find("mastodon:@anna")


def test_the_same_id_on_another_platform_is_somebody_else(app: App) -> None:
    app.store.ingest.save_posts([make_post("1"), make_post("1", platform="reddit")], NOW)
    app.guard.erase("facebook:u1")
    assert app.store.posts.load("facebook:1") is None
    assert app.store.posts.load("reddit:1") is not None


def test_an_unknown_account_is_no_error_and_twice_is_as_once(app: App) -> None:
    fill(app)
    assert app.guard.erase("facebook:nobody") is None
    assert app.guard.erase("facebook:zq-anna-4711") is not None
    assert app.guard.erase("facebook:zq-anna-4711") is None


@pytest.mark.parametrize("name", ["", "facebook", "facebook:", ":u1", "facebook:@"])
def test_what_is_no_account_is_refused(app: App, name: str) -> None:
    with pytest.raises(UsageError, match="no account"):
        app.guard.find(name)


def test_a_second_import_revives_nothing_but_later_posts_may_come(app: App) -> None:
    fill(app)
    app.guard.erase("facebook:zq-anna-4711")
    again = [
        make_post("zqpost1", "zqwort eins", author=ANNA),
        make_post("zqpost1", "zqwort ohne Namen", author=None),
        make_post("zqpost9", "zqwort nie gesehen", author=ANNA),
        make_post("r1", "@zq_anna stimmt, sagt auch zq_anna.", author=BERT, parent_id="zqpost1",
                  root_id="zqpost1", seen_at=NOW, raw={"to": "zq-anna-4711"}),
    ]  # fmt: skip
    app.store.ingest.save_posts(again, NOW)
    app.guard.clean(("zq-anna-4711",))
    assert_no_trace(app)
    later = make_post(
        "n1", "Ich schon wieder", author=ANNA, created_at=datetime(2026, 4, 1, tzinfo=UTC)
    )
    assert app.store.ingest.save_posts([later], NOW).new == 1


def test_labels_that_were_being_made_meanwhile_bring_no_word_back(app: App) -> None:
    fill(app)
    held = app.store.posts.load("facebook:zqpost1")
    assert held is not None
    app.guard.erase("facebook:zq-anna-4711")
    late = Labels(
        sentiment="positive", initiator="customer", kind="supply", idea=False, toxic=False,
        lang="de", model="slow 1", evidence={"sentiment": Evidence(words=(("zqwort", 1.0),))},
    )  # fmt: skip
    app.store.labels.save([(held.id, late, False)], NOW)
    assert app.store.db.value("SELECT evidence FROM labels WHERE post_id = ?", (held.id,)) == "{}"
    assert held.id not in app.store.labels.post_ids(everything=True, limit=None)


def test_a_restored_backup_is_erased_again(app: App, tmp_path: Path) -> None:
    fill(app)
    copy = tmp_path / "copies" / "monday.db"
    copy.parent.mkdir()
    save_backup(app, copy)
    assert b"zqwort" in copy.read_bytes()
    app.guard.erase("facebook:zq-anna-4711")
    app.close()
    again = open_app(tmp_path / "store.db")
    restore_backup(again, copy)
    for file in copy.parent.rglob("*.db*"):
        if file.is_file():
            file.unlink()
    assert again.store.posts.count() == 5
    assert_no_trace(again)
    again.close()


def test_a_store_that_is_copied_by_hand_meets_its_tombstones(app: App, tmp_path: Path) -> None:
    fill(app)
    app.store.db.row("PRAGMA wal_checkpoint(TRUNCATE)")
    old = (tmp_path / "store.db").read_bytes()
    app.guard.erase("facebook:zq-anna-4711")
    app.close()
    (tmp_path / "store.db").write_bytes(old)
    again = open_app(tmp_path / "store.db")
    assert again.store.posts.count() == 5
    assert again.guard.find("facebook:zq-anna-4711").is_held is False
    again.guard.clean(())
    assert_no_trace(again)
    again.close()


def test_a_lost_tombstone_file_is_written_anew(app: App, tmp_path: Path) -> None:
    fill(app)
    app.guard.erase("facebook:zq-anna-4711")
    before = set((tmp_path / "store.db.tombstones").read_text().split())
    app.close()
    (tmp_path / "store.db.tombstones").unlink()
    again = open_app(tmp_path / "store.db")
    assert again.store is not None
    assert set((tmp_path / "store.db.tombstones").read_text().split()) == before
    again.close()


def test_another_key_is_refused_for_it_would_recognise_nobody(app: App, tmp_path: Path) -> None:
    fill(app)
    app.guard.erase("facebook:zq-anna-4711")
    app.close()
    (tmp_path / "store.db.keys" / "secret").unlink()
    again = open_app(tmp_path / "store.db")
    with pytest.raises(ConfigError, match="restore the folder"):
        assert again.store


def test_messages_that_wait_lose_their_quotes_and_copies_are_listed(
    app: App, tmp_path: Path
) -> None:
    fill(app)
    erased = app.guard.erase("facebook:zq-anna-4711")
    assert erased is not None
    assert erased.receipt is not None
    receipt = json.loads(erased.receipt.read_text())
    assert [copy["message"] for copy in receipt["deliveries"]] == ["ts-1"]
    assert "delete the message at team" in receipt["deliveries"][0]["to_do"]
    waiting = Outbox(app.store.db).waiting("team")
    assert [delivery.message.text[:9] for delivery in waiting] == ["Withdrawn"]


class Board:
    """A receiver that can change what it has shown."""

    name = "team"
    edits = True

    def __init__(self) -> None:
        self.shown: list[tuple[str, Handle | None]] = []

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        self.shown.append((message.text, handle))
        return Receipt("ts-1", handle or {})


def test_a_receiver_that_can_edit_shows_a_notice_instead(app: App) -> None:
    fill(app)
    board = Board()
    erased = app.guard.erase("facebook:zq-anna-4711", lambda _name: board)
    assert erased is not None
    assert erased.receipt is not None
    assert board.shown[0][1] == {"ts": "ts-1"}
    assert json.loads(erased.receipt.read_text())["deliveries"][0]["done"] == "changed to a notice"


def counted(tally: Tally) -> list[tuple[str, int, int]]:
    return [(line.idea, line.cast, line.counted) for line in tally.lines]


def test_votes_stay_counted_and_the_ledger_verifies_without_the_voter(
    app: App, tmp_path: Path
) -> None:
    from monitor.campaigning import Campaigning
    from monitor.publishing import check, publish

    fill(app)
    story = Campaigning(app.store.db, app.keys)
    story.create(RULES, NOW)
    idea = {"idea": "i1", "author": "zq-anna-4711", "title": "zqwort", "text": "zqwort bitte",
            "created_at": "2026-02-02T08:00:00Z"}  # fmt: skip
    votes = [
        {"vote": f"v{n}", "idea": "i1", "voter": voter, "at": "2026-02-03T08:00:00Z"}
        for n, voter in enumerate(("zq-anna-4711", "b1"))
    ]
    taken = {"ideas": [(1, idea)], "votes": list(enumerate(votes, 1))}
    story.take("kampagne", **taken, refuse=lambda _rows: None, now=NOW)  # type: ignore[arg-type]
    before = story.tally("kampagne")
    erased = app.guard.erase("facebook:zq-anna-4711")
    assert erased is not None
    assert erased.votes == 1
    assert counted(story.tally("kampagne")) == counted(before)
    publish(story, "kampagne", tmp_path / "account", NOW)
    assert check(tmp_path / "account").ok, "the ledger verifies as before"
    story.take("kampagne", **taken, refuse=lambda _rows: None, now=NOW)  # type: ignore[arg-type]
    app.guard.clean(())
    assert_no_trace(app)


def test_an_alert_keeps_its_evidence_without_the_name(app: App) -> None:
    fill(app)
    with app.store.db.transaction() as connection:
        connection.execute(
            "INSERT INTO alerts VALUES ('a1', 'storm', NULL, NULL, 3, 'new', 1, 1, NULL, 1, 1, 1, "
            "3, 1, NULL, NULL, 6, '[]', ?, ?)",
            (json.dumps(["facebook:zqpost1", "facebook:b1"]), json.dumps(["zq_anna began"])),
        )
    app.guard.erase("facebook:zq-anna-4711")
    alert = AlertTable(app.store.db).load("a1")
    assert len(alert.posts) == 2
    assert alert.posts[1] == "facebook:b1"
    assert alert.context == ("▮▮▮ began",)


# --- killed in the middle ---------------------------------------------------------------------

KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from monitor.app import App
from monitor.config import Settings
import monitor.beside, monitor.guard, monitor.store.erasure, monitor.store.tombstones

def die(*_a, **_k):
    os.kill(os.getpid(), signal.SIGKILL)

module, name = sys.argv[2].rsplit(".", 1)
target = {"Erasure": monitor.store.erasure.Erasure, "Beside": monitor.beside.Beside,
          "guard": monitor.guard, "erasure": monitor.store.erasure,
          "Tombstones": monitor.store.tombstones.Tombstones}[module]
setattr(target, name, die)
app = App(Settings(), Path(sys.argv[1]), clock=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
app.guard.erase("facebook:zq-anna-4711")
"""


@pytest.mark.parametrize(
    "moment",
    ["Erasure.erase", "Tombstones.save", "Erasure._empty_authors", "Beside.forget_rejects",
     "guard.withdraw_copies", "guard.clean_files", "erasure.checkpoint", "erasure._scrub",
     "guard.save_receipt"],
)  # fmt: skip
def test_an_erasure_killed_anywhere_goes_on_at_the_next_start(
    app: App, tmp_path: Path, moment: str
) -> None:
    fill(app)
    app.close()
    path = tmp_path / "store.db"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), moment], check=False)
    assert done.returncode == -signal.SIGKILL
    again = open_app(path)
    assert again.store.posts.count() == 5
    assert_no_trace(again)
    assert again.guard.find("facebook:zq-anna-4711").is_held is False
    assert again.guard.log.verify().ok
    again.close()


# --- free space -------------------------------------------------------------------------------


def test_what_moved_between_pages_is_cleared_too(app: App, tmp_path: Path) -> None:
    """Many growing rows make SQLite split pages and leave readable copies behind."""
    authors = [Account(id=f"zz-{n}-zz") for n in range(40)]
    posts = [
        make_post(f"{n * 7919 % 20011:05d}-{n % 40}zz", "Wort " * (n % 30), author=authors[n % 40])
        for n in range(6_000)
    ]
    app.store.ingest.save_posts(posts, NOW)
    grown = [
        make_post(p.native_id, p.text + "mehr " * 9, author=p.author, edited_at=NOW, seen_at=NOW,
                  url="https://x.example/" + "a" * (n % 90))
        for n, p in enumerate(posts[::2])
    ]  # fmt: skip
    app.store.ingest.save_posts(grown, NOW)
    app.guard.erase("facebook:zz-4-zz")
    content = (tmp_path / "store.db").read_bytes()
    assert b"zz-4-zz" not in content
    assert b"-4zz" not in content, "ids of the posts"
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert app.store.ingest.save_posts([make_post("after")], NOW).new == 1


def test_erasing_while_another_process_writes_loses_nothing(app: App, tmp_path: Path) -> None:
    fill(app)
    other = open_app(tmp_path / "store.db")
    assert other.store.posts.count() == 5
    app.guard.erase("facebook:zq-anna-4711")
    blocked = make_post("zqpost1", "zqwort", author=ANNA)
    assert other.store.ingest.save_posts([blocked, make_post("x")], NOW).new == 1
    assert other.store.posts.count() == app.store.posts.count() == 6
    other.close()


# --- objection --------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["facebook:zq-anna-4711", "facebook:@zq_anna"])
def test_an_objection_holds_for_ever_and_can_be_taken_back(app: App, account: str) -> None:
    app.guard.object(account)
    new = make_post("n1", author=ANNA, created_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert app.store.ingest.save_posts([new, make_post("b", author=BERT)], NOW).new == 1
    app.clock = app.guard.clock = lambda: datetime(2026, 3, 3, tzinfo=UTC)
    app.guard.object(account, withdrawn=True)
    assert app.store.ingest.save_posts([new], NOW).new == 1


def test_an_objection_outlives_the_store(app: App, tmp_path: Path) -> None:
    app.guard.object("facebook:zq-anna-4711")
    app.close()
    for file in tmp_path.glob("store.db*"):
        if file.is_file() and "tombstones" not in file.name:
            file.unlink()
    again = open_app(tmp_path / "store.db")
    assert again.store.ingest.save_posts([make_post(author=ANNA)], NOW).new == 0
    again.close()


def test_refused_rows_of_an_erased_account_are_not_kept_again(app: App, tmp_path: Path) -> None:
    fill(app)
    app.guard.erase("facebook:zq-anna-4711")
    rows = [
        Rejected("no text", {"platform": "facebook", "author_id": author}, line)
        for line, author in enumerate(("zq-anna-4711", "b1"), 1)
    ]
    rejects = app.rejects("again.jsonl")
    rejects.add(rows)
    assert rejects.count == 2
    assert rejects.path is not None
    assert [json.loads(line)["line"] for line in rejects.path.read_text().splitlines()] == [2]


def test_fields_that_nothing_needs_are_not_stored(tmp_path: Path) -> None:
    app = open_app(tmp_path / "store.db")
    raw = {"user": {"Birth-Date": "1990", "id": 7}, "list": [{"geo": 1, "keep": 2}]}
    app.store.ingest.save_posts([make_post(raw=raw)], NOW)
    held = app.store.db.value("SELECT raw FROM posts")
    assert json.loads(held) == {"user": {"id": 7}, "list": [{"keep": 2}]}
    app.close()


def test_a_source_may_keep_less_than_the_others(tmp_path: Path) -> None:
    frugal = {"name": "acme-page", "platform": "rss", "drop": ["author_name", "media", "extra"]}
    app = open_app(tmp_path / "store.db", sources=[frugal])
    media = ({"url": "https://x.example/1.png"},)
    for source in ("acme-page", "other"):
        post = make_post(source, source=source, author=ANNA, media=media, raw={"extra": 1})
        app.store.ingest.save_posts([post], NOW)
        name = app.store.db.value("SELECT name FROM authors")
        assert name == (None if source == "acme-page" else "Anna Zqname")
    held = app.store.db.rows("SELECT media, raw FROM posts ORDER BY id")
    assert tuple(held[0]) == (None, None)
    assert json.loads(held[1]["raw"]) == {"extra": 1}
    app.close()


def test_settings_may_keep_every_field() -> None:
    assert parse_settings({"privacy": {"drop": []}}, "test").privacy.drop == ()
    assert "birthday" in Settings().privacy.drop
