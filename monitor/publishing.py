"""Story of a public account: the ledger and everything that follows from it, in one folder.

The files are written beside the old ones and put in place one by one, the signed list of them
(account.json) last: a publication that was cut short does not verify, and is simply repeated.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict
from datetime import datetime
from hashlib import sha256
from importlib.resources import files as package_files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from monitor.campaigning import Campaigning
from monitor.campaigns import ledger, verify
from monitor.campaigns.account import (
    anchor,
    exclusions_json,
    masked,
    tally_csv,
    tally_json,
)
from monitor.campaigns.cases import find_cases, marked
from monitor.campaigns.intake import from_ms
from monitor.campaigns.merkle import Frontier, Tree
from monitor.campaigns.page import Account, render_page
from monitor.campaigns.tally import count
from monitor.errors import NotFound, UsageError
from monitor.ledger_lines import ledger_lines
from monitor.types.campaigns import Campaign, Checked, Head, LedgerEvent

LEDGER, HEADS, HEAD, MANIFEST = "ledger.jsonl", "heads.jsonl", "HEAD", "account.json"
PUBLIC_FILES = (
    "tally.json",
    "tally.csv",
    "exclusions.json",
    "rules.toml",
    LEDGER,
    HEADS,
    HEAD,
    "proofs.json",
    "verify.py",
    MANIFEST,
)
MOST_PROOFS = 2_000
WRITE_AT_ONCE = 1 << 20


def publish(story: Campaigning, name: str, folder: Path, now: datetime) -> dict[str, Any]:
    """Write the public account of a campaign into `folder` (made if missing).

    Raises UsageError for a campaign that is not open, StoreError where the votes in the store do
    not give the heads that were signed over them: somebody changed them behind the ledger's back.
    """
    campaign = story.opened(name)
    _checkpoint(story, campaign, now)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            "{folder}: cannot be made ({error}); name another folder", folder=folder, error=error
        ) from error
    draft = folder / f".draft-{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        hashes = _write_all(story, campaign, draft, now)
        for file in [*hashes, MANIFEST]:
            (draft / file).replace(folder / file)
    finally:
        for left in draft.iterdir():
            left.unlink()
        draft.rmdir()
    head = story.ledgers.heads(campaign.id)[-1]
    return {"campaign": name, "folder": str(folder), "entries": head.size, "root": head.root}


def check(folder: Path, head: Path | None = None, receipt: Path | None = None) -> Checked:
    """Check a published account with our own copy of the program that strangers use."""
    return Checked(**verify.check(folder, head, receipt))


def anchor_line(story: Campaigning, name: str) -> dict[str, Any]:
    """Return the newest head and the line in which it may be printed outside."""
    campaign = story.opened(name)
    head = story.ledgers.heads(campaign.id)[-1]
    return {"campaign": name, "size": head.size, "root": head.root, "at": head.at} | {
        "line": anchor(campaign, head)
    }


def check_anchor(story: Campaigning, name: str, text: str, where: str) -> Checked:
    """Tell whether the heads that a text printed are still those of the ledger in the store.

    Every line is hashed anew, as for a publication: what the store says of its heads is not
    believed. `where` names the text. Raises StoreError where the store was changed.
    """
    campaign = story.opened(name)
    printed = {
        int(size): root for of, size, root in verify.PRINTED.findall(text) if of == campaign.name
    }
    if not printed:
        return Checked(False, 0, where, f"holds no head of the campaign {name}")
    frontier = Frontier()
    for _, leaf in ledger_lines(story.db, campaign):
        frontier.append(leaf)
        root = printed.pop(frontier.size, None)
        if root is not None and root != frontier.root().hex():
            why = f"the first {frontier.size} entries are not those of the printed head"
            return Checked(False, frontier.size, where, why)
    if printed:
        why = f"the ledger ends here; a printed head knows {max(printed)} entries"
        return Checked(False, frontier.size, frontier.size, why)
    return Checked(True, frontier.size)


def receipt(story: Campaigning, name: str, voter: str) -> list[dict[str, Any]]:
    """Return what lets a voter find their votes in the ledger: entries, ids, moments, the salt.

    Raises NotFound for somebody who is not held; who was erased cannot be found any more.
    """
    campaign = story.campaigns.load(name)
    person = story.ballots.voter(campaign.id, voter)
    if person is None or person.secret is None:
        raise NotFound("voter {voter}: not held in campaign {name}", voter=voter, name=name)
    ideas = [idea.idea for idea in story.campaigns.ideas(campaign.id)]
    rows = []
    for block in story.ballots.blocks(campaign.id):
        for place in np.flatnonzero(block.votes.voter == person.number).tolist():
            ms = int(block.votes.at[place])
            rows.append(
                {
                    "entry": int(block.votes.seq[place]),
                    "vote": block.ids[place],
                    "voter": voter,
                    "ms": ms,
                    "salt": person.secret.hex(),
                    "at": from_ms(ms).isoformat(),
                    "idea": ideas[int(block.votes.idea[place])],
                    "action": "withdraw" if block.votes.withdraw[place] else "cast",
                    "value": int(block.votes.value[place]),
                }
            )
    return rows


def _checkpoint(story: Campaigning, campaign: Campaign, now: datetime) -> None:
    """Close the ledger with the sums that are published, unless nothing was added since.

    A last line of its own, with a head of its own, lets a change of it be told from any other.
    """
    events = story.ledgers.events(campaign.id)
    heads = story.ledgers.heads(campaign.id)
    if events[-1].type == "published" and heads[-1].size == events[-1].seq + 1:
        return
    tally = story.tally(campaign.name)
    sums = {"cast": tally.cast, "counted": tally.counted}
    sums |= {"suspicious": tally.suspicious, "annulled": tally.annulled}
    story.record(campaign, "published", sums, now)


def _write_all(
    story: Campaigning, campaign: Campaign, draft: Path, now: datetime
) -> dict[str, str]:
    votes = story.ballots.load(campaign.id)
    ideas = story.campaigns.ideas(campaign.id)
    events = story.ledgers.events(campaign.id)
    heads = story.ledgers.heads(campaign.id)
    cases = find_cases(events)
    findings = {found.finding: found for found in story.ledgers.findings(campaign.id)}
    whole, leaves = _write_ledger(story, campaign, draft / LEDGER)
    story.ledgers.mark_checked(campaign.id, now)
    hashes = {LEDGER: whole}
    tally = count(votes, campaign.rules, ideas, events)
    titles = masked(tally, {idea.idea: idea.author for idea in ideas})
    account = Account(
        campaign=campaign,
        tally=tally,
        events=events,
        cases=cases,
        findings=findings,
        votes=votes,
        annulled=marked(cases.values(), votes)[1],
        head=heads[-1],
        files=PUBLIC_FILES,
        now=now,
    )
    texts = {
        "rules.toml": campaign.rules.text.encode(),
        "tally.json": tally_json(campaign, tally, titles, now),
        "tally.csv": tally_csv(tally, titles),
        "exclusions.json": exclusions_json(cases, findings),
        HEADS: b"".join(ledger.head_line(head, campaign.name) + b"\n" for head in heads),
        HEAD: ledger.head_line(heads[-1], campaign.name) + b"\n",
        "proofs.json": _proofs(Tree([leaves]), heads, events),
        "index.html": render_page(account, titles),
        "verify.py": package_files("monitor.campaigns").joinpath("verify.py").read_bytes(),
    }
    for file, content in texts.items():
        (draft / file).write_bytes(content)
        hashes[file] = sha256(content).hexdigest()
    (draft / MANIFEST).write_bytes(_manifest(story, campaign, hashes, heads[-1]))
    return hashes


def _manifest(story: Campaigning, campaign: Campaign, hashes: dict[str, str], head: Head) -> bytes:
    message = ledger.files_message(campaign.name, hashes, head)
    signature = story.keys.signing_key.sign(message).hex()
    words = {"campaign": campaign.name, "files": hashes, "head": asdict(head)}
    return json.dumps(words | {"signature": signature}, indent=1).encode() + b"\n"


def _write_ledger(story: Campaigning, campaign: Campaign, path: Path) -> tuple[str, bytes]:
    """Write all lines; returns the file's hash and the leaves."""
    whole, leaves = sha256(), bytearray()
    waiting: list[bytes] = []
    amount = 0
    with path.open("wb") as file:
        for line, leaf in ledger_lines(story.db, campaign):
            leaves += leaf
            waiting.append(line)
            amount += len(line)
            if amount > WRITE_AT_ONCE:
                part = b"\n".join(waiting) + b"\n"
                whole.update(part)
                file.write(part)
                waiting, amount = [], 0
        part = b"\n".join(waiting) + b"\n" if waiting else b""
        whole.update(part)
        file.write(part)
    return whole.hexdigest(), bytes(leaves)


def _proofs(tree: Tree, heads: list[Head], events: list[LedgerEvent]) -> bytes:
    """Return proofs after RFC 9162: each head extends the one before; each event is included."""
    last = heads[-1].size
    recent = heads[-MOST_PROOFS:]
    consistency = [
        {"first": old.size, "second": new.size}
        | {"path": [step.hex() for step in tree.consistency(old.size, new.size)]}
        for old, new in pairwise(recent)
    ]
    inclusion = [
        {"entry": event.seq, "size": last}
        | {"path": [step.hex() for step in tree.inclusion(event.seq, last)]}
        for event in events[-MOST_PROOFS:]
    ]
    words = {"root": tree.root().hex(), "consistency": consistency, "inclusion": inclusion}
    return (json.dumps(words) + "\n").encode()
