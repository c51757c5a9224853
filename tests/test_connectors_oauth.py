"""Access tokens: renewed once, shared by all, and signed as the receivers check them."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from connectors.errors import AuthError
from connectors.http import Client, Traffic
from connectors.oauth import Sessions, signed_jwt
from connectors.types import Source

SOURCE = Source(name="acme", platform="uservoice", secrets={"token": "s3cr3t"})


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_a_token_signed_with_rsa_can_be_verified() -> None:
    key = rsa.generate_private_key(65537, 2048)
    head, claims, signature = signed_jwt({"iss": "acme"}, pem(key)).split(".")
    assert json.loads(unpacked(head))["alg"] == "RS256"
    assert json.loads(unpacked(claims)) == {"iss": "acme"}
    signed = f"{head}.{claims}".encode()
    key.public_key().verify(unpacked(signature), signed, padding.PKCS1v15(), hashes.SHA256())


def test_a_token_signed_with_p256_can_be_verified_also_from_one_line() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    one_line = pem(key).replace("\n", "\\n")
    head, claims, signature = signed_jwt({"iss": "acme"}, one_line, kid="K1").split(".")
    assert json.loads(unpacked(head)) == {"alg": "ES256", "typ": "JWT", "kid": "K1"}
    raw = unpacked(signature)
    assert len(raw) == 64
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    der = utils.encode_dss_signature(*halves)
    key.public_key().verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))


def test_a_word_that_is_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        signed_jwt({}, "not a key")


def client(good: str, status: int = 401) -> Client:
    def serve(request: httpx.Request) -> httpx.Response:
        is_good = request.headers["authorization"] == f"Bearer {good}"
        return httpx.Response(200 if is_good else status, json={"ok": is_good})

    return Client(SOURCE, "https://api.example", Traffic(transport=httpx.MockTransport(serve)))


def test_a_token_that_has_run_out_is_renewed_once() -> None:
    sessions, fresh = Sessions(), iter(["token-one", "token-two", "token-three"])
    assert sessions.get_json(client("token-one"), lambda: next(fresh), "/x") == {"ok": True}
    assert sessions.get_json(client("token-two"), lambda: next(fresh), "/x") == {"ok": True}
    with pytest.raises(AuthError):
        sessions.get_json(client("none"), lambda: next(fresh), "/x")
    assert next(fresh, None) is None


def test_what_is_forbidden_is_not_asked_with_a_new_token() -> None:
    logins: list[str] = []

    def log_in() -> str:
        logins.append("token-one")
        return logins[-1]

    with pytest.raises(AuthError):
        Sessions().get_json(client("none", status=403), log_in, "/x")
    assert len(logins) == 1
