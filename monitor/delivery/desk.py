"""Writes what to tell whom: alerts, digests and tests as messages for each receiver.

Nothing is sent here: `Postman` keeps the messages in the outbox and sends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from monitor.alerts.playbook import OwnSteps
from monitor.alerts.verdicts import is_snoozed
from monitor.config import NotifySettings
from monitor.digest.alert_page import compose_alert
from monitor.digest.compose import compose
from monitor.digest.document import Bullets, Document, Span
from monitor.digest.markup import render_html
from monitor.digest.names import state_name, verdict_phrase, weather_word
from monitor.digest.pictures import draw_pictures
from monitor.digest.safe import for_header, for_slack
from monitor.digest.slack import buttons, slack_message
from monitor.digest.terminal import render_text
from monitor.locale.language import Language
from monitor.store.alerts import AlertTable
from monitor.store.figures import FigureTable
from monitor.store.store import Store
from monitor.types.alerts import Alert, Event, Verdict
from monitor.types.digest import Digest, Quote
from monitor.types.messages import Delivery, Message, MessageKind

URGENT_LEVEL = 4
"""From this storm level on nobody's quiet hours count."""

STORM_ONLY = 3
"""Up to this `min_level` a receiver also gets alerts of the other rules, which have no scale."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Writes messages in one language for the receivers of the config."""

    store: Store
    receivers: Sequence[NotifySettings]
    language: Language
    company: str
    timezone: str
    own_steps: OwnSteps | None = None

    def about_events(self, events: Iterable[Event]) -> Iterator[Message]:
        """Yield what each event of an alert is told to whom; a snoozed alert keeps quiet."""
        table = AlertTable(self.store.db)
        for event in events:
            if is_snoozed(event.alert, table.load_verdicts(event.alert.id), event.at):
                continue
            wanted = [entry for entry in self.receivers if wants(entry, event.alert)]
            if not wanted:
                continue
            page, quotes = self._alert_page(event.alert)
            told = f"{event.alert.id} {event.event} {event.at.isoformat()}"
            note = (
                f"{self.language.moment(event.at, self.timezone)}: "
                f"{state_name(event.alert.state, self.language)} ({event.alert.level})"
            )
            for entry in wanted:
                yield self._message(
                    page, entry, told, event.alert.id, "alert", note=note, quotes=quotes,
                    about=event.alert,
                )  # fmt: skip

    def about_verdict(self, verdict: Verdict, mention: tuple[str, str] | None) -> Iterator[Message]:
        """Yield an alert's message anew for the channels that can change it.

        `mention` is (receiver, the chat's id of the person): only that chat is told who, as it
        knows already.
        """
        alert = AlertTable(self.store.db).load(verdict.alert)
        page, quotes = self._alert_page(alert)
        told = f"{alert.id} {verdict.verdict} {verdict.at.isoformat()} {verdict.by or ''}"
        for entry in self.receivers:
            if entry.kind != "slack" or not entry.to:
                continue
            message = self._message(
                page, entry, told, alert.id, "alert", quotes=quotes, about=alert
            )
            who = for_slack(verdict.by or self.language.say("somebody who gave no name"))
            if mention is not None and mention[0] == entry.name:
                who = f"<@{mention[1]}>"
            words = for_slack(verdict_phrase(verdict, self.language, self.timezone))
            yield replace(message, note=f"{who}: {words}")

    def about_silence(self, now: datetime) -> Iterator[Message]:
        """Yield what goes to the next person where nobody took on an open storm."""
        by_name = {entry.name: entry for entry in self.receivers}
        table = AlertTable(self.store.db)
        for alert in table.load_list(only_open=True):
            if alert.rule != "storm" or table.load_verdicts(alert.id):
                continue
            for entry in self.receivers:
                next_one = by_name.get(entry.escalate_to or "")
                waited = now - alert.opened_at >= entry.escalate_after
                if next_one is None or not waited or not wants(entry, alert):
                    continue
                page, quotes = self._alert_page(alert)
                told = f"{alert.id} escalated from {entry.name}"
                yield self._message(
                    page, next_one, told, alert.id, "alert", quotes=quotes, about=alert
                )

    def about_day(self, digest: Digest) -> Iterator[Message]:
        """Yield the digest for every receiver that wants it."""
        wanted = [entry for entry in self.receivers if entry.digest]
        if not wanted:
            return
        page = compose(digest, self.language)
        pictures = draw_pictures(digest, self.language)
        period = digest.period
        thread = f"digest {period.kind} {period.first_day.isoformat()}"
        for entry in wanted:
            yield self._message(page, entry, thread, thread, "digest", pictures=pictures)

    def test(self, now: datetime) -> Iterator[Message]:
        """Yield one message of each kind for each receiver, every time new ones."""
        say = self.language.say
        told = f"test {now.isoformat()}"
        for entry in self.receivers:
            for kind, words in (
                ("alert", say("This is how a warning arrives. Nothing has happened.")),
                ("digest", say("This is how a digest arrives. Nothing has happened.")),
            ):
                title = say("Test of Sturmglas for {name}", name=entry.name)
                page = Document(
                    language=self.language.code,
                    title=title,
                    weather="quiet",
                    lead=(Span(words),),
                    blocks=(),
                )
                yield self._message(page, entry, f"{told} {kind}", f"{told} {kind}", "test")

    def catch_up(self, receiver: str, pile: Sequence[Delivery]) -> Message:
        """Return one message that stands for all that a receiver missed, oldest first."""
        say_n, language = self.language.say_n, self.language
        lines: list[str] = []
        posts: dict[str, None] = {}
        for delivery in sorted(pile, key=lambda d: d.id):
            message = delivery.message
            posts |= dict.fromkeys(message.posts)
            if message.kind == "catch_up":
                lines += message.note.splitlines()
            else:
                lines.append(
                    f"{language.moment(delivery.created_at, self.timezone)}: {message.subject}"
                )
        page = Document(
            language=language.code,
            title=say_n("{n} message waited for you", "{n} messages waited for you", len(lines)),
            weather="watch",
            lead=(Span(language.say("What came while nothing could be delivered, oldest first:")),),
            blocks=(Bullets(tuple((Span(line),) for line in lines[-100:])),),
            footer=language.say("How things stand now: sturmglas alerts --open"),
        )
        entry = next(e for e in self.receivers if e.name == receiver)
        newest = max(delivery.id for delivery in pile)
        message = self._message(
            page, entry, f"catch-up {newest}", "catch-up", "catch_up", note="\n".join(lines)
        )
        return replace(message, posts=tuple(posts))

    def page_of(self, alert: str) -> tuple[Document, Alert]:
        """Return an alert's page as it stands, and the alert. Raises NotFound."""
        found = AlertTable(self.store.db).load(alert)
        return self._alert_page(found)[0], found

    def in_slack(self, alert: str, entry: NotifySettings) -> Mapping[str, Any]:
        """Return an alert's message for a channel as it stands. Raises NotFound."""
        page, found = self.page_of(alert)
        return slack_message(page, self._buttons(entry, found))

    def _buttons(self, entry: NotifySettings, about: Alert | None) -> Mapping[str, Any] | None:
        if about is None or entry.buttons is None:
            return None
        return buttons(entry.name, about, self.language)

    def _alert_page(self, alert: Alert) -> tuple[Document, tuple[Quote, ...]]:
        table = AlertTable(self.store.db)
        quotes = FigureTable(self.store.db).quotes(alert.posts)
        page = compose_alert(
            alert,
            self.language,
            company=self.company,
            timezone=self.timezone,
            quotes=quotes,
            history=table.load_events(alert.id),
            verdicts=table.load_verdicts(alert.id),
            own_steps=self.own_steps,
        )
        return page, quotes

    def _message(
        self,
        page: Document,
        entry: NotifySettings,
        key: str,
        thread: str,
        kind: MessageKind,
        *,
        note: str = "",
        quotes: Sequence[Quote] = (),
        pictures: Mapping[str, bytes] = MappingProxyType({}),
        about: Alert | None = None,
    ) -> Message:
        """Render a page in the forms that the receiver's kind takes, and no others."""
        mail = entry.kind == "smtp"
        word = f"{weather_word(page.weather, self.language)}: " if kind == "digest" else ""
        return Message(
            key=key,
            receiver=entry.name,
            thread=thread,
            kind=kind,
            subject=for_header(word + page.title),
            text=render_text(page) if entry.kind != "slack" else "",
            html=render_html(page, frozenset(pictures)) if mail else "",
            slack=slack_message(page, self._buttons(entry, about)) if entry.kind == "slack" else {},
            pictures=pictures if mail else {},
            posts=tuple(quote.uid for quote in quotes),
            note=for_slack_lines(note),
            urgent=about is not None and about.rule == "storm" and about.level >= URGENT_LEVEL,
        )


def wants(entry: NotifySettings, alert: Alert) -> bool:
    """Whether an alert goes to a receiver: storms by level, other rules unless only storms do."""
    if alert.rule != "storm":
        return entry.min_level <= STORM_ONLY
    return max(alert.level, alert.peak_level) >= entry.min_level


def for_slack_lines(text: str) -> str:
    """Neutralise each line of a note."""
    return "\n".join(for_slack(line) for line in text.splitlines())
