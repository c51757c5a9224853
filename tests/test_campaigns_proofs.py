"""Heads printed outside, and receipts: what a newspaper and a voter can hold against us."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.campaigning import Campaigning
from monitor.errors import NotFound, StoreError
from monitor.publishing import anchor_line, check, check_anchor, publish, receipt
from tests.campaign_cases import KEYS, NOW, at, campaign, crowd, numbered, rows, vote


@pytest.fixture
def story() -> Campaigning:
    return campaign(numbered(crowd(1, 60)), number_of_ideas=12)[0]


def later(story: Campaigning) -> None:
    """Let somebody vote and somebody audit after the head was printed."""
    more = rows([vote(90_000, "late", "i1", 600)])
    story.take("spring", votes=more, refuse=lambda _: None, now=NOW)
    story.audit("spring", NOW)


def test_the_head_in_the_newsletter_of_may_still_holds_today(story: Campaigning) -> None:
    line = anchor_line(story, "spring")["line"]
    later(story)
    answer = check_anchor(story, "spring", f"Liebe Leser!\n{line}\nBis bald", "may.txt")
    assert answer.ok
    assert answer.entries == story.ledgers.heads(1)[-1].size


def test_a_ledger_that_was_written_anew_does_not_hold(story: Campaigning) -> None:
    line = anchor_line(story, "spring")["line"]
    other, _ = campaign(numbered(crowd(2, 80)), number_of_ideas=12)
    answer = check_anchor(other, "spring", line, "may.txt")
    assert (answer.ok, answer.first_bad) == (False, "may.txt")


def test_a_ledger_that_was_cut_does_not_hold(story: Campaigning) -> None:
    line = anchor_line(story, "spring")["line"]
    other, _ = campaign(numbered(crowd(1, 60))[:20], number_of_ideas=12)
    answer = check_anchor(other, "spring", line, "may.txt")
    assert not answer.ok
    assert "the ledger ends here" in answer.why


def test_a_store_whose_heads_were_exchanged_is_not_believed(story: Campaigning) -> None:
    line = anchor_line(story, "spring")["line"]
    block = next(iter(story.ballots.blocks(1)))
    changed = replace(block.votes, value=block.votes.value + 1)
    sql = "UPDATE vote_blocks SET columns = ?"
    story.db.connection.execute(sql, (changed.to_bytes(),))
    with pytest.raises(StoreError, match="changed from outside"):
        check_anchor(story, "spring", line, "may.txt")


@pytest.mark.parametrize("text", ["", "Hallo", "sturmglas autumn 3 " + "ab" * 32])
def test_a_text_without_a_head_of_the_campaign_says_so(story: Campaigning, text: str) -> None:
    answer = check_anchor(story, "spring", text, "may.txt")
    assert not answer.ok
    assert "no head of the campaign spring" in answer.why


@pytest.fixture
def folder(story: Campaigning, tmp_path: Path) -> Path:
    publish(story, "spring", tmp_path / "pub", NOW)
    return tmp_path / "pub"


def written(lines: list[dict[str, object]], path: Path) -> Path:
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def test_a_voter_finds_their_votes_and_nobody_else_can_claim_them(
    story: Campaigning, folder: Path, tmp_path: Path
) -> None:
    mine = receipt(story, "spring", "h3")
    assert mine
    assert check(folder, receipt=written(mine, tmp_path / "mine")).ok
    for key, forged in (("voter", "h4"), ("salt", "00" * 16), ("ms", 5), ("vote", "v0x")):
        answer = check(folder, receipt=written([mine[0] | {key: forged}], tmp_path / "not"))
        assert (answer.ok, answer.first_bad) == (False, mine[0]["entry"])
        assert "not the vote of your receipt" in answer.why


def test_a_receipt_for_a_vote_that_was_dropped_is_found(
    story: Campaigning, folder: Path, tmp_path: Path
) -> None:
    beyond = receipt(story, "spring", "h3")[0] | {"entry": 10_000_000}
    assert "not in the ledger" in check(folder, receipt=written([beyond], tmp_path / "r")).why


def test_junk_is_no_receipt(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "junk"
    for junk in ("{}", "[1]", "hello", '{"entry": 1, "salt": 3}'):
        path.write_text(junk)
        assert check(folder, receipt=path).first_bad == "junk"


def test_who_was_erased_or_is_unknown_has_no_receipt(story: Campaigning) -> None:
    story.erase("h3")
    for voter in ("h3", "nobody"):
        with pytest.raises(NotFound, match="not held"):
            receipt(story, "spring", voter)


def test_a_receipt_says_what_was_voted_and_when() -> None:
    story, _ = campaign([vote(1, "anna", "i1", 5)], keys=KEYS)
    (row,) = receipt(story, "spring", "anna")
    assert (row["idea"], row["action"], row["value"], row["at"]) == ("i1", "cast", 1, at(5))
