"""Parts of lines that several sections of a digest are put together from."""

from __future__ import annotations

from datetime import datetime

from monitor.digest.document import Line, Quotation, Span, Tone
from monitor.digest.names import band_name, before_name, usual_name
from monitor.digest.safe import masked, one_line, web_address
from monitor.digest.tables import gauge
from monitor.locale.language import Language
from monitor.types.digest import (
    CampaignFigures,
    Change,
    Digest,
    Quote,
    Rate,
    Share,
    SourceDigest,
    Topic,
)

QUOTE_LENGTH = 240
SHORT_QUOTE = 70
SEVERAL = 10
"""Answers from which nine in ten of them say something."""

BARS = "▁▂▃▄▅▆▇█"


class Lines:
    """Says numbers, changes, moods and quotes of one digest in one language."""

    def __init__(self, digest: Digest, language: Language) -> None:
        self.digest = digest
        self.language = language
        self.zone = digest.period.timezone

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
        posts: Line = (Span(self._n(source.posts.value), figure=figure_of("posts", source)),)
        if source.posts.trend != "usual":
            posts += (Span(" ▲" if source.posts.trend == "more" else " ▼", "warn"),)
        value = "–" if rate.value is None else language.percent(rate.value, 1)
        tone: Tone = "good" if rate.band == "good" else "plain"
        return (
            (Span(source.source),),
            posts,
            (Span("–" if negative is None else language.percent(100 * negative)),),
            (Span(value, "strong", figure=figure_of("engagement", source)),),
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

    def _ledger(self, campaign: CampaignFigures) -> str:
        say = self.language.say
        if campaign.ledger_ok is not None:
            return say("ledger ok") if campaign.ledger_ok else say("LEDGER BROKEN")
        if campaign.ledger_checked_at is None:
            return say("ledger not checked: sturmglas campaign publish does")
        return say("ledger last checked {time}", time=self._moment(campaign.ledger_checked_at))


def figure_of(name: str, source: SourceDigest) -> str:
    """Return the name of a source's figure, as `explain` takes it."""
    return f"{name}:{source.source}"
