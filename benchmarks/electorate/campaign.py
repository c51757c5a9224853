"""Whole campaigns: rules, ideas and votes in the form of the command line, and the truth."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.electorate.attacks import ATTACKS
from benchmarks.electorate.background import public_at_large
from benchmarks.electorate.board import idea_words
from benchmarks.electorate.crowds import LOOKALIKES
from benchmarks.electorate.networks import address_text, scatter
from benchmarks.electorate.people import NOBODY, UNKNOWN
from benchmarks.electorate.scene import CAST, CORE, SIZES, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

KINDS = ("clean", *LOOKALIKES, "lookalikes", *ATTACKS, "everything")
HIDEABLE = ("ip", "device", "referrer", "account_created_at")
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class Ballots:
    """A finished campaign; rows are made as they are asked for, so a large one stays small."""

    kind: str
    size: str
    seed: int
    scene: Scene
    votes: NDArray[np.void]  # BALLOT, in the order of time
    hide: frozenset[str] = frozenset()  # fields that this platform does not tell
    figures: dict[str, Any] | None = None  # what is known of single ideas, for a replay
    names: NDArray[np.int64] = field(init=False)  # the number in each person's account name

    def __post_init__(self) -> None:
        # Account names must not give away who was recruited for what, so they are shuffled.
        shuffle = np.random.default_rng([self.seed, 1]).permutation
        object.__setattr__(self, "names", shuffle(len(self.scene.public.everyone)))

    @property
    def name(self) -> str:
        """The campaign's name, fit for the command line."""
        return f"{self.kind}-{self.size}-{self.seed}".replace("_", "-")

    def rules(self) -> dict[str, Any]:
        """What stands in RULES.toml."""
        return {
            "name": self.name,
            "title": "Ideen für morgen",
            "opens": moment_text(self.scene.period.opens),
            "closes": moment_text(self.scene.period.closes),
            "vote": "approval",
            "votes_per_person": self.scene.size.cap,
        }

    def idea_rows(self) -> Iterator[dict[str, Any]]:
        """The ideas, oldest first."""
        board = self.scene.board
        words = idea_words(np.random.default_rng([self.seed, 2]), len(board.created))
        authors = self.names[board.author].tolist()
        for number, ((title, text), author, created) in enumerate(
            zip(words, authors, board.created.tolist(), strict=True)
        ):
            yield {
                "idea": idea_id(number),
                "author": voter_id(author),
                "title": title,
                "text": text,
                "created_at": moment_text(created),
                "source": "campaign-site",
            }

    def vote_rows(self) -> Iterator[dict[str, Any]]:
        """The votes, oldest first."""
        for start in range(0, len(self.votes), _CHUNK):
            yield from self._vote_rows(start, self.votes[start : start + _CHUNK])

    def _vote_rows(self, start: int, votes: NDArray[np.void]) -> Iterator[dict[str, Any]]:
        created = self.scene.public.everyone["created"][votes["voter"]]
        columns = (
            votes["idea"].tolist(),
            self.names[votes["voter"]].tolist(),
            np.datetime_as_string(votes["at"].astype("M8[s]")).tolist(),
            votes["action"].tolist(),
            votes["address"]["hi"].tolist(),
            votes["address"]["lo"].tolist(),
            votes["device"].tolist(),
            scatter(votes["device"], self.seed).tolist(),
            votes["referrer"].tolist(),
            created.tolist(),
            np.datetime_as_string(created.astype("M8[s]")).tolist(),
        )
        for number, row in enumerate(zip(*columns, strict=True), start):
            idea, voter, at, action, hi, lo, device, print_, referrer, made, made_text = row
            told = {
                "vote": vote_id(number),
                "idea": idea_id(idea),
                "voter": voter_id(voter),
                "at": f"{at}Z",
                "action": "cast" if action == CAST else "withdraw",
                "value": 1,
                "ip": address_text(hi, lo),
                "device": None if device == NOBODY else f"d{print_:016x}",
                "referrer": self.scene.referrers[referrer],
                "account_created_at": None if made == UNKNOWN else f"{made_text}Z",
            }
            told.update(dict.fromkeys(self.hide))
            yield told

    def truth(self) -> dict[str, Any]:
        """Who belonged to which crowd, and which of their votes came of it.

        For each crowd: `votes` are the events it gathered for, `others` what its people cast
        besides (for attackers: camouflage). Everybody in no dishonest crowd is honest.
        """
        crowds = [self._crowd_truth(number) for number in range(1, len(self.scene.crowds) + 1)]
        forgers = {voter for crowd in crowds if not crowd["honest"] for voter in crowd["voters"]}
        return {
            "campaign": self.name,
            "kind": self.kind,
            "size": self.size,
            "seed": self.seed,
            "votes": len(self.votes),
            "voters": len(np.unique(self.votes["voter"])),
            "honest_voters": len(np.unique(self.votes["voter"])) - len(forgers),
            "crowds": crowds,
            "figures": self.figures,
        }

    def _crowd_truth(self, number: int) -> dict[str, Any]:
        crowd = self.scene.crowds[number - 1]
        mine = np.flatnonzero(self.votes["crowd"] == number)
        core = mine[self.votes["role"][mine] == CORE]
        others = mine[self.votes["role"][mine] != CORE]
        people = np.unique(self.votes["voter"][mine])
        times = self.votes["at"][core if len(core) else mine]
        return {
            "type": crowd.type,
            "honest": crowd.honest,
            "ideas": [idea_id(idea) for idea in crowd.ideas],
            "from": moment_text(int(times.min())) if len(times) else None,
            "to": moment_text(int(times.max())) if len(times) else None,
            "facts": crowd.facts,
            "voters": [voter_id(name) for name in self.names[people].tolist()],
            "votes": [vote_id(vote) for vote in core.tolist()],
            "others": [vote_id(vote) for vote in others.tolist()],
        }

    def write(self, folder: Path) -> None:
        """Writes rules.toml, ideas.jsonl, votes.jsonl and truth.json into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        # A JSON string or number is a TOML one too.
        rules = [
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
            for key, value in self.rules().items()
        ]
        (folder / "rules.toml").write_text("".join(rules), encoding="utf-8")
        _write_lines(folder / "ideas.jsonl", self.idea_rows())
        _write_lines(folder / "votes.jsonl", self.vote_rows())
        (folder / "truth.json").write_text(json.dumps(self.truth()), encoding="utf-8")


def campaign(kind: str, size: str = "small", seed: int = 0, *, hide: Iterable[str] = ()) -> Ballots:
    """The campaign of that kind (`KINDS`) and size (`SIZES`); the same seed gives the same one.

    "clean" is the public alone, a look-alike's name adds that honest crowd, "lookalikes" all of
    them. An attack's name adds the attack and two look-alikes by chance, "everything" all there is.
    `hide` names fields of `HIDEABLE` that stay null. Raises ValueError for another word.
    """
    if kind not in KINDS or size not in SIZES or not set(hide) <= set(HIDEABLE):
        raise ValueError(
            f"ballots {kind!r}, {size!r}, {sorted(hide)}: unknown; kinds: {', '.join(KINDS)}; "
            f"sizes: {', '.join(SIZES)}; to hide: {', '.join(HIDEABLE)}"
        )
    rng = np.random.default_rng([seed, zlib.crc32(kind.encode()), zlib.crc32(size.encode())])
    scene = Scene.draw(rng, SIZES[size])
    public_at_large(scene)
    for story in _stories(rng, kind):
        story(scene)
    return Ballots(kind, size, seed, scene, scene.ballots(), frozenset(hide))


def idea_id(number: int) -> str:
    """The idea's name in every file."""
    return f"i{number + 1:06d}"


def voter_id(name: int) -> str:
    """The account's name in every file."""
    return f"u{name + 1:07d}"


def vote_id(number: int) -> str:
    """The vote's name in every file; votes are counted in the order of time."""
    return f"b{number + 1:08d}"


def moment_text(at: int) -> str:
    """Epoch seconds as RFC 3339 in UTC."""
    return f"{np.datetime64(at, 's')}Z"


def _stories(rng: np.random.Generator, kind: str) -> list[Any]:
    honest = list(LOOKALIKES.values())
    if kind in LOOKALIKES:
        return [LOOKALIKES[kind]]
    if kind == "lookalikes":
        return honest
    if kind in ATTACKS:
        return [*(honest[i] for i in rng.choice(len(honest), 2, replace=False)), ATTACKS[kind]]
    if kind == "everything":
        return [*honest, *(story for name, story in ATTACKS.items() if name != "mixed")]
    return []


def _write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
