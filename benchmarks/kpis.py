"""KPI sheet, matrix over time and journey over a year of a million posts: CPU seconds and targets.

    python benchmarks/kpis.py [--posts 1000000] [--keep FOLDER]

FOLDER is what `benchmarks/imports.py --keep` left, or is filled like it. Labels are drawn by
chance into a copy, because it is the counting that is timed and not the classifier.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from imports import import_once, write_posts

LABELS = """
    INSERT OR IGNORE INTO labels
        (post_id, model, labelled_at, lang, sentiment, initiator, kind, idea, toxic)
    SELECT id, 'chance', 0, 'de',
           CASE abs(random() % 4) WHEN 0 THEN 'positive' WHEN 1 THEN 'negative' ELSE 'neutral' END,
           CASE abs(random() % 3) WHEN 0 THEN 'company' WHEN 1 THEN 'customer'
               ELSE 'third_party' END,
           CASE abs(random() % 3) WHEN 0 THEN 'supply' WHEN 1 THEN 'demand' ELSE 'activity' END,
           0, 0
    FROM posts
"""
TARGETS = {
    ("kpi",): 3.0,
    ("kpi", "--period", "365d"): 3.0,
    ("matrix", "--by", "week", "--period", "365d"): 2.0,
    ("touchpoints",): 3.0,
    ("touchpoints", "--period", "365d"): 3.0,
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
        labelled = Path(temporary) / "labelled.db"
        shutil.copy(store, labelled)
        newest = label_by_chance(labelled)
        # The first look at an older store upgrades it.
        subprocess.run([command, "--db", labelled, "alerts"], capture_output=True, check=True)
        for arguments, target in TARGETS.items():
            started = cpu_s()
            subprocess.run(
                [command, "--db", labelled, *arguments, "--date", newest],
                capture_output=True,
                check=True,
            )
            took = cpu_s() - started
            print(f"{' '.join(arguments)}: {took:.2f} CPU seconds (target {target:g})")


def label_by_chance(store: Path) -> str:
    """Label every post of a copy; returns its newest day (UTC)."""
    connection = sqlite3.connect(store)
    with connection:
        connection.execute(LABELS)
    newest = connection.execute(
        "SELECT date(max(created_at) / 1000, 'unixepoch') FROM posts"
    ).fetchone()[0]
    connection.close()
    return str(newest)


if __name__ == "__main__":
    main()
