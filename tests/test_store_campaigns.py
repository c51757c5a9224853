"""Ballot box and ledger over a real store: bad input, repeats, crashes, keys, erasure."""

from __future__ import annotations

import json

import pytest

from connectors.types import Rejected
from monitor.campaigning import Campaigning
from monitor.campaigns.cases import find_cases
from monitor.errors import ConfigError, NotFound, UsageError
from monitor.keys import Keys, load_keys
from monitor.publishing import check, publish
from monitor.store.database import Database
from tests.campaign_cases import KEYS, NOW, OPENS, RULES, campaign, ideas, rows, vote


def sums(story: Campaigning) -> dict[str, int]:
    return {line.idea: line.counted for line in story.tally("spring").lines if line.cast}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (vote(1, "a", "i0", -1), "before the vote opened"),
        (vote(1, "a", "i0", 24 * 30), "after the vote closed"),
        (vote(1, "a", "i9", 1), "unknown idea i9"),
        (vote(1, "a", "i0", 1) | {"at": "yesterday"}, "needed is a time"),
        (vote(1, "a", "i0", 1) | {"at": "9999-12-31T23:59:59Z"}, "no year"),
        (vote(1, "a", "i0", 1) | {"at": 17}, "needed is a time"),
        (vote(1, "a\nb", "i0", 1), "control character"),
        (vote(1, "", "i0", 1), "voter is missing"),
        (vote(1, "a", "i0", 1, value=7), "value is 7"),
        (vote(1, "a", "i0", 1, value="many"), "value is"),
        (vote(1, "a", "i0", 1, action="delete"), "action is"),
        (vote(1, "a", "i0", 1, account_created_at="?"), "account_created_at"),
    ],
)
def test_a_row_that_is_no_vote_is_refused_with_its_reason(row, reason):
    story, refused = campaign([row, vote(2, "b", "i0", 2)])
    assert [(one.line, reason in one.reason) for one in refused] == [(1, True)]
    assert sums(story) == {"i0": 1}


def test_a_refused_row_is_kept_without_address_and_device():
    row = vote(1, "a", "i9", 1, ip="192.0.2.7", device="phone-7")
    _, refused = campaign([row])
    assert "192.0.2.7" not in json.dumps(refused[0].raw)
    assert "phone-7" not in json.dumps(refused[0].raw)


def test_a_second_import_changes_nothing():
    votes = [vote(1, "a", "i0", 1), vote(2, "b", "i1", 2)]
    story, _ = campaign(votes)
    heads = story.ledgers.heads(1)
    _, counted = story.take("spring", votes=rows(votes), refuse=lambda _: None, now=NOW)
    assert (counted.new, counted.unchanged) == (0, 2)
    assert story.ledgers.heads(1) == heads


def test_an_id_that_is_taken_by_another_vote_is_refused():
    story, refused = campaign([vote(1, "a", "i0", 1), vote(1, "a", "i1", 2)])
    assert "taken by another vote" in refused[0].reason
    assert sums(story) == {"i0": 1}


def test_votes_without_ids_are_still_safe_to_repeat():
    row = vote(1, "a", "i0", 1)
    del row["vote"]
    story, _ = campaign([row, row])
    assert sums(story) == {"i0": 1}


@pytest.mark.parametrize("split", [1, 2, 3])
def test_split_and_shuffled_imports_count_alike(split):
    votes = [
        vote(1, "a", "i0", 1),
        vote(2, "a", "i0", 1.001, action="withdraw"),
        vote(3, "a", "i1", 1.002),
        vote(4, "a", "i2", 1.003),
    ]
    story, _ = campaign(votes[split:], rules="votes_per_person = 1")
    story.take("spring", votes=rows(votes[:split]), refuse=lambda _: None, now=NOW)
    assert sums(story) == {"i1": 1}
    assert story.tally("spring").over_cap == 1


def test_a_new_cast_changes_the_vote():
    story, _ = campaign(
        [vote(1, "a", "i0", 1, value=1), vote(2, "a", "i0", 2, value=-1)], rules='vote = "updown"'
    )
    line = story.tally("spring").lines[0]
    assert (line.cast, line.score) == (1, 0.0)


def test_the_tally_can_be_taken_at_any_moment():
    story, _ = campaign([vote(1, "a", "i0", 1), vote(2, "a", "i0", 5, action="withdraw")])
    assert story.tally("spring", OPENS.replace(hour=2)).cast == 1
    assert story.tally("spring", OPENS.replace(hour=6)).cast == 0


def test_a_join_moves_votes_and_can_be_undone():
    story, _ = campaign([vote(1, "a", "i0", 1), vote(2, "a", "i1", 2), vote(3, "b", "i1", 3)])
    held, idea = story.campaigns.load("spring"), story.campaigns.idea("i1")[1]
    story.join(held, idea, "i0", by="kim", reason="the same", now=NOW)
    assert sums(story) == {"i0": 2}
    story.part(held, idea, by="kim", reason="not the same", now=NOW)
    assert sums(story) == {"i0": 1, "i1": 2}


def test_a_vote_for_a_joined_idea_counts_for_the_other():
    story, _ = campaign([])
    held, idea = story.campaigns.load("spring"), story.campaigns.idea("i1")[1]
    story.join(held, idea, "i0", by="kim", reason="the same", now=OPENS)
    story.take("spring", votes=rows([vote(1, "a", "i1", 3)]), refuse=lambda _: None, now=NOW)
    assert sums(story) == {"i0": 1}


def test_ideas_cannot_be_joined_in_a_circle():
    story, _ = campaign([])
    held = story.campaigns.load("spring")
    story.join(held, story.campaigns.idea("i1")[1], "i0", by="kim", reason="same", now=NOW)
    with pytest.raises(UsageError, match="already"):
        story.join(held, story.campaigns.idea("i0")[1], "i1", by="kim", reason="same", now=NOW)


def test_the_first_votes_open_a_campaign_and_freeze_its_rules():
    story = Campaigning(Database(None), KEYS)
    story.create(RULES, OPENS)
    story.take(
        "spring",
        ideas=rows(ideas(1)),
        votes=rows([vote(1, "a", "i0", 1)]),
        refuse=lambda _: None,
        now=NOW,
    )
    assert story.campaigns.load("spring").opened_at == NOW


def test_a_change_of_open_rules_is_an_event():
    story, _ = campaign([])
    before = story.campaigns.load("spring").rules_hash
    story.create(RULES + "quorum = 7", NOW)
    changed = story.ledgers.events(1)[-1]
    assert (changed.type, changed.body["before"]) == ("rules_changed", before)


def test_addresses_and_devices_are_nowhere_in_the_store(tmp_path):
    path = tmp_path / "s.db"
    row = vote(
        1, "a", "i0", 1, ip="192.0.2.77", device="phone-77", referrer="https://x.example/u?7"
    )
    story, _ = campaign([row], path=path)
    story.db.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    held = path.read_bytes()
    assert not any(word in held for word in (b"192.0.2", b"phone-77", b"/u?7"))


def test_a_crash_between_votes_and_head_leaves_nothing_half_done(monkeypatch):
    story, _ = campaign([vote(1, "a", "i0", 1)])
    heads = story.ledgers.heads(1)

    def fail(*_args):
        raise KeyboardInterrupt

    votes = rows([vote(2, "b", "i0", 2)])
    with monkeypatch.context() as patch:
        patch.setattr("monitor.store.ledger.Ledgers.save_head", fail)
        with pytest.raises(KeyboardInterrupt):
            story.take("spring", votes=votes, refuse=lambda _: None, now=NOW)
    assert story.ledgers.heads(1) == heads
    assert sums(story) == {"i0": 1}
    story.take("spring", votes=rows([vote(2, "b", "i0", 2)]), refuse=lambda _: None, now=NOW)
    assert sums(story) == {"i0": 2}


def test_two_operators_at_once_write_one_ledger(tmp_path):
    path = tmp_path / "s.db"
    one, _ = campaign([vote(1, "a", "i0", 1)], path=path)
    other = Campaigning(Database(path), KEYS)
    for number in range(2, 8):
        story = (one, other)[number % 2]
        story.take(
            "spring",
            votes=rows([vote(number, f"p{number % 3}", "i1", number)]),
            refuse=lambda _: None,
            now=NOW,
        )
    publish(one, "spring", tmp_path / "pub", NOW)
    assert check(tmp_path / "pub").ok
    assert sums(other) == {"i0": 1, "i1": 3}


def test_a_store_that_lost_its_key_says_what_to_do():
    story, _ = campaign([vote(1, "a", "i0", 1)])
    robbed = Campaigning(story.db, Keys(b"x" * 32))
    with pytest.raises(ConfigError, match="backup"):
        robbed.audit("spring", NOW)
    robbed.open("spring", NOW, accept_new_key=True)
    assert story.ledgers.events(1)[-1].type == "key_changed"
    robbed.audit("spring", NOW)


def test_a_new_key_that_was_announced_verifies(tmp_path):
    story, _ = campaign([vote(1, "a", "i0", 1)])
    publish(story, "spring", tmp_path / "old", NOW)
    robbed = Campaigning(story.db, Keys(b"x" * 32))
    robbed.open("spring", NOW, accept_new_key=True)
    publish(robbed, "spring", tmp_path / "new", NOW)
    assert check(tmp_path / "new", tmp_path / "old" / "HEAD").ok


def test_a_second_import_changes_nothing_also_after_the_key_was_lost():
    votes = [vote(1, "a", "i0", 1), vote(2, "b", "i1", 2), vote(3, "a", "i0", 3, action="withdraw")]
    story, _ = campaign([*votes, vote(4, "gone", "i2", 4)])
    story.erase("gone")
    robbed = Campaigning(story.db, Keys(b"x" * 32))
    robbed.open("spring", NOW, accept_new_key=True)
    refused: list[Rejected] = []
    taken = [*votes, vote(1, "b", "i2", 5), vote(9, "c", "i2", 6)]
    _, counted = robbed.take("spring", votes=rows(taken), refuse=refused.extend, now=NOW)
    assert (counted.new, counted.unchanged) == (1, 3)
    assert "taken by another vote" in refused[0].reason


def test_an_erased_voter_is_gone_and_everything_still_verifies(tmp_path):
    story, _ = campaign([vote(1, "anna", "i0", 1, ip="192.0.2.7"), vote(2, "ben", "i0", 2)])
    publish(story, "spring", tmp_path / "before", NOW)
    assert story.votes_of("anna") == 1
    assert story.erase("anna") == 1
    assert story.votes_of("anna") == 0
    assert sums(story) == {"i0": 2}
    publish(story, "spring", tmp_path / "after", NOW)
    assert check(tmp_path / "after", tmp_path / "before" / "HEAD").ok
    _, counted = story.take(
        "spring", votes=rows([vote(1, "anna", "i0", 1)]), refuse=lambda _: None, now=NOW
    )
    assert (counted.new, counted.unchanged) == (0, 1)


def test_votes_that_were_changed_in_the_store_cannot_be_published(tmp_path):
    story, _ = campaign([vote(1, "a", "i0", 1), vote(2, "b", "i0", 2)])
    (packed,) = story.db.row("SELECT columns FROM vote_blocks")
    forged = bytearray(packed)
    forged[8 * 2] ^= 1  # the first vote's moment
    story.db.connection.execute("UPDATE vote_blocks SET columns = ?", (bytes(forged),))
    with pytest.raises(Exception, match="changed from outside"):
        publish(story, "spring", tmp_path / "pub", NOW)


def test_an_unknown_campaign_names_those_that_are_held():
    story, _ = campaign([])
    with pytest.raises(NotFound, match="spring"):
        story.tally("winter")


def test_keys_are_made_once_and_kept_for_the_owner_alone(tmp_path):
    path = tmp_path / "s.db"
    first, again = load_keys(path), load_keys(path)
    assert first.fresh
    assert not again.fresh
    assert first.public_key == again.public_key
    assert (tmp_path / "s.db.keys" / "secret").stat().st_mode & 0o077 == 0
    assert first.secret.hex() not in repr(first)


def test_a_damaged_key_is_not_replaced_in_silence(tmp_path):
    load_keys(tmp_path / "s.db")
    (tmp_path / "s.db.keys" / "secret").write_text("oops")
    with pytest.raises(ConfigError, match="backup"):
        load_keys(tmp_path / "s.db")


def test_a_key_from_the_environment_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv("STURMGLAS_KEY", "a long secret")
    assert load_keys(tmp_path / "s.db").id == load_keys(None).id
    assert not (tmp_path / "s.db.keys").exists()


def test_cases_are_read_from_the_ledger_alone():
    story, _ = campaign([])
    assert find_cases(story.ledgers.events(1)) == {}
