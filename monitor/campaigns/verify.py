#!/usr/bin/env python3
"""Checks the public account of a vote. You need to trust neither us nor our software.

    python3 verify.py              checks the folder in which this file lies
    python3 verify.py HEAD         also checks that nothing that the ledger said when you saved
                                   that head (a file HEAD or heads.jsonl of an earlier day)
                                   was changed or taken away since
    python3 verify.py --dir D ...  checks another folder

It prints one line of JSON, {"ok", "entries", "first_bad", "why"}, and exits with 0 only if all is
well. It uses nothing but Python itself (3.9 or later), so you can read all of it; it takes five
steps, which stand at the bottom in `check`.

What it proves: that no line was altered, dropped, added or swapped since a head was signed, and
that the published result follows from the lines. What it cannot prove: that each voter is a
person. Save the file HEAD today, and nobody can rewrite what is written today.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections.abc import Iterator
from datetime import date
from hashlib import sha256, sha512
from pathlib import Path
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
    prev = "0" * 64
    broken = ""  # hash of a line that does not name the one before it
    number = -1
    for number, line in enumerate(file):
        leaf = sha256(b"\x00" + line.rstrip(b"\n")).digest()
        try:
            entry = json.loads(line)
            seq, names = entry["seq"], entry["prev"]
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


def head_message(campaign: str, head: dict[str, Any]) -> bytes:
    """Return what a head's signature covers."""
    words = [campaign, head["size"], head["root"], head["tip"], head["at"]]
    return b"sturmglas ledger head v1\n" + "".join(f"{word}\n" for word in words).encode()


def read_heads(path: Path, name: str) -> list[dict[str, Any]]:
    """Read a file of heads, one a line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
        heads = [json.loads(line) for line in lines if line.strip()]
        for head in heads:
            if type(head["size"]) is not int or not all(
                isinstance(head[key], str) for key in ("root", "tip", "at", "key", "signature")
            ):
                raise ValueError("not a head")
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad(name, "cannot be read as signed heads") from None
    return heads


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
        self.voters: dict[str, int] = {}
        self.ideas: dict[str, int] = {}
        self.days: dict[str, int] = {}
        self.seq, self.voter, self.at = array("q"), array("q"), array("q")
        self.idea, self.value = array("q"), array("b")
        self.findings: dict[str, tuple[str, list[Any]]] = {}
        self.joined: dict[str, str] = {}
        self.rules: dict[str, Any] = {}
        self.periods: list[tuple[str, str]] = []
        self.keys: list[tuple[int, str]] = []

    def add(self, entry: dict[str, Any]) -> None:
        """Take in one entry of the ledger."""
        kind = entry["type"]
        if kind in ("cast", "withdrawn"):
            at = entry["at"]
            if not any(opens <= at < closes for opens, closes in self.periods):
                raise Bad(entry["seq"], "a vote outside the period of the rules")
            self.seq.append(entry["seq"])
            self.voter.append(self.voters.setdefault(entry["voter"], len(self.voters)))
            self.idea.append(self.ideas.setdefault(entry["idea"], len(self.ideas)))
            self.at.append(self.ms(at))
            self.value.append(entry["value"] if kind == "cast" else 0)
        elif kind in ("rules", "rules_changed"):
            self.rules = entry
            self.periods.append((entry["opens"], entry["closes"]))
        elif kind == "joined":
            self.joined[entry["idea"]] = entry["into"]
        elif kind == "parted":
            self.joined.pop(entry["idea"], None)
        elif kind == "flagged":
            self.findings[entry["finding"]] = ("suspicious", entry["entries"])
        elif kind in ("annulled", "reinstated", "cleared"):
            listed = self.findings[entry["finding"]][1]
            if kind == "annulled" and entry["entries"] != listed:
                raise Bad(entry["seq"], "annuls other votes than those that were flagged")
            self.findings[entry["finding"]] = (kind, listed)
        if "key" in entry:
            self.keys.append((entry["seq"], entry["key"]))

    def ms(self, at: str) -> int:
        """Return a time in ms."""
        day = self.days.get(at[:10])
        if day is None:
            day = self.days[at[:10]] = date.fromisoformat(at[:10]).toordinal()
        seconds = (day * 24 + int(at[11:13])) * 3600 + int(at[14:16]) * 60 + int(at[17:19])
        return seconds * 1000 + int(at[20:23])

    def root(self, idea: str) -> str:
        """Return the idea into which this one was joined, or itself."""
        for _ in range(len(self.joined)):
            idea = self.joined.get(idea, idea)
        return idea

    def marked(self, state: str) -> Any:
        """Return the entries of all findings in a state."""
        return {
            entry
            for found, pairs in self.findings.values()
            if found == state
            for first, last in pairs
            for entry in range(first, last + 1)
        }

    def result(self) -> dict[str, list[int]]:
        """Return [cast, counted, suspicious, annulled] for each idea that got a vote."""
        annulled = self.marked("annulled")
        suspicious = self.marked("suspicious") - annulled
        names = list(self.ideas)
        number = {name: place for place, name in enumerate(names)}
        roots = [self.root(name) for name in names]
        root = [number.setdefault(name, len(number)) for name in roots]
        sums: dict[int, list[int]] = {}
        for held in self.standing():
            best: dict[int, tuple[bool, int, int]] = {}
            for idea, place in held.items():
                entry = self.seq[place]
                doubt = entry in annulled or entry in suspicious
                rank = (doubt, -self.at[place], -entry)
                # Of one person's votes for joined ideas one counts: an undoubted, the latest.
                best[root[idea]] = min(best.get(root[idea], rank), rank)
            for idea, (_, _, negative) in best.items():
                total = sums.setdefault(idea, [0, 0, 0, 0])
                total[0] += 1
                total[1] += -negative not in annulled
                total[2] += -negative in suspicious
                total[3] += -negative in annulled
        back = {place: name for name, place in number.items()}
        return {back[idea]: total for idea, total in sums.items()}

    def standing(self) -> Iterator[dict[int, int]]:
        """Yield each person's standing votes: idea to place."""
        cap = self.rules.get("votes_per_person", 0)
        stars = self.rules.get("vote") == "stars"
        start = min(self.at, default=0)
        span = max(self.at, default=0) - start + 1
        keys = [voter * span + at - start for voter, at in zip(self.voter, self.at)]  # noqa: B905
        person, spent = -1, 0
        held: dict[int, int] = {}
        for place in sorted(range(len(keys)), key=keys.__getitem__):
            if self.voter[place] != person:
                if held:
                    yield held
                person, spent, held = self.voter[place], 0, {}
            idea, value = self.idea[place], self.value[place]
            before = held.get(idea)
            given = 0 if before is None else 1 if stars else abs(self.value[before])
            cost = 0 if not value else 1 if stars else abs(value)
            if not value:
                held.pop(idea, None)
            elif cap and spent - given + cost > cap:
                continue  # refused: the person had given everything away
            else:
                held[idea] = place
            spent += cost - given
        if held:
            yield held


# --- Steps 4 and 5: the published result and the other files. ------------------------------------


def check_tally(folder: Path, result: dict[str, list[int]]) -> None:
    """Compare the published sums with those from the ledger."""
    try:
        tally = json.loads((folder / "tally.json").read_text(encoding="utf-8"))
        for line in tally["ideas"]:
            said = [line[key] for key in ("cast", "counted", "suspicious", "annulled")]
            if said != result.pop(line["idea"], [0, 0, 0, 0]):
                raise Bad("tally.json", f"idea {line['idea']}: the ledger gives another sum")
    except (OSError, ValueError, KeyError, TypeError):
        raise Bad("tally.json", "cannot be read") from None
    if result:
        raise Bad("tally.json", f"idea {min(result)} has votes in the ledger and is missing here")


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


def check(folder: Path, earlier: Path | None = None) -> dict[str, Any]:
    """Check a published account; never raises. `earlier` is a head that you saved before."""
    tree = Tree()
    try:
        check_all(folder, earlier, tree)
    except Bad as bad:
        return {"ok": False, "entries": tree.size, "first_bad": bad.where, "why": bad.why}
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        why = f"entry cannot be understood: {error!r}"
        return {"ok": False, "entries": tree.size, "first_bad": max(tree.size - 1, 0), "why": why}
    return {"ok": True, "entries": tree.size, "first_bad": None, "why": ""}


def check_all(folder: Path, earlier: Path | None, tree: Tree) -> None:  # noqa: PLR0912
    """Do the five steps; raise Bad at the first that fails."""
    count = Count()
    saved = read_heads(earlier, earlier.name) if earlier is not None else []
    roots: dict[int, str] = {}
    ours: list[dict[str, Any]] = []
    trouble: Bad | None = None
    try:
        ours = read_heads(folder / "heads.jsonl", "heads.jsonl")
        ours += read_heads(folder / "HEAD", "HEAD")
    except Bad as bad:
        trouble = bad  # a bad line of the ledger is the better answer, so look at those first
    sizes = {head["size"] for head in saved + ours}
    first: dict[str, Any] = {}
    # 1. Every line fits the one before it.
    try:
        with (folder / "ledger.jsonl").open("rb") as file:
            for entry, leaf in entries(file, {head["tip"] for head in ours}):
                first = first or entry
                tree.append(leaf)
                count.add(entry)
                if tree.size in sizes:
                    roots[tree.size] = f"{tree.root()} {leaf.hex()}"
    except OSError:
        raise Bad("ledger.jsonl", "is missing") from None
    # 2. The heads, ours and the one you saved, are signed and name the roots that we found.
    if trouble is not None:
        raise trouble
    if not tree.size or not count.keys or count.keys[0][0] != 0:
        raise Bad(0, "the first entry must state the rules and the key")
    campaign = str(first["campaign"])
    known = 0
    for head in sorted(saved + ours, key=lambda one: one["size"]):
        if head["size"] > tree.size:
            raise Bad(
                tree.size, f"the ledger ends here; a signed head knows {head['size']} entries"
            )
        if roots.get(head["size"]) != f"{head['root']} {head['tip']}":
            raise Bad(known, f"from here to entry {head['size'] - 1} a line was rewritten")
        known = head["size"]
    last = ours[-1]
    if last["size"] != tree.size:
        raise Bad(last["size"], "was added after the last signed head")
    for head in [*saved[-3:], last]:
        key = [key for seq, key in count.keys if seq < head["size"]][-1]
        if head["key"] != key or not is_signed(
            key, head["signature"], head_message(campaign, head)
        ):
            raise Bad("HEAD" if head is last else earlier.name if earlier else "", "is not signed")
    # 3. The rules are those whose hash the ledger holds.
    try:
        rules = (folder / "rules.toml").read_bytes()
    except OSError:
        raise Bad("rules.toml", "is missing") from None
    if sha256(rules).hexdigest() != count.rules["rules"]:
        raise Bad("rules.toml", "is not the text whose hash stands in the ledger")
    # 4. The published sums follow from the ledger.
    check_tally(folder, count.result())
    # 5. All other files are as they were signed.
    check_files(folder, campaign, last["key"], last)


def main(arguments: list[str]) -> int:
    """Run the check and print its answer."""
    folder = Path(__file__).resolve().parent
    if arguments[:1] == ["--dir"]:
        folder, arguments = Path(arguments[1]), arguments[2:]
    answer = check(folder, Path(arguments[0]) if arguments else None)
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0 if answer["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
