"""The audit as a whole: lay out, look for groups, weigh them, report what two families agree on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import numpy as np

from monitor.campaigns.audit.electorate import HOUR_MS, Electorate, lay_out
from monitor.campaigns.audit.evidence import LEAST_P, Thresholds, passes_bh
from monitor.campaigns.audit.explain import edges_of, explain, picture
from monitor.campaigns.audit.families import weigh
from monitor.campaigns.audit.groups import Group, find_groups
from monitor.campaigns.audit.lockstep import find_rings, is_drilled, shared_ideas
from monitor.campaigns.columns import Ints, Votes
from monitor.types.campaigns import FAMILIES, Evidence, Finding, Idea, Rules

REMAINDER = 0.4


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found, and in numbers."""

    findings: tuple[Finding, ...] = ()
    summary: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A group that enough families agree on."""

    group: Group
    evidence: tuple[Evidence, ...]

    @property
    def p(self) -> float:
        """The evidence together, taken as the product of the two strongest families."""
        best = sorted(one.p for one in self.evidence)[:2]
        return max(float(np.prod(best)), LEAST_P)


def audit(  # noqa: PLR0917 - each is another kind of fact
    votes: Votes,
    ideas: Sequence[Idea],
    root: Ints,
    rules: Rules,
    thresholds: Thresholds,
    referrers: Mapping[int, str],
) -> Report:
    """Flag doubtful votes. Only groups on which `rules.need` families agree are reported.

    `root` maps joined ideas to the one that they count for; `referrers` names them.
    """
    if not len(votes):
        return Report(summary=_summary((), 0, 0))
    people = lay_out(votes, root, thresholds)
    suspects = list(_suspects(people, rules, thresholds))
    passed = passes_bh(np.array([one.p for one in suspects]), thresholds.false_discovery)
    kept = [one for one, good in zip(suspects, passed, strict=True) if good]
    by_idea: Mapping[int, list[_Suspect]] = defaultdict(list)
    for suspect in kept:
        by_idea[suspect.group.idea].append(suspect)
    by_idea = {idea: _without_remainders(found) for idea, found in by_idea.items()}
    findings = [
        _finding(idea, found, ideas, people, referrers) for idea, found in sorted(by_idea.items())
    ]
    findings.sort(key=lambda finding: -len(finding.entries))
    return Report(
        tuple(findings),
        _summary(findings, len(people.voter), len(people.ideas_of)),
    )


def _suspects(people: Electorate, rules: Rules, thresholds: Thresholds) -> Iterator[_Suspect]:
    groups = list(find_groups(people, thresholds)) if _any_groups(rules) else []
    if "lockstep" in rules.families:
        groups += list(_ring_groups(people, thresholds))
    for group in groups:
        evidence = tuple(
            one for one in weigh(group, people, thresholds) if one.family in rules.families
        )
        if len({one.family for one in evidence}) >= rules.need:
            yield _Suspect(group, evidence)


def _without_remainders(suspects: list[_Suspect]) -> list[_Suspect]:
    """Drop a statistical group that adds hardly anybody to those who are marked by themselves.

    Whoever is left of it after them is as likely to be honest as not.
    """
    marked = [suspect for suspect in suspects if not suspect.group.statistical]
    if not marked:
        return suspects
    known = np.unique(np.concatenate([suspect.group.rows for suspect in marked]))
    return marked + [
        suspect
        for suspect in suspects
        if suspect.group.statistical
        and len(np.setdiff1d(suspect.group.rows, known)) > REMAINDER * len(suspect.group.rows)
    ]


def _any_groups(rules: Rules) -> bool:
    return any(family != "lockstep" for family in rules.families)


def _ring_groups(people: Electorate, thresholds: Thresholds) -> Iterator[Group]:
    """Yield, for each ring and each idea that most of it voted for, the ring's rows."""
    for ring in find_rings(people, thresholds):
        shared = shared_ideas(ring, people)
        drilled = is_drilled(ring, shared, people, thresholds)
        for idea in shared:
            span = people.rows(int(idea))
            mine = np.isin(people.voter[span], ring)
            rows = np.arange(span.start, span.stop)[mine]
            yield Group("lockstep", int(idea), rows, 0.0, ring=ring, drilled=drilled)


def _finding(
    idea: int,
    suspects: Sequence[_Suspect],
    ideas: Sequence[Idea],
    people: Electorate,
    referrers: Mapping[int, str],
) -> Finding:
    """Join what was found about one idea; each member is in a group that qualifies by itself."""
    rows = np.unique(np.concatenate([suspect.group.rows for suspect in suspects]))
    strongest: dict[str, Evidence] = {}
    for suspect in suspects:
        for one in suspect.evidence:
            if one.family not in strongest or one.p < strongest[one.family].p:
                strongest[one.family] = one
    evidence = tuple(strongest[family] for family in FAMILIES if family in strongest)
    entries = tuple(int(entry) for entry in np.sort(people.entry[rows]))
    voters = len(np.unique(people.voter[rows]))
    share = len(rows) / max(people.start[idea + 1] - people.start[idea], 1)
    name = ideas[idea].idea
    rings = [suspect.group.ring for suspect in suspects if suspect.group.ring is not None]
    return Finding(
        finding=_name(name, entries),
        idea=name,
        families=tuple(one.family for one in evidence),
        evidence=evidence,
        entries=entries,
        voters=voters,
        share=round(float(share), 4),
        p=min(suspect.p for suspect in suspects),
        explanation=explain(evidence, voters, float(share), referrers),
        picture=_picture(people.rows(idea), rows, people),
        ring=f"r{sha256(rings[0].tobytes()).hexdigest()[:8]}" if rings else None,
    )


def _name(idea: str, entries: Sequence[int]) -> str:
    """Name a finding by what it holds: the same votes give the same name in every audit."""
    words = f"{idea}\n{','.join(map(str, entries))}"
    return f"f{sha256(words.encode('utf-8', 'surrogatepass')).hexdigest()[:10]}"


def _picture(span: slice, rows: Ints, people: Electorate) -> str:
    """Draw the idea's votes over time, and below them what the campaign's rhythm would give."""
    at = people.at[span]
    edges = edges_of(at)
    cumulated = np.concatenate([[0.0], np.cumsum(people.hourly)])
    place = np.interp(edges / HOUR_MS - people.first_hour, np.arange(len(cumulated)), cumulated)
    honest = len(at) - len(rows)
    flow = np.diff(place)
    return picture(at, flow / flow.sum() * honest if flow.sum() else ())


def _summary(findings: Sequence[Finding], votes: int, voters: int) -> dict[str, Any]:
    flagged = {entry for finding in findings for entry in finding.entries}
    by_family = {
        family: sum(family in finding.families for finding in findings) for family in FAMILIES
    }
    return {
        "findings": len(findings),
        "votes": len(flagged),
        "voters": sum(finding.voters for finding in findings),
        "checked_votes": votes,
        "checked_voters": voters,
        "families": {family: number for family, number in by_family.items() if number},
    }
