"""The store as a whole: one object that holds the tables of every concern."""

from __future__ import annotations

from pathlib import Path

from monitor.store.database import Database
from monitor.store.ingest import Ingest
from monitor.store.labels import LabelTable
from monitor.store.posts import Posts
from monitor.store.sources import Sources
from monitor.types.roles import Roles


class Store:
    """Opens the store at `path` (None: in memory) and hands out its tables."""

    def __init__(self, path: Path | None, roles: Roles | None = None) -> None:
        self.db = Database(path)
        self.path = path
        self.labels = LabelTable(self.db)
        self.posts = Posts(self.db)
        self.sources = Sources(self.db)
        self.ingest = Ingest(self.db, self.labels, roles or Roles())
        self.ingest.resolve_roles()

    def close(self) -> None:
        """Close the file."""
        self.db.close()
