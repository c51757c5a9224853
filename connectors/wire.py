"""The way out: a connection pool that looks where a name leads before it connects."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

SECRET_PLACE = "_secret_"  # noqa: S105  # the place of a secret, not one
"""Stands in a URL for a token that an API wants in its path (Telegram). It is filled in on the
wire only, so that no log, error or request object ever holds the real address."""


class PrivateAddressError(Exception):
    """A name leads into a private network, and the source does not allow that."""


class _LookingBackend(httpcore.SyncBackend):
    """Connects to public addresses only.

    The address that was checked is the one that is connected to: a name server that answers
    differently the second time (DNS rebinding) gains nothing.
    """

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"no address for {host}: {error}") from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        if private := [address for address in addresses if not is_public(address)]:
            raise PrivateAddressError(f"{host} leads to {private[0]}")
        failure: Exception | None = None
        for address in addresses:
            try:
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"no address for {host}")


def is_public(address: str) -> bool:
    """Tell whether an IP address belongs to the open internet, seen through its wrappings."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in ipaddress.ip_network("64:ff9b::/96"):  # NAT64, RFC 6052
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class Wire(httpx.BaseTransport):
    """Sends requests; one pool for a whole process, safe to share between threads."""

    def __init__(self, *, allow_private: bool = False) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context(),
            max_connections=200,
            max_keepalive_connections=50,
            keepalive_expiry=15.0,
            network_backend=httpcore.SyncBackend() if allow_private else _LookingBackend(),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx.TransportError or PrivateAddressError."""
        target = request.url.raw_path
        if secret := request.extensions.get("secret"):
            target = target.replace(SECRET_PLACE.encode(), secret.encode())
        with _as_httpx(request):
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=target,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions={"timeout": request.extensions.get("timeout", {})},
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer, request), request=request
        )

    def close(self) -> None:
        """Close every idle connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response, request: httpx.Request) -> None:
        self._answer, self._request = answer, request

    def __iter__(self) -> Iterator[bytes]:
        with _as_httpx(self._request):
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


_CAUSES = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


@contextmanager
def _as_httpx(request: httpx.Request) -> Iterator[None]:
    """Give the errors of the pool the names under which the rest of the program knows them."""
    try:
        yield
    except httpcore.UnsupportedProtocol as error:
        raise httpx.UnsupportedProtocol(str(error), request=request) from error
    except _CAUSES as error:
        named: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
        raise named(str(error), request=request) from error
