"""Who votes: accounts with an age, a household, devices and habits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from benchmarks.electorate.networks import ADDRESS, CARRIERS, ISPS, Networks, scatter
from benchmarks.electorate.rhythm import DAY_S, HOUR_S, Period

if TYPE_CHECKING:
    from numpy.typing import NDArray

PERSON = np.dtype(
    [
        ("created", "i8"),  # epoch seconds; UNKNOWN where the platform does not tell
        ("household", "i8"),
        ("isp", "i1"),
        ("lease_days", "i4"),  # how long a household keeps its address
        ("ipv6", "?"),
        ("carrier", "i1"),
        ("mobile", "f4"),  # share of visits on the move
        ("region", "i2"),
        ("office", "i4"),  # NOBODY: none that browses privately
        ("device", "i8"),
        ("phone", "i8"),
        ("blocks_scripts", "?"),  # no device is seen
        ("vpn", "?"),
        ("topic", "i2"),
    ]
)
UNKNOWN = -(1 << 60)
NOBODY = -1
TOPICS = 24
_COMMON_PHONES = 40  # models so alike that a fingerprint cannot tell them apart

Age = Literal["mixed", "fresh", "settled"]


@dataclass(slots=True)
class Public:
    """Everybody who takes part; grows as people are recruited."""

    rng: np.random.Generator
    period: Period
    networks: Networks
    everyone: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, dtype=PERSON))
    _households: int = 0
    _devices: int = _COMMON_PHONES

    def recruit(
        self, n: int, first_visit: NDArray[np.int64], age: Age = "mixed"
    ) -> NDArray[np.int64]:
        """`n` new people, one account each, who come for the first time at `first_visit`.

        `age` says how their accounts came about: "fresh" mostly minutes before the first visit,
        "settled" mostly years ago, "mixed" as in an open campaign.
        """
        rng = self.rng
        people = np.zeros(n, dtype=PERSON)
        people["created"] = self._created(first_visit, age)
        self._settle(people)
        people["carrier"] = rng.choice(CARRIERS, n, p=[0.25, 0.4, 0.35])
        people["mobile"] = rng.beta(1.1, 1.3, n)
        people["region"] = rng.integers(0, 200, n)
        # Firms of very different sizes: the largest sends some hundreds, most send a handful.
        firm = (max(3, n // 60) * rng.random(n) ** 1.5).astype(np.int64)
        people["office"] = np.where(rng.random(n) < 0.25, firm, NOBODY)
        self._equip(people)
        people["vpn"] = rng.random(n) < 0.015
        people["topic"] = rng.integers(0, TOPICS, n)
        ids = len(self.everyone) + np.arange(n)
        self.everyone = np.concatenate([self.everyone, people])
        return ids

    def connect(
        self, voters: NDArray[np.int64], at: NDArray[np.int64]
    ) -> tuple[NDArray[np.void], NDArray[np.int64]]:
        """(address, device) of one visit of each voter at that moment."""
        rng = self.rng
        who = self.everyone[voters]
        n = len(voters)
        moving = rng.random(n) < who["mobile"]
        on_phone = moving | (rng.random(n) < 0.35)
        device = np.where(on_phone, who["phone"], who["device"])
        lease = (at + who["household"] * 7919) // (who["lease_days"].astype(np.int64) * DAY_S)
        # Privacy extensions give every device another host part each day.
        host = scatter(device, at // DAY_S).astype(np.int64)
        address = self.networks.homes(who["household"], who["isp"], lease, host, who["ipv6"])
        mobile = self.networks.mobile(
            who["carrier"], who["phone"], at // (5 * HOUR_S), who["region"]
        )
        address = np.where(moving, mobile, address)
        at_desk = (who["office"] != NOBODY) & ~moving & self.period.is_office_time(at)
        address = np.where(at_desk, self.networks.office(who["office"]), address)
        address = np.where(who["vpn"], self.networks.exits(rng, "vpn", n), address)
        address[rng.random(n) < 0.004] = np.zeros(1, dtype=ADDRESS)
        return address, np.where(who["blocks_scripts"], NOBODY, device)

    def new_devices(self, n: int) -> NDArray[np.int64]:
        """`n` devices that nobody used before."""
        self._devices += n
        return np.arange(self._devices - n, self._devices, dtype=np.int64)

    def set_created(self, voters: NDArray[np.int64], created: NDArray[np.int64]) -> None:
        """Sets when accounts were made, where a story knows better than `recruit`."""
        self.everyone["created"][voters] = created

    def born_before(self, voters: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Makes accounts older where they would otherwise be younger than moment `at`."""
        np.minimum.at(self.everyone["created"], voters, at)

    def _created(self, first_visit: NDArray[np.int64], age: Age) -> NDArray[np.int64]:
        rng = self.rng
        n = len(first_visit)
        share_new = {"mixed": rng.uniform(0.3, 0.6), "fresh": 0.85, "settled": 0.08}[age]
        minutes = np.minimum(rng.lognormal(1.2, 0.9, n), 600)
        days = np.minimum(rng.lognormal(5.6, 1.5, n), 15 * 365)
        # Some register, look round, and come back to vote another evening.
        days = np.where(rng.random(n) < 0.12, rng.exponential(3, n) + 0.02, days)
        before = np.where(rng.random(n) < share_new, minutes * 60, days * DAY_S)
        created = first_visit - before.astype(np.int64) - 5
        return np.where(rng.random(n) < 0.01, UNKNOWN, created)

    def _settle(self, people: NDArray[np.void]) -> None:
        """Puts people into households of one to four that share a line."""
        rng = self.rng
        n = len(people)
        # Most voters live with somebody who does not vote; every sixth household sends several.
        joins = rng.random(n) < 0.16
        joins[0] = False
        household = np.cumsum(~joins)
        homes = int(household[-1]) + 1
        isp = rng.choice(ISPS, homes, p=[0.36, 0.24, 0.17, 0.12, 0.07, 0.04])
        lease = rng.choice([1, 30, 400], homes, p=[0.3, 0.3, 0.4])
        ipv6 = rng.random(homes) < 0.45
        people["isp"] = isp[household]
        people["lease_days"] = lease[household]
        people["ipv6"] = ipv6[household]
        people["household"] = self._households + household
        self._households += homes

    def _equip(self, people: NDArray[np.void]) -> None:
        rng = self.rng
        n = len(people)
        people["device"] = self.new_devices(n)
        people["phone"] = self.new_devices(n)
        same_line = people["household"][1:] == people["household"][:-1]
        shares = np.flatnonzero(same_line & (rng.random(n - 1) < 0.4)) + 1
        people["device"][shares] = people["device"][shares - 1]  # the family's tablet
        alike = rng.random(n) < 0.012
        people["phone"][alike] = rng.integers(0, _COMMON_PHONES, alike.sum())
        people["blocks_scripts"] = rng.random(n) < 0.06
