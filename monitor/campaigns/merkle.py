"""Merkle tree of an append-only log, as RFC 9162 (section 2.1) lays it down.

leaf = SHA-256(0x00 || entry), node = SHA-256(0x01 || left || right), split at the largest power
of two below n. `Frontier` appends in constant memory; `Tree` keeps all nodes and proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The roots of the perfect subtrees of a log: enough to append and to know the root."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a log of {size} entries has {size.bit_count()} peaks")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf: bytes) -> None:
        """Add the hash of one more entry."""
        rest = self.size
        while rest & 1:
            leaf = sha256(b"\x01" + self.peaks.pop() + leaf).digest()
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root over everything appended so far."""
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root

    def to_bytes(self) -> bytes:
        """Pack the peaks, left to right."""
        return b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, size: int, packed: bytes) -> Frontier:
        """Unpack what `to_bytes` packed."""
        return cls(size, [packed[at : at + HASH_BYTES] for at in range(0, len(packed), HASH_BYTES)])


class Tree:
    """All perfect subtrees of a log, level by level: proofs come in microseconds.

    Level k holds the hash of each complete block of 2**k entries: 64 bytes an entry in all.
    """

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        level = bytearray().join(leaves)
        self.size = len(level) // HASH_BYTES
        self.levels = [level]
        while len(level) >= 2 * HASH_BYTES:
            level = _above(level)
            self.levels.append(level)

    def root(self, size: int | None = None) -> bytes:
        """Return the root over the first `size` entries (all, if not told)."""
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise ValueError(f"the log has {self.size} entries, not {size}")
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Return the audit path of entry `index` in the first `size` entries (2.1.3.1)."""
        size = self.size if size is None else size
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no entry {index} among the first {size} of {self.size}")
        path, start, end = [], 0, size
        while end - start > 1:
            split = start + _split(end - start)
            if index < split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start = split
        return path[::-1]

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """Return the proof that the first `first` entries are a prefix (2.1.4.1)."""
        second = self.size if second is None else second
        if not 0 < first <= second <= self.size:
            raise ValueError(f"no proof from {first} to {second} in a log of {self.size}")
        path, start, end, known = [], 0, second, True
        while first != end:
            split = start + _split(end - start)
            if first <= split:
                path.append(self._range(split, end))
                end = split
            else:
                path.append(self._range(start, split))
                start, known = split, False
        if not known:
            path.append(self._range(start, end))
        return path[::-1]

    def _range(self, start: int, end: int) -> bytes:
        """Return the root of the entries [start, end), `start` being a subtree's left edge."""
        width = end - start
        if width & (width - 1) == 0:
            at = (start // width) * HASH_BYTES
            return bytes(self.levels[width.bit_length() - 1][at : at + HASH_BYTES])
        split = start + _split(width)
        return node_hash(self._range(start, split), self._range(split, end))


def _above(level: bytearray) -> bytearray:
    return bytearray().join(
        sha256(b"\x01" + level[at : at + 2 * HASH_BYTES]).digest()
        for at in range(0, len(level) - HASH_BYTES, 2 * HASH_BYTES)
    )


def _split(size: int) -> int:
    """Return the largest power of two below `size` (which is 2 or more)."""
    return 1 << ((size - 1).bit_length() - 1)


def includes(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` proves that `leaf` is entry `index` of the log (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    # A path that is not used up, or too short, proves nothing.
    return last == 0 and found == root


def extends(
    first: int, second: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether `path` proves that the longer log extends the shorter one (2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not path and old_root == new_root
    steps = list(path)
    if first & (first - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root
