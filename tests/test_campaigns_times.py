"""The ledger's time and the store's time of one moment are the same, whatever its microseconds."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.campaigns.ledger import time_text
from monitor.store.database import from_ms, to_ms
from tests.conftest import NOW


@given(st.integers(0, 10**9))
def test_a_moment_reads_the_same_after_the_store_kept_it(microseconds: int) -> None:
    moment = NOW + timedelta(microseconds=microseconds)
    assert time_text(moment) == time_text(from_ms(to_ms(moment)))
