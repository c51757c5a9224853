"""Turns addresses, devices and ids into keyed numbers at once; nothing of them is kept in clear.

The key is the campaign's own, so that two campaigns cannot be linked. A plain hash would not do:
all IPv4 addresses can be tried in minutes. BLAKE2b with a key is a MAC by design (RFC 7693).
"""

from __future__ import annotations

from hashlib import blake2b
from ipaddress import IPv6Address

from monitor.types.campaigns import Vote

MOST_REMEMBERED = 500_000


class Keying:
    """Keyed numbers under the key of one campaign; remembers those of frequent values."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._numbers: dict[tuple[bytes, str], int] = {}

    def network(self, ip: str | None) -> int:
        """Return the number of an address's network (/24, IPv6: /48); 0 is unknown."""
        return 0 if ip is None else self._number(b"network", prefix(ip))

    def device(self, device: str | None) -> int:
        """Return the number of a device; 0 is unknown."""
        return 0 if device is None else self._number(b"device", device)

    def vote_key(self, vote: str) -> bytes:
        """Return the name under which a vote's id is remembered."""
        return blake2b(vote.encode(), key=self._key, digest_size=16, person=b"vote").digest()

    def digest(self, vote: Vote) -> bytes:
        """Return a digest of what a vote says, to tell a repeat from another vote of that id."""
        words = f"{vote.idea}\n{vote.voter}\n{vote.at}\n{vote.withdraw:d}\n{vote.value}"
        return blake2b(words.encode(), key=self._key, digest_size=8, person=b"says").digest()

    def _number(self, purpose: bytes, value: str) -> int:
        number = self._numbers.get((purpose, value))
        if number is None:
            mac = blake2b(
                value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8, person=purpose
            )
            number = int.from_bytes(mac.digest(), "little", signed=True) or 1
            if len(self._numbers) < MOST_REMEMBERED:
                self._numbers[purpose, value] = number
        return number


def prefix(ip: str) -> str:
    """Return the network of an address: /24 of IPv4, /48 of IPv6; other words stay as they are.

    Some platforms give a token in place of an address; equal tokens are then one network.
    """
    host = ip.strip().lower()
    if host.count(".") == 3 and ":" not in host:
        return host.rpartition(".")[0]
    if ":" not in host:
        return host
    groups = host.split(":", 3)
    if len(groups) == 4 and all(groups[:3]) and "." not in groups[3]:
        return "".join(group.rjust(4, "0") for group in groups[:3])  # the usual way of writing
    try:
        address = IPv6Address(host.partition("%")[0].partition("/")[0])
    except ValueError:
        return host
    mapped = address.ipv4_mapped
    return prefix(str(mapped)) if mapped else f"{int(address) >> 80:012x}"
