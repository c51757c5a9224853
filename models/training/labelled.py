"""Public texts that were read again by the codebook: labels are ours, texts stay where they are.

    python -m models.training.labelled --rows part.jsonl --read part.labels --data DIR

A file of `labels/` holds no text but its digest, beside what was known to the reader (platform,
company, role) and the labels; `load_labelled` finds the texts again in the data folder. The
command adds a reading: rows as they were shown to the reader, and one line a row of the form
`n sentiment initiator kind idea toxic` (`12 neg customer supply 1 0`, `-` where the text leaves a
label open).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.heads import CHOICES, HEADS
from models.training.jsonl import read_lines

LABELS = Path(__file__).parent / "labels"
PREFIX = "labelled/"
"""Stands before the source of every row that was read again."""

_DIALOGUES = "real/customer_care_threads.jsonl.gz"
_WORDS = {"neg": "negative", "neu": "neutral", "pos": "positive", "1": True, "0": False, "-": None}


@dataclass(frozen=True, slots=True)
class Found:
    """A text of the data folder with the posts above it, oldest first, as role and text."""

    text: str
    thread: tuple[Mapping[str, str], ...] = ()


def digest(text: str, above: Sequence[str] = ()) -> str:
    """Return what stands for a text in the repository; the posts above tell apart like answers."""
    whole = "\x1e".join([*above, text])
    return hashlib.sha256(whole.encode()).hexdigest()[:20]


def find_texts(data: Path) -> dict[str, Found]:
    """Return every text of the data folder that may be trained on, by its digest."""
    found = {}
    for name in ("sentiment.jsonl.gz", "toxic.jsonl.gz"):
        for line in read_lines(data / name):
            if line["split"] == "train":
                found[digest(line["text"])] = Found(line["text"])
    if (data / _DIALOGUES).exists():
        posts = {line["native_id"]: line for line in read_lines(data / _DIALOGUES)}
        for post in posts.values():
            thread = tuple(_above(post, posts))
            key = digest(post["text"], [one["text"] for one in thread])
            found[key] = Found(post["text"], thread)
    return found


def load_labelled(data: Path, folder: Path = LABELS) -> Iterator[dict[str, Any]]:
    """Yield whole rows in the form of `classify`, with `gold`; those without a text are left out.

    A folder without the texts (another version of a set) costs the rows it lacks, no more.
    """
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in read_lines(path)]
    texts = find_texts(data) if lines else {}
    missing = 0
    for line in lines:
        found = texts.get(line.pop("digest"))
        if found is None:
            missing += 1
            continue
        line["source"] = PREFIX + line["source"]
        # a note in place of a post that nobody has stands in the line itself: it is no one's text
        yield {**line, "text": found.text, "thread": [*found.thread] or line.get("thread", [])}
    if missing:
        print(f"labels: {missing} of {len(lines)} texts are not in {data}")


def join_reading(
    rows: Iterable[Mapping[str, Any]], reading: Iterable[str], texts: Mapping[str, Found]
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a label file; rows not read, or not found in the data, are left out.

    Raises ValueError that names the line where a label is none of the codebook's.
    """
    read = dict(_parse(line) for line in reading if line.strip())
    for row in rows:
        above = [post["text"] for post in row["thread"]]
        key = next((k for k in (digest(row["text"], above), digest(row["text"])) if k in texts), "")
        gold = read.get(row["n"])
        if gold is None or not key:
            continue
        line = {
            "digest": key,
            "lang": row["lang"],
            "source": row["source"],
            "platform": row["platform"],
            "company": row["company"],
            "author_role": row["role"],
        }
        if above and not texts[key].thread:
            line["thread"] = row["thread"]
        yield line | {"gold": gold}


def _parse(line: str) -> tuple[int, dict[str, Any]]:
    number, *words = line.split()
    gold = {head: _WORDS.get(word, word) for head, word in zip(HEADS, words, strict=True)}
    _check(gold, line)
    return int(number), gold


def _check(gold: Mapping[str, Any], line: str) -> None:
    """Raise ValueError where a value is none of its label's."""
    for head, value in gold.items():
        allowed = CHOICES.get(head, (True, False))
        if value is not None and value not in allowed:
            raise ValueError(f"{line!r}: {head} is one of {', '.join(map(str, allowed))}, or -")


def _above(
    post: Mapping[str, Any], posts: Mapping[str, Mapping[str, Any]]
) -> list[Mapping[str, str]]:
    """Return the posts that a post answers, up to the first, oldest first."""
    above: list[Mapping[str, str]] = []
    seen = set()
    while (parent := post["parent_id"]) in posts and parent not in seen:
        seen.add(parent)
        post = posts[parent]
        above.insert(0, {"role": post["author_role"], "text": post["text"]})
    return above


def main() -> None:
    """Add a reading to the folder of labels, under the name of its rows' file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=Path, required=True)
    parser.add_argument("--read", type=Path, required=True)
    parser.add_argument("--lang", required=True)
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    wanted = parser.parse_args()
    if wanted.data is None:
        parser.error("no data: give --data DIR or set STURMGLAS_DATA")
    rows = [{"lang": wanted.lang, **row} for row in read_lines(wanted.rows)]
    reading = wanted.read.read_text(encoding="utf-8").splitlines()
    lines = list(join_reading(rows, reading, find_texts(Path(wanted.data))))
    out = LABELS / f"{wanted.rows.stem}.jsonl"
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    out.write_text(text, encoding="utf-8")
    print(f"written: {out}, {len(lines)} of {len(rows)} rows")


if __name__ == "__main__":
    main()
