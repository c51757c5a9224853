"""How fast rows and pages are read, on this machine, without the store.

    python benchmarks/fetching.py [--rows 200000] [--sources 100] [--pages 50]

Prints rows a second of a JSONL file, and posts a second of many sources with comments against a
local stub, with the memory that it took. Prints figures, judges nothing.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from connectors.files import open_rows, parse_record
from connectors.registry import connector
from connectors.traffic import Traffic
from connectors.types import Source

_PAGE = 40
_START = datetime(2026, 3, 1, tzinfo=UTC)


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--sources", type=int, default=100)
    parser.add_argument("--pages", type=int, default=50)
    wanted = parser.parse_args()
    measure_rows(wanted.rows)
    measure_sources(wanted.sources, wanted.pages)


def measure_rows(rows: int) -> None:
    """Read and parse a JSONL file of plain posts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "posts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(_row(n) for n in range(rows))
        start = time.perf_counter()
        for line, row in open_rows(path):
            parse_record(row, default_source="bench", line=line)  # type: ignore[arg-type]
        took = time.perf_counter() - start
    print(
        f"rows: {rows:,} in {took:.1f} s = {rows / took:,.0f} a second, "
        f"{took / rows * 1e6:.1f} us each, {_memory_mb():.0f} MB"
    )


def _row(n: int) -> str:
    row = {
        "platform": "facebook",
        "source": "acme-page",
        "native_id": str(n + 1000),
        "url": None,
        "kind": "comment",
        "author_id": f"u{n % 5000}",
        "author_handle": "anna",
        "author_name": "Anna",
        "author_followers": 12,
        "author_role": "customer",
        "text": f"Ein gewöhnlicher Kommentar über den Liefertermin, Nummer {n}, wie er oft kommt.",
        "lang": "de",
        "created_at": "2026-03-02T08:15:00Z",
        "parent_id": "100",
        "root_id": "100",
        "likes": 3,
        "replies": 0,
        "shares": None,
        "tags": [],
        "labels": None,
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def measure_sources(sources: int, pages: int) -> None:
    """Read many tags of a Mastodon stub, every tenth post with two answers, in eight threads."""
    ours, theirs = multiprocessing.Pipe()
    stub = multiprocessing.Process(target=_serve, args=(theirs, pages), daemon=True)
    stub.start()
    port = ours.recv()
    traffic = Traffic(in_flight=2)
    mastodon = connector("mastodon", traffic)
    totals: list[int] = []
    lock = threading.Lock()

    def read(number: int) -> None:
        source = Source(
            name=f"tag-{number}",
            platform="mastodon",
            target=f"#tag{number}",
            base_url=f"http://127.0.0.1:{port}",
            allow_private=True,
            max_pages=pages * 6,
        )
        for page in mastodon.fetch(source, None):
            with lock:
                totals.append(len(page.posts))

    start = time.perf_counter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(sources)))
    took = time.perf_counter() - start
    ours.send("stop")
    most = ours.recv()
    stub.join(5)
    print(
        f"sources: {sources} of {pages} pages: {sum(totals):,} posts in {took:.1f} s = "
        f"{sum(totals) / took:,.0f} a second, {_memory_mb():.0f} MB, "
        f"at most {most} requests in flight"
    )


def _serve(pipe: Connection, pages: int) -> None:
    """A Mastodon stub in a process of its own; tells the most requests it had at once."""
    busy, most, lock = [0], [0], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else each answer waits 40 ms for an acknowledgement

        def do_GET(self) -> None:
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            parts = urlsplit(self.path)
            if parts.path.endswith("/context"):
                parent = int(parts.path.split("/")[4])
                below = [_status(parent + k, parent) for k in (1, 2)]
                body: object = {"ancestors": [], "descendants": below}
            else:
                below_id = parse_qs(parts.query).get("max_id")
                first = pages * _PAGE - 1 if below_id is None else int(below_id[0]) // 1000 - 1
                numbers = range(first, max(first - _PAGE, -1), -1)
                body = [_status(n * 1000, None) for n in numbers]
            content = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            with lock:
                busy[0] -= 1

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    pipe.send(server.server_address[1])
    pipe.recv()
    pipe.send(most[0])


def _status(number: int, parent: int | None) -> dict[str, object]:
    moment = _START + timedelta(seconds=number // 1000)
    return {
        "id": str(number),
        "created_at": moment.isoformat(),
        "in_reply_to_id": str(parent) if parent is not None else None,
        "visibility": "public",
        "content": f"<p>Ein Beitrag über die <b>Mühle</b> Nummer {number} &amp; mehr</p>",
        "url": f"https://social.example/@kim/{number}",
        "replies_count": 2 if parent is None and (number // 1000) % 10 == 0 else 0,
        "reblogs_count": 0,
        "favourites_count": 1,
        "account": {"id": "1", "acct": "kim", "display_name": "Kim", "followers_count": 3},
    }


def _memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2


if __name__ == "__main__":
    main()
