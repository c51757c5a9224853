"""Story of those who came back: a backup or a copied file brings erased persons into the store.

When the store is opened it meets the tombstone file beside it. What the file knows and the store
does not is done again; what only the store knows is written to the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from monitor.errors import ConfigError
from monitor.store.tombstones import Tombstone

if TYPE_CHECKING:
    from monitor.guard import Guard


def meet_tombstones(guard: Guard) -> None:
    """Bring store and tombstone file together; erase again whoever should be gone.

    Raises ConfigError where the tombstones were made with another key: they recognise nobody.
    """
    in_file, key_id = guard.tombstones.read()
    known = guard.tombstones.load()
    if known or in_file:
        _check_key(guard, key_id)
    missing = [stone for stone in in_file if known.get((stone.kind, stone.key), -1) < stone.at]
    if missing:
        _erase_again(guard, {(stone.kind, stone.key): stone.at for stone in in_file})
        with guard.db.transaction():
            guard.tombstones.save(missing)
    _write_missing(guard, known, in_file)


def _check_key(guard: Guard, key_id: str | None) -> None:
    if key_id is not None and key_id != guard.keys.id:
        raise ConfigError(
            "{file}: was written with the key {written}, here is {held}; restore the folder "
            "<store>.keys from your backup, for without it nobody who was erased or objected can "
            "be recognised",
            file=guard.tombstones.path,
            written=key_id,
            held=guard.keys.id,
        )


def _erase_again(guard: Guard, stones: Mapping[tuple[str, str], int]) -> None:
    """Find by their hashes who should be gone, and empty them again."""
    from monitor.guard import Person

    erased = {key: at for (kind, key), at in stones.items() if kind == "erased"}
    now = guard.clock()
    for author in [*guard.accounts.each(), *guard.accounts.hidden()]:
        moments = [
            erased[key]
            for name in (author.key, *author.names)
            if ":" in name and (key := guard.gate.hashed("account", name)) in erased
        ]
        if moments and guard.accounts.post_ids([author.id]):
            guard.empty(Person(author.key, (author,), author.names), (), now, max(moments))
    for voter in guard.accounts.voters():
        if guard.gate.hashed("voter", voter) in erased:
            guard.empty(Person(voter, (), (voter,), (voter,)), (), now)


def _write_missing(
    guard: Guard, known: Mapping[tuple[str, str], int], in_file: Sequence[Tombstone]
) -> None:
    """Write what only the store knows: its file was lost, or a kill came in between."""
    written = {(stone.kind, stone.key) for stone in in_file}
    lost = [
        Tombstone(kind, key, at)  # type: ignore[arg-type]  # the table holds our kinds
        for (kind, key), at in known.items()
        if (kind, key) not in written
    ]
    if lost:
        guard.remember(lost)
