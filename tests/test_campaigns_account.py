"""The public account: what it tells, what it hides, and that no change of it stays unseen."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.campaigns import verify
from monitor.campaigns.ledger import head_is_signed, ranges, unranged
from monitor.campaigns.merkle import extends, includes, leaf_hash
from monitor.errors import UsageError
from monitor.publishing import PUBLIC_FILES, check, publish
from monitor.types.campaigns import Head
from tests.campaign_cases import NOW, campaign, crowd, group, numbered


def ring() -> list[dict[str, object]]:
    """Forty people on four devices that hop between eight networks."""
    return group(
        "ring",
        "i3",
        [200 + place * 0.5 for place in range(40)],
        ips=[f"203.0.{place}.1" for place in range(8)],
        devices=["d1", "d2", "d3"],
        age_h=30,
    )


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A campaign with one annulment, published twice: (story, folder, an earlier HEAD)."""
    story, _ = campaign(
        numbered(crowd(1, 150) + ring()), number_of_ideas=12, rules="votes_per_person = 4"
    )
    folder = tmp_path_factory.mktemp("account")
    publish(story, "spring", folder / "first", NOW)
    found = story.audit("spring", NOW).findings[0].finding
    story.step(
        "spring", "propose", found, by="Kim Muster", reason="ring, see h33 and a@b.de", now=NOW
    )
    story.step("spring", "confirm", found, by="Lou Beispiel", reason="checked by Lou", now=NOW)
    story.step("spring", "notify", found, by="Kim Muster", reason="by letter", now=NOW)
    story.jury("spring", "i2", rank=1, by="Chef Koch", reason="safe to build", now=NOW)
    publish(story, "spring", folder / "pub", NOW)
    return story, folder / "pub", folder / "first" / "HEAD"


@pytest.fixture
def copy(published, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(published[1], folder)
    return folder


def test_a_stranger_can_check_it_with_python_alone(published):
    _, folder, head = published
    run = subprocess.run(
        [sys.executable, "-I", folder / "verify.py", head],
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(run.stdout)
    assert answer["ok"]
    assert answer["entries"] == len((folder / "ledger.jsonl").read_text().splitlines())


def test_a_stranger_counts_the_same_as_we_do(published):
    story, folder, _ = published
    told = {line["idea"]: line for line in json.loads((folder / "tally.json").read_text())["ideas"]}
    for line in story.tally("spring").lines:
        assert told[line.idea]["counted"] == line.counted
        assert line.cast == line.counted + line.annulled
        assert line.counted == line.undisputed + line.suspicious
    assert told["i3"]["annulled"] >= 30


@pytest.mark.parametrize(
    "secret",
    [
        "Kim",
        "Muster",
        "Lou",
        "Beispiel",
        "Koch",
        "a@b.de",
        "ring-device",
        "203.0.",
        "author1",
        "h33",
    ],
)
def test_names_and_addresses_are_in_no_published_file(published, secret):
    word = re.compile(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])")
    for file in published[1].iterdir():
        if file.name != "verify.py":
            assert not word.search(file.read_text()), file.name


def test_the_page_answers_why_not_all_votes_count(published):
    page = (published[1] / "index.html").read_text()
    for words in (
        "Warum zählen nicht alle Stimmen?",
        "Why do not all votes count?",
        "von einer zweiten Person bestätigt",
        "appeal until 2026-04-15",
        "safe to build",
    ):
        assert words in page
    assert "<script" not in page
    assert not re.search(r"(src|href)=.https?:", page)


def test_a_hostile_title_is_harmless(tmp_path):
    story, _ = campaign(numbered(crowd(2, 30)), number_of_ideas=12)
    title = '=cmd()<script>alert("x")</script>'
    story.db.connection.execute("UPDATE campaign_ideas SET title = ?", (title,))
    publish(story, "spring", tmp_path, NOW)
    assert "<script>alert" not in (tmp_path / "index.html").read_text()
    assert (
        "\ni0,'=cmd" in (tmp_path / "tally.csv").read_text()
        or "'=cmd" in (tmp_path / "tally.csv").read_text()
    )


def test_publishing_again_changes_no_entry(published, tmp_path):
    story, folder, _ = published
    publish(story, "spring", tmp_path, NOW)
    assert (tmp_path / "ledger.jsonl").read_bytes() == (folder / "ledger.jsonl").read_bytes()


def test_the_proofs_hold(published):
    _, folder, _ = published
    proofs = json.loads((folder / "proofs.json").read_text())
    lines = (folder / "ledger.jsonl").read_bytes().splitlines()
    heads = {}
    for line in (folder / "heads.jsonl").read_text().splitlines():
        words = json.loads(line)
        name = words.pop("campaign")
        heads[words["size"]] = Head(**words)
        assert head_is_signed(heads[words["size"]], name)
    root = bytes.fromhex(proofs["root"])
    for proof in proofs["inclusion"]:
        path = [bytes.fromhex(step) for step in proof["path"]]
        leaf = leaf_hash(lines[proof["entry"]])
        assert includes(leaf, proof["entry"], proof["size"], path, root)
    for proof in proofs["consistency"]:
        old, new = (bytes.fromhex(heads[proof[key]].root) for key in ("first", "second"))
        path = [bytes.fromhex(step) for step in proof["path"]]
        assert extends(proof["first"], proof["second"], old, new, path)


def mutate(lines: list[bytes], chance: random.Random) -> int:
    """Change, drop, add, swap or truncate; returns the first entry that is not as it was."""
    before = list(lines)
    kind = chance.choice(["change", "drop", "add", "swap", "truncate", "bit"])
    place = chance.randrange(len(lines))
    if kind == "change":
        lines[place] = lines[place].replace(b'"at":"2026', b'"at":"2025')
    elif kind == "bit":
        line = bytearray(lines[place])
        line[chance.randrange(len(line) - 1)] ^= 1 << chance.randrange(7)
        lines[place] = bytes(line)
    elif kind == "drop":
        del lines[place]
    elif kind == "add":
        lines.insert(place, lines[chance.randrange(len(lines))])
    elif kind == "swap":
        other = chance.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    else:
        del lines[place:]
    return next(
        (n for n, pair in enumerate(zip(before, lines, strict=False)) if pair[0] != pair[1]),
        min(len(before), len(lines)),
    )


def test_every_mutation_of_the_ledger_is_found_and_named(published, copy):
    ledger = copy / "ledger.jsonl"
    whole = ledger.read_bytes().splitlines(keepends=True)
    chance = random.Random(7)
    for _ in range(300):
        lines = list(whole)
        first = mutate(lines, chance)
        if lines == whole:
            continue
        ledger.write_bytes(b"".join(lines))
        answer = verify.check(copy, published[2])
        assert not answer["ok"]
        assert answer["first_bad"] == first


@pytest.mark.parametrize(
    "name", [name for name in (*PUBLIC_FILES, "index.html") if name != "verify.py"]
)
def test_every_change_of_another_file_is_found(copy, name):
    file = copy / name
    file.write_bytes(file.read_bytes() + b" ")
    assert not check(copy).ok
    file.unlink()
    assert not check(copy).ok


def test_a_verifier_that_was_tampered_with_is_found_by_ours(copy):
    file = copy / "verify.py"
    file.write_text(file.read_text().replace("return 0 if", "return 0 or"))
    assert check(copy).first_bad == "verify.py"


def test_a_whole_new_history_is_found_by_an_earlier_head(published, tmp_path):
    other, _ = campaign(numbered(crowd(99, 150)), number_of_ideas=12)
    publish(other, "spring", tmp_path, NOW)
    assert check(tmp_path).ok
    assert not check(tmp_path, published[2]).ok


def test_a_ledger_cut_back_to_an_older_head_is_found(published, tmp_path):
    _, folder, head = published
    old = head.parent
    assert check(old).ok
    answer = check(old, folder / "HEAD")
    assert (answer.ok, answer.first_bad) == (False, answer.entries)


def test_a_forged_signature_is_found(copy):
    file = copy / "HEAD"
    words = json.loads(file.read_text())
    words["signature"] = "00" * 64
    file.write_text(json.dumps(words) + "\n")
    assert check(copy).first_bad == "HEAD"


@pytest.mark.parametrize("junk", [b"", b"\x00\xff", b"[]\n", b"{}\n", b'{"seq":0,"prev":1}\n'])
def test_junk_in_place_of_a_ledger_is_no_crash(copy, junk):
    (copy / "ledger.jsonl").write_bytes(junk)
    assert not check(copy).ok


def test_a_ledger_cut_to_nothing_is_bad_from_its_first_entry(published, copy):
    (copy / "ledger.jsonl").write_bytes(b"")
    assert check(copy, published[2]).first_bad == 0


def test_an_empty_folder_is_no_account(tmp_path):
    assert check(tmp_path).first_bad == "ledger.jsonl"


def test_a_campaign_that_is_not_open_has_no_account(tmp_path):
    story, _ = campaign([])
    story.create('name = "later"\nopens = "2027-01-01"\ncloses = "2027-02-01"\n', NOW)
    with pytest.raises(UsageError, match="not open yet"):
        publish(story, "later", tmp_path, NOW)


@pytest.mark.parametrize("numbers", [[], [3], [1, 2, 3, 7, 9, 10]])
def test_ranges_come_back_as_they_were(numbers):
    assert unranged(ranges(numbers)) == numbers


def test_the_verifier_needs_nothing_but_python():
    source = Path(verify.__file__).read_text()
    imported = set(re.findall(r"^(?:from|import) (\w+)", source, re.MULTILINE))
    assert imported <= set(sys.stdlib_module_names)
