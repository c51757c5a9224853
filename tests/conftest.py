"""What every test may ask for: a store in memory, a fixed moment, no waiting."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import stamina

from monitor.store.store import Store
from monitor.types.roles import Roles

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Retries happen, but at once."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(None, Roles(company=("facebook:acme",), third_party=("rss:*",)))
    yield opened
    opened.close()
