"""Plays the label contest of 2011 through the command line, as its makers should have had it.

Up to the morning of the cleaning votes come in; then the audit must warn of the favourite. Three
silent cleanings must be refused: by one person, in the published files, in the store. Two people
and a reason do it in public; at the end stands the statement that was missing in 2011.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.electorate.pril import pril

ROOT = Path(__file__).resolve().parents[2]
Step = tuple[str, bool, str]
"""What had to happen, whether it did, and what was seen."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder in which `sturmglas` is called; `now` sets its clock."""

    folder: Path
    now: str

    def run(self, *words: str, lang: str = "en") -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "monitor", *words, "--now", self.now, "--lang", lang],
            cwd=self.folder, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def rows(self, *words: str) -> list[dict[str, Any]]:
        """Return what a command prints for scripts."""
        return [json.loads(line) for line in self.run(*words, "--json")[1].splitlines()]


def replay(folder: Path, seed: int) -> Iterator[Step]:
    """Yield the steps of the contest, one after the other."""
    contest = pril(seed)
    contest.write(folder)
    name, figures = contest.name, contest.truth()["figures"]
    leader, first = figures["leader"]["idea"], figures["first"]["idea"]
    cleaned = figures["cleaned_at"]
    lines = (folder / "votes.jsonl").read_text("utf-8").splitlines(keepends=True)
    early = [line for line in lines if json.loads(line)["at"] < cleaned]
    (folder / "early.jsonl").write_text("".join(early), "utf-8")

    then = Desk(folder, cleaned)
    then.run("campaign", "create", "rules.toml")
    then.run("campaign", "import", name, "--ideas", "ideas.jsonl", "--votes", "early.jsonl")
    found = [row for row in then.rows("campaign", "audit", name) if "explanation" in row]
    ours = [row for row in found if row["idea"] == leader]
    seen = f"{sum(row['votes'] for row in ours):,} votes of the favourite, {len(found)} findings"
    yield "the audit names the favourite's votes before they are cleaned", bool(ours), seen
    events = then.rows("tick")
    yield "an alert says so", any(e["rule"] == "campaign_suspicion" for e in events), ""
    then.run("campaign", "publish", name, "before")
    yield from _silent_cleanings(then, name, ours[0]["finding"] if ours else "none")

    for row in ours:
        for step, by in (("propose-annul", "Kim"), ("confirm", "Lou"), ("notify", "Kim")):
            reason = f"{', '.join(row['families'])}: {row['votes']} votes"
            words = ("--finding", row["finding"], "--by", by, "--reason", reason)
            then.run("campaign", step, name, *words)
    end = Desk(folder, "2026-02-14T12:00:00Z")
    end.run("campaign", "import", name, "--votes", "votes.jsonl")
    for place, chosen in enumerate(figures["jury"], 1):
        words = ("--idea", chosen["idea"], "--rank", str(place), "--by", "Chair")
        end.run("campaign", "jury", name, *words, "--reason", "fits the shelf")
    sums = {row["idea"]: row for row in end.rows("campaign", "tally", name)}
    seen = ", ".join(
        f"{sums[idea]['cast']:,} -> {sums[idea]['counted']:,}" for idea in (first, leader)
    )
    kept = sums[first]["cast"] == sums[first]["counted"] == figures["first"]["cast"]
    yield "first place keeps every vote", kept, seen
    both = sums[leader]["cast"] == figures["leader"]["cast"] > sums[leader]["counted"]
    yield "the favourite's both sums stand side by side", both, seen
    ranks = [sums[chosen["idea"]]["jury_rank"] for chosen in figures["jury"]]
    yield "the jury's places stand beside the vote's", ranks == [1, 2], str(ranks)
    end.run("campaign", "publish", name, "after")
    code, said, _ = end.run("campaign", "verify", "after", "--head", "before/HEAD", "--json")
    yield "a stranger verifies it against the earlier head", code == 0, said.strip()
    gone = f"{sums[leader]['annulled']:,}"
    for lang, opening, number in (
        ("en", " votes cast", gone),
        ("de", " abgegebenen", gone.replace(",", ".")),
    ):
        page = end.run("campaign", "tally", name, lang=lang)[1]
        statement = page[page.rfind("\n", 0, page.find(opening)) + 1 :].rstrip()
        yield f"the public statement names the annulled ({lang})", number in statement, statement


def _silent_cleanings(desk: Desk, name: str, finding: str) -> Iterator[Step]:
    """Try to make votes disappear without an account of it."""
    words = ("--finding", finding, "--reason", "cleaned", "--by")
    desk.run("campaign", "propose-annul", name, *words, "Kim")
    code, _, said = desk.run("campaign", "confirm", name, *words, "kim")
    yield "one person alone cannot annul", code == 2, said.strip()
    desk.run("campaign", "reinstate", name, *words, "Kim")

    ledger = desk.folder / "before" / "ledger.jsonl"
    whole = ledger.read_bytes()
    ledger.write_bytes(b"".join(whole.splitlines(keepends=True)[:-18_000]))
    code, _, _ = desk.run("campaign", "verify", "before")
    ledger.write_bytes(whole)
    yield "votes cut from the published files are noticed", code == 1, ""

    store = desk.folder / "sturmglas.db"
    with closing(sqlite3.connect(store)) as connection:
        last = connection.execute("SELECT * FROM vote_blocks ORDER BY first_seq DESC").fetchone()
        connection.execute("DELETE FROM vote_blocks WHERE first_seq = ?", (last[1],))
        connection.commit()
        code, _, said = desk.run("campaign", "publish", name, "cleaned")
        connection.execute(f"INSERT INTO vote_blocks VALUES ({','.join('?' * len(last))})", last)
        connection.commit()
    yield "votes deleted from the store cannot be published", code != 0, said.strip()
