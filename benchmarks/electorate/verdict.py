"""How well an audit did, given the truth: what it found and whom it hurt."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TWO_FAMILIES = 2  # what the rules ask for before a vote may be annulled


@dataclass(frozen=True, slots=True)
class CrowdVerdict:
    """One crowd: how many of its events were flagged, by any family and by two or more."""

    type: str
    honest: bool
    votes: int
    flagged: int
    annullable: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """An audit's result for one campaign. Honest voters are counted in heads, forgeries in votes.

    A vote of an attacker outside the attack (camouflage) counts neither for nor against.
    """

    honest_voters: int
    honest_flagged: int
    honest_annullable: int
    crowds: tuple[CrowdVerdict, ...]

    def recall(self, attack: str, *, annullable: bool = False) -> float | None:
        """Share (0..1) of that attack's votes that were flagged; None without such an attack."""
        attacks = [crowd for crowd in self.crowds if crowd.type == attack and not crowd.honest]
        votes = sum(crowd.votes for crowd in attacks)
        found = sum(crowd.annullable if annullable else crowd.flagged for crowd in attacks)
        return found / votes if votes else None


def judge(truth: Mapping[str, Any], flags: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compares the flagged votes of an audit (`{"vote", "voter", "families"}`) with the truth.

    A vote may be flagged several times; its families are counted together. Other rows of the
    audit's output, which lack `vote`, are passed over.
    """
    families: dict[str, set[str]] = defaultdict(set)
    voter_of: dict[str, str] = {}
    for flag in flags:
        if "vote" in flag:
            families[flag["vote"]].update(flag["families"])
            voter_of[flag["vote"]] = flag["voter"]
    twice = {vote for vote, named in families.items() if len(named) >= TWO_FAMILIES}
    forgers = {
        voter for crowd in truth["crowds"] if not crowd["honest"] for voter in crowd["voters"]
    }
    crowds = tuple(
        CrowdVerdict(
            type=crowd["type"],
            honest=crowd["honest"],
            votes=len(crowd["votes"]),
            flagged=sum(vote in families for vote in crowd["votes"]),
            annullable=sum(vote in twice for vote in crowd["votes"]),
        )
        for crowd in truth["crowds"]
    )
    return Verdict(
        honest_voters=truth["honest_voters"],
        honest_flagged=len({voter_of[vote] for vote in families} - forgers),
        honest_annullable=len({voter_of[vote] for vote in twice} - forgers),
        crowds=crowds,
    )
