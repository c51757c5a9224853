"""The invented people of the sample community. None of them exists."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate

_FIRST = {
    "de": "Anke Birgit Carlo Dörte Enno Frauke Gesa Hajo Imke Jonte Katja Lennard Meike Nele Ole "
    "Petra Rieke Silke Thore Ulla Veit Wiebke Yannik Zita Aylin Murat Milena Bogdan Ines Kerstin",
    "en": "Abigail Barney Cerys Declan Elsie Fergus Gwen Harvey Isla Jasper Keira Lorcan Mabel "
    "Niall Orla Percy Rhona Stella Tamsin Una Verity Wilf Priya Kofi Amara Tomasz Leila Ravi",
}
_LAST = {
    "de": "Deichgräber Hollerbusch Nebelkamp Wattmann Sanddorn Moorwiese Krabbenhöft Schilfert "
    "Tidenhub Heckenbeck Plattfuß Priel Stichling Rauhfuß Kiebitz Torfstich Lummer Strandhafer",
    "en": "Thistleby Marrowfield Oakenby Puddlewick Larkmere Brambleton Fennimoor Hedgeworth "
    "Cobbleton Saltmarsh Pennywhit Rookhollow Tansley-Moss Wickerby Heathergill Quillfeather",
}
_ADJECTIVES = (
    "tee moewen deich brot rad kaffee nord gummi wald krabben zettel wolken pudel keller leucht "
    "socken rainy muddy slow late little salty sleepy rusty windy woolly grumpy northern lost left"
)
_NOUNS = (
    "kessel kind held satz licht stiefel laeufer liesel wirtschaft mieze muetze geist turm fee "
    "hedgehog lark shed crumbs shift puddle kettle gnome hat lane toast shanty watcher foot otter"
)


@dataclass(frozen=True, slots=True)
class Person:
    """An account on one platform. `followers` is None where the platform does not tell."""

    id: str
    name: str
    handle: str
    lang: str
    followers: int | None = None
    role: str | None = None


@dataclass(slots=True)
class Crowd:
    """The accounts of one platform: a few write often, most once (weights fall as 1/rank)."""

    platform: str
    rng: random.Random
    size: int
    known: list[Person] = field(init=False)
    _made: int = 0
    _weights: dict[str, tuple[list[Person], Sequence[float]]] = field(init=False)

    def __post_init__(self) -> None:
        self.known = [self.newcomer("de" if rank % 2 else "en") for rank in range(self.size)]
        self._weights = {}
        for lang in ("de", "en"):
            people = [person for person in self.known if person.lang == lang]
            falling = accumulate(1 / (rank + 4) ** 0.8 for rank in range(len(people)))
            self._weights[lang] = (people, list(falling))

    def newcomer(self, lang: str) -> Person:
        """Return somebody who has not written here before."""
        rng = self.rng
        self._made += 1
        first, last = rng.choice(_FIRST[lang].split()), rng.choice(_LAST[lang].split())
        handle = rng.choice(_ADJECTIVES.split()) + rng.choice(_NOUNS.split())
        handle += rng.choice(("", "_", "")) + str(self._made + 11)
        followers = None
        if self.platform == "mastodon":
            handle += rng.choice(("@klönschnack.example", "@fediwatt.example", "@tooters.example"))
            followers = round(rng.lognormvariate(4.6, 1.2))
        return Person(f"{self.platform[0]}{90210 + self._made}", f"{first} {last}", handle, lang,
                      followers)  # fmt: skip

    def someone(self, lang: str, *, new: float = 0.15) -> Person:
        """Return who writes next in `lang`; with probability `new` a newcomer."""
        if self.rng.random() < new:
            return self.newcomer(lang)
        people, weights = self._weights[lang]
        return self.rng.choices(people, cum_weights=weights)[0]
