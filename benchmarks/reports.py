"""Digest, status and alerts over a store of a million posts: CPU seconds, with targets.

    python benchmarks/reports.py [--posts 1000000] [--keep FOLDER]

FOLDER is what `benchmarks/imports.py --keep` left, or is filled like it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from imports import import_once, write_posts

TARGETS = {
    ("digest", "--date", "2025-09-01"): 2.0,
    ("digest", "--date", "2025-09-01", "--period", "week"): 2.0,
    ("digest", "--date", "2025-09-01", "--period", "month"): 2.0,
    ("status",): 1.0,
    ("alerts",): 1.0,
    ("--help",): 0.5,
}


def cpu_s() -> float:
    """Return the seconds of CPU that commands have used: a busy machine does not change them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


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
        # The first look at an older store upgrades it.
        subprocess.run([command, "--db", store, "alerts"], capture_output=True, check=True)
        for arguments, target in TARGETS.items():
            started = cpu_s()
            subprocess.run([command, "--db", store, *arguments], capture_output=True, check=True)
            took = cpu_s() - started
            print(f"{' '.join(arguments)}: {took:.2f} CPU seconds (target {target:g})")


if __name__ == "__main__":
    main()
