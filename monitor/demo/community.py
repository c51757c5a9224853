"""Three weeks of the invented community of *Tauwerder*, a maker of bottles and lunch boxes.

Everyday life, a launch with praise, a call for ideas, and a shitstorm that starts with one
complaint and stands shortly before its peak at `END`. Nobody and nothing in it exists.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from monitor.demo.everyday import tell_everyday
from monitor.demo.highlights import tell_campaign, tell_launch
from monitor.demo.scene import END, GAP, PLATFORMS, START, Line, Said, Scene, rfc3339
from monitor.demo.storm import tell_storm

__all__ = ["END", "START", "generate", "generate_gold", "play"]


def generate(seed: int = 1) -> Iterator[Line]:
    """Yield the lines of a posts file, oldest first; the same seed gives the same bytes."""
    yield from play(seed).lines()


def generate_gold(seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield each post in its thread with `gold`, in the form that `eval` and `classify` read."""
    scene = play(seed)
    threads: dict[str, list[Said]] = {}
    for post in sorted(scene.said, key=lambda post: post.at):
        thread = threads.setdefault((post.root or post).uid, [])
        yield _evaluation_row(post, thread)
        thread.append(post)


def play(seed: int = 1) -> Scene:
    """Act out the three weeks and return the stage with everything that was said on it."""
    scene = Scene(random.Random(seed))
    source, start, length = GAP
    gap = {"type": "gap", "source": source, "from": rfc3339(start), "to": rfc3339(start + length)}
    scene.extra.append((start + length, gap))
    tell_everyday(scene)
    launch = tell_launch(scene)
    tell_campaign(scene)
    tell_storm(scene, launch)
    return scene


def _evaluation_row(post: Said, thread: list[Said]) -> dict[str, Any]:
    return {
        "id": post.uid,
        "text": "\n\n".join(filter(None, (post.line["title"], post.line["text"]))),
        "lang": post.lang,
        "author": post.author.id,
        "author_role": post.author.role or "customer",
        "company": "Tauwerder",
        "platform": PLATFORMS[post.source],
        "parent": post.line.get("parent_id"),
        "thread": [
            {
                "id": above.native_id,
                "parent": above.line.get("parent_id"),
                "author": above.author.id,
                "role": above.author.role or "customer",
                "text": above.line["text"],
            }
            for above in thread[:1] + thread[1:][-12:]
        ],
        "gold": post.gold,
    }
