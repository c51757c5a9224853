#!/usr/bin/env python3
"""Checks the public account of a vote. You need to trust neither us nor our software.

    python3 verify.py              checks the folder in which this file lies
    python3 verify.py HEAD         also checks that nothing that the ledger said when you saved
                                   that head (a file HEAD or heads.jsonl of an earlier day, or any
                                   text with the line "sturmglas NAME SIZE ROOT", such as the
                                   newsletter that printed it) was changed or taken away since
    python3 verify.py --receipt R  also checks that the votes of your receipt are in the ledger
    python3 verify.py --dir D ...  checks another folder

It prints one line of JSON, {"ok", "entries", "first_bad", "why"}, and exits with 0 only if all is
well. It uses nothing but Python itself (3.9 or later), so you can read all of it; it takes five
steps, which stand at the bottom in `check_all`.

What it proves: that no line was altered, dropped, added or swapped since a head was signed, that
every annulment had two families of evidence and two persons, and that the published result
follows from the lines. What it cannot prove: that each voter is a person. Save the file HEAD
today, and nobody can rewrite what is written today.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from array import array
from collections.abc import Iterator
from datetime import date
from hashlib import sha256, sha512
from pathlib import Path
from statistics import median
from typing import Any, BinaryIO


class Bad(Exception):
    """Something is wrong: `where` is the number of a ledger entry or the name of a file."""

    def __init__(self, where: int | str, why: str) -> None:
        super().__init__(why)
        self.where = where
        self.why = why


# --- Step 1: the ledger. One entry a line; each names the hash of the line before it. -----------


class Tree:
    """Merkle tree of RFC 9162 in constant memory: it keeps the roots of complete subtrees."""

    def __init__(self) -> None:
        self.size = 0
        self.peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf."""
        rest = self.size
        while rest & 1:
            leaf = sha256(b"\x01" + self.peaks.pop() + leaf).digest()
            rest >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> str:
        """Return the root, hex."""
        if not self.peaks:
            return sha256(b"").hexdigest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = sha256(b"\x01" + peak + root).digest()
        return root.hex()


def entries(file: BinaryIO, tips: set[str]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield (entry, hash) of each line; raise Bad at the first that does not fit its neighbours.

    `tips` are the hashes of last lines that signed heads know.
    """
    parse = json.JSONDecoder().raw_decode  # half the time of json.loads, over millions of lines
    prev = "0" * 64
    broken = ""  # hash of a line that does not name the one before it
    number = -1
    for number, line in enumerate(file):
        leaf = sha256(b"\x00" + line.rstrip(b"\n")).digest()
        try:
            entry, end = parse(line.decode("ascii"))
            seq, names = (entry["seq"], entry["prev"]) if end + 1 >= len(line) else (None, None)
        except (ValueError, KeyError, TypeError, RecursionError):
            seq = names = None
        if broken:
            # Named by its follower, that line is intact and the one before it was changed.
            raise Bad(number - 2 if names == broken and number > 1 else number - 1, "was changed")
        if type(seq) is not int or seq != number:
            raise Bad(number, "is no entry of that number: changed, dropped, added or swapped")
        if names == prev:
            yield entry, leaf
        else:
            broken = leaf.hex()
        prev = leaf.hex()
    if broken:
        raise Bad(number - 1 if broken in tips and number else number, "was changed")


# --- Step 2: the heads. Signed statements "the first N entries have this root". -----------------

# What a newsletter prints: the root alone. It needs no signature, for you hold it in print.
PRINTED = re.compile(r"sturmglas\s+(\S+)\s+(\d+)\s+([0-9a-f]{64})\b")


def head_message(campaign: str, head: dict[str, Any]) -> bytes:
    """Return what a head's signature covers."""
    words = [campaign, head["size"], head["root"], head["tip"], head["at"]]
    return b"sturmglas ledger head v1\n" + "".join(f"{word}\n" for word in words).encode()


def read_heads(path: Path, name: str) -> list[dict[str, Any]]:
    """Read a file of signed heads, one a line, or a text in which printed ones stand."""
    try:
        text = path.read_text(encoding="utf-8")
        printed = [
            {"campaign": campaign, "size": int(size), "root": root, "tip": None}
            for campaign, size, root in PRINTED.findall(text)
        ]
        if printed:
            return printed
        heads = [json.loads(line) for line in text.split("\n") if line.strip()]
        for head in heads:
            if type(head["size"]) is not int or not all(
                isinstance(head[key], str) for key in ("root", "tip", "at", "key", "signature")
            ):
                raise ValueError("not a head")
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad(name, "cannot be read as signed heads, nor does it hold a printed one") from None
    return heads


def read_receipt(path: Path) -> dict[int, str]:
    """Return the entries that a receipt claims, with what must stand there: hashes of your votes.

    Whoever has no receipt cannot tell whose votes they are: the salt is in the receipt only.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
        return {
            row["entry"]: sha256(
                bytes.fromhex(row["salt"]) + f"{row['vote']}\n{row['voter']}\n{row['ms']}".encode()
            ).hexdigest()
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad(path.name, "cannot be read as a receipt") from None


# --- Ed25519 signatures, as RFC 8032 (section 5.1) writes them down. Slow, short, and enough. ----

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]


def add(a: Point, b: Point) -> Point:
    """Add two points of the curve."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    s, t = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, t - s, t + s, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(k: int, a: Point) -> Point:
    """Add a point k times."""
    total: Point = (0, 1, 1, 0)
    while k:
        if k & 1:
            total = add(total, a)
        a, k = add(a, a), k >> 1
    return total


def point(packed: bytes) -> Point | None:
    """Unpack a point; None if there is none."""
    y = int.from_bytes(packed, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if y >= P or (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(key: str, signature: str, message: bytes) -> bool:
    """Tell whether the signature (hex) over the message is by the key (hex)."""
    try:
        public, signed = bytes.fromhex(key), bytes.fromhex(signature)
    except ValueError:
        return False
    if len(public) != 32 or len(signed) != 64 or BASE is None:
        return False
    a, r, s = point(public), point(signed[:32]), int.from_bytes(signed[32:], "little")
    if a is None or r is None or s >= Q:
        return False
    h = int.from_bytes(sha512(signed[:32] + public + message).digest(), "little") % Q
    left, right = times(s, BASE), add(r, times(h, a))
    return not any((left[i] * right[2] - right[i] * left[2]) % P for i in (0, 1))


# --- Step 3: the count, from the ledger's lines alone. -------------------------------------------


class Count:
    """Collects votes, then counts: each person's casts and withdrawals in the order of time."""

    def __init__(self) -> None:
        self.voters: dict[str, list[int]] = {}
        self.ideas: dict[str, int] = {}
        self.minutes: dict[str, int] = {}
        self.seq, self.at = array("q"), array("q")
        self.idea, self.value = array("q"), array("b")
        self.findings: dict[str, dict[str, Any]] = {}
        self.joined: dict[str, str] = {}
        self.rules: dict[str, Any] = {}
        self.periods: list[tuple[str, str]] = []
        self.keys: list[tuple[int, str]] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Take in one entry of the ledger."""
        kind = entry["type"]
        if kind in ("cast", "withdrawn"):
            at = entry["at"]
            for opens, closes in self.periods:
                if opens <= at < closes:
                    break
            else:
                raise Bad(entry["seq"], "a vote outside the period of the rules")
            place = len(self.seq)
            self.seq.append(entry["seq"])
            self.idea.append(self.ideas.setdefault(entry["idea"], len(self.ideas)))
            self.at.append(self.ms(at))
            self.value.append(entry["value"] if kind == "cast" else 0)
            voter = entry["voter"]
            if voter in self.voters:
                self.voters[voter].append(place)
            else:
                self.voters[voter] = [place]
        elif "finding" in entry:
            self.take_step(kind, entry)
        else:
            self.take_event(kind, entry)

    def take_event(self, kind: str, entry: dict[str, Any]) -> None:
        """Take in what was done with the campaign or its ideas."""
        if kind in ("rules", "rules_changed"):
            self.rules = self.rules | entry
            self.periods.append((entry["opens"], entry["closes"]))
        elif kind == "joined":
            self.joined[entry["idea"]] = entry["into"]
        elif kind == "parted":
            self.joined.pop(entry["idea"], None)
        elif kind == "closed":
            # The audit's thresholds, hidden while the vote ran, are those that were fixed before.
            words = {"salt": entry["salt"], "thresholds": entry["thresholds"]}
            text = json.dumps(words, ensure_ascii=True, separators=(",", ":"))
            if sha256(text.encode()).hexdigest() != self.rules["thresholds"]:
                raise Bad(entry["seq"], "reveals other thresholds than those fixed at the start")
        if "key" in entry:
            self.keys.append((entry["seq"], entry["key"]))

    def take_step(self, kind: str, entry: dict[str, Any]) -> None:
        """Take in a step with doubtful votes; nobody may annul any alone."""
        if kind == "flagged":
            self.findings[entry["finding"]] = {"state": kind, "by": {}} | {
                key: entry.get(key) for key in ("idea", "families", "entries", "evidence")
            }
            return
        found = self.findings[entry["finding"]]
        found["by"][kind] = entry.get("person")
        if kind == "annulled":
            if entry["entries"] != found["entries"]:
                raise Bad(entry["seq"], "annuls other votes than those that were flagged")
            if found["state"] != "proposed" or found["by"]["proposed"] == entry["person"]:
                raise Bad(entry["seq"], "annuls what no other person had proposed")
            if len(set(found["families"])) < self.rules.get("need", 2):
                raise Bad(entry["seq"], "annuls on fewer families of evidence than the rules ask")
        elif kind == "upheld" and entry["person"] in (
            found["by"]["proposed"],
            found["by"]["annulled"],
        ):
            raise Bad(entry["seq"], "an appeal was decided by somebody who had annulled")
        if kind != "notified":
            found["state"] = kind

    def ms(self, at: str) -> int:
        """Return a time in ms."""
        minute = self.minutes.get(at[:16])
        if minute is None:
            day = date.fromisoformat(at[:10]).toordinal()
            minute = (day * 24 + int(at[11:13])) * 60 + int(at[14:16])
            self.minutes[at[:16]] = minute
        return minute * 60_000 + int(at[17:19]) * 1000 + int(at[20:23])

    def root(self, idea: str) -> str:
        """Return the idea into which this one was joined, or itself."""
        for _ in range(len(self.joined)):
            idea = self.joined.get(idea, idea)
        return idea

    def marked(self, *states: str) -> Any:
        """Return the entries of all findings in these states."""
        return {
            entry
            for found in self.findings.values()
            if found["state"] in states
            for first, last in found["entries"]
            for entry in range(first, last + 1)
        }

    def result(self) -> dict[str, list[int]]:
        """Return [cast, counted, suspicious, annulled, values counted, values cast] by idea."""
        annulled = self.marked("annulled", "appealed", "upheld")
        suspicious = self.marked("flagged", "proposed") - annulled
        number = dict(self.ideas)
        root = [number.setdefault(self.root(name), len(number)) for name in self.ideas]
        sums = [[0, 0, 0, 0, 0, 0] for _ in number]
        doubted = annulled | suspicious
        for held in self.standing():
            places = self.one_each(held, root, doubted) if self.joined else held
            for idea, place in places.items():
                entry, value, total = self.seq[place], self.value[place], sums[idea]
                total[0] += 1
                total[5] += value
                if entry in annulled:
                    total[3] += 1
                else:
                    total[1] += 1
                    total[2] += entry in suspicious
                    total[4] += value
        return {name: sums[place] for name, place in number.items() if sums[place][0]}

    def one_each(self, held: dict[int, int], root: list[int], doubted: Any) -> dict[int, int]:
        """Of one person's votes for joined ideas keep one: an undoubted, the latest."""
        best: dict[int, tuple[bool, int, int, int]] = {}
        for idea, place in held.items():
            entry = self.seq[place]
            rank = (entry in doubted, -self.at[place], -entry, place)
            best[root[idea]] = min(best.get(root[idea], rank), rank)
        return {idea: rank[3] for idea, rank in best.items()}

    def standing(self) -> Iterator[dict[int, int]]:
        """Yield each person's standing votes: idea to place."""
        cap = self.rules.get("votes_per_person", 0)
        stars = self.rules.get("vote") == "stars"
        at, ideas, values = self.at, self.idea, self.value
        for places in self.voters.values():
            held: dict[int, int] = {}
            spent = 0
            for place in sorted(places, key=at.__getitem__):
                idea, value = ideas[place], values[place]
                before = held.get(idea)
                given = 0 if before is None else 1 if stars else abs(values[before])
                cost = 0 if not value else 1 if stars else abs(value)
                if not value:
                    held.pop(idea, None)
                elif cap and spent - given + cost > cap:
                    continue  # refused: the person had given everything away
                else:
                    held[idea] = place
                spent += cost - given
            yield held


# --- Steps 4 and 5: the published result and the other files. ------------------------------------


def scores(kind: str, votes: list[int], values: list[int]) -> list[float]:
    """Return what ideas are ranked by: votes, the share of ups, or stars; none from no votes."""
    pairs = list(zip(votes, values))  # noqa: B905 - strict= is younger than Python 3.9
    if kind == "updown":
        return [wilson(n, (n + value) / 2) if n else 0.0 for n, value in pairs]
    if kind == "stars" and any(votes):
        # Drawn to the mean of all by as many votes as the median idea has.
        weight, mean = median([n for n in votes if n]), sum(values) / sum(votes)
        return [(weight * mean + value) / (weight + n) if n else 0.0 for n, value in pairs]
    return [float(value) for value in values]


def wilson(n: int, ups: float) -> float:
    """Return the lower bound (95 %) of a share, Wilson (1927)."""
    share, z2 = ups / n, 1.96**2
    half = 1.96 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return (share + z2 / (2 * n) - half) / (1 + z2 / n)


SUMS = ("cast", "counted", "suspicious", "annulled")


def check_tally(folder: Path, count: Count) -> list[int]:
    """Compare the published sums, scores and places with the ledger's; returns the sums."""
    result = count.result()
    try:
        tally = json.loads((folder / "tally.json").read_text(encoding="utf-8"))
        lines = tally["ideas"]
        with (folder / "tally.csv").open(encoding="utf-8", newline="") as file:
            sheet = [[row[key] for key in SUMS] for row in csv.DictReader(file)]
        votes = []
        for line in lines:
            votes.append(result.pop(line["idea"], [0] * 6))
            if [line[key] for key in SUMS] != votes[-1][:4]:
                raise Bad("tally.json", f"idea {line['idea']}: the ledger gives another sum")
        if result:
            raise Bad("tally.json", f"idea {min(result)} has votes and is missing here")
        if sheet != [[str(number) for number in one[:4]] for one in votes]:
            raise Bad("tally.csv", "says something else than tally.json")
        kind = count.rules.get("vote", "approval")
        for rank, n, value in (("rank_cast", 0, 5), ("rank_counted", 1, 4)):
            score = scores(kind, [one[n] for one in votes], [one[value] for one in votes])
            places = sorted(range(len(lines)), key=lambda place: lines[place][rank])
            ordered = [score[place] for place in places]
            if any(ordered[at] > ordered[at - 1] + 1e-9 for at in range(1, len(ordered))):
                raise Bad("tally.json", f"{rank}: an idea stands before one with a better result")
            winner = lines[places[0]]["idea"] if places and votes[places[0]][n] else None
            if tally[rank.replace("rank", "winner")] != winner:
                raise Bad("tally.json", "names another winner than the places do")
        totals = [sum(one[place] for one in votes) for place in range(4)]
        if [tally["sums"][key] for key in SUMS] != totals:
            raise Bad("tally.json", "the sums of all ideas are others than those at the top")
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad("tally.json", "cannot be read, or tally.csv cannot") from None
    return totals


def check_words(folder: Path, count: Count, totals: list[int]) -> None:
    """Compare what people read, the exclusions and the sums on the page, with the ledger."""
    try:
        cases = json.loads((folder / "exclusions.json").read_text(encoding="utf-8"))["cases"]
        told = {
            case["finding"]: [case[key] for key in ("state", "idea", "families", "entries")]
            for case in cases
        }
        for case in cases:
            # The evidence was fixed by its hash when the votes were flagged.
            text = json.dumps(case["evidence"], sort_keys=True) if "evidence" in case else ""
            if text and sha256(text.encode()).hexdigest() != (
                count.findings.get(case["finding"], {}).get("evidence")
            ):
                raise Bad("exclusions.json", "names other evidence than when it was flagged")
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad("exclusions.json", "cannot be read") from None
    if told != {
        name: [found[key] for key in ("state", "idea", "families", "entries")]
        for name, found in count.findings.items()
    }:
        raise Bad("exclusions.json", "lists other cases, states or votes than the ledger")
    try:
        page = (folder / "index.html").read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise Bad("index.html", "cannot be read") from None
    for key, total in zip(SUMS, totals):  # noqa: B905
        shown = {re.sub(r"\D", "", text) for text in re.findall(f'data-sum="{key}">([^<]*)<', page)}
        if shown != {str(total)}:
            raise Bad("index.html", f"shows another sum of votes {key} than the ledger gives")


def check_files(folder: Path, campaign: str, key: str, head: dict[str, Any]) -> None:
    """Compare every file with the signed list of them."""
    try:
        text = (folder / "account.json").read_bytes().decode("ascii")
        account = json.loads(text)
        if text != json.dumps(account, indent=1) + "\n":
            raise ValueError("not as it was written")
        words = {"campaign": campaign, "files": account["files"], "head": account["head"]}
        signature, signed_head = account["signature"], account["head"]
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad("account.json", "cannot be read") from None
    message = json.dumps(words, ensure_ascii=True, separators=(",", ":")).encode()
    if signed_head != {name: head[name] for name in signed_head} or not is_signed(
        key, signature, b"sturmglas account v1\n" + message
    ):
        raise Bad("account.json", "is not signed by the campaign's key")
    for name, expected in sorted(account["files"].items()):
        found = sha256()
        try:
            with (folder / name).open("rb") as file:
                for part in iter(lambda: file.read(1 << 20), b""):
                    found.update(part)
        except OSError:
            raise Bad(name, "is missing") from None
        if found.hexdigest() != expected:
            raise Bad(name, "was changed after it was published")


def check(folder: Path, earlier: Path | None = None, receipt: Path | None = None) -> dict[str, Any]:
    """Check a published account; never raises.

    `earlier` holds a head that you saved or that was printed, `receipt` your own votes.
    """
    tree = Tree()
    try:
        check_all(folder, earlier, receipt, tree)
    except Bad as bad:
        return {"ok": False, "entries": tree.size, "first_bad": bad.where, "why": bad.why}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        why = f"entry cannot be understood: {error!r}"
        return {"ok": False, "entries": tree.size, "first_bad": max(tree.size - 1, 0), "why": why}
    return {"ok": True, "entries": tree.size, "first_bad": None, "why": ""}


def check_all(folder: Path, earlier: Path | None, receipt: Path | None, tree: Tree) -> None:
    """Do the five steps; raise Bad at the first that fails."""
    count = Count()
    saved = read_heads(earlier, earlier.name) if earlier is not None else []
    claimed = read_receipt(receipt) if receipt is not None else {}
    ours: list[dict[str, Any]] = []
    trouble: Bad | None = None
    try:
        ours = read_heads(folder / "heads.jsonl", "heads.jsonl")
        ours += read_heads(folder / "HEAD", "HEAD")
    except Bad as bad:
        trouble = bad  # a bad line of the ledger is the better answer, so look at those first
    # 1. Every line fits the one before it, and none breaks a rule.
    roots, campaign = read_ledger(folder, count, tree, saved + ours, claimed)
    # 2. The heads, ours and the one you saved, are signed and name the roots that we found.
    if trouble is not None:
        raise trouble
    if not tree.size or not count.keys or count.keys[0][0] != 0:
        raise Bad(0, "the first entry must state the rules and the key")
    saved = [head for head in saved if head.get("campaign", campaign) == campaign]
    if earlier is not None and not saved:
        raise Bad(earlier.name, f"holds no head of the campaign {campaign}")
    check_heads(saved, ours, roots, tree.size, count, campaign, earlier)
    # 3. The rules are those whose hash the ledger holds.
    try:
        rules = (folder / "rules.toml").read_bytes()
    except OSError:
        raise Bad("rules.toml", "is missing") from None
    if sha256(rules).hexdigest() != count.rules["rules"]:
        raise Bad("rules.toml", "is not the text whose hash stands in the ledger")
    # 4. All files are as they were signed.
    check_files(folder, campaign, ours[-1]["key"], ours[-1])
    # 5. What they say follows from the ledger, whoever signed it.
    check_words(folder, count, check_tally(folder, count))


def read_ledger(
    folder: Path,
    count: Count,
    tree: Tree,
    heads: list[dict[str, Any]],
    claimed: dict[int, str],
) -> tuple[dict[int, str], str]:
    """Go through all lines; returns "root tip" at the heads' sizes, and the campaign's name."""
    sizes, roots, campaign = {head["size"] for head in heads}, {}, ""
    try:
        with (folder / "ledger.jsonl").open("rb") as file:
            for entry, leaf in entries(file, {head["tip"] for head in heads}):
                campaign = campaign or str(entry["campaign"])
                tree.append(leaf)
                count.add(entry)
                if tree.size in sizes:
                    roots[tree.size] = f"{tree.root()} {leaf.hex()}"
                if claimed and claimed.pop(entry["seq"], None) not in (
                    None,
                    entry.get("commitment"),
                ):
                    raise Bad(entry["seq"], "is not the vote of your receipt")
    except OSError:
        raise Bad("ledger.jsonl", "is missing") from None
    if claimed:
        raise Bad(min(claimed), "is a vote of your receipt that is not in the ledger")
    return roots, campaign


def check_heads(  # noqa: PLR0917 - what the ledger gave, and what is held against it
    saved: list[dict[str, Any]],
    ours: list[dict[str, Any]],
    roots: dict[int, str],
    size: int,
    count: Count,
    campaign: str,
    earlier: Path | None,
) -> None:
    """Check that each head names the root and tip found at its size, and who signed the last."""
    known = 0
    for head in sorted(saved + ours, key=lambda one: one["size"]):
        if head["size"] > size:
            raise Bad(size, f"the ledger ends here; a signed head knows {head['size']} entries")
        root, _, tip = roots.get(head["size"], "").partition(" ")
        if head["root"] != root or head["tip"] not in (None, tip):
            raise Bad(known, f"from here to entry {head['size'] - 1} a line was rewritten")
        known = head["size"]
    last = ours[-1]
    if last["size"] != size:
        raise Bad(last["size"], "was added after the last signed head")
    for head in [*(head for head in saved[-3:] if head["tip"] is not None), last]:
        key = [key for seq, key in count.keys if seq < head["size"]][-1]
        if head["key"] != key or not is_signed(
            key, head["signature"], head_message(campaign, head)
        ):
            raise Bad("HEAD" if head is last else earlier.name if earlier else "", "is not signed")


def main(arguments: list[str]) -> int:
    """Run the check and print its answer."""
    folder, receipt = Path(__file__).resolve().parent, None
    while arguments[:1] in (["--dir"], ["--receipt"]) and len(arguments) > 1:
        if arguments[0] == "--dir":
            folder = Path(arguments[1])
        else:
            receipt = Path(arguments[1])
        arguments = arguments[2:]
    if arguments[:1] in (["-h"], ["--help"]):
        sys.stdout.write(__doc__ or "")
        return 0
    answer = check(folder, Path(arguments[0]) if arguments else None, receipt)
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
