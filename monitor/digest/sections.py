"""The sections of a digest: each says its matter in one line, and in full where there is more."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.digest.document import (
    Block,
    Bullets,
    Heading,
    Line,
    Pairs,
    Picture,
    Quotation,
    Span,
    Table,
)
from monitor.digest.lines import SEVERAL, SHORT_QUOTE, Lines, figure_of
from monitor.digest.long_form import ROW, funnel_line, kpi_short, kpi_table, trend_table
from monitor.digest.matrix_page import shift_line
from monitor.digest.names import (
    alert_phrase,
    band_name,
    initiator_name,
    kind_name,
    label_name,
    voice_reason,
)
from monitor.digest.safe import web_address
from monitor.digest.tables import matrix_table


@dataclass(frozen=True, slots=True)
class Section:
    """One matter: `title` above the blocks, `label` before the short line."""

    title: str
    label: str
    short: Line
    blocks: tuple[Block, ...] = ()


class Sections(Lines):
    """Composes the sections of one digest in one language."""

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

    def trend(self) -> Section | None:
        """Where it has been going, for weeks and months."""
        if len(self.digest.trend) < ROW:
            return None
        label = self.language.say("Trend")
        return Section(label, label, (), trend_table(self.digest, self.language))

    def kpis(self) -> Section | None:
        """The KPIs that are known, for weeks and months."""
        if not self.digest.kpis:
            return None
        label = self.language.say("KPIs")
        short = kpi_short(self.digest, self.language)
        return Section(label, label, short, kpi_table(self.digest, self.language))

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
            value = language.percent(rate.value, 1)
            figure = figure_of("engagement", source)
            short += [
                Span("; " if short else ""),
                Span(f"{source.source} "),
                Span(value, "strong", figure=figure),
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
                Table(head, rows, right=(1, 2, 3, 4), spare=(6, 4)),
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
        moved = [shift_line(shift, self.digest.period, language) for shift in self.digest.shifts]
        told: Line = (Span(short or say("nothing labelled")),)
        blocks: list[Block] = [matrix_table(self.digest.matrix, language)]
        if moved:
            told = (Span(say("moved") + ": ", "warn"), *moved[0], Span(" · "), *told)
            blocks += [Heading(say("Shifts beyond chance")), Bullets(tuple(moved))]
        return Section(
            say("Who set it off, and about what: posts (change), share negative"),
            say("Matrix"),
            told,
            tuple(blocks),
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
                ledger=self._ledger(campaign),
            )
            told: list[Line] = [(Span(campaign.title, "strong"), Span(f": {line}"))]
            if d.period.kind != "day" and campaign.statuses:
                told.append(funnel_line(campaign, self.language))
            if campaign.rising:
                rising = say("Rising: {ideas}", ideas=", ".join(campaign.rising))
                told.append((Span(rising),))
            blocks.append(Bullets(tuple(told)))
            short += (Span(f" · {campaign.title}: {self._ledger(campaign)}"),)
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
