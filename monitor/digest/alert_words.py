"""What the parts of an alert say, what ends it and what to do, in the reader's language."""

from __future__ import annotations

from monitor.locale.language import Language
from monitor.types.alerts import Alert, Part

SHARES = frozenset(
    {
        "negative_share",
        "new_authors",
        "calls_to_act",
        "slogan",
        "removal_talk",
        "hostile_tone",
        "negative_among_removed",
    }
)
"""Parts whose values are shares 0..1."""

THRESHOLDS = frozenset({"new_authors", "calls_to_act", "slogan", "removal_talk", "reach"})
"""Parts beside which stands what they must exceed, not what is usual."""


def part_phrase(part: Part, language: Language) -> str | None:
    """Say one part with what is usual; None for parts that only statisticians read."""
    if part.value is None:
        return None
    value = _figure(part.part, part.value, language)
    phrases = {
        "volume": language.say("{value} critical voices", value=value),
        "negative_share": language.say("{value} negative", value=value),
        "new_authors": language.say("{value} were never seen here before", value=value),
        "platforms": language.say("on {value} platforms", value=value),
        "press": language.say("{value} press reports", value=value),
        "calls_to_act": language.say("{value} call for action", value=value),
        "slogan": language.say("{value} share a slogan", value=value),
        "removal_talk": language.say("{value} speak of removed posts", value=value),
        "removed_criticism": language.say("{value} critical posts were removed", value=value),
        "hostile_tone": language.say("{value} are hostile", value=value),
        "reach": language.say("one author has {value} followers", value=value),
        "engagement_rate": language.say("engagement rate {value} %", value=value),
        "interactions": language.say("{value} likes and comments", value=value),
        "posts_1h": language.say("{value} posts in an hour", value=value),
        "posts_6h": language.say("{value} posts in six hours", value=value),
        "critical_voices": language.say("{value} critical voices", value=value),
        "quiet_hours": language.say("nothing for {value} hours", value=value),
        "failing_hours": language.say("failing for {value} hours", value=value),
        "expected_posts": language.say("{value} posts arrived", value=value),
        "overdue": language.say("{value} items are overdue", value=value),
        "open": language.say("{value} items are open", value=value),
        "negative_among_removed": language.say("{value} of what was removed is critical",
                                               value=value),
    }  # fmt: skip
    phrase = phrases.get(part.part)
    if phrase is None or part.baseline is None or part.part in THRESHOLDS:
        return phrase
    usual = language.say("usual: {value}", value=_figure(part.part, part.baseline, language))
    return f"{phrase} ({usual})"


def unknown_phrase(part: Part, language: Language) -> str | None:
    """Say what is missing where a part has no value."""
    phrases = {
        "new_authors": language.say("who is new here (too little history)"),
        "reach": language.say("how many followers the authors have"),
        "press": language.say("whether the press reports"),
    }
    return phrases.get(part.part) if part.value is None else None


def ending(alert: Alert, language: Language) -> str:
    """Say what would end an alert."""
    phrases = {
        "source_failed": language.say("It ends with the first successful look."),
        "source_silent": language.say("It ends with the next post."),
        "queue_overdue": language.say("It ends when nothing is overdue."),
        "campaign_suspicion": language.say("It ends when each finding is decided."),
        "rules_changed": language.say("It ends when the change is explained."),
    }
    return phrases.get(
        alert.rule, language.say("It ends when the numbers stay near the usual for three hours.")
    )


def actions(alert: Alert, language: Language) -> tuple[str, ...]:
    """Return at most three things to do now, the first first."""
    show = language.say("See the posts: sturmglas alerts show {id}", id=alert.id)
    own = language.say("Say that you have it: sturmglas ack {id} --by NAME", id=alert.id)
    if alert.rule == "storm":
        if alert.level >= 5:
            first = language.say(
                "Call the crisis lead: one voice, a public word on the state every hour."
            )
        elif alert.level >= 4:
            first = language.say("Explain in public, apologise where we are at fault, pin it.")
        else:
            first = language.say("Answer in one public place, calmly and with facts; pin it.")
        keep = language.say("Remove nothing but what is illegal, and note each removal.")
        return (own, first, keep)
    phrases = {
        "criticism_removed": language.say("Check who removed it and why; restore what was civil."),
        "sentiment_spike": language.say("Read the quotes; answer the one that most agree with."),
        "volume_spike": language.say("Find out what set it off; it need not be bad."),
        "engagement_high": language.say("Read the comments while people are there."),
        "engagement_low": language.say("Look whether the post is shown at all."),
        "source_failed": language.say("Look at the source: sturmglas doctor"),
        "source_silent": language.say("Look at the source: sturmglas doctor"),
        "queue_overdue": language.say("Work off the oldest: sturmglas queue"),
        "campaign_suspicion": language.say("Read the findings: sturmglas campaign audit NAME"),
        "rules_changed": language.say("Explain the change in public, or take it back."),
    }
    return (own, phrases[alert.rule], show)[: 3 if alert.posts else 2]


def _figure(part: str, value: float, language: Language) -> str:
    if part in SHARES:
        return language.percent(100 * value)
    return language.number(value, 0 if float(value).is_integer() or value >= 10 else 1)
