"""Says in two sentences why votes are doubtful, and draws them over time in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from monitor.campaigns.columns import Ints
from monitor.campaigns.words import number, percent
from monitor.types.campaigns import Evidence

BARS = " ▁▂▃▄▅▆▇█"
PICTURE_WIDTH = 48

_AGES = {
    "de": {
        "advance": "wurden erst kurz zuvor auf Vorrat angelegt",
        "recent": "wurden in den Monaten davor angelegt",
        "aged": "sind alte, bisher ungenutzte Konten",
        "fresh": "wurden erst zum Abstimmen angelegt",
    },
    "en": {
        "advance": "were made ahead, shortly before",
        "recent": "were made in the months before",
        "aged": "are old accounts that were idle so far",
        "fresh": "were made on the spot",
    },
}


def explain(
    evidence: Sequence[Evidence], voters: int, share: float, referrers: Mapping[int, str]
) -> dict[str, str]:
    """Return the explanation in German and English: what is odd, and what it means."""
    said = {lang: [_clause(one, lang, referrers) for one in evidence] for lang in ("de", "en")}
    return {
        "de": (
            f"{number(voters, 'de')} Personen, von denen {percent(share, 'de')} der Stimmen dieser "
            f"Idee stammen, fallen auf: {_joined(said['de'], 'und')}. Für sich genommen kann das "
            f"ehrlich sein, zusammen ist es sehr unwahrscheinlich; die Stimmen zählen, bis zwei "
            f"Menschen sie geprüft haben."
        ),
        "en": (
            f"{number(voters, 'en')} people, who gave {percent(share, 'en')} of this idea's votes, "
            f"stand out: {_joined(said['en'], 'and')}. Each of these may be honest, all of them "
            f"together are very unlikely to be; the votes count until two people have looked at "
            f"them."
        ),
    }


def _joined(clauses: Sequence[str], word: str) -> str:
    if len(clauses) < 2:
        return "".join(clauses)
    return f"{'; '.join(clauses[:-1])}; {word} {clauses[-1]}"


def _clause(one: Evidence, lang: str, referrers: Mapping[int, str]) -> str:
    facts = dict(one.facts)
    if one.family == "referrer":
        facts["page"] = referrers.get(int(facts["referrer"]), "?")
    if one.family == "account_age":
        facts["age"] = _AGES[lang][facts["age"]]
    for key in ("share", "usual", "night"):
        if key in facts:
            facts[key] = percent(float(facts[key]), lang)
    variant = one.family
    if 1 in (facts.get("networks"), facts.get("devices")):
        variant = f"{one.family}_one"
    if "meetings" in facts:
        variant = "network_scattered"
    if "mixed" in facts:
        variant = "network_apart"
    if one.family == "regularity":
        variant = next(
            (f"regularity_{key}" for key in ("gap_min", "window_h") if key in facts),
            "regularity_night",
        )
    shown = {key: _figure(value, lang) for key, value in facts.items()}
    return _CLAUSES[lang][variant].format(**shown)


def _figure(value: Any, lang: str) -> str:
    if isinstance(value, int):
        return number(value, lang)
    if isinstance(value, float):
        text = f"{value:g}"
        return text.replace(".", ",") if lang == "de" else text
    return str(value)


_CLAUSES: dict[str, dict[str, str]] = {
    "de": {
        "lockstep": "{people} Personen stimmten bei {ideas} Ideen immer wieder gleichzeitig ab",
        "burst": "{votes} Stimmen kamen binnen {hours} Stunden, wo rund {expected} üblich wären",
        "account_age": "{share} der Konten {age} (sonst {usual})",
        "network": "{people} Personen kommen aus {networks} Netzen, die sonst kaum abstimmen",
        "network_one": "{people} Personen kommen aus einem Netz, das sonst kaum abstimmt",
        "network_scattered": (
            "kaum zwei der {people} Personen kommen aus demselben Netz ({meetings} Paare, üblich "
            "wären {expected})"
        ),
        "network_apart": (
            "von {people} Personen kommen nur {mixed} aus Netzen, die auch andere nutzen (sonst "
            "{usual})"
        ),
        "device": "{people} Personen teilen sich {devices} Geräte, die von Netz zu Netz springen",
        "device_one": "{people} Personen teilen sich ein Gerät, das von Netz zu Netz springt",
        "referrer": "{people} Personen kamen über {page}, das sonst kaum jemanden schickt",
        "regularity_gap_min": "die Stimmen kommen im Takt von rund {gap_min} Minuten",
        "regularity_window_h": (
            "je {window_h} Stunden kommen fast genau {mean} Stimmen, gleichmäßiger als der Zufall"
        ),
        "regularity_night": (
            "{night} der Stimmen kommen nachts, {days} Tage lang rund um die Uhr (sonst {usual})"
        ),
        "one_idea": "{share} stimmten für nichts anderes (sonst {usual})",
        "recast": "{people} Personen zogen ihre Stimme zurück, zusammen {times}-mal",
    },
    "en": {
        "lockstep": "{people} people voted at the same times, again and again, on {ideas} ideas",
        "burst": "{votes} votes came within {hours} hours, where about {expected} would be usual",
        "account_age": "{share} of the accounts {age} (elsewhere {usual})",
        "network": "{people} people come from {networks} networks that hardly vote otherwise",
        "network_one": "{people} people come from one network that hardly votes otherwise",
        "network_scattered": (
            "hardly two of {people} people share a network ({meetings} pairs, usual would be "
            "{expected})"
        ),
        "network_apart": (
            "of {people} people only {mixed} come from networks that others use as well "
            "(elsewhere {usual})"
        ),
        "device": "{people} people share {devices} devices that hop from network to network",
        "device_one": "{people} people share one device that hops from network to network",
        "referrer": "{people} people came through {page}, which sends hardly anybody else",
        "regularity_gap_min": "the votes come like clockwork, about every {gap_min} minutes",
        "regularity_window_h": (
            "every {window_h} hours bring almost exactly {mean} votes, more evenly than chance"
        ),
        "regularity_night": (
            "{night} of the votes come by night, around the clock for {days} days "
            "(elsewhere {usual})"
        ),
        "one_idea": "{share} voted for nothing else (elsewhere {usual})",
        "recast": "{people} people withdrew their vote, {times} times in all",
    },
}


def picture(at: Ints, expected: Sequence[float] = ()) -> str:
    """Draw votes over time as a line of bars; below each other: seen and (dots) expected.

    `expected` has one value a bar, in votes, or is empty.
    """
    if not len(at):
        return ""
    edges = np.linspace(int(at.min()), int(at.max()) + 1, PICTURE_WIDTH + 1)
    seen = np.histogram(at, edges)[0].astype(float)
    most = max(float(seen.max()), max(expected, default=0.0), 1.0)
    line = _bars(seen, most)
    if not len(expected):
        return line
    return f"{line}\n  {_bars(np.asarray(expected, dtype=float), most)}"


def _bars(values: np.ndarray, most: float) -> str:
    levels = np.ceil(values / most * (len(BARS) - 1)).astype(int)
    return "".join(BARS[level] for level in levels)


def edges_of(at: Ints) -> np.ndarray:
    """Return the borders (ms) of the bars of `picture`."""
    return np.linspace(int(at.min()), int(at.max()) + 1, PICTURE_WIDTH + 1)
