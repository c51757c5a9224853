"""Lines of the public ledger and the signed heads over them. Pure: the store keeps, this writes.

An entry is one line of JSON; its hash covers exactly these bytes. Each line names the hash of
the line before it (`prev`), so that the first bad one can be named; all together are the leaves
of a Merkle tree (RFC 9162), so that a head of 32 bytes vouches for every line ever written.

A vote's line holds no person: `voter` is a random tag, new in each campaign, and `commitment`
hashes the vote's own id, the voter's id and the moment with the voter's random salt. Whoever
holds the receipt can prove that the line is theirs; once the salt is deleted nobody can.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.campaigns.columns import Ints
from monitor.campaigns.merkle import leaf_hash
from monitor.types.campaigns import Head, LedgerEvent
from monitor.types.moments import to_ms

NO_ENTRY = "0" * 64
"""What the first entry names as the one before it."""

HEAD_PREFIX = b"sturmglas ledger head v1\n"


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return one line of JSON: ASCII, no blanks, keys in the order given."""
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def commitment(secret: bytes, vote: str, voter: str, at: int) -> bytes:
    """Bind a ledger line to a vote without naming it: SHA-256 over the salt and what it was."""
    # Ids hold no line breaks (see intake), so that no two triples look alike.
    return sha256(secret + f"{vote}\n{voter}\n{at}".encode()).digest()


def times(at: Ints) -> list[str]:
    """Return RFC 3339 times (UTC, ms) of ms since 1970."""
    texts = np.datetime_as_string(at.astype("datetime64[ms]"), unit="ms")
    return [f"{text}Z" for text in texts.tolist()]


def time_text(moment: datetime) -> str:
    """Return the RFC 3339 time (UTC, ms) of a moment."""
    return times(np.array([to_ms(moment)], dtype=np.int64))[0]


def text(word: str) -> str:
    """Return a word as JSON text."""
    return json.dumps(word, ensure_ascii=True)


def vote_line(  # noqa: PLR0917 - called 2 million times, keywords cost
    seq: int, withdraw: bool, at: str, idea: str, tag: str, value: int, bound: str, prev: str
) -> bytes:
    """Return the line of a vote. `idea` is already JSON text; 2 million lines take 3 s this way."""
    kind = "withdrawn" if withdraw else "cast"
    return (
        f'{{"seq":{seq},"type":"{kind}","at":"{at}","idea":{idea},"voter":"{tag}",'
        f'"value":{value},"commitment":"{bound}","prev":"{prev}"}}'
    ).encode("ascii")


def event_line(event: LedgerEvent, prev: str) -> bytes:
    """Return the line of an entry that is no vote."""
    fields = {"seq": event.seq, "type": event.type, "at": time_text(event.at)} | dict(event.body)
    return canonical(fields | {"prev": prev})


def entry_hash(line: bytes) -> bytes:
    """Return the hash of an entry (the Merkle leaf of its bytes, without the line's end)."""
    return leaf_hash(line)


def sign_head(
    key: Ed25519PrivateKey, *, campaign: str, size: int, root: str, tip: str, at: str
) -> Head:
    """State that the first `size` entries have this root, and sign it."""
    public = key.public_key().public_bytes_raw().hex()
    message = head_message(campaign, size, root, tip, at)
    return Head(size=size, root=root, tip=tip, at=at, key=public, signature=key.sign(message).hex())


def head_message(campaign: str, size: int, root: str, tip: str, at: str) -> bytes:
    """Return the bytes that a head's signature covers."""
    return HEAD_PREFIX + f"{campaign}\n{size}\n{root}\n{tip}\n{at}\n".encode()


def head_is_signed(head: Head, campaign: str) -> bool:
    """Tell whether the head's signature is by the key that it names."""
    message = head_message(campaign, head.size, head.root, head.tip, head.at)
    return is_signed(head.key, head.signature, message)


def is_signed(key: str, signature: str, message: bytes) -> bool:
    """Tell whether an Ed25519 signature (hex) over `message` is by `key` (hex)."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(signature), message)
    except (ValueError, InvalidSignature):
        return False
    return True


def head_line(head: Head, campaign: str) -> bytes:
    """Return the head as a line of JSON, the way it is published."""
    return canonical({"campaign": campaign} | asdict(head))


def files_message(campaign: str, files: Mapping[str, str], head: Head) -> bytes:
    """Return what the signature under a published account covers: each file's hash, the head."""
    listed = canonical({"campaign": campaign, "files": dict(files), "head": asdict(head)})
    return b"sturmglas account v1\n" + listed


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Write ascending entry numbers as pairs [first, last]; a burst takes few of them."""
    pairs: list[list[int]] = []
    for number in sorted(numbers):
        if pairs and pairs[-1][1] == number - 1:
            pairs[-1][1] = number
        else:
            pairs.append([number, number])
    return pairs


def unranged(pairs: Iterable[Iterable[int]]) -> list[int]:
    """Return the numbers that `ranges` wrote as pairs."""
    numbers: list[int] = []
    for first, last in pairs:
        numbers.extend(range(first, last + 1))
    return numbers
