"""Measures the vote audit: recall by kind of attack, honest people flagged, the ledger, speed.

python benchmarks/campaigns.py audit DIR...    folders that benchmarks/ballots.py wrote
python benchmarks/campaigns.py mutations       10,000 mutations of a 1,000-entry ledger
python benchmarks/campaigns.py speed DIR       import, tally, audit, publish, verify
python benchmarks/campaigns.py pril [SEED]     the contest of 2011 as an acceptance; 1 if it fails
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.electorate.acceptance import replay
from connectors.rows import open_rows
from monitor.campaigning import Campaigning
from monitor.campaigns import verify
from monitor.campaigns.rules import parse_rules
from monitor.keys import load_keys
from monitor.publishing import check, publish
from monitor.store.database import Database

NOW = datetime(2030, 1, 1, tzinfo=UTC)
MUTATIONS = 10_000


def load(folder: Path, store: Path | None = None) -> tuple[Campaigning, str]:
    story = Campaigning(Database(store), load_keys(store))
    text = (folder / "rules.toml").read_text()
    name = parse_rules(text).name
    story.create(text, NOW)
    story.open(name, NOW)
    story.take(
        name,
        ideas=open_rows(folder / "ideas.jsonl"),
        votes=open_rows(folder / "votes.jsonl"),
        refuse=lambda _: None,
        now=NOW,
    )
    return story, name


def judge(folders: list[Path]) -> None:
    by_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    honest, wronged = 0, 0
    for folder in folders:
        story, name = load(folder)
        report = story.audit(name, NOW)
        flagged = {one["voter"] for one in story.flagged_votes(name, report.findings)}
        truth = json.loads((folder / "truth.json").read_text())
        forged = set()
        for crowd in truth["crowds"]:
            if not crowd["honest"]:
                members = set(crowd["voters"])
                forged |= members
                by_kind[crowd["type"]][0] += len(members & flagged)
                by_kind[crowd["type"]][1] += len(members)
        honest += truth["honest_voters"]
        wronged += len(flagged - forged)
    for kind, (found, planted) in sorted(by_kind.items()):
        print(f"{kind:24} recall {found / planted:.3f}  ({found} of {planted})")
    print(f"honest voters flagged: {wronged} of {honest}, {wronged / honest * 1e5:.1f} per 100,000")


def mutations() -> None:
    from tests.campaign_cases import campaign, crowd, numbered
    from tests.test_campaigns_account import mutate

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        story, _ = campaign(numbered(crowd(4, 420))[:998], number_of_ideas=12)
        publish(story, "spring", folder, NOW)
        head = folder / "earlier"
        head.write_bytes((folder / "HEAD").read_bytes())
        whole = (folder / "ledger.jsonl").read_bytes().splitlines(keepends=True)
        chance, tried, found, named = random.Random(1), 0, 0, 0
        while tried < MUTATIONS:
            lines = list(whole)
            first = mutate(lines, chance)
            if lines == whole:
                continue
            (folder / "ledger.jsonl").write_bytes(b"".join(lines))
            answer = verify.check(folder, head)
            tried += 1
            found += not answer["ok"]
            named += answer["first_bad"] == first
    print(f"{len(whole)} entries, {tried} mutations: found {found}, first bad entry named {named}")


def timed(what: str, work: Callable[[], object]) -> None:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    took, used = time.perf_counter() - start, time.process_time() - cpu
    print(f"{what:8} {took:7.1f} s, {used:7.1f} s of CPU, peak {memory} MB so far")


def speed(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        held: list[tuple[Campaigning, str]] = []
        timed("import", lambda: held.append(load(folder, Path(place) / "s.db")))
        story, name = held[0]
        print(f"{story.ballots.count(story.campaigns.load(name).id):,} votes")
        timed("tally", lambda: story.tally(name))
        timed("audit", lambda: story.audit(name, NOW))
        timed("publish", lambda: publish(story, name, Path(place) / "pub", NOW))
        timed("verify", lambda: check(Path(place) / "pub"))


def accept(seed: int) -> None:
    missed = 0
    with tempfile.TemporaryDirectory() as place:
        for what, done, seen in replay(Path(place), seed):
            missed += not done
            print(f"{'ok  ' if done else 'MISS'} {what}" + (f"\n     {seen}" if seen else ""))
    sys.exit(1 if missed else 0)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["audit", *folders] if folders:
            judge([Path(folder) for folder in folders])
        case ["mutations"]:
            mutations()
        case ["speed", folder]:
            speed(Path(folder))
        case ["pril", *seed]:
            accept(int(seed[0]) if seed else 0)
        case _:
            print(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
