"""The privacy commands as scripts use them."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"platform": "facebook", "source": "page", "native_id": "1", "author_id": "u1",
         "author_handle": "anna_77", "text": "Der Deckel ist undicht!", "likes": 3,
         "created_at": "2026-03-02T08:15:00Z"},
        {"platform": "facebook", "source": "page", "native_id": "2", "author_id": "u2",
         "text": "Bei mir auch, @anna_77", "parent_id": "1", "created_at": "2026-03-02T09:15:00Z"},
    ]  # fmt: skip
    (tmp_path / "posts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert sturmglas(tmp_path, "import", "posts.jsonl")[0] == 0
    return tmp_path


def sturmglas(folder: Path, *arguments: str) -> tuple[int, list[Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *arguments, "--json"],
        cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize("command", ["access", "erase"])
def test_an_unknown_account_is_no_error(folder: Path, command: str) -> None:
    code, rows, _ = sturmglas(folder, "privacy", command, "facebook:nobody", "--yes")
    assert (code, rows) == (0, [{"held": 0}])


def test_the_bare_id_of_a_voter_is_told_with_how_to_write_it(folder: Path) -> None:
    (folder / "rules.toml").write_text(
        'name = "k"\nopens = 2026-01-01T00:00:00Z\ncloses = 2026-02-01T00:00:00Z\n'
    )
    (folder / "ideas.jsonl").write_text('{"idea": "i1", "text": "Ein Deckel"}\n')
    (folder / "votes.jsonl").write_text(
        '{"vote": "1", "idea": "i1", "voter": "w-4711", "at": "2026-01-02T00:00:00Z"}\n'
    )
    sturmglas(folder, "campaign", "create", "rules.toml")
    sturmglas(folder, "campaign", "import", "k", "--ideas", "ideas.jsonl", "--votes", "votes.jsonl")
    code, _, told = sturmglas(folder, "privacy", "access", "w-4711")
    assert (code, "write voter:w-4711" in told) == (2, True)
    code, (row,), _ = sturmglas(folder, "privacy", "erase", "voter:w-4711", "--yes")
    assert (code, row["votes"]) == (0, 1)
    assert "no account" in sturmglas(folder, "privacy", "access", "w-4711")[2]


@pytest.mark.parametrize("name", ["u1", "anna_77", "@Anna_77"])
def test_a_name_without_its_platform_is_answered_with_the_accounts_of_that_name(
    folder: Path, name: str
) -> None:
    code, rows, told = sturmglas(folder, "privacy", "erase", name, "--yes")
    assert (code, rows) == (2, [])
    assert "so called are facebook:u1" in told


def test_people_are_answered_in_their_language(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--lang", "de", "privacy", "access", "facebook:u1"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Beiträge: 1" in done.stdout
    assert "Als Nächstes" in done.stderr


def test_an_erasure_prints_what_went_and_a_second_one_finds_nothing(folder: Path) -> None:
    code, (row,), _ = sturmglas(folder, "privacy", "erase", "facebook:@anna_77", "--yes")
    assert code == 0
    assert list(row) == ["account", "posts", "counts", "votes", "deliveries", "receipt"]
    assert (row["posts"], row["counts"], row["votes"], row["deliveries"]) == (1, 1, 0, 0)
    receipt = json.loads((folder / row["receipt"]).read_text())
    assert receipt["posts"] == 1
    assert "anna" not in json.dumps(receipt)
    assert sturmglas(folder, "privacy", "access", "facebook:u1")[1] == [{"held": 0}]
    assert sturmglas(folder, "import", "posts.jsonl")[1][0]["new"] == 0
    for file in (path for path in folder.rglob("*") if path.is_file()):
        if file.name != "posts.jsonl":
            assert b"anna_77" not in file.read_bytes()


def test_nothing_is_erased_unasked_in_a_pipe(folder: Path) -> None:
    code, rows, said = sturmglas(folder, "privacy", "erase", "facebook:u1")
    assert (code, rows) == (2, [])
    assert "1 posts" in said
    assert "--yes" in said
    assert sturmglas(folder, "privacy", "access", "facebook:u1")[1][0]["held"] == 1


def test_a_digest_of_a_past_day_counts_the_same_after_an_erasure(folder: Path) -> None:
    asked = ("digest", "--date", "2026-03-02", "--format", "json")
    before = sturmglas(folder, *asked)[1]
    sturmglas(folder, "privacy", "erase", "facebook:u1", "--yes")
    after = sturmglas(folder, *asked)[1]
    for part in ("posts", "authors", "sources", "matrix", "figures"):
        assert after[0][part] == before[0][part]


def test_an_objection_is_checked_at_import(folder: Path) -> None:
    code, (row,), _ = sturmglas(folder, "privacy", "object", "facebook:u3")
    assert (code, row) == (0, {"account": "facebook:u3", "objected": True, "held": 0})
    new = {"platform": "facebook", "source": "page", "native_id": "9", "author_id": "u3",
           "text": "Hallo"}  # fmt: skip
    (folder / "new.jsonl").write_text(json.dumps(new))
    assert sturmglas(folder, "import", "new.jsonl")[1][0]["new"] == 0


def test_a_log_that_was_changed_fails_the_check(folder: Path) -> None:
    sturmglas(folder, "privacy", "object", "facebook:u3")
    sturmglas(folder, "privacy", "retention", "--now", "2026-06-01")
    code, (row,), _ = sturmglas(folder, "privacy", "log", "--verify")
    assert (code, row["ok"], row["first_bad"]) == (0, True, None)
    with sqlite3.connect(folder / "sturmglas.db") as connection:
        connection.execute("DROP TRIGGER processing_log_no_update")
        connection.execute("UPDATE processing_log SET action = 'nothing' WHERE seq = 1")
    connection.close()
    code, (row,), _ = sturmglas(folder, "privacy", "log", "--verify")
    assert (code, row["ok"], row["first_bad"]) == (1, False, 1)


def test_files_that_hold_people_are_for_the_owner_alone(folder: Path) -> None:
    sturmglas(folder, "privacy", "access", "facebook:u1", "--out", "answer.html")
    sturmglas(folder, "backup", "copy.db")
    sturmglas(folder, "privacy", "erase", "facebook:u1", "--yes")
    for name in ("sturmglas.db", "answer.html", "copy.db", "sturmglas.db.keys", "receipts"):
        assert not (folder / name).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH), name


def test_the_record_is_json_for_scripts(folder: Path) -> None:
    code, (row,), _ = sturmglas(folder, "privacy", "record", "--dry-run")
    assert code == 0
    assert row["periods"]["texts"] == "365d"
    assert row["changes"] == []
