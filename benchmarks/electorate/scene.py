"""One campaign in the making: who is there, what was voted, which crowd a vote belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.electorate.board import Board
from benchmarks.electorate.networks import ADDRESS, Networks
from benchmarks.electorate.people import NOBODY, Public
from benchmarks.electorate.rhythm import Period

if TYPE_CHECKING:
    from numpy.typing import NDArray

CAST, WITHDRAW = 0, 1
CORE, LIFE = 0, 1  # what the crowd came for; what its members do besides (attackers: camouflage)

BALLOT = np.dtype(
    [
        ("voter", "i4"),
        ("idea", "i4"),
        ("at", "i8"),
        ("action", "i1"),
        ("address", ADDRESS),
        ("device", "i8"),
        ("referrer", "i2"),
        ("crowd", "i2"),
        ("role", "i1"),
    ]
)

REFERRERS = (
    None,
    "https://search.example/",
    "https://social.example/",
    "https://bilder.example/",
    "https://forum.example/",
    "https://www.marke.example/ideen",
    "https://www.marke.example/",
    "https://stadtanzeiger.example/lokales",
    "android-app://chat.example/",
)
_USUAL = (0.46, 0.1, 0.13, 0.07, 0.03, 0.12, 0.05, 0.02, 0.02)


@dataclass(frozen=True, slots=True)
class Size:
    """How big a campaign is."""

    ideas: int
    voters: int
    spread: float  # sigma of the ideas' log-normal appeal
    cap: int  # votes per person
    crowd: float  # 1: crowds as large as told of them; less where the whole campaign is small


SIZES = {
    "small": Size(ideas=40, voters=900, spread=1.1, cap=20, crowd=0.12),
    "medium": Size(ideas=2_000, voters=20_000, spread=1.6, cap=40, crowd=1.0),
    "large": Size(ideas=150_000, voters=500_000, spread=2.0, cap=100, crowd=3.0),
}


@dataclass(frozen=True, slots=True)
class Crowd:
    """A group with a story; `honest` is the truth about it."""

    type: str
    honest: bool
    ideas: tuple[int, ...]
    facts: dict[str, Any]


@dataclass(slots=True)
class Scene:
    """The state while a campaign is drawn up; everything random comes from `rng`."""

    rng: np.random.Generator
    size: Size
    period: Period
    public: Public
    board: Board
    crowds: list[Crowd] = field(default_factory=list)
    sheets: list[NDArray[np.void]] = field(default_factory=list)
    referrers: list[str | None] = field(default_factory=lambda: list(REFERRERS))

    @classmethod
    def draw(cls, rng: np.random.Generator, size: Size, *, days: int | None = None) -> Scene:
        """An empty campaign of that size: rules, networks and ideas, nobody has voted yet."""
        period = Period.draw(rng, days=days)
        public = Public(rng, period, Networks.draw(rng, size.voters))
        board = Board.draw(rng, period, ideas=size.ideas, people=size.voters, spread=size.spread)
        return cls(rng, size, period, public, board)

    def head_count(self, low: int, high: int, *, least: int = 5) -> int:
        """A crowd's size, log-uniform from `low` to `high`, fitted to the size of the campaign."""
        drawn = np.exp(self.rng.uniform(np.log(low), np.log(high))) * min(self.size.crowd, 1)
        return max(least, int(drawn))

    def gather(self, called: str, ideas: NDArray[np.int64], *, honest: bool, **facts: Any) -> int:
        """Registers a crowd of the type `called` for `ideas`; gives its number for `cast`.

        `facts` go into the truth file as they are.
        """
        self.crowds.append(Crowd(called, honest, tuple(map(int, ideas)), facts))
        return len(self.crowds)  # 0 is the public at large

    def refer(self, url: str) -> int:
        """The number of a referrer of one's own."""
        self.referrers.append(url)
        return len(self.referrers) - 1

    def usual_referrers(self, n: int) -> NDArray[np.int64]:
        """Where visitors come from on an ordinary day."""
        return self.rng.choice(len(REFERRERS), n, p=_USUAL)

    def cast(
        self,
        crowd: int,
        voters: NDArray[np.int64],
        ideas: NDArray[np.int64],
        at: NDArray[np.int64],
        *,
        role: int = CORE,
        action: int = CAST,
        address: NDArray[np.void] | None = None,
        device: NDArray[np.int64] | None = None,
        referrer: NDArray[np.int64] | int | None = None,
    ) -> NDArray[np.void]:
        """Notes one event each; what is not given is as usual for these people at that moment."""
        sheet = np.zeros(len(voters), dtype=BALLOT)
        usual_address, usual_device = self.public.connect(voters, at)
        sheet["voter"], sheet["idea"], sheet["at"] = voters, ideas, at
        sheet["crowd"], sheet["role"], sheet["action"] = crowd, role, action
        sheet["address"] = usual_address if address is None else address
        sheet["device"] = usual_device if device is None else device
        sheet["referrer"] = self.usual_referrers(len(voters)) if referrer is None else referrer
        self.sheets.append(sheet)
        return sheet

    def withdraw(self, sheet: NDArray[np.void], at: NDArray[np.int64]) -> None:
        """Takes back the votes of `sheet` at moments `at`, from where and by whom they came."""
        back = sheet.copy()
        back["at"], back["action"] = at, WITHDRAW
        self.sheets.append(back)

    def ballots(self) -> NDArray[np.void]:
        """All events in the order of time, as a platform would have let them happen.

        It lets nobody vote twice for an idea without taking the first vote back, withdraw what was
        never cast, vote before an idea exists or outside the period, or go beyond the cap; and
        nobody votes before the account is made.
        """
        votes = np.concatenate(self.sheets)
        votes = votes[self.period.inside(votes["at"])]
        votes = votes[votes["at"] >= self.board.created[votes["idea"]]]
        votes = votes[np.lexsort((votes["action"], votes["at"], votes["idea"], votes["voter"]))]
        first = np.ones(len(votes), dtype=bool)
        first[1:] = (np.diff(votes["voter"]) != 0) | (np.diff(votes["idea"]) != 0)
        turned = np.ones(len(votes), dtype=bool)
        turned[1:] = np.diff(votes["action"]) != 0
        votes = votes[np.where(first, votes["action"] == CAST, turned)]
        votes = self._within_cap(votes)
        self.public.born_before(votes["voter"], votes["at"] - 20)
        return self._with_double_clicks(votes)

    def _within_cap(self, votes: NDArray[np.void]) -> NDArray[np.void]:
        votes = votes[np.lexsort((votes["at"], votes["voter"]))]
        start = np.searchsorted(votes["voter"], votes["voter"])
        casts = np.cumsum(votes["action"] == CAST)
        before = np.where(start > 0, casts[start - 1], 0)
        kept: NDArray[np.void] = votes[casts - before <= self.size.cap]
        return kept

    def _with_double_clicks(self, votes: NDArray[np.void]) -> NDArray[np.void]:
        """Adds the odd vote that arrives twice within seconds: the second changes nothing."""
        twice = votes[(self.rng.random(len(votes)) < 0.002) & (votes["action"] == CAST)].copy()
        gone = votes[votes["action"] == WITHDRAW]
        pair = gone["voter"].astype(np.int64) << 32 | gone["idea"]
        again = twice["voter"].astype(np.int64) << 32 | twice["idea"]
        twice = twice[~np.isin(again, pair)]
        twice["at"] += self.rng.integers(0, 3, len(twice))
        twice = twice[self.period.inside(twice["at"])]
        votes = np.concatenate([votes, twice])
        return votes[np.argsort(votes["at"], kind="stable")]


def unknown_devices(n: int) -> NDArray[np.int64]:
    """Devices of `n` visitors who let none be seen."""
    return np.full(n, NOBODY, dtype=np.int64)
