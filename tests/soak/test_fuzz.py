"""Hostile input for whatever reads input: no crash, no hang above a second.

5,000 inputs by default, shared by the readers; STURMGLAS_FUZZ=1000000 for `make fuzz`.
"""

from __future__ import annotations

import gzip
import json
import os
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.files import parse_record
from connectors.text import html_to_text
from connectors.types import Rejected
from monitor.config import parse_settings
from monitor.digest import safe
from monitor.errors import ConfigError, UsageError
from monitor.privacy.minimise import without_fields
from monitor.privacy.record import country_of
from monitor.privacy.traces import is_about
from monitor.store.erasure import without_mentions
from monitor.store.scrub import NotScrubbed, scrub
from monitor.store.tombstones import Tombstones
from monitor.types.masking import mask_personal

INPUTS = int(os.environ.get("STURMGLAS_FUZZ", "5000"))
SLOW_S = 1.0

texts = st.text(max_size=300) | st.text(
    alphabet="\x1b[]();@<>&*_`|~#\u202e\u200d\ud800a1 -+.", max_size=200
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
FIELDS = (
    "type", "platform", "source", "native_id", "url", "kind", "author_id", "author_handle", "text",
    "title", "created_at", "seen_at", "deleted_at", "parent_id", "likes", "rating", "tags",
    "labels", "at", "followers", "uid", "from", "to", "host",
)  # fmt: skip
rows = st.dictionaries(st.sampled_from(FIELDS) | texts, json_values, max_size=8)
SECTIONS = ("general", "store", "company", "sources", "alerts", "events", "models", "notify",
            "retention", "privacy", "service", "moderation")  # fmt: skip
configs = st.dictionaries(st.sampled_from(SECTIONS) | texts, json_values, max_size=4)


def read_row(row: dict[str, Any]) -> None:
    try:
        parse_record(row, default_source="fuzz", line=1)
    except ValueError:
        return


def read_config(data: dict[str, Any]) -> None:
    try:
        parse_settings(data, "fuzz")
    except ConfigError:
        return


def read_toml(text: str) -> None:
    try:
        read_config(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return


def render(text: str) -> None:
    assert "\x1b" not in safe.plain(text)
    line = safe.for_slack(text)
    assert "<" not in line
    assert "\n" not in safe.for_markdown(text)
    assert "\n" not in safe.for_header(text)
    safe.web_address(text)


def hide(text: str) -> None:
    assert mask_personal(mask_personal(text)) == mask_personal(text)
    without_mentions(text, "anna_b")
    country_of(text)


def clear_page(content: bytes) -> None:
    """A store that is damaged is refused or cleared, and its length never changes."""
    data = bytearray(b"SQLite format 3\0" + b"\x02\x00" + content.ljust(1024 - 18, b"\0"))
    size = len(data)
    with suppress(NotScrubbed):
        scrub(data)
    assert len(data) == size


READERS: tuple[tuple[Callable[[Any], object], st.SearchStrategy[Any]], ...] = (
    (read_row, rows),
    (read_config, configs),
    (read_toml, texts),
    (render, texts),
    (hide, texts),
    (html_to_text, texts | st.text(alphabet="<>/abscript=\"'&;! -", max_size=200)),
    (lambda value: without_fields(value, frozenset({"bio"})), json_values),
    (lambda value: is_about(value, ("u9", "anna"), ("anna_b",)), json_values),
    (clear_page, st.binary(max_size=1006)),
)


@pytest.mark.timeout(36_000)
@pytest.mark.parametrize(
    ("read", "inputs"), READERS, ids=["row", "config", "toml", "render", "mask", "html", "minimise",
                                      "traces", "scrub"],
)  # fmt: skip
def test_no_input_crashes_or_hangs(
    read: Callable[[Any], object], inputs: st.SearchStrategy[Any]
) -> None:
    @settings(
        max_examples=INPUTS // len(READERS),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def try_one(value: Any) -> None:
        started = time.process_time()  # not the wall's clock: other programs may be at work
        read(value)
        assert time.process_time() - started < SLOW_S

    try_one()


@pytest.mark.parametrize("name", ["posts.jsonl", "posts.csv", "posts.xlsx", "posts.jsonl.gz"])
def test_a_file_of_noise_is_rejected_and_not_believed(tmp_path: Path, name: str) -> None:
    import random

    from connectors.errors import ConnectorError
    from connectors.files import open_rows

    rnd = random.Random(3)
    for n in range(max(5, INPUTS // 500)):
        content = rnd.randbytes(rnd.randrange(2_000))
        path = tmp_path / f"{n}-{name}"
        path.write_bytes(gzip.compress(content) if name.endswith("gz") and n % 2 else content)
        try:
            for _line, row in open_rows(path):
                assert isinstance(row, Rejected | dict)
        except (ConnectorError, UsageError):
            continue


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_damaged_tombstone_file_is_read_as_far_as_it_goes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    from monitor.errors import StoreError
    from monitor.store.database import Database

    path = tmp_path_factory.mktemp("stones") / "store.db.tombstones"
    good = b"erased 17 " + b"a" * 32 + b"\n"
    path.write_bytes(good + content)
    db = Database(None)
    try:
        found, _ = Tombstones(db, path).read()
        assert found[0].key == "a" * 32 if not content or content[:1] != b"a" else True
    except StoreError:
        return
    finally:
        db.close()


def test_json_of_any_depth_ends(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = {"a": [deep]}
    assert json.dumps(without_fields(deep, frozenset({"bio"})))
