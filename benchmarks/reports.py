"""Digest, status and alerts over a store of a million posts: seconds, beside their targets.

    python benchmarks/reports.py [--posts 1000000] [--keep FOLDER]

FOLDER is what `benchmarks/imports.py --keep` left, or is filled like it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from imports import import_once, write_posts

TARGETS = {
    ("digest", "--date", "2025-09-01"): 2.0,
    ("digest", "--date", "2025-09-01", "--period", "week"): 2.0,
    ("status",): 1.0,
    ("alerts",): 1.0,
    ("--help",): 0.5,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="keep file and store here")
    options = parser.parse_args()
    command = Path(sys.executable).with_name("sturmglas")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        file, store = folder / "posts.jsonl", folder / "store.db"
        if not store.exists():
            write_posts(file, options.posts)
            import_once(file, store)
        for arguments, target in TARGETS.items():
            started = time.perf_counter()
            subprocess.run([command, "--db", store, *arguments], capture_output=True, check=True)
            took = time.perf_counter() - started
            print(f"{' '.join(arguments)}: {took:.2f} s (target {target:g} s)")


if __name__ == "__main__":
    main()
