"""Reading files of posts: what arrives, what is rejected, and why."""

from __future__ import annotations

import gzip
import io
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import BadResponse, Unavailable
from connectors.files import Files, open_rows, parse_record
from connectors.moments import parse_moment
from connectors.records import MAX_TEXT
from connectors.types import Counts, Followers, Gap, Post, Rejected, Source


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def read(path: Path, **options: Any) -> list[tuple[int, str]]:
    """(line, text or reason) of every row."""
    found = []
    for line, row in open_rows(path):
        if isinstance(row, Rejected):
            assert row.line == line
            found.append((line, f"! {row.reason}"))
        else:
            try:
                record = parse_record(row, default_source="s", line=line, **options)
            except ValueError as error:
                found.append((line, f"! {error}"))
            else:
                found.append((line, getattr(record, "text", type(record).__name__)))
    return found


def post(row: dict[str, Any], **options: Any) -> Post:
    found = parse_record({"text": "x", **row}, **{"default_source": "s", **options})
    assert isinstance(found, Post)
    return found


# --- lines ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"text": "cut off', "not JSON"),
        (b'{"text": "\xff\xfe"}', "not UTF-8"),
        (b'{"text": "a\\u0000b"}', "NUL"),
        (b'{"text": "\\ud83d alone"}', "half a character"),
        (b'{"text": "x", "tags": ["\\uDE00"]}', "half a character"),
        (b'{"text": "x", "\\u0000": 1}', "NUL"),
        (b'{"text": "a\x00b"}', "not JSON"),
        (b'["text"]', "one object a line"),
        (b"17", "one object a line"),
        (b'{"text": "x", "likes": NaN}', "not JSON"),
        (b'{"text": "x", "own": -1e400}', "too large"),
        (b'{"text": "x", "created_at": "0001-01-01"}', "outside"),
        (b'{"text": "x", "created_at": "2026-02-30"}', "not a time"),
        (b'{"text": "x", "created_at": 99999999999999999}', "not a time"),
        (b'{"text": "x", "likes": -1.5}', "likes"),
        (b'{"text": "x", "replies": -1}', "replies"),
        (b'{"text": "x", "likes": 1e300}', "likes"),
        (b'{"text": "x", "likes": true}', "likes"),
        (b'{"text": "x", "rating": "good"}', "rating"),
        (b'{"text": "x", "kind": "vote"}', "kind"),
        (b'{"text": "x", "native_id": {"a": 1}}', "native_id"),
        (b'{"text": "x", "native_id": 5, "parent_id": "5"}', "its parent"),
        (b'{"text": "x", "labels": {"sentiment": "angry"}}', "sentiment"),
        (b'{"text": ["x"]}', "text is list"),
        (b'{"body2": "x"}', "no text"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_bad_row_costs_only_itself(tmp_path: Path, bad: bytes, reason: str) -> None:
    good = json.dumps({"text": "good"}).encode()
    path = write(tmp_path, "a.jsonl", b"\n".join([good, bad, good]))
    first, second, third = read(path)
    assert (first, third) == ((1, "good"), (3, "good"))
    assert second[0] == 2
    assert second[1].startswith("! ")
    assert reason in second[1]


def test_a_text_of_ten_megabytes_is_rejected_without_being_held(tmp_path: Path) -> None:
    big = json.dumps({"text": "y" * 10_000_000}).encode()
    path = write(tmp_path, "a.jsonl", big + b'\n{"text": "next"}\n')
    (_, first), second = read(path)
    assert "bytes" in first
    assert second == (2, "next")
    kept = next(iter(open_rows(path)))[1]
    assert isinstance(kept, Rejected)
    assert len(kept.raw) <= 500


def test_a_text_at_the_limit_arrives_and_one_beyond_does_not() -> None:
    assert len(post({"text": "ü" * MAX_TEXT}).text) == MAX_TEXT
    with pytest.raises(ValueError, match="1,000,001"):
        post({"text": "ü" * (MAX_TEXT + 1)})


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_marks_blank_lines_and_line_ends_do_not_matter(
    tmp_path: Path, ends: bytes, mark: bytes
) -> None:
    path = write(tmp_path, "a", mark + ends.join([b'{"text": "a"}', b"", b'{"text": "b"}']))
    assert read(path) == [(1, "a"), (3, "b")]


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a"):
        assert read(write(tmp_path, name, b"")) == []


# --- packing and formats ----------------------------------------------------------------------


def test_packed_files_are_told_by_their_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"text": "a"}\n')
    assert read(write(tmp_path, "a.jsonl.gz", packed)) == [(1, "a")]
    assert read(write(tmp_path, "b.jsonl", packed)) == [(1, "a")]
    assert read(write(tmp_path, "c.gz", gzip.compress(b"id,text\n1,a\n"))) == [(2, "a")]


def test_a_packed_file_that_is_cut_gives_what_it_has(tmp_path: Path) -> None:
    rows = b"".join(
        json.dumps({"text": os.urandom(40).hex()}).encode() + b"\n" for _ in range(9000)
    )
    found = read(write(tmp_path, "a.jsonl.gz", gzip.compress(rows)[:-20_000]))
    assert len(found) > 5000
    assert "cut or broken" in found[-1][1]


def test_stdin_is_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b'{"text": "from a pipe"}\n')

    monkeypatch.setattr("sys.stdin", Stdin)
    assert read(Path("-")) == [(1, "from a pipe")]


def test_a_workbook_is_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["ID", "Text", "Date", "Likes"])
    sheet.append([7, "Hallo", datetime(2026, 3, 2, 8), 3])  # noqa: DTZ001  # a cell has no zone
    sheet.append([None, None, None, None])
    sheet.append([8.0, "=1+1", None, "viele"])
    book.save(tmp_path / "a.xlsx")
    rows = list(open_rows(tmp_path / "a.xlsx"))
    assert [line for line, _ in rows] == [2, 4]
    record = parse_record(rows[0][1], default_source="s")  # type: ignore[arg-type]
    assert isinstance(record, Post)
    assert (record.native_id, record.likes) == ("7", 3)
    assert record.created_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_file_that_only_claims_to_be_a_workbook_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadResponse, match=r"a\.xlsx"):
        list(open_rows(write(tmp_path, "a.xlsx", b"PK\x03\x04 not really")))
    with pytest.raises(BadResponse, match="workbook"):
        list(open_rows(write(tmp_path, "b.xlsx", b"id,text")))


# --- tables -----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_tells_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    table = delimiter.join(["id", '"a, text; with | all"', "text"]) + "\n"
    table += delimiter.join(["1", "", '"a, b; c | d\te"']) + "\n"
    assert read(write(tmp_path, "a.csv", table.encode())) == [(2, "a, b; c | d\te")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_tables_come_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    table = "id;text\n1;Grüße aus Köln\n"
    assert read(write(tmp_path, "a.csv", table.encode(encoding))) == [(2, "Grüße aus Köln")]


def test_one_foreign_byte_does_not_spoil_a_table(tmp_path: Path) -> None:
    table = "id,text\n1,Grüße\n".encode() + b"2,Gr\xfc\xdfe\n" + "3,Tschüß\n".encode()
    found = read(write(tmp_path, "a.csv", table))
    assert [found[0], found[2]] == [(2, "Grüße"), (4, "Tschüß")]
    assert found[1][1].startswith("! ")


def test_a_quote_that_never_closes_costs_one_row(tmp_path: Path) -> None:
    table = b'id,text\n1,a\n2,"open\n3,c\n4,"two\nlines"\n5,e\n'
    found = read(write(tmp_path, "a.csv", table))
    assert [text for _, text in found if not text.startswith("!")] == ["a", "c", "two\nlines", "e"]
    assert [line for line, text in found if text.startswith("!")] == [3]


def test_a_row_with_too_many_cells_is_rejected(tmp_path: Path) -> None:
    found = read(write(tmp_path, "a.csv", b"id,text\n1,a,b\n2,c\n"))
    assert found == [(2, "! has 3 cells, but the header names 2"), (3, "c")]


# --- records ----------------------------------------------------------------------------------


def test_columns_and_values_can_be_mapped() -> None:
    row = {"Kommentar": "Hallo", "Art": "Frage", "Autor": "@Kim", "Wann": "2.3.2026 08:15"}
    found = parse_record(
        row,
        default_source="s",
        mapping={
            "text": "kommentar",
            "kind": "Art",
            "author_handle": "Autor",
            "created_at": "Wann",
        },
        values={("kind", "Frage"): "comment"},
    )
    assert isinstance(found, Post)
    assert (found.text, found.kind) == ("Hallo", "comment")
    assert found.author is not None
    assert found.author.handle == "Kim"
    assert found.created_at == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    assert found.raw is None


def test_a_row_without_id_gets_the_same_one_each_time() -> None:
    first, second = post({"text": "a"}), post({"text": "a"})
    assert first.uid == second.uid
    assert first.uid.startswith("file:s:")
    assert post({"text": "b"}).uid != first.uid
    assert post({"text": "a"}, default_source="t").uid != first.uid


def test_a_number_as_id_becomes_a_string() -> None:
    assert post({"platform": "facebook", "native_id": 123}).uid == "facebook:123"


def test_a_host_takes_part_in_the_uid() -> None:
    row = {"platform": "mastodon", "host": "social.example", "native_id": "1", "parent_id": "0"}
    assert post(row).uid == "mastodon:social.example:1"
    assert post(row).parent_uid == "mastodon:social.example:0"


def test_unknown_keys_are_kept() -> None:
    assert post({"campaign": "spring", "n": 1}).raw == {"campaign": "spring", "n": 1}


def test_a_field_wins_over_its_alias() -> None:
    found = post({"text": "real", "message": "other"})
    assert found.text == "real"
    assert found.raw == {"message": "other"}


def test_what_was_not_told_stays_unknown() -> None:
    found = post({"likes": None, "replies": "", "views": 0})
    assert (found.likes, found.replies, found.shares, found.views) == (None, None, None, 0)
    assert found.created_at is None
    assert found.seen_at is None


def test_the_other_lines_are_read() -> None:
    at = "2026-03-02T08:00:00Z"
    moment = datetime(2026, 3, 2, 8, tzinfo=UTC)
    counts = {"type": "counts", "uid": "facebook:1", "at": at, "likes": 9, "views": None}
    assert parse_record(counts) == Counts("facebook:1", moment, likes=9)
    followers = {"type": "followers", "source": "p", "at": at, "followers": 5000}
    assert parse_record(followers) == Followers("p", moment, 5000)
    gap = {"type": "gap", "from": at, "to": "2026-03-02T09:00:00Z"}
    found = parse_record(gap, default_source="p")
    assert isinstance(found, Gap)
    assert (found.source, found.start, found.end.hour) == ("p", moment, 9)


@pytest.mark.parametrize(
    "row",
    [
        {"type": "counts", "uid": "1", "at": "2026-03-02"},
        {"type": "counts", "uid": "a:1"},
        {"type": "followers", "at": "2026-03-02", "followers": 1},
        {"type": "followers", "source": "p", "at": "2026-03-02", "followers": -1},
        {"type": "followers", "source": "p", "at": "2026-03-02"},
        {"type": "gap", "source": "p", "from": "2026-03-03", "to": "2026-03-02"},
        {"type": "nonsense"},
        {"text": "no source at all"},
        {"source": "p", "text": "a colon ends the platform in a uid", "platform": "a:b"},
        {"source": "p", "text": "six of five stars", "rating": 6, "rating_max": 5},
    ],
)
def test_lines_that_say_too_little_or_nonsense_are_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_record(row)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T08:15:00Z", (8, 15)),
        ("2026-03-02T09:15:00+01:00", (8, 15)),
        ("2026-03-02T09:15:00+0100", (8, 15)),
        ("2026-03-02 08:15", (8, 15)),
        ("2026-03-02T08:15:00.123456789Z", (8, 15)),
        ("Mon, 02 Mar 2026 08:15:00 GMT", (8, 15)),
        ("02.03.2026 08:15", (8, 15)),
        ("2.3.2026, 08:15", (8, 15)),
        ("1772439300", (8, 15)),
        (1772439300, (8, 15)),
        (1772439300000, (8, 15)),
        ("2026-03-02 08:15:00 UTC", (8, 15)),
        ("2026-03-02", (0, 0)),
    ],
)
def test_times_come_in_many_spellings(text: object, expected: tuple[int, int]) -> None:
    found = parse_moment(text)
    assert (found.year, found.month, found.day) == (2026, 3, 2)
    assert (found.hour, found.minute) == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["03/02/2026", "soon", "", "45000.5", True, None, [], "2026"])
def test_times_that_nobody_can_tell_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"not a time|outside"):
        parse_moment(text)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "text",
                "likes",
                "created_at",
                "kind",
                "tags",
                "labels",
                "native_id",
                "rating",
                "author_id",
                "x",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
            st.lists,
            max_leaves=3,
        ),
    )
)
def test_a_row_is_read_or_refused_with_a_reason(row: dict[str, Any]) -> None:
    try:
        found = parse_record(row, default_source="s")
    except ValueError as error:
        reason = str(error)
    else:
        assert isinstance(found, Post)
        return
    assert reason


# --- as a source ------------------------------------------------------------------------------


def drop(folder: Path) -> Source:
    return Source(name="drop", platform="files", target=str(folder / "*.jsonl"))


def texts(source: Source, cursor: Any = None) -> tuple[list[str], Any]:
    pages = list(Files().fetch(source, cursor))
    known = pages[-1].cursor if pages else cursor
    return [post.text for page in pages for post in page.posts], json.loads(json.dumps(known))


def test_a_file_that_grows_is_read_on(tmp_path: Path) -> None:
    rows = [json.dumps({"native_id": n, "text": f"t{n}"}) + "\n" for n in range(1200)]
    path = write(tmp_path, "a.jsonl", "".join(rows[:1100]).encode())
    first, cursor = texts(drop(tmp_path))
    assert len(first) == 1100
    assert texts(drop(tmp_path), cursor)[0] == []
    path.write_text("".join(rows))
    assert set(texts(drop(tmp_path), cursor)[0]) >= {f"t{n}" for n in range(1100, 1200)}


def test_a_half_written_line_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", b'{"text": "one"}\n{"text": "tw')
    first, cursor = texts(drop(tmp_path))
    assert first == ["one"]
    path.write_bytes(b'{"text": "one"}\n{"text": "two"}\n')
    assert "two" in texts(drop(tmp_path), cursor)[0]


def test_a_file_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", b'{"text": "old"}\n')
    _, cursor = texts(drop(tmp_path))
    path.write_bytes(b'{"text": "new", "likes": 1}\n')
    assert texts(drop(tmp_path), cursor)[0] == ["new"]


def test_a_missing_file_is_unavailable_not_a_crash(tmp_path: Path) -> None:
    source = Source(name="drop", platform="files", target=str(tmp_path / "none.jsonl"))
    with pytest.raises(Unavailable, match=r"none\.jsonl"):
        list(Files().fetch(source, None))
