"""Prints every figure of the built-in classifier: quality on dev data, speed, memory, size, start.

    python benchmarks/classifier.py [--data DIR] [--speeds full cascade fast] [--card CARD.md]

Quality needs the data folder (`--data` or STURMGLAS_DATA); without it that part is left out, and
says so. The calibration (weights, biases, thresholds, bars) is fitted on the dev rows, so each row
is labelled by a calibration fitted on the other four fifths of them, threads kept together.
`--judge` also measures the sets that nothing was chosen by. `--card` writes the tables into a
model card between its markers. A benchmark never fails a test run.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.builtin import SPEEDS, BuiltinClassifier, load
from models.encoder import FILES, Enough, OnnxEncoder, Scores
from models.evaluation import confuse, evaluate, f1_scores
from models.framing import Framed, frame
from models.heads import CHOICES, FLAGS, HEADS
from models.linear import LinearModel
from models.shipped import WEIGHTS
from models.training.corpus import Row, is_public, load_rows
from models.training.jsonl import read_lines
from models.training.ship import fit_tiers
from models.types import Labels, ThreadContext, ThreadPost, Utterance

DRAWS = 400
"""Bootstrap draws behind each interval."""

FOLDS = 5
Floats = npt.NDArray[np.float32]

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
PLAIN = (
    "Gestern stand ich eine halbe Stunde am Bahnsteig und keiner hat gesagt warum der Zug ausfällt",
    "The new version of the app is so much faster than the old one and I love the dark mode",
    "Was kostet das Abo ab Januar und kann ich es auch im Laden am Markt kaufen oder nur online",
    "You should really add an option to export my data because I need it for my tax return",
)
ABOVE = (
    "Ab Montag fährt die Linie vier im Halbstundentakt und an allen Stationen hängen die neuen "
    "Fahrpläne aus, die alten gelten noch bis Sonntag und Fahrkarten behalten ihre Gültigkeit"
)


def group_of(row: Row) -> str:
    """Return the name under which a row's figures are printed."""
    if row.source == "threads":
        return "written threads"
    if row.split == "dev" and not is_public(row):
        return "codebook, real posts"
    return row.source


def gold_of(row: Row) -> dict[str, Any]:
    """Return a row's labels as words and booleans."""
    return {
        head: CHOICES[head][value] if head in CHOICES else bool(value)
        for head, value in zip(HEADS, row.gold, strict=True)
        if value >= 0
    }


def balanced(rows: Sequence[Row]) -> list[int]:
    """Return as many German tweets of each sentiment, as UMSAB's test split mixes them."""
    of: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.source in ("sb10k", "umsab/german") and is_public(row):
            of[gold_of(row)["sentiment"]].append(i)
    least = min((len(members) for members in of.values()), default=0)
    chance = random.Random(7)
    return [i for members in of.values() for i in chance.sample(members, least)]


def interval(gold: Sequence[Any], told: Sequence[Any], flag: bool) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of macro-F1 (flags: of the F1 of yes)."""
    chance, scores = random.Random(7), []
    for _ in range(DRAWS):
        rows = chance.choices(range(len(gold)), k=len(gold))
        found = f1_scores(confuse([str(gold[i]) for i in rows], [str(told[i]) for i in rows]))
        scores.append(found.get("True", 0.0) if flag else sum(found.values()) / len(found))
    scores.sort()
    return scores[int(0.025 * DRAWS)], scores[int(0.975 * DRAWS) - 1]


def quality(rows: Sequence[Row], labels: Sequence[Labels]) -> Iterator[str]:
    """Yield a table of figures per label and set."""
    yield "| label | set | n | accuracy | macro-F1 | F1 of yes | 95 % interval | calibration |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    groups: dict[str, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        groups[group_of(row)].append(i)
        if group_of(row).startswith("codebook"):
            groups[f"{group_of(row)}, {row.lang}"].append(i)
    groups["German tweets, values balanced"] = balanced(rows)
    for label in (*CHOICES, *FLAGS):
        for name, members in sorted(groups.items()):
            known = [i for i in members if label in gold_of(rows[i])]
            if len(known) < 30:
                continue
            gold = [gold_of(rows[i]) for i in known]
            whole = evaluate(
                [{label: g[label]} for g in gold], [labels[i] for i in known], [None] * len(known)
            )[0]
            told = [getattr(labels[i], label) for i in known]
            low, high = interval([g[label] for g in gold], told, label in FLAGS)
            yes = "" if whole.f1_yes is None else f"{100 * whole.f1_yes:.1f}"
            yield (
                f"| {label} | {name} | {whole.n} | {100 * whole.accuracy:.1f} | "
                f"{100 * whole.macro_f1:.1f} | {yes} | {100 * low:.1f} to {100 * high:.1f} | "
                f"{whole.calibration_error or 0:.3f} |"
            )


class Remembering:
    """An encoder that reads no post twice: the folds share most of their work."""

    def __init__(self, encoder: OnnxEncoder) -> None:
        self._encoder = encoder
        self._known: dict[Framed, tuple[Floats, Floats]] = {}

    def score(self, framed: Sequence[Framed], enough: Enough | None = None) -> Scores:
        """Return what the encoder says, posts that are enough half-way stopping there."""
        new = [one for one in dict.fromkeys(framed) if one not in self._known]
        found = self._encoder.score(new)
        self._known |= zip(new, zip(found.early, found.late, strict=True), strict=True)
        early, late = (np.array([self._known[one][i] for one in framed]) for i in (0, 1))
        if enough is None or not framed:
            return Scores(early, late, np.ones(len(framed), np.bool_))
        return Scores(early, late, ~enough(np.arange(len(framed)), early))


def cross_label(rows: Sequence[Row], speeds: Sequence[str]) -> dict[str, list[Labels]]:
    """Return labels per speed, each row's calibration fitted on the other folds."""
    linear = LinearModel.load(WEIGHTS / "linear.npz")
    encoder = Remembering(OnnxEncoder.load({name: WEIGHTS / name for name in FILES}))
    framed = [frame(row.utterance) for row in rows]
    logits, scores = linear.score(framed).logits, encoder.score(framed)
    folds = np.array([zlib.crc32(row.group.encode()) % FOLDS for row in rows])
    found: dict[str, dict[int, Labels]] = {speed: {} for speed in speeds}
    for fold in range(FOLDS):
        within, others = np.flatnonzero(folds == fold).tolist(), np.flatnonzero(folds != fold)
        part = Scores(scores.early[others], scores.late[others], scores.finished[others])
        tiers = fit_tiers([rows[i] for i in others.tolist()], logits[others], part)
        for speed in speeds:
            classifier = BuiltinClassifier(
                name=speed,
                linear=linear,
                fast=tiers["fast"],
                encoder=None if speed == "fast" else encoder,
                full=None if speed == "fast" else tiers["full"],
                half=tiers["half"] if speed == "cascade" else None,
            )
            told = classifier.classify([rows[i].utterance for i in within])
            found[speed] |= zip(within, told, strict=True)
    return {speed: [told[i] for i in range(len(rows))] for speed, told in found.items()}


def judged(data: Path, speed: str) -> Iterator[str]:
    """Yield the figure on the set that is only for measuring (never trained on or chosen by)."""
    path = data / "judge_only" / "idea_semeval2019_trial.jsonl"
    lines = list(read_lines(path))
    told = load(speed).classify([Utterance(line["text"]) for line in lines])
    for name in sorted({line["source"] for line in lines}):
        pairs = [
            (x["idea"], y.idea) for x, y in zip(lines, told, strict=True) if x["source"] == name
        ]
        scores = f1_scores(confuse([str(a) for a, _ in pairs], [str(b) for _, b in pairs]))
        yield f"idea, {name}, n = {len(pairs)}, {speed}: F1 of yes {100 * scores['True']:.1f}"


def speed_of(speed: str, with_thread: bool, posts: int) -> float:
    """Return posts a second on distinct posts of about 30 pieces, by wall clock."""
    classifier = load(speed)
    context = ThreadContext(thread=(ThreadPost(ABOVE, "customer", "jo", "1"),), author="kim")
    utterances = [
        Utterance(f"{PLAIN[i % len(PLAIN)]} {i}", context if with_thread else ThreadContext())
        for i in range(posts)
    ]
    classifier.classify(utterances[:64])
    began = time.perf_counter()
    classifier.classify(utterances)
    return posts / (time.perf_counter() - began)


def start_of(speed: str) -> tuple[float, float]:
    """Return seconds from a fresh process to its first label, and its resident MB after 500."""
    program = (
        "import time; began = time.perf_counter()\n"
        "from models.builtin import load; from models.types import Utterance\n"
        f"c = load({speed!r}); c.classify([Utterance('Der Zug kommt nicht')])\n"
        "print(time.perf_counter() - began)\n"
        "c.classify([Utterance(f'Der Zug {i} kommt heute nicht, warum?') for i in range(500)])\n"
        "import psutil; print(psutil.Process().memory_info().rss / 1e6)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    return float(said[0]), float(said[1])


def costs(speeds: Sequence[str]) -> Iterator[str]:
    """Yield size, start, memory and speed."""
    size = sum(path.stat().st_size for path in WEIGHTS.iterdir()) / 1e6
    yield f"weights in the package: {size:.1f} MB; {os.cpu_count()} cores; "
    yield "posts of 30 pieces, alone and under a parent of 60"
    yield ""
    yield "| speed | posts/s | posts/s with a thread | first label, s | resident, MB |"
    yield "| --- | --- | --- | --- | --- |"
    for speed in speeds:
        posts = 6000 if speed == "fast" else 600
        bare, threaded = speed_of(speed, False, posts), speed_of(speed, True, posts // 2)
        start, memory = start_of(speed)
        yield f"| {speed} | {bare:.0f} | {threaded:.0f} | {start:.2f} | {memory:.0f} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=os.environ.get("STURMGLAS_DATA"))
    parser.add_argument("--speeds", nargs="+", choices=SPEEDS, default=list(SPEEDS))
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--card", type=Path)
    wanted = parser.parse_args()
    lines = ["### Cost", "", *costs(wanted.speeds)]
    if wanted.data is None:
        lines += ["", "Quality left out: no data (give --data DIR or set STURMGLAS_DATA)."]
    else:
        data = Path(wanted.data)
        rows = [row for row in load_rows(data) if row.split != "train"]
        for speed, labels in cross_label(rows, wanted.speeds).items():
            lines += ["", f"### Quality, {speed}", "", *quality(rows, labels)]
            if wanted.judge:
                lines += ["", *judged(data, speed)]
    print("\n".join(lines))
    if wanted.card:
        before, rest = wanted.card.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        text = "\n".join([BEGIN, *lines, END])
        wanted.card.write_text(before + text + after, encoding="utf-8")


if __name__ == "__main__":
    main()
