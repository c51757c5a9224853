"""What an alert does not know, what ends it and what to do, in the reader's language."""

from __future__ import annotations

from monitor.alerts.playbook import OwnSteps, steps
from monitor.locale.language import Language
from monitor.types.alerts import Alert, Part


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
        alert.rule,
        language.say("It ends when the numbers stay near the usual for some hours of daytime."),
    )


def actions(alert: Alert, language: Language, own_steps: OwnSteps | None = None) -> tuple[str, ...]:
    """Return at most three things to do now, the first first; in a storm from the playbook."""
    show = language.say("See the posts: sturmglas alerts show {id}", id=alert.id)
    own = language.say("Say that you have it: sturmglas ack {id} --by NAME", id=alert.id)
    if alert.rule == "storm":
        return (own, *steps(alert.level, language.code, own_steps)[:2])
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
