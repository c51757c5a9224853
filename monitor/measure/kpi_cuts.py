"""The facts of the KPI sheet cut down: to one source, to an hour of the day, to posts once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from monitor.types.kpis import Asked, KpiFacts, Overlap


def by_hour(facts: KpiFacts, timezone: str) -> dict[int, KpiFacts]:
    """Return the facts of the questions of each local hour of the day (0 to 23) that has any."""
    zone = ZoneInfo(timezone)
    hours: dict[int, list[Asked]] = defaultdict(list)
    for question in facts.asked:
        hours[question.at.astimezone(zone).hour].append(question)
    return {hour: _of_questions(facts, asked) for hour, asked in sorted(hours.items())}


def _of_questions(facts: KpiFacts, asked: Sequence[Asked]) -> KpiFacts:
    """Return the facts as if only these questions had been asked."""
    answered = sum(question.answered for question in asked)
    return replace(
        facts,
        tally=replace(facts.tally, asked=len(asked), answered=answered),
        waits_s=tuple(question.wait_s for question in asked if question.wait_s is not None),
        asked=tuple(asked),
    )


def by_source(facts: KpiFacts) -> dict[str, KpiFacts]:
    """Return what each source tells, as if it had been asked for by name."""
    names = {tally.source for tally in facts.sources}
    names.update(name for sums in facts.sums.values() for name in sums)
    questions: dict[str, list[Asked]] = defaultdict(list)
    for question in facts.asked:
        questions[question.source].append(question)
    return {name: _only(facts, name, questions.get(name, ())) for name in sorted(names)}


def _only(facts: KpiFacts, source: str, asked: Sequence[Asked]) -> KpiFacts:
    return replace(
        _of_questions(facts, asked),
        chosen=True,
        sources=tuple(tally for tally in facts.sources if tally.source == source),
        seen={name: seen for name, seen in facts.seen.items() if name == source},
        sums={
            metric: {source: sums[source]} for metric, sums in facts.sums.items() if source in sums
        },
        days={},
    )


def again(facts: KpiFacts, names: Iterable[str], part: Callable[[Overlap], int]) -> int:
    """Return what a sum over these sources counts beyond once, of posts found in several."""
    chosen = frozenset(names)
    return sum(max(0, len(o.sources & chosen) - 1) * part(o) for o in facts.overlaps)


def with_both(facts: KpiFacts, part: str, whole: str) -> KpiFacts:
    """Keep the sources that give both; where none does, parts come from one and wholes from
    another (visits of the website, conversions of the shop), and all count."""
    parts, wholes = facts.sums.get(part, {}), facts.sums.get(whole, {})
    both = parts.keys() & wholes.keys()
    if not both:
        return facts
    cut = {
        metric: {source: sums[source] for source in sorted(both)}
        for metric, sums in ((part, parts), (whole, wholes))
    }
    return replace(facts, sums={**facts.sums, **cut})
