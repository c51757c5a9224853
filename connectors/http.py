"""The HTTP client of all connectors: turns, retries, limits, and errors by what happens next."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from connectors.answers import EXCERPT, TRY_AGAIN, Answer, error_of
from connectors.errors import AuthError, BadResponse, ConnectorError, SourceGone, Unavailable
from connectors.hints import find_wait, parse_budget, spread
from connectors.traffic import LONG_WAIT_S, Traffic
from connectors.types import Budget, Json, Source
from connectors.wire import SECRET_PLACE, PrivateAddressError

__all__ = ["SECRET_PLACE", "Answer", "Client", "Params", "Traffic", "wait"]

MAX_BODY = 10_000_000
"""Bytes, unpacked. No page of any platform comes near."""
DEADLINE_S = 120.0
"""A server that drips its answer byte by byte is as good as absent."""
_ATTEMPTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PUBLIC_SECRETS = ("username", "user", "client_id", "identifier")
"""Parts of a login that are no secrets: to blot them out would tear holes into texts."""

T = TypeVar("T")
Params = Mapping[str, Any] | Sequence[tuple[str, Any]]
Judge = Callable[["Answer"], ConnectorError | None]


def wait(error: Exception) -> bool | float:
    """Tell stamina whether, and how many seconds, to wait before the next attempt."""
    if not isinstance(error, Unavailable):
        return False
    if error.retry_after is None:
        return True
    return False if error.retry_after > LONG_WAIT_S else error.retry_after


class Client:
    """Talks to one server on behalf of one source.

    `headers` carry the token, if one is needed; they go to `base_url`'s host and nowhere else.
    `judge` reads an answer as its platform means it (many put errors into bodies) and returns
    the error, or None to leave it to the status. `redirects` lets a request without any token
    be sent on to other hosts; with a token only within the same host.
    `budget` is what the last answer said about the limit.
    """

    def __init__(
        self,
        source: Source,
        base_url: str,
        traffic: Traffic,
        *,
        headers: Mapping[str, str] | None = None,
        judge: Judge | None = None,
        redirects: int = 3,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SourceGone(
                f"{base_url!r} is no address of a server; set base_url like https://host",
                source=source.name,
            )
        self.host = parts.hostname
        self.source = source
        self.traffic = traffic
        self.budget: Budget | None = None
        self.headers = dict(headers or {})
        self._judge = judge
        self._redirects = redirects
        self._secrets = {
            value
            for name, value in source.secrets.items()
            if len(value) >= 4 and name.lower() not in _PUBLIC_SECRETS
        }

    def pause(self, seconds: float) -> None:
        """Keep away from the server for `seconds`, where a good answer asks for it."""
        self.traffic.pause(self.host, self._who(), seconds)

    def keep_secret(self, *secrets: str) -> None:
        """Blot out further words, such as a session's token, wherever they would show up."""
        self._secrets.update(secret for secret in secrets if len(secret) >= 4)

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        good: Sequence[int] = (),
    ) -> Answer:
        """Ask for `path` under `base_url`, trying again as long as that makes sense.

        Statuses in `good` are returned like 200. Raises a kind of ConnectorError.
        """
        return self._send("GET", path, params, headers=headers, good=good)

    def get_json(
        self,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """Ask for `path` and return its JSON. Raises BadResponse where it is none."""
        return self.read_json(self.get(path, params, headers=headers))

    def get_list(self, path: str, params: Params | None = None, *, at: str = "") -> list[Json]:
        """Ask for `path` and return the list that stands in its JSON under `at` (`data.items`).

        Raises BadResponse where no list stands there.
        """
        return self.pick(self.get_json(path, params), at, list)

    def pick(self, value: Json, at: str, kind: type[T]) -> T:
        """Return the part of a JSON value under a dotted path, if it is of the wanted kind.

        Raises BadResponse, as an answer without its frame cannot be read at all.
        """
        part = value
        for name in at.split(".") if at else ():
            part = part.get(name) if isinstance(part, dict) else None
        if not isinstance(part, kind):
            raise BadResponse(
                f"{at or 'the answer'} is {type(part).__name__}, {kind.__name__} was wanted; the "
                "API may have changed",
                source=self.source.name,
                excerpt=self._blot(json.dumps(value))[:EXCERPT],
            )
        return part

    def find_json(self, path: str, params: Params | None = None) -> Json | None:
        """Ask for a single item; None where it is gone (404, 410)."""
        answer = self.get(path, params, good=(404, 410))
        return None if answer.status in (404, 410) else self.read_json(answer)

    def post(
        self,
        path: str,
        *,
        data: Mapping[str, Any] | None = None,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
        raw: bool = False,
    ) -> Json:
        """Send a form (`data`) or JSON (`body`) and return the JSON that comes back.

        For calls that read or log in, which may be repeated. `raw` leaves tokens in the answer.
        """
        answer = self._send("POST", path, params, data=data, body=body, headers=headers, raw=raw)
        return self.read_json(answer)

    def read_json(self, answer: Answer) -> Json:
        """Return the JSON of an answer. Raises BadResponse where it is none."""
        try:
            return answer.json()
        except (ValueError, RecursionError) as error:
            kind = answer.headers.get("content-type", "no content type").split(";")[0]
            raise BadResponse(
                f"{urlsplit(answer.url).path}: JSON was wanted, {kind} came; the API may have "
                "changed or something answers in its place",
                source=self.source.name,
                excerpt=self._blot(answer.excerpt()),
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        *,
        data: Mapping[str, Any] | None = None,
        body: Json = None,
        headers: Mapping[str, str] | None = None,
        good: Sequence[int] = (),
        raw: bool = False,
    ) -> Answer:
        url = path if path.startswith(("http://", "https://")) else self.base_url + path
        request: httpx.Request | None
        merged = {"User-Agent": self.traffic.user_agent, **self.headers, **(headers or {})}
        try:
            request = httpx.Request(
                method,
                url,
                params=_without_none(params),
                headers=merged,
                data=dict(data) if data is not None else None,
                json=body,
            )
        except UnicodeEncodeError:
            request = None  # not chained: its words would repeat the token
        except httpx.InvalidURL as trouble:
            raise SourceGone(
                f"{self._blot(url)[:200]}: this is no address; check target and base_url",
                source=self.source.name,
            ) from trouble
        if request is None:
            raise AuthError(
                f"a secret holds characters that no token has; paste {self._secret_name()} again, "
                "without quotes and blanks",
                source=self.source.name,
            )
        for attempt in stamina.retry_context(
            on=wait, attempts=_ATTEMPTS, timeout=180.0, wait_initial=1.0, wait_max=60.0
        ):
            with attempt:
                answer = self._follow(request, raw=raw)
                if error := self._error(answer, good):
                    raise error
        return answer

    def _follow(self, request: httpx.Request, *, raw: bool) -> Answer:
        first = request.url
        for _ in range(self._redirects + 1):
            answer = self._once(request, raw=raw)
            place = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not place:
                return answer
            try:
                url = request.url.join(place)
            except (httpx.InvalidURL, ValueError) as error:
                raise self._moved(request.url, place) from error
            if url.scheme not in ("http", "https") or not self._may_follow(first, url):
                raise self._moved(request.url, url.copy_with(query=None).host or place)
            headers = request.headers.copy()
            headers.pop("host", None)
            request = httpx.Request("GET", url, headers=headers)
        raise self._moved(request.url, "itself, in circles")

    def _may_follow(self, first: httpx.URL, url: httpx.URL) -> bool:
        if first.host == url.host and first.port == url.port and first.scheme == url.scheme:
            return True
        if first.host == url.host and url.scheme == "https" and not url.port and not first.port:
            return True
        return not self._secrets and not self.headers

    def _moved(self, url: httpx.URL, place: str) -> BadResponse:
        return BadResponse(
            f"{url.path}: sends us on to {place[:100]}; we do not follow there with a token, "
            "so set base_url to the new address if it is right",
            source=self.source.name,
        )

    def _once(self, request: httpx.Request, *, raw: bool) -> Answer:
        name, host = self.source.name, request.url.host
        who = self._who()
        request.extensions = {"timeout": httpx.Timeout(30.0, connect=10.0).as_dict()}
        if SECRET_PLACE in request.url.path:
            request.extensions["secret"] = self.source.secrets["token"]
        transport = self.traffic.transport(allow_private=self.source.allow_private)
        try:
            with self.traffic.turn(host, who):
                response = transport.handle_request(request)
                try:
                    content = self._read(response)
                finally:
                    response.close()
        except Unavailable as error:
            raise Unavailable(str(error), source=name, retry_after=error.retry_after) from error
        except PrivateAddressError as error:
            raise AuthError(
                f"{error}, a private network; set allow_private = true if that is meant",
                source=name,
            ) from error
        except httpx.TimeoutException as error:
            raise Unavailable(f"{host} did not answer in time", source=name) from error
        except httpx.DecodingError as error:
            raise BadResponse(f"{host} sent what cannot be unpacked", source=name) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = self._blot(str(error)) or type(error).__name__
            raise Unavailable(f"{host} cannot be reached: {reason}", source=name) from error
        if not raw or response.status_code >= 300:
            content = self._blot_bytes(content)
        answer = Answer(response.status_code, response.headers, content, str(request.url))
        self._heed(answer, host, who)
        return answer

    def _read(self, response: httpx.Response) -> bytes:
        chunks, size, start = [], 0, time.monotonic()
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_BODY:
                raise BadResponse(
                    f"the answer has more than {MAX_BODY:,} bytes", source=self.source.name
                )
            if time.monotonic() - start > DEADLINE_S:
                raise Unavailable("the answer takes too long", source=self.source.name)
        return b"".join(chunks)

    def _heed(self, answer: Answer, host: str, who: str) -> None:
        """Take note of limits before anybody sends the next request."""
        now = self.traffic.now()
        self.budget = parse_budget(answer.headers, now) or self.budget
        if answer.status in TRY_AGAIN:
            pause = find_wait(answer.headers, answer.json_or_none(), now) or 0.0
        else:
            pause = spread(self.budget, now)
        if pause > 0:
            self.traffic.pause(host, who, pause)

    def _error(self, answer: Answer, good: Sequence[int]) -> ConnectorError | None:
        """Sort an answer by what happens next; None for a good one."""
        name = self.source.name
        if self._judge and (error := self._judge(answer)):
            if isinstance(error, Unavailable) and error.retry_after:
                host = urlsplit(answer.url).hostname or self.host
                self.traffic.pause(host, self._who(), error.retry_after)
            if not error.source:
                error.source, error.args = name, (f"{name}: {error}",)
            return error
        if answer.status in good:
            return None
        return error_of(
            answer, self.budget, self.traffic.now(), source=name, secret=self._secret_name()
        )

    def _secret_name(self) -> str:
        name = re.sub(r"[^A-Z0-9]", "_", self.source.name.upper())
        return f"STURMGLAS_SOURCES__{name}__TOKEN"

    def _who(self) -> str:
        # of the login, not of the tokens that it is traded for: a pause outlives these
        joined = "\0".join(sorted(self.source.secrets.values()))
        return hashlib.sha256(joined.encode()).hexdigest()[:16] if joined else ""

    def _blot(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _blot_bytes(self, content: bytes) -> bytes:
        for secret in self._secrets:
            content = content.replace(secret.encode(), b"***")
        return content


def _without_none(params: Params | None) -> list[tuple[str, Any]] | None:
    if params is None:
        return None
    pairs = params.items() if isinstance(params, Mapping) else params
    return [(name, value) for name, value in pairs if value is not None]


def host_of(base_url: str | None) -> str | None:
    """Return the host that takes part in uids where ids are per server."""
    return urlsplit(base_url or "").hostname
