"""What every test may ask for: a store in memory, a fixed moment, no waiting."""

from __future__ import annotations

import os
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out, and count as skipped, what needs a folder that was not named."""
    if os.environ.get("STURMGLAS_DATA"):
        return
    without = pytest.mark.skip(reason="STURMGLAS_DATA names no data folder")
    for item in items:
        if "data" in item.keywords:
            item.add_marker(without)
