"""Headlines and reasons of alerts, German and English: pure functions of the alert.

Sources, subjects and names of events are quoted as they are; whoever shows the text neutralises
what it could mean there (terminal, HTML, Slack).
"""

from __future__ import annotations

from datetime import timedelta

from monitor.alerts.settings import USUAL_WINDOW
from monitor.types.alerts import Alert, Part

LEVEL_NAMES = {
    "de": (
        "Windstille",
        "leiser Zug",
        "schwache Brise",
        "frische Brise",
        "starker Wind",
        "Sturm",
        "Orkan",
    ),
    "en": (
        "calm",
        "light air",
        "gentle breeze",
        "fresh breeze",
        "strong wind",
        "storm",
        "hurricane",
    ),
}
"""Names of the levels after Graf and Schwede (2012); the English ones are ours."""

STATES = {
    "de": {
        "new": "neu",
        "rising": "nimmt zu",
        "peak": "am Höhepunkt",
        "falling": "flaut ab",
        "over": "vorbei",
    },
    "en": {
        "new": "new",
        "rising": "rising",
        "peak": "at its peak",
        "falling": "falling",
        "over": "over",
    },
}

_HEADLINES = {
    "de": {
        "storm": "Shitstorm Stufe {level} ({name}), {state}: {voices}{about}",
        "volume_spike": "{source}: ungewöhnlich viele Beiträge ({posts_6h} in 6 Stunden)",
        "sentiment_spike": "{source}: die Stimmung kippt ({negative_share} negativ)",
        "engagement_high": "{source}: ein Beitrag läuft ungewöhnlich gut ({resonance})",
        "engagement_low": "{source}: ein Beitrag findet kaum Resonanz ({resonance})",
        "criticism_removed": "{source}: {removed_criticism} sachliche Kritiken wurden entfernt",
        "source_silent": "{source}: seit {quiet_hours} Stunden kein Beitrag",
        "source_failed": "{source}: Abruf scheitert seit {failing_hours} Stunden",
        "queue_overdue": "Warteschlange {subject}: {overdue} Einträge sind überfällig",
        "campaign_suspicion": "Kampagne {subject}: auffällige Stimmen",
        "rules_changed": "Kampagne {subject}: Regeln weichen von den veröffentlichten ab",
    },
    "en": {
        "storm": "Shitstorm level {level} ({name}), {state}: {voices}{about}",
        "volume_spike": "{source}: unusually many posts ({posts_6h} in 6 hours)",
        "sentiment_spike": "{source}: the mood is turning ({negative_share} negative)",
        "engagement_high": "{source}: a post does unusually well ({resonance})",
        "engagement_low": "{source}: a post finds hardly any response ({resonance})",
        "criticism_removed": "{source}: {removed_criticism} civil critical posts were removed",
        "source_silent": "{source}: no post for {quiet_hours} hours",
        "source_failed": "{source}: fetching has failed for {failing_hours} hours",
        "queue_overdue": "Queue {subject}: {overdue} items are overdue",
        "campaign_suspicion": "Campaign {subject}: doubtful votes",
        "rules_changed": "Campaign {subject}: the rules differ from those published",
    },
}

_REASONS = {
    "de": {
        "volume": "{value} verschiedene kritische Stimmen{span}, üblich sind {baseline}",
        "negative_share": "{value} sind negativ, üblich sind {baseline}",
        "critical_voices": "{value} verschiedene kritische Stimmen{span}",
        "new_authors": "{value} der Kritiker schreiben zum ersten Mal",
        "platforms": "die Kritik kommt auf {value} Plattformen",
        "matter": "{value} der Kritiker teilen dieselben Worte, üblich sind {baseline}{about}",
        "press": "{value} Medien berichten",
        "calls_to_act": "{value} rufen zum Handeln auf (Boykott, Petition, Weitersagen)",
        "slogan": "{value} verwenden dasselbe Schlagwort",
        "removal_talk": "{value} schreiben über gelöschte Kommentare",
        "removed_criticism": "{value} sachliche Kritiken wurden entfernt",
        "negative_among_removed": "{value} des Entfernten war Kritik, sonst {baseline}",
        "hostile_tone": "{value} sind feindselig im Ton, üblich sind {baseline}",
        "reach": "ein Kritiker hat {value} Follower",
        "posts_1h": "{value} Beiträge in der letzten Stunde, üblich sind {baseline}",
        "posts_6h": "{value} in sechs Stunden, üblich sind {baseline}",
        "buildup": "seit vielen Stunden mehr als sonst; in Summe kommt das an einem von {days} "
        "gewöhnlichen Tagen vor",
        "rarity": "weiter über dem üblichen Tageshoch als an einem von {days} gewöhnlichen Tagen",
        "surprise": "durch Zufall käme das einmal in {odds} Fällen vor",
        "engagement_rate": "Engagement {value}, üblich sind in diesem Alter {baseline}",
        "interactions": "{value} Reaktionen, zu erwarten waren {baseline}",
        "age_hours": "der Beitrag ist {value} Stunden alt",
        "quiet_hours": "seit {value} Stunden ist nichts gekommen",
        "expected_posts": "zu erwarten waren {baseline} Beiträge",
        "failing_hours": "seit {value} Stunden kein erfolgreicher Abruf",
        "overdue": "{value} Einträge über der Frist",
        "open": "{value} Einträge offen",
    },
    "en": {
        "volume": "{value} different critical voices{span}, usual are {baseline}",
        "negative_share": "{value} are negative, usual are {baseline}",
        "critical_voices": "{value} different critical voices{span}",
        "new_authors": "{value} of the critics write for the first time",
        "platforms": "the criticism comes on {value} platforms",
        "matter": "{value} of the critics share the same words, usual are {baseline}{about}",
        "press": "{value} media report",
        "calls_to_act": "{value} call to act (boycott, petition, pass it on)",
        "slogan": "{value} use the same hashtag",
        "removal_talk": "{value} write about deleted comments",
        "removed_criticism": "{value} civil critical posts were removed",
        "negative_among_removed": "{value} of what was removed was criticism, else {baseline}",
        "hostile_tone": "{value} are hostile in tone, usual are {baseline}",
        "reach": "one critic has {value} followers",
        "posts_1h": "{value} posts in the last hour, usual are {baseline}",
        "posts_6h": "{value} in six hours, usual are {baseline}",
        "buildup": "more than usual for many hours; in sum so on one of {days} ordinary days",
        "rarity": "farther above the usual daily peak than on one of {days} ordinary days",
        "surprise": "by chance this would happen once in {odds} cases",
        "engagement_rate": "engagement {value}, usual at this age is {baseline}",
        "interactions": "{value} reactions, to be expected were {baseline}",
        "age_hours": "the post is {value} hours old",
        "quiet_hours": "nothing came for {value} hours",
        "expected_posts": "{baseline} posts were to be expected",
        "failing_hours": "no successful fetch for {value} hours",
        "overdue": "{value} items past their goal",
        "open": "{value} items open",
    },
}

_ONE = {
    "de": {
        "volume": "1 kritische Stimme{span}, üblich sind {baseline}",
        "critical_voices": "1 kritische Stimme{span}",
        "press": "1 Medium berichtet",
        "interactions": "1 Reaktion, zu erwarten waren {baseline}",
        "overdue": "1 Eintrag über der Frist",
        "open": "1 Eintrag offen",
    },
    "en": {
        "volume": "1 critical voice{span}, usual are {baseline}",
        "critical_voices": "1 critical voice{span}",
        "press": "1 medium reports",
        "interactions": "1 reaction, to be expected were {baseline}",
        "overdue": "1 item past its goal",
        "open": "1 item open",
    },
}
"""Reasons whose grammar changes where the value is one."""

_VOICES = {
    "de": ("{size} kritische Stimmen{span}", "1 kritische Stimme{span}"),
    "en": ("{size} critical voices{span}", "1 critical voice{span}"),
}
_SPANS = {
    "de": (" in {hours} Stunden", " in einer Stunde"),
    "en": (" in {hours} hours", " in one hour"),
}
_ABOUT = {"de": "; es geht um: {words}", "en": "; it is about: {words}"}
_RESONANCE = {
    "de": "{interactions} Reaktionen statt {expected}",
    "en": "{interactions} reactions instead of {expected}",
}

_SHARES = frozenset(
    {
        "negative_share",
        "new_authors",
        "matter",
        "calls_to_act",
        "slogan",
        "removal_talk",
        "hostile_tone",
        "negative_among_removed",
    }
)
_WITHOUT_AUTHORS = {
    "de": "wer neu ist, lässt sich hier nicht sagen (Verfasser unbekannt oder zu kurz beobachtet)",
    "en": "who is new cannot be told here (authors unknown, or watched for too short a time)",
}
_CONTEXT = {
    "de": {"event": "bekanntes Ereignis: {}", "post": "eigener Beitrag davor: {}"},
    "en": {"event": "known event: {}", "post": "own post before it: {}"},
}


def headline(alert: Alert, lang: str) -> str:
    """Return one line that says what is the matter, in `de` or `en`."""
    words = {part.part: _value(part, part.value, lang) for part in alert.parts}
    template = _HEADLINES[lang][alert.rule]
    return template.format_map(
        _Known(
            words,
            level=str(alert.level),
            name=LEVEL_NAMES[lang][alert.level],
            state=STATES[lang][alert.state],
            voices=_voices(alert.size, lang),
            about=about(alert, lang),
            resonance=_resonance(alert, lang),
            source=alert.source or "",
            subject=alert.subject or "",
        )
    )


def why(alert: Alert, lang: str) -> str:
    """Return the reasons, the heaviest first, and what may explain them: one line."""
    reasons = [
        reason(part, lang)
        for part in sorted(alert.parts, key=lambda part: -part.weight)
        if part.weight > 0 and part.value is not None
    ]
    if any(part.part == "new_authors" and part.value is None for part in alert.parts):
        reasons.append(_WITHOUT_AUTHORS[lang])
    return "; ".join([*reasons, *context_words(alert, lang)])


def context_words(alert: Alert, lang: str) -> list[str]:
    """Return what may explain an alert: known events and own posts of that time."""
    return [
        _CONTEXT[lang][kind].format(name)
        for kind, _, name in (entry.partition(":") for entry in alert.context)
    ]


def reason(part: Part, lang: str) -> str:
    """Return what one part says."""
    template = _REASONS[lang].get(part.part, "{value}")
    if part.value == 1:
        template = _ONE[lang].get(part.part, template)
    days = odds = ""
    if part.part in ("rarity", "buildup") and part.value is not None:
        from monitor.alerts.volume import return_period_days

        days = _number(min(return_period_days(part.value), 10_000.0), lang)
    if part.part == "surprise" and part.value is not None:
        odds = _number(10 ** min(part.value, 9.0), lang)
    return template.format(
        value=_value(part, part.value, lang),
        baseline=_value(part, part.baseline, lang),
        days=days,
        odds=odds,
        span=_span(part.hours, lang),
        about=_about(part.words, lang),
    )


def about(alert: Alert, lang: str) -> str:
    """Return what the critics speak of, in their words, to be put behind a headline, or ""."""
    words = next((part.words for part in alert.parts if part.part == "matter"), ())
    return _about(words, lang)


def _about(words: tuple[str, ...], lang: str) -> str:
    return _ABOUT[lang].format(words=", ".join(words)) if words else ""


def _voices(size: int, lang: str) -> str:
    """Say how many critical voices the usual window holds, and how long that is."""
    many, one = _VOICES[lang]
    span = _span(USUAL_WINDOW / timedelta(hours=1), lang)
    return (one if size == 1 else many).format(size=_number(size, lang), span=span)


def _span(hours: float | None, lang: str) -> str:
    if hours is None:
        return ""
    many, one = _SPANS[lang]
    return one if hours == 1 else many.format(hours=_number(hours, lang))


def _resonance(alert: Alert, lang: str) -> str:
    """Say reactions beside those to be expected: a rate of followers is often next to nothing."""
    for part in alert.parts:
        if part.part == "interactions" and part.value is not None and part.baseline is not None:
            return _RESONANCE[lang].format(
                interactions=_number(part.value, lang), expected=_number(part.baseline, lang)
            )
    return "?"


def _value(part: Part, value: float | None, lang: str) -> str:
    if value is None:
        return "unbekannt" if lang == "de" else "unknown"
    if part.part in _SHARES:
        return _percent(100 * value, 0, lang)
    if part.part == "engagement_rate":
        return _percent(value, 1 if value >= 0.1 or value == 0 else 3, lang)
    return _number(value, lang)


def _number(value: float, lang: str) -> str:
    """Write a number as people do: no needless digits, thousands set apart."""
    digits = 1 if 0 < abs(value) < 10 and value != int(value) else 0
    text = f"{value:,.{digits}f}"
    return text if lang == "en" else text.translate(_SWAP)


def _percent(value: float, digits: int, lang: str) -> str:
    text = f"{value:,.{digits}f}"
    return f"{text}%" if lang == "en" else f"{text.translate(_SWAP)} %"


_SWAP = str.maketrans(",.", ".,")


class _Known(dict[str, str]):
    """Words for a headline; a part that is missing reads as unknown, not as an error."""

    def __init__(self, words: dict[str, str], **more: str) -> None:
        super().__init__(words | more)

    def __missing__(self, key: str) -> str:
        return "?"
