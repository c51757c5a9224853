"""Thread rules of the codebook for the initiator: who set the impulse, as the thread shows it.

Pure: an utterance in, a ruling out. A ruling either decides or narrows the choice; the words
(the model) decide what it leaves open, and only where the rules are silent do they decide alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from models.types import Initiator, ThreadContext, ThreadPost, Utterance

_SAMPLE = re.compile(
    r"\b(?:kostenlos|gratis|leihweise|unentgeltlich|als testger[aä]t|test ?muster|"
    r"(?:zum testen|zur verf[uü]gung) gestellt|zugeschickt|(?:gifted|sent|lent|loaned) (?:me|us)|"
    r"(?:free|review|press|loan|test) (?:sample|unit|copy)|pr[- ]?sample|"
    r"on loan from|provided by|samples? (?:from|of)|produkttest)\b",
    re.IGNORECASE,
)
_OWN_MATTER = re.compile(
    r"(?:nichts? mit (?:dem|diesem|eurem|ihrem|euren|der) .{0,30}zu tun|"
    r"(?:hat|ist) zwar nicht(?:s)? (?:direkt )?(?:mit|das thema)|off[- ]?topic|"
    r"andere(?:s| frage)? thema|anderes anliegen|passt (?:hier )?(?:zwar )?nicht (?:hier)?her|"
    r"nothing to do with|not (?:really )?(?:related|about) (?:to )?(?:this|the|your)|unrelated|"
    r"different (?:matter|topic|subject)|sorry to (?:hijack|ask here)|"
    r"mal was (?:ganz )?anderes|eine ganz andere)",
    re.IGNORECASE,
)
_CONTEST = re.compile(
    r"(?:wettbewerb|gewinnspiel|abstimm|mitmach|einsend|ideen ?(?:gesucht|aufruf|wettbewerb)|"
    r"eure (?:ideen|vorschl[aä]ge|entw[uü]rfe|designs?|rezepte|bilder|fotos)|entw(?:ü|ue)rf|jury|"
    r"gestaltet|design(?:e|t) (?:unser|eu)|welche .{1,40} sollen wir|"
    r"contest|competition|\bvot(?:e|ing)\b|entr(?:y|ies)|submit|send us your|your (?:ideas|designs|"
    r"recipes|photos)|sketch it|design our|prize|giveaway|sweepstake|name our|idea call)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the thread says of the initiator: the rule's name and the values it leaves open.

    One value: decided. Several: the first is the rule's own answer, the others are the
    exceptions that the codebook allows and that only the words can show.
    """

    rule: str
    values: tuple[Initiator, ...]

    @property
    def decided(self) -> bool:
        """Say whether no choice is left to the words."""
        return len(self.values) == 1


def rule_initiator(utterance: Utterance) -> Ruling | None:
    """Apply the codebook's thread rules; None where they are silent (no thread, unknown roles)."""
    context = utterance.context
    if context.author_role == "company":
        return Ruling("company account", ("company",))
    if context.author_role == "third_party":
        if _SAMPLE.search(utterance.text):
            return Ruling("sample sent by the company", ("company",))
        return Ruling("third-party account", ("third_party",))
    parent = find_parent(context)
    if parent is None:
        return None
    if is_follow_up(context):
        return Ruling("own follow-up", ("customer", "company", "third_party"))
    root = context.thread[0]
    if parent.role == "company":
        return _under_company(utterance, parent, root)
    if root.role == "company" and _CONTEST.search(root.text):
        return Ruling("entry of the company's own call", ("company", "customer"))
    if parent.role is None and root.role is None:
        return None
    return Ruling("reply to another author", ("third_party", "customer", "company"))


def _under_company(utterance: Utterance, parent: ThreadPost, root: ThreadPost) -> Ruling:
    if parent is not root and root.role != "company":
        return Ruling("reply to the company in another's thread", ("third_party", "customer"))
    if parent is not root:
        return Ruling("reply within a thread of the company", ("company", "third_party"))
    if _OWN_MATTER.search(utterance.text):
        return Ruling("own matter under a company post", ("customer",))
    return Ruling("direct comment under a company post", ("company", "customer", "third_party"))


def find_parent(context: ThreadContext) -> ThreadPost | None:
    """Return the post answered; the last of the thread where no id says which, None if none."""
    if not context.thread:
        return None
    if context.parent is not None:
        named = next((post for post in context.thread if post.id == context.parent), None)
        if named is not None:
            return named
    return context.thread[-1]


def find_first_own(utterance: Utterance) -> Utterance | None:
    """Return the author's first post of this thread in its own context; None if there is none.

    A follow-up keeps the initiator of the author's first post, so that post is judged instead.
    """
    context = utterance.context
    index = _first_own_index(context)
    if index is None:
        return None
    post = context.thread[index]
    return Utterance(
        post.text,
        replace(context, author=post.author, parent=post.parent, thread=context.thread[:index]),
        utterance.lang,
    )


def is_follow_up(context: ThreadContext) -> bool:
    """Say whether the author has written in this thread before."""
    return _first_own_index(context) is not None


def _first_own_index(context: ThreadContext) -> int | None:
    thread = context.thread
    if context.author is not None:
        own = (i for i, post in enumerate(thread) if post.author == context.author)
        return next(own, None)
    if any(post.author is not None for post in thread) or context.author_role != "customer":
        return None
    # Without names, a dialogue of one customer and the company is taken for what it nearly always
    # is: the customer who asked goes on (customer-care data: 18 of 21).
    dialogue = len(thread) > 1 and thread[0].role == "customer" and thread[-1].role == "company"
    return 0 if dialogue else None
