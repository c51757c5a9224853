"""The sections of a digest: each says its matter in one line, and in full where there is more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.types import INITIATORS, KINDS
from monitor.digest.document import (
    Block,
    Bullets,
    Line,
    Pairs,
    Picture,
    Quotation,
    Span,
    Table,
    Tone,
)
from monitor.digest.names import (
    alert_phrase,
    band_name,
    before_name,
    initiator_name,
    kind_name,
    label_name,
    usual_name,
    voice_reason,
)
from monitor.digest.safe import masked, one_line, web_address
from monitor.locale.language import Language
from monitor.types.digest import Cell, Change, Digest, Quote, Rate, Share, SourceDigest, Topic

QUOTE_LENGTH = 240
SHORT_QUOTE = 70
SEVERAL = 10
"""Answers from which nine in ten of them say something."""

BARS = "▁▂▃▄▅▆▇█"
GAUGE_TO = 12.0
"""Percent at the right end of the gauge of an engagement rate."""


@dataclass(frozen=True, slots=True)
class Section:
    """One matter: `title` above the blocks, `label` before the short line."""

    title: str
    label: str
    short: Line
    blocks: tuple[Block, ...] = ()


class Sections:
    """Composes the sections of one digest in one language."""

    def __init__(self, digest: Digest, language: Language) -> None:
        self.digest = digest
        self.language = language
        self.zone = digest.period.timezone

    def changed(self) -> Section:
        """What changed against the period before and the usual one."""
        say, d = self.language.say, self.digest
        posts = self._change(d.posts, "posts")
        mood = self._mood(d.negative, d.previous_negative)
        authors: Line = (
            Span(self._n(d.tally.authors), "strong", figure="authors"),
            *self._before(d.previous.authors),
        )
        if d.tally.nameless:
            nameless = self.language.say_n(
                "{n} post names no author", "{n} posts name no author", d.tally.nameless
            )
            authors += (Span(f"; {nameless}", "dim"),)
        rows: list[tuple[str, Line]] = [
            (say("Posts"), posts),
            (say("Authors"), authors),
            (say("Negative"), mood),
        ]
        left_out = self._left_out()
        if left_out:
            rows.append((say("Left out"), (Span(left_out),)))
        rows.append((say("Two weeks") if d.period.kind == "day" else say("By day"), self._spark()))
        short = (*posts, Span(" · "), *self._mood_short())
        return Section(
            say("What changed"),
            say("Changes"),
            short,
            (Pairs(tuple(rows)), Picture("days", self._days_alt())),
        )

    def topics(self) -> Section | None:
        """What it was about."""
        say = self.language.say
        if not self.digest.topics:
            return None
        blocks: list[Block] = []
        for topic in self.digest.topics:
            blocks.append(Bullets(((Span(self._topic_name(topic), "strong"),
                                    Span(": " + self._topic_facts(topic))),)))  # fmt: skip
            blocks += [self._quotation(quote) for quote in topic.quotes]
        names = ", ".join(f"{t.name} ({self._n(t.posts)})" for t in self.digest.topics)
        return Section(say("What it was about"), say("Topics"), (Span(names),), tuple(blocks))

    def engagement(self) -> Section:
        """Engagement rate per source, with band and interval."""
        say, language = self.language.say, self.language
        known = [s for s in self.digest.sources if s.engagement.value is not None]
        short: list[Span] = []
        for source in known[:2]:
            rate = source.engagement
            assert rate.value is not None
            short += [
                Span("; " if short else ""),
                Span(f"{source.source} "),
                Span(
                    language.percent(rate.value, 1), "strong", figure=_figure("engagement", source)
                ),
                Span(f" {band_name(rate.band, language)}"),
            ]
        more = len(self.digest.sources) - len(known[:2])
        if more:
            told = language.say_n("{n} other", "{n} others", more) if short else say("unknown")
            short.append(Span(("; " if short else "") + told, "dim"))
        rows = tuple(self._source_row(source) for source in self.digest.sources)
        head = (
            say("Source"),
            say("Posts"),
            say("Negative"),
            say("Rate"),
            say("95 % range"),
            say("Verdict"),
            say("0 – 12 %"),
        )
        blocks: tuple[Block, ...] = ()
        if rows:
            blocks = (
                Table(head, rows, right=(1, 2, 3, 4), spare=6),
                Picture("engagement", say("Engagement rate per source with its 95 % range")),
            )
        hint = (Span(say("no source yet"), "dim"),)
        return Section(
            say("Engagement rate: (likes + comments) / followers, {low}–{high} % is good",
                low=3, high=8),
            say("Engagement"),
            tuple(short) or hint,
            blocks,
        )  # fmt: skip

    def matrix(self) -> Section:
        """Who set it off, and about what."""
        say, language = self.language.say, self.language
        ranked = sorted(self.digest.matrix, key=lambda c: (-c.posts, c.initiator, c.kind))
        top = [c for c in ranked if c.posts][:2]
        short = ", ".join(
            f"{initiator_name(c.initiator, language)}/{kind_name(c.kind, language)} "
            f"{self._n(c.posts)} ({language.signed(c.posts - c.previous)})"
            for c in top
        )
        return Section(
            say("Who set it off, and about what: posts (change), share negative"),
            say("Matrix"),
            (Span(short or say("nothing labelled")),),
            (matrix_table(self.digest.matrix, language),),
        )

    def questions(self) -> Section:
        """Open moderation and questions, and how fast the company answered."""
        say, d = self.language.say, self.digest
        answers = d.answers
        asked = Span(self._n(answers.asked), "strong", figure="asked")
        answered = Span(self._n(answers.answered), "strong", figure="answered")
        first: Line = (
            asked,
            Span(" " + say("asked") + ", "),
            answered,
            Span(" " + say("answered")),
        )
        if answers.median_s is not None and answers.p90_s is not None:
            median = self.language.duration(answers.median_s)
            if answers.answered < SEVERAL:
                text = say("half of them within {median}", median=median)
            else:
                text = say(
                    "half of them within {median}, nine in ten within {p90}",
                    median=median,
                    p90=self.language.duration(answers.p90_s),
                )
            first += (Span(f", {text}"),)
        rows: list[tuple[str, Line]] = [(say("Questions"), first)]
        waiting = self._waiting()
        rows.append((say("Still open"), waiting))
        rows.append((say("Queue"), (Span(self._queue()),)))
        short: Line = (*first[:4], Span(" · "), *waiting)
        if d.queue.open:
            short += (Span(" · " + self._queue()),)
        return Section(
            say("Questions and moderation"), say("Questions"), short, (Pairs(tuple(rows)),)
        )

    def ideas(self) -> Section:
        """Ideas and the votes on them."""
        say, d = self.language.say, self.digest
        count = Span(self._n(d.tally.ideas), "strong", figure="ideas")
        short: Line = (
            count,
            Span(" " + say("proposed"), "plain"),
            *self._before(d.previous.ideas),
        )
        blocks: list[Block] = [
            Pairs(((say("Proposed"), (count, *self._before(d.previous.ideas))),))
        ]
        blocks += [self._quotation(quote) for quote in d.ideas[:2]]
        for campaign in d.campaigns:
            line = say(
                "{ideas} ideas, {unanswered} unanswered; votes: {cast} cast, {counted} counted, "
                "{suspicious} suspicious, {annulled} annulled; {ledger}",
                ideas=self._n(campaign.ideas),
                unanswered=self._n(campaign.unanswered),
                cast=self._n(campaign.votes_cast),
                counted=self._n(campaign.votes_counted),
                suspicious=self._n(campaign.votes_suspicious),
                annulled=self._n(campaign.votes_annulled),
                ledger=self._ledger(campaign.ledger_ok),
            )
            told: list[Line] = [(Span(campaign.title, "strong"), Span(f": {line}"))]
            if campaign.rising:
                rising = say("Rising: {ideas}", ideas=", ".join(campaign.rising))
                told.append((Span(rising),))
            blocks.append(Bullets(tuple(told)))
            short += (Span(f" · {campaign.title}: {self._ledger(campaign.ledger_ok)}"),)
        return Section(say("Ideas"), say("Ideas"), short, tuple(blocks))

    def alerts(self) -> Section:
        """Alerts of the period, and how useful they were found."""
        say, d = self.language.say, self.digest
        lines: list[Line] = [
            (Span(alert_phrase(alert, self.language), "bad" if alert.open else "plain"),
             Span(" · " + say("since {time}", time=self._moment(alert.opened_at)), "dim"))
            for alert in d.alerts
        ]  # fmt: skip
        judged = sum(p.useful + p.noise for p in d.precision)
        useful = sum(p.useful for p in d.precision)
        if judged:
            verdict = say("judged useful: {useful} of {judged}", useful=useful, judged=judged)
        else:
            verdict = say("none judged yet")
        none = (Span(say("none")), Span(f" · {verdict}", "dim"))
        short = (Span(self._n(len(lines))), Span(f" · {verdict}", "dim")) if lines else none
        blocks = (Bullets((*lines, (Span(verdict, "dim"),))),) if lines else ()
        return Section(say("Alerts"), say("Alerts"), short, blocks)

    def voices(self) -> Section | None:
        """Whom to answer first, and why."""
        say = self.language.say
        if not self.digest.voices:
            return None
        first = self.digest.voices[0].quote
        text = self.language.quoted(self._words(first, SHORT_QUOTE))
        short = (Span(text, url=web_address(first.url)), Span(f" ({self._place(first)})", "dim"))
        blocks = []
        for voice in self.digest.voices:
            why = ", ".join(voice_reason(code, self.language) for code in voice.reasons)
            quote = self._quotation(voice.quote)
            blocks.append(Quotation(quote.text, f"{quote.note} · {why}", quote.url))
        return Section(say("Answer first"), say("To answer"), short, tuple(blocks))

    def privacy(self) -> Section:
        """What is held, in one line."""
        privacy = self.digest.privacy
        parts = [
            self.language.say_n("{n} account is held", "{n} accounts are held", privacy.accounts)
        ]
        if privacy.oldest_text_at is not None:
            oldest = self.language.short_day(privacy.oldest_text_at.date())
            parts.append(
                self.language.say(
                    "the oldest text is of {day} {year}",
                    day=oldest,
                    year=privacy.oldest_text_at.year,
                )
            )
        if privacy.erased is not None:
            parts.append(
                self.language.say_n("{n} person erased", "{n} persons erased", privacy.erased)
            )
        line = (Span(", ".join(parts)),)
        label = self.language.say("Privacy")
        return Section(label, label, line)

    def coverage(self) -> Section:
        """What is not known: gaps, unsure labels; and the languages."""
        say, language, d = self.language.say, self.language, self.digest
        gaps = [s for s in d.sources if s.coverage < 0.9995 or s.state != "ok"]
        parts = [
            f"{s.source} {language.percent(100 * s.coverage)}"
            + (f" ({say('cannot be read')})" if s.state != "ok" else "")
            for s in gaps[:4]
        ]
        seen = say("seen: {parts}", parts=", ".join(parts)) if gaps else say("no gaps")
        more = []
        labelled = sum(d.tally.sentiment.values())
        if labelled:
            shares = [
                f"{label_name(label, language)} "
                + language.percent(100 * d.tally.unsure_labels.get(label, 0) / labelled)
                for label in ("sentiment", "initiator", "kind")
            ]
            more.append(say("unsure: {shares}", shares=", ".join(shares)))
        if d.tally.unlabelled:
            more.append(say("{n} without labels", n=self._n(d.tally.unlabelled)))
        total = sum(d.tally.languages.values())
        if total:
            more.append(
                ", ".join(
                    f"{code} {language.percent(100 * n / total)}"
                    for code, n in list(d.tally.languages.items())[:3]
                    if 100 * n >= total
                )
            )
        line: Line = (
            Span(seen, "warn" if gaps else "plain"),
            Span("".join(f" · {m}" for m in more)),
        )
        return Section(say("Coverage"), say("Coverage"), line)

    # --- parts of lines -----------------------------------------------------------------------

    def _n(self, value: float) -> str:
        return self.language.number(value)

    def _moment(self, moment: datetime) -> str:
        return self.language.moment(moment, self.zone)

    def _before(self, value: int) -> Line:
        name = before_name(self.digest.period, self.language)
        return (Span(f" ({name} {self._n(value)})", "dim"),)

    def _change(self, change: Change, figure: str) -> Line:
        say = self.language.say
        parts = [f"{before_name(self.digest.period, self.language)} {self._n(change.previous)}"]
        if change.usual_low is not None and change.usual_high is not None:
            low, high = self._n(change.usual_low), self._n(change.usual_high)
            span = low if low == high else f"{low}–{high}"
            parts.append(
                f"{usual_name(self.digest.period, self.digest.usual_by, self.language)} {span}"
            )
        line: Line = (
            Span(self._n(change.value), "strong", figure=figure),
            Span(f" ({', '.join(parts)})", "dim"),
        )
        if change.trend == "more":
            line += (Span(" ▲ " + say("more than usual"), "warn"),)
        elif change.trend == "less":
            line += (Span(" ▼ " + say("less than usual"), "warn"),)
        return line

    def _mood(self, now: Share, before: Share) -> Line:
        if now.value is None:
            return (Span(self.language.say("unknown"), "dim"),)
        parts = [self._range(now)] if now.low is not None else []
        if before.value is not None:
            name = before_name(self.digest.period, self.language)
            parts.append(f"{name} {self.language.percent(100 * before.value)}")
        return (
            Span(self.language.percent(100 * now.value), "strong", figure="negative_share"),
            Span(f" ({', '.join(parts)})" if parts else "", "dim"),
        )

    def _mood_short(self) -> Line:
        share = self.digest.negative
        if share.value is None:
            return (Span(self.language.say("mood unknown"), "dim"),)
        text = self.language.percent(100 * share.value)
        return (
            Span(text, "strong", figure="negative_share"),
            Span(" " + self.language.say("negative")),
        )

    def _range(self, share: Share) -> str:
        assert share.low is not None
        assert share.high is not None
        low, high = self._n(100 * share.low), self.language.percent(100 * share.high)
        return f"95 %: {low}–{high}"

    def _left_out(self) -> str:
        say_n, tally = self.language.say_n, self.digest.tally
        parts = [
            say_n("{n} spam post", "{n} spam posts", tally.spam) if tally.spam else "",
            say_n("{n} not about us", "{n} not about us", tally.irrelevant)
            if tally.irrelevant
            else "",
            say_n("{n} copy", "{n} copies", tally.copies) if tally.copies else "",
        ]
        return ", ".join(part for part in parts if part)

    def _spark(self) -> Line:
        days = self.digest.days
        if not days:
            return ()
        top = max(n for _day, n in days) or 1
        bars = "".join(BARS[(n * len(BARS) - 1) // top] if n else "·" for _day, n in days)
        first, last = days[0][0], days[-1][0]
        span = f"{self.language.short_day(first)} – {self.language.short_day(last)}"
        return (Span(bars), Span(f"  {span}", "dim"))

    def _days_alt(self) -> str:
        listed = ", ".join(f"{self.language.short_day(d)}: {n}" for d, n in self.digest.days)
        return self.language.say("Posts per day: {days}", days=listed)

    def _topic_name(self, topic: Topic) -> str:
        return ", ".join((topic.name, *topic.terms))

    def _topic_facts(self, topic: Topic) -> str:
        language = self.language
        parts = [language.say_n("{n} post", "{n} posts", topic.posts)]
        if topic.authors:
            parts[0] += " " + language.say_n("by {n} author", "by {n} authors", topic.authors)
        else:
            parts[0] += " " + language.say("by unknown authors")
        before = before_name(self.digest.period, language)
        parts.append(f"{before} {self._n(topic.previous)}")
        labelled = sum(topic.sentiment.values())
        if labelled:
            negative = 100 * topic.sentiment["negative"] / labelled
            parts.append(language.percent(negative) + " " + language.say("negative"))
        return ", ".join(parts)

    def _quotation(self, quote: Quote) -> Quotation:
        return Quotation(
            self.language.quoted(self._words(quote, QUOTE_LENGTH)),
            self._place(quote),
            web_address(quote.url),
        )

    def _words(self, quote: Quote, limit: int) -> str:
        return one_line(masked(quote.text), limit) or self.language.say("(no text)")

    def _place(self, quote: Quote) -> str:
        if quote.created_at is None:
            return quote.source
        if self.digest.period.start <= quote.created_at < self.digest.period.end and (
            self.digest.period.kind == "day"
        ):
            return f"{quote.source}, {self.language.time(quote.created_at, self.zone)}"
        return f"{quote.source}, {self._moment(quote.created_at)}"

    def _source_row(self, source: SourceDigest) -> tuple[Line, ...]:
        rate, language = source.engagement, self.language
        negative = source.negative.value
        posts: Line = (Span(self._n(source.posts.value), figure=_figure("posts", source)),)
        if source.posts.trend != "usual":
            posts += (Span(" ▲" if source.posts.trend == "more" else " ▼", "warn"),)
        value = "–" if rate.value is None else language.percent(rate.value, 1)
        tone: Tone = "good" if rate.band == "good" else "plain"
        return (
            (Span(source.source),),
            posts,
            (Span("–" if negative is None else language.percent(100 * negative)),),
            (Span(value, "strong", figure=_figure("engagement", source)),),
            (Span(self._rate_range(rate)),),
            (Span(self._verdict(source), tone if rate.value is not None else "dim"),),
            (Span(gauge(rate)),),
        )

    def _rate_range(self, rate: Rate) -> str:
        if rate.low is None or rate.high is None:
            return ""
        return f"{self.language.number(rate.low, 1)}–{self.language.number(rate.high, 1)}"

    def _verdict(self, source: SourceDigest) -> str:
        rate = source.engagement
        if rate.missing == "counts" and not source.posts.value:
            return self.language.say("no posts")
        missing = {
            "followers": self.language.say("followers unknown"),
            "counts": self.language.say("likes unknown"),
        }
        return missing.get(rate.missing) or band_name(rate.band, self.language)

    def _waiting(self) -> Line:
        say, answers = self.language.say, self.digest.answers
        if not answers.open_now:
            return (Span(say("nothing of the last week is open")),)
        line: Line = (
            Span(self._n(answers.open_now), "strong", figure="open_questions"),
            Span(" " + say("open")),
        )
        if answers.oldest is not None and answers.oldest.created_at is not None:
            since = self._moment(answers.oldest.created_at)
            url = web_address(answers.oldest.url)
            line += (Span(", " + say("the oldest since {time}", time=since), url=url),)
        return line

    def _queue(self) -> str:
        say, queue = self.language.say, self.digest.queue
        if not queue.open:
            return say("queue empty")
        parts = [self.language.say_n("{n} item in the queue", "{n} items in the queue", queue.open)]
        if queue.overdue:
            parts.append(say("{n} overdue", n=self._n(queue.overdue)))
        if queue.oldest_at is not None:
            parts.append(say("the oldest since {time}", time=self._moment(queue.oldest_at)))
        return ", ".join(parts)

    def _ledger(self, ok: bool | None) -> str:
        if ok is None:
            return self.language.say("ledger not checked")
        return self.language.say("ledger ok") if ok else self.language.say("LEDGER BROKEN")


def matrix_table(cells: Sequence[Cell], language: Language) -> Table:
    """Lay the nine cells out as a table: initiators down, kinds across."""
    by_name = {(cell.initiator, cell.kind): cell for cell in cells}
    rows = tuple(
        (
            (Span(initiator_name(initiator, language)),),
            *(_cell(by_name[initiator, kind], language) for kind in KINDS),
        )
        for initiator in INITIATORS
    )
    head = (language.say("Set off by"), *(kind_name(kind, language) for kind in KINDS))
    return Table(head, rows, right=(1, 2, 3))


def _cell(cell: Cell, language: Language) -> Line:
    name = f"matrix:{cell.initiator}/{cell.kind}"
    if not cell.posts and not cell.previous:
        return (Span("0", "dim", figure=name),)
    line: Line = (
        Span(language.number(cell.posts), "strong", figure=name),
        Span(f" ({language.signed(cell.posts - cell.previous)})", "dim"),
    )
    negative = cell.sentiment["negative"]
    if cell.posts and negative:
        share = language.percent(100 * negative / cell.posts)
        line += (Span(f" {share}", "warn" if 2 * negative > cell.posts else "plain"),)
    return line


def gauge(rate: Rate, width: int = 20) -> str:
    """Draw a rate with its interval on a line from 0 to 12 %, the good band marked by bars.

    `·` is the scale, `|` the ends of the good band, `─` the interval, `●` the rate; `▸` at the
    right end says that it lies beyond.
    """
    if rate.value is None or rate.low is None or rate.high is None:
        return ""

    def place(per_cent: float) -> int:
        return min(width - 1, max(0, round(per_cent / GAUGE_TO * (width - 1))))

    signs = ["·"] * width
    for end in (3.0, 8.0):
        signs[place(end)] = "|"
    for position in range(place(rate.low), place(rate.high) + 1):
        signs[position] = "─"
    signs[place(rate.value)] = "▸" if rate.value > GAUGE_TO else "●"
    return "".join(signs)


def _figure(name: str, source: SourceDigest) -> str:
    return f"{name}:{source.source}"
