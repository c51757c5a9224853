"""Votes in the store: blocks of columns that are appended and never changed.

`vote_keys` knows each vote's id by a keyed hash, so that a second import changes nothing, and so
that it still does after the person behind it was erased.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from monitor.campaigns.columns import Votes
from monitor.store.database import Database

COMMITMENT_BYTES = 32
TAG_BYTES = 16
KEYS_A_QUERY = 500  # far below the number of parameters that SQLite allows


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive votes of the ledger; `ids` are the votes' own ids ('' where erased)."""

    votes: Votes
    commitments: bytes
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Voter:
    """A person in one campaign: clear id (None: erased), public tag, private salt."""

    number: int
    voter: str | None
    tag: bytes
    secret: bytes | None


class Ballots:
    """Reads and writes votes, voters and referrers of campaigns."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def known(self, campaign_id: int, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return what is held of these vote keys: key to digest of the vote's content."""
        found: dict[bytes, bytes] = {}
        for start in range(0, len(keys), KEYS_A_QUERY):
            some = keys[start : start + KEYS_A_QUERY]
            places = ",".join("?" * len(some))
            sql = f"SELECT key, digest FROM vote_keys WHERE campaign_id = ? AND key IN ({places})"
            found.update((row[0], row[1]) for row in self.db.rows(sql, (campaign_id, *some)))
        return found

    def voter_numbers(self, campaign_id: int) -> dict[str, int]:
        """Return the number of each voter by id."""
        sql = "SELECT voter, number FROM voters WHERE campaign_id = ? AND voter IS NOT NULL"
        return {row[0]: row[1] for row in self.db.rows(sql, (campaign_id,))}

    def next_voter_number(self, campaign_id: int) -> int:
        """Return the number of the next new voter."""
        sql = "SELECT max(number) + 1 FROM voters WHERE campaign_id = ?"
        return int(self.db.value(sql, (campaign_id,)) or 0)

    def secrets(self, campaign_id: int) -> dict[int, tuple[bytes, bytes]]:
        """Return tag and salt of each voter that has not been erased, by number."""
        sql = "SELECT number, tag, secret FROM voters WHERE campaign_id = ? AND secret IS NOT NULL"
        return {row[0]: (row[1], row[2]) for row in self.db.rows(sql, (campaign_id,))}

    def tags(self, campaign_id: int) -> list[str]:
        """Return the public tags (hex) in the order of the voters' numbers."""
        sql = "SELECT lower(hex(tag)) FROM voters WHERE campaign_id = ? ORDER BY number"
        return [row[0] for row in self.db.rows(sql, (campaign_id,))]

    def voter_ids(self, campaign_id: int, numbers: Sequence[int]) -> dict[int, str]:
        """Return the clear id of each of these voters; an erased one is named by its tag."""
        wanted = sorted(set(map(int, numbers)))
        names: dict[int, str] = {}
        for start in range(0, len(wanted), KEYS_A_QUERY):
            some = wanted[start : start + KEYS_A_QUERY]
            places = ",".join("?" * len(some))
            # Listed one by one: joined to json_each, SQLite reads all voters for each (measured).
            sql = (
                "SELECT number, coalesce(voter, 'tag:' || lower(hex(tag))) FROM voters "
                f"WHERE campaign_id = ? AND number IN ({places})"
            )
            names.update((row[0], row[1]) for row in self.db.rows(sql, (campaign_id, *some)))
        return names

    def save_voters(self, campaign_id: int, voters: Sequence[Voter]) -> None:
        """Add new voters."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO voters (campaign_id, number, voter, tag, secret) "
                "VALUES (?, ?, ?, ?, ?)",
                ((campaign_id, v.number, v.voter, v.tag, v.secret) for v in voters),
            )

    def referrers(self, campaign_id: int) -> dict[str, int]:
        """Return the number (from 1) of each referrer."""
        sql = "SELECT referrer, number FROM referrers WHERE campaign_id = ?"
        return {row[0]: row[1] for row in self.db.rows(sql, (campaign_id,))}

    def save_referrers(self, campaign_id: int, new: Sequence[tuple[str, int]]) -> None:
        """Add new referrers with their numbers."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO referrers (campaign_id, referrer, number) VALUES (?, ?, ?)",
                ((campaign_id, name, number) for name, number in new),
            )

    def append(self, campaign_id: int, block: Block, keys: Sequence[tuple[bytes, bytes]]) -> None:
        """Add a block and the (key, digest) of its votes."""
        with self.db.transaction() as connection:
            connection.executemany(
                "INSERT INTO vote_keys (campaign_id, key, digest) VALUES (?, ?, ?)",
                ((campaign_id, key, digest) for key, digest in sorted(keys)),
            )
            connection.execute(
                "INSERT INTO vote_blocks (campaign_id, first_seq, size, columns, commitments, ids) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (
                    campaign_id,
                    int(block.votes.seq[0]),
                    len(block.votes),
                    block.votes.to_bytes(),
                    block.commitments,
                    "\n".join(block.ids),
                ),
            )

    def replace_keys(self, campaign_id: int, keys: Sequence[tuple[bytes, bytes]]) -> None:
        """Know the votes by these (key, digest) from now on, in place of those known before."""
        with self.db.transaction() as connection:
            connection.execute("DELETE FROM vote_keys WHERE campaign_id = ?", (campaign_id,))
            connection.executemany(
                "INSERT INTO vote_keys (campaign_id, key, digest) VALUES (?, ?, ?)",
                ((campaign_id, key, digest) for key, digest in sorted(keys)),
            )

    def count(self, campaign_id: int) -> int:
        """Return how many vote events are held."""
        sql = "SELECT sum(size) FROM vote_blocks WHERE campaign_id = ?"
        return int(self.db.value(sql, (campaign_id,)) or 0)

    def load(self, campaign_id: int) -> Votes:
        """Return all vote events in the order of the ledger."""
        sql = "SELECT columns, size FROM vote_blocks WHERE campaign_id = ? ORDER BY first_seq"
        rows = self.db.rows(sql, (campaign_id,))
        return Votes.concatenate([Votes.from_bytes(row[0], row[1]) for row in rows])

    def blocks(self, campaign_id: int) -> Iterator[Block]:
        """Yield the blocks in the order of the ledger, one in memory at a time."""
        starts = self.db.rows(
            "SELECT first_seq FROM vote_blocks WHERE campaign_id = ? ORDER BY first_seq",
            (campaign_id,),
        )
        for (first_seq,) in starts:
            row = self.db.row(
                "SELECT columns, commitments, ids, size FROM vote_blocks "
                "WHERE campaign_id = ? AND first_seq = ?",
                (campaign_id, first_seq),
            )
            assert row is not None, "blocks are never deleted"
            votes = Votes.from_bytes(row["columns"], row["size"])
            yield Block(votes, row["commitments"], tuple(row["ids"].split("\n")))

    def voter(self, campaign_id: int, voter: str) -> Voter | None:
        """Return one voter by clear id, or None."""
        row = self.db.row(
            "SELECT number, voter, tag, secret FROM voters WHERE campaign_id = ? AND voter = ?",
            (campaign_id, voter),
        )
        return None if row is None else Voter(*row)

    def campaigns_of(self, voter: str) -> list[int]:
        """Return the ids of the campaigns in which this voter is held."""
        rows = self.db.rows("SELECT campaign_id FROM voters WHERE voter = ?", (voter,))
        return [row[0] for row in rows]

    def count_named(self, campaign_id: int) -> int:
        """Return how many voters are held by a clear id."""
        sql = "SELECT count(*) FROM voters WHERE campaign_id = ? AND voter IS NOT NULL"
        return int(self.db.value(sql, (campaign_id,)))

    def is_anonymous(self, campaign_id: int) -> bool:
        """Whether there are voters and not one of them is held by a clear id any more."""
        return self.next_voter_number(campaign_id) > 0 and not self.count_named(campaign_id)

    def forget_voters(self, campaign_id: int) -> None:
        """Delete ids and salts of all voters and the ids of all votes, as `erase_voter` does."""
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE voters SET voter = NULL, secret = NULL WHERE campaign_id = ?",
                (campaign_id,),
            )
            for first_seq, size in connection.execute(
                "SELECT first_seq, size FROM vote_blocks WHERE campaign_id = ?", (campaign_id,)
            ).fetchall():
                connection.execute(
                    "UPDATE vote_blocks SET ids = ? WHERE campaign_id = ? AND first_seq = ?",
                    ("\n" * (size - 1), campaign_id, first_seq),
                )

    def erase_voter(self, campaign_id: int, number: int) -> int:
        """Delete id and salt of a voter and the ids of the votes; returns how many votes.

        Tag, commitments and columns stay, without anything that leads back to the person.
        """
        erased = 0
        with self.db.transaction() as connection:
            connection.execute(
                "UPDATE voters SET voter = NULL, secret = NULL "
                "WHERE campaign_id = ? AND number = ?",
                (campaign_id, number),
            )
            for block in self.blocks(campaign_id):
                mine = block.votes.voter == number
                if not mine.any():
                    continue
                erased += int(mine.sum())
                ids = ["" if own else name for own, name in zip(mine, block.ids, strict=True)]
                connection.execute(
                    "UPDATE vote_blocks SET ids = ?, columns = ? "
                    "WHERE campaign_id = ? AND first_seq = ?",
                    (
                        "\n".join(ids),
                        block.votes.without_origin(mine).to_bytes(),
                        campaign_id,
                        int(block.votes.seq[0]),
                    ),
                )
        return erased
