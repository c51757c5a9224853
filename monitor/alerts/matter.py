"""Do the critics speak of one matter? The words that lead among them and did not before.

A crowd that grumbles about everything has no leading words; a storm has. How many critics share
a leading word is compared with the same share among as many critics of the weeks before, chosen in
the same way: what a few dozen short texts have in common by chance is measured, not assumed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log1p
from statistics import median

from monitor.locale.words import WORD, stem

Words = tuple[str, ...]
"""The telling words of one text, each once, as written."""

SAMPLE = 60
"""Critics that are read at most, evenly spaced: what leads among sixty leads among thousands."""

LEADING = 4
"""Words that make a matter."""

LEAST = 3
LEAST_SHARE = 0.1
"""Critics, and their share, who must use a word before it may lead."""

TIMES = 4.0
"""How much oftener than before."""

AUTHORS = 5
"""Different critics behind a word that is printed: fewer are a conversation."""

ENOUGH_PAST = 20
GROUPS = 3
"""Texts of the past, and groups of them, without which nothing is known to be usual."""


@dataclass(frozen=True, slots=True)
class Matter:
    """What the critics have in common.

    `words` are the leading ones that five or more critics use, most used first; `share` of the
    critics use a leading word, `usual` is the same among earlier critics. None is unknown.
    """

    words: Words = ()
    share: float | None = None
    usual: float | None = None


UNREAD = Matter()


def find_matter(
    texts: Sequence[Words], earlier: Sequence[Words], names: Iterable[str] = ()
) -> Matter:
    """Return the matter of `texts` (one a critic) beside the criticism of the weeks before.

    `earlier` is oldest first, so that its groups are of neighbouring times as the texts are.
    `names` of the company are no matter: every text may hold them.
    """
    told = sum(1 for words in texts if words)
    if len(earlier) < ENOUGH_PAST or not told or told < len(texts) / 2:
        return UNREAD
    ours = frozenset(stem(word) for name in names for word in WORD.findall(name))
    sample = [_stems(words) - ours for words in thinned(texts, SAMPLE)]
    past = [_stems(words) - ours for words in earlier]
    known = Counter(key for keys in past for key in keys)
    leading = _leading(sample, known, len(past))
    groups = [past[n : n + len(sample)] for n in range(0, len(past), len(sample))]
    whole = [group for group in groups if len(group) == len(sample)]
    usual = median(_usual_share(group, known, len(past)) for group in whole) if whole else 0.0
    return Matter(
        words=_as_written(leading, texts),
        share=_share(sample, leading),
        usual=usual if len(whole) >= GROUPS else None,
    )


def thinned(texts: Sequence[Words], most: int) -> list[Words]:
    """Return at most `most` of them, evenly spaced."""
    if len(texts) <= most:
        return list(texts)
    return [texts[n * len(texts) // most] for n in range(most)]


def _leading(sample: Sequence[frozenset[str]], known: Counter[str], past: int) -> list[str]:
    """Return the words that lead, the weightiest first."""
    least = max(LEAST, LEAST_SHARE * len(sample))
    scores = {}
    for key, count in Counter(key for keys in sample for key in keys).items():
        times = count / len(sample) * (past + 1) / (known[key] + 0.5)
        if count >= least and times >= TIMES:
            scores[key] = count * log1p(times)
    return sorted(scores, key=lambda key: (-scores[key], key))[:LEADING]


def _usual_share(group: Sequence[frozenset[str]], known: Counter[str], past: int) -> float:
    """Return what a group of the past has in common beside all the others."""
    others = known.copy()
    others.subtract(key for keys in group for key in keys)
    return _share(group, _leading(group, others, past - len(group)))


def _share(sample: Sequence[frozenset[str]], leading: Iterable[str]) -> float:
    lead = set(leading)
    return sum(1 for keys in sample if keys & lead) / len(sample)


def _as_written(leading: Sequence[str], texts: Sequence[Words]) -> Words:
    """Return the leading words that five critics use, as they are mostly written."""
    wanted = set(leading)
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for words in texts:
        for word in words:
            if stem(word) in wanted:
                forms[stem(word)][word] += 1
    counts = {key: written.total() for key, written in forms.items()}
    ranked = sorted((key for key in counts if counts[key] >= AUTHORS), key=lambda k: -counts[k])
    return tuple(_surface(forms[key]) for key in ranked)


def _surface(forms: Counter[str]) -> str:
    """Return the most used form; one that is shouted only where nobody writes it otherwise."""
    calm = {form: count for form, count in forms.items() if not form.isupper()} or forms
    return max(calm, key=lambda form: (calm[form], form))


def _stems(words: Words) -> frozenset[str]:
    return frozenset(stem(word) for word in words)
