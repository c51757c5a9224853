"""What posts were about, in the words of their authors: distinctive terms that go together.

A term is a word or two neighbouring words. It counts by how many posts hold it and by how much
more often than before; terms that stand in the same posts make one topic, named by the one that
has been said most over both periods, so that the name stays from day to day. Nothing is
generated: every word of a name was written by somebody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log1p

from models.types import SENTIMENTS
from monitor.locale.words import NOISE, WORD, stem, stop_words
from monitor.types.digest import Quote, Topic

AUTHORS = 5
"""Different authors that a topic needs: fewer are a conversation."""

NAMELESS = 20
"""Different texts that stand for them where a source tells no authors at all."""

ENOUGH_PAST = 50
"""Older posts from which they tell what is usual."""

TOGETHER = 0.4
"""Share of the rarer term's posts that two terms must have in common to be one topic."""

_SENTENCE_ENDS = ("", ".", "!", "?", ":", "\n", "…", "-", "–", "•", "*")
ALIKE = 0.7
"""Share of common words from which two texts count as the same voice."""

CANDIDATES = 60
LONGEST = 2000
"""Signs of a text that are read; what it is about stands at its beginning."""

QUOTES = 2


@dataclass(slots=True)
class Term:
    """A candidate: the posts (by position) that hold it, and how it is written."""

    key: str
    posts: list[int]
    surfaces: dict[str, int]
    capitals: int = 0
    score: float = 0.0


def find_topics(
    texts: Sequence[Quote],
    previous: Sequence[Quote] = (),
    background: Sequence[Quote] = (),
    *,
    names: Iterable[str] = (),
    limit: int = 3,
) -> tuple[Topic, ...]:
    """Return what `texts` are about, the weightiest first.

    `previous` are the texts of the period before, `background` older ones; `names` are the
    company's own, which every post may hold.
    """
    silent = stop_words() | {stem(word) for name in names for word, _inside in _words(name)}
    terms = _terms(texts, silent)
    previous_keys = [_keys(quote.text, silent) for quote in previous]
    before = Counter(key for keys in previous_keys for key in keys)
    older = Counter(key for quote in background for key in _keys(quote.text, silent))
    # What goes on since yesterday is what a day is about, too: so the weeks before tell what is
    # usual, and the period before only where they are not known.
    usual_counts, usual_posts = older, len(background)
    if usual_posts < ENOUGH_PAST:
        usual_counts, usual_posts = before + older, len(previous) + len(background)
    # Most terms stand in one post: they are no topic, and nothing more is asked of them.
    common = [t for t in terms.values() if len(t.posts) >= min(AUTHORS, NAMELESS)]
    for term in common:
        usual = (usual_counts[term.key] + 0.5) / (usual_posts + 1 + len(texts) * 0.05)
        times = len(term.posts) / len(texts) / usual
        weight = 1.5 if _is_noun(term) else 1.0
        term.score = weight * len(term.posts) * log1p(times)
    ranked = sorted(
        (t for t in common if _enough([texts[i] for i in t.posts])),
        key=lambda t: (-t.score, t.key),
    )
    groups = _grouped(ranked[:CANDIDATES])[:limit]
    return tuple(_topic(group, texts, previous_keys, before) for group in groups)


def _topic(
    group: Sequence[Term],
    texts: Sequence[Quote],
    previous: Sequence[set[str]],
    before: Counter[str],
) -> Topic:
    head = max(group, key=lambda t: (len(t.posts) + before[t.key], t.key))
    # A pair of words says more than one of them, wherever it is nearly as common.
    pairs = [t for t in group if " " in t.key and head.key in t.key.split()]
    head = next((t for t in pairs if len(t.posts) >= 0.5 * len(head.posts)), head)
    told = [head, *(t for t in group if not set(t.key.split()) & set(head.key.split()))][:3]
    keys = {t.key for t in told}
    posts = [texts[i] for i in sorted({i for t in told for i in t.posts})]
    moods = Counter(post.sentiment for post in posts)
    return Topic(
        name=_surface(told[0]),
        terms=tuple(_surface(t) for t in told[1:]),
        posts=len(posts),
        authors=len({post.author for post in posts if post.author is not None}),
        previous=sum(1 for held in previous if keys & held),
        sentiment={s: moods.get(s, 0) for s in SENTIMENTS},
        quotes=_pick_quotes(posts, [texts[i] for i in head.posts]),
        uids=tuple(post.uid for post in posts),
    )


def _grouped(ranked: Sequence[Term]) -> list[list[Term]]:
    """Join each term to the first weightier one that stands in the same posts."""
    groups: list[list[Term]] = []
    for term in ranked:
        posts = set(term.posts)
        for group in groups:
            lead = set(group[0].posts)
            if len(posts & lead) >= TOGETHER * min(len(posts), len(lead)):
                group.append(term)
                break
        else:
            groups.append([term])
    return groups


def _pick_quotes(posts: Sequence[Quote], heads: Sequence[Quote]) -> tuple[Quote, ...]:
    """Return two legible voices of different authors, from where the topic is named outright."""
    moods = Counter(post.sentiment for post in posts)
    usual_mood = moods.most_common(1)[0][0]
    ranked = sorted(
        (post for post in heads if not post.toxic),
        key=lambda q: (
            not 25 <= len(q.text) <= 280,
            q.sentiment != usual_mood,
            -(q.likes or 0),
            len(q.text),
            q.uid,
        ),
    )
    picked = pick_different(ranked, QUOTES)
    # Where all say nearly the same, two who say so are still two.
    others = [q for q in ranked if q not in picked and {q.author} - {p.author for p in picked}]
    return (picked + tuple(others))[:QUOTES]


def pick_different(ranked: Iterable[Quote], most: int) -> tuple[Quote, ...]:
    """Return the first voices of different authors that do not say the same in the same words."""
    picked: list[Quote] = []
    for quote in ranked:
        known = quote.author is not None
        if known and any(q.author == quote.author for q in picked):
            continue
        if any(_overlap(q.text, quote.text) > ALIKE for q in picked):
            continue
        picked.append(quote)
        if len(picked) == most:
            break
    return tuple(picked)


def _overlap(one: str, other: str) -> float:
    """Return the share of the shorter text's words that the other one holds too."""
    words = set(WORD.findall(one.casefold())), set(WORD.findall(other.casefold()))
    least = min(map(len, words))
    return len(words[0] & words[1]) / least if least else float(one == other)


def _enough(posts: Sequence[Quote]) -> bool:
    authors = {post.author for post in posts if post.author is not None}
    if authors:
        return len(authors) >= AUTHORS
    return len({post.text for post in posts}) >= NAMELESS


def _terms(texts: Sequence[Quote], silent: frozenset[str]) -> dict[str, Term]:
    terms: dict[str, Term] = {}
    for position, quote in enumerate(texts):
        for key, (surface, named) in _found(quote.text, silent).items():
            term = terms.get(key)
            if term is None:
                term = terms[key] = Term(key, [], {})
            term.posts.append(position)
            term.surfaces[surface] = term.surfaces.get(surface, 0) + 1
            term.capitals += named
    return terms


def _keys(text: str, silent: frozenset[str]) -> set[str]:
    """Return what `_found` finds, without how it is written: half the work."""
    words = [stem(word) for word in WORD.findall(NOISE.sub(" ", text[:LONGEST]))]
    found = {key for key in words if len(key) > 2 and key not in silent}
    pairs = [f"{a} {b}" for a, b in pairwise(words) if a in found and b in found and a != b]
    return found.union(pairs)


def _found(text: str, silent: frozenset[str]) -> dict[str, tuple[str, bool]]:
    """Return the terms of a text: key -> (as written, has a capital inside a sentence).

    Pairs are there only where both words tell something.
    """
    found: dict[str, tuple[str, bool]] = {}
    words = [(stem(word), word, inside) for word, inside in _words(text)]
    for key, word, inside in words:
        if len(key) > 2 and key not in silent:
            named = inside and word[:1].isupper() and not word.isupper()
            found.setdefault(key, (word if inside else word.lower(), named))
    for (key, word, inside), (next_key, next_word, _) in pairwise(words):
        if key in found and next_key in found and key != next_key:
            named = inside and word[:1].isupper() and next_word[:1].isupper()
            found.setdefault(f"{key} {next_key}", (f"{word} {next_word}", named))
    return found


def _words(text: str) -> list[tuple[str, bool]]:
    """Return words, each with whether it stands inside a sentence, where a capital means a name."""
    clean = NOISE.sub(" ", text[:LONGEST])
    return [(match[0], _is_inside(clean, match.start())) for match in WORD.finditer(clean)]


def _is_inside(text: str, start: int) -> bool:
    """Whether a word does not begin a sentence; a hashtag is written as its makers want it."""
    if text[max(0, start - 1) : start] == "#":
        return True
    return text[:start].rstrip(" \"'“”„(")[-1:] not in _SENTENCE_ENDS


def _surface(term: Term) -> str:
    """Return the term as it is mostly written; names and nouns with their capital."""
    forms = list(term.surfaces.items())
    if _is_noun(term):
        forms = [form for form in forms if form[0][:1].isupper()] or forms
    return max(forms, key=lambda form: (form[1], form[0]))[0]


def _is_noun(term: Term) -> bool:
    """Whether it is often written with a capital inside sentences: German nouns, names."""
    return term.capitals >= 0.3 * len(term.posts)
