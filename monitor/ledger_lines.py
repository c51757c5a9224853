"""The lines of a ledger, made anew from what the store holds: for publishing and for checking."""

from __future__ import annotations

from collections.abc import Iterator

from monitor.campaigns import ledger
from monitor.errors import StoreError
from monitor.store.ballots import Ballots
from monitor.store.campaigns import Campaigns
from monitor.store.database import Database
from monitor.store.ledger import Ledgers
from monitor.types.campaigns import Campaign, LedgerEvent

CHECKED_AT_ONCE = 100_000
"""Entries up to which a digest hashes the whole ledger anew: half a second of work."""

Entry = LedgerEvent | tuple[int, bool, str, str, str, int, str]
"""An entry that is no vote, or the words of a vote's line."""


def is_sound(db: Database, campaign: Campaign) -> bool | None:
    """Tell whether the ledger is what was signed; None for one too long to be hashed at once."""
    heads = Ledgers(db).heads(campaign.id)
    if not heads or heads[-1].size > CHECKED_AT_ONCE:
        return None
    if not ledger.head_is_signed(heads[-1], campaign.name):
        return False
    try:
        for _line in ledger_lines(db, campaign):
            pass
    except (StoreError, IndexError, KeyError, ValueError):
        # Columns that were changed may name an idea or a voter that is not there.
        return False
    return True


def ledger_lines(db: Database, campaign: Campaign) -> Iterator[tuple[bytes, bytes]]:
    """Yield each line of the ledger and its hash. Every signed head must come out again.

    Raises StoreError where one does not: the store was changed from outside.
    """
    ledgers = Ledgers(db)
    heads = ledgers.heads(campaign.id)
    tips = {head.size: head.tip for head in heads}
    prev, size = ledger.NO_ENTRY, 0
    for entry in _entries(db, campaign, ledgers.events(campaign.id)):
        if isinstance(entry, LedgerEvent):
            line = ledger.event_line(entry, prev)
        else:
            line = ledger.vote_line(*entry, prev)
        leaf = ledger.entry_hash(line)
        prev, size = leaf.hex(), size + 1
        # The chain of hashes makes the tip vouch for every line before it.
        if size in tips and tips[size] != prev:
            raise StoreError(
                "campaign {campaign}: entry {size} or one before it is not what was "
                "signed; the store was changed from outside: restore a backup",
                campaign=campaign.name,
                size=size - 1,
            )
        yield line, leaf
    if size != heads[-1].size:
        raise StoreError(
            "campaign {campaign}: the store holds {size} entries, signed were "
            "{size2}; restore a backup",
            campaign=campaign.name,
            size=size,
            size2=heads[-1].size,
        )


def _entries(db: Database, campaign: Campaign, events: list[LedgerEvent]) -> Iterator[Entry]:
    """Yield every entry in order: an event, or the words of a vote's line."""
    ballots = Ballots(db)
    tags = ballots.tags(campaign.id)
    names = [ledger.text(idea.idea) for idea in Campaigns(db).ideas(campaign.id)]
    others = iter(events)
    event = next(others, None)
    for block in ballots.blocks(campaign.id):
        while event is not None and event.seq < block.votes.seq[0]:
            yield event
            event = next(others, None)
        bounds = block.commitments.hex()
        columns = zip(
            block.votes.seq.tolist(),
            block.votes.withdraw.tolist(),
            ledger.times(block.votes.at),
            block.votes.idea.tolist(),
            block.votes.voter.tolist(),
            block.votes.value.tolist(),
            range(0, len(bounds), 64),
            strict=True,
        )
        for seq, withdraw, at, idea, voter, value, place in columns:
            bound = bounds[place : place + 64]
            yield (seq, withdraw, at, names[idea], tags[voter], value, bound)
    while event is not None:
        yield event
        event = next(others, None)
