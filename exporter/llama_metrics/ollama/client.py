"""Asks Ollama's API, within a bound in time and size, and without following it anywhere else."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, TypeVar

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.response import BaseHTTPResponse

from llama_metrics.bounded import BoundedSocket
from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import decode

Answer = TypeVar("Answer")

# A model takes about 500 bytes of /api/tags, so this is room for more than ten thousand of them.
LARGEST_BODY = 8 * 2**20

_HINTS = {
    401: "a proxy asks for credentials; give them as a header of the target",
    403: "Ollama refuses this host name while it listens on loopback only; use 127.0.0.1 or set OLLAMA_HOST there",
    404: "no such route; this Ollama is too old, or the address is not Ollama's",
}


class Client:
    """One connection to one Ollama, for one thread at a time.

    Args:
        base: the address without a trailing slash, as `host.base_url` gives it.
        headers: sent with every request.
        monotonic: the clock that deadlines are told in.

    """

    def __init__(self, base: str, headers: Mapping[str, str], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._base, self._monotonic = base, monotonic
        self._session = requests.Session()
        # Without this, proxies and credentials of the environment would be used, which nobody set for us.
        self._session.trust_env = False
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers.update(headers)
        self._gets: dict[str, requests.PreparedRequest] = {}
        self._session.mount("http://", _BoundedAdapter())

    def get(self, path: str, kind: type[Answer], deadline: float) -> Answer:
        """GET `path` as a `kind`, whole, before `deadline` (monotonic seconds).

        Raises Unreachable, TimedOut or BadAnswer; each names the request.
        """
        return self._ask(self._get(path), lambda body: decode(body, kind), deadline)

    def fetch(self, path: str, deadline: float) -> bytes:
        """The body of `path` as it came; else as `get`."""
        return self._ask(self._get(path), bytes, deadline)

    def post(self, path: str, body: Mapping[str, str], kind: type[Answer], deadline: float) -> Answer:
        """POST `body` as JSON to `path`; else as `get`."""
        request = requests.Request("POST", self._base + path, json=dict(body))
        return self._ask(self._session.prepare_request(request), lambda answer: decode(answer, kind), deadline)

    def close(self) -> None:
        """Closes the connection; a later request would open another."""
        self._session.close()

    def _get(self, path: str) -> requests.PreparedRequest:
        # Made once: requests spends nearly as long on making one as on sending it.
        if path not in self._gets:
            self._gets[path] = self._session.prepare_request(requests.Request("GET", self._base + path))
        return self._gets[path]

    def _ask(self, request: requests.PreparedRequest, parse: Callable[[bytes], Answer], deadline: float) -> Answer:
        try:
            return parse(self._body(request, deadline))
        except SourceError as error:
            told = copy(error)
            told.args = (f"{request.method} {request.url}: {error}",)
        # Raised in the handler, it would keep that error and with it the answer, as long as it is remembered itself.
        raise told

    def _body(self, request: requests.PreparedRequest, deadline: float) -> bytes:
        left = deadline - self._monotonic()
        if left <= 0:
            raise TimedOut("no time was left to ask")
        try:
            answer = self._session.send(
                request,
                timeout=urllib3.Timeout(total=left),  # type: ignore[arg-type]
                allow_redirects=False,
                stream=True,
            )
            with answer:
                _expect_ok(answer)
                body: bytes = answer.raw.read(LARGEST_BODY + 1, decode_content=False)
                if len(body) > LARGEST_BODY:
                    raise BadAnswer(f"the answer is larger than {LARGEST_BODY >> 20} MiB")
                # At the end of the body, this is what notices one that is shorter than it said.
                answer.raw.read(1)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise TimedOut(f"no whole answer within {left:.3g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise _trouble(error) from None
        return body


def _expect_ok(answer: requests.Response) -> None:
    """Only a plain 200 is an answer; a redirect leads to an address that nobody configured."""
    if answer.is_redirect:
        raise BadAnswer(f"a redirect to {answer.headers['Location'][:200]!r}; configure the final address")
    if answer.status_code != 200:
        hint = _HINTS.get(answer.status_code)
        raise BadAnswer(f"HTTP {answer.status_code}" + (f"; {hint}" if hint else ""), answer.status_code)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise BadAnswer("a compressed answer, which nobody asked for")


def _trouble(error: BaseException) -> SourceError:
    """The error in the system's own words, without the layers of exceptions around it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, http.client.IncompleteRead | urllib3.exceptions.IncompleteRead):
            return BadAnswer("the answer was cut off")
        if isinstance(seen, socket.gaierror):
            return Unreachable("no such host")
        if isinstance(seen, ssl.SSLError):
            return Unreachable(f"TLS failed: {(seen.reason or 'no reason given').replace('_', ' ').lower()}")
        if isinstance(seen, OSError) and seen.errno is not None and seen.errno > 0:
            return Unreachable(f"{os.strerror(seen.errno).lower()}; is Ollama running there?")
        if isinstance(seen, http.client.RemoteDisconnected):
            return Unreachable("the connection was closed without an answer")
        if isinstance(seen, http.client.HTTPException):
            return BadAnswer(f"the answer is not HTTP: {str(seen)[:100]!r}")
        seen = seen.__cause__ or seen.__context__
    return Unreachable(str(error)[:200])


class _BoundedConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return BoundedSocket.take(super()._new_conn())

    def getresponse(self) -> BaseHTTPResponse:  # type: ignore[override]
        if isinstance(self.sock, BoundedSocket) and isinstance(self.timeout, int | float):
            self.sock.ends = time.monotonic() + self.timeout
        return super().getresponse()


class _BoundedPool(HTTPConnectionPool):
    ConnectionCls = _BoundedConnection


class _BoundedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _BoundedPool}
