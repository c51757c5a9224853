"""Words of the KPI sheet, its imports, and the customer's journey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from monitor.types.digest import Period, Quote, Share, SourceTally, Tally

Unit = Literal["%", "ratio", "points", "s", "count"]
"""Percent; a share 0..1; points of an index; seconds; a plain number."""

Fault = Literal["zero", "too_many"]
"""Why there is no value although all parts are known: nothing to divide by, or a part that is
more than its whole."""

Number = int | float


@dataclass(frozen=True, slots=True)
class Figure:
    """One imported figure: what `metric` was on a local day, as `source` counted it."""

    day: date
    source: str
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Answer:
    """One imported answer to a survey's question; it names nobody."""

    day: date
    source: str
    question: str
    score: int


@dataclass(frozen=True, slots=True)
class Stock:
    """A number at the start and at the end of a period; None where it is not known."""

    start: float | None = None
    end: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a source's counted posts brought of shares and views.

    `viewed` are likes and comments of those posts alone whose views are known.
    """

    shares: int | None = None
    views: int | None = None
    viewed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """What counted posts brought that were found through the same several `sources`.

    `shares`, `views` and `viewed` as in `Seen`, 0 where nobody told.
    """

    sources: frozenset[str]
    likes: int = 0
    comments: int = 0
    shares: int = 0
    views: int = 0
    viewed: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or complaint of a customer in the company's own place `source`.

    `first_at` is None where nobody answered, or where the answer's time is unknown. `wait_s`
    are the seconds to the first answer, in business hours where those are set.
    """

    source: str
    at: datetime
    answered: bool
    first_at: datetime | None = None
    wait_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the posts of a period tell: all together, by source, and what sums would count twice.

    `asked` are the questions one by one, empty where nobody asked for them.
    """

    tally: Tally
    sources: tuple[SourceTally, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KpiFacts:
    """Everything that the formulas read of one period.

    `sums` hold metric -> source -> sum over the period, `days` metric -> days that have it,
    `stocks` metric -> source -> start and end, `scores` question -> score -> answers.
    `waits_s` are the seconds from question to first answer, in business hours where those are set.
    `asked` are the questions one by one. `overlaps` tell what sums over several sources would
    count more than once.
    `chosen` says that one source was asked for by name, be it the company's own or not.
    """

    tally: Tally = field(default_factory=Tally)
    waits_s: tuple[float, ...] = ()
    sources: tuple[SourceTally, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    overlaps: tuple[Overlap, ...] = ()
    asked: tuple[Asked, ...] = ()
    sums: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    days: Mapping[str, int] = field(default_factory=dict)
    stocks: Mapping[str, Mapping[str, Stock]] = field(default_factory=dict)
    scores: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A KPI's value in one period with its parts; `value` None is unknown.

    `needs` names the figures that are missing, `fault` says why known ones give no value.
    `low` and `high` bound 95 %. `sources` are those that the parts came from.
    """

    value: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    low: float | None = None
    high: float | None = None
    needs: tuple[str, ...] = ()
    fault: Fault | None = None
    sources: tuple[str, ...] = ()
    parts: Mapping[str, Number | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One line of the sheet: a period beside the one before and the same one a year ago.

    `by_hour` tells it for each local hour of the day (0 to 23) in which there is something.
    """

    name: str
    unit: Unit
    formula: str
    now: Measured
    previous: Measured
    year: Measured
    by_source: tuple[tuple[str, bool, Measured], ...] = ()
    by_hour: tuple[tuple[int, Measured], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """All KPIs of a period, of one source where `source` is named."""

    period: Period
    before: Period
    year: Period
    source: str | None
    kpis: tuple[Kpi, ...]


@dataclass(frozen=True, slots=True)
class MatrixDay:
    """One span (a day or a week) of the engagement matrix: (initiator, kind) -> mood -> posts."""

    first_day: date
    cells: Mapping[tuple[str, str], Mapping[str, int]]


GoalState = Literal["reached", "open", "missed"]


@dataclass(frozen=True, slots=True)
class Goal:
    """A wished share of satisfied voices (0..1) and the last day to reach it."""

    satisfaction: float
    by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchpoint:
    """A place or matter where customers meet the company.

    `sources` alone: all posts found there; `topics` alone: posts of every source with one of
    these words; both: posts found there with one of these words.
    """

    name: str
    phase: str
    sources: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    owner: str | None = None
    goal: Goal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voices:
    """What was said at a touchpoint: counted posts of others, and customers who took a side.

    A customer is satisfied whose praise outnumbers the blame, dissatisfied the other way round.
    `quotes` are dissatisfied posts, the most liked first.
    """

    posts: int = 0
    satisfied: int = 0
    dissatisfied: int = 0
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A touchpoint of the map. `few` says that too few voices spoke to call the share anything."""

    touchpoint: Touchpoint
    posts: int
    satisfaction: Share
    few: bool
    weakness: float
    goal: GoalState | None
    quotes: tuple[Quote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """The map: stations in the order of the phases; `weak` are the worst first."""

    period: Period
    phases: tuple[str, ...]
    stations: tuple[Station, ...]
    weak: tuple[Station, ...]
    mapped: bool


@dataclass(frozen=True, slots=True)
class KpiImported:
    """How an import of figures or answers went."""

    read: int
    new: int
    updated: int
    unchanged: int
    rejected: int
    rejects_file: str | None
