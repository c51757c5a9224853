"""Story of a ballot box: rows of a file become ideas, votes and lines of the ledger.

A batch is one transaction: its votes, its voters and the signed head over them arrive together,
or not at all. A run that dies is simply run again; what is held is recognised.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from connectors.types import Rejected
from monitor.campaigns import ledger
from monitor.campaigns.columns import COLUMNS, UNKNOWN_TIME, Votes
from monitor.campaigns.intake import parse_idea, parse_vote, without_origin
from monitor.campaigns.keying import Keying
from monitor.campaigns.merkle import Frontier
from monitor.errors import StoreError, UsageError
from monitor.keys import Keys
from monitor.store.ballots import TAG_BYTES, Ballots, Block, Voter
from monitor.store.campaigns import Campaigns
from monitor.store.ledger import Ledgers
from monitor.types.campaigns import Campaign, Idea, Vote

BATCH = 50_000

_Parsed = TypeVar("_Parsed")

Row = tuple[int, Mapping[str, Any] | Rejected]
"""A line's number and its fields, as files of rows are read."""
Refuse = Callable[[Sequence[Rejected]], None]
"""Keeps rows that could not be taken, with their reasons."""


@dataclass(slots=True)
class Counted:
    """What came of the rows so far."""

    new: int = 0
    unchanged: int = 0
    rejected: int = 0


@dataclass(slots=True)
class _Known:
    """What the store knew after the last batch; read anew when somebody else has written."""

    size: int = -1
    voters: dict[str, int] = field(default_factory=dict)
    secrets: dict[int, tuple[bytes, bytes]] = field(default_factory=dict)
    referrers: dict[str, int] = field(default_factory=dict)
    next_voter: int = 0


class BallotBox:
    """Takes ideas and votes of one campaign. The campaign must be open: its rules are frozen."""

    def __init__(
        self,
        campaigns: Campaigns,
        ballots: Ballots,
        ledgers: Ledgers,
        keys: Keys,
        campaign: Campaign,
    ) -> None:
        self.campaigns = campaigns
        self.ballots = ballots
        self.ledgers = ledgers
        self.keys = keys
        self.campaign = campaign
        self._keying = Keying(keys.campaign_key(campaign.name))
        self._known = _Known()
        self._ideas: dict[str, int] = {}

    def take_ideas(self, rows: Iterable[Row], refuse: Refuse) -> Counted:
        """Save the ideas of a file."""
        counted = Counted()
        refused: list[Rejected] = []

        def readable() -> Iterator[Idea]:
            for row in rows:
                idea = _read(row, parse_idea, refused)
                if idea is not None:
                    yield idea

        counted.new, counted.unchanged = self.campaigns.save_ideas(self.campaign.id, readable())
        counted.rejected = len(refused)
        refuse(refused)
        return counted

    def take_votes(
        self,
        rows: Iterable[Row],
        refuse: Refuse,
        now: datetime,
        *,
        progress: Callable[[int], None] = lambda _n: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Counted:
        """Save the votes of a file, batch by batch; `stop` is asked between two batches."""
        counted = Counted()
        self._ideas = self.campaigns.idea_numbers(self.campaign.id)
        waiting = iter(rows)
        while batch := list(islice(waiting, BATCH)):
            self._take_batch(batch, refuse, now, counted)
            progress(len(batch))
            if stop():
                break
        return counted

    def remember_under_new_key(self) -> None:
        """Key the ids of the held votes anew, after the key of the store was lost.

        Without it a second import would find none of them and write them all again. Votes of
        erased persons have no id any more that could be keyed: only for them that stays so.
        """
        campaign_id = self.campaign.id
        ideas = {number: name for name, number in self.campaigns.idea_numbers(campaign_id).items()}
        voters = {n: name for name, n in self.ballots.voter_numbers(campaign_id).items()}
        keys = [
            (self._keying.vote_key(vote.vote), self._keying.digest(vote))
            for block in self.ballots.blocks(campaign_id)
            for vote in _held(block, ideas, voters)
        ]
        self.ballots.replace_keys(campaign_id, keys)

    def _take_batch(
        self, batch: list[Row], refuse: Refuse, now: datetime, counted: Counted
    ) -> None:
        rules = self.campaign.rules
        readable: list[tuple[Row, Vote]] = []
        refused: list[Rejected] = []
        for row in batch:
            vote = _read(row, lambda fields: parse_vote(fields, rules), refused)
            if vote is None:
                continue
            if vote.idea in self._ideas:
                readable.append((row, vote))
            else:
                reason = f"unknown idea {vote.idea}: import the ideas first, then this file again"
                refused.append(_refusal(row, reason))
        with self.campaigns.db.transaction():
            new, keys = self._unknown(readable, refused, counted)
            if new:
                self._append(new, keys, now)
        counted.new += len(new)
        counted.rejected += len(refused)
        refuse(refused)

    def _unknown(
        self, readable: list[tuple[Row, Vote]], refused: list[Rejected], counted: Counted
    ) -> tuple[list[Vote], list[tuple[bytes, bytes]]]:
        """Leave out what is held already; the same id for another vote is refused."""
        vote_key, digest_of = self._keying.vote_key, self._keying.digest
        keyed = [(row, vote, vote_key(vote.vote), digest_of(vote)) for row, vote in readable]
        held = self.ballots.known(self.campaign.id, [key for _, _, key, _ in keyed])
        new, keys = [], []
        for row, vote, key, digest in keyed:
            before = held.get(key)
            if before is None:
                held[key] = digest
                new.append(vote)
                keys.append((key, digest))
            elif before == digest:
                counted.unchanged += 1
            else:
                reason = f"vote id {vote.vote} is taken by another vote; events never change"
                refused.append(_refusal(row, reason))
        return new, keys

    def _append(self, new: list[Vote], keys: list[tuple[bytes, bytes]], now: datetime) -> None:
        campaign_id = self.campaign.id
        where = self.ledgers.last(campaign_id)
        if where is None:
            raise StoreError(
                "campaign {campaign}: has no ledger; open it first", campaign=self.campaign.name
            )
        if self.ballots.is_anonymous(campaign_id):
            raise UsageError(
                "campaign {name}: its voters' ids were deleted, as [retention] voters wishes; "
                "new votes are refused, for nobody could tell who has voted already",
                name=self.campaign.name,
            )
        frontier, prev = where
        self._refresh(frontier.size)
        # In the order of time, so that the ledger reads like a diary; nothing depends on it.
        new.sort(key=lambda vote: (vote.at, vote.vote))
        people = self._people(new)
        votes = self._columns(new, frontier.size)
        bound, prev = self._write_lines(new, votes, people, frontier, prev)
        self.ballots.append(campaign_id, Block(votes, bound, tuple(v.vote for v in new)), keys)
        head = ledger.sign_head(
            self.keys.signing_key,
            campaign=self.campaign.name,
            size=frontier.size,
            root=frontier.root().hex(),
            tip=prev,
            at=ledger.time_text(now),
        )
        self.ledgers.save_head(campaign_id, head, frontier)
        self._known.size = frontier.size

    def _refresh(self, size: int) -> None:
        if self._known.size == size:
            return
        campaign_id = self.campaign.id
        self._known = _Known(
            size,
            self.ballots.voter_numbers(campaign_id),
            self.ballots.secrets(campaign_id),
            self.ballots.referrers(campaign_id),
            self.ballots.next_voter_number(campaign_id),
        )

    def _people(self, new: list[Vote]) -> list[tuple[int, bytes, bytes]]:
        """Return (number, tag, salt) of each vote's voter; newcomers are saved."""
        known, fresh = self._known, []
        people = []
        for vote in new:
            number = known.voters.get(vote.voter)
            if number is None:
                number = known.next_voter
                known.next_voter += 1
                known.voters[vote.voter] = number
                random = secrets.token_bytes(2 * TAG_BYTES)
                known.secrets[number] = (random[:TAG_BYTES], random[TAG_BYTES:])
                fresh.append(Voter(number, vote.voter, *known.secrets[number]))
            people.append((number, *known.secrets[number]))
        self.ballots.save_voters(self.campaign.id, fresh)
        return people

    def _columns(self, new: list[Vote], first_seq: int) -> Votes:
        voters, ideas, keying = self._known.voters, self._ideas, self._keying
        referrers = self._referrers(new)
        unknown = UNKNOWN_TIME
        values: tuple[list[int], ...] = (
            list(range(first_seq, first_seq + len(new))),
            [vote.at for vote in new],
            [voters[vote.voter] for vote in new],
            [ideas[vote.idea] for vote in new],
            [vote.withdraw for vote in new],
            [vote.value for vote in new],
            [keying.network(vote.ip) for vote in new],
            [keying.device(vote.device) for vote in new],
            [referrers.get(vote.referrer or "", 0) for vote in new],
            [
                int(unknown) if vote.account_created_at is None else vote.account_created_at
                for vote in new
            ],
        )
        return Votes(
            *(
                np.array(column, dtype=dtype)
                for column, (_, dtype) in zip(values, COLUMNS, strict=True)
            )
        )

    def _referrers(self, new: list[Vote]) -> dict[str, int]:
        known = self._known.referrers
        fresh = []
        for vote in new:
            if vote.referrer is not None and vote.referrer not in known:
                known[vote.referrer] = len(known) + 1
                fresh.append((vote.referrer, known[vote.referrer]))
        self.ballots.save_referrers(self.campaign.id, fresh)
        return known

    def _write_lines(
        self,
        new: list[Vote],
        votes: Votes,
        people: list[tuple[int, bytes, bytes]],
        frontier: Frontier,
        prev: str,
    ) -> tuple[bytes, str]:
        """Hash each vote's line into the log; returns the commitments and the last line's hash."""
        moments = ledger.times(votes.at)
        bounds = bytearray()
        names: dict[str, str] = {}
        for seq, vote, at, (_, tag, secret) in zip(
            range(frontier.size, frontier.size + len(new)), new, moments, people, strict=True
        ):
            bound = ledger.commitment(secret, vote.vote, vote.voter, vote.at)
            bounds += bound
            idea = names.get(vote.idea)
            if idea is None:
                idea = names[vote.idea] = ledger.text(vote.idea)
            line = ledger.vote_line(
                seq, vote.withdraw, at, idea, tag.hex(), vote.value, bound.hex(), prev
            )
            entry = ledger.entry_hash(line)
            frontier.append(entry)
            prev = entry.hex()
        return bytes(bounds), prev


def _held(block: Block, ideas: Mapping[int, str], voters: Mapping[int, str]) -> Iterator[Vote]:
    """Yield the votes of a block as they came, less those of erased persons."""
    votes = block.votes
    columns = (votes.idea, votes.voter, votes.at, votes.withdraw, votes.value)
    for name, idea, voter, at, withdraw, value in zip(
        block.ids, *(column.tolist() for column in columns), strict=True
    ):
        if name:
            yield Vote(
                vote=name,
                idea=ideas[idea],
                voter=voters[voter],
                at=at,
                withdraw=withdraw,
                value=value,
            )


def _read(
    row: Row, parse: Callable[[Mapping[str, Any]], _Parsed], refused: list[Rejected]
) -> _Parsed | None:
    """Parse a row, or add it to the refused with the reason."""
    number, fields = row
    if isinstance(fields, Rejected):
        refused.append(Rejected(fields.reason, without_origin(fields.raw), number))
        return None
    try:
        return parse(fields)
    except ValueError as error:
        refused.append(_refusal(row, str(error)))
        return None


def _refusal(row: Row, reason: str) -> Rejected:
    return Rejected(reason, without_origin(row[1]), row[0])
