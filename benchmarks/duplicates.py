"""Measures which ideas are proposed as duplicates, on made-up ones in German and English.

python benchmarks/duplicates.py [THRESHOLD...]    proposals by meaning, and how many are right

The ideas and what belongs together stand in `duplicates.toml`. An idea proposed for one that says
the same is right; for one on the same thing that asks for something else it is near; else wrong.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models.embedding import Embedder
from monitor.campaigns import duplicates
from monitor.types.campaigns import Idea

IDEAS = Path(__file__).parent / "duplicates.toml"


def read() -> tuple[list[Idea], dict[str, int]]:
    """Return the ideas and the story that each belongs to; its sign says same or near."""
    ideas, story = [], {}
    for number, one in enumerate(tomllib.loads(IDEAS.read_text(encoding="utf-8"))["idea"], 1):
        for sign, kind in ((1, "same"), (-1, "near")):
            for text in one[kind]:
                name = f"i{len(ideas):03d}"
                ideas.append(Idea(idea=name, title=text))
                story[name] = sign * number
    return ideas, story


def main(thresholds: list[float]) -> None:
    """Print a line a threshold."""
    ideas, story = read()
    embed = Embedder().embed
    print(f"{len(ideas)} ideas; a pair that says the same exists for {len(ideas) * 3 // 4} of them")
    for threshold in thresholds or [duplicates.SAME_MEANING]:
        duplicates.SAME_MEANING = threshold
        found = duplicates.find_duplicates(ideas, embed)
        right = sum(story[one.idea] == story[one.into] > 0 for one in found)
        near = sum(abs(story[one.idea]) == abs(story[one.into]) for one in found) - right
        print(
            f"{threshold:.2f}: {len(found)} proposed, {right} right, {near} near, "
            f"{len(found) - right - near} wrong; precision {right / max(len(found), 1):.2f}"
        )


if __name__ == "__main__":
    main([float(word) for word in sys.argv[1:]])
