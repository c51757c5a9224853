"""Training rows from the data folder and from the texts written for this project."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.heads import CHOICES, HEADS
from models.rows import parse_row
from models.training.jsonl import read_lines
from models.training.labelled import LABELS, load_labelled
from models.types import Utterance

TEXTS = Path(__file__).parent / "texts"
_MASKS = re.compile(r"@user|<\w+>|https?\S*|\brt\b|&\w+;")
LANGS = ("de", "en", "es", "fr", "it", "pt")


@dataclass(frozen=True, slots=True)
class Row:
    """One utterance with its gold labels; `gold` holds class numbers, -1 where unlabelled.

    `group` keeps posts of one thread together when rows are split. `split` is `train` or `dev`.
    """

    utterance: Utterance
    gold: tuple[int, ...]
    lang: str
    source: str
    group: str
    split: str


def encode_gold(gold: dict[str, Any]) -> tuple[int, ...]:
    """Return one number per head of `HEADS`: the value's place, 0/1 for flags, -1 for unknown."""
    found = []
    for head in HEADS:
        value = gold.get(head)
        if value is None:
            found.append(-1)
        elif head in CHOICES:
            found.append(CHOICES[head].index(value))
        else:
            found.append(int(bool(value)))
    return tuple(found)


def load_public(data: Path) -> Iterator[Row]:
    """Yield the sentiment and toxic sets: bare texts, one label each, their own dev splits."""
    for line in read_lines(data / "sentiment.jsonl.gz"):
        if line["lang"] in LANGS:
            yield _bare(line, {"sentiment": line["sentiment"]})
    for line in read_lines(data / "toxic.jsonl.gz"):
        split = line["split"]
        if line["lang"] == "de":  # the German sets bring no dev split: every tenth text is kept out
            split = "dev" if zlib.crc32(line["text"].encode()) % 10 == 0 else "train"
        yield _bare({**line, "split": split}, {"toxic": line["toxic"]})


def load_codebook(data: Path) -> Iterator[Row]:
    """Yield the real posts labelled by the codebook and the written threads kept for choosing."""
    for name, split in (("codebook_train.jsonl.gz", "train"), ("codebook_dev.jsonl", "dev")):
        for line in read_lines(data / name):
            yield _labelled(line, _root_of(line), split)
    for thread in read_lines(data / "threads_dev.jsonl"):
        for line in thread_rows(thread):
            yield _labelled(line, thread["thread"], "threads")


def load_written(folder: Path = TEXTS) -> Iterator[Row]:
    """Yield the texts written for this project; nothing where the folder is empty."""
    for path in sorted(folder.glob("*.jsonl")):
        for line in read_lines(path):
            group = str(line.get("group") or line.get("thread_id") or line["id"])
            yield _labelled({**line, "source": f"written/{path.stem}"}, group, "train")


def thread_rows(thread: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each post of a whole thread as a row that carries the posts before it."""
    posts = thread["posts"]
    for place, post in enumerate(posts):
        above = [
            {
                "id": other["id"],
                "parent": other["parent"],
                "author": other["author"],
                "role": other["author_role"],
                "text": other["text"],
            }
            for other in posts[:place]
        ]
        shared = {key: thread[key] for key in ("lang", "platform", "company")}
        yield {**shared, **post, "source": "threads", "thread": above}


def load_again(data: Path, folder: Path = LABELS) -> Iterator[Row]:
    """Yield the public texts that were read again by the codebook: training rows, all of them."""
    for line in load_labelled(data, folder):
        yield _labelled(line, _root_of(line), "train")


def load_rows(data: Path, texts: Path = TEXTS, labels: Path = LABELS) -> list[Row]:
    """Return all rows, no text on both sides of the split.

    A copy of a post that is labelled by the codebook for choosing is no training row; a public
    dev row whose copy is one measures nothing and is left out (UMSAB's German tweets are
    SB10k's: half of the one's dev split stands in the other's train split). What was read again
    never costs a dev row: where either text or thread stands among these, the reading is left out.
    """
    public, own = list(load_public(data)), [*load_codebook(data), *load_written(texts)]
    chosen_by = {fold(r.utterance.text) for r in own if r.split != "train"}
    trained_on = {fold(r.utterance.text) for r in public if r.split == "train"}
    public = [
        row
        for row in public
        if fold(row.utterance.text) not in (chosen_by if row.split == "train" else trained_on)
    ]
    held_out = [row for row in [*public, *own] if row.split != "train"]
    kept_out = {fold(row.utterance.text) for row in held_out}
    threads = {row.group for row in held_out}
    again = [
        row
        for row in load_again(data, labels)
        if fold(row.utterance.text) not in kept_out and row.group not in threads
    ]
    return [*public, *own, *again]


def is_public(row: Row) -> bool:
    """Say whether a row comes from a public set: one label, by a guideline not ours."""
    return sum(value >= 0 for value in row.gold) <= 1


def fold(text: str) -> str:
    """Return the letters of a text, lowered, without masks: equal for copies masked otherwise."""
    plain = _MASKS.sub("", text.lower())
    return "".join(char for char in plain if char.isalpha())[:160] or text


def _root_of(line: dict[str, Any]) -> str:
    """Return the text that opens a row's thread; its own where that is not known."""
    root: str = (line.get("thread") or [{}])[0].get("text", "")
    return root if root and "not available" not in root else line["text"]


def _bare(line: dict[str, Any], gold: dict[str, Any]) -> Row:
    utterance = Utterance(line["text"])
    group = f"{zlib.crc32(line['text'].encode()):08x}"
    return Row(utterance, encode_gold(gold), line["lang"], line["source"], group, line["split"])


def _labelled(line: dict[str, Any], group: str, split: str) -> Row:
    utterance = parse_row(line)
    return Row(utterance, encode_gold(line["gold"]), line["lang"], line["source"], group, split)
