"""What the ledger says of doubtful votes: flagged, proposed, annulled, appealed, reinstated.

A case is one finding on its way. Its state is folded from the ledger's events, so that anybody
who has the ledger comes to the same state, at any moment.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np

from monitor.campaigns.columns import Bools, Ints, Votes
from monitor.campaigns.ledger import unranged
from monitor.errors import UsageError
from monitor.types.campaigns import Finding, LedgerEvent, Rules
from monitor.types.masking import mask_personal

CaseState = Literal[
    "flagged", "proposed", "annulled", "appealed", "upheld", "reinstated", "cleared"
]
Step = Literal["propose", "confirm", "notify", "appeal", "reinstate"]

STEP_TYPES: dict[Step, str] = {
    "propose": "proposed",
    "confirm": "annulled",
    "notify": "notified",
    "appeal": "appealed",
    "reinstate": "reinstated",
}
ROLES: dict[Step, str] = {
    "propose": "proposer",
    "confirm": "confirmer",
    "notify": "campaign office",
    "appeal": "appellant",
    "reinstate": "appeals officer",
}
"""What stands in the public ledger in place of a name."""

SUSPICIOUS: tuple[CaseState, ...] = ("flagged", "proposed")
ANNULLED: tuple[CaseState, ...] = ("annulled", "appealed", "upheld")


@dataclass(frozen=True, slots=True)
class Case:
    """One finding on its way. `entries` are the ledger numbers of its votes.

    `by` holds who did the last step of each kind (private), `history` the events.
    """

    finding: str
    idea: str
    families: tuple[str, ...]
    entries: tuple[int, ...]
    state: CaseState = "flagged"
    history: tuple[LedgerEvent, ...] = ()

    def last(self, kind: str) -> LedgerEvent | None:
        """Return the newest event of a type, or None."""
        return next((event for event in reversed(self.history) if event.type == kind), None)


def find_cases(events: Iterable[LedgerEvent], until: datetime | None = None) -> dict[str, Case]:
    """Return the cases by finding, as they stood at `until` (None: now)."""
    cases: dict[str, Case] = {}
    for event in events:
        finding = event.body.get("finding")
        if finding is None or (until is not None and event.at > until):
            continue
        if event.type == "flagged":
            cases[finding] = Case(
                finding,
                event.body["idea"],
                tuple(event.body["families"]),
                tuple(unranged(event.body["entries"])),
                history=(event,),
            )
        elif finding in cases:
            case = cases[finding]
            cases[finding] = replace(
                case, state=_next(case.state, event.type), history=(*case.history, event)
            )
    return cases


def _next(state: CaseState, event: str) -> CaseState:
    steps: dict[str, CaseState] = {
        "proposed": "proposed",
        "annulled": "annulled",
        "appealed": "appealed",
        "upheld": "upheld",
        "reinstated": "reinstated",
        "cleared": "cleared",
    }
    return steps.get(event, state)


def type_of(case: Case, step: Step) -> str:
    """Return the ledger's word for a step: a second confirmation turns an appeal down."""
    return "upheld" if step == "confirm" and case.state == "appealed" else STEP_TYPES[step]


def role_of(case: Case, step: Step) -> str:
    """Return the role in which a step is done; it stands in the ledger in place of a name."""
    return ROLES["reinstate" if type_of(case, step) == "upheld" else step]


def marked(cases: Iterable[Case], votes: Votes) -> tuple[Bools, Bools]:
    """Return (suspicious, annulled) for each vote event; an annulled one is not suspicious."""
    suspicious, annulled = set[int](), set[int]()
    for case in cases:
        if case.state in SUSPICIOUS:
            suspicious.update(case.entries)
        elif case.state in ANNULLED:
            annulled.update(case.entries)
    return _among(votes.seq, suspicious - annulled), _among(votes.seq, annulled)


def _among(seq: Ints, entries: set[int]) -> Bools:
    wanted = np.fromiter(entries, dtype=np.int64, count=len(entries))
    return np.isin(seq, wanted)


def next_step(case: Case, step: Step, by: str, rules: Rules, now: datetime) -> dict[str, Any]:
    """Return the public words of a step, if it may be done; raises UsageError saying why not.

    Excluding a vote takes `rules.need` independent families and two different persons. An appeal
    is granted (reinstate) by somebody who did not confirm, and turned down (confirm, once more)
    by a third person.
    """
    allowed: dict[Step, tuple[CaseState, ...]] = {
        "propose": ("flagged", "reinstated", "cleared"),
        "confirm": ("proposed", "appealed"),
        "notify": ("annulled", "appealed", "upheld"),
        "appeal": ("annulled",),
        "reinstate": ("flagged", "proposed", *ANNULLED),
    }
    if case.state not in allowed[step]:
        raise UsageError(
            "finding {finding}: is {state}, so it cannot be {step_types}; that "
            "takes a finding that is {allowed}",
            finding=case.finding,
            state=case.state,
            step_types=STEP_TYPES[step],
            allowed=" or ".join(allowed[step]),
        )
    words: dict[str, Any] = {"finding": case.finding}
    if step == "propose":
        _enough_families(case, rules)
    elif step == "confirm" and case.state == "appealed":
        for before in ("proposed", "annulled"):
            _another_person(case, before, by, "turn down the appeal")
    elif step == "confirm":
        _another_person(case, "proposed", by, "confirm it")
        _enough_families(case, rules)
        words["appeal_until"] = (now + timedelta(days=rules.appeal_days)).isoformat()
    elif step == "appeal":
        _in_time(case, rules, now)
    elif step == "reinstate" and case.state in ANNULLED:
        _another_person(case, "annulled", by, "decide the appeal")
    return words


def _enough_families(case: Case, rules: Rules) -> None:
    if len(set(case.families)) < rules.need:
        raise UsageError(
            "finding {finding}: rests on {families} alone; the rules ask for "
            "{need} independent families of evidence, so these votes count",
            finding=case.finding,
            families=", ".join(case.families),
            need=rules.need,
        )


def _another_person(case: Case, kind: str, by: str, what: str) -> None:
    before = case.last(kind)
    if before is not None and same_person(str(before.private.get("by", "")), by):
        raise UsageError(
            "finding {finding}: was {kind} by {by}; another person must {what} (--by)",
            finding=case.finding,
            kind=kind,
            by=by,
            what=what,
        )


def _in_time(case: Case, rules: Rules, now: datetime) -> None:
    since = case.last("notified") or case.last("annulled")
    if since is not None and now > since.at + timedelta(days=rules.appeal_days):
        raise UsageError(
            "finding {finding}: the {appeal_days:g} days for an appeal are over since {at}",
            finding=case.finding,
            appeal_days=rules.appeal_days,
            at=(since.at + timedelta(days=rules.appeal_days)).isoformat(),
        )


def same_person(one: str, other: str) -> bool:
    """Tell whether two names given to --by mean the same person."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


_ADDRESS = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])"  # IPv4
    r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){3,7}[0-9a-fA-F]{0,4}"  # IPv6
)
# A title of courtesy, and up to three words with a capital after it.
_TITLED = re.compile(
    r"\b((?:Herrn?|Frau|Familie|Fräulein|Dr\.|Prof\.|Mr\.?|Mrs\.?|Ms\.?|Miss|Mx\.?)\s+)"
    r"(?:(?:Dr\.|Prof\.|von|van|de|zu)\s+)*[A-ZÄÖÜ][\w'’-]+(?:\s+[A-ZÄÖÜ][\w'’-]+){0,2}"
)
HIDDEN = "[…]"


def public_words(text: str, names: Sequence[str] = ()) -> str:
    """Return a text as it may be published: whatever names or reaches a person is masked.

    That is mail, telephone, bank, street and network addresses, handles, who is called Herr, Frau,
    Mr or Ms, and the given names. Nothing else tells a name from a noun for sure.
    """
    masked = _ADDRESS.sub(HIDDEN, mask_personal(text, HIDDEN))
    masked = _TITLED.sub(rf"\1{HIDDEN}", masked)
    for name in sorted((name for name in names if len(name) >= 3), key=len, reverse=True):
        masked = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", HIDDEN, masked, flags=re.IGNORECASE)
    return masked


def evidence_text(finding: Finding) -> str:
    """Return a finding's evidence as the text whose hash stands in the ledger."""
    return json.dumps([asdict(one) for one in finding.evidence], sort_keys=True)


def is_flagged(finding: Finding, cases: dict[str, Case]) -> bool:
    """Tell whether a finding stands in the ledger already and was not cleared."""
    case = cases.get(finding.finding)
    return case is not None and case.state != "cleared"
