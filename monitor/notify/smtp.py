"""Mail by SMTP with STARTTLS or TLS: text and HTML, charts inside, threads by References."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Literal

from monitor.notify.errors import Closed, Refused, TryAgain
from monitor.types.messages import Handle, Message, Receipt

Security = Literal["starttls", "tls", "none"]
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
TIMEOUT_S = 30.0


class Mail:
    """Sends to fixed addresses through one server. The password never appears in a `repr`."""

    edits = False

    def __init__(
        self,
        name: str,
        *,
        host: str,
        to: Sequence[str],
        sender: str,
        port: int | None = None,
        security: Security = "starttls",
        user: str | None = None,
        password: str | None = None,
        bounce: str | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.name = name
        self.host = host
        self.port = port or PORTS[security]
        self.to = tuple(to)
        self.sender = sender
        self.bounce = bounce or sender
        self._security = security
        self._user = user
        self._password = password
        self._context = context

    def __repr__(self) -> str:
        return f"Mail({self.name!r}, {self.host!r})"

    def send(self, message: Message, handle: Handle | None, *, again: bool) -> Receipt:
        """Send one mail. Sent `again` it bears the same Message-ID, so that mailboxes join them."""
        del again
        mail = build_mail(message, self.sender, self.to, handle)
        refused = self._deliver(mail)
        message_id = str(mail["Message-ID"])
        first = str(handle["first"]) if handle else message_id
        receipt = message_id if not refused else f"{message_id} not to {', '.join(refused)}"
        return Receipt(receipt, {"first": first, "last": message_id})

    def _deliver(self, mail: EmailMessage) -> list[str]:
        """Hand the mail over. Returns the addresses that were refused while others were taken."""
        try:
            with self._connect() as server:
                return sorted(server.send_message(mail, self.bounce, list(self.to)))
        except smtplib.SMTPAuthenticationError as error:
            words = "user or password not accepted; check user and the secret"
            raise self._sorted(error.smtp_code, words) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Closed(f"{self.name}: {self.host}: {error}; check security and user") from error
        except smtplib.SMTPRecipientsRefused as error:
            code, _text = next(iter(error.recipients.values()))
            raise self._sorted(code, "no recipient was accepted; check `to`") from error
        except smtplib.SMTPResponseException as error:
            raise self._sorted(error.smtp_code, _decoded(error.smtp_error)) from error
        except ssl.SSLCertVerificationError as error:
            words = error.verify_message or "not trusted"
            raise Closed(f"{self.name}: certificate of {self.host}: {words}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise TryAgain(f"{self.name}: {self.host}:{self.port}: {_reason(error)}") from error

    def _connect(self) -> smtplib.SMTP:
        context = self._context or ssl.create_default_context()
        server: smtplib.SMTP
        if self._security == "tls":
            server = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            if self._security == "starttls":
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password or "")
        except BaseException:
            server.close()
            raise
        return server

    def _sorted(self, code: int, words: str) -> TryAgain | Refused:
        """Sort an answer: 4xx passes, 5xx about mailbox or rights needs a person."""
        message = f"{self.name}: {self.host} answered {code}: {words}"
        if 400 <= code < 500:
            return TryAgain(message)
        if code in (552, 554):
            return Refused(message)  # too large, or the content was refused
        return Closed(message)


def build_mail(
    message: Message, sender: str, to: Sequence[str], handle: Handle | None
) -> EmailMessage:
    """Return the mail. Its Message-ID depends on the message's key only."""
    domain = sender.rpartition("@")[2].strip("> ") or "sturmglas.invalid"
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = message.subject
    mail["From"] = Address("Sturmglas", addr_spec=sender) if "<" not in sender else sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{hashlib.sha256(message.key.encode()).hexdigest()[:32]}@{domain}>"
    if handle:
        mail["In-Reply-To"] = str(handle["last"])
        mail["References"] = " ".join(dict.fromkeys((str(handle["first"]), str(handle["last"]))))
    mail["List-Id"] = (
        f"Sturmglas {message.kind} <{message.kind.replace('_', '-')}.sturmglas.{domain}>"
    )
    mail["List-Unsubscribe"] = f"<mailto:{sender}?subject=unsubscribe>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
        html = mail.get_payload()[1]  # type: ignore[index] # two parts by now
        for name, picture in message.pictures.items():
            html.add_related(  # type: ignore[union-attr] # an EmailMessage, not a string
                picture, "image", "png", cid=f"<{name}@sturmglas>", filename=f"{name}.png",
                disposition="inline",
            )  # fmt: skip
    return mail


def _decoded(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:200]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
