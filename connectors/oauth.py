"""Access tokens that are asked for: kept in memory, shared by threads, renewed in time."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from connectors.errors import AuthError
from connectors.http import Client, Params
from connectors.types import Json

_EC_PART = 32
"""Bytes of each half of an ES256 signature (RFC 7518, 3.4)."""


class Sessions:
    """The access tokens of one process, by login. No store may hold them."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[tuple[str, str], ...], str] = {}
        self._lock = threading.Lock()

    def get_json(
        self, http: Client, log_in: Callable[[], str], path: str, params: Params | None = None
    ) -> Json:
        """Ask with the source's access token; one that has run out is renewed once.

        `log_in()` fetches a new one. Raises a kind of ConnectorError.
        """
        token = self._token(http, log_in, stale=None)
        try:
            return http.get_json(path, params, headers={"Authorization": f"Bearer {token}"})
        except AuthError as error:
            if "401" not in str(error):  # not allowed, and a new token would not be either
                raise
        token = self._token(http, log_in, stale=token)
        return http.get_json(path, params, headers={"Authorization": f"Bearer {token}"})

    def _token(self, http: Client, log_in: Callable[[], str], stale: str | None) -> str:
        login = (("base", http.base_url), *sorted(http.source.secrets.items()))
        with self._lock:
            token = self._tokens.get(login)
            if token is None or token == stale:  # else another thread was quicker
                token = self._tokens[login] = log_in()
        http.keep_secret(token)
        return token


def signed_jwt(claims: Mapping[str, Any], private_key: str, **header: str) -> str:
    """Return a JSON web token (RFC 7519) signed with an RSA (RS256) or P-256 key (ES256).

    `private_key` is PEM; line breaks may be written as `\\n`, as in environment variables.
    Raises ValueError where it is no such key.
    """
    pem = private_key.replace("\\n", "\n").encode()
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the private key is locked with a password") from error
    if isinstance(key, rsa.RSAPrivateKey):
        signing = _signing_input({"alg": "RS256", "typ": "JWT", **header}, claims)
        signature = key.sign(signing, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signing = _signing_input({"alg": "ES256", "typ": "JWT", **header}, claims)
        halves = utils.decode_dss_signature(key.sign(signing, ec.ECDSA(hashes.SHA256())))
        signature = b"".join(half.to_bytes(_EC_PART, "big") for half in halves)
    else:
        raise ValueError("the private key is neither RSA nor P-256")
    return f"{signing.decode()}.{_base64(signature)}"


def _signing_input(header: Mapping[str, str], claims: Mapping[str, Any]) -> bytes:
    parts = (json.dumps(part, separators=(",", ":")).encode() for part in (header, claims))
    return ".".join(_base64(part) for part in parts).encode()


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
