"""Erasure in a large store: seconds for an author with 10,000 posts, and what is left of them.

    python benchmarks/erasure.py [--posts 1000000] [--of 10000] [--store FILE]

Writes a store of made-up posts (or copies the one given, and takes the author nearest to the
wished number), erases one author, then searches every file byte by byte: for the account, and
for each text and each post's id.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.types import Account, Post
from monitor.app import App
from monitor.config import Settings

TARGET_S = 5.0
MARK = "zqmark"
START = datetime(2026, 1, 1, tzinfo=UTC)


def posts(count: int, of: int) -> Iterator[Post]:
    """Yield posts of which `of` are by one author whose words and ids are found by a search."""
    rnd = random.Random(4)
    words = [f"{a}{b}" for a in ("kaffee", "deckel", "becher", "liefer") for b in range(2000)]
    theirs = set(rnd.sample(range(count), of))
    for n in range(count):
        mine = n in theirs
        name = f"{MARK}author" if mine else f"u{int(rnd.paretovariate(0.7)) % (count // 4 + 1)}"
        text = " ".join(rnd.choices(words, k=rnd.randrange(3, 30)))
        yield Post(
            platform="facebook",
            source=f"page-{n % 5}",
            native_id=f"{MARK}{n}" if mine else str(n),
            author=Account(id=name, handle=f"{name}_handle"),
            text=f"{MARK}{n % 50} {text}" if mine else text,
            created_at=START + timedelta(seconds=n * 31),
            likes=rnd.randrange(20),
        )


def fill(store: Path, count: int, of: int) -> str:
    app = App(Settings(), store, clock=lambda: datetime.now(UTC))
    batch: list[Post] = []
    for post in posts(count, of):
        batch.append(post)
        if len(batch) == 5_000:
            app.store.ingest.save_posts(batch, START)
            batch = []
    app.store.ingest.save_posts(batch, START)
    app.close()
    return f"facebook:{MARK}author"


def busiest(store: Path, of: int) -> str:
    with sqlite3.connect(store) as connection:
        row = connection.execute(
            "SELECT a.key FROM posts p JOIN authors a ON a.id = p.author_id GROUP BY p.author_id "
            "ORDER BY abs(count(*) - ?) LIMIT 1",
            (of,),
        ).fetchone()
    connection.close()
    return str(row[0])


def cpu_s() -> float:
    """Return the seconds that this process and its children computed."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--of", type=int, default=10_000)
    parser.add_argument("--store", type=Path, help="a store to copy instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "store.db"
        if options.store:
            shutil.copy(options.store, path)
            account = busiest(path, options.of)
        else:
            account = fill(path, options.posts, options.of)
        app = App(Settings(), path, clock=lambda: datetime.now(UTC))
        held = app.store.posts.count()
        started, worked = time.perf_counter(), cpu_s()
        erased = app.guard.erase(account)
        took, worked = time.perf_counter() - started, cpu_s() - worked
        app.close()
        assert erased is not None
        print(
            f"erased {erased.posts:,} posts of {held:,} in {took:.2f} s (target below "
            f"{TARGET_S:.0f}; {worked:.2f} s of computing, load {os.getloadavg()[0]:.1f}); "
            f"traces that the program found: {erased.traces}"
        )
        left = 0
        for file in Path(temporary).rglob("*"):
            if file.is_file():
                found = file.read_bytes().count(MARK.encode())
                left += found
                print(f"  {file.name}: {file.stat().st_size:,} bytes, {found} traces")
        print(f"traces in all files: {left}" + (" (texts not marked)" if options.store else ""))


if __name__ == "__main__":
    main()
