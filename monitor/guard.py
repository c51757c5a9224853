"""Story of privacy: whom we may collect, what is kept how long, and how somebody is forgotten.

An erasure first writes its tombstones to a file, then empties the store in one transaction, then
cleans the files, and at each step notes how far it is: killed anywhere, it goes on at the next
start. A backup that is put back, or a file that is imported anew, meets the same tombstones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor.beside import Beside
from monitor.errors import UsageError
from monitor.gate import Gate
from monitor.keys import Keys
from monitor.receipts import save_receipt, withdraw_copies
from monitor.returned import meet_tombstones
from monitor.store.accounts import Accounts, AuthorRow, hidden_key
from monitor.store.database import to_ms
from monitor.store.erasure import (
    Cleaned,
    Emptied,
    Erasure,
    clean_files,
    is_distinct,
    mark_cleaning,
    needs_cleaning,
)
from monitor.store.outbox import Outbox
from monitor.store.processing import ProcessingLog
from monitor.store.store import Store
from monitor.store.tombstones import Kind, Tombstone, Tombstones
from monitor.types.messages import Receiver
from monitor.types.roles import account_keys

if TYPE_CHECKING:
    from monitor.config import Privacy
    from monitor.config import Retention as Periods


@dataclass(frozen=True, slots=True)
class Person:
    """An account with all that is known by its names, and where it votes and has ideas."""

    account: str
    authors: tuple[AuthorRow, ...]
    names: tuple[str, ...]
    voters: tuple[str, ...] = ()
    ideas: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether anything is held."""
        return bool(self.authors or self.voters or self.ideas)


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did, in numbers; `receipt` is the file that says it in full."""

    account: str
    posts: int
    counts: int
    votes: int
    deliveries: int
    receipt: Path | None
    traces: int = 0


class Guard:
    """Privacy of one store. `keys` are asked for only where a name must be hashed."""

    def __init__(
        self,
        store: Store,
        keys: Callable[[], Keys],
        periods: Periods,
        wishes: Privacy,
        clock: Callable[[], datetime],
        *,
        drops: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.store = store
        self.db = store.db
        self.periods = periods
        self.wishes = wishes
        self.clock = clock
        self._keys = keys
        self.beside = Beside(store.db.path)
        self.tombstones = Tombstones(self.db, self.beside.named(".tombstones"))
        self.accounts = Accounts(self.db)
        self.gate = Gate(
            self.tombstones,
            lambda: self.keys.hmac_key,
            wishes.drop,
            drops or {},
            self._is_author,
        )

    def stand(self) -> None:
        """Watch what is collected from now on; finish what was cut or came back."""
        self.store.ingest.admit = self.gate.admit
        self.catch_up()

    # --- who is meant -------------------------------------------------------------------------

    def find(self, account: str) -> Person:
        """Return whom an account means. Raises UsageError for a bad name or one of several."""
        account = account.strip()
        platform, colon, rest = account.partition(":")
        if not (platform and colon and rest.strip("@ ")):
            raise self._no_account(account)
        authors = self.accounts.find(account, self._pseudonym)
        if len({author.key for author in authors}) > 1:
            listed = ", ".join(author.key for author in authors)
            raise UsageError(
                "{account}: means {n} accounts ({listed}); name one of them",
                account=account,
                n=len(authors),
                listed=listed,
            )
        bare = account.rpartition(":")[2]
        names = dict.fromkeys(
            (account, bare, *(name for author in authors for name in author.names))
        )
        voters = self.accounts.voters_among(list(names))
        return Person(
            account,
            tuple(authors),
            tuple(names),
            tuple(dict.fromkeys(voter for _, _, voter in voters)),
            tuple(self.accounts.ideas_of(list(names))),
        )

    def _no_account(self, name: str) -> UsageError:
        if name and self.accounts.voters_among([name]):
            return UsageError(
                "{name}: is no account, but somebody voted under this id; write voter:{name}",
                name=name,
            )
        like = self.accounts.called(name)
        if like:
            return UsageError(
                "{name}: name the platform too; so called are {listed}",
                name=name,
                listed=", ".join(like),
            )
        return UsageError(
            "{name}: no account; write platform:id, platform:host:id or platform:@handle, such as "
            "facebook:u9 or mastodon:@anna, or voter:id for somebody who voted",
            name=name,
        )

    # --- objection ----------------------------------------------------------------------------

    def object(self, account: str, *, withdrawn: bool = False) -> Person:
        """Never collect an account again (Art. 21), or, `withdrawn`, collect it again."""
        person = self.find(account)
        now = self.clock()
        kind: Kind = "withdrawn" if withdrawn else "objected"
        stones = [Tombstone(kind, key, to_ms(now)) for key in self._account_stones(person)]
        self.remember(stones)
        with self.db.transaction():
            self.tombstones.save(stones)
            self.log.add(kind, now, {"posts_held": self._held(person)}, self.subject(account))
        self.log.remember_head()
        return person

    def _held(self, person: Person) -> int:
        return len(self.accounts.post_ids([author.id for author in person.authors]))

    # --- erasure ------------------------------------------------------------------------------

    def erase(
        self, account: str, receiver: Callable[[str], Receiver | None] = lambda _name: None
    ) -> Erased | None:
        """Forget somebody (Art. 17). Returns None where nothing was held.

        `receiver` gives a receiver of messages by its name: some can change what they have shown,
        so that quotes go there too.
        """
        person = self.find(account)
        now = self.clock()
        stones = self._stones_of(person, to_ms(now))
        self.remember(stones)
        if not person.is_held:
            with self.db.transaction():
                self.tombstones.save(stones)
                self.log.add("erasure_of_unknown", now, {}, self.subject(account))
            self.log.remember_head()
            return None
        emptied, votes, copies = self.empty(person, stones, now)
        told = withdraw_copies(self, copies, receiver, now)
        cleaned = self.clean(person.names)
        receipt = save_receipt(
            self, person, emptied=emptied, votes=votes, copies=told, cleaned=cleaned
        )
        return Erased(
            account, len(emptied.uids), emptied.counts, votes, len(copies), receipt,
            sum(cleaned.traces.values()),
        )  # fmt: skip

    def empty(
        self, person: Person, stones: Sequence[Tombstone], now: datetime, until: int | None = None
    ) -> tuple[Emptied, int, list[tuple[str, str, datetime, str | None]]]:
        """Empty the store in one transaction. Returns what went and which messages quoted it."""
        from monitor.campaigning import Campaigning

        erasure = Erasure(self.db, lambda uid: self.gate.hashed("post", uid))
        with self.db.transaction():
            uids = self.accounts.uids([author.id for author in person.authors])
            copies = Outbox(self.db).deliveries_of(uids)
            emptied = erasure.erase(person.authors, to_ms(now), until)
            ideas = erasure.erase_ideas(person.names)
            campaigning = Campaigning(self.db, self.keys)
            votes = sum(campaigning.erase(voter) for voter in person.voters)
            posts = [
                Tombstone("post", self.gate.hashed("post", uid), to_ms(now)) for uid in emptied.uids
            ]
            self.tombstones.save([*stones, *posts])
            facts = {
                "posts": emptied.posts, "counts": emptied.counts, "votes": votes, "ideas": ideas,
                "mentions": emptied.mentions, "deliveries": len(copies),
            }  # fmt: skip
            self.log.add("erased", now, facts, self.subject(person.account))
            mark_cleaning(self.db, needed=True)
        self.remember(posts)
        self.beside.forget_rejects(person.names)
        return emptied, votes, copies

    def clean(self, names: Sequence[str], *, index: bool = True) -> Cleaned:
        """Clean and search the files; then nothing is left to do for the next start."""
        for copy in self.beside.upgrade_copies():
            copy.unlink(missing_ok=True)
        needles = [
            name
            for name in names
            if is_distinct(name) and not self.accounts.is_part_of_a_name(name)
        ]
        cleaned = clean_files(self.db, needles, self.beside.files(), index=index)
        with self.db.transaction():
            if cleaned.checkpointed:
                mark_cleaning(self.db, needed=False)
            facts = {
                "searched_bytes": cleaned.searched_bytes,
                "pages_cleared": cleaned.pages,
                "traces": sum(cleaned.traces.values()),
            }
            self.log.add("cleaned", self.clock(), facts)
        self.log.remember_head()
        return cleaned

    def catch_up(self) -> None:
        """Bring store and tombstone file together; erase again who came back with a backup."""
        meet_tombstones(self)
        if needs_cleaning(self.db):
            self.clean(())

    # --- retention ----------------------------------------------------------------------------

    def retain(self, *, dry_run: bool = False) -> dict[str, int]:
        """Delete what has been kept long enough. Returns kind -> how many.

        The proof is in the log: what went, and the oldest thing of each kind that is left.
        """
        from monitor.store.retention import Retention
        from monitor.store.vote_retention import VoteRetention

        now, periods = self.clock(), self.periods
        retention, votes = Retention(self.db, self._pseudonym), VoteRetention(self.db)
        done = {
            "raw": retention.raw(now - periods.raw, dry_run=dry_run),
            "texts": retention.texts(now - periods.texts, now, dry_run=dry_run),
            "handles": retention.handles(now - periods.handles, dry_run=dry_run),
            "counts": retention.counts(now - periods.counts, dry_run=dry_run),
            "networks": votes.networks(now - periods.networks, dry_run=dry_run),
            "voters": votes.voters(now - periods.voters, dry_run=dry_run),
            "logs": retention.logs(now - periods.logs, dry_run=dry_run),
            "rejects": self.beside.let_go_rejects(now - periods.raw, dry_run=dry_run),
            "copies": self.beside.let_go_copies(now, dry_run=dry_run),
        }
        if dry_run:
            return done
        if done["texts"] or done["raw"] or done["handles"] or done["voters"]:
            mark_cleaning(self.db, needed=True)
        with self.db.transaction():
            self.log.prune(now - periods.logs)
            left = {kind: at and at.isoformat() for kind, at in retention.oldest().items()}
            self.log.add("retention", now, done | {"oldest_left": left})
        if needs_cleaning(self.db):
            self.clean((), index=bool(done["texts"]))
        self.log.remember_head()
        return done

    # --- log ----------------------------------------------------------------------------------

    @property
    def keys(self) -> Keys:
        """The operator's keys."""
        return self._keys()

    @property
    def log(self) -> ProcessingLog:
        """The processing log."""
        return ProcessingLog(self.db, self.keys.hmac_key, self.beside.named(".log-head"))

    def note(self, action: str, **facts: Any) -> None:
        """Write into the log what was done with personal data; `facts` name no person."""
        self.log.add(action, self.clock(), facts)
        self.log.remember_head()

    def log_restored(self, posts: int) -> None:
        """Note that a backup took the store's place: its log goes on from where it ended then."""
        self.log.forget_head()
        self.note("restored", posts=posts)

    def note_about(self, action: str, account: str, **facts: Any) -> None:
        """Like `note`, about an account, which stands there as a keyed hash."""
        self.log.add(action, self.clock(), facts, self.subject(account))
        self.log.remember_head()

    def subject(self, account: str) -> str:
        """Return the keyed hash under which an account stands in log and receipt."""
        return self.keys.pseudonym(account.casefold(), of="log")

    def _account_stones(self, person: Person) -> list[str]:
        """Return the hashed names by which the account is recognised when it comes in.

        A handle alone can mean several persons where ids are per server; there it is used only
        if nothing better is known.
        """
        names = [person.account] if not person.authors else []
        for author in person.authors:
            keys = account_keys(author.platform, author.host, author.native_id, author.handle)
            names += [author.key, *keys[:1]]
            if author.host is None or "@" in (author.handle or "").lstrip("@"):
                names += keys
            if ":@" not in person.account:
                names.append(person.account)
        names += [
            hidden_key(author.platform, author.host, self._pseudonym(author.key))
            for author in person.authors
            if not author.is_hidden
        ]
        return [self.gate.hashed("account", name) for name in dict.fromkeys(names)]

    def _stones_of(self, person: Person, at: int) -> list[Tombstone]:
        platform = person.account.partition(":")[0]
        handles = [name for name in person.names if name.startswith("@")]
        keys = self._account_stones(person)
        keys += [self.gate.hashed("voter", name) for name in person.names]
        return [
            *(Tombstone("erased", key, at) for key in dict.fromkeys(keys)),
            *(
                Tombstone("handle", self.gate.hashed("handle", f"{platform}:{h.casefold()}"), at)
                for h in handles
            ),
        ]

    def remember(self, stones: Sequence[Tombstone]) -> None:
        """Write tombstones to their file, where they outlive the store."""
        self.tombstones.append(stones, self.keys.id)

    def _is_author(self, uid: str, pseudonym: str) -> bool:
        key = self.accounts.author_of(uid)
        return key is not None and self._pseudonym(key) == pseudonym

    def _pseudonym(self, name: str) -> str:
        return self.keys.pseudonym(name)
