"""The sample's idea campaign: rules, ideas, votes; a ring of puppets and an honest office.

The puppets push `BOUGHT` in one night. `OFFICE_LIKES` is loved by an office whose people share
one address; `CLUB_LIKES` got an honest wave of votes from the readers of a patients' newsletter.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from monitor.demo.phrases import Phrasebook, load_phrases
from monitor.demo.rhythm import sometime
from monitor.demo.scene import END, rfc3339

NAME = "tauidee"
OPENS = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
BOUGHT, OFFICE_LIKES, CLUB_LIKES = "idea-11", "idea-01", "idea-04"
IDEAS, VOTERS, PUPPETS, OFFICE = 40, 900, 95, 27

RULES = """\
[campaign]
name = "tauidee"
title = "Was sollen wir als Nächstes bauen? / What should we build next?"
opens = 2026-03-12T09:00:00Z
closes = 2026-04-02T20:00:00Z
vote = "approval"
votes_per_person = 10
votes_per_idea = 1
min_account_age_days = 0
tie_break = "earliest"
quorum = 100
appeal_days = 14

[jury]
role = "Advises on feasibility; may not change the order."
veto_grounds = ["unsafe in contact with food", "cannot be built for under 60 euros"]

[exclusion]
families = ["lockstep", "burst", "account_age", "network", "device", "referrer", "one_idea"]
need = 2
"""

_NEWSLETTER = "https://rheuma-treff.example/rundbrief"
_CLICKS = "https://klickkraft.example/auftrag/7741"
_NIGHT = datetime(2026, 3, 17, 1, 8, tzinfo=UTC)

Row = dict[str, Any]


def ideas(seed: int = 1) -> Iterator[Row]:
    """Yield the rows of the ideas file: real wishes, a few doubles, a few jokes."""
    rng = random.Random(f"ideas {seed}")
    book = Phrasebook(rng)
    phrases = [
        phrase
        for pool in ("idea", "idea.joke")
        for lang in ("de", "en")
        for phrase in load_phrases()[pool, lang]
    ]
    pairs = sorted(phrases, key=lambda phrase: (phrase.pool, phrase.id[-2:], phrase.lang))
    at = OPENS
    for number, phrase in enumerate(pairs[: IDEAS - 4] + pairs[-4:], start=1):
        at += timedelta(hours=rng.expovariate(1 / 2.2))
        title, text = book.speak(phrase, friend="", casual=False)
        yield {
            "idea": f"idea-{number:02d}",
            "author": f"member-{rng.randint(1, VOTERS):04d}",
            "title": title,
            "text": text,
            "created_at": rfc3339(at),
            "source": "forum",
        }


def votes(seed: int = 1) -> Iterator[Row]:
    """Yield the rows of the votes file in order of time."""
    rng = random.Random(f"votes {seed}")
    rows = [row for voter in range(VOTERS) for row in _member_votes(rng, voter)]
    rows += [row for puppet in range(PUPPETS) for row in _puppet_votes(rng, puppet)]
    rows.sort(key=lambda row: (row["at"], row["voter"], row["idea"]))
    for number, row in enumerate(rows, start=1):
        yield {"vote": f"v{number:05d}", **row}


def is_puppet(voter: str) -> bool:
    """Tell whether `voter` belongs to the planted ring: to judge an audit, not to run it."""
    return voter.startswith("guest-")


def _member_votes(rng: random.Random, voter: int) -> Iterator[Row]:
    """Yield the votes of an honest member: a few ideas, mostly popular ones, in one sitting."""
    at_work = voter < OFFICE
    by_newsletter = OFFICE <= voter < OFFICE + 70
    start = OPENS + timedelta(days=4) if by_newsletter else OPENS
    end = start + timedelta(days=1, hours=6) if by_newsletter else END - timedelta(hours=4)
    at = sometime(rng, start, end)
    joined = at - timedelta(
        days=min(4_000, rng.lognormvariate(5.2, 1.3)), minutes=rng.randint(2, 90)
    )
    device = f"d-{voter:04d}-{rng.randint(1000, 9999)}"
    address = "100.71.20.9" if at_work else _address(rng)
    referrer = _NEWSLETTER if by_newsletter else _referrer(rng)
    chosen = _choose(rng, min(10, 1 + int(rng.expovariate(1 / 2.6))))
    if at_work and rng.random() < 0.6:
        chosen.add(OFFICE_LIKES)
    if by_newsletter:
        chosen.add(CLUB_LIKES)
    for idea in sorted(chosen, key=lambda _: rng.random()):
        at += timedelta(seconds=rng.lognormvariate(3.6, 0.9))
        row = {"idea": idea, "voter": f"member-{voter:04d}", "at": rfc3339(at), "action": "cast",
               "value": 1, "ip": address, "device": device, "referrer": referrer,
               "account_created_at": rfc3339(joined)}  # fmt: skip
        yield row
        if rng.random() < 0.012:
            regret = at + timedelta(minutes=rng.randint(1, 300))
            yield row | {"at": rfc3339(regret), "action": "withdraw"}


def _puppet_votes(rng: random.Random, puppet: int) -> Iterator[Row]:
    """Yield the votes of a bought account: made the day before, one idea, at times a cover."""
    at = _NIGHT + timedelta(seconds=puppet * 71 + rng.randint(0, 48))
    joined = _NIGHT - timedelta(hours=9, seconds=-puppet * 38 - rng.randint(0, 20))
    row = {"idea": BOUGHT, "voter": f"guest-{7100 + puppet}", "at": rfc3339(at), "action": "cast",
           "value": 1, "ip": f"100.99.14.{20 + puppet % 7}", "device": f"x-{puppet % 5}",
           "referrer": _CLICKS, "account_created_at": rfc3339(joined)}  # fmt: skip
    yield row
    if rng.random() < 0.35:
        cover = at + timedelta(seconds=rng.randint(4, 19))
        yield row | {"idea": rng.choice(("idea-01", "idea-04", "idea-20")), "at": rfc3339(cover)}


def _choose(rng: random.Random, count: int) -> set[str]:
    """Return up to `count` ideas; early and good ones are liked more often."""
    names = [f"idea-{number:02d}" for number in range(1, IDEAS + 1)]
    taste = list(accumulate(1 / (1 + (number * 7 % IDEAS)) ** 0.55 for number in range(IDEAS)))
    return set(rng.choices(names, cum_weights=taste, k=count))


def _address(rng: random.Random) -> str:
    """Return an address that belongs to nobody: shared carrier space, or documentation IPv6."""
    if rng.random() < 0.5:
        return f"100.{rng.randint(64, 127)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}"
    return f"2001:db8:{rng.randint(1, 0xFFFF):x}:{rng.randint(1, 0xFFFF):x}::{rng.randint(1, 99):x}"


def _referrer(rng: random.Random) -> str | None:
    return rng.choice((None, None, "https://forum.tauwerder.example/", "https://tauwerder.example/",
                       "https://fediwatt.example/@tauwerder"))  # fmt: skip
