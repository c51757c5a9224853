"""Story of copies: a backup is a whole store with its keys and tombstones, and can be put back.

`FILE` is the store itself, `FILE.keys` the operator's secret (where it lives beside the store),
`FILE.tombstones` the keyed hashes of whom nothing may come back. A restore keeps the tombstones
of both sides, so that somebody who was erased after the backup is erased again.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.errors import UsageError
from monitor.store.copying import Steps, check_store, copy_store, put_back
from monitor.store.database import Database
from monitor.store.tombstones import Tombstones

if TYPE_CHECKING:
    from monitor.app import App


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds; `keys` tells whether the secret is part of it."""

    file: Path
    posts: int
    bytes: int
    keys: bool


def save_backup(app: App, file: Path, *, force: bool = False, steps: Steps | None = None) -> Copied:
    """Copy the store with its keys and tombstones. Raises UsageError for a file that exists."""
    source = app.store_path
    if source is None:
        raise UsageError("backup: this store is in memory; there is no file to copy")
    if file.exists() and not force:
        raise UsageError(
            "{file}: exists and is left as it is; name another file, or add --force", file=file
        )
    if file.resolve() == source.resolve():
        raise UsageError("{file}: is the store itself; name another file", file=file)
    app.guard.note("backup", posts=app.store.posts.count())
    copy_store(app.store.db.connection, file, steps or _silent)
    secret = _beside(source, ".keys") / "secret"
    if secret.exists():
        folder = _beside(file, ".keys")
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(secret, folder / "secret")
        (folder / "secret").chmod(0o600)
    stones = _beside(source, ".tombstones")
    if stones.exists():
        shutil.copy(stones, _beside(file, ".tombstones"))
    return Copied(file, check_store(file), file.stat().st_size, secret.exists())


def restore_backup(app: App, file: Path, steps: Steps | None = None) -> Copied:
    """Put a backup in the place of the store; erased persons are erased again.

    Raises StoreError where the backup is damaged, newer than this program, or the store is busy.
    """
    target = app.store_path
    if target is None:
        raise UsageError("restore: a store in memory cannot be replaced; name a file with --db")
    posts = check_store(file)
    secret = _beside(file, ".keys") / "secret"
    kept = _beside(target, ".keys") / "secret"
    if secret.exists() and not kept.exists():
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(secret, kept)
        kept.chmod(0o600)
    _join_tombstones(file, target, app.keys.id)
    db = Database(target, migrate=False)
    try:
        put_back(file, db.connection, steps or _silent)
    finally:
        db.close()
    # Opened anew it is upgraded, meets the tombstones, and whoever is on them goes again.
    app.store  # noqa: B018
    app.guard.log_restored(posts)
    return Copied(file, posts, file.stat().st_size, secret.exists())


def _join_tombstones(file: Path, target: Path, key_id: str) -> None:
    """Add the tombstones that only the backup knows to the file beside the store."""
    stones = Tombstones(Database(None), _beside(target, ".tombstones"))
    known = {(stone.kind, stone.key, stone.at) for stone in stones.read()[0]}
    there, there_id = stones.read(_beside(file, ".tombstones"))
    new = [stone for stone in there if (stone.kind, stone.key, stone.at) not in known]
    if new and there_id in (None, key_id):
        stones.append(new, key_id)
    stones.db.close()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _silent(_done: int, _total: int) -> None:
    """Nobody looks."""
