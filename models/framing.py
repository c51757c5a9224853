"""How an utterance is put to a model: facts as tokens, its thread as a second text."""

from __future__ import annotations

from dataclasses import dataclass

from models.cues import find_cues
from models.rules import Ruling, find_parent, rule_initiator
from models.text import clean
from models.types import ThreadContext, Utterance

PARENT_CHARS, ROOT_CHARS = 160, 80
"""What of the parent and the root is read: enough to see the matter, short enough to be cheap."""

_PLACES = {
    "review": ("review", "trustpilot", "google", "yelp", "tripadvisor", "app_store", "app store"),
    "board": ("uservoice", "idea", "board", "canny", "github"),
    "tweets": ("twitter", "x", "mastodon", "bluesky", "threads"),
    "page": ("facebook", "instagram", "youtube", "linkedin", "tiktok"),
    "forum": ("reddit", "forum", "discourse", "lemmy", "hackernews", "stackexchange"),
    "press": ("web", "rss", "news", "blog"),
}


@dataclass(frozen=True, slots=True)
class Framed:
    """What a model reads: the cleaned text, facts as tokens, and the context in words (or '')."""

    text: str
    facts: tuple[str, ...]
    context: str


def frame(utterance: Utterance) -> Framed:
    """Return the view of an utterance that every model of this package is trained on."""
    context = utterance.context
    text = clean(utterance.text)
    facts = [f"cue={cue}" for cue in find_cues(text)]
    if context.author_role:
        facts.append(f"role={context.author_role}")
    place = find_place(context.platform)
    if place:
        facts.append(f"place={place}")
    ruling = rule_initiator(utterance)
    facts.append(f"rule={ruling.rule if ruling else 'none'}")
    parent = find_parent(context)
    if parent is not None:
        facts.append(f"parent={parent.role}")
        facts.append(f"root={context.thread[0].role}")
    return Framed(text, tuple(facts), _frame_context(context, place, ruling))


def find_place(platform: str | None) -> str | None:
    """Return the kind of place that a platform is; None where the name tells nothing."""
    if not platform:
        return None
    name = platform.lower()
    exact = next((place for place, names in _PLACES.items() if name in names), None)
    if exact:
        return exact
    return next(
        (p for p, names in _PLACES.items() if any(len(n) > 2 and n in name for n in names)), None
    )


def _frame_context(context: ThreadContext, place: str | None, ruling: Ruling | None) -> str:
    """Return the context in words, or '' for a bare text of which nothing is known."""
    known = [word for word in (context.author_role, place, ruling and ruling.rule) if word]
    parent = find_parent(context)
    if parent is None:
        return ", ".join(known)
    said = f"{parent.role or 'unknown'}: {clean(parent.text)[:PARENT_CHARS]}"
    root = context.thread[0]
    if root is not parent:
        said = f"{said} | {root.role or 'unknown'}: {clean(root.text)[:ROOT_CHARS]}"
    return f"{', '.join(known)} > {said}"
