"""What a stranger's check finds when the operator is the one who cheats, with his own key."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from monitor.campaigning import Campaigning
from monitor.campaigns import verify
from monitor.campaigns.account import anchor
from monitor.campaigns.ledger import files_message, ranges
from monitor.publishing import check, publish
from monitor.types.campaigns import Head
from tests.campaign_cases import NOW, OPENS, campaign, crowd, numbered
from tests.test_campaigns_account import ring

Account = tuple[Campaigning, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account with one annulment, on which the tests play tricks."""
    story, _ = campaign(numbered(crowd(1, 150) + ring()), number_of_ideas=12)
    found = story.audit("spring", NOW).findings[0].finding
    story.step("spring", "propose", found, by="kim", reason="a ring", now=NOW)
    story.step("spring", "confirm", found, by="lou", reason="checked", now=NOW)
    story.close("spring", NOW)
    folder = tmp_path_factory.mktemp("made")
    publish(story, "spring", folder, NOW)
    return story, folder


@pytest.fixture
def cheat(made: Account, tmp_path: Path) -> Account:
    folder = tmp_path / "cheat"
    shutil.copytree(made[1], folder)
    return made[0], folder


def sign_anew(account: Account) -> None:
    """Sign whatever now lies in the folder, as only the operator can."""
    story, folder = account
    words = json.loads((folder / "account.json").read_text())
    words["files"] = {
        name: sha256((folder / name).read_bytes()).hexdigest() for name in words["files"]
    }
    message = files_message("spring", words["files"], Head(**words["head"]))
    words["signature"] = story.keys.signing_key.sign(message).hex()
    (folder / "account.json").write_text(json.dumps(words, indent=1) + "\n")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path.name} does not hold what the test wants to change"
    path.write_text(text.replace(old, new))


def test_an_honest_account_signed_anew_is_still_good(cheat: Account) -> None:
    sign_anew(cheat)
    assert check(cheat[1]).ok


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("exclusions.json", '"state": "annulled"', '"state": "reinstated"'),
        ("exclusions.json", '"idea": "i3"', '"idea": "i4"'),
        ("exclusions.json", '"families": ["', '"families": ["burst", "'),
        ("exclusions.json", '"p": ', '"p": 1'),
        ("index.html", 'data-sum="annulled">', 'data-sum="annulled">1'),
        ("index.html", 'data-sum="cast">', 'data-sum="total">'),
    ],
)
def test_what_people_read_must_follow_from_the_ledger(
    cheat: Account, file: str, old: str, new: str
) -> None:
    change(cheat[1] / file, old, new)
    sign_anew(cheat)
    answer = check(cheat[1])
    assert (answer.ok, answer.first_bad) == (False, file)


@pytest.mark.parametrize("trick", ["winner", "places", "sum", "total", "left out", "sheet"])
def test_a_result_that_does_not_follow_from_the_ledger_is_found(cheat: Account, trick: str) -> None:
    path = cheat[1] / "tally.json"
    told = json.loads(path.read_text())
    first, second = told["ideas"][:2]
    if trick == "winner":
        told["winner_counted"] = second["idea"]
    elif trick == "places":
        told["ideas"][:2] = [second | {"rank_counted": 1}, first | {"rank_counted": 2}]
    elif trick == "sum":
        first["counted"] += 1
    elif trick == "total":
        told["sums"]["annulled"] = 0
    elif trick == "left out":
        told["ideas"].pop(0)
    path.write_text(json.dumps(told))
    if trick == "sheet":
        change(cheat[1] / "tally.csv", f"{first['idea']},", f"{first['idea']}x,")
        change(cheat[1] / "tally.csv", f",{first['cast']},", f",{first['cast'] + 1},")
    sign_anew(cheat)
    assert not check(cheat[1]).ok


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        (("annulled kim",), "no other person"),
        (("proposed kim", "annulled kim"), "no other person"),
        (("proposed kim", "annulled lou", "appealed x", "upheld lou"), "who had annulled"),
        (("proposed kim", "annulled lou", "appealed x", "upheld kim"), "who had annulled"),
    ],
)
def test_an_operator_who_goes_around_the_rules_of_annulment_is_found(
    tmp_path: Path, steps: tuple[str, ...], why: str
) -> None:
    story, _ = campaign(numbered(crowd(1, 150) + ring()), number_of_ideas=12)
    finding = story.audit("spring", NOW).findings[0]
    opened = story.opened("spring")
    for step in steps:
        kind, person = step.split()
        words = {"finding": finding.finding, "person": person, "reason": "because"}
        words |= {"entries": ranges(finding.entries)} if kind == "annulled" else {}
        story.record(opened, kind, words, NOW)
    publish(story, "spring", tmp_path, NOW)
    answer = check(tmp_path)
    assert not answer.ok
    assert why in answer.why
    assert answer.first_bad == answer.entries - 1


def test_an_annulment_on_one_family_is_found(tmp_path: Path) -> None:
    story, _ = campaign(numbered(crowd(1, 150) + ring()), number_of_ideas=12)
    alone = replace(story.audit("spring", NOW).findings[0], finding="f1", families=("burst",))
    opened = story.opened("spring")
    words = {"finding": "f1", "entries": ranges(alone.entries)}
    flagged = {"idea": alone.idea, "families": ["burst"]}
    story.record(opened, "flagged", words | flagged, NOW)
    story.record(opened, "proposed", words | {"person": "a"}, NOW)
    story.record(opened, "annulled", words | {"person": "b"}, NOW)
    publish(story, "spring", tmp_path, NOW)
    assert "fewer families" in check(tmp_path).why


def test_thresholds_that_were_turned_after_the_start_are_found(tmp_path: Path) -> None:
    story, _ = campaign(numbered(crowd(1, 50)), number_of_ideas=12)
    opened = story.opened("spring")
    words = {"thresholds": {"least_group": 1}, "salt": story.campaigns.thresholds_salt(opened.id)}
    story.record(opened, "closed", words, NOW)
    publish(story, "spring", tmp_path, NOW)
    assert "other thresholds" in check(tmp_path).why


@pytest.mark.parametrize(
    "rules", ['vote = "updown"', 'vote = "stars"', "votes_per_idea = 3\nvotes_per_person = 9"]
)
def test_every_kind_of_vote_is_scored_as_we_score_it(tmp_path: Path, rules: str) -> None:
    values = {"updown": (1, 1, -1), "stars": (1, 3, 5)}
    allowed = next((v for kind, v in values.items() if kind in rules), (1, 2, 3))
    votes = [vote | {"value": allowed[number % 3]} for number, vote in enumerate(crowd(5, 120))]
    story, refused = campaign(numbered(votes), number_of_ideas=12, rules=rules)
    assert not refused
    publish(story, "spring", tmp_path, NOW)
    assert check(tmp_path) == replace(check(tmp_path), ok=True, why="")


def test_a_newsletter_that_printed_the_head_is_enough(made: Account, tmp_path: Path) -> None:
    story, folder = made
    opened = story.opened("spring")
    old = story.ledgers.heads(opened.id)[2]
    line = anchor(opened, old)
    letter = tmp_path / "newsletter.txt"
    letter.write_text("Hallo!\n> sturmglas autumn 7 " + "0" * 64 + f"\n> {line}\nBis bald\n")
    assert check(folder, letter).ok
    letter.write_text(line.replace(old.root, "0" * 64))
    assert check(folder, letter).first_bad == 0 or not check(folder, letter).ok
    letter.write_text("sturmglas autumn 7 " + "0" * 64)
    assert "no head of the campaign spring" in check(folder, letter).why
    letter.write_text("Hallo!")
    assert check(folder, letter).first_bad == "newsletter.txt"


def test_a_printed_head_of_a_longer_ledger_tells_that_it_was_cut(
    made: Account, tmp_path: Path
) -> None:
    story, folder = made
    shorter = tmp_path / "shorter"
    other, _ = campaign(numbered(crowd(1, 150))[:50], number_of_ideas=12)
    publish(other, "spring", shorter, OPENS)
    head = story.ledgers.heads(story.opened("spring").id)[-1]
    letter = tmp_path / "letter"
    letter.write_text(anchor(story.opened("spring"), head))
    assert "the ledger ends here" in check(shorter, letter).why
    assert check(folder, letter).ok


def test_help_is_the_text_at_the_top(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main(["--help"]) == 0
    assert "You need to trust neither us" in capsys.readouterr().out
