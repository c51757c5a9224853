"""Story of being alive: figures for a monitoring system, and a call to a dead man's switch.

A monitor that dies silently is worse than none. Figures are given in OpenMetrics text form
(https://github.com/OpenObservability/OpenMetrics, version 1.0.0) on the loopback address only.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import structlog

from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.app import App

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PING_TIMEOUT_S = 10

log = structlog.get_logger("sturmglas")

Sample = tuple[Mapping[str, str], float]


def render_metrics(app: App) -> str:
    """Return the figures of a running service. Raises StoreError where the store is stuck."""
    status = app.status()
    states = app.store.sources.states()
    families: dict[str, tuple[str, list[Sample]]] = {
        "sturmglas_posts": ("Posts held.", [({}, app.store.posts.count())]),
        "sturmglas_unlabelled_posts": ("Posts that wait for labels.", [({}, status.unlabelled)]),
        "sturmglas_open_alerts": ("Alerts that are open.", [({}, len(status.alerts))]),
        "sturmglas_storm_level": (
            "Storm level of the latest tick, 0 to 6.",
            [] if status.storm_level is None else [({}, status.storm_level)],
        ),
        "sturmglas_last_tick_timestamp_seconds": (
            "When the rules looked last.",
            [] if status.looked_at is None else [({}, status.looked_at.timestamp())],
        ),
        "sturmglas_source_last_success_timestamp_seconds": (
            "When a source answered last.",
            [
                ({"source": state.source}, state.last_success.timestamp())
                for state in states
                if state.last_success is not None
            ],
        ),
        "sturmglas_source_failing": (
            "1 while a source fails.",
            [({"source": state.source}, state.failing_since is not None) for state in states],
        ),
        "sturmglas_deliveries": (
            "Messages by receiver and state.",
            [
                ({"receiver": receiver, "state": state}, count)
                for receiver, counts in status.deliveries.items()
                for state, count in counts.items()
            ],
        ),
    }
    lines = []
    for name, (help_text, samples) in families.items():
        lines += [f"# TYPE {name} gauge", f"# HELP {name} {help_text}"]
        lines += [f"{name}{_labels(labels)} {value:.15g}" for labels, value in samples]
    return "\n".join([*lines, "# EOF", ""])


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    told = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(told) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


@contextmanager
def metrics_served(app: App, port: int | None) -> Iterator[int | None]:
    """Answer on 127.0.0.1 while inside; yields the port (0 asks for any free one)."""
    if port is None:
        yield None
        return

    class Page(BaseHTTPRequestHandler):
        """Answers GET /metrics."""

        def do_GET(self) -> None:
            """Send the figures, 404 elsewhere, 503 where the store does not answer."""
            if self.path != "/metrics":
                self.send_error(404)
                return
            try:
                body = render_metrics(app).encode()
            except MonitorError as error:
                self.send_error(503, explain=str(error))
                return
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
            """Say nothing: a scraper comes every few seconds."""

    with ThreadingHTTPServer(("127.0.0.1", port), Page) as server:
        thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def tell_alive(url: str | None) -> bool:
    """Call the dead man's switch, if there is one. Returns whether it answered well."""
    if url is None:
        return False
    import httpx

    try:
        httpx.get(url, timeout=PING_TIMEOUT_S).raise_for_status()
    except httpx.HTTPError as error:
        log.warning("the dead man's switch does not answer", error=type(error).__name__)
        return False
    return True
