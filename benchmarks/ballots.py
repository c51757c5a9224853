"""Made-up campaigns with known truth, to judge a vote audit by.

    python benchmarks/ballots.py slow_drip --size small --seed 3 --out DIR

writes `rules.toml`, `ideas.jsonl` and `votes.jsonl` in the form that `sturmglas campaign` reads,
and `truth.json`: which voters and votes belong to which attack or honest crowd. Written without
knowledge of how the audit detects, and to be kept so: whoever changes a detector does not change
these stories.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

if __package__ in (None, ""):  # run as a script: Python then looks only beside this file
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.electorate.attacks import ATTACKS
from benchmarks.electorate.campaign import HIDEABLE, KINDS, Ballots, campaign
from benchmarks.electorate.crowds import LOOKALIKES
from benchmarks.electorate.pril import pril
from benchmarks.electorate.scene import SIZES
from benchmarks.electorate.verdict import Verdict, judge

__all__ = [
    "ATTACKS", "HIDEABLE", "KINDS", "LOOKALIKES", "SIZES",
    "Ballots", "Verdict", "campaign", "judge", "main", "pril",
]  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """Writes one campaign and prints what is in it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("kind", choices=[*KINDS, "pril"], metavar="KIND", help="one of %(choices)s")
    parser.add_argument("--size", choices=list(SIZES), default="small")
    parser.add_argument("--seed", type=int, default=0, help="the same seed gives the same files")
    parser.add_argument("--out", type=Path, required=True, help="folder; made if it is missing")
    parser.add_argument(
        "--hide", action="append", default=[], choices=HIDEABLE, help="a field to leave null"
    )
    parser.add_argument("--designs", type=int, default=400, help="how many ideas the replay has")
    wanted = parser.parse_args(arguments)
    began = time.perf_counter()
    if wanted.kind == "pril":
        ballots = pril(wanted.seed, designs=wanted.designs)
    else:
        ballots = campaign(wanted.kind, wanted.size, wanted.seed, hide=wanted.hide)
    ballots.write(wanted.out)
    took_s = time.perf_counter() - began
    print(f"{ballots.name}: {len(ballots.votes)} votes in {took_s:.1f} s -> {wanted.out}")
    for crowd in ballots.truth()["crowds"]:
        side = "honest" if crowd["honest"] else "forged"
        print(f"  {side} {crowd['type']}: {len(crowd['voters'])} voters, {crowd['facts']}")


if __name__ == "__main__":
    main()
