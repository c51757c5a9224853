"""Story of a campaign: rules, opening, votes, audit, annulment, result.

Loads, calls the pure rooms, saves. Whatever changes what the public may read goes through
`record`, which writes a line of the ledger and a signed head over it, in one transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np

from monitor.ballot_box import BallotBox, Counted, Refuse, Row
from monitor.campaigns import ledger
from monitor.campaigns.audit.evidence import Thresholds
from monitor.campaigns.audit.run import Report, audit
from monitor.campaigns.cases import (
    Case,
    Step,
    evidence_text,
    find_cases,
    is_flagged,
    next_step,
    public_words,
    role_of,
    type_of,
)
from monitor.campaigns.merkle import Frontier
from monitor.campaigns.rules import parse_rules, rules_hash
from monitor.campaigns.tally import count, roots
from monitor.errors import ConfigError, NotFound, UsageError
from monitor.keys import Keys
from monitor.store.ballots import Ballots
from monitor.store.campaigns import Campaigns
from monitor.store.database import Database
from monitor.store.ledger import Ledgers
from monitor.types.campaigns import Campaign, Finding, Idea, LedgerEvent, Rules, Tally


class Campaigning:
    """Runs the campaigns of one store. `keys` belong to the operator of that store."""

    def __init__(self, db: Database, keys: Keys) -> None:
        self.db = db
        self.keys = keys
        self.campaigns = Campaigns(db)
        self.ballots = Ballots(db)
        self.ledgers = Ledgers(db)

    # Rules

    def create(self, text: str, now: datetime, *, where: str = "RULES.toml") -> Campaign:
        """Make a campaign from its rules; again with changed rules while it is not open yet.

        Once it is open a change is not refused but can never be silent: it is a ledger event.
        """
        rules = parse_rules(text, where=where)
        known = self.campaigns.find(rules.name)
        new_hash = rules_hash(text)
        with self.db.transaction():
            self.campaigns.create(rules.name, text, new_hash, now)
            if known and known.opened_at is not None and known.rules_hash != new_hash:
                self.record(
                    self.campaigns.load(rules.name),
                    "rules_changed",
                    {"rules": new_hash, "before": known.rules_hash} | _rule_words(rules),
                    now,
                )
        return self.campaigns.load(rules.name)

    def open(self, name: str, now: datetime, *, accept_new_key: bool = False) -> Campaign:
        """Freeze the rules: their hash and the hidden thresholds become ledger entry 0.

        A second time it changes nothing, unless the operator's key was lost and another one is
        to sign from now on (`accept_new_key`), which is an event that everybody can read.
        """
        campaign = self.campaigns.load(name)
        if campaign.opened_at is not None:
            return self._rekey(campaign, now) if accept_new_key else campaign
        thresholds, salt = asdict(Thresholds()), secrets.token_hex(16)
        with self.db.transaction():
            self.campaigns.mark_opened(campaign.id, now, self.keys.id, salt)
            campaign = self.campaigns.load(name)
            self.record(
                campaign,
                "rules",
                {
                    "campaign": name,
                    "rules": campaign.rules_hash,
                    **_rule_words(campaign.rules),
                    "thresholds": committed(thresholds, salt),
                    "key": self.keys.public_key,
                },
                now,
                private={"thresholds": thresholds},
            )
        return campaign

    def close(self, name: str, now: datetime) -> Campaign:
        """End the campaign and reveal the thresholds that were fixed before it began."""
        campaign = self.opened(name)
        if campaign.closed_at is not None:
            return campaign
        revealed = {
            "thresholds": asdict(self.thresholds(campaign)),
            "salt": self.campaigns.thresholds_salt(campaign.id),
        }
        with self.db.transaction():
            self.campaigns.mark_closed(campaign.id, now)
            self.record(campaign, "closed", revealed, now)
        return self.campaigns.load(name)

    def opened(self, name: str) -> Campaign:
        """Return the campaign, if it is open. Raises UsageError, or ConfigError (lost key)."""
        campaign = self.campaigns.load(name)
        if campaign.opened_at is None:
            raise UsageError(
                "campaign {name}: not open yet, so its rules may still change; run: "
                "sturmglas campaign open {name}",
                name=name,
            )
        if campaign.key_id != self.keys.id:
            raise ConfigError(
                "campaign {name}: was opened with the key {key_id}, here is {id}; "
                "restore the folder <store>.keys from your backup, or sign with the "
                "new key, in public: sturmglas campaign open {name} --accept-new-key",
                name=name,
                key_id=campaign.key_id,
                id=self.keys.id,
            )
        return campaign

    def thresholds(self, campaign: Campaign) -> Thresholds:
        """Return the audit's thresholds as they were fixed when the campaign opened."""
        first = self.ledgers.events(campaign.id)[0]
        return Thresholds(**first.private["thresholds"])

    # Votes

    def take(
        self,
        name: str,
        *,
        ideas: Iterable[Row] = (),
        votes: Iterable[Row] = (),
        refuse: Refuse,
        now: datetime,
        progress: Callable[[int], None] = lambda _n: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[Counted, Counted]:
        """Import ideas, then votes. The first votes open a campaign that was not opened yet."""
        if self.campaigns.load(name).opened_at is None:
            self.open(name, now)
        box = self._box(self.opened(name))
        taken = box.take_ideas(ideas, refuse)
        return taken, box.take_votes(votes, refuse, now, progress=progress, stop=stop)

    def tally(self, name: str, until: datetime | None = None) -> Tally:
        """Count the campaign, as of a moment if one is given."""
        campaign = self.campaigns.load(name)
        return count(
            self.ballots.load(campaign.id),
            campaign.rules,
            self.campaigns.candidates(campaign.id),
            self.ledgers.events(campaign.id),
            until,
        )

    # Audit and annulment

    def audit(self, name: str, now: datetime) -> Report:
        """Look for doubtful votes and flag them, in public. No vote is taken away by it."""
        campaign = self.opened(name)
        votes = self.ballots.load(campaign.id)
        ideas = self.campaigns.ideas(campaign.id)
        referrers = {number: word for word, number in self.ballots.referrers(campaign.id).items()}
        root = roots(ideas, self.ledgers.events(campaign.id))
        report = audit(votes, ideas, root, campaign.rules, self.thresholds(campaign), referrers)
        self._flag(campaign, report.findings, now)
        return report

    def flagged_votes(self, name: str, findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
        """Yield each flagged vote with the ids under which it came, finding by finding."""
        campaign = self.campaigns.load(name)
        wanted = np.unique(np.array([e for f in findings for e in f.entries], dtype=np.int64))
        named: dict[int, tuple[str, int]] = {}
        for block in self.ballots.blocks(campaign.id):
            for place in np.flatnonzero(np.isin(block.votes.seq, wanted)).tolist():
                named[int(block.votes.seq[place])] = (
                    block.ids[place],
                    int(block.votes.voter[place]),
                )
        voters = self.ballots.voter_ids(campaign.id, [voter for _, voter in named.values()])
        for finding in findings:
            for entry in finding.entries:
                vote, voter = named[entry]
                yield {
                    "vote": vote,
                    "voter": voters[voter],
                    "idea": finding.idea,
                    "finding": finding.finding,
                    "families": finding.families,
                    "entry": entry,
                }

    def _flag(self, campaign: Campaign, findings: Sequence[Finding], now: datetime) -> None:
        """Write new findings to the ledger; one that a later audit no longer makes is cleared."""
        with self.db.transaction():
            cases = find_cases(self.ledgers.events(campaign.id))
            # What is flagged keeps the evidence whose hash stands in the ledger.
            fresh = [finding for finding in findings if not is_flagged(finding, cases)]
            self.ledgers.save_findings(campaign.id, fresh, now)
            current = {finding.finding for finding in findings}
            for case in cases.values():
                if case.state == "flagged" and case.finding not in current:
                    self.record(campaign, "cleared", {"finding": case.finding}, now)
            for finding in fresh:
                self.record(campaign, "flagged", _flagged_words(finding), now)

    def step(
        self, name: str, step: Step, finding: str, *, by: str, reason: str, now: datetime
    ) -> LedgerEvent:
        """Do one step with a finding. Raises UsageError where rules or state do not allow it."""
        campaign = self.opened(name)
        _told(by, reason)
        with self.db.transaction():
            cases = find_cases(self.ledgers.events(campaign.id))
            case = cases.get(finding)
            if case is None:
                raise NotFound(
                    "finding {finding}: not in campaign {name}; sturmglas campaign audit "
                    "{name} lists what was found",
                    finding=finding,
                    name=name,
                )
            words = next_step(case, step, by, campaign.rules, now)
            words |= {"role": role_of(case, step), "person": self._person(campaign, by)}
            if case.state == "proposed" and step == "confirm":
                words["entries"] = ledger.ranges(case.entries)
                words["families"] = list(case.families)
            words["reason"] = self._public(campaign, reason, by)
            private = {"by": by, "reason": reason}
            return self.record(campaign, type_of(case, step), words, now, private=private)

    def jury(
        self, name: str, idea: str, *, rank: int, by: str, reason: str, now: datetime
    ) -> LedgerEvent:
        """Record a jury's place for an idea; it stands beside the vote's and never replaces it."""
        campaign = self.opened(name)
        _told(by, reason)
        self.campaigns.idea(idea, campaign.id)
        if rank < 1:
            raise UsageError("--rank {rank}: a place is 1 or more", rank=rank)
        words = {
            "idea": idea,
            "rank": rank,
            "role": campaign.rules.jury_role or "jury",
            "person": self._person(campaign, by),
            "reason": self._public(campaign, reason, by),
        }
        return self.record(campaign, "jury", words, now, private={"by": by, "reason": reason})

    def cases(self, name: str) -> Mapping[str, Case]:
        """Return the cases of a campaign by finding."""
        return find_cases(self.ledgers.events(self.campaigns.load(name).id))

    # Ideas

    def join(
        self, campaign: Campaign, idea: Idea, into: str, *, by: str, reason: str, now: datetime
    ) -> None:
        """Let the votes for `idea` count for `into`; one person still counts once."""
        if into == idea.idea:
            raise UsageError("idea {into}: cannot be joined into itself", into=into)
        target = self.campaigns.idea(into, campaign.id)[1]
        while target.joined_into is not None:
            if target.joined_into == idea.idea:
                raise UsageError(
                    "idea {into}: is joined into {idea} already", into=into, idea=idea.idea
                )
            target = self.campaigns.idea(target.joined_into, campaign.id)[1]
        with self.db.transaction():
            self.campaigns.set_joined(campaign.id, idea.idea, into)
            self.campaigns.set_status(campaign.id, idea.idea, "joined", reason, now)
            if campaign.opened_at is not None:
                words = {"idea": idea.idea, "into": into}
                words["reason"] = self._public(campaign, reason, by)
                self.record(campaign, "joined", words, now, private={"by": by})

    def part(self, campaign: Campaign, idea: Idea, *, by: str, reason: str, now: datetime) -> None:
        """Undo a joining: the idea stands alone again, with its votes."""
        with self.db.transaction():
            self.campaigns.set_joined(campaign.id, idea.idea, None)
            self.campaigns.set_status(campaign.id, idea.idea, "submitted", reason, now)
            if campaign.opened_at is not None:
                words = {"idea": idea.idea, "reason": self._public(campaign, reason, by)}
                self.record(campaign, "parted", words, now, private={"by": by})

    # Persons

    def votes_of(self, voter: str) -> int:
        """Return how many vote events are held of a voter, over all campaigns."""
        total = 0
        for campaign_id in self.ballots.campaigns_of(voter):
            person = self.ballots.voter(campaign_id, voter)
            assert person is not None, "listed a moment ago"
            total += int((self.ballots.load(campaign_id).voter == person.number).sum())
        return total

    def erase(self, voter: str) -> int:
        """Forget a voter: id, salt and the ids of the votes. Returns how many votes were theirs.

        The votes stay counted and the ledger verifies as before; nothing leads back any more.
        """
        erased = 0
        with self.db.transaction():
            for campaign_id in self.ballots.campaigns_of(voter):
                person = self.ballots.voter(campaign_id, voter)
                assert person is not None, "listed a moment ago"
                erased += self.ballots.erase_voter(campaign_id, person.number)
            self.campaigns.erase_author(voter)
        return erased

    # Ledger

    def record(
        self,
        campaign: Campaign,
        kind: str,
        body: Mapping[str, Any],
        now: datetime,
        *,
        private: Mapping[str, Any] | None = None,
    ) -> LedgerEvent:
        """Append one entry and a signed head over everything up to it."""
        with self.db.transaction():
            frontier, prev = self.ledgers.last(campaign.id) or (Frontier(), ledger.NO_ENTRY)
            event = LedgerEvent(
                seq=frontier.size, type=kind, at=now, body=body, private=private or {}
            )
            entry = ledger.entry_hash(ledger.event_line(event, prev))
            frontier.append(entry)
            self.ledgers.save_event(campaign.id, event)
            head = ledger.sign_head(
                self.keys.signing_key,
                campaign=campaign.name,
                size=frontier.size,
                root=frontier.root().hex(),
                tip=entry.hex(),
                at=ledger.time_text(now),
            )
            self.ledgers.save_head(campaign.id, head, frontier)
        return event

    def _rekey(self, campaign: Campaign, now: datetime) -> Campaign:
        if campaign.key_id == self.keys.id:
            return campaign
        with self.db.transaction():
            self.campaigns.replace_key(campaign.id, self.keys.id)
            campaign = self.campaigns.load(campaign.name)
            self._box(campaign).remember_under_new_key()
            self.record(campaign, "key_changed", {"key": self.keys.public_key}, now)
        return campaign

    def _box(self, campaign: Campaign) -> BallotBox:
        return BallotBox(self.campaigns, self.ballots, self.ledgers, self.keys, campaign)

    def _person(self, campaign: Campaign, by: str) -> str:
        """Return a keyed name: the public sees that two steps were by two persons, not by whom."""
        plain = " ".join(by.casefold().split())
        return self.keys.pseudonym(plain, of=f"operator {campaign.name}", length=8)

    def _public(self, campaign: Campaign, reason: str, by: str) -> str:
        """Return a reason as the ledger may show it: whoever is known here is masked in it."""
        events = self.ledgers.events(campaign.id)
        operators = {by} | {str(one.private["by"]) for one in events if "by" in one.private}
        words = {word.strip(".,;:!?()\"'„“”") for word in reason.split()}
        voters = [word for word in words if self.ballots.voter(campaign.id, word)]
        return public_words(reason, [*voters, *self.known_names(reason, operators)])

    def known_names(self, text: str, operators: Iterable[str]) -> list[str]:
        """Return the names to mask in a text: operators, whole and in parts, and authors in it."""
        parts = [part for operator in operators for part in (operator, *operator.split())]
        return [*parts, *self.campaigns.names_in(text)]


def committed(thresholds: Mapping[str, Any], salt: str) -> str:
    """Return the salted hash under which the thresholds are fixed before the campaign."""
    return sha256(ledger.canonical({"salt": salt, "thresholds": dict(thresholds)})).hexdigest()


def _rule_words(rules: Rules) -> dict[str, Any]:
    """Return what a stranger's count needs to know of the rules."""
    return {
        "opens": ledger.time_text(rules.opens),
        "closes": ledger.time_text(rules.closes),
        "vote": rules.vote,
        "votes_per_person": rules.votes_per_person,
        "need": rules.need,
    }


def _told(by: str, reason: str) -> None:
    if not by.strip():
        raise UsageError("--by: say who does this; only a role reaches the public ledger")
    if not reason.strip():
        raise UsageError("--reason: say why; the reason stands in the public ledger")


def _flagged_words(finding: Finding) -> dict[str, Any]:
    return {
        "finding": finding.finding,
        "idea": finding.idea,
        "families": list(finding.families),
        "votes": len(finding.entries),
        "voters": finding.voters,
        "entries": ledger.ranges(finding.entries),
        "evidence": sha256(evidence_text(finding).encode()).hexdigest(),
    }
