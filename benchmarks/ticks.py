"""Warnings at size: a year of a thousand hourly sources, and one live tick over as many.

    python benchmarks/ticks.py [--posts 1000000] [--sources 1000] [--keep FOLDER]

FOLDER is what `benchmarks/imports.py --keep` left, or is filled like it. The posts are dealt out to
the sources and labelled by chance in a copy. Prints CPU seconds beside their target.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from imports import import_once, write_posts
from kpis import label_by_chance

from monitor.alerts.settings import RuleSettings
from monitor.alerts.volume import VolumeDetector, VolumeSettings
from monitor.store.database import from_ms
from monitor.store.store import Store
from monitor.warning import raise_alerts

YEAR_H = 365 * 24
DEAL_OUT = """
    UPDATE posts SET source_id = (SELECT min(id) FROM sources WHERE name = 's' || (posts.id % :n));
    DELETE FROM sightings;
    INSERT INTO sightings SELECT id, source_id FROM posts;
    UPDATE labels SET labelled_at = post_id;
"""


def walk_a_year(sources: int) -> None:
    """Feed the volume detector the hours of a year, one row for all sources at a time."""
    rng = np.random.default_rng(5)
    detector = VolumeDetector(sources, VolumeSettings())
    counts = rng.negative_binomial(2, 0.4, (YEAR_H, sources)).astype(float)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for hour in range(YEAR_H):
        detector.read(counts[hour], start + timedelta(hours=hour))


def deal_out(path: Path, sources: int) -> None:
    """Spread the posts of a store over many sources."""
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT OR IGNORE INTO sources (name, platform, own) VALUES (?, 'facebook', 1)",
            [(f"s{n}",) for n in range(sources)],
        )
        for statement in DEAL_OUT.split(";"):
            named = ":n" in statement
            connection.execute(statement, {"n": sources} if named else {})
    connection.close()


def timed(name: str, target: float, work: Callable[[], object]) -> None:
    """Run something and print its CPU seconds beside the target."""
    started = time.process_time()
    work()
    print(
        f"{name}: {time.process_time() - started:.2f} CPU seconds (target {target:g})", flush=True
    )


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--sources", type=int, default=1_000)
    parser.add_argument("--keep", type=Path, help="keep file and store here")
    options = parser.parse_args()
    timed(f"a year of {options.sources:,} hourly sources", 60, lambda: walk_a_year(options.sources))
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file, path = folder / "posts.jsonl", folder / "store.db"
        if not path.exists():
            write_posts(file, options.posts)
            import_once(file, path)
        copy = Path(temporary) / "dealt.db"
        shutil.copy(path, copy)
        Store(copy).close()  # an older store is upgraded
        label_by_chance(copy)
        deal_out(copy, options.sources)
        store = Store(copy)
        newest = from_ms(store.db.value("SELECT max(created_at) FROM posts"))

        def tick(minutes: int) -> None:
            now = newest + timedelta(minutes=minutes)
            raise_alerts(store.db, now, settings=RuleSettings(), zone=UTC)

        tick(0)  # sums up the hours of the whole year, once
        timed(f"one tick over {options.sources:,} sources", 2, lambda: tick(1))
        timed(f"the next tick over {options.sources:,} sources", 2, lambda: tick(2))
        store.close()


if __name__ == "__main__":
    main()
