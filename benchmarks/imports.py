"""Import of a backlog: posts a second and memory, beside their targets.

    python benchmarks/imports.py [--posts 1000000] [--keep FOLDER]

Writes a JSONL file of made-up posts, imports it twice with the command line (a process of its
own, so that its memory can be read), and prints what was reached.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

TARGET_RATE = 8_000
TARGET_MB = 400


def write_posts(path: Path, posts: int) -> None:
    """Write made-up posts over a year, threads and authors repeating as they do in life."""
    rnd = random.Random(1)
    words = [f"{a}{b}" for a in ("kaffee", "deckel", "becher", "liefer") for b in range(2000)]
    start = datetime(2025, 3, 1, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        for n in range(posts):
            parent = str(rnd.randrange(max(0, n - 500), n)) if n and rnd.random() < 0.6 else None
            row = {
                "platform": "facebook",
                "source": f"page-{n % 5}",
                "native_id": str(n),
                "kind": "comment" if parent else "post",
                "author_id": f"u{int(rnd.paretovariate(0.7)) % (posts // 4 + 1)}",
                "text": " ".join(rnd.choices(words, k=rnd.randrange(3, 30))),
                "lang": "de",
                "created_at": (start + timedelta(seconds=n * 31)).isoformat(),
                "parent_id": parent,
                "root_id": parent or str(n),
                "likes": rnd.randrange(20),
                "replies": 0,
            }
            file.write(json.dumps(row) + "\n")


def import_once(file: Path, store: Path) -> tuple[dict[str, object], float, float]:
    """Return the command's answer, seconds, and the peak memory of all children so far in MB."""
    command = Path(sys.executable).with_name("sturmglas")
    started = time.perf_counter()
    done = subprocess.run(
        [command, "import", file, "--db", store, "--json"], capture_output=True, check=True
    )
    took = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return json.loads(done.stdout), took, peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="keep file and store here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file, store = folder / "posts.jsonl", folder / "store.db"
        if not file.exists():
            write_posts(file, options.posts)
        for name in ("first", "repeated"):
            answer, took, peak = import_once(file, store)
            print(
                f"{name} import: {options.posts / took:,.0f} posts/s (target {TARGET_RATE:,}), "
                f"{peak:,.0f} MB (target below {TARGET_MB}), new {answer['new']:,}"
            )


if __name__ == "__main__":
    main()
