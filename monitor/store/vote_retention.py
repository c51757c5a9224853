"""Deletes what tells persons behind votes apart, once nobody can appeal any more. Votes stay.

The ledger verifies as before and the tally stays: both hang on the numbers, tags and commitments
of the public lines, not on what is deleted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor.store.ballots import Ballots
from monitor.store.campaigns import Campaigns
from monitor.store.database import Database, from_ms
from monitor.types.campaigns import Campaign


class VoteRetention:
    """Networks, devices and voters of campaigns that are over."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.ballots = Ballots(db)

    def networks(self, before: datetime, *, dry_run: bool) -> int:
        """Forget networks and devices of votes of campaigns over since then. Returns of how many.

        An audit of such a campaign can no longer find groups by their network.
        """
        forgotten = 0
        with self.db.transaction() as connection:
            for campaign in self._over_since(before):
                for block in self.ballots.blocks(campaign.id):
                    votes = block.votes
                    held = (votes.network != 0) | (votes.device != 0) | (votes.referrer != 0)
                    if not held.any():
                        continue
                    forgotten += int(held.sum())
                    if not dry_run:
                        connection.execute(
                            "UPDATE vote_blocks SET columns = ? "
                            "WHERE campaign_id = ? AND first_seq = ?",
                            (votes.without_origin(held).to_bytes(), campaign.id,
                             int(votes.seq[0])),
                        )  # fmt: skip
        return forgotten

    def voters(self, before: datetime, *, dry_run: bool) -> int:
        """Forget who voted in campaigns whose time for appeals is over since then.

        Returns how many voters. Their receipts prove nothing from then on, and votes that come
        late are refused: nobody could tell whether the person has voted.
        """
        forgotten = 0
        with self.db.transaction():
            for campaign in self._over_since(before, appeals=True):
                forgotten += self.ballots.count_named(campaign.id)
                if not dry_run:
                    self.ballots.forget_voters(campaign.id)
        return forgotten

    def _over_since(self, before: datetime, *, appeals: bool = False) -> Iterator[Campaign]:
        for campaign in Campaigns(self.db).all():
            days = campaign.rules.appeal_days if appeals else 0
            if self._over(campaign) + timedelta(days=days) < before:
                yield campaign

    def _over(self, campaign: Campaign) -> datetime:
        """Return when the last thing happened: a vote of long ago may be imported today."""
        newest = self.db.value(
            "SELECT max(at) FROM ledger_events WHERE campaign_id = ?", (campaign.id,)
        )
        head = self.db.value(
            "SELECT at FROM ledger_heads WHERE campaign_id = ? ORDER BY size DESC LIMIT 1",
            (campaign.id,),
        )
        moments = [campaign.closed_at or campaign.rules.closes]
        moments += [] if newest is None else [from_ms(newest)]
        moments += [] if head is None else [datetime.fromisoformat(head)]
        return max(moments)
