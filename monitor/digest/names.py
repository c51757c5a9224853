"""What codes are called: labels, rules, states, reasons, in the reader's language."""

from __future__ import annotations

from monitor.alerts.wording import headline
from monitor.locale.language import Language
from monitor.types.alerts import Alert, Verdict
from monitor.types.digest import Period, Reason, UsualBy


def weather_word(weather: str, language: Language) -> str:
    """Name the weather: a word, so that no colour is needed."""
    words = {
        "quiet": language.say("QUIET"),
        "watch": language.say("WATCH"),
        "act": language.say("ACT"),
    }
    return words[weather]


def initiator_name(initiator: str, language: Language) -> str:
    """Name who set a post off."""
    names = {
        "company": language.say("Company"),
        "customer": language.say("Customers"),
        "third_party": language.say("Third parties"),
    }
    return names[initiator]


def kind_name(kind: str, language: Language) -> str:
    """Name a kind of engagement."""
    names = {
        "supply": language.say("Supply"),
        "demand": language.say("Demand"),
        "activity": language.say("Activity"),
    }
    return names[kind]


def label_name(label: str, language: Language) -> str:
    """Name one of the labels that a classifier gives."""
    names = {
        "sentiment": language.say("mood"),
        "initiator": language.say("initiator"),
        "kind": language.say("kind"),
    }
    return names[label]


def band_name(band: str | None, language: Language) -> str:
    """Say what an engagement rate is worth."""
    names = {
        "low": language.say("low"),
        "good": language.say("good"),
        "high": language.say("high"),
        "unclear": language.say("too few to tell"),
    }
    return names[band] if band else language.say("unknown")


def state_name(state: str, language: Language) -> str:
    """Say how a matter stands."""
    names = {
        "new": language.say("new"),
        "rising": language.say("rising"),
        "peak": language.say("at its peak"),
        "falling": language.say("falling"),
        "over": language.say("over"),
    }
    return names[state]


def status_name(status: str, language: Language) -> str:
    """Say how far an idea came."""
    names = {
        "submitted": language.say("submitted"),
        "in_review": language.say("in review"),
        "answered": language.say("answered"),
        "planned": language.say("planned"),
        "in_progress": language.say("in progress"),
        "launched": language.say("launched"),
        "declined": language.say("declined"),
        "joined": language.say("joined with another one"),
    }
    return names[status]


def voice_reason(code: str, language: Language) -> str:
    """Say why an open post is worth answering first."""
    names = {
        "complaint": language.say("complaint"),
        "question": language.say("question"),
        "agreed": language.say("many agree"),
        "reach": language.say("many followers"),
        "waiting": language.say("has waited long"),
        "idea": language.say("brings an idea"),
    }
    return names[code]


def rule_phrase(rule: str, source: str | None, level: int, language: Language) -> str:
    """Say in a few words what an alert of a rule means."""
    place = source or language.say("all sources")
    phrases = {
        "storm": language.say("storm at level {level} of 6", level=level),
        "criticism_removed": language.say("criticism was removed: {place}", place=place),
        "sentiment_spike": language.say("unusually many negative posts: {place}", place=place),
        "volume_spike": language.say("unusually many posts: {place}", place=place),
        "engagement_high": language.say("unusually high engagement: {place}", place=place),
        "engagement_low": language.say("unusually low engagement: {place}", place=place),
        "source_failed": language.say("cannot be read: {place}", place=place),
        "source_silent": language.say("has gone silent: {place}", place=place),
        "queue_overdue": language.say("moderation is overdue"),
        "campaign_suspicion": language.say("doubtful votes in a campaign"),
        "rules_changed": language.say("rules of a running campaign were changed"),
    }
    return phrases[rule]


def verdict_phrase(verdict: Verdict, language: Language, timezone: str) -> str:
    """Say what a person said of an alert."""
    if verdict.verdict == "snooze" and verdict.until is not None:
        return language.say("quiet until {time}", time=language.moment(verdict.until, timezone))
    words = {
        "ack": language.say("is on it"),
        "snooze": language.say("quiet for a while"),
        "noise": language.say("was noise"),
        "useful": language.say("was useful"),
    }
    return words[verdict.verdict]


def alert_phrase(alert: Alert, language: Language) -> str:
    """Say what an alert is about and how it stands."""
    if alert.open:
        told = headline(alert, language.code)
        # Storms say it themselves.
        return told if alert.rule == "storm" else f"{told} ({state_name(alert.state, language)})"
    matter = rule_phrase(alert.rule, alert.source, alert.peak_level, language)
    return f"{matter} ({state_name(alert.state, language)})"


def reason_phrase(reason: Reason, language: Language) -> str:
    """Say one reason of the weather."""
    facts = reason.facts
    if reason.code == "alert":
        matter = rule_phrase(
            str(facts["rule"]), str(facts["source"]) or None, int(facts["level"]), language
        )
        return f"{matter} ({state_name(str(facts['state']), language)})"
    if reason.code == "storm_over":
        return language.say("a storm of level {level} is over", level=facts["level"])
    if reason.code == "storm_level":
        return language.say("criticism keeps coming (level {level} of 6)", level=facts["level"])
    if reason.code == "mood":
        return language.say(
            "{share} of the posts are negative, up from {before}",
            share=language.percent(100 * float(facts["share"])),
            before=language.percent(100 * float(facts["before"])),
        )
    if reason.code in ("volume", "silence"):
        return language.say(
            "{posts} posts instead of the usual {usual}",
            posts=language.number(int(facts["posts"])),
            usual=language.number(float(facts["usual"])),
        )
    if reason.code == "gap":
        return language.say(
            "only {share} of the time was seen: {source}",
            share=language.percent(100 * float(facts["coverage"])),
            source=facts["source"],
        )
    if reason.code == "queue_overdue":
        count = int(facts["n"])
        return language.say_n(
            "{n} item of the moderation queue is overdue",
            "{n} items of the moderation queue are overdue",
            count,
        )
    phrases = {
        "nothing": language.say("no alert is open and nothing stands out"),
        "no_posts": language.say("no post of this time is stored"),
        "source_failing": language.say("cannot be read: {place}", place=facts.get("source", "")),
        "ledger_broken": language.say(
            "the vote ledger of {campaign} is broken", campaign=facts.get("campaign", "")
        ),
    }
    return phrases[reason.code]


def phase_name(phase: str, language: Language) -> str:
    """Name a phase; words of the user's own model stay as they are."""
    names = {
        "": language.say("(no phase)"),
        "activation": language.say("Activation"),
        "information": language.say("Information"),
        "action": language.say("Action"),
        "retention": language.say("Retention"),
    }
    return names.get(phase, phase)


def period_name(period: Period, language: Language) -> str:
    """Name a period as people say it."""
    first, last = period.first_day, period.last_day
    if period.kind == "day":
        return language.day(first)
    if period.kind == "month":
        return language.month(first)
    span = f"{language.short_day(first)} – {language.short_day(last)} {last.year}"
    if period.kind == "week":
        return language.say("week {n}, {span}", n=first.isocalendar().week, span=span)
    return span


def before_name(period: Period, language: Language) -> str:
    """Name the period that a number is compared with."""
    names = {
        "day": language.say("the day before"),
        "week": language.say("the week before"),
        "month": language.say("the month before"),
        "days": language.say("as many days before"),
    }
    return names[period.kind]


def usual_name(period: Period, usual_by: UsualBy, language: Language) -> str:
    """Name what is usual for such a period."""
    if usual_by == "days":
        return language.say("the week's days")
    if usual_by == "weekday":
        return language.say("usual {weekday}", weekday=language.weekday(period.first_day))
    return language.say("usual")
