"""The public account of a campaign: the page that people read. Pure.

One file in German and English, readable on a phone, without a script; charts are drawn inline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import jinja2
import numpy as np

from monitor.campaigns.account import anchor, explanation
from monitor.campaigns.cases import SUSPICIOUS, Case
from monitor.campaigns.columns import Bools, Votes
from monitor.campaigns.intake import DAY_MS
from monitor.campaigns.words import LANGUAGES, PAGE, ROLE_NAMES, families, number
from monitor.types.campaigns import Campaign, Finding, Head, LedgerEvent, Tally, TallyLine

SHOWN_IDEAS = 50
SHOWN_BARS = 10
SHOWN_CASES = 200


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


def render_page(account: Account, titles: Mapping[str, str]) -> bytes:
    """Return index.html: German and English, no script, charts drawn inline."""
    tally = account.tally
    # An idea that led before votes were annulled is shown with those that lead now.
    top = [one for one in tally.lines if min(one.rank_counted, one.rank_cast) <= SHOWN_BARS]
    top = sorted(top, key=lambda one: one.rank_counted)[: 2 * SHOWN_BARS]
    most = max((line.cast for line in top), default=0) or 1
    days = _days(account)
    html = _template().render(
        title=account.campaign.rules.title or account.campaign.name,
        languages=LANGUAGES,
        pages={lang: _page(account, titles, lang, days) for lang in LANGUAGES},
        bars=[_bar(line, most, titles) for line in top if line.cast],
        has_jury=any(line.jury_rank for line in tally.lines),
        days=days,
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
    account: Account, titles: Mapping[str, str], lang: str, days: _Days | None
) -> dict[str, Any]:
    t, tally, rules = PAGE[lang], account.tally, account.campaign.rules
    first = account.events[0].at if account.events else account.now
    return {
        "t": t,
        "period": t["period"].format(
            opens=_day_time(rules.opens, lang), closes=_day_time(rules.closes, lang)
        ),
        "as_of": _day_time(account.now, lang),
        "sums": [
            ("cast", t["sum_cast"], number(tally.cast, lang)),
            ("counted", t["sum_counted"], number(tally.counted, lang)),
            ("undisputed", t["sum_undisputed"], number(tally.undisputed, lang)),
            ("suspicious", t["sum_suspicious"], number(tally.suspicious, lang)),
            ("annulled", t["sum_annulled"], number(tally.annulled, lang)),
            ("voters", t["voters"], number(tally.voters, lang)),
        ],
        "warnings": _warnings(account, lang),
        "statement": statement(account.campaign, tally, titles, lang),
        "lines": [_line(line, titles, lang) for line in tally.lines[:SHOWN_IDEAS]],
        "more": t["more_ideas"].format(ideas=number(len(tally.lines), lang)),
        "jury": _jury(account, titles, lang),
        "cases": [_case(case, account, titles, lang) for case in _shown_cases(account)],
        "rules_fixed": t["rules_fixed"].format(at=_day_time(first, lang)),
        "days": t["days"].format(
            first=_day(days.first, lang), last=_day(days.last, lang), most=number(days.most, lang)
        )
        if days
        else "",
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
        which = "suspicious_too" if tally.annulled else "suspicious"
        said.append(t[which].format(suspicious=number(tally.suspicious, lang)))
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
            said.append(t[event.type].format(at=_day_time(event.at, lang)))
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
    return {
        "label": f"{line.rank_counted}. {titles[line.idea][:60]}",
        "sure": round(100 * line.undisputed / most, 2),
        "doubt": round(100 * line.suspicious / most, 2),
        "out": round(100 * line.annulled / most, 2),
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
        "explanation": explanation(account.findings.get(case.finding)).get(lang, ""),
        "events": [_step(event, lang) for event in case.history],
        "open": t["not_notified"] if waiting else "",
    }


def _step(event: LedgerEvent, lang: str) -> str:
    t = PAGE[lang]
    words = [f"{_day_time(event.at, lang)}: {t[f'event_{event.type}']}"]
    if "role" in event.body:
        role = ROLE_NAMES[lang].get(event.body["role"], event.body["role"])
        words.append(t["by"].format(role=role, person=event.body["person"]))
    if "appeal_until" in event.body:
        until = _day_time(datetime.fromisoformat(event.body["appeal_until"]), lang)
        words.append(t["appeal_until"].format(until=until))
    if "reason" in event.body:
        words.append(t["reason"].format(reason=event.body["reason"]))
    return "; ".join(words)


@dataclass(frozen=True, slots=True)
class _Days:
    """Votes a day, first to last: (undisputed or suspicious, annulled) in parts of the highest."""

    first: np.datetime64
    last: np.datetime64
    most: int
    bars: list[tuple[float, float]]


def _days(account: Account) -> _Days | None:
    votes = account.votes
    cast = ~votes.withdraw
    if not cast.any():
        return None
    day = votes.at // DAY_MS
    start, end = int(day[cast].min()), int(day[cast].max())
    all_votes = Counter(day[cast].tolist())
    annulled = Counter(day[cast & account.annulled].tolist())
    most = max(all_votes.values())
    bars = [
        (
            round(100 * (all_votes[one] - annulled[one]) / most, 2),
            round(100 * annulled[one] / most, 2),
        )
        for one in range(start, end + 1)
    ]
    return _Days(np.datetime64(start, "D"), np.datetime64(end, "D"), most, bars)


def _day(day: np.datetime64, lang: str) -> str:
    text = str(day)
    return f"{text[8:]}.{text[5:7]}.{text[:4]}" if lang == "de" else text


def _day_time(moment: datetime, lang: str) -> str:
    pattern = "%d.%m.%Y, %H:%M" if lang == "de" else "%Y-%m-%d %H:%M"
    return moment.astimezone(UTC).strftime(pattern)
