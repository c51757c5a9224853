"""The public account of a campaign: files for machines and one page for people. Pure.

Nothing in here may name a person: ideas go by id and masked title, voters by random tags,
operators by role and a keyed name.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jinja2
import numpy as np

from monitor.campaigns.cases import SUSPICIOUS, Case, public_words
from monitor.campaigns.columns import Bools, Votes
from monitor.campaigns.intake import DAY_MS
from monitor.campaigns.words import LANGUAGES, PAGE, families, number
from monitor.types.campaigns import Campaign, Finding, Head, LedgerEvent, Tally, TallyLine

SHOWN_IDEAS = 50
SHOWN_BARS = 10
SHOWN_CASES = 200
WIDTH = 640
HEIGHT = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """All that the page needs. `annulled` marks vote events; `findings` explain the cases."""

    campaign: Campaign
    tally: Tally
    events: Sequence[LedgerEvent]
    cases: Mapping[str, Case]
    findings: Mapping[str, Finding]
    votes: Votes
    annulled: Bools
    head: Head
    files: Sequence[str]
    now: datetime


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
    """Return each case with its evidence in words, its steps and its state."""
    listed = [
        {
            "finding": case.finding,
            "idea": case.idea,
            "state": case.state,
            "counted": case.state not in ("annulled", "appealed"),
            "families": list(case.families),
            "votes": len(case.entries),
            "entries": list(case.entries),
            "explanation": _explanation(findings.get(case.finding)),
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
    return (json.dumps({"cases": listed}, ensure_ascii=False, indent=1) + "\n").encode()


def _explanation(finding: Finding | None) -> dict[str, str]:
    return dict(finding.explanation) if finding else {}


def anchor(campaign: Campaign, head: Head) -> str:
    """Return the line that, printed anywhere outside, pins the ledger down for good."""
    return f"sturmglas {campaign.name} {head.size} {head.root} {head.at}"


def render_page(account: Account, titles: Mapping[str, str]) -> bytes:
    """Return index.html: German and English, no script, charts drawn inline."""
    tally = account.tally
    top = tally.lines[:SHOWN_BARS]
    most = max((line.cast for line in top), default=0) or 1
    days, first_day, last_day, most_a_day = _days(account)
    html = _template().render(
        title=account.campaign.rules.title or account.campaign.name,
        languages=LANGUAGES,
        pages={lang: _page(account, titles, lang, most_a_day) for lang in LANGUAGES},
        as_of=_day_time(account.now),
        bars=[_bar(line, most, titles) for line in top if line.cast],
        has_jury=any(line.jury_rank for line in tally.lines),
        days=days,
        first_day=first_day,
        last_day=last_day,
        rules_hash=account.campaign.rules_hash,
        rules_text=account.campaign.rules.text,
        anchor=anchor(account.campaign, account.head),
        files=account.files,
    )
    return html.encode("utf-8", "replace")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("monitor.campaigns", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.j2")


def _page(
    account: Account, titles: Mapping[str, str], lang: str, most_a_day: int
) -> dict[str, Any]:
    t, tally, rules = PAGE[lang], account.tally, account.campaign.rules
    first = account.events[0].at if account.events else account.now
    return {
        "t": t,
        "period": t["period"].format(opens=_day_time(rules.opens), closes=_day_time(rules.closes)),
        "sums": [
            (t["sum_cast"], number(tally.cast, lang)),
            (t["sum_counted"], number(tally.counted, lang)),
            (t["sum_undisputed"], number(tally.undisputed, lang)),
            (t["sum_suspicious"], number(tally.suspicious, lang)),
            (t["sum_annulled"], number(tally.annulled, lang)),
            (t["voters"], number(tally.voters, lang)),
        ],
        "warnings": _warnings(account, lang),
        "statement": statement(account.campaign, tally, titles, lang),
        "lines": [_line(line, titles, lang) for line in tally.lines[:SHOWN_IDEAS]],
        "more": t["more_ideas"].format(ideas=number(len(tally.lines), lang)),
        "jury": _jury(account, titles, lang),
        "cases": [_case(case, account, titles, lang) for case in _shown_cases(account)],
        "rules_fixed": t["rules_fixed"].format(at=_day_time(first)),
        "most_a_day": f"{number(most_a_day, lang)} {t['votes_over_time']}",
    }


def statement(campaign: Campaign, tally: Tally, titles: Mapping[str, str], lang: str) -> list[str]:
    """Return the sentences that answer "why do not all votes count?"."""
    t = PAGE[lang]
    cast, counted = number(tally.cast, lang), number(tally.counted, lang)
    said = []
    if tally.annulled:
        annulled, need = number(tally.annulled, lang), campaign.rules.need
        said.append(t["annulled"].format(cast=cast, counted=counted, annulled=annulled, need=need))
    else:
        said.append(t["none_annulled"].format(cast=cast))
    if tally.suspicious:
        said.append(t["suspicious"].format(suspicious=number(tally.suspicious, lang)))
    if tally.over_cap:
        said.append(t["refused"].format(over_cap=number(tally.over_cap, lang)))
    if tally.withdrawn:
        said.append(t["withdrawn"].format(withdrawn=number(tally.withdrawn, lang)))
    if tally.winner_counted is not None and tally.winner_cast is not None:
        names = {
            "cast": titles.get(tally.winner_cast, tally.winner_cast),
            "counted": titles.get(tally.winner_counted, tally.winner_counted),
        }
        if tally.winner_cast == tally.winner_counted:
            said.append(t["winner_same"].format(winner=names["counted"]))
        else:
            said.append(t["winner_differs"].format(**names))
    if tally.margin is not None:
        said.append(t["margin"].format(margin=number(tally.margin, lang)))
    return said


def _warnings(account: Account, lang: str) -> list[str]:
    t, said = PAGE[lang], []
    if account.tally.too_close:
        said.append(t["too_close"])
    if not account.tally.quorum_met and account.campaign.rules.quorum:
        said.append(t["quorum_missed"].format(quorum=number(account.campaign.rules.quorum, lang)))
    for event in account.events:
        if event.type in ("rules_changed", "key_changed"):
            said.append(t[event.type].format(at=_day_time(event.at)))
    return said


def _line(line: TallyLine, titles: Mapping[str, str], lang: str) -> dict[str, Any]:
    return {
        "idea": line.idea,
        "title": titles[line.idea],
        "cast": number(line.cast, lang),
        "counted": number(line.counted, lang),
        "suspicious": number(line.suspicious, lang),
        "annulled": number(line.annulled, lang),
        "rank_cast": line.rank_cast,
        "rank_counted": line.rank_counted,
        "jury_rank": line.jury_rank or "",
    }


def _bar(line: TallyLine, most: int, titles: Mapping[str, str]) -> dict[str, Any]:
    title = titles[line.idea]
    return {
        "label": f"{line.rank_counted}. {title[:60]}",
        "sure": round(WIDTH * line.undisputed / most),
        "doubt": round(WIDTH * line.suspicious / most),
        "out": round(WIDTH * line.annulled / most),
    }


def _jury(account: Account, titles: Mapping[str, str], lang: str) -> list[str]:
    ranks = {line.idea: line.rank_counted for line in account.tally.lines}
    return [
        PAGE[lang]["jury_line"].format(
            rank=event.body["rank"],
            idea=titles.get(event.body["idea"], event.body["idea"]),
            vote_rank=ranks.get(event.body["idea"], "–"),
            reason=event.body["reason"],
        )
        for event in account.events
        if event.type == "jury"
    ]


def _shown_cases(account: Account) -> list[Case]:
    listed = [case for case in account.cases.values() if case.state != "cleared"]
    listed.sort(key=lambda case: (case.state in SUSPICIOUS, -len(case.entries)))
    return listed[:SHOWN_CASES]


def _case(case: Case, account: Account, titles: Mapping[str, str], lang: str) -> dict[str, Any]:
    t = PAGE[lang]
    waiting = case.state == "annulled" and case.last("notified") is None
    return {
        "finding": case.finding,
        "state": t[f"state_{case.state}"],
        "line": t["case_line"].format(
            votes=number(len(case.entries), lang),
            idea=titles.get(case.idea, case.idea),
            families=families(case.families, lang),
        ),
        "explanation": _explanation(account.findings.get(case.finding)).get(lang, ""),
        "events": [_step(event, lang) for event in case.history],
        "open": t["not_notified"] if waiting else "",
    }


def _step(event: LedgerEvent, lang: str) -> str:
    t = PAGE[lang]
    words = [f"{_day_time(event.at)}: {t[f'event_{event.type}']}"]
    if "role" in event.body:
        words.append(t["by"].format(role=event.body["role"], person=event.body["person"]))
    if "appeal_until" in event.body:
        until = _day_time(datetime.fromisoformat(event.body["appeal_until"]))
        words.append(t["appeal_until"].format(until=until))
    if "reason" in event.body:
        words.append(event.body["reason"])
    return "; ".join(words)


def _days(account: Account) -> tuple[list[dict[str, float]], str, str, int]:
    """Return bars of votes per day, annulled ones apart."""
    votes = account.votes
    cast = ~votes.withdraw
    if not cast.any():
        return [], "", "", 0
    day = votes.at // DAY_MS
    start, end = int(day[cast].min()), int(day[cast].max())
    all_votes = Counter(day[cast].tolist())
    annulled = Counter(day[cast & account.annulled].tolist())
    most = max(all_votes.values())
    width = WIDTH / (end - start + 1)
    bars = []
    for place, number_ in enumerate(range(start, end + 1)):
        out = annulled[number_] / most * HEIGHT
        sure = (all_votes[number_] - annulled[number_]) / most * HEIGHT
        bars.append(
            {
                "x": round(place * width, 2),
                "width": round(max(width - 1, 0.5), 2),
                "sure": round(sure, 2),
                "y_sure": round(130 - sure, 2),
                "out": round(out, 2),
                "y_out": round(130 - sure - out, 2),
            }
        )
    shown = [str(np.datetime64(edge, "D")) for edge in (start, end)]
    return bars, shown[0], shown[1], most


def _day_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
