"""Words of the digest: what the store counted (`Figures`), and what is made of it (`Digest`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from monitor.types.alerts import Alert, Precision

if TYPE_CHECKING:
    from monitor.types.kpis import Kpi, Overlap

PeriodKind = Literal["day", "week", "month", "days"]
Weather = Literal["quiet", "watch", "act"]
Band = Literal["low", "good", "high", "unclear"]
Trend = Literal["more", "less", "usual"]
UsualBy = Literal["weekday", "days", "kind"]


@dataclass(frozen=True, slots=True)
class Period:
    """Whole local days, half-open [`start`, `end`). Both are aware; `timezone` is an IANA name."""

    kind: PeriodKind
    start: datetime
    end: datetime
    timezone: str

    @property
    def first_day(self) -> date:
        """The first local day."""
        return self.start.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def last_day(self) -> date:
        """The last local day that belongs to the period."""
        last = self.end - timedelta(milliseconds=1)
        return last.astimezone(ZoneInfo(self.timezone)).date()

    @property
    def days(self) -> int:
        """How many local days it holds; a day of 23 or 25 hours is one."""
        return (self.last_day - self.first_day).days + 1


@dataclass(frozen=True, slots=True)
class Share:
    """`numerator` of `denominator`, with its interval (0..1); all None where nothing was asked."""

    numerator: int
    denominator: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """The share, 0..1; None where the denominator is 0."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate in percent with its parts; `value` is None (unknown) where a part is missing.

    `low` and `high` bound 95 %. `missing` names what is missing: `followers`, `counts` or "".
    """

    value: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    low: float | None = None
    high: float | None = None
    band: Band | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Posts of one period. `posts` counts everything stored; the others are parts of it.

    `nameless` posts name no author. `counted` leaves out spam, irrelevant posts and copies;
    sentiment, ideas, toxic, unsure and satisfied or dissatisfied authors are of the counted ones,
    `public` of the counted ones not written by the company itself. `asked` are questions and
    complaints of customers in the company's own places, `answered` those of them that the company
    answered, `waits` when each was asked and first answered, as far as both are known.
    """

    posts: int = 0
    authors: int = 0
    nameless: int = 0
    counted: int = 0
    spam: int = 0
    irrelevant: int = 0
    copies: int = 0
    deleted: int = 0
    unlabelled: int = 0
    unsure: int = 0
    unsure_labels: Mapping[str, int] = field(default_factory=dict)
    ideas: int = 0
    toxic: int = 0
    sentiment: Mapping[str, int] = field(default_factory=dict)
    public: Mapping[str, int] = field(default_factory=dict)
    languages: Mapping[str, int] = field(default_factory=dict)
    asked: int = 0
    answered: int = 0
    waits: tuple[tuple[datetime, datetime], ...] = ()
    satisfied: int = 0
    dissatisfied: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTally:
    """What one source brought in a period; posts found through two sources count in both.

    `likes` and `comments` are sums over `rated` counted posts of which at least one of the two
    is known; None where none is. `followers` is the newest number known by the period's end.
    """

    source: str
    platform: str | None = None
    own: bool = True
    posts: int = 0
    counted: int = 0
    sentiment: Mapping[str, int] = field(default_factory=dict)
    public: Mapping[str, int] = field(default_factory=dict)
    likes: int | None = None
    comments: int | None = None
    rated: int = 0
    followers: int | None = None
    followers_at: datetime | None = None
    gap_s: float = 0.0
    state: str = "ok"
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CellTally:
    """Counted posts of one cell of the engagement matrix, by sentiment."""

    initiator: str
    kind: str
    sentiment: Mapping[str, int]

    @property
    def posts(self) -> int:
        """All posts of the cell."""
        return sum(self.sentiment.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A post as it is shown: its words as written, without its author's name."""

    uid: str
    source: str
    text: str
    url: str | None = None
    created_at: datetime | None = None
    sentiment: str | None = None
    role: str = "customer"
    lang: str | None = None
    likes: int | None = None
    replies: int | None = None
    followers: int | None = None
    author: int | None = None
    asks: bool = False
    idea: bool = False
    toxic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What several authors wrote about. `name` is made of their own words, nothing else."""

    name: str
    terms: tuple[str, ...]
    posts: int
    authors: int
    previous: int
    sentiment: Mapping[str, int]
    quotes: tuple[Quote, ...]
    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """An open post worth answering first. `reasons` are codes, the heaviest first."""

    quote: Quote
    reasons: tuple[str, ...]
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFigures:
    """Open moderation. `oldest_at` is None where nothing waits."""

    open: int = 0
    overdue: int = 0
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFigures:
    """A campaign's ideas and votes as its ledger shows them.

    `ledger_ok` None: too long to be checked here; `ledger_checked_at` is when it last was, if ever.
    `statuses` are the ideas by how far they came, `days_to_answer` the median of the answered.
    """

    name: str
    title: str
    ideas: int = 0
    unanswered: int = 0
    statuses: Mapping[str, int] = field(default_factory=dict)
    days_to_answer: float | None = None
    votes_cast: int = 0
    votes_counted: int = 0
    votes_suspicious: int = 0
    votes_annulled: int = 0
    ledger_ok: bool | None = None
    ledger_checked_at: datetime | None = None
    rising: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivacyFigures:
    """What is held and what went. `oldest_text_at` is the oldest post that still has its words.

    `erased` counts persons erased within the period; None where nobody was.
    """

    accounts: int = 0
    oldest_text_at: datetime | None = None
    erased: int | None = None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One of several periods in a row: its posts, and how many of the `public` were negative.

    `public` are labelled posts that count and that the company did not write itself.
    """

    first_day: date
    posts: int
    negative: int
    public: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the store tells about a period: the input of `build_digest`.

    `usual` holds the posts of the comparable earlier periods, oldest first, without those before
    the store's first post: the same weekdays, or the days of the week before where too few of
    those are known (`usual_by` says which); for weeks and months the periods before.
    `days` are (local day, posts) of the two weeks up to the period's end, or of the period.
    `storm_level` is what the latest tick of the period found, 0 where no tick looked.
    `open_count` questions of the last week wait for an answer, `open_questions` are the oldest
    and the weightiest of them. `texts` are the words that topics are found in: counted posts not
    written by the company (of very many an evenly spread part); `previous_texts` those of the
    period before, `background` a sample of four weeks before that.
    Weeks and months have a `trend`, oldest first, up to the period itself, and `overlaps`: what
    posts found through several sources brought, of the period and of the one before.
    """

    period: Period
    tally: Tally
    previous: Tally
    sources: tuple[SourceTally, ...] = ()
    previous_sources: tuple[SourceTally, ...] = ()
    usual: tuple[int, ...] = ()
    usual_by: UsualBy = "kind"
    usual_sources: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    cells: tuple[CellTally, ...] = ()
    previous_cells: tuple[CellTally, ...] = ()
    days: tuple[tuple[date, int], ...] = ()
    open_count: int = 0
    open_questions: tuple[Quote, ...] = ()
    texts: tuple[Quote, ...] = ()
    previous_texts: tuple[Quote, ...] = ()
    background: tuple[Quote, ...] = ()
    ideas: tuple[Quote, ...] = ()
    alerts: tuple[Alert, ...] = ()
    precision: tuple[Precision, ...] = ()
    queue: QueueFigures = field(default_factory=QueueFigures)
    campaigns: tuple[CampaignFigures, ...] = ()
    privacy: PrivacyFigures = field(default_factory=PrivacyFigures)
    newest_post_at: datetime | None = None
    storm_level: int = 0
    trend: tuple[TrendPoint, ...] = ()
    overlaps: tuple[tuple[Overlap, ...], tuple[Overlap, ...]] = ((), ())


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the weather is what it is: a code with the facts of its sentence, in no language."""

    code: str
    facts: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A number beside the period before and the usual range; None where history is too short.

    `usual_low` and `usual_high` are the least and the most of the comparable periods.
    """

    value: int
    previous: int
    usual: float | None = None
    usual_low: int | None = None
    usual_high: int | None = None
    trend: Trend = "usual"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceDigest:
    """One source's day: posts, mood, engagement rate, and how much of the time was seen (0..1)."""

    source: str
    own: bool
    posts: Change
    sentiment: Mapping[str, int]
    negative: Share
    engagement: Rate
    previous_engagement: Rate
    coverage: float
    state: str = "ok"
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the engagement matrix beside the period before."""

    initiator: str
    kind: str
    posts: int
    previous: int
    sentiment: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shift:
    """A cell whose share of all posts moved by more than chance, with both shares."""

    initiator: str
    kind: str
    now: Share
    before: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Questions and complaints of customers, and the company's answers. Times in seconds."""

    asked: int
    answered: int
    median_s: float | None
    p90_s: float | None
    oldest: Quote | None
    open_now: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The report of a period: decided, counted, and in no language and no markup.

    `trend` and `kpis` are of weeks and months only.
    """

    company: str
    period: Period
    weather: Weather
    reasons: tuple[Reason, ...]
    tally: Tally
    previous: Tally
    posts: Change
    usual_by: UsualBy
    negative: Share
    previous_negative: Share
    sources: tuple[SourceDigest, ...]
    matrix: tuple[Cell, ...]
    days: tuple[tuple[date, int], ...]
    answers: Answers
    echo_balance: int
    topics: tuple[Topic, ...]
    ideas: tuple[Quote, ...]
    campaigns: tuple[CampaignFigures, ...]
    queue: QueueFigures
    alerts: tuple[Alert, ...]
    precision: tuple[Precision, ...]
    voices: tuple[Voice, ...]
    privacy: PrivacyFigures
    newest_post_at: datetime | None
    shifts: tuple[Shift, ...] = ()
    trend: tuple[TrendPoint, ...] = ()
    kpis: tuple[Kpi, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A post behind a figure, and how much of the figure it is (1 where posts are counted)."""

    quote: Quote
    value: float = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A figure and all posts behind it, oldest first; `value` None is unknown.

    `sources` are those that a figure of the KPI sheet came from.
    """

    figure: str
    value: float | None
    period: Period
    posts: tuple[Behind, ...]
    sources: tuple[str, ...] = ()
