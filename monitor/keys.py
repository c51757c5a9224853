"""The operator's keys: one to pseudonymise, one to sign. They live beside the store, never in it.

A folder `<store>.keys` (mode 0700) holds `secret` (32 bytes, hex, mode 0600). Both keys are
derived from it, so that one small file is all there is to back up. `STURMGLAS_KEY` in the
environment takes its place where secrets are kept elsewhere.

A lost secret cannot be replaced: a new one gives other pseudonyms and another signature. Whoever
signs therefore compares `Keys.id` with the one on record and stops with an explanation.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.errors import ConfigError

SECRET_BYTES = 32
ENVIRONMENT = "STURMGLAS_KEY"


@dataclass(frozen=True, slots=True)
class Keys:
    """The operator's secret and what is derived from it. Never appears in a `repr`."""

    secret: bytes = field(repr=False)
    fresh: bool = False
    """True where the secret was made just now: a store that is not new has lost its key."""

    @property
    def id(self) -> str:
        """A short public name of the secret, to notice when it is another one."""
        return self._derived(b"id")[:8].hex()

    @property
    def hmac_key(self) -> bytes:
        """The key of pseudonyms: authors in exports, prefixes, devices."""
        return self._derived(b"pseudonyms")

    @property
    def signing_key(self) -> Ed25519PrivateKey:
        """The key that signs ledger heads (Ed25519)."""
        return Ed25519PrivateKey.from_private_bytes(self._derived(b"signature"))

    @property
    def public_key(self) -> str:
        """The signing key's public half, hex."""
        return self.signing_key.public_key().public_bytes_raw().hex()

    def pseudonym(self, what: str, *, of: str = "author", length: int = 16) -> str:
        """Return a keyed hash in hex; `of` keeps authors, prefixes and devices apart."""
        message = f"{of}\0{what}".encode("utf-8", "surrogatepass")
        return hmac.new(self.hmac_key, message, hashlib.sha256).hexdigest()[:length]

    def campaign_key(self, name: str) -> bytes:
        """Return the key of one campaign's prefixes and devices: campaigns cannot be linked."""
        return self._derived(b"campaign\0" + name.encode("utf-8", "surrogatepass"))

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.new(self.secret, b"sturmglas\0" + purpose, hashlib.sha256).digest()


def load_keys(store_path: Path | None) -> Keys:
    """Return the keys that belong to a store; they are made at first need.

    A store in memory gets keys that vanish with it. Raises ConfigError for a secret that cannot
    be read or is damaged: going on with another one would break every pseudonym and signature.
    """
    given = os.environ.get(ENVIRONMENT)
    if given:
        # Any text will do as a secret; hashing gives it the length the derivation expects.
        return Keys(hashlib.sha256(given.encode()).digest())
    if store_path is None:
        return Keys(secrets.token_bytes(SECRET_BYTES), fresh=True)
    return _kept(store_path.with_name(store_path.name + ".keys") / "secret")


def _kept(path: Path) -> Keys:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return _made(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "{file}: cannot be read ({error}); restore it from a backup", file=path, error=error
        ) from error
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise ConfigError(
            "{file}: damaged, 64 hex digits expected; restore it from a backup", file=path
        )
    return Keys(secret)


def _made(path: Path) -> Keys:
    """Make a secret so that two processes that start at once agree on one."""
    secret = secrets.token_bytes(SECRET_BYTES)
    draft = path.with_name(f"secret.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret.hex() + "\n")
        try:
            os.link(draft, path)  # fails if another process was first, never overwrites
        finally:
            draft.unlink()
    except FileExistsError:
        return _kept(path)
    except OSError as error:
        raise ConfigError(
            "{file}: cannot be written ({error}); make the folder writable, or set {variable}",
            file=path,
            error=error,
            variable=ENVIRONMENT,
        ) from error
    return Keys(secret, fresh=True)
