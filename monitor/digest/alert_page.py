"""An alert as a page: headline, why, parts, quotes, what is not known, who has it, what to do.

The order is the same in Slack, mail and terminal, because they all render this page.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from monitor.alerts.playbook import OwnSteps
from monitor.alerts.wording import about, context_words, reason
from monitor.digest.alert_words import actions, ending, unknown_phrase
from monitor.digest.document import Block, Bullets, Document, Heading, Pairs, Quotation, Span, Tone
from monitor.digest.names import rule_phrase, state_name, verdict_phrase
from monitor.digest.safe import masked, one_line, web_address
from monitor.digest.topics import pick_different
from monitor.locale.language import Language
from monitor.types.alerts import Alert, Verdict
from monitor.types.digest import Quote

QUOTES = 3
QUOTE_LENGTH = 240


def headline(alert: Alert, company: str, language: Language) -> str:
    """Return state, matter and brand: the state is a word, not only a colour."""
    level = alert.level if alert.open else max(alert.peak_level, alert.level)
    matter = rule_phrase(alert.rule, alert.source, level, language)
    parts = (state_name(alert.state, language).upper(), matter, company)
    return " · ".join(part for part in parts if part) + masked(about(alert, language.code))


def why(alert: Alert, language: Language) -> str:
    """Say in one sentence what is unusual, with what is usual: the heaviest two parts."""
    return "; ".join(reasons(alert, language)[:2])


def reasons(alert: Alert, language: Language) -> list[str]:
    """Return what each part says that carries the alert, the heaviest first."""
    carrying = [part for part in alert.parts if part.weight > 0 and part.value is not None]
    ranked = sorted(carrying, key=lambda part: -part.weight)
    return [reason(part, language.code) for part in ranked]


def compose_alert(
    alert: Alert,
    language: Language,
    *,
    company: str,
    timezone: str,
    quotes: Sequence[Quote] = (),
    history: Sequence[tuple[datetime, str, int, str]] = (),
    verdicts: Sequence[Verdict] = (),
    own_steps: OwnSteps | None = None,
) -> Document:
    """Return the message about an alert as it stands. `history` are its events, oldest first."""
    say = language.say
    lead = why(alert, language) if alert.open else _looking_back(alert, language)
    tone: Tone = "bad" if alert.open else "good"
    blocks: list[Block] = []
    parts = reasons(alert, language)
    if parts and alert.open:
        blocks += [Heading(say("What it rests on")), Bullets(tuple((Span(p),) for p in parts))]
    told = pick_quotes(quotes)
    if told:
        blocks.append(Heading(say("Voices")))
        blocks += [_quotation(quote, language, timezone) for quote in told]
    rows = [(say("Not known"), (Span(_unknown(alert, language)),))]
    rows.append((say("Who has it"), (Span(_owner(verdicts, language, timezone)),)))
    if alert.context:
        rows.append((say("Context"), (Span("; ".join(context_words(alert, language.code))),)))
    if alert.open:
        rows.append((say("End"), (Span(ending(alert, language)),)))
    if len(history) > 1:
        steps = [f"{language.moment(at, timezone)} {state_name(state, language)} ({level})"
                 for at, _event, level, state in history[-6:]]  # fmt: skip
        rows.append((say("So far"), (Span(" → ".join(steps)),)))
    blocks += [Heading(""), Pairs(tuple(rows))]
    if alert.open:
        todo = tuple((Span(action),) for action in actions(alert, language, own_steps))
        blocks += [Heading(say("To do")), Bullets(todo)]
    return Document(
        language=language.code,
        title=headline(alert, company, language),
        weather="act" if alert.open else "quiet",
        lead=(Span(lead or rule_phrase(alert.rule, alert.source, alert.level, language), tone),),
        blocks=tuple(blocks),
        footer=say("Alert {id}, since {time}", id=alert.id,
                   time=language.moment(alert.opened_at, timezone)),
    )  # fmt: skip


def pick_quotes(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Return at most three voices of different authors, those most agreed with first."""
    told = [quote for quote in quotes if quote.text]
    return pick_different(sorted(told, key=lambda q: (-(q.likes or 0), q.uid)), QUOTES)


def _quotation(quote: Quote, language: Language, timezone: str) -> Quotation:
    place = quote.source
    if quote.created_at is not None:
        place += f", {language.moment(quote.created_at, timezone)}"
    text = language.quoted(one_line(masked(quote.text), QUOTE_LENGTH))
    return Quotation(text, place, web_address(quote.url))


def _unknown(alert: Alert, language: Language) -> str:
    gaps = [phrase for part in alert.parts if (phrase := unknown_phrase(part, language))]
    return ", ".join(gaps) or language.say("nothing that this alert needs")


def _owner(verdicts: Sequence[Verdict], language: Language, timezone: str) -> str:
    """Say who took it on, or else what was said of it last."""
    nameless = language.say("somebody who gave no name")
    taken = [verdict for verdict in verdicts if verdict.verdict == "ack"]
    if taken:
        return taken[-1].by or nameless
    if not verdicts:
        return language.say("nobody yet")
    phrase = verdict_phrase(verdicts[-1], language, timezone)
    return language.say("nobody yet") + f" ({verdicts[-1].by or nameless}: {phrase})"


def _looking_back(alert: Alert, language: Language) -> str:
    length = ((alert.closed_at or alert.updated_at) - alert.opened_at).total_seconds()
    return language.say(
        "Over after {duration}; peak: level {level}, {size} posts; in all {total} posts. "
        "Post-mortem: sturmglas alerts review {id}",
        duration=language.duration(length),
        level=max(alert.peak_level, alert.level),
        size=language.number(alert.peak_size),
        total=language.number(alert.total),
        id=alert.id,
    )
