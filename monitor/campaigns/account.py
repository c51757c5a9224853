"""The public account of a campaign: what machines read. Pure; `page` is what people read.

Nothing in here may name a person: ideas go by id and masked title, voters by random tags,
operators by role and a keyed name.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from monitor.campaigns.cases import ANNULLED, Case, evidence_text, public_words
from monitor.campaigns.ledger import ranges
from monitor.types.campaigns import Campaign, Finding, Head, Tally, TallyLine


def masked(tally: Tally, authors: Mapping[str, str | None]) -> dict[str, str]:
    """Return the title of each idea as it may be published."""
    return {
        line.idea: public_words(line.title, [authors.get(line.idea) or ""]) for line in tally.lines
    }


def tally_json(campaign: Campaign, tally: Tally, titles: Mapping[str, str], now: datetime) -> bytes:
    """Return the machine-readable result; `verify.py` compares its sums with the ledger."""
    sums = {
        "cast": tally.cast,
        "counted": tally.counted,
        "undisputed": tally.undisputed,
        "suspicious": tally.suspicious,
        "annulled": tally.annulled,
        "over_cap": tally.over_cap,
        "withdrawn": tally.withdrawn,
        "voters": tally.voters,
    }
    head = {
        "campaign": campaign.name,
        "at": now.isoformat(),
        "sums": sums,
        "winner_cast": tally.winner_cast,
        "winner_counted": tally.winner_counted,
        "margin": tally.margin,
        "too_close": tally.too_close,
        "quorum_met": tally.quorum_met,
    }
    lines = ",\n".join(
        json.dumps(tally_fields(line) | {"title": titles[line.idea]}, ensure_ascii=False)
        for line in tally.lines
    )
    start = json.dumps(head, ensure_ascii=False)[:-1]
    return f'{start}, "ideas": [\n{lines}\n]}}\n'.encode("utf-8", "surrogatepass")


def tally_fields(line: TallyLine) -> dict[str, Any]:
    """Return a line of the tally with the names that scripts rely on."""
    return {
        "idea": line.idea,
        "cast": line.cast,
        "counted": line.counted,
        "undisputed": line.undisputed,
        "suspicious": line.suspicious,
        "annulled": line.annulled,
        "rank_cast": line.rank_cast,
        "rank_counted": line.rank_counted,
        "jury_rank": line.jury_rank,
        "score": round(line.score, 6),
    }


def tally_csv(tally: Tally, titles: Mapping[str, str]) -> bytes:
    """Return the same for spreadsheets; a title that looks like a formula is defused."""
    out = io.StringIO()
    names = ["idea", "title", "cast", "counted", "undisputed", "suspicious", "annulled"]
    names += ["rank_cast", "rank_counted", "jury_rank"]
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for line in tally.lines:
        row = tally_fields(line) | {"title": titles[line.idea]}
        writer.writerow({key: _defused(value) for key, value in row.items()})
    return out.getvalue().encode("utf-8", "surrogatepass")


def _defused(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


def exclusions_json(cases: Mapping[str, Case], findings: Mapping[str, Finding]) -> bytes:
    """Return each case with its evidence in words, its steps and its state.

    `entries` are the numbers of its votes in the ledger, as pairs [first, last].
    """
    listed = [
        {
            "finding": case.finding,
            "idea": case.idea,
            "state": case.state,
            "counted": case.state not in ANNULLED,
            "families": list(case.families),
            "votes": len(case.entries),
            "entries": ranges(case.entries),
            "explanation": explanation(findings.get(case.finding)),
            **_evidence(case, findings.get(case.finding)),
            "steps": [
                {"entry": event.seq, "type": event.type, "at": event.at.isoformat()}
                | {
                    k: v
                    for k, v in event.body.items()
                    if k in ("role", "person", "reason", "appeal_until")
                }
                for event in case.history
            ],
        }
        for case in cases.values()
    ]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in listed)
    return f'{{"cases": [\n{lines}\n]}}\n'.encode()


def _evidence(case: Case, finding: Finding | None) -> dict[str, Any]:
    """Return the evidence whose hash the ledger holds; other evidence would prove nothing."""
    flagged = case.last("flagged")
    if finding is None or flagged is None:
        return {}
    text = evidence_text(finding)
    known = flagged.body.get("evidence") == sha256(text.encode()).hexdigest()
    return {"evidence": json.loads(text)} if known else {}


def explanation(finding: Finding | None) -> dict[str, str]:
    """Return what the audit said of a finding, by language; nothing of one it no longer knows."""
    return dict(finding.explanation) if finding else {}


def anchor(campaign: Campaign, head: Head) -> str:
    """Return the line that, printed anywhere outside, pins the ledger down for good."""
    return f"sturmglas {campaign.name} {head.size} {head.root} {head.at}"
