"""Digest and alert through Debian's exim4 into a mailbox, read back as a mail program would.

The server offers STARTTLS with a certificate of its own making: refused until it is trusted.
"""

from __future__ import annotations

import email.policy
import mailbox
import os
import pwd
import smtplib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from monitor.config import Secrets, parse_settings
from monitor.delivery.office import Office, open_office
from monitor.reporting import House, choose_period, make_digest
from monitor.store.store import Store
from monitor.types.alerts import Event
from monitor.types.messages import Delivered
from tests.certificates import write_certificate
from tests.digest_community import DAY, NOW, fill, storm_alert
from tests.live.conftest import EXIM, free_port

pytestmark = pytest.mark.live

USER = "Debian-exim"
CONFIG = """
primary_hostname = mail.acme.example
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts = *
tls_certificate = {folder}/cert.pem
tls_privatekey = {folder}/key.pem
acl_smtp_rcpt = check_rcpt
never_users =
begin acl
check_rcpt:
  deny    domains = !acme.example
          message = no such domain here
  accept
begin routers
here:
  driver = accept
  transport = mbox
begin transports
mbox:
  driver = appendfile
  file = {folder}/box/mail
  user = {user}
  return_path_add
  envelope_to_add
"""


@dataclass(frozen=True)
class Server:
    """A running server and the mailbox into which it puts everything."""

    port: int
    folder: Path

    def mails(self, count: int) -> list[EmailMessage]:
        """Wait until so many mails lie in the box and return them, oldest first."""
        file, texts = self.folder / "box" / "mail", []
        until = time.monotonic() + 30
        while len(texts) < count and time.monotonic() < until:
            time.sleep(0.2)
            if file.exists():  # made here it would be another user's
                box = mailbox.mbox(file, create=False)
                texts = [message.as_bytes() for message in box]
                box.close()
        assert len(texts) == count, (self.folder / "log" / "mainlog").read_text()
        parse = email.message_from_bytes
        return [parse(text, policy=email.policy.default) for text in texts]  # type: ignore[misc]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    for name in ("spool", "log", "box"):
        (tmp_path / name).mkdir()
    write_certificate(tmp_path)
    config = tmp_path / "exim.conf"
    config.write_text(CONFIG.format(folder=tmp_path, port=port, user=USER))
    owner = pwd.getpwnam(USER)
    for path in (tmp_path, *tmp_path.rglob("*")):
        if path != config:  # exim reads no configuration that others own
            os.chown(path, owner.pw_uid, owner.pw_gid)
    for path in tmp_path.parents[:3]:
        path.chmod(path.stat().st_mode | 0o011)
    process = subprocess.Popen([str(EXIM), "-bdf", "-C", str(config)], stderr=subprocess.PIPE)
    try:
        wait_for(port, process)
        yield Server(port, tmp_path)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            break
        try:
            smtplib.SMTP("127.0.0.1", port, timeout=2).quit()
        except OSError:
            time.sleep(0.1)
        else:
            return
    assert process.stderr is not None
    pytest.fail(f"exim4 did not start: {process.stderr.read().decode()[-1000:]}")


def office_of(store: Store, server: Server, security: str, to: str) -> Office:
    receiver = {
        "name": "team", "kind": "smtp", "host": "localhost", "port": server.port, "to": to,
        "security": security, "sender": "sturmglas@acme.example",
        "bounce": "postmaster@acme.example",
    }  # fmt: skip
    settings = parse_settings({"company": {"name": "Acme"}, "notify": [receiver]}, "test")
    return open_office(store, settings, Secrets({}), "de")


def tell(office: Office, state: str, **fields: object) -> Delivered:
    alert = storm_alert(state=state, **fields)
    kind = "opened" if state == "new" else "closed"
    return office.tell_events([Event(at=DAY, event=kind, alert=alert)], NOW)  # type: ignore[arg-type]  # an EventKind


def test_digest_and_alert_arrive_as_people_read_them(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.folder / "cert.pem"))
    fill(store, storm=True)
    office = office_of(store, server, "starttls", "community@acme.example")
    day = choose_period("day", DAY.date(), NOW, "Europe/Berlin")
    made = make_digest(store, House(company="Acme", timezone="Europe/Berlin"), NOW, day)
    for done in (
        office.tell_digest(made, NOW),
        tell(office, "new"),
        tell(office, "over", level=0, peak_level=4, closed_at=NOW),
    ):
        assert (done.sent, done.problems) == (1, ())
    digest, opened, over = server.mails(3)
    assert digest["Subject"] == "HANDELN: Acme · Mo., 2. März 2026"
    assert digest["Envelope-to"] == "community@acme.example"
    assert digest["Return-path"] == "<postmaster@acme.example>"
    assert "with esmtps" in digest["Received"], "the way was encrypted"
    text = digest.get_body(("plain",)).get_content()
    assert "Negativ      60\u202f%" in text
    assert "Splitter am Rand" in digest.get_body(("html",)).get_content()
    pictures = [part for part in digest.walk() if part.get_content_type() == "image/png"]
    assert all(part.get_content().startswith(b"\x89PNG") for part in pictures)
    assert {part["Content-ID"] for part in pictures} == {
        "<days@sturmglas>",
        "<engagement@sturmglas>",
    }
    assert opened["Subject"] == "NEU · Shitstorm, Stufe 3 von 6 · Acme"
    assert over["In-Reply-To"] == opened["Message-ID"]
    assert "▮▮▮" not in opened["Subject"]


def test_a_certificate_of_its_own_making_is_refused_and_nothing_is_lost(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store, storm=True)
    office = office_of(store, server, "starttls", "community@acme.example")
    done = tell(office, "new")
    assert (done.sent, done.waiting) == (0, 1)
    assert "certificate of localhost: self-signed certificate" in done.problems[0]
    monkeypatch.setenv("SSL_CERT_FILE", str(server.folder / "cert.pem"))
    done = office.deliver(NOW + timedelta(hours=1))
    assert (done.sent, done.waiting) == (1, 0)
    assert len(server.mails(1)) == 1


def test_without_encryption_it_is_as_configured(store: Store, server: Server) -> None:
    fill(store, storm=True)
    done = tell(office_of(store, server, "none", "community@acme.example"), "new")
    assert done.problems == ()
    (mail,) = server.mails(1)
    assert "with esmtp " in mail["Received"].replace("\n", " ")


def test_an_address_that_the_server_refuses_is_told(store: Store, server: Server) -> None:
    fill(store, storm=True)
    done = tell(office_of(store, server, "none", "community@elsewhere.example"), "new")
    assert (done.sent, done.waiting) == (0, 1)
    assert "550: no recipient was accepted" in done.problems[0]
