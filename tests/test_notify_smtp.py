"""Mail through a real SMTP server: parts, threads, headers, and what each refusal means."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from monitor.notify.errors import Closed, Refused, TryAgain
from monitor.notify.smtp import Mail
from monitor.types.messages import Message
from tests.certificates import write_certificate


class Mailbox:
    """What arrived. `answers` are given in turn instead of taking the mail."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answers: list[str] = []
        self.refuse: dict[str, str] = {}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _s: object, _x: object, envelope: Envelope, address: str, _o: list
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _s: object, _x: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(e.content, policy=policy.default) for e in self.envelopes]  # type: ignore[misc,arg-type]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost, valid for a day."""
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def port(mailbox: Mailbox) -> Iterator[int]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


def free_port() -> int:
    """A port that nobody listens on; the controller knocks at the number it is given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def mail(port: int, **fields: object) -> Mail:
    given: dict[str, object] = {
        "host": "127.0.0.1", "port": port, "security": "none", "sender": "wetter@acme.example",
        "bounce": "bounce@acme.example", "to": ("eva@acme.example", "ali@acme.example"),
    }  # fmt: skip
    return Mail("team", **(given | fields))  # type: ignore[arg-type]  # the point of a helper


def message(key: str = "storm-1 opened", **fields: object) -> Message:
    given: dict[str, object] = {
        "key": key, "receiver": "team", "thread": "storm-1", "kind": "alert",
        "subject": "NEU · Shitstorm, Stufe 3 von 6 · Acme", "text": "Größe: 5 %\n",
        "html": "<p>Größe: 5 %</p>", "pictures": {"days": b"\x89PNG..."},
    }  # fmt: skip
    return Message(**(given | fields))  # type: ignore[arg-type]  # the point of a helper


def test_a_mail_has_text_html_and_the_chart_inside(port: int, mailbox: Mailbox) -> None:
    mail(port).send(message(), None, again=False)
    (told,) = mailbox.mails
    assert told["Subject"] == "NEU · Shitstorm, Stufe 3 von 6 · Acme"
    assert told.get_body(("plain",)).get_content().split("\r\n")[0] == "Größe: 5 %"  # type: ignore[union-attr]
    assert "<p>Größe" in told.get_body(("html",)).get_content()  # type: ignore[union-attr]
    kinds = [part.get_content_type() for part in told.walk()]
    assert kinds == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    assert [p["Content-ID"] for p in told.walk() if p["Content-ID"]] == ["<days@sturmglas>"]


def test_bounces_go_to_their_own_address_and_lists_know_what_it_is(
    port: int, mailbox: Mailbox
) -> None:
    mail(port).send(message(), None, again=False)
    assert mailbox.envelopes[0].mail_from == "bounce@acme.example"
    assert mailbox.envelopes[0].rcpt_tos == ["eva@acme.example", "ali@acme.example"]
    told = mailbox.mails[0]
    assert told["List-Id"] == "Sturmglas alert <alert.sturmglas.acme.example>"
    assert told["Auto-Submitted"] == "auto-generated"


def test_mails_of_one_matter_make_one_thread(port: int, mailbox: Mailbox) -> None:
    sender, handle = mail(port), None
    for key in ("opened", "raised", "closed"):
        handle = sender.send(message(key), handle, again=False).handle
    first, second, third = mailbox.mails
    assert first["References"] is None
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["In-Reply-To"] == second["Message-ID"]
    assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]


def test_a_mail_sent_again_keeps_its_message_id(port: int, mailbox: Mailbox) -> None:
    for again in (False, True):
        mail(port).send(message(), None, again=again)
    first, second = mailbox.mails
    assert first["Message-ID"] == second["Message-ID"]


def test_no_header_can_be_smuggled_in(port: int, mailbox: Mailbox) -> None:
    from monitor.digest.safe import for_header

    subject = for_header("Acme\r\nBcc: everybody@evil.example\r\n\r\n<script>")
    mail(port).send(message(subject=subject), None, again=False)
    assert mailbox.mails[0]["Bcc"] is None
    assert "Bcc: everybody" in mailbox.mails[0]["Subject"]


@pytest.mark.parametrize(
    ("answer", "fate"),
    [("452 mailbox full", TryAgain), ("421 closing", TryAgain), ("550 no such user", Closed),
     ("554 looks like spam", Refused), ("552 too large", Refused)],
)  # fmt: skip
def test_an_answer_of_the_server_becomes_a_fate(
    port: int, mailbox: Mailbox, answer: str, fate: type[Exception]
) -> None:
    mailbox.answers = [answer]
    with pytest.raises(fate) as caught:
        mail(port).send(message(), None, again=False)
    assert type(caught.value) is fate
    assert answer[:3] in str(caught.value)


def test_one_bad_address_does_not_keep_the_mail_from_the_others(
    port: int, mailbox: Mailbox
) -> None:
    mailbox.refuse = {"eva@acme.example": "550 unknown"}
    receipt = mail(port).send(message(), None, again=False)
    assert receipt.id.endswith("not to eva@acme.example")
    mailbox.refuse["ali@acme.example"] = "550 unknown"
    with pytest.raises(Closed, match="no recipient was accepted"):
        mail(port).send(message(), None, again=False)


def test_a_server_that_is_gone_is_tried_again(port: int) -> None:
    with pytest.raises(TryAgain, match=r"team: 127\.0\.0\.1:1: "):
        mail(1).send(message(), None, again=False)


def test_a_server_without_starttls_gets_no_password(port: int, mailbox: Mailbox) -> None:
    sender = mail(port, security="starttls", user="eva", password="geheim")
    with pytest.raises(Closed, match="STARTTLS"):
        sender.send(message(), None, again=False)
    assert mailbox.envelopes == []


def start_tls_server(
    certificate: tuple[Path, Path], mailbox: Mailbox, *, implicit: bool
) -> Controller:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def check(
        _server: object, _session: object, _e: object, _m: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data.password == b"geheim", handled=False)

    options: dict = {"ssl_context": context} if implicit else {"tls_context": context}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), authenticator=check,
        auth_require_tls=not implicit, auth_required=True, **options,
    )  # fmt: skip
    controller.start()
    return controller


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # TLS is there, but from the first byte
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_mail_goes_over_tls_with_a_trusted_certificate_only(
    certificate: tuple[Path, Path], mailbox: Mailbox, security: str
) -> None:
    controller = start_tls_server(certificate, mailbox, implicit=security == "tls")
    trusting = ssl.create_default_context(cafile=str(certificate[0]))
    fields = {"host": "localhost", "security": security, "user": "eva"}
    try:
        mail(controller.port, **fields, password="geheim", context=trusting).send(
            message(), None, again=False
        )
        with pytest.raises(Closed, match="user or password not accepted"):
            mail(controller.port, **fields, password="falsch", context=trusting).send(
                message(), None, again=False
            )
        with pytest.raises(Closed, match="certificate of localhost"):
            mail(controller.port, **fields, password="geheim").send(message(), None, again=False)
    finally:
        controller.stop()
    assert len(mailbox.envelopes) == 1


def test_the_password_is_never_shown() -> None:
    assert "geheim" not in repr(mail(25, user="eva", password="geheim"))
