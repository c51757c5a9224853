"""Counts a campaign: every sum with and without the doubtful votes, and how sure the winner is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from monitor.campaigns.cases import Case, find_cases, marked
from monitor.campaigns.columns import Ints, Votes
from monitor.campaigns.fold import Standing, fold
from monitor.types.campaigns import Candidate, Idea, LedgerEvent, Rules, Tally, TallyLine
from monitor.types.moments import to_ms

Floats = NDArray[np.float64]

Candidates = Sequence[Idea | Candidate]

WILSON_Z = 1.96


@dataclass(frozen=True, slots=True)
class Sums:
    """Per idea (position is the idea's number): votes, their score, when it was reached (ms)."""

    votes: Ints
    score: Floats
    reached: Ints


def count(
    votes: Votes,
    rules: Rules,
    ideas: Candidates,
    events: Sequence[LedgerEvent],
    until: datetime | None = None,
) -> Tally:
    """Return the tally as of `until` (None: everything held). `ideas` in the order of numbers."""
    cases = find_cases(events, until)
    suspicious, annulled = marked(cases.values(), votes)
    root, joined = roots(ideas, events, until), bool(joins(events, until))
    standing = fold(
        votes,
        votes_per_person=rules.votes_per_person,
        by_value=rules.vote == "approval",
        root=root if joined else None,
        doubted=suspicious | annulled,
        until=None if until is None else to_ms(until),
    )
    is_annulled = annulled[standing.index]
    cast = sums(votes, standing, rules, len(ideas))
    counted = sums(votes, _only(standing, ~is_annulled), rules, len(ideas))
    doubtful = np.bincount(standing.idea[suspicious[standing.index]], minlength=len(ideas))
    shown = np.flatnonzero(root == np.arange(len(ideas))) if len(ideas) else np.empty(0, np.int64)
    lines = _lines(rules, ideas, shown, cast, counted, doubtful, jury_ranks(events, until))
    best_cast = min(lines, key=lambda line: line.rank_cast, default=None)
    winner = lines[0] if lines and lines[0].counted else None
    return Tally(
        at=until,
        lines=lines,
        cast=int(cast.votes.sum()),
        counted=int(counted.votes.sum()),
        suspicious=int(doubtful.sum()),
        annulled=int(cast.votes.sum() - counted.votes.sum()),
        over_cap=standing.over_cap,
        withdrawn=standing.withdrawn,
        voters=int((np.bincount(votes.voter[standing.index]) > 0).sum()),
        margin=lines[0].counted - lines[1].counted if len(lines) > 1 else None,
        too_close=_too_close(lines, _appealed(cases.values(), votes, standing, len(ideas)), ideas),
        winner_cast=best_cast.idea if best_cast and best_cast.cast else None,
        winner_counted=winner.idea if winner else None,
        quorum_met=winner is not None and winner.counted >= rules.quorum,
    )


def roots(ideas: Candidates, events: Sequence[LedgerEvent], until: datetime | None = None) -> Ints:
    """Return for each idea's number the number of the idea that its votes count for."""
    number = {idea.idea: position for position, idea in enumerate(ideas)}
    root = np.arange(len(ideas))
    for idea, into in joins(events, until).items():
        if idea in number and into in number:
            root[number[idea]] = number[into]
    for _ in range(len(ideas).bit_length()):  # chains of joins grow short by halves
        root = root[root]
    return root


def joins(events: Sequence[LedgerEvent], until: datetime | None = None) -> Mapping[str, str]:
    """Return which idea was joined into which, by the ledger."""
    joined: dict[str, str] = {}
    for event in events:
        if until is not None and event.at > until:
            continue
        if event.type == "joined":
            joined[event.body["idea"]] = event.body["into"]
        elif event.type == "parted":
            joined.pop(event.body["idea"], None)
    return joined


def jury_ranks(events: Sequence[LedgerEvent], until: datetime | None = None) -> Mapping[str, int]:
    """Return the places that the jury gave, by the ledger; the last word on an idea holds."""
    return {
        event.body["idea"]: int(event.body["rank"])
        for event in events
        if event.type == "jury" and (until is None or event.at <= until)
    }


def sums(votes: Votes, standing: Standing, rules: Rules, ideas: int) -> Sums:
    """Sum up standing votes per idea and score them by the kind of vote."""
    number = np.bincount(standing.idea, minlength=ideas)
    value = votes.value[standing.index].astype(np.float64)
    total: Floats = np.bincount(standing.idea, weights=value, minlength=ideas).astype(np.float64)
    reached = np.full(ideas, np.iinfo(np.int64).max)
    if len(standing.index):
        latest = np.full(ideas, np.iinfo(np.int64).min)
        np.maximum.at(latest, standing.idea, votes.at[standing.index])
        reached = np.where(number > 0, latest, reached)
    score: Floats
    if rules.vote == "updown":
        ups = np.bincount(standing.idea, weights=value > 0, minlength=ideas).astype(np.float64)
        score = wilson_lower(ups, number)
    elif rules.vote == "stars":
        score = bayesian_mean(total, number)
    else:
        score = total
    return Sums(number, score, reached)


def wilson_lower(ups: Floats, number: Ints) -> Floats:
    """Return the lower bound of the share of ups (95 %); 0 without votes. Wilson (1927)."""
    n = np.maximum(number, 1)
    share = ups / n
    z2 = WILSON_Z**2
    half = WILSON_Z * np.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    bound = (share + z2 / (2 * n) - half) / (1 + z2 / n)
    return np.where(number > 0, bound, 0.0)


def bayesian_mean(total: Floats, number: Ints) -> Floats:
    """Return stars drawn to the mean of all, by as many votes as the median idea has; 0 without."""
    rated = number[number > 0]
    if not len(rated):
        return np.zeros(len(number))
    weight, mean = float(np.median(rated)), float(total.sum() / number.sum())
    return np.where(number > 0, (weight * mean + total) / (weight + number), 0.0)


def _only(standing: Standing, kept: NDArray[np.bool_]) -> Standing:
    return Standing(
        standing.index[kept], standing.idea[kept], standing.over_cap, standing.withdrawn
    )


def _ranks(rules: Rules, ideas: Candidates, shown: Ints, held: Sums) -> tuple[Ints, Ints]:
    """Return the shown ideas best first, and the rank of each of them in that order."""
    names = np.array([ideas[number].idea for number in shown])
    if rules.tie_break == "submitted":
        far = float("inf")
        times = [ideas[number].created_at for number in shown]
        tie = np.array([far if moment is None else moment.timestamp() for moment in times])
    else:
        tie = held.reached[shown]
    order = np.lexsort((names, tie, -held.score[shown]))
    rank = np.arange(1, len(order) + 1)
    if rules.tie_break == "shared":
        score = held.score[shown][order]
        new = np.append(True, score[1:] != score[:-1])
        rank = np.maximum.accumulate(np.where(new, rank, 0))
    return shown[order], rank


def _lines(  # noqa: PLR0917 - the columns of one table
    rules: Rules,
    ideas: Candidates,
    shown: Ints,
    cast: Sums,
    counted: Sums,
    doubtful: Ints,
    jury: Mapping[str, int],
) -> tuple[TallyLine, ...]:
    if not len(shown):
        return ()
    by_cast, ranks_cast = _ranks(rules, ideas, shown, cast)
    rank_cast = np.zeros(len(ideas), dtype=np.int64)
    rank_cast[by_cast] = ranks_cast
    order, ranks = _ranks(rules, ideas, shown, counted)
    numbers = order.tolist()
    names = [ideas[number].idea for number in numbers]
    columns = zip(
        names,
        [ideas[number].title for number in numbers],
        cast.votes[order].tolist(),
        counted.votes[order].tolist(),
        doubtful[order].tolist(),
        (cast.votes[order] - counted.votes[order]).tolist(),
        (counted.votes[order] - doubtful[order]).tolist(),
        rank_cast[order].tolist(),
        ranks.tolist(),
        counted.score[order].tolist(),
        [jury.get(name) for name in names] if jury else [None] * len(names),
        strict=True,
    )
    return tuple(map(TallyLine._make, columns))


def _appealed(cases: Iterable[Case], votes: Votes, standing: Standing, ideas: int) -> Ints:
    entries = [entry for case in cases if case.state == "appealed" for entry in case.entries]
    under_appeal = np.isin(votes.seq[standing.index], np.array(entries, dtype=np.int64))
    return np.bincount(standing.idea[under_appeal], minlength=ideas)


def _too_close(lines: Sequence[TallyLine], appealed: Ints, ideas: Candidates) -> bool:
    """Tell whether what is under review could turn the first place.

    The leader at worst loses its suspicious votes; another at best gets back what is under
    appeal and keeps everything else.
    """
    if len(lines) < 2 or not lines[0].counted:
        return False
    back = {
        ideas[number].idea: int(appealed[number]) for number in np.flatnonzero(appealed).tolist()
    }
    worst = lines[0].undisputed
    if not lines[0].suspicious and not back:
        return False
    return any(line.counted + back.get(line.idea, 0) >= worst for line in lines[1:])
