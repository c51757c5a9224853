"""Real servers on loopback. They are started only where `make test-live` has installed them.

`STURMGLAS_LIVE` names the folder of the installations: `synapse/` (a virtual environment),
`bluesky/` (node_modules). WordPress, MariaDB, PHP and exim4 are the system's own.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

LIVE = Path(os.environ.get("STURMGLAS_LIVE", ""))
_NEEDS = {
    "test_live_matrix.py": "synapse/bin/synapse_homeserver",
    "test_live_bluesky.py": "bluesky/node_modules/@atproto/dev-env",
}
MISSING = [name for name, place in _NEEDS.items() if not LIVE.name or not (LIVE / place).exists()]
if not LIVE.name or shutil.which("mariadbd") is None or shutil.which("php") is None:
    MISSING.append("test_live_wordpress.py")
EXIM = shutil.which("exim4", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
if not LIVE.name or EXIM is None or os.geteuid() != 0:
    MISSING.append("test_live_mail.py")  # exim4 takes a configuration from root alone
collect_ignore = MISSING


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say what this run leaves out."""
    if not MISSING:
        return None
    return f"left out: {', '.join(MISSING)} (real servers; make test-live installs them)"


def free_port() -> int:
    """Return a port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(command: list[str], ready: str, log: Path, **options: object) -> Iterator[None]:
    """Run a server until the block ends; wait until `ready` (an address) answers."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **options)  # type: ignore[call-overload]
        try:
            for _ in range(240):
                if process.poll() is not None:
                    break
                try:
                    httpx.get(ready, timeout=2)
                except httpx.TransportError:
                    time.sleep(0.5)
                else:
                    break
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            yield
        finally:
            process.terminate()
            process.wait(30)
