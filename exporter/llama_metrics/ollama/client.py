"""Asks Ollama's API, within a bound in time and size, and without following it anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from copy import copy
from functools import partial
from typing import Any, TypeVar

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter

from llama_metrics.errors import BadAnswer, SourceError, TimedOut, Unreachable
from llama_metrics.ollama.answers import decode
from llama_metrics.ollama.connection import Pool, TlsPool, Wire, tls_context, trouble
from llama_metrics.ollama.stream import lines, refusal

Answer = TypeVar("Answer")

# A model takes about 500 bytes of /api/tags, so this is room for more than ten thousand of them.
LARGEST_BODY = 8 * 2**20
# Far more than a line of a stream, or an error.
_PIECE = 16 * 1024

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
        self._wire = Wire()
        scheme = base.partition("://")[0]
        self._session.mount(f"{scheme}://", _BoundedAdapter(scheme, self._wire))

    def get(self, path: str, kind: type[Answer], deadline: float) -> Answer:
        """GET `path` as a `kind`, whole, before `deadline` (monotonic seconds).

        Raises Unreachable, TimedOut or BadAnswer; each names the request.
        """
        return self._ask(self._get(path), lambda answer: decode(_body(answer), kind), deadline)

    def fetch(self, path: str, deadline: float) -> bytes:
        """The body of `path` as it came; else as `get`."""
        return self._ask(self._get(path), _body, deadline)

    def post(self, path: str, body: Mapping[str, str], kind: type[Answer], deadline: float) -> Answer:
        """POST `body` as JSON to `path`; else as `get`."""
        return self._ask(self._post(path, body), lambda answer: decode(_body(answer), kind), deadline)

    def stream(
        self, path: str, body: Mapping[str, object], take: Callable[[bytes], Answer | None], deadline: float
    ) -> Answer:
        """POST `body` as JSON to `path`, and each line of the answer to `take` as it comes, until that gives something.

        The connection is closed then. Else as `get`; what another status than 200 says is in the BadAnswer.
        """
        return self._ask(self._post(path, body), lambda answer: _first(answer, take), deadline)

    def close(self) -> None:
        """Closes the connection; a later request would open another."""
        self._session.close()

    def cut(self) -> None:
        """From any thread: the request under way fails at once, its connection is closed, and no other is opened."""
        self._wire.cut()

    def _get(self, path: str) -> requests.PreparedRequest:
        # Made once: requests spends nearly as long on making one as on sending it.
        if path not in self._gets:
            self._gets[path] = self._session.prepare_request(requests.Request("GET", self._base + path))
        return self._gets[path]

    def _post(self, path: str, body: Mapping[str, object]) -> requests.PreparedRequest:
        return self._session.prepare_request(requests.Request("POST", self._base + path, json=dict(body)))

    def _ask(
        self, request: requests.PreparedRequest, read: Callable[[requests.Response], Answer], deadline: float
    ) -> Answer:
        try:
            return self._read(request, read, deadline)
        except SourceError as error:
            told = copy(error)
            told.args = (f"{request.method} {request.url}: {error}",)
        # Raised in the handler, it would keep that error and with it the answer, as long as it is remembered itself.
        raise told

    def _read(
        self, request: requests.PreparedRequest, read: Callable[[requests.Response], Answer], deadline: float
    ) -> Answer:
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
                return read(answer)
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise TimedOut(f"no whole answer within {left:.3g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise trouble(error) from None


def _body(answer: requests.Response) -> bytes:
    """The whole body of a good answer."""
    _expect_ok(answer)
    body: bytes = answer.raw.read(LARGEST_BODY + 1, decode_content=False)
    if len(body) > LARGEST_BODY:
        raise BadAnswer(f"the answer is larger than {LARGEST_BODY >> 20} MiB")
    # At the end of the body, this is what notices one that is shorter than it said.
    answer.raw.read(1)
    return body


def _first(answer: requests.Response, take: Callable[[bytes], Answer | None]) -> Answer:
    """What `take` makes of the lines."""
    _expect_ok(answer, quote=True)
    pieces = iter(lambda: answer.raw.read1(_PIECE, decode_content=False), b"")
    try:
        for line in lines(pieces):
            if (found := take(line)) is not None:
                return found
    except urllib3.exceptions.ProtocolError:
        raise Unreachable("the connection broke before the answer was whole") from None
    raise BadAnswer("the answer ended before it was whole")


def _expect_ok(answer: requests.Response, *, quote: bool = False) -> None:
    """Only a plain 200 is an answer; a redirect leads to an address that nobody configured."""
    status = answer.status_code
    if answer.is_redirect:
        raise BadAnswer(f"a redirect to {answer.headers['Location'][:200]!r}; configure the final address")
    if status != 200:
        told = refusal(answer.raw.read(_PIECE, decode_content=False)) if quote else ""
        hint = f": {told}" if told else f"; {_HINTS[status]}" if status in _HINTS else ""
        raise BadAnswer(f"HTTP {status}{hint}", status)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise BadAnswer("a compressed answer, which nobody asked for")


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, scheme: str, wire: Wire) -> None:
        self._scheme, self._wire = scheme, wire
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        if self._scheme == "https":
            options["ssl_context"] = tls_context()
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(Pool, wire=self._wire),
            "https": partial(TlsPool, wire=self._wire),
        }
