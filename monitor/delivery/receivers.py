"""Builds receivers from their settings and secrets: the only place that knows the kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from monitor.config import NotifySettings, Secrets
from monitor.errors import ConfigError, NotifyError
from monitor.types.messages import Receiver

if TYPE_CHECKING:
    import httpx

SECRET = "secret"  # noqa: S105 - the word in the variable's name
SLACK_HOOKS = ("https", "hooks.slack.com")


def connector_of(
    secrets: Secrets, client: Callable[[], httpx.Client]
) -> Callable[[NotifySettings], Receiver]:
    """Return what builds a receiver. It raises ConfigError for a missing secret or address."""

    def connect(entry: NotifySettings) -> Receiver:
        held = secrets.get("notify", entry.name, SECRET)
        secret = held.get_secret_value() if held is not None else None
        if entry.kind == "slack":
            return _slack(entry, secret, client())
        if entry.kind == "smtp":
            return _mail(entry, secret)
        from monitor.notify.apprise import AppriseReceiver

        return AppriseReceiver(entry.name, (secret or _missing(entry)).split())

    return connect


def _slack(entry: NotifySettings, secret: str | None, client: httpx.Client) -> Receiver:
    from monitor.notify.slack import SlackBot, SlackWebhook

    if entry.to:
        token = secret or _missing(entry)
        return SlackBot(entry.name, token, entry.to[0], entry.base_url, client)
    address = secret if secret and "://" in secret else entry.base_url
    return SlackWebhook(entry.name, address or _missing(entry), client)


def _mail(entry: NotifySettings, secret: str | None) -> Receiver:
    from monitor.notify.smtp import Mail

    assert entry.host is not None, "the settings refuse a mail receiver without host"
    sender = entry.sender or f"sturmglas@{parseaddr(entry.to[0])[1].rpartition('@')[2]}"
    if entry.user and secret is None:
        _missing(entry)
    return Mail(
        entry.name,
        host=entry.host,
        port=entry.port,
        to=entry.to,
        sender=sender,
        security=entry.security,
        user=entry.user,
        password=secret,
        bounce=entry.bounce,
    )


def needed_secrets(entry: NotifySettings) -> tuple[str, ...]:
    """Return the words of the secrets without which a receiver or its buttons do not work."""
    own = {
        "slack": bool(entry.to) or entry.base_url is None,
        "smtp": entry.user is not None,
        "apprise": True,
    }
    buttons = {"socket": ("app_token",), "endpoint": ("signing_secret",), None: ()}
    return ((SECRET,) if own[entry.kind] else ()) + buttons[entry.buttons]


def wanted_secret(secrets: Secrets, entry: NotifySettings, word: str) -> str:
    """Return a secret of a receiver. Raises ConfigError naming the variable that is missing."""
    held = secrets.get("notify", entry.name, word)
    return held.get_secret_value() if held is not None else _missing(entry, word)


def answer_address(entry: NotifySettings, address: str, slack: Mapping[str, Any]) -> None:
    """Change a message at the address that a press brought. Raises NotifyError.

    Only Slack's own addresses are called, or those of the server that the config names.
    """
    import httpx

    from monitor.notify.slack import replace_message

    ours = urlsplit(entry.base_url or "")
    given = urlsplit(address)
    if (given.scheme, given.netloc) not in (SLACK_HOOKS, (ours.scheme, ours.netloc)):
        raise NotifyError(
            "{entry}: the press names an address that is not Slack's", entry=entry.name
        )
    with httpx.Client(follow_redirects=False) as client:
        replace_message(client, entry.name, address, slack)


def _missing(entry: NotifySettings, word: str = SECRET) -> str:
    variable = Secrets.variable("notify", entry.name, word)
    told = "its secret" if word == SECRET else f"its {word}"
    raise ConfigError(
        "notify.{entry}: needs {told}; set {variable}, or {variable}_FILE",
        entry=entry.name,
        told=told,
        variable=variable,
    )
