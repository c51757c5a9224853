"""Whether a post concerns the company at all, and whether it is spam: rules with their evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import exp

from models.types import Evidence, ThreadContext

SPAM_FROM = 0.5
_READ_CHARS = 2000


@dataclass(frozen=True, slots=True)
class Judgement:
    """A yes or no with its probability of yes, 0..1, and why."""

    yes: bool
    probability: float
    evidence: Evidence


_SPAM_CUES: dict[str, tuple[str, float]] = {
    "money for nothing": (
        r"(?:earn|make|verdien\w*|gewinn\w*)\b.{0,30}(?:[$€£] ?\d|\d+ ?(?:[$€£]|dollars?|euro)|"
        r"\bmoney\b|\bgeld\b).{0,60}(?:daily|a day|per (?:day|week|hour)|from home|online|pro tag|"
        r"am tag|t[aä]glich|von zu ?hause|passiv)",
        2.6,
    ),
    "crypto or trading": (
        r"\b(?:crypto|krypto|bitcoin|forex|binary options?|nft drop|airdrop|trading signals?|"
        r"invest(?:ment)? (?:platform|plattform)|account manager)\b.{0,120}"
        r"(?:profit|gewinn|dm|telegram|whats ?app|join|contact|kontakt|link|<url>|https?:)",
        2.8,
    ),
    "moved to a messenger": (
        r"(?:whats ?app|telegram|signal)\b.{0,25}(?:\+?\d[\d ()-]{6,}|<number>|@\w+|t\.me|link)|"
        r"(?:text|message|schreib\w*|inbox|dm) (?:me|mich|mir|her|him)? ?"
        r"(?:on|at|auf|per) (?:whats ?app|telegram)",
        1.8,
    ),
    "followers for sale": (
        r"(?:buy|free|kostenlose?|gratis|kaufe?n?|get)\b.{0,20}(?:followers?|likes|subscribers?|"
        r"abonnenten|views)\b|follow (?:for|4) follow|\bf4f\b|\bl4l\b|sub(?:scribe)? ?4 ?sub",
        2.2,
    ),
    "adult or gambling": (
        r"\b(?:onlyfans|nudes?|sexcams?|escort|hot (?:girls|singles)|casino|online ?slots|"
        r"sportwetten|betting tips|viagra|cialis|potenzmittel)\b",
        1.7,
    ),
    "miracle or loan": (
        r"(?:lose|verlier\w*|abnehmen)\b.{0,15}\d+ ?(?:kg|kilos?|pounds?|lbs)|"
        r"(?:loan|kredit|darlehen)\b.{0,40}(?:without|ohne|no credit|schufa|apply now|sofort)|"
        r"spell caster|recover(?:ed)? my (?:funds|account|money).{0,40}(?:thanks|contact|@)",
        2.2,
    ),
    "come and click": (
        r"(?:click|klick\w*|tap|visit|besuch\w*|check ?out|schaut?)\b.{0,20}"
        r"(?:link (?:in|im) (?:my |meinem? )?(?:bio|profile?)|here|hier|this link|my (?:page|"
        r"profile|channel|store)|mein(?:e|en)? (?:profil|kanal|seite|shop))",
        1.2,
    ),
    "urgent bait": (
        r"(?:congratulations|gl[uü]ckwunsch)[^.]{0,40}(?:you(?:'ve| have)? (?:won|been)|"
        r"(?:sie|du) ha(?:ben|st) gewonnen)|(?:limited|nur heute|act now|last chance|100 ?% "
        r"(?:legit|free|kostenlos|sicher|guaranteed|seri[oö]s))",
        1.5,
    ),
}
_CUES = {
    name: (re.compile(pattern, re.DOTALL), weight)  # on lowered text, which is faster
    for name, (pattern, weight) in _SPAM_CUES.items()
}
_LINKS = ("http://", "https://", "www.", "<url>")


def judge_spam(text: str, context: ThreadContext) -> Judgement:
    """Say whether a text is spam: a sum of cues put through the logistic function.

    The company's own posts never are, and one cue alone does not make spam of a post without a
    link. The weights are judgement, not measurement: no public spam set with free terms exists.
    """
    if context.author_role == "company":
        return Judgement(False, 0.01, Evidence(rule="company account"))
    opening = text[:_READ_CHARS].lower()
    found = [
        (name, match.group(0).strip()[:60], weight)
        for name, (pattern, weight) in _CUES.items()
        if (match := pattern.search(opening))
    ]
    links = sum(opening.count(link) for link in _LINKS)
    score = -3.5 + sum(weight for _, _, weight in found)
    score += min(links, 4) * (0.9 if found else 0.15)
    probability = _logistic(score)
    return Judgement(
        probability >= SPAM_FROM,
        probability,
        Evidence(
            rule=found[0][0] if found else None,
            words=tuple((words, weight) for _, words, weight in found[:3]),
        ),
    )


def judge_relevance(text: str, context: ThreadContext) -> Judgement:
    """Say whether a text concerns the company.

    An excluded word (a namesake's) rules it out unless a name of the company stands beside it.
    What was found by search must name the company itself or stand in a thread that does. In the
    company's own places, and where no names are configured, everything is relevant.
    """
    strangers = _find(context.exclude, text)
    if strangers:  # their names may hold the company's own (`Acme Records`)
        text = _pattern(context.exclude).sub(" ", text[:_READ_CHARS])
    names = _find(context.names, text)
    if strangers and not names:
        return Judgement(False, 0.05, Evidence("excluded word", ((strangers[0], -1.0),)))
    if names:
        return Judgement(True, 0.97, Evidence("company named", ((names[0], 1.0),)))
    if context.own or not context.names:
        return Judgement(True, 0.9, Evidence("own place" if context.own else None))
    for post in context.thread:
        if post.role == "company" or _find(context.names, post.text):
            return Judgement(True, 0.85, Evidence("company named in the thread"))
    if context.own is None:
        return Judgement(True, 0.6, Evidence())
    return Judgement(False, 0.2, Evidence("company not named"))


def _find(words: tuple[str, ...], text: str) -> list[str]:
    if not words:
        return []
    return [match.group(0).lower() for match in _pattern(words).finditer(text[:_READ_CHARS])]


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    """Match any of the words whole, also as #tag or @handle and with blanks left out.

    Longest first, so that `Acme Records` (excluded) is not read as `Acme`.
    """
    ordered = sorted((word for word in words if word.strip()), key=len, reverse=True)
    parts = [r"[\s_-]*".join(re.escape(part) for part in word.split()) for word in ordered]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts) or '(?!)'})(?!\w)", re.IGNORECASE)


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x))
