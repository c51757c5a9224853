"""From where people vote: households, offices, carriers that share addresses, rented exits.

Addresses are drawn at random and stand for nobody. They are kept as two 64-bit numbers until they
are written: millions of strings would cost more than the votes themselves.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ADDRESS = np.dtype([("hi", "u8"), ("lo", "u8")])  # hi 0: IPv4 in lo; both 0: unknown

ISPS = 6
CARRIERS = 3
Exit = Literal["hosting", "vpn", "residential", "mobile"]
_V4_ROOM = 1 << 16


def scatter(*parts: NDArray[np.int64] | int) -> NDArray[np.uint64]:
    """Well-mixed 64 bits of the parts, the same for the same parts (splitmix64's finisher)."""
    state = np.atleast_1d(np.uint64(0))
    for part in parts:
        state = state * np.uint64(0x9E3779B97F4A7C15) + np.atleast_1d(part).astype(np.uint64)
        state = state + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state


def address_text(hi: int, lo: int) -> str | None:
    """The usual spelling of an address; None where it is unknown."""
    if hi:
        return str(ipaddress.IPv6Address((hi << 64) | lo))
    if lo:
        return f"{lo >> 24}.{lo >> 16 & 255}.{lo >> 8 & 255}.{lo & 255}"
    return None


@dataclass(frozen=True, slots=True)
class Networks:
    """The country's access networks as one campaign sees them."""

    isp_v4: NDArray[np.int64]  # first address of each /16 of each provider
    isp_v6: NDArray[np.int64]  # upper 32 bits
    gateways: NDArray[np.int64]  # IPv4 addresses behind which each carrier hides its customers
    carrier_v6: NDArray[np.int64]
    vpn_exits: NDArray[np.int64]
    hosting: NDArray[np.int64]  # /24s of rented servers

    @classmethod
    def draw(cls, rng: np.random.Generator, voters: int) -> Networks:
        """Networks for about `voters` voters: a gateway is shared by some hundreds of them."""
        per_carrier = max(2, voters // 900)
        first = _v4_blocks(rng, CARRIERS)[:, None]
        return cls(
            isp_v4=_v4_blocks(rng, ISPS * 12).reshape(ISPS, 12),
            isp_v6=_v6_blocks(rng, ISPS),
            gateways=first + rng.integers(0, 1024, (CARRIERS, per_carrier)),
            carrier_v6=_v6_blocks(rng, CARRIERS),
            vpn_exits=_v4_blocks(rng, 30) + rng.integers(1, _V4_ROOM, 30),
            hosting=_v4_blocks(rng, 8) + 256 * rng.integers(0, 256, 8),
        )

    def homes(
        self,
        household: NDArray[np.int64],
        isp: NDArray[np.int64],
        lease: NDArray[np.int64],
        host: NDArray[np.int64],
        ipv6: NDArray[np.bool_],
    ) -> NDArray[np.void]:
        """Home addresses: one IPv4 a household and `lease`, or a /64 with `host` inside."""
        mixed = scatter(household, lease)
        block = self.isp_v4[isp, (mixed % np.uint64(12)).astype(np.int64)]
        v4 = block + (mixed >> np.uint64(8)).astype(np.int64) % _V4_ROOM
        prefix = (self.isp_v6[isp].astype(np.uint64) << np.uint64(32)) | (
            (mixed >> np.uint64(32)) & np.uint64(0xFFFFFF00)
        )
        return _choose(ipv6, prefix, scatter(household, lease, host), v4)

    def mobile(
        self,
        carrier: NDArray[np.int64],
        phone: NDArray[np.int64],
        attach: NDArray[np.int64],
        region: NDArray[np.int64],
    ) -> NDArray[np.void]:
        """Addresses on the move; `attach` counts how often the phone got a new one.

        Carrier 0 gives IPv6 only, as some do; the others put everybody behind a few gateways of
        the region.
        """
        count = self.gateways.shape[1]
        spread = (scatter(phone, attach) % np.uint64(min(3, count))).astype(np.int64)
        v4 = self.gateways[carrier, (region + spread) % count]
        mixed = scatter(phone, attach, 6)
        prefix = (self.carrier_v6[carrier].astype(np.uint64) << np.uint64(32)) | (
            mixed >> np.uint64(32)
        )
        return _choose(carrier == 0, prefix, scatter(mixed.astype(np.int64), phone), v4)

    def exits(self, rng: np.random.Generator, kind: Exit, n: int) -> NDArray[np.void]:
        """`n` addresses as somebody rents them who does not want to be recognised."""
        if kind == "vpn":
            few = rng.choice(self.vpn_exits, min(len(self.vpn_exits), 12), replace=False)
            return fixed(rng.choice(few, n))
        if kind == "hosting":
            blocks = rng.choice(self.hosting, int(rng.integers(2, 7)), replace=False)
            return fixed(rng.choice(blocks, n) + rng.integers(2, 255, n))
        ids = rng.integers(1 << 40, 1 << 41, n)
        if kind == "mobile":
            return self.mobile(
                rng.integers(0, CARRIERS, n), ids, rng.integers(0, 9, n), rng.integers(0, 99, n)
            )
        return self.homes(ids, rng.integers(0, ISPS, n), ids * 0, ids, rng.random(n) < 0.3)

    def office(self, number: NDArray[np.int64]) -> NDArray[np.void]:
        """The one address of each office (offices are counted from 0)."""
        mixed = scatter(number, 77)
        isp = (mixed % np.uint64(ISPS)).astype(np.int64)
        block = self.isp_v4[isp, (mixed >> np.uint64(9)).astype(np.int64) % 12]
        return fixed(block + (mixed >> np.uint64(20)).astype(np.int64) % _V4_ROOM)

    def farm(self, rng: np.random.Generator, n: int) -> NDArray[np.void]:
        """`n` different-looking addresses that all belong to one or a few small networks."""
        if rng.random() < 0.4:  # a single /48, a fresh /64 for every account
            site = int(self.isp_v6[rng.integers(ISPS)]) << 32 | int(rng.integers(1, 1 << 16)) << 16
            made = np.zeros(n, dtype=ADDRESS)
            made["hi"] = site + rng.integers(0, 1 << 16, n)
            made["lo"] = rng.integers(1, 1 << 62, n)
            return made
        blocks = _v4_blocks(rng, int(rng.integers(1, 5))) + 256 * int(rng.integers(0, 256))
        return fixed(rng.choice(blocks, n) + rng.integers(1, 255, n))


def fixed(v4: NDArray[np.int64]) -> NDArray[np.void]:
    """IPv4 numbers as addresses."""
    made = np.zeros(len(v4), dtype=ADDRESS)
    made["lo"] = v4
    return made


def _choose(
    ipv6: NDArray[np.bool_],
    prefix: NDArray[np.uint64],
    host: NDArray[np.uint64],
    v4: NDArray[np.int64],
) -> NDArray[np.void]:
    made = np.zeros(len(v4), dtype=ADDRESS)
    made["hi"] = np.where(ipv6, prefix, 0)
    made["lo"] = np.where(ipv6, host, v4.astype(np.uint64))
    return made


def _v4_blocks(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """`n` different /16s from 31.0 to 95.255, where no private or reserved range lies."""
    return (rng.choice(np.arange(31 << 8, 96 << 8), n, replace=False) << 16).astype(np.int64)


def _v6_blocks(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """`n` different /32s out of 2a00::/12, given as their upper 32 bits."""
    return 0x2A000000 + rng.choice(1 << 20, n, replace=False).astype(np.int64)
